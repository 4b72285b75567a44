import os
import threading

import httpx
import pytest

from adapter.delivery.channels import http
from adapter.delivery.channels.base import ChannelSettings
from adapter.delivery.channels.lending import Lending


class Transport(httpx.HTTPTransport):
    is_closed = False

    def close(self):
        super().close()
        self.is_closed = True


@pytest.fixture
def transports():
    made = [Transport(trust_env=False) for _ in range(3)]
    yield made
    for transport in made:
        transport.close()


def closed(transports):
    return [transport.is_closed for transport in transports]


def test_the_newest_is_lent(transports):
    first, second, _ = transports
    lending = Lending(first)
    with lending.transport() as transport:
        assert transport is first
    assert not first.is_closed
    lending.replace(second)
    with lending.transport() as transport:
        assert transport is second


def test_a_replaced_one_is_closed_at_once_where_nothing_uses_it(transports):
    lending = Lending(transports[0])
    lending.replace(transports[1])
    lending.replace(transports[2])
    assert closed(transports) == [True, True, False]


def test_a_replaced_one_is_closed_with_its_last_request(transports):
    lending = Lending(transports[0])
    one, other = lending.transport(), lending.transport()
    one.__enter__()
    other.__enter__()
    lending.replace(transports[1])
    one.__exit__(None, None, None)
    assert closed(transports) == [False, False, False]
    other.__exit__(None, None, None)
    assert closed(transports) == [True, False, False]


def test_a_request_that_fails_gives_it_back(transports):
    lending = Lending(transports[0])

    def fail():
        with lending.transport():
            lending.replace(transports[1])
            raise httpx.ReadError("gone")

    with pytest.raises(httpx.ReadError):
        fail()
    assert closed(transports) == [True, False, False]


def test_close_closes_what_is_lent_too(transports):
    lending = Lending(transports[0])
    with lending.transport():
        lending.replace(transports[1])
        lending.close()
        assert closed(transports) == [True, True, False]


def test_renewals_leave_one_transport_open_and_requests_under_way_unharmed(receiver, tmp_path, monkeypatch):
    made = []
    connect = http.HttpSender._connect

    def noted(sender):
        made.append(connect(sender))
        return made[-1]

    monkeypatch.setattr(http.HttpSender, "_connect", noted)
    monkeypatch.setattr(httpx, "HTTPTransport", Transport)
    authority = tmp_path / "ca.pem"
    authority.write_text("watched alone, for the address is not https")
    sender = http.HttpSender(ChannelSettings(id="e", channel="fhir", address=receiver.url, ca_file=authority))
    come, go, answers = threading.Event(), threading.Event(), []

    def answer(handler):
        if len(receiver.requests) == 1:
            come.set()
            go.wait(10)
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.answer = answer
    asking = threading.Thread(target=lambda: answers.append(sender.get(receiver.url, "*/*")))
    asking.start()
    assert come.wait(10)
    for number in range(1, 6):
        os.utime(authority, ns=(number, number))
        assert sender.get(receiver.url, "*/*").status == 200
    assert closed(made) == [False, True, True, True, True, False]
    go.set()
    asking.join()
    assert (answers[0].status, closed(made)) == (200, [True] * 5 + [False])
    sender.close()
    assert all(closed(made))
