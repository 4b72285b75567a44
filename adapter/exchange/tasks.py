"""Tasks one by one: read and searched by those who have a part in them, and moved by an answer at the one door.

A party sees the versions that it sent itself or that have reached it, outside any spärr, any later protection and any
consent that is refused or withdrawn, as for other resources; each view is in the audit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, true

from adapter.discharge import disclosure, sip, tasks
from adapter.discharge.tasks import Role
from adapter.exchange import consents, disclosures, pages, task_answer, task_ledger, task_view
from adapter.exchange.pages import FIRST, LOOKED_AT, MOST, PAGE, Place
from adapter.exchange.receive import Exchange
from adapter.exchange.submission import Refusal, Reply, Submission, refusal
from adapter.exchange.task_ledger import Side
from adapter.fhir import json as fhir_json
from adapter.fhir import wire
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.shapes import text
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import Pseudonyms
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock, from_micros, to_micros
from adapter.support.errors import NotFoundError

SOURCE = "task"
"""The source of a message that the adapter wrote for a change over REST."""

_task, _version = tables.task.c, tables.task_version.c
_message, _disclosed = tables.message.c, tables.disclosed.c


@dataclass(frozen=True)
class Shown:
    """A version of a Task as it reads by itself. `at` is when it came to the party, aware UTC."""

    id: int
    version: int
    at: datetime
    task: dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What is searched for; what is None does not count. `patient` is (system, value) of a person's identifier,
    `since` and `until` bound when it came to the party (aware, both included)."""

    ids: tuple[int, ...] | None = None
    identifiers: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    patient: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    count: int = PAGE
    place: Place = FIRST


@dataclass(frozen=True)
class Found:
    """A page of a search, by id; `next` is the place of the page after it."""

    tasks: tuple[Shown, ...]
    next: Place | None


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
        with self._database.write() as connection:
            rows = _standing(connection, principal, [task_id]).get(task_id, [])
            chosen = [row for row in rows if version in (None, row.version)][:1]
            if not chosen:
                raise _absent()
            shown = self._shown(connection, principal, chosen)
        if not shown:
            raise _gone()
        return shown[0]

    def history(self, principal: Principal, task_id: int) -> list[Shown]:
        """The versions that were disclosed to the caller's party and are kept, newest first. Needs CONTENT."""
        principal.require(Right.CONTENT)
        with self._database.write() as connection:
            rows = _standing(connection, principal, [task_id]).get(task_id, [])
            if not rows:
                raise _absent()
            return self._shown(connection, principal, rows[:MOST])

    def search(self, principal: Principal, wanted: Wanted) -> Found:
        """Tasks in which the caller's party has a part, each as it was last disclosed to it. Needs CONTENT."""
        principal.require(Right.CONTENT)
        with self._database.write() as connection:
            conditions = self._conditions(connection, principal, wanted)
            if conditions is None or not wanted.count:
                return Found((), None)
            return self._page(connection, principal, wanted, conditions)

    def _page(
        self, connection: Connection, principal: Principal, wanted: Wanted, conditions: list[ColumnElement[bool]]
    ) -> Found:
        query = _seen(principal, select(_task.id).distinct()).where(*conditions).order_by(_task.id).limit(LOOKED_AT)
        found, after = pages.fill(
            wanted.count,
            wanted.place.after,
            lambda after: connection.execute(query.where(_task.id > after)).scalars().all(),
            lambda numbers: _standing(connection, principal, numbers),
            lambda row: _fits(row, wanted),
        )
        same_person = wanted.patient is not None or wanted.place.same_person
        shown = tuple(self._shown(connection, principal, found))
        return Found(shown, None if after is None else Place(after, same_person))

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
            base = next(iter(_standing(connection, principal, [task_id]).get(task_id, [])), None)
            if base is None:
                raise _absent()
            if not version == base.version == base.current:
                _require_shown(connection, base)
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
            row = _standing(connection, principal, [task_id])[task_id][0]
            return Shown(row.id, row.version, from_micros(row.at), self._task(connection, row))

    def _conditions(
        self, connection: Connection, principal: Principal, wanted: Wanted
    ) -> list[ColumnElement[bool]] | None:
        """Of candidates; None where nothing can meet them."""
        lists = (
            (_task.id, wanted.ids),
            (_task.identifier, wanted.identifiers),
            (_task.case_id, wanted.groups),
        )
        found: list[ColumnElement[bool]] = [column.in_(values) for column, values in lists if values is not None]
        if wanted.since is not None:
            found.append(_came(principal) >= to_micros(wanted.since))
        if wanted.place.same_person:
            person = _seen(principal, select(_task.patient_id)).where(_task.id == wanted.place.after)
            found.append(_task.patient_id.in_(person))
        if wanted.patient is not None:
            patient_id = self._pseudonyms.look_up(connection, [wanted.patient])
            if patient_id is None:
                return None
            found.append(_task.patient_id == patient_id)
        return found

    def _shown(self, connection: Connection, principal: Principal, rows: Iterable[Any]) -> list[Shown]:
        at, shown = to_micros(self._clock.now()), []
        for row in rows:
            audit.record(connection, principal, "task-view", f"task/{row.id}", at, row.patient_id, version=row.version)
            if task := self._task(connection, row):
                shown.append(Shown(row.id, row.version, from_micros(row.at), task))
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
        query = _versions(principal, _task.id == base.id, _message.sender_party == other)
        if base.requester_party == base.owner_party:
            other = base.requester_unit if role is Role.OWNER else base.owner_unit
            query = _versions(principal, _task.id == base.id, _message.sender_unit == other)
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
    *(_version[name] for name in ("version", "entry", "message_id")),
    _version.status.label("told"),
    *(_message[name] for name in ("source", "sender_party", "event")),
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
    return _joined(query).where(part, disclosures.visible(principal))


