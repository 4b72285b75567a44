import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request

from adapter.web.limits import Budget, TooLarge, TooSlow, fingerprint, read


def request(chunks, length=None, stalls=False):
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    taken = []

    async def receive():
        if stalls and len(messages) == 1:
            await asyncio.sleep(60)
        taken.append(messages.pop(0))
        return taken[-1]

    headers = [] if length is None else [(b"content-length", length.encode())]
    made = Request({"type": "http", "headers": headers}, receive)
    made.state.taken = taken
    return made


def test_a_body_of_exactly_the_limit_is_read():
    assert asyncio.run(read(request([b"ab", b"cd"]), 4)) == b"abcd"
    assert asyncio.run(read(request([]), 0)) == b""


def test_a_declared_size_over_the_limit_is_refused_before_a_byte_is_read():
    asked = request([b"abcde"], "5")
    with pytest.raises(TooLarge) as caught:
        asyncio.run(read(asked, 4))
    assert (caught.value.seen, caught.value.size) == (b"", 5)
    assert asked.state.taken == []


@pytest.mark.parametrize("length", [None, "1", "x", "-1", "²"])
def test_what_arrives_is_counted_whatever_was_declared(length):
    asked = request([b"abc", b"de", b"never"], length)
    with pytest.raises(TooLarge) as caught:
        asyncio.run(read(asked, 4))
    assert (caught.value.seen, caught.value.size) == (b"abcde", 5)
    assert len(asked.state.taken) == 2


def test_a_body_that_stalls_is_given_up():
    with pytest.raises(TooSlow):
        asyncio.run(read(request([b"abc"], stalls=True), 10, seconds=0.01))


def test_a_fingerprint_is_size_and_hash():
    assert fingerprint(b"abc").sha256 == hashlib.sha256(b"abc").hexdigest()
    assert (fingerprint(b"abc").size, fingerprint(b"", 5).size) == (3, 5)


def test_a_budget_gives_so_many_in_any_span_and_no_more():
    start = datetime(2026, 3, 2, tzinfo=UTC)
    budget = Budget(2, timedelta(minutes=1))
    seconds = (0, 30, 31, 59, 60, 61, 90, 91)
    assert [budget.take(start + timedelta(seconds=second)) for second in seconds] == [
        True, True, False, False, True, False, True, False,
    ]  # fmt: skip
