"""A real database, once of each kind, and rows in it as the exchange and the worker would have written them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database
from adapter.support.clock import ManualClock, to_micros

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Stored:
    """Writes rows; what a test does not name has a plain value. Ids are returned."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.contents = ContentStore(Plain())
        self._sequence = 0

    @property
    def now(self) -> int:
        return to_micros(self.clock.now())

    def insert(self, table: Any, **values: Any) -> int:
        with self.database.write() as connection:
            row: int = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
        return row

    def change(self, table: Any, row: int, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(update(table).where(table.c.id == row).values(values))

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(table)).mappings())

    def patient(self, **values: Any) -> int:
        return self.insert(tables.patient, **{"created_at": self.now, **values})

    def message(self, **values: Any) -> int:
        self._sequence += 1
        plain = {
            "status": "accepted",
            "source": "fhir",
            "sender_party": "region",
            "sender_unit": "SE2321000016-WARD",
            "header_id": f"header-{self._sequence}",
            "bundle_id": f"bundle-{self._sequence}",
            "content_hash": "0" * 64,
            "event": "admission-notice",
            "case_id": "case-1",
            "received_at": self.now,
            "accepted_at": self.now,
            "http_status": 200,
            "size": 1000,
            "config_version": "c1",
            "issues": [],
        }
        row = self.insert(tables.message, **{**plain, **values})
        self.clock.advance(timedelta(seconds=1))
        return row

    def delivery(self, message_id: int, **values: Any) -> int:
        self._sequence += 1
        stream = self.insert(
            tables.stream,
            endpoint=f"stream-{self._sequence}",
            receiver="x",
            patient_id=values.pop("patient_id", None) or self.patient(),
            last_sequence=1,
        )
        plain = {
            "message_id": message_id,
            "endpoint": "lifecare",
            "receiver_party": "kommun-a",
            "receiver_unit": "SE2120000001-HOME",
            "stream_id": stream,
            "sequence": 1,
            "status": "waiting",
            "blocking": True,
            "holds_stream": True,
            "event": "admission-notice",
            "media_type": "application/xml",
            "mapping": "lifecare",
            "mapping_version": "m1",
            "config_version": "c1",
            "created_at": self.now,
        }
        return self.insert(tables.delivery, **{**plain, **values})

    def attempt(self, delivery_id: int, number: int = 1, **values: Any) -> int:
        plain = {
            "delivery_id": delivery_id,
            "number": number,
            "worker": "w1",
            "started_at": self.now,
            "ended_at": self.now,
            "outcome": "retry",
        }
        return self.insert(tables.attempt, **{**plain, **values})

    def fact(self, message_id: int, patient_id: int, **values: Any) -> int:
        plain = {
            "message_id": message_id,
            "patient_id": patient_id,
            "case_id": "case-1",
            "event": "acceptance-answer",
            "sender_party": "kommun-a",
            "sender_unit": "SE2120000001-HOME",
            "receivers": [],
            "instants": {},
            "detail": {},
            "recorded_at": self.now,
        }
        return self.insert(tables.fact, **{**plain, **values})

    def content(self, message_id: int, stage: str, body: bytes, media_type: str, **values: Any) -> int:
        with self.database.write() as connection:
            return self.contents.add(
                connection, message_id=message_id, stage=stage, media_type=media_type, body=body, at=self.now, **values
            )


def principal(party: str, *rights: Right) -> Principal:
    return Principal(f"token of {party}", party, frozenset(), frozenset(rights))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def database(any_url: str) -> Iterator[Database]:
    opened = Database(any_url)
    yield opened
    opened.close()


@pytest.fixture
def stored(database: Database, clock: ManualClock) -> Stored:
    return Stored(database, clock)


@pytest.fixture
def operations_principal() -> Principal:
    return principal("operations", *Right)


@pytest.fixture
def region() -> Principal:
    return principal("region", Right.LIST, Right.CONTENT, Right.RESEND)


@pytest.fixture
def municipality() -> Principal:
    return principal("kommun-a", Right.LIST, Right.CONTENT, Right.RESEND)
