"""scripts/setup where it must not install."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_linked_environment_is_refused_and_stays_as_it_was(tmp_path):
    theirs, checkout = tmp_path / "theirs", tmp_path / "checkout"
    (theirs / "bin").mkdir(parents=True)
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup", checkout / "scripts" / "setup")
    (checkout / ".venv").symlink_to(theirs)
    run = subprocess.run(  # without a PATH to a Python or pip, were it to go on
        ["/bin/sh", "scripts/setup"], cwd=checkout, env={"PATH": "/bin"}, capture_output=True, text=True, timeout=20
    )
    assert run.returncode == 2
    assert "setup: .venv is a link" in run.stderr
    assert "rm .venv" in run.stderr
    assert (checkout / ".venv").is_symlink()
    assert [each.name for each in theirs.rglob("*")] == ["bin"]
