"""Figures from rows: exact means and medians, classes, sums, and small cells hidden."""

import random
import statistics
from fractions import Fraction

import pytest

from adapter.discharge.follow_up import Row
from adapter.discharge.suppression import ALL
from adapter.discharge.tally import LARGEST, Figure, Tally


def row(unit: str = "2482", month: str = "2026-03", **given: object) -> Row:
    return Row(unit, "ward", month, **given)  # type: ignore[arg-type]


def figures(rows: list[Row], threshold: int = 1, columns: tuple[str, ...] = ("2026-03",), *, across: bool = True):
    tally = Tally(lambda row: row.kommunkod, lambda row: (row.month,) if row.month in columns else ())
    for each in rows:
        tally.add(each)
    return {(f.measure, f.code, f.unit, f.column): f for f in tally.figures(threshold, columns, across=across)}


def test_without_rows_every_measure_of_nothing_is_nothing() -> None:
    assert figures([]) == {}


def test_one_stay_is_shown_only_where_nothing_is_small() -> None:
    one = [row(shares={"sip": True})]
    assert figures(one)["sip", "", "2482", ALL].share == 1
    assert {figure.hidden for figure in figures(one, 5).values() if figure.measure == "sip"} == {True}
    assert figures(one, 5)["sip", "", ALL, ALL] == Figure("sip", "", ALL, ALL, hidden=True)


def test_a_share_is_of_those_that_are_known() -> None:
    found = figures([row(shares={"sip": met}) for met in (True, False, False, None)])
    figure = found["sip", "", "2482", "2026-03"]
    assert (figure.of, figure.count, figure.share) == (3, 1, Fraction(1, 3))
    assert found["care-contact", "", ALL, ALL].share is None


def test_columns_and_units_sum_up() -> None:
    rows = [row(unit, month, shares={"sip": True}) for unit in "ab" for month in ("2026-03", "2026-04", "2026-05")]
    found = figures(rows, columns=("2026-03", "2026-04"))
    assert [found["sip", "", *place].of for place in (("a", "2026-03"), ("a", ALL), (ALL, "2026-04"), (ALL, ALL))] == [
        1,
        2,
        2,
        4,
    ]
    assert ("sip", "", ALL, ALL) not in figures(rows, columns=("2026-03", "2026-04"), across=False)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 101])
def test_mean_and_median_are_exact(count: int) -> None:
    chance = random.Random(count)
    values = [chance.randint(0, 60) for _ in range(count)]
    figure = figures([row(times={"take-home-time": value}) for value in values])["take-home-time", "", "2482", ALL]
    assert figure.mean == Fraction(sum(values), count * 4)
    assert figure.quantiles is not None
    assert figure.quantiles[1] == Fraction(statistics.median(values)) / 4
    assert figure.quantiles[3] == Fraction(sorted(values)[-(-count * 9 // 10) - 1], 4)


def test_classes_of_a_distribution() -> None:
    rows = [row(times={"days-after-ready": days}) for days in (0, 0, 1, 3, 4, 7, 8, LARGEST + 100)]
    figure = figures(rows)["days-after-ready", "", "2482", ALL]
    assert figure.classes == (2, 1, 1, 2, 2)
    assert figure.mean == Fraction(23 + LARGEST + 100, 8)


def test_a_small_class_hides_the_classes_and_not_the_mean() -> None:
    rows = [row(times={"days-after-ready": days}) for days in (0, 0, 0, 0, 0, 1)]
    figure = figures(rows, 5)["days-after-ready", "", "2482", ALL]
    assert (figure.hidden, figure.classes, figure.mean) == (False, None, Fraction(1, 6))


def test_each_code_is_a_share_of_those_that_were_ready() -> None:
    rows = [row(codes={"delay-cause": frozenset(words)}) for words in ((), ("transport",), ("transport", "other"))]
    found = figures(rows)
    assert found["delay-cause", "transport", ALL, ALL].share == Fraction(2, 3)
    assert found["delay-cause", "other", ALL, ALL].share == Fraction(1, 3)


def test_a_hidden_figure_has_no_number() -> None:
    rows = [row(unit, shares={"sip": True}) for unit, count in (("a", 2), ("b", 9), ("c", 30)) for _ in range(count)]
    found = figures(rows, 5)
    assert {key[2] for key, figure in found.items() if figure.hidden and key[0] == "sip"} == {"a", "b"}
    assert all(figure.of is figure.count is figure.share is None for figure in found.values() if figure.hidden)
    assert found["sip", "", ALL, ALL].of == 41
