"""The valid resources and messages that benchmarks/official.py makes mutants of, and the official validator's cases."""

import gzip
import json
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from content import RESOURCES, profile, value_sets
from official_mutants import Seed

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.mapping import Mapping
from adapter.support.errors import AdapterError
from adapter.validation import Validator

PROJECT = Path(__file__).resolve().parent.parent
DATA = PROJECT.parent / "shared" / "data"
_LARGEST = 20_000
"""Characters of a resource to make mutants of."""


@cache
def validator(definitions: tuple[str, ...]) -> Validator:
    """This one, with the definitions."""
    given = [each.encode() for each in definitions]
    return Validator.load(definitions=given, unknown_extensions="error", typed_references="warning")


def cases() -> list[dict[str, Any]]:
    """The official validator's own cases with the verdicts that were recorded."""
    file = DATA / "validator-cases" / "cases.jsonl.gz"
    if not file.is_file():
        return []
    with gzip.open(file) as lines:
        return [json.loads(line) for line in lines]


def seeds() -> list[Seed]:
    """Resources and messages that this validator finds valid, and, of the cases, the official one too."""
    found = [*_messages(), *_profiled(), *_swedish(), *_of_cases()]
    return [seed for seed in found if _is_valid(seed)]


def _is_valid(seed: Seed) -> bool:
    return validator(seed.definitions).validate(seed.resource, profile=seed.profile).valid


def _messages() -> Iterator[Seed]:
    """Our fixtures and what the mapping makes of records; each message, and each resource in one."""
    bundles = {
        file.stem: fhir_json.parse(file.read_bytes())
        for folder in (PROJECT / "fixtures" / "journeys", PROJECT / "example")
        for file in sorted(folder.rglob("*.json"))
    }
    mapping = Mapping.load(PROJECT / "mappings" / "lifecare")
    for file in sorted((PROJECT / "mappings" / "lifecare" / "samples").glob("*.xml")):
        try:
            bundles[f"mapped-{file.stem}"] = mapping.to_fhir(file.read_bytes()).bundle
        except AdapterError:
            continue  # a technical receipt is no message
    for name, bundle in bundles.items():
        yield Seed(name, bundle)
        for number, entry in enumerate(bundle["entry"]):
            content = entry["resource"]
            yield Seed(f"{name}-{number}-{content['resourceType']}", content)


def _profiled() -> Iterator[Seed]:
    """What benchmarks/validation.py times, against its profiles."""
    definitions = [profile(name) for name in RESOURCES]
    written = tuple(json.dumps(each, default=str) for each in [*definitions, *value_sets()])
    for definition, (name, resource) in zip(definitions, RESOURCES.items(), strict=True):
        yield Seed(f"profiled-{name}", resource, definition["url"], written)


def _swedish() -> Iterator[Seed]:
    """The examples in the Swedish base package, which claim its profiles."""
    archive = DATA / "hl7se.fhir.base-1.1.0.tgz"
    if not archive.is_file():
        return
    definitions, examples = [], {}
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            folder, _, name = member.name.rpartition("/")
            content = package.extractfile(member)
            if content is None or not name.endswith(".json"):
                continue
            if folder == "package/example":
                examples[name] = content.read()
            elif folder == "package" and name.startswith(("StructureDefinition-", "ValueSet-", "CodeSystem-")):
                definitions.append(content.read().decode())
    for name, written in sorted(examples.items()):
        yield Seed(name, fhir_json.parse(written), None, tuple(definitions))


def _of_cases() -> Iterator[Seed]:
    for case in cases():
        written = case["resource"]
        if case["valid"] and len(written["text"]) <= _LARGEST:
            parse = fhir_xml.parse if written["format"] == "xml" else fhir_json.parse
            definitions = tuple(each["text"] for each in case["definitions"])
            yield Seed(case["id"], parse(written["text"].encode()), case["profile"], definitions)
