"""What the commands that look at or act on an installation stand on.

They open the store alone: no validator, no mappings, so that an answer is there at once, and also when the rest of
the configuration is broken.
"""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.exchange.operations import Operations
    from adapter.exchange.views import Views
    from adapter.security.principals import Principal
    from adapter.store.database import Database
    from adapter.support.clock import Clock
    from adapter.support.settings import Settings
    from adapter.wiring import Adapter

Config = Annotated[
    Path,
    typer.Option("--config", envvar="ADAPTER_CONFIG", help="The adapter.toml of the installation.", show_default=True),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
DEFAULT_CONFIG = Path("adapter.toml")
LARGEST_ID = 2**63 - 1
"""The largest number that a database gives."""

Reason = Annotated[str, typer.Option(help="why; it goes into the audit")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="how many")]
Before = Annotated[
    int | None, typer.Option(min=1, max=LARGEST_ID, help="only those with a lower number: the next page")
]


@dataclass(frozen=True)
class Context:
    """An opened installation and the one who works on it."""

    settings: "Settings"
    database: "Database"
    clock: "Clock"
    principal: "Principal"
    views: "Views"


def settings(config: Path) -> "Settings":
    """The settings of an installation. Raises AdapterError where the file cannot be read or is wrong."""
    from adapter.support import settings as module

    try:
        return module.load(config)
    except OSError as error:
        raise AdapterError(f"cannot read {config}: {error.strerror}. Name the file with --config") from error


@contextmanager
def store(config: Path) -> Iterator[tuple["Settings", "Database"]]:
    """The installation's database, whatever its schema; closed at the end."""
    from adapter.store.database import open_database

    loaded = settings(config)
    database = open_database(loaded.database)
    try:
        yield loaded, database
    finally:
        database.close()


@contextmanager
def opened(config: Path) -> Iterator[Context]:
    """The installation to look at, closed at the end. Raises AdapterError where its database is not there or not up
    to date."""
    from adapter.exchange.views import Views
    from adapter.store.content import ContentStore, Plain
    from adapter.support.clock import SystemClock

    with store(config) as (loaded, database):
        _require_schema(database)
        clock = SystemClock()
        views = Views(database, ContentStore(Plain()), clock, loaded.delivery.escalate_after)
        yield Context(loaded, database, clock, operator(), views)


@contextmanager
def acting(config: Path) -> Iterator[tuple["Operations", "Principal"]]:
    """The installation to act on, and who acts. What becomes due is found by the server's own polling: it is another
    process. Raises as `opened`."""
    with installation(config) as adapter:
        yield adapter.operations, operator()


@contextmanager
def installation(config: Path) -> Iterator["Adapter"]:
    """All parts of an installation, made when asked for. What does not fit how things stand is the answer "no": words,
    and exit status 1. Raises as `opened`."""
    from adapter import wiring
    from adapter.exchange.acts import ConflictError

    adapter = wiring.build(settings(config))
    try:
        _require_schema(adapter.database)
        yield adapter
    except ConflictError as error:
        output.print_line(str(error))
        raise typer.Exit(1) from error
    finally:
        adapter.close()


def _require_schema(database: "Database") -> None:
    from adapter.store import migrate

    if migrate.pending(database):
        raise AdapterError("the database is not at the schema of this version: run `adapter db upgrade`")


def operator() -> "Principal":
    """Whoever has access to the store's files may do everything, under the name of the system's user."""
    from adapter.security.principals import Principal, Right

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return Principal(f"local:{user}", "operations", frozenset(), frozenset(Right))
