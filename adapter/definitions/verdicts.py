"""What can be said of a code: yes, no, or not decidable here and why; and how such answers combine."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple


class Verdict(NamedTuple):
    """Whether a code is a member. `result` None: it cannot be decided locally, and `reason` says why.

    `reason` is a sentence for the receiver, empty for a plain yes. `display` is a right display of the code where one
    was given that is not among those that are known; it does not make the result False.
    """

    result: bool | None
    reason: str = ""
    display: str | None = None


YES = Verdict(True)
NO = Verdict(False)

Test = Callable[[str | None, str], Verdict]
"""Decides on system (None: that of the value set, as for an element of type code) and code. A plain NO has no reason:
who asks knows the value set's name."""


class Finite:
    """Membership in known sets of codes. In the systems `folded`, case is not told apart: their codes are lower case"""

    def __init__(self, sets: Mapping[str, frozenset[str]], folded: frozenset[str] = frozenset()) -> None:
        self.sets = sets
        self.folded = folded
        self._any = frozenset[str]().union(*sets.values())

    def __call__(self, system: str | None, code: str) -> Verdict:
        if system is None:
            return YES if code in self._any or (self.folded and code.lower() in self._any) else NO
        codes = self.sets.get(system)
        if codes is None:
            return NO
        return YES if (code.lower() if system in self.folded else code) in codes else NO


class Undecided:
    """No code of the system can be decided on, and why; of other systems none is a member."""

    def __init__(self, system: str | None, reason: str) -> None:
        self._system = system
        self._verdict = Verdict(None, reason)

    def __call__(self, system: str | None, code: str) -> Verdict:  # noqa: ARG002 - called as all others are
        return self._verdict if None in (self._system, system) or system == self._system else NO


class Cyclic(Undecided):
    """A value set that imports itself."""

    cyclic = True


class Joined:
    """A test made of others. What it says depends on the cycle that one of them met."""

    def __init__(self, tests: Iterable[Test]) -> None:
        self.tests = tuple(tests)

    @property
    def cyclic(self) -> bool:
        return any(is_cyclic(test) for test in self.tests)


class AnyOf(Joined):
    """Member of at least one."""

    def __call__(self, system: str | None, code: str) -> Verdict:
        undecided = None
        for test in self.tests:
            verdict = test(system, code)
            if verdict.result:
                return verdict
            if verdict.result is None and undecided is None:
                undecided = verdict
        return undecided or NO


class AllOf(Joined):
    """Member of every one."""

    def __call__(self, system: str | None, code: str) -> Verdict:
        undecided = None
        for test in self.tests:
            verdict = test(system, code)
            if verdict.result is False:
                return verdict
            if verdict.result is None and undecided is None:
                undecided = verdict
        return undecided or YES


class Without(Joined):
    """Member of the first and not of the second."""

    def __call__(self, system: str | None, code: str) -> Verdict:
        included = self.tests[0](system, code)
        if included.result is False:
            return included
        excluded = self.tests[1](system, code)
        if excluded.result:
            return NO
        return included if excluded.result is False else excluded


class Fallback(Joined):
    """The second, where the first cannot decide."""

    def __call__(self, system: str | None, code: str) -> Verdict:
        verdict = self.tests[0](system, code)
        return verdict if verdict.result is not None else self.tests[1](system, code)


def is_cyclic(test: Test) -> bool:
    """Whether what the test says depends on where in a circle of imports the question began."""
    return getattr(test, "cyclic", False)


def any_of(tests: list[Test]) -> Test:
    """Member of at least one; known sets become one set."""
    finite = [test for test in tests if isinstance(test, Finite)]
    others = [test for test in tests if not isinstance(test, Finite)]
    if not finite:
        return others[0] if len(others) == 1 else AnyOf(others)
    folded = frozenset[str]().union(*(test.folded for test in finite))
    sets: dict[str, frozenset[str]] = {}
    for test in finite:
        for system, codes in test.sets.items():
            same_case = system not in folded or system in test.folded
            sets[system] = sets.get(system, frozenset()) | (codes if same_case else {code.lower() for code in codes})
    merged = Finite(sets, folded)
    return merged if not others else AnyOf([merged, *others])


def all_of(tests: list[Test]) -> Test:
    """Member of every one; known sets become one set."""
    if len(tests) == 1:
        return tests[0]
    finite = [test for test in tests if isinstance(test, Finite)]
    if len(finite) == len(tests):
        return _kept(finite[0], lambda system, code: all(test(system, code).result for test in tests[1:]))
    return AllOf(tests)


def without(included: Test, excluded: Test) -> Test:
    """Member of the first and not of the second; known sets become one set."""
    finite = [test for test in (included, excluded) if isinstance(test, Finite)]
    if len(finite) == 2:
        return _kept(finite[0], lambda system, code: not excluded(system, code).result)
    return Without([included, excluded])


def _kept(finite: Finite, keep: Callable[[str, str], bool | None]) -> Finite:
    sets = {system: frozenset(code for code in codes if keep(system, code)) for system, codes in finite.sets.items()}
    return Finite(sets, finite.folded)
