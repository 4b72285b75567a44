"""Python source as it is written from a mapping's rules: lines, names for objects, the code of paths.

The code is for what messages are as a rule. Where a node is not of the shape that its path is of, it raises `Detour`,
or what Python raises of itself (`UNEXPECTED`): then the rules are run one by one, and they say what is to be said.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import RLock
from typing import Any

from adapter.mapping.codecs import CodecError
from adapter.mapping.paths import FhirPath, Head
from adapter.mapping.records import TEXT, RecordPath
from adapter.mapping.rules import Block
from adapter.mapping.runs import Scope
from adapter.support.errors import MappingError


class Detour(Exception):  # noqa: N818 - no error: the other way of doing it is taken
    """The code was not written for this message."""


UNEXPECTED = (Detour, CodecError, MappingError, AttributeError, TypeError, KeyError, IndexError, ValueError)
"""What the code raises where a message is not as it expects."""


class Source:
    """The functions for the blocks of a mapping in one direction. A block is written and compiled when it is called for
    the first time: of most messages, most rules find nothing. `names` is what the code uses and does not define."""

    writes: "type[BlockFunction]"
    """how a block's function is written in this direction"""

    def __init__(self, label: str) -> None:
        self.names: dict[str, Any] = {"Detour": Detour, "Scope": Scope}
        self._label = label
        self._blocks: dict[tuple[int, tuple[str, ...]], str] = {}
        self._waiting: list[Function] = []
        self._lock = RLock()

    def block(self, block: Block, scope: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """The name of a block's function, and those names of the groups around it that it speaks of."""
        scope = tuple(name for name in scope if name in block.speaks_of)
        key = id(block), scope
        with self._lock:
            if key not in self._blocks:
                name = self._blocks[key] = f"block{len(self._blocks)}"
                self.names[name] = partial(self._first, name, block, scope)
            return self._blocks[key], scope

    def _first(self, name: str, block: Block, scope: tuple[str, ...], *arguments: Any) -> None:
        """Stands for a block's function until it is called."""
        with self._lock:
            if isinstance(self.names[name], partial):
                function = self.writes(self, name, scope)
                function.block(block)
                functions = [function, *self._waiting]
                self._waiting.clear()
                text = "\n".join(line for function in functions for line in function.lines())
                made = dict[str, Any]()
                exec(compile(text, f"<{self._label} {name}>", "exec"), self.names, made)  # noqa: S102 - of checked files
                self.names |= made
        self.names[name](*arguments)

    def beside(self, name: str, write: Callable[[], "Function"]) -> str:
        """The name of a function that the one which is being written calls; written where it is not known."""
        if name not in self.names:
            self.names[name] = None
            self._waiting.append(write())
        return name

    def name(self, value: Any) -> str:
        """A name for an object that the code speaks of."""
        name = f"k{id(value)}"
        self.names[name] = value
        return name


class Function:
    """One function that is being written."""

    def __init__(self, source: Source, name: str, parameters: Iterable[str]) -> None:
        self.source = source
        self.first: list[str] = []
        self._head = f"def {name}({', '.join(parameters)}):"
        self._body: list[str] = []
        self._depth = 1
        self._count = 0
        self._lasting = set(parameters)
        self._looked_up: dict[tuple[str, Any], str] = {}
        self._kept: dict[tuple[str, Any], str] = {}

    def lines(self) -> list[str]:
        """All of it."""
        opened = [f"{' = '.join(self._kept.values())} = None"] if self._kept else []
        return [self._head, *(f"  {line}" for line in (*self.first, *opened)), *self._body]

    def put(self, line: str) -> None:
        """One more line."""
        self._body.append("  " * self._depth + line)

    def lookup(self, node: str, key: Any, lines: Callable[[str], Iterable[str]]) -> str | None:
        """A variable for what is asked of a source once, when the function begins; None where the node is not known
        then. `lines` finds it."""
        if node not in self._lasting:
            return None
        if (node, key) not in self._looked_up:
            found = self._looked_up[node, key] = self.new()
            self.first += lines(found)
            self._lasting.add(found)
        return self._looked_up[node, key]

    @contextmanager
    def once(self, node: str, key: Any) -> Iterator[str]:
        """A variable for what the lines within open in the result. Where the node is the same throughout, that is done
        when the function first comes to need it."""
        if node not in self._lasting:
            yield self.new()
            return
        known = self._kept.get((node, key))
        found = known or self.new()
        with self.inside():
            self.open(f"if {found} is None:")
            yield found
        self._kept[node, key] = found
        self._lasting.add(found)

    def new(self) -> str:
        """A name for a local variable."""
        self._count += 1
        return f"v{self._count}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What is opened within ends with it."""
        depth = self._depth
        yield
        self._depth = depth

    def open(self, line: str) -> None:
        """A line that what follows stands under."""
        self.put(line)
        self._depth += 1

    def descend(self, node: str, heads: Iterable[Head]) -> tuple[str, list[tuple[str, str]]]:
        """Opens what holds the last element of a path: its variable, and (variable, member) of what `where` looked
        at."""
        looked: list[tuple[str, str]] = []
        for name, is_list, where in heads:
            value, item = self.member(node, name), self.new()
            self.open(f"if {value} is not None:")
            if is_list and where:
                self.put(f"{item} = None")
                with self.inside():
                    self.open(f"for {item} in {value}:")
                    self.open(f"if {fits(item, where)}:")
                    self.put("break")
                self.put("else:")
                self.put(f"  {item} = None")
                self.open(f"if {item} is not None:")
            elif is_list:
                self.put(f"{item} = {value}[0]")
            else:
                item = value
                if where:
                    self.open(f"if {fits(item, where)}:")
            looked += [(item, member) for member, _ in where]
            node = item
        return node, looked

    def member(self, node: str, name: str) -> str:
        """The variable of a member."""

        def find(found: str) -> Iterable[str]:
            yield f"{found} = None if {node} is None else {node}.get({name!r})"

        found = self.lookup(node, name, find)
        if found is None:
            found = self.new()
            self.put(f"{found} = {node}.get({name!r})")
        return found

    def made(self, node: str, head: Head) -> str:
        """The variable of a member that is an object, made where there is none."""
        with self.once(node, head) as item:
            self._make(node, head, item)
        return item

    def _make(self, node: str, head: Head, item: str) -> None:
        name, is_list, where = head
        fresh = "{" + ", ".join(f"{key!r}: {value!r}" for key, value in where) + "}"
        self.put(f"{item} = {node}.get({name!r})")
        with self.inside():
            self.open(f"if {item} is None:")
            self.put(f"{item} = {fresh}")
            self.put(f"{node}[{name!r}] = {f'[{item}]' if is_list else item}")
        if is_list and where:
            held = self.new()
            with self.inside():
                self.open("else:")
                self.put(f"{held} = {item}")
                self.open(f"for {item} in {held}:")
                self.put(f"if {fits(item, where)}: break")
            with self.inside():
                self._depth += 1
                self.open("else:")
                self.put(f"{item} = {fresh}")
                self.put(f"{held}.append({item})")
        elif is_list:
            self.put(f"else: {item} = {item}[0]")
        elif where:
            self.put(f"else: {item}.update({fresh})")

    def holder(self, node: str, path: FhirPath) -> str:
        """The variable of what holds the last element of a path, made where there is none."""
        for head in path.heads:
            node = self.made(node, head)
        return node

    def appended(self, node: str, path: FhirPath) -> str:
        """The variable of a new object at the path: one more of a list, or the one object of a single element."""
        node = self.holder(node, path)
        name, is_list, where = path.last
        if not is_list:
            return self.made(node, path.last)
        item, held = self.new(), self.new()
        self.put(f"{item} = {{{', '.join(f'{key!r}: {value!r}' for key, value in where)}}}")
        self.put(f"{held} = {node}.get({name!r})")
        self.put(f"if {held} is None: {node}[{name!r}] = [{item}]")
        self.put(f"else: {held}.append({item})")
        return item

    def write(self, node: str, path: FhirPath, value: str) -> None:
        """Sets what the path leads to, or adds it where the last element repeats."""
        node = self.holder(node, path)
        name, is_list, _ = path.last
        if is_list:
            held = self.new()
            self.put(f"{held} = {node}.get({name!r})")
            self.put(f"if {held} is None: {node}[{name!r}] = [{value}]")
            self.put(f"else: {held}.append({value})")
        else:
            self.put(f"if {node}.setdefault({name!r}, {value}) != {value}: raise Detour")

    def child(self, node: str, name: str) -> str:
        """The variable of a record's element, made where there is none."""
        with self.once(node, name) as item:
            held = self.new()
            self.put(f"{held} = {node}.get({name!r})")
            self.put(f"if {held} is None: {node}[{name!r}] = [{item} := {{}}]")
            self.put(f"else: {item} = {held}[0]")
        return item

    def opened(self, node: str, path: RecordPath, *, new: bool) -> str:
        """The variable of the record's element at a path; `new` makes one more of the last."""
        for name in path.names[:-1]:
            node = self.child(node, name)
        if not path.names:
            return node
        if not new:
            return self.child(node, path.names[-1])
        held, item = self.new(), self.new()
        self.put(f"{held} = {node}.get({path.names[-1]!r})")
        self.put(f"if {held} is None: {node}[{path.names[-1]!r}] = [{item} := {{}}]")
        self.put(f"else: {held}.append({item} := {{}})")
        return item

    def text(self, node: str, path: RecordPath, value: str, *, new: bool) -> None:
        """Writes a text or attribute of the record."""
        if not path.names or path.key != TEXT or new:
            node = self.opened(node, path, new=new)
            self.put(f"if {node}.setdefault({path.key!r}, {value}) != {value}: raise Detour")
            return
        for name in path.names[:-1]:
            node = self.child(node, name)
        held = self.new()
        self.put(f"{held} = {node}.get({path.names[-1]!r})")
        self.put(f"if {held} is None: {node}[{path.names[-1]!r}] = [{{{TEXT!r}: {value}}}]")
        self.put(f"elif {held}[0].setdefault({TEXT!r}, {value}) != {value}: raise Detour")

    def elements(self, node: str, path: RecordPath) -> str | None:
        """Opens the list of a record's elements that a path leads to, and gives its variable; None where the path stays
        where it is."""
        if not path.names:
            return None
        for name in path.names[:-1]:
            node = self._only(node, name)
            self.open(f"if {node} is not None:")
        found = self.new()
        self.put(f"{found} = {node}.get({path.names[-1]!r})")
        self.open(f"if {found} is not None:")
        return found

    def _only(self, node: str, name: str) -> str:
        """The variable of the one element of a name."""

        def find(found: str) -> Iterable[str]:
            yield f"{found} = None if {node} is None else {node}.get({name!r})"
            yield f"if {found} is not None:"
            yield f"  if len({found}) != 1: raise Detour"
            yield f"  {found} = {found}[0]"

        only = self.lookup(node, name, find)
        if only is None:
            only = self.new()
            for line in find(only):
                self.put(line)
        return only


class BlockFunction(Function, ABC):
    """The function of a block, within groups of the names in `scope`."""

    begins: tuple[str, ...]
    """its first lines"""

    def __init__(self, source: Source, name: str, scope: tuple[str, ...]) -> None:
        super().__init__(source, name, ("run", "root", "record", *(f"m_{each}" for each in scope)))
        self._scope = scope
        self.first += self.begins

    @abstractmethod
    def block(self, block: Block) -> None:
        """Write each rule in its order."""

    def _start(self, path: RecordPath) -> str:
        return "root" if path.from_root else "record"


def fits(item: str, where: Iterable[tuple[str, str]]) -> str:
    """The expression that asks whether an item is one that `where` asks for."""
    return " and ".join(f"{item}.get({member!r}) == {value!r}" for member, value in where)
