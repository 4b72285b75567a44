"""The planning as an invented message tells it: consents, meetings, plans, and who is around the patient."""

from collections.abc import Iterator
from typing import Literal

from adapter.authoring.scene import Resource, Scene, code_of, extension_url
from adapter.authoring.stay import Strict
from adapter.fhir.canonical import URI

_PLAN_KIND = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
_CONSENT_SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "treatment"}]}
_MEETINGS = {"sip": "SIP-möte", "coordinated-care-plan": "Vårdplanering", "follow-up": "Uppföljning"}
_PLANS = {"SIP": "Samordnad individuell plan", "SPLPTLRV": "Samordnad vårdplan"}
_CONSENT_GROUND = {
    "sip": "Lag (2017:612) 4 kap. 2 §",
    "sharing": "Offentlighets- och sekretesslagen (2009:400)",
    "direct-access": "Lag (2022:913)",
}


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
        category = code_of("consent-kind", self.consent) | {"text": self.text}
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
        value = code_of("consent-basis", self.basis) | ({"text": self.why} if self.why else {})
        return {"extension": [{"url": extension_url("consent-basis"), "valueCodeableConcept": value}]}


class Meeting(Strict):
    """A planning meeting. `summoned` are roles, `invited` names of people."""

    meeting: Literal["sip", "coordinated-care-plan", "follow-up"]
    start: str
    end: str
    description: str | None = None
    place: str | None = None
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
            "appointmentType": code_of("meeting", self.meeting) | {"text": _MEETINGS[self.meeting]},
            **({"description": self.description} if self.description else {}),
            "start": self.start,
            "end": self.end,
            "created": scene.at,
            **({"comment": self.place} if self.place else {}),
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
            part = {"url": "huvudman", "valueCodeableConcept": code_of("huvudman", self.overall)}
            found.append({"url": extension_url("overall-responsibility"), "extension": [part]})
        if self.follow_up:
            found.append({"url": extension_url("follow-up"), "valueDateTime": self.follow_up})
        return {"extension": found} if found else {}

    def _detail(self, scene: Scene, measure: Measure, goals: list[str]) -> Resource:
        extensions: list[Resource] = []
        if measure.huvudman:
            value = code_of("huvudman", measure.huvudman)
            extensions.append({"url": extension_url("huvudman"), "valueCodeableConcept": value})
        if measure.priority:
            extensions.append({"url": extension_url("priority-order"), "valuePositiveInt": measure.priority})
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


def _participant(kind: str, actor: Resource) -> Resource:
    required = {"summoned": "required", "invited": "optional"}[kind]
    return {"type": [code_of("participant-kind", kind)], "actor": actor, "required": required, "status": "needs-action"}


def _goal(scene: Scene, goal: Goal, name: str) -> Resource:
    priority = {"url": extension_url("priority-order"), "valuePositiveInt": goal.priority}
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
                "role": [code_of("care-team-role", each.role)],
                "member": scene.reference(f"role of {each.name}"),
            }
            for each in contacts
        ],
    }


def _role(scene: Scene, contact: CareContact) -> Resource:
    return {
        "resourceType": "PractitionerRole",
        "id": scene.resource_id(f"role of {contact.name}"),
        "active": True,
        "practitioner": {"display": contact.name},
        "organization": scene.reference(contact.unit),
    }
