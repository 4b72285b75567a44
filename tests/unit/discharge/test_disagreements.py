"""Disagreements raised and settled, in the case and in the month."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapter.discharge import case
from adapter.discharge.agreement import STATUTORY
from adapter.discharge.disagreements import of_stay
from adapter.discharge.facts import Fact, Recipient, stays
from adapter.discharge.reckoning import reckon
from adapter.support.clock import to_micros


def fact(event: str, sent: str, name: str = "", **more: Any) -> Fact:
    micros = to_micros(datetime.fromisoformat(sent))
    unit = Recipient("home", "municipality", "2482")
    return Fact(name or event, event, micros, "ward", accepted_at=micros, recipients=(unit,), **more)


def raised(sent: str = "2026-03-11T09:00:00+01:00", name: str = "r", about: str = "days", **more: Any) -> Fact:
    return fact("disagreement-raised", sent, name, statements={"disagreement": about}, **more)


def settled(of: str, sent: str = "2026-03-12T09:00:00+01:00") -> Fact:
    return fact("disagreement-settled", sent, answers=of)


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        ([raised()], [True]),
        ([raised(), settled("r")], [False]),
        ([settled("r"), raised()], [False]),
        ([raised(), settled("another")], [True]),
        ([settled("r")], []),
        ([raised(), raised("2026-03-11T10:00:00+01:00", "r2", "plan"), settled("r2")], [True, False]),
        # Corrected, and settled by the name of either.
        ([raised(), raised("2026-03-11T10:00:00+01:00", "r2", "plan", revises="r"), settled("r2")], [False]),
        ([raised(), raised("2026-03-11T10:00:00+01:00", "r2", "plan", revises="r"), settled("r")], [False]),
        ([raised(), fact("retraction", "2026-03-11T10:00:00+01:00", revises="r")], []),
    ],
)
def test_what_stands(facts: list[Fact], standing: list[bool]) -> None:
    assert [each.stands for each in of_stay(stays(facts)[-1])] == standing


def test_the_case_tells_of_it() -> None:
    found = case.project([raised(), settled("r")])["disagreements"]
    assert found == [{"about": "days", "raised": "2026-03-11T08:00:00+00:00", "settled": "2026-03-12T08:00:00+00:00"}]


def test_a_disputed_stay_is_marked_in_the_month_until_it_is_settled() -> None:
    stay = [
        fact("admission-notice", "2026-03-09T10:00:00+01:00"),
        fact("ready-for-discharge", "2026-03-10T09:00:00+01:00"),
        fact("discharge-notice", "2026-03-14T09:00:00+01:00", instants={"discharge": "2026-03-14T09:00:00+01:00"}),
        raised("2026-03-20T09:00:00+01:00"),
    ]
    now = datetime(2026, 4, 1, tzinfo=UTC)
    for facts, disputed in ((stay, True), ([*stay, settled("r", "2026-03-25T09:00:00+01:00")], False)):
        entries = reckon([("case", facts)], "2482", date(2026, 3, 1), STATUTORY, now).entries
        assert [each.disputed for each in entries] == [disputed]
