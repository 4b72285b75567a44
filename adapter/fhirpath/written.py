"""Conditions as Python source: what a condition says of usual content, in line, instead of closures that call each
other.

Usual is: each element has the JSON shape that R4 gives it, primitives stand without id and extensions, texts are short.
On all else the code raises Unusual, and the closures, which stay the definition of what an expression means, decide. A
part that is not known here is the closure of that part, called from the code.
"""

from collections.abc import Callable

from adapter.fhirpath import patterns, temporal, tree
from adapter.fhirpath.conditions import MOMENTS, ORDERS
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.lines import Lines, Unwritable
from adapter.fhirpath.model import Type
from adapter.fhirpath.plans import Focus, Plan
from adapter.fhirpath.tree import Tree
from adapter.fhirpath.work import LONG_TEXT
from adapter.fhirpath.written_paths import Found, Paths, Truth, any_resource, resource_name

_DEEPEST = 14
"""Levels of indentation; Python allows for 20 loops in each other."""
_CLASSES = {"boolean": "bool", "integer": "int", "positiveInt": "int", "unsignedInt": "int"}


def source(condition: Tree, type_: Type, plan: Callable[[Tree, Focus], Plan]) -> Lines:
    """The source of a condition on inputs of a type. `plan` gives the closures of a part of it. Raises Unwritable where
    nothing of it can be written."""
    if type_.is_abstract or tree.mentions(condition, _is_of_its_own):
        raise Unwritable("an input of any type, or what only closures keep")
    writer = _Conditions(type_, plan)
    writer.lines.unusual(1, "this is None")
    truth = writer.written(condition, Found("this", type_), 1)
    writer.lines.write(1, f"return {truth.text}")
    return writer.lines


