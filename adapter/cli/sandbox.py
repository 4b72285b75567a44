"""`adapter sandbox`: receivers to send to, one for each way, before there is a real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adapter.cli import output

if TYPE_CHECKING:
    from adapter.sandbox.ledger import Entry, Ledger

app = typer.Typer(no_args_is_help=True, help="Receivers on this machine to try an endpoint against, until Ctrl-C.")

Port = Annotated[int, typer.Option(min=0, max=65535, help="the port on 127.0.0.1; 0 takes a free one")]


@app.command()
def soap(
    port: Port = 0,
    says: Annotated[Literal["taken", "busy", "refused"], typer.Option(help="what it answers")] = "taken",
) -> None:
    """A SOAP service. It prints the endpoint for the directory, then a line for each call."""
    from adapter.sandbox.soap_receiver import AGAIN, CODES, SoapReceiver

    with _ledger() as ledger:
        receiver = SoapReceiver(ledger, says, _free(port))
        codes = f"ok: [{CODES['taken']}], transient: [{CODES['busy']}], duplicate: [{AGAIN}]"
        result = f"{{code: result/resultCode, {codes}}}"
        told = f"{{action: 'urn:sandbox:Send', result: {result}}}"
        with receiver.server, _until_told():
            _show(f"channel: soap, address: {receiver.address}, mapping: lifecare", f"soap: {told}")


@app.command()
def task(
    port: Port = 0,
    known: Annotated[
        list[str] | None,
        typer.Option("--task", metavar="SYSTEM|VALUE", help="a Task that it has from the beginning; may be repeated"),
    ] = None,
) -> None:
    """A FHIR server with Tasks. It prints the endpoint for the directory, then a line for each Task that is written."""
    from adapter.sandbox.task_server import TaskServer
    from adapter.support.errors import AdapterError

    asked = [tuple(each.rpartition("|")[::2]) for each in known or ()]
    if any(not system or not value for system, value in asked):
        raise AdapterError("--task: expected the identifier as SYSTEM|VALUE")
    with _ledger() as ledger:
        receiver = TaskServer(ledger, [(system, value) for system, value in asked], _free(port))
        with receiver.server, _until_told():
            _show(f"channel: fhir-task, address: {receiver.base}", "missing_task: create")


@app.command()
def folder(
    path: Annotated[Path, typer.Argument(metavar="FOLDER", help="where the endpoint drops its files")],
    says: Annotated[Literal["nothing", "ok", "error"], typer.Option(help="what it puts beside each file")] = "ok",
) -> None:
    """A receiver of files: it takes each away. It prints the endpoint for the directory, then a line for each file."""
    from adapter.sandbox.folder_receiver import FolderReceiver

    with _ledger() as ledger:
        receiver = FolderReceiver(path.absolute(), ledger, says)
        waits = "" if says == "nothing" else ", acknowledge_within: 1h"
        with _until_told():
            receiver.start()
            _show("channel: folder, mapping: lifecare", f"folder: {{path: {receiver.folder}{waits}}}")
        receiver.stop()


@contextmanager
def _ledger() -> "Iterator[Ledger]":
    from adapter.sandbox.ledger import Ledger
    from adapter.support.clock import SystemClock

    yield Ledger(SystemClock(), _tell)


def _tell(entry: "Entry") -> None:
    words = [output.local(entry.at), str(entry.effect), str(int(entry.status)), entry.event, entry.message_id]
    typer.echo("  ".join(each for each in words if each))


def _show(*members: str) -> None:
    typer.echo("the endpoint, for a file of the directory (its id and system are yours):")
    typer.echo(f"  - {{id: sandbox, system: SYSTEM, {', '.join(members)}}}")


def _free(port: int) -> int:
    """The port, where it can be had. Raises AdapterError."""
    import socket

    from adapter.support.errors import AdapterError

    try:
        with socket.create_server(("127.0.0.1", port)):
            return port
    except OSError as error:
        raise AdapterError(f"port {port} of 127.0.0.1 cannot be used: {error.strerror}") from error


@contextmanager
def _until_told() -> Iterator[None]:
    """What follows the block waits for Ctrl-C or SIGTERM, which count from its beginning."""
    import signal
    import threading

    stopped = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stopped.set())
    yield
    stopped.wait()
