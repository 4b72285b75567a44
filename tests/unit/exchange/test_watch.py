"""What the installation stands on: each machine settles its own alarms, and those of one that is gone are cleared."""

from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, insert

from adapter.directory import Endpoint
from adapter.exchange.watch import surroundings
from adapter.exchange.watch.certificates import ends
from adapter.exchange.watch.installation import Surroundings, Watch
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support.alerting import Alerts
from adapter.support.clock import SystemClock, to_micros


def certificate(file, until: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=90))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))


class Around:
    """What a test lays out around a process."""

    def __init__(self):
        self.certificates, self.folders, self.clocks = {}, {}, {}

    def surroundings(self) -> Surroundings:
        return Surroundings(
            certificates=lambda: list(self.certificates.items()),
            folders=lambda: list(self.folders.items()),
            clocks=lambda: dict(self.clocks),
        )


@pytest.fixture
def around():
    return Around()


@pytest.fixture
def watching(database, clock, around):
    def made(host="one", **settings):
        plain = {"clock_offset": "365d"}  # a clock that stands still is far from PostgreSQL's
        return Watch(database, Alerts(**(plain | settings)), around.surroundings(), clock, host)

    return made


def alarms(database):
    with database.read() as connection:
        return {(each.kind, each.subject): each for each in standing(connection)}


def test_a_certificate_that_ends_soon(watching, around, database, clock, tmp_path):
    certificate(tmp_path / "ours.pem", clock.now() + timedelta(days=30, minutes=1))
    (tmp_path / "none.pem").write_text("no certificate")
    (tmp_path / "config").mkdir()
    around.certificates = {"server": tmp_path / "config" / ".." / "ours.pem", "endpoint/a": tmp_path / "none.pem"}
    watch = watching()
    watch.step()
    assert alarms(database) == {}
    assert watch.ends["server"] == clock.now() + timedelta(days=30, minutes=1)
    clock.advance(timedelta(minutes=2))
    watch.step()
    ((key, alarm),) = alarms(database).items()
    assert key == ("certificate-ending", "one/server")
    assert (
        alarm.reason == f"the certificate of server on one ends 2026-04-01 09:01 UTC: {tmp_path.resolve() / 'ours.pem'}"
    )
    assert alarm.command == f"openssl x509 -enddate -noout -in {tmp_path.resolve() / 'ours.pem'}"
    certificate(tmp_path / "ours.pem", clock.now() + timedelta(days=90))
    watch.step()
    assert alarms(database) == {}


def test_a_certificate_behind_a_link_is_told_of_by_the_name_that_it_is_replaced_under(
    watching, around, database, clock, tmp_path
):
    (tmp_path / "..data").mkdir()
    certificate(tmp_path / "..data" / "tls.crt", clock.now())
    (tmp_path / "tls.crt").symlink_to(tmp_path / "..data" / "tls.crt")
    around.certificates = {"server": tmp_path / "tls.crt"}
    watching().step()
    (alarm,) = alarms(database).values()
    assert alarm.command.endswith(f"-in {tmp_path.resolve() / 'tls.crt'}")


def test_a_disk_that_is_nearly_full_told_once_for_a_disk(watching, around, database, tmp_path):
    (tmp_path / "config").mkdir()
    store = tmp_path / "config" / ".."
    around.folders = {"store": store, "endpoint/a": tmp_path, "endpoint/b": tmp_path / "gone"}
    watch = watching(disk_least_free=1 << 40)
    watch.step()
    ((key, alarm),) = alarms(database).items()
    assert key == ("disk-low", "one/disk/store")
    assert alarm.reason.startswith(f"the disk of {tmp_path.resolve()} on one had ")
    assert alarm.command == f"df -h {tmp_path.resolve()}"
    assert watch.disks["store"] > 0
    watching(disk_least_free=1).step()
    assert alarms(database) == {}


def test_clocks_of_others(watching, around, database):
    around.clocks = {"endpoint/a": timedelta(seconds=-8), "endpoint/b": timedelta(seconds=5)}
    watching(clock_offset="5s").step()
    found = alarms(database)
    assert (
        found["clock-offset", "one/clock/endpoint/a"].reason == "the clock of endpoint/a was 8.0 s behind that of one"
    )
    assert ("clock-offset", "one/clock/endpoint/b") not in found
    assert ("clock-offset", "one/clock/database") in found or database.is_sqlite


def test_machines_leave_each_others_alarms_and_clear_those_of_one_that_is_gone(watching, around, database, clock):
    around.clocks = {"endpoint/a": timedelta(hours=1)}
    one, two = watching("one", clock_offset="5s"), watching("two")
    one.step()
    two.step()
    assert ("clock-offset", "one/clock/endpoint/a") in alarms(database)
    clock.advance(timedelta(minutes=59))
    two.step()
    assert ("clock-offset", "one/clock/endpoint/a") in alarms(database)
    clock.advance(timedelta(minutes=12))
    two.step()
    assert ("clock-offset", "one/clock/endpoint/a") not in alarms(database)


