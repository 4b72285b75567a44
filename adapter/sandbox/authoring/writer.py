"""From a scenario to its messages: keeps what has been said, and writes each step's Bundle."""

from collections.abc import Iterator
from typing import Any

from adapter.authoring.content import request_identifier
from adapter.authoring.message import Author, MessageScene
from adapter.authoring.scene import Resource, code_of, extension_url
from adapter.authoring.stay import Stay
from adapter.fhir.canonical import CANONICAL, CASE, CASE_EXTENSION, TASK
from adapter.sandbox.authoring.scenario import Scenario, Step, TaskChange
from adapter.sandbox.identifiers import Identifiers

_TEXTS = {
    "receive-patient": "Planera mottagande efter utskrivning",
    "participate-in-sip": "Delta i samordnad individuell planering",
    "receive-into-home-care": "Ta över till hälso- och sjukvård i hemmet",
    "admit-patient": "Ta emot i slutenvård",
    "abort": "Avbryt",
}
_NOTICES = frozenset({"admission-notice", "admission-notice-update"})
_FOCUS = {
    "acceptance-answer": "Task",
    "admission-notice": "Encounter",
    "admission-notice-update": "Encounter",
    "capacity-answer": "Observation",
    "care-request": "ServiceRequest",
    "delay-cause": "Observation",
    "disagreement-raised": "Communication",
    "disagreement-settled": "Communication",
    "discharge-notice": "Encounter",
    "general-message": "Communication",
    "home-care-referral": "ServiceRequest",
    "open-care-availability": "Observation",
    "patient-information": "Communication",
    "planning-information": "Communication",
    "ready-for-discharge": "Encounter",
    "ready-for-discharge-withdrawn": "Encounter",
    "sip": "CarePlan",
    "sip-invitation": "Appointment",
}
"""What a message is about, as its MessageDefinition says; read receipts and retractions have no focus."""


class Writer:
    """Writes the messages of one scenario, in the order of its steps."""

    def __init__(self, scenario: Scenario, identifiers: Identifiers | None = None) -> None:
        self.identifiers = identifiers or Identifiers(scenario.seed)
        units = {role: party.author() for role, party in scenario.parties.items()}
        self._author = Author(self.identifiers, scenario.person.author(), units)
        self._stays: dict[int, Stay] = {}
        self._stay: Stay | None = None
        self._care_unit = ""
        self._tasks: dict[str, Resource] = {}
        self._repeated = {step.repeats for step in scenario.steps}
        self._written: dict[str, Resource] = {}

    def write(self, step: Step) -> Resource:
        """The step's Bundle; for a repetition the Bundle of the file that it repeats."""
        if step.repeats is not None:
            return self._written[step.repeats]
        if step.person is not None:
            self._author.person = step.person.author()
        scene = _Scene(self._author, step, self._about(step))
        content = list(self._content(step, scene))
        bundle = self._author.write(
            step.file,
            step.event,
            step.at,
            step.sender,
            step.receivers,
            content,
            focus=_focus(step.event, content),
            header=self._header(content),
            provenance=_provenance(step),
            answers=step.answers_to,
            corrects=step.corrects,
        )
        if step.profile is not None:
            bundle = _claiming(bundle, step.profile)
        if step.file in self._repeated:
            self._written[step.file] = bundle
        return bundle

    def case_id(self) -> str:
        """The case, as `system|value`."""
        return f"{CASE}|{self.identifiers.new('case')}"

    def task_id(self, name: str) -> str:
        """The identifier, as `system|value`, of a Task: `code of role`, with the number of the stay where that is not
        the first, such as `receive-patient of municipality (2)`."""
        return f"{TASK}|{self.identifiers.new(f'task {name}')}"

    def _about(self, step: Step) -> Stay | None:
        """The stay that the step is about, with what the step says of it."""
        if step.stay is False:
            return None
        if step.stay is not None:
            number = step.stay.number
            if number not in self._stays:
                ids = self.identifiers
                self._stays[number] = Stay(number, ids.new(f"encounter {number}"), ids.new(f"stay {number}"))
                self._care_unit = step.sender
            self._stay = self._stays[number]
            self._stay.change(step.stay)
            self._care_unit = step.stay.unit or self._care_unit
        return self._stay

    def _content(self, step: Step, scene: "_Scene") -> Iterator[Resource]:
        if scene.stay is not None:
            need = step.event in _NOTICES
            unit = self._author.reference(self._care_unit)
            yield scene.stay.resource(scene.patient, unit, need=need)
        for number, each in enumerate(step.says, start=1):
            yield from each.resources(scene, f"{step.file} says {number}")
        yield from self._tasks_of(step, scene)

    def _tasks_of(self, step: Step, scene: "_Scene") -> Iterator[Resource]:
        changes = list(step.tasks)
        if step.asks is not None:
            changes += [TaskChange(task=step.asks, of=receiver, status="requested") for receiver in step.receivers]
        for change in changes:
            yield self._task(change, step, scene)

    def _task(self, change: TaskChange, step: Step, scene: "_Scene") -> Resource:
        name = self._task_name(change.task, change.of)
        task = self._tasks.get(name) or self._new_task(name, change, step, scene)
        task = {name: value for name, value in task.items() if name not in _ANEW} | _said_anew(change)
        if step.at != task["authoredOn"]:
            task["lastModified"] = step.at
        if scene.stay is None:
            task.pop("encounter", None)
        self._tasks[name] = task
        return task

    def _task_name(self, code: str, owner: str) -> str:
        number = self._stay.number if self._stay else 1
        return f"{code} of {owner}" + (f" ({number})" if number > 1 else "")

    def _new_task(self, name: str, change: TaskChange, step: Step, scene: "_Scene") -> Resource:
        request = {"type": "ServiceRequest", "identifier": request_identifier(scene)}
        focus = scene.encounter.get("encounter") or request
        if change.aborts is not None:
            stopped = self._tasks[self._task_name(change.aborts, change.of)]
            focus = {"type": "Task", "identifier": stopped["identifier"][0]}
        why = {"reasonCode": code_of("task-status-reason", change.why)} if change.why else {}
        return {
            "resourceType": "Task",
            "id": scene.resource_id(name),
            "identifier": [{"system": TASK, "value": self.identifiers.new(f"task {name}")}],
            "groupIdentifier": {"system": CASE, "value": self.identifiers.new("case")},
            "status": "requested",
            "intent": "order",
            "code": code_of("task-code", change.task) | {"text": _TEXTS[change.task]},
            "focus": focus,
            "for": scene.patient,
            **scene.encounter,
            "authoredOn": step.at,
            "requester": scene.reference(step.sender),
            "owner": scene.reference(change.of),
            **why,
        }

    def _header(self, content: list[Resource]) -> Resource:
        """The case, where no Task names it."""
        if any(each["resourceType"] == "Task" for each in content):
            return {}
        case = {"system": CASE, "value": self.identifiers.new("case")}
        return {"extension": [{"url": CASE_EXTENSION, "valueIdentifier": case}]}


_ANEW = frozenset({"statusReason", "businessStatus", "output", "extension"})
"""What a message says of a Task for itself alone."""


class _Scene(MessageScene):
    """With the stay, where the message has one."""

    def __init__(self, author: Author, step: Step, stay: Stay | None) -> None:
        super().__init__(author, step.at, step.sender, None if stay is None else stay.resource_id)
        self.stay = stay


def _said_anew(change: TaskChange) -> Resource:
    said: Resource = {}
    if change.status is not None:
        said["status"] = change.status
    if change.reason is not None:
        said["statusReason"] = code_of("task-status-reason", change.reason)
        if change.reason_text is not None:
            said["statusReason"]["text"] = change.reason_text
    if change.business is not None:
        said["businessStatus"] = code_of("task-business-status", change.business)
    if change.proposal is not None:
        said["output"] = [{"type": {"text": "Förslag"}, "valueString": change.proposal}]
    if change.criteria:
        said["extension"] = [
            {"url": extension_url("enrolment-criterion"), "valueCodeableConcept": code_of("enrolment-criterion", each)}
            for each in change.criteria
        ]
    return said


def _provenance(step: Step) -> Resource:
    found: Resource = {"occurredDateTime": step.occurred} if step.occurred else {}
    return found | ({"reason": [code_of("retraction-reason", step.reason)]} if step.reason else {})


def _focus(event: str, content: list[Resource]) -> list[str]:
    """Ids of what the message is about."""
    return [each["id"] for each in content if each["resourceType"] == _FOCUS.get(event)]


def _claiming(bundle: Resource, profile: str) -> Resource:
    meta: dict[str, Any] = {"profile": [f"{CANONICAL}/StructureDefinition/{profile}"]}
    kind, identity, *rest = bundle.items()
    return dict([kind, identity, ("meta", meta), *rest])
