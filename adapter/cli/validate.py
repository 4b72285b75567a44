"""`adapter validate`: is a file a valid FHIR resource, and if it is a message, does it keep the message rules?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapter.cli.output import counted, print_json, print_line, print_table, progress
from adapter.support.errors import DefinitionsError

if TYPE_CHECKING:
    from adapter.fhir.bundles import MessageBundle
    from adapter.validation import Issue, Validator


@dataclass(frozen=True)
class Verdict:
    """On one file. `valid` is None where it could not be read; `error` says why."""

    file: str
    valid: bool | None
    issues: "tuple[Issue, ...]" = ()
    error: str | None = None


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="FHIR JSON or XML; told by its content.")],
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Canonical URL of a profile to validate against; may be repeated."),
    ] = None,
    package: Annotated[
        list[str] | None,
        typer.Option(metavar="ID#VERSION", help="A package to load beside FHIR R4; may be repeated."),
    ] = None,
    definition: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A StructureDefinition, ValueSet or CodeSystem to load; may be repeated."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict-extensions", help="An extension whose definition is not loaded is an error.")
    ] = False,
    strict_displays: Annotated[
        bool, typer.Option("--strict-displays", help="A display that the code system does not have is an error.")
    ] = False,
    best_practice: Annotated[
        bool, typer.Option("--best-practice", help="A resource without narrative is a warning (dom-6).")
    ] = False,
    suppressions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file with reviewed suppressions.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print data as JSON.")] = False,
) -> None:
    """Validate FHIR resources. Exit status: 0 all are valid, 1 one is not, 2 one could not be read."""
    from adapter.support.settings import OWN_PACKAGE
    from adapter.validation import Validator

    with progress("loading FHIR packages"):
        validator = Validator.load(
            packages=[OWN_PACKAGE, *(package or ())],
            definitions=[_definition(file) for file in definition or ()],
            unknown_extensions="error" if strict else "information",
            wrong_displays="error" if strict_displays else "warning",
            suppressions=suppressions,
            best_practice=best_practice,
        )
    verdicts = _verdicts(validator, files, tuple(profile or ()))
    print_json(verdicts) if as_json else _print(verdicts)
    if any(verdict.valid is None for verdict in verdicts):
        raise typer.Exit(2)
    if not all(verdict.valid for verdict in verdicts):
        raise typer.Exit(1)


def _definition(file: Path) -> dict[str, Any]:
    from adapter.definitions.packages import check

    try:
        return check(file.read_bytes(), str(file))
    except OSError as error:
        raise DefinitionsError(f"{file} cannot be read: {error.strerror}") from error


def _verdicts(validator: "Validator", files: list[Path], profile: tuple[str, ...]) -> list[Verdict]:
    verdicts = []
    with progress("validating") as advance:
        for number, file in enumerate(files):
            advance(number, len(files))
            verdicts.append(_verdict(validator, file, profile))
    return verdicts


def _verdict(validator: "Validator", file: Path, profile: tuple[str, ...]) -> Verdict:
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
    try:
        resource = fhir_xml.parse(content) if is_xml else fhir_json.parse(content)
    except ParseError:  # the validator says it as an issue
        return Verdict(
            str(file), False, tuple(validator.validate(content, profile, "xml" if is_xml else "json").issues)
        )
    if resource.get("resourceType") == "Bundle" and resource.get("type") == "message":
        message = MessageBundle(resource)
        issues = [*MessageValidator(validator).issues(message, profile), *_domain(message)]
    else:
        issues = validator.validate(resource, profile).issues
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
