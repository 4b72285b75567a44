"""Lays the elements of a differential over a tree: finds or makes the element that each is about, and narrows it."""

from typing import Any, Protocol

from adapter.definitions import narrowing
from adapter.definitions.differential import Address, Step, written
from adapter.definitions.element_tree import Node, flatten
from adapter.support.errors import DefinitionsError

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_FHIR_TYPE = _HL7 + "structuredefinition-fhir-type"
_REFERRING = frozenset({"Reference", "canonical"})
_EXTENSIONS = frozenset({"extension", "modifierExtension"})


class Trees(Protocol):
    """Where the trees of types and of their profiles come from."""

    def structure(self, canonical: str) -> dict[str, Any] | None: ...
    def tree(self, canonical: str) -> Node | None: ...
    def is_being_made(self, canonical: str) -> bool: ...


class Layering:
    """One differential over one tree, which is changed. `specialising`: the differential may add elements."""

    def __init__(self, url: str, root: Node, trees: Trees, report: narrowing.Report, *, specialising: bool) -> None:
        self._url = url
        self._root = root
        self._trees = trees
        self._report = report
        self._specialising = specialising

    def apply(self, address: Address, element: dict[str, Any]) -> None:
        """Narrows the element at that address. What is not there or may not be said is reported, and left out."""
        where = f"{self._url}: differential element {written(self._root.name, address)}"
        try:
            self._apply(address, element, where)
        except DefinitionsError as error:
            self._report(str(error))

    def _apply(self, address: Address, element: dict[str, Any], where: str) -> None:
        node = self._root
        for depth, step in enumerate(address, start=1):
            node = self._descend(node, step, element if depth == len(address) else None, where)
        if "type" in element:
            self._retype(node, element["type"], where)
        node.definition = narrowing.narrow(node.definition, element, where, self._url, self._report)

    def _descend(self, parent: Node, step: Step, element: dict[str, Any] | None, where: str) -> Node:
        """The child that the step leads to; `element` is what the differential says of it, None on the way to one."""
        self._expand(parent, where)
        child = parent.child(step.name)
        if child is None:
            choice = _choice(parent, step.name)
            if choice is not None:
                return self._of_type(choice, step, where)
            if not self._specialising or element is None:
                raise DefinitionsError(f"{where}: {parent.name} has no element {step.name}")
            child = self._new(step.name, element)
            parent.children.append(child)
        if step.slice is None:
            return child
        found = child.sliced(step.slice) or _slice_of_type(child, step.slice)
        if found is not None:
            return found
        code = _chosen(child, step.slice)
        if code is None and "slicing" not in child.definition and narrowing.maximum(child.definition, where) <= 1:
            return child  # a slice's name on what neither repeats nor is sliced: published profiles have it
        if element is None and code is None:
            raise DefinitionsError(f"{where}: {step.name} has no slice {step.slice}")
        made = self._slice(child, step.slice, where)
        if code is not None and (element is None or "type" not in element):
            made.definition = made.definition | {"type": [t for t in child.types if t["code"] == code]}
        return made

    def _new(self, name: str, element: dict[str, Any]) -> Node:
        """An element that a specialisation adds: all elements keep what the type Element asks of them."""
        counts = {key: element[key] for key in ("min", "max") if key in element}
        definition: dict[str, Any] = {"base": {"path": element["path"], "min": 0, "max": "*", **counts}}
        every = self._trees.tree(_HL7 + "Element")
        if every is not None and "constraint" in every.definition:
            definition["constraint"] = every.definition["constraint"]
        return Node(name, definition)

    def _of_type(self, choice: Node, step: Step, where: str) -> Node:
        """`valueString` for value[x]: the choice itself where no other type is left, else its slice of that type."""
        code = _chosen(choice, step.name)
        found = choice.sliced(step.slice or step.name) or _slice_of_type(choice, step.name)
        if found is not None:
            return found
        if len(choice.types) == 1 and step.slice is None:
            return choice
        made = self._slice(choice, step.slice or step.name, where)
        made.definition = made.definition | {"type": [t for t in choice.types if t["code"] == code]}
        return made

    def _slice(self, group: Node, name: str, where: str) -> Node:
        """A new slice of the element, or of its slice `a` for the name `a/b`. As yet it need not be there."""
        outer = group.sliced(name.rpartition("/")[0]) or group
        if "slicing" not in outer.definition:
            outer.definition = outer.definition | {"slicing": _usual_slicing(group, where)}
        made = outer.copy(slices=False)
        made.slice = name
        made.definition = {key: value for key, value in outer.definition.items() if key != "slicing"} | {"min": 0}
        place = len(group.slices)
        if outer is not group:
            place = 1 + max(
                number
                for number, each in enumerate(group.slices)
                if each is outer or str(each.slice).startswith(f"{outer.slice}/")
            )
        group.slices.insert(place, made)
        return made

    def _retype(self, node: Node, types: list[dict[str, Any]], where: str) -> None:
        """Checks that the types are among those of the base, and takes in what the profile on a single type says."""
        allowed = {_fhir_type(each) for each in node.types}
        for each in types:
            if allowed and not self._is_a(_fhir_type(each), allowed):
                raise DefinitionsError(
                    f"{where}: type {each['code'][:200]} is not among the base's: {', '.join(sorted(allowed))}"
                )
        profile = _profile(types)
        if profile is None or profile == _profile(node.types) or self._trees.is_being_made(profile):
            return
        root = self._trees.tree(profile)
        if root is None:
            return
        if node.children and [*_below(node)] == [*_below(self._expanded(node, where))]:
            node.children = []
        node.definition = narrowing.typed(node.definition, root.definition, where)

    def _is_a(self, code: str, allowed: set[str]) -> bool:
        seen: set[str] = set()
        while code not in allowed:
            structure = self._trees.structure(_type_url(code)) if code not in seen else None
            base = None if structure is None else structure.get("baseDefinition")
            if not isinstance(base, str):
                return False
            seen.add(code)
            code = base.removeprefix(_HL7)
        return True

    def _expanded(self, node: Node, where: str) -> Node:
        bare = Node(node.name, node.definition, node.slice)
        self._expand(bare, where)
        return bare

    def _expand(self, node: Node, where: str) -> None:
        """Gives an element that has none the children of its type, of its type's profile, or of what it refers to."""
        if node.children or node is self._root:
            return
        reference = node.definition.get("contentReference")
        if isinstance(reference, str):
            target = self._referred(reference, where)
            kept = {key: value for key, value in node.definition.items() if key != "contentReference"}
            node.definition = kept | {"type": target.types}
            node.children = [child.copy() for child in target.children]
            return
        profile = _profile(node.types)
        tree = None if profile is None or self._trees.is_being_made(profile) else self._trees.tree(profile)
        if tree is None:
            codes = {_fhir_type(each) for each in node.types}
            url = _type_url(codes.pop()) if len(codes) == 1 else _HL7 + "Element"
            tree = self._trees.tree(url)
            if tree is None:
                raise DefinitionsError(f"{where}: the type {url} of {node.name} is not known")
        node.children = [child.copy() for child in tree.children]

    def _referred(self, reference: str, where: str) -> Node:
        """The element that a content reference names, as its own type defines it: not as a profile constrains it."""
        url, _, element_id = reference.rpartition("#")
        names = element_id.split(".")
        tree = self._trees.tree(url or _HL7 + names[0]) or self._root
        for name in names[1:]:
            child = tree.child(name)
            if child is None:
                raise DefinitionsError(f"{where}: the content reference {reference[:200]} leads to no element")
            tree = child
        return tree


