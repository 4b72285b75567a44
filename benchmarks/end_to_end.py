"""How many messages a second come to a receiver on loopback, and how long one takes:
`python benchmarks/end_to_end.py [--peers] [--count 600] [--rounds 2] [--database sqlite]`.

    adapter              parse, validate, route, commit; then claim, send, record
    without validation   the same, but nothing is validated, as with the peers
    procrastinate, DBOS  the same bodies through their queues (--peers installs them into a folder of its own)
    ... on one           they too are kept on one of the machine's processors, as `adapter serve` keeps itself

Everywhere one process takes in and delivers; eight threads (or tasks) hand messages in, each with a commit of its
own, and eight send; messages of one person stay in order. The receiver is a process of its own. Each moves 160
messages in the same way before its round begins, so that it is measured as it runs: with its connections made and its
statements prepared. A round is from the first message handed in to the last one received. Then the adapter alone:
with 1, 2 and 4 workers of one process, and how long a message takes from its acceptance to its receipt, one at a time
and with two senders who do not wait.
"""

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import accept
import parts
from parts import Receiver

from adapter.support import processors
from adapter.wiring import Adapter, delivering

WIDTH = 8
WARM = 160
Moved = tuple[float, float]
"""Messages a second, from the first one handed in to the last one received; seconds of processor time for each, of the
process that takes them in and sends them."""
PEERS = {"procrastinate": ("postgresql",), "dbos": ("sqlite", "postgresql")}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="How many messages a second come to a receiver.")
    parser.add_argument("--peers", action="store_true", help="install procrastinate and DBOS, and compare")
    parser.add_argument("--peers-python", help="a Python in whose environment they are installed already")
    parser.add_argument("--count", type=int, default=600, help="messages of a round (600)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each (2)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only this one")
    parser.add_argument("--only", choices=("peers", "workers", "latency"), help="only this part")
    arguments = parser.parse_args()
    print(parts.machine())
    kinds = [arguments.database] if arguments.database else ["sqlite", "postgresql"]
    with tempfile.TemporaryDirectory() as name, parts.receiver() as receiver:
        folder = Path(name)
        python = arguments.peers_python or (install(folder / "peers") if arguments.peers else None)
        if python is None:
            print("procrastinate, DBOS: skipped: add --peers")
        if kinds == ["sqlite"]:
            figures(folder, "sqlite", None, receiver, python, arguments)
            return
        with parts.postgresql() as server:
            for kind in kinds:
                figures(folder, kind, server, receiver, python, arguments)


def figures(
    folder: Path, kind: str, server: str | None, receiver: Receiver, python: str | None, arguments: argparse.Namespace
) -> None:
    """All figures on one database."""
    if arguments.only in (None, "peers"):
        compared(folder, kind, server, receiver, python, arguments)
    if arguments.only in (None, "workers"):
        workers(folder, kind, server, receiver, arguments)
    if arguments.only in (None, "latency"):
        latency(folder, kind, server, receiver, arguments)


def compared(
    folder: Path, kind: str, server: str | None, receiver: Receiver, python: str | None, arguments: argparse.Namespace
) -> None:
    """The contenders take turns, each round on a new database."""
    runs: dict[str, Any] = {
        "adapter": lambda: own(folder, kind, server, receiver, arguments.count, validates=True),
        "without validation": lambda: own(folder, kind, server, receiver, arguments.count, validates=False),
    }
    if python is not None:
        for peer in (name for name, where in PEERS.items() if kind in where):
            for name, kept in ((peer, False), (f"{peer} on one", True)):
                runs[name] = lambda peer=peer, kept=kept: another(
                    folder, kind, server, receiver, python, peer, arguments.count, kept=kept
                )
    found: dict[str, list[Moved]] = {name: [] for name in runs}
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            found[name].append(run())
    base = statistics.median(rate for rate, _ in found["adapter"])
    for name, moved in found.items():
        rate, spent = (statistics.median(each) for each in zip(*moved, strict=True))
        shown = f"{rate:7.1f}/s{rate / base:7.2f} x{spent * 1000:8.1f} ms of processor time each"
        print(f"{kind:10} {name:21}{shown} ({parts.load()})", flush=True)


