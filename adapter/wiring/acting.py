"""What acts on deliveries: with the parts that it asks for only once somebody acts."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from adapter.delivery.channels.base import Check
from adapter.exchange.acts import Means
from adapter.exchange.operations import Operations
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.repair import chosen, map_again, needs_mapping
from adapter.security.principals import Principal

if TYPE_CHECKING:
    from adapter.wiring.adapter import Adapter


def means(adapter: "Adapter") -> Means:
    return Means(
        contents=adapter.contents,
        directory=lambda: adapter.directory,
        mappings=lambda: adapter.mappings,
        validator=lambda: adapter.message_validator,
        config_version=lambda: adapter.config_version,
    )


def operations(adapter: "Adapter") -> Operations:
    def mend(connection: Connection, delivery_id: int, at: int, folder: Path | None) -> None:
        contents = adapter.contents
        if folder is None and not needs_mapping(connection, contents, delivery_id):
            return
        directory = adapter.directory
        mappings = chosen(folder, connection, directory, delivery_id) if folder else adapter.mappings
        map_again(connection, contents, directory, mappings, delivery_id, at, Outgoing(adapter.message_validator))

    def configured(endpoint: str) -> bool:
        known = adapter.directory_if_read
        return known is not None and endpoint in known.endpoints

    return Operations(adapter.database, adapter.clock, adapter.wake, mend, configured)


def test_endpoint(adapter: "Adapter", principal: Principal, endpoint: str) -> Check:
    """Call an endpoint without sending a message. Raises NotFoundError for one that cannot be called."""
    known = adapter.directory.endpoints.get(endpoint)
    channel = None if known is None or known.pulled else adapter.running.channel(endpoint)
    return adapter.operations.test(principal, endpoint, channel)
