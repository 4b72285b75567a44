"""Statements that are run for every message: compiled once, and handed to the driver as they are.

SQLAlchemy writes and reads what the databases understand. To run a statement through it takes many times what the
database takes (ADR 42), so that what accepting and delivering do each time goes past it, in the same transaction.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NoReturn, Protocol, cast

from sqlalchemy import BindParameter, ColumnElement, Connection, Dialect, Insert, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.visitors import cloned_traverse
from sqlalchemy.types import TypeEngine

Values = dict[str, Any]
Row = Any
"""A named tuple of the columns."""
_Process = Callable[[Any], Any]
_named: Callable[..., Any] = namedtuple
_AT_ONCE = 16
"""The most rows of one insert."""


class Executable(Protocol):
    """A select, insert, update or delete."""

    @property
    def exported_columns(self) -> ReadOnlyColumnCollection[Any, Any]: ...

    def compile(self, *, dialect: Dialect, column_keys: Sequence[str]) -> Any: ...


class Statement:
    """A statement whose parameters are given by name: its `bindparam`s, and the columns of a row to insert or update.

    The types of the columns turn values into what the database keeps, and back. Each method raises the driver's errors
    as SQLAlchemy does (DBAPIError), without values: they are personal data.
    """

    def __init__(self, statement: Executable) -> None:
        if isinstance(statement, Insert) and not statement.exported_columns:
            statement = statement.inline()  # else PostgreSQL tells the key
        self._statement = statement
        self._forms: dict[tuple[str, ...], Form] = {}
        self._several: dict[tuple[int, tuple[str, ...]], Statement] = {}

    def run(self, connection: Connection, values: Values | None = None) -> int:
        """Run it; the number of rows that it changed."""
        return self.form(connection, values or {}).execute(connection, values or {})[1]

    def run_each(self, connection: Connection, values: Sequence[Values]) -> None:
        """Run it for each, all of which name the same parameters."""
        if isinstance(self._statement, Insert):
            self.rows_each(connection, values)
        elif len(values) == 1:
            self.run(connection, values[0])
        elif values:
            self.form(connection, values[0]).execute_many(connection, values)

    def rows_each(self, connection: Connection, values: Sequence[Values]) -> list[Row]:
        """What an insert returns of rows that name the same columns, in no order. Several rows go in one statement."""
        return [row for part, given in self.parts(values) for row in part.rows(connection, given)]

    def parts(self, values: Sequence[Values]) -> "Iterator[tuple[Statement, Values]]":
        """The inserts of so many rows, and the values of each."""
        for start in range(0, len(values), _AT_ONCE):
            some = values[start : start + _AT_ONCE]
            yield (self, some[0]) if len(some) == 1 else (self._of_rows(len(some), tuple(some[0])), _numbered(some))

    def rows(self, connection: Connection, values: Values | None = None) -> list[Row]:
        """All rows that it returns."""
        return self.form(connection, values or {}).execute(connection, values or {})[0]

    def row(self, connection: Connection, values: Values | None = None) -> Row | None:
        """The first row that it returns; None where there is none."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def one(self, connection: Connection, values: Values | None = None) -> Row:
        """The one row that it returns. Raises LookupError where it returns another number of them."""
        found = self.rows(connection, values)
        if len(found) != 1:
            raise LookupError(f"expected one row, found {len(found)}")
        return found[0]

    def value(self, connection: Connection, values: Values | None = None) -> Any:
        """The first value of the first row; None where there is none."""
        found = self.rows(connection, values)
        return found[0][0] if found else None

    def _of_rows(self, count: int, columns: tuple[str, ...]) -> "Statement":
        """The insert of so many rows at once."""
        found = self._several.get((count, columns))
        if found is None:
            statement: Any = self._statement
            rows: Any = [{name: bindparam(_number(name, row)) for name in columns} for row in range(count)]
            found = self._several[count, columns] = Statement(statement.values(rows))
        return found

    def form(self, connection: Connection, values: Values) -> "Form":
        """It, for the database and the names that are given."""
        key = (connection.dialect.name, *values)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = Form(self._statement, connection.dialect, values)
        return form


@dataclass(frozen=True)
class Parameter:
    """One of the driver's parameters: a value that was `given`, the `index`th of a list that was, or a fixed one."""

    name: str
    given: str | None = None
    index: int | None = None
    process: _Process | None = None
    fixed: Any = None

    def of(self, values: Values) -> Any:
        if self.given is None:
            return self.fixed
        value = values[self.given] if self.index is None else values[self.given][self.index]
        return value if self.process is None else self.process(value)


class Text:
    """What the driver is handed: the words, and their parameters in order."""

    def __init__(self, sql: str, parameters: Sequence[Parameter]) -> None:
        self.sql = sql
        self.parameters = parameters
        names = [each.given for each in parameters if each.index is None and each.given is not None]
        self._plain = itemgetter(*names) if len(names) == len(parameters) > 1 else None
        self._processes = [(place, each.process) for place, each in enumerate(parameters) if each.process]

    def of(self, values: Values) -> Sequence[Any]:
        """What the parameters are. Mostly all are values as they were given, which is done in one go."""
        if self._plain is None:
            return [each.of(values) for each in self.parameters]
        given = list(self._plain(values))
        for place, process in self._processes:
            given[place] = process(given[place])
        return given


