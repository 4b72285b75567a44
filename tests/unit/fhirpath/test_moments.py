"""Dates and times that stand in the commonest whole forms are ordered as those that must be read part by part."""

import itertools

import pytest

from adapter.fhirpath import Scope, comparison, model, nodes
from adapter.fhirpath import compile as compile_expression
from adapter.fhirpath.errors import FhirPathError

MOMENTS = (
    *("2026-03-09", "2026-03-10", "2026-02-30", "2026-3-9", "20260309", "2026-W10-1", "0000-01-01", "2026-03"),
    *("2026-03-09T08:40:00+01:00", "2026-03-09T08:40:00+02:00", "2026-03-09T07:40:00+00:00", "2026-03-09T08:40:00Z"),
    *("2026-03-09T08:40:00.000+01:00", "2026-03-09T08:40:00.001+01:00", "2026-03-09T07:40:00.001Z"),
    *("2026-03-09T08:40:00.5+01:00", "2026-03-09T08:40:60+01:00", "2026-03-09T24:00:00+01:00"),
    *(
        "2026-03-09T08:40:00+13:59",
        "2026-03-09T08:40:00-13:59",
        "2026-03-09T08:40:00+15:00",
        "2026-03-09 08:40:00+01:00",
    ),
)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_the_order_of_elements_is_that_of_their_values(operator: str) -> None:
    period = model.fhir("Period")
    compiled = compile_expression(f"start {operator} end").for_type(period)
    for start, end in itertools.product(MOMENTS, MOMENTS):
        content = {"start": start, "end": end}
        scope = Scope(nodes.Node(content, period))
        assert _of(lambda c=content, s=scope: compiled.holds(c, s)) == _of(lambda c=content: _read(c, operator)), (
            content
        )


def _read(content: dict[str, str], operator: str) -> bool | None:
    """By the values of the two elements, each read for itself."""
    one, other = (nodes.Node(content[name], model.fhir("dateTime")) for name in ("start", "end"))
    order = comparison.order([one], [other])
    return None if order is None else {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def _of(ask: object) -> object:
    try:
        return ask()  # type: ignore[operator]
    except FhirPathError:
        return "refused"
