"""The folders of fixtures/journeys: writes each step's message in JSON and XML beside its journey.yaml."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.fhir import xml as fhir_xml
from adapter.sandbox.authoring import scenario
from adapter.sandbox.authoring.writer import Writer

PLAN = "journey.yaml"
SCHEMA = "journey.schema.json"
"""The JSON Schema of PLAN, beside the folder of the journeys."""


def schema() -> bytes:
    """The JSON Schema of a journey's file."""
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | scenario.Scenario.model_json_schema()
    return (json.dumps(found, ensure_ascii=False, indent=2) + "\n").encode()


def messages(folder: Path) -> Iterator[tuple[str, bytes]]:
    """File name and bytes of every message of a journey, JSON and XML in turn. Raises AdapterError."""
    words = scenario.read(folder / PLAN)
    writer = Writer(words)
    for step in words.steps:
        message = writer.write(step)
        if step.repeats is None:
            yield from twins(step.file, message)


def twins(name: str, message: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """File name and bytes of a message in JSON and in XML."""
    yield f"{name}.json", (json.dumps(message, ensure_ascii=False, indent=2) + "\n").encode()
    yield f"{name}.xml", fhir_xml.serialize(message) + b"\n"


def write(journeys: Path) -> None:
    """Write the messages of every journey in a folder, and remove those that no step names any more; and the schema
    beside the folder."""
    (journeys.parent / SCHEMA).write_bytes(schema())
    for folder in sorted(plan.parent for plan in journeys.glob(f"*/{PLAN}")):
        written = dict(messages(folder))
        for name, content in written.items():
            (folder / name).write_bytes(content)
        for stale in stale_files(folder, written):
            stale.unlink()


def differences(journeys: Path) -> list[str]:
    """The files that are not what their journey.yaml says, as `journey/file`, and the schema where it is not theirs."""
    written_schema = journeys.parent / SCHEMA
    found = [] if written_schema.is_file() and written_schema.read_bytes() == schema() else [SCHEMA]
    for folder in sorted(plan.parent for plan in journeys.glob(f"*/{PLAN}")):
        written = dict(messages(folder))
        found += [
            f"{folder.name}/{name}"
            for name, content in written.items()
            if not (folder / name).is_file() or (folder / name).read_bytes() != content
        ]
        found += [f"{folder.name}/{stale.name}" for stale in stale_files(folder, written)]
    return found


def stale_files(folder: Path, written: dict[str, bytes]) -> list[Path]:
    """Messages in the folder that no step names."""
    return [file for file in sorted(folder.iterdir()) if file.suffix in {".json", ".xml"} and file.name not in written]
