"""Every rule in the catalogue has content that breaks it and the same content mended, which does not."""

import copy
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from adapter.fhir import canonical
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue
from adapter.validation import Validator, rules
from adapter.validation.messages import check
from adapter.validation.whole import MessageValidator

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
ORGANIZATION: dict[str, Any] = {"resourceType": "Organization", "id": "o", "name": "o"}
LED = {"managingOrganization": {"reference": "#o"}}
DATA_ABSENT = {"extension": [{"url": "http://acme.com/x", "valueCode": "x"}]}


def patient(**members: Any) -> dict[str, Any]:
    return PATIENT | members


def named(**members: Any) -> dict[str, Any]:
    return PATIENT | {"name": [members]}


def div(inner: str) -> dict[str, Any]:
    return patient(text={"status": "generated", "div": inner})


def deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {"url": "http://acme.com/x", "valueCode": "x"}
    for _ in range(levels):
        found = {"url": "http://acme.com/x", "extension": [found]}
    return patient(extension=[found])


ROWS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("base-resource-type", "Resource.resourceType", {"resourceType": "Person1"}, {"resourceType": "Person"}),
    ("base-unknown-element", "Patient.nmae", patient(nmae="x"), named(text="x")),
    (
        "base-required",
        "Patient.link[0]",
        patient(link=[{"type": "refer"}]),
        patient(link=[LINK := {"type": "refer", "other": {"display": "x"}}]),
    ),
    ("base-list", "Patient.link", patient(link=LINK), patient(link=[LINK])),
    (
        "base-list",
        "Patient.maritalStatus",
        patient(maritalStatus=[{"text": "x"}]),
        patient(maritalStatus={"text": "x"}),
    ),
    ("base-list", "Patient.active", patient(active=[True]), patient(active=True)),
    ("base-list", "Patient.name[0].given", named(given="x"), named(given=["x"])),
    ("base-list", "Patient.name[0].text", named(_text=[DATA_ABSENT]), named(_text=DATA_ABSENT)),
    ("base-empty", "Patient.name[0]", named(id="x"), named(id="x", text="x")),
    ("base-empty", "Patient.name[0].given", named(given=[]), named(given=["x"])),
    ("base-empty", "Patient.contact", patient(contact=[]), patient(contact=[{"name": {"text": "x"}}])),
    ("base-empty", "Patient.gender", patient(gender=""), patient(gender="male")),
    ("base-type", "Patient.active", patient(active="true"), patient(active=False)),
    ("base-type", "Patient.name[0].text", named(text=None), named(text="x")),
    ("base-type", "Patient.name[0].text", named(text="x", _text=None), named(text="x", _text=DATA_ABSENT)),
    (
        "base-type",
        "Patient.name[0].given[0]",
        named(given=[None], _given=[None]),
        named(given=[None], _given=[DATA_ABSENT]),
    ),
    ("base-type", "Patient.name[0].given", named(given=["x"], _given=None), named(given=["x"], _given=[DATA_ABSENT])),
    (
        "base-choice",
        "Patient.deceased",
        patient(deceasedBoolean=True, deceasedDateTime="2026"),
        patient(deceasedDateTime="2026"),
    ),
    ("base-format", "Patient.birthDate", patient(birthDate="2025-02-29"), patient(birthDate="2024-02-29")),
    ("base-too-long", "Patient.name[0].text", named(text="x" * (2**20 + 1)), named(text="x" * 2**20)),
    ("base-narrative", "Patient.text.div", div("<div>A</div>"), div(f"<div {XHTML}>A</div>")),
    (
        "base-primitive-extension",
        "Patient.name[0].given",
        named(given=["A"], _given=[None, DATA_ABSENT]),
        named(given=["A", "B"], _given=[None, DATA_ABSENT]),
    ),
    (
        "base-contained",
        "Patient.contained[0]",
        patient(contained=[{"resourceType": "Basic", "code": {"text": "x"}}]),
        patient(contained=[ORGANIZATION], **LED),
    ),
    (
        "base-contained",
        "Patient.contained[0].meta",
        patient(contained=[ORGANIZATION | {"meta": {"versionId": "1"}}], **LED),
        patient(contained=[ORGANIZATION | {"meta": {"source": "http://acme.com"}}], **LED),
    ),
    (
        "base-contained",
        "Patient.contained[0].meta",
        patient(contained=[ORGANIZATION | {"meta": {"lastUpdated": "2026-03-09T10:12:00Z"}}], **LED),
        patient(contained=[ORGANIZATION], **LED),
    ),
    (
        "base-contained",
        "Patient.contained[0].meta",
        patient(contained=[ORGANIZATION | {"meta": {"security": [{"code": "x"}]}}], **LED),
        patient(contained=[ORGANIZATION | {"meta": {"tag": [{"code": "x"}]}}], **LED),
    ),
    (
        "base-contained",
        "Patient.contained[0].contained",
        patient(
            contained=[ORGANIZATION | {"contained": [ORGANIZATION | {"id": "p"}], "partOf": {"reference": "#p"}}], **LED
        ),
        patient(contained=[ORGANIZATION | {"partOf": {"reference": "#p"}}, ORGANIZATION | {"id": "p"}], **LED),
    ),
    ("base-reference", "Patient.managingOrganization", patient(**LED), patient(contained=[ORGANIZATION], **LED)),
    (
        "base-reference",
        "Patient.managingOrganization",
        patient(managingOrganization={"type": "Organization"}),
        patient(managingOrganization={"type": "Organization", "display": "x"}),
    ),
    ("base-depth", "Patient", deep(5000), deep(3)),
]
WRITTEN: list[tuple[str, bytes, bytes]] = [
    ("not-readable", b"{", b'{"resourceType": "Patient"}'),
    (
        "base-xml",
        b"<Patient xmlns='http://hl7.org/fhir'><gender value='male'/><active value='true'/></Patient>",
        b"<Patient xmlns='http://hl7.org/fhir'><active value='true'/><gender value='male'/></Patient>",
    ),
]
TESTED_ALONE = {
    "validation-settings": "unit/validation/test_validator.py",
    "validation-stopped": "unit/validation/test_validator.py",
    "validation-suppressed": "unit/validation/test_suppressions.py",
    "profile-unknown": "unit/validation/test_validator.py",
    "msg-definition": "unit/validation/test_every_rule.py",
    **dict.fromkeys(
        ("measure-unknown", "measure-part", "measure-score", "measure-subjects"), "unit/validation/test_measures.py"
    ),
    "base-definition": "unit/validation/test_structures.py",
    "base-definition-content": "unit/validation/test_concepts.py",
    **dict.fromkeys(
        ("base-text-markup", "base-url-example", "base-reference-missing"), "unit/validation/test_beyond.py"
    ),
    **{rule: "unit/validation/test_questionnaires.py" for rule in rules.RULES if rule.startswith("questionnaire-")},
}
"""Rules that are not of one resource's content, and the file of their examples."""


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


