"""Regular expressions as automata: time linear in the text, whatever the pattern.

Built from the tree of Python's own parser: states of a nondeterministic automaton, run as sets of states that are
computed when first met.
"""

import importlib
import re
from collections.abc import Callable
from typing import Any

_constants: Any = importlib.import_module("re._constants")

_MAX_STATES = 20_000
_MAX_KEPT = 500_000
"""States in the sets that are kept."""
_MAX_WORK = 300_000
"""States that one text may lead through: about a second."""

Test = Callable[[str], bool]


class Unsupported(Exception):  # noqa: N818 - says what the pattern is, not that something went wrong
    """The pattern asks for what an automaton does not do."""


class TooLarge(Exception):  # noqa: N818 - likewise
    """The pattern's repetitions make too many states, or a text leads through too many of them."""


class Automaton:
    """Accepts the texts that the pattern matches: all of the text if `whole`, else any part."""

    def __init__(self, tree: Any, flags: int, *, whole: bool) -> None:
        if flags & (re.MULTILINE | re.ASCII):
            raise Unsupported
        self._flags = flags
        self._whole = whole
        self._steps: list[tuple[Test, int] | None] = []
        self._free: list[list[int]] = []
        self._needs_start: set[int] = set()
        self._needs_end: set[int] = set()
        self._start = self._state()
        self._end = self._sequence(tree, self._start)
        self._sets: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._kept = 0

    def accepts(self, text: str) -> bool:
        """Whether the text matches. Raises TooLarge where telling it would take too long."""
        work = 0
        current = self._closure({self._start}, at_start=True, at_end=not text)
        final = len(text) - 1
        for place, character in enumerate(text):
            if not self._whole and self._end in current:
                return True
            key = (current, character)
            found = None if place == final else self._sets.get(key)
            if found is None:
                found = self._follow(current, character, last=place == final)
                work += len(current) + len(found) + 1
                if work > _MAX_WORK:
                    raise TooLarge
                if place != final:
                    self._keep(key, found)
            current = found
            if not current:
                return False
        return self._end in current

    def _follow(self, current: frozenset[int], character: str, *, last: bool) -> frozenset[int]:
        steps = (self._steps[state] for state in current)
        targets = {step[1] for step in steps if step is not None and step[0](character)}
        if not self._whole:
            # A match may begin after any character.
            targets.add(self._start)
        return self._closure(targets, at_start=False, at_end=last)

    def _keep(self, key: tuple[frozenset[int], str], found: frozenset[int]) -> None:
        self._kept += len(key[0]) + len(found) + 10
        if self._kept > _MAX_KEPT:
            self._sets.clear()
            self._kept = 0
        self._sets[key] = found

    def _closure(self, states: set[int], *, at_start: bool, at_end: bool) -> frozenset[int]:
        found: set[int] = set()
        pending = list(states)
        while pending:
            state = pending.pop()
            if state in found:
                continue
            if (state in self._needs_start and not at_start) or (state in self._needs_end and not at_end):
                continue
            found.add(state)
            pending.extend(self._free[state])
        return frozenset(found)

    def _state(self) -> int:
        if len(self._free) >= _MAX_STATES:
            raise TooLarge
        self._steps.append(None)
        self._free.append([])
        return len(self._free) - 1

    def _sequence(self, tree: Any, start: int) -> int:
        for operator, argument in tree:
            start = self._element(operator, argument, start)
        return start

    def _element(self, operator: Any, argument: Any, start: int) -> int:
        if operator is _constants.BRANCH:
            end = self._state()
            for branch in argument[1]:
                first = self._state()
                self._free[start].append(first)
                self._free[self._sequence(branch, first)].append(end)
            return end
        if operator is _constants.SUBPATTERN:
            _, added, removed, body = argument
            if added or removed:
                raise Unsupported
            return self._sequence(body, start)
        if operator in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            low, high, body = argument
            return self._repeat(low, high, body, start)
        if operator is _constants.AT:
            return self._anchor(argument, start)
        test, end = self._test(operator, argument), self._state()
        self._steps[start] = (test, end)
        return end

    def _repeat(self, low: int, high: Any, body: Any, start: int) -> int:
        for _ in range(low):
            start = self._sequence(body, start)
        if high is _constants.MAXREPEAT:
            first = self._state()
            self._free[start].append(first)
            inner, end = self._state(), self._state()
            self._free[first] += [inner, end]
            self._free[self._sequence(body, inner)].append(first)
            return end
        end = self._state()
        for _ in range(int(high) - low):
            self._free[start].append(end)
            inner = self._state()
            self._free[start].append(inner)
            start = self._sequence(body, inner)
        self._free[start].append(end)
        return end

    def _anchor(self, place: Any, start: int) -> int:
        state = self._state()
        if place in (_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING):
            self._needs_start.add(state)
        elif place in (_constants.AT_END, _constants.AT_END_STRING):
            self._needs_end.add(state)
        else:
            raise Unsupported
        self._free[start].append(state)
        end = self._state()
        self._free[state].append(end)
        return end

    def _test(self, operator: Any, argument: Any) -> Test:
        ignoring = bool(self._flags & re.IGNORECASE)
        if operator is _constants.ANY:
            return (lambda _: True) if self._flags & re.DOTALL else (lambda character: character != "\n")
        if operator in (_constants.LITERAL, _constants.NOT_LITERAL):
            wanted = chr(argument)
            wanted = wanted.lower() if ignoring else wanted
            same = operator is _constants.LITERAL
            return lambda character: ((character.lower() if ignoring else character) == wanted) is same
        if operator is _constants.IN:
            return _character_class(argument, ignoring=ignoring)
        raise Unsupported


_CATEGORIES: dict[Any, Test] = {
    _constants.CATEGORY_DIGIT: str.isdecimal,
    _constants.CATEGORY_NOT_DIGIT: lambda character: not character.isdecimal(),
    _constants.CATEGORY_SPACE: str.isspace,
    _constants.CATEGORY_NOT_SPACE: lambda character: not character.isspace(),
    _constants.CATEGORY_WORD: lambda character: character.isalnum() or character == "_",
    _constants.CATEGORY_NOT_WORD: lambda character: not (character.isalnum() or character == "_"),
}


def _character_class(members: Any, *, ignoring: bool) -> Test:
    tests: list[Test] = []
    negated = False
    for operator, argument in members:
        if operator is _constants.NEGATE:
            negated = True
        elif operator is _constants.LITERAL:
            tests.append(chr(argument).__eq__)
        elif operator is _constants.RANGE:
            tests.append(_range(*argument))
        else:
            tests.append(_CATEGORIES[argument])

    def test(character: str) -> bool:
        forms = (character, character.lower(), character.upper()) if ignoring else (character,)
        return any(each(form) for each in tests for form in forms) is not negated

    return test


def _range(low: int, high: int) -> Test:
    return lambda character: len(character) == 1 and low <= ord(character) <= high
