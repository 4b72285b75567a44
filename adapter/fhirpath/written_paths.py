"""Paths as Python source: the items, texts and numbers of usual content (see `written`)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from adapter.fhirpath import model, temporal, tree
from adapter.fhirpath.conditions import MOMENTS, holds_text
from adapter.fhirpath.fixed import is_fixed
from adapter.fhirpath.lines import Lines, Unusual, Unwritable
from adapter.fhirpath.model import Option, Type
from adapter.fhirpath.nodes import Node
from adapter.fhirpath.plans import Focus, Plan
from adapter.fhirpath.tree import Tree
from adapter.fhirpath.work import LONG_TEXT

_FEW = 8
"""Items that a loop may run over without being counted as work."""


def any_resource() -> model.Type:
    """R4's Resource. Not asked for as this is imported: the package it is read from may not be installed yet."""
    return model.fhir("Resource")


class Found(NamedTuple):
    """What a path gives: the variable, an item or None where not `many`, else a list; and the items' type. All items
    of a complex type are JSON objects with members, where they are not `many`."""

    variable: str
    type: Type
    many: bool = False


class Truth(NamedTuple):
    """A Python expression that is True or False, or None where not `sure`."""

    text: str
    sure: bool = True


def text_of(items: list[Any]) -> str | None:
    """The only item, a text; None without one."""
    if not items:
        return None
    item = items[0]
    if item.__class__ is Node and item.extra is None and holds_text(item.type):
        item = item.value
    if len(items) > 1 or item.__class__ is not str:
        raise Unusual
    return str(item)


