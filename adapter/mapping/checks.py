"""Checks of a mapping against the definitions and the XSD, beyond those without which it cannot be loaded.

They ask more of the definitions than a start may take time for: they are for whoever changes a mapping. What is wrong
with the paths and codes of a rule is told where it is wrong in every message that uses the rule: profiles differ, and
parts are shared. What a message says wrongly each time, or lacks, is told of that message.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapter.definitions import Definitions
from adapter.mapping import codecs, conditions, folder, profiles, survey
from adapter.mapping.paths import Step
from adapter.mapping.probe import Probe
from adapter.mapping.profiles import AbsentError, Leads, Profiles
from adapter.mapping.schema import RecordSchema, Type
from adapter.mapping.survey import Placed, Spot, Surveyed
from adapter.support.errors import Problem


def check(path: Path, definitions: Definitions) -> list[Problem]:
    """What is wrong with a mapping folder that loads, in the order of files and lines. Raises ConfigurationError with
    every problem, file and line, where it does not, and DefinitionsError where the definitions are malformed."""
    loaded = folder.load(path)
    messages, checks = survey.survey(loaded), _Checks(loaded, definitions)
    shared = [found for message in messages for rule in message.rules for found in checks.of_rule(message, rule)]
    own = [found for message in messages for found in checks.of_message(message)]
    used: dict[tuple[Path, int | None], set[str]] = {}
    for message in messages:
        for rule in message.rules:
            used.setdefault((rule.file, rule.line), set()).add(message.event)
    problems = {
        Problem(found.file, found.line, found.reason)
        for found, events in _gathered(shared)
        if events == used[found.file, found.line]
    }
    read = {path / "mapping.yaml"}.union(*(message.files for message in messages))
    unread = sorted(file for file in path.rglob("*.yaml") if file not in read)
    problems |= {Problem(file, 1, "no message uses the file") for file in unread}
    for found, events in _gathered(own):
        where = "" if events == used.get((found.file, found.line), events) else f" (in {', '.join(sorted(events))})"
        problems.add(Problem(found.file, found.line, found.reason + where))
    return sorted(problems, key=lambda each: (str(each.file), each.line or 0, each.reason))


@dataclass(frozen=True)
class _Finding:
    """`about` tells apart what is found of one line; its words may differ from message to message."""

    event: str
    file: Path
    line: int | None
    about: str
    reason: str


def _gathered(findings: Iterable[_Finding]) -> list[tuple[_Finding, set[str]]]:
    """What is found, each once, with the events that it is found in."""
    found: dict[tuple[Path, int | None, str], tuple[_Finding, set[str]]] = {}
    for each in findings:
        found.setdefault((each.file, each.line, each.about), (each, set()))[1].add(each.event)
    return list(found.values())


class _Checks:
    def __init__(self, loaded: folder.Folder, definitions: Definitions) -> None:
        self._concepts = loaded.environment.concepts
        self._table = loaded.environment.table
        self._schema = loaded.schema
        self._root = loaded.environment.root
        self._profiles = Profiles(definitions, self._table)
        self._probe = Probe(loaded.schema)
        self._led: dict[tuple[str, str, tuple[Step, ...]], list[Leads] | str] = {}

    def of_rule(self, message: Surveyed, rule: Placed) -> Iterator[_Finding]:
        """What is wrong with a rule as it stands in a message."""
        for reason in conditions.dead(rule):
            yield _Finding(message.event, rule.file, rule.line, reason, reason)
        for reason in self._never_meets(rule):
            yield _Finding(message.event, rule.file, rule.line, "types", reason)
        spots = [rule.fhir, *rule.conditions.when_fhir, *rule.conditions.unless_fhir]
        for spot in spots:
            if spot is not None and isinstance(leads := self._leads(message, spot), str):
                yield _Finding(message.event, rule.file, rule.line, spot.path.text, f"'{spot.path.text}': {leads}")
        if rule.rule.kind == "value" and rule.fhir is not None:
            default = rule.rule.default.get("fhir")
            for code in sorted({*self._codes(rule), *([default] if default else [])}):
                refused = self._outside(message, rule.fhir, code)
                if refused is not None:
                    yield _Finding(message.event, rule.file, rule.line, f"code {code}", refused)

    def of_message(self, message: Surveyed) -> Iterator[_Finding]:
        """What a message says wrongly each time, and what it lacks."""
        for rule in message.rules:
            if rule.rule.kind == "constant" and rule.fhir is not None and "fhir" in rule.sides:
                refused = self._outside(message, rule.fhir, rule.value)
                if refused is not None:
                    yield _Finding(message.event, rule.file, rule.line, refused, refused)
        yield from self._record_lacks(message)
        yield from self._fhir_lacks(message)

    def _leads(self, message: Surveyed, spot: Spot) -> list[Leads] | str:
        """Where a path leads by each profile that its resource may follow; the reason where it leads nowhere by any."""
        key = message.event, spot.origin.resource, spot.steps
        if key not in self._led:
            self._led[key] = self._followed(*key)
        return self._led[key]

    def _followed(self, event: str, resource: str, steps: tuple[Step, ...]) -> list[Leads] | str:
        found, reason = list[Leads](), ""
        for root in self._profiles.of(event, resource):
            try:
                found.append(self._profiles.lead(root, steps))
            except AbsentError as error:
                reason = str(error)
        return found or reason or found

    def _codes(self, rule: Placed) -> set[str]:
        """The FHIR codes that a value rule can write: by its concept map, else those that the XSD lists."""
        if rule.rule.concepts:
            return set(self._concepts[rule.rule.concepts].forward)
        listed = rule.record is not None and rule.record.path.type is not None and rule.record.path.type.codes
        of_code = rule.fhir is not None and rule.fhir.path.type == "code"
        return set(listed) if listed and of_code else set()

    def _outside(self, message: Surveyed, spot: Spot, value: str | bool | None) -> str | None:
        """Why a value may not stand at a path, by all of the profiles; None where it may, or it cannot be told."""
        leads = self._leads(message, spot)
        if isinstance(leads, str) or not leads or not leads[0].nodes:
            return None
        reasons = [self._refused(message, spot, each, value) for each in leads]
        return None if None in reasons else reasons[0]

    def _refused(self, message: Surveyed, spot: Spot, leads: Leads, value: str | bool | None) -> str | None:
        only = profiles.wanted(leads)
        if only is not None and only != value:
            return f"'{spot.path.text}' is always {only!r} by the profile, not {value!r}"
        bound = profiles.binding(leads)
        if bound is None or not isinstance(value, str) or spot.path.type != "code":
            return None
        verdict = self._profiles.terminology.member(bound, self._system(message, spot), value)
        return f"'{spot.path.text}': {verdict.reason}" if verdict.result is False else None

    def _system(self, message: Surveyed, spot: Spot) -> str | None:
        """The code system beside a code: what `where` asks for, or the constant that another rule writes there."""
        *heads, _ = spot.steps
        if not heads or heads[-1].type != "Coding":
            return None
        asked = next((value for name, value in heads[-1].where if name == "system"), None)
        for rule in message.rules if asked is None else ():
            if rule.fhir is not None and rule.value is not None and rule.fhir.origin.root == spot.origin.root:
                *others, name = rule.fhir.steps
                if others == heads and name.name == "system":
                    return str(rule.value)
        return asked

    def _never_meets(self, rule: Placed) -> Iterator[str]:
        """Where what a rule writes is never what the other side's type allows there."""
        if rule.rule.kind == "constant" and rule.fhir is not None and not self._is_of(rule.fhir.path.type, rule.value):
            yield f"'{rule.fhir.path.text}' is a {rule.fhir.path.type}, which {rule.value!r} is not"
        if rule.record is None:
            return
        kind, path = rule.record.path.type, rule.record.path.text
        told = "1" if rule.rule.position else "true"
        if rule.rule.kind == "link" and not self._probe.takes(kind, told):
            yield f"the schema does not allow {told!r}, which tells of the reference, in '{path}'{_words(kind)}"
        if rule.rule.kind == "constant" and not self._probe.takes(kind, str(rule.value)):
            yield f"the schema does not allow {rule.value!r} in '{path}'{_words(kind)}"
        if rule.rule.kind != "value" or rule.fhir is None:
            return
        default = rule.rule.default.get("record")
        if default is not None and not self._probe.takes(kind, default):
            yield f"the schema does not allow the default {default!r} in '{path}'{_words(kind)}"
        codec = codecs.CODECS[rule.rule.codec] if rule.rule.codec else codecs.default(rule.fhir.path.type)
        if codec is None or rule.rule.concepts or not codec.examples:
            return
        if not any(self._probe.takes(kind, example) for example in codec.examples):
            yield f"what the codec {codec.name} writes is never what the schema allows in '{path}'{_words(kind)}"

    def _is_of(self, fhir_type: str, value: str | bool | None) -> bool:
        """Whether a constant is a value of a primitive type."""
        primitive = self._table.primitives[fhir_type]
        if primitive.json == "boolean" or isinstance(value, bool):
            return primitive.json == "boolean" and isinstance(value, bool)
        pattern = primitive.pattern
        return primitive.json == "string" and (pattern is None or pattern.fullmatch(str(value)) is not None)

    def _record_lacks(self, message: Surveyed) -> Iterator[_Finding]:
        """What the XSD asks for within elements that the rules write, and no rule writes."""
        rules = [rule for rule in message.rules if rule.record is not None and "record" in rule.sides]
        written = {place for rule in rules if rule.record for place in _beginnings(rule.record.place)}
        for place in sorted({(), *written}):
            kind = _type(self._schema, self._root, place)
            for need in kind.needs if kind is not None else []:
                if not any((*place, name) in written for name in need):
                    line = next(
                        (r for r in rules if r.record and r.record.place[: len(place)] == place and place), None
                    )
                    where = "/".join(place) or self._root.name
                    reason = f"the schema needs {' or '.join(sorted(need))} in {where}, and no rule writes it"
                    file, number = (line.file, line.line) if line else (message.file, message.line)
                    yield _Finding(message.event, file, number, reason, reason)

    def _fhir_lacks(self, message: Surveyed) -> Iterator[_Finding]:
        """What the profiles ask for of resources that the rules write, and no rule writes."""
        spots: dict[str, list[tuple[Step, ...]]] = {"bundle": []}
        for rule in message.rules:
            if rule.fhir is not None and "fhir" in rule.sides:
                spots.setdefault(rule.fhir.origin.root, []).append(rule.fhir.steps)
        for spot in message.locators:
            spots.setdefault(spot.origin.root, []).append(spot.steps)
        for root, written in spots.items():
            profile = self._profiles.of(message.event, message.roots[root])
            lacking = [set(self._profiles.lacking(each, written)) for each in profile]
            for path in sorted(set.intersection(*lacking)) if lacking else []:
                reason = f"the profile needs {path}, and no rule writes it"
                yield _Finding(message.event, *self._beside(message, root, path), reason, reason)
        for demanded in self._profiles.demanded(message.event):
            if demanded not in {message.roots[root] for root in spots}:
                reason = f"the profile needs a {demanded} in the message, and no rule writes one"
                yield _Finding(message.event, message.file, message.line, reason, reason)

    def _beside(self, message: Surveyed, root: str, path: str) -> tuple[Path, int | None]:
        """File and line of the first rule that writes into what lacks a path; else of the first of its resource."""
        parent, found = path.rpartition(".")[0], None
        for rule in message.rules:
            if rule.fhir is None or rule.fhir.origin.root != root or "fhir" not in rule.sides:
                continue
            found = found or rule
            label = self._profiles.label(rule.fhir.origin.resource, rule.fhir.steps)
            if label == parent or label.startswith(f"{parent}."):
                return rule.file, rule.line
        return (found.file, found.line) if found else (message.file, message.line)


def _words(kind: Type | None) -> str:
    """What a type of the XSD asks for."""
    return f": {kind.words}" if kind is not None and kind.words else ""


def _beginnings(place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (place[:length] for length in range(1, len(place) + 1))


def _type(schema: RecordSchema, kind: Type, place: tuple[str, ...]) -> Type | None:
    found: Type | None = kind
    for name in place:
        if found is None or name not in found.children:
            return None
        found = schema.types.get(found.children[name].type)
    return found
