"""Threads that look into folders, one each: a share that hangs, or many large files, keep no other folder waiting."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from adapter.support.errors import AdapterError, UnavailableError

log = logging.getLogger("adapter.feeds")


class Folder(Protocol):
    """What is looked into every so many seconds."""

    every: float

    def look(self) -> int: ...


class Looking:
    """Looks into one folder until it is stopped; where another looked into the same before, after that has ended."""

    def __init__(self, folder: Folder, before: "Looking | None" = None) -> None:
        self._folder = folder
        self._before = before
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="folder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Not to begin anew. What is under way goes on: `join` waits for it."""
        self._stopped.set()

    def join(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        if self._before is not None:
            self._before.join()
            self._before = None
        while not self._stopped.is_set():
            guarded(self._folder.look)
            self._stopped.wait(self._folder.every)


def guarded(task: Callable[[], object]) -> None:
    """One that fails must not end the thread: it is tried again."""
    try:
        task()
    except UnavailableError:
        log.warning("feeds wait: the store does not answer")
    except OSError as error:
        log.warning("feeds: %s", error.strerror or type(error).__name__)  # its words would name the file
    except AdapterError as error:
        log.warning("feeds: %s", error)
    except Exception:
        log.exception("feeds failed")
