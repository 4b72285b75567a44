"""What an evaluation may cost: what is the same for all is evaluated once, loops in loops end with an error."""

from typing import Any

import pytest

from adapter import fhirpath
from adapter.fhirpath import FhirPathLimitError, Scope, model, nodes
from adapter.fhirpath.work import MAX_WORK, Work

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"family": f"f{number}", "given": [f"g{number}", "h"]} for number in range(2000)],
    "text": {"status": "generated", "div": "x" * 200_000},
}


def spent(expression: str, elements: list[Any], type_name: str, resource: dict[str, Any]) -> int:
    """What it takes to evaluate an expression on each element."""
    scope = Scope(nodes.node_of(resource))
    compiled = fhirpath.compile(expression).for_type(model.fhir(type_name))
    for element in elements:
        assert compiled.holds(element, scope) is True
    return MAX_WORK - scope.work.left


@pytest.mark.parametrize(
    "expression",
    [
        "%resource.name.first().family = 'f0'",
        "%resource.name[1999].family.exists()",
        "%resource.name.tail().skip(3).take(1).family = 'f4'",
        "%resource.name.where(family = 'f7').given.count() = 2",
        "%rootResource.name.select($this.family & 'x').all(endsWith('x'))",
        "%resource.name.given.distinct().count() > 2000 and family.exists()",
        "family in %resource.name.family or %resource.name.given.empty()",
    ],
)
def test_what_depends_on_the_resource_alone_is_evaluated_once(expression: str) -> None:
    few, many = PATIENT["name"][:2], PATIENT["name"][:40]
    at_once = spent(expression, few, "HumanName", PATIENT)
    own = 20 * 2000 if " in " in expression else 0  # what each element asks for itself
    assert spent(expression, many, "HumanName", PATIENT) - at_once <= 2 * own


@pytest.mark.parametrize(
    "expression",
    ["%resource.name.where(family = %context.family).exists()", "%resource.name.exists(family = %context.family)"],
)
def test_what_depends_on_the_element_is_evaluated_for_each(expression: str) -> None:
    compiled, scope = fhirpath.compile(expression).for_type(model.fhir("HumanName")), Scope(nodes.node_of(PATIENT))
    assert compiled.holds({"family": "f1"}, scope) is True
    assert compiled.holds({"family": "other"}, scope) is False


def test_index_and_variables_are_not_of_the_resource_alone() -> None:
    found = fhirpath.compile("name.take(3).select(%resource.name[$index].family)")(PATIENT)
    assert found == ["f0", "f1", "f2"]
    assert fhirpath.compile("name.take(2).where(%other = 1).count()")(PATIENT, other=1) == [2]


@pytest.mark.parametrize(
    "expression",
    [
        "name.where(%context.name.where(family = %context.name.family).exists())",
        "descendants().all(%context.descendants().all(%context.descendants().exists()))",
        "name.all(%context.children().count() > 5)",
        "name.all((%resource.name | $this).count() > 0)",
        "name.all(%context.name.given.subsetOf(%context.name.given))",
        "name.all(%context.name.aggregate($total + 1, 0) > 5)",
        "name.repeat($this | %context.name).count()",
        "name.all(%context.name.sort(family).exists())",
        "name.all((%context.text.div & %context.text.div).length() > 4)",
        "name.all(%context.text.div.matches('x{3,}y').not())",
        "name.all(%context.name.exists(family = 'none').not())",
        "name.all(%context.name.given.trace('x').tail().exists())",
        "name.all(%context.name.ofType(HumanName).exists())",
    ],
)
@pytest.mark.timeout(120)
def test_loops_in_loops_end_with_an_error(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Work.__init__, "__defaults__", (100_000,))
    with pytest.raises(FhirPathLimitError, match="takes more than"):
        fhirpath.compile(expression)(PATIENT)
