"""The flat format: what is read, and what is refused and why."""

from pathlib import Path

import pytest
from lxml import etree

from adapter.feeds import flat
from adapter.feeds.events import GONE, Address, Kind, Ready, RefusedEvent
from adapter.fhir.canonical import PERSONNUMMER

FOLDER = Path(__file__).parents[3] / "fixtures" / "feeds" / "flat"
SAMPLES = sorted(FOLDER.glob("*.xml"))
FIRST = SAMPLES[0].read_text("utf-8")


def refused(text: str | bytes, environment: str = "test") -> RefusedEvent:
    with pytest.raises(RefusedEvent) as caught:
        flat.read(text.encode() if isinstance(text, str) else text, environment)
    return caught.value


def test_the_samples_are_read_and_are_one_of_most_kinds():
    events = [flat.read(file.read_bytes(), "test") for file in SAMPLES]
    assert [event.kind for event in events] == [
        Kind.ADMITTED,
        Kind.NEED_ASSESSED,
        Kind.TRANSFERRED,
        Kind.CHANGED,
        Kind.READY,
        Kind.DISCHARGED,
        Kind.DISCHARGE_CANCELLED,
    ]
    first, need, _, changed, ready, discharged, _ = events
    assert (first.unit, first.admitted) == ("SE2329990001-1001", "2026-03-09T08:00:00+01:00")
    assert first.person.identifiers == ((PERSONNUMMER, "196111202989"),)
    assert (first.kommunkod, first.receivers) == ("9901", (Address("SE2329990002-1001"),))
    assert (need.needed, need.need_assessed) == (True, "2026-03-09T14:20:00+01:00")
    assert changed.estimated == "2026-03-17T13:00:00+01:00"
    assert ready.ready == Ready("2026-03-15T09:30:00+01:00", "Dr Maria Alm")
    assert (discharged.discharged, discharged.left) == ("2026-03-16T14:00:00+01:00", "home")


def test_an_empty_estimate_is_gone_and_a_missing_one_says_nothing():
    estimated = SAMPLES[3].read_text("utf-8").replace(">2026-03-17T13:00:00+01:00<", "><")
    assert flat.read(estimated.encode(), "test").estimated == GONE
    assert flat.read(FIRST.encode(), "test").estimated is None


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("<inskriven>2026-03-09T08:00:00+01:00</inskriven>", "", "101", "inskriven"),
        ("08:00:00+01:00", "08:00:00", "102", "inskriven"),
        ("2026-03-09T08:00:00+01:00", "2026-02-29T08:00:00+01:00", "102", "inskriven"),
        ("<miljo>test", "<miljo>produktion", "202", "miljo"),
        ("<typ>inskrivning", "<typ>annat", "102", "typ"),
        ("196111202989", "196111202988", "102", "identitet"),
        ('system="personnummer"', 'system="okänt"', "103", "identitet/@system"),
        ("<handelseId>plan-101</handelseId>", "", "102", "typ"),
        ("<efternamn>Norén", "<efternamn> ", "102", "efternamn"),
        ("handelse/1", "handelse/2", "200", ""),
    ],
)
def test_what_is_refused_says_where_and_why_without_personal_data(old, new, code, place):
    assert old in FIRST
    error = refused(FIRST.replace(old, new))
    assert (error.code, error.place) == (code, place)
    answer = flat.answer(error.control_id, error).decode()
    assert "avvisat" in answer
    assert "19611120" not in answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not XML",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        FIRST.replace("UTF-8", "ISO-8859-1").encode("iso-8859-1"),
        FIRST.encode("utf-16"),
        FIRST.encode() * 2,
        b"<a>" * 100_000,
    ],
)
def test_what_is_no_such_document(body):
    assert refused(body).reject


def test_answers_are_of_the_schema():
    schema = etree.XMLSchema(etree.parse(str(Path(flat.__file__).with_name("stay-event.xsd"))))
    wrong = RefusedEvent("words", place="typ")
    for answer in (flat.answer("a", None), flat.answer(None, wrong), flat.answer("a", wrong, transient=True)):
        schema.assertValid(etree.fromstring(answer))


def test_production_takes_production_alone():
    assert refused(FIRST, "production").code == "202"
    assert flat.read(FIRST.replace("<miljo>test", "<miljo>produktion").encode(), "production").stay
