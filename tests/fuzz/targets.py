"""What is fuzzed: each target takes bytes and knows what may come of them.

Only the exceptions that the docstrings promise may be raised, what is read writes back to the same, and what is said is
said again the second time. Anything else is a finding. Seeds are the project's own files, read when the fuzzing begins.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from adapter.definitions import core, load, packages
from adapter.definitions.building import pack
from adapter.fhir import canonicalize
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhirpath import FhirPathError
from adapter.fhirpath import compile as compile_expression
from adapter.mapping import Mapping
from adapter.support import toml, yaml
from adapter.support.errors import ConfigurationError, DefinitionsError, MappingError, ParseError
from adapter.validation import Validator, messages, rules

ROOT = Path(__file__).resolve().parents[2]
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "a",
    "name": [{"family": "Berg", "given": ["Åsa", "Li"], "_given": [None, {"id": "g"}]}],
    "birthDate": "1950-02-03",
    "multipleBirthInteger": 2,
    "extension": [{"url": "http://acme.com/x", "valueQuantity": {"value": Decimal("1.50"), "unit": "g"}}],
}


class Target(NamedTuple):
    """`run` raises for a finding; `seeds` give inputs to begin with."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def parse_json(content: bytes) -> None:
    try:
        resource = fhir_json.parse(content)
    except ParseError:
        return
    # As Python's own reader, which we do not otherwise trust: the same members and texts, numbers by value.
    plain = json.loads(content, parse_float=Decimal, parse_int=Decimal)
    assert _same(resource, plain), "another content than json.loads reads"
    written = fhir_json.serialize(resource)
    again = fhir_json.parse(written)
    assert again == resource, "what is written reads back as something else"
    assert fhir_json.serialize(again) == written, "written in two ways"


