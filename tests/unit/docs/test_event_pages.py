"""The pages of the events are what the package makes of them."""

import subprocess
import sys
from pathlib import Path

from adapter.discharge.events import EVENTS

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "reference" / "events"


def test_the_pages_are_what_the_package_says():
    made = subprocess.run(
        [sys.executable, ROOT / "scripts" / "event-pages", "--check"], capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")


def test_there_is_one_for_each_event():
    assert {file.stem for file in FOLDER.glob("*.md")} == {*EVENTS, "admission-notice-extended", "README"}
