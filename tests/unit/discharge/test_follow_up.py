"""What a stay adds to each measure, by worked examples."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from adapter.discharge.agreement import Agreement, Step, Trigger
from adapter.discharge.facts import Fact, Recipient
from adapter.discharge.follow_up import Case, Row, rows
from adapter.discharge.measures import BY_CODE, OF_DUTIES
from adapter.discharge.until import known
from adapter.support.clock import to_micros

NOW = datetime(2026, 8, 1, tzinfo=UTC)
HOME = Recipient("home", "municipality", "2482")
CENTRE = Recipient("centre", "open-care")
AGREED = Agreement(
    id="x",
    version="1",
    name="x",
    valid_from=date(2018, 1, 1),
    read_within=timedelta(hours=4),
    answer_within=timedelta(hours=24),
)
ADMITTED, READY, LEFT = "2026-03-02T08:00:00+01:00", "2026-03-09T10:00:00+01:00", "2026-03-12T09:00:00+01:00"


def fact(event: str, at: str, *, to: tuple[Recipient, ...] = (HOME,), sender: str = "ward", **more: Any) -> Fact:
    micros = to_micros(datetime.fromisoformat(at))
    return Fact(f"{event} {at}", event, micros, sender, accepted_at=micros, recipients=to, **more)


def stay(*more: Fact, admitted: str = ADMITTED, ready: str = READY, left: str = LEFT, **end: str) -> list[Fact]:
    return [
        fact("admission-notice", admitted, instants={"admission": admitted}),
        fact("ready-for-discharge", ready, instants={"ready_assessed": ready}),
        *more,
        fact("discharge-notice", left, instants={"discharge": left}, statements=end),
    ]


def of(
    *cases: list[Fact], agreement: Agreement = AGREED, now: datetime = NOW, escalated: tuple[int, ...] = ()
) -> list[Row]:
    return list(rows([Case(facts, escalated) for facts in cases], lambda _code, _day: agreement, now))


def only(*more: Fact, **given: Any) -> Row:
    (row,) = of(stay(*more, **given))
    return row


def test_a_stay_belongs_to_the_month_of_its_discharge_its_municipality_and_its_ward() -> None:
    assert (only().month, only().kommunkod, only().sender) == ("2026-03", "2482", "ward")
    (row,) = of(stay(left="2026-03-31T22:30:00+00:00"))  # past midnight in Sweden
    assert row.month == "2026-04"


def test_where_several_municipalities_were_told_it_belongs_to_none() -> None:
    other = Recipient("other", "municipality", "2480")
    (row,) = of([fact("admission-notice", ADMITTED, to=(HOME, other)), *stay()[2:]])
    assert (row.kommunkod, "take-home-time" in row.times) == ("", False)
    (one,) = of([fact("admission-notice", ADMITTED, to=(HOME, other)), *stay()[1:]])
    assert one.kommunkod == "2482"  # it alone was told that the patient is ready


def test_a_stay_that_goes_on_adds_nothing() -> None:
    assert of(stay()[:-1]) == []
    assert of([]) == []


@pytest.mark.parametrize(
    ("ready", "left", "quarters", "days"),
    [
        (READY, LEFT, 11, 3),  # 71 h: 11 whole quarters of a day
        (READY, "2026-03-09T16:00:00+01:00", 1, 0),
        (READY, "2026-03-09T15:59:59+01:00", 0, 0),
        ("2026-03-28T10:00:00+01:00", "2026-03-29T11:00:00+02:00", 4, 1),  # 24 h over the night of 23
        ("2026-03-09T23:00:00+01:00", "2026-03-10T01:00:00+01:00", 0, 1),
    ],
)
def test_take_home_time_and_days_after_ready(ready: str, left: str, quarters: int, days: int) -> None:
    times = only(ready=ready, left=left).times
    assert (times["take-home-time"], times["days-after-ready"]) == (quarters, days)


@pytest.mark.parametrize("end", ["died", "transferred"])
def test_who_was_not_taken_home_has_no_take_home_time_and_no_readmission(end: str) -> None:
    row = only(outcome=end)
    assert not row.times.keys() & {"take-home-time", "days-after-ready"}
    assert not row.shares.keys() & {"readmitted-7", "readmitted-30", "sip"}


def test_duties_are_met_or_not_or_not_known() -> None:
    shares = only().shares
    assert (shares["notice-in-time"], shares["care-contact"], shares["discharge-told"]) == (True, False, True)
    assert shares["planning-begun"] is False  # nobody did, and the stay is over
    assert shares["open-care-told"] is None  # no message says that it was needed
    late = fact("admission-notice", "2026-03-03T08:00:01+01:00", instants={"admission": ADMITTED})
    (row,) = of([late, *stay()[1:]])
    assert row.shares["notice-in-time"] is False


def test_a_duty_towards_several_is_met_where_it_is_met_towards_each() -> None:
    again = fact("admission-notice", "2026-03-04T08:00:00+01:00", to=(CENTRE,))
    assert only(again).shares["notice-in-time"] is False


def test_read_receipts_count_where_a_time_is_agreed() -> None:
    read = Recipient(
        "home", "municipality", "2482", read_at=to_micros(datetime.fromisoformat(ADMITTED) + timedelta(hours=4))
    )
    facts = [fact("admission-notice", ADMITTED, to=(read,), instants={"admission": ADMITTED}), *stay()[1:]]
    (row,) = of(facts)
    assert (row.shares["notice-read"], row.shares["ready-read"]) == (True, False)
    (without,) = of(facts, agreement=AGREED.model_copy(update={"read_within": None}))
    assert not without.shares.keys() & {"notice-read", "ready-read"}


def test_the_answer_and_its_time() -> None:
    task = ({"identifier": "t", "status": "accepted"},)
    answer = fact("acceptance-answer", "2026-03-02T20:30:00+01:00", to=(), sender="home", tasks=task)
    row = only(answer)
    assert (row.shares["answer-in-time"], row.times["answer-time"]) == (True, 2)
    assert "answer-time" not in only().times
    assert only().shares["answer-in-time"] is False


def test_disagreements_and_escalations() -> None:
    assert only().shares["disagreement"] is False
    assert not only().shares.keys() & {"disagreement-settled", "escalation"}
    raised = fact("disagreement-raised", "2026-03-10T10:00:00+01:00")
    settled = fact("disagreement-settled", "2026-03-11T10:00:00+01:00", answers=raised.header_id)
    assert only(raised).shares["disagreement-settled"] is False
    assert only(raised, settled).shares["disagreement-settled"] is True
    ladder = AGREED.model_copy(update={"escalation": (Step(trigger=Trigger.LATE, to="enhetschef"),)})
    at = to_micros(datetime.fromisoformat(READY))
    assert [row.shares["escalation"] for row in of(stay(), agreement=ladder)] == [False]
    assert [row.shares["escalation"] for row in of(stay(), agreement=ladder, escalated=(at,))] == [True]


def test_causes_of_delay_are_all_that_were_said() -> None:
    said = [
        fact("delay-cause", f"2026-03-1{day}T10:00:00+01:00", statements={"delay_cause": word})
        for day, word in enumerate(("transport", "short-term-place"))
    ]
    assert only(*said).codes == {"delay-cause": {"transport", "short-term-place"}}
    assert only().codes == {"delay-cause": frozenset()}


def test_the_plan_is_expected_unless_none_is_needed_or_wanted() -> None:
    called = fact("sip-invitation", "2026-03-10T10:00:00+01:00", sender="centre")
    plan = fact("sip", "2026-03-11T10:00:00+01:00", statements={"plan_status": "active"})
    assert (only().shares["sip-called"], only().shares["sip"]) == (False, False)
    assert (only(called).shares["sip-called"], only(called, plan).shares["sip"]) == (True, True)
    refused = fact("planning-information", "2026-03-10T10:00:00+01:00", statements={"plan_consent": "refused"})
    assert "sip" not in only(refused).shares


@pytest.mark.parametrize(
    ("again", "seven", "thirty"),
    [
        ("2026-03-12T20:00:00+01:00", True, True),
        ("2026-03-19T23:59:00+01:00", True, True),
        ("2026-03-20T00:01:00+01:00", False, True),
        ("2026-04-11T12:00:00+02:00", False, True),
        ("2026-04-12T00:01:00+02:00", False, False),
        ("2026-03-12T08:00:00+01:00", False, False),  # before the discharge
    ],
)
def test_readmission_is_found_in_another_case_and_counted_in_days(again: str, seven: bool, thirty: bool) -> None:
    second = [fact("admission-notice", again, instants={"admission": again})]
    (row,) = of(stay(), second)
    assert (row.shares["readmitted-7"], row.shares["readmitted-30"]) == (seven, thirty)


def test_readmission_is_found_in_the_same_case_as_a_stay_of_its_own() -> None:
    again, left = "2026-03-15T08:00:00+01:00", "2026-03-18T08:00:00+01:00"
    second = stay(admitted=again, ready="2026-03-16T08:00:00+01:00", left=left)
    found = of([*stay(), *second])
    assert [row.shares["readmitted-7"] for row in found] == [True, False]


def test_readmission_is_not_known_before_its_days_are_over() -> None:
    for now, seven in (("2026-03-19T23:00:00+01:00", None), ("2026-03-20T01:00:00+01:00", False)):
        (row,) = of(stay(), now=datetime.fromisoformat(now))
        assert (row.shares["readmitted-7"], row.shares["readmitted-30"]) == (seven, None)


def test_what_became_known_later_does_not_count() -> None:
    at = datetime.fromisoformat(LEFT)
    read = Recipient(
        "home", "municipality", "2482", released_at=to_micros(at), delivered_at=5, read_at=to_micros(at) - 10
    )
    notice = fact("ready-for-discharge", READY, to=(read,))
    receipt = fact("read-receipt", "2026-03-13T10:00:00+01:00", to=(), sender="home", answers=notice.header_id)
    assert known([notice, receipt], to_micros(NOW)) == [notice, receipt]
    (then,) = known([notice, receipt], to_micros(at))
    assert then.recipients == (Recipient("home", "municipality", "2482", released_at=to_micros(at), delivered_at=5),)
    (before,) = known([notice, receipt], to_micros(at) - 1)
    assert (before.recipients[0].released_at, before.recipients[0].held) == (None, True)
    assert known([notice], 0) == []


def test_every_duty_that_is_counted_has_its_measure() -> None:
    assert set(OF_DUTIES.values()) <= BY_CODE.keys()
