"""Durations as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.support import durations


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("5s", timedelta(seconds=5)),
        ("0.5s", timedelta(milliseconds=500)),
        ("2 min", timedelta(minutes=2)),
        ("6h", timedelta(hours=6)),
        ("3d", timedelta(days=3)),
        ("0s", timedelta(0)),
    ],
)
def test_forms(text: str, duration: timedelta) -> None:
    assert durations.parse(text) == duration


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "-5s", "5sec", "1h30min", "s", "5s\n", "٥s" + "x", "9" * 300 + "s", 5, None]
)
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        durations.parse(text)


@pytest.mark.parametrize("text", ["3661d", "999999999999999999h", "99999999999999999d"])
def test_endless_ones_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ten years"):
        durations.parse(text)


@given(st.integers(min_value=0, max_value=3660 * 86_400_000))
def test_what_is_written_is_read_again(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert durations.parse(durations.write(duration)) == duration
