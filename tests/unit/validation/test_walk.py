"""The walk over a resource: ids, URLs, claims, links of narratives, choices; each kept and broken at its place."""

from typing import Any

import pytest

from adapter.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
UUID = "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b1"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
SET: dict[str, Any] = {"resourceType": "ValueSet", "status": "draft"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
TO_ACTIVE = {"code": "Reference", "targetProfile": [URL + "active"]}
BASIC: dict[str, Any] = {"resourceType": "Basic", "code": {"text": "x"}}
ABSENT = {"extension": [{"url": BASE + "data-absent-reason", "valueCode": "unknown"}]}


def profile(name: str, type_: str, *elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "kind": "resource",
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": [{"path": type_}, *elements]},
    } | more


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(
        definitions=[
            profile("active", "Patient", {"path": "Patient.active", "min": 1}),
            profile("other", "Observation", {"path": "Observation.issued", "min": 1}),
            profile("of-active", "Observation", {"path": "Observation.subject", "type": [TO_ACTIVE]}),
            profile("broken", "Patient", baseDefinition="http://acme.com/nothing"),
        ]
    )


def definition(**more: Any) -> dict[str, Any]:
    return profile("x", "Patient", status="draft", abstract=False, **more) | {"name": "X"}


def claiming(*urls: str, **more: Any) -> dict[str, Any]:
    return PATIENT | {"meta": {"profile": [*urls]}} | more


def narrated(inner: str, **more: Any) -> dict[str, Any]:
    return PATIENT | {"text": {"status": "generated", "div": f"<div {XHTML}>{inner}</div>"}} | more


def extended(**value: Any) -> dict[str, Any]:
    return PATIENT | {"extension": [{"url": "http://acme.com/x"} | value]}


def sized(data: Any, size: Any) -> dict[str, Any]:
    return PATIENT | {"photo": [{"contentType": "text/plain", "data": data, "size": size}]}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"fullUrl": f"{UUID}{number}", "resource": each} for number, each in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def observed(**ranges: Any) -> dict[str, Any]:
    return OBSERVATION | {"referenceRange": [ranges]}


def in_parameters(patient: dict[str, Any]) -> dict[str, Any]:
    """A patient and an observation of Patient/1, whose profile says which patients those may be."""
    observation = OBSERVATION | {"subject": {"reference": "Patient/1"}, "meta": {"profile": [URL + "of-active"]}}
    parts = [{"name": "x", "resource": each} for each in (patient, observation)]
    return {"resourceType": "Parameters", "parameter": parts}


def open_on(*days: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "HealthcareService", "availableTime": [{"daysOfWeek": [*days]} | more]}


