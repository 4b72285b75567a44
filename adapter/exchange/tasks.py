"""Tasks one by one: read and searched by those who have a part in them, and moved by an answer at the one door.

A party sees the versions that it sent itself or that have reached it, outside any spärr; each view is in the audit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, true

from adapter.discharge import disclosure, tasks
from adapter.discharge.tasks import Role
from adapter.exchange import blocks, task_answer, task_ledger, task_view, visibility
from adapter.exchange.receive import Exchange
from adapter.exchange.submission import Refusal, Reply, Submission, refusal
from adapter.exchange.task_ledger import Side
from adapter.fhir import json as fhir_json
from adapter.fhir import wire
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.shapes import text
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import IdentityError, Pseudonyms
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock, from_micros, to_micros
from adapter.support.errors import NotFoundError

PAGE = 20
MOST = 100
SOURCE = "task"
"""The source of a message that the adapter wrote for a change over REST."""

_task, _version = tables.task.c, tables.task_version.c
_message, _delivery = tables.message.c, tables.delivery.c


@dataclass(frozen=True)
class Shown:
    """A version of a Task as it reads by itself. `at` is when it was recorded, aware UTC."""

    id: int
    version: int
    at: datetime
    task: dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What is searched for; what is None does not count. `patient` is (system, value) of a person's identifier."""

    ids: tuple[int, ...] | None = None
    identifiers: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    patient: tuple[str, str] | None = None
    count: int = PAGE
    offset: int = 0


@dataclass(frozen=True)
class Found:
    """A page of a search, by id, and how many there are in all."""

    tasks: tuple[Shown, ...]
    total: int


