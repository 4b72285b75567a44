"""What the adapter's own store says of the play: each message on its way to each receiver, and every attempt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapter.exchange.records import AttemptRow, DeliveryDetail, MessageDetail, MessageRow
from adapter.exchange.views import MAX_PAGE, Views
from adapter.sandbox.authoring.scenario import Role
from adapter.security.principals import LOCAL_OPERATOR

_FINAL = frozenset({"done", "dead", "cancelled"})


@dataclass(frozen=True)
class Leg:
    """One message to one receiver. `answers` is the header id of the message that it answers; `business` what its
    receiver has answered to it: (event, Task statuses). Instants are aware UTC."""

    delivery_id: int
    header_id: str
    event: str
    sender: Role
    receiver: Role
    answers: str | None
    status: str
    acknowledgement: str | None
    attempts: tuple[AttemptRow, ...]
    words: str | None
    received_at: datetime
    delivered_at: datetime | None
    business: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def final(self) -> bool:
        return self.status in _FINAL

    @property
    def arrived(self) -> bool:
        return self.status == "done" and self.acknowledgement == "ok"


class Legs:
    """Reads the store through the views, beside the running adapter. What is final is not read again."""

    def __init__(self, views: Views, roles: Mapping[str, Role]) -> None:
        """`roles` leads from HSA-ids to the roles of the journey."""
        self._views = views
        self._roles = roles
        self._finished: dict[int, MessageDetail] = {}

    def read(self) -> list[Leg]:
        """Every leg, in the order in which the adapter accepted them."""
        rows = sorted(self._rows("accepted"), key=lambda row: row.id)
        senders = {row.id: self._roles.get(row.sender_unit or "") for row in rows}
        return [leg for row in rows for leg in self._legs(row, senders)]

    def refused(self) -> list[MessageDetail]:
        """The messages that the adapter did not accept, in the order in which they came."""
        return [self._detail(row.id) for row in sorted(self._rows("rejected"), key=lambda row: row.id)]

    def _rows(self, status: str) -> list[MessageRow]:
        return list(self._views.messages(LOCAL_OPERATOR, status=status, limit=MAX_PAGE).rows)

    def _legs(self, row: MessageRow, senders: Mapping[int, Role | None]) -> Iterator[Leg]:
        detail = self._detail(row.id)
        for delivery in detail.deliveries:
            sender, receiver = senders[row.id], self._roles.get(delivery.row.receiver_unit or "")
            if sender is not None and receiver is not None:
                business = tuple(
                    (answer.event, answer.statuses)
                    for answer in row.answers
                    if senders.get(answer.message_id) == receiver
                )
                yield _leg(detail, delivery, sender, receiver, business)

    def _detail(self, message_id: int) -> MessageDetail:
        if message_id in self._finished:
            return self._finished[message_id]
        detail = self._views.message(LOCAL_OPERATOR, message_id)
        if all(delivery.row.status in _FINAL for delivery in detail.deliveries):
            self._finished[message_id] = detail
        return detail


def _leg(
    detail: MessageDetail,
    delivery: DeliveryDetail,
    sender: Role,
    receiver: Role,
    business: tuple[tuple[str, tuple[str, ...]], ...],
) -> Leg:
    return Leg(
        delivery_id=delivery.row.id,
        header_id=detail.header_id or "",
        event=delivery.row.event,
        sender=sender,
        receiver=receiver,
        answers=detail.answers_header_id,
        status=delivery.row.status,
        acknowledgement=delivery.row.acknowledgement,
        attempts=delivery.attempts,
        words=delivery.words,
        received_at=detail.row.received_at,
        delivered_at=delivery.row.delivered_at,
        business=business,
    )
