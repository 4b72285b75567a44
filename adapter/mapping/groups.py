"""Groups as closures: what repeats, and what is followed by reference into another resource."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapter.mapping.paths import FhirPath, Slot
from adapter.mapping.records import RecordPath
from adapter.mapping.rules import Block, Rule, Step
from adapter.mapping.runs import Scope, ToFhir, ToRecord, identified
from adapter.support.errors import MappingError


@dataclass(frozen=True)
class Group(Rule):
    """`name` is what the rules inside call an item. `path` leads to the items, None where they are all resources of
    `resource`'s type in the Bundle; with both, the items are the resources that the path's references lead to. `many`:
    the path is a name that stands for many resources."""

    label: str
    name: str
    path: FhirPath | None
    resource: str | None
    record: RecordPath
    block: Block
    many: bool = False

    def step(self) -> Step:
        """The group as one rule."""
        key = None if self.record.from_root or not self.record.names else self.record.begins
        if self.path is None or self.many:
            return Step(self._to_record, self._to_fhir, key=key, rule=self)
        return Step(self._to_record, self._to_fhir, self.path.root, self.path.begins, key, self)

    def speaks_of(self) -> set[str]:
        """The names that the rules inside ask for, and the one that the group goes through."""
        inside = set(self.block.speaks_of - {self.name})
        return inside if self.path is None else inside | {self.path.root}

    def _to_record(self, run: ToRecord, scope: Scope, node: dict[str, Any]) -> None:
        record = self.record
        for item, said, joins in self._items(run, node):
            run.trace.used.add(self.label)
            run.trace.mark(said, self.label)
            if joins:
                run.join(self.name, item)
            self.block.to_record(
                run, scope.inner(self.name, item, record.open(scope.start(record), new=record.repeats))
            )
            if not record.repeats:
                return

    def _items(self, run: ToRecord, node: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[Slot], bool]]:
        """The items, the slots that led to each, and whether it is a resource that the name stands for."""
        path = self.path
        if path is None or self.many:
            found = run.of_type(self.resource or "") if path is None else run.members.get(path.root, [])
            for resource in found:
                yield resource, [], True
        elif not path.steps:
            yield node, [], False
        else:
            slots, asserted = path.find(node)
            for holder, key in slots:
                value = holder[key]
                if not isinstance(value, dict):
                    continue
                if self.resource is None:
                    yield value, asserted, False
                    continue
                target, said = run.follow(value, self.resource)
                if target is not None and target.get("resourceType") == self.resource:
                    yield target, [*said, *asserted], True

    def _to_fhir(self, run: ToFhir, scope: Scope) -> None:
        for node in self.record.nodes(scope.start(self.record)):
            run.trace.used.add(self.label)
            self.block.to_fhir(run, scope.inner(self.name, self._made(run, scope), node))

    def _made(self, run: ToFhir, scope: Scope) -> dict[str, Any]:
        path = self.path
        if path is not None and self.many:
            made = run.create(path.type, f"{self.name}/{len(run.made)}")
            run.join(path.root, made)
            run.join(self.name, made)
            return made
        if path is not None and not path.steps:
            return run.open(scope, path.root)
        if self.resource is None:
            assert path is not None  # noqa: S101 - a group has a path or a resource
            return path.add(run.open(scope, path.root))
        made = run.create(self.resource, f"{self.name}/{len(run.made)}")
        run.join(self.name, made)
        if path is not None:
            run.refer(path.add(run.open(scope, path.root)), made)
        return made


@dataclass(frozen=True)
class Locator:
    """Finds the resource of a name: by following a reference, or the one of its type whose references fit."""

    label: str
    name: str
    type: str
    via: FhirPath | None
    where: tuple[tuple[FhirPath, list[str]], ...]
    required: bool
    many: bool = False

    def locate(self, run: ToRecord) -> None:
        """Give what fits its name. Raises MappingError where several fit and one is meant, or none and one is
        required."""
        found = self._by_type(run) if self.via is None else self._followed(run, self.via)
        if len(found) > 1 and not self.many:
            words = f"{len(found)} {self.type} resources fit; expected one at most"
            raise MappingError(f"{self.name}: {words} (rule {self.label})")
        if not found and self.required:
            raise MappingError(f"{self.name}: the message has no such {self.type} (rule {self.label})")
        for resource in found:
            run.resources.setdefault(self.name, resource)
            run.join(self.name, resource)

    def _followed(self, run: ToRecord, via: FhirPath) -> list[dict[str, Any]]:
        node = run.item(_NOWHERE, via.root)
        if node is None:
            return []
        found = []
        for container, key in via.find(node)[0][:1]:
            target, said = run.follow(container[key], self.type)
            if target is not None and target.get("resourceType") == self.type:
                run.trace.mark(said, self.label)
                found.append(target)
        return found

    def _by_type(self, run: ToRecord) -> list[dict[str, Any]]:
        found = run.of_type(self.type)
        for path, names in self.where:
            found = next(
                (fit for name in names if (fit := [each for each in found if _leads(run, each, path, name)])), []
            )
        return found

    def write(self, run: ToFhir) -> None:
        """Write the reference that leads to the resource, where there is one."""
        resource = run.resources.get(self.name)
        if self.via is not None and resource is not None:
            run.refer(self.via.add(run.open(_NOWHERE, self.via.root)), resource)

    def found_again(self, run: ToFhir) -> None:
        """Raises MappingError where a resource that was made would not be found on the way back, so that it would be
        taken for one that this message does not speak of. Asked when the references are written."""
        made = run.members.get(self.name, [])
        for path, names in self.where:
            fits = next(
                (fit for name in names if (fit := [each for each in made if _names(run, each, path, name)])), []
            )
            if len(fits) < len(made):
                words = f"{len(made) - len(fits)} of {len(made)} {self.type} resources have no {path.begins}"
                raise MappingError(f"{self.name}: {words} that is {' or '.join(names)} (rule {self.label})")


def _leads(run: ToRecord, resource: dict[str, Any], path: FhirPath, name: str) -> bool:
    return any(run.concerns(name, container[key]) for container, key in path.find(resource)[0])


def _names(run: ToFhir, resource: dict[str, Any], path: FhirPath, name: str) -> bool:
    """Whether a reference of a resource that was made is to what a name stands for, as `ToRecord.concerns` has it."""
    for container, key in path.find(resource)[0]:
        target = run.target(container[key])
        for each in run.members.get(name, ()):
            if target is each or (target is not None and not identified(target).isdisjoint(identified(each))):
                return True
    return False


_NOWHERE = Scope({}, {}, {})