LINK = '<a href="#n">x</a>'
INNER = PATIENT | {"id": "c"}
TO_INNER = {"link": [{"other": {"reference": "#c"}, "type": "seealso"}]}
CASES: list[tuple[dict[str, Any], list[str]]] = [
    # ids
    (PATIENT | {"id": "x"}, []),
    (PATIENT | {"_id": ABSENT}, ["base-required id"]),
    (PATIENT | {"id": "x", "_id": ABSENT}, ["base-extension-context id"]),
    (PATIENT | {"id": "x", "_id": {"id": "y"}}, []),
    (PATIENT | {"name": [{"id": "x", "text": "a"}, {"id": "y", "text": "a"}]}, []),
    (PATIENT | {"name": [{"id": "x", "text": "a"}, {"id": "x", "text": "b"}]}, ["base-id-duplicate name[1]"]),
    (PATIENT | {"name": [{"id": "x", "text": "a", "_text": {"id": "x"}}]}, ["base-id-duplicate name[0].text"]),
    (bundle(*[PATIENT | {"name": [{"id": "x", "text": "a"}]}] * 2), []),
    (PATIENT | {"id": "x", "name": [{"id": "x", "text": "a"}]}, []),
    (
        PATIENT | {"name": [{"id": 1, "text": "a"}, {"id": 1, "text": "a"}]},
        ["base-type name[0].id", "base-type name[1].id"],
    ),
    # what R4 itself demands of the profile of a type
    (observed(low={"value": 1, "unit": "g"}), []),
    (
        observed(low={"value": 1, "system": "http://hl7.org/fhir/ValueSet/x"}),
        ["base-system referenceRange[0].low.system"],
    ),
    (
        observed(low={"value": 1, "comparator": "<"}),
        ["profile-invariant referenceRange[0].low", "profile-max referenceRange[0].low"],
    ),
    # contained resources
    (PATIENT | TO_INNER | {"contained": [INNER]}, []),
    (
        PATIENT | TO_INNER | {"contained": [INNER | {"contained": [{"resourceType": "Patient"}]}]},
        ["base-contained contained[0].contained"],
    ),
    # URLs of definitions and systems
    (SET | {"url": "http://acme.com/x"}, []),
    (SET | {"url": "x"}, ["base-format url"]),
    (SET | {"url": "x/y", "implicitRules": "x"}, ["base-format url"]),
    ({"resourceType": "Device", "url": "x"}, []),
    (PATIENT | {"identifier": [{"system": "x", "value": "1"}]}, ["base-system identifier[0].system"]),
    (PATIENT | {"identifier": [{"system": "urn:x:y", "value": "1"}]}, []),
    (PATIENT | {"maritalStatus": {"coding": [{"system": "x"}]}}, ["base-system maritalStatus.coding[0].system"]),
    (
        extended(valueQuantity={"value": 1, "system": "x", "code": "y"}),
        ["base-system extension[0].value.ofType(Quantity).system"],
    ),
    (extended(valueQuantity={"value": 1, "system": "http://acme.com", "code": "y"}), []),
    (extended(valueUri="x"), []),
    (PATIENT | {"identifier": [{"system": "urn:ietf:rfc:3986", "value": "URN:x:y"}]}, []),
    (PATIENT | {"identifier": [{"system": "urn:ietf:rfc:3986", "value": "x"}]}, ["base-format identifier[0]"]),
    (PATIENT | {"identifier": [{"system": "urn:ietf:rfc:3987", "value": "x"}]}, []),
    (PATIENT | {"identifier": [{"system": "urn:ietf:rfc:3986", "type": {"text": "x"}}]}, []),
    # attachments
    (sized("QUJD", 3), []),
    (sized("QUI=", 2), []),
    (sized("QQ==", 1), []),
    (sized("QU JD", 3), []),
    (sized("QUJDQUJD", 6), []),
    (sized("QUJD", 4), ["base-attachment-size photo[0]"]),
    (sized("QUI=", 3), ["base-attachment-size photo[0]"]),
    (sized("QUJD", 0), ["base-attachment-size photo[0]"]),
    (sized("QUJDQ", 9), ["base-format photo[0].data"]),
    (sized(1, 9), ["base-type photo[0].data"]),
    (sized("QUJD", "3"), ["base-type photo[0].size"]),
    # definitions
    (definition(), []),
    (definition(baseDefinition=URL + "x"), ["base-definition-circle baseDefinition"]),
    (
        PATIENT | {"baseDefinition": "x", "url": "x"},
        ["base-unknown-element baseDefinition", "base-unknown-element url"],
    ),
    # claims
    (claiming(URL + "active"), ["profile-min "]),
    (claiming(URL + "active", active=True), []),
    (claiming(URL + "active|1", active=True), ["warning profile-claim-unknown meta.profile[0]"]),
    (claiming(BASE + "Patient", URL + "active"), ["profile-min "]),
    (claiming(BASE + "Patient|4.0.1"), []),
    (claiming(BASE + "Observation"), ["profile-type meta.profile[0]"]),
    (
        claiming("http://acme.com/unknown", URL + "active"),
        ["warning profile-claim-unknown meta.profile[0]", "profile-min "],
    ),
    (claiming(URL + "other"), ["profile-type meta.profile[0]"]),
    (claiming(URL + "broken"), ["profile-unusable meta.profile[0]"]),
    (bundle(PATIENT, claiming(URL + "active")), ["profile-min entry[1].resource"]),
    (claiming(URL + "active", URL + "active"), ["profile-min "]),
    (
        claiming(*["http://acme.com/unknown"] * 102),
        [f"warning profile-claim-unknown meta.profile[{n}]" for n in range(100)],
    ),
    (PATIENT | {"meta": {"profile": URL + "active"}}, ["base-list meta.profile"]),
    (PATIENT | {"meta": {"profile": [1, URL + "active"]}}, ["base-type meta.profile[0]", "profile-min "]),
    (in_parameters(PATIENT | {"id": "1"}), ["profile-target parameter[1].resource.subject"]),
    (in_parameters(PATIENT | {"id": "1", "active": True}), []),
    (in_parameters(PATIENT | {"id": "2"}), []),
    (PATIENT | TO_INNER | {"contained": [claiming(URL + "active", id="c")]}, ["profile-min contained[0]"]),
    # narratives
    (narrated(LINK), ["base-narrative-content text.div"]),
    (narrated(LINK, name=[{"id": "n", "text": "x"}]), []),
    (narrated(LINK, contained=[INNER], name=[{"id": "n", "text": "x"}], **TO_INNER), []),
    (narrated(LINK, contained=[INNER | {"id": "n"}], link=[{"other": {"reference": "#n"}, "type": "seealso"}]), []),
    (narrated(LINK, contained=[INNER], **TO_INNER), ["base-narrative-content text.div"]),
    (narrated(LINK, id="n"), []),
    (
        bundle(narrated(LINK), PATIENT | {"name": [{"id": "n", "text": "x"}]}),
        ["base-narrative-content entry[0].resource.text.div"],
    ),
    (narrated("x", language="sv"), ["warning base-narrative-language text"]),
    (PATIENT | {"language": "sv"}, []),
    # resources within
    (bundle(PATIENT) | {"entry": [{"fullUrl": UUID + "1", "resource": "x"}]}, ["base-type entry[0].resource"]),
    (bundle({"resourceType": "Nothing"}), ["base-resource-type entry[0].resource.resourceType"]),
    (bundle({}), ["base-resource-type entry[0].resource.resourceType"]),
    (
        {"resourceType": "Parameters", "parameter": [{"name": "x", "resource": PATIENT | {"x": 1}}]},
        ["base-unknown-element parameter[0].resource.x"],
    ),
    (
        {"resourceType": "Parameters", "entry": [{}], "type": "collection"},
        ["base-unknown-element entry", "base-unknown-element type"],
    ),
    (
        PATIENT | {"contained": [PATIENT, PATIENT]},
        ["base-contained contained[0]", "base-contained contained[1]"],
    ),
    (
        PATIENT | {"contained": [{"resourceType": 1}]},
        ["base-resource-type contained[0].resourceType", "base-contained contained[0]"],
    ),
    # objects
    (PATIENT | {"deceasedBoolean": True}, []),
    (PATIENT | {"deceasedBoolean": True, "deceasedDateTime": "2026"}, ["base-choice deceased"]),
    (PATIENT | {"deceasedBoolean": True, "_deceasedBoolean": {"id": "x"}}, []),
    (PATIENT | {"name": [{}]}, ["base-empty name[0]"]),
    (PATIENT | {"name": [{"id": "x"}]}, ["base-empty name[0]"]),
    (PATIENT | {"name": [{"text": "x", "id": "x"}]}, []),
    (PATIENT | {"name": [None]}, ["base-type name[0]"]),
    (PATIENT | {"name": [{"resourceType": "x"}]}, ["base-unknown-element name[0].resourceType"]),
    (PATIENT | {"communication": [{"preferred": True}]}, ["base-required communication[0]"]),
    (BASIC | {"created": None}, ["base-type created"]),
    ({"resourceType": "Basic"}, ["base-required "]),
    ({"resourceType": "Basic", "code": None}, ["base-type code"]),
    (PATIENT | {"gender": None}, ["base-type gender"]),
    (PATIENT | {"gender": "x"}, ["code-required gender"]),
    (PATIENT | {"birthDate": ["2026"]}, ["base-list birthDate"]),
    (PATIENT | {"name": [{"_given": ABSENT}]}, ["base-list name[0].given"]),
    (PATIENT | {"name": [{"_given": None}]}, ["base-type name[0].given"]),
    (SET | {"url": "x\u00ad"}, ["base-format url"]),
    (open_on("x"), ["code-required availableTime[0].daysOfWeek[0]"]),
    (open_on("mon", "x", _daysOfWeek=[ABSENT, None]), ["code-required availableTime[0].daysOfWeek[1]"]),
    (
        PATIENT | {"generalPractitioner": [{"reference": "Practitioner/1"}, {"reference": "Task/1"}]},
        ["base-reference-type generalPractitioner[1]"],
    ),
    (PATIENT | {"_birthDate": [ABSENT]}, ["base-list birthDate"]),
    (PATIENT | {"_birthDate": None}, ["base-type birthDate"]),
    (PATIENT | {"birthDate": None, "_birthDate": ABSENT}, ["base-type birthDate"]),
    (PATIENT | {"_birthDate": ABSENT}, []),
    (
        PATIENT | {"modifierExtension": [{"url": "http://no.se/x", "valueCode": "x"}]},
        ["base-extension-unknown modifierExtension[0]"],
    ),
    (
        PATIENT | {"extension": [{"url": "http://no.se/x", "valueCode": "x"}]},
        ["information base-extension-unknown extension[0]"],
    ),
    (PATIENT | {"extension": ["x"]}, ["base-type extension[0]"]),
    (PATIENT | {"extension": [{"url": "http://acme.com/x", "valueCode": "x"}] * 2}, []),
    (PATIENT | {"extension": [{"url": "x", "valueCode": "x"}]}, ["base-extension-url extension[0].url"]),
    (PATIENT | {"extension": [{"url": "", "valueCode": "x"}]}, ["base-empty extension[0].url"]),
]


