"""Duties and the payment clock by worked examples: each row is one reading of a paragraph of LAW."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from adapter.discharge import calendar
from adapter.discharge.agreement import STATUTORY, Agreement, Payment, Sent, in_force
from adapter.discharge.deadlines import Duty, State, duties
from adapter.discharge.facts import Fact, Recipient
from adapter.discharge.payment import first_day, liability
from adapter.support.clock import to_micros

CODE = "2482"
UNIT = Recipient("municipality", "municipality", CODE)
OPEN_CARE = Recipient("open-care", "open-care")
LONG_AFTER = datetime(2026, 6, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def fact(event: str, sent: str, name: str = "", recipients: tuple[Recipient, ...] = (UNIT,), **more: Any) -> Fact:
    micros = to_micros(at(sent))
    return Fact(name or event, event, micros, "ward", accepted_at=micros, recipients=recipients, **more)


ADMISSION = fact(
    "admission-notice",
    "2026-03-09T10:12:00+01:00",
    instants={"admission": "2026-03-09T08:40:00+01:00", "need_assessed": "2026-03-09T09:55:00+01:00"},
    statements={"home_municipality": CODE},
)
INVITATION = fact("sip-invitation", "2026-03-10T11:00:00+01:00")
AVAILABLE = fact("open-care-availability", "2026-03-09T11:00:00+01:00", statements={"open_care": "available"})


def ready(sent: str, name: str = "ready-for-discharge") -> Fact:
    return fact("ready-for-discharge", sent, name, instants={"ready_assessed": sent})


def discharge(when: str) -> Fact:
    return fact("discharge-notice", when, instants={"discharge": when})


def the(rule: str, facts: list[Fact], agreement: Agreement = STATUTORY, now: datetime = LONG_AFTER) -> Duty:
    return next(each for each in duties(facts, agreement, now) if each.rule == rule)


@pytest.mark.parametrize(
    ("admission", "assessed", "sent", "state"),
    [
        ("2026-03-09T08:00:00+01:00", None, "2026-03-10T08:00:00+01:00", State.MET),
        ("2026-03-09T08:00:00+01:00", None, "2026-03-10T08:00:01+01:00", State.LATE),
        ("2026-03-09T08:00:00+01:00", "2026-03-09T20:00:00+01:00", "2026-03-10T20:00:00+01:00", State.MET),
        ("2026-03-09T08:00:00+01:00", "2026-03-08T20:00:00+01:00", "2026-03-10T08:00:01+01:00", State.LATE),
        # Summer time begins: 24 hours are 25 on the clock on the wall.
        ("2026-03-28T08:00:00+01:00", None, "2026-03-29T09:00:00+02:00", State.MET),
        ("2026-03-28T08:00:00+01:00", None, "2026-03-29T09:00:01+02:00", State.LATE),
        # And ends, with the repeated hour.
        ("2026-10-24T02:30:00+02:00", None, "2026-10-25T02:30:00+02:00", State.MET),
        ("2026-10-24T02:30:00+02:00", None, "2026-10-25T02:30:00+01:00", State.LATE),
    ],
)
def test_the_admission_notice_goes_within_24_hours(
    admission: str, assessed: str | None, sent: str, state: State
) -> None:
    said = {"admission": admission} | ({"need_assessed": assessed} if assessed else {})
    duty = the("admission-notice-in-time", [fact("admission-notice", sent, instants=said)])
    assert (duty.paragraph, duty.state, duty.to) == ("LAW 2:3", state, "municipality")


def test_an_admission_without_a_notice_is_owed() -> None:
    early = fact("planning-information", "2026-03-09T10:00:00+01:00", instants=ADMISSION.instants)
    now = at("2026-03-10T08:00:00+01:00")
    assert the("admission-notice-in-time", [early], now=now).state is State.AT_RISK
    assert the("admission-notice-in-time", [early], now=now - timedelta(hours=12)).state is State.OPEN
    assert the("admission-notice-in-time", [early]).state is State.LATE


def test_an_admission_in_the_future_is_flagged_and_not_computed_with() -> None:
    wrong = fact("admission-notice", "2026-03-09T10:00:00+01:00", instants={"admission": "2026-03-09T10:05:01+01:00"})
    duty = the("admission-notice-in-time", [wrong])
    assert (duty.state, duty.flags) == (State.UNKNOWN, ("admission-in-the-future",))


@pytest.mark.parametrize(
    ("sent", "last_day"),
    [
        ("2026-03-09T10:00:00+01:00", date(2026, 3, 12)),
        ("2026-03-09T16:00:00+01:00", date(2026, 3, 12)),  # 12.00 is nothing to the kallelse
        ("2026-03-11T10:00:00+01:00", date(2026, 3, 16)),  # Saturday moves to Monday
        ("2026-03-31T10:00:00+02:00", date(2026, 4, 7)),  # långfredagen moves to the Tuesday after Easter
        ("2026-12-28T10:00:00+01:00", date(2027, 1, 4)),  # nyårsafton
    ],
)
def test_the_kallelse_has_three_days_that_end_on_a_weekday(sent: str, last_day: date) -> None:
    duty = the("sip-invitation-in-time", [ADMISSION, ready(sent)], now=at("2027-06-01T00:00:00+02:00"))
    assert duty.due is not None
    assert calendar.local(duty.due).isoformat()[:19] == f"{last_day + timedelta(days=1)}T00:00:00"
    assert duty.state is State.LATE


def test_moving_to_a_weekday_is_a_switch() -> None:
    strict = Agreement(id="x", version="1", name="x", valid_from=date(2018, 1, 1), invitation_moves_to_weekday=False)
    duty = the("sip-invitation-in-time", [ADMISSION, ready("2026-03-11T10:00:00+01:00")], strict)
    assert duty.due == at("2026-03-15T00:00:00+01:00")
    assert duty.flags == ()


@pytest.mark.parametrize("said", [{"plan": "not-needed"}, {"plan_consent": "refused"}])
def test_no_kallelse_is_owed_where_no_plan_is_to_be_held(said: dict[str, str]) -> None:
    word = fact("general-message", "2026-03-10T10:00:00+01:00", statements=said)
    duty = the("sip-invitation-in-time", [ADMISSION, ready("2026-03-11T10:00:00+01:00"), word])
    assert duty.state is State.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("told", "state"), [("2026-03-13T23:59:59+01:00", State.MET), ("2026-03-14T00:00:00+01:00", State.LATE)]
)
def test_information_goes_on_the_day_of_the_discharge(told: str, state: State) -> None:
    left = fact("discharge-notice", told, instants={"discharge": "2026-03-13T13:00:00+01:00"})
    assert the("information-on-discharge-day", [ADMISSION, left]).state is state


def test_the_care_contact_is_appointed_before_the_discharge() -> None:
    named = fact("general-message", "2026-03-12T10:00:00+01:00", statements={"care_contact": "named"})
    left = discharge("2026-03-13T13:00:00+01:00")
    assert the("care-contact-before-discharge", [ADMISSION, named, left]).state is State.MET
    assert the("care-contact-before-discharge", [ADMISSION, left]).state is State.LATE
    assert the("care-contact-before-discharge", [ADMISSION]).state is State.OPEN


def test_seven_days_of_responsibility_where_agreed() -> None:
    agreed = Agreement(id="orebro", version="1", name="x", valid_from=date(2018, 1, 1), responsibility_days=7)
    facts = [ADMISSION, discharge("2026-03-13T13:00:00+01:00")]
    duty = the("specialised-responsibility", facts, agreed, at("2026-03-20T23:59:00+01:00"))
    assert (duty.due, duty.state) == (at("2026-03-21T00:00:00+01:00"), State.OPEN)
    assert the("specialised-responsibility", facts, agreed).state is State.MET
    assert not [each for each in duties(facts, STATUTORY, LONG_AFTER) if each.rule == "specialised-responsibility"]


@pytest.mark.parametrize(
    ("sent", "first"),
    [
        ("2026-03-09T10:00:00+01:00", date(2026, 3, 12)),  # Monday 10:00: Thursday
        ("2026-03-09T12:00:00+01:00", date(2026, 3, 12)),  # 12:00:00 sharp is not after
        ("2026-03-09T12:00:01+01:00", date(2026, 3, 13)),  # Friday
        ("2026-03-13T09:00:00+01:00", date(2026, 3, 16)),  # Friday: Monday, not moved
        ("2026-12-30T09:00:00+01:00", date(2027, 1, 2)),  # over New Year
        ("2028-02-27T09:00:00+01:00", date(2028, 3, 1)),  # over 29 February
        ("2026-03-28T23:30:00+01:00", date(2026, 4, 1)),  # the night summer time begins, after 12.00
        ("2026-10-25T02:30:00+01:00", date(2026, 10, 28)),  # in the repeated hour
        ("2026-03-09T23:30:00+00:00", date(2026, 3, 13)),  # past midnight in Sweden
    ],
)
def test_payment_begins_on_a_calendar_day(sent: str, first: date) -> None:
    assert first_day(at(sent), STATUTORY) == first


def test_psychiatric_care_may_have_its_own_count() -> None:
    agreed = Agreement(
        id="stockholm", version="2020", name="x", valid_from=date(2020, 1, 1), payment=Payment(psychiatric_days=5)
    )
    assert first_day(at("2026-03-09T10:00:00+01:00"), agreed, psychiatric=True) == date(2026, 3, 14)
    assert first_day(at("2026-03-09T10:00:00+01:00"), agreed) == date(2026, 3, 12)
    told = ready("2026-03-10T10:00:00+01:00")
    for notice, first in ((told, date(2026, 3, 13)), (replace(told, psychiatric=True), date(2026, 3, 15))):
        found = liability([ADMISSION, AVAILABLE, notice, INVITATION], CODE, agreed, LONG_AFTER)
        assert found.start == first


def test_every_condition_must_hold_and_days_are_counted_to_the_discharge() -> None:
    facts = [ADMISSION, AVAILABLE, ready("2026-03-10T10:00:00+01:00"), INVITATION]
    found = liability([*facts, discharge("2026-03-16T13:00:00+01:00")], CODE, STATUTORY, LONG_AFTER)
    assert found.liable
    assert (found.start, found.stop, found.days) == (date(2026, 3, 13), date(2026, 3, 16), 3)
    assert found.amount is None  # 2026 is not known
    so_far = liability(facts, CODE, STATUTORY, at("2026-03-14T09:00:00+01:00"))
    assert so_far.days == 1
    early = liability([*facts, discharge("2026-03-11T13:00:00+01:00")], CODE, STATUTORY, LONG_AFTER)
    assert early.days == 0


def test_the_day_of_discharge_is_a_setting() -> None:
    agreed = Agreement(
        id="x", version="1", name="x", valid_from=date(2018, 1, 1), payment=Payment(charges_discharge_day=True)
    )
    facts = [ADMISSION, AVAILABLE, ready("2026-03-10T10:00:00+01:00"), INVITATION]
    assert liability([*facts, discharge("2026-03-16T13:00:00+01:00")], CODE, agreed, LONG_AFTER).days == 4


@pytest.mark.parametrize(
    ("facts", "failing"),
    [
        ([AVAILABLE, ready("2026-03-10T10:00:00+01:00"), INVITATION], ("paying-municipality", "admission-notice-sent")),
        ([ADMISSION, AVAILABLE, INVITATION], ("ready-notice-sent",)),
        ([ADMISSION, AVAILABLE, ready("2026-03-10T10:00:00+01:00")], ("sip-invitation-sent",)),
        ([ADMISSION, ready("2026-03-10T10:00:00+01:00"), INVITATION], ("open-care-available",)),
    ],
)
def test_each_missing_condition_is_named(facts: list[Fact], failing: tuple[str, ...]) -> None:
    found = liability(facts, CODE, STATUTORY, LONG_AFTER)
    assert found.failing == failing
    assert (found.liable, found.days, found.start) == (False, None, None)


@pytest.mark.parametrize(("word", "holds"), [("available", True), ("not-available", False), ("unknown", None)])
def test_unknown_open_care_never_makes_anybody_liable(word: str, holds: bool | None) -> None:
    said = fact("open-care-availability", "2026-03-10T11:00:00+01:00", statements={"open_care": word})
    assumed = Agreement(
        id="x", version="1", name="x", valid_from=date(2018, 1, 1), payment=Payment(open_care_assumed=True)
    )
    facts = [ADMISSION, ready("2026-03-10T10:00:00+01:00"), INVITATION]
    found = liability([*facts, said], CODE, assumed, LONG_AFTER)
    assert {each.rule: each.holds for each in found.conditions}["open-care-available"] is holds
    assert liability(facts, CODE, assumed, LONG_AFTER).liable


def test_a_withdrawn_notice_stops_the_clock_and_a_new_one_starts_it_again() -> None:
    withdrawn = fact("ready-for-discharge-withdrawn", "2026-03-11T10:00:00+01:00")
    facts = [ADMISSION, AVAILABLE, INVITATION, ready("2026-03-10T10:00:00+01:00"), withdrawn]
    assert liability(facts, CODE, STATUTORY, LONG_AFTER).failing == ("ready-notice-sent",)
    again = [*facts, ready("2026-03-13T10:00:00+01:00", "again")]
    assert liability(again, CODE, STATUTORY, LONG_AFTER).start == date(2026, 3, 16)


def test_a_placing_municipality_pays_instead() -> None:
    placed = fact("planning-information", "2026-03-09T12:00:00+01:00", statements={"placing_municipality": "2480"})
    facts = [ADMISSION, AVAILABLE, ready("2026-03-10T10:00:00+01:00"), INVITATION, placed]
    assert liability(facts, CODE, STATUTORY, LONG_AFTER).failing == ("paying-municipality",)


def test_the_only_notified_municipality_counts_as_that_of_folkbokforing_unless_agreed_otherwise() -> None:
    admission = fact("admission-notice", "2026-03-09T10:12:00+01:00", instants=ADMISSION.instants)
    facts = [admission, AVAILABLE, ready("2026-03-10T10:00:00+01:00"), INVITATION]
    assert liability(facts, CODE, STATUTORY, LONG_AFTER).liable
    never = Agreement(id="x", version="1", name="x", valid_from=date(2018, 1, 1), notified_pays=False)
    assert liability(facts, CODE, never, LONG_AFTER).failing == ("paying-municipality",)
    two = Recipient("other", "municipality", "2480")
    both = fact("admission-notice", "2026-03-09T10:12:00+01:00", recipients=(UNIT, two), instants=ADMISSION.instants)
    assert liability([both, *facts[1:]], CODE, STATUTORY, LONG_AFTER).failing == ("paying-municipality",)


def test_a_held_notice_counts_from_its_release_and_delivery_is_a_switch() -> None:
    held = Recipient("municipality", "municipality", CODE, held=True)
    released = Recipient("m", "municipality", CODE, released_at=to_micros(at("2026-03-11T10:00:00+01:00")))
    delivered = Recipient("m", "municipality", CODE, delivered_at=to_micros(at("2026-03-12T10:00:00+01:00")))
    base = [ADMISSION, AVAILABLE, INVITATION]

    def start(recipient: Recipient, agreement: Agreement = STATUTORY) -> date | None:
        notice = fact("ready-for-discharge", "2026-03-10T10:00:00+01:00", recipients=(recipient,))
        return liability([*base, notice], CODE, agreement, LONG_AFTER).start

    assert start(held) is None
    assert start(released) == date(2026, 3, 14)
    by_delivery = Agreement(id="x", version="1", name="x", valid_from=date(2018, 1, 1), sent=Sent.DELIVERED)
    assert start(delivered, by_delivery) is None  # the admission notice has not been delivered
    stated = Agreement(id="x", version="1", name="x", valid_from=date(2018, 1, 1), sent=Sent.STATED)
    assert start(held, stated) == date(2026, 3, 13)


def test_a_corrected_notice_counts_from_when_it_was_first_sent() -> None:
    corrected = fact("ready-for-discharge", "2026-03-12T15:00:00+01:00", "second", revises="ready-for-discharge")
    facts = [ADMISSION, AVAILABLE, INVITATION, ready("2026-03-10T10:00:00+01:00"), corrected]
    assert liability(facts, CODE, STATUTORY, LONG_AFTER).start == date(2026, 3, 13)


def test_a_late_notice_is_for_a_person_to_look_at() -> None:
    late = fact("admission-notice", "2026-03-11T10:00:00+01:00", instants=ADMISSION.instants)
    found = liability([late, ready("2026-03-11T11:00:00+01:00")], CODE, STATUTORY, LONG_AFTER)
    assert [each.review for each in found.conditions if each.rule == "admission-notice-sent"] == [True]


def test_the_agreement_in_force_is_found_by_municipality_and_day() -> None:
    old = Agreement(id="r", version="1", name="x", valid_from=date(2020, 1, 1), valid_to=date(2025, 12, 31))
    new = Agreement(id="r", version="2", name="x", valid_from=date(2026, 1, 1))
    own = Agreement(id="own", version="1", name="x", valid_from=date(2019, 1, 1), municipalities=frozenset({CODE}))
    assert in_force([old, new], None, date(2025, 12, 31)) is old
    assert in_force([old, new], None, date(2026, 1, 1)) is new
    assert in_force([old, new, own], CODE, date(2026, 1, 1)) is own
    assert in_force([old, new], None, date(2019, 1, 1)) is STATUTORY


def test_each_duty_says_agreement_version_and_clause() -> None:
    agreed = Agreement(
        id="x", version="2024-1", name="x", valid_from=date(2018, 1, 1), citations={"notice_within": "§ 4"}
    )
    assert the("admission-notice-in-time", [ADMISSION], agreed).clause == "x 2024-1: § 4"
    assert the("admission-notice-in-time", [ADMISSION]).clause == "statutory SFS 2025:449: LAW 2:3"


def states(
    rule: str, facts: list[Fact], agreement: Agreement = STATUTORY, now: datetime = LONG_AFTER
) -> dict[str, State]:
    return {each.to: each.state for each in duties(facts, agreement, now) if each.rule == rule}


def answer(unit: str, status: str, sent: str = "2026-03-09T14:00:00+01:00") -> Fact:
    tasks = ({"identifier": "t", "status": status},)
    return Fact(f"answer-{unit}-{status}", "acceptance-answer", to_micros(at(sent)), unit, tasks=tasks)


def test_open_care_is_notified_too_or_a_person_looks_at_it() -> None:
    both = fact("admission-notice", "2026-03-09T10:00:00+01:00", recipients=(UNIT, OPEN_CARE))
    assert states("open-care-notified", [both]) == {"": State.MET}
    alone = the("open-care-notified", [ADMISSION])
    assert (alone.state, alone.flags) == (State.UNKNOWN, ("need-of-municipal-health-care-not-said",))
    assert states("open-care-notified", [ready("2026-03-10T10:00:00+01:00")]) == {}


def test_another_estimate_is_told_to_everybody_who_got_the_notice() -> None:
    said = {"estimated_discharge": "2026-03-16"}
    first = fact("admission-notice", "2026-03-09T10:00:00+01:00", recipients=(UNIT, OPEN_CARE), instants=said)
    same = fact("planning-information", "2026-03-09T12:00:00+01:00", instants=said)
    assert states("estimate-changed", [first, same]) == {}
    later = {"estimated_discharge": "2026-03-18"}
    update = fact("admission-notice-update", "2026-03-11T10:00:00+01:00", recipients=(UNIT,), instants=later)
    assert states("estimate-changed", [first, same, update]) == {"municipality": State.MET, "open-care": State.OPEN}
    again = fact("admission-notice-update", "2026-03-12T10:00:00+01:00", "2", recipients=(OPEN_CARE,), instants=later)
    assert set(states("estimate-changed", [first, update, again]).values()) == {State.MET}
    assert the("estimate-changed", [first, update, again]).start == at("2026-03-11T10:00:00+01:00")


@pytest.mark.parametrize(
    ("status", "state"),
    [("accepted", State.MET), ("in-progress", State.MET), ("received", State.OPEN), ("rejected", State.NOT_APPLICABLE)],
)
def test_a_unit_has_begun_to_plan_when_it_takes_the_request_on(status: str, state: State) -> None:
    assert states("planning-begun", [ADMISSION, answer("municipality", status)]) == {"municipality": state}


def test_a_plan_is_drawn_up_after_the_kallelse_unless_none_is_to_be_held() -> None:
    active = fact("sip", "2026-03-12T10:00:00+01:00", statements={"plan_status": "active"})
    refused = fact("general-message", "2026-03-11T10:00:00+01:00", statements={"plan_consent": "refused"})
    assert states("plan-drawn-up", [ADMISSION, INVITATION, active]) == {"": State.MET}
    assert states("plan-drawn-up", [ADMISSION, INVITATION]) == {"": State.OPEN}
    assert states("plan-drawn-up", [ADMISSION, INVITATION, refused]) == {"": State.NOT_APPLICABLE}
    assert states("plan-drawn-up", [ADMISSION]) == {}


def test_information_to_the_patient_may_be_given_without_a_message() -> None:
    left = discharge("2026-03-13T13:00:00+01:00")
    given = fact("patient-information", "2026-03-13T12:00:00+01:00", recipients=())
    assert states("information-to-the-patient", [ADMISSION, given, left]) == {"": State.MET}
    unknown = the("information-to-the-patient", [ADMISSION, left])
    assert (unknown.state, unknown.flags) == (State.UNKNOWN, ("not-told-by-message",))
    assert states("information-to-the-patient", [ADMISSION]) == {}


AGREED = Agreement(id="x", version="1", name="x", valid_from=date(2018, 1, 1), read_within="24h", answer_within="48h")


@pytest.mark.parametrize(
    ("read", "state"),
    [("2026-03-10T10:12:00+01:00", State.MET), ("2026-03-10T10:12:01+01:00", State.LATE), (None, State.LATE)],
)
def test_a_kvittens_is_due_where_that_is_agreed(read: str | None, state: State) -> None:
    recipient = Recipient("municipality", "municipality", CODE, read_at=to_micros(at(read)) if read else None)
    notice = fact("admission-notice", "2026-03-09T10:12:00+01:00", recipients=(recipient,))
    assert states("read-receipt-of-admission-notice", [notice], AGREED) == {"municipality": state}
    assert states("read-receipt-of-admission-notice", [notice]) == {}


@pytest.mark.parametrize(
    ("status", "sent", "state"),
    [
        ("accepted", "2026-03-11T10:12:00+01:00", State.MET),
        ("rejected", "2026-03-11T10:12:00+01:00", State.MET),
        ("accepted", "2026-03-11T10:12:01+01:00", State.LATE),
        ("received", "2026-03-11T10:12:00+01:00", State.LATE),
    ],
)
def test_an_answer_is_due_where_that_is_agreed(status: str, sent: str, state: State) -> None:
    facts = [ADMISSION, answer("municipality", status, sent)]
    assert states("answer-in-time", facts, AGREED) == {"municipality": state}
    assert states("answer-in-time", facts) == {}
