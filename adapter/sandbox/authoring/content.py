"""What an invented message can say besides the stay and its Tasks: a model a kind, each of which writes its resources.

The codes are those of the FHIR package in profiles/.
"""

from collections.abc import Iterator
from typing import Any, Literal, Protocol

from pydantic import Field

from adapter.fhir.canonical import CANONICAL, URI
from adapter.sandbox.authoring.stay import Strict

Resource = dict[str, Any]
_PLAN_KIND = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
_CONSENT_SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "treatment"}]}
_MEETINGS = {"sip": "SIP-möte", "coordinated-care-plan": "Vårdplanering", "follow-up": "Uppföljning"}
_PLANS = {"SIP": "Samordnad individuell plan", "SPLPTLRV": "Samordnad vårdplan"}
_CONSENT_GROUND = {
    "sip": "Lag (2017:612) 4 kap. 2 §",
    "sharing": "Offentlighets- och sekretesslagen (2009:400)",
    "direct-access": "Lag (2022:913)",
}


class Scene(Protocol):
    """What content needs to know of the message that it stands in: `at` is when it is sent, `sender` a role."""

    at: str
    sender: str

    def resource_id(self, name: str) -> str: ...

    def reference(self, name: str) -> dict[str, str]: ...

    def named(self, role: str) -> Resource: ...

    @property
    def patient(self) -> dict[str, str]: ...

    @property
    def encounter(self) -> Resource: ...


class Section(Strict):
    """A section of the planning information."""

    section: str
    """a code of planning-section"""
    text: str

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        yield _communication(scene, name, _code("planning-section", self.section), self.text)


class Note(Strict):
    """A general message."""

    note: str
    subject: str | None = None

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _communication(scene, name, _code("communication-kind", "general-message"), self.note)
        yield resource | ({"topic": {"text": self.subject}} if self.subject else {})


class Information(Strict):
    """The summary that the patient gets at discharge."""

    information: str

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _communication(scene, name, _code("communication-kind", "patient-information"), self.information)
        yield resource | {"recipient": [scene.patient]}


class Disagreement(Strict):
    """A disagreement raised; `about` is a code of disagreement-kind."""

    disagreement: str
    about: str

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _communication(scene, name, _code("communication-kind", "disagreement"), self.disagreement)
        yield resource | {"reasonCode": [_code("disagreement-kind", self.about)]}


class Settlement(Strict):
    """A disagreement settled."""

    settlement: str
    about: str

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _communication(scene, name, _code("communication-kind", "settlement"), self.settlement)
        yield resource | {"reasonCode": [_code("disagreement-kind", self.about)]}


class OpenCare(Strict):
    """Whether open-care services can be had (LAW 5:5)."""

    open_care: Literal["available", "not-available", "unknown"]

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        yield _statement(scene, name, "open-care-availability", _code("availability", self.open_care))


class Capacity(Strict):
    """From when a unit can receive, or why it cannot."""

    capacity: Literal["can-receive", "cannot-receive"]
    since: str | None = Field(None, alias="from")
    why: str | None = None

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        resource = _statement(scene, name, "capacity", _code("capacity", self.capacity))
        if self.since:
            resource["component"] = [{"code": _code("statement", "available-from"), "valueDateTime": self.since}]
        yield resource | ({"note": [{"text": self.why}]} if self.why else {})


class DelayCause(Strict):
    """Why a patient who is ready is still in hospital; `cause` is a code of delay-cause."""

    cause: str
    since: str
    text: str | None = None

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        value = _code("delay-cause", self.cause) | ({"text": self.text} if self.text else {})
        yield _statement(scene, name, "delay-cause", value) | {"effectiveDateTime": self.since}


