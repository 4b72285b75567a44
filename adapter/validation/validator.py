"""The public validator: R4's base, profiles, terminology and invariants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal, Self

from adapter import definitions as packages_of
from adapter.definitions import Definitions
from adapter.definitions.terminology import Terminology
from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir import xml as fhir_xml
from adapter.fhir.elements import Table, table
from adapter.fhir.json import MAX_DEPTH
from adapter.fhir.outcomes import Issue
from adapter.support.errors import DefinitionsError, ParseError
from adapter.validation import rules
from adapter.validation.engine import Engine
from adapter.validation.extensions import Unknown
from adapter.validation.library import Library
from adapter.validation.run import Enough, Run, too_many

Format = Literal["json", "xml"]


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

    def __init__(self, types: Table, known: Definitions, extra: int, unknown_extensions: Unknown) -> None:
        self._engine = Engine(types, Library(known), Terminology(known), unknown_extensions)
        names = [types.package, *(package.key for package in known.packages if package.key != types.package)]
        added = f", {extra} definitions given" if extra else ""
        self._settings = rules.SETTINGS.issue(
            f"discharge-adapter {version('discharge-adapter')} checked FHIR 4.0.1: structure, terminology, invariants "
            f"and profiles. Packages: {', '.join(names)}{added}. Not checked: best practice (dom-6), codes of systems "
            f"that no package holds. Unknown extensions: {unknown_extensions}"
        )

    @classmethod
    def load(
        cls,
        packages: Sequence[str] = ("hl7.fhir.r4.core#4.0.1",),
        definitions: Iterable[dict[str, Any] | bytes] = (),
        unknown_extensions: Unknown = "information",
    ) -> Self:
        """A validator with the definitions of installed packages (`id#version`) and those given, as parsed resources or
        as FHIR JSON or XML. `unknown_extensions`: how grave it is that an extension's definition is in none of
        them: "information", since FHIR tells a receiver to take such content, or "error", to test what a sender sends.
        Raises DefinitionsError where a package is not installed or a definition cannot be read."""
        extra = [_definition(written) for written in definitions]
        return cls(table(), packages_of.load(packages, extra), len(extra), unknown_extensions)

    def validate(
        self,
        resource: dict[str, Any] | bytes,
        profile: str | Sequence[str] | None = None,
        format: Format = "json",  # noqa: A002
    ) -> Outcome:
        """The verdict on a parsed resource, or on bytes of the format; `profile` is the canonical to validate against,
        or several.

        Raises nothing for what a resource is: bytes that cannot be read are an issue like any other.
        """
        if isinstance(resource, bytes):
            try:
                resource = fhir_xml.parse(resource) if format == "xml" else fhir_json.parse(resource)
            except ParseError as error:
                return Outcome([self._settings, rules.READABLE.issue(str(error))])
        asked = (profile,) if isinstance(profile, str) else tuple(profile or ())
        return Outcome([self._settings, *self._issues(resource, asked)])

    def _issues(self, resource: Any, asked: tuple[str, ...]) -> list[Issue]:
        named = resource.get("resourceType") if isinstance(resource, dict) else None
        root = named if isinstance(named, str) and named in self._engine.table.resources else "Resource"
        run = Run(root)
        if _is_deeper(resource, MAX_DEPTH):
            run.report(rules.DEPTH, f"nested deeper than {MAX_DEPTH} levels", None)
            return run.issues
        try:
            self._engine.root(resource, run)
            if run.frames:
                for canonical in asked:
                    self._engine.against(canonical, resource, run)
                self._engine.claims(run, asked)
        except Enough:
            return [*run.issues, too_many()]
        return list(dict.fromkeys(run.issues))


def _definition(written: dict[str, Any] | bytes) -> dict[str, Any]:
    if isinstance(written, dict):
        return written
    try:
        return fhir_xml.parse(written, ordered=False) if written.lstrip().startswith(b"<") else fhir_json.parse(written)
    except ParseError as error:
        raise DefinitionsError(f"a definition cannot be read: {error}") from error


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for each in level
            if each.__class__ is dict or each.__class__ is list
            for inner in (each.values() if each.__class__ is dict else each)
        ]
        if not level:
            return False
    return True
