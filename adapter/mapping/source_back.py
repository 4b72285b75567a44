"""The rules of a message as straight code, from a record to FHIR.

Each block is one function `(run, root, record, items…)`: `items` are what the groups around it make, by name. What is
carried is marked in `run.trace`, and so is each rule that does something.
"""

from adapter.mapping.codecs import CODECS
from adapter.mapping.groups import Group
from adapter.mapping.links import Link
from adapter.mapping.paths import FhirPath
from adapter.mapping.records import RecordPath
from adapter.mapping.rules import Block, Constant, Guard, Step, Value
from adapter.mapping.source import BlockFunction, Function, Source


class _Function(BlockFunction):
    begins = (
        "resources, members = run.resources, run.members",
        "mark, used, later = run.trace.marks.setdefault, run.trace.used.add, run.later.append",
    )

    def block(self, block: Block) -> None:
        """Each rule in its order."""
        for step in block.steps:
            if step.to_fhir:
                with self.inside():
                    self._step(step)

    def _step(self, step: Step) -> None:
        rule = step.rule
        if isinstance(rule, Constant | Link) and (
            rule.within.root == rule.fhir.root or rule.within.root not in self._scope
        ):
            self._guarded(step.guard)
            self._late(rule)
            return
        if step.key is not None and (step.guard or not isinstance(rule, Value | Group)):
            self.open(f"if {step.key!r} in record:")
        if isinstance(rule, Value) and not rule.defaults:
            self._guarded(step.guard)
            self._value(rule)
        elif isinstance(rule, Group):
            self._guarded(step.guard)
            self._group(rule)
        else:
            items = ", ".join(f"{each!r}: m_{each}" for each in self._scope)
            self.put(f"{self.source.name(step.to_fhir)}(run, Scope({{{items}}}, record, root))")

    def _guarded(self, guard: Guard | None) -> None:
        if guard is not None and (guard.when_record or guard.unless_record):
            there = [self._exists(path) for path in guard.when_record]
            there += [f"not {self._exists(path)}" for path in guard.unless_record]
            self.open(f"if {' and '.join(there)}:")

    def _exists(self, path: RecordPath) -> str:
        return f"{self.source.name(path.exists)}({self._start(path)})"

    def _item(self, name: str) -> str:
        """The variable of a group item or resource, made where nothing has been said of it yet."""
        if name in self._scope:
            return f"m_{name}"
        with self.once("run", name) as item:
            self.put(f"{item} = resources.get({name!r})")
            self.put(f"if {item} is None: {item} = run.opened({name!r})")
        return item

    def _value(self, rule: Value) -> None:
        done = self.new()
        if rule.required:
            self.put(f"{done} = False")
        with self.inside():
            found = self.elements(self._start(rule.record), rule.record)
            node, text = self.new(), self.new()
            if found is None:
                node = self._start(rule.record)
            elif rule.many:
                self.open(f"for {node} in {found}:")
            else:
                self.put(f"if len({found}) != 1: raise Detour")
                self.put(f"{node} = {found}[0]")
            self.put(f"{text} = {node}.get({rule.record.key!r})")
            self.open(f"if {text} is not None:")
            self.put(f"used({rule.label!r})")
            self.put(f"mark((id({node}), {rule.record.key!r}), {rule.label!r})")
            self._decode(rule, text)
            self.write(self._item(rule.fhir.root), rule.fhir, text)
            if rule.required:
                self.put(f"{done} = True")
        if rule.required and rule.fhir.root in self._scope:
            self.put(f"if not {done}: raise Detour")
        elif rule.required:
            self.put(f"if not {done} and resources.get({rule.fhir.root!r}) is not None: raise Detour")

    def _decode(self, rule: Value, text: str) -> None:
        decode = self.source.name(rule.codec.to_fhir)
        plain = rule.codec is CODECS["text"]
        if rule.concepts:
            words, known = self.source.name(rule.concepts.to_fhir), self.source.name(rule.concepts.backward)
            self.put(f"{text} = {known}.get({text}) or {words}({text})")
        if plain:
            self.put(f"if {text}.__class__ is not str or not {text}.isprintable(): {text} = {decode}({text})")
        else:
            self.put(f"{text} = {decode}({text})")

    def _late(self, rule: Constant | Link) -> None:
        """What goes without saying. It is written when all else is there."""
        root = rule.fhir.root
        name = f"late_{self.source.name(rule)}_{root in self._scope}"
        late = self.source.beside(name, lambda: self._writes(name, rule))
        self.put(f"later(({late}, {f'm_{root}' if root in self._scope else 'None'}))")

    def _writes(self, name: str, rule: Constant | Link) -> Function:
        function = Function(self.source, name, ("run", "item"))
        root = rule.fhir.root
        if root not in self._scope:
            function.put(f"item = run.resources.get({root!r})")
            function.put("if item is None: return")
        if rule.within.steps:
            within = "item" if rule.within.root == root else f"run.resources.get({rule.within.root!r})"
            function.put(f"if not {self.source.name(rule.within.exists)}({within}): return")
        elif rule.within.root != root:
            function.put(f"if run.resources.get({rule.within.root!r}) is None: return")
        if isinstance(rule, Constant):
            function.put(f"run.trace.used.add({rule.label!r})")
            _constant(function, rule.fhir, rule.value)
            return function
        names = self.source.name(list(rule.names))
        function.put(f"targets = run.standing({names})")
        function.open(f"for target in targets{'' if rule.fhir.is_list else '[:1]'}:")
        function.put(f"run.trace.used.add({rule.label!r})")
        function.put(f"run.refer({function.appended('item', rule.fhir)}, target)")
        return function

    def _group(self, rule: Group) -> None:
        start = self._start(rule.record)
        found = self.elements(start, rule.record)
        node = start
        if found is not None:
            node = self.new()
            self.open(f"for {node} in {found}:")
        self.put(f"used({rule.label!r})")
        item = self._made(rule)
        scope = self._scope if rule.name in self._scope else (*self._scope, rule.name)
        block, speaks_of = self.source.block(rule.block, scope)
        items = "".join(f", {item if each == rule.name else f'm_{each}'}" for each in speaks_of)
        self.put(f"{block}(run, root, {node}{items})")

    def _made(self, rule: Group) -> str:
        path = rule.path
        if path is not None and rule.many:
            item = self._created(path.type, rule.name)
            self.put(f"members.setdefault({path.root!r}, []).append({item})")
            self.put(f"members.setdefault({rule.name!r}, []).append({item})")
            return item
        if path is not None and not path.steps:
            return self._item(path.root)
        if path is not None and rule.resource is None:
            return self.appended(self._item(path.root), path)
        item = self._created(rule.resource or "", rule.name)
        self.put(f"members.setdefault({rule.name!r}, []).append({item})")
        if path is not None:
            self.put(f"run.refer({self.appended(self._item(path.root), path)}, {item})")
        return item

    def _created(self, resource_type: str, name: str) -> str:
        item = self.new()
        self.put(f"{item} = {{'resourceType': {resource_type!r}}}")
        self.put(f"run.made.append(({item}, {name + '/'!r} + str(len(run.made))))")
        return item


class Back(Source):
    """Writes the functions of one direction."""

    writes = _Function


def _constant(function: Function, path: FhirPath, value: str | bool) -> None:
    """As `FhirPath.write`, whose answer nobody asks for here: another value that stands there is left."""
    node = function.holder("item", path)
    name, is_list, _ = path.last
    if is_list:
        function.put(f"{node}.setdefault({name!r}, []).append({value!r})")
    else:
        function.put(f"{node}.setdefault({name!r}, {value!r})")
