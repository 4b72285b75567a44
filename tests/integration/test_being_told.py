"""A whole installation tells a person: from a message, or from time that passes, to a call at a recipient's."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from adapter.exchange.alerts.sending import Alerting
from adapter.exchange.alerts.wording import House
from adapter.store import tables
from adapter.support.alerting import Alerts
from adapter.support.clock import ManualClock, SystemClock
from tests.integration.conftest import Installation


class Hook(ThreadingHTTPServer):
    alerts: list[dict[str, Any]]


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            server.alerts.extend(body["data"]["alerts"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = Hook(("127.0.0.1", 0), Handler)
    server.alerts = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def told(installation: Installation, hook: Hook) -> Callable[[], list[tuple[str, str]]]:
    """What has been told so far, by kind and state; the clock of the telling runs on its own."""
    clock = ManualClock(SystemClock().now())
    url = f"http://127.0.0.1:{hook.server_port}/"
    settings = Alerts.model_validate({"recipients": [{"id": "r", "webhook": url}], "office_hours": "00:00-24:00"})
    alerting = Alerting(installation.adapter.database, settings, House("test", "https://adapter.example"), clock)

    def tell() -> list[tuple[str, str]]:
        clock.advance(timedelta(minutes=1))
        while alerting.step():
            pass
        return [(each["kind"], each["state"]) for each in hook.alerts]

    return tell


def test_a_refused_notice_is_told_and_that_it_was_mended(
    installation: Installation,
    messages: Callable[[str], list[dict[str, Any]]],
    told: Callable[[], list[tuple[str, str]]],
    hook: Hook,
) -> None:
    notice = messages("case")[0]
    patient = next(each["resource"] for each in notice["entry"] if each["resource"]["resourceType"] == "Patient")
    number, patient["identifier"][0]["value"] = patient["identifier"][0]["value"], "not a number"
    assert installation.send(notice).status == 422
    assert told() == [("statutory-notice-refused", "raised")]
    (alert,) = hook.alerts
    assert alert["statutory"]
    assert "not a number" not in json.dumps(alert)
    patient["identifier"][0]["value"] = number
    assert installation.send(notice).status == 200
    assert told()[1:] == [("statutory-notice-refused", "cleared")]


def test_every_round_of_a_process_works_and_sees_a_new_case(
    installation: Installation, messages: Callable[[str], list[dict[str, Any]]]
) -> None:
    assert installation.send(messages("case")[0]).status == 200
    state = tables.case_state.c.look_at

    def look_at() -> Any:
        with installation.adapter.database.read() as connection:
            return connection.execute(select(state)).scalar_one()

    assert look_at() == 0
    for each in installation.adapter.rounds(delivers=False):
        while each.step():
            pass
    assert look_at() != 0
    with installation.adapter.database.read() as connection:
        assert connection.execute(select(tables.gauge.c.value).where(tables.gauge.c.name == "rolled_up")).scalar_one()
    disks = installation.adapter.watch.disks
    if installation.adapter.database.is_sqlite:  # a server's disk is its own to watch
        assert disks["store"] > 0
    else:
        assert "store" not in disks
