"""Bundles: the rules of R4's text for each type, in time linear in the number of entries and references."""

from collections.abc import Iterator
from typing import Any

from adapter.fhir.elements import table
from adapter.fhir.shapes import obj, objects, text
from adapter.validation import references, rules
from adapter.validation.groups import Entry, Group, Link, base_of
from adapter.validation.primitives import is_absolute
from adapter.validation.references import is_rest
from adapter.validation.run import Path, Run

_WITHOUT_FULL_URL = frozenset({"transaction", "transaction-response", "batch", "batch-response"})
_PAGING = frozenset({"first", "previous", "next", "last"})
_SEARCHES = frozenset({"searchset", "history"})
_FIRST = {"document": "Composition", "message": "MessageHeader"}
_STYLESHEET = "https://hl7.org/fhir/fhir.css"


def check(bundle: dict[str, Any], group: Group, run: Run, path: Path) -> None:
    """The rules of a Bundle's type, of its links, entries and of references that must resolve in it."""
    _links(bundle, group, run, path)
    for index, entry in enumerate(bundle["entry"] if isinstance(bundle.get("entry"), list) else []):
        if isinstance(entry, dict):
            _entry(entry, group, run, ((path, "entry"), index))
    if group.type in _FIRST:
        _first(group, run, path)
        _Linked(group, run, path).check()
    elif group.type == "searchset":
        _search(bundle, group, run, path)


def _entry(entry: Entry, group: Group, run: Run, path: Path) -> None:
    url, resource = text(entry.get("fullUrl")), obj(entry.get("resource"))
    if url is None:
        if group.type not in _WITHOUT_FULL_URL:
            run.report(rules.BUNDLE_FULL_URL, "the entry has no fullUrl", path)
        return
    if not is_absolute(url):
        run.report(rules.BUNDLE_FULL_URL, "the fullUrl is not absolute", path)
    elif resource and is_rest(url):
        if not isinstance(resource.get("id"), str):
            run.report(rules.BUNDLE_FULL_URL_ID, "the fullUrl ends in type and id, and the resource has no id", path)
        elif base_of(entry) is None:
            run.report(rules.BUNDLE_FULL_URL_ID, "expected the fullUrl to end in the resource's type and id", path)


def _first(group: Group, run: Run, path: Path) -> None:
    wanted = _FIRST[group.type]
    first = obj(group.entries[0].get("resource")) if group.entries else {}
    if first.get("resourceType") != wanted:
        words = f"the first entry of a {group.type} is not a {wanted}: expected it to be"
        run.report(rules.BUNDLE_FIRST, words, ((path, "entry"), 0))
        return
    place = (((path, "entry"), 0), "resource")
    for reference, where in _must_resolve(first, place):
        url = text(reference.get("reference"))
        if url is None or url.startswith("#"):
            continue
        link = group.link(url, group.entries[0])
        if not link.resources:
            words = "no entry has this fullUrl: expected the resource in the Bundle"
            run.report(rules.BUNDLE_REFERENCE, words, where)


