"""FHIR's types: choice elements, primitives with extensions, resources inside resources, tests of type."""

from decimal import Decimal
from typing import Any

import pytest

from adapter import fhirpath
from adapter.fhir import elements
from adapter.fhir.numbers import Number
from adapter.fhirpath import FhirPathError, model

BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Ward"}],
    "active": True,
    "name": [
        {"use": "official", "given": ["Karin", None], "_given": [None, {"extension": [{"url": "x"}]}], "family": "Ek"},
        {"use": "usual", "text": "Kajsa"},
    ],
    "gender": "female",
    "birthDate": "1950-01-02",
    "_birthDate": {"id": "b", "extension": [{"url": BIRTH_TIME, "valueDateTime": "1950-01-02T03:04:05Z"}]},
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "managingOrganization": {"reference": "#o"},
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"code": "8867-4"}]},
    "valueQuantity": {"value": Number("72.0"), "unit": "bpm", "system": "http://unitsofmeasure.org", "code": "/min"},
    "component": [
        {"code": {"text": "a"}, "valueString": "x"},
        {"code": {"text": "b"}, "valueInteger": 3},
        {"code": {"text": "c"}, "dataAbsentReason": {"text": "none"}},
    ],
}


def on_patient(expression: str, **variables: Any) -> list[Any]:
    return fhirpath.compile(expression)(PATIENT, **variables)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("Patient.name.given.count()", [2]),
        ("name[0].given[1].exists()", [True]),
        ("name[0].given[1].hasValue()", [False]),
        ("name[0].given[0].hasValue()", [True]),
        ("name[0].given[1].extension.url", ["x"]),
        ("name.given.where($this = 'Karin')", ["Karin"]),
        ("birthDate.id", ["b"]),
        (f"birthDate.extension('{BIRTH_TIME}').value", ["1950-01-02T03:04:05Z"]),
        ("birthDate.extension(%`ext-patient-birthTime`).value is dateTime", [True]),
        ("birthDate.children().count()", [2]),
        ("deceased", [False]),
        ("deceased is boolean", [True]),
        ("deceased.exists()", [True]),
        ("deceased.not()", [True]),
        ("deceasedBoolean", []),
        ("multipleBirth + 1", [3]),
        ("multipleBirth.ofType(integer)", [2]),
        ("multipleBirth.ofType(boolean)", []),
        ("multipleBirth as integer", [2]),
        ("multipleBirth as Integer", [2]),
        ("multipleBirth as String", []),
        ("deceased.as(Boolean)", [False]),
        ("gender as String", []),
        ("gender is string", [True]),
        ("gender is code", [True]),
        ("gender is id", [False]),
        ("gender.ofType(string)", []),
        ("gender.ofType(code)", ["female"]),
        ("active is System.Boolean", [False]),
        ("Patient.is(DomainResource)", [True]),
        ("Resource.id", ["p"]),
        ("Encounter.id", []),
        ("contained.name", ["Ward"]),
        ("contained.is(Organization)", [True]),
        ("contained.ofType(Organization).name", ["Ward"]),
        ("contained.ofType(Practitioner).exists()", [False]),
        ("managingOrganization.resolve().name", ["Ward"]),
        ("managingOrganization.resolve() is Organization", [True]),
        ("name.first().type().name", ["HumanName"]),
        ("name.first().type().namespace", ["FHIR"]),
        ("gender.type().baseType", ["FHIR.string"]),
        ("1.type().name", ["Integer"]),
        ("nosuch.element", []),
        ("name.select(use | given).count()", [4]),
        ("descendants().where($this is Extension).url.count()", [2]),
        ("children().ofType(HumanName).count()", [2]),
        ("%resource.id = id and %context.id = id and %rootResource.id = id", [True]),
        ("name.where($index = 1).text", ["Kajsa"]),
        ("name.select($index)", [0, 1]),
        ("contact.empty() and contact.exists().not()", [True]),
        ("name.all(use.exists())", [True]),
        ("name.given is string", None),
        ("name.as(HumanName)", None),
        ("%nosuch", None),
        ("name.use + 'x'", None),
    ],
)
def test_navigation(expression: str, result: list[Any] | None) -> None:
    if result is None:
        with pytest.raises(FhirPathError):
            on_patient(expression)
    else:
        assert on_patient(expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("value is Quantity", [True]),
        ("value.as(Quantity).unit", ["bpm"]),
        ("value.value = 72", [True]),
        ("value = 72 '/min'", [True]),
        ("value > 1 '/s'", [True]),
        ("value.value.toString()", ["72.0"]),
        ("component.value.count()", [2]),
        ("component.value.ofType(string)", ["x"]),
        ("component.value.as(integer)", [3]),
        ("component.where(value is integer).code.text", ["b"]),
        ("component.all(value.exists() xor dataAbsentReason.exists())", [True]),
        ("valueQuantity.unit", []),
    ],
)
def test_choice_elements(expression: str, result: list[Any]) -> None:
    assert fhirpath.compile(expression)(OBSERVATION) == result