class Paths(ABC):
    """Writes paths. Each method adds the lines that are needed and gives what holds the result."""

    def __init__(self, type_: Type, plan: Callable[[Tree, Focus], Plan]) -> None:
        self.lines = Lines()
        self._type = type_
        self._plan = plan
        self._there_always = {"this"}

    @abstractmethod
    def truth(self, found: Tree, focus: Found, depth: int) -> Truth:
        """A condition."""

    def part(self, found: Tree | None, focus: Found) -> Plan:
        """The closures of a part. Raises Unwritable where there is no part, or its input is of no known type."""
        if found is None or focus.type.is_abstract:
            raise Unwritable("no part of its own")
        return self._plan(found, Focus(focus.type))

    # Numbers and texts

    def number(self, found: Tree, focus: Found, depth: int) -> str | None:
        """A count, a whole number, or their sum; None for what is neither."""
        match found:
            case tree.Literal(value=value) if value.__class__ is int:
                return str(value)
            case tree.Call(source=source, name="count", arguments=()):
                items = self.items(source, focus, depth)
                return f"len({items.variable})" if items.many else f"({items.variable} is not None)"
            case tree.Binary(operator="+", left=left, right=right):
                one, other = self.number(left, focus, depth), self.number(right, focus, depth)
                return None if one is None or other is None else f"({one} + {other})"
            case _:
                return None

    def length(self, found: Tree, focus: Found, depth: int) -> str | None:
        match found:
            case tree.Call(source=source, name="length", arguments=()):
                text = self.text(source, focus, depth)
                return text if text.isidentifier() else None
            case _:
                return None

    def text(self, found: Tree | None, focus: Found, depth: int) -> str:
        """A text: a variable that is None where there is none, or a literal."""
        match found:
            case tree.Literal(value=value) if value.__class__ is str:
                return repr(value)
            case tree.Call(source=source, name="toString", arguments=()):
                return self._written_text(source, focus, depth)
            case tree.Binary(operator="&", left=left, right=right):
                return self._joined(self.text(left, focus, depth), self.text(right, focus, depth), depth)
        if found is not None and focus.variable != "this" and is_fixed(found):
            return self._ahead(found)
        mark = self.lines.mark
        try:
            return self._plain_text(found, focus, depth)
        except Unwritable:
            self.lines.back_to(mark)
            return self._text_by_closure(found, focus, depth)

    def _ahead(self, found: Tree) -> str:
        """A text that is the same for all items of a loop, read before all else."""
        with self.lines.ahead():
            return self.text(found, Found("this", self._type), 1)

    def _plain_text(self, found: Tree | None, focus: Found, depth: int) -> str:
        item = self.single(self.items(found, focus, depth), depth)
        if not holds_text(item.type):
            raise Unwritable("no text")
        self.lines.unusual(depth, f"{item.variable} is not None and {item.variable}.__class__ is not str")
        return item.variable

    def _text_by_closure(self, found: Tree | None, focus: Found, depth: int) -> str:
        plan = self.part(found, focus)
        if plan.is_boolean or plan.number or plan.constant or not (plan.raw is None or holds_text(plan.raw)):
            raise Unwritable("no path to texts")
        name = self.lines.variable()
        run, text = self.lines.named(plan.run), self.lines.named(text_of)
        self.lines.write(depth, f"{name} = {text}({run}({focus.variable}, scope))")
        return name

    def _written_text(self, found: Tree | None, focus: Found, depth: int) -> str:
        item = self.single(self.items(found, focus, depth), depth)
        name = item.variable
        if holds_text(item.type):
            self.lines.unusual(depth, f"{name} is not None and {name}.__class__ is not str")
        elif item.type.name in MOMENTS:
            is_plain = self.lines.named(temporal.is_plain)
            self.lines.unusual(depth, f"{name} is not None and not ({name}.__class__ is str and {is_plain}({name}))")
        else:
            raise Unwritable("toString() of others than texts and moments")
        return name

    def _joined(self, one: str, other: str, depth: int) -> str:
        name = self.lines.variable()
        self.lines.write(depth, f"{name} = ({one} or '') + ({other} or '')")
        self.lines.unusual(depth, f"len({name}) > {LONG_TEXT}")
        return name

    def texts(self, found: Tree | None, focus: Found, depth: int) -> str:
        """A list of texts."""
        items = self._many(self.items(found, focus, depth), depth)
        if not holds_text(items.type):
            raise Unwritable("others than texts")
        are_texts = self.lines.named(_are_texts)
        self.lines.unusual(depth, f"{items.variable} and not {are_texts}({items.variable})")
        self._counted(items, depth)
        return items.variable

    # Paths

    def items(self, found: Tree | None, focus: Found, depth: int) -> Found:
        """The items of a path; by its closure where that alone knows them. Raises Unwritable where their type is not
        known."""
        mark = self.lines.mark
        try:
            return self._path(found, focus, depth)
        except Unwritable:
            self.lines.back_to(mark)
            plan = self.part(found, focus)
            if plan.raw is None or plan.raw.is_primitive:
                raise
            name, run = self.lines.variable(), self.lines.named(plan.run)
            self.lines.write(depth, f"{name} = {run}({focus.variable}, scope)")
            return Found(name, plan.raw, many=True)

    def _path(self, found: Tree | None, focus: Found, depth: int) -> Found:
        match found:
            case None | tree.Special(name="$this"):
                return focus
            case tree.Variable(name="context"):
                return Found("this", self._type)
            case tree.Variable(name="resource") if any_resource() in self._type.ancestors:
                type_ = self.lines.named(self._type)
                self.lines.unusual(depth, f"this is not scope.resource.value or scope.resource.type is not {type_}")
                return Found("this", self._type)
            case tree.Member(source=tree.Member() as inner, name=name):
                owners = self._known(inner.source, focus, depth)
                if owners is None:
                    return self._step(self.items(inner, focus, depth), name, depth)
                return self._two_steps(owners, inner.name, name, depth)
            case tree.Member(source=source, name=name):
                return self._step(self.items(source, focus, depth), name, depth)
            case tree.Call(source=source, name="where", arguments=(criterion,)):
                return self._where(self.items(source, focus, depth), criterion, depth)
            case tree.Call(source=source, name="first", arguments=()):
                return self._first(self.items(source, focus, depth), depth)
            case tree.Call(source=source, name="ofType"):
                return self._of_type(self.items(source, focus, depth), found, depth)
            case tree.Call(source=source, name="intersect", arguments=(other,)):
                one, wanted = self.texts(source, focus, depth), self.texts(other, focus, depth)
                self.lines.write(depth, f"{wanted} = set({wanted})")
                return self._listed(f"[i for i in dict.fromkeys({one}) if i in {wanted}]", depth)
            case tree.Chain(operator="|", operands=operands):
                lists = [f"*{self.texts(each, focus, depth)}" for each in operands]
                return self._listed(f"list(dict.fromkeys(({', '.join(lists)},)))", depth)
            case _:
                raise Unwritable("no path that is known")

    def _known(self, found: Tree | None, focus: Found, depth: int) -> Found | None:
        """The items of a path; None where their type is not known."""
        with suppress(Unwritable):
            return self.items(found, focus, depth)
        return None

    def _listed(self, items: str, depth: int) -> Found:
        name = self.lines.variable()
        self.lines.write(depth, f"{name} = {items}")
        return Found(name, model.fhir("string"), many=True)

    def _many(self, found: Found, depth: int) -> Found:
        if found.many:
            return found
        name = self.lines.variable()
        self.lines.write(depth, f"{name} = () if {found.variable} is None else ({found.variable},)")
        return Found(name, found.type, many=True)

    def single(self, found: Found, depth: int) -> Found:
        """The only item: more than one is unusual."""
        if not found.many:
            return found
        self.lines.unusual(depth, f"len({found.variable}) > 1")
        return self._first(found, depth)

    def _first(self, found: Found, depth: int) -> Found:
        if not found.many:
            return found
        name = self.lines.variable()
        self.lines.write(depth, f"{name} = None", f"if {found.variable}:", f"    {name} = {found.variable}[0]")
        self._check_shape(name, found.type, depth + 1)
        self.lines.unusual(depth + 1, f"{name} is None")
        return Found(name, found.type)

    def each(self, items: Found, depth: int) -> tuple[Found, int]:
        """Begins a loop over the items: the item, and the depth of what is done with it."""
        if not items.many:
            self.lines.write(depth, f"if {items.variable} is not None:")
            return items, depth + 1
        name = self.lines.variable()
        self._counted(items, depth)
        self.lines.write(depth, f"for {name} in {items.variable}:")
        unusual = f"{name} is None" if items.type.is_primitive else f"{name}.__class__ is not dict"
        self.lines.unusual(depth + 1, unusual)
        self._there_always.add(name)
        return Found(name, items.type), depth + 1

    def there(self, found: Tree | None, focus: Found, depth: int) -> str:
        """Whether a path gives anything."""
        if isinstance(found, tree.Member) and (owners := self._known(found.source, focus, depth)) is not None:
            options = _options(owners, found.name)
            if len(options) > 1:
                return self._has(owners, _keys(options), depth)
            items = self._members(owners, options[0], frozenset(), depth)
        else:
            items = self.items(found, focus, depth)
        return f"bool({items.variable})" if items.many else f"({items.variable} is not None)"

    def _has(self, owners: Found, keys: frozenset[str], depth: int) -> str:
        result = self.lines.variable()
        self.lines.write(depth, f"{result} = False")
        owner, inner = self.each(owners, depth)
        there = f"not {self.lines.named(keys)}.isdisjoint({owner.variable})"
        self.lines.write(inner, f"{result} = {result} or {there}")
        return result

    def _counted(self, items: Found, depth: int) -> None:
        many = items.variable
        self.lines.write(depth, f"if len({many}) > {_FEW}:", f"    scope.work.spend(len({many}))")

    def _where(self, items: Found, criterion: Tree, depth: int) -> Found:
        result = self.lines.variable()
        self.lines.write(depth, f"{result} = {'[]' if items.many else 'None'}")
        item, inner = self.each(items, depth)
        told = self.truth(criterion, item, inner)
        kept = f"{result}.append({item.variable})" if items.many else f"{result} = {item.variable}"
        self.lines.write(inner, f"if {told.text}:", f"    {kept}")
        return Found(result, items.type, items.many)

    def _of_type(self, items: Found, call: tree.Call, depth: int) -> Found:
        name = resource_name(call)
        if items.type is not any_resource():
            raise Unwritable("a type that is known")
        result = self.lines.variable()
        self.lines.write(depth, f"{result} = {'[]' if items.many else 'None'}")
        item, inner = self.each(items, depth)
        kept = f"{result}.append({item.variable})" if items.many else f"{result} = {item.variable}"
        self.lines.write(inner, f"if {item.variable}.get('resourceType') == {name!r}:", f"    {kept}")
        return Found(result, model.fhir(name), items.many)

    def _step(self, items: Found, name: str, depth: int) -> Found:
        options = _options(items, name)
        if len(options) != 1:
            raise Unwritable("a choice of types")
        return self._members(items, options[0], frozenset(), depth)

    def _two_steps(self, items: Found, first: str, name: str, depth: int) -> Found:
        """An element of an element: of a choice element where values of one of its types alone have it."""
        options = _options(items, first)
        if len(options) == 1:
            return self._step(self._members(items, options[0], frozenset(), depth), name, depth)
        holders = [each for each in options if name in each.type.members]
        if len(holders) != 1 or name in ("id", "extension"):
            raise Unwritable("an element of several types")
        return self._step(self._members(items, holders[0], _keys(options), depth), name, depth)

    def _members(self, items: Found, option: Option, others: frozenset[str], depth: int) -> Found:
        """What is in a member of the items; unusual where another one of the `others` is there too."""
        result = self.lines.variable()
        if items.many:
            self.lines.write(depth, f"{result} = []")
            item, inner = self.each(items, depth)
            found = self.lines.variable()
            self._read(found, item.variable, option, others, inner)
            self.lines.write(inner, f"if {found} is not None:")
            self.lines.write(inner + 1, f"{result} += {found}" if option.many else f"{result}.append({found})")
            return Found(result, option.type, many=True)
        if items.variable in self._there_always:
            self._read(result, items.variable, option, others, depth)
        else:
            self.lines.write(depth, f"{result} = None", f"if {items.variable} is not None:")
            self._read(result, items.variable, option, others, depth + 1)
        if option.many:
            self.lines.write(depth, f"if {result} is None:", f"    {result} = ()")
        return Found(result, option.type, option.many)

    def _read(self, name: str, owner: str, option: Option, others: frozenset[str], depth: int) -> None:
        """Reads a member that has the shape of the element."""
        self.lines.write(depth, f"{name} = {owner}.get({option.key!r})")
        if option.many:
            self.lines.unusual(depth, f"{name} is not None and {name}.__class__ is not list")
        else:
            self._check_shape(name, option.type, depth)
        if option.extra:
            self.lines.unusual(depth, f"{option.extra!r} in {owner}")
        if others:
            several = f"len({self.lines.named(others)}.intersection({owner})) > 1"
            self.lines.unusual(depth, f"{name} is not None and {several}")

    def _check_shape(self, name: str, type_: Type, depth: int) -> None:
        wrong = f"{name}.__class__ is list" if type_.is_primitive else f"({name}.__class__ is not dict or not {name})"
        self.lines.unusual(depth, wrong if type_.is_primitive else f"{name} is not None and {wrong}")


def _options(items: Found, name: str) -> tuple[Option, ...]:
    """The members that an element of the items may be. Raises Unwritable where that is not known."""
    options = items.type.members.get(name, ())
    if not options:
        raise Unwritable("no element that is known")
    return options


def _keys(options: tuple[Option, ...]) -> frozenset[str]:
    return frozenset(key for option in options for key in (option.key, option.extra) if key)


def resource_name(call: tree.Call) -> str:
    """The type of resources that is named as an argument."""
    match call.arguments:
        case (tree.Member(source=None, name=name),):
            types = model.specified(name)
            if len(types) == 1 and any_resource() in types[0].ancestors and not types[0].is_abstract:
                return name
    raise Unwritable("no type of resources")


def _are_texts(items: list[Any]) -> bool:
    return set(map(type, items)) <= {str}
