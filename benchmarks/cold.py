"""What a new process costs before its first verdict, and the package cache before its first use.

`python benchmarks/cold.py` prints seconds of wall-clock time and of processor time. On a machine that has other things
to do only the second says much.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = sorted((ROOT / "fixtures" / "journeys" / "home-with-sip").glob("*.json"))
_STEPS = """
import json, sys, time
def now(): return time.perf_counter(), time.process_time()
marks = [now()]
from adapter.validation import Validator
marks.append(now())
validator = Validator.load()
marks.append(now())
for file in sys.argv[1:]:
    validator.validate(open(file, "rb").read())
    marks.append(now())
steps = [[b[0] - a[0], b[1] - a[1]] for a, b in zip(marks, marks[1:])]
print(json.dumps([steps[0], steps[1], steps[2], [sum(s[i] for s in steps[3:]) for i in (0, 1)]]))
"""


def steps(cache: Path | None = None) -> list[tuple[float, float]]:
    """(wall-clock, processor) seconds of import, load, first message, and one message of each other kind."""
    environment = os.environ | ({"ADAPTER_CACHE": str(cache)} if cache else {})
    command = [sys.executable, "-c", _STEPS, *map(str, MESSAGES)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return [(wall, cpu) for wall, cpu in json.loads(done.stdout)]


def serve(folder: Path) -> float:
    """Seconds until `adapter serve` answers that it is ready, with the example's settings and new secrets."""
    home = folder / "installation"
    shutil.copytree(ROOT / "example", home)
    for secret in (home / "secrets").iterdir():
        secret.write_text(secrets.token_hex(32))
        secret.chmod(0o600)
    settings = home / "adapter.toml"
    written = settings.read_text(encoding="utf-8")
    written = re.sub(r"(?m)^public_url = .*$", "", re.sub(r"(?m)^port = .*$", "port = 0", written))
    settings.write_text(written, encoding="utf-8")
    start = "from adapter.cli.main import main; main()"
    command = [sys.executable, "-c", start, "serve", "--config", str(settings)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        while True:
            try:
                with urllib.request.urlopen(f"{address}/health/ready", timeout=5):
                    return time.perf_counter() - begin
            except OSError:
                if time.perf_counter() - begin > 60:
                    raise
                time.sleep(0.02)
    finally:
        process.terminate()
        process.communicate()


def main() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built, read = steps(folder / "cache"), steps(folder / "cache")
        labels = (
            "import",
            "load the packages",
            "first message, compiling what it needs",
            "messages of the other kinds",
        )
        print(f"{'a new process, with the package cache':44}{'seconds':>9}{'processor':>11}")
        for label, (wall, cpu) in zip(labels, read, strict=True):
            print(f"  {label:42}{wall:9.2f}{cpu:11.2f}")
        wall, cpu = (built[1][i] - read[1][i] for i in (0, 1))
        print(f"  {'before: R4 core from its archive to the cache':42}{wall:9.2f}{cpu:11.2f}")
        try:
            print(f"  {'adapter serve, until it is ready':42}{serve(folder):9.2f}")
        except (OSError, IndexError) as error:
            print(f"  adapter serve: not measured ({type(error).__name__})")


if __name__ == "__main__":
    main()
