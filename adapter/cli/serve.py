"""`adapter serve` and `adapter worker`: the processes of an installation."""

import gc
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli.check import packages
from adapter.cli.context import DEFAULT_CONFIG, Config, settings
from adapter.support.clock import to_micros
from adapter.support.errors import ConfigurationError

if TYPE_CHECKING:
    from adapter.wiring import Adapter

log = logging.getLogger("adapter")

NoWorker = Annotated[bool, typer.Option("--no-worker", help="Take messages only: workers run elsewhere.")]


def serve(config: Config = DEFAULT_CONFIG, no_worker: NoWorker = False) -> None:
    """Take messages, deliver them, and show what happened, until told to stop (SIGTERM). Directory, routes,
    mappings and feeds are read anew at SIGHUP."""
    gc.disable()  # what the start makes is there to stay: looking through it for waste costs a fifth of the start
    from adapter.web.feeding import Feeding
    from adapter.web.polling import Polling
    from adapter.web.reloading import Reloading
    from adapter.web.server import Server

    with _started(config, delivers=not no_worker) as adapter:
        worker = None if no_worker else adapter.worker
        server = Server(adapter, worker.name if worker else None)
        feeding = Feeding(adapter)
        polling = None if no_worker else Polling(adapter)
        reloading = Reloading(adapter, [server, feeding, *([polling] if polling else [])])
        if worker:
            worker.start()
        if adapter.bell:
            adapter.bell.start(worker.wake if worker else None)
        if polling:
            polling.start()
        feeding.start()
        reloading.start()
        try:
            public = adapter.settings.server.public_url
            gc.freeze()
            gc.enable()
            typer.echo(f"adapter listens on {server.address}" + (f" (for others: {public})" if public else ""))
            for name, listener in feeding.listeners.items():
                typer.echo(f"feed {name} listens on port {listener.port} (MLLP)")
            server.run()
        finally:
            reloading.stop()
            feeding.stop()
            if polling:
                polling.stop()
            if worker:
                worker.stop()


def work(config: Config = DEFAULT_CONFIG) -> None:
    """Deliver what is waiting and fetch plans of others, until told to stop (SIGTERM). Any number may run on one
    database. Directory and mappings are read anew at SIGHUP."""
    from adapter.web.polling import Polling
    from adapter.web.reloading import Reloading

    stopped = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stopped.set())
    with _started(config, delivers=True) as adapter:
        polling = Polling(adapter)
        reloading = Reloading(adapter, [polling])
        adapter.worker.start()
        if adapter.bell:
            adapter.bell.start(adapter.worker.wake)
        polling.start()
        reloading.start()
        typer.echo("adapter worker is at work")
        stopped.wait()
        reloading.stop()
        polling.stop()
        adapter.worker.stop()


@contextmanager
def _started(config: Config, *, delivers: bool) -> "Iterator[Adapter]":
    """The installation with its logging on and its database at the current schema; closed at the end."""
    from adapter import wiring
    from adapter.exchange.rounds import running
    from adapter.store import migrate
    from adapter.support import processors
    from adapter.support.logging import configure

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what starts now reads the files anyway
    loaded = settings(config)
    configure(loaded.logging.format, loaded.logging.level)
    if loaded.process.processors == "one":
        processors.keep_to_one()  # before any other thread is started
    problems, warnings = packages(loaded)
    if problems:
        raise ConfigurationError(problems)
    adapter = wiring.build(loaded)
    try:
        for warning in (*warnings, *adapter.directory.warnings):
            log.warning("doubtful configuration: %s", warning)
        # a wrong one is told now, not at the first message
        _ = adapter.mappings, adapter.suppressions, adapter.feeds, adapter.agreements
        migrate.upgrade(adapter.database)
        if adapter.marks.look(to_micros(adapter.clock.now())):
            log.warning("nothing is sent: the database was put back from a copy: see `adapter db gap`")
        with running(adapter.rounds(delivers=delivers)):
            yield adapter
    finally:
        adapter.close()
