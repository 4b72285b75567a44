"""What a label says of a person: skyddad folkbokföring and sekretessmarkering, by whatever door it came."""

from contextlib import suppress

from sqlalchemy import Connection, select, update

from adapter.delivery import outbox
from adapter.discharge.protection import Protection
from adapter.store import tables

PROTECTED = "protected"
"""Why a delivery about a person with skyddad folkbokföring is held."""


def mark(connection: Connection, patient_id: int, found: Protection, at: int) -> None:
    """Labels only ever add: a message without one does not unmark a person."""
    patient = tables.patient
    marks = {name: True for name in ("protected", "confidential") if getattr(found, name)}
    if marks:
        connection.execute(update(patient).where(patient.c.id == patient_id).values(**marks))
    if found.protected:
        _hold_waiting(connection, patient_id, at)


def _hold_waiting(connection: Connection, patient_id: int, at: int) -> None:
    """A label covers what was accepted before it came, as far as it has not left."""
    query = (
        select(tables.delivery.c.id)
        .join(tables.stream, tables.stream.c.id == tables.delivery.c.stream_id)
        .where(
            tables.stream.c.patient_id == patient_id,
            tables.delivery.c.status == "waiting",
            tables.delivery.c.released_at.is_(None),
        )
        .order_by(tables.stream.c.id, tables.delivery.c.sequence)
    )
    for delivery_id in connection.execute(query).scalars().all():
        with suppress(outbox.DeliveryStateError):  # a worker has taken it meanwhile
            outbox.hold(connection, delivery_id, at, PROTECTED)
