"""Resources and messages with one fault each, the same for the same seed: what benchmarks/official.py validates.

Where a mutation falls is drawn from the elements that the resource has; what it does, from what the element's type in R4
can suffer. Many mutants stay valid (an optional element goes, a code is swapped for another): a verdict must be able to
be either.
"""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.elements import Element, table

_FHIR = "{http://hl7.org/fhir}"
_XHTML = "http://www.w3.org/1999/xhtml"


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
    return lambda site: site.element.type in types and site.one is not None


def primitive(site: Site) -> bool:
    return site.element.kind == "primitive"


def complex_(site: Site) -> bool:
    return site.element.kind == "complex" and isinstance(site.one, dict)


def anything(_: Site) -> bool:
    return True


def holding(member: str, *types: str) -> Wanted:
    return lambda site: site.element.type in types and isinstance(site.one, dict) and member in site.one


def put(*values: Any) -> Change:
    return lambda site, rng: site.put(copy.deepcopy(rng.choice(values)))


def inside(member: str, *values: Any) -> Change:
    """Gives the object a member."""

    def change(site: Site, rng: random.Random) -> None:
        site.one[member] = copy.deepcopy(rng.choice(values))

    return change


def text(edit: Callable[[str], str]) -> Change:
    return lambda site, _: site.put(edit(str(site.one)))


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
    site.owner["_" + site.key] = {"extension": [{"url": _KNOWN + "data-absent-reason", "valueCode": "unknown"}]}


def _rename(site: Site, _: random.Random) -> None:
    site.owner[site.key[:-1] + site.key[-1].upper()] = site.owner.pop(site.key)


def _narrative(edit: Callable[[str], str]) -> Mutation:
    return at(holding("div", "Narrative"), lambda site, _: site.one.update(div=edit(str(site.one["div"]))))


def _in_div(content: str) -> Mutation:
    return _narrative(lambda div: div.replace(">", f">{content}", 1))


def _entry(edit: Callable[[dict[str, Any], list[Any], random.Random], None]) -> Mutation:
    def mutate(resource: dict[str, Any], rng: random.Random) -> bool:
        entries = resource.get("entry")
        if resource.get("resourceType") != "Bundle" or not isinstance(entries, list) or len(entries) < 2:
            return False
        edit(rng.choice(entries), entries, rng)
        return True

    return mutate


def _same_url(entry: dict[str, Any], entries: list[Any], rng: random.Random) -> None:
    entry["fullUrl"] = rng.choice([each for each in entries if each is not entry]).get("fullUrl")


def _root(edit: Callable[[dict[str, Any]], None]) -> Mutation:
    def mutate(resource: dict[str, Any], rng: random.Random) -> bool:
        edit(resource)
        return True

    return mutate


_DATES = ("date", "dateTime", "instant")
_UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
_EXTENSION = {"url": "http://unknown.test/StructureDefinition/x", "valueString": "x"}
_KNOWN = "http://hl7.org/fhir/StructureDefinition/"
_CONTAINED = {"resourceType": "Basic", "id": "c1", "code": {"text": "x"}}

