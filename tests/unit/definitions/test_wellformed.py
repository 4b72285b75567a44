"""A malformed definition is refused where it comes in, with the file and the element."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.definitions import packages, wellformed
from adapter.definitions.building import pack
from adapter.support.errors import DefinitionsError

Resource = dict[str, Any]
PATIENT = {"path": "Patient"}


def structure(*elements: object, view: str = "differential", **members: object) -> Resource:
    shape = {
        "resourceType": "StructureDefinition",
        "url": "http://x/p",
        "type": "Patient",
        "kind": "resource",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
    }
    return shape | {view: {"element": [PATIENT, *elements]}} | members


def name(**members: object) -> Resource:
    return {"path": "Patient.name", **members}


def value_set(**compose: object) -> Resource:
    return {"resourceType": "ValueSet", "url": "http://x/v", "compose": compose}


def code_system(*concepts: object, **members: object) -> Resource:
    return {"resourceType": "CodeSystem", "url": "http://x/c", "concept": [*concepts], **members}


INVARIANT = {"key": "a", "severity": "error", "human": "h"}
FILTER = {"property": "a", "op": "=", "value": "b"}
NAME = "differential.element[1] (Patient.name)"
MALFORMED: dict[str, tuple[Resource, str]] = {
    "no url": (structure(url=None), "url: expected a text"),
    "no type": (structure(type=5), "type: expected a text"),
    "no kind": (structure(kind=""), "kind: expected a text"),
    "base": (structure(baseDefinition=["x"]), "baseDefinition: expected a text"),
    "snapshot": (structure(snapshot="x"), "snapshot is not an object with a list"),
    "element": (structure("x"), "differential.element[1]: an element is an object with a path"),
    "path": (structure({"id": "x"}), "differential.element[1]: an element is an object with a path"),
    "orphan": (structure({"path": "Patient.contact.name"}, view="snapshot"), "Patient.contact.name does not follow"),
    "unsorted": (
        structure({"path": "Patient.name.use"}, {"path": "Patient.name"}, view="snapshot"),
        "Patient.name.use does not follow its parent",
    ),
    "two roots": (structure({"path": "Observation"}, view="snapshot"), "Observation does not follow its parent"),
    "type's shape": (structure(name(type="string")), "type is not a list of objects with a code"),
    "type code": (structure(name(type=[{"code": "Strin"}])), f"{NAME}.type[0].code: 'Strin' is no type of FHIR R4"),
    "min": (structure(name(min="1")), f"{NAME}.min: expected a whole number"),
    "max": (structure(name(max=1)), f"{NAME}.max: expected a text"),
    "maxLength": (structure(name(maxLength=[])), f"{NAME}.maxLength: expected a whole number"),
    "slice": (structure(name(sliceName=5)), f"{NAME}.sliceName: expected a text"),
    "slicing": (structure(name(slicing=[])), f"{NAME}.slicing: expected an object"),
    "discriminator": (
        structure(name(slicing={"discriminator": [{"type": "value"}]})),
        f"{NAME}.slicing.discriminator[0].path: expected a text",
    ),
    "binding": (structure(name(binding={"valueSet": "x"})), f"{NAME}.binding.strength: expected a text"),
    "constraints": (structure(name(constraint={})), f"{NAME}.constraint: expected a list"),
    "constraint's key": (structure(name(constraint=[{}])), f"{NAME}.constraint[0].key: expected a text"),
    "expression": (
        structure(name(constraint=[INVARIANT | {"expression": "name.where("}])),
        f"{NAME}.constraint[0] (a).expression: this is not FHIRPath",
    ),
    "deep expression": (
        structure(name(constraint=[INVARIANT | {"expression": "(" * 50_000}])),
        f"{NAME}.constraint[0] (a).expression: this is not FHIRPath",
    ),
    "long expression": (
        structure(name(constraint=[INVARIANT | {"expression": "true or " * 50_000}])),
        f"{NAME}.constraint[0] (a).expression: this is not FHIRPath",
    ),
    "context": (structure(context=[{"type": "element"}]), "context[0].expression: expected a text"),
    "context invariant": (structure(contextInvariant=[5]), "contextInvariant[0]: expected a text"),
    "value set's url": (value_set() | {"url": 5}, "url: expected a text"),
    "compose": (value_set() | {"compose": []}, "compose: expected an object"),
    "include": (value_set(include=["x"]), "compose.include[0]: expected an object"),
    "system": (value_set(include=[{"system": []}]), "compose.include[0].system: expected a text"),
    "import": (value_set(include=[{"valueSet": [5]}]), "compose.include[0].valueSet[0]: expected a text"),
    "concept": (
        value_set(exclude=[{"concept": [{"code": "a"}, {}]}]),
        "compose.exclude[0].concept[1].code: expected a text",
    ),
    "filter": (
        value_set(include=[{"filter": [FILTER, {"property": "a", "op": "="}]}]),
        "compose.include[0].filter[1].value: expected a text",
    ),
    "expansion": (value_set() | {"expansion": {"contains": ["x"]}}, "expansion.contains: expected objects"),
    "code system's url": (code_system(url=None), "url: expected a text"),
    "concepts": (code_system(concept={}), "concept: expected a list"),
    "code": (code_system({"code": "a"}, {"display": "b"}), "concept[1].code: expected a text"),
    "inner code": (code_system({"code": "a", "concept": [{"code": 1}]}), "concept[0].concept[0].code: expected a text"),
    "case": (code_system({"code": "a"}, caseSensitive="yes"), "caseSensitive: expected true or false"),
    "property": (code_system({"code": "a", "property": [5]}), "concept[0].property: expected objects"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_refused_with_file_and_element(case: str) -> None:
    resource, words = MALFORMED[case]
    archive = pack([("package/A.json", json.dumps(resource).encode())])
    with pytest.raises(DefinitionsError) as raised:
        list(packages.read_resources(archive, "a#1"))
    said = str(raised.value)
    assert said.startswith("a#1: package/A.json: ")
    assert words in said
    assert "\n" not in said
    assert len(said) < 1000


def test_what_is_well_formed_passes() -> None:
    deep: Resource = {"code": "a"}
    for _ in range(40):
        deep = {"code": "a", "concept": [deep]}
    for resource in (
        structure(name(min=0, max="*", constraint=[INVARIANT, INVARIANT | {"expression": "name.laterFunction()"}])),
        structure(name(type=[{"code": "http://hl7.org/fhirpath/System.String"}, {"code": "HumanName"}])),
        structure(derivation="specialization", type="http://x/Own"),
        structure(name(type=[{"code": "OfTheModel"}]), kind="logical"),
        value_set(include=[{"system": "s", "concept": [{"code": "a"}], "filter": [FILTER], "valueSet": ["v"]}]),
        code_system(deep, content="complete", caseSensitive=True),
        {"resourceType": "Patient", "url": 5},
    ):
        wellformed.check(resource)


@pytest.mark.parametrize("case", ["no url", "orphan", "expression", "filter", "inner code"])
def test_the_command_line_names_file_and_element(case: str, tmp_path: Path) -> None:
    resource, words = MALFORMED[case]
    definition, patient = tmp_path / "broken.json", tmp_path / "patient.json"
    definition.write_text(json.dumps(resource))
    patient.write_text('{"resourceType": "Patient"}')
    ended = CliRunner().invoke(app, ["validate", str(patient), "--definition", str(definition)])
    assert isinstance(ended.exception, DefinitionsError)
    assert str(ended.exception).startswith(f"{definition}: ")
    assert words in str(ended.exception)
