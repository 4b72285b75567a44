"""Whether memory stays flat at steady load: `python benchmarks/soak.py [--minutes 60] [--rate 5] [--database sqlite]`.

One process takes messages in and delivers them to a receiver on loopback, so many a second; every tenth of the time its
resident memory is printed. After the first fifth, when caches are full, it should not grow.
"""

import argparse
import gc
import tempfile
import time
from pathlib import Path

import parts


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="Whether memory stays flat at steady load.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5, help="messages a second (5)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    print(parts.machine())
    with tempfile.TemporaryDirectory() as name, parts.receiver() as receiver:
        if arguments.database == "sqlite":
            soak("sqlite", Path(name), None, receiver, arguments)
        else:
            with parts.postgresql() as server:
                soak("postgresql", Path(name), server, receiver, arguments)


def soak(kind: str, folder: Path, server: str | None, receiver: parts.Receiver, arguments: argparse.Namespace) -> None:
    """Ten lines."""
    with parts.database_url(kind, folder, server) as url:
        adapter = parts.installation(folder / "soak", url, receiver.address)
        adapter.worker.start()
        sender, found, sent = parts.sender(adapter), [], 0
        began, seconds = time.monotonic(), arguments.minutes * 60
        for tenth in range(1, 11):
            while (now := time.monotonic() - began) < seconds * tenth / 10:
                if sent > now * arguments.rate:
                    time.sleep(0.01)
                    continue
                body = parts.messages(1, 1, f"{sent}-")[0]
                assert adapter.exchange.receive(parts.submission(body), sender).status == 200
                sent += 1
            gc.collect()
            found.append(resident())
            print(f"{kind:10} {now / 60:6.1f} min {sent:8} messages {found[-1]:8.1f} MiB ({parts.load()})", flush=True)
        receiver.wait(sent, 120)
        grown = found[-1] - found[1]
        print(f"{kind:10} from a fifth of the time to its end: {grown:+.1f} MiB; {sent} accepted, {sent} received")
        adapter.worker.stop()
        adapter.close()


def resident() -> float:
    """MiB of this process in memory (Linux)."""
    line = next(each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