def _same(value: Any, plain: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(plain, dict) and [*value] == [*plain] and all(_same(value[k], plain[k]) for k in value)
    if isinstance(value, list):
        return isinstance(plain, list) and len(value) == len(plain) and all(map(_same, value, plain))
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value is plain or (isinstance(value, str) and value == plain)
    return isinstance(plain, Decimal) and Decimal(value) == plain


def parse_xml(content: bytes) -> None:
    try:
        resource = fhir_xml.parse(content)
    except ParseError:
        return
    json_again = fhir_json.parse(fhir_json.serialize(resource))
    assert json_again == resource, "JSON of it reads back as something else"
    try:
        written = fhir_xml.serialize(resource)
    except ParseError as error:
        # An element without value and content is read, so that validation can name it, and has no other form.
        if "neither a value nor" not in error.reason and "object" not in error.reason:
            raise
        return
    again = fhir_xml.parse(written)
    assert again == resource, "what is written reads back as something else"
    assert fhir_xml.serialize(again) == written, "written in two ways"
    assert canonicalize.content_hash(again) == canonicalize.content_hash(resource), "hashed in two ways"


def evaluate(content: bytes) -> None:
    text = content.decode(errors="replace")
    try:
        expression = compile_expression(text)
        first = expression(PATIENT, other=PATIENT)
    except FhirPathError:
        return
    assert repr(expression(PATIENT, other=PATIENT)) == repr(first) or any(
        name in text for name in ("now", "timeOfDay", "today")
    )


def read_package(content: bytes) -> None:
    """Bytes that are no archive become the one file in an archive: else nearly nothing would get past gzip."""
    archive = content if content.startswith(b"\x1f\x8b") else pack([("package/package.json", content)])
    with suppress(DefinitionsError):
        packages.read_manifest(archive, "x")
    archive = content if content.startswith(b"\x1f\x8b") else pack([("package/X.json", content)])
    with suppress(DefinitionsError):
        list(packages.read_resources(archive, "x"))


def use_definition(content: bytes) -> None:
    try:
        loaded = _with(content)
    except DefinitionsError:
        return
    resource = fhir_json.parse(content) if not content.lstrip().startswith(b"<") else {}
    url = resource.get("url")
    _said(loaded, PATIENT | {"meta": {"profile": [url]}} if isinstance(url, str) else PATIENT)


def validate(content: bytes) -> None:
    is_xml = content.lstrip().startswith(b"<")
    outcome = _validator().validate(content, format="xml" if is_xml else "json")
    again = _validator().validate(content, format="xml" if is_xml else "json")
    assert outcome == again, "another verdict the second time"
    assert all(issue.rule in rules.RULES for issue in outcome.issues)
    fhir_json.serialize(outcome.to_fhir())
    with suppress(ParseError):
        resource = fhir_xml.parse(content) if is_xml else fhir_json.parse(content)
        messages.check(resource)
        canonicalize.content_hash(resource)


def read_record(content: bytes) -> None:
    mapping = _mapping()
    for read in (mapping.to_fhir, mapping.message_id, mapping.read_acknowledgement):
        with suppress(MappingError, ParseError):
            read(content)


def read_yaml(content: bytes) -> None:
    with suppress(ConfigurationError):
        yaml.parse(content, Path("x.yaml"))


def read_toml(content: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        Path(file.name).write_bytes(content)
        with suppress(ConfigurationError):
            toml.load(Path(file.name))


def _said(validator: Validator, resource: dict[str, Any]) -> None:
    outcome = validator.validate(resource)
    assert outcome == validator.validate(resource), "another verdict the second time"
    fhir_json.serialize(outcome.to_fhir())


@cache
def _validator() -> Validator:
    return Validator.load()


def _with(content: bytes) -> Validator:
    return Validator.load(definitions=[content])


@cache
def _mapping() -> Mapping:
    return Mapping.load(ROOT / "mappings" / "lifecare")


def _files(*patterns: str) -> Callable[[], Iterator[bytes]]:
    return lambda: (file.read_bytes() for pattern in patterns for file in sorted(ROOT.glob(pattern)))


def _parts(*patterns: str) -> Callable[[], Iterator[bytes]]:
    """The resources inside the Bundles of the files too: small inputs mutate better."""

    def seeds() -> Iterator[bytes]:
        for content in _files(*patterns)():
            yield content
            with suppress(ParseError):
                for entry in fhir_json.parse(content).get("entry", []):
                    if "resource" in entry:
                        yield fhir_json.serialize(entry["resource"])

    return seeds


def _xml_parts() -> Iterator[bytes]:
    yield from _files("fixtures/**/*.xml")()
    for content in _parts("fixtures/journeys/**/*.json")():
        with suppress(ParseError):
            yield fhir_xml.serialize(fhir_json.parse(content))


def _expressions() -> Iterator[bytes]:
    """R4's own invariants."""
    known = load([core.KEY])
    for name in ("Patient", "Bundle", "StructureDefinition", "Observation", "Questionnaire"):
        structure = known.structure(f"http://hl7.org/fhir/StructureDefinition/{name}") or {}
        for element in structure["snapshot"]["element"]:
            for constraint in element.get("constraint", []):
                yield constraint["expression"].encode()
    yield b"iif(name.exists(), name.given.select($this & 'x').first(), birthDate + 3 months)"
    yield b"(1 | 2).aggregate($total + $this, 0) > 2 and '2 g' ~ extension.value.ofType(Quantity).toString()"
    yield b"name.given.where($this.matches('^[A-Z]+$') or replaceMatches('(a)b', '$1').length() > 2).trace('x')"


def _definitions() -> Iterator[bytes]:
    base = "http://hl7.org/fhir/StructureDefinition/"
    slicing = {"discriminator": [{"type": "value", "path": "use"}], "rules": "open"}
    elements: list[dict[str, Any]] = [
        {"id": "Patient", "path": "Patient", "constraint": [{"key": "a", "severity": "error", "expression": "true"}]},
        {"id": "Patient.name", "path": "Patient.name", "slicing": slicing, "min": 1},
        {"id": "Patient.name:a", "path": "Patient.name", "sliceName": "a", "max": "1"},
        {"id": "Patient.name:a.use", "path": "Patient.name.use", "fixedCode": "official"},
        {"id": "Patient.gender", "path": "Patient.gender", "binding": {"strength": "required", "valueSet": "x"}},
        {"id": "Patient.birthDate", "path": "Patient.birthDate", "maxValueDate": "2000-01-01", "maxLength": 10},
    ]
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://acme.com/p",
        "name": "P",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": base + "Patient",
        "derivation": "constraint",
        "differential": {"element": elements},
    }
    yield json.dumps(profile).encode()
    include = {"system": "http://acme.com/c", "filter": [{"property": "code", "op": "regex", "value": "a+"}]}
    yield json.dumps({"resourceType": "ValueSet", "url": "x", "compose": {"include": [include]}}).encode()
    concepts = [{"code": "a", "concept": [{"code": "b"}]}]
    system = {"resourceType": "CodeSystem", "url": "http://acme.com/c", "content": "complete", "concept": concepts}
    yield json.dumps(system).encode()
    yield json.dumps({"name": "a.b", "version": "1.0.0", "dependencies": {"c.d": "1"}}).encode()


def _archives() -> Iterator[bytes]:
    yield from _definitions()
    for content in _definitions():
        yield pack([("package/package.json", b'{"name": "a", "version": "1"}'), ("package/A.json", content)])


def _records() -> Iterator[bytes]:
    for content in _files("fixtures/journeys/**/*.json")():
        with suppress(MappingError, ParseError):
            yield _mapping().to_record(fhir_json.parse(content)).content
    yield _mapping().acknowledge("0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b11", "fatal-error", "no", ["x"])


TARGETS: dict[str, Target] = {
    "json": Target(parse_json, _parts("fixtures/**/*.json")),
    "xml": Target(parse_xml, _xml_parts),
    "fhirpath": Target(evaluate, _expressions),
    "package": Target(read_package, _archives),
    "definition": Target(use_definition, _definitions),
    "validator": Target(validate, lambda: chain(_parts("fixtures/**/*.json")(), _xml_parts())),
    "record": Target(read_record, _records),
    "toml": Target(read_toml, _files("example/*.toml", "pyproject.toml")),
    "yaml": Target(read_yaml, _files("example/directory/*.yaml", "mappings/lifecare/**/*.yaml", "fixtures/**/*.yaml")),
}