OPERATORS: dict[str, Mutation] = {
    "delete-member": at(anything, _delete),
    "delete-mandatory": at(lambda site: site.element.min > 0, _delete),
    "delete-mandatory-again": at(lambda site: site.element.min > 0, _delete),
    "repeat": at(lambda site: isinstance(site.value, list), _repeat),
    "list-for-one": at(lambda site: not isinstance(site.value, list), _repeat),
    "one-for-list": at(
        lambda site: site.element.is_list and isinstance(site.value, list) and bool(site.value),
        lambda site, _: site.owner.update({site.key: site.one}),
    ),
    "other-json-type": at(anything, _retype),
    "bad-date": at(typed(*_DATES), put("2024-02-30", "2024-13-01", "20240101", "2024-1-1", "yesterday", "2024-00-00")),
    "bad-time": at(
        typed("dateTime", "instant"),
        put(
            "2024-01-01T12:00",
            "2024-01-01T25:00:00Z",
            "2024-01-01T12:00:00",
            "2024-01-01T12:00:00+15:00",
            "2024-01-01T23:59:60Z",
            "2024-01-01 12:00:00Z",
            "2024-01-01T24:00:00Z",
        ),
    ),
    "other-date": at(
        typed(*_DATES),
        put("1900-01-01", "2024", "2024-01", "2024-01-01T00:00:00.123456789Z", "0000", "9999-12-31", "1492-10-12"),
    ),
    "bad-code": at(typed("code"), put("zzz", "Final", "a b", " a", "a  b", "a\tb")),
    "other-code": _other_code,
    "upper-code": at(typed("code"), text(str.upper)),
    "bad-uri": at(
        typed("uri", "url", "canonical"),
        put(
            "a b",
            "not-a-uri",
            "urn:oid:1.2.x",
            "urn:uuid:1",
            "http://a b",
            "urn:oid:01.2",
            "http://[x",
            "mailto:a@b.se",
            "http://example.org/a|1|2",
        ),
    ),
    "bad-id": at(typed("id"), put("a_b", "x" * 65, "å", "a/b")),
    "bad-boolean": at(typed("boolean"), put("true", 1, "yes")),
    "bad-number": at(
        typed("integer", "positiveInt", "unsignedInt", "decimal"), put(-1, 0, 1.5, "1", 2147483648, 10**20, "x")
    ),
    "bad-base64": at(typed("base64Binary"), put("a", "====", "QQ=", "Q Q = =", "å")),
    "spaces": at(
        typed("string", "markdown"), put(" x", "x ", " ", "\n", "a\tb", "\u00a0", "a\u0000b", "\u0007", "a\r\nb")
    ),
    "markup": at(typed("string", "markdown"), put("<b>x</b>", "<script>", "a < b", "&amp;", "\u202ex")),
    "empty-string": at(primitive, put("")),
    "empty-array": at(anything, lambda site, _: site.owner.update({site.key: []})),
    "empty-object": at(complex_, put({})),
    "null": at(anything, lambda site, _: site.owner.update({site.key: None})),
    "null-in-array": at(lambda site: isinstance(site.value, list), lambda site, _: site.value.append(None)),
    "nested-array": at(lambda site: isinstance(site.value, list), lambda site, _: site.value.append([])),
    "object-for-value": at(primitive, put({"value": "x"}, {})),
    "unknown-element": at(complex_, inside("unknownElement", "x", {}, None)),
    "unknown-at-root": _root(lambda resource: resource.update(unknownElement="x")),
    "renamed": at(anything, _rename),
    "comments": at(complex_, inside("fhir_comments", ["x"])),
    "wrong-choice": at(lambda site: site.element.choice is not None, _choose),
    "two-choices": at(lambda site: site.element.choice is not None, _choose_twice),
    "reference-nowhere": at(
        typed("Reference"),
        put(
            {"reference": _UUID},
            {"reference": "#nothing"},
            {"reference": "Patient"},
            {"reference": "Patient/"},
            {"reference": "patient/1"},
            {"reference": "Unknown/1"},
            {"reference": "http://a.se/Patient/1/_history/"},
            {"reference": "#"},
            {"reference": "1"},
        ),
    ),
    "reference-type": at(
        typed("Reference"),
        put(
            {"reference": "Medication/1"},
            {"reference": "Patient/1", "type": "Patient"},
            {"reference": "Patient/1", "type": "Group"},
            {"type": "Patient", "display": "x"},
            {"type": "Nothing", "display": "x"},
            {"reference": "http://a.se/fhir/Patient/1"},
            {"type": "x"},
        ),
    ),
    "reference-empty": at(
        typed("Reference"),
        put(
            {"display": ""},
            {"id": "x"},
            {"identifier": {}},
            {"display": "x"},
            {"extension": [_EXTENSION]},
            {"identifier": {"value": "x"}},
        ),
    ),
    "wrong-system": at(
        holding("system", "Coding", "Identifier", "Quantity", "ContactPoint"),
        inside(
            "system",
            "http://unknown.test/system",
            "x",
            "",
            "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "http://hl7.org/fhir/ValueSet/task-code",
            "urn:oid:2.16.840.1.113883.6.1",
        ),
    ),
    "no-system": at(holding("system", "Coding"), lambda site, _: site.one.pop("system")),
    "wrong-coding": at(holding("code", "Coding"), inside("code", "zzz", "IMP", "active", "a b")),
    "wrong-display": at(holding("code", "Coding"), inside("display", "Something else", "", "x ")),
    "wrong-version": at(holding("system", "Coding"), inside("version", "0.0.0", "4.0.1")),
    "concept-text": at(
        typed("CodeableConcept"),
        put(
            {"text": "x"},
            {"coding": [{"system": "http://unknown.test/a"}]},
            {"coding": [{"code": "x"}]},
            {"coding": [{"display": "x"}]},
            {"text": ""},
            {"coding": [{"code": "x", "system": "http://unknown.test/a", "userSelected": True}]},
        ),
    ),
    "bad-quantity": at(
        typed("Quantity"),
        put(
            {"value": 1, "code": "kg"},
            {"value": 1, "unit": "zz", "code": "zz", "system": "http://unitsofmeasure.org"},
            {"value": 1, "comparator": "="},
            {"unit": "kg"},
            {"value": 1},
            {"value": 1, "code": "mg/dL", "system": "http://unitsofmeasure.org"},
        ),
    ),
    "bad-period": at(
        typed("Period"),
        put(
            {"start": "2024-02-01", "end": "2024-01-01"},
            {"end": "2024"},
            {"start": "x"},
            {"start": "2024-01-01T10:00:00Z", "end": "2024-01-01T10:00:00+02:00"},
            {"start": "2024-01", "end": "2024"},
        ),
    ),
    "bad-contact": at(typed("ContactPoint"), put({"value": "x"}, {"system": "pager", "rank": 0}, {"system": "phone"})),
    "bad-identifier": at(
        typed("Identifier"),
        put(
            {"system": "x"},
            {"value": "x", "use": "own"},
            {"system": "urn:oid:1.2.3"},
            {"system": "urn:ietf:rfc:3986", "value": "x"},
            {"type": {"text": "x"}},
        ),
    ),
    "extension-unknown": at(complex_, inside("extension", [_EXTENSION])),
    "extension-url": at(
        complex_,
        inside(
            "extension",
            [{"valueString": "x"}],
            [{"url": "x", "valueString": "x"}],
            [{"url": "", "valueString": "x"}],
            [{"url": "http://acme.com/x", "valueString": "x"}],
        ),
    ),
    "extension-content": at(
        complex_,
        inside(
            "extension",
            [{"url": "http://acme.com/x"}],
            [{"url": "http://acme.com/x", "valueString": "x", "extension": [_EXTENSION]}],
            [{"url": "http://acme.com/x", "value": "x"}],
            [{"url": "http://acme.com/x", "valueFoo": "x"}],
            [],
            {"url": "http://acme.com/x", "valueString": "x"},
        ),
    ),
    "extension-known": at(
        complex_,
        inside(
            "extension",
            [{"url": _KNOWN + "patient-birthPlace", "valueAddress": {"text": "x"}}],
            [{"url": _KNOWN + "data-absent-reason", "valueCode": "unknown"}],
            [{"url": _KNOWN + "data-absent-reason", "valueCode": "zzz"}],
            [{"url": _KNOWN + "data-absent-reason", "valueString": "unknown"}],
            [{"url": _KNOWN + "rendered-value", "valueString": "x"}] * 2,
            [{"url": _KNOWN + "no-such"}],
            [{"url": _KNOWN + "humanname-own-name", "valueString": "x"}],
        ),
    ),
    "modifier-extension": at(
        lambda site: complex_(site) and "." in site.element.type,
        inside("modifierExtension", [_EXTENSION], [{"url": "http://acme.com/x", "valueString": "x"}]),
    ),
    "modifier-misplaced": at(
        lambda site: complex_(site) and "." not in site.element.type,
        inside("modifierExtension", [{"url": "http://acme.com/x", "valueString": "x"}]),
    ),
    "primitive-extension": at(
        lambda site: primitive(site) and not isinstance(site.value, list),
        lambda site, rng: site.owner.update(
            {
                "_" + site.key: rng.choice(
                    [
                        {"id": "x"},
                        {},
                        [],
                        None,
                        "x",
                        {"id": "a b"},
                        {"extension": []},
                        {"extension": [_EXTENSION]},
                        {"unknown": "x"},
                        [{"id": "x"}],
                        {"extension": [{"url": "http://acme.com/x", "valueString": "x"}]},
                    ]
                )
            }
        ),
    ),
    "absent-value": at(lambda site: primitive(site) and not isinstance(site.value, list), _absent),
    "element-id": at(complex_, inside("id", "x", "a b", "", "x" * 70, 1)),
    "narrative-gone": at(
        typed("Narrative"),
        put(
            {"status": "generated"},
            {"div": f'<div xmlns="{_XHTML}">x</div>'},
            {"status": "other", "div": f'<div xmlns="{_XHTML}">x</div>'},
            {"status": "generated", "div": ""},
            {"status": "empty", "div": f'<div xmlns="{_XHTML}"> </div>'},
            {"status": "generated", "div": "x"},
            {"status": "generated", "div": f'<p xmlns="{_XHTML}">x</p>'},
        ),
    ),
    "narrative-script": _in_div("<script>x</script>"),
    "narrative-tag": _in_div("<unknown>x</unknown>"),
    "narrative-form": _in_div("<input/>"),
    "narrative-attribute": _in_div('<p onclick="x">x</p>'),
    "narrative-style": _in_div('<p style="color: red" class="a" title="b" lang="sv">x</p>'),
    "narrative-link": _in_div('<a href="#nowhere">x</a>'),
    "narrative-link-out": _in_div('<a href="http://a.se" name="b" target="_blank">x</a>'),
    "narrative-image": _in_div('<img src="#x" alt="x"/>'),
    "narrative-entity": _in_div("&nbsp;&copy;"),
    "narrative-entity-unknown": _in_div("&unknown;"),
    "narrative-unclosed": _in_div("<br>"),
    "narrative-comment": _in_div("<!-- x -->"),
    "narrative-table": _in_div("<table><tr><td>x</td></tr></table><ul><li>x</li></ul>"),
    "narrative-namespace": _narrative(lambda div: div.replace(f' xmlns="{_XHTML}"', "")),
    "narrative-foreign": _narrative(lambda div: div.replace(_XHTML, "http://a.se")),
    "full-url-uuid": _entry(lambda entry, entries, rng: entry.update(fullUrl=_UUID)),
    "full-url-same": _entry(_same_url),
    "full-url-bad": _entry(
        lambda entry, entries, rng: entry.update(
            fullUrl=rng.choice(
                ["Patient/1", "urn:uuid:X", "#x", "http://a.se/fhir/Patient/1", "", "urn:oid:1.2.3", "urn:x:y"]
            )
        )
    ),
    "full-url-gone": _entry(lambda entry, entries, rng: entry.pop("fullUrl", None)),
    "entry-id": _entry(lambda entry, entries, rng: entry.get("resource", {}).update(id="other")),
    "entry-empty": _entry(lambda entry, entries, rng: entry.pop("resource", None)),
    "entry-gone": _entry(lambda entry, entries, rng: entries.remove(entry)),
    "entry-twice": _entry(lambda entry, entries, rng: entries.append(copy.deepcopy(entry))),
    "entries-turned": _entry(lambda entry, entries, rng: entries.reverse()),
    "entry-request": _entry(
        lambda entry, entries, rng: entry.update(
            rng.choice(
                [
                    {"request": {"method": "PUT", "url": "x"}},
                    {"response": {"status": "200"}},
                    {"search": {"mode": "match"}},
                ]
            )
        )
    ),
    "entry-added": _entry(
        lambda entry, entries, rng: entries.append(
            {"fullUrl": _UUID, "resource": {"resourceType": "Basic", "id": _UUID[9:], "code": {"text": "x"}}}
        )
    ),
    "bundle-type": _entry(lambda entry, entries, rng: None),
    "resource-type": at(
        lambda site: isinstance(site.one, dict) and "resourceType" in site.one,
        inside("resourceType", "Unknown", "Basic", 1, "Resource"),
    ),
    "resource-type-gone": _root(lambda resource: resource.pop("resourceType", None)),
    "contained-unused": _root(lambda resource: resource.update(contained=[_CONTAINED])),
    "contained-bad": _root(lambda resource: resource.update(contained=[_CONTAINED | {"id": "#c1"}])),
    "contained-nested": _root(lambda resource: resource.update(contained=[_CONTAINED | {"contained": [_CONTAINED]}])),
    "contained-meta": _root(lambda resource: resource.update(contained=[_CONTAINED | {"meta": {"versionId": "1"}}])),
    "profile-unknown": _root(
        lambda resource: resource.setdefault("meta", {}).update(profile=["http://unknown.test/p"])
    ),
    "profile-other": _root(lambda resource: resource.setdefault("meta", {}).update(profile=[_KNOWN + "vitalsigns"])),
    "profile-bad": _root(lambda resource: resource.setdefault("meta", {}).update(profile=["x"])),
    "language": _root(lambda resource: resource.update(language="xx-nothing")),
    "implicit-rules": _root(lambda resource: resource.update(implicitRules="http://unknown.test/rules")),
    "tag": _root(
        lambda resource: resource.setdefault("meta", {}).update(tag=[{"system": "http://a.se", "code": "x"}] * 2)
    ),
}


