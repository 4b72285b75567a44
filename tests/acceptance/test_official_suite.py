"""The program that holds verdicts against the official suite: where it reads it, and what it makes of its list."""

import importlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RIGHT = {"resourceType": "Patient", "gender": "male"}
WRONG = {"resourceType": "Patient", "gender": "man"}
NOTHING: dict[str, Any] = {"resourceType": "OperationOutcome"}
ERROR = {"issue": [{"severity": "error", "code": "value", "expression": ["Patient.gender"]}]}
FILES: dict[str, Any] = {
    "manifest.json": {
        "test-cases": [
            {"name": "right", "file": "right.json", "version": "4.0", "java": "java/none.json"},
            {"name": "wrong", "file": "wrong.json", "version": "4.0", "java": "java/error.json"},
            {"name": "unlike", "file": "wrong.json", "version": "4.0", "java": "java/none.json"},
            {"name": "later", "file": "wrong.json", "version": "5.0", "java": "java/none.json"},
            {"name": "fetched", "file": "wrong.json", "version": "4.0", "java": "java/none.json", "packages": ["x#1"]},
        ]
    },
    "right.json": RIGHT,
    "wrong.json": WRONG,
    "outcomes/java/none.json": NOTHING,
    "outcomes/java/error.json": ERROR,
}


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The program, with a list of one disagreement."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    found = importlib.import_module("official_suite")
    monkeypatch.setattr(found, "LISTED", tmp_path / "listed.yaml")
    monkeypatch.setattr(found, "cases", list)
    found.LISTED.write_text('- {why: x, runs: ["unlike|base"]}\n')
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout of a suite of five cases, of which three are run."""
    for name, content in FILES.items():
        file = tmp_path / "suite" / "validator" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    return tmp_path / "suite"


def run(program: Any, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["official_suite.py", *arguments])
    status: int = program.main()
    return status


def test_a_listed_disagreement_is_right(
    program: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(program, monkeypatch, str(folder)) == 0
    assert "3 runs: same verdict 2, 66.7%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ("[]", "unlike|base: another verdict, and not listed"),
        ('- {why: x, runs: ["unlike|base", "wrong|base"]}', "wrong|base: the same verdict, and listed"),
    ],
)
def test_a_list_that_is_not_true_is_told(
    program: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    listed: str,
    words: str,
) -> None:
    program.LISTED.write_text(listed)
    assert run(program, monkeypatch, str(folder)) == 1
    assert words in capsys.readouterr().out


def test_cases_beside_the_project_are_held_against_their_own_outcomes(
    program: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"id": "wrong|base", "valid": False, "issues": ERROR["issue"]}
    monkeypatch.setattr(program, "cases", lambda: [given, {"id": "right|base", "valid": False, "issues": []}])
    assert run(program, monkeypatch, str(folder)) == 1
    told = capsys.readouterr().out
    assert "2 cases: same verdict 1, 50.0%" in told
    assert "places: 1 named by both" in told
    assert "right|base: another verdict, and not listed" in told


def test_the_suite_is_read_from_what_maven_fetched(
    program: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jar = tmp_path / "suite.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(f"org/hl7/fhir/testcases/validator/{name}", json.dumps(content))
    monkeypatch.setattr(program.maven, "fetched", lambda *_: [jar])
    assert run(program, monkeypatch) == 0
    told = capsys.readouterr().out
    assert "3 runs: same verdict 2" in told
    assert "fhir-test-cases:1." in told


def test_without_folder_and_maven_a_sentence_and_2(
    program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        run(program, monkeypatch)
    assert ended.value.code == 2
    assert "the official suite cannot be had" in capsys.readouterr().err


def test_a_folder_that_is_no_checkout_is_told(
    program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(program, monkeypatch, str(tmp_path))
    assert ended.value.code == 2
    assert "expected a checkout" in capsys.readouterr().err


def test_each_listed_disagreement_has_a_reason(program: Any) -> None:
    listed = program.yaml.load(BENCHMARKS / "official" / "disagreements.yaml")[0]
    assert all(each["why"] and each.keys() in ({"why", "runs"}, {"why", "given"}) for each in listed)
    named = [id_ for each in listed for kind in ("runs", "given") for id_ in each.get(kind, [])]
    assert len(named) == len(set(named)) > 10
