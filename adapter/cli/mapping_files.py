"""Mapping folders, and the messages and records that are put through them, as the commands name them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from adapter.support.errors import AdapterError, ParseError

_FHIR = re.compile(rb"""xmlns(:\w+)?\s*=\s*["']http://hl7\.org/fhir["']""")


def folders(mappings: Path | None, system: str | None) -> list[Path]:
    """The mapping folders that are meant: that of `system`, or all. Raises AdapterError where there is none."""
    from adapter.support.paths import shipped

    parent = mappings or shipped("mappings")
    known = sorted(file.parent.name for file in parent.glob("*/mapping.yaml"))
    if not known or (system is not None and system not in known):
        named = "mapping" if system is None else f"mapping '{system}'"
        raise AdapterError(f"{parent} has no {named}: expected {' or '.join(known) or 'a folder with one'}")
    return [parent / name for name in ([system] if system is not None else known)]


def content_of(file: Path) -> bytes:
    """Raises AdapterError where the file cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise AdapterError(f"{file} cannot be read: {error.strerror}") from error


def is_record(content: bytes) -> bool:
    """Whether these are the bytes of a record; else they are a FHIR resource."""
    return _is_xml(content) and _FHIR.search(content[:2000]) is None


def resource_of(content: bytes) -> dict[str, Any]:
    """The FHIR resource, from JSON or XML. Raises ParseError."""
    from adapter.fhir import json as fhir_json
    from adapter.fhir import xml as fhir_xml

    return fhir_xml.parse(content) if _is_xml(content) else fhir_json.parse(content)


def for_destination(bundle: dict[str, Any], index: int) -> dict[str, Any]:
    """The message as it reads for one of its destinations, counted from 0."""
    from adapter.fhir.bundles import MessageBundle

    message = MessageBundle(bundle)
    header = message.header | {"destination": [message.destinations[index]]}
    entry = [
        {**each, "resource": header} if each.get("resource") is message.header else each for each in message.entries
    ]
    return bundle | {"entry": entry}


def tries(files: Iterable[Path]) -> Iterator[tuple[str, bytes | dict[str, Any]]]:
    """What files hold, to be put through a mapping, each with a name: a record as bytes; a message once for each of its
    destinations. Raises AdapterError where a file cannot be read, or is neither."""
    from adapter.fhir.bundles import MessageBundle

    for file in files:
        content, name = content_of(file), f"{file.parent.name}/{file.name}"
        if is_record(content):
            yield name, content
            continue
        try:
            bundle = resource_of(content)
        except ParseError as error:
            raise AdapterError(f"{file}: {error}") from error
        count = len(MessageBundle(bundle).destinations)
        if not count:
            raise AdapterError(f"{file} is no record, and no message with a destination")
        for index in range(count):
            yield (f"{name}, destination {index + 1}" if count > 1 else name), for_destination(bundle, index)


def shown_by(*mapping_folders: Path) -> list[Path]:
    """The messages of the shipped fixtures, and the samples of mapping folders: of those of one name, the first."""
    from adapter.support.paths import shipped

    samples: dict[str, Path] = {}
    for folder in mapping_folders:
        for kind in ("*.xml", "*.json"):
            for file in sorted((folder / "samples").glob(kind)):
                samples.setdefault(file.name, file)
    return [*samples.values(), *sorted((shipped("fixtures") / "journeys").glob("*/*.json"))]


def _is_xml(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
