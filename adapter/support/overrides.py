"""Environment variables that override settings: ADAPTER_<SECTION>__<KEY>."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from adapter.support import checked
from adapter.support.errors import Problem

PREFIX = "ADAPTER_"


def found() -> list[tuple[str, str]]:
    """The environment variables that speak of settings, in order of their names."""
    named = ((name.upper(), value) for name, value in os.environ.items())
    return sorted((name, value) for name, value in named if name.startswith(PREFIX) and ("__" in name))


def unknown(overrides: Iterable[tuple[str, str]], sections: list[str], file: Path) -> Iterator[Problem]:
    """A problem for each variable whose section is none; `file` is for the messages."""
    for name, _ in overrides:
        section = name.removeprefix(PREFIX).split("__")[0].lower()
        if section not in sections:
            hint = checked.nearest(section, sections)
            yield Problem(file, None, f"environment variable {name}: there is no section '{section}'{hint}")


def named(problem: Problem) -> Problem:
    """A problem with a value that the environment gave names the variable, not a line that does not hold it."""
    place, _, reason = problem.reason.partition(": ")
    name = PREFIX + place.upper().replace(".", "__")
    if name in {variable.upper() for variable in os.environ}:
        return Problem(problem.file, None, f"environment variable {name}: {reason}")
    return problem
