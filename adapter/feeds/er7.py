"""An HL7 v2 message in its pipe form (ER7), read within limits: its character set, its header, and single fields.

Fields are taken apart by the library `hl7`, whose time and memory grow with what it is given: it gets the segments that
a feed names and no others, and none longer than fits an ADT message.
"""

import re
from collections.abc import Set
from functools import cached_property
from typing import Any

from adapter.feeds.events import RefusedEvent

MOST_READ = 16 * 1024
"""Characters in the segments that are read, together; those of an ordinary message have one or two thousand."""
MOST_SEGMENTS = 2000
_CHARSETS = {
    "ASCII": "ascii",
    "8859/1": "iso-8859-1",
    "ISO IR100": "iso-8859-1",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
}
"""HL7 table 0211, as far as Swedish systems use it, and the name that many write for UTF-8."""
_CODECS = {"ascii": "ascii", "utf-8": "utf-8", "iso-8859-1": "iso-8859-1"}
_HEADER = re.compile(r"MSH(?P<field>[!-/:-@\[-`{-~])(?P<others>[!-/:-@\[-`{-~]{4,5})(?P=field)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+))?(?:\.(\d+))?")

NULL = '""'
"""The HL7 v2 null: the field is to be empty, where an empty field says nothing."""


class Message:
    """One message. `charset` is that of messages without MSH-18, `names` the segments that are of use; no other is
    looked into. Raises RefusedEvent where it cannot be read."""

    def __init__(self, body: bytes, charset: str, names: Set[str]) -> None:
        self.header = header(body)
        """MSH as far as its first component goes, by the number of the field; raw, for the answer"""
        try:
            self._segments = _segments(_decoded(body, self.header.get(18, ""), charset), names | {"MSH"})
        except RefusedEvent as refused:
            refused.control_id = self.control_id
            raise

    @property
    def control_id(self) -> str | None:
        """MSH-10."""
        return self.header.get(10) or None

    def value(self, place: str, repetition: int = 1) -> str | None:
        """The text at a place such as PID-5.1 or PV1-44, without escapes; None where the message has nothing there.
        A place without component is the field's first one."""
        segment, field, component, sub = _place(place)
        return self._text(segment, field, repetition, component or 1, sub or 1)

    def repetitions(self, place: str) -> range:
        """The numbers (from 1) of a field's repetitions."""
        segment, field, *_ = _place(place)
        parsed = self._parsed(segment)
        if parsed is None or len(parsed) <= field:
            return range(0)
        return range(1, len(parsed[field]) + 1)

    def has(self, segment: str) -> bool:
        return segment in self._segments

    def _text(self, segment: str, field: int, repetition: int, component: int, sub: int) -> str | None:
        parsed = self._parsed(segment)
        if parsed is None or len(parsed) <= field or len(parsed[field]) < repetition:
            return None
        try:
            text = self._library.extract_field(segment, 1, field, repetition, component, sub)
        except (LookupError, ValueError):
            return None
        return str(text).strip() or None

    def _parsed(self, segment: str) -> Any:
        if segment not in self._segments:
            return None
        try:
            return self._library.segment(segment)
        except KeyError:  # a name and nothing after it
            return None

    @cached_property
    def _library(self) -> Any:
        """The library's view of the first segment of each kind that the feed names."""
        import hl7  # only here: it takes a tenth of a second, and most installations have no such feed

        try:
            return hl7.parse("\r".join(self._segments.values()))
        except (hl7.HL7Exception, LookupError, ValueError) as error:
            raise RefusedEvent("cannot be taken apart into fields", "102", "MSH", reject=True) from error


def header(body: bytes) -> dict[int, str]:
    """MSH by field number, of the bytes as they are: enough to answer a message that cannot be read otherwise."""
    raw = re.split(rb"[\r\n]", body[:MOST_READ], maxsplit=1)[0]
    try:
        line = raw.decode("utf-8")
    except UnicodeDecodeError:
        line = raw.decode("iso-8859-1")
    found = _HEADER.match(line)
    if found is None:
        raise RefusedEvent("does not begin with an MSH segment and its separators", "100", "MSH", reject=True)
    if len(set(found["field"] + found["others"])) != len(found["others"]) + 1:
        raise RefusedEvent("two separators are the same character", "102", "MSH-2", reject=True)
    parts = line.split(found["field"])
    fields = {1: found["field"], 2: found["others"]} | {
        number + 1: _CONTROL.sub("", part) for number, part in enumerate(parts) if number > 1
    }
    control_id = fields.get(10, "")
    if len(control_id) > 199 or not control_id.isascii() or not control_id.isprintable():
        fields[10] = ""
        raise RefusedEvent("is not a message control id of at most 199 printable characters", "102", "MSH-10", True)
    return fields


def _decoded(body: bytes, declared: str, charset: str) -> str:
    name = declared.strip().upper()
    if name and name not in _CHARSETS:
        words = f"names a character set that is not read: expected {', '.join(_CHARSETS)}"
        raise RefusedEvent(words, "103", "MSH-18", reject=True)
    codec = _CHARSETS[name] if name else _CODECS[charset]
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        words = f"the message is not in the character set that it names ({codec}): byte {error.start} is none of it"
        raise RefusedEvent(words, "102", "MSH-18", reject=True) from None
    if codec == "iso-8859-1" and _is_utf8(body):
        words = "names ISO 8859-1, and the message is in UTF-8: its letters would be wrong"
        raise RefusedEvent(words, "102", "MSH-18", reject=True)
    return text


def _is_utf8(body: bytes) -> bool:
    """Whether bytes beyond ASCII, and there are some, are UTF-8: Swedish text in ISO 8859-1 never is."""
    if body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _segments(text: str, names: Set[str]) -> dict[str, str]:
    """The first segment of each name. A repeated one (such as OBX) is of no use here and is not looked into."""
    lines = re.split(r"\r\n?|\n", text.rstrip("\r\n"), maxsplit=MOST_SEGMENTS)
    if len(lines) > MOST_SEGMENTS:
        raise RefusedEvent(f"has more than {MOST_SEGMENTS} segments", "102", "", reject=True)
    found: dict[str, str] = {}
    read = 0
    for number, line in enumerate(lines):
        name = line[:3]
        if name == "MSH" and number:
            raise RefusedEvent("holds more than one message: expected one at a time", "100", "MSH", reject=True)
        if name not in names or name in found:
            continue
        read += len(line)
        if read > MOST_READ:
            words = f"the segments up to it that are read have more than {MOST_READ} characters"
            raise RefusedEvent(words, "102", name, reject=True)
        if _CONTROL.search(line):
            raise RefusedEvent("holds control characters", "102", name, reject=True)
        found[name] = line
    return found


def _place(place: str) -> tuple[str, int, int | None, int | None]:
    found = _PLACE.fullmatch(place)
    assert found is not None, place  # noqa: S101 - the model's pattern
    segment, field, component, sub = found.groups()
    return segment, int(field), int(component) if component else None, int(sub) if sub else None
