"""The database is put back from a copy: nothing is sent, the gap is listed, and nothing comes twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, make_url, select

from adapter import wiring
from adapter.exchange.verification import Source, verify
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.security.principals import Right
from adapter.store import migrate, tables
from adapter.store.backup import backup
from adapter.support import settings
from adapter.support.clock import to_micros
from adapter.support.errors import NotFoundError

ROOT = Path(__file__).parents[2]
ON_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
ADAPTER = [sys.executable, "-c", "from adapter.cli.main import main; main()"]


def now(adapter):
    return to_micros(adapter.clock.now())


def opened(installation, parts):
    adapter = wiring.build(settings.load(installation.folder / "adapter.toml"), installation.adapter.clock)
    adapter.message_validator, adapter.mappings = parts.message_validator, parts.mappings
    return adapter


def file_of(installation):
    return Path(installation.adapter.database.url.database)


class SqliteCopies:
    """Copies by our own command."""

    def make(self, adapter, file):
        return backup(adapter.database, file, now(adapter)).file

    def put_back(self, installation, copy):
        file = file_of(installation)
        for end in ("", "-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        shutil.copy(copy, file)


class PostgresqlCopies:
    """Copies by pg_dump, as the guide has it."""

    def __init__(self, server, binaries):
        self._server = server
        self._binaries = binaries
        self.made = []

    def _run(self, name, url, *words):
        where = url.set(drivername="postgresql").render_as_string(hide_password=False)
        subprocess.run([self._binaries / name, *words, "-d", where], check=True, capture_output=True, timeout=60)

    def make(self, adapter, file):
        self._run("pg_dump", adapter.database.url, "--format=custom", "--file", file)
        return file

    def put_back(self, installation, copy):
        empty, toml = self._server.create(), installation.folder / "adapter.toml"
        self.made.append(empty)
        self._run("pg_restore", make_url(empty), "--exit-on-error", copy)
        old = installation.adapter.settings.database.url
        toml.write_text(toml.read_text("utf-8").replace(old, empty), "utf-8")

    def drop(self):
        for url in self.made:
            self._server.drop(url)


@pytest.fixture
def copies(request, installation, parts):
    """How this kind of database is copied and put back. PostgreSQL's mark is kept in a file that survives it."""
    if installation.adapter.database.is_sqlite:
        yield SqliteCopies()
        return
    binaries = postgresql_binaries()
    if not (binaries / "pg_dump").exists():
        pytest.skip(f"{binaries} has no pg_dump")
    toml = installation.folder / "adapter.toml"
    toml.write_text(f'{toml.read_text("utf-8")}mark_file = "adapter.mark"\n', "utf-8")
    installation.adapter.close()
    installation.adapter = opened(installation, parts)
    found = PostgresqlCopies(request.getfixturevalue("postgresql"), binaries)
    yield found
    installation.adapter.close()
    found.drop()


def postgresql_binaries():
    loader = SourceFileLoader("postgresql_script", str(ROOT / "scripts" / "postgresql"))
    script = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(script)
    return script.chosen()[0]


@contextmanager
def put_back(installation, parts, copies, copy):
    """The adapter on a database that was put back; the file beside it stays."""
    installation.adapter.close()
    copies.put_back(installation, copy)
    installation.adapter = opened(installation, parts)
    yield installation.adapter


def stored(installation):
    """The side effects at the receivers, each by its message and receiver."""
    receivers = (installation.lifecare, installation.open_care, installation.ehr)
    found = [(entry.message_id, entry.receiver) for each in receivers for entry in each.ledger.stored]
    assert len(found) == len(set(found))
    return sorted(found)


