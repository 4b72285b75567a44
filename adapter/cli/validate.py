"""`adapter validate`: is a file a valid FHIR resource, and if it is a message, does it keep the message rules?"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from adapter.cli.context import Json
from adapter.cli.output import counted, print_json, print_line, print_table, progress
from adapter.support.errors import DefinitionsError

if TYPE_CHECKING:
    from adapter.fhir.bundles import MessageBundle
    from adapter.validation import Issue, Validator
    from adapter.validation.beyond import Beyond

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="FHIR JSON or XML; told by its content.")]
Profiles = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="Canonical URL of a profile to validate against; may be repeated."),
]
Packages = Annotated[
    list[str] | None, typer.Option(metavar="ID#VERSION", help="A package to load beside FHIR R4; may be repeated.")
]
GivenFiles = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="A StructureDefinition, ValueSet or CodeSystem to load; may be repeated."),
]
StrictExtensions = Annotated[
    bool, typer.Option("--strict-extensions", help="An extension whose definition is not loaded is an error.")
]
StrictDisplays = Annotated[
    bool, typer.Option("--strict-displays", help="A display that the code system does not have is an error.")
]
BestPractice = Annotated[
    bool, typer.Option("--best-practice", help="A resource without narrative is a warning (dom-6).")
]
Also = Annotated[
    list[str] | None,
    typer.Option(
        metavar="markup|example-urls|missing-targets",
        help="What R4 does not forbid, as an error: HTML tags in texts, URLs at example.org, relative references that "
        "lead to nothing that is given; may be repeated.",
    ),
]
LooseReferences = Annotated[
    bool, typer.Option("--loose-references", help="That a reference's URL names a wrong type is a warning.")
]
Related = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="A resource that references may lead to; may be repeated.")
]
EntryProfiles = Annotated[
    list[str] | None,
    typer.Option(
        "--entry-profile",
        metavar="TYPE:N=URL",
        help="A profile for a Bundle's Nth entry of a type, counted from 0; may be repeated.",
    ),
]
_ENTRY_PROFILE = re.compile(r"(?P<type>[A-Z][A-Za-z]+):(?P<place>[0-9]{1,6})=(?P<url>\S+)")
Suppressed = Annotated[Path | None, typer.Option(metavar="FILE", help="YAML file with reviewed suppressions.")]


@dataclass(frozen=True)
class Verdict:
    """On one file. `valid` is None where it could not be read; `error` says why."""

    file: str
    valid: bool | None
    issues: "tuple[Issue, ...]" = ()
    error: str | None = None


@dataclass(frozen=True)
class _Question:
    """What files are held against, beside R4."""

    profiles: tuple[str, ...]
    related: tuple[bytes, ...]
    entry_profiles: dict[tuple[str, int], str]


def validate(
    files: Files,
    profile: Profiles = None,
    package: Packages = None,
    definition: GivenFiles = None,
    strict: StrictExtensions = False,
    strict_displays: StrictDisplays = False,
    best_practice: BestPractice = False,
    also: Also = None,
    loose_references: LooseReferences = False,
    related: Related = None,
    entry_profile: EntryProfiles = None,
    suppressions: Suppressed = None,
    as_json: Json = False,
) -> None:
    """Validate FHIR resources. Exit status: 0 all are valid, 1 one is not, 2 one could not be read."""
    from adapter.support.settings import OWN_PACKAGE
    from adapter.validation import Validator

    _known(also or ())
    question = _Question(
        tuple(profile or ()),
        tuple(map(_read, related or ())),
        dict(map(_entry_profile, entry_profile or ())),
    )
    with progress("loading FHIR packages"):
        validator = Validator.load(
            packages=[OWN_PACKAGE, *(package or ())],
            definitions=[_definition(file) for file in definition or ()],
            unknown_extensions="error" if strict else "information",
            wrong_displays="error" if strict_displays else "warning",
            suppressions=suppressions,
            best_practice=best_practice,
            typed_references="warning" if loose_references else "error",
            also=cast("list[Beyond]", also or []),
        )
    with progress("validating") as advance:
        verdicts = []
        for number, file in enumerate(files):
            advance(number, len(files))
            verdicts.append(_verdict(validator, file, question))
    _tell(verdicts, as_json=as_json)


def _known(also: Iterable[str]) -> None:
    from adapter.validation.beyond import Beyond

    for name in also:
        if name not in get_args(Beyond):
            raise typer.BadParameter(f"{name}: expected one of {', '.join(get_args(Beyond))}", param_hint="--also")


def _tell(verdicts: list[Verdict], *, as_json: bool) -> None:
    if as_json:
        print_json(verdicts)
    else:
        _print(verdicts)
    if any(verdict.valid is None for verdict in verdicts):
        raise typer.Exit(2)
    if not all(verdict.valid for verdict in verdicts):
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DefinitionsError(f"{file} cannot be read: {error.strerror}") from error


def _definition(file: Path) -> dict[str, Any]:
    from adapter.definitions.packages import check

    return check(_read(file), str(file))


def _entry_profile(written: str) -> tuple[tuple[str, int], str]:
    match = _ENTRY_PROFILE.fullmatch(written)
    if match is None:
        raise typer.BadParameter(
            f"{written}: expected a type, a number from 0 and a URL, as in Patient:0=https://…",
            param_hint="--entry-profile",
        )
    return (match["type"], int(match["place"])), match["url"]


def _verdict(validator: "Validator", file: Path, question: _Question) -> Verdict:
    from adapter.fhir import json as fhir_json
    from adapter.fhir import xml as fhir_xml
    from adapter.fhir.bundles import MessageBundle
    from adapter.fhir.outcomes import errors
    from adapter.support.errors import ParseError
    from adapter.validation.whole import MessageValidator

    try:
        content = file.read_bytes()
    except OSError as error:
        return Verdict(str(file), None, error=f"cannot be read: {error.strerror}")
    is_xml = content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
    more: dict[str, Any] = {"related": question.related, "entry_profiles": question.entry_profiles}
    try:
        resource = fhir_xml.parse(content) if is_xml else fhir_json.parse(content)
    except ParseError:  # the validator says it as an issue
        found = validator.validate(content, question.profiles, "xml" if is_xml else "json")
        return Verdict(str(file), False, tuple(found.issues))
    if resource.get("resourceType") == "Bundle" and resource.get("type") == "message":
        message = MessageBundle(resource)
        issues = [*MessageValidator(validator).issues(message, question.profiles, **more), *_domain(message)]
    else:
        issues = validator.validate(resource, question.profiles, **more).issues
    return Verdict(str(file), not errors(issues), tuple(issues))


def _domain(message: "MessageBundle") -> "list[Issue]":
    """What a message says of its case that cannot be used, and what the law does not let it disclose. Whether the
    extended admission notice may be sent is for an installation to say."""
    from adapter.discharge import minimum
    from adapter.discharge.message import read

    return [*read(message).issues, *minimum.check(message, extended=True)]


def _print(verdicts: list[Verdict]) -> None:
    """Each verdict, and once what they rest on: it is the same for all."""
    for verdict in verdicts:
        _print_one(verdict)
    basis = next((verdict.issues[0].message for verdict in verdicts if verdict.issues), None)
    if basis is not None:
        print_line(basis, style="dim")


def _print_one(verdict: Verdict) -> None:
    if verdict.error is not None:
        print_line(f"{verdict.file}: {verdict.error}", style="red")
        return
    told = [issue for issue in verdict.issues if issue.severity != "information" or issue.suppressed]
    counts: dict[str, int] = {}
    for issue in told:
        kind = "suppressed" if issue.suppressed else issue.severity
        counts[kind] = counts.get(kind, 0) + 1
    found = f" ({counted(counts)})" if counts else ""
    print_line(
        f"{verdict.file}: {'valid' if verdict.valid else 'not valid'}{found}", "green" if verdict.valid else "red"
    )
    if told:
        rows = [
            (
                issue.severity,
                ", ".join(issue.expression),
                issue.rule,
                " ".join(filter(None, (issue.message, issue.profile))),
            )
            for issue in told
        ]
        print_table(("severity", "location", "rule", "found and expected"), rows, empty="")
