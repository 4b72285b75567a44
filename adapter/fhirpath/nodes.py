"""What collections hold.

A collection is a list. An item is a value of a System type, or a `Node`: a value of FHIR JSON with its type. Where the
compiler knows that all items of a collection have one FHIR type, they stand without Node, as raw JSON values; only a
primitive that has an id or extensions is a Node even there. No list that a plan returns may be changed.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from adapter.fhirpath import model, temporal
from adapter.fhirpath.model import Option, Type
from adapter.fhirpath.numeric import Long
from adapter.fhirpath.quantity import Quantity
from adapter.fhirpath.system import NAMES

UCUM = "http://unitsofmeasure.org"


class Node:
    """A FHIR value. `value` is JSON, None for a primitive without one; `extra` a primitive's `_` member."""

    __slots__ = ("extra", "type", "value")

    def __init__(self, value: Any, type_: Type, extra: dict[str, Any] | None = None) -> None:
        self.value = value
        self.type = type_
        self.extra = extra


class TypeInfo:
    """What type() gives."""

    __slots__ = ("type",)

    def __init__(self, type_: Type) -> None:
        self.type = type_

    def member(self, name: str) -> list[Any]:
        """`namespace`, `name`, `baseType`; nothing else."""
        base = self.type.base
        if name == "namespace":
            return [self.type.namespace]
        if name == "name":
            # A backbone has a path, not a name: it is known by what it specialises.
            return [base.name if base and self.type.is_backbone else self.type.name]
        if name == "baseType":
            return [repr(base) if base else "System.Any"]
        return []


def boxed(items: list[Any], type_: Type | None) -> list[Any]:
    """Raw items of one type as Nodes; a list that is not raw stays as it is."""
    if type_ is None:
        return items
    return [item if item.__class__ is Node else Node(item, type_) for item in items]


def node_of(resource: dict[str, Any], declared: Type | None = None) -> Node:
    """A JSON object as a Node: of the type that `resourceType` names, else the declared one, else Element."""
    return Node(resource, type_of(resource) or declared or model.fhir("Element"))


def type_of(value: Any) -> Type | None:
    """The type that a JSON object's `resourceType` names."""
    name = value.get("resourceType") if value.__class__ is dict else None
    if not isinstance(name, str) or "." in name:
        return None
    try:
        found = model.fhir(name)
    except KeyError:
        return None
    return None if found.is_primitive else found


def read(value: dict[str, Any], option: Option) -> list[Any]:
    """The items of one JSON member, as raw items."""
    found = value.get(option.key)
    extra = value.get(option.extra) if option.extra is not None else None
    if extra is None:
        if found is None:
            return []
        return found if found.__class__ is list else [found]
    return _with_extras(found, extra, option.type)


def _with_extras(found: Any, extra: Any, type_: Type) -> list[Any]:
    values = found if isinstance(found, list) else [found]
    extras = extra if isinstance(extra, list) else [extra]
    size = max(len(values), len(extras))
    items: list[Any] = []
    for i in range(size):
        value = values[i] if i < len(values) else None
        more = extras[i] if i < len(extras) else None
        if isinstance(more, dict) and more:
            items.append(Node(value, type_, more))
        elif value is not None:
            items.append(value)
    return items


def typed(items: list[Any], type_: Type) -> list[Any]:
    """Raw items of a member as Nodes, each with its own type where any resource may stand."""
    if type_.is_polymorphic:
        return [node_of(item, type_) for item in items]
    return boxed(items, type_)


def member(item: Any, name: str) -> list[Any]:
    """The Nodes under an item by an element's name."""
    if item.__class__ is not Node:
        if item.__class__ is TypeInfo:
            found: list[Any] = item.member(name)
            return found
        return _of_quantity(item, name) if item.__class__ is Quantity else []
    options = item.type.members.get(name)
    value = item.value
    if options is None:
        return extra_member(item, name) if item.type.is_primitive else []
    if value.__class__ is not dict:
        return []
    if len(options) == 1:
        return typed(read(value, options[0]), options[0].type)
    return choice(value, options)


def choice(value: dict[str, Any], options: tuple[Option, ...]) -> list[Any]:
    """The Nodes of a choice element."""
    for option in options:
        if option.key in value or (option.extra is not None and option.extra in value):
            return typed(read(value, option), option.type)
    return []


def extra_member(item: Any, name: str) -> list[Any]:
    """`id` and `extension` of a primitive."""
    if item.__class__ is not Node or not item.extra or name not in ("id", "extension"):
        return []
    found = item.extra.get(name)
    if found is None:
        return []
    return boxed(found if isinstance(found, list) else [found], model.fhir("string" if name == "id" else "Extension"))


def _of_quantity(quantity: Quantity, name: str) -> list[Any]:
    if name == "value":
        return [quantity.value]
    return [quantity.unit] if name in ("unit", "code") else []


