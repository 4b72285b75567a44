"""The shipped mapping, and small mapping folders made of a few lines."""

import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.bundles import MessageBundle
from adapter.mapping import Mapping, Outcome, Report, accounts
from adapter.mapping.runs import Run
from adapter.mapping.straight import Straight

ROOT = Path(__file__).parents[3]
LIFECARE = ROOT / "mappings" / "lifecare"
JOURNEYS = ROOT / "fixtures" / "journeys"

XSD = """<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:small" targetNamespace="urn:small"
           elementFormDefault="qualified">
  <xs:element name="message" type="Message"/>
  <xs:element name="receipt" type="Receipt"/>
  <xs:complexType name="Message"><xs:sequence>
    <xs:element name="id" type="Id"/>
    <xs:element name="kind" type="Text"/>
    <xs:element name="sent" type="Instant" minOccurs="0"/>
    <xs:element name="reply" type="Text" minOccurs="0"/>
    <xs:element name="person" type="Person" minOccurs="0"/>
    <xs:choice>
      <xs:element name="note" type="Note"/>
      <xs:element name="other" type="Note"/>
    </xs:choice>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Person"><xs:sequence>
    <xs:element name="name" type="Text" minOccurs="0" maxOccurs="unbounded"/>
    <xs:element name="born" type="Text" minOccurs="0"/>
    <xs:element name="active" type="Text" minOccurs="0"/>
    <xs:element name="sex" type="Sex" minOccurs="0"/>
    <xs:element name="births" type="Text" minOccurs="0"/>
    <xs:element name="contact" type="Contact" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Contact"><xs:simpleContent><xs:extension base="Text">
    <xs:attribute name="by" type="Text"/>
  </xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="Note"><xs:sequence>
    <xs:element name="text" type="Text" minOccurs="0"/>
    <xs:element name="about" type="Text" minOccurs="0"/>
    <xs:element name="by" type="Text" minOccurs="0"/>
    <xs:element name="goal" type="Text" minOccurs="0" maxOccurs="9"/>
    <xs:element name="step" type="Step" minOccurs="0" maxOccurs="9"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Step"><xs:sequence>
    <xs:element name="what" type="Text"/>
    <xs:element name="serves" type="Text" minOccurs="0" maxOccurs="9"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Receipt"><xs:sequence>
    <xs:element name="id" type="Id" minOccurs="0"/>
    <xs:element name="result" type="Text"/>
    <xs:element name="why" type="Text" minOccurs="0"/>
    <xs:element name="code" type="Text" minOccurs="0" maxOccurs="9"/>
  </xs:sequence></xs:complexType>
  <xs:simpleType name="Id">
    <xs:annotation><xs:documentation>A lower-case id. More words.</xs:documentation></xs:annotation>
    <xs:restriction base="xs:string"><xs:pattern value="[a-z0-9-]+"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Instant">
    <xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Text"><xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Sex"><xs:restriction base="xs:string">
    <xs:enumeration value="man"/><xs:enumeration value="kvinna"/></xs:restriction></xs:simpleType>
</xs:schema>
"""

SYSTEM = """language: 1
name: small
version: "3"
description: A small system.
media_type: application/xml
record_schema: small.xsd
root: message
type: kind
message_id: id
max_bytes: 100000
on_unmapped: {on_unmapped}
identity: {{namespace: "urn:small", seed: [id], same_content: [Organization]}}
acknowledgement:
  root: receipt
  message_id: id
  status: result
  reason: why
  issues: code
  codes: {{ok: taken, transient-error: later, fatal-error: never}}
constants: {{event: "{{canonical}}/CodeSystem/event", mail: "urn:mail"}}
concept_maps: {{sex: {{file: sex.json, unmapped: {unmapped}}}}}
leave_out:
  - {{fhir: "*.id", reason: made anew}}
  - {{fhir: Bundle.entry.fullUrl, reason: made anew}}
{leave_out}
"""

SEX = """{"resourceType": "ConceptMap", "group": [{"source": "urn:sex", "element": [
  {"code": "male", "target": [{"code": "man", "equivalence": "equal"}]},
  {"code": "female", "target": [{"code": "kvinna", "equivalence": "equal"}]}]}]}
"""

MESSAGE = """description: A note.
event: general-message
record: note
resources:
  header: {{type: MessageHeader, required: true}}
  patient: {{type: Patient}}
{resources}
rules:
  - {{fhir: bundle.type, value: message}}
  - {{fhir: header.id, record: id, required: true}}
  - {{record: kind, value: "{{body}}"}}
  - {{fhir: header.event.ofType(Coding).system, value: "%event"}}
  - {{fhir: header.event.ofType(Coding).code, value: "{{event}}"}}
  - {{fhir: header.destination.endpoint, record: reply}}
{rules}
leave_out:
  - {{fhir: MessageHeader.source, reason: not needed}}
"""

Small = Callable[..., Mapping]