class Consent(Strict):
    """A consent: `given` false where it was refused, `withdrawn` where it no longer holds."""

    consent: Literal["sip", "sharing", "direct-access"]
    at: str
    text: str
    given: bool = True
    withdrawn: bool = False
    basis: Literal["person", "guardian", "unable"] | None = None
    why: str | None = None
    guardian: str | None = None

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        status = "inactive" if self.withdrawn else "active" if self.given else "rejected"
        category = _code("consent-kind", self.consent) | {"text": self.text}
        yield {
            "resourceType": "Consent",
            "id": scene.resource_id(name),
            **self._basis(),
            "status": status,
            "scope": _CONSENT_SCOPE,
            "category": [category],
            "patient": scene.patient,
            "dateTime": self.at,
            **({"performer": [{"display": self.guardian}]} if self.guardian else {}),
            "organization": [scene.reference(scene.sender)],
            "policyRule": {"text": _CONSENT_GROUND[self.consent]},
            "provision": {"type": "permit" if self.given else "deny"},
        }

    def _basis(self) -> Resource:
        if self.basis is None:
            return {}
        value = _code("consent-basis", self.basis) | ({"text": self.why} if self.why else {})
        return {"extension": [{"url": _extension("consent-basis"), "valueCodeableConcept": value}]}


class Meeting(Strict):
    """A planning meeting. `summoned` are roles, `invited` names of people."""

    meeting: Literal["sip", "coordinated-care-plan", "follow-up"]
    start: str
    end: str
    description: str
    place: str
    summoned: tuple[str, ...]
    invited: tuple[str, ...] = ()
    status: str = "proposed"

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        participants = [_participant("summoned", scene.named(role)) for role in self.summoned]
        participants += [_participant("invited", {"display": person}) for person in self.invited]
        person = {"actor": scene.patient, "required": "required", "status": "needs-action"}
        yield {
            "resourceType": "Appointment",
            "id": scene.resource_id(name),
            "status": self.status,
            "appointmentType": _code("meeting", self.meeting) | {"text": _MEETINGS[self.meeting]},
            "description": self.description,
            "start": self.start,
            "end": self.end,
            "created": scene.at,
            "comment": self.place,
            "participant": [person, *participants],
        }


class Goal(Strict):
    """A goal in the patient's own words; `priority` is the patient's own order."""

    text: str
    priority: int | None = None


class Measure(Strict):
    """A measure of a plan: `by` is the role of the unit that answers for it, `goal` counts from 1."""

    text: str
    by: str | None = None
    huvudman: str | None = None
    goal: int | None = None
    priority: int | None = None
    status: str = "not-started"


class CareContact(Strict):
    """Someone around the patient; `role` is a code of care-team-role, `unit` a role of the scenario."""

    name: str
    unit: str
    role: str = "fast-vardkontakt"


class Plan(Strict):
    """A coordinated plan, or one party's contribution to it."""

    plan: Literal["SIP", "SPLPTLRV"]
    title: str
    measures: tuple[Measure, ...]
    description: str | None = None
    goals: tuple[Goal, ...] = ()
    status: str = "active"
    period: tuple[str, str] | None = None
    follow_up: str | None = None
    overall: str | None = None
    """the huvudman with the overall responsibility"""
    team: tuple[CareContact, ...] = ()

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        goals = [f"goal {number} of {name}" for number in range(1, len(self.goals) + 1)]
        team = f"team of {name}"
        yield {
            "resourceType": "CarePlan",
            "id": scene.resource_id(name),
            **self._extensions(),
            "identifier": [{"system": URI, "value": f"urn:uuid:{scene.resource_id(f'identifier of {name}')}"}],
            "status": self.status,
            "intent": "plan",
            "category": [{"coding": [{"system": _PLAN_KIND, "code": self.plan}], "text": _PLANS[self.plan]}],
            "title": self.title,
            **({"description": self.description} if self.description else {}),
            "subject": scene.patient,
            **({"encounter": scene.encounter["encounter"]} if scene.encounter else {}),
            **({"period": {"start": self.period[0], "end": self.period[1]}} if self.period else {}),
            "created": scene.at,
            "author": scene.reference(scene.sender),
            **({"careTeam": [scene.reference(team)]} if self.team else {}),
            **({"goal": [scene.reference(goal) for goal in goals]} if goals else {}),
            "activity": [{"detail": self._detail(scene, measure, goals)} for measure in self.measures],
        }
        for goal, goal_name in zip(self.goals, goals, strict=True):
            yield _goal(scene, goal, goal_name)
        if self.team:
            yield _team(scene, self.team, team)
        for each in self.team:
            yield _role(scene, each)

    def _extensions(self) -> Resource:
        found: list[Resource] = []
        if self.overall:
            part = {"url": "huvudman", "valueCodeableConcept": _code("huvudman", self.overall)}
            found.append({"url": _extension("overall-responsibility"), "extension": [part]})
        if self.follow_up:
            found.append({"url": _extension("follow-up"), "valueDateTime": self.follow_up})
        return {"extension": found} if found else {}

    def _detail(self, scene: Scene, measure: Measure, goals: list[str]) -> Resource:
        extensions: list[Resource] = []
        if measure.huvudman:
            value = _code("huvudman", measure.huvudman)
            extensions.append({"url": _extension("huvudman"), "valueCodeableConcept": value})
        if measure.priority:
            extensions.append({"url": _extension("priority-order"), "valuePositiveInt": measure.priority})
        return {
            **({"extension": extensions} if extensions else {}),
            "kind": "ServiceRequest",
            **({"goal": [scene.reference(goals[measure.goal - 1])]} if measure.goal else {}),
            "status": measure.status,
            **({"performer": [scene.reference(measure.by)]} if measure.by else {}),
            "description": measure.text,
        }


