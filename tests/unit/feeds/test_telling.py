"""What is told, to whom, of what is known; in every order of arrival."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.feeds.events import Address, Kind, Person, Postal, Ready, StayEvent
from adapter.feeds.model import Feed
from adapter.feeds.stay import picture
from adapter.feeds.telling import Told, decide

START = datetime(2026, 3, 9, 9, tzinfo=UTC)
UNITS = frozenset({"SE1-A", "SE1-B"})
FEED = Feed.model_validate(
    {
        "id": "vas",
        "party": "region",
        "system": "VAS",
        "format": "hl7v2",
        "protocol": "http",
        "units": {"MED": "SE1-A", "ORT": "SE1-B"},
        "need": {"units": ["MED"], "basis": "decision"},
        "receivers": [
            {"municipality": "9901", "to": [{"hsa": "SE2-M"}]},
            {"municipality": "9902", "to": [{"kommunkod": "9902"}]},
            {"unit": "MED", "to": [{"hsa": "SE1-OPEN"}]},
        ],
        "adt": {"ready": {"time": "ZSV-1", "assessor": "ZSV-2"}},
    }
)
PERSON = Person(
    identifiers=(("http://electronichealth.se/identifier/personnummer", "196111202989"),),
    family="Norén",
    addresses=(Postal(("Gatan 1",), "1", "Ort"),),
)
READY = Ready("2026-03-15T09:30:00+01:00", "Dr Alm")
LEFT = "2026-03-16T14:00:00+01:00"


def event(kind: Kind, number: int, **said) -> StayEvent:
    known = {
        "person": PERSON,
        "unit": "MED",
        "admitted": "2026-03-09T08:00:00+01:00",
        "estimated": "2026-03-16",
        "kommunkod": "9901",
    }
    return StayEvent(str(number), kind, "V1", START + timedelta(minutes=number), **known | said)


class Receivers:
    """They are sent what is decided on, event by event."""

    def __init__(self, feed: Feed = FEED) -> None:
        self.feed = feed
        self.events: list[StayEvent] = []
        self.told: dict[str, list[Told]] = {}
        self.gaps: set[str] = set()

    def take(self, *events: StayEvent) -> "Receivers":
        for each in events:
            self.events.append(each)
            found = decide(picture(self.events), self.feed, UNITS, self.told)
            self.gaps = {gap.kind for gap in found.gaps}
            for step in found.steps:
                messages = self.told.setdefault(step.receiver, [])
                messages.append(Told(f"{step.receiver}-{len(messages)}", step.event, step.said))
        return self

    def events_to(self, receiver: str) -> list[str]:
        return [message.event for message in self.told.get(receiver, [])]


def test_each_receiver_is_told_all_of_it():
    later = {"unit": "ORT", "estimated": "2026-03-18"}
    found = Receivers().take(
        event(Kind.ADMITTED, 1),
        event(Kind.TRANSFERRED, 2, unit="ORT"),
        event(Kind.CHANGED, 3, **later),
        event(Kind.READY, 4, **later, ready=READY),
        event(Kind.NOT_READY, 5, **later),
        event(Kind.READY, 6, **later, ready=READY),
        event(Kind.DISCHARGED, 7, **later, discharged=LEFT, left="home"),
        event(Kind.DISCHARGE_CANCELLED, 8, **later),
        event(Kind.ADMISSION_CANCELLED, 9, **later),
    )
    for receiver in ("SE2-M", "SE1-OPEN"):
        assert found.events_to(receiver) == [
            *("admission-notice", "admission-notice-update", "ready-for-discharge", "ready-for-discharge-withdrawn"),
            *("ready-for-discharge", "discharge-notice", "retraction", "retraction", "retraction", "retraction"),
        ]
    assert found.gaps == set()


def test_a_cancelled_admission_takes_back_all_that_stands_the_last_first():
    found = Receivers().take(event(Kind.ADMITTED, 1), event(Kind.READY, 2, ready=READY))
    found.take(event(Kind.ADMISSION_CANCELLED, 3))
    first, ready, *taken_back = found.told["SE2-M"]
    assert [message.said["corrects"] for message in taken_back] == [ready.header_id, first.header_id]
    assert Receivers().take(event(Kind.ADMISSION_CANCELLED, 1)).told == {}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_in_every_order_of_arrival_the_same_stands_in_the_end(order):
    said = [
        event(Kind.ADMITTED, 1),
        event(Kind.CHANGED, 2, estimated="2026-03-18"),
        event(Kind.READY, 3, estimated="2026-03-18", ready=READY),
        event(Kind.DISCHARGED, 4, estimated="2026-03-18", ready=READY, discharged=LEFT),
    ]
    found = Receivers().take(*(said[index] for index in order))
    assert found.gaps == set()
    assert {"admission-notice", "ready-for-discharge", "discharge-notice"} <= set(found.events_to("SE2-M"))
    last = [message for message in found.told["SE2-M"] if "estimated" in message.said][-1]
    assert last.said["estimated"] == "2026-03-18"


@given(st.lists(st.sampled_from(range(7)), max_size=12))
def test_what_is_told_twice_is_told_once(numbers):
    """Any events, then each of them again: the second time nothing is sent."""
    said = [
        event(Kind.ADMITTED, 1),
        event(Kind.CHANGED, 2, estimated="2026-03-18"),
        event(Kind.READY, 3, ready=READY),
        event(Kind.NOT_READY, 4),
        event(Kind.DISCHARGED, 5, discharged=LEFT),
        event(Kind.DISCHARGE_CANCELLED, 6),
        event(Kind.ADMISSION_CANCELLED, 7),
    ]
    found = Receivers().take(*(said[number] for number in numbers))
    before = {receiver: list(messages) for receiver, messages in found.told.items()}
    decided = decide(picture([*found.events, *found.events]), FEED, UNITS, found.told)
    assert decided.steps == []
    assert found.told == before


def test_who_is_told_because_of_a_unit_is_not_wrong_when_the_person_moves_on():
    found = Receivers().take(event(Kind.ADMITTED, 1), event(Kind.TRANSFERRED, 2, unit="ORT"))
    assert found.events_to("SE1-OPEN") == ["admission-notice"]
    assert found.gaps == set()


def test_another_municipality_is_told_and_the_first_one_is_taken_back():
    found = Receivers().take(event(Kind.ADMITTED, 1), event(Kind.CHANGED, 2, kommunkod="9902"))
    assert found.events_to("9902") == ["admission-notice"]
    assert found.events_to("SE2-M") == ["admission-notice", "retraction"]


def test_whom_the_event_names_counts_before_the_configuration():
    found = Receivers().take(event(Kind.ADMITTED, 1, receivers=(Address(kommunkod="9903"),)))
    assert set(found.told) == {"9903"}


@pytest.mark.parametrize(
    ("said", "gaps"),
    [
        ({"unit": "MED", "estimated": None}, {"estimate"}),
        ({"admitted": None}, {"admission"}),
        ({"person": replace(PERSON, addresses=())}, {"address"}),
        ({"person": replace(PERSON, family="")}, {"name"}),
        ({"person": None}, {"person"}),
        ({"person": replace(PERSON, labels=frozenset({"skyddadFolkbokforing"}))}, {"address"}),
        ({"ready": Ready(READY.at, "")}, {"assessor"}),
        ({"doubts": {"ready": "twice"}}, {"ready"}),
        ({"needed": False}, set()),
        ({"unit": "ORT"}, set()),
    ],
)
def test_what_was_not_said_is_a_gap_and_not_guessed(said, gaps):
    assert Receivers().take(event(Kind.ADMITTED, 1, **said)).gaps == gaps


def test_an_unknown_unit_and_an_unknown_municipality():
    feed = FEED.model_copy(update={"need": FEED.need.model_copy(update={"units": ("MED", "ICU")}), "units": {}})
    assert Receivers(feed).take(event(Kind.ADMITTED, 1, unit="ICU", kommunkod="9999")).gaps == {"unit", "receivers"}


def test_two_persons_or_two_stays_under_one_id_stop_everything():
    other = replace(PERSON, identifiers=((PERSON.identifiers[0][0], "194406187692"),))
    assert Receivers().take(event(Kind.ADMITTED, 1), event(Kind.CHANGED, 2, person=other)).gaps == {"identity"}
    left = event(Kind.DISCHARGED, 2, discharged=LEFT)
    again = event(Kind.ADMITTED, 3, admitted="2026-03-20T08:00:00+01:00")
    assert Receivers().take(event(Kind.ADMITTED, 1), left, again).gaps == {"readmission"}


def test_a_reserve_number_becomes_a_personnummer_and_the_notice_is_corrected():
    reserve = replace(PERSON, identifiers=(("urn:oid:1.2.3", "R1"),))
    found = Receivers().take(event(Kind.ADMITTED, 1, person=reserve), event(Kind.CHANGED, 2))
    assert found.events_to("SE2-M") == ["admission-notice", "admission-notice"]
    assert len(picture(found.events).person.identifiers) == 2


def test_a_planned_discharge_is_none():
    found = Receivers().take(event(Kind.ADMITTED, 1, discharged=LEFT))
    assert found.events_to("SE2-M") == ["admission-notice"]


def test_a_discharge_without_a_word_of_readiness_is_a_gap_but_for_who_died():
    left = event(Kind.DISCHARGED, 2, discharged=LEFT, left="home")
    assert Receivers().take(event(Kind.ADMITTED, 1), left).gaps == {"ready"}
    assert Receivers().take(event(Kind.ADMITTED, 1), replace(left, left="died")).gaps == set()


def test_a_changed_time_of_discharge_corrects_and_need_that_ends_is_a_gap():
    found = Receivers().take(event(Kind.ADMITTED, 1), event(Kind.DISCHARGED, 2, discharged=LEFT, left="died"))
    found.take(event(Kind.CHANGED, 3, discharged="2026-03-16T15:00:00+01:00", left="died"))
    assert found.told["SE2-M"][-1].said["corrects"] == found.told["SE2-M"][-2].header_id
    assert Receivers().take(event(Kind.ADMITTED, 1), event(Kind.CHANGED, 2, needed=False)).gaps == {"need"}
