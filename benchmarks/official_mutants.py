"""Resources and messages with one fault each, the same for the same seed: what benchmarks/official.py validates.

Where a mutation falls is drawn from the elements that the resource has; what it does, from what the element's type can
suffer. Many mutants stay valid (an optional element goes, a code is swapped for another): a verdict must be able to be
either.
"""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree
from official_xml import XML_OPERATORS

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.elements import Element, table
from adapter.support import yaml

_XHTML = "http://www.w3.org/1999/xhtml"
_VALUES: dict[str, Any] = yaml.load(Path(__file__).parent / "official" / "mutations.yaml")[0]


@dataclass(frozen=True)
class Seed:
    """A valid resource, and what it is held against."""

    name: str
    resource: dict[str, Any]
    profile: str | None = None
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mutant:
    """Content with one fault. `text` is JSON or XML as `format` says."""

    id: str
    operator: str
    seed: Seed
    format: str
    text: str


@dataclass(frozen=True)
class Site:
    """A member of an object in a resource: `owner[key]`, of the element, in the type."""

    owner: dict[str, Any]
    key: str
    element: Element
    structure: str

    @property
    def value(self) -> Any:
        return self.owner[self.key]

    @property
    def one(self) -> Any:
        """The value, or the first of a list."""
        return self.value[0] if isinstance(self.value, list) and self.value else self.value

    def beside(self, value: Any) -> None:
        """As what JSON holds beside a primitive value."""
        self.owner["_" + self.key] = copy.deepcopy(value)

    def put(self, value: Any) -> None:
        """In place of the value, or of the first of a list."""
        if isinstance(self.value, list):
            self.value[:1] = [value]
        else:
            self.owner[self.key] = value


def sites(value: dict[str, Any], structure: str) -> Iterator[Site]:
    """Each member that is an element, resources within included."""
    known = table().get(structure)
    if known is None:
        return
    for key, inner in value.items():
        element = known.by_name.get(key)
        if element is None:
            continue
        yield Site(value, key, element, structure)
        if element.kind in ("complex", "resource"):
            for each in inner if isinstance(inner, list) else [inner]:
                if isinstance(each, dict):
                    yield from sites(each, str(each.get("resourceType", element.type)))


Wanted = Callable[[Site], bool]
Change = Callable[[Site, random.Random], None]
Mutation = Callable[[dict[str, Any], random.Random], bool]


def at(wanted: Wanted, change: Change) -> Mutation:
    """A mutation of one site among those that are wanted."""

    def mutate(resource: dict[str, Any], rng: random.Random) -> bool:
        found = [each for each in sites(resource, str(resource.get("resourceType"))) if wanted(each)]
        if not found:
            return False
        change(rng.choice(found), rng)
        return True

    return mutate


def typed(*types: str) -> Wanted:
    """Elements of the types, that have a value. `any`, `backbone` and `datatype` are those kinds of objects."""

    def wanted(site: Site) -> bool:
        if not isinstance(site.one, dict):
            return site.element.type in types and site.one is not None
        kind = "backbone" if "." in site.element.type else "datatype"
        return not {site.element.type, kind, "any"}.isdisjoint(types)

    return wanted


def primitive(site: Site) -> bool:
    return site.element.kind == "primitive"


def _is_array(site: Site) -> bool:
    return isinstance(site.value, list) and bool(site.value)


def _is_value(site: Site) -> bool:
    return primitive(site) and not isinstance(site.value, list)


def anything(_: Site) -> bool:
    return True


def holding(member: str, *types: str) -> Wanted:
    of_type = typed(*types)
    return lambda site: isinstance(site.one, dict) and member in site.one and of_type(site)


def put(*values: Any) -> Change:
    return lambda site, rng: site.put(copy.deepcopy(rng.choice(values)))


def inside(member: str, *values: Any) -> Change:
    """Gives the object a member."""

    def change(site: Site, rng: random.Random) -> None:
        site.one[member] = copy.deepcopy(rng.choice(values))

    return change


def _delete(site: Site, _: random.Random) -> None:
    del site.owner[site.key]


def _repeat(site: Site, _: random.Random) -> None:
    value = site.value
    site.owner[site.key] = [*value, copy.deepcopy(value[0])] if isinstance(value, list) else [value, value]


def _retype(site: Site, _: random.Random) -> None:
    value = site.one
    if isinstance(value, dict):
        site.put("x")
    elif isinstance(value, str):
        site.put(len(value))
    else:
        site.put(json.dumps(value, default=str))


