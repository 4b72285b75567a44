"""The cases that a source is asked about, and what a plan's message needs to know of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, union

from adapter.directory import Directory
from adapter.exchange import blocks
from adapter.fhir import identifiers, wire
from adapter.fhir.bundles import MessageBundle
from adapter.security.principals import Principal
from adapter.store import tables
from adapter.store.content import ContentStore

_message, _delivery, _patient = tables.message.c, tables.delivery.c, tables.patient.c
_state, _task = tables.case_state.c, tables.task.c
_OUT = ("rejected", "cancelled", "failed", "entered-in-error")
_NOBODY = Principal("plans", "", frozenset(), frozenset())
"""Against whom every block stands: a plan that is carried on is read by others."""


@dataclass(frozen=True)
class Case:
    """An open case. `patient` is the Patient of its newest message, `participants` the units (HSA-id or kommunkod) of
    other parties than the source's that take part, `statements` the latest coded words."""

    case_id: str
    patient_id: int
    patient: dict[str, Any]
    participants: tuple[str, ...]
    statements: dict[str, str]
    blocks: tuple[blocks.Block, ...]
    protected: bool

    @property
    def identifiers(self) -> list[tuple[str, str]]:
        return identifiers.of_patient(self.patient)


def open_cases(connection: Connection, party: str, ended_after: int) -> list[tuple[str, int]]:
    """(case id, patient id) of the newest open case of each person in whose case the party sends or is addressed. One
    that ended in a discharge counts while its last message came after `ended_after`. Whoever has skyddad folkbokföring
    is not among them, nor one who has blocked the party as a whole: nothing is asked about them."""
    block = tables.block.c
    blocked = select(block.id).where(
        block.patient_id == _state.patient_id,
        block.party == party,
        block.unit.is_(None),
        block.lifted_at.is_(None),
    )
    return _open(connection, party, ended_after, _patient.protected.is_(False), ~blocked.exists())


def of_person(connection: Connection, party: str, ended_after: int, patient_id: int) -> tuple[str, int] | None:
    """The same of one person, whoever it is; None where there is none."""
    return next(iter(_open(connection, party, ended_after, _state.patient_id == patient_id)), None)


def _open(
    connection: Connection, party: str, ended_after: int, *conditions: ColumnElement[bool]
) -> list[tuple[str, int]]:
    sent = select(_message.case_id).where(_message.sender_party == party, _message.status == "accepted")
    got = (
        select(_message.case_id)
        .join_from(tables.delivery, tables.message)
        .where(_delivery.receiver_party == party, _message.status == "accepted")
    )
    takes_part = union(sent, got).subquery()
    query = (
        select(_state.case_id, _state.patient_id, _state.state, _state.updated_at)
        .join(tables.patient, _patient.id == _state.patient_id)
        .where(_state.case_id.in_(select(takes_part.c.case_id)), *conditions)
        .order_by(_state.updated_at, _state.case_id)
    )
    newest = {row.patient_id: row.case_id for row in connection.execute(query) if _is_open(row, ended_after)}
    return [(case_id, patient_id) for patient_id, case_id in newest.items()]


def _is_open(row: Any, ended_after: int) -> bool:
    phase = row.state.get("phase")
    return bool(phase != "dead" and (phase != "discharged" or row.updated_at > ended_after))


def read(connection: Connection, contents: ContentStore, party: str, case_id: str, patient_id: int) -> Case | None:
    """The case; None where no message of it has a Patient with an identifier any more."""
    patient = next(_patients(connection, contents, case_id), None)
    if patient is None:
        return None
    state = connection.execute(select(_state.state).where(_state.case_id == case_id)).scalar_one()
    query = select(_patient.protected).where(_patient.id == patient_id)
    return Case(
        case_id=case_id,
        patient_id=patient_id,
        patient=patient,
        participants=tuple(_participants(connection, case_id, party)),
        statements=state.get("statements", {}),
        blocks=tuple(blocks.against(connection, _NOBODY, patient_id)),
        protected=bool(connection.execute(query).scalar_one()),
    )


def hides(case: Case, directory: Directory, units: frozenset[str], party: str, on: date) -> bool:
    """Whether a spärr is of one of the units that a plan comes from, or of the party whose plans these are."""
    whole = any(block.unit is None and block.party == party for block in case.blocks)
    return whole or blocks.hides(list(case.blocks), directory, units, on)


def _patients(connection: Connection, contents: ContentStore, case_id: str) -> Iterator[dict[str, Any]]:
    query = select(_message.id, _message.source).where(_message.case_id == case_id, _message.status == "accepted")
    for row in connection.execute(query.order_by(_message.id.desc()).limit(20)).all():
        kept = contents.of_message(connection, row.id, "received" if row.source == "fhir" else "translated")
        for patient in MessageBundle(wire.parse(kept[-1].body, kept[-1].media_type)).of_type("Patient") if kept else ():
            if identifiers.of_patient(patient):
                yield patient


def _participants(connection: Connection, case_id: str, party: str) -> Iterator[str]:
    """The units that were asked to take part and have not declined, then those that asked them; each once."""
    query = select(_task.owner_unit, _task.owner_party, _task.requester_unit, _task.requester_party)
    rows = connection.execute(query.where(_task.case_id == case_id, _task.status.not_in(_OUT)).order_by(_task.id)).all()
    found = [(row.owner_unit, row.owner_party) for row in rows]
    found += [(row.requester_unit, row.requester_party) for row in rows]
    yield from dict.fromkeys(unit for unit, of in found if of != party)
