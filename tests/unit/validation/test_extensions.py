"""Extensions by their definitions: where they may stand, their parts, modifiers, versions, what is not known."""

from typing import Any

import pytest

from adapter.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.se/StructureDefinition/"
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


def definition(name: str, *contexts: str, elements: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    kinds = [each.rpartition(" ") for each in contexts]
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "name": name,
        "kind": "complex-type",
        "type": "Extension",
        "baseDefinition": BASE + "Extension",
        "derivation": "constraint",
        "context": [{"type": kind or "element", "expression": place} for kind, _, place in kinds],
        "differential": {
            "element": [{"path": "Extension"}, *elements, {"path": "Extension.url", "fixedUri": URL + name}]
        },
    } | more


PARTS = (
    {"path": "Extension.extension", "sliceName": "a"},
    {"path": "Extension.extension.url", "fixedUri": "a"},
    {"path": "Extension.extension", "sliceName": "b"},
    {"path": "Extension.extension.url", "fixedUri": "b"},
)
NAMED_PARTS = (
    {"path": "Extension.extension", "sliceName": "first"},
    {"path": "Extension.extension.url", "fixedUri": "a"},
)
UNNAMED_PART = ({"path": "Extension.extension", "sliceName": "second"},)
MODIFYING = {"element": [{"path": "Extension", "isModifier": True}, {"path": "Extension.url", "fixedUri": URL + "mod"}]}
DEFINITIONS = [
    definition("anywhere", "Element"),
    definition("on-resource", "Resource"),
    definition("on-domain", "DomainResource"),
    definition("on-patient", "Patient"),
    definition("on-several", "Organization", "Patient.contact"),
    definition("on-name", "HumanName"),
    definition("on-family", "HumanName.family"),
    definition("on-contact-name", "Patient.contact.name"),
    definition("on-text", "Patient.name.text"),
    definition("on-choice", "Observation.value[x]"),
    definition("on-choice-bare", "Observation.value"),
    definition("on-quantity", "Quantity"),
    definition("on-string", "string"),
    definition("on-backbone", "BackboneElement"),
    definition("by-profile", "Patient#Patient.name"),
    definition("on-extension", f"extension {URL}anywhere"),
    definition("by-path", "fhirpath Patient.name.where(use='old')"),
    definition("by-path-of-text", "fhirpath Patient.name.family"),
    definition("by-wrong-path", "fhirpath Patient.("),
    definition("where", "Patient", contextInvariant=["active.exists()"]),
    definition("named-where", "HumanName", contextInvariant=["family.exists()"]),
    definition("parts", "Element", elements=PARTS),
    definition("coded", "Element", elements=({"path": "Extension.value[x]", "min": 1, "type": [{"code": "code"}]},)),
    definition("mod", "Element", differential=MODIFYING),
    definition("both", "HumanName", contextInvariant=["family.exists()"]),
    definition("quantity-where", "Quantity", contextInvariant=["value > 1"]),
    definition("code-where", "Questionnaire.item", contextInvariant=["linkId = '2'"]),
    definition("not-evaluated", "Patient", contextInvariant=["("]),
    definition("named-parts", "Element", elements=NAMED_PARTS),
    definition("unnamed-part", "Element", elements=UNNAMED_PART),
    definition("on-item", "Questionnaire.item"),
    definition("on-item-code", "Questionnaire.item.code"),
    definition("on-any", "Any"),
    definition("no-context"),
    definition("no-place") | {"context": [{"type": "element"}]},
    definition("on-canonical", "CanonicalResource"),
    definition("on-metadata", "MetadataResource"),
    {
        "resourceType": "StructureDefinition",
        "url": URL + "no-extension",
        "kind": "resource",
        "type": "Patient",
        "baseDefinition": BASE + "Patient",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Patient"}]},
    },
]


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(definitions=DEFINITIONS)


def ext(name: str, *parts: dict[str, Any]) -> dict[str, Any]:
    url = name if ":" in name else URL + name
    return {"url": url, "extension": [*parts]} if parts else {"url": url, "valueCode": "x"}


def having(name: str, **more: Any) -> dict[str, Any]:
    return {"extension": [ext(name)], **more}


def on_patient(name: str, **more: Any) -> dict[str, Any]:
    return PATIENT | having(name, **more)


def on_name(name: str, **more: Any) -> dict[str, Any]:
    return PATIENT | {"name": [having(name, **({"text": "x"} | more))]}


def on_contact(name: str, inner: str = "", **more: Any) -> dict[str, Any]:
    naming = {"text": "x"} | (having(inner) if inner else {})
    return PATIENT | {"contact": [{"name": naming} | (having(name) if name else {}) | more]}


