"""Profiles compiled: what a profile demands beyond R4's own definitions, as a tree of functions over sparse places.

The base of every type is checked for every resource anyhow; a profile visits only the elements that it says more of.
"""

from collections.abc import Callable
from typing import Any, Protocol

from adapter.fhir.elements import Element
from adapter.fhir.shapes import obj
from adapter.validation import clean_profiles, constraints, rules, shortcuts
from adapter.validation.bindings import Terms
from adapter.validation.constraints import Check, Constraint
from adapter.validation.items import Collectors, Item
from adapter.validation.references import Severity
from adapter.validation.run import Clean, Path, Run
from adapter.validation.shortcuts import Occurrence
from adapter.validation.slicing import Slicing
from adapter.validation.targets import TargetCheck
from adapter.validation.trees import Node

_BASE = "http://hl7.org/fhir/StructureDefinition/"
_FHIRPATH = "http://hl7.org/fhirpath/"

ItemCheck = Callable[[Item, Run], None]
OwnerCheck = Callable[[dict[str, Any], Run, Path], None]


class Host(Protocol):
    """What a profile needs of the validator."""

    @property
    def collectors(self) -> Collectors:
        """Finds the items of elements."""

    @property
    def terms(self) -> Terms:
        """The terminology."""

    @property
    def best_practice(self) -> bool:
        """Whether constraints that only recommend are checked too."""

    @property
    def typed_references(self) -> Severity:
        """How grave it is that the URL of a reference that leads out names another type."""

    def definitions(self, type_name: str) -> dict[str, dict[str, Any]]:
        """R4's own definitions of a type's elements, by path."""

    def tree(self, canonical: str) -> Node | None:
        """The root of a profile's snapshot."""

    def fits(self, item: Item, canonical: str, run: Run) -> bool:
        """Whether an item keeps a profile."""

    def check(self, item: Item, canonical: str, run: Run) -> None:
        """Reports what an item breaks of a profile."""

    def is_member(self, item: Item, value_set: str) -> bool:
        """Whether an item's code is in a value set."""


class Profile:
    """One profile. Compiled when it is first used."""

    def __init__(self, url: str, root: Node, host: Host) -> None:
        self.url = url
        self.type = root.path
        self.root = root
        self._compiler = Compiler(url, root, host)
        self._inner: Inner | None = None

    def check(self, item: Item, run: Run) -> None:
        """Reports what an item breaks of the profile, beyond R4's base."""
        inner = self._inner
        if inner is None:
            inner = self._inner = self._compiler.whole()
        clean = None if run.is_trying else inner.clean(item)
        if clean is None or not run.is_clean(item.value, clean):
            inner.check(item, run)

    def source(self) -> str:
        """The source of the function that tells whether an object keeps the profile, for people."""
        inner = self._inner or self._compiler.whole()
        return clean_profiles.source(self.url, inner.of(self.type, self.type)).text


