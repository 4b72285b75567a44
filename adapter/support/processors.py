"""On which processors a process computes.

Python computes in one thread at a time: it has one lock, which a thread gives up at each statement and each read of a
socket. Where the threads are spread over several processors, each hand-over wakes another one, and the process takes up
to twice the processor time for the same work (ADR 43).
"""

import os
import secrets
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

_PROCESSES = Path("/proc")


def keep_to_one() -> int | None:
    """Keep this thread, and the threads that it starts from now on, on one of the processors on which it may run, and
    tell which: one of those on which the fewest other processes are kept. None where there is no choice: one processor
    only, a system that cannot do it or does not let us, or a Python without the lock."""
    if not hasattr(os, "sched_setaffinity") or not _has_lock():
        return None
    allowed = os.sched_getaffinity(0)
    if len(allowed) == 1:
        return None
    kept = taken()
    fewest = min(kept[each] for each in allowed)
    chosen = secrets.choice([each for each in allowed if kept[each] == fewest])  # so that not all take the first
    try:
        os.sched_setaffinity(0, {chosen})
    except OSError:
        return None
    return chosen


def _has_lock() -> bool:
    """Python 3.13 and newer can be built without it, and say so."""
    asked = getattr(sys, "_is_gil_enabled", None)
    return asked is None or bool(asked())


def taken() -> Counter[int]:
    """How many processes are kept on each processor alone, of those that can be seen. The kernel's own, which have no
    command line, are kept on all of them."""
    found: Counter[int] = Counter()
    for folder in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            processors = os.sched_getaffinity(int(folder.name))
            if len(processors) == 1 and (folder / "cmdline").read_bytes():
                found.update(processors)
    return found