@ON_BOTH
def test_after_a_restore_nothing_is_lost_and_nothing_comes_twice(installation, messages, parts, copies, tmp_path):
    adapter, operator = installation.adapter, installation.operator
    made = [messages(f"restore {number}")[0] for number in range(3)]
    migrate.upgrade(adapter.database)
    assert adapter.marks.look(now(adapter)) is None
    installation.send(made[0])
    adapter.worker.run_until_idle()
    installation.send(made[1])
    copy = copies.make(adapter, tmp_path / "copy.db")
    adapter.worker.run_until_idle()  # what the copy does not know of: message 2 was sent, message 3 came and was sent
    adapter.marks.look(now(adapter))
    came = adapter.clock.now()
    installation.send(made[2])
    adapter.worker.run_until_idle()
    sent = stored(installation)

    with put_back(installation, parts, copies, copy) as adapter:
        assert adapter.marks.look(now(adapter)) is not None
        assert adapter.worker.run_until_idle() == 0
        gap = adapter.recoveries.gap(operator)
        assert gap.unknown_count == 2
        assert gap.since <= came <= gap.until
        assert [(each.sender, each.last_id) for each in gap.senders] == [("region", MessageBundle(made[1]).header_id)]
        assert "restored" in [each.kind for each in adapter.views.status(operator)]

        for message in made:  # the senders send everything of that time again
            assert installation.send(message).status == 200
        assert adapter.worker.run_until_idle() == 0
        adapter.recoveries.resume(operator, "senders have sent again")
        assert adapter.worker.run_until_idle() >= 4

        assert stored(installation) == sent
        assert verify(Source(adapter.database, adapter.contents)).findings == ()
        with adapter.database.read() as connection:
            statuses = connection.execute(select(tables.delivery.c.status).distinct()).scalars().all()
            count = connection.execute(select(func.count()).select_from(tables.message)).scalar_one()
        assert (statuses, count) == (["done"], 3)
        assert "restored" not in [each.kind for each in adapter.views.status(operator)]
        assert adapter.recoveries.gap(operator) is None
        with pytest.raises(NotFoundError):
            adapter.recoveries.resume(operator, "again")


def run(installation, *words, **environment):
    command = [*ADAPTER, *words, "--config", str(installation.folder / "adapter.toml")]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=os.environ | environment
    )


def expunged(installation):
    with installation.adapter.database.read() as connection:
        query = select(func.count()).select_from(tables.message).where(tables.message.c.expunged_at.is_not(None))
        return connection.execute(query).scalar_one()


