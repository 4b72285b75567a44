import ctypes
import platform
from pathlib import Path

import pytest

from adapter.support import memory

BLOCK, BLOCKS = 32 * 1024, 2000


def resident():
    line = next(each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc_trim is glibc's: elsewhere nothing is done")
def test_what_lies_under_something_small_is_given_back():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    memory.give_back()
    blocks = [libc.malloc(BLOCK) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK)
    for block in blocks[:-1]:
        libc.free(block)
    kept = resident()
    memory.give_back()
    assert kept - resident() > BLOCK * BLOCKS / 2
    libc.free(blocks[-1])


def test_another_c_library_is_left_alone(monkeypatch):
    memory._trim.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    memory.give_back()
    memory._trim.cache_clear()
