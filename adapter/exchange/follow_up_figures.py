"""Figures of the follow-up as plain data, the same anywhere; and what differs between two periods."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from adapter.discharge.suppression import ALL
from adapter.discharge.tally import Figure


def written(figure: Figure) -> dict[str, Any]:
    """A figure as plain data: shares are texts with four decimals, days with two; they are the same anywhere."""
    quantiles = figure.quantiles or (None,) * 4
    return {
        "measure": figure.measure,
        "code": figure.code,
        "unit": figure.unit,
        "column": figure.column,
        "hidden": figure.hidden,
        "of": figure.of,
        "count": figure.count,
        "share": _decimals(figure.share, 4),
        "mean": _decimals(figure.mean, 2),
        **{name: _decimals(each, 2) for name, each in zip(("p25", "median", "p75", "p90"), quantiles, strict=True)},
        "classes": None if figure.classes is None else list(figure.classes),
    }


def changes(figures: Sequence[Figure], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Of compared periods: by measure, code and unit, what the second is above the first, of `share` (0.01 is a
    percentage point), `mean` and `median`; None where either is hidden or of nobody. Nothing for a single period."""
    if ALL in (figure.column for figure in figures):
        return []
    sides: dict[tuple[str, str, str], dict[str, Figure]] = {}
    for figure in figures:
        sides.setdefault((figure.measure, figure.code, figure.unit), {})[figure.column] = figure
    return [
        {
            **dict(zip(("measure", "code", "unit"), key, strict=True)),
            "share": _decimals(_above(pair[columns[0]].share, pair[columns[1]].share), 4),
            "mean": _decimals(_above(pair[columns[0]].mean, pair[columns[1]].mean), 2),
            "median": _decimals(_above(_median(pair[columns[0]]), _median(pair[columns[1]])), 2),
        }
        for key, pair in sides.items()
    ]


def _above(before: Fraction | None, after: Fraction | None) -> Fraction | None:
    return None if before is None or after is None else after - before


def _median(figure: Figure) -> Fraction | None:
    return figure.quantiles[1] if figure.quantiles else None


def _decimals(value: Fraction | None, places: int) -> str | None:
    """Rounded half away from zero, exactly."""
    if value is None:
        return None
    scaled = (abs(value) * 10**places + Fraction(1, 2)) // 1
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{scaled // 10**places}.{scaled % 10**places:0{places}}"
