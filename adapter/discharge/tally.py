"""Rows of stays, counted: unit by column, in memory that grows with the units and not with the stays.

A distribution is kept as how many stays have each whole value, so that sum, mean and quantiles are exact. Values above
LARGEST are counted as LARGEST; the sum stays exact.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from adapter.discharge import suppression
from adapter.discharge.follow_up import Row
from adapter.discharge.measures import MEASURES, Kind, Measure
from adapter.discharge.suppression import ALL, Cell

LARGEST = 4000
"""In units of a measure: 4 000 days, or 1 000 days in quarters."""
QUANTILES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(9, 10))


@dataclass(frozen=True)
class Figure:
    """One measure of one unit in one column, ALL for the sum of either. `of` stays count, `count` of them meet a share
    (None for a time). `mean` and the quantiles are days; `classes` the stays in each class of the distribution. All
    are None where `hidden`; `classes` also where one of them would be small. `code` is that of CODES."""

    measure: str
    code: str
    unit: str
    column: str
    hidden: bool
    of: int | None = None
    count: int | None = None
    mean: Fraction | None = None
    quantiles: tuple[Fraction, ...] | None = None
    classes: tuple[int, ...] | None = None

    @property
    def share(self) -> Fraction | None:
        """How many of those that count; None for a time, for nobody, and where hidden."""
        return Fraction(self.count, self.of) if self.count is not None and self.of else None


class _Count:
    """A share's or code's yes and no, or a distribution."""

    __slots__ = ("no", "sum", "values", "yes")

    def __init__(self) -> None:
        self.yes = self.no = self.sum = 0
        self.values: Counter[int] = Counter()

    def add(self, other: "_Count") -> None:
        self.yes += other.yes
        self.no += other.no
        self.sum += other.sum
        self.values.update(other.values)

    @property
    def of(self) -> int:
        return self.yes + self.no + self.values.total()


Key = tuple[str, str]
"""A measure and, of CODES, a code."""


class Tally:
    """Counts rows. `unit` names the unit of a row, `columns` its columns (none: it is left out)."""

    def __init__(self, unit: Callable[[Row], str], columns: Callable[[Row], Iterable[str]]) -> None:
        self._unit = unit
        self._columns = columns
        self._counts: dict[Cell, defaultdict[Key, _Count]] = {}
        self.stays: Counter[Cell] = Counter()

    def add(self, row: Row) -> None:
        """Count one stay."""
        unit = self._unit(row)
        for column in self._columns(row):
            self.stays[unit, column] += 1
            counts = self._counts.setdefault((unit, column), defaultdict(_Count))
            for code, met in row.shares.items():
                if met is not None:
                    self._yes_or_no(counts[code, ""], met)
            for code, value in row.times.items():
                counts[code, ""].values[min(value, LARGEST)] += 1
                counts[code, ""].sum += value
            for code, said in row.codes.items():
                counts[code, ""].no += 1
                for each in said:
                    counts[code, each].yes += 1

    @staticmethod
    def _yes_or_no(count: _Count, met: bool) -> None:
        if met:
            count.yes += 1
        else:
            count.no += 1

    def figures(self, threshold: int, columns: Iterable[str], *, across: bool) -> Iterator[Figure]:
        """Every measure of every unit and of all, in each of the columns and, where `across`, over all of them; small
        cells hidden. In a lasting order."""
        names = sorted(set(columns))
        units = sorted({unit for unit, _ in self._counts})
        for measure in MEASURES:
            for code in self._codes(measure):
                table = self._table(measure, code, units, names, across=across)
                yield from _shown(measure, code, table, threshold)

    def _codes(self, measure: Measure) -> list[str]:
        if measure.kind is not Kind.CODES:
            return [""]
        keys = {key for counts in self._counts.values() for key in counts}
        return sorted(code for name, code in keys if name == measure.code and code)

    def _table(
        self, measure: Measure, code: str, units: Iterable[str], columns: Iterable[str], *, across: bool
    ) -> dict[Cell, _Count]:
        table: dict[Cell, _Count] = defaultdict(_Count)
        for unit in units:
            for column in columns:
                found = self._of(measure, code, (unit, column))
                for cell in ((unit, column), (_ALL_UNITS, column)):
                    table[cell].add(found)
                if across:
                    for cell in ((unit, ALL), (_ALL_UNITS, ALL)):
                        table[cell].add(found)
        return table

    def _of(self, measure: Measure, code: str, cell: Cell) -> _Count:
        counts: Mapping[Key, _Count] = self._counts.get(cell, {})
        if not code:
            return counts.get((measure.code, ""), _NOTHING)
        made, asked = _Count(), counts.get((measure.code, ""), _NOTHING).no
        made.yes = counts.get((measure.code, code), _NOTHING).yes
        made.no = asked - made.yes
        return made


_NOTHING = _Count()
_ALL_UNITS = ALL


def _shown(measure: Measure, code: str, table: Mapping[Cell, _Count], threshold: int) -> Iterator[Figure]:
    timed = measure.kind is Kind.TIME
    counts = {cell: (each.of,) if timed else (each.of, each.yes, each.no) for cell, each in table.items()}
    hidden = suppression.hidden(counts, threshold)
    classes = {cell: _classes(measure, each) for cell, each in table.items()} if timed else {}
    vectors = {cell: (table[cell].of, *found) for cell, found in classes.items()}
    unclassed = suppression.hidden(vectors, threshold) if timed else frozenset()
    for cell in sorted(table):
        unit, column = cell
        if cell in hidden:
            yield Figure(measure.code, code, unit, column, hidden=True)
        elif timed:
            shown = None if cell in unclassed else classes[cell]
            mean, quantiles = _mean(measure, table[cell]), _quantiles(measure, table[cell])
            yield Figure(measure.code, code, unit, column, False, table[cell].of, None, mean, quantiles, shown)
        else:
            yield Figure(measure.code, code, unit, column, False, table[cell].of, table[cell].yes)


def _mean(measure: Measure, count: _Count) -> Fraction | None:
    return Fraction(count.sum, count.of * measure.per_day) if count.of else None


def _quantiles(measure: Measure, count: _Count) -> tuple[Fraction, ...] | None:
    """The lowest value that at least so many of the stays do not exceed; of the median of an even number the mean of
    the two in the middle."""
    if not count.of:
        return None
    found = [Fraction(_at(count, -(-count.of * quantile.numerator // quantile.denominator))) for quantile in QUANTILES]
    if count.of % 2 == 0:
        found[1] = (found[1] + _at(count, count.of // 2 + 1)) / 2
    return tuple(each / measure.per_day for each in found)


def _at(count: _Count, rank: int) -> int:
    """The value of a rank, from 1."""
    for value in sorted(count.values):
        rank -= count.values[value]
        if rank <= 0:
            return value
    raise ValueError("there are fewer values")


def _classes(measure: Measure, count: _Count) -> tuple[int, ...]:
    bounds = [*measure.steps, LARGEST + 1]
    return tuple(
        sum(number for value, number in count.values.items() if low <= value < high) for low, high in pairwise(bounds)
    )
