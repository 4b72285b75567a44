import os
import threading

import httpx
import pytest

from adapter.delivery.channels import http
from adapter.delivery.channels.base import ChannelSettings
from adapter.delivery.channels.lending import Lending


@pytest.fixture
def clients():
    made = [httpx.Client(trust_env=False) for _ in range(3)]
    yield made
    for client in made:
        client.close()


def closed(clients):
    return [client.is_closed for client in clients]


def test_the_newest_is_lent(clients):
    first, second, _ = clients
    lending = Lending(first)
    with lending.client() as client:
        assert client is first
    assert not first.is_closed
    lending.replace(second)
    with lending.client() as client:
        assert client is second


def test_a_replaced_one_is_closed_at_once_where_nothing_uses_it(clients):
    lending = Lending(clients[0])
    lending.replace(clients[1])
    lending.replace(clients[2])
    assert closed(clients) == [True, True, False]


def test_a_replaced_one_is_closed_with_its_last_request(clients):
    lending = Lending(clients[0])
    one, other = lending.client(), lending.client()
    one.__enter__()
    other.__enter__()
    lending.replace(clients[1])
    one.__exit__(None, None, None)
    assert closed(clients) == [False, False, False]
    other.__exit__(None, None, None)
    assert closed(clients) == [True, False, False]


def test_a_request_that_fails_gives_it_back(clients):
    lending = Lending(clients[0])

    def fail():
        with lending.client():
            lending.replace(clients[1])
            raise httpx.ReadError("gone")

    with pytest.raises(httpx.ReadError):
        fail()
    assert closed(clients) == [True, False, False]


def test_close_closes_what_is_lent_too(clients):
    lending = Lending(clients[0])
    with lending.client():
        lending.replace(clients[1])
        lending.close()
        assert closed(clients) == [True, True, False]


def test_renewals_leave_one_client_open_and_requests_under_way_unharmed(receiver, tmp_path, monkeypatch):
    made = []
    connect = http.HttpSender._connect

    def noted(sender):
        made.append(connect(sender))
        return made[-1]

    monkeypatch.setattr(http.HttpSender, "_connect", noted)
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
