"""Which elements must be there for a condition to be broken."""

import pytest

from adapter.fhirpath import Scope, model, nodes
from adapter.fhirpath import compile as compile_expression


@pytest.mark.parametrize(
    ("type_", "expression", "wanted"),
    [
        ("Period", "start.hasValue().not() or end.hasValue().not() or (start <= end)", {"start", "end"}),
        ("Period", "end.empty() or start <= end", {"end"}),
        ("Period", "end.exists().not() or start <= end", {"end"}),
        ("Period", "start <= end or end.empty()", set()),  # what comes first may fail
        ("Period", "end.exists() or start.empty()", {"start"}),
        ("Period", "end.exists() implies start.exists()", {"end"}),
        ("Period", "end.empty() implies start.exists()", set()),
        ("Period", "(start.exists() and end.exists()) implies start <= end", {"start", "end"}),
        ("Period", "(start <= end and end.exists()) implies end.exists()", set()),
        ("Period", "end.empty()", {"end"}),
        ("Period", "end.exists()", set()),
        ("Period", "end.empty().not()", set()),
        ("Period", "end.exists(start = 'x').not()", set()),
        ("Period", "$this.end.empty() or start <= end", set()),
        ("Observation", "value.empty() or code.exists()", set()),  # several members carry it
        ("Observation", "Observation.empty() or code.exists()", set()),
        ("Observation", "absent.empty() or code.exists()", set()),
        ("Encounter", "status = 'finished' or period.end.empty() or length.empty()", set()),
    ],
)
def test_elements_that_are_needed(type_: str, expression: str, wanted: set[str]) -> None:
    compiled = compile_expression(expression)
    assert compiled.needed(model.fhir(type_)) == wanted
    for name in wanted:
        others = {each: "2026-03-09" for each in ("start", "end") if each != name}
        value = {"resourceType": type_, **others} if type_[0] != "P" else others
        scope = Scope(nodes.node_of({"resourceType": "Encounter"}))
        assert compiled.for_type(type_).holds(value, scope) is True
