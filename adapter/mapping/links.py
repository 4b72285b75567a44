"""Rules for references, as closures: what goes without saying in the record, what it tells, and what it numbers."""

from dataclasses import dataclass
from typing import Any

from adapter.mapping.paths import FhirPath
from adapter.mapping.records import RecordPath
from adapter.mapping.rules import Item, Rule, Step, key_of, put, refuse
from adapter.mapping.runs import Scope, ToFhir, ToRecord


@dataclass(frozen=True)
class Link(Rule):
    """A reference that always leads to what the names stand for, where there is something at `within`."""

    label: str
    fhir: FhirPath
    names: tuple[str, ...]
    within: FhirPath

    def speaks_of(self) -> set[str]:
        """The name that `within` begins with."""
        return {self.within.root}

    def supply(self, run: ToRecord) -> None:
        """A message does not say it."""
        run.trace.supply(self.fhir.text, self.label, "a reference that the mapping takes for granted")


def link(label: str, fhir: FhirPath, names: list[str], within: FhirPath) -> Step:
    """A reference that goes without saying in the record: it always leads to the resources of these names."""
    rule = Link(label, fhir, tuple(names), within)

    def to_record(run: ToRecord, scope: Scope, _: Item) -> None:
        run.later.append((check, scope))

    def check(run: ToRecord, scope: Scope) -> None:
        item = run.item(scope, fhir.root)
        if item is None or not within.exists(run.item(scope, within.root)):
            return
        wanted = len(run.standing(names)) if fhir.is_list else min(len(run.standing(names)), 1)
        told: set[Any] = set()
        for holder, key in fhir.find(item)[0]:
            said = run.leads(names, holder[key])
            words = said[-1][0][said[-1][1]] if said else None
            if said and words not in told and len(told) < wanted:  # one that leads there again would not come back
                run.trace.mark(said, label)
                told.add(words)
        if len(told) < wanted:
            rule.supply(run)

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        run.later.append((late, scope))

    def late(run: ToFhir, scope: Scope) -> None:
        item = run.item(scope, fhir.root)
        targets = run.standing(names)
        if item is None or not within.exists(run.item(scope, within.root)):
            return
        for target in targets if fhir.is_list else targets[:1]:
            run.trace.used.add(label)
            run.refer(fhir.add(item), target)

    return Step(to_record, to_fhir, fhir.root, rule=rule)


def flag(label: str, fhir: FhirPath, names: list[str], record: RecordPath) -> Step:
    """A reference that is there or not, told in the record by an element with the text `true`."""

    def to_record(run: ToRecord, scope: Scope, item: Item) -> None:
        for holder, key in fhir.find(item)[0]:
            said = run.leads(names, holder[key])
            if said:
                run.trace.mark(said, label)
                put(label, record.open(scope.start(record), new=False), record, "true")
                return

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        for node in record.nodes(scope.start(record))[:1]:
            if node.get(record.key) == "true":
                run.trace.mark_one(node, record.key, label)
                run.later.append((late, scope))

    def late(run: ToFhir, scope: Scope) -> None:
        target = next(iter(run.standing(names)), None)
        if target is None:
            raise refuse(label, record.text, f"there is no {' or '.join(names)} in the message")
        run.refer(fhir.add(run.open(scope, fhir.root)), target)

    return Step(to_record, to_fhir, fhir.root, fhir.begins, key_of(record))


def position(label: str, fhir: FhirPath, name: str, record: RecordPath) -> Step:
    """References to items of a group, told in the record by their place in it, from 1."""

    def to_record(run: ToRecord, scope: Scope, item: Item) -> None:
        members = run.members.get(name, [])
        for holder, key in fhir.find(item)[0]:
            target, said = run.follow(holder[key])
            index = next((index for index, each in enumerate(members, 1) if each is target), None)
            if index is not None:
                run.trace.mark(said, label)
                put(label, record.open(scope.start(record), new=record.repeats), record, str(index))

    def to_fhir(run: ToFhir, scope: Scope) -> None:
        for node in record.nodes(scope.start(record)):
            text = node.get(record.key) or ""
            index = int(text) if text.isdecimal() else 0
            members = run.members.get(name, [])
            if not 0 < index <= len(members):
                raise refuse(label, record.text, f"expected a place in the list, 1 to {len(members)}")
            run.trace.mark_one(node, record.key, label)
            run.refer(fhir.add(run.open(scope, fhir.root)), members[index - 1])

    return Step(to_record, to_fhir, fhir.root, fhir.begins, key_of(record))
