"""Statements of one transaction that need not see what each other has changed: one statement of PostgreSQL, and so one
round trip; on SQLite, where there is none to save, one after another.

On PostgreSQL each sees the rows as they were before all of them, none may change a row that another changes, and they
are done in no order (its documentation, "Data-Modifying Statements in WITH"). What one takes of another is what that
gives back: `Step.column`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection

from adapter.store.statements import Row, Statement, Text, Values, execute

_PARAMETER = re.compile(r"\$(\d+)")
_SHAPES = 1000
_AT_ONCE = 32
"""The most steps of one statement: PostgreSQL bounds what one may give and take, and each number of them is another."""


@dataclass(frozen=True)
class Later:
    """What a step will give back: the value of a column, null where it gives no row."""

    step: int
    column: str

    @property
    def sql(self) -> str:
        return f'(SELECT q{self.step}."{self.column}" FROM q{self.step})'  # noqa: S608 - names of columns


Number = int | Later
"""A row's id, or that which a step will give."""


class Step:
    """A statement of a batch, and what it gave back once the batch has run: one `row`, or None."""

    def __init__(self, number: int, statement: Statement, values: Values) -> None:
        self.statement = statement
        self.values = values
        self.row: Row | None = None
        self._number = number

    def column(self, name: str) -> Later:
        """For the values of those after it."""
        return Later(self._number, name)

    @property
    def given(self) -> Row:
        """The row. Raises LookupError where there is none."""
        if self.row is None:
            raise LookupError("expected a row, found none")
        return self.row


class Batch:
    """Steps, to be run in one go on a connection. Raises as a Statement does, where any of them fails."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._steps: list[Step] = []

    @property
    def dialect(self) -> str:
        return self._connection.dialect.name

    def add(self, statement: Statement, values: Values) -> Step:
        """A statement that gives back no more than one row; `values` may hold what earlier steps will give."""
        step = Step(len(self._steps), statement, values)
        self._steps.append(step)
        return step

    def add_rows(self, statement: Statement, rows: Sequence[Values]) -> None:
        """An insert of rows that name the same columns. What it gives back is not told."""
        for part, values in statement.parts(rows):
            self.add(part, values)

    def run(self) -> None:
        """Run them all, once."""
        at_once = 1 if self.dialect == "sqlite" else _AT_ONCE
        for start in range(0, len(self._steps), at_once):
            some = self._steps[start : start + at_once]
            for step in some if start else ():
                step.values = {name: self._known(value, start) for name, value in step.values.items()}
            if len(some) == 1:
                _run(self._connection, some[0])
            else:
                _run_as_one(self._connection, some)

    def _known(self, value: object, start: int) -> object:
        """A value; of what steps before `start` gave, what it is, and of later ones, their place after it."""
        if not isinstance(value, Later):
            return value
        if value.step >= start:
            return Later(value.step - start, value.column)
        return getattr(self._steps[value.step].row, value.column, None)


def _run(connection: Connection, step: Step) -> None:
    if step.statement.form(connection, step.values).columns:
        step.row = step.statement.row(connection, step.values)
    else:
        step.statement.run(connection, step.values)


def _run_as_one(connection: Connection, steps: Sequence[Step]) -> None:
    forms = [step.statement.form(connection, step.values) for step in steps]
    parts, given = [], []
    for form, step in zip(forms, steps, strict=True):
        text = form.text(step.values)
        laters = {name: value for name, value in step.values.items() if isinstance(value, Later)}
        if laters:
            given += [each.of(step.values) for each in text.parameters if each.given not in laters]
        else:
            given += text.of(step.values)
        parts.append(_Part(text, form.columns, tuple(laters.items())))
    [told] = execute(connection, _as_one(tuple(parts)), given)
    for form, step in zip(forms, steps, strict=True):
        own, told = told[: len(form.columns)], told[len(form.columns) :]
        step.row = form.read([own])[0] if any(value is not None for value in own) else None


class _Part(NamedTuple):
    """A statement's text, the names of what it gives back, and those of its values that others give."""

    text: Text
    columns: tuple[str, ...]
    laters: tuple[tuple[str, Later], ...]


@lru_cache(_SHAPES)
def _as_one(parts: tuple[_Part, ...]) -> str:
    """`WITH q0 AS (…), q1 AS (…) SELECT` what each gives back."""
    steps, first = [], 1
    for number, part in enumerate(parts):
        laters, names = dict(part.laters), []
        for parameter in part.text.parameters:
            later = laters.get(parameter.given or "")
            names.append(f"${first}" if later is None else later.sql)
            first += later is None
        steps.append(f"q{number} AS ({_named(part.text.sql, names)})")
    told = [Later(number, name).sql for number, part in enumerate(parts) for name in part.columns]
    return f"WITH {', '.join(steps)} SELECT {', '.join(told) or '1'}"


def _named(sql: str, names: Sequence[str]) -> str:
    """The words with these in place of `$1`, `$2`, …"""
    return _PARAMETER.sub(lambda found: names[int(found[1]) - 1], sql)
