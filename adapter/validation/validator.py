"""The public validator: R4's base, profiles, terminology and invariants."""

import codecs
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from adapter import definitions as packages_of
from adapter.definitions import Definitions
from adapter.definitions.core import KEY as CORE
from adapter.definitions.terminology import Terminology
from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir import xml as fhir_xml
from adapter.fhir.elements import Table, table
from adapter.fhir.json import MAX_DEPTH
from adapter.fhir.outcomes import Issue
from adapter.support.clock import Clock, SystemClock, swedish_day
from adapter.support.errors import DefinitionsError, ParseError
from adapter.validation import beyond, rules
from adapter.validation.beyond import Beyond
from adapter.validation.engine import Engine
from adapter.validation.extensions import Unknown
from adapter.validation.library import Library
from adapter.validation.references import Severity
from adapter.validation.run import Enough, Frame, Run
from adapter.validation.suppressions import Suppressions
from adapter.validation.vocabulary import Displays, Remote, Vocabulary

Format = Literal["json", "xml"]
NO_PROFILES: Mapping[tuple[str, int], str] = {}


class TerminologyServer(Remote, Protocol):
    """A terminology server and its name, for people."""

    @property
    def host(self) -> str:
        """Host and port."""


@dataclass(frozen=True)
class Outcome:
    """A verdict. The first issue says what it rests on: packages, versions, settings."""

    issues: list[Issue]

    @property
    def valid(self) -> bool:
        """Whether no issue is an error."""
        return not outcomes.errors(self.issues)

    def to_fhir(self) -> dict[str, Any]:
        """The verdict as an OperationOutcome."""
        return outcomes.to_fhir(self.issues)


