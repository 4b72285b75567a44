"""`adapter db`: the database's schema."""

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, store

app = typer.Typer(no_args_is_help=True, help="See and upgrade the database's schema.")


@app.command()
def upgrade(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Bring the database to the schema of this version, making it where there is none. Take a backup first: there is
    no way down."""
    from adapter.store import migrate

    with store(config) as (_, database):
        applied = migrate.upgrade(database)
    if as_json:
        output.print_json({"applied": applied})
    else:
        output.print_line(f"applied {', '.join(applied)}" if applied else "nothing to do: the schema is up to date")


@app.command()
def status(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Say which schema the database has. Exit status 1 where an upgrade is needed."""
    from adapter.store import migrate

    with store(config) as (_, database):
        current, pending = migrate.current(database), migrate.pending(database)
    if as_json:
        output.print_json({"current": current, "pending": pending})
    else:
        output.print_fields((("schema", current or "none"), ("pending", ", ".join(pending) or "nothing")))
    if pending:
        raise typer.Exit(1)
