"""Verdicts beside the official validator's, on its own cases; each disagreement is listed with its reason."""

import gzip
import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.outcomes import errors
from adapter.validation import Validator, rules

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CASES = DATA / "validator-cases" / "cases.jsonl.gz"
SWEDISH = DATA / "hl7se.fhir.base-1.1.0.tgz"
DISAGREEMENTS: dict[str, str] = json.loads(Path(__file__).with_name("validator_disagreements.json").read_bytes())
MEASURED = 158
"""Cases with the official verdict, of 174."""


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    if not CASES.is_file():
        pytest.skip("the official validator cases are not beside the project")
    with gzip.open(CASES) as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def verdicts(cases: list[dict[str, Any]]) -> dict[str, bool]:
    return {case["id"]: _outcome(case).valid for case in cases}


def _outcome(case: dict[str, Any]) -> Any:
    # The official outcomes were recorded with unknown extensions as errors.
    definitions = [each["text"].encode() for each in case["definitions"]]
    validator = Validator.load(definitions=definitions, unknown_extensions="error")
    resource = case["resource"]
    return validator.validate(resource["text"].encode(), profile=case["profile"], format=resource["format"])


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


def test_no_issue_holds_a_value_of_the_resource_and_each_names_a_rule(cases: list[dict[str, Any]]) -> None:
    for case in cases[::5]:
        for issue in _outcome(case).issues:
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
