"""Shared by all tests: how hard hypothesis tries, and the databases that they run on.

PostgreSQL is the one that ADAPTER_TEST_POSTGRESQL names (a URL of its maintenance database, whose user may create
databases), else one of our own: started when a test first asks for it, stopped with the tests, also where they crash.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, make_url, text

from adapter.store import database as store
from adapter.store import migrate
from adapter.store.database import Database

settings.register_profile("test", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("prove", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))

NAMED = "ADAPTER_TEST_POSTGRESQL"
_SCRIPT = Path(__file__).parent.parent / "scripts" / "postgresql"


@dataclass
class _Own:
    """A PostgreSQL of our own: it lives as long as its standard input is open."""

    process: subprocess.Popen[str]
    url: str
    version: str
    folder: str

    @classmethod
    def start(cls) -> "_Own":
        command = [sys.executable, str(_SCRIPT)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
        assert process.stdout is not None
        said = json.loads(process.stdout.readline() or "{}")
        if not said:
            raise pytest.UsageError("no PostgreSQL could be started: scripts/postgresql says why")
        return cls(process, said["url"], said["version"], said["folder"])

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


_own: list[_Own] = []


def pytest_configure(config: pytest.Config) -> None:
    """Where several processes run the tests, their controller starts the server that they share."""
    shared = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if shared and NAMED not in os.environ and not config.option.collectonly:
        _own.append(_Own.start())
        os.environ[NAMED] = _own[0].url


def pytest_report_header(config: pytest.Config) -> str:
    if _own:
        return f"PostgreSQL {_own[0].version} of our own, by {_own[0].folder}"
    return f"PostgreSQL named by {NAMED}" if NAMED in os.environ else "PostgreSQL of our own, when a test asks for it"


def pytest_unconfigure(config: pytest.Config) -> None:
    for one in _own:
        one.stop()
    _own.clear()


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL that makes databases."""

    url: str
    engine: Engine

    def create(self) -> str:
        """The URL of a new, empty database."""
        name = f"adapter_{uuid.uuid4().hex}"
        with self.engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        with self.engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {make_url(url).database} WITH (FORCE)"))


def _not_waiting_for_the_disk(prepare: Callable[[Any, object], None]) -> Callable[[Any, object], None]:
    @functools.wraps(prepare)
    def prepared(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous = off")

    return prepared


@pytest.fixture(scope="session", autouse=True)
def _quick_sqlite() -> None:
    """No test of these processes outlives the machine: what they commit to SQLite need not be on its disk."""
    store._prepare_sqlite = _not_waiting_for_the_disk(store._prepare_sqlite)


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite as it is run in earnest."""
    monkeypatch.setattr(store, "_prepare_sqlite", store._prepare_sqlite.__wrapped__)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """The PostgreSQL of this run."""
    url = os.environ.get(NAMED)
    if url is None:
        if not _own:
            _own.append(_Own.start())
        url = _own[0].url
    url = make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    yield Server(url, engine)
    engine.dispose()


@pytest.fixture(scope="session")
def _reused(postgresql: Server) -> Iterator[tuple[str, Engine]]:
    """A database at the newest schema for all tests of this process, and the way in to empty it."""
    url = postgresql.create()
    opened = Database(url)
    migrate.upgrade(opened)
    opened.close()
    engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    yield url, engine
    engine.dispose()
    postgresql.drop(url)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest schema, made once and copied by each test."""
    file = tmp_path_factory.mktemp("migrated") / "adapter.db"
    opened = Database(f"sqlite:///{file}")
    migrate.upgrade(opened)
    opened.close()
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated: Path) -> str:
    """A SQLite file at the newest schema."""
    shutil.copyfile(migrated, tmp_path / "adapter.db")
    return f"sqlite:///{tmp_path / 'adapter.db'}"


_EMPTY = text(
    """DO $$ DECLARE one record; BEGIN
    SET LOCAL session_replication_role = replica;
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', one.tablename);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public';
    END $$"""
)
"""Without its foreign keys and append-only triggers. A new database costs 30 times as much."""


@pytest.fixture
def postgresql_url(_reused: tuple[str, Engine]) -> str:
    """An empty database of PostgreSQL at the newest schema, whose ids begin at 1."""
    url, engine = _reused
    with engine.connect() as connection:
        connection.execute(_EMPTY)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest) -> str:
    """A database at the newest schema: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def open_any(any_url: str) -> Iterator[Callable[[], Database]]:
    """Opens the test's database once more, as another process would."""
    opened: list[Database] = []

    def another() -> Database:
        opened.append(Database(any_url))
        return opened[-1]

    yield another
    for one in opened:
        one.close()
