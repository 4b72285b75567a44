"""Replay of many deliveries as a task: counted first, started on what was counted, paced, paused, resumed, cancelled.

A dead letter goes again at its old place, what waits is due now, what has arrived is sent once more as a delivery of
its own, with the same message id. Each is one transaction that also counts it, so that a restart goes on at the next;
the row of the task is locked meanwhile, so that any number of processes share the work and the pace.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from adapter.exchange import selection
from adapter.exchange.acts import ConflictError, Means
from adapter.exchange.again import Again
from adapter.exchange.reasons import given_reason, optional_reason
from adapter.exchange.records import Page
from adapter.exchange.selection import ErrorGroup, Filter
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import (
    AdapterError,
    ConfigurationError,
    DefinitionsError,
    NotFoundError,
    UnavailableError,
)

STORED, MAPPED = "stored", "mapped"
"""The content of a replay: the bytes as they were sent then, or mapped anew as things are configured now."""
PER_MINUTE = 600
FASTEST = 6_000
_MINUTE = 60 * 1_000_000
_CATCH_UP = timedelta(seconds=1)
"""How far a task that was kept waiting may run ahead of its pace."""
_PAGE, _MAX_PAGE = 50, 200
_MOST_WORDS = 2_000

_replay, _item = tables.replay.c, tables.replay_item.c


@dataclass(frozen=True)
class Count:
    """What a filter finds now that can be sent again, and how many it finds that were `expunged` and cannot. `digest`
    is what a start repeats."""

    count: int
    digest: str
    first: tuple[int, ...]
    expunged: int


@dataclass(frozen=True)
class ReplayRow:
    """A replay. `status` is running, paused, done or cancelled; `done` and `refused` add up to `total` at its end."""

    id: int
    created_at: datetime
    principal: str
    reason: str
    filter: dict[str, Any]
    content: str
    status: str
    total: int
    done: int
    refused: int
    per_minute: int
    ended_at: datetime | None


@dataclass(frozen=True)
class ItemRow:
    """A delivery of a replay. `outcome` is retried, replayed (`new_delivery_id` is the new one) or refused; None before
    its turn. `words`: why it was refused, for those with the right to content."""

    id: int
    delivery_id: int
    outcome: str | None
    new_delivery_id: int | None
    at: datetime | None
    words: str | None


class Replays:
    """A party replays what it has sent; operations all. Acting needs RESEND, looking LIST."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None], means: Means) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake
        self._again = Again(means)

    def groups(self, principal: Principal) -> list[ErrorGroup]:
        """The dead letters by what went wrong. Needs LIST."""
        principal.require(Right.LIST)
        with self._database.read() as connection:
            return selection.error_groups(connection, principal)

    def count(self, principal: Principal, wanted: Filter, content: str = STORED) -> Count:
        """What a replay would take. Raises AdapterError for a filter that finds too much or has a wrong value."""
        principal.require(Right.RESEND)
        with self._database.read() as connection:
            found = _found(connection, principal, wanted, content)
            expunged = selection.expunged(connection, principal, wanted)
        return Count(len(found), selection.digest(wanted, content, found), tuple(found[:20]), expunged)

    def start(
        self,
        principal: Principal,
        wanted: Filter,
        digest: str,
        reason: str,
        *,
        content: str = STORED,
        per_minute: int = PER_MINUTE,
    ) -> int:
        """Start what was counted; returns the replay's number. Raises ConflictError where the filter finds something
        else by now, or nothing."""
        principal.require(Right.RESEND)
        reason = given_reason(reason)
        if not 1 <= per_minute <= FASTEST:
            raise AdapterError(f"per minute: expected 1 to {FASTEST}")
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            found = _found(connection, principal, wanted, content)
            if selection.digest(wanted, content, found) != digest:
                raise ConflictError(
                    f"the filter finds {len(found)} deliveries now, not those that were counted: count again"
                )
            if not found:
                raise ConflictError("the filter finds no delivery: there is nothing to replay")
            values = {
                "created_at": at,
                "principal": principal.name,
                "party": principal.party,
                "reason": reason,
                "filter": wanted.to_dict(),
                "digest": digest,
                "content": content,
                "status": "running",
                "total": len(found),
                "per_minute": per_minute,
                "next_at": at,
            }
            number: int = connection.execute(insert(tables.replay).values(values).returning(_replay.id)).scalar_one()
            connection.execute(
                insert(tables.replay_item), [{"replay_id": number, "delivery_id": each} for each in found]
            )
            detail: dict[str, Any] = {"count": len(found), "filter": wanted.to_dict(), "content": content}
            audit.record(connection, principal, "replay-start", f"replay/{number}", at, reason=reason, **detail)
        return number

    def pause(self, principal: Principal, number: int, reason: str = "") -> None:
        """Take no further delivery until it is resumed."""
        self._move(principal, number, "replay-pause", ("running",), "paused", optional_reason(reason))

    def resume(self, principal: Principal, number: int, reason: str = "") -> None:
        """Go on."""
        self._move(principal, number, "replay-resume", ("paused",), "running", optional_reason(reason))

    def cancel(self, principal: Principal, number: int, reason: str) -> None:
        """End it; what has been sent again stays so. Needs a reason."""
        reason = given_reason(reason)
        self._move(principal, number, "replay-cancel", ("running", "paused"), "cancelled", reason)

    def list(self, principal: Principal, *, before: int | None = None, limit: int = _PAGE) -> Page[ReplayRow]:
        """Replays, newest first."""
        principal.require(Right.LIST)
        size = max(1, min(limit, _MAX_PAGE))
        query = select(tables.replay).where(*_own(principal)).order_by(_replay.id.desc()).limit(size + 1)
        if before is not None:
            query = query.where(_replay.id < before)
        with self._database.read() as connection:
            rows = [_row(row) for row in connection.execute(query).mappings()]
        return Page(tuple(rows[:size]), rows[size - 1].id if len(rows) > size else None)

    def one(self, principal: Principal, number: int) -> ReplayRow:
        """A replay as it stands. Raises NotFoundError."""
        principal.require(Right.LIST)
        with self._database.read() as connection:
            return _row(_find(connection, principal, number))

    def items(
        self, principal: Principal, number: int, *, after: int = 0, refused: bool = False, limit: int = _PAGE
    ) -> tuple[tuple[ItemRow, ...], int | None]:
        """The deliveries of a replay in their order, and the cursor of the next page. `refused`: only those."""
        principal.require(Right.LIST)
        size = max(1, min(limit, _MAX_PAGE))
        query = select(tables.replay_item).where(_item.replay_id == number, _item.id > after).order_by(_item.id)
        if refused:
            query = query.where(_item.outcome == "refused")
        with self._database.read() as connection:
            _find(connection, principal, number)
            rows = connection.execute(query.limit(size + 1)).mappings().all()
        words = Right.CONTENT in principal.rights
        shown = tuple(_item_row(row, words=words) for row in rows[:size])
        return shown, shown[-1].id if len(rows) > size else None

    def step(self) -> bool:
        """Take the next delivery of a replay that is due; False where none is. For the worker."""
        with self._database.write() as connection:
            at = to_micros(self._clock.now())
            query = (
                select(tables.replay)
                .where(_replay.status == "running", _replay.next_at <= at)
                .order_by(_replay.next_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            task = connection.execute(query).mappings().one_or_none()
            if task is None:
                return False
            self._take(connection, task, at)
        self._wake()
        return True

    def _take(self, connection: Connection, task: RowMapping, at: int) -> None:
        query = select(tables.replay_item).where(_item.replay_id == task["id"], _item.outcome.is_(None))
        item = connection.execute(query.order_by(_item.id).limit(1)).mappings().one_or_none()
        this = update(tables.replay).where(_replay.id == task["id"])
        if item is None:
            connection.execute(this.values(status="done", ended_at=at))
            return
        outcome, new, words = "refused", None, None
        try:
            with connection.begin_nested():
                outcome, new = self._again.send(connection, item["delivery_id"], at, anew=task["content"] == MAPPED)
        except (ConfigurationError, DefinitionsError, UnavailableError):
            raise  # nothing is wrong with the delivery: it is taken again
        except AdapterError as error:
            words = str(error)[:_MOST_WORDS]
        values = {"outcome": outcome, "new_delivery_id": new, "words": words, "at": at}
        connection.execute(update(tables.replay_item).where(_item.id == item["id"]).values(values))
        counter = _replay.refused if outcome == "refused" else _replay.done
        pace = _MINUTE // task["per_minute"]
        due = max(task["next_at"], at - int(_CATCH_UP / timedelta(microseconds=1))) + pace
        connection.execute(this.values({counter: counter + 1, _replay.next_at: due}))
        _record(connection, task, item["delivery_id"], outcome, new, at)

    def _move(
        self, principal: Principal, number: int, action: str, states: tuple[str, ...], to: str, reason: str | None
    ) -> None:
        principal.require(Right.RESEND)
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            row = _find(connection, principal, number, lock=True)
            if row["status"] not in states:
                raise ConflictError(f"replay {number} is {row['status']}: only {' or '.join(states)} can become {to}")
            ended = {"ended_at": at} if to == "cancelled" else {"next_at": at} if to == "running" else {}
            connection.execute(update(tables.replay).where(_replay.id == number).values(status=to, **ended))
            audit.record(connection, principal, action, f"replay/{number}", at, reason=reason)


def _found(connection: Connection, principal: Principal, wanted: Filter, content: str) -> list[int]:
    if wanted.status not in selection.STATES:
        raise AdapterError(f"status: expected one of {', '.join(selection.STATES)}")
    if content not in (STORED, MAPPED):
        raise AdapterError(f"content: expected {STORED} or {MAPPED}")
    found = selection.ids(connection, principal, wanted)
    if len(found) > selection.MOST:
        raise AdapterError(f"the filter finds more than {selection.MOST} deliveries: narrow it, by time for example")
    return found


def _own(principal: Principal) -> list[Any]:
    return [] if principal.sees_all else [_replay.party == principal.party]


def _find(connection: Connection, principal: Principal, number: int, *, lock: bool = False) -> RowMapping:
    query = select(tables.replay).where(_replay.id == number, *_own(principal))
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"there is no replay {number}")
    return row


def _record(connection: Connection, task: RowMapping, delivery_id: int, outcome: str, new: int | None, at: int) -> None:
    """Each delivery's line in the audit is in the name of who started the replay."""
    who = Principal(task["principal"], task["party"], frozenset(), frozenset())
    query = select(tables.message.c.patient_id).join_from(tables.delivery, tables.message)
    patient_id = connection.execute(query.where(tables.delivery.c.id == delivery_id)).scalar_one()
    detail = {"replay": task["id"], "outcome": outcome} | ({"new": new} if new else {})
    place = f"delivery/{delivery_id}"
    audit.record(connection, who, "delivery-replay", place, at, patient_id, task["reason"], **detail)


def _row(values: RowMapping) -> ReplayRow:
    named = {name: values[name] for name in ReplayRow.__dataclass_fields__}
    ended = values["ended_at"]
    instants = {
        "created_at": from_micros(values["created_at"]),
        "ended_at": None if ended is None else from_micros(ended),
    }
    return ReplayRow(**named | instants)


def _item_row(values: RowMapping, *, words: bool) -> ItemRow:
    at = values["at"]
    return ItemRow(
        id=values["id"],
        delivery_id=values["delivery_id"],
        outcome=values["outcome"],
        new_delivery_id=values["new_delivery_id"],
        at=None if at is None else from_micros(at),
        words=values["words"] if words else None,
    )
