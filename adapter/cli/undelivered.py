"""`adapter deliveries undelivered`: the list for the day when everything is down (reservrutin)."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, opened
from adapter.support.errors import AdapterError, ConfigurationError

if TYPE_CHECKING:
    from adapter.cli.context import Context
    from adapter.directory import Directory
    from adapter.exchange.undelivered import Listing, Undelivered
    from adapter.plans.riv.document import Document


def undelivered(
    to_print: Annotated[
        Path | None,
        typer.Option("--print", metavar="FILE", help="write pages to print: a .pdf or .txt file, or - for text"),
    ] = None,
    persons: Annotated[bool, typer.Option("--persons", help="with who each is about; needs --reason")] = False,
    reason: Annotated[str, typer.Option(help="why the persons are shown; it goes into the audit")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List what has not arrived, with the receiver's contact and by when it must be there. Reads the store alone, so
    that it works while the server is down. Exit status 1 where something has not arrived."""
    from adapter.exchange.undelivered import Reserve
    from adapter.store.content import ContentStore, Plain

    with opened(config) as context:
        reserve = Reserve(context.database, ContentStore(Plain()), context.clock, _directory(context))
        by = context.principal
        found = reserve.list_with_persons(by, reason) if persons else reserve.list(by)
    if as_json:
        output.print_json(found)
    elif to_print is not None:
        _write(found, to_print)
    else:
        output.print_table(
            ("DELIVERY", "BEFORE", "EVENT", "STATUS", "RECEIVER", "CALL", "ABOUT"),
            map(_cells, found.rows),
            "Everything has arrived.",
        )
    if not found.complete and not as_json:
        typer.echo(f"There are more than the {len(found.rows)} that are listed.", err=True)
    if found.rows:
        raise typer.Exit(1)


def _directory(context: "Context") -> "Directory | None":
    """None where it is broken, which must not keep a person from the list."""
    from adapter.directory import Directory

    try:
        return Directory.load(context.settings.directory.folder)
    except ConfigurationError as error:
        typer.echo(f"adapter: the directory cannot be read, contacts are missing:\n{error}", err=True)
        return None


def _cells(row: "Undelivered") -> tuple[object, ...]:
    contact = row.contact
    receiver = (
        output.PROTECTED if contact is None else " ".join(filter(None, (contact.party, contact.name, contact.unit)))
    )
    call = "" if contact is None else "\n".join(filter(None, (contact.phone, contact.email, contact.contact)))
    return row.delivery_id, output.local(row.deadline), row.event, row.status, receiver, call, row.person


def _write(found: "Listing", file: Path) -> None:
    """The pages in Swedish: they are read where the work is done. Others cannot read the file."""
    from adapter.plans.riv.attachment import attach

    if str(file) != "-" and file.suffix.lower() not in (".pdf", ".txt"):
        raise AdapterError(f"--print {file}: expected a name that ends with .pdf or .txt, or - for text")
    form: Literal["pdf", "text"] = "pdf" if file.suffix.lower() == ".pdf" else "text"
    made = attach(document(found), form)
    if made is None or made.value is None:
        raise AdapterError("the list does not fit into one file: deliver or cancel some first")
    if form == "pdf" and made.media_type != "application/pdf":
        raise AdapterError("the list has characters that the PDF's fonts lack, or is too long: print it as .txt")
    if str(file) == "-":
        sys.stdout.buffer.write(made.value)
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(descriptor, 0o600)
        with os.fdopen(descriptor, "wb") as opened_file:
            opened_file.write(made.value)
    except OSError as error:
        raise AdapterError(f"cannot write {file}: {error.strerror}") from error
    typer.echo(f"{len(found.rows)} deliveries written to {file}")


def document(found: "Listing") -> "Document":
    """The list as a document of one section a receiver, those whose time ends first before the others."""
    from adapter.discharge.events import EVENTS
    from adapter.plans.riv.document import Document, Section

    groups: dict[str, list[Undelivered]] = {}
    for row in found.rows:
        groups.setdefault(_heading(row), []).append(row)
    sections = []
    for heading, rows in groups.items():
        lines = list(_contact(rows[0]))
        for row in rows:
            name = EVENTS[row.event].swedish if row.event in EVENTS else row.event
            by_law = " (lagstadgat)" if row.statutory else ""
            lines.append(f"[ ] leverans {row.delivery_id}: {name}{by_law}, {_STATES.get(row.status, row.status)}")
            if row.deadline is not None:
                lines.append(f"    ska vara framme före {output.local(row.deadline)[:16]}")
            lines.append(f"    antaget {output.local(row.accepted_at)[:16]}")
            if row.person:
                lines.append(f"    gäller {row.person}")
            lines.append("    lämnat till: ______________________  kl: ________  sign: ______")
        sections.append(Section(heading, tuple(lines)))
    return Document(
        title="Reservrutin: ej framkomna meddelanden",
        subject=f"Utskriven {output.local(found.at)}, {len(found.rows)} leveranser",
        sections=tuple(sections),
        warning=None if found.complete else "LISTAN ÄR INTE FULLSTÄNDIG: det finns fler",
    )


_STATES = {"waiting": "väntar", "running": "skickas", "held": "hålls", "dead": "kom inte fram"}


def _heading(row: "Undelivered") -> str:
    contact = row.contact
    if contact is None:
        return "Skyddade personer: öppna leveransen i systemet, när det går"
    return " ".join(filter(None, (contact.party, contact.name, f"({contact.unit})")))


def _contact(row: "Undelivered") -> "list[str]":
    contact = row.contact
    if contact is None:
        return []
    named = (("telefon", contact.phone), ("e-post (inte om patienter)", contact.email), ("kontakt", contact.contact))
    lines = [f"{name}: {value}" for name, value in named if value]
    return lines or ["ingen kontakt i katalogen"]
