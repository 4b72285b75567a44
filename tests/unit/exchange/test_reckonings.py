"""A municipality's month from stored facts: who may see it, when it can be frozen, and that it then stays as it was."""

import csv
import io
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from adapter.directory import Directory
from adapter.discharge.agreement import Agreement, Amount, Payment
from adapter.discharge.reckoning import Phase
from adapter.exchange.agreements import Agreements
from adapter.exchange.reckonings import Reckonings, as_table, written
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.support.clock import ManualClock, to_micros
from adapter.support.errors import AdapterError, ForbiddenError

MARCH = date(2026, 3, 1)
AGREED = Agreement(
    id="mean",
    version="1",
    name="x",
    valid_from=date(2020, 1, 1),
    payment=Payment(
        model="mean",
        dispute_until=12,
        open_care_assumed=True,
        amounts={2026: Amount(sek=1000, citation="beslut")},
    ),
)


def principal(party: str, *rights: Right) -> Principal:
    return Principal(f"token of {party}", party, frozenset(), frozenset(rights or [Right.LIST]))


OPERATIONS = principal("operations", *Right)


@pytest.fixture
def reckonings(stored: Any, directory: Directory) -> Reckonings:
    return Reckonings(stored.database, directory, Agreements([AGREED]), stored.clock)


def told(
    stored: Any, case: str, event: str, at: str, patient: int, sender: str = "SE2321000016-WARD", **instants: str
) -> None:
    micros = to_micros(datetime.fromisoformat(at))
    detail = {"header_id": f"{case}-{event}", "happened_at": micros, "tasks": [], "statements": {}}
    stored.fact(
        stored.message(),
        patient,
        case_id=case,
        event=event,
        sender_party="region",
        sender_unit=sender,
        receivers=[{"unit": "SE2120000001-HOME", "party": "kommun-a"}],
        instants=instants,
        detail=detail | dict.fromkeys(("previous", "answers", "revises")),
        recorded_at=micros,
    )


def at(stored: Any, instant: str) -> None:
    stored.clock.advance(datetime.fromisoformat(instant) - stored.clock.now())


def stay(stored: Any, case: str, ready: int, discharge: int, **patient: Any) -> None:
    """A stay in March, from one day to another."""
    person = stored.patient(**patient)
    admitted, left = f"2026-03-{ready:02}T06:00:00+01:00", f"2026-03-{discharge:02}T10:00:00+01:00"
    told(stored, case, "admission-notice", admitted, person, admission=admitted)
    told(stored, case, "ready-for-discharge", f"2026-03-{ready:02}T08:00:00+01:00", person)
    told(stored, case, "sip-invitation", f"2026-03-{ready:02}T09:00:00+01:00", person, "SE2321000016-CARE")
    told(stored, case, "discharge-notice", left, person, discharge=left)


def test_a_month_is_reckoned_from_the_facts(stored: Any, reckonings: Reckonings) -> None:
    stay(stored, "a", 9, 14)
    stay(stored, "b", 10, 11)
    at(stored, "2026-04-01T12:00:00+02:00")
    found = reckonings.month(principal("kommun-a"), "2482", date(2026, 3, 17))
    assert found.reckoning.mean is not None
    assert (found.reckoning.mean.persons, found.reckoning.mean.days, found.phase) == (2, 6, Phase.DISPUTABLE)
    assert (found.frozen, found.since, found.by_hand) == (None, [], 0)
    assert found.reckoning.amount == 0


def test_a_month_is_frozen_once_when_its_time_for_disputes_is_over_and_never_changes(
    stored: Any, reckonings: Reckonings
) -> None:
    stay(stored, "a", 9, 14)
    for day, words in (("2026-03-31", "not ended"), ("2026-04-12", "disputed until 2026-04-12")):
        at(stored, f"{day}T12:00:00+02:00")
        with pytest.raises(AdapterError, match=words):
            reckonings.freeze(OPERATIONS, "2482", MARCH, "månadens underlag")
    stored.clock.advance(timedelta(days=1))
    frozen = reckonings.freeze(OPERATIONS, "2482", MARCH, "månadens underlag").frozen
    assert frozen is not None
    assert (frozen.content["mean"], frozen.content["amount"], frozen.by) == ("5.00", 2000, OPERATIONS.name)
    with pytest.raises(AdapterError, match="was frozen before"):
        reckonings.freeze(OPERATIONS, "2482", MARCH, "igen")
    stay(stored, "late", 9, 20)
    after = reckonings.month(OPERATIONS, "2482", MARCH)
    assert after.frozen == frozen
    assert [(each["case"], each["then"]) for each in after.since] == [("late", None)]
    with stored.database.read() as connection:
        actions = connection.execute(select(tables.audit.c.action, tables.audit.c.object)).all()
    assert actions == [("payment-freeze", "payment/2482/2026-03")]