def _came(principal: Principal) -> ColumnElement[int]:
    """Of a version: when it first came to one of the principal's parties; when it was recorded, where it is in no log,
    as for operations."""
    logged = (
        select(func.min(_disclosed.at))
        .where(_disclosed.type == disclosures.TASK, _disclosed.party.in_(sorted(principal.parties)))
        .where(_disclosed.resource_id == _version.task_id, _disclosed.version == _version.version)
    )
    found: ColumnElement[int] = func.coalesce(logged.scalar_subquery(), _version.recorded_at)
    return found


def _versions(principal: Principal, *conditions: ColumnElement[bool]) -> Select[Any]:
    query = _seen(principal, select(*_COLUMNS, _came(principal).label("at"))).where(*conditions)
    return query.order_by(_task.id, _version.version.desc())


def _standing(connection: Connection, principal: Principal, ids: Collection[int]) -> dict[int, list[Any]]:
    """The versions of Tasks that the principal may see, by Task, the newest first: of others nothing that a plan
    says to which the consent is refused or withdrawn. What else tells of a Task tells no more than a notice may."""
    rows = connection.execute(_versions(principal, _task.id.in_(ids))).all()
    others = {row.message_id for row in rows if row.sender_party not in principal.parties and row.event == sip.PLAN}
    stopped = frozenset() if principal.sees_all else consents.stopped(connection, sorted(others))
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.message_id not in stopped:
            found[row.id].append(row)
    return found


def _fits(row: Any, wanted: Wanted) -> bool:
    at = from_micros(row.at)
    return (
        (wanted.statuses is None or row.told in wanted.statuses)
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at <= wanted.until)
    )


def _require_shown(connection: Connection, base: Any) -> None:
    newer = _joined(select(_version.message_id)).where(
        _task.id == base.id, _version.version > base.version, _message.event == sip.PLAN
    )
    if consents.stopped(connection, list(connection.execute(newer).scalars())):
        words = (
            "what this Task has come to is part of what the person does not consent to, and is not shown: answer by a "
            "message"
        )
        raise refusal(422, "business-rule", "task-consent", words, "Task")


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
