"""Which cells of a table of counts are hidden, so that no small number can be read or computed from it.

A table has rows and columns with their sums. Hidden first are the cells with a small number in any of their counts
(1 to threshold - 1; 0 is not small). Then, as long as a hidden cell could be computed from what is shown, another one
is hidden, the smallest in its row or column. A hidden cell can be computed exactly when it is a bridge of the graph
whose nodes are the rows and columns that sum up and whose edges are the hidden cells; and it can be narrowed down where
the hidden ones of a line are together so few that all of them must be small.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

ALL = ""
"""The row or column that is the sum of the others."""

Cell = tuple[str, str]
"""Row and column."""
Counts = tuple[int, ...]
"""The numbers of a cell, all of which sum up; the first is the number of stays."""


def hidden(table: Mapping[Cell, Counts], threshold: int) -> frozenset[Cell]:
    """The cells to hide. `table` has a cell for each row and column; the row and the column ALL, where there are such,
    are the sums. An empty cell is never hidden."""
    found = {cell for cell, counts in table.items() if any(0 < count < threshold for count in counts)}
    lines = _Lines(table)
    while found:
        weak = sorted(set(_bridges(found, lines)) | set(_narrow(found, lines, table, threshold)))
        more = set()
        for cell in weak:
            others = [each for each in lines.beside(cell) if table[each][0] and each not in found]
            if others:
                more.add(min(others, key=lambda each: (table[each][0], each)))
        if not more:
            return frozenset(found)
        found |= more
    return frozenset()


class _Lines:
    """The rows and columns in which the cells sum up."""

    def __init__(self, table: Iterable[Cell]) -> None:
        cells = sorted(table)
        self._rows, self._columns = defaultdict[str, list[Cell]](list), defaultdict[str, list[Cell]](list)
        for cell in cells:
            self._rows[cell[0]].append(cell)
            self._columns[cell[1]].append(cell)
        self._across = any(column == ALL for _, column in cells)
        self._down = any(row == ALL for row, _ in cells)

    def ends(self, cell: Cell) -> tuple[Hashable, Hashable]:
        """The two lines of a cell; those that do not sum up are one node, which is bound by nothing."""
        return ("row", cell[0]) if self._across else None, ("column", cell[1]) if self._down else None

    def beside(self, cell: Cell) -> list[Cell]:
        """The other cells of its lines."""
        near = (self._columns[cell[1]] if self._down else []) + (self._rows[cell[0]] if self._across else [])
        return [each for each in near if each != cell]

    def summed(self) -> Iterator[tuple[list[Cell], Cell]]:
        """The parts of each line, and their sum."""
        for active, lines, place in ((self._down, self._columns, 0), (self._across, self._rows, 1)):
            for cells in lines.values() if active else ():
                for total in (cell for cell in cells if cell[place] == ALL):
                    yield [cell for cell in cells if cell != total], total


def _narrow(found: set[Cell], lines: _Lines, table: Mapping[Cell, Counts], threshold: int) -> Iterator[Cell]:
    """A hidden cell of each line whose sum is shown and leaves no room for one of them to be large."""
    for parts, total in lines.summed():
        kept = [cell for cell in parts if cell in found]
        if kept and total not in found and sum(table[cell][0] for cell in kept) < threshold + len(kept) - 1:
            yield min(kept)


def _bridges(found: set[Cell], lines: _Lines) -> Iterator[Cell]:
    """The hidden cells that what is shown determines: depth-first, without recursion."""
    near = defaultdict[Hashable, list[tuple[Hashable, Cell]]](list)
    for cell in sorted(found):
        one, other = lines.ends(cell)
        near[one].append((other, cell))
        near[other].append((one, cell))
    order: dict[Hashable, int] = {}
    low: dict[Hashable, int] = {}
    for start in list(near):
        if start in order:
            continue
        order[start] = low[start] = len(order)
        way: list[tuple[Hashable, Cell | None, Sequence[tuple[Hashable, Cell]], int]] = [(start, None, near[start], 0)]
        while way:
            node, came, edges, index = way.pop()
            if index < len(edges):
                way.append((node, came, edges, index + 1))
                after, cell = edges[index]
                if cell == came:
                    continue
                if after in order:
                    low[node] = min(low[node], order[after])
                else:
                    order[after] = low[after] = len(order)
                    way.append((after, cell, near[after], 0))
            elif way and came is not None:
                parent = way[-1][0]
                low[parent] = min(low[parent], low[node])
                if low[node] > order[parent]:
                    yield came
