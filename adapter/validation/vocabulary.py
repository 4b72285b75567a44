"""The terminology as bindings ask it: answers are kept, and hold nothing of the resource."""

from collections.abc import Callable, Sized
from typing import Any, Literal, NamedTuple, Protocol

from adapter.definitions.terminology import Terminology
from adapter.definitions.verdicts import Verdict
from adapter.validation import rules
from adapter.validation.run import Path, Run

_REMEMBERED = 50_000
_LONGEST = 1000
_DEFINED_TYPES = "http://hl7.org/fhir/ValueSet/defined-types"
_SYSTEM_TYPES = "http://hl7.org/fhirpath/System."
_VALUE_SETS = ("http://hl7.org/fhir/ValueSet/", "http://terminology.hl7.org/ValueSet/")
_NOT_LOADED = "the packages that are loaded do not hold all codes of its code system or value set"


Displays = Literal["error", "warning"]
"""How grave a display is that the code system does not have for the code."""


class Remote(Protocol):
    """A terminology server, which keeps its answers itself."""

    def member(self, valueset: str, system: str, code: str) -> Verdict:
        """Whether a code is in a value set."""


class Answer(NamedTuple):
    """Whether a code is a member; None where it cannot be decided, and why."""

    result: bool | None
    reason: str = ""


_YES, _NO, _UNDECIDED = Answer(True), Answer(False), Answer(None, _NOT_LOADED)
_ANSWERS = {True: _YES, False: _NO, None: _UNDECIDED}


class Vocabulary:
    """Keeps what a terminology said."""

    def __init__(
        self, terminology: Terminology, remote: Remote | None = None, wrong_displays: Displays = "warning"
    ) -> None:
        """`remote` is asked of codes with a system that the terminology cannot decide on."""
        self._terminology = terminology
        self._remote = remote
        self._wrong_displays: Displays = wrong_displays
        self._members: dict[tuple[str, str | None, str], Answer] = {}
        self._codings: dict[tuple[str, str, str | None], tuple[bool | None, bool]] = {}
        self._systems: dict[str, bool] = {}

    def member(self, value_set: str, system: str | None, code: str) -> Answer:
        """Whether a code is in a value set; without system, one of the value set's systems is meant."""
        key = (value_set, system, code)
        found = self._members.get(key)
        if found is None:
            found = _ANSWERS[self._ask(value_set, system, code)]
            if _has_room(self._members, *key):
                self._members[key] = found
        if found.result is None and self._remote is not None and system:
            answer = self._remote.member(value_set, system, code)
            return _ANSWERS[answer.result] if answer.result is not None else Answer(None, answer.reason)
        return found

    def contained(self, value_set: dict[str, Any]) -> Callable[[str | None, str], Answer]:
        """`member` of a ValueSet that stands in a resource."""
        test = self._terminology.test(value_set)
        return lambda system, code: _ANSWERS[test(system, code).result]

    def _ask(self, value_set: str, system: str | None, code: str) -> bool | None:
        if code.startswith(_SYSTEM_TYPES) and value_set.partition("|")[0] == _DEFINED_TYPES:
            return True  # R4's own definitions use FHIRPath's types where this value set is bound
        return self._terminology.member(value_set, system, code).result

    def coding(self, value: Any, run: Run, path: Path) -> None:
        """A Coding or Quantity by itself: its code must be one of its system, a Coding's display one of the code's."""
        if value.__class__ is not dict:
            return
        system, code, display = value.get("system"), value.get("code"), value.get("display")
        if system.__class__ is not str:
            return
        self.system(system, run, (path, "system"))
        if code.__class__ is not str:
            return
        key = (system, code, display if display.__class__ is str else None)
        found = self._codings.get(key)
        if found is None:
            found = self._look_up(*key)
            if _has_room(self._codings, *key):
                self._codings[key] = found
        known, named = found
        if known is False:
            run.report(rules.CODE_UNKNOWN, "the code system has no such code", (path, "code"))
        elif not named:
            words = "the code system has another display for the code"
            run.report(rules.CODE_DISPLAY, words, (path, "display"), severity=self._wrong_displays)

    def has_code(self, canonical: str, code: str) -> bool | None:
        """Whether a code system (`url` or `url|version`) has a code; None where that is not known."""
        system, _, version = canonical.partition("|")
        return self._terminology.known(system, code, version or None).result

    def system(self, value: Any, run: Run, path: Path) -> None:
        """The system of a code is no value set."""
        if value.__class__ is str and self._is_no_system(value):
            words = "the URL is that of a value set: expected the code system that the code is of"
            run.report(rules.SYSTEM, words, path)

    def _is_no_system(self, url: str) -> bool:
        found = self._systems.get(url)
        if found is None:
            found = self._terminology.code_system(url) is None and (
                url.startswith(_VALUE_SETS) or self._terminology.value_set(url) is not None
            )
            if _has_room(self._systems, url):
                self._systems[url] = found
        return found

    def _look_up(self, system: str, code: str, display: str | None) -> tuple[bool | None, bool]:
        known = self._terminology.known(system, code).result
        if display is None or not known:
            return known, True
        displays = {_plain(each) for each in self._terminology.displays(system, code)}
        return known, not displays or _plain(display) in displays


def _has_room(memory: Sized, *words: str | None) -> bool:
    """Whether one more answer is remembered: content may name codes without end, and of any length."""
    return len(memory) < _REMEMBERED and sum(len(word) for word in words if word) <= _LONGEST


def _plain(display: str) -> str:
    return " ".join(display.split()).casefold()
