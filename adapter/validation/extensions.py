"""Extensions: are they defined, may they stand where they stand, is their content as their definition says."""

from functools import lru_cache
from typing import Any, Literal, Protocol

from adapter.fhir.elements import Table
from adapter.fhir.shapes import obj, objects, text, texts
from adapter.fhirpath import FhirPathError
from adapter.fhirpath import compile as compile_expression
from adapter.validation import invariants, members, rules
from adapter.validation.items import Item
from adapter.validation.primitives import is_absolute
from adapter.validation.profiles import Profile
from adapter.validation.run import Path, Run, names

Unknown = Literal["error", "information"]

_TOLERATED = ("example.org", "acme.com", "nema.org")
_TOOLS = "http://hl7.org/fhir/tools/StructureDefinition/"
_MANY = 4096


class Host(Protocol):
    """What extensions need of the validator."""

    @property
    def table(self) -> Table:
        """R4's types."""

    def extension_profile(self, url: str) -> tuple[Profile, dict[str, Any]] | None:
        """An extension's definition, compiled and as it is; None where it is not known."""


class _Definition:
    """What is asked of an extension's definition for each extension, read from it once."""

    __slots__ = ("contexts", "invariants", "is_modifier", "parts", "profile", "url", "wanted")

    def __init__(self, profile: Profile, definition: dict[str, Any]) -> None:
        contexts = objects(definition.get("context"))
        whole = profile.root.children.get("extension")
        slices = whole.slices if whole is not None else []
        self.profile = profile
        self.url = str(definition.get("url"))
        self.is_modifier = profile.root.definition.get("isModifier") is True
        self.contexts = [(text(each.get("type")), text(each.get("expression")) or "") for each in contexts]
        self.wanted = ", ".join(str(each.get("expression")) for each in contexts)[:400]
        self.invariants = texts(definition.get("contextInvariant"))
        self.parts = {each.slice for each in slices} | {
            text(each.children["url"].definition.get("fixedUri")) for each in slices if "url" in each.children
        }


