"""`adapter db`, what keeps it: backup, verify, rebuild, expunge, the ledger, and what follows on a restore."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, installation, operator

if TYPE_CHECKING:
    from adapter.exchange.recovery import Recovery

Why = Annotated[str, typer.Option("--reason", help="why; it goes into the audit")]


def add(app: typer.Typer) -> None:
    """The commands, in the order in which they are shown."""
    for command in (backup, backed_up, verify, rebuild, expunge, ledger, restored, gap, resume):
        app.command()(command)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a new file, on another disk")],
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Copy a SQLite database to a file while it is in use, and check the copy. Used as a database, the copy sends
    nothing until `adapter db resume`. PostgreSQL has its own ways: see the guide."""
    from adapter.exchange.backups import Backups

    with installation(config) as adapter, output.progress("copying") as advance:
        made = Backups(adapter.database, adapter.clock).copy(operator(), file, advance)
    if as_json:
        output.print_json(made)
    else:
        output.print_line(f"{made.file}: {made.size} bytes, {made.rows['message']} messages, read again and whole")


def backed_up(
    made_at: Annotated[
        datetime | None, typer.Option("--at", help="when it was made, local time; else now", formats=["%Y-%m-%dT%H:%M"])
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Say that a copy of the database has been made by other means (PostgreSQL). From the first time on somebody is
    told when there has been none for longer than alerts.backup_age."""
    from adapter.exchange.backups import Backups
    from adapter.support.clock import STOCKHOLM

    at = None if made_at is None else made_at.replace(tzinfo=STOCKHOLM)
    with installation(config) as adapter:
        found = Backups(adapter.database, adapter.clock).report(operator(), at)
    if as_json:
        output.print_json({"made_at": found})
    else:
        output.print_line(f"kept: a copy was made {output.local(found)}")


def verify(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Look whether the store is whole, while the adapter runs: a delivery for each destination, content that is as it
    came, cases and Tasks that say what happened, no holes, days that add up. Exit status 1 with a list of what
    differs."""
    from adapter.exchange.verification import Source
    from adapter.exchange.verification import verify as look

    with installation(config) as adapter, output.progress("looking") as advance:
        found = look(Source(adapter.database, adapter.contents), lambda _, done: advance(done, None))
    if as_json:
        output.print_json(found)
    else:
        columns = ("WHERE", "WHAT", "NEXT")
        rows = ((f"{each.check}: {each.subject}", each.what, each.command) for each in found.findings)
        looked = ", ".join(f"{number} in {name}" for name, number in found.looked.items())
        output.print_table(columns, rows, "The store is whole.")
        if (more := sum(found.differs.values()) - len(found.findings)) > 0:
            output.print_line(f"and {more} more", "red")
        output.print_line(f"looked at {looked}", "dim")
    if not found.whole:
        raise typer.Exit(1)


def rebuild(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Make the states of all cases anew from their facts, and the Tasks from their versions, while the adapter runs."""
    from adapter.exchange.verification.projections import rebuild as make
    from adapter.support.clock import to_micros

    with installation(config) as adapter, output.progress("rebuilding") as advance:
        at = to_micros(adapter.clock.now())
        made = make(adapter.database, operator(), at, lambda done: advance(done, None))
    if as_json:
        output.print_json(made)
    else:
        output.print_line(f"{made.cases} cases, {made.cases_changed} were not as their facts say")
        output.print_line(f"{made.tasks} Tasks, {made.tasks_changed} were not as their versions say")


def expunge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say how much is too old")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Remove now what is older than its lifetime in the settings, as a worker does by itself. For one message:
    `adapter messages expunge`."""
    with installation(config) as adapter, output.progress("expunging") as advance:
        keeper = adapter.keeper
        if dry_run:
            counts = keeper.count()
        else:
            counts = keeper.now(operator(), lambda gone: advance(sum(gone.values()), None)).counts
    if as_json:
        output.print_json({"dry_run": dry_run, "counts": counts})
        return
    rows = [(name, number) for name, number in counts.items() if number]
    output.print_table(("WHAT", "TOO OLD" if dry_run else "GONE"), rows, "Nothing is older than its lifetime.")


def ledger(
    limit: Annotated[int, typer.Option(min=1, max=4_000, help="how many days")] = 31,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """What each closed day had, and what became of it, newest first."""
    from adapter.exchange import ledger as days

    with installation(config) as adapter, adapter.database.read() as connection:
        found = days.days(connection, limit)
    if as_json:
        output.print_json({"days": found})
        return
    columns = ("day", *days.SUMS)
    rows = [[row[name] for name in columns] for row in found]
    output.print_table([name.upper() for name in columns], rows, "No day is closed yet.")


def restored(
    reason: Why,
    since: Annotated[
        datetime | None, typer.Option("--from", help="when the copy was made, local time", formats=["%Y-%m-%dT%H:%M"])
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say that the database was put back from a copy, before the first start, where the adapter cannot know it
    (PostgreSQL without database.mark_file): nothing is sent until `adapter db resume`."""
    from adapter.support.clock import STOCKHOLM

    with installation(config) as adapter:
        at = None if since is None else since.replace(tzinfo=STOCKHOLM)
        adapter.recoveries.put_back(operator(), reason, at)
    output.print_line("nothing is sent from now on. Look at `adapter db gap`, then `adapter db resume`")


def gap(
    senders: Annotated[
        bool, typer.Option("--senders", help="only whom to ask to send again, to print or mail")
    ] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """What is not known after the database was put back: from when to when, what may have been sent since, and whom to
    ask to send again. Exit status 1 where nothing stands against sending."""
    with installation(config) as adapter:
        found = adapter.recoveries.gap(operator())
    if as_json:
        output.print_json({"gap": found})
    elif found is None:
        output.print_line("The database was not put back, or somebody has resumed.")
    else:
        if not senders:
            _print(found)
        _print_senders(found)
    if found is None:
        raise typer.Exit(1)


def resume(reason: Why, config: Config = DEFAULT_CONFIG) -> None:
    """Send again, after the database was put back and somebody has looked at the gap."""
    with installation(config) as adapter:
        adapter.recoveries.resume(operator(), reason)
    output.print_line("messages are sent again")


def _print(found: "Recovery") -> None:
    newest = f"message {found.newest_message}, {output.local(found.newest_at)}" if found.newest_at else "none"
    output.print_fields(
        (
            ("found", output.local(found.found_at)),
            ("because", "; ".join(found.causes)),
            ("not known from", output.local(found.since) if found.since else "nobody can tell"),
            ("to", output.local(found.until) if found.until else "nobody can tell"),
            ("last known", newest),
            ("may have been sent", f"{found.unknown_count} deliveries: they go again with the same ids"),
        )
    )
    columns = ("DELIVERY", "MESSAGE", "EVENT", "TO", "CREATED")
    rows = (
        (
            row.id,
            row.message_id,
            row.event,
            output.PROTECTED if row.protected else f"{row.receiver_unit} by {row.endpoint}",
            output.local(row.created_at),
        )
        for row in found.unknown
    )
    output.print_table(columns, rows, "Nothing was waiting to be sent.")
    output.print_line("")


def _print_senders(found: "Recovery") -> None:
    window = " ".join(
        f"{word} {output.local(at)}" for word, at in (("from", found.since), ("to", found.until)) if at is not None
    )
    output.print_line(f"Ask to send again everything sent {window or 'since the copy'}, with the same ids:", "bold")
    columns = ("SENDER", "NAME", "PHONE", "E-MAIL", "CONTACT", "LAST KNOWN", "ITS ID")
    rows = (
        (each.sender, each.name, each.phone, each.email, each.contact, output.local(each.last_at), each.last_id)
        for each in found.senders
    )
    output.print_table(columns, rows, "Nobody has sent anything.")
