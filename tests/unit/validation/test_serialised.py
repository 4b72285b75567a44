"""What only one of the two formats can get wrong, and what both say of ids and identifiers."""

from typing import Literal

import pytest

from adapter.validation import Validator

Format = Literal["json", "xml"]
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


def found(validator: Validator, content: str, format_: Format) -> list[tuple[str, tuple[str, ...]]]:
    outcome = validator.validate(content.encode(), format=format_)
    return [(issue.rule, tuple(issue.expression)) for issue in outcome.issues if issue.severity == "error"]


def patient(inner: str, attributes: str = "", before: str = "") -> str:
    return f'{before}<Patient xmlns="http://hl7.org/fhir" {attributes}>{inner}</Patient>'


def test_an_instruction_within_a_resource_is_told(validator: Validator) -> None:
    content = patient('<active value="true"/><name><?x y?><text value="x"/></name>')
    assert found(validator, content, "xml") == [("base-xml", ("Patient",))]


def test_an_instruction_before_the_resource_and_comments_are_nobodys_concern(validator: Validator) -> None:
    content = patient("<!-- <?a b?> --><active value='true'/>", before='<?xml version="1.0"?><?style x?><!-- c -->')
    assert found(validator, content, "xml") == []


def test_exchanged_content_does_not_name_its_schema(validator: Validator) -> None:
    content = patient('<active value="true"/>', XSI + ' xsi:schemaLocation="http://hl7.org/fhir x.xsd"')
    assert found(validator, content, "xml") == [("base-xml", ("Patient",))]


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (patient('<active value="true" id=""/>'), "xml"),
        ('{"resourceType": "Patient", "active": true, "_active": {"id": ""}}', "json"),
    ],
)
def test_the_id_of_a_value_is_not_empty(validator: Validator, content: str, format_: Format) -> None:
    assert found(validator, content, format_) == [("base-empty", ("Patient.active.id",))]


def test_the_id_of_a_value_is_its_own(validator: Validator) -> None:
    content = '{"resourceType": "Patient", "active": true, "_active": {"id": "a"}, "name": [{"id": "a", "text": "x"}]}'
    assert [rule for rule, _ in found(validator, content, "json")] == ["base-id-duplicate"]


def test_the_id_of_a_resource_has_a_value(validator: Validator) -> None:
    absent = (
        '{"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}'
    )
    assert found(validator, f'{{"resourceType": "Patient", "_id": {absent}}}', "json") == [
        ("base-required", ("Patient.id",))
    ]
    assert found(validator, '{"resourceType": "Patient", "id": "a", "_id": {"id": "b"}}', "json") == []


@pytest.mark.parametrize(
    ("value", "broken"),
    [("x", True), ("1.2.3", True), ("urn:oid:1.2.3.4", False), ("http://acme.com/1", False), ("URN:x:1", False)],
)
def test_an_identifier_of_the_system_of_uris_is_one(validator: Validator, value: str, broken: bool) -> None:
    content = f'{{"resourceType": "Patient", "identifier": [{{"system": "urn:ietf:rfc:3986", "value": "{value}"}}]}}'
    assert found(validator, content, "json") == [("base-format", ("Patient.identifier[0]",))] * broken
