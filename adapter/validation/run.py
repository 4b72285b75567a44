"""One validation: where it is, what it found, and what bounds it."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from adapter.fhir.outcomes import Issue, Rule
from adapter.fhirpath.work import Work
from adapter.validation import rules
from adapter.validation.groups import Group

MAX_ISSUES = 1000
"""What is listed of a resource: a hostile one must not become a larger answer. Validation stops there if an error is
among them, else at the next error."""

_ERRORS = ("error", "fatal")

MAX_TRIALS = 100_000
"""How often content may be held against a profile to see whether it fits, before validation stops."""

Path = tuple["Path", "str | int"] | None
"""A place: its parent's and the last step. None is the resource that is validated. Steps are made when compiling."""

Check = Callable[[Any, "Run", Path], None]
"""Reports what is wrong with a value at a place."""

Clean = Callable[[Any, "Run"], None]
"""Raises Unclean where something may be wrong with a value."""

_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9]{0,63}")


class Enough(Exception):  # noqa: N818 - not an error: the end of a walk
    """The walk has found as many issues as are listed, or tried as much as is tried."""


class Unclean(Exception):  # noqa: N818 - not an error: what may be wrong is explained
    """Something may be wrong with what is only looked at."""


class Needing:
    """A check that has nothing to say of objects that lack one of some members."""

    __slots__ = ("check", "names", "pairs")

    def __init__(self, check: Check, names: Iterable[str]) -> None:
        self.check = check
        self.names = frozenset(names)
        self.pairs = tuple((name, f"_{name}") for name in sorted(self.names))

    def __call__(self, value: Any, run: "Run", path: Path) -> None:
        if value.__class__ is dict:
            for name, extra in self.pairs:
                if name not in value and extra not in value:
                    return
        self.check(value, run, path)


class Frame:
    """A resource that the walk is in. `outer` is the resource that contains it, or itself; `bundle` is what references
    of the resource are resolved in, `entry` the entry that it is of and `full_url` that entry's, `holder` the resource
    around it."""

    __slots__ = (
        "bundle",
        "contained",
        "entry",
        "full_url",
        "group",
        "holder",
        "ids",
        "is_contained",
        "outer",
        "path",
        "references",
        "resource",
        "scope",
        "type",
    )

    def __init__(self, resource: dict[str, Any], type_: str, path: Path) -> None:
        self.resource = resource
        self.type = type_
        self.path = path
        self.outer: Frame = self
        self.is_contained = False
        self.contained: dict[str, dict[str, Any]] = {}
        self.ids: set[str] = set()
        self.references: list[tuple[str, Path]] = []
        self.bundle: Group | None = None
        self.group: Group | None = None
        self.entry: dict[str, Any] | None = None
        self.full_url: str | None = None
        self.holder: Frame | None = None
        self.scope: Any = None


class Run:
    """The state of one validation. Not for more than one thread."""

    __slots__ = (
        "claims",
        "ending",
        "environment",
        "fits",
        "frame",
        "frames",
        "is_trying",
        "issues",
        "links",
        "open",
        "root",
        "trials",
        "verdict",
        "work",
    )

    def __init__(self, root: str) -> None:
        self.root = root
        self.issues: list[Issue] = []
        self.verdict = self.issues
        self.ending: Issue | None = None
        self.frame = Frame({}, root, None)
        self.fits: dict[tuple[int, str], bool] = {}
        self.claims: list[tuple[Frame, str, int]] = []
        self.frames: dict[int, Frame] = {}
        self.links: list[tuple[Frame, Path, set[str]]] = []
        self.open: set[tuple[int, str]] = set()
        self.trials = 0
        self.environment: Any = None
        self.work = Work()
        self.is_trying = False

    def report(self, rule: Rule, words: str, path: Path, profile: str = "", severity: str = "", code: str = "") -> None:
        """Adds a finding. `words` say what was found and expected, and hold no value of the resource."""
        if self.is_trying:
            raise Unclean
        severity = severity or rule.severity
        if len(self.issues) >= MAX_ISSUES and self.issues is self.verdict:
            self.ending = too_many()
            if severity not in _ERRORS:
                return  # a thousand hints must not hide the error after them
            if any(issue.severity in _ERRORS for issue in self.issues):
                raise Enough
        place = (self.root + expression(path),)
        self.issues.append(Issue(severity, code or rule.code, words, place, rule.id, profile))

    def is_clean(self, value: Any, clean: Clean) -> bool:
        """Whether nothing is wrong with a value; no also where that is not known. Nothing is reported."""
        left = self.work.left
        self.is_trying = True
        try:
            clean(value, self)
        except Unclean:
            self.work.left = left
            return False
        finally:
            self.is_trying = False
        return True

    @contextmanager
    def trial(self) -> Iterator[list[Issue]]:
        """Findings within go to the list that is given, not to the verdict."""
        self.trials += 1
        kept, is_trying = self.issues, self.is_trying
        if self.trials > MAX_TRIALS:
            words = f"validation stopped after {MAX_TRIALS} attempts to hold content against profiles"
            self.ending = replace(rules.STOPPED.issue(words), severity="error")  # what follows may be wrong
            raise Enough
        self.issues, self.is_trying = [], False
        try:
            yield self.issues
        finally:
            self.issues, self.is_trying = kept, is_trying


def step(name: str) -> str:
    """A member's name as a step of a path. A name that is no element's stands as `?`, for it may be anything."""
    return name if _STEP.fullmatch(name) else "?"


def expression(path: Path) -> str:
    """The FHIRPath of a place, less the type that it begins with."""
    steps: list[str] = []
    while path is not None:
        path, last = path
        steps.append(f"[{last}]" if last.__class__ is int else f".{last}")
    return "".join(reversed(steps))


def names(path: Path, until: Path) -> list[str]:
    """The steps from a place on, without indexes."""
    steps: list[str] = []
    while path is not None and path is not until:
        path, last = path
        if last.__class__ is str:
            steps.append(str(last))
    return steps[::-1]


def too_many() -> Issue:
    """What is said where not all issues are listed."""
    return rules.STOPPED.issue(f"there are more than {MAX_ISSUES} issues: no more are listed")