def on_value(name: str, member: str = "valueQuantity", value: Any = None) -> dict[str, Any]:
    return OBSERVATION | {member: value or having(name, value=1)}


def contained(name: str) -> dict[str, Any]:
    inner = {"resourceType": "Organization", "id": "o", "name": "x"} | having(name)
    return PATIENT | {"contained": [inner], "managingOrganization": {"reference": "#o"}}


def item(name: str, inner: str = "") -> dict[str, Any]:
    """A Questionnaire whose inner item has an extension."""
    below = {"linkId": "2", "type": "string", "text": "x"} | (having(name) if name else {})
    below |= {"code": [having(inner, code="x")]} if inner else {}
    outer = {"linkId": "1", "type": "group", "text": "x", "item": [below]}
    return {"resourceType": "Questionnaire", "status": "draft", "item": [outer]}


def valued(member: str, holder: dict[str, Any], value: Any = None) -> dict[str, Any]:
    """An extension of the name `anywhere` with a value, or what extends one."""
    return {"url": URL + "anywhere", member: holder} | ({member[1:]: value} if value is not None else {})


def named_parts(*urls: Any) -> dict[str, Any]:
    return PATIENT | {"extension": [ext("named-parts", *({"url": each, "valueCode": "x"} for each in urls))]}


FIXED = ("profile-fixed", "Patient.extension[0].url")
TO_CONTAINED = {"other": {"reference": "#p"}, "type": "seealso"}
INNER = valued("valuePeriod", having("on-extension"))
ITEM = "Questionnaire.item[0].item[0]"
CONTEXT, PART, MODIFIER, UNKNOWN = (f"base-extension-{each}" for each in ("context", "part", "modifier", "unknown"))
FIXED = ("profile-fixed", "Patient.extension[0].url")
CASES: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    (on_patient("anywhere"), []),
    (on_name("anywhere"), []),
    (contained("anywhere"), []),
    (on_patient("on-resource"), []),
    (contained("on-resource"), []),
    (on_name("on-resource"), [(CONTEXT, "Patient.name[0]")]),
    (on_patient("on-domain"), []),
    (on_contact("on-domain"), [(CONTEXT, "Patient.contact[0]")]),
    (on_patient("on-patient"), []),
    (on_name("on-patient"), [(CONTEXT, "Patient.name[0]")]),
    (contained("on-patient"), [(CONTEXT, "Patient.contained[0]")]),
    (contained("on-several"), []),
    (on_contact("on-several"), []),
    (on_patient("on-several"), [(CONTEXT, "Patient")]),
    (on_name("on-name"), []),
    (on_contact("", "on-name"), []),
    (on_patient("on-name"), [(CONTEXT, "Patient")]),
    (on_name("on-family"), [(CONTEXT, "Patient.name[0]")]),
    (PATIENT | {"name": [{"family": "x", "_family": having("on-family")}]}, []),
    (PATIENT | {"name": [{"text": "x", "_text": having("on-family")}]}, [(CONTEXT, "Patient.name[0].text")]),
    (PATIENT | {"name": [{"given": ["x"], "_given": [having("on-string")]}]}, []),
    (PATIENT | {"gender": "male", "_gender": having("on-string")}, [(CONTEXT, "Patient.gender")]),
    (on_contact("", "on-contact-name"), []),
    (on_name("on-contact-name"), [(CONTEXT, "Patient.name[0]")]),
    (PATIENT | {"name": [{"text": "x", "_text": having("on-text")}]}, []),
    (
        PATIENT | {"contact": [{"name": {"text": "x", "_text": having("on-text")}}]},
        [(CONTEXT, "Patient.contact[0].name.text")],
    ),
    (on_value("on-choice"), []),
    (on_value("on-choice-bare"), []),
    (on_value("on-quantity"), []),
    (on_value("on-choice", "valueString", "x") | {"_valueString": having("on-choice")}, []),
    (
        on_value("on-quantity", "valueString", "x") | {"_valueString": having("on-quantity")},
        [(CONTEXT, "Observation.value.ofType(string)")],
    ),
    (on_contact("on-backbone"), []),
    (on_name("on-backbone"), [(CONTEXT, "Patient.name[0]")]),
    (on_name("by-profile"), []),
    (on_patient("by-profile"), [(CONTEXT, "Patient")]),
    (PATIENT | {"extension": [ext("anywhere") | having("on-extension")]}, []),
    (
        PATIENT
        | {"extension": [{"url": URL + "anywhere", "valueString": "x", "_valueString": having("on-extension")}]},
        [],
    ),
    (PATIENT | {"extension": [{"url": URL + "anywhere", "valuePeriod": having("on-extension")}]}, []),
    (on_patient("on-extension"), [(CONTEXT, "Patient")]),
    (PATIENT | {"extension": [valued("valuePeriod", {"extension": [INNER]})]}, []),
    (PATIENT | {"extension": [valued("_valueString", {"extension": [INNER]})]}, []),
    (PATIENT | {"extension": [valued("_valueString", {"extension": [INNER]}, "x")]}, []),
    (PATIENT | {"name": [{"given": ["x", "y"], "_given": [None, {"extension": [INNER]}]}]}, []),
    (PATIENT | {"name": [{"_given": [{"extension": [INNER]}]}]}, []),
    (
        PATIENT | {"extension": [{"url": URL + "coded", "valuePeriod": having("on-extension")}]},
        [
            (CONTEXT, "Patient.extension[0].value.ofType(Period)"),
            ("profile-element-type", "Patient.extension[0].value.ofType(Period)"),
        ],
    ),
    (
        PATIENT | {"contained": [PATIENT | {"id": "p", "extension": [INNER]}], "link": [TO_CONTAINED]},
        [],
    ),
    (
        PATIENT | {"contained": [PATIENT | {"id": "p"} | having("on-extension")], "link": [TO_CONTAINED]},
        [(CONTEXT, "Patient.contained[0]")],
    ),
    (on_patient("both"), [(CONTEXT, "Patient")]),
    (on_name("both"), [(CONTEXT, "Patient.name[0]")]),
    (on_value("quantity-where"), [(CONTEXT, "Observation.value.ofType(Quantity)")]),
    (on_value("quantity-where", value=having("quantity-where", value=2)), []),
    (item("code-where"), []),
    (on_patient("not-evaluated"), [("warning base-invariant-not-evaluated", "Patient")]),
    (named_parts("a"), []),
    (
        PATIENT | {"extension": [ext("unnamed-part", {"url": "third", "valueCode": "x"})]},
        [(PART, "Patient.extension[0].extension[0]")],
    ),
    (named_parts("first", "b"), [(PART, "Patient.extension[0].extension[1]")]),
    (named_parts(""), [("base-empty", "Patient.extension[0].extension[0].url")]),
    (named_parts(1), [("base-type", "Patient.extension[0].extension[0].url")]),
    (PATIENT | {"extension": [{"url": "x", "valueCode": "x"}]}, [("base-extension-url", "Patient.extension[0].url")]),
    (PATIENT | {"extension": [{"url": "", "valueCode": "x"}]}, [("base-empty", "Patient.extension[0].url")]),
    (PATIENT | {"extension": [{"url": 1, "valueCode": "x"}]}, [("base-type", "Patient.extension[0].url")]),
    (PATIENT | {"extension": ["x", INNER]}, [("base-type", "Patient.extension[0]")]),
    (
        PATIENT | {"extension": [ext("on-patient|1|2")]},
        [("base-extension-url", "Patient.extension[0].url"), FIXED],
    ),
    (item("on-item"), []),
    (item("on-patient"), [(CONTEXT, ITEM)]),
    (item("", "on-item-code"), []),
    (item("", "on-item"), [(CONTEXT, f"{ITEM}.code[0]")]),
    (on_name("on-any"), []),
    (on_patient("no-context"), []),
    (on_patient("no-place"), [(CONTEXT, "Patient")]),
    (item("on-canonical"), [(CONTEXT, ITEM)]),
    (item("") | having("on-canonical"), []),
    (item("") | having("on-metadata"), []),
    (on_patient("on-canonical"), [(CONTEXT, "Patient")]),
    (on_name("by-path", use="old"), []),
    (PATIENT | {"name": [{"family": "x", "_family": having("by-path-of-text")}]}, []),
    (PATIENT | {"name": [{"text": "x", "_text": having("by-path-of-text")}]}, [(CONTEXT, "Patient.name[0].text")]),
    (on_name("by-path", use="usual"), [(CONTEXT, "Patient.name[0]")]),
    (on_name("by-wrong-path"), []),
    (on_patient("where", active=True), []),
    (on_patient("where"), [(CONTEXT, "Patient")]),
    (on_name("named-where", family="x"), []),
    (on_name("named-where"), [(CONTEXT, "Patient.name[0]")]),
    (PATIENT | {"extension": [ext("parts", ext("urn:a:b") | {"url": "a"}, ext("urn:a:b") | {"url": "b"})]}, []),
    (
        PATIENT | {"extension": [ext("parts", ext("urn:a:b") | {"url": "a"}, ext("urn:a:b") | {"url": "c"})]},
        [(PART, "Patient.extension[0].extension[1]")],
    ),
    (PATIENT | {"extension": [ext("parts", ext("anywhere"))]}, []),
    (
        PATIENT | {"extension": [ext("anywhere", ext("urn:a:b") | {"url": "a"})]},
        [(PART, "Patient.extension[0].extension[0]")],
    ),
    (
        PATIENT | {"extension": [{"url": URL + "coded", "valueString": "x"}]},
        [("profile-element-type", "Patient.extension[0].value.ofType(string)")],
    ),
    (PATIENT | {"modifierExtension": [ext("mod")]}, []),
    (PATIENT | {"extension": [ext("mod")]}, [(MODIFIER, "Patient.extension[0]")]),
    (PATIENT | {"modifierExtension": [ext("anywhere")]}, [(MODIFIER, "Patient.modifierExtension[0]")]),
    (PATIENT | {"modifierExtension": [ext("http://no.se/x")]}, [(UNKNOWN, "Patient.modifierExtension[0]")]),
    (PATIENT | {"extension": [ext("http://no.se/x")]}, [("information " + UNKNOWN, "Patient.extension[0]")]),
    (PATIENT | {"extension": [ext("no-extension")]}, [("information " + UNKNOWN, "Patient.extension[0]")]),
    (PATIENT | {"extension": [ext("http://example.org/x")]}, []),
    (PATIENT | {"extension": [ext("http://acme.com/x")]}, []),
    (PATIENT | {"extension": [ext("http://nema.org/x")]}, []),
    (PATIENT | {"extension": [ext("http://hl7.org/fhir/tools/StructureDefinition/x")]}, []),
    (
        PATIENT | {"extension": [ext("http://no.se/http://hl7.org/fhir/tools/StructureDefinition/")]},
        [("information " + UNKNOWN, "Patient.extension[0]")],
    ),
    (PATIENT | {"extension": [ext("on-patient|1")]}, [("base-extension-url", "Patient.extension[0].url"), FIXED]),
    (
        PATIENT | {"extension": [ext("on-name|1")]},
        [("base-extension-url", "Patient.extension[0].url"), (CONTEXT, "Patient"), FIXED],
    ),
]


