"""An Observation with the code of a vital sign keeps that sign's profile, claimed or not."""

import pytest

from adapter.validation import Validator


@pytest.fixture(scope="module")
def validator():
    return Validator.load(packages=["hl7.fhir.r4.core#4.0.1"])


def observation(system, code):
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": system, "code": code}]}}


@pytest.mark.parametrize(
    "code", ["85353-1", "9279-1", "8867-4", "2708-6", "8310-5", "8302-2", "9843-4", "29463-7", "85354-9"]
)
def test_the_code_that_the_profile_fixes_makes_it_binding(validator, code):
    assert not validator.validate(observation("http://loinc.org", code)).valid


@pytest.mark.parametrize(("system", "code"), [("http://loinc.org", "8331-1"), ("urn:x", "8310-5"), (None, "8310-5")])
def test_another_code_does_not(validator, system, code):
    assert validator.validate(observation(system or "http://snomed.info/sct", code)).valid
