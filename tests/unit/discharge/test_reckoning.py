"""A municipality's month under each model of agreement, by worked examples."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from adapter.discharge.agreement import Agreement, Amount, Model, Payment
from adapter.discharge.facts import Fact, Recipient
from adapter.discharge.reckoning import Phase, Reckoning, Share, next_month, phase, reckon
from adapter.support.clock import to_micros

CODE, OTHER = "1480", "1481"
MARCH = date(2026, 3, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def fact(event: str, at: str, code: str = CODE, **more: Any) -> Fact:
    micros = to_micros(datetime.fromisoformat(at))
    unit = Recipient(f"unit-{code}", "municipality", code)
    return Fact(f"{event}-{at}", event, micros, "ward", accepted_at=micros, recipients=(unit,), **more)


def stay(ready: str, discharge: str, code: str = CODE, *, without: Sequence[str] = ()) -> list[Fact]:
    """A stay with everything that makes the municipality liable, less the events in `without`."""
    admitted = f"{ready[:8]}01T08:00:00+01:00" if ready[8:10] != "01" else f"{ready[:10]}T00:30:00+01:00"
    facts = [
        fact("admission-notice", admitted, code, instants={"admission": admitted}),
        fact("open-care-availability", ready, code, statements={"open_care": "available"}),
        fact("ready-for-discharge", ready, code, instants={"ready_assessed": ready}),
        fact("sip-invitation", ready, code),
        fact("discharge-notice", discharge, code, instants={"discharge": discharge}),
    ]
    return [each for each in facts if each.event not in without]


def agreed(**payment: Any) -> Agreement:
    return Agreement(id="x", version="1", name="x", valid_from=date(2018, 1, 1), payment=Payment(**payment))


def month(*stays: list[Fact], agreement: Agreement, code: str = CODE, of: date = MARCH) -> Reckoning:
    return reckon([(f"case-{number}", each) for number, each in enumerate(stays)], code, of, agreement, NOW)


SAME_DAY = stay("2026-03-10T08:00:00+01:00", "2026-03-10T15:00:00+01:00")
TWO_DAYS = stay("2026-03-10T08:00:00+01:00", "2026-03-12T10:00:00+01:00")
FIVE_DAYS = stay("2026-03-09T08:00:00+01:00", "2026-03-14T10:00:00+01:00")
EIGHT_DAYS = stay("2026-03-09T14:00:00+01:00", "2026-03-17T10:00:00+01:00")
MEAN = agreed(model="mean", individual_over=7, dispute_until=12)


def test_the_mean_is_that_of_all_persons_and_day_zero_counts() -> None:
    found = month(SAME_DAY, TWO_DAYS, FIVE_DAYS, agreement=MEAN)
    assert found.mean is not None
    assert (found.mean.persons, found.mean.days, found.mean.mean, found.mean.excess) == (3, 7, Fraction(7, 3), 0)
    assert (found.payable, found.amount) == (0, 0)
    assert [entry.days for entry in found.entries] == [0, 2, 5]


def test_what_lies_above_the_threshold_is_owed_for_all_persons_together() -> None:
    rich = agreed(model="mean", amounts={2026: Amount(sek=10_000, citation="beslut 1")})
    found = month(FIVE_DAYS, FIVE_DAYS, SAME_DAY, agreement=rich)
    assert found.mean is not None
    assert (found.mean.mean, found.mean.excess, found.amount) == (Fraction(10, 3), 1, 10_000)


def test_an_amount_that_is_not_known_is_not_shown_and_the_days_are() -> None:
    found = month(FIVE_DAYS, agreement=agreed(model="mean"))
    assert found.mean is not None
    assert (found.mean.excess, found.amount) == (2, None)


def test_a_person_with_more_than_seven_days_is_taken_out_and_reckoned_alone() -> None:
    found = month(TWO_DAYS, EIGHT_DAYS, agreement=MEAN)
    assert found.mean is not None
    assert (found.mean.persons, found.mean.days) == (1, 2)
    assert [entry.share for entry in found.entries] == [Share.MEAN, Share.INDIVIDUAL]
    assert found.payable == 4  # sent after 12.00 on the 9th: from the 13th to the 17th


def test_seven_days_are_not_more_than_seven() -> None:
    seven = stay("2026-03-09T08:00:00+01:00", "2026-03-16T10:00:00+01:00")
    assert [entry.share for entry in month(seven, agreement=MEAN).entries] == [Share.MEAN]


def test_individual_and_both() -> None:
    alone = month(FIVE_DAYS, agreement=agreed())
    assert (alone.mean, alone.payable, alone.entries[0].share) == (None, 2, Share.INDIVIDUAL)
    both = month(FIVE_DAYS, agreement=agreed(model=Model.BOTH))
    assert both.mean is not None
    assert (both.mean.days, both.payable, both.amount, both.entries[0].share) == (5, 2, None, Share.BOTH)


@pytest.mark.parametrize("missing", ["admission-notice", "sip-invitation", "open-care-availability"])
def test_who_was_not_told_of_does_not_count_and_it_is_said_why(missing: str) -> None:
    found = month(stay("2026-03-09T08:00:00+01:00", "2026-03-14T10:00:00+01:00", without=[missing]), agreement=MEAN)
    assert found.mean is not None
    assert (found.mean.persons, found.mean.mean, found.payable) == (0, None, 0)
    assert found.entries[0].share is Share.NONE
    assert found.entries[0].liability.failing


def test_without_a_ready_notice_or_a_discharge_there_is_no_entry() -> None:
    for missing in ("ready-for-discharge", "discharge-notice"):
        facts = stay("2026-03-09T08:00:00+01:00", "2026-03-14T10:00:00+01:00", without=[missing])
        assert month(facts, agreement=MEAN).entries == ()


def test_a_stay_belongs_to_the_month_of_its_discharge_in_sweden() -> None:
    over = stay("2026-03-30T08:00:00+02:00", "2026-03-31T22:30:00+00:00")  # past midnight: 1 April
    assert month(over, agreement=MEAN).entries == ()
    assert [entry.days for entry in month(over, agreement=MEAN, of=date(2026, 4, 1)).entries] == [2]


def test_each_stay_of_a_case_is_an_entry_and_another_municipality_has_none() -> None:
    again = stay("2026-03-20T08:00:00+01:00", "2026-03-22T10:00:00+01:00")
    later = fact("admission-notice", "2026-03-18T08:00:00+01:00", instants={"admission": "2026-03-18T07:00:00+01:00"})
    case = [*TWO_DAYS, later, *again[1:]]
    assert [entry.days for entry in month(case, agreement=MEAN).entries] == [2, 2]
    assert month(case, agreement=MEAN, code=OTHER).entries == ()


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-31T23:59:59+02:00", Phase.RUNNING),
        ("2026-04-01T00:00:00+02:00", Phase.DISPUTABLE),
        ("2026-04-12T23:59:59+02:00", Phase.DISPUTABLE),
        ("2026-04-13T00:00:00+02:00", Phase.DUE),
    ],
)
def test_data_may_be_disputed_until_the_12th_of_the_next_month(now: str, expected: Phase) -> None:
    assert phase(MARCH, MEAN, datetime.fromisoformat(now)) is expected


def test_without_a_day_for_disputes_a_month_is_never_due() -> None:
    assert phase(MARCH, agreed(model="mean"), NOW) is Phase.DISPUTABLE


def test_the_next_month_of_december_is_next_year() -> None:
    assert next_month(date(2026, 12, 31)) == date(2027, 1, 1)
    assert next_month(date(2028, 1, 31)) == date(2028, 2, 1)


def test_who_has_left_before_the_notice_adds_no_days() -> None:
    late = stay("2026-03-12T08:00:00+01:00", "2026-03-10T15:00:00+01:00")
    assert [entry.days for entry in month(late, agreement=MEAN).entries] == [0]


def test_individual_days_of_a_year_without_an_amount_have_none_and_those_of_one_that_has() -> None:
    known = agreed(amounts={2026: Amount(sek=1000, citation="beslut 1")})
    assert month(FIVE_DAYS, agreement=agreed()).amount is None
    assert month(FIVE_DAYS, agreement=known).amount == 2000
    # One stay of two over New Year, and the amount of one of the years is not known.
    over = stay("2025-12-28T08:00:00+01:00", "2026-01-02T10:00:00+01:00")
    after = stay("2026-01-05T08:00:00+01:00", "2026-01-10T10:00:00+01:00")
    assert month(over, after, agreement=known, of=date(2026, 1, 1)).amount is None
    assert month(after, agreement=known, of=date(2026, 1, 1)).amount == 2000