class Compiler:
    """Makes the functions of one profile."""

    def __init__(self, url: str, root: Node, host: Host) -> None:
        self.url = url
        self.collectors = host.collectors
        self.tree = host.tree
        self.fits = host.fits
        self.is_member = host.is_member
        self._root = root
        self._host = host

    def whole(self) -> "Inner":
        """The checks of an item against the profile."""
        base = self._host.definitions(self._root.path.partition(".")[0]).get(self._root.path, {})
        return Inner(self._root, None, self.item_checks(self._root.definition, base), self)

    def slice_check(self, node: Node, whole: Node, structure: str) -> ItemCheck | None:
        """For slicing: the check of an item in a slice."""
        found = Inner(node, whole, self._node_checks(node, whole.definition), self)
        return None if found.is_idle(structure) else found.check

    def item_checks(self, definition: dict[str, Any], base: dict[str, Any]) -> list[Constraint]:
        """What an ElementDefinition adds to its base for each value."""
        return constraints.checks(definition, base, self._host.terms, self.url, best_practice=self._host.best_practice)

    def _node_checks(self, node: Node, base: dict[str, Any]) -> list[Constraint]:
        found = self.item_checks(node.definition, base)
        types, wider = node.types, obj_types(base)
        if not types or types == wider:
            return found
        found += self._type_checks(types, wider)
        codes = frozenset(map(code_of, types))
        if codes != frozenset(map(code_of, wider)) and not codes & {"Resource", "Element", "BackboneElement"}:
            return _typed(codes, found, self.url)
        return found

    def _type_checks(self, types: list[dict[str, Any]], wider: list[dict[str, Any]]) -> list[Constraint]:
        found: list[Constraint] = []
        for each in types:
            profiles, before = strings(each.get("profile")), strings(_same(each, wider).get("profile"))
            if profiles and profiles != before and code_of(each) != "Extension":
                found.append(_profiled(code_of(each), profiles, self._host, self.url))
            targets = TargetCheck.make(each, _same(each, wider), self._host, self.url)
            if targets is not None:
                found.append(constraints.of_any_type(targets.check))
        return found

    def children(self, node: Node, whole: Node | None, structure: str) -> tuple[OwnerCheck, ...]:
        """The checks of what an object of a structure has below a node. `whole`: the node that this is a slice of."""
        found: list[OwnerCheck] = []
        absent: dict[str, OwnerCheck] = {}
        definitions = self._host.definitions(structure.partition(".")[0])
        for name, child in node.children.items():
            if not self.collectors.elements(structure, name):
                continue  # a value of another type, which is said where the types are checked
            inherited = whole.children.get(name) if whole is not None else None
            base = inherited.definition if inherited is not None else self._base(definitions, structure, name)
            check = self._child(child, inherited, base, structure)
            if (
                check is not None
                and child.definition.get("max") == "0"
                and not child.slices
                and not child.definition.get("min")
            ):
                elements = self.collectors.elements(structure, name)
                absent |= {key: check for each in elements for key in (each.name, f"_{each.name}")}
            elif check is not None:
                found.append(check)
        return (*([shortcuts.absent(absent)] if absent else []), *found)

    def _base(self, definitions: dict[str, dict[str, Any]], structure: str, name: str) -> dict[str, Any]:
        found = definitions.get(f"{structure}.{name}")
        if found is None:
            elements = self.collectors.elements(structure, name)
            found = definitions.get(f"{structure}.{elements[0].choice or name}", {}) if elements else {}
            if elements and elements[0].choice and name != elements[0].choice:
                found = found | {"type": [{"code": elements[0].type}]}
        return found

    def _child(self, node: Node, whole: Node | None, base: dict[str, Any], structure: str) -> OwnerCheck | None:
        least, greatest = _limits(node.definition, base)
        inner = Inner(node, whole, self._node_checks(node, base), self)
        slicing = Slicing(node, structure, self) if node.slices else None
        if slicing is not None and slicing.is_idle:
            slicing = None
        elements = self.collectors.elements(structure, node.name)
        idle = inner.is_idle_below(elements)
        if not least and greatest is None and slicing is None and idle:
            return None
        slow = _Element(node, structure, least, greatest, None if idle else inner.check, slicing, self).check
        if slicing is not None or len(elements) != 1 or elements[0].kind == "xhtml":
            return slow
        occurrence = Occurrence(elements[0], least, greatest)
        if elements[0].kind == "resource":
            return occurrence.resource(inner.check, slow)
        if idle:
            return occurrence.counted(slow)
        checks = inner.checks(elements[0])
        return slow if checks is None else occurrence.each(checks, slow)


class Inner:
    """An element's checks for one item, and those of what is below it, compiled for each structure that is met. A
    content reference brings R4's own definition of what it names, not what the profile says of that."""

    def __init__(self, node: Node, whole: Node | None, own: list[Constraint], compiler: Compiler) -> None:
        self._node = node
        self._whole = whole
        self._own = tuple(own)
        self._compiler = compiler
        self._below: dict[str, tuple[OwnerCheck, ...]] = {}
        self._made: dict[tuple[str, str], tuple[Check, ...]] = {}
        self._objects: dict[str, tuple[Check, ...]] = {}
        self._clean: dict[str, Clean] = {}

    def is_idle(self, structure: str) -> bool:
        """For a slice: whether it adds nothing."""
        return self.is_idle_below(self._compiler.collectors.elements(structure, self._node.name))

    def is_idle_below(self, elements: list[Any]) -> bool:
        """Whether nothing is checked, as far as that can be told before a value is seen."""
        if self._own or not self._node.children:
            return not self._own
        if len(elements) != 1 or elements[0].kind in ("resource", "xhtml"):
            return False
        (element,) = elements
        return not self._children("Element" if element.kind == "primitive" else element.type)

    def checks(self, element: Element) -> tuple[Check, ...] | None:
        """All checks of a value of an element: of an object or of a primitive without extensions. None where a
        primitive's extensions are looked at."""
        if element.kind != "primitive":
            return self.of(element.type, element.type)
        if self._node.children and self._children("Element"):
            return None
        return tuple(check for each in self._own for check in each.of(element.type))

    def of(self, type_: str, structure: str) -> tuple[Check, ...]:
        """The checks of objects of a type, whose children are those of a structure."""
        made = self._made.get((type_, structure))
        if made is None:
            own = (check for each in self._own for check in each.of(type_))
            made = self._made[type_, structure] = (*own, *self._children(structure))
        return made

    def _children(self, structure: str) -> tuple[OwnerCheck, ...]:
        found = self._below.get(structure)
        if found is None:
            found = self._below[structure] = self._compiler.children(self._node, self._whole, structure)
        return found

    def check(self, item: Item, run: Run) -> None:
        """The item's own rules, then those below it."""
        value = item.value
        if value.__class__ is not dict or item.extra is not None:
            return self._check_primitive(item, run)
        if "resourceType" in value:
            return self._check_resource(item, run)
        if run.is_trying:
            clean = self.clean(item)
            if clean is not None:
                return clean(value, run)
        checks = self._objects.get(item.type)
        if checks is None:
            structure = self._compiler.collectors.structure(item)
            checks = self._objects[item.type] = self.of(item.type, structure)
        for each in checks:
            each(value, run, item.path)
        return None

    def clean(self, item: Item) -> Clean | None:
        """The function that tells whether an object is as it must be; None for what is no object of the item's type,
        and for primitives."""
        value, type_ = item.value, item.type
        if value.__class__ is not dict or item.extra is not None or value.get("resourceType", type_) != type_:
            return None
        found = self._clean.get(type_)
        if found is None and self._compiler.collectors.structure(item) == type_:
            source = clean_profiles.source(self._compiler.url, self.of(type_, type_))
            found = self._clean[type_] = source.function()
        return found

    def _check_resource(self, item: Item, run: Run) -> None:
        outer, value, path = run.frame, item.value, item.path
        run.frame = run.frames.get(id(value), outer)
        clean = self.clean(item) if run.is_trying else None
        try:
            if clean is not None:
                return clean(value, run)
            for each in self.of(item.type, self._compiler.collectors.structure(item)):
                each(value, run, path)
        finally:
            run.frame = outer
        return None

    def _check_primitive(self, item: Item, run: Run) -> None:
        for each in self._own:
            each(item, run)
        if self._node.children:
            for below in self._children(self._compiler.collectors.structure(item)):
                below(item.owner, run, item.path)


