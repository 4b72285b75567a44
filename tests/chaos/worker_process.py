"""A worker as a process of its own, to be killed: database URL and receiver's URL as arguments, ends at SIGTERM."""

import signal
import sys
import threading

from adapter.delivery.channels import ChannelSettings, build
from adapter.delivery.channels.base import Acknowledgement, Code
from adapter.delivery.worker import Worker, WorkerOptions
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database


def main(database_url: str, receiver_url: str) -> None:
    settings = ChannelSettings(id="a", channel="xml-http", address=receiver_url, timeout=5.0)
    channel = build(settings, lambda body: Acknowledgement(Code.OK) if body == b"ok" else None)
    options = WorkerOptions(schedule=(0.05,), lease_seconds=0.5, poll_seconds=0.05, threads=4, open_after=10_000)
    worker = Worker(Database(database_url), ContentStore(Plain()), lambda _endpoint: channel, options=options)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    worker.start()
    ended.wait()
    worker.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
