"""What takes long says on a terminal that it is under way, and nowhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-c", "from adapter.cli.main import main; main()", "packages", "verify"]


def test_on_a_terminal_and_only_there(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    environment = os.environ | {"ADAPTER_CACHE": str(tmp_path), "TERM": "xterm"}
    piped = subprocess.run(COMMAND, env=environment, capture_output=True, timeout=60, check=False)
    assert (piped.returncode, piped.stderr) == (0, b"")
    ours, theirs = pty.openpty()
    try:
        shown = subprocess.run(COMMAND, env=environment, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=False)
        os.close(theirs)
        assert shown.stdout == piped.stdout
        assert b"verifying" in os.read(ours, 10_000)
    finally:
        os.close(ours)