def test_values_come_back_as_they_were_and_with_their_types() -> None:
    assert on_patient("name.first()") == [PATIENT["name"][0]]
    typed = fhirpath.compile("gender | 1 | birthDate").typed(PATIENT)
    assert typed == [("FHIR.code", "female"), ("System.Integer", 1), ("FHIR.date", "1950-01-02")]
    assert on_patient("name[0].given[1]") == [{"extension": [{"url": "x"}]}]


def test_what_is_returned_may_be_changed() -> None:
    on_patient("name").clear()
    assert len(PATIENT["name"]) == 2


def test_strict_refuses_elements_that_the_type_does_not_have() -> None:
    with pytest.raises(FhirPathError, match="HumanName has no element 'givn'") as caught:
        fhirpath.compile("name.where(givn = 'x')", strict=True)(PATIENT)
    assert caught.value.position is not None
    assert caught.value.position.column == 12
    with pytest.raises(FhirPathError, match="not a Encounter"):
        fhirpath.compile("Encounter.status", strict=True)(PATIENT)
    for unordered in ("children().first()", "descendants()[1]", "name.children().skip(1)"):
        with pytest.raises(FhirPathError, match="no order"):
            fhirpath.compile(unordered, strict=True)
    assert fhirpath.compile("Patient.name.given.first()", strict=True)(PATIENT) == ["Karin"]


def test_elements_are_input_with_their_type() -> None:
    name = fhirpath.compile("use = 'official' and given.count() = 2")
    assert name(PATIENT["name"][0], type_name="HumanName") == [True]
    assert fhirpath.compile("$this.startsWith('fem')")("female", type_name="code") == [True]
    with pytest.raises(FhirPathError, match="type_name"):
        name({"use": "usual"})
    with pytest.raises(FhirPathError, match="no R4 type"):
        name({}, type_name="Nosuch")


def test_variables_of_the_caller() -> None:
    assert on_patient("%limit + 1", limit=2) == [3]
    assert on_patient("%many.count()", many=[1, 2]) == [2]
    assert on_patient("%other.name", other={"resourceType": "Organization", "name": "X"}) == ["X"]
    assert on_patient("%nothing.exists()", nothing=None) == [False]
    assert on_patient("%half * 2", half=0.5) == [Decimal("1.0")]
    with pytest.raises(FhirPathError, match="cannot be set"):
        on_patient("1", resource=1)


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient", "name": "Ek"},
        {"resourceType": "Patient", "name": ["Ek"]},
        {"resourceType": "Patient", "name": [{"given": {"a": 1}}]},
        {"resourceType": "Patient", "name": [None]},
        {"resourceType": "Patient", "name": 3, "contact": True, "birthDate": {}},
    ],
)
def test_json_that_is_not_fhir_is_our_error_or_nothing(resource: Any) -> None:
    refusals: list[str] = []
    for expression in ("name.given", "name.where(given = 'a')", "descendants()", "birthDate < today()", "name.family"):
        try:
            fhirpath.compile(expression)(resource)
        except FhirPathError as error:
            refusals.append(str(error))
    assert all("Ek" not in refusal for refusal in refusals)


def test_another_model_is_refused() -> None:
    with pytest.raises(FhirPathError, match="expected r4"):
        fhirpath.compile("a", model="r5")


def test_a_type_that_two_threads_make_at_once_is_one():
    """`is` compares types: had two threads a type of their own each, an invariant would not hold in this process."""
    made = [model.fhir.__wrapped__(name) for name in elements.table()]
    assert all(each is model.fhir(each.name) for each in made)
    assert model.system.__wrapped__("Any") is model.system("Any")
    assert model.system.__wrapped__("String") is model.system("String")
    assert model.specified.__wrapped__("System.Patient") == model.specified("System.Patient")
