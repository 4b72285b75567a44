"""Regular expressions that cannot run away.

How many ways a backtracking matcher may try on a text is reckoned from the pattern before it runs. Where they are few,
as of nearly all patterns, Python's matcher takes it. Else the pattern is run as an automaton, in time linear in the
text; what only a backtracking matcher can do (references to groups, look-around) is refused in it.
"""

import importlib
import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from adapter.fhirpath.arithmetic import MAX_TEXT
from adapter.fhirpath.automaton import Automaton, TooLarge, Unsupported
from adapter.fhirpath.errors import FhirPathError

_parser: Any = importlib.import_module("re._parser")
_constants: Any = importlib.import_module("re._constants")

_MAX_PATTERN = 5000
MAX_MATCHED = 1024 * 1024
"""Characters of a text that is matched: FHIR's own limit for texts."""
_QUICK = 2_000_000
"""Steps that Python's matcher may take before an automaton is quicker."""
_SHORT = (1000, 100)
_MOST = 10 * _QUICK
"""Steps that it may take where there can be no automaton: about a second."""
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "": re.DOTALL}
_NAMED_GROUP = re.compile(r"\(\?<([A-Za-z_][A-Za-z0-9_]*)>")
_GROUP = re.compile(r"\\(.)|\$(?:\{([A-Za-z_][A-Za-z0-9_]*|[0-9]{1,2})\}|([0-9]))", re.DOTALL)

_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)