@pytest.mark.parametrize("seed", range(5))
def test_freezing_changes_no_figure_and_nothing_that_comes_later_does(
    stored: Any, directory: Directory, reckonings: Reckonings, seed: int
) -> None:
    chance = random.Random(seed)
    for number in range(chance.randint(1, 5)):
        ready = chance.randint(2, 20)
        stay(stored, f"known-{number}", ready, ready + chance.randint(0, 10))
    at(stored, "2026-04-13T12:00:00+02:00")
    shown = reckonings.month(OPERATIONS, "2482", MARCH)
    final = reckonings.freeze(OPERATIONS, "2482", MARCH, "månadens underlag")
    assert final.frozen is not None
    published, table = final.frozen.content, as_table(final)
    assert (published, table) == (written(shown.reckoning), as_table(shown))
    dearer = AGREED.model_copy(update={"version": "2", "payment": Payment(model="mean", threshold=0)})
    for number in range(6):
        ready = chance.randint(2, 20)
        stay(stored, f"late-{number}", ready, ready + chance.randint(0, 10))
        stored.clock.advance(timedelta(days=chance.randint(1, 400)))
        agreed = Agreements([chance.choice([AGREED, dearer])])
        later = Reckonings(stored.database, directory, agreed, stored.clock).month(OPERATIONS, "2482", MARCH)
        assert later.frozen is not None
        assert (later.frozen.content, as_table(later)) == (published, table)
        assert {each["case"] for each in later.since} >= {f"late-{number}"}


def test_a_protected_person_is_counted_over_all_municipalities_only(stored: Any, reckonings: Reckonings) -> None:
    stay(stored, "hidden", 9, 14, protected=True)
    at(stored, "2026-04-01T12:00:00+02:00")
    for code in ("2482", "2480"):
        found = reckonings.month(OPERATIONS, code, MARCH)
        assert (found.reckoning.entries, found.by_hand) == ((), 1)


def test_a_municipality_sees_its_own_months_and_a_region_all(reckonings: Reckonings) -> None:
    with pytest.raises(ForbiddenError, match="its own months"):
        reckonings.month(principal("kommun-b"), "2482", MARCH)
    assert reckonings.month(principal("region"), "2482", MARCH).reckoning.entries == ()
    with pytest.raises(ForbiddenError, match="'list'"):
        reckonings.month(principal("kommun-a", Right.SEND), "2482", MARCH)
    with pytest.raises(ForbiddenError, match="'all-parties'"):
        reckonings.freeze(principal("region"), "2482", MARCH, "månadens underlag")


def test_the_agreement_of_the_last_day_of_the_month_holds(stored: Any, directory: Directory) -> None:
    until = AGREED.model_copy(update={"valid_to": date(2026, 3, 30)})
    then = AGREED.model_copy(update={"version": "2", "valid_from": date(2026, 3, 31)})
    found = Reckonings(stored.database, directory, Agreements([until, then]), stored.clock)
    assert found.month(OPERATIONS, "2482", MARCH).reckoning.clause.startswith("mean 2:")
    assert found.month(OPERATIONS, "2482", date(2026, 2, 1)).reckoning.clause.startswith("mean 1:")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_month_as_a_table_holds_no_formula(stored: Any, reckonings: Reckonings, first: str) -> None:
    stay(stored, f"{first}1+1", 9, 14)
    at(stored, "2026-04-14T12:00:00+02:00")
    found = reckonings.month(OPERATIONS, "2482", MARCH)
    head, line = csv.reader(io.StringIO(as_table(found), newline=""), delimiter=";")
    assert head[:2] == ["case", "ready"]
    assert line[:5] == [f"'{first}1+1", "2026-03-09", "2026-03-14", "5", "mean"]
    assert as_table(reckonings.freeze(OPERATIONS, "2482", MARCH, "underlag")) == as_table(found)
