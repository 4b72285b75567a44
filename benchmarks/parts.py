"""What the figures of delivery share: an installation in a folder, messages by the thousand, PostgreSQL, a receiver in
a process of its own, and what is said of the machine."""

import copy
import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
import timeit
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from adapter import wiring
from adapter.exchange.submission import Submission
from adapter.fhir import json as fhir_json
from adapter.fhir.canonical import RESERVNUMMER
from adapter.sandbox.journey import Play, shipped_journey
from adapter.security.principals import Principal, Right
from adapter.store import migrate
from adapter.support import processors, settings
from adapter.support.clock import STOCKHOLM, SystemClock

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
ENDPOINTS = 4
"""Systems that are delivered to: an endpoint gets half of a worker's threads at most."""

_UNITS = [f"SE212000{number:04}-MOTT01" for number in range(2401, 2401 + ENDPOINTS)]
_TOML = """
environment = "test"
[database]
url = "{url}"
connections = 40
[security]
pseudonym_keys = [{{ id = "k1", file = "pseudonym.key" }}]
[delivery]
threads = {threads}
"""
_DIRECTORY = """
parties:
  - {{id: region, kind: region, name: Region}}
{parties}
units:
  - {{hsa: SE2321000222-E7A31, name: Medicin 3, kind: inpatient, party: region}}
{units}
systems:
  - {{id: ehr, kind: ehr, party: region}}
{systems}
endpoints:
{endpoints}
routes:
{routes}
"""
_LINES = {
    "parties": '  - {{id: k{n}, kind: municipality, name: Kommun {n}, kommunkod: "{code}"}}',
    "units": "  - {{hsa: {unit}, name: Mottagande enhet, kind: municipal-receiving, party: k{n}}}",
    "systems": "  - {{id: s{n}, kind: planning-tool, party: k{n}}}",
    "endpoints": '  - {{id: e{n}, system: s{n}, address: "{address}", {way}}}',
    "routes": "  - {{to: {{party: k{n}}}, endpoint: e{n}}}",
}
WAYS = {"fhir": "channel: fhir", "lifecare": "channel: xml-http, mapping: lifecare"}


def machine() -> str:
    """One line: processor, system, versions, load."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor()
    own = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{platform.machine()} {processor}, {os.cpu_count()} CPUs, {load()}, {platform.system()}, {own}"


def load() -> str:
    """The load of the last minute, where the system tells it, and how quick the processor is now: where others are lent
    some of it, it is several times slower in one minute than in another."""
    taken = min(timeit.repeat("for each in range(1_000_000): total += each", "total = 0", repeat=3, number=1))
    known = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return f"{known}, a million additions in {taken * 1000:.0f} ms"


@contextmanager
def as_served() -> Iterator[None]:
    """What is started within computes on the processors on which `adapter serve` does."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    processors.keep_to_one()
    try:
        yield
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)


