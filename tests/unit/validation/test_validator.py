"""The base structure of R4, rule by rule, and what the validator says of itself."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapter.validation
from adapter.fhir import json as fhir_json
from adapter.fhir.numbers import Number
from adapter.support.errors import DefinitionsError
from adapter.validation import Issue, Outcome, Validator, rules, run

PATIENT = {"resourceType": "Patient"}
ORGANIZATION = {"resourceType": "Organization", "name": "o"}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
UUID = "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b11"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


def found(outcome: Outcome) -> list[tuple[str, tuple[str, ...]]]:
    return [(issue.rule, issue.expression) for issue in outcome.issues[1:]]


@pytest.mark.parametrize(
    "resource",
    [
        PATIENT,
        PATIENT | {"id": "p-1.A", "active": False, "birthDate": "2024-02-29"},
        PATIENT | {"birthDate": "1890"},
        PATIENT | {"birthDate": "1890-01-01", "_birthDate": {"id": "x"}},
        PATIENT | {"_birthDate": {"extension": [{"url": "http://acme.com/x", "valueCode": "unknown"}]}},
        PATIENT
        | {
            "name": [
                {
                    "given": ["A", None],
                    "_given": [None, {"extension": [{"url": "http://acme.com/u", "valueCode": "c"}]}],
                }
            ]
        },
        PATIENT | {"deceasedDateTime": "2026-03-09T10:12:60.123+14:00", "_deceasedDateTime": {"id": "x"}},
        PATIENT | {"text": {"status": "generated", "div": f"<div {XHTML}>A</div>"}},
        PATIENT
        | {
            "contained": [{"resourceType": "Organization", "id": "o", "name": "o"}],
            "managingOrganization": {"reference": "#o"},
        },
        PATIENT | {"managingOrganization": {"extension": [{"url": "http://acme.com/u", "valueCode": "c"}]}},
        PATIENT
        | {
            "photo": [{"data": "QUJD", "contentType": "text/plain", "size": 3, "url": UUID}],
            "multipleBirthInteger": -(2**31),
        },
        OBSERVATION | {"valueQuantity": {"value": Number("1.50e3")}},
        OBSERVATION | {"valueQuantity": {"value": 10**400}},
        OBSERVATION | {"valueQuantity": {"value": 1.5}},
        OBSERVATION | {"valueTime": "10:12:00"},
        OBSERVATION | {"component": [{"code": {"text": "x"}, "referenceRange": [{"text": "a"}]}]},
        {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": UUID, "resource": PATIENT}]},
        {"resourceType": "Parameters", "parameter": [{"name": "x", "part": [{"name": "y", "resource": PATIENT}]}]},
    ],
)
def test_valid(validator: Validator, resource: dict[str, Any]) -> None:
    outcome = validator.validate(resource)
    assert found(outcome) == []
    assert outcome.valid


@pytest.mark.parametrize(
    ("resource", "rule", "place"),
    [
        ({}, "base-resource-type", "Resource.resourceType"),
        ({"resourceType": "Person1"}, "base-resource-type", "Resource.resourceType"),
        ({"resourceType": "HumanName"}, "base-resource-type", "Resource.resourceType"),
        ({"resourceType": "DomainResource"}, "base-resource-type", "Resource.resourceType"),
        ({"resourceType": ["Patient"]}, "base-resource-type", "Resource.resourceType"),
        (
            {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": UUID, "resource": {"id": "x"}}]},
            "base-resource-type",
            "Bundle.entry[0].resource.resourceType",
        ),
        (PATIENT | {"nmae": []}, "base-unknown-element", "Patient.nmae"),
        (PATIENT | {"anna 18900101": 1}, "base-unknown-element", "Patient.?"),
        (PATIENT | {"_name": [{"id": "x"}]}, "base-unknown-element", "Patient._name"),
        (PATIENT | {"name": [{"_id": {"id": "x"}, "text": "x"}]}, "base-unknown-element", "Patient.name[0]._id"),
        (PATIENT | {"name": [{"resourceType": "x"}]}, "base-unknown-element", "Patient.name[0].resourceType"),
        (PATIENT | {"valueString": "x"}, "base-unknown-element", "Patient.valueString"),
        ({"resourceType": "Observation", "status": "final"}, "base-required", "Observation"),
        (PATIENT | {"link": [{"type": "refer"}]}, "base-required", "Patient.link[0]"),
        (PATIENT | {"extension": [{"valueCode": "x"}]}, "base-required", "Patient.extension[0]"),
        (PATIENT | {"name": {"text": "x"}}, "base-list", "Patient.name"),
        (PATIENT | {"maritalStatus": [{"text": "x"}]}, "base-list", "Patient.maritalStatus"),
        (PATIENT | {"active": [True]}, "base-list", "Patient.active"),
        (PATIENT | {"_active": [{"id": "x"}]}, "base-list", "Patient.active"),
        (PATIENT | {"name": [{"given": "A"}]}, "base-list", "Patient.name[0].given"),
        (PATIENT | {"name": []}, "base-empty", "Patient.name"),
        (PATIENT | {"name": [{}]}, "base-empty", "Patient.name[0]"),
        (PATIENT | {"name": [{"id": "x"}]}, "base-empty", "Patient.name[0]"),
        (PATIENT | {"name": [{"given": []}]}, "base-empty", "Patient.name[0].given"),
        (PATIENT | {"name": [{"text": ""}]}, "base-empty", "Patient.name[0].text"),
        (PATIENT | {"gender": " "}, "base-empty", "Patient.gender"),
        (PATIENT | {"_active": {}}, "base-empty", "Patient.active"),
        (PATIENT | {"_active": {"id": "x"}}, "base-empty", "Patient.active"),
        (PATIENT | {"active": "true"}, "base-type", "Patient.active"),
        (PATIENT | {"active": None}, "base-type", "Patient.active"),
        (PATIENT | {"name": None}, "base-type", "Patient.name"),
        (PATIENT | {"name": [None]}, "base-type", "Patient.name[0]"),
        (PATIENT | {"name": ["A"]}, "base-type", "Patient.name[0]"),
        (PATIENT | {"name": [{"given": ["A", None]}]}, "base-type", "Patient.name[0].given[1]"),
        (PATIENT | {"birthDate": 1890}, "base-type", "Patient.birthDate"),
        (PATIENT | {"multipleBirthInteger": "1"}, "base-type", "Patient.multipleBirth.ofType(integer)"),
        (PATIENT | {"multipleBirthInteger": True}, "base-type", "Patient.multipleBirth.ofType(integer)"),
        (PATIENT | {"text": {"status": "generated", "div": 1}}, "base-type", "Patient.text.div"),
        (PATIENT | {"contained": ["x"]}, "base-type", "Patient.contained[0]"),
        (PATIENT | {"deceasedBoolean": True, "deceasedDateTime": "2026"}, "base-choice", "Patient.deceased"),
        (PATIENT | {"birthDate": "2025-02-30"}, "base-format", "Patient.birthDate"),
        (PATIENT | {"birthDate": "2025-02-29"}, "base-format", "Patient.birthDate"),
        (PATIENT | {"birthDate": "2025-2-3"}, "base-format", "Patient.birthDate"),
        (PATIENT | {"birthDate": "2025-02-03\n"}, "base-format", "Patient.birthDate"),
        (PATIENT | {"deceasedDateTime": "2026-03-09T10:12:00"}, "base-format", "Patient.deceased.ofType(dateTime)"),
        (PATIENT | {"deceasedDateTime": "2026-02-30T10:12:00Z"}, "base-format", "Patient.deceased.ofType(dateTime)"),
        (PATIENT | {"meta": {"lastUpdated": "2026-03-09"}}, "base-format", "Patient.meta.lastUpdated"),
        (PATIENT | {"id": "å"}, "base-format", "Patient.id"),
        (PATIENT | {"id": "x" * 65}, "base-format", "Patient.id"),
        (PATIENT | {"gender": "male "}, "base-format", "Patient.gender"),
        (PATIENT | {"name": [{"text": "a\x01b"}]}, "base-format", "Patient.name[0].text"),
        (PATIENT | {"multipleBirthInteger": Number("1.0")}, "base-format", "Patient.multipleBirth.ofType(integer)"),
        (PATIENT | {"multipleBirthInteger": 2**31}, "base-format", "Patient.multipleBirth.ofType(integer)"),
        (PATIENT | {"telecom": [{"rank": 0}]}, "base-format", "Patient.telecom[0].rank"),
        (PATIENT | {"photo": [{"size": -1}]}, "base-format", "Patient.photo[0].size"),
        (PATIENT | {"photo": [{"contentType": "text/plain", "data": "QUJ"}]}, "base-format", "Patient.photo[0].data"),
        (PATIENT | {"photo": [{"url": "a b"}]}, "base-format", "Patient.photo[0].url"),
        (OBSERVATION | {"valueTime": "10:12"}, "base-format", "Observation.value.ofType(time)"),
        (
            OBSERVATION | {"valueQuantity": {"value": Decimal("NaN")}},
            "base-format",
            "Observation.value.ofType(Quantity).value",
        ),
        (
            OBSERVATION | {"valueQuantity": {"value": float("inf")}},
            "base-format",
            "Observation.value.ofType(Quantity).value",
        ),
        (PATIENT | {"name": [{"text": "x" * (2**20 + 1)}]}, "base-too-long", "Patient.name[0].text"),
        (PATIENT | {"text": {"status": "generated", "div": "<div>A</div>"}}, "base-narrative", "Patient.text.div"),
        (PATIENT | {"text": {"status": "generated", "div": f"<div {XHTML}>A"}}, "base-narrative", "Patient.text.div"),
        (
            PATIENT | {"name": [{"given": ["A"], "_given": [None, {"id": "x"}]}]},
            "base-primitive-extension",
            "Patient.name[0].given",
        ),
        (PATIENT | {"contained": [PATIENT]}, "base-contained", "Patient.contained[0]"),
        (
            PATIENT
            | {
                "contained": [ORGANIZATION | {"id": "a", "contained": [ORGANIZATION | {"id": "b"}]}],
                "managingOrganization": {"reference": "#a"},
            },
            "base-contained",
            "Patient.contained[0].contained",
        ),
        (
            PATIENT | {"managingOrganization": {"reference": "#o"}},
            "base-reference",
            "Patient.managingOrganization",
        ),
    ],
)
def test_invalid(validator: Validator, resource: dict[str, Any], rule: str, place: str) -> None:
    outcome = validator.validate(resource)
    assert found(outcome) == [(rule, (place,))]
    assert not outcome.valid


def test_what_is_no_resource_at_all(validator: Validator) -> None:
    assert found(validator.validate(["x"])) == [("base-type", ("Resource",))]  # type: ignore[arg-type]


def test_depth_is_bounded(validator: Validator) -> None:
    deep: dict[str, Any] = {"url": "http://acme.com/u", "valueCode": "c"}
    for _ in range(5000):
        deep = {"url": "u", "extension": [deep]}
    assert [rule for rule, _ in found(validator.validate(PATIENT | {"extension": [deep]}))] == ["base-depth"]


def test_issues_are_bounded(validator: Validator) -> None:
    outcome = validator.validate(PATIENT | {f"x{number}": 1 for number in range(5000)})
    assert len(outcome.issues) == run.MAX_ISSUES + 2
    assert outcome.issues[-1].rule == "validation-stopped"


def test_contained_of_one_entry_is_not_that_of_another(validator: Validator) -> None:
    two = PATIENT | {"managingOrganization": {"reference": "#o"}}
    one = two | {"contained": [ORGANIZATION | {"id": "o"}]}
    entries = [{"fullUrl": UUID, "resource": one}, {"fullUrl": UUID[:-1] + "2", "resource": two}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    assert found(validator.validate(bundle)) == [("base-reference", ("Bundle.entry[1].resource.managingOrganization",))]


def test_the_first_issue_says_what_the_verdict_rests_on(validator: Validator) -> None:
    first = validator.validate(PATIENT).issues[0]
    assert (first.severity, first.rule) == ("information", "validation-settings")
    assert "hl7.fhir.r4.core#4.0.1" in first.message
    assert "Not checked: best practice" in first.message
    assert "Unknown extensions: information" in first.message


def test_a_profile_is_never_passed_in_silence(validator: Validator) -> None:
    url = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePatient"
    asked = validator.validate(PATIENT, profile=url).issues[1]
    assert (asked.severity, asked.rule, asked.profile) == ("error", "profile-unknown", url)
    claiming = PATIENT | {"meta": {"profile": [url]}}
    entries = [{"fullUrl": UUID, "resource": claiming}]
    issue = validator.validate({"resourceType": "Bundle", "type": "collection", "entry": entries}).issues[1]
    assert (issue.severity, issue.rule) == ("warning", "profile-claim-unknown")
    assert issue.expression == ("Bundle.entry[0].resource.meta.profile[0]",)


@pytest.mark.parametrize(
    ("content", "written_as"),
    [
        (b'{"resourceType": "Patient", "active": true}', "json"),
        (b'<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>', "xml"),
    ],
)
def test_bytes_of_either_format(validator: Validator, content: bytes, written_as: Any) -> None:
    assert validator.validate(content, format=written_as).valid


@pytest.mark.parametrize(
    ("content", "written_as"),
    [(b"{", "json"), (b"", "json"), (b"[]", "json"), (b"<Patient/>", "xml"), (b"<Patient", "xml"), (b"{}", "xml")],
)
def test_bytes_that_cannot_be_read_are_an_issue(validator: Validator, content: bytes, written_as: Any) -> None:
    outcome = validator.validate(content, format=written_as)
    assert [rule for rule, _ in found(outcome)] == ["not-readable"]
    assert not outcome.valid


def test_outcome_is_an_operation_outcome(validator: Validator) -> None:
    issues = validator.validate(PATIENT | {"active": "yes"}).to_fhir()["issue"]
    assert [issue["severity"] for issue in issues] == ["information", "error"]
    assert issues[1]["expression"] == ["Patient.active"]
    assert "yes" not in json.dumps(issues)


def test_definitions_are_taken_and_counted() -> None:
    definition = {"resourceType": "StructureDefinition", "url": "http://acme.com/x"}
    loaded = Validator.load(definitions=[definition, json.dumps(definition).encode()])
    assert "2 definitions given" in loaded.validate(PATIENT).issues[0].message


def test_a_definition_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(DefinitionsError, match="a definition cannot be read"):
        Validator.load(definitions=[b"<nothing"])


def test_a_package_that_is_not_installed_is_refused() -> None:
    with pytest.raises(DefinitionsError, match="adapter packages install"):
        Validator.load(packages=["example.not.installed#1.0.0"])


def test_public_names() -> None:
    assert adapter.validation.__all__ == ["Issue", "Outcome", "Validator"]
    assert Issue is rules.Rule("a", "b", "c", "d").issue("e").__class__


MEMBERS = """resourceType id name _name given _given active _active birthDate extension url valueCode valueString
contained meta profile text div entry resource reference managingOrganization deceasedBoolean photo size __active"""
NAMES = st.sampled_from(["", *MEMBERS.split()])
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.sampled_from(["Patient", "Bundle", "Organization", "#o", "2026-02-30", "<div/>"])
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)


@given(resource=ANYTHING | st.dictionaries(NAMES, ANYTHING, max_size=8).map(lambda rest: rest | PATIENT))
def test_no_shape_raises(validator: Validator, resource: Any) -> None:
    outcome = validator.validate(resource)
    assert all(issue.rule in rules.RULES for issue in outcome.issues)
    assert outcome.to_fhir()["issue"]


@given(content=st.binary(max_size=60), written_as=st.sampled_from(["json", "xml"]))
def test_no_bytes_raise(validator: Validator, content: bytes, written_as: Any) -> None:
    validator.validate(content, format=written_as)


def test_numbers_are_judged_by_how_they_are_written(validator: Validator) -> None:
    written = b'{"resourceType":"Patient","multipleBirthInteger":1e0}'
    assert found(validator.validate(fhir_json.parse(written))) == [
        ("base-format", ("Patient.multipleBirth.ofType(integer)",))
    ]


def test_xml_that_does_not_fit_the_types_is_read_on(validator: Validator) -> None:
    content = b'<Patient xmlns="http://hl7.org/fhir"><unknown/><gender value="x"/></Patient>'
    assert found(validator.validate(content, format="xml")) == [
        ("base-xml", ("Patient",)),
        ("code-required", ("Patient.gender",)),
    ]
