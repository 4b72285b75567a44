"""The sums of the closed days are those that the rows give."""

from collections.abc import Iterator
from typing import Any

from adapter.exchange import ledger
from adapter.exchange.verification.finding import Batches, Finding, Source

_NAME = "ledger"
_LASTING = ("accepted", "deliveries")
_SETTLED = ("delivered", "cancelled")


def check(source: Source) -> Batches:
    """What came in on a day is there, or was removed and counted; a day of which nothing was open has not changed."""
    with source.database.read() as connection:
        days = ledger.closed(connection)
    for day in days:
        with source.database.read() as connection:
            row, of = ledger.one(connection, day)
            found = list(_differs(row, ledger.count(connection, of)))
        yield 1, [Finding(_NAME, f"day/{day}", words, "adapter db ledger") for words in found]


def _differs(row: Any, now: dict[str, int]) -> Iterator[str]:
    expected = {name: row[name] for name in _LASTING} | {"rejected": row["rejected"] - row["removed"]}
    expected["expunged"] = row["expunged"] - row["removed"]
    if row["settled_at"] is not None:
        expected |= {name: row[name] for name in _SETTLED}
    for name, number in expected.items():
        if now[name] != number:
            yield f"the ledger says {number} {name}, and there are {now[name]}"
