"""ViSam: the colour track of Säker utskrivning and the checklist Hemgångsklar, between FHIR and Lifecare, both ways."""

import copy
import json
from pathlib import Path

import pytest

from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CANONICAL
from adapter.fhir.numbers import Number
from adapter.mapping import Mapping, NotCarriedError
from adapter.support.errors import MappingError

ROOT = Path(__file__).parents[3]
VISAM = ROOT / "fixtures" / "journeys" / "visam"
TRACKS = {"blue": "blatt", "green": "gront", "yellow": "gult", "red": "rott"}
FORMS = {"saker-utskrivning": "sakerUtskrivning", "hemgangsklar": "hemgangsklar"}
FORM = json.loads((ROOT / "profiles" / "package" / "Questionnaire-hemgangsklar.json").read_bytes())
CHECKLIST = [item["linkId"] for item in FORM["item"]]


@pytest.fixture
def message():
    """The planning information with the checklist, for its one receiver in the municipality."""
    bundle = fhir_json.parse((VISAM / "07-planning-information.json").read_bytes())
    header = MessageBundle(bundle).header
    header["destination"] = header["destination"][:1]
    return bundle


def answered(bundle, form, items, **members):
    found = copy.deepcopy(bundle)
    (response,) = MessageBundle(found).of_type("QuestionnaireResponse")
    response |= {"questionnaire": f"{CANONICAL}/Questionnaire/{form}", "item": items} | members
    return found


def both_ways(lifecare: Mapping, bundle):
    """(the record as text, the QuestionnaireResponse that comes back)."""
    record = lifecare.to_record(bundle).content
    (back,) = MessageBundle(lifecare.to_fhir(record).bundle).of_type("QuestionnaireResponse")
    assert lifecare.to_record(lifecare.to_fhir(record).bundle).content == record
    return record.decode(), back


def colour(code):
    coding = {"system": f"{CANONICAL}/CodeSystem/colour-track", "code": code}
    return {"linkId": "colour-track", "answer": [{"valueCoding": coding}]}


@pytest.mark.parametrize(("code", "word"), TRACKS.items())
def test_each_colour_track_has_its_word(lifecare, message, code, word):
    record, back = both_ways(lifecare, answered(message, "saker-utskrivning", [colour(code)]))
    assert f"<spar>{word}</spar>" in record
    assert "<formular>sakerUtskrivning</formular>" in record
    assert back["item"] == [colour(code)]


def test_a_colour_that_is_none_is_refused_without_its_word(lifecare, message):
    with pytest.raises(MappingError) as caught:
        lifecare.to_record(answered(message, "saker-utskrivning", [colour("purple")]))
    assert "purple" not in str(caught.value)


@pytest.mark.parametrize("ready", [True, False])
def test_each_point_of_the_checklist_is_carried(lifecare, message, ready):
    points = [{"linkId": name, "answer": [{"valueBoolean": ready}]} for name in CHECKLIST if name != "remarks"]
    points.append({"linkId": "remarks", "answer": [{"valueString": "Nyckeln hämtas på avdelningen."}]})
    record, back = both_ways(lifecare, answered(message, "hemgangsklar", points))
    assert record.count(f"<jaNej>{str(ready).lower()}</jaNej>") == len(points) - 1
    assert back["item"] == points
    assert back["questionnaire"] == f"{CANONICAL}/Questionnaire/hemgangsklar"


@pytest.mark.parametrize(("form", "word"), FORMS.items())
@pytest.mark.parametrize("status", [("completed", "besvarat"), ("amended", "andrat")])
def test_form_and_status_have_their_words(lifecare, message, form, word, status):
    record, back = both_ways(lifecare, answered(message, form, [colour("red")], status=status[0]))
    assert f"<formular>{word}</formular>" in record
    assert f"<status>{status[1]}</status>" in record
    assert back["status"] == status[0]


KILOGRAM = {"unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}


@pytest.mark.parametrize(
    "answer",
    [
        {"valueString": "ord"},
        {"valueDate": "2026-03-09"},
        {"valueDateTime": "2026-03-09T10:00:00+01:00"},
        {"valueInteger": -3},
        {"valueDecimal": Number("1.50")},
        {"valueDecimal": 2},
        {"valueQuantity": {"value": Number("71.50"), **KILOGRAM}},
        {"valueQuantity": {"value": 3}},
        {"valueCoding": {"system": "urn:x", "code": "a"}},
    ],
)
def test_answers_of_a_regions_own_form_stand_in_groups_too(lifecare, message, answer):
    group = {"linkId": "g", "text": "Mått", "item": [{"linkId": "g.1", "text": "Vikt", "answer": [answer]}]}
    bundle = answered(message, "x", [group, {"linkId": "q", "answer": [answer, answer]}])
    MessageBundle(bundle).of_type("QuestionnaireResponse")[0]["questionnaire"] = "https://region.example/formular/mal"
    record, back = both_ways(lifecare, bundle)
    assert "<formular>https://region.example/formular/mal</formular>" in record
    assert back["item"] == [group, {"linkId": "q", "answer": [answer, answer]}]
    assert fhir_json.serialize(back["item"][1]) == fhir_json.serialize({"linkId": "q", "answer": [answer, answer]})


@pytest.mark.parametrize(
    "item",
    [
        {"linkId": "1", "item": [{"linkId": "2", "item": [{"linkId": "3"}]}]},  # deeper than a group
        {"linkId": "1", "answer": [{"valueTime": "10:00:00"}]},
        {"linkId": "1", "answer": [{"valueReference": {"display": "x"}}]},
        {"linkId": "1", "answer": [{"valueQuantity": {"value": 3, "comparator": "<"}}]},
        {"linkId": "1", "answer": [{"valueBoolean": True, "item": [{"linkId": "2"}]}]},
    ],
)
def test_what_the_format_has_no_place_for_stops_the_message_and_is_named(lifecare, message, item):
    with pytest.raises(NotCarriedError, match="QuestionnaireResponse"):
        lifecare.to_record(answered(message, "hemgangsklar", [item]))