class Validator:
    """Validates resources. Build one with `load`, keep it, and use it from any thread."""

    def __init__(
        self,
        types: Table,
        known: Definitions,
        extra: int,
        unknown_extensions: Unknown,
        wrong_displays: Displays,
        *,
        suppressions: Suppressions | None,
        terminology: TerminologyServer | None,
        clock: Clock,
        best_practice: bool,
        typed_references: Severity,
        also: Collection[Beyond],
    ) -> None:
        vocabulary = Vocabulary(Terminology(known), terminology, wrong_displays)
        self.definitions = known
        """The packages' resources, as loaded."""
        self._engine = Engine(
            types,
            Library(known),
            vocabulary,
            unknown_extensions,
            best_practice=best_practice,
            typed_references=typed_references,
        )
        self._also = frozenset(also)
        self._suppressions = suppressions
        self._clock = clock
        names = [types.package, *(package.key for package in known.packages if package.key != types.package)]
        added = f", {extra} definitions given" if extra else ""
        missing = f" Not installed: {'; '.join(known.warnings)}." if known.warnings else ""
        left = "" if terminology is None else f" and {terminology.host} does not decide on"
        asked = "" if terminology is None else f" Terminology server: {terminology.host}."
        unchecked = "" if best_practice else "best practice (dom-6), "
        self._settings = rules.SETTINGS.issue(
            f"discharge-adapter {version('discharge-adapter')} checked FHIR 4.0.1: structure, terminology, invariants "
            f"and profiles. Packages: {', '.join(names)}{added}.{missing}{asked} Not checked: {unchecked}"
            f"codes of systems that no package holds{left}. Unknown extensions: {unknown_extensions}. "
            f"Wrong displays: {wrong_displays}. Types named by references: {typed_references}"
            + (f". Also checked: {', '.join(sorted(also))}" if also else "")
        )

    @classmethod
    def load(
        cls,
        packages: Sequence[str] = ("hl7.fhir.r4.core#4.0.1",),
        definitions: Iterable[dict[str, Any] | bytes] = (),
        unknown_extensions: Unknown = "information",
        wrong_displays: Displays = "error",
        suppressions: Path | Suppressions | None = None,
        terminology: TerminologyServer | None = None,
        clock: Clock | None = None,
        best_practice: bool = False,
        typed_references: Severity = "error",
        also: Collection[Beyond] = (),
    ) -> Self:
        """A validator with the definitions of installed packages (`id#version`) and those given, as parsed resources or
        as FHIR JSON or XML; R4's core package is always among them. `unknown_extensions`: how grave it is that an
        extension's definition is in none of them: "information", since FHIR tells a receiver to take such content, or
        "error", to test what a sender sends. `wrong_displays`: that a code has another display in its code system, an
        "error", as a reader may be misled, or a "warning", as where content in other languages is taken.
        `suppressions`: a file of reviewed suppressions. `terminology` is asked what the packages cannot decide.
        `best_practice`: R4's recommendations are warnings: that a resource has a narrative (dom-6). `typed_references`:
        that the URL of a reference which leads out of the content names a type that may not stand there. `also`: what
        R4 does not forbid, as errors (`adapter.validation.beyond`).
        Raises DefinitionsError where a package is not installed or a definition cannot be read, ConfigurationError
        where the suppressions are wrong."""
        extra = [_definition(written) for written in definitions]
        clock = clock or SystemClock()
        if isinstance(suppressions, Path):
            suppressions = Suppressions.load(suppressions, swedish_day(clock.now()))
        return cls(
            table(),
            packages_of.load([CORE, *packages], extra),
            len(extra),
            unknown_extensions,
            wrong_displays,
            suppressions=suppressions,
            terminology=terminology,
            clock=clock,
            best_practice=best_practice,
            typed_references=typed_references,
            also=also,
        )

    def validate(
        self,
        resource: dict[str, Any] | bytes,
        profile: str | Sequence[str] | None = None,
        format: Format = "json",  # noqa: A002
        related: Iterable[dict[str, Any] | bytes] = (),
        entry_profiles: Mapping[tuple[str, int], str] = NO_PROFILES,
    ) -> Outcome:
        """The verdict on a parsed resource, or on bytes of the format; `profile` is the canonical to validate against,
        or several. `related`: resources outside of it that its references may lead to by `[type]/[id]`; they are held
        against what the references demand. `entry_profiles`: canonicals for entries of a Bundle, by type and the place
        among those of that type, from 0.

        Raises nothing for what a resource is: bytes that cannot be read are an issue like any other. Raises
        DefinitionsError where one of the `related` cannot be read.
        """
        misfits: list[fhir_xml.Misfit] = []
        if isinstance(resource, bytes):
            try:
                resource = fhir_xml.parse(resource, misfits=misfits) if format == "xml" else fhir_json.parse(resource)
            except ParseError as error:
                return Outcome([self._settings, *map(_misfit, misfits), rules.READABLE.issue(str(error))])
        asked = (profile,) if isinstance(profile, str) else tuple(profile or ())
        given = [_related(each, self._engine.table) for each in related]
        found = [*map(_misfit, misfits), *self._issues(resource, asked, given, entry_profiles)]
        if self._suppressions is None:
            return Outcome([self._settings, *found])
        today = swedish_day(self._clock.now())
        told = f"{self._settings.message}. Suppressions in effect: {self._suppressions.active(today)}"
        return Outcome([replace(self._settings, message=told), *self._suppressions.apply(found, resource, today)])

    def _issues(
        self,
        resource: Any,
        asked: tuple[str, ...],
        related: Sequence[dict[str, Any]],
        entry_profiles: Mapping[tuple[str, int], str],
    ) -> list[Issue]:
        named = resource.get("resourceType") if isinstance(resource, dict) else None
        root = named if isinstance(named, str) and named in self._engine.table.resources else "Resource"
        run = Run(root)
        if (resource.__class__ is dict or resource.__class__ is list) and _is_deeper(resource, MAX_DEPTH):
            run.report(rules.DEPTH, f"nested deeper than {MAX_DEPTH} levels", None)
            return run.issues
        try:
            walked = self._engine.root(resource, run, related)
            if walked:
                for canonical in asked:
                    self._engine.against(canonical, resource, run)
                if entry_profiles:
                    self._of_entries(entry_profiles, walked, run)
                self._engine.claims(run, asked)
                if self._also:
                    beyond.check(walked, self._also, run)
        except Enough:
            run.issues = run.verdict
        found = list(dict.fromkeys(run.issues))
        return [*found, run.ending] if run.ending else found

    def _of_entries(self, wanted: Mapping[tuple[str, int], str], walked: list[Frame], run: Run) -> None:
        entries = [each for each in walked if each.entry is not None and not each.is_contained]
        for (type_, place), canonical in wanted.items():
            found = [each for each in entries if each.type == type_]
            if 0 <= place < len(found):
                self._engine.against(canonical, found[place].resource, run, found[place].path)
            else:
                words = f"{len(found)} entries are a {type_}: expected one at {place}, to be held against a profile"
                run.report(rules.PROFILE_TYPE, words, None, canonical)


def _misfit(found: fhir_xml.Misfit) -> Issue:
    line = "" if found.line is None else f" (line {found.line})"
    return rules.XML_MISFIT.issue(found.reason + line, found.place)


def _definition(written: dict[str, Any] | bytes, what: str = "a definition") -> dict[str, Any]:
    if isinstance(written, dict):
        return written
    written = written.removeprefix(codecs.BOM_UTF8)  # many publishers' files begin with it
    try:
        if written.lstrip().startswith(b"<"):
            return fhir_xml.parse(written, ordered=False, bounded=False)
        return fhir_json.parse(written, bounded=False)
    except ParseError as error:
        raise DefinitionsError(f"{what} cannot be read: {error}") from error


def _related(written: dict[str, Any] | bytes, types: Table) -> dict[str, Any]:
    found = _definition(written, "a related resource")
    if found.get("resourceType") not in types.resources:
        raise DefinitionsError("a related resource is of no type of R4: expected a resource")
    return found


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            inner
            for each in level
            for inner in (each.values() if each.__class__ is dict else each)
            if inner.__class__ is dict or inner.__class__ is list
        ]
        if not level:
            return False
    return any(level)
