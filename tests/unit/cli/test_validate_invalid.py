"""`adapter validate` on the invalid fixtures: each is refused for the expected reason and no other, in both formats,
and what the fault was put into is valid."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.fhir.canonical import CANONICAL
from adapter.sandbox.authoring import invalid
from adapter.sandbox.authoring.faults import Finding, InvalidFixture
from adapter.support.paths import shipped

FOLDER = shipped("fixtures") / "invalid"
PROFILE = f"{CANONICAL}/StructureDefinition/"
FIXTURES = invalid.fixtures(FOLDER)
MADE = {name: each for name, each in FIXTURES.items() if each.of is not None}
Told = tuple[str, str, str, str]


def verdicts(profile: str | None, files: list[Path]) -> dict[Path, dict[str, Any]]:
    """The verdict of one run on each file."""
    arguments = ["--json", *(["--profile", PROFILE + profile] if profile else []), *map(str, files)]
    result = CliRunner().invoke(app, ["validate", *arguments])
    assert result.exit_code in (0, 1), result.output
    return {Path(each["file"]): each for each in json.loads(result.stdout)}


@pytest.fixture(scope="module")
def found() -> dict[Path, dict[str, Any]]:
    """The verdicts on the faulty messages in both formats, and on the messages that the faults were put into."""
    wanted: dict[str | None, list[Path]] = defaultdict(list)
    for name, fixture in MADE.items():
        wanted[fixture.profile] += [FOLDER / f"{name}.json", FOLDER / f"{name}.xml", FOLDER / str(fixture.of)]
    return {file: each for profile, files in wanted.items() for file, each in verdicts(profile, files).items()}


def told(verdict: dict[str, Any], severities: tuple[str, ...] = ("error", "fatal")) -> set[Told]:
    """(rule, key of the invariant, location, profile) of the issues of a verdict."""
    return {
        (
            each["rule"],
            each["message"].partition(":")[0] if each["rule"] == "profile-invariant" else "",
            next(iter(each["expression"]), ""),
            each["profile"].removeprefix(PROFILE).partition("|")[0],
        )
        for each in verdict["issues"]
        if each["severity"] in severities
    }


def expected(fixture: InvalidFixture, severity: str) -> set[Told]:
    findings = (each for each in fixture.findings if each.severity == severity and not each.installation)
    return {_told(each) for each in findings}


def _told(finding: Finding) -> Told:
    return (finding.rule, finding.key or "", finding.location or "", finding.profile or "")


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_each_is_refused_for_the_expected_reason_and_no_other(found: dict[Path, dict[str, Any]], suffix: str) -> None:
    verdict = {name: found[FOLDER / f"{name}.{suffix}"] for name in MADE}
    assert {name: told(each) for name, each in verdict.items()} == {
        name: expected(each, "error") for name, each in MADE.items()
    }
    assert [
        name for name, each in MADE.items() if not expected(each, "warning") <= told(verdict[name], ("warning",))
    ] == []
    assert len(MADE) > 100


def test_mending_only_the_fault_makes_each_valid(found: dict[Path, dict[str, Any]]) -> None:
    """What the fault was put into is valid, and has none of the warnings that a fixture is about."""
    for name, fixture in MADE.items():
        verdict = found[FOLDER / str(fixture.of)]
        assert verdict["valid"], name
        assert not told(verdict, ("warning",)) & expected(fixture, "warning"), name


def test_a_body_that_cannot_be_read_is_refused_too() -> None:
    files = [FOLDER / str(each.file) for each in FIXTURES.values() if each.findings[0].rule == "not-readable"]
    assert len(files) > 5
    for verdict in verdicts(None, files).values():
        assert told(verdict) == {("not-readable", "", "", "")}


def test_the_messages_are_what_the_fixtures_say() -> None:
    assert invalid.differences(FOLDER) == []
