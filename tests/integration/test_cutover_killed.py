"""A run of a cut-over whose process is killed (SIGKILL): the next run goes on, and nothing comes twice or never."""

import os
import signal
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from adapter import wiring
from adapter.cutover import export as exports
from adapter.store import tables
from adapter.support import settings

from .test_cutover import CutOver, rows

ADAPTER = [sys.executable, "-c", "from adapter.cli.main import main; main()"]


def accepted(cutover: CutOver) -> int:
    """How many messages of the cut-over the adapter has accepted, marked by the run or not."""
    with cutover.adapter.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.message)).scalar_one())


def begin(cutover: CutOver) -> "subprocess.Popen[bytes]":
    folder = cutover.installation.folder
    words = ["cutover", "run", str(folder / "export-0.xml"), "--plan", str(folder / "cutover.yaml")]
    return subprocess.Popen(
        [*ADAPTER, *words, "--config", str(folder / "adapter.toml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"ADAPTER_SERVER__PORT": "0"},
    )


def kill_at(cutover: CutOver, count: int) -> bool:
    """Start a run and kill it once so many messages are accepted; False where it came to its end before that."""
    process = begin(cutover)
    deadline = time.monotonic() + 60
    try:
        while accepted(cutover) < count:
            if process.poll() is not None:
                assert process.returncode == 0, process.stderr.read() if process.stderr else b""
                return False
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        return True
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def whole(cutover: CutOver, cases: int) -> None:
    """Every case is carried, and every message of it has come once."""
    found = cutover.report()
    assert (found.total, found.accounted, found.reconciles) == ({"carried": cases}, cases, True)
    told = cutover.deliver()
    assert told["inskrivningsmeddelande"] == told["generelltMeddelande"] == cases
    notes = select(tables.cutover_message.c.header_id, tables.cutover_message.c.accepted)
    with cutover.adapter.database.read() as connection:
        noted = connection.execute(notes).all()
        messages = connection.execute(select(tables.message.c.header_id)).scalars().all()
    assert all(row.accepted for row in noted)
    assert sorted(messages) == sorted(row.header_id for row in noted)
    assert told.total() == len(messages)


def kill_itself(cutover: CutOver, commits: int) -> None:
    """Run in a process of its own, which is killed right after a number of commits. It begins as a copy of this one, so
    that nothing has to be compiled anew."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # it uses nothing of other threads
        child = os.fork()
    if child == 0:
        try:
            folder, left = cutover.installation.folder, commits
            adapter = wiring.build(settings.load(folder / "adapter.toml"))
            adapter.message_validator = cutover.adapter.message_validator
            adapter.mappings = cutover.adapter.mappings
            own = CutOver(replace(cutover.installation, adapter=adapter))
            write = adapter.database.write

            @contextmanager
            def counted(*words: Any, **more: Any) -> Any:
                nonlocal left
                with write(*words, **more) as connection:
                    yield connection
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            adapter.database.write = counted  # type: ignore[method-assign]
            own.runner.run(exports.read(folder / "export-0.xml"))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def test_a_killed_run_is_shown_as_interrupted_and_the_next_one_goes_on(installation: Any):
    cutover = CutOver(installation)
    export = cutover.export(rows(2))
    for commits in (4, 9):
        kill_itself(cutover, commits)
        assert cutover.report().interrupted
    assert cutover.runner.run(export) == {"carried": 2}
    whole(cutover, 2)


@pytest.mark.slow
def test_however_often_a_run_is_killed_every_case_comes_once(installation: Any):
    cutover = CutOver(installation)
    cutover.export(rows(8))
    kills = sum(kill_at(cutover, count) for count in (1, 6, 15))
    assert kills == 3
    assert not kill_at(cutover, 10_000)
    whole(cutover, 8)