def _below(node: Node) -> Any:
    return ((each["id"].partition(".")[2], {**each, "id": None, "path": None}) for each in [*flatten(node)][1:])


def _profile(types: list[dict[str, Any]]) -> str | None:
    """The one profile on the one type, None where there are none or several; of references it is about the target."""
    if len(types) != 1 or types[0]["code"] in _REFERRING:
        return None
    profiles = types[0].get("profile")
    return profiles[0] if isinstance(profiles, list) and len(profiles) == 1 and isinstance(profiles[0], str) else None


def _fhir_type(written: dict[str, Any]) -> str:
    """The type's code. One of FHIRPath's System types stands for the FHIR type that an extension names."""
    code = str(written["code"])
    if not code.startswith("http://hl7.org/fhirpath/System."):
        return code
    extensions = written.get("extension")
    said = [x for x in extensions if isinstance(x, dict)] if isinstance(extensions, list) else []
    return next((str(x.get("valueUrl") or x.get("valueUri")) for x in said if x.get("url") == _FHIR_TYPE), "string")


def _type_url(code: str) -> str:
    return code if "://" in code else _HL7 + code


def _choice(parent: Node, name: str) -> Node | None:
    """The choice of which `name` is one type, as value[x] is for valueString; or value[x] where that name is meant."""
    return next((child for child in parent.children if _chosen(child, name) is not None), None)


def _chosen(choice: Node, name: str) -> str | None:
    """The type code that `name` chooses, None where it chooses none of them."""
    if not choice.name.endswith("[x]") or not name.startswith(choice.name[:-3]):
        return None
    wanted = name[len(choice.name) - 3 :]
    return next((t["code"] for t in choice.types if t["code"][:1].upper() + t["code"][1:] == wanted), None)


def _slice_of_type(choice: Node, name: str) -> Node | None:
    """The slice that holds the type that `name` chooses, whatever it is called."""
    code = _chosen(choice, name)
    if code is None:
        return None
    return next((each for each in choice.slices if [t["code"] for t in each.types] == [code]), None)


def _usual_slicing(group: Node, where: str) -> dict[str, Any]:
    """How extensions and choices are sliced where nothing is said. Raises DefinitionsError for any other element."""
    if group.name in _EXTENSIONS:
        discriminator = {"type": "value", "path": "url"}
    elif group.name.endswith("[x]"):
        discriminator = {"type": "type", "path": "$this"}
    else:
        raise DefinitionsError(f"{where}: the element is sliced, and nothing says by what (slicing)")
    return {"discriminator": [discriminator], "ordered": False, "rules": "open"}
