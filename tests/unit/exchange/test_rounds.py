"""Threads beside the server or the worker: they go on after a fault, and end after the step that is under way."""

import threading

import pytest

from adapter.exchange.rounds import Rounds, running
from adapter.support.errors import UnavailableError


def test_a_fault_ends_nothing_and_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    seen, enough = list[int](), threading.Event()

    def step() -> bool:
        seen.append(1)
        if len(seen) == 2:
            raise UnavailableError("away")
        if len(seen) == 3:
            raise ValueError("Ada Ek")
        if len(seen) > 5:
            enough.set()
        return len(seen) == 1

    with running([Rounds("replays", step, 0.001, after_a_fault=0.001)]):
        assert enough.wait(60)
    assert caplog.messages == ["replays wait: the store does not answer", "replays cannot go on"]
    stopped = len(seen)
    assert not any(thread.name == "replays" for thread in threading.enumerate())
    assert len(seen) == stopped


def test_after_a_step_that_did_something_it_pauses_and_else_it_waits() -> None:
    done = Rounds("x", lambda: True, 7.0, pause=0.5)
    idle = Rounds("x", lambda: False, 7.0, pause=0.5)
    assert (done._round(), idle._round()) == (0.5, 7.0)
