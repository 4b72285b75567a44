"""The rows of fetched plans: sources and their leases, the cases that are asked about, versions seen. Instants in UTC
microseconds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select, update

from adapter.store import tables
from adapter.store.content import Cipher
from adapter.store.insert import insert_if_absent

_source, _question, _version = tables.plan_source.c, tables.plan_question.c, tables.plan_version.c
MENDED = "mended"
"""Who ended a gap that is no more."""


@dataclass(frozen=True)
class Question:
    """A case that a source is to be asked about. `since`: the newest update that it has told of, as it wrote it."""

    id: int
    case_id: str
    patient_id: int
    since: str | None


@dataclass(frozen=True)
class Key:
    """One version of one plan in one case. `plan` and `version` are hashes."""

    source: str
    case_id: str
    patient_id: int
    plan: str
    version: str


def take_lease(connection: Connection, source: str, owner: str, at: int, expires_at: int) -> bool:
    """Whether this process may ask the source now: no other one is at it, and it does not rest after a failure."""
    insert_if_absent(connection, tables.plan_source, source=source)
    free = or_(_source.lease_owner.is_(None), _source.lease_owner == owner, _source.lease_expires_at <= at)
    rested = or_(_source.not_before.is_(None), _source.not_before <= at)
    taken = connection.execute(
        update(tables.plan_source)
        .where(_source.source == source, free, rested)
        .values(lease_owner=owner, lease_expires_at=expires_at)
    )
    return taken.rowcount > 0


def renew_lease(connection: Connection, source: str, owner: str, expires_at: int) -> bool:
    """Prolong a lease; False where it was lost."""
    query = update(tables.plan_source).where(_source.source == source, _source.lease_owner == owner)
    return connection.execute(query.values(lease_expires_at=expires_at)).rowcount > 0


def give_back(connection: Connection, source: str, owner: str) -> None:
    query = update(tables.plan_source).where(_source.source == source, _source.lease_owner == owner)
    connection.execute(query.values(lease_owner=None, lease_expires_at=None))


def answered(connection: Connection, source: str, at: int) -> None:
    """The source answered as it should."""
    query = update(tables.plan_source).where(_source.source == source)
    connection.execute(query.values(failures=0, not_before=None, last_success_at=at, reason=None))


def state(connection: Connection, source: str) -> Any:
    """The row of a source; None where it has not been asked."""
    return connection.execute(select(tables.plan_source).where(_source.source == source)).one_or_none()


def failed(connection: Connection, source: str, at: int, not_before: int, reason: str) -> None:
    """The source did not answer as it should: it rests until `not_before`."""
    query = update(tables.plan_source).where(_source.source == source)
    connection.execute(
        query.values(failures=_source.failures + 1, not_before=not_before, last_failure_at=at, reason=reason)
    )


def ask_about(connection: Connection, source: str, cases: Iterable[tuple[str, int]], at: int) -> None:
    """Have the source asked about just these cases (case id, patient id): new ones at once, others no more."""
    wanted = dict(cases)
    rows = connection.execute(select(_question.id, _question.case_id).where(_question.source == source)).all()
    gone = [row.id for row in rows if row.case_id not in wanted]
    for start in range(0, len(gone), 500):
        connection.execute(tables.plan_question.delete().where(_question.id.in_(gone[start : start + 500])))
    known_before = {row.case_id for row in rows}
    for case_id, patient_id in wanted.items():
        if case_id not in known_before:
            values = {"source": source, "case_id": case_id, "patient_id": patient_id, "next_at": at}
            insert_if_absent(connection, tables.plan_question, **values)


def due(connection: Connection, source: str, at: int, limit: int) -> list[Question]:
    """The cases to ask about now, the longest waiting first."""
    query = (
        select(_question.id, _question.case_id, _question.patient_id, _question.since)
        .where(_question.source == source, _question.next_at <= at)
        .order_by(_question.next_at, _question.id)
        .limit(limit)
    )
    return [Question(**row) for row in connection.execute(query).mappings()]


def asked(connection: Connection, question: Question, at: int, next_at: int, since: str | None) -> None:
    query = update(tables.plan_question).where(_question.id == question.id)
    connection.execute(query.values(asked_at=at, next_at=next_at, since=since))


def put_off(connection: Connection, question: Question, next_at: int) -> None:
    """Ask about the case later; nothing was learnt."""
    connection.execute(update(tables.plan_question).where(_question.id == question.id).values(next_at=next_at))


def again(connection: Connection, source: str, config_version: str, at: int) -> None:
    """Under another configuration than before: ask at once, and for all, about the cases that have a gap."""
    stale = select(_version.case_id).where(
        _version.source == source, *_open_gap(), _version.config_version != config_version
    )
    query = update(tables.plan_question).where(_question.source == source, _question.case_id.in_(stale))
    connection.execute(query.values(next_at=at, since=None))


def known(connection: Connection, key: Key) -> Any:
    """The row of a version; None where it is new."""
    return connection.execute(select(tables.plan_version).where(*_is(key))).one_or_none()


def earlier(connection: Connection, key: Key) -> list[Any]:
    """The versions of the plan that were sent into the case, oldest first."""
    same = (_version.source == key.source, _version.case_id == key.case_id, _version.plan == key.plan)
    query = select(tables.plan_version).where(*same, _version.status == "sent").order_by(_version.id)
    return list(connection.execute(query))


def planned(connection: Connection, source: str) -> list[Any]:
    """Messages that were written and not taken in: the process ended between, or they failed. Without their bytes."""
    columns = [each for each in _version if each.name != "bytes"]
    query = select(*columns).where(_version.source == source, _version.status == "planned")
    return list(connection.execute(query.order_by(_version.id)))


def plan(connection: Connection, cipher: Cipher, key: Key, message: dict[str, Any], body: bytes, at: int) -> int | None:
    """Keep a message that is about to be handed in, so that it is the same one after a crash; returns its row's id.
    None where another process has written one meanwhile, which hands it in."""
    key_id, sealed = cipher.seal(body)
    values = message | {"status": "planned", "kind": None, "reason": None, "key_id": key_id, "bytes": sealed}
    return _put(connection, key, values | {"ended_at": None, "ended_by": None}, at)


def gap(connection: Connection, key: Key, kind: str, reason: str, config_version: str, at: int) -> int:
    """Keep that a version was not carried into the case, and why. One that a person has settled stays so."""
    row = known(connection, key)
    if row is not None and row.status == "sent":
        return int(row.id)
    values: dict[str, Any] = {"status": "gap", "kind": kind, "reason": reason, "config_version": config_version}
    if row is not None and row.status == "gap" and row.ended_by == MENDED:
        values |= {"ended_at": None, "ended_by": None}
    values |= {"key_id": None, "bytes": None}
    if row is None:
        return _put(connection, key, values, at) or 0
    connection.execute(update(tables.plan_version).where(_version.id == row.id).values(values))
    return int(row.id)


def settle(connection: Connection, row_id: int) -> None:
    """A planned message was taken in; its bytes are with the message it became."""
    query = update(tables.plan_version).where(_version.id == row_id)
    connection.execute(query.values(status="sent", key_id=None, bytes=None))


def mend(
    connection: Connection, source: str, case_id: str, standing: Sequence[int], at: int, plans: Collection[str] | None
) -> None:
    """End the gaps of a case that were not met again: of these plans (hashes), of all where None."""
    gone = [_version.source == source, _version.case_id == case_id, *_open_gap(), _version.id.not_in(standing)]
    if plans is not None:
        gone.append(_version.plan.in_(plans))
    connection.execute(update(tables.plan_version).where(*gone).values(ended_at=at, ended_by=MENDED))


def _put(connection: Connection, key: Key, values: dict[str, Any], at: int) -> int | None:
    """Insert the row of a version, or put it in the place of a gap; None where there is a message already."""
    own = {"source": key.source, "case_id": key.case_id, "plan": key.plan, "version": key.version}
    row = {"seen_at": at, "patient_id": key.patient_id} | own | values
    if not insert_if_absent(connection, tables.plan_version, **row):
        over = update(tables.plan_version).where(*_is(key), _version.status == "gap").values(values)
        if connection.execute(over).rowcount == 0:
            return None
    return int(connection.execute(select(_version.id).where(*_is(key))).scalar_one())


def _is(key: Key) -> tuple[Any, ...]:
    place = (_version.source == key.source, _version.case_id == key.case_id)
    return (*place, _version.plan == key.plan, _version.version == key.version)


def _open_gap() -> tuple[Any, ...]:
    return (_version.status == "gap", _version.ended_at.is_(None))