def children(item: Any) -> list[Any]:
    """All Nodes directly under an item, as the JSON orders them."""
    if item.__class__ is not Node:
        return []
    value = item.value
    if item.type.is_primitive:
        return [*extra_member(item, "id"), *extra_member(item, "extension")]
    if value.__class__ is not dict:
        return []
    by_key, found = item.type.by_key, list[Any]()
    for key, inner in value.items():
        option = by_key.get(key)
        if option is None:
            continue
        type_ = option.type
        if type_.is_abstract or (option.extra is not None and option.extra in value):
            if key == option.key or option.key not in value:
                found += typed(read(value, option), type_)
        elif inner.__class__ is list:
            found += [Node(each, type_) for each in inner]
        else:
            found.append(Node(inner, type_))
    return found


def extensions_below(item: Any) -> tuple[list[Any], int]:
    """The extensions, as raw items, of all that is under an item, the nearest level first; and how many objects there
    are."""
    if item.__class__ is not Node or item.value.__class__ is not dict:
        return [], 0
    pending, found = [(item.value, item.type)], list[Any]()
    for value, type_ in pending:
        if type_.is_abstract:
            type_ = type_of(value) or type_
        below = type_.below.get
        if "extension" in value and value is not item.value and below("extension"):
            extensions = value["extension"]
            found += extensions if extensions.__class__ is list else [extensions]
        for key, inner in value.items():
            kind = inner.__class__
            if kind is str:
                continue
            if kind is dict:
                if (known := below(key)) is not None:
                    pending.append((inner, known))
            elif kind is list and (known := below(key)) is not None:
                pending += [(each, known) for each in inner if each.__class__ is dict]
    return found, len(pending)


def levels(items: list[Any]) -> Iterator[list[Any]]:
    """All Nodes under the items, level by level, the nearest first."""
    level = items
    while level:
        level = [child for item in level for child in children(item)]
        yield level


def system_value(item: Any) -> Any:
    """The System value of an item where it has one: of primitives and of quantities. Else the Node itself, None for a
    primitive without value."""
    if item.__class__ is not Node:
        return item
    if item.type.is_primitive:
        return primitive_value(item.value, item.type)
    if is_quantity(item.type) and item.value.__class__ is dict:
        quantity = _quantity(item.value)
        return item if quantity is None else quantity
    return item


def primitive_value(value: Any, type_: Type) -> Any:
    """A JSON primitive as a System value; a date, time or number that is malformed stays text."""
    name = type_.name
    if value is None:
        return None
    if name == "decimal":
        return Decimal(value) if value.__class__ is int else value
    if value.__class__ is not str:
        return value
    if name == "date":
        return temporal.date(value) or value
    if name in ("dateTime", "instant"):
        return temporal.datetime_(value) or value
    return (temporal.time(value) or value) if name == "time" else value


def is_quantity(type_: Type) -> bool:
    """Whether a Quantity, FHIR's or FHIRPath's, or one that specialises it."""
    return model.fhir("Quantity") in type_.ancestors or type_ is model.system("Quantity")


_CALENDAR = {"a": "year", "mo": "month"}


def _quantity(value: dict[str, Any]) -> Quantity | None:
    """A FHIR Quantity as FHIRPath's; UCUM years and months are calendar ones there. None where a comparator makes it a
    range, or it has no number."""
    number = value.get("value")
    if number.__class__ is bool or not isinstance(number, (int, Decimal)) or "comparator" in value:
        return None
    code, unit = value.get("code"), value.get("unit")
    if value.get("system") == UCUM and isinstance(code, str):
        if code in _CALENDAR:
            return Quantity(Decimal(number), _CALENDAR[code], calendar=True)
        return Quantity(Decimal(number), code)
    text = code if isinstance(code, str) else unit
    return Quantity(Decimal(number), text if isinstance(text, str) else "1")


def item_type(item: Any) -> Type:
    """An item's type."""
    if item.__class__ is Node:
        found: Type = item.type
        return found
    name = NAMES.get(item.__class__)
    if name is None and isinstance(item, Decimal):
        name = "Decimal"
    return model.system(name or "Any")


def plain(item: Any) -> Any:
    """An item as it leaves the engine: JSON values for FHIR, Python values for System types."""
    if item.__class__ is Node:
        return item.value if item.value is not None else item.extra
    if item.__class__ is TypeInfo:
        return {name: item.member(name)[0] for name in ("namespace", "name", "baseType")}
    return int(item) if item.__class__ is Long else item


def misshapen(value: Any, type_: Type) -> str | None:
    """The path of the first place where JSON is not what the type has there; None where all is in shape."""
    pending = [(value, type_, type_.name)]
    while pending:
        found, declared, path = pending.pop()
        if declared.is_primitive:
            if isinstance(found, (dict, list, float)):
                return path
            continue
        if not isinstance(found, dict):
            return path
        if declared.is_polymorphic:
            declared = type_of(found) or declared
        for key, inner in found.items():
            option = declared.by_key.get(key)
            if option is None:
                continue
            # A null stands for a primitive that has extensions only, or for none of these.
            is_value = key == option.key
            type_ = option.type if is_value else model.fhir("Element")
            values = [each for each in _each(inner) if each is not None or not option.type.is_primitive]
            pending.extend((each, type_, f"{path}.{option.key}") for each in values)
    return None


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
