"""Two states of a mapping, for whoever reviews the change: what the files say otherwise, what messages come out so."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from adapter.mapping import model
from adapter.mapping.compiler import Source
from adapter.mapping.folder import Folder
from adapter.mapping.mapping import Mapping, NotCarriedError
from adapter.mapping.report import Outcome, Report
from adapter.support.checked import Place
from adapter.support.errors import MappingError, ParseError

_INDEX = re.compile(r"\[\d+\]")
_WRITTEN = {"record": "->", "fhir": "<-", None: "<->"}


@dataclass(frozen=True)
class Change:
    """One thing that the files say otherwise. `place` is file:line, of the new state where it is there."""

    kind: Literal["added", "removed", "changed"]
    place: str
    words: str


@dataclass
class Effect:
    """What becomes of the messages. `different` are the names of those that come out otherwise, with the direction;
    `refused` those that only the new state refuses and `accepted` those that only the old did, with the reason; `nodes`
    counts the messages with a node that has another outcome: (path without positions, old, new)."""

    tried: int = 0
    different: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    accepted: list[tuple[str, str]] = field(default_factory=list)
    nodes: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Entry:
    """A rule, or another thing of a file, in words: `title` what it is about, `said` what it says of that."""

    title: str
    place: str
    said: dict[str, str]
    ends: frozenset[str] = frozenset()


def changes(old: Folder, new: Folder) -> list[Change]:
    """What the files of a mapping say otherwise, rule by rule; what both say in another order is no change."""
    before, after = _entries(old), _entries(new)
    found: list[Change] = []
    for file in sorted({*before, *after}):
        found += _compared(before.get(file, []), after.get(file, []))
    return found


def _compared(before: list[_Entry], after: list[_Entry]) -> Iterator[Change]:
    """By title, and of what is left by one end that is the same: that is a rule whose other end is another."""
    gone, come = _unmatched(before, after), _unmatched(after, before)
    for entry in list(come):
        fits = [each for each in gone if each.title == entry.title]
        fits = fits or [each for each in gone if each.ends & entry.ends]
        if fits:
            gone.remove(fits[0])
            come.remove(entry)
            yield Change("changed", entry.place, _otherwise(fits[0], entry))
    yield from (Change("removed", each.place, _whole(each)) for each in gone)
    yield from (Change("added", each.place, _whole(each)) for each in come)


def _unmatched(these: list[_Entry], others: list[_Entry]) -> list[_Entry]:
    """Those that do not stand among the others just so, each as often as it stands there more."""
    left = Counter((each.title, tuple(sorted(each.said.items()))) for each in others)
    found = []
    for each in these:
        key = each.title, tuple(sorted(each.said.items()))
        if left[key]:
            left[key] -= 1
        else:
            found.append(each)
    return found


def _otherwise(old: _Entry, new: _Entry) -> str:
    keys = [key for key in {**old.said, **new.said} if old.said.get(key) != new.said.get(key)]
    words = [f"{key} {old.said.get(key, 'none')} becomes {new.said.get(key, 'none')}" for key in keys]
    if old.title != new.title:
        return "; ".join([f"{old.title} becomes {new.title}", *words])
    return f"{new.title}: {'; '.join(words)}"


def _whole(entry: _Entry) -> str:
    said = ", ".join(f"{key} {value}" for key, value in entry.said.items())
    return f"{entry.title} ({said})" if said else entry.title


def _entries(folder: Folder) -> dict[str, list[_Entry]]:
    """What a mapping says, by file."""
    found = {"mapping.yaml": list(_of_system(folder))}
    sources = {source.label: source for source in folder.sources}
    waiting = list(sources.values())
    while waiting:
        source = waiting.pop()
        found[source.label] = list(_of_file(source))
        for name in _parts(source.content):
            part = folder.environment.parts(name)
            if part is not None and part.label not in found and part.label not in sources:
                sources[part.label] = part
                waiting.append(part)
    return found


def _parts(content: model.PartFile) -> Iterator[str]:
    yield from content.include if isinstance(content, model.MessageFile) else ()
    rules = list(content.rules)
    while rules:
        rule = rules.pop()
        rules += rule.rules or []
        if rule.part is not None:
            yield rule.part


def _of_system(folder: Folder) -> Iterator[_Entry]:
    system = folder.system.model_dump(exclude={"leave_out", "concept_maps", "constants"})
    yield from (_Entry(key, "mapping.yaml", {"is": _text(value)}) for key, value in system.items())
    constants = folder.system.constants.items()
    yield from (_Entry(f"constant {name}", "mapping.yaml", {"is": value}) for name, value in constants)
    for name, concepts in folder.environment.concepts.items():
        said = {f"code {code}": target for code, target in concepts.forward.items()}
        entry = {"codes of": concepts.source, "unmapped": concepts.unmapped}
        yield _Entry(f"concept map {name}", "mapping.yaml", entry | said)
    digest = hashlib.sha256(folder.schema.file.read_bytes()).hexdigest()
    yield _Entry("schema", folder.schema.file.name, {"sha256": digest[:12]})
    yield from _left_out(folder.system.leave_out, lambda _: "mapping.yaml")


def _of_file(source: Source) -> Iterator[_Entry]:
    content = source.content

    def place(where: Place) -> str:
        return f"{source.label}:{source.lines.of(where)}"

    if isinstance(content, model.MessageFile):
        yield _Entry("event", place(("event",)), {"is": content.event})
        yield _Entry("body element", place(("record",)), {"is": content.record})
        yield from (_Entry(f"include {name}", place(("include",)), {}) for name in content.include)
    for name, resource in content.resources.items():
        said = _said(resource.model_dump(exclude_defaults=True))
        yield _Entry(f"resource {name}", place(("resources", name)), said)
    yield from _rules(content.rules, ("rules",), "", place)
    yield from _left_out(content.leave_out, place)


def _rules(rules: list[model.Rule], prefix: Place, around: str, place: Callable[[Place], str]) -> Iterator[_Entry]:
    for index, rule in enumerate(rules):
        here = (*prefix, index)
        fhir = rule.fhir or rule.each or (f"every {rule.resource}" if rule.resource else "")
        title = f" {_WRITTEN[rule.only]} ".join(end for end in (fhir, rule.record) if end)
        said = _said(rule.model_dump(exclude_defaults=True, exclude={"fhir", "record", "each", "rules", "only"}))
        ends = frozenset(f"{around}{end}" for end in (fhir, rule.record) if end)
        yield _Entry(f"{around}{title}", place(here), said, ends)
        yield from _rules(rule.rules or [], (*here, "rules"), f"{around}{fhir}: ", place)


def _left_out(entries: list[model.LeaveOut], place: Callable[[Place], str]) -> Iterator[_Entry]:
    for index, entry in enumerate(entries):
        said = _said(entry.model_dump(exclude_defaults=True, exclude={"fhir", "record", "resource"}))
        what = entry.fhir or entry.record or f"every {entry.resource}"
        yield _Entry(f"left out: {what}", place(("leave_out", index)), said)


def _said(data: dict[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in data.items()}


def _text(value: Any) -> str:
    """As YAML would have it, in one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def effect(old: Mapping, new: Mapping, tries: Iterable[tuple[str, bytes | dict[str, Any]]]) -> Effect:
    """Put records (bytes) and messages with one destination through both states of a mapping, each by its name.
    Technical acknowledgements, which no rule is for, are passed over."""
    found = Effect()
    for name, source in tries:
        if isinstance(source, bytes) and any(each.read_acknowledgement(source) is not None for each in (old, new)):
            continue
        before, after = _run(old, source), _run(new, source)
        direction = f"{name} to {'FHIR' if isinstance(source, bytes) else 'the record'}"
        found.tried += 1
        if after.refused and not before.refused:
            found.refused.append((direction, after.refused))
        elif before.refused and not after.refused:
            found.accepted.append((direction, before.refused))
        elif before.result != after.result:
            found.different.append(direction)
        if before.report is not None and after.report is not None:
            found.nodes.update(_other_outcomes(before.report, after.report))
    return found


@dataclass(frozen=True)
class _Run:
    """What comes out, or why nothing does; `report` where the run came so far."""

    result: bytes | dict[str, Any] | None
    report: Report | None
    refused: str = ""


def _run(mapping: Mapping, source: bytes | dict[str, Any]) -> _Run:
    try:
        if isinstance(source, bytes):
            read = mapping.to_fhir(source)
            return _Run(read.bundle, read.report)
        written = mapping.to_record(source)
    except NotCarriedError as error:
        return _Run(None, error.report, str(error))
    except (MappingError, ParseError) as error:
        return _Run(None, None, str(error))
    return _Run(written.content, written.report)


def _other_outcomes(before: Report, after: Report) -> set[tuple[str, str, str]]:
    """Nodes of one message, without positions, with another outcome: (path, old, new)."""
    old = {line.path: line.outcome for line in before.lines if line.outcome != Outcome.SUPPLIED}
    new = {line.path: line.outcome for line in after.lines if line.outcome != Outcome.SUPPLIED}
    return {
        (_INDEX.sub("", path), str(old[path]), str(new[path])) for path in old if path in new and old[path] != new[path]
    }
