"""What is derived says what it is derived from: cases from their facts, Tasks from their versions. And making it so."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from adapter.discharge import case
from adapter.exchange import facts
from adapter.exchange.verification.finding import RESTORE, Batches, Finding, Source
from adapter.security import audit
from adapter.security.principals import Principal
from adapter.store import tables
from adapter.store.database import Database
from adapter.store.insert import insert_if_absent

_CASES = 200
_REBUILD = "adapter db rebuild"
_fact, _state, _task, _version = tables.fact.c, tables.case_state.c, tables.task.c, tables.task_version.c


@dataclass(frozen=True)
class Rebuilt:
    """How many there are, and how many were not as they should be."""

    cases: int
    cases_changed: int
    tasks: int
    tasks_changed: int


def cases(source: Source) -> Batches:
    """The state of every case is what its facts give."""
    last = ""
    while True:
        with source.database.read() as connection:
            ids = _next_cases(connection, last)
            if not ids:
                break
            found = [
                Finding("cases", f"case of message/{number}", words, _REBUILD)
                for number, words in _wrong(connection, ids)
            ]
        last = ids[-1]
        yield len(ids), found
    with source.database.read() as connection:
        without = select(_state.case_id).where(_state.case_id.not_in(select(_fact.case_id))).limit(_CASES)
        number = len(connection.execute(without).all())
    words = "have a state, and no facts"
    yield 0, [Finding("cases", f"{number} cases", words, RESTORE)] if number else []


def tasks(source: Source) -> Batches:
    """Every Task stands as its newest version says, and no version is missing."""
    last = 0
    while True:
        with source.database.read() as connection:
            rows = _next_tasks(connection, last)
            if not rows:
                return
            found = [
                Finding("tasks", f"task/{row.id}", words, command) for row, words, command in _odd(connection, rows)
            ]
        last = rows[-1].id
        yield len(rows), found


def rebuild(database: Database, principal: Principal, at: int, told: Callable[[int], None] = lambda _: None) -> Rebuilt:
    """Make the states of all cases anew from their facts, and the Tasks from their versions, while the adapter runs.
    `at` in UTC microseconds; `told` hears how many are done. In the audit."""
    count = [0, 0, 0, 0]
    last: Any = ""
    while True:
        with database.write() as connection:
            ids = _next_cases(connection, last)
            _lock(connection, ids)
            count[1] += _project_anew(connection, ids, at)
        if not ids:
            break
        last, count[0] = ids[-1], count[0] + len(ids)
        told(count[0])
    last = 0
    while True:
        with database.write() as connection:
            rows = _next_tasks(connection, last, lock=True)
            count[3] += _tasks_anew(connection, rows)
        if not rows:
            break
        last, count[2] = rows[-1].id, count[2] + len(rows)
        told(count[0] + count[2])
    rebuilt = Rebuilt(*count)
    with database.write() as connection:
        changed: dict[str, Any] = {"cases": rebuilt.cases_changed, "tasks": rebuilt.tasks_changed}
        audit.record(connection, principal, "rebuild", "projections", at, **changed)
    return rebuilt


def _next_cases(connection: Connection, last: str) -> list[str]:
    query = select(_fact.case_id).distinct().where(_fact.case_id > last).order_by(_fact.case_id).limit(_CASES)
    return list(connection.execute(query).scalars())


def _states(connection: Connection, ids: Sequence[str]) -> dict[str, Any]:
    query = select(_state.case_id, _state.patient_id, _state.state).where(_state.case_id.in_(ids))
    return {row.case_id: row for row in connection.execute(query)}


def _projected(connection: Connection, ids: Sequence[str]) -> dict[str, Any]:
    """As it would be read from the store."""
    given = facts.of_cases(connection, ids)
    return {case_id: json.loads(json.dumps(case.project(given[case_id]))) for case_id in ids}


def _patients(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of each case the person, and its first message: a case's own number may tell who it is about."""
    query = select(_fact.case_id, _fact.patient_id, _fact.message_id).where(_fact.case_id.in_(ids))
    found: dict[str, tuple[int, int]] = {}
    for row in connection.execute(query.order_by(_fact.id)):
        found.setdefault(row.case_id, (row.patient_id, row.message_id))
    return found


def _wrong(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[int, str]]:
    states, of = _states(connection, ids), _patients(connection, ids)
    for case_id, state in _projected(connection, ids).items():
        known, (patient_id, first) = states.get(case_id), of[case_id]
        if known is None:
            yield first, "has facts, and no state"
        elif known.patient_id != patient_id:
            yield first, "is another person's than its facts"
        elif known.state != state:
            parts = sorted(name for name in {*state, *known.state} if state.get(name) != known.state.get(name))
            yield first, f"does not say what its facts give, of {', '.join(parts)}"


def _lock(connection: Connection, ids: Sequence[str]) -> None:
    """As a message of the person would: its facts and its case's state are written together."""
    people = sorted({patient_id for patient_id, _ in _patients(connection, ids).values()})
    patient = tables.patient.c
    query = select(patient.id).where(patient.id.in_(people)).order_by(patient.id)
    connection.execute(query.with_for_update(key_share=True))


def _project_anew(connection: Connection, ids: Sequence[str], at: int) -> int:
    states, of, changed = _states(connection, ids), _patients(connection, ids), 0
    for case_id, state in _projected(connection, ids).items():
        known, (patient_id, _) = states.get(case_id), of[case_id]
        if known is not None and (known.patient_id, known.state) == (patient_id, state):
            continue
        changed += 1
        values = {"patient_id": patient_id, "state": state, "updated_at": at}
        if known is None:
            insert_if_absent(connection, tables.case_state, case_id=case_id, **values)
        else:
            this = update(tables.case_state).where(_state.case_id == case_id)
            connection.execute(this.values(**values, look_at=0))
    return changed


def _next_tasks(connection: Connection, last: int, *, lock: bool = False) -> Sequence[Any]:
    query = select(_task.id, _task.version, _task.status).where(_task.id > last).order_by(_task.id).limit(_CASES)
    return connection.execute(query.with_for_update() if lock else query).all()


def _versions(connection: Connection, rows: Sequence[Any]) -> dict[int, list[Any]]:
    query = select(_version.task_id, _version.version, _version.status)
    found: dict[int, list[Any]] = defaultdict(list)
    ids = [row.id for row in rows]
    for each in connection.execute(query.where(_version.task_id.in_(ids)).order_by(_version.version)):
        found[each.task_id].append(each)
    return found


def _odd(connection: Connection, rows: Sequence[Any]) -> Iterator[tuple[Any, str, str]]:
    versions = _versions(connection, rows)
    for row in rows:
        known = versions[row.id]
        if [each.version for each in known] != list(range(1, len(known) + 1)) or not known:
            yield row, "has versions that are missing", RESTORE
        elif (row.version, row.status) != (known[-1].version, known[-1].status):
            yield row, "does not stand as its newest version says", _REBUILD


def _tasks_anew(connection: Connection, rows: Sequence[Any]) -> int:
    versions, changed = _versions(connection, rows), 0
    for row in rows:
        newest = versions[row.id][-1:]
        if newest and (row.version, row.status) != (newest[0].version, newest[0].status):
            values = {"version": newest[0].version, "status": newest[0].status}
            connection.execute(update(tables.task).where(_task.id == row.id).values(values))
            changed += 1
    return changed
