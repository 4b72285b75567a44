"""What profiles demand, element by element: one validator has them all; each has content that keeps it and that breaks
it, with every issue that comes of it."""

from types import SimpleNamespace
from typing import Any

import pytest

from adapter.validation import Validator, constraints, profiles
from adapter.validation.items import Item
from adapter.validation.run import Run

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
UUID = "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b1"
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
BASIC: dict[str, Any] = {"resourceType": "Basic", "code": {"text": "x"}}


def element(path: str, **what: Any) -> dict[str, Any]:
    return {"path": path, **what}


def sliced(path: str, *discriminators: tuple[str, str], **more: Any) -> dict[str, Any]:
    found = [{"type": kind, "path": where} for kind, where in discriminators]
    return {"path": path, "slicing": {"discriminator": found, "rules": "open", **more}}


def slice_(path: str, name: str, **what: Any) -> dict[str, Any]:
    return {"path": path, "sliceName": name, **what}


def use(name: str, code: str | None = None, **what: Any) -> list[dict[str, Any]]:
    """A slice of Patient.telecom by its use."""
    return [slice_("Patient.telecom", name, **what), element("Patient.telecom.use", fixedCode=code or name)]


BY_USE = ("value", "use")
TELECOM = "Patient.telecom"
ELEMENTS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "active": ("Patient", [element("Patient.active", min=1)]),
    "spoken": ("Patient", [element("Patient.communication.preferred", min=1)]),
    "no-period": (
        "Patient",
        [
            sliced(TELECOM, BY_USE),
            element("Patient.telecom.period", max="0"),
            *use("work"),
            element("Patient.telecom.period", max="0"),
        ],
    ),
    "odd": ("Observation", [element("Observation.value[x]", type=[{"code": "string", "profile": [URL + "gram"]}])]),
    "closed": ("Patient", [sliced(TELECOM, BY_USE, rules="closed"), *use("work")]),
    "ordered": ("Patient", [sliced(TELECOM, BY_USE, ordered=True), *use("work"), *use("home"), *use("old")]),
    "at-end": ("Patient", [sliced(TELECOM, BY_USE, rules="openAtEnd"), *use("work"), *use("home")]),
    "counted": ("Patient", [sliced(TELECOM, BY_USE), *use("work", min=2, max="3"), *use("home", max="0")]),
    "least": ("Patient", [sliced(TELECOM, BY_USE), *use("work", min=1)]),
    "most": ("Patient", [sliced(TELECOM, BY_USE), *use("work", max="1")]),
    "inner": (
        "Patient",
        [sliced(TELECOM, BY_USE), *use("work"), element("Patient.telecom.system", fixedCode="phone")],
    ),
    "default": (
        "Patient",
        [
            sliced(TELECOM, BY_USE, rules="closed"),
            *use("work"),
            slice_(TELECOM, "@default"),
            element("Patient.telecom.system", fixedCode="email"),
        ],
    ),
    "again": (
        "Patient",
        [
            sliced(TELECOM, BY_USE),
            *use("work"),
            slice_(TELECOM, "work") | sliced(TELECOM, ("value", "system")),
            slice_(TELECOM, "work/phone", max="1"),
            element("Patient.telecom.system", fixedCode="phone"),
        ],
    ),
    "positions": (
        "Patient",
        [
            sliced(TELECOM, ("position", "$this")),
            slice_(TELECOM, "first", min=1, max="1"),
            element("Patient.telecom.use", fixedCode="work"),
            slice_(TELECOM, "second", min=0, max="2"),
            element("Patient.telecom.use", fixedCode="home"),
        ],
    ),
    "two-tests": (
        "Patient",
        [
            sliced(TELECOM, BY_USE, ("value", "system"), rules="closed"),
            slice_(TELECOM, "both"),
            element("Patient.telecom.system", fixedCode="phone"),
            element("Patient.telecom.use", fixedCode="work"),
        ],
    ),
    "bound": (
        "Patient",
        [
            sliced(TELECOM, BY_USE, rules="closed"),
            slice_(TELECOM, "any"),
            element("Patient.telecom.use", binding={"strength": "required", "valueSet": "http://acme.com/vs"}),
        ],
    ),
    "bound-loosely": (
        "Patient",
        [
            sliced(TELECOM, BY_USE, rules="closed"),
            slice_(TELECOM, "any"),
            element(
                "Patient.telecom.system",
                binding={"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/contact-point-system"},
            ),
        ],
    ),
    "there": (
        "Patient",
        [
            sliced("Patient.name", ("exists", "period"), rules="closed"),
            slice_("Patient.name", "with"),
            element("Patient.name.period", min=1),
        ],
    ),
    "not-there": (
        "Patient",
        [
            sliced("Patient.name", ("exists", "period"), rules="closed"),
            slice_("Patient.name", "without"),
            element("Patient.name.period", max="0"),
        ],
    ),
    "by-type": (
        "Observation",
        [
            sliced("Observation.value[x]", ("type", "$this"), rules="closed"),
            slice_("Observation.value[x]", "valueQuantity", type=[{"code": "Quantity"}]),
            element("Observation.value[x].unit", min=1),
        ],
    ),
    "written-by-type": ("Observation", [slice_("Observation.valueQuantity", "valueQuantity", min=1)]),
    "by-profile": (
        "Bundle",
        [
            sliced("Bundle.entry", ("profile", "resource"), rules="closed"),
            slice_("Bundle.entry", "who"),
            element("Bundle.entry.resource", type=[{"code": "Patient", "profile": [URL + "active"]}]),
        ],
    ),
    "by-resource": (
        "Bundle",
        [
            sliced("Bundle.entry", ("type", "resource"), rules="closed"),
            slice_("Bundle.entry", "who", min=1),
            element("Bundle.entry.resource", type=[{"code": "Patient"}]),
        ],
    ),
    "by-target": (
        "Observation",
        [
            sliced("Observation.focus", ("type", "resolve()"), rules="closed"),
            slice_("Observation.focus", "who", type=[{"code": "Reference", "targetProfile": [BASE + "Patient"]}]),
        ],
    ),
    "by-target-profile": (
        "Observation",
        [
            sliced("Observation.focus", ("profile", "resolve()"), rules="closed"),
            slice_("Observation.focus", "who", type=[{"code": "Reference", "targetProfile": [URL + "active"]}]),
        ],
    ),
    "by-coding": (
        "Observation",
        [
            sliced("Observation.category", ("value", "coding.code"), rules="closed"),
            slice_("Observation.category", "a", patternCodeableConcept={"coding": [{"code": "a"}]}),
        ],
    ),
    "by-whole": (
        "Observation",
        [
            sliced("Observation.category", ("value", "$this"), rules="closed"),
            slice_("Observation.category", "a", fixedCodeableConcept={"text": "a"}),
        ],
    ),
    "by-datatype-profile": (
        "Patient",
        [
            sliced("Patient.identifier", ("value", "system"), rules="closed"),
            slice_("Patient.identifier", "n", type=[{"code": "Identifier", "profile": [URL + "number"]}]),
        ],
    ),
    "spelled": ("string", [element("string.extension", min=1)]),
    "of-spelled": (
        "Patient",
        [element("Patient.name.family", type=[{"code": "string", "profile": [URL + "spelled"]}])],
    ),
    "other-profile": (
        "Patient",
        [element("Patient.name", type=[{"code": "HumanName", "profile": [URL + "number"]}])],
    ),
    "either-number": (
        "Patient",
        [
            element(
                "Patient.identifier", type=[{"code": "Identifier", "profile": [URL + "number", URL + "other-number"]}]
            )
        ],
    ),
    "other-number": ("Identifier", [element("Identifier.system", min=1, fixedUri="http://acme.com/o")]),
    "by-unknown": (
        "Bundle",
        [
            sliced("Bundle.entry", ("profile", "resource"), rules="closed"),
            slice_("Bundle.entry", "who"),
            element("Bundle.entry.resource", type=[{"code": "Patient", "profile": [URL + "absent"]}]),
        ],
    ),
    "default-first": (
        "Patient",
        [
            sliced(TELECOM, BY_USE, rules="closed"),
            slice_(TELECOM, "@default"),
            element("Patient.telecom.system", fixedCode="email"),
            *use("work", max="1"),
        ],
    ),
    "none-but": ("Observation", [element("Observation.value[x]", max="0"), element("Observation.note", max="0")]),
    "no-kind": (
        "Observation",
        [
            sliced("Observation.value[x]", ("type", "$this")) | {"max": "0"},
            slice_("Observation.value[x]", "valueString"),
        ],
    ),
    "primitive-extension": ("Patient", [element("Patient.birthDate.extension", min=1)]),
    "primitives-extension": ("Patient", [element("Patient.name.given.extension", min=1, max="1")]),
    "primitive-id": ("Patient", [element("Patient.birthDate.id", min=1)]),
    "contact-any": (
        "Patient",
        [element("Patient.contact", type=[{"code": "BackboneElement", "profile": [URL + "part"]}])],
    ),
    "part": ("BackboneElement", [element("BackboneElement.id", min=1)]),
    "contained-active": ("Patient", [element("Patient.contained", type=[{"code": "Patient"}], max="1")]),
    "entry-any": (
        "Bundle",
        [element("Bundle.entry.resource", type=[{"code": "Resource", "profile": [URL + "active"]}])],
    ),
    "entry-led": (
        "Bundle",
        [
            element("Bundle.entry.resource", type=[{"code": "Observation"}]),
            element(
                "Bundle.entry.resource.subject",
                type=[{"code": "Reference", "targetProfile": [URL + "active"]}],
            ),
        ],
    ),
    "again-least": (
        "Patient",
        [
            sliced(TELECOM, BY_USE),
            *use("work"),
            slice_(TELECOM, "work") | sliced(TELECOM, ("value", "system")),
            slice_(TELECOM, "work/phone", min=1),
            element("Patient.telecom.system", fixedCode="phone"),
        ],
    ),
    "named-family": ("Patient", [element("Patient.name", min=1), element("Patient.name.family", min=1)]),
    "spelled-twice": ("string", [element("string.extension", min=2)]),
    "either-spelled": (
        "Patient",
        [element("Patient.name.given", type=[{"code": "string", "profile": [URL + "spelled", URL + "spelled-twice"]}])],
    ),
    "number": ("Identifier", [element("Identifier.system", min=1, fixedUri="http://acme.com/n")]),
    "fixed": ("Patient", [element("Patient.active", fixedBoolean=True)]),
    "pattern": ("Patient", [element("Patient.maritalStatus", patternCodeableConcept={"text": "x"})]),
    "short": ("Patient", [element("Patient.name.text", maxLength=3)]),
    "long": (
        "Patient",
        [element("Patient.name.text", extension=[{"url": BASE + "minLength", "valueInteger": 3}])],
    ),
    "form": ("Patient", [element("Patient.name.text", extension=[{"url": BASE + "regex", "valueString": "[a-z]+"}])]),
    "no-form": ("Patient", [element("Patient.name.text", extension=[{"url": BASE + "regex", "valueString": "(?<a"}])]),
    "greatest": ("Patient", [element("Patient.multipleBirth[x]", type=[{"code": "integer"}], maxValueInteger=3)]),
    "smallest": ("Patient", [element("Patient.multipleBirth[x]", type=[{"code": "integer"}], minValueInteger=3)]),
    "types": ("Patient", [element("Patient.deceased[x]", type=[{"code": "dateTime"}])]),
    "warned": (
        "Patient",
        [
            element(
                "Patient.name",
                constraint=[{"key": "w-1", "severity": "warning", "human": "x", "expression": "family.exists()"}],
            )
        ],
    ),
    "primitive-invariant": (
        "Patient",
        [
            element(
                "Patient.birthDate",
                constraint=[
                    {
                        "key": "x-1",
                        "severity": "error",
                        "human": "x",
                        "expression": "extension.exists() or $this > @1900",
                    }
                ],
            )
        ],
    ),
    "entry-type": ("Bundle", [element("Bundle.entry.resource", type=[{"code": "Patient"}])]),
    "either": (
        "Bundle",
        [element("Bundle.entry.resource", type=[{"code": "Patient", "profile": [URL + "active", URL + "fixed"]}])],
    ),
    "same": (
        "Questionnaire",
        [element("Questionnaire.item.text", min=1), element("Questionnaire.item.item", max="*")],
    ),
    "many": ("Patient", [element("Patient.name", min=2, max="3")]),
    "none": ("Patient", [element("Patient.gender", max="0")]),
    "birth": ("Patient", [element("Patient.name.given", min=1), element("Patient.contact.name.family", min=1)]),
    "target": (
        "Patient",
        [
            element(
                "Patient.generalPractitioner",
                type=[{"code": "Reference", "targetProfile": [URL + "aliased", BASE + "Practitioner"]}],
            )
        ],
    ),
    "aliased": ("Organization", [element("Organization.alias", min=1)]),
    "bundled": (
        "Observation",
        [
            element(
                "Observation.subject",
                type=[{"code": "Reference", "targetProfile": [BASE + "Patient"], "aggregation": ["bundled"]}],
            )
        ],
    ),
    "status": ("Observation", [element("Observation.status", short="x"), element("Observation.category", min=1)]),
    "value-type": (
        "Observation",
        [
            element(
                "Observation.value[x]",
                type=[{"code": "Quantity", "profile": [URL + "gram"]}, {"code": "string"}, {"code": "boolean"}],
            )
        ],
    ),
    "gram": ("Quantity", [element("Quantity.unit", min=1)]),
    "id": ("Patient", [element("Patient.id", type=[{"code": "string"}], maxLength=3)]),
    "domain": ("DomainResource", [element("DomainResource.text", min=1)]),
    "bound-concept": (
        "Observation",
        [
            sliced("Observation.category", ("value", "$this"), rules="closed"),
            slice_("Observation.category", "any", binding={"strength": "required", "valueSet": "http://acme.com/vs"}),
        ],
    ),
    "bound-coding": (
        "Observation",
        [
            sliced("Observation.category.coding", ("value", "$this"), rules="closed"),
            slice_(
                "Observation.category.coding",
                "any",
                binding={"strength": "required", "valueSet": "http://acme.com/vs"},
            ),
        ],
    ),
    "bound-inside": (
        "Observation",
        [
            sliced("Observation.category", ("value", "coding"), rules="closed"),
            slice_("Observation.category", "any"),
            element("Observation.category.coding", binding={"strength": "required", "valueSet": "http://acme.com/vs"}),
        ],
    ),
    "extensible-slice": (
        "Observation",
        [
            sliced("Observation.category", ("value", "$this"), rules="closed"),
            slice_("Observation.category", "any", binding={"strength": "extensible", "valueSet": "http://acme.com/vs"}),
        ],
    ),
    "either-target": (
        "Patient",
        [
            element(
                "Patient.generalPractitioner",
                type=[{"code": "Reference", "targetProfile": [URL + "aliased", URL + "named"]}],
            )
        ],
    ),
    "named": ("Organization", [element("Organization.name", min=1)]),
    "valued": ("Observation", [element("Observation.value[x]", min=1)]),
    "any-target": (
        "Basic",
        [element("Basic.subject", type=[{"code": "Reference", "targetProfile": [BASE + "Resource", URL + "named"]}])],
    ),
    "resource-target": (
        "Basic",
        [element("Basic.subject", type=[{"code": "Reference", "targetProfile": [BASE + "Resource"]}])],
    ),
    "same-targets": (
        "Patient",
        [
            element(
                "Patient.managingOrganization",
                type=[{"code": "Reference", "targetProfile": [BASE + "Organization"]}],
            )
        ],
    ),
    "unknown-target": (
        "Basic",
        [element("Basic.subject", type=[{"code": "Reference", "targetProfile": ["http://acme.com/unknown"]}])],
    ),
    "unknown-type": ("Patient", [element("Patient.name", type=[{"code": "HumanName", "profile": [URL + "absent"]}])]),
    "two-entries": (
        "Bundle",
        [
            sliced("Bundle.entry", ("type", "resource"), rules="closed"),
            slice_("Bundle.entry", "who", max="1"),
            element("Bundle.entry.resource", type=[{"code": "Patient"}]),
            slice_("Bundle.entry", "what", min=1),
            element("Bundle.entry.resource", type=[{"code": "Basic", "profile": [URL + "resource-target"]}]),
        ],
    ),
    "names": (
        "Patient",
        [
            sliced("Patient.name", ("value", "use"), ("exists", "period"), rules="closed"),
            slice_("Patient.name", "old"),
            element("Patient.name.use", fixedCode="old"),
            element("Patient.name.period", min=1),
        ],
    ),
    "deep": (
        "Patient",
        [
            sliced("Patient.contact", ("value", "relationship.coding.code"), rules="closed"),
            slice_("Patient.contact", "a"),
            element("Patient.contact.relationship.coding.code", fixedCode="a"),
        ],
    ),
}
SYSTEM = "http://hl7.org/fhir/contact-point-use"
VALUE_SET = {
    "resourceType": "ValueSet",
    "url": "http://acme.com/vs",
    "status": "active",
    "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "work"}, {"code": "home"}]}]},
}


