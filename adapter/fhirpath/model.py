"""The types that expressions speak of: FHIR R4's, from the element table, and FHIRPath's own (System)."""

from contextlib import suppress
from functools import cache, cached_property, lru_cache

from adapter.fhir import elements
from adapter.fhirpath.system import NAMES

_SPECIALISED = {
    **dict.fromkeys(("code", "id", "markdown"), "string"),
    **dict.fromkeys(("url", "canonical", "oid", "uuid"), "uri"),
    **dict.fromkeys(("positiveInt", "unsignedInt"), "integer"),
}
_PROFILED = {"SimpleQuantity": "Quantity", "MoneyQuantity": "Quantity"}
"""Names of types that are profiles; an instance does not say that it is one."""


class Option:
    """One JSON member that carries an element: of a choice there are several. `extra` carries a primitive's id and
    extensions."""

    __slots__ = ("extra", "key", "many", "type")

    def __init__(self, key: str, type_: "Type", *, many: bool) -> None:
        self.key = key
        self.extra = "_" + key if type_.is_primitive else None
        self.type = type_
        self.many = many


class Type:
    """A type. One object for each (`_once`), so that `is` compares. `name` is a path for a backbone
    (`Patient.contact`)."""

    def __init__(self, name: str, namespace: str, base: "Type | None", *, abstract: bool = False) -> None:
        self.name = name
        self.namespace = namespace
        self.base = base
        self.is_abstract = abstract
        self.is_primitive = namespace == "FHIR" and name in elements.table().primitives
        self.is_backbone = "." in name
        self.ancestors: frozenset[Type] = frozenset((self,)) | (base.ancestors if base else frozenset())

    def __repr__(self) -> str:
        return f"{self.namespace}.{self.name}"

    @property
    def is_polymorphic(self) -> bool:
        """Whether values state a type of their own: resources where any resource may stand."""
        return self.is_abstract

    @cached_property
    def members(self) -> dict[str, tuple[Option, ...]]:
        """Elements by their FHIRPath name (`value`, not `valueString`)."""
        structure = elements.table().get(self.name) if self.namespace == "FHIR" else None
        found: dict[str, tuple[Option, ...]] = {}
        for element in structure.elements if structure else ():
            name = element.choice[:-3] if element.choice else element.name
            option = Option(element.name, fhir(element.type), many=element.is_list)
            found[name] = (*found.get(name, ()), option)
        return found

    @cached_property
    def below(self) -> dict[str, "Type"]:
        """The types of the JSON members that are objects: of a primitive the one with `_`, an Element."""
        options = [option for options in self.members.values() for option in options]
        extras = {option.extra: fhir("Element") for option in options if option.extra is not None}
        return {option.key: option.type for option in options if option.extra is None} | extras

    @cached_property
    def by_key(self) -> dict[str, Option]:
        """Options by JSON member, those of the `_` members too."""
        keyed = {option.key: option for options in self.members.values() for option in options}
        return keyed | {option.extra: option for option in keyed.values() if option.extra}


_ONCE: dict[tuple[str, str], Type] = {}


def _once(type_: Type) -> Type:
    """The type itself, or what another thread has made for it first: a cache lets two threads that ask for what it does
    not have yet make it both."""
    return _ONCE.setdefault((type_.namespace, type_.name), type_)


@cache
def fhir(name: str) -> Type:
    """The R4 type or backbone of that name. KeyError where there is none."""
    table = elements.table()
    if name in table.primitives:
        return _once(Type(name, "FHIR", fhir(_SPECIALISED.get(name, "Element"))))
    structure = table[name]
    return _once(Type(name, "FHIR", fhir(structure.base) if structure.base else None, abstract=structure.abstract))


@cache
def system(name: str) -> Type:
    """The System type of that name. KeyError where there is none."""
    if name == "Any":
        return _once(Type(name, "System", None, abstract=True))
    if name not in NAMES.values():
        raise KeyError(name)
    return _once(Type(name, "System", system("Any")))


@lru_cache(4096)
def specified(name: str) -> tuple[Type, ...]:
    """The types of a specifier: `FHIR.Patient`, `System.String`, or a bare name, FHIR's before System's; empty where
    there is none. The bare `Quantity` is both: literals are System's, elements FHIR's."""
    namespace, _, bare = name.rpartition(".")
    bare = _PROFILED.get(bare, bare)
    found: list[Type] = []
    for candidate, find in (("FHIR", fhir), ("System", system)):
        if namespace in ("", candidate) and (not found or bare == "Quantity"):
            with suppress(KeyError):
                found.append(find(bare))
    if not found and namespace == "System" and bare in elements.table():
        # A name of the other model: there is such a type nowhere, and nothing is of it.
        found.append(_once(Type(bare, "System", system("Any"))))
    return tuple(found)