def disk(folder: Path, times: int = 50) -> float:
    """The median milliseconds in which a page that was written is on the disk: no commit takes less."""
    taken = []
    descriptor = os.open(folder / "disk", os.O_CREAT | os.O_WRONLY)
    for _ in range(times):
        os.write(descriptor, b"x" * 4096)
        began = time.perf_counter()
        getattr(os, "fdatasync", os.fsync)(descriptor)
        taken.append(time.perf_counter() - began)
    os.close(descriptor)
    return sorted(taken)[times // 2] * 1000


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL that writes commits to the disk: that of ADAPTER_TEST_POSTGRESQL, or one of our own."""
    named = os.environ.get("ADAPTER_TEST_POSTGRESQL")
    if named:
        yield named
        return
    command = [sys.executable, str(ROOT / "scripts" / "postgresql"), "--durable"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        print(f"PostgreSQL {said['version']}")
        try:
            yield said["url"]
        finally:
            process.stdin.close()
            process.wait()


@contextmanager
def database_url(kind: str, folder: Path, server: str | None) -> Iterator[str]:
    """A new, empty database: a SQLite file in the folder, or one in the server."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / f'{uuid.uuid4().hex}.db'}"
        return
    assert server is not None
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = f"figures_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    yield make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def installation(folder: Path, url: str, address: str, way: str = "fhir", threads: int = 8) -> wiring.Adapter:
    """An adapter over an empty database, whose messages go to the address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "directory").mkdir(exist_ok=True)
    rows = {
        name: "\n".join(
            line.format(n=n, unit=unit, code=2401 + n, address=address, way=WAYS[way]) for n, unit in enumerate(_UNITS)
        )
        for name, line in _LINES.items()
    }
    (folder / "directory" / "directory.yaml").write_text(_DIRECTORY.format(**rows), encoding="utf-8")
    (folder / "pseudonym.key").write_text("a key for figures that is long enough to be one")
    (folder / "adapter.toml").write_text(_TOML.format(url=url, threads=threads))
    adapter = wiring.build(settings.load(folder / "adapter.toml"), SystemClock())
    migrate.upgrade(adapter.database)
    return adapter


def sender(adapter: wiring.Adapter) -> Principal:
    """Who sends the messages."""
    today = adapter.clock.now().astimezone(STOCKHOLM).date()
    return Principal("figures", "region", adapter.directory.units_of("region", today), frozenset({Right.SEND}))


def messages(count: int, persons: int, name: str = "") -> list[bytes]:
    """Admission notices, each to one unit; those of a person follow one another and go the same way."""
    journey, now = shipped_journey("home-with-sip"), SystemClock().now()
    return [_message(journey, f"{name}{number}", number % persons, now) for number in range(count)]


def _message(journey: Any, seed: str, person: int, now: datetime) -> bytes:
    bundle: dict[str, Any] = Play(journey, seed).message(journey.steps[0], now - timedelta(minutes=5))
    bundle = copy.deepcopy(bundle)
    entries = bundle["entry"]
    header = entries[0]["resource"]
    to, dropped = (each["receiver"]["reference"] for each in header["destination"])
    header["destination"] = header["destination"][:1]
    bundle["entry"] = [entry for entry in entries if entry["fullUrl"] != dropped and not _owned(entry, dropped)]
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if entry["fullUrl"] == to:
            resource["identifier"][0]["value"] = _UNITS[person % ENDPOINTS]
        if resource["resourceType"] == "Patient":
            resource["identifier"] = [{"system": RESERVNUMMER, "value": f"19400101R{person:06}"}]
    return fhir_json.serialize(bundle)


def _owned(entry: dict[str, Any], unit: str) -> bool:
    return bool(entry["resource"].get("owner", {}).get("reference") == unit)


def submission(body: bytes) -> Submission:
    return Submission(body, "application/fhir+json", request_id="figures")


@contextmanager
def receiver() -> Iterator["Receiver"]:
    """A receiver in a process of its own, which answers every message with its acknowledgement."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "peers" / "receiver.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Receiver(process, f"http://127.0.0.1:{process.stdout.readline().strip()}/fhir")
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        process.stdout.close()


class Receiver:
    """`taken` asks it what has come in since it was asked last: for each message its id and when, in seconds of the
    clock that all processes of the machine share."""

    def __init__(self, process: "subprocess.Popen[str]", address: str) -> None:
        self._process = process
        self.address = address

    def taken(self) -> list[tuple[str, float]]:
        return [(name, at) for name, at in json.loads(self._ask("taken"))]

    def count(self) -> int:
        return int(self._ask("count"))

    def wait(self, count: int, seconds: float) -> None:
        """Until so many have come in. Raises TimeoutError."""
        until = time.monotonic() + seconds
        while (found := self.count()) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{found} of {count} came in {seconds:.0f} s")
            time.sleep(0.02)

    def _ask(self, what: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()