KINDS = {
    "string": "primitive-type",
    **dict.fromkeys(("Identifier", "Quantity", "BackboneElement"), "complex-type"),
}


def definition(name: str) -> dict[str, Any]:
    type_, elements = ELEMENTS[name]
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "name": name,
        "status": "draft",
        "kind": KINDS.get(type_, "resource"),
        "abstract": False,
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": [{"path": type_}, *elements]},
    }


QUANTITY = "Observation.valueQuantity"
SNAPSHOTS: dict[str, list[dict[str, Any]]] = {
    # as some are published: a choice written by its type, without a slice
    "needed": [element(QUANTITY, min=1, max="1", type=[{"code": "Quantity"}])],
    "of-gram": [element(QUANTITY, min=0, max="1", type=[{"code": "Quantity", "profile": [URL + "gram"]}])],
    "impossible": [element("Observation.issued", min=1, max="0")],
    "fewer": [element("Observation.category", min=0, max="1"), element(QUANTITY, min=0, max="0")],
    "strange": [element("Observation.nothing", min=1, max="1"), element("Observation.category", min=1, max="*")],
}


def published(name: str) -> dict[str, Any]:
    found = definition("status") | {"url": URL + name, "name": name}
    del found["differential"]
    return found | {"snapshot": {"element": [{"path": "Observation"}, *SNAPSHOTS[name]]}}


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(definitions=[*map(definition, ELEMENTS), *map(published, SNAPSHOTS), VALUE_SET])


