"""What an attack leaves in memory: `python benchmarks/hostile_memory.py [--seconds 20] [--connections 64] [--rest 30]`.

`adapter serve` is a process of its own. Bodies as large as it takes them in come at it over many connections at once,
one kind after another; then it is left alone but for a few good messages. Told is its resident memory (Linux): at
start, the most in each kind of attack and after it, and at rest.
"""

import argparse
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import parts

from adapter.security.principals import Right

JSON, XML = "application/fhir+json", "application/fhir+xml"
DOORS = ("/fhir/$process-message", "/fhir/$validate")
MOST = 2 * 1024 * 1024
"""`server.max_message_bytes` where it is not set."""
_BUNDLE = b'{"resourceType":"Bundle","type":"message","entry":['
_HEAD = b'<Bundle xmlns="http://hl7.org/fhir"><type value="message"/>'
_KINDS: dict[str, tuple[str, bytes, bytes, bytes]] = {
    "one text": (JSON, b'{"resourceType":"Patient","name":[{"text":"', b"x", b'"}]}'),
    "empty objects": (JSON, _BUNDLE, b"{},", b"{}]}"),
    "objects": (JSON, _BUNDLE, b'{"a":1},', b"{}]}"),
    "entries": (JSON, _BUNDLE, b'{"resource":{"resourceType":"Task"}},', b"{}]}"),
    "decimals": (JSON, _BUNDLE, b"0.1,", b"1]}"),
    "arrays within arrays": (JSON, b'{"a":', b"[", b"}"),
    "not UTF-8": (JSON, _BUNDLE, b"\xff", b""),
    "elements": (XML, _HEAD, b"<entry/>", b"</Bundle>"),
    "tasks": (XML, _HEAD, b"<entry><resource><Task/></resource></entry>", b"</Bundle>"),
    "elements within elements": (XML, b"", b"<a>", b""),
    "entities": (XML, b'<!DOCTYPE a [<!ENTITY a "aaaa">]><Bundle xmlns="http://hl7.org/fhir">', b"&a;", b"</Bundle>"),
    "attributes": (XML, _HEAD + b"<entry ", b'a="" ', b"/></Bundle>"),
    "entries, as many as may be": (
        JSON,
        _BUNDLE,
        b'{"resource":{"resourceType":"Task","status":"requested","id":"0123456789abcdef"}},',
        b"{}]}",
    ),
    "decimals, as many as may be": (JSON, _BUNDLE, b"0.12345678901234,", b"1]}"),
    "tasks, as many as may be": (XML, _HEAD, b"<entry><resource><Task/></resource></entry>     ", b"</Bundle>"),
}
"""Of the last three there are little more than `adapter.fhir.bounds.BYTES` bytes to an element."""


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="What an attack leaves in memory.")
    parser.add_argument("--seconds", type=float, default=20, help="of attack by each kind of body (20)")
    parser.add_argument("--connections", type=int, default=64, help="at once (64)")
    parser.add_argument("--rest", type=float, default=30, help="seconds of rest at the end (30)")
    parser.add_argument("--kind", choices=tuple(_KINDS), action="append", help="only this kind; may stand repeatedly")
    arguments = parser.parse_args()
    print(parts.machine())
    with tempfile.TemporaryDirectory() as name, parts.receiver() as receiver, served(Path(name), receiver) as target:
        good = parts.messages(20, 20)
        for body in good[:10]:
            assert target.send(DOORS[0], JSON, body) == 200
        print(f"{'start':26} {target.resident():6.0f} MiB", flush=True)
        for kind in arguments.kind or _KINDS:
            target.attack(kind, arguments.connections, arguments.seconds)
        time.sleep(arguments.rest)
        for body in good[10:]:
            assert target.send(DOORS[0], JSON, body) == 200
        print(f"{'at rest':26} {target.resident():6.0f} MiB ({parts.load()})")


@contextmanager
def served(folder: Path, receiver: parts.Receiver) -> Iterator["Target"]:
    """An installation that is served, and whoever may send to it."""
    adapter = parts.installation(folder, f"sqlite:///{folder}/adapter.db", receiver.address)
    until = adapter.clock.now() + timedelta(days=1)
    token = adapter.tokens.issue("region", {Right.SEND}, until, "figures")
    adapter.close()
    words = ["-c", "from adapter.cli.main import main; main()", "serve", "--config", str(folder / "adapter.toml")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, *words],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=os.environ | {"ADAPTER_SERVER__PORT": "0"},
        ) as process,
    ):
        assert process.stdout is not None
        said = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert said is not None, (folder / "log").read_text()
        try:
            yield Target(process.pid, int(said[1]), token)
        finally:
            process.send_signal(signal.SIGTERM)


class Target:
    """The process that is attacked."""

    def __init__(self, pid: int, port: int, token: str) -> None:
        self._proc = Path("/proc") / str(pid)
        self._port = port
        self._token = token

    def attack(self, kind: str, connections: int, seconds: float) -> None:
        """Prints a line: the most memory while it goes on, the memory two seconds after it, and what was answered."""
        media_type, begin, unit, end = _KINDS[kind]
        body = begin + unit * ((MOST - len(begin) - len(end)) // len(unit)) + end
        self._proc.joinpath("clear_refs").write_text("5")  # what was the most is forgotten
        answers: Counter[int | str] = Counter()
        limit = time.monotonic() + seconds

        def run(door: str) -> None:
            while time.monotonic() < limit:
                status = self.send(door, media_type, body)
                answers[status] += 1
                if status == 503:
                    time.sleep(0.2)

        senders = [threading.Thread(target=run, args=(DOORS[number % 2],)) for number in range(connections)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        most = self.resident("VmHWM")
        time.sleep(2)
        told = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items(), key=str))
        print(f"{kind:26} {most:6.0f} MiB at most, {self.resident():6.0f} MiB after it ({told})", flush=True)

    def send(self, door: str, media_type: str, body: bytes) -> int | str:
        """The status of the answer, or what was raised instead."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)
        try:
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media_type}
            connection.request("POST", door, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        else:
            return answer.status
        finally:
            connection.close()

    def resident(self, name: str = "VmRSS") -> float:
        """MiB in memory; `VmHWM` for the most that there were."""
        lines = self._proc.joinpath("status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024


if __name__ == "__main__":
    main()