class _Element:
    """The values of an element of one object: how many, which slices, what each must be."""

    __slots__ = ("_collect", "_greatest", "_inner", "_least", "_name", "_slicing", "_url")

    def __init__(
        self,
        node: Node,
        structure: str,
        least: int,
        greatest: int | None,
        inner: ItemCheck | None,
        slicing: Slicing | None,
        compiler: Compiler,
    ) -> None:
        self._collect = compiler.collectors(structure, node.name)
        self._name = node.name.removesuffix("[x]")
        self._least = least
        self._greatest = greatest
        self._inner = inner
        self._slicing = slicing
        self._url = compiler.url

    def check(self, owner: dict[str, Any], run: Run, path: Path) -> None:
        items = self._collect(owner, path)
        if len(items) < self._least:
            words = f"{self._name} occurs {len(items)} times: expected at least {self._least}"
            run.report(rules.PROFILE_MINIMUM, words, path, self._url)
        if self._greatest is not None and len(items) > self._greatest:
            words = f"{self._name} occurs {len(items)} times: expected at most {self._greatest}"
            run.report(rules.PROFILE_MAXIMUM, words, path, self._url)
        if self._inner is not None:
            for item in items:
                self._inner(item, run)
        if self._slicing is not None:
            self._slicing.apply(items, run, path)


def _limits(definition: dict[str, Any], base: dict[str, Any]) -> tuple[int, int | None]:
    """The smallest and greatest number of values, where they are narrower than the base's; 0 and None elsewhere."""
    least, greatest = definition.get("min"), definition.get("max")
    if not isinstance(least, int) or least == base.get("min"):
        least = 0
    if not isinstance(greatest, str) or not greatest.isdigit() or greatest == base.get("max"):
        return least, None
    return least, int(greatest)


def _typed(codes: frozenset[str], others: list[Constraint], url: str) -> list[Constraint]:
    """The type first: of a value of a wrong one, nothing else is said."""
    expected = " or ".join(sorted(codes))

    def type_checks(type_: str) -> list[Check]:
        def wrong(value: Any, run: Run, path: Path) -> None:
            is_resource = type_[:1].isupper() and value.__class__ is dict and "resourceType" in value
            rule = rules.PROFILE_ENTRY_TYPE if is_resource else rules.PROFILE_ELEMENT_TYPE
            run.report(rule, f"the element is a {type_[:64]}: expected {expected}", path, url)

        return [] if type_ in codes else [wrong]

    return [Constraint(type_checks), *(each.only(codes) for each in others)]


def _profiled(code: str, profiles: list[str], host: Host, url: str) -> Constraint:
    """Values of a type must keep one of its profiles."""

    def check(item: Item, run: Run) -> None:
        if code not in (item.type, "Resource", "Element", "BackboneElement"):
            return
        if len(profiles) == 1:
            host.check(item, profiles[0], run)
        elif not any(host.fits(item, each, run) for each in profiles):
            words = f"the content keeps none of the profiles of which it must keep one: {', '.join(profiles)[:400]}"
            run.report(rules.PROFILE_NONE_FITS, words, item.path, url)

    return constraints.of_item(check)


def code_of(type_: dict[str, Any]) -> str:
    """A type's code, without the URL that FHIRPath's own types have."""
    code = str(type_.get("code"))
    return "string" if code.startswith(_FHIRPATH) else code.removeprefix(_BASE)


def obj_types(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """The types of an ElementDefinition."""
    found = definition.get("type")
    return [obj(each) for each in found] if isinstance(found, list) else []


def strings(found: object) -> list[str]:
    """The texts of a list."""
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _same(type_: dict[str, Any], types: list[dict[str, Any]]) -> dict[str, Any]:
    return next((each for each in types if code_of(each) == code_of(type_)), {})