def _bundle_type(resource: dict[str, Any], rng: random.Random) -> bool:
    if resource.get("resourceType") != "Bundle":
        return False
    resource["type"] = rng.choice(["document", "collection", "transaction", "searchset", "history", "batch", "zzz"])
    return True


OPERATORS["bundle-type"] = _bundle_type

XmlMutation = Callable[[etree._Element, random.Random], bool]


def _nodes(root: etree._Element, *, with_value: bool | None = None, least: int = 0) -> list[etree._Element]:
    found = [node for node in root.iter(etree.Element) if str(node.tag).startswith(_FHIR) and len(node) >= least]
    return [node for node in found if with_value is None or ("value" in node.attrib) == with_value]


def _on(edit: Callable[[etree._Element, random.Random], Any], **wanted: Any) -> XmlMutation:
    def mutate(root: etree._Element, rng: random.Random) -> bool:
        found = [node for node in _nodes(root, **wanted) if node is not root]
        if not found:
            return False
        edit(rng.choice(found), rng)
        return True

    return mutate


def _swap(node: etree._Element, rng: random.Random) -> None:
    first = rng.randrange(len(node) - 1)
    node.insert(first, node[first + 1])


def _double(node: etree._Element, _: random.Random) -> None:
    node.addnext(copy.deepcopy(node))


