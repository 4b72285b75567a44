"""Regular expressions that cannot run away.

A pattern in which a repetition stands inside a repetition, or several unbounded ones follow each other on overlapping
characters, may take Python's matcher exponential or high polynomial time. Such a pattern is run as an automaton
instead, in time linear in the text; what only a backtracking matcher can do (references to groups, look-around) is
refused in it. Plain patterns, nearly all, go to Python's matcher.
"""

import importlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from adapter.fhirpath.automaton import Automaton, TooLarge, Unsupported
from adapter.fhirpath.errors import FhirPathError

_parser: Any = importlib.import_module("re._parser")
_constants: Any = importlib.import_module("re._constants")

_MAX_PATTERN = 5000
_MAX_BACKTRACKING = 20_000
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
            self._tree = _parser.parse(source, combined)
            self._compiled = re.compile(source, combined)
        except (re.error, RecursionError, OverflowError):
            raise FhirPathError("this is not a regular expression that can be used here") from None
        self._risk = _risk(self._tree)
        self._flags = combined
        self._automata: dict[bool, Automaton] = {}

    def search(self, text: str) -> bool:
        """Whether some part of the text matches."""
        if self._is_quick(text):
            return self._compiled.search(text) is not None
        return self._automaton(whole=False).accepts(text)

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text matches."""
        if self._is_quick(text):
            return self._compiled.fullmatch(text) is not None
        return self._automaton(whole=True).accepts(text)

    def replace(self, text: str, substitution: str) -> str:
        """The text with each match replaced; `$1` and `${name}` in the substitution stand for groups."""
        if not self._is_quick(text):
            raise FhirPathError(
                "this regular expression may take unbounded time on the text: replaceMatches() refuses it"
            )
        try:
            return self._compiled.sub(_substitution(substitution), text)
        except IndexError:
            raise FhirPathError("the substitution names a group that the regular expression does not have") from None

    def _is_quick(self, text: str) -> bool:
        """Whether backtracking stays within bounds: its steps grow with the text to the power of the risk."""
        return self._risk <= 1 or (self._risk < _EXPONENTIAL and len(text) ** self._risk <= _MAX_BACKTRACKING * 100)

    def _automaton(self, *, whole: bool) -> Automaton:
        automaton = self._automata.get(whole)
        if automaton is None:
            try:
                automaton = self._automata[whole] = Automaton(self._tree, self._flags, whole=whole)
            except Unsupported:
                raise FhirPathError(
                    "this regular expression may take unbounded time: nested repetitions cannot be combined with "
                    "references to groups, look-around or word boundaries"
                ) from None
            except TooLarge:
                raise FhirPathError("this regular expression repeats too much") from None
        return automaton


@lru_cache(1024)
def compiled(pattern: str, flags: str = "") -> Pattern:
    """The pattern, compiled once. Raises FhirPathError where it is none."""
    return Pattern(pattern, flags)


def _substitution(text: str) -> Callable[[re.Match[str]], str]:
    def expand(match: re.Match[str]) -> str:
        def group(found: re.Match[str]) -> str:
            if found[1] is not None:
                return found[1]
            name = found[2] or found[3]
            return match[int(name) if name.isdigit() else name] or ""

        return _GROUP.sub(group, text)

    return expand


_EXPONENTIAL = 99


def _risk(tree: Any) -> int:
    """The power of the text's length that backtracking may cost beyond the first: repetitions that follow each other
    add up, one in another is exponential."""
    total = 0
    for operator, argument in tree:
        if operator in _REPEATS:
            low, high, body = argument
            inner = _risk(body)
            if high == 1 and low == 0:
                total += inner
            elif inner or (high > 1 and _is_ambiguous(body)):
                return _EXPONENTIAL
            elif high != low:
                total += 1
        elif operator is _constants.SUBPATTERN:
            total += _risk(argument[3])
        elif operator is _constants.BRANCH:
            total += max(_risk(branch) for branch in argument[1])
        elif operator in (_constants.ASSERT, _constants.ASSERT_NOT):
            total += _risk(argument[1])
        elif operator is _constants.ATOMIC_GROUP:
            total += _risk(argument)
        elif operator is _constants.GROUPREF_EXISTS:
            return _EXPONENTIAL
    return min(total, _EXPONENTIAL)


def _is_ambiguous(body: Any) -> bool:
    """Whether a repeated body has alternatives, which may match the same text in two ways."""
    for operator, argument in body:
        if operator is _constants.BRANCH or (operator in _REPEATS and argument[0] != argument[1]):
            return True
        if operator is _constants.SUBPATTERN and _is_ambiguous(argument[3]):
            return True
    return False
