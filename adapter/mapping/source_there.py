"""The rules of a message as straight code, from FHIR to a record.

Each block is one function `(run, root, record, items…)`: `items` are what the groups around it go through, by name.
What is carried is marked in `run.trace`, and so is each rule that does something.
"""

from adapter.mapping.codecs import CODECS
from adapter.mapping.groups import Group
from adapter.mapping.links import Link
from adapter.mapping.paths import FhirPath
from adapter.mapping.rules import Block, Constant, Guard, Step, Value
from adapter.mapping.source import BlockFunction, Function, Source, fits


class _Function(BlockFunction):
    begins = (
        "resources, urns, members = run.resources, run.urns, run.members",
        "mark, used = run.trace.marks.setdefault, run.trace.used.add",
    )

    def block(self, block: Block) -> None:
        """Each rule in its order; those that stand beside each other and speak of one name share the question for
        it."""
        steps = [step for step in block.steps if step.to_record]
        for root in dict.fromkeys(step.root for step in steps):
            if root not in self._scope:
                self.first.append(f"r_{root} = resources.get({root!r})")
                self._lasting.add(f"r_{root}")
        before = None
        depth = self._depth
        for step in steps:
            if step.root != before:
                self._depth, before = depth, step.root
                if step.root not in self._scope:
                    self.open(f"if {self._item(step.root)} is not None:")
            with self.inside():
                self._step(step)

    def _item(self, name: str) -> str:
        return f"m_{name}" if name in self._scope else f"r_{name}"

    def _any_item(self, name: str) -> str:
        """The variable of a name that may not be the root of a rule of this block."""
        if name in self._scope:
            return f"m_{name}"
        return self.lookup("run", name, lambda found: [f"{found} = resources.get({name!r})"]) or ""

    def _step(self, step: Step) -> None:
        item = self._item(step.root)
        rule = step.rule
        if isinstance(rule, Value) and not rule.defaults:
            self._guarded(step.guard)
            self._value(rule, item)
        elif isinstance(rule, Constant):
            self._guarded(step.guard)
            self._constant(rule, item)
        elif isinstance(rule, Link):
            self._guarded(step.guard)
            self._link(rule, item)
        elif isinstance(rule, Group) and _is_plain(rule):
            if step.element is not None:
                self.open(f"if {step.element!r} in {item}:")
            self._guarded(step.guard)
            self._group(rule, item)
        else:
            if step.element is not None:
                self.open(f"if {step.element!r} in {item}:")
            items = ", ".join(f"{each!r}: m_{each}" for each in self._scope)
            self.put(f"{self.source.name(step.to_record)}(run, Scope({{{items}}}, record, root), {item})")

    def _guarded(self, guard: Guard | None) -> None:
        if guard is not None:
            there = [self._exists(path) for path in guard.when_fhir]
            there += [f"not {self._exists(path)}" for path in guard.unless_fhir]
            if there:
                self.open(f"if {' and '.join(there)}:")

    def _exists(self, path: FhirPath) -> str:
        """A variable that is true where there is anything at the path."""
        item, found = self._any_item(path.root), self.new()
        if not path.steps:
            self.put(f"{found} = {item} is not None")
            return found
        self.put(f"{found} = False")
        with self.inside():
            self.open(f"if {item} is not None:")
            holder, _ = self.descend(item, path.heads)
            name, is_list, where = path.last
            value, each = self.member(holder, name), self.new()
            self.open(f"if {value} is not None and {value} != []:")
            if is_list and where:
                self.open(f"for {each} in {value}:")
                self.put(f"if {fits(each, where)}: {found} = True")
            else:
                self.put(f"{found} = {fits(value, where) or True}")
        return found

    def _value(self, rule: Value, item: str) -> None:
        done = self.new()
        if rule.required:
            self.put(f"{done} = False")
        with self.inside():
            holder, looked = self.descend(item, rule.fhir.heads)
            name, is_list, _ = rule.fhir.last
            value, text = self.member(holder, name), self.new()
            key = f"(id({holder}), {name!r})"
            if is_list:
                index = self.new()
                self.open(f"if {value} is not None:")
                self.put(f"if {value}.__class__ is not list: raise Detour")
                several = f"enumerate({value})" if rule.many else f"enumerate({value}[:1])"
                self.open(f"for {index}, {text} in {several}:")
                key = f"(id({value}), {index})"
            else:
                self.open(f"if {value} is not None:")
                self.put(f"{text} = {value}")
            self._encode(rule, text)
            self.text(self._start(rule.record), rule.record, text, new=rule.many)
            self._marked(rule.label, key, looked)
            if rule.required:
                self.put(f"{done} = True")
        if rule.required:
            self.put(f"if not {done}: raise Detour")

    def _encode(self, rule: Value, text: str) -> None:
        encode = self.source.name(rule.codec.to_record)
        plain = rule.codec is CODECS["text"]
        if plain and rule.concepts:
            words, known = self.source.name(rule.concepts.to_record), self.source.name(rule.concepts.forward)
            self.put(f"if {text}.__class__ is not str: raise Detour")
            self.put(f"{text} = {known}.get({text}) or {words}({encode}({text}))")
        elif plain:
            self.put(f"if {text}.__class__ is not str or not {text}.isprintable(): {text} = {encode}({text})")
        else:
            self.put(f"{text} = {encode}({text})")
            if rule.concepts:
                self.put(f"{text} = {self.source.name(rule.concepts.to_record)}({text})")

    def _marked(self, label: str, key: str, looked: list[tuple[str, str]]) -> None:
        self.put(f"used({label!r})")
        self.put(f"mark({key}, {label!r})")
        self._looked(label, looked)

    def _looked(self, label: str, looked: list[tuple[str, str]]) -> None:
        for holder, member in looked:
            self.put(f"mark((id({holder}), {member!r}), {label!r})")

    def _constant(self, rule: Constant, item: str) -> None:
        self._within(rule)
        lacking = self.new()
        self.put(f"{lacking} = True")
        with self.inside():
            holder, looked = self.descend(item, rule.fhir.heads)
            name, is_list, _ = rule.fhir.last
            value, key = self.new(), f"(id({holder}), {name!r})"
            self.put(f"{value} = {holder}.get({name!r})")
            self.open(f"if {value} is not None:")
            self.put(f"{lacking} = False")
            if is_list:
                self.put(f"if {value}.__class__ is not list: raise Detour")
                key, value = f"(id({value}), 0)", f"{value}[0]"
            self.open(f"if {value} == {rule.value!r}:")
            self._marked(rule.label, key, looked)
        self.put(f"if {lacking}: {self.source.name(rule.supply)}(run)")

    def _within(self, rule: Constant | Link) -> None:
        if rule.within.steps or rule.within.root != rule.fhir.root:
            found = self._exists(rule.within)
            self.open(f"if {found}:")

    def _link(self, rule: Link, item: str) -> None:
        """One reference. It is looked at when all that the names may stand for is there."""
        name = f"check_{self.source.name(rule)}"
        check = self.source.beside(name, lambda: self._check(name, rule))
        self._within(rule)
        self.put(f"run.later.append(({check}, {item}))")

    def _check(self, name: str, rule: Link) -> Function:
        function = Function(self.source, name, ("run", "item"))
        names = self.source.name(list(rule.names))
        with function.inside():
            holder, _ = function.descend("item", rule.fhir.heads)
            member, is_list, where = rule.fhir.last
            reference = function.member(holder, member)
            if is_list:
                function.open(f"if {reference} is not None:")
                function.put(f"if run.linked({names}, {reference}, {where!r}, {rule.label!r}): return")
            else:
                function.open(f"if {reference} is not None{' and ' + fits(reference, where) if where else ''}:")
                self._leads(function, rule, reference, names)
        function.put(f"if run.standing({names}): {self.source.name(rule.supply)}(run)")
        return function

    def _leads(self, function: Function, rule: Link, reference: str, names: str) -> None:
        """Returns where the reference leads to what the names stand for."""
        function.put(f"target = run.urns.get({reference}.get('reference'))")
        with function.inside():
            function.open("if target is not None:")
            members = " + ".join(f"run.members.get({each!r}, [])" for each in rule.names)
            function.open(f"for each in {members}:")
            function.put(f"if each is target: return run.trace.mark_one({reference}, 'reference', {rule.label!r})")
        function.put(f"elif run.told({names}, {reference}, {rule.label!r}): return")

    def _group(self, rule: Group, item: str) -> None:
        path = rule.path
        if path is None or rule.many:
            each = self.new()
            found = f"run.of_type({rule.resource!r})" if path is None else f"members.get({path.root!r}, [])"
            if not rule.record.repeats:
                self.put(f"if len({found}) > 1: raise Detour")
            self.open(f"for {each} in {found}:")
            self.put(f"members.setdefault({rule.name!r}, []).append({each})")
            self._inner(rule, each)
        elif not path.steps:
            self._inner(rule, item)
        else:
            self._items(rule, path, item)

    def _items(self, rule: Group, path: FhirPath, item: str) -> None:
        holder, looked = self.descend(item, path.heads)
        name, is_list, where = path.last
        value, each = self.member(holder, name), self.new()
        self.open(f"if {value} is not None:")
        if is_list:
            self.put(f"if {value}.__class__ is not list: raise Detour")
            if where:
                held, value = value, self.new()
                self.put(f"{value} = [{each} for {each} in {held} if {fits(each, where)}]")
                with self.inside():
                    self.open(f"for {each} in {value}:")
                    self._looked(rule.label, [(each, member) for member, _ in where])
            if not rule.record.repeats:
                self.put(f"if len({value}) > 1: raise Detour")
            self.open(f"for {each} in {value}:")
        else:
            each = value
            if where:
                self.open(f"if {fits(each, where)}:")
                looked += [(each, member) for member, _ in where]
        self.put(f"if {each}.__class__ is not dict: raise Detour")
        if rule.resource is not None:
            each = self._followed(rule, each)
        self._looked(rule.label, looked)
        self._inner(rule, each)

    def _followed(self, rule: Group, reference: str) -> str:
        """Opens what is done where a reference leads to a resource of the group's type, and gives its variable."""
        target, said, holder, key = self.new(), self.new(), self.new(), self.new()
        self.put(f"{target} = urns.get({reference}.get('reference'))")
        self.put(f"if {target} is not None: {said} = (({reference}, 'reference'),)")
        self.put(f"else: {target}, {said} = run.follow({reference}, {rule.resource!r})")
        self.open(f"if {target} is not None and {target}.get('resourceType') == {rule.resource!r}:")
        self.put(f"for {holder}, {key} in {said}: mark((id({holder}), {key}), {rule.label!r})")
        self.put(f"members.setdefault({rule.name!r}, []).append({target})")
        return target

    def _inner(self, rule: Group, item: str) -> None:
        self.put(f"used({rule.label!r})")
        inner = self.opened(self._start(rule.record), rule.record, new=rule.record.repeats)
        scope = self._scope if rule.name in self._scope else (*self._scope, rule.name)
        block, speaks_of = self.source.block(rule.block, scope)
        items = "".join(f", {item if each == rule.name else f'm_{each}'}" for each in speaks_of)
        self.put(f"{block}(run, root, {inner}{items})")


def _is_plain(rule: Group) -> bool:
    """Not so where references are chosen by what they say of themselves: the first that leads somewhere then marks what
    was looked at in all."""
    return rule.path is None or rule.resource is None or not rule.path.last[2]


class There(Source):
    """Writes the functions of one direction."""

    writes = _Function
