"""One delivery sent once more: a dead letter at its old place, what has arrived as a delivery of its own."""

from typing import Any

from sqlalchemy import Connection, RowMapping, select

from adapter.delivery import outbox
from adapter.delivery.outbox import DeliveryStateError, NewDelivery
from adapter.exchange import consents, expunge, repair
from adapter.exchange.acts import Means, is_protected, locked
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.redirect import link
from adapter.store import tables
from adapter.support.errors import MappingError


class Again:
    """Sends deliveries again in the caller's transaction."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def send(self, connection: Connection, delivery_id: int, at: int, *, anew: bool) -> tuple[str, int | None]:
        """(`retried`, None) for the delivery itself, (`replayed`, its number) for a new one. `anew`: mapped as things
        are configured now, else the bytes as they were stored. Raises AdapterError where it cannot be.

        What waits may have arrived: its bytes stay as they are.
        """
        row = locked(connection, delivery_id, "dead", "waiting", "done", act="sent again")
        patient_id = _stream(connection, row["stream_id"]).patient_id
        if is_protected(connection, patient_id):
            raise DeliveryStateError(f"delivery {delivery_id} is about a protected person: a person looks at each")
        if row["status"] == "done":
            expunge.require_kept(connection, row["message_id"])
            consents.require(connection, delivery_id, row["message_id"])
            return "replayed", self._as_new(connection, row, patient_id, at, anew=anew)
        outbox.retry(connection, delivery_id, at)
        if row["status"] == "dead":
            self._mend(connection, delivery_id, at, anew=anew)
        return "retried", None

    def _as_new(self, connection: Connection, row: RowMapping, patient_id: int, at: int, *, anew: bool) -> int:
        kept = (
            *("endpoint", "receiver_party", "receiver_unit", "event", "statutory", "holds_stream", "media_type"),
            "header_id",  # what the adapter wrote itself is acknowledged by its own id
        )
        new = outbox.enqueue(
            connection,
            NewDelivery(
                message_id=row["message_id"],
                patient_id=patient_id,
                config_version=row["config_version"],
                mapping=row["mapping"],
                mapping_version=row["mapping_version"],
                at=at,
                stream=_stream(connection, row["stream_id"]).receiver,
                **{name: row[name] for name in kept},
            ),
        )
        link(connection, new, row["id"], "replay", at)
        stored = self._means.contents.of_delivery(connection, row["id"], "mapped")
        if anew:
            self._mend(connection, new, at, anew=True)
        elif stored is None:
            raise MappingError(f"what delivery {row['id']} sent is no longer kept: replay it mapped anew")
        else:
            self._means.contents.add(
                connection,
                message_id=row["message_id"],
                delivery_id=new,
                stage="mapped",
                media_type=stored.media_type,
                body=stored.body,
                at=at,
            )
        return new

    def _mend(self, connection: Connection, delivery_id: int, at: int, *, anew: bool) -> None:
        means = self._means
        if not anew:
            if repair.needs_mapping(connection, means.contents, delivery_id):
                raise MappingError(f"delivery {delivery_id} was never mapped: replay it mapped anew")
            return
        parts = (means.contents, means.directory(), means.mappings(), delivery_id, at, Outgoing(means.validator()))
        repair.map_again(connection, *parts)


def _stream(connection: Connection, stream_id: int) -> Any:
    stream = tables.stream.c
    query = select(stream.patient_id, stream.receiver).where(stream.id == stream_id)
    return connection.execute(query).one()
