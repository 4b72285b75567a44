"""`adapter validate` on files."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from adapter.support.errors import ConfigurationError, DefinitionsError

JOURNEY = Path(__file__).resolve().parents[3] / "fixtures" / "journeys" / "home-with-sip" / "01-admission-notice.json"
PROFILE = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePatient"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["validate", *map(str, arguments)])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {
        "valid": b'{"resourceType": "Patient"}',
        "xml": b'\xef\xbb\xbf\n<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>',
        "wrong": b'{"resourceType": "Patient", "birthDate": "2025-02-30"}',
        "text": b"hello",
        "empty": b"",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}


def test_valid_files_of_both_formats(files: dict[str, Path]) -> None:
    result = run(files["valid"], files["xml"])
    assert result.exit_code == 0
    assert result.stdout.count(": valid\n") == 2
    assert result.stdout.count("hl7.fhir.r4.core#4.0.1") == 1, "what the verdicts rest on is said once"


def test_an_invalid_file_says_rule_and_location(files: dict[str, Path]) -> None:
    result = run(files["valid"], files["wrong"])
    assert result.exit_code == 1
    assert "wrong: not valid (1 error)" in result.stdout
    assert "base-format" in result.stdout
    assert "Patient.birthDate" in result.stdout


@pytest.mark.parametrize("name", ["text", "empty"])
def test_what_is_not_fhir_is_not_valid(files: dict[str, Path], name: str) -> None:
    result = run(files[name])
    assert result.exit_code == 1
    assert "not-readable" in result.stdout


def test_a_file_that_cannot_be_read_is_not_a_verdict(files: dict[str, Path], tmp_path: Path) -> None:
    result = run(files["wrong"], tmp_path / "gone", tmp_path)
    assert result.exit_code == 2
    assert "gone: cannot be read: No such file or directory" in result.stdout
    assert "base-format" in result.stdout, "the others are validated still"


def test_a_profile_that_is_not_loaded_is_no_pass(files: dict[str, Path]) -> None:
    result = run(files["valid"], "--profile", PROFILE)
    assert result.exit_code == 1
    assert "not valid (1 error)" in result.stdout
    assert "profile-unknown" in result.stdout


def test_a_profile_from_a_file(files: dict[str, Path], tmp_path: Path) -> None:
    profile = {
        "resourceType": "StructureDefinition",
        "url": PROFILE,
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Patient.active", "min": 1}]},
    }
    definition = tmp_path / "profile.json"
    definition.write_text(json.dumps(profile))
    options = ("--definition", definition, "--profile", PROFILE)
    assert run(*options, files["xml"]).exit_code == 0
    result = run(*options, files["valid"])
    assert result.exit_code == 1
    assert "profile-min" in result.stdout


@pytest.mark.parametrize("options", [("--package", "example.none#1.0.0"), ("--definition", "/nowhere/x.json")])
def test_definitions_that_cannot_be_had_are_no_verdict(files: dict[str, Path], options: tuple[str, str]) -> None:
    result = run(*options, files["valid"])
    assert isinstance(result.exception, DefinitionsError)


def test_unknown_extensions_are_errors_where_that_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "extended.json"
    extension = {"url": "http://vendor.se/x", "valueCode": "y"}
    file.write_text(json.dumps({"resourceType": "Patient", "extension": [extension]}))
    assert run(file).exit_code == 0
    assert run("--strict-extensions", file).exit_code == 1


def test_a_message_keeps_the_message_rules_too(tmp_path: Path) -> None:
    message: Any = json.loads(JOURNEY.read_bytes())
    assert run(JOURNEY).exit_code == 0
    message["entry"].append(message["entry"].pop(0))
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(message))
    result = run(changed)
    assert result.exit_code == 1
    assert "msg-header-first" in result.stdout


def test_json(files: dict[str, Path], tmp_path: Path) -> None:
    result = run("--json", files["valid"], files["wrong"], tmp_path / "gone")
    assert result.exit_code == 2
    valid, wrong, gone = json.loads(result.stdout)
    assert valid["valid"] is True
    assert [issue["rule"] for issue in valid["issues"]] == ["validation-settings"]
    assert wrong["valid"] is False
    assert wrong["issues"][1] == {
        "severity": "error",
        "code": "value",
        "message": "not a date: expected YYYY, YYYY-MM or YYYY-MM-DD of a day in the calendar",
        "expression": ["Patient.birthDate"],
        "rule": "base-format",
        "profile": "",
        "suppressed": False,
    }
    assert (gone["valid"], gone["error"]) == (None, "cannot be read: No such file or directory")


def test_a_suppressed_error_is_shown_as_such(files: dict[str, Path], tmp_path: Path) -> None:
    until = date.today() + timedelta(days=90)  # noqa: DTZ011 - any day in some months
    listed = tmp_path / "suppressions.yaml"
    listed.write_text(
        "suppressions:\n  - {rule: base-format, expression: Patient.birthDate, reason: known, "
        f"reviewed_by: me, expires: {until}}}\n"
    )
    result = run(files["wrong"], "--suppressions", listed)
    assert result.exit_code == 0
    assert "wrong: valid (1 suppressed)" in result.stdout
    assert f"suppressed until {until}, reviewed by me: known" in " ".join(result.stdout.split())
    assert "Suppressions in effect: 1" in " ".join(result.stdout.split())
    listed.write_text("suppressions:\n  - {rule: x}\n")
    assert isinstance(run(files["wrong"], "--suppressions", listed).exception, ConfigurationError)
