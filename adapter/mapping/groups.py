"""Groups as closures: what repeats, and what is followed by reference into another resource."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from adapter.mapping.paths import FhirPath, Slot
from adapter.mapping.records import Node, RecordPath
from adapter.mapping.rules import Place, Step
from adapter.mapping.runs import Run, Scope, ToFhir, ToRecord
from adapter.support.errors import MappingError

Item = tuple[dict[str, Any], Callable[[], None]]
"""An item of a group on the FHIR side, and what to do when the group takes it."""


@dataclass(frozen=True)
class Group:
    """`name` is what the rules inside call an item. `path` leads to the items, None where they are all resources of
    `resource`'s type in the Bundle; with both, the items are the resources that the path's references lead to. `many`:
    the path is a name that stands for many resources."""

    place: Place
    name: str
    path: FhirPath | None
    resource: str | None
    record: RecordPath
    steps: list[Step] = field(default_factory=list)
    many: bool = False

    def step(self) -> Step:
        """The group as one rule."""
        return Step(self._to_record, self._to_fhir)

    def _to_record(self, run: ToRecord, scope: Scope) -> None:
        if not self.place.guard.fhir(run, scope):
            return
        for item, take in self._items(run, scope):
            take()
            run.trace.use(self.place.label)
            inner = scope.inner(self.name, item, self.record.open(scope.start(self.record), new=self.record.repeats))
            for step in self.steps:
                step.to_record(run, inner)
            if not self.record.repeats:
                return

    def _items(self, run: ToRecord, scope: Scope) -> Iterator[Item]:
        if self.path is None:
            for resource in run.bundle.of_type(self.resource or ""):
                yield resource, self._taking(run, resource, [])
            return
        if self.many:
            for resource in run.members.get(self.path.root, []):
                yield resource, self._taking(run, resource, [])
            return
        node = run.item(scope, self.path.root)
        if node is None:
            return
        if not self.path.steps:
            yield node, lambda: None
            return
        slots, asserted = self.path.find(node)
        for container, key in slots:
            value = container[key]
            if not isinstance(value, dict):
                continue
            if self.resource is None:
                yield value, lambda: run.trace.mark(asserted, self.place.label)
                continue
            target, said = run.follow(value, self.resource)
            if target is not None and target.get("resourceType") == self.resource:
                yield target, self._taking(run, target, [*said, *asserted])

    def _taking(self, run: Run, resource: dict[str, Any], said: list[Slot]) -> Callable[[], None]:
        def take() -> None:
            run.trace.mark(said, self.place.label)
            run.join(self.name, resource)

        return take

    def _to_fhir(self, run: ToFhir, scope: Scope) -> None:
        if not self.place.guard.record(scope):
            return
        for node in self.record.nodes(scope.start(self.record)):
            run.trace.use(self.place.label)
            inner = scope.inner(self.name, self._made(run, scope), node)
            for step in self.steps:
                step.to_fhir(run, inner)

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

    place: Place
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
            raise MappingError(f"{self.name}: {words} (rule {self.place.label})")
        if not found and self.required:
            raise MappingError(f"{self.name}: the message has no such {self.type} (rule {self.place.label})")
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
                run.trace.mark(said, self.place.label)
                found.append(target)
        return found

    def _by_type(self, run: ToRecord) -> list[dict[str, Any]]:
        found = run.bundle.of_type(self.type)
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


def _leads(run: ToRecord, resource: dict[str, Any], path: FhirPath, name: str) -> bool:
    return any(run.concerns(name, container[key]) for container, key in path.find(resource)[0])


_NOWHERE = Scope({}, Node(""), Node(""))