def telecom(*uses: str, **more: Any) -> dict[str, Any]:
    return PATIENT | {"telecom": [{"system": "phone", "value": "1", "use": each, **more} for each in uses]}


def names(*found: dict[str, Any]) -> dict[str, Any]:
    return PATIENT | {"name": [*found]}


def named(text: Any) -> dict[str, Any]:
    return names({"text": text})


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"fullUrl": f"{UUID}{number}", "resource": each} for number, each in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def led(*contained: dict[str, Any], element: str = "focus", source: dict[str, Any] = OBSERVATION) -> dict[str, Any]:
    inner = [each | {"id": f"c{number}"} for number, each in enumerate(contained)]
    return source | {"contained": inner, element: [{"reference": f"#{each['id']}"} for each in inner]}


def categories(*found: dict[str, Any]) -> dict[str, Any]:
    return OBSERVATION | {"category": [*found]}


def concepts(*codings: dict[str, Any]) -> dict[str, Any]:
    return categories({"coding": [*codings]})


def practitioner(**members: Any) -> dict[str, Any]:
    return led({"resourceType": "Organization", **members}, element="generalPractitioner", source=PATIENT)


def subject(target: dict[str, Any]) -> dict[str, Any]:
    return BASIC | {"contained": [target | {"id": "c"}], "subject": {"reference": "#c"}}


