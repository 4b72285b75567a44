"""Write transactions of one process on SQLite, which has one write lock and waits for the disk at each commit.

They take turns here, in the order in which they come: SQLite itself lets those that wait try again now and then, and
some of them never get it. What waits together shares one commit, and nobody is told of success before that is on the
disk. Where one of them fails all is undone, and each is done anew by itself: its failure is its own.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from adapter.support.errors import UnavailableError

_Result = TypeVar("_Result")
_TOGETHER_SECONDS = 0.02
"""How long a transaction takes others along: the first of them waits so long for the last."""


@dataclass
class _Job(Generic[_Result]):
    """What somebody waits for. `taken`: it is under way, or ended."""

    work: Callable[[Connection], _Result]
    taken: bool = False
    ended: bool = False
    result: _Result | None = None
    error: BaseException | None = None


class Together:
    """`begin` begins a write transaction, which commits at its end. Who has waited for `seconds` waits no more."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]], seconds: float) -> None:
        self._begin = begin
        self._seconds = seconds
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction that nobody shares. Raises UnavailableError where it had to wait for too long."""
        if not self._turn.acquire(timeout=self._seconds):
            raise UnavailableError("the database is locked for too long")
        try:
            with self._begin() as connection:
                yield connection
        finally:
            self._turn.release()

    def transact(self, work: Callable[[Connection], _Result]) -> _Result:
        """What `work` returns, once it is committed; what it raises, once it is undone. It may be done by another
        thread. Raises as `alone`."""
        job = _Job(work)
        with self._lock:
            self._waiting.append(job)
        while not job.ended:
            if not self._turn.acquire(timeout=self._seconds):
                with self._lock:
                    if job.taken:
                        continue
                    self._waiting.remove(job)
                raise UnavailableError("the database is locked for too long")
            try:
                if not job.ended:
                    self._work_off()
            finally:
                self._turn.release()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]

    def _work_off(self) -> None:
        """Those that wait, the first first, in one transaction."""
        if (first := self._next()) is None:
            return
        taken = [first]
        try:
            self._do(taken)
        except BaseException as error:  # noqa: BLE001 - who waits for it raises it
            if len(taken) > 1 and isinstance(error, Exception):
                self._do_apart(taken)
            else:
                for job in taken:
                    job.error = error
        for job in taken:
            job.ended = True

    def _do(self, taken: list[_Job[Any]]) -> None:
        """The first, and those that wait by then, which become `taken`."""
        with self._begin() as connection:
            until = time.monotonic() + _TOGETHER_SECONDS
            job: _Job[Any] | None = taken[0]
            while job is not None:
                job.result = job.work(connection)
                if (job := self._next() if time.monotonic() < until else None) is not None:
                    taken.append(job)

    def _do_apart(self, jobs: list[_Job[Any]]) -> None:
        for job in jobs:
            try:
                with self._begin() as connection:
                    job.result = job.work(connection)
            except BaseException as error:  # noqa: BLE001 - who waits for it raises it
                job.error = error

    def _next(self) -> _Job[Any] | None:
        with self._lock:
            job = self._waiting.popleft() if self._waiting else None
            if job is not None:
                job.taken = True
            return job
