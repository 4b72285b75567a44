"""Rules as closures: each rule of a file becomes one function for each direction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from adapter.mapping.codecs import Codec, CodecError
from adapter.mapping.concepts import Concepts
from adapter.mapping.paths import FhirPath
from adapter.mapping.records import TEXT, Record, RecordPath
from adapter.mapping.runs import Run, Scope, ToFhir, ToRecord
from adapter.support.errors import MappingError

_BUNDLE = "bundle"

Item = dict[str, Any]
ThereStep = Callable[[ToRecord, Scope, Item], None]
BackStep = Callable[[ToFhir, Scope], None]


@dataclass(frozen=True)
class Step:
    """One compiled rule; None for a direction that it does not hold for.

    `to_record` is given what the name `root` stands for, and does nothing where there is none, or where that has not
    the element `element`. `to_fhir` does nothing where the record's element has not the key `key`.
    """

    to_record: ThereStep | None
    to_fhir: BackStep | None
    root: str = _BUNDLE
    element: str | None = None
    key: str | None = None
    rule: "Rule | None" = None
    """What it does, for the code that is written from it; None where that code calls the function."""
    guard: "Guard | None" = None


class Rule:
    """A rule as data."""

    def speaks_of(self) -> set[str]:
        """The names that the rule asks for, beside that of its root."""
        return set()


class Block:
    """Rules that stand together. Most rules of a part find nothing in a given message: those are passed over without
    being called."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self._there = [(step.root, step.element, step.to_record) for step in steps if step.to_record]
        self._back = [(step.key, step.to_fhir) for step in steps if step.to_fhir]

    @cached_property
    def speaks_of(self) -> frozenset[str]:
        """The names that the rules ask for."""
        found = {step.root for step in self.steps}
        for step in self.steps:
            found |= step.rule.speaks_of() if step.rule else set()
            found |= {path.root for path in (*step.guard.when_fhir, *step.guard.unless_fhir)} if step.guard else set()
        return frozenset(found)

    def to_record(self, run: ToRecord, scope: Scope) -> None:
        """Each rule in its order."""
        items, resources = scope.items, run.resources
        for root, element, step in self._there:
            item = items.get(root)
            if item is None:
                item = resources.get(root)
                if item is None:
                    continue
            if element is None or element in item:
                step(run, scope, item)

    def to_fhir(self, run: ToFhir, scope: Scope) -> None:
        """Each rule in its order."""
        record = scope.record
        for key, step in self._back:
            if key is None or key in record:
                step(run, scope)


@dataclass(frozen=True)
class Guard:
    """`when` and `unless` of a rule, on both sides."""

    when_fhir: tuple[FhirPath, ...] = ()
    unless_fhir: tuple[FhirPath, ...] = ()
    when_record: tuple[RecordPath, ...] = ()
    unless_record: tuple[RecordPath, ...] = ()

    def fhir(self, run: Run, scope: Scope) -> bool:
        """Whether the rule holds for what the FHIR side says."""
        return all(path.exists(run.item(scope, path.root)) for path in self.when_fhir) and not any(
            path.exists(run.item(scope, path.root)) for path in self.unless_fhir
        )

    def record(self, scope: Scope) -> bool:
        """Whether the rule holds for what the record says."""
        return all(path.exists(scope.start(path)) for path in self.when_record) and not any(
            path.exists(scope.start(path)) for path in self.unless_record
        )

    def guarded(self, step: Step) -> Step:
        """The step, where the guard lets it."""
        to_record, to_fhir = step.to_record, step.to_fhir
        if to_record and (self.when_fhir or self.unless_fhir):
            to_record = self._there(to_record)
        if to_fhir and (self.when_record or self.unless_record):
            to_fhir = self._back(to_fhir)
        return replace(step, to_record=to_record, to_fhir=to_fhir, guard=self)

    def _there(self, step: ThereStep) -> ThereStep:
        def guarded(run: ToRecord, scope: Scope, item: Item) -> None:
            if self.fhir(run, scope):
                step(run, scope, item)

        return guarded

    def _back(self, step: BackStep) -> BackStep:
        def guarded(run: ToFhir, scope: Scope) -> None:
            if self.record(scope):
                step(run, scope)

        return guarded


def refuse(label: str, where: str, words: str) -> MappingError:
    """The error for a value that cannot be carried; `label` is the rule's file:line."""
    return MappingError(f"{where}: {words} (rule {label})")


def put(label: str, node: Record, path: RecordPath, text: str) -> None:
    """Write into the record; a second, different value for one element is an error, not an overwrite."""
    if node.setdefault(path.key, text) != text:
        raise refuse(label, path.text, "two rules write different values to this element")


def key_of(record: RecordPath) -> str | None:
    """The key that the element around lacks where the path leads nowhere."""
    return None if record.from_root else record.begins


@dataclass(frozen=True)
class Constant(Rule):
    """What FHIR always says and the record never does, where there is something at `within`."""

    label: str
    fhir: FhirPath
    value: str | bool
    within: FhirPath

    def speaks_of(self) -> set[str]:
        """The name that `within` begins with."""
        return {self.within.root}

    def supply(self, run: ToRecord) -> None:
        """A message does not say it."""
        run.trace.supply(self.fhir.text, self.label, "a constant of the mapping")


