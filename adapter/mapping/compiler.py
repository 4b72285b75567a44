"""From mapping files to closures. Every problem of every file is told at once, with its line."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from adapter.fhir.elements import Table
from adapter.mapping import accounts, codecs, concepts, groups, links, model, paths, records, rules
from adapter.mapping.schema import RecordSchema, Type
from adapter.support.checked import Lines, Place
from adapter.support.errors import Problem

_BODY, _EVENT = "{body}", "{event}"
_T = TypeVar("_T")
_ALWAYS = model.Condition()


@dataclass(frozen=True)
class Source:
    """A file as read: the model, and the line of everything in it."""

    file: Path
    label: str
    content: model.PartFile
    lines: Lines


@dataclass
class Message:
    """One compiled message. `types` gives the type of each resource by name, `many` the names that stand for all;
    `attach_to` is the record's place for what no rule speaks of, where it has one."""

    event: str
    body: str
    types: dict[str, str] = field(default_factory=dict)
    many: set[str] = field(default_factory=set)
    locators: list[groups.Locator] = field(default_factory=list)
    block: rules.Block = field(default_factory=lambda: rules.Block([]))
    omissions: list[accounts.Omission] = field(default_factory=list)
    attach_to: records.RecordPath | None = None


@dataclass(frozen=True)
class Environment:
    """What all messages of a system share. `parts` reads a part by its name in the folder; `rules` gathers the place of
    every rule by the direction that it holds for."""

    table: Table
    schema: RecordSchema
    root: Type
    constants: dict[str, str]
    concepts: dict[str, concepts.Concepts]
    parts: Callable[[str], Source | None]
    problems: list[Problem]
    fhir_paths: dict[tuple[str, str], paths.FhirPath] = field(default_factory=dict)
    record_paths: dict[tuple[str, str], records.RecordPath] = field(default_factory=dict)
    blocks: dict[Hashable, rules.Block] = field(default_factory=dict)
    """Paths by what they begin at, and the rules of a part by what stands around it: most are met many times."""
    spoken_of: dict[str, set[str]] = field(default_factory=dict)
    rules: dict[model.Side, set[str]] = field(default_factory=lambda: {"record": set(), "fhir": set()})


@dataclass(frozen=True)
class _Here:
    """Where a list of rules stands: its file, the types of the names that it may use and which of them stand for many,
    the element its record paths begin at."""

    source: Source
    types: dict[str, str]
    record: Type | None
    body: str
    event: str
    names: frozenset[str]
    many: frozenset[str]
    sides: tuple[model.Side, ...] = ("record", "fhir")

    def problem(self, place: Place, reason: str) -> Problem:
        return Problem(self.source.file, self.source.lines.of(place), reason)

    def label(self, place: Place) -> str:
        return f"{self.source.label}:{self.source.lines.of(place)}"


def compile_message(source: Source, environment: Environment) -> Message:
    """Compile a message with the parts that it includes; problems are added to the environment's."""
    content = source.content
    assert isinstance(content, model.MessageFile)  # noqa: S101 - read with that model
    message = Message(content.event, content.record)
    if content.record not in environment.root.children:
        words = f"the schema has no element '{content.record}' in {environment.root.name}"
        environment.problems.append(Problem(source.file, source.lines.of(("record",)), words))
        return message
    sources = []
    for index, name in enumerate(content.include):
        part = environment.parts(name)
        if part is None:
            environment.problems.append(
                Problem(source.file, source.lines.of(("include", index)), f"there is no {name}")
            )
        else:
            sources.append(part)
    sources.append(source)
    message.types["bundle"] = "Bundle"
    for each in sources:
        for name, resource in each.content.resources.items():
            message.types[name] = resource.type
            if resource.many:
                message.many.add(name)
    names = frozenset(message.types) | {name for each in sources for name in _group_names(each.content.rules)}
    steps: list[rules.Step] = []
    for each in sources:
        here = _Here(
            each, message.types, environment.root, content.record, content.event, names, frozenset(message.many)
        )
        builder = _Builder(environment, here)
        for name, resource in each.content.resources.items():
            builder.locator(message, name, resource)
        steps += builder.steps(each.content.rules, ("rules",))
        message.omissions += omissions(each, each.content.leave_out, environment)
    message.block = rules.Block(steps)
    return message


