"""What a message's content says in codes; hostile shapes say nothing."""

from typing import Any

import pytest

from adapter.discharge import statements
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CANONICAL

DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"{CANONICAL}/CodeSystem/{system}", "code": code}]}


def said(*resources: Any) -> dict[str, str]:
    return statements.read(MessageBundle({"entry": [{"resource": each} for each in resources]}))


def statement(code: str, system: str, value: str, **more: Any) -> dict[str, Any]:
    words = {"code": concept("statement", code), "valueCodeableConcept": concept(system, value)}
    return {"resourceType": "Observation", "status": "final"} | words | more


def consent(kind: str, status: str, decision: str, basis: str | None = None) -> dict[str, Any]:
    url = f"{CANONICAL}/StructureDefinition/consent-basis"
    extension = [{"url": url, "valueCodeableConcept": concept("consent-basis", basis)}] if basis else []
    return {
        "resourceType": "Consent",
        "status": status,
        "category": [concept("consent-kind", kind)],
        "extension": extension,
        "provision": {"type": decision},
    }


@pytest.mark.parametrize("word", ["available", "not-available", "unknown"])
def test_open_care(word: str) -> None:
    assert said(statement("open-care-availability", "availability", word)) == {"open_care": word}


def test_capacity_with_its_day() -> None:
    component = [{"code": concept("statement", "available-from"), "valueDateTime": "2026-03-14"}]
    found = said(statement("capacity", "capacity", "can-receive", component=component))
    assert found == {"capacity": "can-receive", "capacity_from": "2026-03-14"}


def test_what_was_entered_in_error_was_not_said() -> None:
    assert said(statement("delay-cause", "delay-cause", "transport", status="entered-in-error")) == {}
    assert said(consent("sip", "entered-in-error", "permit")) == {}


@pytest.mark.parametrize(
    ("status", "decision", "basis", "word"),
    [
        ("active", "permit", None, "given"),
        ("active", "permit", "person", "given"),
        ("active", "permit", "guardian", "guardian"),
        ("active", "permit", "unable", "unable"),
        ("rejected", "deny", None, "refused"),
        ("active", "deny", None, "refused"),
        ("inactive", "permit", None, "withdrawn"),
    ],
)
def test_the_consent_to_a_plan(status: str, decision: str, basis: str | None, word: str) -> None:
    assert said(consent("sip", status, decision, basis)) == {"plan_consent": word}
    assert said(consent("sharing", status, decision, basis)) == {"sharing_consent": word}
    assert said(consent("direct-access", status, decision, basis)) == {}


def test_plan_team_and_how_the_stay_ended() -> None:
    plan = {
        "resourceType": "CarePlan",
        "status": "active",
        "category": [{"coding": [{"system": "https://fhir.inera.se/CodeSystem/typeofcareplan-cs", "code": "SIP"}]}],
    }
    team = {"resourceType": "CareTeam", "participant": [{"role": [concept("care-team-role", "fast-vardkontakt")]}]}
    left = {"coding": [{"system": DISPOSITION, "code": "exp"}]}
    stay = {"resourceType": "Encounter", "status": "finished", "hospitalization": {"dischargeDisposition": left}}
    assert said(plan, team, stay) == {
        "plan_kind": "SIP",
        "plan_status": "active",
        "care_contact": "named",
        "outcome": "died",
    }
    assert said(stay | {"status": "in-progress"}) == {}


def test_the_municipality_that_placed_the_person() -> None:
    url, system = f"{CANONICAL}/StructureDefinition/placing-municipality", f"{CANONICAL}/sid/kommunkod"
    stay = {
        "resourceType": "Encounter",
        "extension": [{"url": url, "valueIdentifier": {"system": system, "value": "0980"}}],
    }
    assert said(stay) == {"placing_municipality": "0980"}


def criteria(resource: str, *codes: str, status: str = "active") -> dict[str, Any]:
    met = [
        {
            "url": f"{CANONICAL}/StructureDefinition/enrolment-criterion",
            "valueCodeableConcept": concept(SYSTEM_NAME, each),
        }
        for each in codes
    ]
    return {"resourceType": resource, "status": status, "extension": met}


SYSTEM_NAME = "enrolment-criterion"


def test_criteria_of_enrolment_stand_in_a_referral_or_in_the_tasks_of_a_discharge() -> None:
    asked, answered = criteria("Task", "identified-risk", "adult"), criteria("Task", "patient-safety-assessed")
    assert said(asked, answered) == {"criteria": "adult identified-risk patient-safety-assessed"}
    assert said(criteria("ServiceRequest", "adult"), criteria("Task", "adult")) == {"criteria": "adult"}
    assert said(criteria("Task", "adult", status="entered-in-error")) == {}
    assert said(criteria("Task"), criteria("Encounter", "adult")) == {}


@pytest.mark.parametrize("odd", [None, [], "x", 1, {"coding": "x"}, {"coding": [None]}, {"coding": [{"code": 5}]}])
def test_odd_shapes_say_nothing(odd: Any) -> None:
    kinds = ("Observation", "Consent", "CarePlan", "CareTeam", "Encounter")
    members = ("code", "valueCodeableConcept", "category", "participant", "hospitalization", "extension", "provision")
    assert said(*({"resourceType": kind} | dict.fromkeys(members, odd) for kind in kinds)) == {}
