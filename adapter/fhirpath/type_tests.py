"""The tests of type: `is`, `as`, ofType."""

from collections.abc import Callable
from typing import Any

from adapter.fhir import elements
from adapter.fhirpath import model, nodes
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.model import Type
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.plans import Plan, Run, boolean, counted


def _single(items: list[Any], what: str) -> Any:
    if len(items) > 1:
        raise FhirPathError(f"{what} needs a single item, found {len(items)}")
    return items[0]


def is_type(plan: Plan, types: tuple[Type, ...]) -> Plan:
    """`is`: of the type or one that specialises it."""
    if plan.raw is not None:
        run, answer = plan.run, any(type_ in plan.raw.ancestors for type_ in types)

        def known(this: Any, scope: Scope) -> bool | None:
            items = run(this, scope)
            return None if not items else _single(items, "is") is not None and answer

        return boolean(known)
    items_of = plan.run

    def truth(this: Any, scope: Scope) -> bool | None:
        items = items_of(this, scope)
        if not items:
            return None
        ancestors = nodes.item_type(_single(items, "is")).ancestors
        return any(type_ in ancestors for type_ in types)

    return boolean(truth)


def _selects(type_: Type, types: tuple[Type, ...]) -> bool:
    """Whether `as` and ofType keep an item of the type: a primitive only as itself (a code is not kept as a string,
    as the reference implementations have it), others as what they specialise too."""
    return type_ in types if type_.is_primitive else any(each in type_.ancestors for each in types)


def of_type(plan: Plan, types: tuple[Type, ...]) -> Plan:
    """ofType: the items of the type."""
    if plan.raw is not None:
        return plan if _selects(plan.raw, types) else Plan(_discarding(plan))
    wanted = types[0]  # where there are several, it is not final
    if not _is_final(wanted):
        many = counted(plan.run)
        return Plan(lambda this, scope: [i for i in many(this, scope) if _selects(nodes.item_type(i), types)])
    if plan.resources is not None:
        return _of_name(plan.resources, wanted)
    items_of = counted(plan.run)

    def unboxed(this: Any, scope: Scope) -> list[Any]:
        return [
            item if item.extra else item.value
            for item in items_of(this, scope)
            if item.__class__ is Node and item.type is wanted
        ]

    return Plan(unboxed, wanted)


def _of_name(resources: Run, type_: Type) -> Plan:
    """The resources of a type, told by their name."""
    items_of, name = counted(resources), type_.name

    def named(this: Any, scope: Scope) -> list[Any]:
        items = items_of(this, scope)
        return [item for item in items if item.__class__ is dict and item.get("resourceType") == name]

    return Plan(named, type_)


def _is_final(type_: Type) -> bool:
    """Whether all that is kept is of exactly this FHIR type."""
    return type_.namespace == "FHIR" and not type_.is_abstract and type_.name != "Quantity"


def _discarding(plan: Plan) -> Callable[[Any, Scope], list[Any]]:
    run = plan.run

    def none(this: Any, scope: Scope) -> list[Any]:
        run(this, scope)
        return []

    return none


def _primitives(types: tuple[Type, ...]) -> list[Type]:
    names = [each.name[0].lower() + each.name[1:] for each in types if each.namespace == "System"]
    return [model.fhir(name) for name in names if name in elements.table().primitives]


def as_type(plan: Plan, types: tuple[Type, ...]) -> Plan:
    """`as`: a single item if it is of the type. Of a polymorphic element, which may repeat, all items of the type: R4's
    own invariants (dom-3) and search parameters rely on it. A FHIR primitive is System's type of the same name too, as
    R4 converts it implicitly (https://hl7.org/fhir/R4/fhirpath.html, Use of FHIR Primitive Types)."""
    selected = of_type(plan, (*types, *_primitives(types)))
    if plan.raw is None:
        return selected
    run = plan.run

    def single(this: Any, scope: Scope) -> list[Any]:
        items = run(this, scope)
        if len(items) > 1:
            raise FhirPathError(f"as needs a single item, found {len(items)}")
        return items if selected is plan else []

    return Plan(single, plan.raw)
