"""Which lines each test runs, alone, and how long it takes. What was measured is kept in `build`, and measured again
where the product, what it reads, or the test's own file has changed."""

import hashlib
import json
import marshal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import coverage
import pytest
from forks import Forks, How, bounded

from adapter.definitions import store

SLOWEST = 2.0
"""Seconds that a test may take; a slower one is left out."""

_ROOT = Path(__file__).resolve().parents[2]
_KEPT = _ROOT / "build" / "measured.json"
_READ = ("adapter/**/*.py", "profiles/**/*", "fixtures/**/*", "mappings/**/*", "tests/**/conftest.py")
_WARMING = 10
_PATIENCE = 120.0
"""Seconds of processor that ten tests may take."""


@dataclass
class Test:
    """A test, alone: its lines by file, and how many seconds of processor it takes."""

    item: pytest.Item
    lines: dict[str, frozenset[int]]
    seconds: float


Measured = tuple[bool, float, dict[str, list[int]]]
"""Whether a test passes, its seconds, and its lines by file."""


class Measuring:
    """Measures tests for mutants of some files. `failed` is what the session's reports of failures are added to;
    with `remember` installed packages are read once for all tests."""

    def __init__(self, files: list[str], forks: Forks, failed: list[str], *, remember: bool) -> None:
        self._files = files
        self._forks = forks
        self._failed = failed
        self._remember = remember
        self.told: list[str] = []

    def measure(self, items: list[pytest.Item]) -> list[Test]:
        """Runs every test with fixtures of its own, so that none finds compiled what its lines are to show. Every tenth
        runs here, which fills the memory that forks begin with: expressions, packages, tables; the others in forks."""
        if self._remember:
            _remember_packages()
        kept = self._kept()
        found = {item.nodeid: self._lines(item) for item in items[::_WARMING]}
        found |= {item.nodeid: kept[_key(item)] for item in items if item.nodeid not in found and _key(item) in kept}
        left = [item for item in items if item.nodeid not in found]
        for start in range(0, len(left), _WARMING):
            part = left[start : start + _WARMING]

            def work(part: list[pytest.Item] = part) -> bytes:
                bounded(_PATIENCE)
                return marshal.dumps([self._lines(item) for item in part])

            def done(how: How, written: bytes, part: list[pytest.Item] = part) -> None:
                if how == "ended":
                    found.update(zip((item.nodeid for item in part), marshal.loads(written), strict=True))
                else:
                    self.told.append(f"left out, for their process {how}: {', '.join(item.nodeid for item in part)}")

            self._forks.start(work, done)
        self._forks.wait()
        kept |= {_key(item): found[item.nodeid] for item in items if item.nodeid in found}
        self._keep(kept | {"": self._read()})
        return [test for item in items if item.nodeid in found for test in self._usable(item, *found[item.nodeid])]

    def _lines(self, item: pytest.Item) -> Measured:
        recorder = coverage.Coverage(data_file=None, include=self._files, branch=False, config_file=False)
        recorder.set_option("run:disable_warnings", ["no-data-collected"])
        self._failed.clear()
        began = time.process_time()
        recorder.start()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        recorder.stop()
        seconds = time.process_time() - began
        data = recorder.get_data()
        passed = not self._failed
        self._failed.clear()
        return passed, seconds, {file: sorted(data.lines(file) or ()) for file in self._files}

    def _usable(self, item: pytest.Item, passed: bool, seconds: float, lines: dict[str, list[int]]) -> Iterator[Test]:
        if not passed:
            self.told.append(f"left out, for it fails without any mutant: {item.nodeid}")
        elif seconds > SLOWEST:
            self.told.append(f"left out, for it takes {seconds:.1f} s: {item.nodeid}")
        else:
            yield Test(item, {file: frozenset(each) for file, each in lines.items()}, seconds)

    def _kept(self) -> dict[str, Measured]:
        if not _KEPT.exists():
            return {}
        kept = json.loads(_KEPT.read_text(encoding="utf-8"))
        return kept if kept.pop("", "") == self._read() else {}

    def _read(self) -> str:
        """A hash of what tests run and read, and of the files whose lines are measured."""
        files = sorted(path for each in _READ for path in _ROOT.glob(each) if path.is_file() and path.suffix != ".pyc")
        digest = hashlib.sha256(" ".join(self._files).encode())
        for path in files:
            digest.update(f"{path} ".encode() + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _keep(self, found: dict[str, Any]) -> None:
        _KEPT.parent.mkdir(exist_ok=True)
        _KEPT.write_text(json.dumps(found), encoding="utf-8")


@lru_cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _key(item: pytest.Item) -> str:
    """A test's name, and a hash of its file."""
    return f"{item.nodeid} {_hash(item.path)}"


def _remember_packages() -> None:
    """Keeps in memory what is read of installed packages, which no rule changes: forks read nothing again."""
    index, read = store.Installed.index, store.Installed.read
    rows: dict[Any, list[store.Row]] = {}
    resources: dict[Any, dict[str, Any]] = {}

    def remembered_index(self: store.Installed) -> Iterator[store.Row]:
        key = (self._folder, self.package.sha256)
        if key not in rows:
            rows[key] = list(index(self))
        return iter(rows[key])

    def remembered_read(self: store.Installed, row: store.Row) -> dict[str, Any]:
        key = (self._folder, self.package.sha256, row.offset)
        if key not in resources:
            resources[key] = read(self, row)
        return resources[key]

    store.Installed.index = remembered_index  # type: ignore[method-assign]
    store.Installed.read = remembered_read  # type: ignore[method-assign]
