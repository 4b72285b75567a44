"""Runs the feeds that are not HTTP beside the server: listeners for MLLP, folders that are looked into, and what stays
still wait for."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from adapter.exchange.feeds import silence
from adapter.feeds.model import Feed
from adapter.support.errors import AdapterError
from adapter.web import folders, limits
from adapter.web.folders import PartnerFolder
from adapter.web.inbox import Inbox
from adapter.web.looking import Folder, Looking, guarded
from adapter.web.mllp import Door, Listener
from adapter.web.stumbling import Stumbling

if TYPE_CHECKING:
    from adapter.wiring import Adapter

log = logging.getLogger("adapter.feeds")

_CATCH_UP_SECONDS = 10.0
_REFUSED_KEPT = 20
"""Turned-away blocks a minute that are kept: a broken sender shows itself in a few."""


class Feeding:
    """The feeds of one adapter. It listens from its making. Raises AdapterError where a feed's address, certificate or
    folder cannot be used."""

    def __init__(self, adapter: "Adapter") -> None:
        settings = adapter.settings.server
        self._adapter = adapter
        self._most_bytes = settings.max_message_bytes
        self._executor = ThreadPoolExecutor(settings.threads, "feed")
        self._budget, self._counting = limits.Budget(_REFUSED_KEPT, timedelta(minutes=1)), threading.Lock()
        self._door = Door(lambda: self._adapter.feed_intake, self._executor, self._most_bytes, self._refused)
        self._folders = self._looking(adapter, {})
        self.listeners = self._listening(adapter, {})
        self._stopped = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._threads = [
            threading.Thread(target=self._catch_up, name="feed", daemon=True),
            threading.Thread(target=self._loop.run_forever, name="feed mllp", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        for folder in self._folders.values():
            folder.start()
        self._each(self.listeners.values(), Listener.start)

    def stop(self) -> None:
        """End what `start` began, after what is under way."""
        self._stopped.set()
        for folder in self._folders.values():
            folder.stop()
        self._each(self.listeners.values(), Listener.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        for thread in self._threads:
            thread.join()
        for folder in self._folders.values():
            folder.join()
        self._loop.close()
        self._executor.shutdown()

    def prepare(self, adapter: "Adapter") -> Callable[[], None]:
        """Opens what the feeds of another adapter need; what is returned puts them in force, and ends the others after
        what is under way. Raises AdapterError where an address, certificate or folder cannot be used: then nothing has
        changed."""
        _ = adapter.feed_intake
        folders = self._looking(adapter, self._folders)
        listeners = self._listening(adapter, self.listeners)

        def commit() -> None:
            before, self.listeners = self.listeners, listeners
            gone = [each for name, each in before.items() if name not in listeners]
            self._each(gone, Listener.stop)
            replaced, self._adapter, self._folders = self._folders, adapter, folders
            for each in replaced.values():
                each.stop()
            for each in folders.values():
                each.start()
            for name, listener in listeners.items():
                listener.feed = adapter.feeds[name]
            self._each([each for name, each in listeners.items() if before.get(name) is not each], Listener.start)
            self._each([each for name, each in before.items() if listeners.get(name, each) is not each], Listener.stop)

        return commit

    def _looking(self, adapter: "Adapter", before: Mapping[str, Looking]) -> dict[str, Looking]:
        """Who looks into which folder, by what it is; each begins when the one before it has ended."""
        found: dict[str, Folder] = {}
        for feed in (feed for feed in adapter.feeds.values() if feed.protocol == "folder"):
            about = f"feed/{feed.id}"
            stumbling = Stumbling(about, adapter.database, adapter.clock)
            found[about] = Inbox(feed, adapter.feed_intake, self._most_bytes, stumbling)
        for inbox in adapter.directory.inboxes.values():
            found[f"inbox/{inbox.id}"] = PartnerFolder(inbox, adapter, self._most_bytes)
        return {about: Looking(folder, before.get(about)) for about, folder in found.items()}

    def _listening(self, adapter: "Adapter", before: Mapping[str, Listener]) -> dict[str, Listener]:
        """A listener for each feed over MLLP; one of those before goes on where it suits."""
        found: dict[str, Listener] = {}
        try:
            for feed in (feed for feed in adapter.feeds.values() if feed.protocol == "mllp"):
                old = before.get(feed.id)
                found[feed.id] = old if old is not None and old.suits(feed) else Listener(feed, self._door, old)
        except AdapterError:
            for name, listener in found.items():
                if listener is not before.get(name):
                    listener.close()
            raise
        return found

    def _each(self, listeners: Iterable[Listener], act: Callable[[Listener], Coroutine[Any, Any, None]]) -> None:
        """Do it to all of them at the same time, on their event loop."""
        for done in [asyncio.run_coroutine_threadsafe(act(listener), self._loop) for listener in listeners]:
            done.result()

    def _catch_up(self) -> None:
        """What stays wait for, and feeds that have fallen silent; and what is told of folders that are no more."""
        known: object = None
        while not self._stopped.is_set():
            if known is not self._adapter:
                known = self._adapter
                guarded(lambda: folders.forget_removed(self._adapter))
            guarded(self._adapter.feed_intake.catch_up)
            guarded(self._watch)
            self._stopped.wait(_CATCH_UP_SECONDS)

    def _watch(self) -> None:
        adapter = self._adapter
        silence.watch(adapter.database, adapter.feeds, adapter.clock.now())

    def _refused(self, feed: Feed, status: int, words: str, size: int) -> None:
        adapter = self._adapter
        with self._counting:
            if not self._budget.take(adapter.clock.now()):
                return
        adapter.exchange.refuse(
            status,
            "structure" if status == 400 else "too-long" if status == 413 else "timeout",
            words,
            size=size,
            sha256=limits.fingerprint(b"").sha256,
            request_id="mllp",
            source=f"feed:{feed.id}",
            principal=adapter.feed_intake.principal(feed),
        )
