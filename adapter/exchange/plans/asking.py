"""Asks a source for a person's plans: COSMIC Link over FHIR, or a producer of GetCarePlans over SOAP.

A person's number goes in bodies only, never in a URL. What comes back is read; nothing is decided or stored here.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from adapter.delivery.channels.base import Answer, Fault
from adapter.fhir import identifiers, wire
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import HSA, PERSONNUMMER, SAMORDNINGSNUMMER
from adapter.fhir.shapes import obj, objects, text
from adapter.plans import cosmic_link, gathering
from adapter.plans.people import Person, people
from adapter.plans.reading import Reading
from adapter.plans.riv import contract, soap
from adapter.plans.riv import reading as riv_reading
from adapter.plans.riv import wire as riv_wire
from adapter.plans.riv.contract import Attachment, PersonId, Request
from adapter.support.errors import AdapterError, MappingError

_FHIR = "application/fhir+json"
_NOT_THERE = frozenset({403, 404, 410})
_OIDS = {PERSONNUMMER: contract.PERSONNUMMER, SAMORDNINGSNUMMER: contract.SAMORDNINGSNUMMER}
_REFUSALS = {Fault.TLS, Fault.CREDENTIALS}


class SourceFault(AdapterError):  # noqa: N818 - it is the source's, not ours
    """The source did not answer as it should. `refused`: it does not let us in, and a person has to mend it; else it
    may pass by itself, after `retry_after` seconds where it said so."""

    def __init__(self, words: str, *, refused: bool = False, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.refused = refused
        self.retry_after = retry_after


class Halted(AdapterError):  # noqa: N818 - no error
    """Whoever asked does not want to know any more."""


Check = Callable[[], None]
"""Called before each request; raises Halted or SourceFault where no further one is to be made."""


class Sender(Protocol):
    """What speaks HTTP to the source."""

    def request(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Answer: ...


@dataclass(frozen=True)
class FetchedPlan:
    """A plan as it was read. `key` is the same for all versions, `version` changes with what it says; `units` are the
    HSA-ids of those whose documentation it is; `attachments` its documents, where it has any of its own; `updated` when
    the source changed it last, as it wrote it."""

    key: str
    version: str
    reading: Reading = field(repr=False)
    person: Person = field(repr=False)
    units: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)
    updated: str | None = None

    @property
    def plan(self) -> dict[str, Any]:
        """The CarePlan: the last, for those that it refers to come before it."""
        return self.of_type("CarePlan")[-1]

    @property
    def resources(self) -> list[dict[str, Any]]:
        return [entry["resource"] for entry in self.reading.entries]

    @property
    def people(self) -> list[Person]:
        """Whom the plan, and each resource that comes with it, is about: all of them ought to be one person."""
        return [self.person, *(person for each in self.resources for person in people(each))]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.resources if each["resourceType"] == kind]


class Asker(Protocol):
    """One source."""

    def ask(self, person: Person, since: str | None, check: Check) -> list[FetchedPlan]:
        """The person's plans; those updated at `since` or later, where it is given and the source can tell. Raises
        SourceFault where the source does not answer, MappingError or ParseError where its answer cannot be read, and
        what `check` raises."""
        ...


class LinkAsker:
    """COSMIC Link: the patient's FHIR id first, by a search whose number is in the body; then as its guide promises, a
    search by subject and profile, and each resource that the plans refer to."""

    def __init__(self, sender: Sender, base: str, ground: str | None, kind: str | None) -> None:
        self._sender = sender
        self._base = base.rstrip("/")
        self._ground = ground
        self._kind = kind

    def ask(self, person: Person, since: str | None, check: Check) -> list[FetchedPlan]:
        cosmic_link.require_ground(self._ground)
        check()
        return self.plans_of(self._subjects(person), since, check)

    def plans_of(self, subjects: Sequence[str], since: str | None, check: Check) -> list[FetchedPlan]:
        """The plans of the patients with these FHIR ids on the server."""

        def get(url: str) -> dict[str, Any] | None:
            check()
            return self._get(url)

        found: list[FetchedPlan] = []
        for subject in subjects:
            bundle = gathering.gather(get, self._base, subject, since)
            source = MessageBundle(bundle)
            plans = cosmic_link.plans_of(source)
            readings = cosmic_link.read(bundle, self._ground, self._kind) if plans else []
            found += [self._fetched(source, *pair) for pair in zip(plans, readings, strict=True)]
        return found

    def _subjects(self, person: Person) -> list[str]:
        wanted = ",".join(f"{system}|{value}" for system, value in person)
        headers = {"Accept": _FHIR, "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"identifier": wanted}).encode()
        page = self._read(self._sender.request("POST", f"{self._base}/Patient/_search", headers, body))
        known = set(person)
        patients = [obj(entry.get("resource")) for entry in objects(page.get("entry"))]
        same = [each for each in patients if each.get("resourceType") == "Patient"]
        same = [each for each in same if known & set(identifiers.of_patient(each))]
        return list(dict.fromkeys(str(each["id"]) for each in same if text(each.get("id"))))

    def _fetched(self, source: MessageBundle, plan: dict[str, Any], reading: Reading) -> FetchedPlan:
        meta, patient = obj(plan.get("meta")), obj(source.resolve(plan.get("subject")))
        return FetchedPlan(
            key=f"{self._base}/CarePlan/{plan.get('id')}",
            version=_content(reading),
            reading=reading,
            person=tuple(identifiers.of_patient(patient)),
            units=tuple(_units(reading)),
            updated=text(meta.get("lastUpdated")),
        )

    def _get(self, url: str) -> dict[str, Any] | None:
        answer = self._sender.request("GET", url, {"Accept": _FHIR})
        if answer.fault is None and answer.status in _NOT_THERE and "?" not in url:
            return None
        return self._read(answer)

    def _read(self, answer: Answer) -> dict[str, Any]:
        _require(answer)
        found = wire.parse(answer.body, answer.media_type)
        if found.get("resourceType") == "OperationOutcome":
            raise MappingError("the server answers with an OperationOutcome in place of what was asked")
        return found


class RivAsker:
    """A producer of GetCarePlans 2.0."""

    def __init__(self, sender: Sender, url: str, logical_address: str, ground: str | None) -> None:
        self._sender = sender
        self._url = url
        self._logical_address = logical_address
        self._ground = ground

    def ask(self, person: Person, since: str | None, check: Check) -> list[FetchedPlan]:  # noqa: ARG002 - no such filter
        cosmic_link.require_ground(self._ground)
        found = []
        for system, value in person:
            if system in _OIDS:
                check()
                found += self._of(PersonId(value, _OIDS[system]))
        return found

    def _of(self, person: PersonId) -> list[FetchedPlan]:
        body = soap.write(riv_wire.write_request(Request(person)), self._logical_address)
        headers = {
            "Accept": soap.MEDIA_TYPE,
            "Content-Type": f"{soap.MEDIA_TYPE}; charset=utf-8",
            "SOAPAction": f'"{contract.ACTION}"',
        }
        answer = self._sender.request("POST", self._url, headers, body)
        if answer.fault is not None or answer.status != 500 or "xml" not in answer.media_type:
            _require(answer)
        try:
            read = riv_wire.read_answer(soap.read_answer(answer.body))
        except soap.Fault as fault:
            raise SourceFault(f"it answers with a SOAP Fault ({fault.code})", refused=fault.code == "Client") from fault
        if read.code == "ERROR":
            raise MappingError("the answer says ERROR: it holds no plans")
        return [_from_riv(plan) for plan in read.plans]


def _from_riv(plan: contract.CarePlan) -> FetchedPlan:
    reading = riv_reading.read(plan)
    system = next((system for system, oid in _OIDS.items() if oid == plan.patient.type), f"urn:oid:{plan.patient.type}")
    who = plan.professional
    return FetchedPlan(
        key=f"{plan.source_system}\n{plan.document_id}",
        version=_content(reading),
        reading=reading,
        person=(identifiers.normalised(system, plan.patient.id),),
        units=tuple(dict.fromkeys(filter(None, (who.care_unit, who.unit, who.care_giver, *plan.participants)))),
        attachments=plan.attachments,
    )


def _require(answer: Answer) -> None:
    if answer.fault is not None:
        why = f" ({answer.reason})" if answer.reason else ""
        raise SourceFault(f"it does not answer: {answer.fault}{why}", refused=answer.fault in _REFUSALS)
    if answer.status != 200:
        words = f"it answers with status {answer.status}"
        raise SourceFault(words, refused=answer.status in (401, 403), retry_after=answer.retry_after)


def _content(reading: Reading) -> str:
    """A hash of all that was read: another one as soon as the plan, or a care note of it, says something else."""
    body = b"\n".join(sorted(fhir_json.serialize(entry["resource"]) for entry in reading.entries))
    return hashlib.sha256(body).hexdigest()


def _units(reading: Reading) -> list[str]:
    organizations = (each["resource"] for each in reading.entries if each["resource"]["resourceType"] == "Organization")
    found = (identifiers.of(each, HSA) for each in organizations)
    return list(dict.fromkeys(filter(None, found)))
