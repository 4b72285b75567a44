"""Runs the feeds that are not HTTP beside the server: listeners for MLLP, folders that are looked into, and what stays
still wait for."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from adapter.feeds.model import Feed
from adapter.support.errors import AdapterError, UnavailableError
from adapter.web import limits
from adapter.web.inbox import Inbox
from adapter.web.mllp import Door, Listener

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
        self._adapter = adapter
        self._intake = adapter.feed_intake
        self._executor = ThreadPoolExecutor(adapter.settings.server.threads, "feed")
        self._budget, self._counting = limits.Budget(_REFUSED_KEPT, timedelta(minutes=1)), threading.Lock()
        most_bytes = adapter.settings.server.max_message_bytes
        door = Door(self._intake, self._executor, most_bytes, self._refused)
        feeds = adapter.feeds.values()
        self._inboxes = [Inbox(feed, self._intake, most_bytes) for feed in feeds if feed.protocol == "folder"]
        self.listeners = {feed.id: Listener(feed, door) for feed in feeds if feed.protocol == "mllp"}
        self._stopped = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._threads = [threading.Thread(target=self._look, name="feed folders", daemon=True)]
        if self.listeners:
            self._threads.append(threading.Thread(target=self._loop.run_forever, name="feed mllp", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        for listener in self.listeners.values():
            asyncio.run_coroutine_threadsafe(listener.start(), self._loop).result()

    def stop(self) -> None:
        """End what `start` began, after what is under way."""
        self._stopped.set()
        for listener in self.listeners.values():
            asyncio.run_coroutine_threadsafe(listener.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        for thread in self._threads:
            thread.join()
        self._loop.close()
        self._executor.shutdown()

    def _look(self) -> None:
        """Look into each folder when it is due, and after what waits."""
        due = dict.fromkeys(self._inboxes, 0.0)
        catch_up = 0.0
        while not self._stopped.is_set():
            now = time.monotonic()
            for inbox in [inbox for inbox, at in due.items() if at <= now]:
                self._guarded(inbox.look)
                due[inbox] = time.monotonic() + inbox.every
            if catch_up <= now:
                self._guarded(self._intake.catch_up)
                catch_up = time.monotonic() + _CATCH_UP_SECONDS
            self._stopped.wait(max(0.01, min([catch_up, *due.values()]) - time.monotonic()))

    def _guarded(self, task: Callable[[], object]) -> None:
        """One that fails must not end the thread: it is tried again."""
        try:
            task()
        except UnavailableError:
            log.warning("feeds wait: the store does not answer")
        except (AdapterError, OSError) as error:
            log.warning("feeds: %s", error)
        except Exception:
            log.exception("feeds failed")

    def _refused(self, feed: Feed, status: int, words: str, size: int) -> None:
        with self._counting:
            if not self._budget.take(self._adapter.clock.now()):
                return
        self._adapter.exchange.refuse(
            status,
            "structure" if status == 400 else "too-long" if status == 413 else "timeout",
            words,
            size=size,
            sha256=limits.fingerprint(b"").sha256,
            request_id="mllp",
            source=f"feed:{feed.id}",
            principal=self._intake.principal(feed),
        )
