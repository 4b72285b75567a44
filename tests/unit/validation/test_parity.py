"""JSON and XML of the same content get the same verdict; what only one of them can say is listed."""

import gzip
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.support.errors import ParseError
from adapter.validation import Outcome, Validator

ROOT = Path(__file__).parents[3]
JOURNEYS = sorted((ROOT / "fixtures" / "journeys").glob("*/*.json"))
INVALID = sorted((ROOT / "fixtures" / "invalid").glob("*.json"))
CASES = ROOT.parent / "shared" / "data" / "validator-cases" / "cases.jsonl.gz"

ONLY_JSON = {
    "base-depth": "XML that deep is not read at all",
    "base-empty": "an empty array, object or narrative is not to be written in XML",
    "base-list": "whether a member is an array is a matter of JSON",
    "base-primitive-extension": "only JSON has two members for one primitive",
    "base-resource-type": "XML of another root element is not read at all",
    "base-type": "XML has no types but text",
    "base-unknown-element": "XML with an unknown element is not read at all",
    "base-narrative": "markup that is not well-formed makes the whole of XML so",
}
"""Rules that content may break which our XML cannot hold, and why."""

ONLY_XML = {
    "base-xml": "order, namespaces, attributes, text, processing instructions, schema locations",
}


def tables(name: str) -> list[Any]:
    """The rows of another file of tests: content that breaks each rule, and content that keeps it."""
    spec = importlib.util.spec_from_file_location(f"parity_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.ROWS)


def said(outcome: Outcome) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(issue.rule, issue.severity, tuple(issue.expression)) for issue in outcome.issues[1:]}


def both(validator: Validator, resource: dict[str, Any], **how: Any) -> bool | None:
    """Whether both formats of the content get the same verdict; None where it cannot be written as XML."""
    try:
        written = fhir_xml.serialize(resource)
    except ParseError:
        return None
    of_json = validator.validate(fhir_json.serialize(resource), format="json", **how)
    of_xml = validator.validate(written, format="xml", **how)
    assert said(of_json) == said(of_xml)
    return of_json.valid == of_xml.valid


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


@pytest.mark.parametrize("file", JOURNEYS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_fixtures_in_both_formats(validator: Validator, file: Path) -> None:
    of_json = validator.validate(file.read_bytes(), format="json")
    of_xml = validator.validate(file.with_suffix(".xml").read_bytes(), format="xml")
    assert said(of_json) == said(of_xml)
    assert both(validator, fhir_json.parse(file.read_bytes()))


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_the_invalid_fixtures(validator: Validator, file: Path) -> None:
    try:
        resource = fhir_json.parse(file.read_bytes())
    except ParseError:
        assert not validator.validate(file.read_bytes()).valid
        return
    assert both(validator, resource) in (True, None)


@pytest.mark.parametrize("name", ["test_every_rule", pytest.param("test_rules", marks=pytest.mark.slow)])
def test_content_for_every_rule(name: str) -> None:
    """Of what can be written as XML: what breaks a rule and what keeps it get the same issues in both formats."""
    unwritten: set[str] = set()
    checked = 0
    known: dict[str, Validator] = {}
    for rule, _, wrong, right, *given in tables(name):
        definitions = given[0] if given else ()
        key = json.dumps(definitions, default=str, sort_keys=True)
        if key not in known:
            known[key] = Validator.load(definitions=definitions, unknown_extensions="error")
        profile = next((each["url"] for each in definitions if str(each["url"]).endswith("/p")), None)
        same = [both(known[key], resource, profile=profile) for resource in (wrong, right)]
        assert False not in same, rule
        checked += same.count(True)
        if None in same:
            unwritten.add(rule)
    assert checked > 30
    assert unwritten <= ONLY_JSON.keys()


@pytest.mark.parametrize("rule", ONLY_XML)
def test_what_only_xml_can_have(validator: Validator, rule: str) -> None:
    for inner in ('<gender value="male"/><active value="true"/>', '<?x y?><id value="a"/>'):
        content = f'<Patient xmlns="http://hl7.org/fhir">{inner}</Patient>'.encode()
        assert rule in {each for each, *_ in said(validator.validate(content, format="xml"))}


def _cases() -> Iterator[dict[str, Any]]:
    with gzip.open(CASES) as lines:
        yield from map(json.loads, lines)


@pytest.mark.slow
def test_the_cases_of_the_official_validator() -> None:
    if not CASES.is_file():
        pytest.skip("the official validator cases are not beside the project")
    checked = 0
    for case in _cases():
        content, format_ = case["resource"]["text"].encode(), case["resource"]["format"]
        try:
            resource = fhir_xml.parse(content) if format_ == "xml" else fhir_json.parse(content)
        except ParseError:
            continue
        definitions = [each["text"].encode() for each in case["definitions"]]
        validator = Validator.load(definitions=definitions, unknown_extensions="error")
        checked += both(validator, resource, profile=case["profile"]) is True
    assert checked > 100
