"""A site to be broken: real `adapter` processes on a real database, receivers that log in a process of their own, and
senders that send again until they are answered."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from adapter import wiring
from adapter.fhir import json as fhir_json
from adapter.sandbox.journey import Play, shipped_journey
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.support import settings
from adapter.support.clock import SystemClock

if TYPE_CHECKING:
    from .beside import Beside

from .files import DIRECTORY, INBOXES, TOML

HERE = Path(__file__).parent
_LIMIT_SECONDS = 120.0
_CROWDED_SECONDS = 3.0
OPERATOR = Principal("test:operator", "operations", frozenset(), frozenset(Right))


class Lines:
    """A process that answers each line with a line."""

    def __init__(self, *words: str, preamble: bool = True) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, *words], stdin=pipe, stdout=pipe, text=True)
        self._lock = threading.Lock()
        self.first = self._read() if preamble else ""

    def ask(self, **asked: Any) -> Any:
        assert self.process.stdin is not None
        with self._lock:
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()
            return self._read()

    def _read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        return line

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


class Zygote(Lines):
    """Forks adapter processes: see zygote.py."""

    def __init__(self, folder: Path) -> None:
        (folder / "pseudonym.key").write_text("a key for tests that is long enough to be one")
        file = folder / "adapter.toml"
        file.write_text(TOML.format(port=0, url=f"sqlite:///{folder}/none.db", escalate_after="1h"))
        super().__init__(str(HERE / "zygote.py"), str(file))


@dataclass
class Process:
    """An adapter process; `arm` is the point at which it dies, and at which pass."""

    zygote: Zygote
    pid: int
    words: tuple[str, ...]
    arm: tuple[str, int] | None
    status: int | None = None

    @property
    def ended(self) -> bool:
        """Whether it has ended; it may not have been waited for."""
        if self.status is None:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state in "ZX"
        return True

    @property
    def stopped(self) -> bool:
        """Whether each of its threads is stopped (SIGSTOP)."""
        states = (
            file.read_text().rpartition(")")[2].split()[0] for file in Path(f"/proc/{self.pid}/task").glob("*/stat")
        )
        return all(state in "Tt" for state in states)

    def send(self, kind: signal.Signals) -> None:
        if self.status is None:
            os.kill(self.pid, kind)

    def wait(self) -> int:
        """How it ended, negative for a signal."""
        if self.status is None:
            self.status = json.loads(self.zygote.ask(wait=self.pid))["status"]
        return self.status

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.wait()


@dataclass
class Site:
    folder: Path
    url: str
    zygote: Zygote
    seed: int = 1
    escalate_after: str = "1h"
    inbox: bool = True
    """whether a system leaves its messages in a folder, too"""
    beside: "Beside | None" = None
    """the systems that are no FHIR systems, where there are any"""
    processes: list[Process] = field(default_factory=list)
    accepted: dict[str, list[str]] = field(default_factory=dict)
    """the ids of a person's messages in the order in which they were sent; each has been answered with success"""
    trouble: list[str] = field(default_factory=list)
    crowded: bool = False
    """whether senders are to wait a little, for much waits already"""
    refused: int = 0
    """how often the server answered that it cannot take a message now"""

    def __post_init__(self) -> None:
        self.log = self.folder / "receivers.log"
        self.log.touch()
        self.receivers = Lines(str(HERE / "receiver.py"), str(self.log), str(self.seed))
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.ports = [self.port]
        """of all servers: senders take now this one, now that one"""
        (self.folder / "directory").mkdir()
        self.drop = self.folder / "directory" / "inbox"
        self.drop.mkdir()
        address = f"http://127.0.0.1:{self.receivers.first.strip()}"
        self.directory = self.folder / "directory" / "directory.yaml"
        parts = {"inboxes": INBOXES if self.inbox else "", "endpoints": ""}
        if self.beside is not None:
            parts["endpoints"] = self.beside.endpoints
            self.beside.write_feed(self.folder / "feeds")
        self.directory.write_text(DIRECTORY.format(receivers=address, **parts), encoding="utf-8")
        (self.folder / "pseudonym.key").write_text("a key for tests that is long enough to be one")
        self.config = self.folder / "adapter.toml"
        self.configure(self.url)
        self.clock = self.folder / "clock"
        self.clock.write_text("0")
        self.chance = random.Random(self.seed)
        self.adapter = wiring.build(settings.load(self.config))
        self.journey = shipped_journey("home-with-sip")
        self.token = ""
        self._stop = threading.Event()
        self._feeders: list[threading.Thread] = []

    def configure(self, url: str) -> None:
        words = TOML.format(port=self.port, url=url, escalate_after=self.escalate_after)
        self.config.write_text(words + (self.beside.settings if self.beside else ""), encoding="utf-8")

    def issue_token(self) -> None:
        soon = SystemClock().now() + timedelta(days=30)
        self.token = self.adapter.tokens.issue("region", {Right.SEND}, soon, "chaos")

    def misbehave(self, **shares: dict[str, float]) -> None:
        """From now on, as receiver.py has it."""
        self.receivers.ask(**{name.replace("_", "-"): share for name, share in shares.items()})

    def start(self, *words: str, arm: tuple[str, int] | None = None, clock: bool = False) -> Process:
        """An adapter process, on its way to its work."""
        asked = {"words": [*words, "--config", str(self.config)], "log": str(self.folder / "processes.log")}
        told = self.zygote.ask(**asked, arm=arm, clock=str(self.clock) if clock else None)
        process = Process(self.zygote, json.loads(told)["pid"], words, arm)
        self.processes.append(process)
        return process

    def serving(self) -> None:
        """Wait until the server answers."""
        until(lambda: self.answers(self.port), "the server does not answer", self.said)

    def answers(self, port: int) -> bool:
        try:
            return self._ask("GET", "/health/live", b"", port) == 200
        except OSError:
            return False

    def _ask(self, method: str, path: str, body: bytes, port: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/fhir+json"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            words = answer.read()
            self.refused += answer.status == 503
            if answer.status not in (200, 425, 503):
                self.trouble.append(f"HTTP {answer.status}: {words[:300]!r}")
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        else:
            return answer.status
        finally:
            connection.close()

    def send(self, body: bytes) -> None:
        """Send a message, again and again, until it is answered with success. Raises Stopped where there is trouble."""
        while True:
            try:
                if self._ask("POST", "/fhir/$process-message", body, self.chance.choice(self.ports)) == 200:
                    return
            except OSError:
                pass
            if self.trouble:
                raise Stopped
            time.sleep(0.02)

    def feed(
        self, feeders: int, *, files: bool = True, persons: int = 1_000_000, pause: float = 0.03, name: str = ""
    ) -> None:
        """Begin to send, as so many senders at once, each person's messages in their order."""
        for number in range(feeders):
            self._feeder(self._by_http, f"{self.seed}-{name}h{number}", persons, pause)
        if files:
            self._feeder(self._by_file, f"{self.seed}-{name}f", persons, pause)
        if self.beside is not None:
            self._feeder(self._by_mllp, f"{self.seed}-{name}m", persons, pause)

    def _feeder(self, act: Callable[[str, float], None], name: str, persons: int, pause: float) -> None:
        def run() -> None:
            for person in range(persons):
                if self._stop.is_set() or self.trouble:
                    return
                act(f"{name}-{person}", pause)

        self._feeders.append(threading.Thread(target=run, daemon=True))
        self._feeders[-1].start()

    def _breathe(self, pause: float) -> None:
        """Wait before the next message; longer while there is a crowd."""
        time.sleep(pause)
        limit = time.monotonic() + _CROWDED_SECONDS
        while self.crowded and not self._stop.is_set() and time.monotonic() < limit:
            time.sleep(0.05)

    def _messages(self, person: str) -> Any:
        play = Play(self.journey, person)
        for step in self.journey.steps:
            message = play.message(step, SystemClock().now())
            yield message["entry"][0]["resource"]["id"], fhir_json.serialize(message)

    def _by_http(self, person: str, pause: float) -> None:
        try:
            for message_id, body in self._messages(person):
                self.send(body)
                self.accepted.setdefault(person, []).append(message_id)
                self._breathe(pause)
                if self._stop.is_set():
                    return
        except Stopped:
            return

    def _by_file(self, person: str, pause: float) -> None:
        for number, (message_id, body) in enumerate(self._messages(person)):
            hidden = self.drop / f".{message_id}"
            hidden.write_bytes(body)
            name = f"{time.time_ns():020}-{number}.json"
            hidden.rename(self.drop / name)
            self.accepted.setdefault(person, []).append(message_id)
            self._breathe(pause)
            limit = time.monotonic() + _LIMIT_SECONDS
            while (self.drop / name).exists() or any((self.drop / "processing").iterdir()):
                if time.monotonic() > limit:
                    self.trouble.append(f"{name} was not taken in")
                    return
                time.sleep(0.02)
            if (self.drop / "refused" / name).exists():
                self.trouble.append((self.drop / "refused" / f"{name}.answer").read_text()[:300])

    def _by_mllp(self, stay: str, pause: float) -> None:
        """Tell of a stay, each event again until it is answered with AA."""
        assert self.beside is not None
        for control_id, event in self.beside.events(stay):
            while (answer := self.beside.send(event)) is None or f"MSA|AA|{control_id}" not in answer:
                if answer is not None and "|207^" not in answer:
                    self.trouble.append(f"{control_id}: {answer[:300]!r}")
                if self.trouble:
                    return
                time.sleep(0.05)
            self.beside.told.append(control_id)
            self._breathe(pause)
            if self._stop.is_set():
                return

    def stop_feeding(self) -> None:
        """Let each sender end with an answer."""
        self._stop.set()
        self.join_feeding()
        self._stop.clear()

    def join_feeding(self) -> None:
        """Wait until the senders have sent all they have."""
        for feeder in self._feeders:
            feeder.join(_LIMIT_SECONDS)
            assert not feeder.is_alive(), self.said()
        self._feeders.clear()
        assert not self.trouble, (self.trouble, self.said())

    def rows(self, query: Any) -> list[Any]:
        with self.adapter.database.read() as connection:
            return list(connection.execute(query).all())

    def wait_until_delivered(self, seconds: float = _LIMIT_SECONDS) -> None:
        """Until nothing waits, and every sender has been told what there is to tell."""
        delivery = tables.delivery.c
        waiting = select(delivery.id, delivery.status, delivery.endpoint, delivery.reason).where(
            or_(delivery.status != "done", delivery.tell_at.is_not(None))
        )
        until(lambda: not self.rows(waiting), "not delivered", lambda: (self.rows(waiting)[:5], self.said()), seconds)

    def open_deliveries(self) -> int:
        """How many are neither done nor cancelled."""
        column = tables.delivery.c
        return int(self.rows(select(func.count(column.id)).where(column.status.not_in(("done", "cancelled"))))[0][0])

    def step_clock(self, seconds: float) -> None:
        """The clock of those started with one is off by so much, from now on."""
        new = self.clock.with_name("clock.new")
        new.write_text(str(seconds))
        new.replace(self.clock)

    def said_all(self) -> str:
        return (self.folder / "processes.log").read_text()

    def said(self) -> str:
        """The last that the processes said."""
        log = self.folder / "processes.log"
        return log.read_text()[-3000:] if log.exists() else ""

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def end(self) -> None:
        """Tell the processes to end, and wait until they have."""
        for process in self.processes:
            if process.status is None:
                process.send(signal.SIGTERM)
        for process in self.processes:
            status = process.wait()
            assert status in (0, -signal.SIGKILL), (status, self.said())

    def close(self) -> None:
        self._stop.set()
        self.trouble.append("closed")
        for process in self.processes:
            if process.status is None:
                process.kill()
        for feeder in self._feeders:
            feeder.join(10)
        self.receivers.close()
        if self.beside is not None:
            self.beside.close()
        self.adapter.close()


class Stopped(Exception):  # noqa: N818 - no error
    """A sender has stopped."""


def until(
    condition: Callable[[], Any], words: str, more: Callable[[], Any] = str, seconds: float = _LIMIT_SECONDS
) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"{words}: {more()}"
        time.sleep(0.02)
