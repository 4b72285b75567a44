"""Puts a message together: header, patient, content, the units that it names, and its Provenance chain."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from adapter.authoring.chain import Chain, Link
from adapter.authoring.parties import Unit
from adapter.fhir.canonical import EVENT, HSA

Resource = dict[str, Any]
PATIENT = "patient"


class Identifiers(Protocol):
    """Gives ids to what is written: the same id for the same name."""

    def new(self, name: str) -> str: ...


class Subject(Protocol):
    """Whom the messages are about: writes their Patient."""

    def resource(self, resource_id: str) -> Resource: ...


class Author:
    """Writes the messages of one case. The same seed and the same calls give the same bytes.

    `units` are by the name that a scenario gives them; the id of a resource follows from its name, so that a resource
    which a later message repeats keeps its id.
    """

    def __init__(
        self, identifiers: Identifiers, person: Subject, units: Mapping[str, Unit], chain: Chain | None = None
    ) -> None:
        """`chain` holds the messages of the case that were written before."""
        self.identifiers = identifiers
        self.person = person
        self.units = units
        self._chain = Chain() if chain is None else chain
        self._unit_of = {self.reference(name)["reference"]: unit for name, unit in units.items()}

    def follow(self, link: Link) -> None:
        """Take in a message of the case that was written before, oldest first, so that the next ones follow it."""
        self._chain.add(link)

    def resource_id(self, name: str) -> str:
        """The id of the resource with this name."""
        return self.identifiers.new(name)

    def reference(self, name: str) -> dict[str, str]:
        """A reference to the resource with this name; to a unit with its name for a reader."""
        reference = {"reference": f"urn:uuid:{self.resource_id(name)}"}
        return reference | ({"display": self.units[name].name} if name in self.units else {})

    def write(
        self,
        name: str,
        event: str,
        at: str,
        sender: str,
        receivers: Sequence[str],
        content: Sequence[Resource],
        *,
        focus: Sequence[str],
        header: Resource | None = None,
        provenance: Resource | None = None,
        answers: str | None = None,
        corrects: str | None = None,
    ) -> Resource:
        """The Bundle of one message. `name` is its own in the case, `at` the instant of sending with offset, `focus`
        ids of resources, `header` and `provenance` further members of the MessageHeader and of its own Provenance;
        `answers` and `corrects` are names of messages written before."""
        header_id = self.resource_id(name)
        parties = frozenset({self.units[each].hsa for each in (sender, *receivers)})
        history = self._chain.known(parties)
        link = self._chain.add(
            Link(
                header_id,
                event,
                at,
                self.units[sender],
                parties,
                answers=self.resource_id(answers) if answers else None,
                corrects=self.resource_id(corrects) if corrects else None,
            )
        )
        resources = [
            self._header(header_id, event, sender, receivers, focus) | (header or {}),
            self.person.resource(self.resource_id(PATIENT)),
            *content,
        ]
        resources += self._named_units(resources)
        resources += [each.repeated(self.resource_id(f"{name} repeats {each.header_id}")) for each in history]
        own = {"reference": f"urn:uuid:{header_id}"}
        written = link.provenance(self.resource_id(f"provenance of {name}"), own, self.reference(sender))
        resources.append(written | (provenance or {}))
        return {
            "resourceType": "Bundle",
            "id": self.resource_id(f"bundle of {name}"),
            "type": "message",
            "timestamp": at,
            "entry": [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources],
        }

    def _header(
        self, header_id: str, event: str, sender: str, receivers: Sequence[str], focus: Sequence[str]
    ) -> Resource:
        unit = self.units[sender]
        return {
            "resourceType": "MessageHeader",
            "id": header_id,
            "eventCoding": {"system": EVENT, "code": event},
            "destination": [
                {
                    "name": self.units[receiver].name,
                    "endpoint": self.units[receiver].endpoint,
                    "receiver": self.reference(receiver),
                }
                for receiver in receivers
            ],
            "sender": self.reference(sender),
            "source": {"name": unit.name, "software": unit.software, "endpoint": unit.endpoint},
            **({"focus": [{"reference": f"urn:uuid:{each}"} for each in focus]} if focus else {}),
        }

    def _named_units(self, resources: Sequence[Resource]) -> list[Resource]:
        named = dict.fromkeys(reference for each in resources for reference in _references(each))
        units = (reference for reference in named if reference in self._unit_of)
        return [self._unit_of[each].resource(each.removeprefix("urn:uuid:")) for each in units]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


class MessageScene:
    """A message in the making, as its content sees it. `at` is when it is sent, `sender` a role, `stay` the resource id
    of its Encounter, None where it has none."""

    def __init__(self, author: Author, at: str, sender: str, stay: str | None) -> None:
        self._author = author
        self._stay = stay
        self.at = at
        self.sender = sender

    def resource_id(self, name: str) -> str:
        return self._author.resource_id(name)

    def reference(self, name: str) -> dict[str, str]:
        return self._author.reference(name)

    def named(self, role: str) -> dict[str, Any]:
        """A unit by its HSA-id: other receivers of the message are not entries of what each one gets."""
        unit = self._author.units[role]
        return {"identifier": {"system": HSA, "value": unit.hsa}, "display": unit.name}

    @property
    def patient(self) -> dict[str, str]:
        return self._author.reference(PATIENT)

    @property
    def encounter(self) -> dict[str, Any]:
        return {} if self._stay is None else {"encounter": {"reference": f"urn:uuid:{self._stay}"}}
