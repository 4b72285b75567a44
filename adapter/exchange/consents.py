"""What rests on a consent that the person has refused or withdrawn: held where it has not left, sent to nobody again,
and shown over REST to none but who sent it. What has been delivered stays where it is."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from sqlalchemy import Connection, and_, select

from adapter.delivery import outbox
from adapter.discharge import consents
from adapter.discharge.consents import rests_on
from adapter.discharge.facts import Fact
from adapter.exchange import facts
from adapter.store import tables

NO_CONSENT = "the person does not consent to it, or no longer does"
"""Why a dead letter is cancelled, and what has arrived is not sent again."""

_delivery, _message, _fact = tables.delivery.c, tables.message.c, tables.fact.c


def hold(
    connection: Connection, case_id: str, known: Collection[Fact], consent_first: Callable[[], bool], at: int
) -> int:
    """Hold what of a case has not left and rests on a consent that the latest word is against; returns how many.

    What has failed already, and waits for a person as a dead letter, is cancelled. What somebody has released since
    then stays released. `known` are the case's facts, the newest among them; `consent_first` says whether the agreement
    asks for consent before more than the minimum, `at` is in UTC microseconds.
    """
    refused = consents.refused(known)
    if not refused:
        return 0
    query = (
        select(_delivery.id, _delivery.status, _fact.event, _fact.detail)
        .join_from(tables.delivery, tables.message, _message.id == _delivery.message_id)
        .join(tables.fact, and_(_fact.message_id == _message.id, _fact.event == _delivery.event))
        .where(
            _message.case_id == case_id,
            _message.status == "accepted",
            _delivery.status.in_(("waiting", "running", "held", "dead")),
            _delivery.held_reason.is_distinct_from(outbox.CONSENT),
        )
        .order_by(_delivery.stream_id, _delivery.sequence)
    )
    held = 0
    for row in connection.execute(query).all():
        said = row.detail["statements"]
        if not refused & rests_on(row.event, said, consent_first=consents.EXTENDED in said and consent_first()):
            continue
        with suppress(outbox.DeliveryStateError):  # a worker has ended it meanwhile
            if row.status == "dead":
                outbox.cancel(connection, row.id, at, NO_CONSENT)
            else:
                held += outbox.set_aside(connection, row.id, at)
    return held


def require(connection: Connection, delivery_id: int, message_id: int) -> None:
    """Raises DeliveryStateError where the delivery would be sent anew, against the latest word on a consent."""
    if stopped(connection, [message_id]):
        raise outbox.DeliveryStateError(f"delivery {delivery_id} rests on a consent: {NO_CONSENT}")


def stopped(connection: Connection, message_ids: Sequence[int]) -> frozenset[int]:
    """Those of the messages that rest on a consent which the latest word of their case is against.

    An extended notice is not among them: whether it rests on one is the agreement's, and what it holds beyond the
    minimum is in no resource that is read.
    """
    query = select(_fact.message_id, _fact.case_id, _fact.event, _fact.detail).where(_fact.message_id.in_(message_ids))
    resting = {
        row.message_id: (row.case_id, on)
        for row in connection.execute(query).all()
        if (on := rests_on(row.event, row.detail["statements"], consent_first=False))
    }
    known = facts.of_cases(connection, sorted({case_id for case_id, _ in resting.values()}))
    refused = {case_id: consents.refused(found) for case_id, found in known.items()}
    return frozenset(message_id for message_id, (case_id, on) in resting.items() if refused[case_id] & on)