def write_small(
    folder: Path,
    rules: str = "",
    *,
    resources: str = "",
    leave_out: str = "",
    on_unmapped: str = "refuse",
    unmapped: str = "refuse",
) -> Path:
    """A mapping folder; `rules`, `resources` and `leave_out` are lines of YAML."""
    (folder / "messages").mkdir(parents=True, exist_ok=True)
    (folder / "small.xsd").write_text(XSD)
    (folder / "sex.json").write_text(SEX)
    system = SYSTEM.format(on_unmapped=on_unmapped, unmapped=unmapped, leave_out=leave_out)
    (folder / "mapping.yaml").write_text(system)
    (folder / "messages" / "note.yaml").write_text(MESSAGE.format(rules=rules, resources=resources))
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Small:
    def make(rules: str = "", **more: str) -> Mapping:
        return Mapping.load(write_small(tmp_path / "small", rules, **more))

    return make


@pytest.fixture(scope="session")
def lifecare() -> Mapping:
    return Mapping.load(LIFECARE)


@pytest.fixture(scope="session")
def one_by_one() -> Mapping:
    """The shipped mapping as it is where nothing is written from its rules."""
    return _without_code(Mapping.load(LIFECARE))


@pytest.fixture(scope="session")
def without_code() -> Callable[[Mapping], Mapping]:
    return _without_code


def _without_code(mapping: Mapping) -> Mapping:
    for event_code, each in mapping._straight.items():
        mapping._straight[event_code] = _Never(each._rules, each._omissions, each._code)
    return mapping


class _Never(Straight):
    def _block(self, source: Any) -> None:
        return None


def _message(*resources: dict[str, Any], **header: Any) -> dict[str, Any]:
    """A message Bundle of a general message with one destination. Ids are the resources' own, `h` the header's."""
    first = {
        "resourceType": "MessageHeader",
        "id": "h",
        "eventCoding": {"system": "https://discharge-adapter.example/fhir/CodeSystem/event", "code": "general-message"},
        "destination": [{"endpoint": "https://there.example"}],
        "source": {"endpoint": "https://here.example"},
        **header,
    }
    entry = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in (first, *resources)]
    return {"resourceType": "Bundle", "type": "message", "entry": copy.deepcopy(entry)}


def _record(inside: str = "<note><text>x</text></note>", before: str = "") -> bytes:
    """A record of the small system."""
    return f'<message xmlns="urn:small"><id>h</id><kind>note</kind>{before}{inside}</message>'.encode()


def _resource(bundle: dict[str, Any], resource_type: str) -> dict[str, Any]:
    """The one resource of a type."""
    found = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == resource_type]
    assert len(found) == 1
    only: dict[str, Any] = found[0]
    return only


@pytest.fixture
def message() -> Callable[..., dict[str, Any]]:
    return _message


@pytest.fixture
def record() -> Callable[..., bytes]:
    return _record


@pytest.fixture
def resource() -> Callable[..., dict[str, Any]]:
    return _resource


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    return lambda rules="", **more: write_small(tmp_path / "small", rules, **more)


def _without_left_out(bundle: dict[str, Any], report: Report) -> dict[str, Any]:
    """The bundle less what the report says was left out."""
    kept = copy.deepcopy(bundle)
    leaves = accounts.fhir_leaves(kept, Run(), accounts.Omissions([]))
    slots = {path: (holder, key) for path, _, holder, key, _, _ in leaves}
    for line in report.of(Outcome.LEFT_OUT):
        holder, key = slots[line.path]
        holder[key] = None
    pruned: dict[str, Any] = _prune(kept)
    return pruned


def _prune(value: Any) -> Any:
    if isinstance(value, dict):
        inner = {key: kept for key, item in value.items() if (kept := _prune(item)) is not None}
        return inner if set(inner) - {"resourceType"} else None
    if isinstance(value, list):
        return [kept for item in value if (kept := _prune(item)) is not None] or None
    return value


def _content(bundle: dict[str, Any], original: dict[str, Any] | None = None) -> Counter[str]:
    """The resources as text, each reference replaced by what it leads to: ids and the order of entries and of
    extensions do not count."""
    whole = MessageBundle(original or bundle)

    def expand(value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            target = whole.resolve(value) if "reference" in value else None
            if target is not None:
                value = {
                    **value,
                    "reference": [target["resourceType"], target.get("identifier"), target.get("description")],
                }
                if target["resourceType"] == "MessageHeader":
                    value["reference"] = target["id"]
            return {key: expand(item, depth + 1) for key, item in value.items() if key not in ("id", "fullUrl")}
        if isinstance(value, list) and all(isinstance(item, dict) and "url" in item for item in value):
            value = sorted(value, key=lambda item: str(item["url"]))
        return [expand(item, depth + 1) for item in value] if isinstance(value, list) else value

    own = [{key: value for key, value in bundle.items() if key not in ("entry", "id")}]
    resources = [entry["resource"] for entry in bundle["entry"] if "resource" in entry]
    return Counter(json.dumps(expand(each, 0), sort_keys=True, ensure_ascii=False) for each in (*own, *resources))


@pytest.fixture(scope="session")
def kept_and_back() -> Callable[..., tuple[Counter[str], Counter[str]]]:
    """What of a message the report says was carried, and what came back: they are to be the same."""
    return lambda bundle, report, back: (_content(_without_left_out(bundle, report), bundle), _content(back))
