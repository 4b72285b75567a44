"""What others rely on: a change here is a change for them, and belongs in the changelog."""

import inspect

import adapter
import adapter.fhir.json
import adapter.fhir.xml
import adapter.fhirpath
import adapter.mapping
import adapter.validation


def test_what_each_room_offers():
    assert adapter.__all__ == ["__version__"]
    assert set(adapter.validation.__all__) == {"Issue", "Outcome", "Validator"}
    assert {"Mapping", "Report"} <= set(adapter.mapping.__all__)
    assert "compile" in adapter.fhirpath.__all__


def parameters(function):
    return list(inspect.signature(function).parameters)


def test_how_they_are_called():
    validator = adapter.validation.Validator
    assert parameters(validator.load)[:2] == ["packages", "definitions"]
    assert parameters(validator.validate)[1:4] == ["resource", "profile", "format"]
    assert parameters(adapter.fhirpath.compile)[:2] == ["expression", "model"]
    assert len(parameters(adapter.mapping.Mapping.load)) == 1
    for codec in (adapter.fhir.json, adapter.fhir.xml):
        assert len(parameters(codec.serialize)) == 1
        assert parameters(codec.parse)[1:] in (["bounded"], ["ordered", "misfits", "bounded"])


def test_a_verdict_and_its_issues_have_these_parts():
    outcome = adapter.validation.Validator.load(packages=["hl7.fhir.r4.core#4.0.1"]).validate(
        b'{"resourceType": "Patient", "active": "yes"}'
    )
    assert outcome.valid is False
    assert outcome.to_fhir()["resourceType"] == "OperationOutcome"
    for issue in outcome.issues:
        for part in ("severity", "code", "expression", "message", "rule", "profile"):
            assert hasattr(issue, part)