def led_to(target: dict[str, Any]) -> dict[str, Any]:
    return OBSERVATION | {"contained": [target | {"id": "c"}], "subject": {"reference": "#c"}}


def contact(*relations: dict[str, Any]) -> dict[str, Any]:
    return PATIENT | {"contact": [{"name": {"text": "x"}, "relationship": [*relations]}]}


def identified(*letters: str) -> dict[str, Any]:
    return PATIENT | {"identifier": [{"system": f"http://acme.com/{each}"} for each in letters]}


PERIOD = {"text": "x", "period": {"start": "2026"}}
OLD = {"url": BASE + "data-absent-reason", "valueCode": "unknown"}
TEXTS = [{"linkId": "1", "type": "group", "text": "x", "item": [{"linkId": "2", "type": "string"}]}]
QUESTIONS: dict[str, Any] = {"resourceType": "Questionnaire", "status": "draft"}
CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("spoken", PATIENT | {"communication": [{"preferred": True}]}, []),
    ("spoken", PATIENT | {"communication": [{"language": {"text": "x"}}]}, ["min communication[0]"]),
    ("no-period", telecom("work", "home"), []),
    ("no-period", telecom("work", period={"start": "2026"}), ["max telecom[0]"]),
    ("odd", OBSERVATION | {"valueString": "x"}, ["element-type value.ofType(string)"]),
    ("impossible", OBSERVATION, ["min "]),
    ("of-gram", OBSERVATION | {"valueQuantity": [{"unit": "g"}, {"unit": "g"}]}, []),
    ("closed", telecom("work", "work"), []),
    ("closed", telecom("work", "home", "old"), ["slice-closed telecom[1]", "slice-closed telecom[2]"]),
    ("ordered", telecom("work", "work", "home", "old", "mobile"), []),
    ("ordered", telecom("work", "mobile", "old"), []),
    ("ordered", telecom("home", "work", "old"), ["slice-order telecom[1]"]),
    ("ordered", telecom("old", "work", "home"), ["slice-order telecom[1]", "slice-order telecom[2]"]),
    ("at-end", telecom("home", "work", "mobile"), []),
    ("at-end", telecom("work", "mobile", "mobile"), []),
    ("at-end", telecom("mobile", "work", "home"), ["slice-order telecom[1]", "slice-order telecom[2]"]),
    ("counted", telecom("work", "work", "work", "mobile"), []),
    ("counted", telecom("work"), ["min "]),
    ("counted", PATIENT, ["min "]),
    ("counted", telecom("work", "work", "work", "work"), ["max "]),
    ("counted", telecom("work", "work", "home"), ["max "]),
    ("least", telecom("home"), ["min "]),
    ("least", telecom("work", "work"), []),
    ("most", telecom("home", "work"), []),
    ("most", telecom("work", "work"), ["max "]),
    ("inner", telecom("work"), []),
    ("inner", telecom("home", "work", system="email"), ["fixed telecom[1].system"]),
    ("default", telecom("work"), []),
    ("default", telecom("work", "home", system="email"), []),
    ("default", telecom("work", "home"), ["fixed telecom[1].system"]),
    ("positions", telecom("work", "home", "home"), []),
    ("positions", telecom("work", "home", "home", "old"), []),
    ("positions", telecom("home"), ["fixed telecom[0].use"]),
    ("positions", telecom("work", "work"), ["fixed telecom[1].use"]),
    ("positions", PATIENT, ["min "]),
    ("two-tests", telecom("work"), []),
    ("two-tests", telecom("work", system="email"), ["slice-closed telecom[0]"]),
    ("two-tests", telecom("home"), ["slice-closed telecom[0]"]),
    ("bound", telecom("work", "home"), []),
    ("bound", telecom("work", "old"), ["slice-closed telecom[1]"]),
    ("there", names(PERIOD), []),
    ("there", names({"text": "x"}), ["slice-closed name[0]"]),
    ("not-there", names({"text": "x"}), []),
    ("not-there", names(PERIOD), ["slice-closed name[0]"]),
    ("by-type", OBSERVATION | {"valueQuantity": {"unit": "x"}}, []),
    ("by-type", OBSERVATION | {"valueQuantity": {"value": 1}}, ["min value.ofType(Quantity)"]),
    ("by-type", OBSERVATION | {"valueString": "x"}, ["slice-closed value.ofType(string)"]),
    ("written-by-type", OBSERVATION | {"valueQuantity": {"value": 1}}, []),
    ("written-by-type", OBSERVATION | {"valueString": "x"}, ["min "]),
    ("by-profile", bundle(PATIENT | {"active": True}), []),
    ("by-profile", bundle(PATIENT), ["slice-closed entry[0]"]),
    ("by-profile", bundle(BASIC), ["slice-closed entry[0]"]),
    ("by-resource", bundle(PATIENT), []),
    ("by-resource", bundle(BASIC), ["slice-closed entry[0]", "min "]),
    ("by-resource", bundle(PATIENT, BASIC), ["slice-closed entry[1]"]),
    ("by-target", led(PATIENT), []),
    ("by-target", led(PATIENT, BASIC), ["slice-closed focus[1]"]),
    ("by-target", OBSERVATION | {"focus": [{"reference": "http://acme.com/x"}]}, ["slice-closed focus[0]"]),
    ("by-target-profile", led(PATIENT | {"active": False}), []),
    ("by-target-profile", led(PATIENT), ["slice-closed focus[0]"]),
    ("by-coding", categories({"coding": [{"code": "a"}]}), []),
    ("by-coding", categories({"coding": [{"code": "b"}, {"code": "a"}]}), []),
    ("by-coding", categories({"coding": [{"code": "b"}]}), ["slice-closed category[0]"]),
    ("by-coding", categories({"text": "a"}), ["slice-closed category[0]"]),
    ("by-whole", categories({"text": "a"}), []),
    ("by-whole", categories({"text": "a", "id": "x"}), ["slice-closed category[0]"]),
    ("by-datatype-profile", PATIENT | {"identifier": [{"system": "http://acme.com/n"}]}, []),
    (
        "by-datatype-profile",
        PATIENT | {"identifier": [{"system": "http://acme.com/m"}]},
        ["slice-closed identifier[0]"],
    ),
    ("needed", OBSERVATION, ["min "]),
    ("needed", OBSERVATION | {"valueQuantity": {"value": 1}}, []),
    ("needed", OBSERVATION | {"valueString": "x"}, ["min "]),
    ("of-gram", OBSERVATION, []),
    ("of-gram", OBSERVATION | {"valueQuantity": {"value": 1}}, ["min value.ofType(Quantity)"]),
    ("of-gram", OBSERVATION | {"valueQuantity": {"unit": "g"}}, []),
    ("of-gram", OBSERVATION | {"valueString": "x"}, []),
    ("fewer", categories({"text": "x"}), []),
    ("fewer", categories({"text": "x"}, {"text": "y"}), ["max "]),
    ("fewer", OBSERVATION | {"valueQuantity": {"value": 1}}, ["max "]),
    ("fewer", OBSERVATION | {"valueString": "x"}, []),
    ("strange", OBSERVATION, ["min "]),
    ("strange", categories({"text": "x"}), []),
    ("of-spelled", names({"family": "x"}), ["min name[0].family"]),
    ("of-spelled", names({"family": "x", "_family": {"extension": [OLD]}}), []),
    ("of-spelled", names({"_family": {"extension": [OLD]}}), []),
    ("of-spelled", names({"text": "x"}), []),
    ("other-profile", names({"text": "x"}), ["element-type name[0]"]),
    ("other-profile", PATIENT, []),
    ("either-number", identified("n", "o"), []),
    ("either-number", identified("n", "x"), ["none-fits identifier[1]"]),
    ("by-unknown", bundle(PATIENT), ["slice-closed entry[0]"]),
    ("default-first", telecom("work"), []),
    ("default-first", telecom("work", "work"), ["max "]),
    ("default-first", telecom("work", "home"), ["fixed telecom[1].system"]),
    ("default-first", telecom("home", "old", system="email"), []),
    ("none-but", OBSERVATION, []),
    ("none-but", OBSERVATION | {"valueString": "x"}, ["max "]),
    ("none-but", OBSERVATION | {"_valueString": {"extension": [OLD]}}, ["max "]),
    ("none-but", OBSERVATION | {"note": [{"text": "x"}]}, ["max "]),
    ("none-but", OBSERVATION | {"valueString": "x", "note": [{"text": "x"}]}, ["max ", "max "]),
    ("no-kind", OBSERVATION, []),
    ("no-kind", OBSERVATION | {"valueString": "x"}, ["max ", "max "]),  # of the element, and of its slice
    ("primitive-extension", PATIENT, []),
    ("primitive-extension", PATIENT | {"birthDate": "2026"}, ["min birthDate"]),
    ("primitive-extension", PATIENT | {"birthDate": "2026", "_birthDate": {"extension": [OLD]}}, []),
    ("primitive-extension", PATIENT | {"_birthDate": {"extension": [OLD]}}, []),
    ("primitives-extension", names({"given": ["x", "y"]}), ["min name[0].given[0]", "min name[0].given[1]"]),
    (
        "primitives-extension",
        names({"given": ["x", "y"], "_given": [None, {"extension": [OLD, OLD]}]}),
        ["min name[0].given[0]", "max name[0].given[1]"],
    ),
    ("primitive-id", PATIENT | {"birthDate": "2026"}, ["min birthDate"]),
    ("primitive-id", PATIENT | {"birthDate": "2026", "_birthDate": {"id": "x"}}, []),
    ("contact-any", PATIENT | {"contact": [{"id": "x", "name": {"text": "x"}}]}, []),
    ("contact-any", PATIENT | {"contact": [{"name": {"text": "x"}}]}, ["min contact[0]"]),
    ("contained-active", PATIENT | {"contained": [PATIENT | {"id": "1"}]}, []),
    ("contained-active", PATIENT | {"contained": [BASIC | {"id": "1"}]}, ["entry-type contained[0]"]),
    ("contained-active", PATIENT | {"contained": [PATIENT | {"id": each} for each in "12"]}, ["max "]),
    ("entry-any", bundle(PATIENT | {"active": True}), []),
    ("entry-any", bundle(PATIENT), ["min entry[0].resource"]),
    ("entry-any", bundle(BASIC), ["element-type entry[0].resource"]),
    ("entry-led", bundle(led_to(PATIENT | {"active": True})), []),
    ("again-least", telecom("work"), []),
    ("again-least", telecom("home"), ["min "]),
    ("named-family", names({"family": "x"}), []),
    ("named-family", PATIENT, ["min "]),
    ("named-family", PATIENT | {"name": ["x"]}, []),
    ("entry-led", bundle(led_to(PATIENT)), ["target entry[0].resource.subject"]),
    ("either-spelled", names({"given": ["x"], "_given": [{"extension": [OLD]}]}), []),
    (
        "either-spelled",
        names({"given": ["x", "x"], "_given": [{"extension": [OLD]}, None]}),
        ["none-fits name[0].given[1]"],
    ),
    ("fixed", PATIENT | {"active": True}, []),
    ("fixed", PATIENT | {"active": False}, ["fixed active"]),
    ("fixed", PATIENT | {"_active": {"extension": [OLD]}}, []),
    ("pattern", PATIENT | {"maritalStatus": {"text": "y"}}, ["pattern maritalStatus"]),
    ("pattern", PATIENT | {"maritalStatus": {"text": "x", "id": "y"}}, []),
    ("short", named("xxx"), []),
    ("short", named("xxxx"), ["length name[0].text"]),
    ("long", named("xxx"), []),
    ("long", named("xx"), ["length name[0].text"]),
    ("form", named("ab"), []),
    ("form", named("ab1"), ["regex name[0].text"]),
    ("form", names({"_text": {"extension": [OLD]}}), []),
    ("greatest", PATIENT | {"multipleBirthInteger": 3}, []),
    ("greatest", PATIENT | {"multipleBirthInteger": 4}, ["max-value multipleBirth.ofType(integer)"]),
    ("greatest", PATIENT | {"_multipleBirthInteger": {"extension": [OLD]}}, []),
    ("smallest", PATIENT | {"multipleBirthInteger": 3}, []),
    ("smallest", PATIENT | {"multipleBirthInteger": 2}, ["min-value multipleBirth.ofType(integer)"]),
    ("types", PATIENT | {"deceasedDateTime": "2026"}, []),
    ("types", PATIENT | {"deceasedBoolean": True}, ["element-type deceased.ofType(boolean)"]),
    ("warned", names({"family": "x"}), []),
    ("warned", names({"text": "x"}), ["warning invariant name[0]"]),
    ("primitive-invariant", PATIENT | {"birthDate": "1901"}, []),
    ("primitive-invariant", PATIENT | {"birthDate": "1899"}, ["invariant birthDate"]),
    ("primitive-invariant", PATIENT | {"birthDate": "1899", "_birthDate": {"extension": [OLD]}}, []),
    ("entry-type", bundle(PATIENT), []),
    ("entry-type", bundle(PATIENT, BASIC), ["entry-type entry[1].resource"]),
    ("either", bundle(PATIENT | {"active": True}), []),
    ("either", bundle(PATIENT), []),
    ("either", bundle(PATIENT | {"active": False}), []),
    ("many", names({"text": "a"}, {"text": "b"}), []),
    ("many", names({"text": "a"}, {"text": "b"}, {"text": "c"}), []),
    ("many", named("a"), ["min "]),
    ("many", PATIENT, ["min "]),
    ("many", names(*[{"text": "a"}] * 4), ["max "]),
    ("none", PATIENT, []),
    ("none", PATIENT | {"gender": "male"}, ["max "]),
    ("birth", names({"given": ["x"]}), []),
    ("birth", names({"given": ["x"]}, {"text": "y"}), ["min name[1]"]),
    ("birth", names({"_given": [{"extension": [OLD]}]}), []),
    ("birth", PATIENT | {"contact": [{"name": {"family": "x"}}, {"name": {"text": "x"}}]}, ["min contact[1].name"]),
    ("same", QUESTIONS | {"item": [{"linkId": "1", "type": "string", "text": "x"}]}, []),
    ("same", QUESTIONS | {"item": [{"linkId": "1", "type": "string"}]}, ["min item[0]"]),
    ("same", QUESTIONS | {"item": TEXTS}, []),  # what refers to item has R4's rules, not the profile's
    (
        "target",
        led({"resourceType": "Organization", "alias": ["x"]}, element="generalPractitioner", source=PATIENT),
        [],
    ),
    (
        "target",
        led({"resourceType": "Organization", "name": "x"}, element="generalPractitioner", source=PATIENT),
        ["target generalPractitioner[0]"],
    ),
    ("target", led({"resourceType": "Practitioner"}, element="generalPractitioner", source=PATIENT), []),
    ("status", {"resourceType": "Observation", "code": {"text": "x"}, "category": [{"text": "x"}]}, []),
    ("status", OBSERVATION, ["min "]),
    ("status", categories({"text": "x"}) | {"status": ["final", "final"]}, []),
    ("value-type", OBSERVATION | {"valueQuantity": {"unit": "x"}}, []),
    ("value-type", OBSERVATION | {"valueQuantity": {"value": 1}}, ["min value.ofType(Quantity)"]),
    ("value-type", OBSERVATION | {"valueString": "x"}, []),
    ("value-type", OBSERVATION | {"valueInteger": 1}, ["element-type value.ofType(integer)"]),
    ("id", PATIENT | {"id": "xxx"}, []),
    ("id", PATIENT | {"id": "xxxx"}, ["length id"]),
    ("domain", PATIENT, ["min "]),
    ("domain", PATIENT | {"text": {"status": "empty", "div": "x"}}, []),
    ("domain", bundle(), ["type "]),
    ("status", PATIENT, ["type "]),
    ("number", PATIENT, ["type "]),
    ("bound-concept", concepts({"system": SYSTEM, "code": "work"}), []),
    ("bound-concept", concepts({"system": SYSTEM, "code": "old"}), ["slice-closed category[0]"]),
    ("bound-concept", concepts({"system": SYSTEM, "code": "old"}, {"system": SYSTEM, "code": "work"}), []),
    ("bound-concept", concepts({"code": "work"}), ["slice-closed category[0]"]),
    ("bound-concept", concepts({"system": SYSTEM}), ["slice-closed category[0]"]),
    ("bound-concept", concepts({"system": SYSTEM}, {"system": SYSTEM, "code": "work"}), []),
    ("bound-concept", categories({"text": "work"}), ["slice-closed category[0]"]),
    ("bound-coding", concepts({"system": SYSTEM, "code": "work"}), []),
    (
        "bound-coding",
        concepts({"system": SYSTEM, "code": "work"}, {"system": SYSTEM, "code": "old"}),
        ["slice-closed category[0].coding[1]"],
    ),
    ("bound-inside", concepts({"system": SYSTEM, "code": "old"}, {"system": SYSTEM, "code": "work"}), []),
    ("bound-inside", concepts({"system": SYSTEM, "code": "old"}), ["slice-closed category[0]"]),
    (
        "extensible-slice",
        concepts({"system": SYSTEM, "code": "work"}),
        ["slice-undecided category"],
    ),
    ("extensible-slice", OBSERVATION, []),
    ("either-target", practitioner(name="x"), []),
    ("either-target", practitioner(alias=["x"]), []),
    ("either-target", practitioner(active=True), ["target generalPractitioner[0]"]),
    ("any-target", subject({"resourceType": "Organization", "alias": ["x"]}), []),
    ("any-target", subject({"resourceType": "Organization", "name": "x"}), []),
    ("any-target", subject(PATIENT), []),
    ("resource-target", subject(PATIENT), []),
    ("same-targets", PATIENT | {"managingOrganization": {"reference": "Organization/1"}}, []),
    ("unknown-target", subject(PATIENT), []),
    ("unknown-type", named("x"), ["unknown name[0]"]),
    ("unknown-type", PATIENT, []),
    ("two-entries", bundle(PATIENT, BASIC), []),
    ("two-entries", bundle(PATIENT, PATIENT), ["max ", "min "]),
    ("two-entries", bundle(BASIC, OBSERVATION, BASIC), ["slice-closed entry[1]"]),
    ("names", names(PERIOD | {"use": "old"}), []),
    ("names", names(PERIOD), ["slice-closed name[0]"]),
    ("names", names({"text": "x", "use": "old"}), ["slice-closed name[0]"]),
    ("deep", contact({"coding": [{"code": "a"}]}), []),
    (
        "deep",
        contact({"coding": [{"code": "b"}]}, {"coding": [{"code": "b"}, {"code": "a"}]}),
        [f"fixed contact[0].relationship[{index}].coding[0].code" for index in (0, 1)],
    ),
    ("deep", contact({"coding": [{"code": "b"}]}), ["slice-closed contact[0]"]),
    ("deep", contact({"text": "a"}), ["slice-closed contact[0]"]),
    ("deep", contact({"text": "a"}, {"coding": [{"code": "a"}]}), []),
    ("deep", PATIENT | {"contact": [{"name": {"text": "x"}}]}, ["slice-closed contact[0]"]),
]