def shown(issues: list[Any]) -> list[str]:
    return [
        ("" if issue.severity == "error" else f"{issue.severity} ")
        + f"{issue.rule} {issue.expression[0].partition('.')[2]}"
        for issue in issues[1:]
        if issue.rule not in ("base-invariant", "code-extensible")
    ]


@pytest.mark.parametrize(("resource", "issues"), CASES)
def test_walk(validator: Validator, resource: dict[str, Any], issues: list[str]) -> None:
    assert shown(validator.validate(resource).issues) == issues


def test_what_is_asked_for_and_claimed_is_checked_once(validator: Validator) -> None:
    asked = validator.validate(claiming(URL + "active"), profile=URL + "active")
    assert shown(asked.issues) == ["profile-min "]
    for name in ("other", "active"):
        within = validator.validate(bundle(claiming(URL + "active")), profile=URL + name)
        assert shown(within.issues) == ["profile-type ", "profile-min entry[0].resource"]


@pytest.mark.parametrize(
    ("name", "rule"), [("nothing", "profile-unknown"), ("broken", "profile-unusable"), ("other", "profile-type")]
)
def test_a_profile_that_cannot_be_asked_for(validator: Validator, name: str, rule: str) -> None:
    (issue,) = validator.validate(PATIENT, profile=URL + name).issues[1:]
    assert (issue.rule, issue.severity, issue.profile) == (rule, "error", URL + name)
    words = {
        "profile-unknown": "the profile is not loaded",
        "profile-unusable": "the profile cannot be used: ",
        "profile-type": "the profile is of Observation: expected a resource of it",
    }
    assert issue.message.startswith(words[rule])


