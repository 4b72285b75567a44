"""Plain data as JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.support import plain_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_written_reads_back(value: Any) -> None:
    assert json.loads(plain_json.dumps(value)) == value
    assert plain_json.text(value) == plain_json.dumps(value).decode()


def test_numbers_of_more_than_64_bits_are_written() -> None:
    assert plain_json.dumps({"å": 2**100}) == json.dumps({"å": 2**100}).encode()


def test_half_a_character_is_kept() -> None:
    assert json.loads(plain_json.text(["\ud800"])) == ["\ud800"]


@pytest.mark.parametrize("value", [{1}, datetime(2026, 1, 1, tzinfo=UTC)])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        plain_json.dumps({"a": value})
