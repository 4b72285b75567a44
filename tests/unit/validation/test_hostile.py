"""Content made to cost: bounded, and said. No time is measured; what is not bounded does not end."""

import time
from typing import Any

import pytest

from adapter.fhirpath.work import Work
from adapter.validation import Validator, run

PATIENT: dict[str, Any] = {"resourceType": "Patient"}
BASE = "http://hl7.org/fhir/StructureDefinition/"


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


def rules_of(validator: Validator, resource: Any, **how: Any) -> set[str]:
    return {issue.rule for issue in validator.validate(resource, **how).issues[1:]}


def test_contained_resources_that_lead_to_each_other(validator: Validator) -> None:
    ring = [
        {"resourceType": "Organization", "id": f"o{n}", "name": "x", "partOf": {"reference": f"#o{(n + 1) % 500}"}}
        for n in range(500)
    ]
    assert rules_of(validator, PATIENT | {"contained": ring, "managingOrganization": {"reference": "#o7"}}) == set()
    assert rules_of(validator, PATIENT | {"contained": ring}) == {"base-contained-unused"}


def test_a_large_text(validator: Validator) -> None:
    assert rules_of(validator, PATIENT | {"name": [{"text": "x" * 50_000_000}]}) == {"base-too-long"}
    assert rules_of(validator, PATIENT | {"gender": "x" * 5_000_000}) == {"base-too-long"}


def test_base64_that_does_not_end_as_it_should(validator: Validator) -> None:
    photo = {"contentType": "text/plain", "data": "QUJD " * 100_000 + "!"}
    assert rules_of(validator, PATIENT | {"photo": [photo]}) == {"base-format"}


@pytest.mark.parametrize(("data", "right"), [("QUJD", True), ("QU JD\n", True), ("QUI=", True), ("QQ= =", True)])
@pytest.mark.parametrize("wrong", ["", " ", "Q", "QUJ", "QUJD=", "====", "Q===", "QUJD\u00a0", "QU\x1cJD"])
def test_base64(validator: Validator, data: str, right: bool, wrong: str) -> None:
    photo = {"contentType": "text/plain"}
    assert (rules_of(validator, PATIENT | {"photo": [photo | {"data": data}]}) == set()) is right
    assert rules_of(validator, PATIENT | {"photo": [photo | {"data": wrong}]}) in ({"base-format"}, {"base-empty"})


def test_a_large_attachment_takes_memory_in_proportion(validator: Validator) -> None:
    import tracemalloc

    content = PATIENT | {"photo": [{"contentType": "text/plain", "data": "QUJD" * 1_000_000}]}
    tracemalloc.start()
    assert rules_of(validator, content) == set()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000


@pytest.mark.parametrize("wrong", [[], {}, 5, None, [{}]])
def test_an_id_of_another_type_beside_links_in_the_narrative(validator: Validator, wrong: Any) -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="#x">x</a></div>'
    found = rules_of(validator, PATIENT | {"id": wrong, "text": {"status": "generated", "div": div}})
    assert "base-narrative-content" in found


@pytest.mark.parametrize("form", ["(a+)+b", "(a|a)*b", "(.*a){20}b"])
def test_a_profile_with_an_exploding_regular_expression(form: str) -> None:
    text = {"path": "Patient.name.text", "extension": [{"url": BASE + "regex", "valueString": form}]}
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://acme.com/p",
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": BASE + "Patient",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Patient"}, text]},
    }
    found = rules_of(
        Validator.load(definitions=[profile]), PATIENT | {"name": [{"text": "a" * 5000}]}, profile="http://acme.com/p"
    )
    assert found <= {"profile-regex", "base-invariant-not-evaluated"}
    assert found


def test_an_exploding_expression_of_an_invariant() -> None:
    constraint = {"key": "x", "severity": "error", "human": "x", "expression": "name.text.matches('^(a+)+$')"}
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://acme.com/p",
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": BASE + "Patient",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Patient", "constraint": [constraint]}]},
    }
    content = PATIENT | {"name": [{"text": "a" * 5000 + "!"}]}
    found = rules_of(Validator.load(definitions=[profile]), content, profile="http://acme.com/p")
    assert found <= {"profile-invariant", "base-invariant-not-evaluated"}
    assert found


def test_a_bundle_whose_entries_all_claim_each_other(validator: Validator) -> None:
    urls = [f"urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-{number:012x}" for number in range(3000)]
    links = [{"other": {"reference": url}, "type": "seealso"} for url in urls[:30]]
    entries = [{"fullUrl": url, "resource": PATIENT | {"link": links}} for url in urls]
    assert rules_of(validator, {"resourceType": "Bundle", "type": "collection", "entry": entries}) == set()


def profile(expression: str) -> dict[str, Any]:
    """A profile of Patient with an invariant."""
    constraint = {"key": "a-1", "severity": "error", "human": "h", "expression": expression}
    return {
        "resourceType": "StructureDefinition",
        "url": "http://acme.com/asking",
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": f"{BASE}Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient", "constraint": [constraint]}]},
    }