def _wrap(node: etree._Element, _: random.Random) -> None:
    parent = node.getparent()
    if parent is not None:
        wrapper = etree.Element(node.tag)
        parent.replace(node, wrapper)
        wrapper.append(node)


XML_OPERATORS: dict[str, XmlMutation] = {
    "xml-order": _on(_swap, least=2),
    "xml-order-again": _on(_swap, least=2),
    "xml-double": _on(_double),
    "xml-gone": _on(lambda node, rng: node.getparent().remove(node)),
    "xml-no-value": _on(lambda node, rng: node.attrib.pop("value"), with_value=True),
    "xml-empty-value": _on(lambda node, rng: node.set("value", ""), with_value=True),
    "xml-attribute": _on(lambda node, rng: node.set("unknown", "x")),
    "xml-value-on-complex": _on(lambda node, rng: node.set("value", "x"), with_value=False, least=1),
    "xml-text": _on(lambda node, rng: setattr(node, "text", "x")),
    "xml-namespace": _on(lambda node, rng: setattr(node, "tag", "{http://a.se}" + etree.QName(node).localname)),
    "xml-unknown": _on(lambda node, rng: node.append(etree.Element(_FHIR + "unknown", value="x"))),
    "xml-emptied": _on(lambda node, rng: [node.remove(each) for each in list(node)], with_value=False, least=1),
    "xml-wrapped": _on(_wrap),
    "xml-comment": _on(lambda node, rng: node.append(etree.Comment("x"))),
    "xml-instruction": _on(lambda node, rng: node.append(etree.ProcessingInstruction("a", "b"))),
    "xml-id": _on(lambda node, rng: node.set("id", rng.choice(["x", "a b", ""]))),
    "xml-schema-location": lambda root, rng: (
        root.set("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", "http://hl7.org/fhir x.xsd") is None
    ),
    "xml-spaces": _on(lambda node, rng: node.set("value", f" {node.get('value')} "), with_value=True),
}


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
    """`count` mutants, each operator as often as any other, each text once."""
    seen: set[str] = set()
    number = 0
    while len(seen) < count:
        name = NAMES[number % len(NAMES)]
        rng = random.Random(f"{seed}:{number}")  # noqa: S311 - for chance that can be repeated
        number += 1
        for _ in range(20):
            chosen = rng.choice(seeds)
            made = mutated(chosen, name, rng)
            if made and made[1] not in seen:
                seen.add(made[1])
                yield Mutant(f"{number:05}-{name}", name, chosen, *made)
                break
