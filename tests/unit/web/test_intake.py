"""Room for bodies: places by size, what is large one at a time, and its memory given back."""

import asyncio
import threading
import time
from contextlib import AsyncExitStack, ExitStack
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from adapter.security.principals import Principal, Right
from adapter.web import intake as module
from adapter.web.errors import Refused
from adapter.web.intake import Intake

MOST = 30
CALLER = Principal("a", "region", frozenset(), frozenset({Right.SEND}))


@pytest.fixture
def made(monkeypatch):
    """Makes an intake with two threads, eight places, and ten bytes for each."""
    monkeypatch.setattr(module, "_PLACE_BYTES", 10)
    monkeypatch.setattr(module, "_WAITING_PER_THREAD", 4)
    server = SimpleNamespace(max_message_bytes=MOST, threads=2)
    adapter = SimpleNamespace(exchange=None, settings=SimpleNamespace(server=server))
    return lambda: Intake(adapter)


def request(length):
    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(("length", "fit"), [(0, 8), (10, 8), (11, 4), (MOST, 2), (None, 2), (10**9, 2)])
def test_a_body_takes_as_many_places_as_it_fills(made, length, fit):
    async def run():
        intake = made()
        async with AsyncExitStack() as inside:
            for _ in range(fit):
                await inside.enter_async_context(intake.place(request(length)))
            with pytest.raises(Refused) as refused:
                await inside.enter_async_context(intake.place(request(length)))
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
        async with intake.place(request(length)):  # all were left again
            pass

    asyncio.run(run())


@pytest.mark.parametrize(("length", "fit"), [(10, 4), (20, 2), (MOST, 1), (None, 1)])
def test_a_party_reads_half_of_what_there_is_room_for(made, length, fit):
    intake = made()
    with ExitStack() as coming:
        for _ in range(fit):
            coming.enter_context(intake.reading(CALLER, request(length)))
        with pytest.raises(Refused):
            coming.enter_context(intake.reading(CALLER, request(length)))
    with intake.reading(CALLER, request(length)):  # all have come
        pass


def test_the_largest_body_has_room_where_there_are_few_places(made, monkeypatch):
    monkeypatch.setattr(module, "_WAITING_PER_THREAD", 1)

    async def run():
        intake = made()
        async with intake.place(request(MOST)):
            with intake.reading(CALLER, request(MOST)):
                return True

    assert asyncio.run(run())


def test_large_bodies_are_worked_on_one_at_a_time_and_small_ones_beside_them(made, monkeypatch):
    given_back, at_once, most = [], 0, 0
    small_done = threading.Event()
    monkeypatch.setattr(module.memory, "give_back", lambda: given_back.append(at_once))

    def large():
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        assert small_done.wait(10)
        time.sleep(0.02)
        at_once -= 1

    async def run():
        intake = made()
        waiting = [asyncio.create_task(intake.work(large, size=11)) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert await intake.work(lambda: "small", size=10) == "small"
        assert given_back == []
        small_done.set()
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert most == 1
    assert given_back == [0, 0, 0]


def test_memory_is_given_back_after_what_fails_too(made, monkeypatch):
    given_back = []
    monkeypatch.setattr(module.memory, "give_back", lambda: given_back.append(True))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(made().work(lambda: 1 / 0, size=11))
    assert given_back == [True]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/fhir/$process-message", "application/fhir+json"),
        ("/fhir/$validate", "application/fhir+json"),
        ("/partners/lifecare/messages", "application/xml"),
    ],
)
def test_each_door_says_how_large_a_body_is(site, monkeypatch, path, media_type):
    given_back = []
    monkeypatch.setattr(module, "_PLACE_BYTES", 100)
    monkeypatch.setattr(module.memory, "give_back", lambda: given_back.append(True))
    for body, count in ((b"{}", 0), (b"{" + b" " * 100 + b"}", 1)):
        site.post(path, body, media_type)
        assert len(given_back) == count
