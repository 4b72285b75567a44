"""The document of a plan: all of the plan in it, the same bytes each time, PDF where it can carry it whole."""

import copy
import json
import re
import zlib
from pathlib import Path

import pytest

from adapter.fhir.bundles import MessageBundle
from adapter.plans.riv import attachment, contract, document, plans
from adapter.support.clock import from_micros

from .conftest import OPEN_CARE, PERSON, ROOT, SHIPPED, resource

JOURNEYS = sorted(
    file
    for file in (ROOT / "fixtures" / "journeys").glob("*/*.json")
    if b'"resourceType": "CarePlan"' in file.read_bytes()
)


def written(bundle, **more):
    message = MessageBundle(bundle)
    return document.write(message, plans.plan_of(message), PERSON, **more)


def text_of(pdf: bytes) -> list[str]:
    """The lines that a PDF of ours shows, in order."""
    streams = (zlib.decompress(each) for each in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL))
    shown = (each for stream in streams for each in re.findall(rb"\((.*)\) Tj", stream))
    return [re.sub(rb"\\([\\()])", rb"\1", each).decode("cp1252") for each in shown]


def words(value):
    """Every text that a person wrote in a resource, at any depth."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name in ("text", "description", "title", "comment") and isinstance(member, str):
                yield member
            yield from words(member)
    elif isinstance(value, list):
        for member in value:
            yield from words(member)


@pytest.mark.parametrize("file", JOURNEYS, ids=lambda file: f"{file.parent.name}")
def test_what_people_wrote_in_a_plan_stands_in_its_document(file: Path):
    bundle = json.loads(file.read_bytes())
    plain = attachment.attach(written(bundle), "text").value.decode()
    for kind in ("CarePlan", "Goal", "Appointment"):
        for each in (entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind):
            each.pop("category", None)
            each.pop("appointmentType", None)
            for said in words(each):
                assert said in plain
    assert "Finns i planen men visas inte här".upper() not in plain


def test_a_pdf_shows_what_the_text_says_and_is_the_same_each_time():
    shown = written(SHIPPED, confidential=True)
    pdf, plain = attachment.attach(shown, "pdf"), attachment.attach(shown, "text")
    assert (pdf.media_type, plain.media_type) == ("application/pdf", "text/plain")
    assert attachment.attach(shown, "pdf") == pdf
    lines = text_of(pdf.value)
    assert lines[0] == "SIP inför hemgång"
    assert lines[2].startswith("Sekretessmarkering")
    assert "".join("".join(lines).casefold().split()).startswith("".join(plain.value.decode().casefold().split()))
    assert lines[-1].endswith("sida 1 av 1")


def test_pages_follow_each_other_and_each_names_the_person():
    bundle = copy.deepcopy(SHIPPED)
    resource(bundle, "CarePlan")["note"] = [{"text": f"Anteckning {n} (med \\ och parentes)"} for n in range(200)]
    pdf = attachment.attach(written(bundle), "pdf").value
    lines = text_of(pdf)
    assert [line.rpartition("sida ")[2] for line in lines if "sida " in line] == [f"{n} av 5" for n in range(1, 6)]
    assert sum(PERSON in line for line in lines) == 6
    assert sum(line.startswith("Anteckning") for line in lines) == 201
    assert "Anteckning 7 (med \\ och parentes)" in lines


def test_a_character_that_pdf_lacks_makes_it_text():
    bundle = copy.deepcopy(SHIPPED)
    resource(bundle, "CarePlan")["title"] = "Plan för Łucja och محمد"
    attached = attachment.attach(written(bundle), "pdf")
    assert attached.media_type == "text/plain"
    assert attached.value.decode().startswith("Plan för Łucja och محمد\n")


def test_what_is_too_large_is_not_attached_at_all():
    shown = document.Document(
        "T", "P", (document.Section("H", tuple(f"{n:06} {n * 7919 % 1000003:07}" for n in range(9000))),)
    )
    assert attachment.attach(shown, "text") is None
    pdf = attachment.attach(shown, "pdf")
    assert pdf is None or len(pdf.value) <= contract.LARGEST_ATTACHMENT


def test_markup_and_control_characters_are_text():
    bundle = copy.deepcopy(SHIPPED)
    resource(bundle, "CarePlan")["description"] = "<img src='file:///etc/passwd'/> &amp; ) Tj /Launch\ttab\nny rad"
    lines = text_of(attachment.attach(written(bundle), "pdf").value)
    assert any("<img src='file:///etc/passwd'/> &amp; ) Tj /Launch" in line for line in lines)


def test_what_has_no_line_is_named():
    bundle = copy.deepcopy(SHIPPED)
    plan = resource(bundle, "CarePlan")
    plan |= {"addresses": [{"display": "x"}], "extension": [{"url": "https://other.example/x", "valueString": "y"}]}
    plan["supportingInfo"] = [{"display": "Bedömning"}]
    bundle["entry"][[e["resource"]["resourceType"] for e in bundle["entry"]].index("CarePlan")]["resource"] = plan
    last = written(bundle).sections[-1]
    assert last.heading == "Finns i planen men visas inte här"
    assert last.lines == ("CarePlan.addresses", "CarePlan.extension", "Underlag: Bedömning")


def test_answers_to_questions_that_the_plan_rests_on_are_shown():
    bundle = copy.deepcopy(SHIPPED)
    resource(bundle, "CarePlan")["supportingInfo"] = [{"reference": "urn:uuid:qr", "display": "Säker utskrivning"}]
    colour = {"system": "https://discharge-adapter.example/fhir/CodeSystem/colour-track", "code": "red"}
    items = [
        {"linkId": "1", "text": "Klarar hemgång?", "answer": [{"valueBoolean": False}]},
        {"linkId": "colour-track", "text": "Spår", "answer": [{"valueCoding": colour}]},
        {
            "linkId": "2",
            "text": "När",
            "answer": [{"valueDateTime": "2026-03-12T09:05:00Z"}],
            "item": [{"linkId": "3"}],
        },
    ]
    response = {"resourceType": "QuestionnaireResponse", "id": "qr", "status": "completed", "item": items}
    bundle["entry"].append({"fullUrl": "urn:uuid:qr", "resource": response})
    section = next(each for each in written(bundle).sections if each.heading == "Säker utskrivning")
    assert section.lines == ("Klarar hemgång?: nej", "Spår: rött spår", "När: 2026-03-12 10:05", "   3")


def test_who_is_named_as_a_person_is_told_with_role_and_units():
    bundle = copy.deepcopy(SHIPPED)
    unit = next(
        entry for entry in bundle["entry"] if entry["resource"].get("identifier", [{}])[0].get("value") == OPEN_CARE
    )
    befattning = {"system": "urn:oid:1.2.752.129.2.2.1.4", "code": "205011", "display": "sjuksköterska"}
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": {"display": "Ada Berg", "identifier": {"value": "x"}},
        "organization": {"reference": unit["fullUrl"]},
        "code": [{"coding": [befattning]}],
    }
    bundle["entry"].append({"fullUrl": "urn:uuid:role", "resource": role})
    resource(bundle, "CarePlan")["author"] = {"reference": "urn:uuid:role"}
    assert "Upprättad av: Ada Berg, sjuksköterska, Solgårdens hälsocentral" in written(bundle).sections[0].lines
    message = MessageBundle(bundle)
    setting = plans.Setting(
        "D", "S", contract.PersonId(PERSON, contract.PERSONNUMMER), from_micros(0), None, True, False, "text"
    )
    who = plans.care_plan(message, plans.plan_of(message), setting).professional
    assert (who.name, who.role.code, who.care_unit) == ("Ada Berg", "205011", OPEN_CARE)