@pytest.mark.parametrize("resource", [{"resourceType": "Nothing"}, {"resourceType": 1}, {}])
def test_what_is_no_resource_of_r4_is_of_no_profile(validator: Validator, resource: dict[str, Any]) -> None:
    found = shown(validator.validate(resource, profile=URL + "active").issues)
    assert found[0] == "base-resource-type resourceType"
    assert found[1:] in ([], ["profile-type "])


@pytest.mark.parametrize(
    ("member", "key"),
    [
        ({"telecom": [{"system": "phone", "value": "1", "use": "home"}]}, "org-3"),
        ({"address": [{"city": "x", "use": "home"}]}, "org-2"),
    ],
)
def test_what_r4_demands_of_an_element_of_one_type_only(validator: Validator, member: dict[str, Any], key: str) -> None:
    base = {"resourceType": "Organization", "name": "x"}
    (issue,) = validator.validate(base | member).issues[1:]
    assert (issue.rule, issue.message.partition(":")[0]) == ("base-invariant", key)
    assert shown(validator.validate(base).issues) == []


def test_rules_of_r4_name_no_profile(validator: Validator) -> None:
    wrong = OBSERVATION | {"subject": {"reference": "#o"}, "contained": [{"resourceType": "Task", "id": "o"}]}
    issues = validator.validate(wrong).issues[1:]
    assert {"base-reference-type", "base-required"} <= {issue.rule for issue in issues}
    assert {issue.profile for issue in issues if issue.rule.startswith("base-")} == {""}


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({"gender": None}, "null: leave out what has no value"),
        ({"gender": None, "_gender": ABSENT}, "null: leave out the member itself"),
        ({"name": None}, "null: leave out what has no value"),
        ({"name": {}}, "the element repeats: expected an array"),
        ({"maritalStatus": None}, "null: leave out what has no value"),
        ({"maritalStatus": [{}]}, "an array where the element does not repeat: expected one value"),
        ({"maritalStatus": 1}, "a value where an object (CodeableConcept) is expected"),
        ({"name": [None]}, "null where an object (HumanName) is expected"),
        ({"maritalStatus": {"id": "x"}}, "an object without content: expected at least one element"),
        (
            {"name": [{"given": ["x"], "_given": [None, None]}]},
            "2 beside 1 values: expected as many, null where there is nothing",
        ),
        ({"name": [{"given": [None]}]}, "null: expected a value, or an extension in the array with underscore"),
        (
            {"deceasedBoolean": True, "deceasedDateTime": "2026"},
            "deceased[x] is given in more than one type: expected one",
        ),
        ({"communication": [{"preferred": True}]}, "communication.language is missing: expected a value"),
        ({"x": 1}, "Patient has no element of this name"),
    ],
)
def test_what_is_told(validator: Validator, member: dict[str, Any], words: str) -> None:
    told = [issue.message for issue in validator.validate(PATIENT | member).issues[1:]]
    assert any(each.endswith(words) for each in told), told
