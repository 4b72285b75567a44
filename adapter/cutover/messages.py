"""Writes the messages of a case that is carried: a part, a thing taken back, or a retraction, as a Bundle.

Every id follows from the source, the case's key and the name of what is written, so that what is written again after
an interruption is the same message and is recognised as such. Pure.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from adapter.authoring.chain import Chain, Link
from adapter.authoring.content import request_identifier
from adapter.authoring.message import Author, MessageScene
from adapter.authoring.parties import Unit
from adapter.authoring.scene import Resource, code_of
from adapter.authoring.stay import Stay, StayChange
from adapter.cutover.case import Case, Request
from adapter.cutover.parts import CORRECTED, ENROL, GONE, PARTICIPATE, RECEIVE, REVISED, Part
from adapter.fhir.canonical import CASE, CASE_EXTENSION, TASK

_TASKS = {
    RECEIVE: "Planera mottagande efter utskrivning",
    ENROL: "Ta över till hälso- och sjukvård i hemmet",
    PARTICIPATE: "Delta i samordnad individuell planering",
}
_ABOUT = {
    "home-care-referral": "ServiceRequest",
    "planning-information": "Communication",
    "sip-invitation": "Appointment",
    "sip": "CarePlan",
    "general-message": "Communication",
    "retraction": "",
}
"""What a message's focus is; the stay where nothing else stands here."""
_NOT_IN_EXPORT = {"Consent": "organization", "CarePlan": "created"}
"""What the authoring room would say of a resource and no export tells."""


class CaseIds:
    """Ids of a case: made from the source and the case's key, or the source's own where it has them."""

    def __init__(self, seed: str, kept: Mapping[str, str | None]) -> None:
        self._seed = seed
        self._kept = {name: value for name, value in kept.items() if value}

    def new(self, name: str) -> str:
        """The id for a name."""
        made = hashlib.sha256(f"{self._seed}\n{name}".encode()).digest()
        return self._kept.get(name) or str(UUID(bytes=made[:16], version=4))


class CaseWriter:
    """Writes the messages of one case, in order. `units` are by HSA-id; `links` the messages of the case that were
    carried before; `generation` counts how often the case has been carried anew after it was taken back."""

    def __init__(
        self, case: Case, ids: CaseIds, units: Mapping[str, Unit], links: Iterable[Link], generation: int
    ) -> None:
        self._case = case
        self._generation = generation
        self._chain = Chain()
        for link in links:
            self._chain.add(link)
        self._author = Author(ids, case.person, units, self._chain)

    @property
    def case_value(self) -> str:
        return self._author.resource_id("case")

    def name(self, part: str, revision: int) -> str:
        """What a message is called: its ids follow from it."""
        return f"{part} {revision} in {self._generation}"

    def write(self, part: Part, revision: int, last: int | None) -> tuple[Resource, Link]:
        """The Bundle of a part, and its link in the chain. `last` is the revision that was carried last, None for a
        part that was not, or that was taken back since."""
        event = part.event if last is None else REVISED.get(part.name, part.event)
        corrects = self.name(part.name, last) if last is not None and part.name in CORRECTED else None
        return self._write(self.name(part.name, revision), event, part, corrects)

    def take_back(self, part: Part, revision: int, last: int, at: str, why: str) -> tuple[Resource, Link]:
        """The Bundle that takes back a part which the source no longer has. `part` needs no content of its own."""
        event = GONE.get(part.name)
        if event is None:
            return self.retract(part, revision, last, at, why)
        left = StayChange(admitted=part.stay.admitted, estimated_discharge=part.stay.estimated_discharge)
        plain = Part(part.name, event, at, part.sender, part.receivers, left, (), part.tasks, "")
        said = {"occurredDateTime": at, "reason": [{"text": why}]}
        return self._write(self.name(part.name, revision), event, plain, None, said)

    def retract(self, part: Part, revision: int, last: int, at: str, why: str) -> tuple[Resource, Link]:
        """The Bundle of the retraction of a part's revision `last`."""
        plain = Part(part.name, "retraction", at, part.sender, part.receivers, part.stay, (), (), "")
        reason = {"reason": [code_of("retraction-reason", "other") | {"text": why}]}
        return self._write(
            self.name(part.name, revision), "retraction", plain, self.name(part.name, last), reason, with_stay=False
        )

    def _write(
        self,
        name: str,
        event: str,
        part: Part,
        corrects: str | None,
        provenance: Resource | None = None,
        *,
        with_stay: bool = True,
    ) -> tuple[Resource, Link]:
        stay = self._author.resource_id("encounter") if self._case.admission else None
        scene = MessageScene(self._author, part.at, part.sender, stay)
        content = list(self._content(scene, part, with_stay=with_stay))
        about = _ABOUT.get(event, "Encounter")
        bundle = self._author.write(
            name,
            event,
            part.at,
            part.sender,
            part.receivers,
            content,
            focus=[each["id"] for each in content if each["resourceType"] == about],
            header=self._header(content),
            provenance=provenance,
            corrects=corrects,
        )
        return bundle, self._chain.last

    def _content(self, scene: MessageScene, part: Part, *, with_stay: bool) -> Iterator[Resource]:
        if with_stay and self._case.admission is not None:
            stay = Stay(1, self._author.resource_id("encounter"), self._author.resource_id("stay"))
            stay.change(part.stay)
            ward = self._author.reference(self._case.admission.ward)
            yield stay.resource(scene.patient, ward, need=part.stay.need_assessed is not None)
        for number, each in enumerate(part.says, start=1):
            for resource in each.resources(scene, f"{part.name} says {number}"):
                left_out = _NOT_IN_EXPORT.get(resource["resourceType"])
                yield {name: value for name, value in resource.items() if name != left_out}
        for code, request in part.tasks:
            if request.unit in part.receivers:
                yield self._task(scene, code, request)

    def _task(self, scene: MessageScene, code: str, request: Request) -> Resource:
        called = self._case.invitation if code == PARTICIPATE else None
        asked_by, asked_at = self._case.origin.unit, self._case.origin.sent
        if called is not None:
            asked_by, asked_at = called.sender, called.sent
        name = f"task {code} of {request.unit}"
        reason = code_of("task-status-reason", request.reason) if request.reason else None
        if reason and request.text:
            reason["text"] = request.text
        return {
            "resourceType": "Task",
            "id": scene.resource_id(f"{name} itself"),
            "identifier": [{"system": TASK, "value": scene.resource_id(name)}],
            "groupIdentifier": self._group,
            "status": request.status,
            **({"statusReason": reason} if reason else {}),
            "intent": "order",
            "code": code_of("task-code", code) | {"text": _TASKS[code]},
            "focus": scene.encounter.get("encounter")
            or {"type": "ServiceRequest", "identifier": request_identifier(scene)},
            "for": scene.patient,
            **scene.encounter,
            "authoredOn": asked_at,
            "requester": scene.reference(asked_by),
            "owner": scene.reference(request.unit),
        }

    @property
    def _group(self) -> Resource:
        return {"system": CASE, "value": self.case_value}

    def _header(self, content: list[Resource]) -> Resource:
        """The case, where no Task names it."""
        if any(each["resourceType"] == "Task" for each in content):
            return {}
        return {"extension": [{"url": CASE_EXTENSION, "valueIdentifier": self._group}]}