@ON_BOTH
def test_expunging_that_is_killed_goes_on_where_it_was(installation, messages):
    adapter, count = installation.adapter, 12
    migrate.upgrade(adapter.database)
    body = messages("killed")[0]
    assert installation.send(body).status == 200
    adapter.worker.run_until_idle()
    old = now(adapter) - timedelta(days=400) // timedelta(microseconds=1)
    with adapter.database.write() as connection:
        row = dict(connection.execute(select(tables.message)).mappings().one())
        content = dict(connection.execute(select(tables.content).limit(1)).mappings().one())
        for number in range(count):
            ids = {"header_id": f"h{number}", "bundle_id": f"b{number}", "case_id": f"c{number}", "received_at": old}
            values = {name: value for name, value in row.items() if name != "id"} | ids
            new = connection.execute(tables.message.insert().values(values).returning(tables.message.c.id)).scalar_one()
            values = {name: value for name, value in content.items() if name != "id"} | {"message_id": new}
            connection.execute(tables.content.insert().values(values))

    command = [*ADAPTER, "db", "expunge", "--config", str(installation.folder / "adapter.toml")]
    process = subprocess.Popen(command, env=os.environ | {"ADAPTER_RETENTION__BATCH": "1"}, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while expunged(installation) < 3 and process.poll() is None:
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = expunged(installation)
    again = run(installation, "db", "expunge", "--json")

    assert again.returncode == 0, again.stderr
    assert expunged(installation) == count, before
    with adapter.database.read() as connection:
        runs = connection.execute(select(tables.expunge_run)).mappings().all()
        audit = tables.audit.c
        lines = connection.execute(select(audit.detail).where(audit.action == "expunge")).scalars().all()
        kept = connection.execute(select(func.count()).select_from(tables.content)).scalar_one()
    assert sum(each["counts"].get("accepted", 0) for each in runs) == count
    assert sum(line["accepted"] for line in lines) == count
    assert all(each["ended_at"] for each in runs)
    assert kept > 0
    assert verify(Source(adapter.database, adapter.contents)).differs["content"] == 0


@pytest.mark.slow
def test_by_command_a_copy_is_made_told_of_and_resumed_from(installation, messages, tmp_path):
    adapter = installation.adapter
    migrate.upgrade(adapter.database)
    installation.send(messages("commands")[0])
    copy = tmp_path / "copy.db"
    made = run(installation, "db", "backup", str(copy))
    assert "1 messages, read again and whole" in made.stdout, made.stderr
    assert copy.stat().st_mode & 0o077 == 0
    said = run(installation, "db", "backed-up", "--at", "2026-03-02T04:00", "--json")
    assert json.loads(said.stdout) == {"made_at": "2026-03-02T03:00:00.000000Z"}
    assert run(installation, "db", "backed-up", "--at", "2999-03-02T04:00").returncode == 2
    kept = json.loads(run(installation, "audit", "list", "--action", "backup", "--json").stdout)
    assert len(kept["entries"]) == 2
    again = run(installation, "db", "backup", str(copy))
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert run(installation, "db", "gap").returncode == 1

    on_copy = {"ADAPTER_DATABASE__URL": f"sqlite:///{copy}"}
    gap = json.loads(run(installation, "db", "gap", "--json", **on_copy).stdout)["gap"]
    assert (gap["unknown_count"], [each["sender"] for each in gap["senders"]]) == (2, ["region"])
    shown = run(installation, "db", "gap", **on_copy).stdout
    assert "may have been sent" in shown
    assert "Region Västerbotten" in shown
    assert run(installation, "db", "verify", **on_copy).returncode == 0
    assert run(installation, "db", "resume", "--reason", "looked", **on_copy).returncode == 0
    assert run(installation, "db", "resume", "--reason", "looked", **on_copy).returncode == 2
    assert run(installation, "db", "gap", **on_copy).returncode == 1


@pytest.mark.slow
def test_a_killed_installation_is_put_back_by_real_processes(installation, messages, tmp_path):
    """The server is killed while messages flow, and another begins on a copy of before."""
    adapter, made = installation.adapter, [messages(f"real {number}")[0] for number in range(12)]
    migrate.upgrade(adapter.database)
    expires = adapter.clock.now() + timedelta(days=1)
    secret = adapter.tokens.issue("region", [Right.SEND], expires, "test")
    bearer = {"Authorization": f"Bearer {secret}", "Content-Type": "application/fhir+json"}

    def serve():
        command = [*ADAPTER, "serve", "--config", str(installation.folder / "adapter.toml")]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"ADAPTER_SERVER__PORT": "0"},
        )
        return process, f"{process.stdout.readline().split()[-1]}/fhir/$process-message"

    def send(url, chosen):
        for message in chosen:
            answer = httpx.post(url, content=fhir_json.serialize(message), headers=bearer, timeout=60)
            assert answer.status_code == 200, answer.text

    def until(condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    process, url = serve()
    try:
        send(url, made[:4])
        assert run(installation, "db", "backup", str(tmp_path / "copy.db")).returncode == 0
        send(url, made[4:])
        until(lambda: len(installation.lifecare.ledger.stored) >= 8)
        process.kill()
        process.communicate()
        file = file_of(installation)
        adapter.database.close()
        for end in ("", "-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        shutil.copy(tmp_path / "copy.db", file)
        process, url = serve()
        seen = len(installation.lifecare.ledger.entries)
        send(url, made)
        assert run(installation, "db", "gap").returncode == 0
        assert len(installation.lifecare.ledger.entries) == seen, "nothing is sent before a person says so"
        assert run(installation, "db", "resume", "--reason", "sent again").returncode == 0
        until(lambda: len(installation.lifecare.ledger.stored) == len(made))
        until(
            lambda: (
                not json.loads(run(installation, "deliveries", "list", "--status", "waiting", "--json").stdout)[
                    "deliveries"
                ]
            )
        )
        assert run(installation, "db", "verify").returncode == 0
        stored(installation)
    finally:
        process.kill()
        process.communicate()