def test_no_worker_is_an_alarm_but_not_while_everything_starts(watching, stored, database, clock):
    message = stored.message()
    stored.delivery(message, next_attempt_at=stored.now)
    clock.advance(timedelta(minutes=2))
    watch = watching()
    watch.step()
    assert alarms(database) == {}
    clock.advance(timedelta(minutes=3))
    watch.step()
    assert list(alarms(database)) == [("worker-silent", "worker")]
    with database.write() as connection:
        row = {"worker": "w", "started_at": 1, "polled_at": to_micros(clock.now())}
        connection.execute(insert(tables.worker_heartbeat).values(row))
    watch.step()
    assert alarms(database) == {}


def test_a_worker_that_goes_without_a_word_is_an_alarm_until_another_begins(watching, database, clock):
    def works(name: str, began: datetime) -> None:
        beat = tables.worker_heartbeat
        with database.write() as connection:
            connection.execute(delete(beat).where(beat.c.worker == name))
            row = {"worker": name, "started_at": to_micros(began), "polled_at": to_micros(clock.now())}
            connection.execute(insert(beat).values(row))

    begun = clock.now()
    watch = watching()
    for name in ("first", "second", "third"):
        works(name, begun)
    clock.advance(timedelta(minutes=5))
    works("third", begun)
    watch.step()
    assert list(alarms(database)) == [("worker-lost", "worker/first"), ("worker-lost", "worker/second")]
    works("fourth", clock.now())
    watch.step()
    assert len(alarms(database)) == 1
    works("fifth", clock.now())
    watch.step()
    assert alarms(database) == {}
    clock.advance(timedelta(minutes=5))
    works("fourth", begun)
    works("fifth", begun)
    watch.step()
    assert ("worker-lost", "worker/third") in alarms(database)
    clock.advance(timedelta(days=2))
    watch.step()
    assert alarms(database) == {}


def test_messages_behind_a_dead_letter_of_their_patient(watching, stored, database):
    message = stored.message()
    dead = stored.delivery(message, status="dead", blocking=True)
    stream = stored.rows(tables.delivery)[0]["stream_id"]
    watch = watching()
    watch.step()
    assert alarms(database) == {}
    waiting = stored.delivery(message, statutory=True)
    stored.change(tables.delivery, waiting, stream_id=stream, sequence=2)
    watch.step()
    ((key, alarm),) = alarms(database).items()
    assert key == ("stream-blocked", f"delivery/{dead}")
    assert alarm.statutory
    assert "lifecare" not in alarm.reason + alarm.command
    stored.change(tables.delivery, dead, status="cancelled", blocking=False)
    watch.step()
    assert alarms(database) == {}


def test_the_clock_of_an_endpoint_is_read_from_its_answer():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response_only(405)
            ahead = datetime.now(UTC) + timedelta(seconds=100)
            self.send_header("Date", ahead.strftime("%a, %d %b %Y %H:%M:%S GMT"))
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    endpoint = Endpoint(
        id="a", system="s", channel="fhir", address=f"http://127.0.0.1:{server.server_port}/fhir", token_env="NONE"
    )
    directory = SimpleNamespace(endpoints={"a": endpoint})
    try:
        found = surroundings.clocks(["a", "gone"], directory, SystemClock())
    finally:
        server.shutdown()
        server.server_close()
    assert timedelta(seconds=90) < found["endpoint/a"] < timedelta(seconds=110)


def test_a_file_that_is_no_certificate_has_no_end(tmp_path):
    assert ends(tmp_path / "none.pem") is None


@pytest.mark.parametrize("url", ["sqlite:////data/adapter.db", "postgresql://adapter@db/adapter"])
def test_the_disk_of_every_folder_with_messages_is_looked_at(url):
    def laid(*path):
        return SimpleNamespace(id=path[-1], folder=SimpleNamespace(path=Path("/", *path)), path=Path("/", *path))

    without = SimpleNamespace(id="b", folder=None)
    directory = SimpleNamespace(endpoints={"a": laid("out", "a"), "b": without}, inboxes={"c": laid("in", "c")})
    settings = SimpleNamespace(database=SimpleNamespace(url=url, is_sqlite=url.startswith("sqlite")))
    found = dict(surroundings.folders(settings, directory, {"d": laid("feeds", "d"), "b": without}))
    store = {"store": Path("/data")} if settings.database.is_sqlite else {}
    assert found == store | {"endpoint/a": Path("/out/a"), "inbox/c": Path("/in/c"), "feed/d": Path("/feeds/d")}
