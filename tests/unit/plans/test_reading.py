"""Plans of other contracts, read as FHIR: what is there is carried, what is not is said and never made up."""

import copy
import json
from datetime import datetime
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.fhir import canonical
from adapter.fhir import json as fhir_json
from adapter.plans import cosmic_link, reading
from adapter.plans.riv import contract, soap, wire
from adapter.plans.riv import reading as riv_reading
from adapter.plans.riv.contract import Answer, Attachment, CarePlan, Code, PersonId, Professional, Signature
from adapter.support.clock import STOCKHOLM
from adapter.support.errors import ForbiddenError, MappingError
from adapter.validation import Validator

from .conftest import CONTRACT, PERSON

AT = datetime(2026, 3, 13, 10, 30, tzinfo=STOCKHOLM)
FULL = CarePlan(
    document_id="D1",
    source_system="SE2321000222-EHR",
    title="Samordnad vårdplanering",
    patient=PersonId(PERSON, contract.PERSONNUMMER),
    professional=Professional(
        author_time=AT,
        hsa="SE2321000222-P1",
        name="Sjuksköterska Ada Berg",
        role=Code("205011", "1.2.752.129.2.2.1.4", "sjuksköterska"),
        unit="SE2321000222-U1",
        unit_name="Solgårdens hälsocentral",
        care_unit="SE2321000222-U1",
        care_giver="SE2321000222-G1",
    ),
    approved_for_patient=False,
    time=AT,
    care_contact="K1",
    attachments=(
        Attachment("application/pdf", b"%PDF-1.7"),
        Attachment("text/plain", None, "https://plan.example/1"),
    ),
    participants=("SE2321000222-U1", "SE2120002643-MOTT01"),
    kind="SIP",
    signature=Signature(AT, "SE2321000222-P1", "Ada Berg"),
)
BARE = CarePlan("D2", "S", "T", PersonId("R1", "1.2.752.97.3.1.3"), Professional(AT), approved_for_patient=True)


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(packages=["hl7.fhir.r4.core#4.0.1"])


def errors(validator, bundle):
    outcome = validator.validate(fhir_json.serialize(bundle))
    return [(issue.rule, issue.expression, issue.message) for issue in outcome.issues if issue.severity == "error"]


def of(bundle, kind):
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("plan", [FULL, BARE])
def test_an_answer_is_read_as_it_was_written(plan):
    written = wire.write_answer(Answer("OK", "log", None, (plan,)))
    content = soap.write(written)
    assert wire.read_answer(soap.read_answer(content)) == Answer("OK", "log", None, (plan,))