class Tasks:
    """What is not there and what is not the caller's are the same NotFoundError."""

    def __init__(
        self, database: Database, contents: ContentStore, exchange: Exchange, pseudonyms: Pseudonyms, clock: Clock
    ) -> None:
        self._database = database
        self._contents = contents
        self._exchange = exchange
        self._pseudonyms = pseudonyms
        self._clock = clock

    def read(self, principal: Principal, task_id: int, version: int | None = None) -> Shown:
        """The Task as it was last disclosed to the caller's party, or one version of it. Needs CONTENT. Raises Refusal
        410 where its content is no longer kept."""
        principal.require(Right.CONTENT)
        which = [] if version is None else [_version.version == version]
        with self._database.write() as connection:
            row = connection.execute(_versions(principal, task_id, *which).limit(1)).one_or_none()
            if row is None:
                raise _absent()
            shown = self._shown(connection, principal, [row])
        if not shown:
            raise _gone()
        return shown[0]

    def history(self, principal: Principal, task_id: int) -> list[Shown]:
        """The versions that were disclosed to the caller's party and are kept, newest first. Needs CONTENT."""
        principal.require(Right.CONTENT)
        with self._database.write() as connection:
            rows = connection.execute(_versions(principal, task_id).limit(MOST)).all()
            if not rows:
                raise _absent()
            return self._shown(connection, principal, rows)

    def search(self, principal: Principal, wanted: Wanted) -> Found:
        """Tasks in which the caller's party has a part, each as it was last disclosed to it. Needs CONTENT."""
        principal.require(Right.CONTENT)
        with self._database.write() as connection:
            conditions = self._conditions(connection, wanted)
            if conditions is None:
                return Found((), 0)
            newest = (
                _seen(principal, select(_version.task_id, func.max(_version.version).label("version")))
                .group_by(_version.task_id)
                .subquery()
            )
            here = and_(_version.task_id == newest.c.task_id, _version.version == newest.c.version)
            query = _joined(select(*_COLUMNS)).join(newest, here).where(*conditions)
            total = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
            page = query.order_by(_task.id).offset(wanted.offset).limit(min(wanted.count, MOST))
            return Found(tuple(self._shown(connection, principal, connection.execute(page).all())), total)

    def update(
        self, principal: Principal, task_id: int, given: Mapping[str, Any], version: int, submission: Submission
    ) -> Shown:
        """Change a Task as one of its two sides: the change is an answer that the adapter writes to the other side, and
        that comes in by the one door. Returns the Task as it then reads. Needs SEND.

        Raises Refusal: 412 where `version` is not the newest one, 422 for a change that its sender may not make, and
        whatever the door says.
        """
        principal.require(Right.SEND)
        with self._database.read() as connection:
            base = connection.execute(_versions(principal, task_id).limit(1)).one_or_none()
            if base is None:
                raise _absent()
            if not version == base.version == base.current:
                raise task_ledger.stale()
            role = _role(base, principal)
            before = self._task(connection, base)
            if not before:
                raise _gone()
            asked = self._asked(connection, principal, base, role)
        _check(base, role, before, given)
        if task_view.digest(before) == task_view.digest(dict(given)):
            return self._after(principal, task_id)
        message, entry = asked
        at = max(self._clock.now(), from_micros(base.happened_at)).astimezone(STOCKHOLM)
        bundle = task_answer.write(message, entry, given, role, at)
        submission = replace(submission, source=SOURCE, replaces=version)
        reply = self._exchange.receive_authored(fhir_json.serialize(bundle), submission, principal)
        if reply.status != 200:
            raise Answered(_about_the_task(reply, bundle))
        return self._after(principal, task_id)

    def _after(self, principal: Principal, task_id: int) -> Shown:
        with self._database.read() as connection:
            row = connection.execute(_versions(principal, task_id).limit(1)).one()
            return Shown(row.id, row.version, from_micros(row.recorded_at), self._task(connection, row))

    def _conditions(self, connection: Connection, wanted: Wanted) -> list[ColumnElement[bool]] | None:
        """None where nothing can meet them."""
        lists = (
            (_task.id, wanted.ids),
            (_task.identifier, wanted.identifiers),
            (_task.case_id, wanted.groups),
            (_version.status, wanted.statuses),
        )
        found: list[ColumnElement[bool]] = [column.in_(values) for column, values in lists if values is not None]
        if wanted.patient is not None:
            try:
                patient_id = self._pseudonyms.find(connection, [wanted.patient])
            except IdentityError:
                patient_id = None
            if patient_id is None:
                return None
            found.append(_task.patient_id == patient_id)
        return found

    def _shown(self, connection: Connection, principal: Principal, rows: Iterable[Any]) -> list[Shown]:
        at, shown = to_micros(self._clock.now()), []
        for row in rows:
            audit.record(connection, principal, "task-view", f"task/{row.id}", at, row.patient_id, version=row.version)
            if task := self._task(connection, row):
                shown.append(Shown(row.id, row.version, from_micros(row.recorded_at), task))
        return shown

    def _task(self, connection: Connection, row: Any) -> dict[str, Any]:
        """The Task of a version as it reads by itself; empty where its content is no longer kept."""
        message = self._message(connection, row)
        return {} if message is None else task_view.rendered(message, row.entry)

    def _message(self, connection: Connection, row: Any) -> MessageBundle | None:
        stage = "received" if row.source == "fhir" else "translated"
        found = self._contents.of_message(connection, row.message_id, stage)
        return MessageBundle(wire.parse(found[-1].body, found[-1].media_type)) if found else None

    def _asked(self, connection: Connection, principal: Principal, base: Any, role: Role) -> tuple[MessageBundle, int]:
        """The newest message in which the other side told of the Task, as it may be seen, and the Task's entry."""
        other = base.requester_party if role is Role.OWNER else base.owner_party
        query = _versions(principal, base.id, _message.sender_party == other)
        if base.requester_party == base.owner_party:
            other = base.requester_unit if role is Role.OWNER else base.owner_unit
            query = _versions(principal, base.id, _message.sender_unit == other)
        row = connection.execute(query.limit(1)).one_or_none()
        message = None if row is None else self._message(connection, row)
        if row is None or message is None:
            words = (
                "the other side has said nothing of this Task that could be answered: before its first answer a "
                "request is taken back by a message (retraction)"
            )
            raise refusal(422, "business-rule", "task-unanswerable", words, "Task.status")
        return disclosure.disclose(message)[0], row.entry


