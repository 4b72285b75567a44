"""The store fails while messages flow: PostgreSQL crashes and comes back, its connections are cut, SQLite's disk is
full and has room again. Nothing is lost, and nobody is told that a message was accepted that was not."""

import random
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from adapter.store import migrate
from adapter.store.database import Database

from .account import Account, settle
from .cluster import Cluster, Proxy
from .conftest import SEED, Told
from .site import Site, until

pytestmark = pytest.mark.timeout(1800)
LONG = pytest.param("long", marks=pytest.mark.slow)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    opened = Database(made.url)
    migrate.upgrade(opened)
    opened.close()
    yield made
    made.stop()


def flow(site: Site, *, files: bool = True) -> None:
    site.start("serve")
    site.serving()
    site.start("worker")
    site.feed(2, files=files)


def accepted(site: Site) -> int:
    return sum(len(sent) for sent in list(site.accepted.values()))


def more(site: Site, count: int = 4) -> None:
    """Wait until so many more messages have been answered with success."""
    goal = accepted(site) + count
    until(lambda: accepted(site) >= goal or site.trouble, "no more is accepted", site.said)
    assert not site.trouble, (site.trouble, site.said())


def end(site: Site) -> Account:
    site.stop_feeding()
    site.wait_until_delivered()
    site.end()
    return settle(site)


@pytest.mark.parametrize("form", ["short", LONG])
def test_postgresql_goes_away_under_load_and_comes_back(
    told: Told, open_site: Callable[..., Site], cluster: Cluster, form: str
):
    site = open_site(cluster.url)
    chance = random.Random(SEED)
    flow(site)
    times = 2 if form == "short" else 20
    for number in range(times):
        more(site)
        cluster.crash() if number % 2 == 0 else cluster.shut_down()
        time.sleep(chance.uniform(0, 0.5))
        cluster.start()
    more(site)
    account = end(site)
    told(f"PostgreSQL {cluster.version} ended {times} times, every other time as in a crash", account.line())
    account.sound()


@pytest.mark.slow
def test_connections_to_postgresql_are_cut(told: Told, open_site: Callable[..., Site], cluster: Cluster):
    proxy = Proxy(cluster)
    site = open_site(cluster.url)
    site.configure(proxy.url)
    chance = random.Random(SEED)
    flow(site)
    times = 200
    killed = 0
    engine = create_engine(cluster.url, isolation_level="AUTOCOMMIT")
    others = "FROM pg_stat_activity WHERE application_name = 'discharge-adapter' AND pid <> pg_backend_pid()"
    for number in range(times):
        if number % 5 == 0:
            more(site, 2)
        time.sleep(chance.uniform(0, 0.2))
        if number % 2:
            proxy.cut()
            continue
        with engine.connect() as connection:
            killed += connection.execute(text(f"SELECT count(pg_terminate_backend(pid)) {others}")).scalar_one()
    engine.dispose()
    more(site)
    account = end(site)
    proxy.close()
    told(f"{proxy.cuts} connections cut by a proxy, {killed} by the server", account.line())
    account.sound()


@pytest.fixture(params=["a limit", pytest.param("a small disk", marks=pytest.mark.slow)])
def narrow(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["Narrow"]:
    made: Narrow = Limit(tmp_path) if request.param == "a limit" else Disk(tmp_path)
    yield made
    made.close()


class Narrow:
    folder: Path

    def fill(self, site: Site) -> None: ...

    def make_room(self, site: Site) -> None: ...

    def close(self) -> None: ...


class Limit(Narrow):
    """No file of a process may grow: what the kernel then says is EFBIG."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, site: Site) -> None:
        self._limit(site, 200_000)

    def make_room(self, site: Site) -> None:
        self._limit(site, resource.RLIM_INFINITY)

    def _limit(self, site: Site, size: int) -> None:
        for process in site.processes:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class Disk(Narrow):
    """A file system of a few megabytes, filled by a file that is not ours: ENOSPC."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        made = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self.folder)]
        if subprocess.run(made, capture_output=True, check=False).returncode != 0:
            pytest.skip("a file system cannot be mounted here")
        self._other = self.folder / "other"

    def fill(self, site: Site) -> None:
        with self._other.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                return

    def make_room(self, site: Site) -> None:
        self._other.unlink()

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


@pytest.mark.parametrize("form", ["short", LONG])
def test_the_disk_of_sqlite_is_full_and_has_room_again(
    told: Told, open_site: Callable[..., Site], narrow: Narrow, migrated: Path, form: str
):
    file = narrow.folder / "full.db"
    file.write_bytes(migrated.read_bytes())
    site = open_site(f"sqlite:///{file}")
    flow(site)
    times = 2 if form == "short" else 15
    for _ in range(times):
        more(site)
        refused = site.refused
        narrow.fill(site)
        until(lambda was=refused: site.refused >= was + 3 or site.trouble, "it was never full", site.said)
        narrow.make_room(site)
    more(site)
    account = end(site)
    told(f"full {times} times, {site.refused} messages turned away with 503 meanwhile", account.line())
    account.sound()
    with site.adapter.database.read() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
