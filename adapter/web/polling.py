"""Fetches plans of others beside the server, where the settings name sources; follows a reload."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapter.wiring import Adapter


class Polling:
    """The poller of one process. Raises ConfigurationError where a source's settings do not fit the directory."""

    def __init__(self, adapter: "Adapter") -> None:
        self._poller = adapter.plan_poller

    def start(self) -> None:
        self._poller.start()

    def stop(self) -> None:
        """End what `start` began, after the request that is under way."""
        self._poller.stop()

    def prepare(self, adapter: "Adapter") -> Callable[[], None]:
        """Make ready for another configuration; what is returned puts it in force."""
        sources, version = adapter.plan_sources, adapter.config_version
        return lambda: self._poller.renew(sources, version)
