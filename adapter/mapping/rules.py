"""Rules as closures: each rule of a file becomes one function for each direction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapter.mapping.codecs import Codec, CodecError
from adapter.mapping.concepts import Concepts
from adapter.mapping.paths import FhirPath
from adapter.mapping.records import TEXT, Node, RecordPath
from adapter.mapping.runs import Run, Scope, ToFhir, ToRecord
from adapter.support.errors import MappingError


@dataclass(frozen=True)
class Guard:
    """`when` and `unless` of a rule, on both sides."""

    when_fhir: tuple[FhirPath, ...] = ()
    unless_fhir: tuple[FhirPath, ...] = ()
    when_record: tuple[RecordPath, ...] = ()
    unless_record: tuple[RecordPath, ...] = ()

    def fhir(self, run: Run, scope: Scope) -> bool:
        """Whether the rule holds for what the FHIR side says."""
        if not self.when_fhir and not self.unless_fhir:
            return True
        return all(path.exists(run.item(scope, path.root)) for path in self.when_fhir) and not any(
            path.exists(run.item(scope, path.root)) for path in self.unless_fhir
        )

    def record(self, scope: Scope) -> bool:
        """Whether the rule holds for what the record says."""
        if not self.when_record and not self.unless_record:
            return True
        return all(path.exists(scope.start(path)) for path in self.when_record) and not any(
            path.exists(scope.start(path)) for path in self.unless_record
        )


@dataclass(frozen=True)
class Step:
    """One compiled rule; a direction that it does not hold for does nothing."""

    to_record: Callable[[ToRecord, Scope], None]
    to_fhir: Callable[[ToFhir, Scope], None]


@dataclass(frozen=True)
class Place:
    """What every compiled rule knows of itself: file:line, and its guard."""

    label: str
    guard: Guard


def refuse(place: Place, where: str, words: str) -> MappingError:
    """The error for a value that cannot be carried."""
    return MappingError(f"{where}: {words} (rule {place.label})")


def put(place: Place, node: Node, path: RecordPath, text: str) -> None:
    """Write into the record; a second, different value for one element is an error, not an overwrite."""
    if not node.set(path.key, text):
        raise refuse(place, path.text, "two rules write different values to this element")


def value(
    place: Place,
    fhir: FhirPath,
    record: RecordPath,
    codec: Codec,
    concepts: Concepts | None,
    defaults: dict[str, str],
    *,
    required: bool,
) -> Step:
    """FHIR element ⇄ record element or attribute. Lists go item by item where both sides repeat."""
    many = fhir.is_list and record.repeats and record.key == TEXT

    def encode(raw: Any) -> str:
        text = codec.to_record(raw)
        return concepts.to_record(text) if concepts else text

    def to_record(run: ToRecord, scope: Scope) -> None:
        node = run.item(scope, fhir.root)
        if node is None or not place.guard.fhir(run, scope):
            return
        slots, asserted = fhir.find(node)
        for container, key in slots if many else slots[:1]:
            try:
                text = encode(container[key])
            except CodecError as error:
                raise refuse(place, fhir.text, str(error)) from error
            put(place, record.open(scope.start(record), new=many), record, text)
            run.trace.mark([(container, key), *asserted], place.label)
        if not slots:
            absent(run, scope)

    def absent(run: ToRecord, scope: Scope) -> None:
        if "record" in defaults:
            put(place, record.open(scope.start(record), new=False), record, defaults["record"])
            run.trace.supply(record.text, place.label, "the default of the rule")
        elif required:
            raise refuse(place, fhir.text, f"is missing; {record.text} of the record needs it")

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        if not place.guard.record(scope):
            return
        nodes = [node for node in record.nodes(scope.start(record)) if node.get(record.key) is not None]
        for node in nodes if many else nodes[:1]:
            try:
                text = node.get(record.key) or ""
                decoded = codec.to_fhir(concepts.to_fhir(text) if concepts else text)
            except CodecError as error:
                raise refuse(place, record.text, str(error)) from error
            write(run, scope, decoded)
            run.trace.mark([(node, record.key)], place.label)
        if not nodes and "fhir" in defaults:
            write(run, scope, codec.to_fhir(defaults["fhir"]))
            run.trace.supply(fhir.text, place.label, "the default of the rule")
        elif not nodes and required and run.item(scope, fhir.root) is not None:
            raise refuse(place, record.text, f"is missing; {fhir.text} needs it")

    def write(run: ToFhir, scope: Scope, decoded: Any) -> None:
        if not fhir.write(run.open(scope, fhir.root), decoded):
            raise refuse(place, fhir.text, "two rules write different values to this element")

    return Step(to_record, to_fhir)


def fhir_constant(place: Place, fhir: FhirPath, expected: str | bool, within: FhirPath) -> Step:
    """What FHIR always says and the record never does. It is written where `within` is there."""

    def to_record(run: ToRecord, scope: Scope) -> None:
        node = run.item(scope, fhir.root)
        if node is None or not within.exists(run.item(scope, within.root)) or not place.guard.fhir(run, scope):
            return
        slots, asserted = fhir.find(node)
        for slot in slots[:1]:
            if slot[0][slot[1]] == expected:
                run.trace.mark([slot, *asserted], place.label)
            else:
                run.trace.fault(slot, f"expected {expected!r}")
        if not slots:
            run.trace.supply(fhir.text, place.label, "a constant of the mapping")

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        if place.guard.record(scope):
            run.later.append(lambda: late(run, scope))

    def late(run: ToFhir, scope: Scope) -> None:
        node = run.item(scope, fhir.root)
        if node is not None and within.exists(run.item(scope, within.root)):
            run.trace.use(place.label)
            fhir.write(node, expected)

    return Step(to_record, to_fhir)


def record_constant(place: Place, record: RecordPath, expected: str, within: RecordPath | None) -> Step:
    """What the record always says and FHIR never does."""

    def to_record(run: ToRecord, scope: Scope) -> None:
        if place.guard.fhir(run, scope):
            run.later.append(lambda: late(run, scope))

    def late(run: ToRecord, scope: Scope) -> None:
        if within is None or within.exists(scope.start(within)):
            run.trace.use(place.label)
            put(place, record.open(scope.start(record), new=False), record, expected)

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        for node in record.nodes(scope.start(record))[:1]:
            if node.get(record.key) == expected:
                run.trace.mark([(node, record.key)], place.label)
            else:
                run.trace.fault((node, record.key), f"expected {expected!r}")

    return Step(to_record, to_fhir)


def link(place: Place, fhir: FhirPath, names: list[str], within: FhirPath) -> Step:
    """A reference that goes without saying in the record: it always leads to the resources of these names."""

    def to_record(run: ToRecord, scope: Scope) -> None:
        run.later.append(lambda: check(run, scope))

    def check(run: ToRecord, scope: Scope) -> None:
        node = run.item(scope, fhir.root)
        if node is None or not within.exists(run.item(scope, within.root)) or not place.guard.fhir(run, scope):
            return
        found = 0
        for container, key in fhir.find(node)[0]:
            said = run.leads(names, container[key])
            run.trace.mark(said, place.label)
            found += bool(said)
        wanted = len(run.standing(names))
        if found < (wanted if fhir.is_list else min(wanted, 1)):
            run.trace.supply(fhir.text, place.label, "a reference that the mapping takes for granted")

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        if place.guard.record(scope):
            run.later.append(lambda: late(run, scope))

    def late(run: ToFhir, scope: Scope) -> None:
        node = run.item(scope, fhir.root)
        targets = run.standing(names)
        if node is None or not within.exists(run.item(scope, within.root)):
            return
        for target in targets if fhir.is_list else targets[:1]:
            run.trace.use(place.label)
            run.refer(fhir.add(node), target)

    return Step(to_record, to_fhir)


def flag(place: Place, fhir: FhirPath, names: list[str], record: RecordPath) -> Step:
    """A reference that is there or not, told in the record by an element with the text `true`."""

    def to_record(run: ToRecord, scope: Scope) -> None:
        node = run.item(scope, fhir.root)
        if node is None or not place.guard.fhir(run, scope):
            return
        for container, key in fhir.find(node)[0]:
            said = run.leads(names, container[key])
            if said:
                run.trace.mark(said, place.label)
                put(place, record.open(scope.start(record), new=False), record, "true")
                return

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        if not place.guard.record(scope):
            return
        for node in record.nodes(scope.start(record))[:1]:
            if node.get(record.key) == "true":
                run.trace.mark([(node, record.key)], place.label)
                run.later.append(lambda: late(run, scope))

    def late(run: ToFhir, scope: Scope) -> None:
        target = next(iter(run.standing(names)), None)
        if target is None:
            raise refuse(place, record.text, f"there is no {' or '.join(names)} in the message")
        run.refer(fhir.add(run.open(scope, fhir.root)), target)

    return Step(to_record, to_fhir)


def position(place: Place, fhir: FhirPath, name: str, record: RecordPath) -> Step:
    """References to items of a group, told in the record by their place in it, from 1."""

    def to_record(run: ToRecord, scope: Scope) -> None:
        node = run.item(scope, fhir.root)
        if node is None or not place.guard.fhir(run, scope):
            return
        members = run.members.get(name, [])
        for container, key in fhir.find(node)[0]:
            target, said = run.follow(container[key])
            index = next((index for index, each in enumerate(members, 1) if each is target), None)
            if index is not None:
                run.trace.mark(said, place.label)
                put(place, record.open(scope.start(record), new=record.repeats), record, str(index))

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        if not place.guard.record(scope):
            return
        for node in record.nodes(scope.start(record)):
            index = int(node.get(record.key) or "0") if (node.get(record.key) or "").isdecimal() else 0
            members = run.members.get(name, [])
            if not 0 < index <= len(members):
                raise refuse(place, record.text, f"expected a place in the list, 1 to {len(members)}")
            run.trace.mark([(node, record.key)], place.label)
            run.refer(fhir.add(run.open(scope, fhir.root)), members[index - 1])

    return Step(to_record, to_fhir)
