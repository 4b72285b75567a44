"""What an invented message can say besides the stay and its Tasks: a model a kind, each of which writes its resources.

The codes are those of the FHIR package in profiles/.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from adapter.authoring.planning import Consent, Contact, Meeting, Plan
from adapter.authoring.scene import Resource, Scene, code_of, extension_url
from adapter.authoring.stay import Strict
from adapter.fhir.canonical import CANONICAL, URI


class Section(Strict):
    """A section of the planning information."""

    section: str
    """a code of planning-section"""
    text: str

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        yield _communication(scene, name, code_of("planning-section", self.section), self.text)


class Note(Strict):
    """A general message."""

    note: str
    subject: str | None = None

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _communication(scene, name, code_of("communication-kind", "general-message"), self.note)
        yield resource | ({"topic": {"text": self.subject}} if self.subject else {})


class Information(Strict):
    """The summary that the patient gets at discharge."""

    information: str

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _communication(scene, name, code_of("communication-kind", "patient-information"), self.information)
        yield resource | {"recipient": [scene.patient]}


class Disagreement(Strict):
    """A disagreement raised; `about` is a code of disagreement-kind."""

    disagreement: str
    about: str

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _communication(scene, name, code_of("communication-kind", "disagreement"), self.disagreement)
        yield resource | {"reasonCode": [code_of("disagreement-kind", self.about)]}


class Settlement(Strict):
    """A disagreement settled."""

    settlement: str
    about: str

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _communication(scene, name, code_of("communication-kind", "settlement"), self.settlement)
        yield resource | {"reasonCode": [code_of("disagreement-kind", self.about)]}


class OpenCare(Strict):
    """Whether open-care services can be had (LAW 5:5)."""

    open_care: Literal["available", "not-available", "unknown"]

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        yield _statement(scene, name, "open-care-availability", code_of("availability", self.open_care))


class Capacity(Strict):
    """From when a unit can receive, or why it cannot."""

    capacity: Literal["can-receive", "cannot-receive"]
    since: str | None = Field(None, alias="from")
    why: str | None = None

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _statement(scene, name, "capacity", code_of("capacity", self.capacity))
        if self.since:
            resource["component"] = [{"code": code_of("statement", "available-from"), "valueDateTime": self.since}]
        yield resource | ({"note": [{"text": self.why}]} if self.why else {})


class DelayCause(Strict):
    """Why a patient who is ready is still in hospital; `cause` is a code of delay-cause."""

    cause: str
    since: str
    text: str | None = None

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        value = code_of("delay-cause", self.cause) | ({"text": self.text} if self.text else {})
        yield _statement(scene, name, "delay-cause", value) | {"effectiveDateTime": self.since}


class Support(Strict):
    """Answers of a decision support: Säker utskrivning in ViSam, or Hemgångsklar. `answers` are by linkId."""

    support: Literal["saker-utskrivning", "hemgangsklar"]
    answers: dict[str, bool | str]
    track: Literal["blue", "green", "yellow", "red"] | None = None

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        items = [
            _item(link, {"valueBoolean": each} if isinstance(each, bool) else {"valueString": each})
            for link, each in self.answers.items()
        ]
        if self.track:
            coding = {"system": f"{CANONICAL}/CodeSystem/colour-track", "code": self.track}
            items.append(_item("colour-track", {"valueCoding": coding}))
        yield {
            "resourceType": "QuestionnaireResponse",
            "id": scene.resource_id(name),
            "questionnaire": f"{CANONICAL}/Questionnaire/{self.support}",
            "status": "completed",
            "subject": scene.patient,
            **scene.encounter,
            "authored": scene.at,
            "author": scene.reference(scene.sender),
            "item": items,
        }


class Request(Strict):
    """A care request, or a referral to health care at home with its way in and the criteria that are met."""

    request: Literal["care-request", "home-care"]
    of: str
    reason: str
    way_in: str | None = None
    criteria: tuple[str, ...] = ()

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        met = [
            {"url": extension_url("enrolment-criterion"), "valueCodeableConcept": code_of("enrolment-criterion", each)}
            for each in self.criteria
        ]
        yield {
            "resourceType": "ServiceRequest",
            "id": scene.resource_id(name),
            **({"extension": met} if met else {}),
            "identifier": [request_identifier(scene)],
            "status": "active",
            "intent": "order",
            **({"category": [code_of("way-in", self.way_in)]} if self.way_in else {}),
            "code": code_of("request-kind", self.request),
            "subject": scene.patient,
            "authoredOn": scene.at,
            "requester": scene.reference(scene.sender),
            "performer": [scene.reference(self.of)],
            "reasonCode": [{"text": self.reason}],
        }


Content = (
    Section
    | Note
    | Information
    | Disagreement
    | Settlement
    | OpenCare
    | Capacity
    | DelayCause
    | Consent
    | Meeting
    | Plan
    | Contact
    | Support
    | Request
)
"""Every kind of content; a scenario tells them apart by their first member."""


def request_identifier(scene: Scene) -> Resource:
    """What a Task names the request of its case by: later messages do not hold the request itself."""
    return {"system": URI, "value": f"urn:uuid:{scene.resource_id('request')}"}


def _communication(scene: Scene, name: str, category: Resource, text: str) -> Resource:
    return {
        "resourceType": "Communication",
        "id": scene.resource_id(name),
        "status": "completed",
        "category": [category],
        "subject": scene.patient,
        **scene.encounter,
        "sent": scene.at,
        "sender": scene.reference(scene.sender),
        "payload": [{"contentString": text}],
    }


def _statement(scene: Scene, name: str, code: str, value: Resource) -> Resource:
    return {
        "resourceType": "Observation",
        "id": scene.resource_id(name),
        "status": "final",
        "code": code_of("statement", code),
        "subject": scene.patient,
        **scene.encounter,
        "effectiveDateTime": scene.at,
        "performer": [scene.reference(scene.sender)],
        "valueCodeableConcept": value,
    }


def _item(link: str, answer: Resource) -> Resource:
    return {"linkId": link, "answer": [answer]}