def _must_resolve(first: dict[str, Any], path: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """The references of a Composition or MessageHeader that must lead to an entry."""
    if first["resourceType"] == "MessageHeader":
        yield from _each(first, "focus", path)
        return
    for name in ("subject", "author", "encounter", "custodian"):
        yield from _each(first, name, path)
    for name, inner in (("attester", "party"), ("event", "detail")):
        for holder, place in _each(first, name, path):
            yield from _each(holder, inner, place)
    waiting = list(_each(first, "section", path))
    while waiting:
        section, place = waiting.pop()
        for name in ("author", "focus", "entry"):
            yield from _each(section, name, place)
        waiting += _each(section, "section", place)


def _each(holder: dict[str, Any], name: str, path: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    value = holder.get(name)
    if isinstance(value, dict):
        yield value, (path, name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield item, ((path, name), index)


class _Linked:
    """Whether each entry of a document or message hangs together with the first."""

    def __init__(self, group: Group, run: Run, path: Path) -> None:
        self._group = group
        self._run = run
        self._path = path
        self._place = {id(entry.get("resource")): index for index, entry in enumerate(group.entries)}

    def check(self) -> None:
        """Reports references by type and id that lead nowhere by the rules, and entries that nothing leads to."""
        targets = [self._targets(entry) for entry in self._group.entries]
        sources: list[list[int]] = [[] for _ in targets]
        for index, found in enumerate(targets):
            for each in found:
                sources[each].append(index)
        reached: set[int] = set()
        waiting = [0] if targets else []
        waiting += self._stylesheets()
        while waiting:
            index = waiting.pop()
            if index not in reached:
                reached.add(index)
                waiting += targets[index]
                waiting += sources[index]
        rule = rules.BUNDLE_UNLINKED if self._group.type == "document" else rules.BUNDLE_UNLINKED_MESSAGE
        for index, entry in enumerate(self._group.entries):
            if index not in reached and isinstance(entry.get("resource"), dict):
                words = "no references connect the entry with the first"
                self._run.report(rule, words, ((self._path, "entry"), index))

    def _targets(self, entry: Entry) -> list[int]:
        found: dict[int, None] = {}
        frame = self._run.frames.get(id(entry.get("resource")))
        seen: set[str] = set()
        if frame is None:
            return []
        for url, path in frame.references:
            if url in seen:
                continue
            seen.add(url)
            plain = self._group.plain.get(url)
            link = self._group.link(url, entry) if plain is None else Link(plain, named=False)
            if link.named and link.resources:
                words = (
                    "a resource has this type and id, but by the rules for fullUrl the reference does not lead there"
                )
                self._run.report(rules.BUNDLE_REFERENCE_INDIRECT, words, path or references.place(frame, url))
            elif len(link.resources) == 1 and (place := self._place.get(id(link.resources[0]))) is not None:
                found[place] = None
        return list(found)

    def _stylesheets(self) -> Iterator[int]:
        wanted = {text(link.get("url")) for link in self._group.links if link.get("relation") == "stylesheet"}
        for index, entry in enumerate(self._group.entries):
            resource = obj(entry.get("resource"))
            if f"{resource.get('resourceType')}/{resource.get('id')}" in wanted:
                yield index


def _links(bundle: dict[str, Any], group: Group, run: Run, path: Path) -> None:
    seen: set[str] = set()
    for index, link in enumerate(objects(bundle.get("link"))):
        relation, place = text(link.get("relation")), ((path, "link"), index)
        if relation is None:
            continue
        if group.type not in _SEARCHES and relation in _PAGING:
            words = f"the relation is one of search results and histories: {', '.join(sorted(_PAGING))}"
            run.report(rules.BUNDLE_LINK, words, (place, "relation"))
        if relation in seen and (relation == "self" or relation in _PAGING):
            run.report(rules.BUNDLE_LINK, "another link has this relation: expected one", place)
        seen.add(relation)
        if group.type == "document" and relation == "stylesheet":
            _stylesheet(text(link.get("url")) or "", group, run, (place, "url"))


def _stylesheet(url: str, group: Group, run: Run, path: Path) -> None:
    if url == _STYLESHEET:
        return
    if is_absolute(url):
        run.report(rules.BUNDLE_STYLESHEET_EXTERNAL, "the stylesheet is outside the document", path)
        return
    found = (obj(entry.get("resource")) for entry in group.entries)
    if not any(f"{each.get('resourceType')}/{each.get('id')}" == url for each in found):
        run.report(rules.BUNDLE_STYLESHEET, "no entry is this stylesheet", path)


def _search(bundle: dict[str, Any], group: Group, run: Run, path: Path) -> None:
    self_link = next((link for link in objects(bundle.get("link")) if link.get("relation") == "self"), None)
    if self_link is None:
        run.report(rules.BUNDLE_SEARCH_MODE, "expected a link with the relation self", path)
    wanted = _searched(text(obj(self_link).get("url")) or "")
    modes = [text(obj(entry.get("search")).get("mode")) for entry in group.entries]
    for index, (entry, mode) in enumerate(zip(group.entries, modes, strict=True)):
        place: Path = ((path, "entry"), index)
        resource = obj(entry.get("resource"))
        if not resource:
            run.report(rules.BUNDLE_SEARCH_ENTRY, "the entry has no resource", place)
        else:
            _search_entry(resource, mode, wanted, any(modes), run, (place, "resource"))
    if not all(modes):
        run.report(rules.BUNDLE_SEARCH_MODE, "expected search.mode on each entry", path)


def _search_entry(
    resource: dict[str, Any], mode: str | None, wanted: frozenset[str], is_told: bool, run: Run, path: Path
) -> None:
    type_ = str(resource.get("resourceType"))
    if mode == "outcome":
        if type_ != "OperationOutcome":
            run.report(rules.BUNDLE_SEARCH_ENTRY, "an outcome is no OperationOutcome: expected one", path)
    elif type_ != "OperationOutcome" or mode is not None:
        if not isinstance(resource.get("id"), str):
            severity = "error" if mode in ("match", "include") else "warning"
            run.report(rules.BUNDLE_SEARCH_ENTRY, "the resource has no id", path, severity=severity)
        if wanted and type_ not in wanted and (mode == "match" or not is_told):
            severity = "error" if mode == "match" else "warning"
            words = f"the resource is not of a type that was searched for: expected {' or '.join(sorted(wanted))}"
            run.report(rules.BUNDLE_SEARCH_TYPE, words, path, severity=severity)


def _searched(url: str) -> frozenset[str]:
    """The types that a search was for, as far as its URL tells."""
    place, _, query = url.partition("?")
    known = table().resources
    last = place.rpartition("/")[2]
    if last in known:
        return frozenset({last})
    types = [part[6:] for part in query.split("&") if part.startswith("_type=")]
    return known & frozenset(",".join(types).split(","))