class Form:
    """The statement for one dialect and the names that are given. A list of another length makes another text, and so
    does another value that the text spells out (`literal_execute`)."""

    def __init__(self, statement: Executable, dialect: Dialect, values: Values) -> None:
        self._dialect = dialect
        spelled: Any = cloned_traverse(cast("Any", statement), {}, {"bindparam": _spell_out})
        self._compiled = spelled.compile(dialect=dialect, column_keys=list(values))
        binds = self._compiled.binds
        self._lists = [name for name in values if binds[name].expanding]
        self._spelled = [name for name in values if binds[name].literal_execute]
        self._texts: dict[tuple[Any, ...], Text] = {}
        columns = list(statement.exported_columns)
        self.columns = tuple(str(column.key) for column in columns)
        """the names of what it gives back"""
        self.read = _reader(columns, dialect)
        """from the driver's rows to named ones"""

    def execute(self, connection: Connection, values: Values) -> tuple[list[Row], int]:
        text = self.text(values)
        given = text.of(values)
        rows, count = _run(connection, text.sql, lambda cursor: cursor.execute(text.sql, given), gives=self.columns)
        return self.read(rows), count

    def execute_many(self, connection: Connection, values: Sequence[Values]) -> None:
        text = self.text(values[0])
        given = [text.of(each) for each in values]
        _run(connection, text.sql, lambda cursor: cursor.executemany(text.sql, given), gives=())

    def text(self, values: Values) -> Text:
        key = (*[len(values[name]) for name in self._lists], *[values[name] for name in self._spelled])
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = self._write(values)
        return text

    def _write(self, values: Values) -> Text:
        state = self._compiled.construct_expanded_state(values)
        lists = state.parameter_expansion.items()
        of_list = {name: (given, index) for given, names in lists for index, name in enumerate(names)}
        parameters = []
        for name in state.positiontup:
            given, index = of_list.get(name, (name, None))
            process = _binder(self._compiled.binds[given].type, self._dialect)
            if given in values:
                parameters.append(Parameter(name, given, index, process))
            else:
                fixed = state.parameters[name]
                parameters.append(Parameter(name, fixed=process(fixed) if process else fixed))
        return Text(state.statement, parameters)


def execute(connection: Connection, sql: str, given: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The driver's rows. Raises as `Statement`."""
    return _run(connection, sql, lambda cursor: cursor.execute(sql, given), gives=True)[0]


def run_text(connection: Connection, sql: str) -> None:
    """Run words that neither take nor give anything, such as BEGIN. Raises as `Statement`."""
    try:
        _cursor(connection).execute(sql)
    except connection.dialect.loaded_dbapi.Error as error:
        _raise(connection, sql, error)


def _run(connection: Connection, sql: str, run: Callable[[Any], object], *, gives: object) -> tuple[list[Any], int]:
    cursor = _cursor(connection)
    try:
        run(cursor)
        rows = cursor.fetchall() if gives else []
    except connection.dialect.loaded_dbapi.Error as error:
        _raise(connection, sql, error)
    return rows, cursor.rowcount


def _cursor(connection: Connection) -> Any:
    """One of the driver's own: what it holds goes with it."""
    driver: Any = connection.connection.dbapi_connection
    return driver.cursor()


def _raise(connection: Connection, sql: str, error: Any) -> NoReturn:
    """The driver's error as SQLAlchemy's. Where the connection was cut, those that rest in the pool are made anew too,
    as SQLAlchemy does it."""
    dialect = connection.dialect
    cut = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if cut:
        connection.invalidate(error)
        connection.engine.dispose()
    told: Any = {"hide_parameters": True, "connection_invalidated": cut, "dialect": dialect}
    raise DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error, **told) from error


def _spell_out(parameter: BindParameter[Any]) -> None:
    """A constant of the statement, so that the databases see which partial indexes they may use."""
    if not parameter.required:
        parameter.literal_execute = True


def _numbered(rows: Sequence[Values]) -> Values:
    return {_number(name, number): value for number, row in enumerate(rows) for name, value in row.items()}


def _number(name: str, row: int) -> str:
    return f"{name}__{row}"


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> _Process | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(columns: Sequence[ColumnElement[Any]], dialect: Dialect) -> Callable[[list[Any]], list[Row]]:
    """From the driver's rows to named ones."""
    row: Any = _named("row", [str(column.key) for column in columns], rename=True)
    processes = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    if not any(processes):
        return lambda rows: list(map(row._make, rows))
    steps = [process or _as_it_is for process in processes]
    return lambda rows: [row._make([step(value) for step, value in zip(steps, each, strict=True)]) for each in rows]


def _as_it_is(value: Any) -> Any:
    return value
