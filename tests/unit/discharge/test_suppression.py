"""That no hidden cell can be computed from what is shown."""

import random
from fractions import Fraction

import pytest

from adapter.discharge.suppression import ALL, hidden

THRESHOLD = 5


def table(
    rows: dict[str, dict[str, tuple[int, ...]]], *, across: bool = True
) -> dict[tuple[str, str], tuple[int, ...]]:
    """The cells with their sums."""
    cells = {(row, column): counts for row, columns in rows.items() for column, counts in columns.items()}
    sums = dict(cells)
    for (row, column), counts in cells.items():
        for place in {(ALL, column)} | ({(row, ALL), (ALL, ALL)} if across else set()):
            before = sums.get(place, (0,) * len(counts))
            sums[place] = tuple(one + other for one, other in zip(before, counts, strict=True))
    return sums


def computable(found, cells, *, across=True):
    """The hidden cells whose number follows from the shown ones: by elimination, the slow and certain way."""
    unknown = sorted(found)
    equations = []
    for place in (0, 1) if across else (0,):
        for line in sorted({cell[1 - place] for cell in cells}):
            members = [cell for cell in cells if cell[1 - place] == line]
            equations.append([Fraction(-1 if cell[place] == ALL else 1) * (cell in members) for cell in unknown])
    rows, pivots = [row for row in equations if any(row)], []
    for column in range(len(unknown)):
        pivot = next((row for row in rows if row[column] and not any(row is each for _, each in pivots)), None)
        if pivot is None:
            continue
        pivot[:] = [value / pivot[column] for value in pivot]
        for row in rows:
            if row is not pivot and row[column]:
                factor = row[column]
                row[:] = [one - factor * other for one, other in zip(row, pivot, strict=True)]
        pivots.append((column, pivot))
    return {unknown[column] for column, row in pivots if sum(1 for value in row if value) == 1}


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert (
        hidden(table({"a": {"x": (5,)}, "b": {"x": (0,)}, "c": {"x": (70,)}}, across=False), THRESHOLD) == frozenset()
    )


def test_a_small_cell_takes_the_smallest_of_the_others_with_it() -> None:
    cells = table({"a": {"x": (3,)}, "b": {"x": (9,)}, "c": {"x": (70,)}}, across=False)
    assert hidden(cells, THRESHOLD) == {("a", "x"), ("b", "x")}


def test_the_sum_is_hidden_where_there_is_no_other() -> None:
    assert hidden(table({"a": {"x": (3,)}}, across=False), THRESHOLD) == {("a", "x"), (ALL, "x")}
    cells = table({"a": {"x": (7, 2)}, "b": {"x": (0, 0)}}, across=False)
    assert hidden(cells, THRESHOLD) == {("a", "x"), (ALL, "x")}


def test_two_that_must_be_one_each_are_not_left_alone() -> None:
    cells = table({"a": {"x": (1,)}, "b": {"x": (1,)}, "c": {"x": (40,)}, "d": {"x": (50,)}}, across=False)
    assert hidden(cells, THRESHOLD) == {("a", "x"), ("b", "x"), ("c", "x")}


@pytest.mark.parametrize("across", [True, False])
def test_what_is_hidden_cannot_be_computed(across: bool) -> None:
    chance = random.Random(7)
    for _ in range(150):
        units = [f"u{number}" for number in range(chance.randint(1, 6))]
        columns = [f"c{number}" for number in range(chance.randint(1, 4))]
        rows = {}
        for unit in units:
            for column in columns:
                yes, no = (chance.choice((0, 0, 1, 2, 4, 5, 8, 13, 40)) for _ in range(2))
                rows.setdefault(unit, {})[column] = (yes + no, yes, no)
        cells = table(rows, across=across)
        found = hidden(cells, THRESHOLD)
        small = {cell for cell, counts in cells.items() if any(0 < count < THRESHOLD for count in counts)}
        assert small <= found
        assert not computable(found, cells, across=across)
