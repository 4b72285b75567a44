"""A mail server that never comes to an end holds nobody up for ever: in time, nor in what it says."""

import socket
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest

from adapter.exchange.alerts.mail import AlertError, Mailer
from adapter.support.alerting import Smtp

CONTENT = {"alerts": [], "class": "wake", "installation": "x", "environment": "test", "url": None}


@contextmanager
def server(begin: bytes, more: bytes, pause: float):
    """Says what it begins with, and then more without an end. Gives its port, and how much it said."""
    ended, said = threading.Event(), [0]

    def talk(listening: socket.socket) -> None:
        listening.settimeout(10)
        taken, _ = listening.accept()
        with taken, suppress(OSError):
            taken.sendall(begin)
            while not ended.wait(pause):
                taken.sendall(more)
                said[0] += len(more)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=talk, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1], said
        finally:
            ended.set()
            thread.join()


def send(port: int, **settings: object) -> None:
    given = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "a@region.example", "timeout": "200ms"}
    mailer = Mailer(Smtp(**given | settings))
    mailer._message = lambda *_: None
    with pytest.raises(AlertError):
        mailer.send("b@region.example", "1", CONTENT, datetime.now(UTC))


@pytest.mark.parametrize(
    ("begin", "security"), [(b"220 ", "none"), (b"220 hello\r\n250-", "none"), (b"\x16\x03\x03\x40\x00", "tls")]
)
def test_a_server_that_drips_ends_after_four_steps(begin, security):
    begun = time.monotonic()
    with server(begin, b"x", 0.02) as (port, _):
        send(port, security=security)
    assert time.monotonic() - begun < 20


def test_a_server_that_says_too_much_is_left(monkeypatch):
    with server(b"", b"220-more and more\r\n" * 500, 0) as (port, said):
        send(port, timeout="5s")
    assert said[0] < 20_000_000
