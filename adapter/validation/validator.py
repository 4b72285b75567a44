"""The public validator. This version checks R4's base structure; what it does not check it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal, Self

from adapter import definitions as packages_of
from adapter.definitions import Definitions
from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir import xml as fhir_xml
from adapter.fhir.elements import Table, table
from adapter.fhir.outcomes import Issue
from adapter.fhir.shapes import obj, objects, text
from adapter.support.errors import DefinitionsError, ParseError
from adapter.validation import base, rules

Format = Literal["json", "xml"]
_LISTED_CLAIMS = 20


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

    def __init__(self, types: Table, known: Definitions, extra: int) -> None:
        self._table = types
        names = [types.package, *(package.key for package in known.packages if package.key != types.package)]
        added = f", {extra} definitions given" if extra else ""
        self._settings = rules.SETTINGS.issue(
            f"discharge-adapter {version('discharge-adapter')} checked the base structure of FHIR 4.0.1; invariants, "
            f"terminology and profiles are not checked by this version. Packages: {', '.join(names)}{added}"
        )

    @classmethod
    def load(
        cls,
        packages: Sequence[str] = ("hl7.fhir.r4.core#4.0.1",),
        definitions: Iterable[dict[str, Any] | bytes] = (),
    ) -> Self:
        """A validator with the definitions of installed packages (`id#version`) and those given, as parsed resources or
        as FHIR JSON or XML. Raises DefinitionsError where a package is not installed or a definition cannot be read."""
        extra = [_definition(written) for written in definitions]
        return cls(table(), packages_of.load(packages, extra), len(extra))

    def validate(
        self,
        resource: dict[str, Any] | bytes,
        profile: str | None = None,
        format: Format = "json",  # noqa: A002
    ) -> Outcome:
        """The verdict on a parsed resource, or on bytes of the format; `profile` is the canonical to validate against.

        Raises nothing for what a resource is: bytes that cannot be read are an issue like any other.
        """
        issues = [self._settings]
        if isinstance(resource, bytes):
            try:
                resource = fhir_xml.parse(resource) if format == "xml" else fhir_json.parse(resource)
            except ParseError as error:
                return Outcome([*issues, rules.READABLE.issue(str(error))])
        if profile is not None:
            issues.append(_unchecked(rules.NOT_CHECKED, "the rules of this profile were not checked", profile))
        return Outcome([*issues, *_claims(resource, profile), *base.check(resource, self._table)])


def _definition(written: dict[str, Any] | bytes) -> dict[str, Any]:
    if isinstance(written, dict):
        return written
    try:
        return fhir_xml.parse(written) if written.lstrip().startswith(b"<") else fhir_json.parse(written)
    except ParseError as error:
        raise DefinitionsError(f"a definition cannot be read: {error}") from error


def _claims(resource: object, asked: str | None) -> list[Issue]:
    """One issue for each profile that the resource or an entry of it claims to keep."""
    outer = obj(resource)
    claimed: dict[str, None] = {}
    for each in (outer, *(obj(entry.get("resource")) for entry in objects(outer.get("entry")))):
        profiles = obj(each.get("meta")).get("profile")
        claimed |= dict.fromkeys(filter(None, map(text, profiles if isinstance(profiles, list) else [])))
    claimed.pop(asked or "", None)
    words = "the resource claims this profile in meta.profile; its rules were not checked"
    return [_unchecked(rules.CLAIM_NOT_CHECKED, words, url) for url in list(claimed)[:_LISTED_CLAIMS]]


def _unchecked(rule: outcomes.Rule, words: str, profile: str) -> Issue:
    return Issue(rule.severity, rule.code, words, rule=rule.id, profile=profile)
