"""`adapter demo`: one patient's journey through a real adapter, between simulated systems."""

from typing import Annotated

import typer

Keep = Annotated[bool, typer.Option("--keep", help="Leave everything running at the end, until Ctrl-C.")]
Municipality = Annotated[
    str | None,
    typer.Option(
        "--municipality",
        metavar="URL",
        help="Your own system in Lifecare's place: messages are posted to this URL, and its answers are checked.",
    ),
]
Seed = Annotated[str | None, typer.Option("--seed", help="Repeat the identifiers of an earlier run.")]


def demo(keep: Keep = False, municipality: Municipality = None, seed: Seed = None) -> None:
    """Play a patient's way home between a simulated EHR, open-care unit and Lifecare.

    Exit status 0 where everything arrived, in order, with one side effect each; else 1.
    """
    import signal
    import sys

    from adapter.sandbox.demo import Options, run
    from adapter.sandbox.identifiers import new_seed
    from adapter.sandbox.timeline import Timeline

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the adapter's process is ended too
    if not run(Options(seed or new_seed(), keep, municipality), Timeline()):
        raise typer.Exit(1)
