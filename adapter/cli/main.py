"""The `adapter` command. Exit status: 0 done, 1 the answer is "no", 2 could not be run."""

import sys

import typer

from adapter.support.errors import AdapterError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


def main() -> None:
    """Run the command line; an error of ours becomes words on stderr and status 2, never a traceback."""
    try:
        app()
    except AdapterError as error:
        print(f"adapter: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
