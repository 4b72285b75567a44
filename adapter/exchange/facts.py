"""The facts of a case as the domain reads them: the stored rows, with what the directory and the deliveries add."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, select

from adapter.directory.directory import Directory
from adapter.discharge.calendar import local_date
from adapter.discharge.facts import Fact, Recipient
from adapter.store import tables
from adapter.store.statements import Row, Statement
from adapter.support.clock import from_micros
from adapter.support.errors import NotFoundError

READ = "read-receipt"
_OF_CASES = Statement(select(tables.fact).where(tables.fact.c.case_id.in_(bindparam("cases", expanding=True))))


def read(connection: Connection, case_id: str, directory: Directory | None = None) -> list[Fact]:
    """Every fact of a case, in no order. Without a directory the kinds of units stay unknown, and recipients carry
    nothing of their deliveries: enough to project the case."""
    return of_cases(connection, [case_id], directory)[case_id]


def of_cases(
    connection: Connection, case_ids: Sequence[str], directory: Directory | None = None
) -> dict[str, list[Fact]]:
    """The same of several cases, by id, in as many queries as for one: give some hundred at a time."""
    found: dict[str, list[Fact]] = {case_id: [] for case_id in case_ids}
    rows = _OF_CASES.rows(connection, {"cases": list(case_ids)})
    for row, fact in zip(rows, _facts(connection, rows, directory), strict=True):
        found[row.case_id].append(fact)
    return found


def stored(row: Row) -> Fact:
    """The fact of a stored row, as `read` gives it without a directory."""
    return _fact(row, (), "")


def _facts(connection: Connection, rows: Sequence[Row], directory: Directory | None) -> list[Fact]:
    if directory is None:
        return [stored(row) for row in rows]
    deliveries = _deliveries(connection, [row.message_id for row in rows])
    read_at = {(row.detail["answers"], row.sender_unit): row.detail["happened_at"] for row in rows if row.event == READ}
    return [
        replace(
            _fact(row, _recipients(row, directory, deliveries, read_at), _sender_kind(row, directory)),
            psychiatric=_is_psychiatric(row, directory),
        )
        for row in rows
    ]


def _is_psychiatric(row: Row, directory: Directory) -> bool:
    unit = directory.unit(row.sender_unit, local_date(from_micros(row.recorded_at)))
    return unit is not None and unit.psychiatric


def _sender_kind(row: Row, directory: Directory) -> str:
    return kind_of(directory, row.sender_unit, row.sender_party, local_date(from_micros(row.recorded_at)))[0]


def _fact(row: Row, recipients: Iterable[Recipient], sender_kind: str) -> Fact:
    return Fact(
        header_id=row.detail["header_id"],
        event=row.event,
        happened_at=row.detail["happened_at"],
        sender=row.sender_unit,
        instants=row.instants,
        tasks=tuple(row.detail["tasks"]),
        accepted_at=row.recorded_at,
        recipients=tuple(recipients),
        statements=row.detail["statements"],
        previous=row.detail["previous"],
        answers=row.detail["answers"],
        revises=row.detail["revises"],
        carried=row.detail.get("carried", False),
        sender_kind=sender_kind,
    )


def _deliveries(connection: Connection, messages: list[int]) -> dict[tuple[int, str], Any]:
    """The delivery of each message to each unit: the first that arrived, for a replay does not undo it, else the
    latest."""
    delivery = tables.delivery.c
    query = (
        select(
            delivery.message_id,
            delivery.receiver_unit,
            delivery.status,
            delivery.released_at,
            delivery.delivered_at,
        )
        .where(delivery.message_id.in_(messages))
        .order_by(delivery.delivered_at.desc().nulls_first(), delivery.id)
    )
    return {(row.message_id, row.receiver_unit): row for row in connection.execute(query)}


def _recipients(
    row: Row,
    directory: Directory,
    deliveries: dict[tuple[int, str], Any],
    read_at: dict[tuple[str | None, str], int],
) -> Iterable[Recipient]:
    for receiver in row.receivers:
        unit = receiver["unit"]
        kind, kommunkod = kind_of(directory, unit, receiver["party"], local_date(from_micros(row.recorded_at)))
        sent = deliveries.get((row.message_id, unit))
        yield Recipient(
            unit,
            kind,
            kommunkod,
            released_at=sent.released_at if sent else None,
            delivered_at=sent.delivered_at if sent else None,
            read_at=read_at.get((row.detail["header_id"], unit)),
            held=sent is not None and sent.status == "held",
        )


def kind_of(directory: Directory, unit: str, party_id: str, on: date) -> tuple[str, str | None]:
    """What the unit is to the law: inpatient, open-care or municipality; and the municipality's code."""
    try:
        kommunkod = directory.party(party_id).kommunkod
    except NotFoundError:
        return "", None
    known = directory.unit(unit, on)
    if known is not None and known.kind.regional:
        return str(known.kind), None
    return ("municipality", kommunkod) if kommunkod else ("", None)
