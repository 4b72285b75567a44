"""Limits of dates and times that a profile counts from the time of validation (FHIR R4, ElementDefinition.minValue[x]).

A duration as smallest value is subtracted from now, one as greatest value is added.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapter.fhir.shapes import obj
from adapter.fhirpath import FhirPathError, durations, temporal
from adapter.fhirpath.quantity import Quantity
from adapter.validation.invariants import scope
from adapter.validation.run import Run

Compare = Callable[[str, Run], int | None]

_UNITS = {
    "a": "year",
    "mo": "month",
    "wk": "week",
    "d": "day",
    "h": "hour",
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
}


def comparing(limit: Any, sign: int) -> Compare | None:
    """A function that compares a date, dateTime or instant with the limit: below 0, 0, above 0; None where precision
    leaves it open. `sign`: -1 for a smallest value, 1 for a greatest. None where the limit is no duration in UCUM."""
    number, unit = obj(limit).get("value"), _UNITS.get(str(obj(limit).get("code")))
    if unit is None or not isinstance(number, (int, Decimal)) or isinstance(number, bool):
        return None
    duration = Quantity.of(Decimal(number), unit)

    def compare(value: str, run: Run) -> int | None:
        moment = temporal.datetime_(value) if "T" in value else temporal.date(value)
        now = scope(run).now()
        if moment is None:
            return None
        try:
            bound = durations.add(now, duration, sign)
        except FhirPathError:
            return None  # beyond the years that there are: nothing is
        if isinstance(moment, temporal.Date):
            bound = temporal.Date(bound.parts[:3])
        return temporal.compare(moment, bound)

    return compare
