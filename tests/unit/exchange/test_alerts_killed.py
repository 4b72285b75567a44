"""A process that is killed while it tells somebody: another one tells it, with the same id; nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapter.exchange.alerts.sending import Alerting
from adapter.exchange.alerts.wording import House
from adapter.store.alarms import raise_alarm
from adapter.store.database import Database
from adapter.support.alerting import Alerts
from adapter.support.clock import ManualClock, SystemClock, to_micros

pytestmark = pytest.mark.slow

_PROCESS = """
import sys
from adapter.exchange.alerts.sending import Alerting
from adapter.exchange.alerts.wording import House
from adapter.store.database import Database
from adapter.support.alerting import Alerts
from adapter.support.clock import SystemClock
database = Database(sys.argv[1])
settings = Alerts(recipients=[{"id": "r", "webhook": sys.argv[2]}])
alerting = Alerting(database, settings, House("test", "https://adapter.example"), SystemClock())
while alerting.step():
    pass
"""


@pytest.mark.parametrize("reaches", [True, False])
def test_kill_while_it_is_being_sent(sqlite_url, reaches):
    taken, began, go_on = [], threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if reaches or began.is_set():
                taken.append((self.headers["webhook-id"], body))
            if not began.is_set():
                began.set()
                go_on.wait(60)
                return
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    database = Database(sqlite_url)
    at = to_micros(SystemClock().now())
    with database.write() as connection:
        raise_alarm(connection, kind="disk-low", subject="a", reason="r", command="c", at=at)
    process = subprocess.Popen([sys.executable, "-c", _PROCESS, sqlite_url, url])
    try:
        assert began.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        clock = ManualClock(SystemClock().now())
        settings = Alerts(recipients=[{"id": "r", "webhook": url}])
        another = Alerting(database, settings, House("test", "https://adapter.example"), clock)
        assert not another.step()  # the first may still be at it
        clock.advance(timedelta(minutes=3))
        assert another.step()
        assert not another.step()
    finally:
        go_on.set()
        server.shutdown()
        server.server_close()
        database.close()
    assert len(taken) == (2 if reaches else 1)
    assert len(set(taken)) == 1