class Pattern:
    """A compiled pattern: `search` and `fullmatch` in bounded time; `replace` for patterns that cannot run away."""

    def __init__(self, pattern: str, flags: str) -> None:
        if len(pattern) > _MAX_PATTERN:
            raise FhirPathError(f"a regular expression may have {_MAX_PATTERN} characters")
        combined = re.DOTALL
        for flag in flags:
            if flag not in _FLAGS:
                raise FhirPathError("the flags of a regular expression are i (any case), m (lines) and s")
            combined |= _FLAGS[flag]
        source = _NAMED_GROUP.sub(r"(?P<\1>", pattern)
        try:
            with warnings.catch_warnings():
                # Of what Python may once read otherwise: FHIR's patterns are XML Schema's, and mean what they say.
                warnings.simplefilter("ignore")
                self._tree = _parser.parse(source, combined)
                self._compiled = re.compile(source, combined)
        except (re.error, RecursionError, OverflowError):
            raise FhirPathError("this is not a regular expression that can be used here") from None
        self._flags = self._compiled.flags
        self._short = next((size for size in _SHORT if self._steps(size, whole=False) <= _QUICK), 0)
        """Texts of up to so many characters are quick."""
        self._automata: dict[bool, Automaton | None] = {}

    def quick(self, length: int) -> Callable[[str], object] | None:
        """Tells whether some part of a text of up to that many characters matches; None where that may take long."""
        return self._compiled.search if length <= self._short else None

    def search(self, text: str) -> bool:
        """Whether some part of the text matches. Raises FhirPathError where that would take too long."""
        return self._matches(text, whole=False)

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text matches. Raises FhirPathError where that would take too long."""
        return self._matches(text, whole=True)

    def replace(self, text: str, substitution: str) -> str:
        """The text with each match replaced; `$1` and `${name}` in the substitution stand for groups."""
        if self._steps(len(text), whole=False) > _MOST:
            raise FhirPathError(
                "this regular expression may take unbounded time on the text: replaceMatches() refuses it"
            )
        try:
            return self._compiled.sub(_substitution(substitution), text)
        except IndexError:
            raise FhirPathError("the substitution names a group that the regular expression does not have") from None

    def _matches(self, text: str, *, whole: bool) -> bool:
        steps = 0 if len(text) <= self._short else self._steps(len(text), whole=whole)
        if steps > _QUICK:
            automaton = self._automaton(whole=whole)
            if automaton is not None:
                try:
                    return automaton.accepts(text)
                except TooLarge:
                    raise FhirPathError("this regular expression takes too long on the text") from None
            if steps > _MOST:
                raise FhirPathError(
                    "this regular expression may take unbounded time on the text: it cannot be run without references "
                    "to groups, look-around or word boundaries"
                )
        return (self._compiled.fullmatch(text) if whole else self._compiled.search(text)) is not None

    def _steps(self, length: int, *, whole: bool) -> int:
        """How many steps backtracking may take at most on a text of that many characters."""
        if length > MAX_MATCHED:
            raise FhirPathError(f"a text of more than {MAX_MATCHED} characters is not matched")
        try:
            ways, width = _ways(self._tree, length), max(1, min(int(self._tree.getwidth()[0]), length))
        except RecursionError:
            raise FhirPathError("the regular expression is nested too deep") from None
        return ways * width * (1 if whole or _is_anchored(self._tree) else length)

    def _automaton(self, *, whole: bool) -> Automaton | None:
        """The pattern as an automaton; None where it asks for what only backtracking can do."""
        if whole not in self._automata:
            try:
                self._automata[whole] = Automaton(self._tree, self._flags, whole=whole)
            except Unsupported:
                self._automata[whole] = None
            except (TooLarge, RecursionError):
                raise FhirPathError("this regular expression repeats too much") from None
        return self._automata[whole]


@lru_cache(1024)
def compiled(pattern: str, flags: str = "") -> Pattern:
    """The pattern, compiled once. Raises FhirPathError where it is none."""
    return Pattern(pattern, flags)


def _substitution(text: str) -> Callable[[re.Match[str]], str]:
    made, groups = 0, text.count("$")

    def expand(match: re.Match[str]) -> str:
        def group(found: re.Match[str]) -> str:
            if found[1] is not None:
                return found[1]
            name = found[2] or found[3]
            return match[int(name) if name.isdigit() else name] or ""

        nonlocal made
        made += len(text) + (len(match[0]) + _LOOKED_UP) * groups
        if made > MAX_TEXT:
            raise FhirPathError(f"a text grows beyond {MAX_TEXT} characters")
        return _GROUP.sub(group, text)

    return expand


_ENDLESS = 1 << 60
_LOOKED_UP = 100
"""What a group in a substitution counts for, in characters: it takes time even where it is empty."""


def _ways(tree: Any, length: int) -> int:
    """In how many ways a backtracking matcher may try the pattern at one place of a text, at most; capped.

    What follows each other multiplies, alternatives add up, and a repetition raises what it repeats to its power.
    """
    ways = 1
    for operator, argument in tree:
        ways = min(ways * _ways_of(operator, argument, length), _ENDLESS)
    return ways


def _ways_of(operator: Any, argument: Any, length: int) -> int:
    if operator in _REPEATS:
        low, high, body = argument
        inner, most = _ways(body, length), min(int(high), length)
        if inner > 1 and high > 1:
            return _ENDLESS if most * inner.bit_length() > 60 else max(inner ** max(most, 1), 2)
        return inner if low == high else inner + min(int(high) - low, length)
    if operator is _constants.SUBPATTERN:
        return _ways(argument[3], length)
    if operator is _constants.BRANCH:
        return sum(_ways(branch, length) for branch in argument[1])
    if operator in (_constants.ASSERT, _constants.ASSERT_NOT):
        return _ways(argument[1], length)
    if operator is _constants.ATOMIC_GROUP:
        return _ways(argument, length)
    return _ENDLESS if operator is _constants.GROUPREF_EXISTS else 1


def _is_anchored(tree: Any) -> bool:
    """Whether a match can only begin where the text does."""
    multiline = tree.state.flags & re.MULTILINE
    first = (_constants.AT, _constants.AT_BEGINNING)
    return bool(tree.data) and (
        tree.data[0] == (_constants.AT, _constants.AT_BEGINNING_STRING) or (tree.data[0] == first and not multiline)
    )
