"""Forks of this process that work side by side, each bounded in processor and memory."""

import gc
import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

How = Literal["ended", "looped", "lost"]
"""What became of a fork: it ended; used up the processor time that `bounded` gave a part of its work; or was lost, to
the machine or an error of this program, which says nothing of its work."""

_MEMORY = 4 << 30
_WALL = 900.0
"""Seconds after which a fork that a busy machine does not let finish is given up."""


@dataclass
class _Child:
    pid: int
    reading: int
    until: float
    done: Callable[[How, bytes], None]
    written: bytearray = field(default_factory=bytearray)

    def read(self) -> None:
        with suppress(BlockingIOError):
            while more := os.read(self.reading, 1 << 16):
                self.written += more


class Forks:
    """At most `jobs` forks at once, each of which writes what it found to a pipe."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._children: list[_Child] = []

    def start(self, work: Callable[[], bytes], done: Callable[[How, bytes], None]) -> None:
        """Runs `work` in a fork; `done` gets what became of it, and what it returned."""
        while len(self._children) >= self._jobs:
            self._look()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _quiet()
            try:
                written = work()
                while written:
                    written = written[os.write(writing, written) :]
                os._exit(0)
            finally:
                os._exit(1)  # where it raised: a fork must not go on as its parent
        os.close(writing)
        os.set_blocking(reading, False)
        self._children.append(_Child(pid, reading, time.monotonic() + _WALL, done))

    def wait(self) -> None:
        """Waits for all of them."""
        while self._children:
            self._look()

    def _look(self) -> None:
        for child in list(self._children):
            child.read()
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                if time.monotonic() > child.until:
                    os.kill(child.pid, signal.SIGKILL)
                continue
            child.read()
            os.close(child.reading)
            self._children.remove(child)
            child.done(_how(status), bytes(child.written))
        time.sleep(0.002)


def bounded(seconds: float) -> None:
    """Gives what comes next so many seconds of this process's processor time, after which it ends as "looped". A busy
    machine does not use them up: waiting is not counted."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _how(status: int) -> How:
    if status == 0:
        return "ended"
    return "looped" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF else "lost"


def _quiet() -> None:
    gc.disable()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
