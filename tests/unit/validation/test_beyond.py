"""What is checked where it is asked for, resources that references may lead to, and profiles of entries."""

import copy
from typing import Any

import pytest

from adapter.support.errors import DefinitionsError
from adapter.validation import Validator
from adapter.validation.beyond import Beyond

LED: dict[str, Any] = {"resourceType": "Patient", "managingOrganization": {"reference": "Organization/o"}}
HOUSE: dict[str, Any] = {"resourceType": "Organization", "id": "o", "name": "A"}
NAMED: dict[str, Any] = {
    "resourceType": "StructureDefinition",
    "url": "http://acme.com/fhir/StructureDefinition/named",
    "kind": "resource",
    "type": "Organization",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Organization",
    "derivation": "constraint",
    "differential": {"element": [{"path": "Organization"}, {"path": "Organization.name", "min": 1}]},
}
LEADING: dict[str, Any] = {
    "resourceType": "StructureDefinition",
    "url": "http://acme.com/fhir/StructureDefinition/leading",
    "kind": "resource",
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {
        "element": [
            {"path": "Patient"},
            {
                "path": "Patient.managingOrganization",
                "type": [{"code": "Reference", "targetProfile": [NAMED["url"]]}],
            },
        ]
    },
}


def found(validator: Validator, resource: Any, **given: Any) -> list[tuple[str, str]]:
    issues = validator.validate(resource, **given).issues
    return [(issue.rule, issue.expression[0]) for issue in issues if issue.severity == "error"]


def name(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [members]}


def photo(url: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "photo": [{"url": url}]}


def led(url: str) -> dict[str, Any]:
    return LED | {"managingOrganization": {"reference": url}}


EXTENDED = {
    "resourceType": "Patient",
    "birthDate": "1975",
    "_birthDate": {"extension": [{"url": "http://example.org/x", "valueCode": "x"}]},
}
CLAIMED = {"resourceType": "Patient", "meta": {"profile": ["http://example.org/p"]}}
CONTAINED = {
    "resourceType": "Patient",
    "contained": [{"resourceType": "Organization", "id": "o", "name": "<b>"}],
    "managingOrganization": {"reference": "#o"},
}