@pytest.mark.parametrize(("resource", "issues"), CASES)
def test_extension(validator: Validator, resource: dict[str, Any], issues: list[tuple[str, str]]) -> None:
    found = [
        (("" if issue.severity == "error" else f"{issue.severity} ") + issue.rule, issue.expression[0])
        for issue in validator.validate(resource).issues[1:]
        if issue.rule not in ("base-invariant", "code-required")
    ]
    assert found == issues


def test_whose_rule_it_is_is_told(validator: Validator) -> None:
    for resource, profile in (
        (on_patient("on-name"), "on-name"),
        (on_patient("where"), "where"),
        (PATIENT | {"extension": [ext("mod")]}, "mod"),
        (PATIENT | {"extension": [ext("anywhere", ext("urn:a:b") | {"url": "a"})]}, "anywhere"),
    ):
        assert {each.profile for each in validator.validate(resource).issues[1:] if each.profile} == {URL + profile}


@pytest.mark.parametrize(
    "name",
    [
        {"given": [{"x": 1}], "_given": [{"extension": [INNER]}]},
        {"given": [{"x": 1}], "_given": [None, {"extension": [INNER]}]},
        {"given": [{"extension": []}], "_given": [{"extension": [INNER]}]},
        {"given": {"x": 1}, "_given": {"extension": [INNER]}},
        {"_text": {"extension": [INNER | {"_valuePeriod": 1}]}, "text": {"extension": 1}},
    ],
)
def test_content_of_a_wrong_shape_around_an_extension_is_an_issue(validator: Validator, name: dict[str, Any]) -> None:
    assert not validator.validate(PATIENT | {"name": [name]}).valid


def test_what_is_told(validator: Validator) -> None:
    def told(resource: dict[str, Any]) -> list[str]:
        return [each.message for each in validator.validate(resource).issues[1:]]

    words = "the extension stands where its definition does not allow it: expected it on "
    assert words + "Organization, Patient.contact" in told(on_patient("on-several"))
    assert "the extension may stand here only where active.exists()" in told(on_patient("where"))
    assert any(each.startswith("contextInvariant was not evaluated") for each in told(on_patient("not-evaluated")))


def test_how_grave_an_unknown_extension_is_can_be_set() -> None:
    strict = Validator.load(unknown_extensions="error")
    assert not strict.validate(PATIENT | {"extension": [ext("http://no.se/x")]}).valid
    assert strict.validate(PATIENT | {"extension": [ext("http://acme.com/x")]}).valid
