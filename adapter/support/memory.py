"""Memory back to the system after something large."""

import ctypes
from functools import cache
from typing import Any


def give_back() -> None:
    """Return what was freed. glibc keeps it, in an arena for each of several threads, for as long as something small
    lies above it: after a few large bodies that is several times what the process needs. Does nothing elsewhere."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    """glibc's malloc_trim; None where the C library is another."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):
        return None