@pytest.mark.parametrize(
    ("also", "rule", "place", "wrong", "right"),
    [
        ("markup", "base-text-markup", "Patient.name[0].text", name(text="A<b>B</b>"), name(text="A < b > c, 1<2")),
        ("markup", "base-text-markup", "Patient.name[0].given[1]", name(given=["A", "</x>"]), name(given=["A", "<"])),
        ("markup", "base-text-markup", "Patient.contained[0].name", CONTAINED, LED | {"managingOrganization": {}}),
        ("example-urls", "base-url-example", "Patient.photo[0].url", photo("http://a.example.org/"), photo("http://b/")),
        ("example-urls", "base-url-example", "Patient.photo[0].url", photo("HTTP://Example.com"), photo("example.org")),
        ("example-urls", "base-url-example", "Patient.birthDate.extension[0].url", EXTENDED, photo("http://example.se/")),
        ("example-urls", "base-url-example", "Patient.meta.profile[0]", CLAIMED, name(text="http://example.org/p")),
        ("missing-targets", "base-reference-missing", "Patient.managingOrganization", LED, name(text="A")),
        ("missing-targets", "base-reference-missing", "Patient.managingOrganization", LED, led("http://a.se/Organization/o")),
        ("missing-targets", "base-reference-missing", "Patient.managingOrganization", LED, led("Organization?name=A")),
        ("missing-targets", "base-reference-missing", "Patient.managingOrganization", LED, led("#o")),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_an_error_and_else_nothing(
    also: Beyond, rule: str, place: str, wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    asked = Validator.load(also=[also])
    assert (rule, place) in found(asked, wrong)
    assert rule not in dict(found(asked, right))
    assert rule not in dict(found(Validator.load(), wrong))


def test_only_what_is_asked_for_is_looked_at() -> None:
    both = photo("http://example.org/") | name(text="<b>")
    assert [rule for rule, _ in found(Validator.load(also=["markup"]), both)] == ["base-text-markup"]
    assert [rule for rule, _ in found(Validator.load(also=["example-urls"]), both)] == ["base-url-example"]


@pytest.mark.parametrize(
    ("also", "wrong"),
    [
        ("markup", name(text=1)),
        ("example-urls", photo("") | {"photo": [{"url": 1}]}),
        ("missing-targets", LED | {"managingOrganization": "Organization/o"}),
        ("missing-targets", LED | {"managingOrganization": {"reference": 1}}),
        ("missing-targets", name(reference="Organization/o")),
    ],
)
def test_values_of_the_wrong_type_are_not_looked_at(also: Beyond, wrong: dict[str, Any]) -> None:
    said = found(Validator.load(also=[also]), wrong)
    assert said == found(Validator.load(), wrong)
    assert said


def test_the_narrative_is_no_text_with_tags() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><p>A</p></div>'
    resource = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
    assert found(Validator.load(also=["markup"]), resource) == []


def test_the_verdict_says_what_was_asked_for() -> None:
    settings = Validator.load(also=["missing-targets", "markup"]).validate(LED).issues[0]
    assert settings.message.endswith("Types named by references: error. Also checked: markup, missing-targets")


def test_a_reference_leads_to_what_is_related_and_that_is_held_against_what_the_reference_demands() -> None:
    validator = Validator.load(definitions=[NAMED, LEADING], also=["missing-targets"])
    nameless = HOUSE | {"name": "", "identifier": [{"value": "x"}]}
    del nameless["name"]
    assert found(validator, LED, profile=LEADING["url"], related=[HOUSE]) == []
    wrong = found(validator, LED, profile=LEADING["url"], related=[nameless])
    assert wrong == [("profile-target", "Patient.managingOrganization")]
    missing = found(validator, LED, profile=LEADING["url"])
    assert missing == [("base-reference-missing", "Patient.managingOrganization")]


def test_a_bundle_leads_to_what_is_related_where_it_has_no_such_entry() -> None:
    url = "http://acme.com/fhir/Patient/p"
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": url, "resource": LED | {"id": "p"}}],
    }
    validator = Validator.load(also=["missing-targets"])
    assert "base-reference-missing" in dict(found(validator, bundle))
    assert found(validator, bundle, related=[HOUSE]) == []


def test_what_is_related_is_not_checked_by_itself() -> None:
    assert found(Validator.load(), LED, related=[HOUSE | {"nmae": 1}]) == []


def test_what_is_asked_for_is_not_asked_of_what_is_related() -> None:
    assert found(Validator.load(also=["markup"]), LED, related=[HOUSE | {"name": "<b>"}]) == []


def test_what_is_related_leads_to_what_is_related() -> None:
    part = HOUSE | {"id": "p", "partOf": {"reference": "Organization/o"}}
    inner = {
        "path": "Organization.partOf",
        "min": 1,
        "type": [{"code": "Reference", "targetProfile": [NAMED["url"]]}],
    }
    within = NAMED | {"url": f"{NAMED['url']}-part", "differential": {"element": [{"path": "Organization"}, inner]}}
    leading = copy.deepcopy(LEADING)
    leading["differential"]["element"][1]["type"][0]["targetProfile"] = [within["url"]]
    validator = Validator.load(definitions=[NAMED, within, leading])
    led = LED | {"managingOrganization": {"reference": "Organization/p"}}
    assert found(validator, led, profile=leading["url"], related=[part, HOUSE]) == []
    nameless = {"resourceType": "Organization", "id": "o", "identifier": [{"value": "x"}]}
    wrong = found(validator, led, profile=leading["url"], related=[part, nameless])
    assert wrong == [("profile-target", "Patient.managingOrganization")]


def test_what_is_related_must_be_readable() -> None:
    with pytest.raises(DefinitionsError, match="a related resource cannot be read"):
        Validator.load().validate(LED, related=[b"{"])


def test_a_related_resource_of_no_type_is_refused() -> None:
    with pytest.raises(DefinitionsError, match="a related resource is of no type of R4"):
        Validator.load().validate(LED, related=[{"resourceType": "Patients"}])


def test_an_entry_is_held_against_the_profile_that_is_asked_for() -> None:
    entries = [{"resourceType": "Organization", "id": each, "identifier": [{"value": each}]} for each in ("a", "b")]
    entries[0] |= {"name": "A"}
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"http://acme.com/fhir/Organization/{each['id']}", "resource": each} for each in entries],
    }
    validator = Validator.load(definitions=[NAMED])
    assert found(validator, bundle, entry_profiles={("Organization", 0): NAMED["url"]}) == []
    wrong = found(validator, bundle, entry_profiles={("Organization", 1): NAMED["url"]})
    assert wrong == [("profile-min", "Bundle.entry[1].resource")]
    none = found(validator, bundle, entry_profiles={("Organization", 2): NAMED["url"]})
    assert none == [("profile-type", "Bundle")]


def test_a_type_that_the_url_of_a_reference_names_may_be_warned_of() -> None:
    wrong = {"resourceType": "Patient", "managingOrganization": {"reference": "Group/g"}}
    assert found(Validator.load(), wrong) == [("base-reference-type", "Patient.managingOrganization")]
    loose = Validator.load(typed_references="warning")
    assert found(loose, wrong) == []
    assert "base-reference-type" in [issue.rule for issue in loose.validate(wrong).issues]