def test_content_on_which_an_invariant_takes_too_much_is_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Work.__init__, "__defaults__", (50_000,))
    asking = Validator.load(definitions=[profile("name.all(%context.name.all(%context.name.count() > 0))")])
    few = PATIENT | {"name": [{"text": "x"}] * 5}
    assert asking.validate(few, profile="http://acme.com/asking").valid
    outcome = asking.validate(PATIENT | {"name": [{"text": "x"}] * 300}, profile="http://acme.com/asking")
    assert [(issue.rule, issue.severity) for issue in outcome.issues[1:]] == [("base-invariant-not-evaluated", "error")]


@pytest.mark.timeout(120)
def test_a_definition_with_many_elements_takes_work_in_proportion() -> None:
    plain = Validator.load()
    spent = []
    for count in (200, 1600):
        own = [{"id": f"Patient.e{n}", "path": f"Patient.e{n}", "min": 0, "max": "1"} for n in range(count)]
        written = profile("true") | {"differential": {"element": [{"id": "Patient", "path": "Patient"}, *own]}}
        began = time.process_time()
        plain.validate(written)
        spent.append(time.process_time() - began)
    assert spent[1] < spent[0] * 24  # in proportion: 8; with the square: 64


def test_hints_do_not_hide_the_errors_after_them(validator: Validator) -> None:
    unknown = [{"url": f"http://x.se/{number}", "valueCode": "x"} for number in range(run.MAX_ISSUES + 500)]
    hinted = validator.validate(PATIENT | {"extension": unknown})
    assert hinted.valid
    assert [issue.rule for issue in hinted.issues][-1] == "validation-stopped"
    assert len(hinted.issues) == run.MAX_ISSUES + 2
    wrong = validator.validate(PATIENT | {"extension": unknown, "gender": "none"})
    assert not wrong.valid
    assert len(wrong.issues) == run.MAX_ISSUES + 3


def test_what_is_not_tried_is_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Validator.load(definitions=[profile(f"conformsTo('{BASE}Patient')")])
    assert asking.validate(PATIENT, profile="http://acme.com/asking").valid
    monkeypatch.setattr(run, "MAX_TRIALS", 0)
    outcome = asking.validate(PATIENT, profile="http://acme.com/asking")
    assert not outcome.valid
    assert [(issue.rule, issue.severity) for issue in outcome.issues][-1] == ("validation-stopped", "error")


def test_more_issues_than_are_listed(validator: Validator) -> None:
    outcome = validator.validate(PATIENT | {"name": [{"text": ""}] * 5000})
    assert len(outcome.issues) == run.MAX_ISSUES + 2


@pytest.mark.parametrize(
    "definition",
    [
        {"snapshot": 1},
        {"snapshot": {"element": [{"path": "Patient"}, {"path": "Patient.a.b"}]}},
        {"snapshot": {"element": [{"path": "Patient"}, {"path": 5}]}},
        {"differential": {"element": [{"path": "Patient"}, {"path": "Patient.name", "max": "x"}]}},
        {"baseDefinition": "http://acme.com/p"},
        {"baseDefinition": "http://acme.com/none"},
    ],
)
def test_a_malformed_definition_is_said(definition: dict[str, Any]) -> None:
    whole = {
        "resourceType": "StructureDefinition",
        "url": "http://acme.com/p",
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": BASE + "Patient",
        "derivation": "constraint",
    } | definition
    outcome = Validator.load(definitions=[whole]).validate(PATIENT, profile="http://acme.com/p")
    (issue,) = [issue for issue in outcome.issues if issue.rule != "validation-settings"]
    assert issue.rule in ("profile-unusable", "profile-faulty")
    assert "http://acme.com/p" in issue.message


def test_no_word_of_the_content_stands_in_an_issue(validator: Validator) -> None:
    secret = "anna18900101"
    urls = [f"urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b1{digit}" for digit in "123"]
    resources: list[dict[str, Any]] = [
        {"resourceType": secret},
        PATIENT
        | {
            "managingOrganization": {"reference": urls[0], "type": secret},
            "gender": secret,
            "maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"}]},
            "contact": [{"gender": secret, "organization": {"reference": "#" + secret}}],
            "birthDate": secret,
        },
        {"resourceType": "Observation", "status": secret, "code": {"coding": [{"system": secret, "code": secret}]}},
    ]
    resources[1]["maritalStatus"]["coding"][0]["code"] = secret
    entries = [{"fullUrl": url, "resource": each} for url, each in zip(urls, resources, strict=True)]
    link = [
        {"relation": "self", "url": f"http://acme.com/{secret}?_type={secret}"},
        {"relation": "next", "url": secret},
    ]
    for type_ in (secret, "searchset", "document", "message", "collection"):
        outcome = validator.validate({"resourceType": "Bundle", "type": type_, "entry": entries, "link": link})
        assert len(outcome.issues) > 5
        assert secret not in str(outcome.to_fhir())


def test_many_threads_compile_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    fresh = Validator.load()
    content = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
    }
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [issue.rule for issue in fresh.validate(content).issues], range(64)))
    assert len({tuple(each) for each in found}) == 1
    assert "profile-min" in found[0], "the vital signs profile holds"
