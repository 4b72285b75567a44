"""Where generated messages go: a file each in a folder, or one a line."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.sandbox.formats import Format
from adapter.sandbox.volume.generator import Message
from adapter.support.errors import AdapterError

_IN_A_FOLDER = 1000
"""Patients below one folder: file systems are slow with many."""
_OFTEN = 500


def body(message: Message, format_: Format) -> bytes:
    """The message without a line break in it."""
    if format_ is Format.XML:
        return fhir_xml.serialize(message.bundle).replace(b"?>\n", b"?>", 1)
    return fhir_json.serialize(message.bundle)


def to_lines(messages: Iterable[Message], lines: BinaryIO, format_: Format, advance: Callable[[int], None]) -> int:
    """Write one message a line, and tell how many. `advance` is told now and then how many there are."""
    count = 0
    for count, message in enumerate(messages, start=1):
        lines.write(body(message, format_) + b"\n")
        if count % _OFTEN == 0:
            advance(count)
    return count


def to_folder(messages: Iterable[Message], folder: Path, format_: Format, advance: Callable[[int], None]) -> int:
    """Write each message to `<thousand>/<patient>/<file>.<format>` below a folder that is new or empty, and tell how
    many. Raises AdapterError."""
    count = 0
    try:
        if folder.exists() and any(folder.iterdir()):
            raise AdapterError(f"{folder} is not empty: name a new folder")
        for count, message in enumerate(messages, start=1):
            place = folder / f"{message.patient // _IN_A_FOLDER:04d}" / f"{message.patient:07d}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{message.file}.{format_}").write_bytes(body(message, format_) + b"\n")
            if count % _OFTEN == 0:
                advance(count)
    except OSError as error:
        raise AdapterError(f"{folder} cannot be written: {error.strerror}") from error
    return count
