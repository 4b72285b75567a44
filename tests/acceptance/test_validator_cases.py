"""Verdicts, number and places of errors beside the official validator's, on its own cases: differences are listed."""

import importlib.util
import json
import sys
import tarfile
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adapter.fhir.outcomes import errors
from adapter.validation import Outcome, Validator, rules

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SWEDISH = DATA / "hl7se.fhir.base-1.1.0.tgz"
DISAGREEMENTS: dict[str, str] = json.loads(Path(__file__).with_name("validator_disagreements.json").read_bytes())
MEASURED = 158
"""Cases with the official verdict, of 174."""


def _program() -> ModuleType:
    """What compares the two: the program that prints the figures."""
    file = Path(__file__).resolve().parents[2] / "benchmarks" / "validator_cases.py"
    spec = importlib.util.spec_from_file_location("validator_cases", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMPARING = _program()


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = COMPARING.cases()
    if not found:
        pytest.skip("the official validator cases are not beside the project")
    return found


@pytest.fixture(scope="module")
def outcomes(cases: list[dict[str, Any]]) -> dict[str, Outcome]:
    return {case["id"]: COMPARING.outcome(case) for case in cases}


@pytest.fixture(scope="module")
def verdicts(outcomes: dict[str, Outcome]) -> dict[str, bool]:
    return {id_: outcome.valid for id_, outcome in outcomes.items()}


def test_every_disagreement_is_listed_and_none_that_is_mended(
    cases: list[dict[str, Any]], verdicts: dict[str, bool]
) -> None:
    differing = {case["id"] for case in cases if verdicts[case["id"]] != case["valid"]}
    assert differing == DISAGREEMENTS.keys()


def test_the_agreement_is_as_stated(cases: list[dict[str, Any]], verdicts: dict[str, bool]) -> None:
    agreed = sum(verdicts[case["id"]] == case["valid"] for case in cases)
    assert (agreed, len(cases)) == (MEASURED, 174)


def test_cases_do_not_all_get_the_same_verdict(verdicts: dict[str, bool]) -> None:
    counts = Counter(verdicts.values())
    assert min(counts.values()) > 50


def test_number_and_places_of_errors_differ_as_listed_and_each_class_has_its_text(
    cases: list[dict[str, Any]], outcomes: dict[str, Outcome]
) -> None:
    listed = COMPARING.differences()
    compared = [COMPARING.compare(case, outcomes[case["id"]]) for case in cases]
    assert {each.id: each.row() for each in compared if each.differs} == {
        id_: {name: value for name, value in row.items() if name != "why"} for id_, row in listed["cases"].items()
    }
    classes = [why for row in listed["cases"].values() for why in row["why"]]
    assert set(classes) == listed["classes"].keys()
    assert all(row["why"] for row in listed["cases"].values())


def test_each_issue_names_a_rule_and_is_one_line(outcomes: dict[str, Outcome]) -> None:
    for outcome in outcomes.values():
        for issue in outcome.issues:
            assert issue.rule in rules.RULES
            assert "\n" not in issue.message


@pytest.fixture(scope="module")
def swedish() -> dict[str, Any]:
    if not SWEDISH.is_file():
        pytest.skip("the Swedish base package is not beside the project")
    found: dict[str, Any] = {}
    with tarfile.open(SWEDISH) as archive:
        for name in archive.getnames():
            content = archive.extractfile(name)
            if name.endswith(".json") and content is not None:
                found[name] = content.read()
    return found


def test_resources_of_the_swedish_package_get_the_verdicts_that_it_records(swedish: dict[str, Any]) -> None:
    summary = json.loads(swedish["package/other/validation-summary.json"])
    named: dict[str, bytes] = {}
    definitions: list[bytes] = []
    for name, content in swedish.items():
        resource = json.loads(content)
        if "resourceType" in resource and "/other/" not in name:
            named[f"{resource['resourceType']}/{resource.get('id')}"] = content
            if name.count("/") == 1:
                definitions.append(content)
    validator = Validator.load(definitions=definitions, unknown_extensions="error")
    checked = {key: errors(validator.validate(named[key]).issues) for key in summary if key in named}
    assert len(checked) > 30
    assert {key for key, found in checked.items() if found} == {key for key in checked if summary[key]["errors"]}