_COLUMNS = (
    *(_task[name] for name in ("id", "patient_id", "status", "happened_at", "owner_party", "owner_unit")),
    *(_task[name] for name in ("requester_party", "requester_unit")),
    _task.version.label("current"),
    *(_version[name] for name in ("version", "entry", "recorded_at", "message_id")),
    _message.source,
)


def _joined(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(tables.task_version)
        .join(tables.task, _task.id == _version.task_id)
        .join(tables.message, _message.id == _version.message_id)
    )


def _seen(principal: Principal, query: Select[Any]) -> Select[Any]:
    """Of the versions: those of Tasks in which the party has a part, that it sent or that have reached it."""
    if principal.sees_all:
        return _joined(query).where(true())
    parties = principal.parties
    part = or_(_task.owner_party.in_(parties), _task.requester_party.in_(parties))
    reached = exists(select(1).where(_delivery.message_id == _message.id, visibility.arrived(principal)))
    own = _message.sender_party.in_(parties)
    return _joined(query).where(part, or_(own, and_(reached, blocks.clear_of(principal))))


def _versions(principal: Principal, task_id: int, *conditions: ColumnElement[bool]) -> Select[Any]:
    query = _seen(principal, select(*_COLUMNS)).where(_task.id == task_id, *conditions)
    return query.order_by(_version.version.desc())


def _gone() -> Refusal:
    return refusal(410, "not-found", "task-expunged", "the content of this Task is no longer kept", "Task")


def _absent() -> NotFoundError:
    return NotFoundError("there is no such Task, or none that you may see")


def _role(base: Any, principal: Principal) -> Role:
    """The part that the caller has; the owner's where it has both."""
    for role in Role:
        unit, party = getattr(base, f"{role}_unit"), getattr(base, f"{role}_party")
        if unit in principal.units and role in task_ledger.roles(base, Side(unit, party)):
            return role
    words = "only the owner and the requester of a Task move it: this token speaks for neither unit"
    raise refusal(422, "business-rule", "task-role", words, "Task.owner")


def _check(base: Any, role: Role, before: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if given.get("resourceType") != "Task":
        raise refusal(422, "invalid", "task-type", "expected a Task", "Task")
    if text(given.get("id")) not in (None, str(base.id)):
        raise refusal(422, "invalid", "task-id", "the id is not that of the address: expected the same", "Task.id")
    if members := task_view.changed(dict(before), dict(given)):
        words = f"what was asked does not change, but {', '.join(members)} did: expected them as they were read"
        raise refusal(422, "business-rule", "task-unchanging", words, *(f"Task.{name}" for name in members))
    told = tasks.refusal(role, base.status, text(given.get("status")) or "no status")
    if told is not None:
        raise refusal(422, "business-rule", "task-transition", told, "Task.status")


def _about_the_task(reply: Reply, bundle: dict[str, Any]) -> Reply:
    """What the door said of the message, in words about the Task: the caller has not written the message."""
    index = next(n for n, each in enumerate(bundle["entry"]) if each["resource"]["resourceType"] == "Task")
    place = f"Bundle.entry[{index}].resource"
    issues = [
        issue | {"expression": [each.replace(place, "Task") for each in issue["expression"]]}
        if "expression" in issue
        else issue
        for issue in reply.resource.get("issue", [])
    ]
    return replace(reply, resource=reply.resource | {"issue": issues})


class Answered(Exception):  # noqa: N818 - an answer, not a failure
    """The door did not take the answer in: what it said."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply
