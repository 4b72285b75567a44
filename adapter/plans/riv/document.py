"""A coordinated plan as a document for people to read, in Swedish: what the message says of the plan, in lines.

It tells what the plan refers to, never to whom the message went. Elements that have no line of their own are named at
the end: a reader must be able to see that there is something that is not shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.fhir import instants
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CANONICAL
from adapter.fhir.shapes import obj, objects, text
from adapter.plans.riv import words
from adapter.support.clock import STOCKHOLM

_EXTENSION = f"{CANONICAL}/StructureDefinition/"
_PLAN_KIND = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
_PLAIN = frozenset({"resourceType", "id", "meta", "language", "text", "implicitRules", "extension", "identifier"})
_PLAN = _PLAIN | {"status", "intent", "category", "title", "description", "subject", "encounter", "period", "created"}
_PLAN |= {"author", "contributor", "careTeam", "goal", "activity", "note", "supportingInfo"}
_GOAL = _PLAIN | {"lifecycleStatus", "description", "subject", "expressedBy"}
_DETAIL = frozenset({"id", "extension", "kind", "goal", "status", "performer", "description"})
_DETAIL |= {"scheduledPeriod", "scheduledString"}
_TEAM = _PLAIN | {"status", "name", "subject", "encounter", "participant"}
_MEMBER = frozenset({"id", "extension", "role", "member", "onBehalfOf", "period"})
_EXTENSIONS = frozenset(
    _EXTENSION + name for name in ("overall-responsibility", "follow-up", "huvudman", "priority-order")
)


@dataclass(frozen=True)
class Section:
    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """`warning` is what must be seen first: sekretessmarkering. `subject` names the person, on every page."""

    title: str
    subject: str
    sections: tuple[Section, ...]
    warning: str | None = None


def write(message: MessageBundle, plan: dict[str, Any], patient: str, *, confidential: bool = False) -> Document:
    """The document of a plan in a message. `patient` is the person's number; `confidential`: sekretessmarkering."""
    page = _Page(message, plan)
    names = next((page.person(each) for each in message.of_type("Patient")), None)
    sections = [
        Section("Om planen", tuple(page.about())),
        Section("Mål", tuple(page.goals())),
        Section("Insatser", tuple(page.measures())),
        Section("Kontakter", tuple(page.team())),
        Section("Samtycke", tuple(page.consents())),
        Section("Möten", tuple(page.meetings())),
        Section("Anteckningar", tuple(page.notes())),
        *page.answers(),
        Section("Finns i planen men visas inte här", tuple(sorted(page.unseen))),
    ]
    return Document(
        title=text(plan.get("title")) or words.KIND.get(kind(plan) or "", "Vård- och omsorgsplan"),
        subject=", ".join(filter(None, (names, patient))),
        sections=tuple(section for section in sections if section.lines),
        warning="Sekretessmarkering: var särskilt försiktig med uppgifterna." if confidential else None,
    )


def kind(plan: dict[str, Any]) -> str | None:
    """The code of the plan's kind (SIP, SPLPTLRV …)."""
    return next((code for each in objects(plan.get("category")) if (code := _code(each, _PLAN_KIND))), None)


class _Page:
    """Lines of one plan. `unseen` collects the names of elements that no line shows."""

    def __init__(self, message: MessageBundle, plan: dict[str, Any]) -> None:
        self._message = message
        self._plan = plan
        self._entry = next((entry for entry in message.entries if entry.get("resource") is plan), None)
        self.unseen: set[str] = set()
        self._goals = [found for each in objects(plan.get("goal")) if (found := self._at(each))]

    def about(self) -> Iterator[str]:
        plan = self._plan
        self._rest("CarePlan", plan, _PLAN)
        yield f"Typ: {words.KIND.get(kind(plan) or '', kind(plan) or 'okänd')}"
        yield f"Status: {_word(words.PLAN, plan.get('status'))}"
        yield from _line("Sammanfattning", text(plan.get("description")))
        yield from _line("Upprättad", _when(plan.get("created")))
        yield from _line("Upprättad av", self._name(plan.get("author")))
        yield from _line("Bidrag från", ", ".join(self._names(plan.get("contributor"))))
        yield from _line("Gäller", _period(plan.get("period")))
        overall = _extension(plan, "overall-responsibility")
        parts = {part.get("url"): part for part in objects(overall.get("extension"))}
        huvudman = _word(words.HUVUDMAN, _first_code(obj(parts.get("huvudman")).get("valueCodeableConcept")))
        unit = self._name(obj(parts.get("unit")).get("valueReference"))
        yield from _line("Övergripande ansvar", ", ".join(filter(None, (huvudman, unit))))
        yield from _line("Uppföljning", _when(_extension(plan, "follow-up").get("valueDateTime")))

    def goals(self) -> Iterator[str]:
        for number, goal in enumerate(self._goals, start=1):
            self._rest("Goal", goal, _GOAL)
            own = "personens eget mål" if self._is_patient(goal.get("expressedBy")) else None
            said_by = None if own else self._name(goal.get("expressedBy"))
            status = _word(words.GOAL, goal.get("lifecycleStatus"))
            about = filter(None, (own, said_by and f"uttryckt av {said_by}", status, _priority(goal)))
            yield f"{number}. {_words(goal.get('description'))} ({'; '.join(about)})"

    def measures(self) -> Iterator[str]:
        for number, activity in enumerate(objects(self._plan.get("activity")), start=1):
            self._rest("CarePlan.activity", activity, frozenset({"id", "extension", "detail"}))
            detail = obj(activity.get("detail"))
            self._rest("CarePlan.activity.detail", detail, _DETAIL)
            yield f"{number}. {text(detail.get('description')) or _words(detail.get('code'))}"
            concept = _extension(detail, "huvudman").get("valueCodeableConcept")
            who = [_word(words.HUVUDMAN, _first_code(concept)), *self._names(detail.get("performer"))]
            yield from _line("   Ansvarig", ", ".join(filter(None, who)))
            yield from _line("   Status", _word(words.MEASURE, detail.get("status")))
            times = _period(detail.get("scheduledPeriod")) or text(detail.get("scheduledString"))
            yield from _line("   När", times)
            yield from _line("   Mål", ", ".join(self._goal_numbers(detail.get("goal"))))
            yield from _line("   Ordning", _priority(detail))

    def team(self) -> Iterator[str]:
        teams = [found for each in objects(self._plan.get("careTeam")) if (found := self._at(each))]
        for team in teams:
            self._rest("CareTeam", team, _TEAM)
            for member in objects(team.get("participant")):
                self._rest("CareTeam.participant", member, _MEMBER)
                roles = (_word(words.ROLE, _first_code(each)) or _words(each) for each in objects(member.get("role")))
                unit = self._name(member.get("onBehalfOf"))
                phone = ", ".join(self._telecom(member.get("member")))
                about = [self._name(member.get("member")), unit, phone, _period(member.get("period"))]
                yield f"{', '.join(filter(None, roles)).capitalize()}: {', '.join(filter(None, about))}"

    def consents(self) -> Iterator[str]:
        system = f"{CANONICAL}/CodeSystem/consent-kind"
        for consent in self._message.of_type("Consent"):
            kinds = {_code(each, system) for each in objects(consent.get("category"))}
            if "sip" not in kinds or consent.get("status") == "entered-in-error":
                continue
            basis = _word(words.CONSENT, _first_code(_extension(consent, "consent-basis").get("valueCodeableConcept")))
            given = consent.get("status") == "active" and obj(consent.get("provision")).get("type") == "permit"
            decision = basis or ("lämnat" if given else "inte lämnat")
            unit = ", ".join(self._names(consent.get("organization")))
            parts = filter(None, (decision, _when(consent.get("dateTime")), unit and f"dokumenterat av {unit}"))
            yield f"Samtycke till samordnad individuell plan: {', '.join(parts)}"

    def meetings(self) -> Iterator[str]:
        for meeting in self._message.of_type("Appointment"):
            start, status = _when(meeting.get("start")), _word(words.MEETING, meeting.get("status"))
            yield ", ".join(
                filter(None, (start, status, text(meeting.get("description")), text(meeting.get("comment"))))
            )

    def notes(self) -> Iterator[str]:
        for note in objects(self._plan.get("note")):
            by = text(note.get("authorString")) or self._name(note.get("authorReference"))
            about = ", ".join(filter(None, (_when(note.get("time")), by)))
            yield f"{text(note.get('text')) or ''}{f' ({about})' if about else ''}"

    def answers(self) -> Iterator[Section]:
        """The answers to a questionnaire that the plan refers to, and by name what else it does."""
        for reference in objects(self._plan.get("supportingInfo")):
            found = self._at(reference)
            if found is not None and found.get("resourceType") == "QuestionnaireResponse":
                heading = text(reference.get("display")) or "Underlag"
                yield Section(heading, tuple(_items(found, "")))
            else:
                self.unseen.add(f"Underlag: {text(reference.get('display')) or 'utan namn'}")

    def person(self, patient: dict[str, Any]) -> str | None:
        return next((name for each in objects(patient.get("name")) if (name := _human(each))), None)

    def _at(self, reference: object) -> dict[str, Any] | None:
        return self._message.resolve(reference, self._entry)

    def _is_patient(self, reference: object) -> bool:
        return obj(self._at(reference)).get("resourceType") == "Patient"

    def _names(self, references: object) -> list[str]:
        return [name for each in objects(references) if (name := self._name(each))]

    def _name(self, reference: object) -> str | None:
        """What a reference is called: its own words, else those of the resource, else the identifier."""
        found = obj(self._at(reference))
        display = text(obj(reference).get("display"))
        match found.get("resourceType"):
            case "Organization":
                name = text(found.get("name"))
            case "PractitionerRole":
                role = next((_words(each) for each in objects(found.get("code"))), None)
                parts = (self._name(found.get("practitioner")), role, self._name(found.get("organization")))
                name = ", ".join(filter(None, parts)) or None
            case "Patient" | "Practitioner" | "RelatedPerson":
                name = self.person(found)
            case _:
                name = None
        named = display or name
        return named or text(obj(obj(reference).get("identifier")).get("value"))

    def _telecom(self, reference: object) -> Iterator[str]:
        for point in objects(obj(self._at(reference)).get("telecom")):
            if value := text(point.get("value")):
                yield value

    def _goal_numbers(self, references: object) -> Iterator[str]:
        for reference in objects(references):
            found = self._at(reference)
            yield from (str(number) for number, goal in enumerate(self._goals, start=1) if goal is found)

    def _rest(self, name: str, element: Mapping[str, Any], shown: Iterable[str]) -> None:
        self.unseen |= {f"{name}.{member}" for member in element if member.lstrip("_") not in shown}
        for extension in objects(element.get("extension")):
            if extension.get("url") not in _EXTENSIONS:
                self.unseen.add(f"{name}.extension")