@dataclass(frozen=True)
class Value(Rule):
    """FHIR element ⇄ record element or attribute. Lists go item by item where both sides repeat."""

    label: str
    fhir: FhirPath
    record: RecordPath
    codec: Codec
    concepts: Concepts | None
    defaults: dict[str, str]
    required: bool

    def step(self) -> Step:
        """The value as one rule."""
        element = None if self.required or "record" in self.defaults else self.fhir.begins
        key = None if self.required or "fhir" in self.defaults else key_of(self.record)
        return Step(self._there(), self._back(), self.fhir.root, element, key, self)

    @property
    def many(self) -> bool:
        return self.fhir.is_list and self.record.repeats and self.record.key == TEXT

    def _there(self) -> ThereStep:
        label, fhir, record, concepts, many = self.label, self.fhir, self.record, self.concepts, self.many
        to_text, from_root = self.codec.to_record, self.record.from_root

        def carry(run: ToRecord, scope: Scope, holder: Any, name: str | int) -> None:
            try:
                text = to_text(holder[name])
                if concepts:
                    text = concepts.to_record(text)
            except CodecError as error:
                raise refuse(label, fhir.text, str(error)) from error
            put(label, record.open(scope.root if from_root else scope.record, new=many), record, text)
            run.trace.mark_one(holder, name, label)

        def to_record(run: ToRecord, scope: Scope, item: Item) -> None:
            found = fhir.first(item)
            if found is None:
                self._absent(run, scope)
                return
            holder, name, asserted = found
            carry(run, scope, holder, name)
            if asserted:
                run.trace.mark(asserted, label)

        def many_to_record(run: ToRecord, scope: Scope, item: Item) -> None:
            slots, asserted = fhir.find(item)
            if not slots:
                self._absent(run, scope)
            for holder, name in slots:
                carry(run, scope, holder, name)
                run.trace.mark(asserted, label)

        return many_to_record if many else to_record

    def _absent(self, run: ToRecord, scope: Scope) -> None:
        record = self.record
        if "record" in self.defaults:
            put(self.label, record.open(scope.start(record), new=False), record, self.defaults["record"])
            run.trace.supply(record.text, self.label, "the default of the rule")
        elif self.required:
            raise refuse(self.label, self.fhir.text, f"is missing; {record.text} of the record needs it")

    def _back(self) -> BackStep:
        label, record, concepts, many = self.label, self.record, self.concepts, self.many
        to_value, key, from_root = self.codec.to_fhir, self.record.key, self.record.from_root

        def to_fhir(run: ToFhir, scope: Scope) -> None:
            found = False
            for node in record.nodes(scope.root if from_root else scope.record):
                text = node.get(key)
                if text is None:
                    continue
                try:
                    decoded = to_value(concepts.to_fhir(text) if concepts else text)
                except CodecError as error:
                    raise refuse(label, record.text, str(error)) from error
                self._write(run, scope, decoded)
                run.trace.mark_one(node, key, label)
                found = True
                if not many:
                    break
            if not found:
                self._lacking(run, scope)

        return to_fhir

    def _lacking(self, run: ToFhir, scope: Scope) -> None:
        fhir = self.fhir
        if "fhir" in self.defaults:
            self._write(run, scope, self.codec.to_fhir(self.defaults["fhir"]))
            run.trace.supply(fhir.text, self.label, "the default of the rule")
        elif self.required and run.item(scope, fhir.root) is not None:
            raise refuse(self.label, self.record.text, f"is missing; {fhir.text} needs it")

    def _write(self, run: ToFhir, scope: Scope, decoded: Any) -> None:
        fhir = self.fhir
        if not fhir.write(scope.items.get(fhir.root) or run.open(scope, fhir.root), decoded):
            raise refuse(self.label, fhir.text, "two rules write different values to this element")


def fhir_constant(label: str, fhir: FhirPath, expected: str | bool, within: FhirPath) -> Step:
    """What FHIR always says and the record never does. It is written where `within` is there."""
    rule = Constant(label, fhir, expected, within)

    def to_record(run: ToRecord, scope: Scope, item: Item) -> None:
        if not within.exists(run.item(scope, within.root)):
            return
        found = fhir.first(item)
        if found is None:
            rule.supply(run)
            return
        holder, key, asserted = found
        if holder[key] == expected:
            run.trace.mark_one(holder, key, label)
            run.trace.mark(asserted, label)
        else:
            run.trace.fault((holder, key), f"expected {expected!r}")

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        run.later.append((late, scope))

    def late(run: ToFhir, scope: Scope) -> None:
        item = run.item(scope, fhir.root)
        if item is not None and within.exists(run.item(scope, within.root)):
            run.trace.used.add(label)
            fhir.write(item, expected)

    return Step(to_record, to_fhir, fhir.root, rule=rule)


def record_constant(label: str, record: RecordPath, expected: str, within: RecordPath | None) -> Step:
    """What the record always says and FHIR never does."""

    def to_record(run: ToRecord, scope: Scope, _: Item) -> None:
        run.later.append((late, scope))

    def late(run: ToRecord, scope: Scope) -> None:
        if within is None or within.exists(scope.start(within)):
            run.trace.used.add(label)
            put(label, record.open(scope.start(record), new=False), record, expected)

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        for node in record.nodes(scope.start(record))[:1]:
            if node.get(record.key) == expected:
                run.trace.mark_one(node, record.key, label)
            else:
                run.trace.fault((node, record.key), f"expected {expected!r}")

    return Step(to_record, to_fhir, key=key_of(record))