def _choose(site: Site, rng: random.Random) -> None:
    choice = str(site.element.choice).removesuffix("[x]")
    others = [each for each in ("String", "Boolean", "Money", "Integer", "DateTime", "Coding") if each]
    site.owner[choice + rng.choice(others)] = site.owner.pop(site.key)


def _choose_twice(site: Site, _: random.Random) -> None:
    choice = str(site.element.choice).removesuffix("[x]")
    site.owner[choice + ("Boolean" if site.element.type != "boolean" else "String")] = (
        True if site.element.type != "boolean" else "x"
    )


def _other_code(resource: dict[str, Any], rng: random.Random) -> bool:
    """A code from elsewhere in the resource."""
    codes = [each for each in sites(resource, str(resource.get("resourceType"))) if typed("code")(each)]
    if len(codes) < 2:
        return False
    first, second = rng.sample(codes, 2)
    first.put(second.one)
    return True


def _absent(site: Site, _: random.Random) -> None:
    del site.owner[site.key]
    site.beside({"extension": [_ABSENT]})


def _rename(site: Site, _: random.Random) -> None:
    site.owner[site.key[:-1] + site.key[-1].upper()] = site.owner.pop(site.key)


def _in_div(contents: list[str]) -> Change:
    return lambda site, rng: site.one.update(div=site.one["div"].replace(">", f">{rng.choice(contents)}", 1))


def _foreign_div(site: Site, rng: random.Random) -> None:
    site.one["div"] = site.one["div"].replace(f' xmlns="{_XHTML}"', rng.choice(["", ' xmlns="http://a.se"']))


def _entry(edit: Callable[[dict[str, Any], list[Any], random.Random], None]) -> Mutation:
    def mutate(resource: dict[str, Any], rng: random.Random) -> bool:
        entries = resource.get("entry")
        if resource.get("resourceType") != "Bundle" or not isinstance(entries, list) or len(entries) < 2:
            return False
        edit(rng.choice(entries), entries, rng)
        return True

    return mutate


def _bundle_type(resource: dict[str, Any], rng: random.Random) -> bool:
    if resource.get("resourceType") != "Bundle":
        return False
    resource["type"] = rng.choice(_TYPES)
    return True


def _root(member: str, values: list[Any], *, in_meta: bool) -> Mutation:
    def mutate(resource: dict[str, Any], rng: random.Random) -> bool:
        owner = resource.setdefault("meta", {}) if in_meta else resource
        owner[member] = copy.deepcopy(rng.choice(values))
        return True

    return mutate


_UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
_ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
_OTHER_JSON = [{"id": "x"}, {}, [], None, "x", {"id": "a b"}, {"extension": []}, {"unknown": "x"}, [{"id": "x"}]]
_URLS = ["Patient/1", "urn:uuid:X", "#x", "http://a.se/fhir/Patient/1", "", "urn:oid:1.2.3", "urn:x:y", _UUID]
_TYPES = ["document", "collection", "transaction", "searchset", "history", "batch", "zzz"]
_HTTP = [{"request": {"method": "PUT", "url": "x"}}, {"response": {"status": "200"}}, {"search": {"mode": "match"}}]