def found(issues: list[Issue]) -> list[tuple[str, str]]:
    return [(issue.rule, issue.expression[0] if issue.expression else "") for issue in issues]


@pytest.mark.parametrize(("rule", "place", "wrong", "right"), ROWS)
def test_broken_and_mended(
    validator: Validator, rule: str, place: str, wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    broken = [name for name in found(validator.validate(wrong).issues) if name[0] == rule]
    assert [where.removesuffix(".reference") for _, where in broken] == [place]
    assert rule not in dict(found(validator.validate(right).issues))


def format_of(content: bytes) -> Literal["json", "xml"]:
    return "xml" if content.startswith(b"<") else "json"


@pytest.mark.parametrize(("rule", "wrong", "right"), WRITTEN)
def test_broken_and_mended_as_written(validator: Validator, rule: str, wrong: bytes, right: bytes) -> None:
    assert rule in dict(found(validator.validate(wrong, format=format_of(wrong)).issues))
    assert rule not in dict(found(validator.validate(right, format=format_of(right)).issues))


def beside(name: str) -> ModuleType:
    """Another file of tests here, for its tables."""
    spec = importlib.util.spec_from_file_location(f"tables_of_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("least", "most", "focus", "right"),
    [(1, "1", 1, True), (2, "*", 1, False), (0, "1", 2, False), (0, "2", 2, True), (1, "*", 0, False)],
)
def test_the_focus_is_as_the_definition_of_the_event_says(least: int, most: str, focus: int, right: bool) -> None:
    event = "admission-notice"
    profile = {
        "resourceType": "StructureDefinition",
        "url": f"{canonical.MESSAGE_PROFILE}{event}",
        "kind": "resource",
        "type": "Bundle",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Bundle",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Bundle"}]},
    }
    definition = {
        "resourceType": "MessageDefinition",
        "url": f"{canonical.MESSAGE_DEFINITION}{event}",
        "focus": [{"code": "Task", "min": least, "max": most}],
    }
    messages = beside("test_messages")
    message = messages.message(event)
    messages.resource(message, 0)["focus"] = [messages.reference(messages.TASK)] * focus
    validator = MessageValidator(Validator.load(definitions=[profile, definition]))
    issues = found(validator.issues(MessageBundle(message)))
    assert (("msg-definition", "MessageHeader.focus") in issues) is not right


def test_every_rule_has_a_right_and_a_wrong_example() -> None:
    messages = beside("test_messages")
    paired = {row[0] for row in (*ROWS, *WRITTEN, *beside("test_rules").ROWS)}
    for test in (messages.test_breaks_one_rule, messages.test_an_acknowledgement_breaks_one_rule):
        paired |= {row[1] for mark in test.pytestmark for row in mark.args[1]}
    assert check(copy.deepcopy(messages.message())) == [], "the message that each row breaks"
    missing = rules.RULES.keys() - paired
    assert missing <= TESTED_ALONE.keys()
    for rule in missing:
        file = Path(__file__).parents[2] / TESTED_ALONE[rule]
        assert f'"{rule}"' in file.read_text(encoding="utf-8")