class Extensions:
    """Checks extensions by their definitions. `unknown`: how grave it is that a definition is not known."""

    def __init__(self, host: Host, unknown: Unknown) -> None:
        self._host = host
        self._unknown: Unknown = unknown
        self._definitions: dict[str, _Definition] = {}
        self._contexts = lru_cache(_MANY)(self._places)

    def check(self, structure: str, *, modifier: bool) -> members.Item:
        """The check of the extensions of a structure."""

        def check(value: Any, run: Run, path: Path, owner: dict[str, Any]) -> None:
            url = value.get("url")
            if url.__class__ is not str or not url:
                return  # its shape has said it
            if not is_absolute(url):
                if structure != "Extension":
                    words = "the url is not absolute: expected the canonical URL of the extension's definition"
                    run.report(rules.EXTENSION_URL, words, (path, "url"))
                return
            self._absolute(url, value, run, path, owner, modifier)

        return check

    def _absolute(
        self, url: str, value: dict[str, Any], run: Run, path: Path, owner: dict[str, Any], modifier: bool
    ) -> None:
        if "|" in url:
            run.report(rules.EXTENSION_URL, "the url has a version: expected it without", (path, "url"))
            url = url.partition("|")[0]
        found = self._definitions.get(url) or self._definition(url)
        if found is None:
            return self._not_known(url, run, path, modifier)
        if found.is_modifier is not modifier:
            words = f"expected the extension under {'extension' if modifier else 'modifierExtension'}"
            run.report(rules.EXTENSION_MODIFIER, words, path, found.profile.url)
        self._check_context(found, run, path, owner)
        self._check_parts(found, value, run, path)
        found.profile.check(Item(value, "Extension", path), run)
        return None

    def _definition(self, url: str) -> _Definition | None:
        known = self._host.extension_profile(url)
        if known is None:
            return None
        found = self._definitions[url] = _Definition(*known)
        return found

    def _not_known(self, url: str, run: Run, path: Path, modifier: bool) -> None:
        if any(each in url for each in _TOLERATED) or url.startswith(_TOOLS):
            return
        # Who does not know a modifier extension must not process what has it (FHIR R4, extensibility).
        severity = "error" if modifier else self._unknown
        run.report(rules.EXTENSION_UNKNOWN, "the extension's definition is not loaded", path, severity=severity)

    def _check_parts(self, definition: _Definition, value: dict[str, Any], run: Run, path: Path) -> None:
        """Parts of an extension have relative URLs, and the definition must name each."""
        parts = value.get("extension")
        for index, part in enumerate(parts if parts.__class__ is list else ()):
            url = obj(part).get("url")
            if url.__class__ is str and url and url not in definition.parts and not is_absolute(url):
                words = "the extension's definition has no part of this url"
                run.report(rules.EXTENSION_PART, words, ((path, "extension"), index), definition.profile.url)

    def _check_context(self, definition: _Definition, run: Run, path: Path, owner: dict[str, Any]) -> None:
        container = _above(_above(path))
        places = self._contexts(run.frame.type, tuple(names(container, run.frame.path)))
        contexts = definition.contexts
        if contexts and not any(self._is_in(*each, places, run, owner, container) for each in contexts):
            words = f"the extension stands where its definition does not allow it: expected it on {definition.wanted}"
            run.report(rules.EXTENSION_CONTEXT, words, container, definition.url)
            return
        for each in definition.invariants:
            type_ = self._container_type(run, container)
            evaluate = invariants.Evaluated("contextInvariant", each, type_, definition.url)
            if evaluate(owner, run, container) is False:
                words = f"the extension may stand here only where {each[:300]}"
                run.report(rules.EXTENSION_CONTEXT, words, container, definition.url)

    def _is_in(
        self,
        kind: str | None,
        wanted: str,
        places: frozenset[str],
        run: Run,
        owner: dict[str, Any],
        container: Path,
    ) -> bool:
        if kind == "extension":
            return wanted in (owner.get("url"), _holder_url(run, container))
        if kind == "fhirpath":
            return _selects(wanted, run, owner)
        return wanted.rpartition("#")[2] in places

    def _container_type(self, run: Run, container: Path) -> str:
        """The type or backbone that the extension stands on."""
        structure = run.frame.type
        for step in names(container, run.frame.path):
            structure = _type_below(self._host.table, structure, step) or "Element"
        return structure

    def _places(self, type_: str, steps: tuple[str, ...]) -> frozenset[str]:
        """The names by which a context may speak of a place: from the resource and from each type on the way."""
        table = self._host.table
        found: set[str] = {"Element", "Any"}
        tails: list[tuple[str, list[str]]] = [(type_, [])]
        structure = type_
        for step in steps:
            name, _, chosen = step.partition(".ofType(")
            for _, tail in tails:
                tail.append(f"{name}[x]" if chosen else name)
            structure = _type_below(table, structure, step)
            if structure:  # a backbone too: what refers to another's content, as items within items, is as that
                tails.append((structure, []))
        for root, tail in tails:
            for each in (root, *_ancestors(table, root)):
                found |= {".".join((each, *tail)), ".".join((each, *(word.removesuffix("[x]") for word in tail)))}
        if not steps and "url" in table[type_].by_name:
            found |= _CANONICAL
        return frozenset(found)


_CANONICAL = {"CanonicalResource", "MetadataResource"}
"""What R5, and extensions made for it and R4 alike, call the resources that have a canonical URL."""


def _type_below(table: Table, structure: str, step: str) -> str:
    """The type or backbone at a step from a structure; the empty text where R4 has none."""
    name, _, chosen = step.partition(".ofType(")
    known = table.get(structure)
    element = known.by_name.get(name) if known is not None else None
    return chosen[:-1] or (element.type if element is not None else "")


def _above(path: Path) -> Path:
    return path[0] if path is not None else None


def _ancestors(table: Table, name: str) -> list[str]:
    found: list[str] = []
    while (known := table.get(name)) is not None and known.base:
        name = known.base
        found.append(name)
    return found


def _holder_url(run: Run, container: Path) -> str | None:
    """The url of the extension whose value an extension stands on."""
    steps: list[str | int] = []
    place = _above(container)
    while place is not None and place is not run.frame.path:
        place, step = place
        steps.append(step)
    value: Any = run.frame.resource
    for step in reversed(steps):
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            name, _, chosen = step.partition(".ofType(")
            key = name + chosen[:1].upper() + chosen[1:-1]
            value = obj(value).get(key if _holds_objects(obj(value).get(key)) else f"_{key}")
    return text(obj(value).get("url"))


def _holds_objects(value: object) -> bool:
    """Whether a member is of a complex type: of a primitive, what is below stands in the member with underscore."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))


def _selects(expression: str, run: Run, owner: dict[str, Any]) -> bool:
    try:
        return compile_expression(expression).selects(run.frame.resource, owner, environment=run.environment)
    except FhirPathError:
        return True  # an expression that is no one's fault here; the definition's author must mend it
