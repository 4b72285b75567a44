"""How many messages one process takes in for good: `python benchmarks/accept.py [--seconds 5] [--rounds 3]`.

    whole      validate, route, map to a record, commit, answer
    floor      the same handler and transaction; validation and mapping are stubbed out

Each message is an admission notice for one receiver; threads hand them in, as those of the HTTP server do. Both take
turns, so that what else the machine does meets both. A commit is on the disk when it returns: SQLite is `synchronous =
FULL`, PostgreSQL has fsync and synchronous_commit on.
"""

import argparse
import gc
import itertools
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import parts

from adapter.mapping import Mapping
from adapter.wiring import Adapter

THREADS = 8


class NoValidation:
    """Finds nothing wrong."""

    def issues(self, _message: Any) -> list[Any]:
        return []


class NoMapping:
    """Gives a record that was made before."""

    name, version, media_type = "lifecare", "none", "application/xml"

    def __init__(self, content: bytes, report: dict[str, Any]) -> None:
        self.content, self.version_, self._report = content, "none", report
        self.report = self

    def to_record(self, _bundle: Any) -> Any:
        return self

    def to_picture(self) -> dict[str, Any]:
        return self._report


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="How many messages one process takes in for good.")
    parser.add_argument("--seconds", type=float, default=5, help="of each turn (5)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (3)")
    parser.add_argument("--threads", type=int, default=THREADS, help=f"that hand messages in ({THREADS})")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only this one")
    arguments = parser.parse_args()
    print(parts.machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"a page is on the disk in {parts.disk(folder):.2f} ms")
        if arguments.database != "postgresql":
            measure(folder / "sqlite", "sqlite", None, arguments)
        if arguments.database != "sqlite":
            with parts.postgresql() as server:
                measure(folder / "postgresql", "postgresql", server, arguments)


def measure(folder: Path, kind: str, server: str | None, arguments: argparse.Namespace) -> None:
    """One line for a database."""
    folder.mkdir()
    with parts.database_url(kind, folder, server) as url, parts.database_url(kind, folder, server) as other:
        whole = parts.installation(folder / "whole", url, "http://127.0.0.1:9/", "lifecare")
        floor = parts.installation(folder / "floor", other, "http://127.0.0.1:9/", "lifecare")
        stub(whole, floor)
        gc.collect()
        gc.freeze()  # as `adapter serve` does
        figures: dict[str, list[float]] = {"whole": [], "floor": []}
        numbers = itertools.count()
        with parts.as_served():
            for adapter in (whole, floor):
                turn(adapter, numbers, 1, arguments.threads)
            for _ in range(arguments.rounds):
                for name, adapter in (("whole", whole), ("floor", floor)):
                    figures[name].append(turn(adapter, numbers, arguments.seconds, arguments.threads))
        ratio = statistics.median(w / f for w, f in zip(figures["whole"], figures["floor"], strict=True))
        shown = ", ".join(f"{name} {statistics.median(each):.0f}/s" for name, each in figures.items())
        print(f"{kind:10} {arguments.threads} threads: {shown}, ratio {ratio:.2f} ({parts.load()})", flush=True)
        for adapter in (whole, floor):
            adapter.close()


def stub(whole: Adapter, floor: Adapter) -> None:
    """What the floor leaves out."""
    body = parts.messages(1, 1, "stub")[0]
    bundle = parts.fhir_json.parse(body)
    mapping: Mapping = whole.mappings["lifecare"]
    result = mapping.to_record(bundle)
    floor.message_validator = NoValidation()  # type: ignore[assignment]
    floor.mappings = {"lifecare": NoMapping(result.content, result.report.to_picture())}  # type: ignore[dict-item]


def turn(adapter: Adapter, numbers: "itertools.count[int]", seconds: float, threads: int) -> float:
    """Messages taken in a second. They are made before."""
    start = next(numbers)
    bodies = iter(parts.messages(round(1200 * seconds), 400, f"{start}-"))
    lock, exchange, principal = threading.Lock(), adapter.exchange, parts.sender(adapter)
    done = 0
    began = time.perf_counter()

    def run() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            with lock:
                body = next(bodies)
            reply = exchange.receive(parts.submission(body), principal)
            assert reply.status == 200, reply
            with lock:
                done += 1

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return done / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