class Contact(Strict):
    """The people around the patient, told by themselves: the fast vårdkontakt (LAW 2:5) before there is a plan."""

    team: tuple[CareContact, ...]

    def resources(self, scene: Scene, name: str) -> Iterator[Resource]:
        yield _team(scene, self.team, name)
        for each in self.team:
            yield _role(scene, each)


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
            {"url": _extension("enrolment-criterion"), "valueCodeableConcept": _code("enrolment-criterion", each)}
            for each in self.criteria
        ]
        yield {
            "resourceType": "ServiceRequest",
            "id": scene.resource_id(name),
            **({"extension": met} if met else {}),
            "identifier": [request_identifier(scene)],
            "status": "active",
            "intent": "order",
            **({"category": [_code("way-in", self.way_in)]} if self.way_in else {}),
            "code": _code("request-kind", self.request),
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
        "code": _code("statement", code),
        "subject": scene.patient,
        **scene.encounter,
        "effectiveDateTime": scene.at,
        "performer": [scene.reference(scene.sender)],
        "valueCodeableConcept": value,
    }


def _participant(kind: str, actor: Resource) -> Resource:
    required = {"summoned": "required", "invited": "optional"}[kind]
    return {"type": [_code("participant-kind", kind)], "actor": actor, "required": required, "status": "needs-action"}


def _goal(scene: Scene, goal: Goal, name: str) -> Resource:
    priority = {"url": _extension("priority-order"), "valuePositiveInt": goal.priority}
    return {
        "resourceType": "Goal",
        "id": scene.resource_id(name),
        **({"extension": [priority]} if goal.priority else {}),
        "lifecycleStatus": "accepted",
        "description": {"text": goal.text},
        "subject": scene.patient,
        "expressedBy": scene.patient,
    }


def _team(scene: Scene, contacts: tuple[CareContact, ...], name: str) -> Resource:
    return {
        "resourceType": "CareTeam",
        "id": scene.resource_id(name),
        "status": "active",
        "subject": scene.patient,
        "participant": [
            {
                "role": [_code("care-team-role", each.role)],
                "member": scene.reference(f"role of {each.name}"),
            }
            for each in contacts
        ],
    }


def _item(link: str, answer: Resource) -> Resource:
    return {"linkId": link, "answer": [answer]}


def _role(scene: Scene, contact: CareContact) -> Resource:
    return {
        "resourceType": "PractitionerRole",
        "id": scene.resource_id(f"role of {contact.name}"),
        "active": True,
        "practitioner": {"display": contact.name},
        "organization": scene.reference(contact.unit),
    }


def _code(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"{CANONICAL}/CodeSystem/{system}", "code": code}]}


def _extension(name: str) -> str:
    return f"{CANONICAL}/StructureDefinition/{name}"
