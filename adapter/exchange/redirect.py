"""What cannot arrive by one way is sent by another, to the same receiver.

A person's data go to the party that the sender named, or to the one that the directory says has taken over its tasks;
to nobody else, whoever asks. The old delivery ends; the new one names it, is mapped anew for its endpoint, passes the
same rules of disclosure, and is held where the person is protected: an earlier release was for another way.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, insert, select, update

from adapter.delivery import outbox
from adapter.delivery.outbox import DeliveryStateError, NewDelivery
from adapter.directory import Directory, Endpoint, Party, Route
from adapter.directory.endpoint import HOOK
from adapter.exchange import consents, dispatch, repair
from adapter.exchange.acts import Act, Acts, ConflictError, Means, is_protected, locked
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.reasons import given_reason
from adapter.exchange.visibility import HELD_FOR_PROTECTION
from adapter.fhir.canonical import ACKNOWLEDGEMENT
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock
from adapter.support.errors import ForbiddenError, MappingError

REDIRECT = "redirect"
"""The kind of origin of a delivery that goes another way than the one that was cancelled for it."""
_delivery = tables.delivery.c


class Redirects(Acts):
    """Sends a delivery by another endpoint."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None], means: Means) -> None:
        super().__init__(database, clock, wake)
        self._means = means

    def redirect(self, principal: Principal, delivery_id: int, endpoint: str, reason: str) -> int:
        """Send a dead letter, or one that waits first in its stream, by this endpoint instead; returns the number of
        the new delivery. Needs EDIT and a reason; for a protected person RELEASE too.

        Raises ForbiddenError where the endpoint leads to another receiver, NotFoundError where the directory has no
        such endpoint, ConflictError where the message has gone there already, DeliveryStateError, MappingError.
        """
        principal.require(Right.EDIT)
        reason = given_reason(reason)
        with self._on_delivery(principal, "delivery-redirect", delivery_id, reason) as act:
            old = locked(act.connection, delivery_id, "dead", "waiting", act="sent by another endpoint")
            if old["held_reason"] == outbox.CONSENT and old["released_at"] is None:
                consents.require(act.connection, delivery_id, old["message_id"])
            directory = self._means.directory()
            target = directory.endpoint(endpoint)
            if act.patient_id is not None and is_protected(act.connection, act.patient_id):
                principal.require(Right.RELEASE)  # what is refused here tells where the person's messages go
            _require_way(act.connection, old, target)
            route = Route(endpoint=target, party=receiver(directory, old, target), unit=old["receiver_unit"])
            new = self._enqueue(act, old, route)
            outbox.cancel(act.connection, delivery_id, act.at, f"sent by another endpoint: delivery {new}")
            link(act.connection, new, delivery_id, REDIRECT, act.at)
            _hand_over(act.connection, old, new)
            act.detail["new"] = new
        return new

    def _enqueue(self, act: Act, old: RowMapping, route: Route) -> int:
        connection, means = act.connection, self._means
        message = repair.message(connection, means.contents, old["message_id"])
        index = repair.destination(message, route.unit)
        draft = dispatch.draft(message, index, route, means.mappings(), {index}, Outgoing(means.validator()))
        if draft.body is None:
            raise MappingError(f"delivery {old['id']} cannot be written for {route.endpoint.id}: {draft.problem}")
        protected = act.patient_id is not None and is_protected(connection, act.patient_id)
        new = outbox.enqueue(
            connection,
            NewDelivery(
                message_id=old["message_id"],
                patient_id=act.patient_id or 0,
                endpoint=route.endpoint.id,
                receiver_party=route.party.id,
                receiver_unit=route.unit,
                event=old["event"],
                statutory=old["statutory"],
                holds_stream=draft.holds_stream,
                media_type=draft.media_type,
                mapping=draft.mapping,
                mapping_version=draft.mapping_version,
                config_version=means.config_version(),
                at=act.at,
                status="held" if protected else "waiting",
                held_reason=HELD_FOR_PROTECTION if protected else None,
            ),
        )
        dispatch.store_content(connection, means.contents, draft, old["message_id"], new, act.at)
        return new


def receiver(directory: Directory, old: RowMapping, target: Endpoint) -> Party:
    """The party that the endpoint's system serves: the delivery's own, or the one that has taken over from it. Raises
    ForbiddenError for any other: a person's data go to no one whom the sender, or the directory, did not name."""
    system = directory.system(target.system)
    party = directory.party(old["receiver_party"])
    for candidate in filter(None, (party.id, party.replaced_by)):
        if candidate == system.party or candidate in system.carries:
            return directory.party(candidate)
    raise ForbiddenError(
        f"{target.id} does not lead to the receiver that the sender named, nor to a party that the directory names in "
        "`replaced_by`: what is about a person is sent to nobody else"
    )


def link(connection: Connection, new: int, old: int, kind: str, at: int) -> None:
    """Remember of which delivery the new one was made."""
    values: dict[str, Any] = {"delivery_id": new, "of_id": old, "kind": kind, "created_at": at}
    connection.execute(insert(tables.delivery_origin).values(values))


def _hand_over(connection: Connection, old: RowMapping, new: int) -> None:
    """What the sender was told of the old one, and when more is to be told, is the new one's from now on."""
    names = ("tell_at", "reported", "reported_at") if old["reported"] is None else ("reported", "reported_at")
    told = {name: old[name] for name in names}
    connection.execute(update(tables.delivery).where(_delivery.id == new).values(told))
    forgotten = {"reported": None, "reported_at": None}
    connection.execute(update(tables.delivery).where(_delivery.id == old["id"]).values(forgotten))


def _require_way(connection: Connection, old: RowMapping, target: Endpoint) -> None:
    """Raise where the message cannot, or need not, go that way."""
    if old["event"] == ACKNOWLEDGEMENT:
        raise ConflictError("an acknowledgement goes to its sender's own address: it cannot be sent by another")
    if target.channel == HOOK:
        raise ConflictError(f"{target.id} takes notifications: no message is sent to it")
    if old["endpoint"] == target.id:
        raise ConflictError(f"delivery {old['id']} goes by {target.id} already: retry it")
    other = tables.delivery.alias("other").c
    ahead = select(
        exists().where(other.stream_id == old["stream_id"], other.blocking, other.sequence < old["sequence"])
    )
    if connection.execute(ahead).scalar_one():
        raise DeliveryStateError(
            f"delivery {old['id']} waits behind an earlier one of the same person: act on that first"
        )
    there = [
        _delivery.message_id == old["message_id"],
        _delivery.endpoint == target.id,
        _delivery.status != "cancelled",
    ]
    if target.mapping is not None:  # a record has one receiver each; of a FHIR message there is one for all units there
        there.append(_delivery.receiver_unit == old["receiver_unit"])
    if connection.execute(select(exists().where(*there))).scalar_one():
        raise ConflictError(f"the message has a delivery by {target.id} already")