def own(folder: Path, kind: str, server: str | None, receiver: Receiver, count: int, *, validates: bool) -> Moved:
    """By the adapter."""
    with parts.database_url(kind, folder, server) as url, parts.as_served():
        adapter = parts.installation(folder / "own", url, receiver.address)
        if not validates:
            adapter.message_validator = accept.NoValidation()  # type: ignore[assignment]
        warm(adapter, receiver)
        bodies = parts.messages(count, count // 4)
        adapter.worker.start()
        if adapter.bell is not None:
            adapter.bell.start(adapter.worker.wake)
        began, spent = time.monotonic(), time.process_time()
        hand_in(adapter, bodies)
        receiver.wait(count, 300)
        spent = time.process_time() - spent
        adapter.worker.stop()
        adapter.close()
        taken = receiver.taken()
        in_order(bodies, [name for name, _ in taken])
        return count / (max(at for _, at in taken) - began), spent / count


def warm(adapter: Adapter, receiver: Receiver) -> None:
    """What is made when it is first asked for is made."""
    hand_in(adapter, parts.messages(WARM, WARM // 4, "warm"))
    adapter.worker.run_until_idle()
    receiver.taken()
    gc.unfreeze()  # of the one before
    gc.collect()
    gc.freeze()  # as `adapter serve` does


def hand_in(adapter: Adapter, bodies: list[bytes]) -> None:
    """From as many threads as there are to send; those of a person by one of them, in order."""
    persons = len(bodies) // 4
    exchange, principal = adapter.exchange, parts.sender(adapter)

    def run(share: int) -> None:
        for number, body in enumerate(bodies):
            if number % persons % WIDTH == share:
                assert exchange.receive(parts.submission(body), principal).status == 200

    threads = [threading.Thread(target=run, args=(share,)) for share in range(WIDTH)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_order(bodies: list[bytes], taken: list[str]) -> None:
    """Every message once, those of a person in the order in which they were handed in."""
    ids = [str(parts.fhir_json.parse(body)["entry"][0]["resource"]["id"]) for body in bodies]
    assert sorted(ids) == sorted(taken), "not every message came once"
    place = {name: number for number, name in enumerate(taken)}
    persons = len(bodies) // 4
    for person in range(persons):
        places = [place[name] for name in ids[person::persons]]
        assert places == sorted(places), "messages of a person came out of order"


def another(
    folder: Path, kind: str, server: str | None, receiver: Receiver, python: str, peer: str, count: int, *, kept: bool
) -> Moved:
    """The same of a peer; `kept` on one processor."""
    bodies = parts.messages(count, count // 4)
    file = folder / "messages.json"
    file.write_text(json.dumps([of_persons(parts.messages(WARM, WARM // 4, "warm")), of_persons(bodies)]))
    with parts.database_url(kind, folder, server) as url:
        plain = url if peer == "dbos" else url.replace("postgresql+psycopg", "postgresql")
        command = [python, str(parts.HERE / "peers" / f"by_{peer}.py"), plain, receiver.address, str(file), str(WIDTH)]
        before = processors.keep_to_one if kept else None
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, preexec_fn=before, **pipes) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            while process.stdout.readline().strip() != "ready":
                assert process.poll() is None, f"{peer} did not start"
            receiver.wait(WARM, 300)
            receiver.taken()
            process.stdin.write("\n")
            process.stdin.flush()
            began, _ = json.loads(process.stdout.readline())
            receiver.wait(count, 300)
            process.stdin.write("\n")
            process.stdin.flush()
            spent = float(process.stdout.readline())
            process.wait()
        taken = receiver.taken()
        try:
            in_order(bodies, [name for name, _ in taken])
        except AssertionError as found:
            print(f"{kind:10} {peer}: {found}")
        return count / (max(at for _, at in taken) - began), spent / count


def of_persons(bodies: list[bytes]) -> list[tuple[int, str]]:
    """Each with the number of its person."""
    return [(number % (len(bodies) // 4), body.decode()) for number, body in enumerate(bodies)]


def workers(folder: Path, kind: str, server: str | None, receiver: Receiver, arguments: argparse.Namespace) -> None:
    """What waits already, sent by 1, 2 and 4 workers of one process."""
    rates = {}
    for number in (1, 2, 4):
        with parts.database_url(kind, folder, server) as url, parts.as_served():
            adapter = parts.installation(folder / "workers", url, receiver.address)
            adapter.message_validator = accept.NoValidation()  # type: ignore[assignment]
            warm(adapter, receiver)
            hand_in(adapter, parts.messages(arguments.count, arguments.count // 4))
            made = [adapter.worker, *(delivering.worker(adapter) for _ in range(number - 1))]
            began = time.monotonic()
            for one in made:
                one.start()
            receiver.wait(arguments.count, 300)
            for one in made:
                one.stop()
            adapter.close()
            rates[number] = arguments.count / (max(at for _, at in receiver.taken()) - began)
    shown = ", ".join(f"{number}: {rate:.0f}/s" for number, rate in rates.items())
    print(f"{kind:10} delivering what waits, by workers {shown} ({parts.load()})", flush=True)


def latency(folder: Path, kind: str, server: str | None, receiver: Receiver, arguments: argparse.Namespace) -> None:
    """From the answer that accepts a message to its receipt: one at a time, then several at a time."""
    with parts.database_url(kind, folder, server) as url, parts.as_served():
        adapter = parts.installation(folder / "latency", url, receiver.address)
        warm(adapter, receiver)
        adapter.worker.start()
        if adapter.bell is not None:
            adapter.bell.start(adapter.worker.wake)
        for name, count, pause, width in (("idle", 200, 0.1, 1), ("under load", arguments.count, 0.0, 2)):
            times = sorted(delays(adapter, receiver, count, pause, width, name))
            middle, high = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
            print(f"{kind:10} {name:11} p50 {middle:6.1f} ms, p99 {high:7.1f} ms ({parts.load()})", flush=True)
        adapter.worker.stop()
        adapter.close()


def delays(adapter: Adapter, receiver: Receiver, count: int, pause: float, width: int, name: str) -> list[float]:
    """Seconds from acceptance to receipt of each message."""
    bodies = iter(parts.messages(count, count, name))
    accepted: dict[str, float] = {}
    lock, exchange, principal = threading.Lock(), adapter.exchange, parts.sender(adapter)

    def run() -> None:
        while True:
            with lock:
                body = next(bodies, None)
            if body is None:
                return
            header = str(parts.fhir_json.parse(body)["entry"][0]["resource"]["id"])
            assert exchange.receive(parts.submission(body), principal).status == 200
            accepted[header] = time.monotonic()
            time.sleep(pause)

    threads = [threading.Thread(target=run) for _ in range(width)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    receiver.wait(count, 120)
    return [max(0.0, at - accepted[header]) for header, at in receiver.taken()]


def install(folder: Path) -> str | None:
    """An environment with the peers; its Python, None (and why) where pip could not."""
    python = folder / "bin" / "python"
    file = str(parts.HERE / "peers" / "queues.txt")
    for command in ([sys.executable, "-m", "venv", str(folder)], [str(python), "-m", "pip", "install", "-qr", file]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"procrastinate, DBOS: not installed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
            return None
    return str(python)


if __name__ == "__main__":
    main()
