"""The schedule: the steps, their jitter, and how far a receiver may move them."""

from random import Random

import pytest

from adapter.delivery.schedule import DEFAULT, Schedule


def test_steps_then_the_last_for_ever():
    schedule = Schedule(jitter=0.0)
    assert [schedule.wait(step) for step in range(7)] == list(DEFAULT)
    assert schedule.wait(7) == schedule.wait(10_000) == 21_600.0


def test_jitter_stays_within_its_share_and_is_given_by_the_random():
    waits = [Schedule(random=Random(seed)).wait(2) for seed in range(200)]
    assert min(waits) >= 96.0
    assert max(waits) <= 144.0
    assert max(waits) - min(waits) > 40.0
    assert Schedule(random=Random(3)).wait(2) == Schedule(random=Random(3)).wait(2)


@pytest.mark.parametrize(
    ("asked", "given"), [(0.0, 5.0), (1.0, 5.0), (60.0, 60.0), (21_600.0, 21_600.0), (10.0**9, 21_600.0)]
)
def test_retry_after_is_honoured_within_bounds(asked: float, given: float):
    assert Schedule(jitter=0.0).wait(3, asked) == given


def test_jitter_never_comes_before_what_was_asked_nor_after_six_hours():
    for seed in range(100):
        schedule = Schedule(random=Random(seed))
        assert 60.0 <= schedule.wait(0, 60.0) <= 72.0
        assert schedule.wait(0, 21_600.0) == 21_600.0


@pytest.mark.parametrize(("steps", "jitter"), [((), 0.2), ((-1.0,), 0.2), ((1.0,), 1.0), ((1.0,), -0.1)])
def test_a_schedule_that_makes_no_sense_is_refused(steps: tuple[float, ...], jitter: float):
    with pytest.raises(ValueError):
        Schedule(steps, jitter)
