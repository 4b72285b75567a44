"""Does the database stay within bounds under steady load? Days of traffic go by on a clock of their own; each day
messages come in with their deliveries and content, and what is too old is expunged: content after its lifetime, what is
said about it (attempts, acknowledgements) after twice that.

    python benchmarks/retention.py [--days 60] [--messages 200] [--lifetime 14] [--database URL]

Prints the size of the database by day, what a message leaves behind for good, and how long expunging takes a message.
"""

import argparse
import os
import platform
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select, text

from adapter.exchange import ledger
from adapter.exchange.retention import Keeper, shrink
from adapter.store import migrate, tables
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database
from adapter.support.clock import ManualClock, to_micros
from adapter.support.keeping import Retention

_DAY = timedelta(days=1)
_STAGES = (("received", 9_000), ("answer", 1_500), ("mapped", 5_000), ("report", 3_000), ("response", 700))
"""The stages of a message with one delivery, and their bytes, about as an admission notice has them."""


@dataclass
class Load:
    """One day of traffic, written as the exchange and the worker write it."""

    database: Database
    clock: ManualClock
    messages: int
    number: int = 0

    def day(self) -> None:
        contents = ContentStore(Plain())
        with self.database.write() as connection:
            for _ in range(self.messages):
                self.number += 1
                self._message(connection, contents, to_micros(self.clock.now()))

    def _message(self, connection, contents: ContentStore, at: int) -> None:
        def add(table, **values) -> int:
            return connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()

        name = f"{self.number:036d}"
        unit, party, case = "SE2321000222-E7A31", "region", f"case|{name}"
        patient = add(tables.patient, created_at=at)
        ids = {"header_id": name, "bundle_id": name, "case_id": case, "patient_id": patient}
        message = add(
            tables.message, status="accepted", source="fhir", sender_party=party, sender_unit=unit, **ids,
            content_hash="0" * 64, event="admission-notice", received_at=at, accepted_at=at, http_status=200,
            size=9_000, config_version="0" * 64, request_id=name, principal="token 1", issues=[],
        )  # fmt: skip
        stream = add(tables.stream, endpoint="lifecare", receiver="kommun", patient_id=patient, last_sequence=1)
        delivery = add(
            tables.delivery, message_id=message, endpoint="lifecare", receiver_party="kommun", receiver_unit=unit,
            stream_id=stream, sequence=1, status="done", blocking=False, holds_stream=True, event="admission-notice",
            media_type="application/xml", config_version="0" * 64, created_at=at, delivered_at=at, attempts=1,
        )  # fmt: skip
        attempt = add(
            tables.attempt, delivery_id=delivery, number=1, worker="w", started_at=at, ended_at=at, outcome="done"
        )
        add(
            tables.fact, message_id=message, patient_id=patient, case_id=case, event="admission-notice",
            sender_party=party, sender_unit=unit, receivers=[{"party": "kommun", "unit": unit}],
            instants={"admission": "2026-03-02T09:00:00+01:00"}, detail={"header_id": name, "tasks": []},
            recorded_at=at,
        )  # fmt: skip
        state = {"phase": "admitted", "instants": {}, "notices": {}, "facts": 1}
        row = {"case_id": case, "patient_id": patient, "state": state, "updated_at": at}
        connection.execute(insert(tables.case_state).values(row))
        for stage, size in _STAGES:
            of = {} if stage in ("received", "answer") else {"delivery_id": delivery}
            of |= {"attempt_id": attempt} if stage == "response" else {}
            body = os.urandom(size)
            contents.add(connection, message_id=message, stage=stage, media_type="x", body=body, at=at, **of)


def size(database: Database) -> int:
    """Bytes of the database on disk."""
    with database.read() as connection:
        if not database.is_sqlite:
            return connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        pages, page = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
        )
        return pages * page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--messages", type=int, default=200, help="a day")
    parser.add_argument("--lifetime", type=int, default=14, help="of content, in days")
    parser.add_argument("--database", help="an empty database; a SQLite file of its own where not named")
    given = parser.parse_args()
    if given.days < 3 * given.lifetime:
        parser.error("--days: expected three times the lifetime, to see what stays")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(given.database or f"sqlite:///{Path(folder) / 'adapter.db'}")
        migrate.upgrade(database)
        clock = ManualClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
        lifetime = given.lifetime * _DAY
        keeper = Keeper(
            database, clock, Retention(content=lifetime, rejected=lifetime, feeds=lifetime, metadata=2 * lifetime)
        )
        _run(given, database, clock, keeper)
        database.close()


def _run(given: argparse.Namespace, database: Database, clock: ManualClock, keeper: Keeper) -> None:
    load, spent, sizes = Load(database, clock, given.messages), 0.0, [size(database)]
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {database.url.drivername}")
    for day in range(1, given.days + 1):
        load.day()
        clock.advance(_DAY)
        began = time.perf_counter()
        while keeper.step():
            pass
        spent += time.perf_counter() - began
        with database.write() as connection:
            while ledger.step(connection, clock.now()):
                pass
        sizes.append(size(database))
        if day % max(1, given.days // 12) == 0:
            print(f"day {day:4}  {sizes[-1] / 1e6:8.1f} MB")
    if database.is_sqlite:
        shrink(database, 10**6)
    with database.read() as connection:
        gone = connection.execute(select(func.count(tables.message.c.expunged_at))).scalar_one()
    first, steady = given.lifetime, 2 * given.lifetime + 2
    arrives = (sizes[first] - sizes[0]) / (first * given.messages)
    stays = (sizes[-1] - sizes[steady]) / ((given.days - steady) * given.messages)
    print(f"a message arrives with {arrives:,.0f} bytes and leaves {stays:,.0f} for good ({stays / arrives:.0%})")
    print(f"expunging took {spent / max(1, gone) * 1000:.2f} ms a message ({gone} messages)")


if __name__ == "__main__":
    main()
