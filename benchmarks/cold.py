"""What a new process costs before its first verdict, and the package cache before its first use.

`python benchmarks/cold.py` prints seconds of wall-clock time and of processor time. On a machine that has other things
to do only the second says much.
"""

import json
import math
import os
import re
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = sorted((ROOT / "fixtures" / "journeys" / "home-with-sip").glob("*.json"))
ADAPTER = [sys.executable, "-c", "from adapter.cli.main import main; main()"]
STARTS = 5
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


def steps(cache: Path) -> list[tuple[float, float]]:
    """(wall-clock, processor) seconds of import, load, first message, and one message of each other kind."""
    command = [sys.executable, "-c", _STEPS, *map(str, MESSAGES)]
    done = subprocess.run(command, cwd=ROOT, env=environment(cache), capture_output=True, text=True, check=True)
    return [(wall, cpu) for wall, cpu in json.loads(done.stdout)]


def environment(cache: Path) -> dict[str, str]:
    """As where the package is installed: with compiled modules, which the first start makes, and a cache of its own."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"ADAPTER_CACHE": str(cache / "packages"), "PYTHONPYCACHEPREFIX": str(cache / "modules")}


def installation(home: Path) -> Path:
    """The example's settings with new secrets; gives their file."""
    shutil.copytree(ROOT / "example", home)
    for secret in (home / "secrets").iterdir():
        secret.write_text(secrets.token_hex(32))
        secret.chmod(0o600)
    settings = home / "adapter.toml"
    written = settings.read_text(encoding="utf-8")
    written = re.sub(r"(?m)^public_url = .*$", "", re.sub(r"(?m)^port = .*$", "port = 0", written))
    settings.write_text(written, encoding="utf-8")
    return settings


class Start(NamedTuple):
    """Seconds until `adapter serve` answers that it is ready, of the clock and of the processor, and its MiB then; the
    second and third are not told by every system."""

    wall: float
    processor: float | None
    memory: float | None


def serve(settings: Path, cache: Path) -> Start:
    """One start of an installation."""
    command = [*ADAPTER, "serve", "--config", str(settings)]
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(cache), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        while True:
            try:
                with urllib.request.urlopen(f"{address}/health/ready", timeout=5):
                    return Start(time.perf_counter() - begin, _processor(process.pid), _memory(process.pid))
            except OSError:
                if time.perf_counter() - begin > 60:
                    raise
                time.sleep(0.02)
    finally:
        process.terminate()
        process.communicate()


def _processor(process: int) -> float | None:
    """Seconds of processor time that a process has had (Linux)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> float | None:
    """MiB of memory that a process holds (Linux)."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), None)


def help_(cache: Path) -> float:
    """Processor seconds of `adapter --help`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*ADAPTER, "--help"], cwd=ROOT, env=environment(cache), capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def starts(folder: Path) -> None:
    """Prints the least of several starts, after a first one that compiles the modules and the packages."""
    cache = folder / "installed"
    settings = installation(folder / "installation")
    found = [serve(settings, cache) for _ in range(STARTS + 1)][1:]
    wall = min(each.wall for each in found)
    processor = min((each.processor for each in found if each.processor is not None), default=math.nan)
    print(f"  {'adapter serve, until it is ready':42}{wall:9.2f}{processor:11.2f}")
    print(f"  {'adapter --help':42}{'':9}{min(help_(cache) for _ in range(STARTS)):11.2f}")
    memory = min((each.memory for each in found if each.memory is not None), default=math.nan)
    print(f"  {'resident memory of adapter serve, ready':42}{memory:9.0f} MiB")


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
            starts(folder)
        except (OSError, IndexError, subprocess.CalledProcessError) as error:
            print(f"  adapter serve: not measured ({type(error).__name__})")


if __name__ == "__main__":
    main()
