"""What the rules of a mapping say, laid out flat: every rule of every message, with where its paths lead in full.

No message is mapped with this. It serves those who look at a mapping as a whole: its checks, its coverage, its
differences from another.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from adapter.mapping import model, paths, records
from adapter.mapping.compiler import Environment, Source, concrete
from adapter.mapping.folder import Folder
from adapter.mapping.paths import FhirPath, Step
from adapter.mapping.records import RecordPath
from adapter.mapping.schema import Type
from adapter.support.checked import Place


@dataclass(frozen=True)
class Origin:
    """What a name stands for: within `resource` (its FHIR type), which `root` identifies in the message, the node at
    `steps`; `type` is that node's."""

    root: str
    resource: str
    type: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Spot:
    """A path on the FHIR side: as written, and from its resource's beginning."""

    path: FhirPath
    origin: Origin

    @property
    def steps(self) -> tuple[Step, ...]:
        """From the resource to the node."""
        return self.origin.steps + self.path.steps


@dataclass(frozen=True)
class Node:
    """A path on the record side: as written, and the element names from the record's root."""

    path: RecordPath
    names: tuple[str, ...]

    @property
    def place(self) -> tuple[str, ...]:
        """The names, and `@name` where it leads to an attribute."""
        return self.names if self.path.key == records.TEXT else (*self.names, self.path.key)


@dataclass(frozen=True)
class Conditions:
    """`when` and `unless` of a rule and of the groups around it."""

    when_fhir: tuple[Spot, ...] = ()
    unless_fhir: tuple[Spot, ...] = ()
    when_record: tuple[Node, ...] = ()
    unless_record: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Placed:
    """A rule where it stands in a message. `sides` are the directions that it holds for; `record` of a group is the
    element of one item. `value` is a constant's, as it is written."""

    file: Path
    line: int | None
    label: str
    rule: model.Rule
    sides: tuple[model.Side, ...]
    fhir: Spot | None
    record: Node | None
    conditions: Conditions
    value: str | bool | None


@dataclass
class Surveyed:
    """A message: its rules, those of a group after the group; `locators` are the references that lead to resources by
    name; `roots` tells the type of each resource by what identifies it; `files` are those that its rules stand in."""

    event: str
    body: str
    file: Path
    line: int | None
    rules: list[Placed] = field(default_factory=list)
    locators: list[Spot] = field(default_factory=list)
    roots: dict[str, str] = field(default_factory=dict)
    files: set[Path] = field(default_factory=set)


def survey(folder: Folder) -> list[Surveyed]:
    """Every message of a mapping that has been loaded."""
    return [_message(source, folder.environment) for source in folder.sources]


@dataclass(frozen=True)
class _Here:
    source: Source
    origins: dict[str, Origin]
    names: tuple[str, ...]
    record: Type | None
    conditions: Conditions
    sides: tuple[model.Side, ...] = ("record", "fhir")


def _message(source: Source, environment: Environment) -> Surveyed:
    content = source.content
    assert isinstance(content, model.MessageFile)  # noqa: S101 - read with that model
    found = Surveyed(content.event, content.record, source.file, source.lines.of(("record",)))
    parts = [part for name in content.include if (part := environment.parts(name)) is not None]
    origins = {"bundle": Origin("bundle", "Bundle", "Bundle")}
    for each in (*parts, source):
        for name, resource in each.content.resources.items():
            origins[name] = Origin(name, resource.type, resource.type)
    walker = _Walker(environment, found)
    for each in (*parts, source):
        found.files.add(each.file)
        here = _Here(each, origins, (), environment.root, Conditions())
        for resource in each.content.resources.values():
            if resource.via:
                found.locators.append(walker.spot(resource.via, here))
        walker.walk(each.content.rules, ("rules",), here)
    found.roots = {name: origin.resource for name, origin in origins.items()} | found.roots
    return found


class _Walker:
    def __init__(self, environment: Environment, message: Surveyed) -> None:
        self._environment, self._message = environment, message

    def walk(self, rules: list[model.Rule], prefix: Place, here: _Here) -> None:
        for index, rule in enumerate(rules):
            place = (*prefix, index)
            conditions = self._conditions(rule, here)
            sides = tuple(side for side in here.sides if rule.only in (None, side))
            line = here.source.lines.of(place)
            text = rule.each or rule.fhir
            placed = Placed(
                here.source.file,
                line,
                f"{here.source.label}:{line}",
                rule,
                sides,
                self.spot(text, here) if text else None,
                self.node(rule.record, here) if rule.record else None,
                conditions,
                self._value(rule),
            )
            self._message.rules.append(placed)
            if rule.kind == "group":
                self._inside(placed, place, here)

    def _inside(self, group: Placed, place: Place, here: _Here) -> None:
        rule, record = group.rule, group.record
        assert record is not None  # noqa: S101 - a group has a record
        assert rule.named is not None  # noqa: S101 - and a name
        if rule.resource:
            origin = Origin(group.label, rule.resource, rule.resource)
            self._message.roots[group.label] = rule.resource
        else:
            assert group.fhir is not None  # noqa: S101 - a group without resource goes through a path
            spot = group.fhir
            origin = replace(spot.origin, type=spot.path.type, steps=spot.steps)
        inner = _Here(
            here.source,
            {**here.origins, rule.named: origin},
            record.names,
            record.path.type,
            group.conditions,
            group.sides,
        )
        if rule.part is None:
            self.walk(rule.rules or [], (*place, "rules"), inner)
            return
        source = self._environment.parts(rule.part)
        if source is not None:
            self._message.files.add(source.file)
            self.walk(source.content.rules, ("rules",), replace(inner, source=source))

    def _conditions(self, rule: model.Rule, here: _Here) -> Conditions:
        around, none = here.conditions, model.Condition()
        when, unless = rule.when or none, rule.unless or none
        return Conditions(
            (*around.when_fhir, *(self.spot(text, here) for text in when.paths("fhir"))),
            (*around.unless_fhir, *(self.spot(text, here) for text in unless.paths("fhir"))),
            (*around.when_record, *(self.node(text, here) for text in when.paths("record"))),
            (*around.unless_record, *(self.node(text, here) for text in unless.paths("record"))),
        )

    def spot(self, text: str, here: _Here) -> Spot:
        types = {name: origin.type for name, origin in here.origins.items()}
        path = paths.parse(text, types, self._environment.constants, self._environment.table)
        return Spot(path, here.origins[path.root])

    def node(self, text: str, here: _Here) -> Node:
        text = concrete(text, self._message.body, self._message.event)
        from_root = text.startswith("/")
        start = self._environment.root if from_root else here.record
        path = records.parse_path(text, start, self._environment.schema)
        return Node(path, path.names if from_root else here.names + path.names)

    def _value(self, rule: model.Rule) -> str | bool | None:
        if not isinstance(rule.value, str):
            return rule.value
        value = concrete(rule.value, self._message.body, self._message.event)
        named = rule.fhir is not None and value.startswith("%")
        return self._environment.constants[value[1:]] if named else value