OPERATORS: dict[str, Mutation] = {
    "delete-member": at(anything, _delete),
    "delete-mandatory": at(lambda site: site.element.min > 0, _delete),
    "repeat": at(_is_array, _repeat),
    "list-for-one": at(lambda site: not _is_array(site), _repeat),
    "one-for-list": at(_is_array, lambda site, _: site.owner.update({site.key: site.one})),
    "other-json-type": at(anything, _retype),
    "other-code": _other_code,
    "upper-code": at(typed("code"), lambda site, _: site.put(str(site.one).upper())),
    "empty-string": at(primitive, put("")),
    "empty-array": at(anything, lambda site, _: site.owner.update({site.key: []})),
    "empty-object": at(typed("any"), put({})),
    "null": at(anything, lambda site, _: site.owner.update({site.key: None})),
    "null-in-array": at(_is_array, lambda site, _: site.value.append(None)),
    "nested-array": at(_is_array, lambda site, _: site.value.append([])),
    "object-for-value": at(primitive, put({"value": "x"}, {})),
    "renamed": at(anything, _rename),
    "wrong-choice": at(lambda site: site.element.choice is not None, _choose),
    "two-choices": at(lambda site: site.element.choice is not None, _choose_twice),
    "no-system": at(holding("system", "Coding"), lambda site, _: site.one.pop("system")),
    "primitive-extension": at(_is_value, lambda site, rng: site.beside(rng.choice(_OTHER_JSON))),
    "absent-value": at(_is_value, _absent),
    "full-url": _entry(lambda entry, _, rng: entry.update(fullUrl=rng.choice(_URLS))),
    "full-url-same": _entry(lambda entry, others, rng: entry.update(fullUrl=rng.choice(others).get("fullUrl"))),
    "full-url-gone": _entry(lambda entry, *_: entry.pop("fullUrl", None)),
    "entry-id": _entry(lambda entry, *_: entry.get("resource", {}).update(id="other")),
    "entry-empty": _entry(lambda entry, *_: entry.pop("resource", None)),
    "entry-gone": _entry(lambda entry, entries, _: entries.remove(entry)),
    "entry-twice": _entry(lambda entry, entries, _: entries.append(copy.deepcopy(entry))),
    "entries-turned": _entry(lambda _entry, entries, _rng: entries.reverse()),
    "entry-request": _entry(lambda entry, _, rng: entry.update(rng.choice(_HTTP))),
    "entry-added": _entry(
        lambda _entry, entries, _rng: entries.append(
            {"fullUrl": _UUID, "resource": {"resourceType": "Basic", "id": _UUID[9:], "code": {"text": "x"}}}
        )
    ),
    "bundle-type": _bundle_type,
    "resource-type": at(holding("resourceType", "any"), inside("resourceType", "Unknown", "Basic", 1, "Resource")),
    "resource-type-gone": lambda resource, _: resource.pop("resourceType", None) is not None,
    "narrative-namespace": at(holding("div", "Narrative"), _foreign_div),
}
for _name, _row in _VALUES["put"].items():
    OPERATORS[_name] = at(typed(*_row["types"]), put(*_row["values"]))
for _name, _row in _VALUES["inside"].items():
    _wanted = holding(_row["member"], *_row["types"]) if _row.get("having") else typed(*_row["types"])
    OPERATORS[_name] = at(_wanted, inside(_row["member"], *_row["values"]))
for _name, _contents in _VALUES["div"].items():
    OPERATORS[_name] = at(holding("div", "Narrative"), _in_div(_contents))
for _name, _row in _VALUES["root"].items():
    OPERATORS[_name] = _root(_row["member"], _row["values"], in_meta=_row.get("meta", False))


def _doubled_key(written: str, rng: random.Random) -> str | None:
    found = list(re.finditer(r'"[a-zA-Z]+":"[^"\\]*"', written))
    if not found:
        return None
    pair = rng.choice(found)
    return f"{written[: pair.end()]},{pair.group()}{written[pair.end() :]}"


def _as_json(seed: Seed, name: str, rng: random.Random) -> tuple[str, str] | None:
    resource = copy.deepcopy(seed.resource)
    if not OPERATORS[name](resource, rng):
        return None
    if rng.random() < 0.3:
        try:
            return "xml", fhir_xml.serialize(resource).decode()
        except Exception:  # noqa: BLE001 - what has no XML form is written as JSON
            pass
    return "json", fhir_json.serialize(resource).decode()


def _as_xml(seed: Seed, name: str, rng: random.Random) -> tuple[str, str] | None:
    root = etree.fromstring(fhir_xml.serialize(seed.resource))
    return ("xml", etree.tostring(root, encoding="unicode")) if XML_OPERATORS[name](root, rng) else None


def mutated(seed: Seed, name: str, rng: random.Random) -> tuple[str, str] | None:
    """Format and text of the seed after the operator, None where it finds nothing to do."""
    if name == "duplicate-key":
        written = _doubled_key(fhir_json.serialize(seed.resource).decode(), rng)
        return ("json", written) if written else None
    return (_as_xml if name in XML_OPERATORS else _as_json)(seed, name, rng)


NAMES = (*OPERATORS, *XML_OPERATORS, "duplicate-key")


def mutants(seeds: list[Seed], count: int, seed: int) -> Iterator[Mutant]:
    """`count` mutants, each operator as often as any other, each text once; where it can be a third of Bundles and a
    third of what is held against profiles."""
    bundles = [each for each in seeds if each.resource["resourceType"] == "Bundle"]
    profiled = [each for each in seeds if each.definitions]
    groups = [seeds, profiled or seeds, bundles or seeds]
    seen: set[str] = set()
    number = 0
    while len(seen) < count:
        name = NAMES[number % len(NAMES)]
        rng = random.Random(f"{seed}:{number}")
        number += 1
        for attempt in range(30):
            chosen = rng.choice(groups[(number + attempt) % 3])
            made = mutated(chosen, name, rng)
            if made and made[1] not in seen:
                seen.add(made[1])
                yield Mutant(f"{number:05}-{name}", name, chosen, *made)
                break