class _Conditions(Paths):
    """Writes conditions."""

    def truth(self, found: Tree, focus: Found, depth: int) -> Truth:
        """A condition; by its closure where it cannot be written."""
        mark = self.lines.mark
        try:
            return self.written(found, focus, depth)
        except Unwritable:
            self.lines.back_to(mark)
            closure = self.lines.named(self.part(found, focus).truth)
            return self._kept(Truth(f"{closure}({focus.variable}, scope)", sure=False), depth)

    def written(self, found: Tree, focus: Found, depth: int) -> Truth:
        """A condition. Raises Unwritable."""
        if depth > _DEEPEST:
            raise Unwritable("nested too deep")
        match found:
            case tree.Chain(operator="and" | "or"):
                return self._chain(found, focus, depth)
            case tree.Binary(operator="implies", left=left, right=right):
                return self._implies(self.truth(left, focus, depth), right, focus, depth)
            case tree.Binary(operator="=" | "!="):
                return self._equal(found, focus, depth)
            case tree.Binary(operator=operator, left=left, right=right) if operator in ORDERS:
                return self._order(operator, left, right, focus, depth)
            case tree.Binary(operator="in", left=left, right=tree.Chain(operator="|", operands=operands)):
                return self._one_of(self.text(left, focus, depth), frozenset(map(_literal_text, operands)))
            case tree.Call():
                return self._call(found, focus, depth)
            case _:
                raise Unwritable("no condition that is known")

    def _kept(self, truth: Truth, depth: int) -> Truth:
        name = self.lines.variable()
        self.lines.write(depth, f"{name} = {truth.text}")
        return Truth(name, truth.sure)

    def _chain(self, chain: tree.Chain, focus: Found, depth: int) -> Truth:
        name, texts = tree.alternatives(chain)
        if name is not None:
            return self._one_of(self.text(tree.Member(None, name, chain.at), focus, depth), texts)
        decisive = chain.operator == "or"
        result, sure = self._kept(self.truth(chain.operands[0], focus, depth), depth)
        for each in chain.operands[1:]:
            self.lines.write(depth, f"if {result} is not {decisive}:")
            other = self.truth(each, focus, depth + 1)
            if sure:
                self.lines.write(depth + 1, f"{result} = {other.text}")
            else:
                told = self._kept(other, depth + 1).text
                kept = f"{told} if {told} is {decisive} or {result} is {not decisive} else None"
                self.lines.write(depth + 1, f"{result} = {kept}")
            sure = sure and other.sure
        return Truth(result, sure)

    def _implies(self, left: Truth, right: Tree, focus: Found, depth: int) -> Truth:
        given = self._kept(left, depth).text
        result = self.lines.variable()
        self.lines.write(depth, f"{result} = True", f"if {given} is not False:")
        other = self._kept(self.truth(right, focus, depth + 1), depth + 1)
        value = other.text if left.sure else f"{other.text} if {given} or {other.text} else None"
        self.lines.write(depth + 1, f"{result} = {value}")
        return Truth(result, left.sure and other.sure)

    def _equal(self, found: tree.Binary, focus: Found, depth: int) -> Truth:
        operator = "==" if found.operator == "=" else "!="
        for side, literal in ((found.left, found.right), (found.right, found.left)):
            if isinstance(literal, tree.Literal) and literal.value.__class__ in (int, bool):
                return self._constant(side, literal.value, focus, depth, operator)
        one, other = self.text(found.left, focus, depth), self.text(found.right, focus, depth)
        return _where_all([each for each in (one, other) if each.isidentifier()], f"{one} {operator} {other}")

    def _constant(self, one: Tree, value: int, focus: Found, depth: int, operator: str) -> Truth:
        """A number or Boolean against a literal."""
        if value.__class__ is int and (number := self.number(one, focus, depth)) is not None:
            return Truth(f"{number} {operator} {value}")
        item = self.single(self.items(one, focus, depth), depth)
        if _CLASSES.get(item.type.name) != value.__class__.__name__:
            raise Unwritable("other classes")
        self.lines.unusual(
            depth, f"{item.variable} is not None and {item.variable}.__class__ is not {value.__class__.__name__}"
        )
        return _where_all([item.variable], f"{item.variable} {operator} {value}")

    def _order(self, operator: str, left: Tree, right: Tree, focus: Found, depth: int) -> Truth:
        one, other = self.number(left, focus, depth), self.number(right, focus, depth)
        if one is not None and other is not None:
            return Truth(f"{one} {operator} {other}")
        if (length := self.length(left, focus, depth)) is not None and other is not None:
            return _where_all([length], f"len({length}) {operator} {other}")
        first, second = (self.single(self.items(each, focus, depth), depth) for each in (left, right))
        if first.type.name not in MOMENTS or second.type.name not in MOMENTS:
            raise Unwritable("an order of others than numbers and moments")
        result, order = self.lines.variable(), self.lines.named(temporal.whole_order)
        one, other = first.variable, second.variable
        self.lines.write(depth, f"{result} = None", f"if {one} is not None and {other} is not None:")
        self.lines.unusual(depth + 1, f"{one}.__class__ is not str or {other}.__class__ is not str")
        self.lines.write(depth + 1, f"{result} = {order}({one}, {other})")
        self.lines.unusual(depth + 1, f"{result} is None")
        self.lines.write(depth + 1, f"{result} = {result} {operator} 0")
        return Truth(result, sure=False)

    def _one_of(self, text: str, texts: frozenset[str]) -> Truth:
        return _where_all([text] if text.isidentifier() else [], f"{text} in {self.lines.named(texts)}")

    def _call(self, call: tree.Call, focus: Found, depth: int) -> Truth:
        arguments = call.arguments
        match call.name, len(arguments):
            case "not", 0 if call.source is not None:
                value = self._kept(self.truth(call.source, focus, depth), depth)
                return Truth(f"not {value.text}") if value.sure else _where_all([value.text], f"not {value.text}")
            case "exists" | "empty", 0:
                there = self.there(call.source, focus, depth)
                return Truth(there if call.name == "exists" else f"not {there}")
            case "exists" | "all", 1:
                return self._any(call, focus, depth)
            case "hasValue", 0:
                item = self.items(call.source, focus, depth)
                if item.many or not item.type.is_primitive:
                    raise Unwritable("hasValue() of several")
                return Truth(f"({item.variable} is not None)")
            case "isDistinct", 0:
                items = self.texts(call.source, focus, depth)
                return Truth(f"len(set({items})) == len({items})")
            case "subsetOf", 1:
                one, other = self.texts(call.source, focus, depth), self.texts(arguments[0], focus, depth)
                return Truth(f"set({one}) <= set({other})")
            case "is", 1:
                return self._is(call, focus, depth)
            case _:
                return self._of_text(call, focus, depth)

    def _of_text(self, call: tree.Call, focus: Found, depth: int) -> Truth:
        if call.name not in ("matches", "startsWith", "endsWith", "contains") or len(call.arguments) != 1:
            raise Unwritable("a function that is not known")
        argument = _literal_text(call.arguments[0])
        text = self.text(call.source, focus, depth)
        if not text.isidentifier():
            raise Unwritable("a constant")
        if call.name != "matches":
            test = {"contains": f"{argument!r} in {text}"}.get(call.name, f"{text}.{call.name.lower()}({argument!r})")
            return _where_all([text], test)
        search = _search(argument)
        self.lines.unusual(depth, f"{text} is not None and len({text}) > {LONG_TEXT}")
        return _where_all([text], f"{self.lines.named(search)}({text}) is not None")

    def _is(self, call: tree.Call, focus: Found, depth: int) -> Truth:
        item = self.single(self.items(call.source, focus, depth), depth)
        name = resource_name(call)
        if item.type is not any_resource():
            raise Unwritable("a type that is known")
        return _where_all([item.variable], f"{item.variable}.get('resourceType') == {name!r}")

    def _any(self, call: tree.Call, focus: Found, depth: int) -> Truth:
        """`exists(…)` and `all(…)`: whether the criterion is true, or not true, of some item."""
        wanted = call.name == "exists"
        items = self.items(call.source, focus, depth)
        result = self.lines.variable()
        self.lines.write(depth, f"{result} = {not wanted}")
        item, inner = self.each(items, depth)
        told = self.truth(call.arguments[0], item, inner)
        self.lines.write(inner, f"if {told.text}:" if wanted else f"if ({told.text}) is not True:")
        self.lines.write(inner + 1, f"{result} = {wanted}", *(["break"] if items.many else []))
        return Truth(result)


def _where_all(names: list[str], text: str) -> Truth:
    """A truth that is told only where all of the variables are there."""
    if not names:
        return Truth(text)
    absent = " or ".join(f"{name} is None" for name in names)
    return Truth(f"(None if {absent} else {text})", sure=False)


def _literal_text(found: Tree) -> str:
    if isinstance(found, tree.Literal) and found.value.__class__ is str:
        return str(found.value)
    raise Unwritable("no literal")


def _search(pattern: str) -> Callable[[str], object]:
    try:
        search = patterns.compiled(pattern).quick(LONG_TEXT)
    except FhirPathError as error:
        raise Unwritable("a pattern that is none") from error
    if search is None:
        raise Unwritable("a pattern that takes long")
    return search


def _is_of_its_own(found: Tree) -> bool:
    """What depends on the loop that it is in, or sets variables."""
    if isinstance(found, tree.Special):
        return found.name != "$this"
    return isinstance(found, tree.Call) and found.name == "defineVariable"