def shown(issues: list[Any]) -> list[str]:
    """Rule and place of what a profile says, its usual severity left out."""
    return [
        ("" if issue.severity == "error" else f"{issue.severity} ")
        + f"{issue.rule.removeprefix('profile-')} {issue.expression[0].partition('.')[2]}"
        for issue in issues
        if issue.rule.startswith("profile-")
    ]


@pytest.mark.parametrize(("name", "resource", "issues"), CASES)
def test_profile(validator: Validator, name: str, resource: dict[str, Any], issues: list[str]) -> None:
    outcome = validator.validate(resource, profile=URL + name)
    assert shown(outcome.issues) == issues
    assert all(issue.profile.startswith(URL) for issue in outcome.issues if issue.rule.startswith("profile-"))


@pytest.mark.parametrize(
    ("definition", "base", "limits"),
    [
        ({"min": 1, "max": "2"}, {}, (1, 2)),
        ({"min": 1, "max": "2"}, {"min": 1, "max": "2"}, (0, None)),
        ({"min": 1, "max": "2"}, {"min": 0, "max": "*"}, (1, 2)),
        ({"min": 0, "max": "*"}, {"min": 1, "max": "1"}, (0, None)),
        ({"min": "1", "max": 2}, {}, (0, None)),
        ({}, {}, (0, None)),
    ],
)
def test_limits(definition: dict[str, Any], base: dict[str, Any], limits: tuple[int, int | None]) -> None:
    assert profiles._limits(definition, base) == limits


