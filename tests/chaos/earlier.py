"""An earlier version of the product, run from the repository's history beside the present one."""

import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_VERSIONS = "adapter/store/migrations/versions"
_TRIES = 20
_RUN = "from adapter.cli.main import main; main()"
_STARTS = "import adapter.cli.main, adapter.cli.serve, adapter.wiring, adapter.web.server, adapter.web.feeding"


def revisions() -> list[str]:
    """The numbers of all migrations, oldest first."""
    return sorted(file.name.partition("_")[0] for file in (ROOT / _VERSIONS).glob("[0-9]*.py"))


class Earlier:
    """The last version before a migration was added that starts; unpacked into a folder. Skips the test where there is
    no history to take it from."""

    def __init__(self, revision: str, folder: Path) -> None:
        for commit in self._commits(revision):
            found = folder / commit[:12]
            with tarfile.open(fileobj=BytesIO(_git("archive", commit))) as archive:
                archive.extractall(found, filter="data")
            self.folder, self.commit = found, commit
            if self._python(_STARTS) == 0:
                return
        pytest.skip(f"no version before migration {revision} starts here")

    def _commits(self, revision: str) -> Iterator[str]:
        try:
            added = _git("log", "--diff-filter=A", "--format=%H", "--", f"{_VERSIONS}/{revision}_*.py").decode().split()
            last = _git("rev-list", f"--max-count={_TRIES}", f"{added[-1]}^").decode().split() if added else []
        except (OSError, subprocess.CalledProcessError):
            last = []
        if not last:
            pytest.skip("the history of the repository is not here: no earlier version can be run")
        yield from last

    def _python(self, words: str) -> int:
        return subprocess.call(
            [sys.executable, "-c", words], env=self._environment, cwd=self.folder, stderr=subprocess.DEVNULL
        )

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.folder)}

    def start(self, *words: str, log: Path) -> "subprocess.Popen[bytes]":
        """`adapter …` of that version."""
        with log.open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-c", _RUN, *words],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )


def end(process: "subprocess.Popen[bytes]") -> int:
    """Tell it to end; how it did."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(60)


def _git(*words: str) -> bytes:
    return subprocess.check_output(["git", "-C", str(ROOT), *words], stderr=subprocess.DEVNULL)
