"""The bytes of a message at each stage, kept unchanged.

Each row names the key it is sealed with, so that encryption is a setting and not a migration.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, insert, select

from adapter.store import tables
from adapter.store.batch import Batch, Number
from adapter.store.statements import Row, Statement

_INSERT = Statement(insert(tables.content))
_INSERT_ONE = Statement(insert(tables.content).returning(tables.content.c.id))
_OF_DELIVERY = Statement(
    select(tables.content)
    .where(tables.content.c.delivery_id == bindparam("delivery"), tables.content.c.stage == bindparam("at_stage"))
    .order_by(tables.content.c.id.desc())
    .limit(1)
)
_OF_DELIVERIES = Statement(
    select(tables.content)
    .where(
        tables.content.c.delivery_id.in_(bindparam("deliveries", expanding=True)),
        tables.content.c.stage == bindparam("at_stage"),
    )
    .order_by(tables.content.c.id)
)


class Cipher(Protocol):
    """Seals content at rest. `key_id` names the key that `open` will need."""

    def seal(self, plain: bytes) -> tuple[str, bytes]: ...

    def open(self, key_id: str, sealed: bytes) -> bytes: ...


class Plain:
    """No encryption in the database: the disk's own must do. Key id `plain`."""

    def seal(self, plain: bytes) -> tuple[str, bytes]:
        return "plain", plain

    def open(self, key_id: str, sealed: bytes) -> bytes:
        if key_id != "plain":
            raise KeyError(key_id)
        return sealed


@dataclass(frozen=True)
class Content:
    """`stage` is received, translated (a partner's record as FHIR), outcome, answer, mapped, report, response, or
    repaired (as a person has edited it)."""

    id: int
    stage: str
    media_type: str
    body: bytes
    sha256: str
    created_at: int
    delivery_id: int | None
    attempt_id: int | None


@dataclass(frozen=True)
class Piece:
    """Content of a message that is to be stored; `stage` as in Content."""

    stage: str
    media_type: str
    body: bytes
    delivery_id: Number | None = None
    attempt_id: int | None = None


class ContentStore:
    """Writes and reads content rows through a cipher."""

    def __init__(self, cipher: Cipher) -> None:
        self.cipher = cipher
        """what seals the bytes, for tables that hold content of their own"""

    def add(
        self,
        connection: Connection,
        *,
        message_id: int,
        stage: str,
        media_type: str,
        body: bytes,
        at: int,
        delivery_id: int | None = None,
        attempt_id: int | None = None,
    ) -> int:
        """Store the bytes; returns the row's id. `at` is in UTC microseconds; sha256 is of the plain bytes."""
        row = self._row(message_id, Piece(stage, media_type, body, delivery_id, attempt_id), at)
        row_id: int = _INSERT_ONE.value(connection, row)
        return row_id

    def add_all(self, connection: Connection, message_id: int, pieces: Sequence[Piece], at: int) -> None:
        """Store the pieces, many in one statement, the first as the oldest. `at` as in `add`."""
        _INSERT.run_each(connection, [self._row(message_id, piece, at) for piece in pieces])

    def add_each(self, batch: Batch, pieces: Sequence[tuple[Number, Piece]], at: int) -> None:
        """Store the pieces, each with the id of its message, as steps of a batch: in no order. `at` as in `add`."""
        batch.add_rows(_INSERT, [self._row(message_id, piece, at) for message_id, piece in pieces])

    def _row(self, message_id: Number, piece: Piece, at: int) -> dict[str, Any]:
        key_id, sealed = self.cipher.seal(piece.body)
        return {
            "message_id": message_id,
            "delivery_id": piece.delivery_id,
            "attempt_id": piece.attempt_id,
            "stage": piece.stage,
            "media_type": piece.media_type,
            "key_id": key_id,
            "bytes": sealed,
            "sha256": hashlib.sha256(piece.body).hexdigest(),
            "created_at": at,
        }

    def one(self, connection: Connection, content_id: int) -> Content | None:
        """The content with this id; None where there is none."""
        query = select(tables.content).where(tables.content.c.id == content_id)
        row = connection.execute(query).one_or_none()
        return None if row is None else self._content(row)

    def of_message(self, connection: Connection, message_id: int, stage: str | None = None) -> list[Content]:
        """All content of a message, oldest first; of one stage where named."""
        query = select(tables.content).where(tables.content.c.message_id == message_id)
        if stage is not None:
            query = query.where(tables.content.c.stage == stage)
        return [self._content(row) for row in connection.execute(query.order_by(tables.content.c.id))]

    def of_delivery(self, connection: Connection, delivery_id: int, stage: str) -> Content | None:
        """The newest content of a delivery at a stage, such as the `mapped` body that is sent."""
        row = _OF_DELIVERY.row(connection, {"delivery": delivery_id, "at_stage": stage})
        return None if row is None else self._content(row)

    def sealed(self, connection: Connection, delivery_ids: Sequence[int], stage: str) -> dict[int, Row]:
        """By delivery, its newest content at a stage, for `opened`: whoever waits for the database does not wait for
        the cipher too, and what cannot be opened keeps none of the others back."""
        rows = _OF_DELIVERIES.rows(connection, {"deliveries": list(delivery_ids), "at_stage": stage})
        return {row.delivery_id: row for row in rows}

    def opened(self, sealed: Row) -> Content:
        """What `sealed` has given. Raises what the cipher raises."""
        return self._content(sealed)

    def _content(self, row: Row) -> Content:
        return Content(
            id=row.id,
            stage=row.stage,
            media_type=row.media_type,
            body=self.cipher.open(row.key_id, row.bytes),
            sha256=row.sha256,
            created_at=row.created_at,
            delivery_id=row.delivery_id,
            attempt_id=row.attempt_id,
        )
