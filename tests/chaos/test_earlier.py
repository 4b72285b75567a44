"""A rolling upgrade: the version before, really run, works beside this one on the new schema. Messages come in at both,
both send, and the account is sound; senders are told of what is late, whichever of the two took it in."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapter.exchange.verification.projections import rebuild
from adapter.store import migrate, tables
from adapter.support.clock import SystemClock, to_micros

from .account import settle
from .conftest import Told
from .earlier import Earlier, end, revisions
from .site import OPERATOR, Site, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
REVISION = os.environ.get("ADAPTER_CHAOS_BEFORE", revisions()[-1])
"""The version before this migration is run; earlier ones have their own faults, which have been mended since."""
SINCE_STOPS = "0012"
"""The migration with which every process stops sending where the database was put back."""


@contextmanager
def earlier_processes(site: Site, version: Earlier) -> Iterator[list[Any]]:
    """A server and a worker of the earlier version; its port is one more of the site's."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    config, log = site.folder / "earlier.toml", site.folder / "earlier.log"
    config.write_text(site.config.read_text("utf-8").replace(f"port = {site.port}", f"port = {port}"), "utf-8")
    started = [version.start(word, "--config", str(config), log=log) for word in ("serve", "worker")]
    try:
        until(lambda: site.answers(port) or started[0].poll() is not None, "it does not answer", log.read_text)
        assert all(each.poll() is None for each in started), log.read_text()
        site.ports.append(port)
        yield started
    finally:
        for each in started:
            assert end(each) == 0, log.read_text()[-3000:]


def neither_sends_where_the_database_was_put_back(site: Site) -> None:
    before = len(site.requests())
    site.adapter.recoveries.put_back(OPERATOR, "chaos", None)
    site.feed(1, files=False, persons=1, pause=0, name="stopped")
    site.join_feeding()
    time.sleep(2)
    assert len(site.requests()) == before
    site.adapter.recoveries.resume(OPERATOR, "chaos")
    site.wait_until_delivered()


@pytest.fixture
def empty(postgresql: Any) -> Iterator[str]:
    url = postgresql.create()
    yield url
    postgresql.drop(url)


def test_the_version_before_works_beside_this_one(
    told: Told, empty: str, open_site: Callable[..., Site], tmp_path: Path
):
    version = Earlier(REVISION, tmp_path)
    site = open_site(empty, token=False, escalate_after="1500ms", inbox=False)
    migrate.upgrade(site.adapter.database)
    site.issue_token()
    site.start("serve")
    site.serving()
    site.start("worker")
    site.misbehave(lifecare={"busy": 0.3, "slow": 0.1}, open_care={"busy": 0.1})
    with earlier_processes(site, version):
        site.feed(2, files=False, persons=2, pause=0.1)
        site.join_feeding()
        site.misbehave()
        site.wait_until_delivered()
        if REVISION > SINCE_STOPS:
            neither_sends_where_the_database_was_put_back(site)
    site.end()
    changed = rebuild(site.adapter.database, OPERATOR, to_micros(SystemClock().now())).cases_changed
    account = settle(site)
    mine = sum(
        f"-{process.pid}-" in row.worker
        for row in site.rows(select(tables.attempt.c.worker))
        for process in site.processes
    )
    told(f"beside {version.commit[:12]}, before migration {REVISION}; {changed} cases projected anew", account.line())
    account.sound()
    assert 0 < mine < sum(account.attempts.values()), "one of the two versions has sent nothing"