def test_types() -> None:
    assert profiles.code_of({"code": "Quantity"}) == "Quantity"
    assert profiles.code_of({"code": BASE + "Quantity"}) == "Quantity"
    assert profiles.code_of({"code": "http://hl7.org/fhirpath/System.String"}) == "string"
    assert profiles.obj_types({"type": [{"code": "a"}, "b"]}) == [{"code": "a"}, {}]
    assert profiles.obj_types({"type": "a"}) == profiles.obj_types({}) == []
    assert profiles.strings(["a", 1, "b"]) == ["a", "b"]
    assert profiles.strings("a") == profiles.strings(None) == []
    types = [{"code": "a", "x": 1}, {"code": "b", "x": 2}]
    assert profiles._same({"code": "b"}, types) == types[1]
    assert profiles._same({"code": "c"}, types) == {}


def test_numbers_are_told(validator: Validator) -> None:
    def told(name: str, resource: dict[str, Any]) -> list[str]:
        return [each.message for each in validator.validate(resource, profile=URL + name).issues if each.profile]

    assert told("many", named("a")) == ["name occurs 1 times: expected at least 2"]
    assert told("many", names(*[{"text": "a"}] * 4)) == ["name occurs 4 times: expected at most 3"]
    assert told("valued", OBSERVATION) == ["value occurs 0 times: expected at least 1"]