def omissions(source: Source, entries: list[model.LeaveOut], environment: Environment) -> list[accounts.Omission]:
    """The compiled `leave_out` of a file."""
    found, on_line = [], Counter[int | None]()
    for index, entry in enumerate(entries):
        line = source.lines.of(("leave_out", index))
        on_line[line] += 1
        try:
            if entry.fhir is not None:
                pattern = accounts.fhir_pattern(entry.fhir, environment.constants)
            elif entry.resource is not None:
                pattern = accounts.resource_pattern(entry.resource)
            else:
                pattern = accounts.record_pattern(entry.record or "")
        except paths.PathError as error:
            environment.problems.append(Problem(source.file, line, str(error)))
            continue
        beside = frozenset(entry.beside)
        label = f"{source.label}:{line}" + (f" ({on_line[line]})" if on_line[line] > 1 else "")
        found.append(accounts.Omission(pattern, entry.value, entry.having, beside, entry.reason, label))
    return found


class _Builder:
    """Compiles the rules of one list."""

    def __init__(self, environment: Environment, here: _Here) -> None:
        self._environment = environment
        self._here = here

    def locator(self, message: Message, name: str, resource: model.Resource) -> None:
        place: Place = ("resources", name)
        if resource.type not in self._environment.table.resources:
            self._environment.problems.append(self._here.problem(place, f"FHIR R4 has no resource {resource.type}"))
            return
        via = self._try(place, lambda: self._fhir(resource.via)) if resource.via else None
        where = []
        for element, names in resource.where.items():
            path = self._try(place, partial(self._path, f"{name}.{element}"))
            if path is not None:
                wanted = [names] if isinstance(names, str) else names
                self._try(place, partial(self._known, wanted))
                where.append((path, wanted))
        found = groups.Locator(
            self._here.label(place), name, resource.type, via, tuple(where), resource.required, resource.many
        )
        message.locators.append(found)

    def steps(self, entries: list[model.Rule], prefix: Place) -> list[rules.Step]:
        """Every rule that could be compiled."""
        compiled = (
            self._try((*prefix, index), partial(self._step, rule, (*prefix, index)))
            for index, rule in enumerate(entries)
        )
        return [step for step in compiled if step is not None]

    def _step(self, rule: model.Rule, place: Place) -> rules.Step:
        label = self._here.label(place)
        make = {"group": self._group, "link": self._link, "constant": self._constant, "value": self._value}[rule.kind]
        step = make(rule, label, place)
        if rule.when or rule.unless:
            step = self._guard(rule.when or _ALWAYS, rule.unless or _ALWAYS).guarded(step)
        for side in self._sides(rule):
            self._environment.rules[side].add(label)
        if rule.only == "record":
            return replace(step, to_fhir=None)
        return replace(step, to_record=None) if rule.only == "fhir" else step

    def _sides(self, rule: model.Rule) -> tuple[model.Side, ...]:
        """The directions that a rule holds for: not more than the group around it."""
        return tuple(side for side in self._here.sides if rule.only in (None, side))

    def _value(self, rule: model.Rule, label: str, _: Place) -> rules.Step:
        fhir, record = self._fhir(rule.fhir), self._record(rule.record)
        if not fhir.steps or not fhir.primitive:
            raise paths.PathError(f"'{fhir.text}' is a {fhir.type}; a value rule needs an element with a value")
        if record.key == records.TEXT and record.type is not None and not record.type.has_text:
            raise paths.PathError(f"'{record.text}' has elements, not text")
        codec = codecs.CODECS.get(rule.codec) if rule.codec else codecs.default(fhir.type)
        if codec is None or fhir.type not in codec.types:
            known = ", ".join(name for name, each in codecs.CODECS.items() if fhir.type in each.types)
            raise paths.PathError(f"'{fhir.text}' is a {fhir.type}, which needs one of the codecs: {known or 'none'}")
        try:
            if "fhir" in rule.default:
                codec.to_fhir(rule.default["fhir"])
        except codecs.CodecError as error:
            raise paths.PathError(f"the default for '{fhir.text}': {error}") from error
        found = self._concepts(rule, fhir, record) if rule.concepts else None
        return rules.Value(label, fhir, record, codec, found, rule.default, rule.required).step()

    def _concepts(self, rule: model.Rule, fhir: paths.FhirPath, record: records.RecordPath) -> concepts.Concepts:
        found = self._environment.concepts.get(rule.concepts or "")
        if found is None:
            raise paths.PathError(f"mapping.yaml has no concept map '{rule.concepts}'")
        systems = [value for step in fhir.steps for name, value in step.where if name == "system"]
        if systems and found.source != systems[-1]:
            raise paths.PathError(f"the concept map {found.name} is of {found.source}, the path of {systems[-1]}")
        unknown = sorted(set(found.backward) - record.type.codes) if record.type and record.type.codes else []
        if unknown:
            raise paths.PathError(f"the schema does not allow these codes of {found.name}: {', '.join(unknown)}")
        return found

    def _constant(self, rule: model.Rule, label: str, _: Place) -> rules.Step:
        if rule.fhir is not None:
            fhir = self._fhir(rule.fhir)
            if not fhir.steps or not fhir.primitive:
                raise paths.PathError(f"'{fhir.text}' is a {fhir.type}; a constant needs an element with a value")
            value = self._in_body(rule.value) if isinstance(rule.value, str) else rule.value
            if isinstance(value, str) and value.startswith("%"):
                value = self._environment.constants.get(value[1:])
                if value is None:
                    raise paths.PathError(f"mapping.yaml has no constant '{rule.value}'")
            return rules.fhir_constant(label, fhir, value or False, self._fhir(rule.within or fhir.root))
        if not isinstance(rule.value, str):
            raise paths.PathError("a constant of the record is text")
        within = self._record(rule.within) if rule.within else None
        return rules.record_constant(label, self._record(rule.record), self._in_body(rule.value), within)

    def _link(self, rule: model.Rule, label: str, _: Place) -> rules.Step:
        fhir = self._fhir(rule.fhir)
        if fhir.type != "Reference":
            raise paths.PathError(f"'{fhir.text}' is a {fhir.type}; refers is for a Reference")
        names = [rule.refers] if isinstance(rule.refers, str) else list(rule.refers or [])
        self._known(names)
        if rule.record is None:
            return links.link(label, fhir, names, self._fhir(rule.within or fhir.root))
        if rule.position:
            return links.position(label, fhir, names[0], self._record(rule.record))
        return links.flag(label, fhir, names, self._record(rule.record))

    def _group(self, rule: model.Rule, label: str, place: Place) -> rules.Step:
        path = self._fhir(rule.each) if rule.each else None
        record, name = self._record(rule.record), rule.named or ""
        if rule.resource and path and path.type != "Reference":
            raise paths.PathError(f"'{path.text}' is a {path.type}; a group with a resource follows a Reference")
        kind = rule.resource or (path.type if path else "")
        types = {**self._here.types, name: kind}
        here = replace(self._here, types=types, record=record.type, sides=self._sides(rule))
        many = path is not None and not path.steps and path.root in self._here.many
        if many and not record.repeats:
            raise paths.PathError(f"'{record.text}' stands once; '{rule.each}' may be many")
        if rule.part is not None:
            block = self._part(rule.part, here)
        else:
            block = rules.Block(_Builder(self._environment, here).steps(rule.rules or [], (*place, "rules")))
        return groups.Group(label, name, path, rule.resource, record, block, many).step()

    def _part(self, name: str, here: _Here) -> rules.Block:
        """The rules of a part. It is compiled anew only where what it speaks of is another."""
        source = self._environment.parts(name)
        if source is None:
            raise paths.PathError(f"there is no {name}")
        spoken_of = self._spoken_of(name, source)
        around = frozenset(
            (each, here.types.get(each), each in here.many, each in here.names) for each in spoken_of - {_BODY}
        )
        message = (here.body, here.event) if _BODY in spoken_of else None
        key = (name, around, here.record.name if here.record else None, here.sides, message)
        if key not in self._environment.blocks:
            builder = _Builder(self._environment, replace(here, source=source))
            self._environment.blocks[key] = rules.Block(builder.steps(source.content.rules, ("rules",)))
        return self._environment.blocks[key]

    def _spoken_of(self, part: str, source: Source) -> set[str]:
        """The names that the rules of a part speak of: what their FHIR paths begin with, what they refer to, and _BODY
        where they speak of the message that they stand in."""
        known = self._environment.spoken_of
        if part in known:
            return known[part]
        found = known[part] = set[str]()
        for rule in _nested(source.content.rules):
            conditions = [path for each in (rule.when, rule.unless) if each for path in each.paths("fhir")]
            texts = [path for path in (rule.fhir, rule.each, rule.within, *conditions) if path]
            found |= {path.partition(".")[0].strip() for path in texts}
            found |= {rule.refers} if isinstance(rule.refers, str) else set(rule.refers or ())
            said = [rule.record, rule.value, rule.within, *(rule.when.paths("record") if rule.when else ())]
            said += rule.unless.paths("record") if rule.unless else ()
            if any(isinstance(each, str) and (_BODY in each or _EVENT in each) for each in said):
                found.add(_BODY)
            inner = self._environment.parts(rule.part) if rule.part else None
            if rule.part and inner is not None:
                found |= self._spoken_of(rule.part, inner)
        return found

    def _known(self, names: list[str]) -> None:
        for name in names:
            if name not in self._here.names:
                known = ", ".join(sorted(self._here.names))
                raise paths.PathError(f"'{name}' is not a resource or group of this message; known: {known}")

    def _guard(self, when: model.Condition, unless: model.Condition) -> rules.Guard:
        return rules.Guard(
            tuple(map(self._fhir, when.paths("fhir"))),
            tuple(map(self._fhir, unless.paths("fhir"))),
            tuple(map(self._record, when.paths("record"))),
            tuple(map(self._record, unless.paths("record"))),
        )

    def _fhir(self, text: str | None) -> paths.FhirPath:
        found = self._path(text or "")
        if found.steps and found.root in self._here.many:
            raise paths.PathError(
                f"'{found.root}' may be many: go through them with each, and speak of one by its name"
            )
        return found

    def _path(self, text: str) -> paths.FhirPath:
        known = self._environment.fhir_paths
        key = text, self._here.types.get(text.partition(".")[0].strip(), "")
        found = known.get(key)
        if found is None:
            found = paths.parse(text, self._here.types, self._environment.constants, self._environment.table)
            if key[1]:
                known[key] = found
        return found

    def _record(self, text: str | None) -> records.RecordPath:
        text, known = self._in_body(text or ""), self._environment.record_paths
        start = self._environment.root if text.startswith("/") else self._here.record
        key = text, start.name if start else ""
        found = known.get(key)
        if found is None:
            found = known[key] = records.parse_path(text, start, self._environment.schema)
        return found

    def _in_body(self, text: str) -> str:
        return concrete(text, self._here.body, self._here.event)

    def _try(self, place: Place, make: Callable[[], _T]) -> _T | None:
        """The result, or None with the problem noted."""
        try:
            return make()
        except paths.PathError as error:
            problem = self._here.problem(place, str(error))
            if problem not in self._environment.problems:  # a part is compiled once for each message that uses it
                self._environment.problems.append(problem)
            return None


def concrete(text: str, body: str, event: str) -> str:
    """A path or value as it reads in a message."""
    return text.replace(_BODY, body).replace(_EVENT, event)


def _group_names(entries: list[model.Rule]) -> Iterator[str]:
    return (rule.named for rule in _nested(entries) if rule.named)


def _nested(entries: list[model.Rule]) -> Iterator[model.Rule]:
    for rule in entries:
        yield rule
        yield from _nested(rule.rules or [])
