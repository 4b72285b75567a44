"""Days that are over: every row belongs to one, and what became of it is counted anew until nothing is open."""

from datetime import timedelta
from typing import Any

from adapter.exchange import ledger
from adapter.store import tables

DAY = timedelta(days=1)


def close(stored: Any) -> list[dict[str, Any]]:
    with stored.database.write() as connection:
        while ledger.step(connection, stored.clock.now()):
            pass
        return ledger.days(connection, 100)


def test_a_day_is_closed_an_hour_after_its_end(stored: Any) -> None:
    stored.message()
    stored.clock.advance(timedelta(hours=13, minutes=58))  # 23:59 in Sweden
    assert close(stored) == []
    stored.clock.advance(timedelta(minutes=50))
    assert close(stored) == []
    stored.clock.advance(timedelta(minutes=15))
    (day,) = close(stored)
    assert (day["day"], day["accepted"], day["deliveries"]) == ("2026-03-02", 1, 0)


def test_each_row_is_of_one_day_and_a_day_without_any_is_there_too(stored: Any) -> None:
    for _ in range(2):
        stored.delivery(stored.message(), status="done", delivered_at=1)
    stored.message(status="rejected", accepted_at=None)
    stored.clock.advance(2 * DAY)
    stored.delivery(stored.message(), status="cancelled")
    stored.clock.advance(2 * DAY)

    days = {day["day"]: day for day in close(stored)}

    assert [days[day]["accepted"] for day in sorted(days)] == [2, 0, 1, 0]
    assert (days["2026-03-02"]["rejected"], days["2026-03-02"]["delivered"]) == (1, 2)
    assert days["2026-03-04"]["cancelled"] == 1
    assert all(day["settled_at"] is not None for day in days.values())


def test_a_day_of_which_something_is_open_is_counted_anew_each_day_until_nothing_is(stored: Any) -> None:
    number = stored.delivery(stored.message(), status="waiting")
    stored.clock.advance(2 * DAY)
    first = next(day for day in close(stored) if day["deliveries"])
    assert (first["waiting"], first["settled_at"]) == (1, None)

    stored.change(tables.delivery, number, status="done", delivered_at=stored.now)
    assert next(day for day in close(stored) if day["deliveries"])["waiting"] == 1, "once a day"
    stored.clock.advance(DAY + timedelta(hours=1))

    last = next(day for day in close(stored) if day["deliveries"])
    assert (last["waiting"], last["delivered"]) == (0, 1)
    assert last["settled_at"] is not None


def test_nothing_ever_came(stored: Any) -> None:
    assert close(stored) == []
