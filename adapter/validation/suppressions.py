"""Reviewed suppressions: findings that a site has looked at and lives with for a while, each with a reason and an end.

A suppressed finding is never gone: it becomes information that says so, why, and until when.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, ValidationInfo, field_validator

from adapter.fhir.outcomes import Issue
from adapter.support import checked, yaml
from adapter.support.errors import ConfigurationError, Problem
from adapter.validation import rules

LONGEST = timedelta(days=366)
"""How far ahead a suppression may end: it is looked at again at least once a year."""

SOON = timedelta(days=30)
"""How long before its end a suppression is told of."""

_INVARIANTS = frozenset({rules.INVARIANT.id, rules.PROFILE_INVARIANT.id})
_NEVER = frozenset(
    rule.id
    for rule in (
        *(rules.READABLE, rules.XML_MISFIT, rules.DEPTH, rules.UNKNOWN_RESOURCE),
        *(rules.NARRATIVE, rules.NARRATIVE_CONTENT),
    )
) | frozenset(rule_id for rule_id in rules.RULES if rule_id.startswith(("msg-", "validation-")))
"""Who sends, to whom, about whom; what cannot be read; what a reader's browser would run; the verdict itself."""

_INDEX = re.compile(r"\[\d+\]")
_STEP = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")
_EXPRESSION = re.compile(r"[A-Z][A-Za-z]*(?:\.[a-z][A-Za-z0-9]*)*")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Suppression(BaseModel):
    """One entry. `expression` is a place without indices, from the message or from the nearest resource on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    invariant: Text | None = None
    profile: Text | None = None
    expression: str
    reason: Text
    reviewed_by: Text
    expires: date

    @field_validator("rule")
    @classmethod
    def _may_be_suppressed(cls, rule: str) -> str:
        if rule not in rules.RULES:
            raise ValueError(f"there is no rule {rule!r}{checked.nearest(rule, rules.RULES)}")
        if rule in _NEVER:
            raise ValueError(f"{rule} cannot be suppressed")
        return rule

    @field_validator("invariant")
    @classmethod
    def _belongs(cls, invariant: str | None, known: ValidationInfo) -> str | None:
        if invariant is not None and known.data.get("rule", invariant) not in (*_INVARIANTS, invariant):
            raise ValueError(f"goes with {' or '.join(sorted(_INVARIANTS))} only")
        return invariant

    @field_validator("expression")
    @classmethod
    def _is_place(cls, expression: str) -> str:
        if not _EXPRESSION.fullmatch(expression):
            raise ValueError("expected a place without indices, such as Patient.telecom.value")
        return expression

    def covers(self, issue: Issue, places: frozenset[str]) -> bool:
        """Whether an issue at any of the places is this one."""
        return (
            issue.rule == self.rule
            and self.expression in places
            and self.profile in (None, issue.profile, issue.profile.partition("|")[0])
            and (self.invariant is None or issue.message.startswith(f"{self.invariant}: "))
        )


@dataclass(frozen=True)
class Entry:
    """A suppression and the line that it begins on."""

    suppression: Suppression
    line: int | None


class Suppressions:
    """The suppressions of a file. Days are days in Sweden; the last one counts."""

    def __init__(self, file: Path, entries: tuple[Entry, ...], digest: str) -> None:
        self.file = file
        self.entries = entries
        self.digest = digest
        """sha256 (hex) of the file"""

    @classmethod
    def load(cls, file: Path, today: date) -> Self:
        """The suppressions in a YAML file. One that has ended is kept, to be told of, and has no effect.

        Raises ConfigurationError with file and line of everything that is wrong.
        """
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise ConfigurationError([Problem(file, None, f"cannot be read: {error.strerror}")]) from error
        data, lines = yaml.parse(raw, file)
        given = data.get("suppressions") if isinstance(data, dict) and data.keys() == {"suppressions"} else None
        if not isinstance(given, list):
            raise ConfigurationError([Problem(file, 1, "expected one list, named suppressions")])
        entries: list[Entry] = []
        problems: list[Problem] = []
        for index, entry in enumerate(given):
            place = ("suppressions", index)
            try:
                found = Suppression.model_validate(entry)
            except ValidationError as error:
                problems += checked.problems(error, Suppression, file, lines.of, place)
                continue
            entries.append(Entry(found, lines.of(place)))
            for name, reason in _faults(found, today):
                problems.append(Problem(file, lines.of((*place, name)), f"{name}: {reason}"))
        if problems:
            raise ConfigurationError(problems)
        return cls(file, tuple(entries), hashlib.sha256(raw).hexdigest())

    def apply(self, issues: list[Issue], resource: Any, today: date) -> list[Issue]:
        """The issues, those that are suppressed as information."""
        active = [entry.suppression for entry in self.entries if entry.suppression.expires >= today]
        return [_softened(issue, resource, active) for issue in issues] if active else issues

    def active(self, today: date) -> int:
        """How many have an effect."""
        return sum(entry.suppression.expires >= today for entry in self.entries)

    def ending(self, today: date) -> list[Problem]:
        """Those that have ended, and those that end soon."""
        found = []
        for entry in self.entries:
            expires, rule = entry.suppression.expires, entry.suppression.rule
            if expires < today:
                reason = f"the suppression of {rule} ended on {expires} and has no effect: mend the cause, or review it"
            elif expires - today <= SOON:
                reason = f"the suppression of {rule} ends on {expires}: mend the cause by then, or review it"
            else:
                continue
            found.append(Problem(self.file, entry.line, reason))
        return found


def _faults(found: Suppression, today: date) -> list[tuple[str, str]]:
    faults = []
    if found.rule in _INVARIANTS and found.invariant is None:
        faults.append(("invariant", f"is missing: {found.rule} is of all invariants, name the one by its key"))
    if found.expires - today > LONGEST:
        latest = today + LONGEST
        faults.append(("expires", f"{found.expires} is more than a year ahead: expected {latest} at the latest"))
    return faults


def _softened(issue: Issue, resource: Any, active: list[Suppression]) -> Issue:
    if issue.severity == "information" or not issue.expression:
        return issue
    candidates = [each for each in active if each.rule == issue.rule]
    if not candidates:
        return issue
    places = _places(issue.expression[0], resource)
    found = next((each for each in candidates if each.covers(issue, places)), None)
    if found is None:
        return issue
    told = f"{issue.message} (suppressed until {found.expires}, reviewed by {found.reviewed_by}: {found.reason})"
    return replace(issue, severity="information", message=told, suppressed=True)


def _places(expression: str, resource: Any) -> frozenset[str]:
    """A place without indices: as it is, and from the nearest resource around it on."""
    found = {_INDEX.sub("", expression)}
    steps = _STEP.findall(expression)[1:]
    value, nearest, below = resource, "", []
    for position, (name, index) in enumerate(steps):
        value = value.get(name) if isinstance(value, dict) else None
        if index and isinstance(value, list):
            value = value[int(index)] if int(index) < len(value) else None
        if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
            nearest, below = value["resourceType"], [step for step, _ in steps[position + 1 :]]
    return frozenset(found | {".".join((nearest, *below))}) if nearest else frozenset(found)