@pytest.mark.parametrize(
    ("code", "type_", "asked"),
    [
        ("Quantity", "Quantity", ["p"]),
        ("Quantity", "string", []),
        ("Resource", "Patient", ["p"]),
        ("Element", "Timing.repeat", ["p"]),
        ("BackboneElement", "Patient.contact", ["p"]),
    ],
)
def test_of_which_values_a_profile_is_asked(code: str, type_: str, asked: list[str]) -> None:
    seen: list[str] = []
    host = SimpleNamespace(check=lambda _item, profile, _run: seen.append(profile))
    for each in profiles._profiled(code, ["p"], host, "u").of(type_):
        each({}, Run("X"), None)
    assert seen == asked


@pytest.mark.parametrize(
    ("value", "type_", "rules"),
    [
        ({"resourceType": "Patient"}, "Patient", []),
        ({"resourceType": "Basic"}, "Basic", ["profile-entry-type"]),
        ({"unit": "x"}, "Quantity", ["profile-element-type"]),
        ("x", "string", ["profile-element-type"]),
        (5, "Quantity", ["profile-element-type"]),
        ("resourceType", "Quantity", ["profile-element-type"]),
        ({"resourceType": "x"}, "x", ["profile-element-type"]),
    ],
)
def test_a_value_of_another_type(value: Any, type_: str, rules: list[str]) -> None:
    run, seen = Run("X"), []
    other = constraints.of_item(lambda item, _run: seen.append(item))
    for each in profiles._typed(frozenset({"Patient"}), [other], "p"):
        each(Item(value, type_, None), run)
    assert [issue.rule for issue in run.issues] == rules
    assert len(seen) == (0 if rules else 1)