def _items(element: dict[str, Any], indent: str) -> Iterator[str]:
    for item in objects(element.get("item")):
        answers = ", ".join(filter(None, map(_answer, objects(item.get("answer")))))
        question = text(item.get("text")) or text(item.get("linkId")) or ""
        yield f"{indent}{question}{f': {answers}' if answers else ''}"
        yield from _items(item, f"{indent}   ")
        for answer in objects(item.get("answer")):
            yield from _items(answer, f"{indent}   ")


def _answer(answer: dict[str, Any]) -> str:
    value = next((value for name, value in answer.items() if name.startswith("value")), None)
    if isinstance(value, bool):
        return "ja" if value else "nej"
    if isinstance(value, dict):
        track = value.get("system") == f"{CANONICAL}/CodeSystem/colour-track"
        code = text(value.get("code"))
        found = (words.TRACK.get(code or "") if track else None) or text(value.get("display")) or code
        return found or " ".join(str(value[name]) for name in ("value", "unit", "reference") if name in value)
    return _when(value) or str(value if value is not None else "")


def _line(label: str, value: str | None) -> Iterator[str]:
    if value:
        yield f"{label}: {value}"


def _extension(element: Mapping[str, Any], name: str) -> dict[str, Any]:
    url = _EXTENSION + name
    return next((each for each in objects(element.get("extension")) if each.get("url") == url), {})


def _priority(element: Mapping[str, Any]) -> str | None:
    place = _extension(element, "priority-order").get("valuePositiveInt")
    return None if place is None else f"personens prioritet {place}"


def _word(table: Mapping[str, str], code: object) -> str | None:
    return None if not isinstance(code, str) else table.get(code, code)


def _words(concept: object) -> str:
    coding = next(iter(objects(obj(concept).get("coding"))), {})
    return text(obj(concept).get("text")) or text(coding.get("display")) or text(coding.get("code")) or ""


def _code(concept: object, system: str) -> str | None:
    codings = objects(obj(concept).get("coding"))
    return next((text(each.get("code")) for each in codings if each.get("system") == system), None)


def _first_code(concept: object) -> str | None:
    return next((text(each.get("code")) for each in objects(obj(concept).get("coding"))), None)


def _human(name: dict[str, Any]) -> str | None:
    given = " ".join(each for each in name.get("given") or () if isinstance(each, str))
    return text(name.get("text")) or " ".join(filter(None, (given, text(name.get("family"))))) or None


def _when(value: object) -> str | None:
    """A date as it is written, an instant as Swedish local time to the minute."""
    at = instants.parse(value)
    return text(value) if at is None else f"{at.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"


def _period(value: object) -> str | None:
    start, end = _when(obj(value).get("start")), _when(obj(value).get("end"))
    if start and end:
        return f"{start} till {end}"
    return (start and f"från {start}") or (end and f"till {end}") or None