@pytest.mark.skipif(not CONTRACT.is_dir(), reason=f"the published contract is not at {CONTRACT}")
@pytest.mark.parametrize("plan", [FULL, BARE])
def test_every_element_that_is_written_stands_where_the_published_schema_has_it(plan):
    folder = CONTRACT / "interactions" / "GetCarePlansInteraction"
    schema = etree.XMLSchema(etree.parse(folder / "GetCarePlansResponder_2.0.xsd"))
    for code in ("OK", "INFO", "ERROR"):
        schema.assertValid(wire.write_answer(Answer(code, "log", "ord", (plan,))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<core:documentTitle>Samordnad vårdplanering</core:documentTitle>", ""),
        (
            "<core:approvedForPatient>false</core:approvedForPatient>",
            "<core:approvedForPatient>false</core:approvedForPatient><core:nullified>false</core:nullified>",
        ),
        (">SIP<", ">ABC<"),
        (">20260313103000<", ">20260313T1030<"),
        (">OK<", ">GOOD<"),
        ("<core:value>", "<core:value>*"),
        (contract.HSA_ROOT, "1.2.3"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_refused_without_its_values(old, new):
    content = soap.write(wire.write_answer(Answer("OK", "log", None, (FULL,)))).decode()
    assert old in content
    with pytest.raises(contract.ContractError) as caught:
        wire.read_answer(soap.read_answer(content.replace(old, new).encode()))
    assert PERSON not in str(caught.value)


def test_a_plan_becomes_a_care_plan_with_its_documents_and_no_goals_or_measures(validator):
    read = riv_reading.read(FULL)
    bundle = reading.bundle([read])
    assert errors(validator, bundle) == []
    (plan,) = of(bundle, "CarePlan")
    assert (plan["status"], plan["title"], plan["created"]) == ("unknown", FULL.title, "2026-03-13T10:30:00+01:00")
    assert {"goal", "activity"}.isdisjoint(plan)
    first, second = of(bundle, "DocumentReference")
    assert first["content"][0]["attachment"]["data"] == "JVBERi0xLjc="
    assert second["content"][0]["attachment"]["url"] == "https://plan.example/1"
    assert first["securityLabel"][0]["coding"][0]["code"] == "NOPAT"
    assert [each["reference"] for each in plan["supportingInfo"]] == [
        f"urn:uuid:{each['id']}" for each in (first, second)
    ]
    said = {(note.outcome, note.path) for note in read.notes}
    assert {("not said", "CarePlan.goal"), ("not said", "CarePlan.activity"), ("not said", "CarePlan.status")} <= said
    assert ("left out", "signatureTime") in said
    assert riv_reading.read(FULL).entries == read.entries


def test_a_plan_that_says_little_is_carried_with_what_it_does_not_say(validator):
    read = riv_reading.read(BARE)
    bundle = reading.bundle([read])
    assert errors(validator, bundle) == []
    assert of(bundle, "DocumentReference") == []
    assert {"DocumentReference", "CarePlan.category", "CarePlan.author"} <= {note.path for note in read.notes}
    assert of(bundle, "Patient")[0]["identifier"][0]["system"] == "urn:oid:1.2.752.97.3.1.3"


def test_what_the_contract_allows_and_we_do_not_carry_is_named():
    content = soap.write(wire.write_answer(Answer("OK", "log", None, (FULL,)))).decode()
    more = "</core:orgUnitName><core:orgUnitTelecom>0910-1</core:orgUnitTelecom>"
    answer = wire.read_answer(soap.read_answer(content.replace("</core:orgUnitName>", more).encode()))
    notes = riv_reading.read(answer.plans[0]).notes
    assert ("left out", "orgUnitTelecom") in {(note.outcome, note.path) for note in notes}


def test_an_hour_in_which_the_clock_is_changed_is_said():
    night = datetime(2026, 10, 25, 2, 30, tzinfo=STOCKHOLM)
    read = riv_reading.read(CarePlan("D", "S", "T", BARE.patient, Professional(night), True, time=night))
    assert of(reading.bundle([read]), "CarePlan")[0]["created"] == "2026-10-25T02:30:00+02:00"
    assert ("changed", "CarePlan.created") in {(note.outcome, note.path) for note in read.notes}


BASE = "https://cosmic.region.example/fhir"
LINK = {
    "resourceType": "Bundle",
    "type": "searchset",
    "entry": [
        {
            "fullUrl": f"{BASE}/CarePlan/1",
            "resource": {
                "resourceType": "CarePlan",
                "id": "1",
                "meta": {"profile": [cosmic_link.PROFILE], "versionId": "3"},
                "status": "active",
                "intent": "plan",
                "title": "Link-plan",
                "subject": {"reference": "Patient/7"},
                "contributor": [{"reference": "PractitionerRole/2"}],
                "supportingInfo": [
                    {"reference": "QuestionnaireResponse/4"},
                    {"reference": "QuestionnaireResponse/5", "display": "Anteckning 5"},
                    {"reference": "QuestionnaireResponse/6"},
                ],
            },
        },
        {
            "fullUrl": f"{BASE}/Patient/7",
            "resource": {
                "resourceType": "Patient",
                "id": "7",
                "meta": {"security": [{"system": canonical.SECURITY_LABEL, "code": canonical.CONFIDENTIALITY_MARK}]},
                "identifier": [{"system": "http://electronichealth.se/identifier/personnummer", "value": PERSON}],
            },
        },
        {
            "fullUrl": f"{BASE}/PractitionerRole/2",
            "resource": {
                "resourceType": "PractitionerRole",
                "id": "2",
                "organization": {"reference": "Organization/3"},
            },
        },
        {
            "fullUrl": f"{BASE}/Organization/3",
            "resource": {
                "resourceType": "Organization",
                "id": "3",
                "identifier": [{"system": "urn:oid:1.2.752.29.4.19", "value": "SE2321000222-HC2074"}],
                "name": "Solgården",
            },
        },
        {
            "fullUrl": f"{BASE}/QuestionnaireResponse/4",
            "resource": {
                "resourceType": "QuestionnaireResponse",
                "id": "4",
                "status": "completed",
                "subject": {"reference": "Patient/7"},
                "item": [{"linkId": "1", "text": "Behov", "answer": [{"valueString": "Hjälp med läkemedel"}]}],
            },
        },
    ],
}
GROUND = "samtycke inhämtas av hälsocentralen, rutin 2026:4"


def notes(read):
    return {(note.outcome, note.path) for note in read.notes}


def test_the_units_of_a_link_plan_stand_in_the_order_of_its_contributors():
    answer = copy.deepcopy(LINK)
    entries = answer["entry"]
    other = copy.deepcopy(entries[3])
    other["fullUrl"] = f"{BASE}/Organization/9"
    other["resource"] |= {"id": "9", "name": "Björkgården"}
    entries.append(other)
    for first, second in (("3", "9"), ("9", "3")):
        units = [{"reference": f"Organization/{each}"} for each in (first, second)]
        entries[0]["resource"]["contributor"] = units
        (read,) = cosmic_link.read(answer, GROUND, "SIP")
        names = [
            each["resource"]["name"] for each in read.entries if each["resource"]["resourceType"] == "Organization"
        ]
        assert names == ["Solgården", "Björkgården"][:: 1 if first == "3" else -1]


def test_a_link_plan_is_carried_with_its_care_notes_units_and_labels(validator):
    (read,) = cosmic_link.read(LINK, GROUND, "SIP")
    bundle = reading.bundle([read])
    assert errors(validator, bundle) == []
    (plan,) = of(bundle, "CarePlan")
    (note,) = of(bundle, "QuestionnaireResponse")
    (patient,) = of(bundle, "Patient")
    assert plan["supportingInfo"][0] == {"reference": f"urn:uuid:{note['id']}"}
    assert plan["supportingInfo"][1] == {"display": "Anteckning 5"}
    assert plan["subject"] == note["subject"] == {"reference": f"urn:uuid:{patient['id']}"}
    assert patient["meta"]["security"][0]["code"] == "sekretessmarkering"
    assert "meta" not in plan
    assert plan["category"][-1]["coding"][0]["code"] == "SIP"
    assert {"goal", "activity"}.isdisjoint(plan)
    assert len(of(bundle, "Organization")) == len(of(bundle, "PractitionerRole")) == 1
    assert {
        ("changed", "CarePlan.category"),
        ("not said", "CarePlan.activity"),
        ("not said", "CarePlan.supportingInfo[1]"),
        ("left out", "CarePlan.supportingInfo.reference"),
    } <= notes(read)
    assert ("not said", "CarePlan.contributor") not in notes(read)


@pytest.mark.parametrize("ground", [None, "", "  "])
def test_without_a_ground_nothing_is_copied_between_caregivers(ground):
    with pytest.raises(ForbiddenError, match="consent is handled outside"):
        cosmic_link.read(LINK, ground)


def test_what_the_answer_does_not_hold_is_said():
    alone = copy.deepcopy(LINK) | {"entry": LINK["entry"][:1]}
    (read,) = cosmic_link.read(alone, GROUND)
    assert {
        ("not said", "CarePlan.subject"),
        ("not said", "CarePlan.contributor"),
        ("not said", "CarePlan.category"),
    } <= notes(read)


def test_half_an_answer_and_other_plans_are_refused():
    with pytest.raises(MappingError, match="more pages"):
        cosmic_link.read(LINK | {"link": [{"relation": "next", "url": "x"}]}, GROUND)
    with pytest.raises(MappingError, match="claims the profile"):
        cosmic_link.read(LINK | {"entry": LINK["entry"][1:]}, GROUND)
    with pytest.raises(MappingError, match="claims the profile"):
        cosmic_link.read({}, GROUND)


def test_a_circle_of_references_and_a_long_chain_end():
    entries = []
    for number in range(3000):
        above = {"reference": f"Organization/{(number + 1) % 3000}"}
        unit = {"resourceType": "Organization", "name": str(number), "partOf": above}
        entries.append({"fullUrl": f"{BASE}/Organization/{number}", "resource": unit})
    plan = copy.deepcopy(LINK["entry"][0])
    plan["resource"]["author"] = {"reference": "Organization/0"}
    (read,) = cosmic_link.read({"resourceType": "Bundle", "entry": [plan, *entries]}, GROUND)
    assert len(read.entries) == 3001


def run(*words: str):
    return CliRunner().invoke(app, ["plans", "read", *words])


def test_the_command_reads_both(tmp_path: Path):
    answer, link = tmp_path / "answer.xml", tmp_path / "link.json"
    answer.write_bytes(soap.write(wire.write_answer(Answer("OK", "log", None, (FULL,)))))
    link.write_text(json.dumps(LINK))
    assert of(json.loads(run(str(answer), "--from", "riv").stdout), "CarePlan")
    told = json.loads(run(str(answer), "--from", "riv", "--explain", "--json").stdout)["notes"]
    assert (1, "not said", "CarePlan.goal") in {(each["plan"], each["outcome"], each["path"]) for each in told}
    refused = run(str(link), "--from", "cosmic-link")
    assert (refused.exit_code, "consent" in refused.stderr) == (1, True)
    assert run(str(link), "--from", "cosmic-link", "--consent-handled", GROUND).exit_code == 0
    assert run(str(link), "--from", "somewhere").exit_code == 2
