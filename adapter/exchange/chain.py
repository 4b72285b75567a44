"""What a message follows: the one that it answers, and the one before it in the chain of its case."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, case, select

from adapter.discharge.events import EVENTS
from adapter.discharge.message import Reading
from adapter.exchange.submission import refusal
from adapter.fhir.canonical import BY_ADAPTER
from adapter.fhir.outcomes import Issue
from adapter.store import tables
from adapter.store.statements import Row, Statement

_message, _delivery = tables.message.c, tables.delivery.c
_ANSWERED = Statement(
    select(_message.id, _message.case_id, _message.patient_id)
    .join(tables.delivery, _delivery.message_id == _message.id)
    .where(
        _message.header_id == bindparam("answers"),
        _message.status == "accepted",
        _delivery.receiver_party == bindparam("answering"),
        _delivery.event.not_in(BY_ADAPTER),
        _delivery.status.not_in(("held", "cancelled")),
    )
    .order_by(
        case((_message.case_id == bindparam("named"), 0), else_=1),
        case((_message.sender_unit.in_(bindparam("units", expanding=True)), 0), else_=1),
        _message.id,
    )
    .limit(1)
)
_BEFORE = Statement(
    select(_message.id)
    .where(
        _message.case_id == bindparam("named"),
        _message.header_id == bindparam("previous"),
        _message.status == "accepted",
    )
    .limit(1)
)


def answered(connection: Connection, reading: Reading, sender: str, units: Sequence[str]) -> Row | None:
    """The message (id, case_id, patient_id) that this one of a `sender` to the `units` answers, None where it answers
    none. It must have been sent to the party that answers: not merely to another whose units the same token speaks for.
    Ids are scoped per sender, so that several may have this one: it is then the one of the case that is named, or else
    of the sender to whom the answer goes. Raises Refusal 422 where there is none, or an answer names none."""
    if reading.answers_header_id is None:
        if EVENTS[reading.event or ""].answer:
            text = "an answer names the message it answers: expected Provenance.entity with role source"
            raise refusal(422, "required", "answer-names-nothing", text, "Provenance.entity")
        return None
    asked = {
        "answers": reading.answers_header_id,
        "answering": sender,
        "named": reading.case_id,
        "units": units,
    }
    row = _ANSWERED.row(connection, asked)
    if row is None:
        text = "the answered message was not sent to you by this adapter: expected the id of a message you received"
        raise refusal(422, "not-found", "answer-to-unknown", text, "Provenance.entity")
    return row


def gap(connection: Connection, reading: Reading, case_id: str) -> list[Issue]:
    """A warning where the message names one before it in its case that has not come."""
    if reading.previous_header_id is None:
        return []
    if _BEFORE.row(connection, {"named": case_id, "previous": reading.previous_header_id}) is not None:
        return []
    text = "the previous message of the chain has not come through this adapter: one may be missing"
    return [Issue("warning", "not-found", text, ("Provenance.entity",), "predecessor-missing")]
