"""A process keeps itself on one processor, and away from those on which others are kept."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from adapter.support import processors

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) == 1, reason="needs a choice of processors"
)

_KEPT = """
import os, sys, threading
from adapter.support import processors
allowed = {int(each) for each in sys.argv[1].split(",")}
os.sched_setaffinity(0, allowed)
kept = processors.keep_to_one()
seen = []
thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
thread.start()
thread.join()
print(kept, *sorted(os.sched_getaffinity(0)), *sorted(seen[0]), flush=True)
sys.stdin.read()
"""


def kept(allowed: set[int]) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", _KEPT, ",".join(map(str, allowed))]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def two() -> set[int]:
    return set(sorted(os.sched_getaffinity(0))[:2])


@pytest.fixture
def first(two: set[int]) -> Iterator[tuple[int, list[int]]]:
    """What one of them tells, and is kept on while the test runs."""
    process = kept(two)
    with process:
        assert process.stdout is not None
        on, *seen = map(int, process.stdout.readline().split())
        yield on, seen
        assert process.stdin is not None
        process.stdin.close()


def test_the_process_and_the_threads_it_starts_are_kept_on_one(two: set[int], first: tuple[int, list[int]]):
    on, seen = first
    assert on in two
    assert seen == [on, on]


def test_those_that_are_kept_on_one_are_counted(first: tuple[int, list[int]]):
    assert processors.taken()[first[0]] >= 1


def test_the_one_with_the_fewest_is_taken(monkeypatch: pytest.MonkeyPatch):
    allowed = os.sched_getaffinity(0)
    free = max(allowed)
    kept_on: list[set[int]] = []
    monkeypatch.setattr(processors, "taken", lambda: Counter(allowed - {free}))
    monkeypatch.setattr(os, "sched_setaffinity", lambda _process, those: kept_on.append(those))
    assert {processors.keep_to_one() for _ in range(20)} == {free}
    assert kept_on == [{free}] * 20


def test_nothing_is_done_where_there_is_no_choice():
    with kept({min(os.sched_getaffinity(0))}) as process:
        said, _ = process.communicate("")
    assert said.startswith("None")


def test_nothing_is_done_by_a_python_without_the_lock(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    before = os.sched_getaffinity(0)
    assert processors.keep_to_one() is None
    assert os.sched_getaffinity(0) == before


def test_nothing_is_done_where_the_system_cannot(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "sched_setaffinity")
    assert processors.keep_to_one() is None
