"""What a reload leaves alone, and what it hands over.

What `lasting` marks lives as long as the process. Everything else follows the directory, its routes, the mappings and
the feeds: a reload makes it anew beside the old one, which those who have begun with it keep to their end.
"""

import time
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from adapter.delivery.channels.base import Channel

if TYPE_CHECKING:
    from adapter.wiring.adapter import Adapter

Part = TypeVar("Part")
_RETIRED_SECONDS = 900.0
"""How long a channel that a reload has replaced stays open: no attempt takes as long."""


class lasting(cached_property[Part]):  # noqa: N801 - used as a decorator, as cached_property is
    """A part that a reload leaves alone."""


class Running:
    """What the worker asks, which outlives a reload: the installation in force and its channels. Those that were in
    force stay open for what is being sent over them."""

    def __init__(self, adapter: "Adapter") -> None:
        self._now: tuple[Adapter, dict[str, Channel]] = adapter, {}
        self._retired: list[tuple[float, dict[str, Channel]]] = []

    @property
    def adapter(self) -> "Adapter":
        return self._now[0]

    def channel(self, endpoint_id: str) -> Channel | None:
        """The channel to an endpoint, made once; None for an endpoint that the directory no longer has."""
        adapter, opened = self._now
        if endpoint_id not in opened and (made := adapter.open_channel(endpoint_id)) is not None:
            opened[endpoint_id] = made
        return opened.get(endpoint_id)

    def hand_over(self, adapter: "Adapter") -> None:
        now = time.monotonic()
        self._close([each for each in self._retired if now - each[0] > _RETIRED_SECONDS])
        self._retired = [each for each in self._retired if now - each[0] <= _RETIRED_SECONDS] + [(now, self._now[1])]
        self._now = adapter, {}

    def close(self) -> None:
        self._close([*self._retired, (0.0, self._now[1])])

    def _close(self, ended: list[tuple[float, dict[str, Channel]]]) -> None:
        for _, opened in ended:
            for channel in opened.values():
                channel.close()
