"""Every clock by worked examples at the edges of days and years, and what holds of all of them."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.discharge import calendar
from adapter.discharge.agreement import STATUTORY, Agreement, Payment
from adapter.discharge.deadlines import State, duties
from adapter.discharge.facts import Fact, Recipient
from adapter.discharge.payment import first_day
from adapter.discharge.reckoning import reckon
from adapter.support.clock import to_micros

CODE = "2482"
HOME = Recipient("home", "municipality", CODE)
CARE = Recipient("care", "open-care")
AGREED = Agreement(
    id="x",
    version="1",
    name="x",
    valid_from=date(2018, 1, 1),
    read_within=timedelta(hours=2),
    answer_within=timedelta(hours=24),
    responsibility_days=7,
)
"""Every duty that an agreement can add."""
LONG_AFTER = datetime(2036, 1, 1, tzinfo=UTC)


def fact(event: str, at: datetime, **more: Any) -> Fact:
    micros = to_micros(at)
    return Fact(event, event, micros, "ward", accepted_at=micros, recipients=(HOME, CARE), **more)


def case(start: datetime) -> list[Fact]:
    """A stay in which all that starts a clock happened at one instant: the admission, the ready notice, the discharge,
    and a plan that is to be followed up 28 days later."""
    text, followed = start.isoformat(), calendar.days_after(calendar.local_date(start), 28).isoformat()
    return [
        fact("admission-notice", start, instants={"admission": text}),
        fact("ready-for-discharge", start, instants={"ready_assessed": text}),
        fact("sip", start, instants={"follow_up": followed}, statements={"plan_kind": "SIP", "plan_status": "active"}),
        fact("discharge-notice", start, instants={"discharge": text}),
    ]


def due(start: datetime, agreement: Agreement = AGREED) -> dict[tuple[str, str], datetime]:
    """When each duty that has a time ends."""
    found = duties(case(start), agreement, LONG_AFTER)
    return {(each.rule, each.to): each.due for each in found if each.due is not None}


TIMED = {
    "admission-notice-in-time",
    "answer-in-time",
    "care-contact-before-discharge",
    "information-on-discharge-day",
    "information-to-the-patient",
    "plan-followed-up",
    "read-receipt-of-admission-notice",
    "read-receipt-of-ready-for-discharge",
    "sip-invitation-in-time",
    "specialised-responsibility",
}


@pytest.mark.parametrize(
    ("start", "rule", "end"),
    [
        # midnight: the last instant of a day, and the first
        ("2026-03-10T23:59:59+01:00", "information-on-discharge-day", "2026-03-11T00:00:00+01:00"),
        ("2026-03-11T00:00:00+01:00", "information-on-discharge-day", "2026-03-12T00:00:00+01:00"),
        ("2026-03-10T23:59:59+01:00", "sip-invitation-in-time", "2026-03-14T00:00:00+01:00"),
        ("2026-03-11T00:00:00+01:00", "sip-invitation-in-time", "2026-03-17T00:00:00+01:00"),  # Saturday to Monday
        ("2026-03-10T23:59:59+01:00", "specialised-responsibility", "2026-03-18T00:00:00+01:00"),
        ("2026-03-11T00:00:00+01:00", "information-to-the-patient", "2026-03-12T00:00:00+01:00"),
        ("2026-03-11T00:00:00+01:00", "care-contact-before-discharge", "2026-03-11T00:00:00+01:00"),
        # 12.00 sharp is nothing to any of them
        ("2026-03-10T12:00:00+01:00", "sip-invitation-in-time", "2026-03-14T00:00:00+01:00"),
        ("2026-03-10T12:00:01+01:00", "sip-invitation-in-time", "2026-03-14T00:00:00+01:00"),
        # the nights of summer time: hours are hours, days are days
        ("2026-03-28T12:00:00+01:00", "admission-notice-in-time", "2026-03-29T13:00:00+02:00"),
        ("2026-10-24T12:00:00+02:00", "admission-notice-in-time", "2026-10-25T11:00:00+01:00"),
        ("2026-03-28T12:00:00+01:00", "answer-in-time", "2026-03-29T13:00:00+02:00"),
        ("2026-03-29T01:30:00+01:00", "read-receipt-of-admission-notice", "2026-03-29T04:30:00+02:00"),
        ("2026-10-25T02:30:00+02:00", "read-receipt-of-ready-for-discharge", "2026-10-25T03:30:00+01:00"),
        ("2026-03-29T01:30:00+01:00", "information-on-discharge-day", "2026-03-30T00:00:00+02:00"),
        ("2026-10-25T02:30:00+02:00", "information-on-discharge-day", "2026-10-26T00:00:00+01:00"),
        ("2026-03-25T10:00:00+01:00", "specialised-responsibility", "2026-04-02T00:00:00+02:00"),
        ("2026-10-22T10:00:00+02:00", "specialised-responsibility", "2026-10-30T00:00:00+01:00"),
        ("2026-03-28T10:00:00+01:00", "plan-followed-up", "2026-04-26T00:00:00+02:00"),
        # 29 February
        ("2028-02-28T10:00:00+01:00", "admission-notice-in-time", "2028-02-29T10:00:00+01:00"),
        ("2028-02-29T10:00:00+01:00", "information-on-discharge-day", "2028-03-01T00:00:00+01:00"),
        ("2028-02-26T10:00:00+01:00", "sip-invitation-in-time", "2028-03-01T00:00:00+01:00"),
        ("2028-02-22T10:00:00+01:00", "specialised-responsibility", "2028-03-01T00:00:00+01:00"),
        ("2028-02-01T10:00:00+01:00", "plan-followed-up", "2028-03-01T00:00:00+01:00"),
        # Easter: no holiday moves what is no act
        ("2026-03-31T10:00:00+02:00", "sip-invitation-in-time", "2026-04-08T00:00:00+02:00"),
        ("2026-04-02T10:00:00+02:00", "admission-notice-in-time", "2026-04-03T10:00:00+02:00"),
        ("2026-04-03T10:00:00+02:00", "information-on-discharge-day", "2026-04-04T00:00:00+02:00"),
        ("2026-03-30T10:00:00+02:00", "specialised-responsibility", "2026-04-07T00:00:00+02:00"),
        # New Year
        ("2026-12-31T20:00:00+01:00", "admission-notice-in-time", "2027-01-01T20:00:00+01:00"),
        ("2026-12-31T20:00:00+01:00", "information-on-discharge-day", "2027-01-01T00:00:00+01:00"),
        ("2026-12-28T20:00:00+01:00", "sip-invitation-in-time", "2027-01-05T00:00:00+01:00"),
        ("2026-12-31T20:00:00+01:00", "specialised-responsibility", "2027-01-08T00:00:00+01:00"),
        ("2026-12-31T20:00:00+01:00", "information-to-the-patient", "2027-01-01T00:00:00+01:00"),
    ],
)  # fmt: skip
def test_when_a_duty_ends(start: str, rule: str, end: str) -> None:
    found = {at for (name, _), at in due(datetime.fromisoformat(start)).items() if name == rule}
    assert found == {datetime.fromisoformat(end)}


def test_the_examples_are_of_every_duty_that_has_a_time() -> None:
    assert {rule for rule, _ in due(datetime(2026, 3, 10, 9, tzinfo=UTC))} == TIMED


MODELS = {
    "statutory": STATUTORY.payment,
    "three-after-noon-too": Payment(days=3, days_after_noon=3),
    "somatic-day-zero": Payment(model="mean", days=3, days_after_noon=3),
    "psychiatric": Payment(psychiatric_days=5),
}


@pytest.mark.parametrize(
    ("model", "sent", "first"),
    [
        # The law: days 0, 1 and 2 are free; after 12.00 one more.
        ("statutory", "2026-03-09T00:00:00+01:00", date(2026, 3, 12)),
        ("statutory", "2026-03-09T12:00:00+01:00", date(2026, 3, 12)),
        ("statutory", "2026-03-09T12:00:01+01:00", date(2026, 3, 13)),
        ("statutory", "2026-03-09T23:59:59+01:00", date(2026, 3, 13)),
        ("statutory", "2026-04-01T09:00:00+02:00", date(2026, 4, 4)),  # Easter does not move it
        ("statutory", "2028-02-28T12:00:01+01:00", date(2028, 3, 3)),
        ("statutory", "2026-12-31T12:00:00+01:00", date(2027, 1, 3)),
        # Stockholm, somatic: when days 0, 1 and 2 have passed, at whatever hour.
        ("somatic-day-zero", "2026-03-09T12:00:01+01:00", date(2026, 3, 12)),
        ("somatic-day-zero", "2026-03-09T23:59:59+01:00", date(2026, 3, 12)),
        ("somatic-day-zero", "2026-03-10T00:00:00+01:00", date(2026, 3, 13)),
        ("somatic-day-zero", "2026-10-24T23:30:00+02:00", date(2026, 10, 27)),
        # and psychiatric: when five days have passed, day zero among them.
        ("psychiatric", "2026-03-09T09:00:00+01:00", date(2026, 3, 14)),
        ("psychiatric", "2026-03-09T12:00:01+01:00", date(2026, 3, 14)),
        ("psychiatric", "2028-02-26T12:00:00+01:00", date(2028, 3, 2)),
        ("psychiatric", "2026-12-30T09:00:00+01:00", date(2027, 1, 4)),
    ],
)  # fmt: skip
def test_the_first_day_to_pay_for_by_model(model: str, sent: str, first: date) -> None:
    agreement = AGREED.model_copy(update={"payment": MODELS[model]})
    assert first_day(datetime.fromisoformat(sent), agreement, psychiatric=model == "psychiatric") == first


INSTANTS = st.integers(1_546_300_800, 1_956_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))
LATER = st.timedeltas(timedelta(0), timedelta(days=9)) | st.timedeltas(timedelta(0), timedelta(hours=3))
SWITCHES = st.sampled_from([AGREED, AGREED.model_copy(update={"invitation_moves_to_weekday": False})])


@given(INSTANTS, LATER, SWITCHES)
def test_what_begins_later_never_ends_sooner(start: datetime, later: timedelta, agreement: Agreement) -> None:
    first, second = due(start, agreement), due(start + later, agreement)
    assert first.keys() == second.keys()
    assert all(first[name] <= second[name] for name in first)
    assert all(end >= start for end in first.values())


@given(INSTANTS, LATER, st.sampled_from(sorted(MODELS)))
def test_who_is_told_later_never_pays_sooner(sent: datetime, later: timedelta, model: str) -> None:
    agreement = AGREED.model_copy(update={"payment": MODELS[model]})
    psychiatric = model == "psychiatric"
    first = first_day(sent, agreement, psychiatric=psychiatric)
    assert first <= first_day(sent + later, agreement, psychiatric=psychiatric)
    assert first > calendar.local_date(sent)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 11)), max_size=6), st.permutations(range(6)))
def test_a_month_is_the_same_in_whatever_order_its_cases_come(stays: list[tuple[int, int]], order: list[int]) -> None:
    def of(number: int) -> tuple[str, list[Fact]]:
        first, length = stays[number]
        start = datetime(2026, 3, first, 9, tzinfo=UTC)
        available = fact("open-care-availability", start, statements={"open_care": "available"})
        left = start + timedelta(days=length)
        discharged = fact("discharge-notice", left, instants={"discharge": left.isoformat()})
        return f"case-{number}", [*case(start)[:2], available, fact("sip-invitation", start), discharged]

    mean = AGREED.model_copy(update={"payment": Payment(model="mean")})
    cases = [of(number) for number in range(len(stays))]
    mixed = [cases[number] for number in order if number < len(cases)]
    found = reckon(cases, CODE, date(2026, 3, 1), mean, LONG_AFTER)
    assert found == reckon(mixed, CODE, date(2026, 3, 1), mean, LONG_AFTER)
    assert found.mean is not None
    days = [entry.days for entry in found.entries]
    assert (found.mean.persons, found.mean.days) == (len(days), sum(days))
    assert found.mean.excess == max(0, sum(days) - Fraction(3) * len(days))


WARD = Recipient("other-ward", "inpatient")


def test_who_owes_a_kvittens_and_who_an_answer() -> None:
    start = datetime(2026, 3, 10, 9, tzinfo=UTC)
    notice = Fact(
        "a", "admission-notice", to_micros(start), "ward", accepted_at=to_micros(start), recipients=(HOME, CARE, WARD)
    )
    found = {(each.rule, each.to) for each in duties([notice], AGREED, LONG_AFTER)}
    assert {to for rule, to in found if rule == "read-receipt-of-admission-notice"} == {"home", "care"}
    assert {to for rule, to in found if rule == "answer-in-time"} == {"home"}


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ("2026-03-13T23:59:59+01:00", State.MET),
        ("2026-03-14T00:00:00+01:00", State.LATE),  # given, and late
        (None, State.UNKNOWN),  # on paper, perhaps
    ],
)
def test_the_patients_information_is_late_only_where_it_was_given_late(given: str | None, state: State) -> None:
    facts = case(datetime.fromisoformat("2026-03-13T10:00:00+01:00"))
    if given is not None:
        facts.append(fact("patient-information", datetime.fromisoformat(given)))
    [duty] = [each for each in duties(facts, AGREED, LONG_AFTER) if each.rule == "information-to-the-patient"]
    assert duty.state is state


@pytest.mark.parametrize(("closed", "owed"), [("completed", False), ("revoked", False), ("active", True)])
def test_a_plan_that_was_closed_before_needs_no_follow_up(closed: str, owed: bool) -> None:
    start = datetime(2026, 3, 10, 9, tzinfo=UTC)
    statements = {"plan_kind": "SIP", "plan_status": closed}
    at = start + timedelta(days=5)
    later = Fact("later", "sip", to_micros(at), "ward", recipients=(HOME,), statements=statements)
    found = [each for each in duties([*case(start), later], AGREED, LONG_AFTER) if each.rule == "plan-followed-up"]
    assert bool(found) is owed


@pytest.mark.parametrize(("seconds", "state"), [(-1, State.OPEN), (0, State.MET), (1, State.MET)])
def test_the_responsibility_of_specialised_care_is_over_at_its_time(seconds: int, state: State) -> None:
    start = datetime.fromisoformat("2026-03-13T13:00:00+01:00")
    end = datetime.fromisoformat("2026-03-21T00:00:00+01:00")
    found = duties(case(start), AGREED, end + timedelta(seconds=seconds))
    [duty] = [each for each in found if each.rule == "specialised-responsibility"]
    assert (duty.state, duty.done) == (state, end if state is State.MET else None)
