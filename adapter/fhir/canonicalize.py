"""Whether two Bundles say the same: a hash that forgets how they were written, and when they were sent."""

import codecs
import hashlib
import json
import re
from decimal import Decimal
from typing import Any

import orjson
from lxml import etree

from adapter.fhir import markup
from adapter.support.errors import ParseError

_NOT_CONTENT = frozenset({"id", "_id", "timestamp", "_timestamp"})
"""What a sender may change when it sends the same message again."""
_MARKS = ('"div":', 'lastUpdated":', '"meta":{}')
"""In JSON: where something may have to be left out, or written in another form."""
_TEXT_OR_PLACE = re.compile(r'"(?:[^"\\]|\\.)*"|NaN')
"""In JSON: a text or a member's name, or the place of a number."""
_ESCAPED = "as-json-escapes"
"""How text beyond ASCII is written: a name of `codecs`."""
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_SHORT = 32_768
"""Of text beyond ASCII each run is escaped by itself: what takes longer than all at once where there may be many."""
_DEL = "\x7f"
"""What is escaped although it is ASCII."""


def content_hash(bundle: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the content of a parsed Bundle.

    Left out: Bundle.id, Bundle.timestamp and every resource's meta.lastUpdated. The order of members is not content,
    the order of arrays is; numbers count by their lexical form, narrative by its canonical XML. JSON and XML of the
    same content have the same hash. Hashes are kept and held against later ones: no change may give another.
    """
    content = {name: value for name, value in bundle.items() if name not in _NOT_CONTENT}
    written = _written(content)
    if any(mark in written for mark in _MARKS):
        written = _written(_members(content))
    return hashlib.sha256(written.encode()).hexdigest()


def _written(content: dict[str, Any]) -> str:
    """The content as JSON in ASCII, numbers as they were written: what `_written_in_parts` gives, in less time."""
    try:
        written = orjson.dumps(content, default=_fragment, option=_SORTED).decode()
    except TypeError:
        return _written_in_parts(content)
    if len(written) > _SHORT and not written.isascii():
        return _written_in_parts(content)
    return written.replace(_DEL, "\\u007f").encode("ascii", _ESCAPED).decode()


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What stands for text beyond ASCII."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(_ESCAPED, _escaped)


def _fragment(value: object) -> orjson.Fragment:
    if not isinstance(value, Decimal):
        raise TypeError
    return orjson.Fragment(str(value))


def _written_in_parts(content: dict[str, Any]) -> str:
    """The same of whatever content, such as numbers of more digits than orjson writes."""
    numbers: list[str] = []

    def place(value: Any) -> float:
        numbers.append(str(getattr(value, "text", value)))
        return float("nan")

    text = json.dumps(content, sort_keys=True, separators=(",", ":"), check_circular=False, default=place)
    if not numbers:
        return text
    in_order = iter(numbers)
    return _TEXT_OR_PLACE.sub(lambda found: next(in_order) if found[0] == "NaN" else found[0], text)


def _members(value: dict[str, Any]) -> dict[str, Any]:
    meta = value.get("meta")
    if "resourceType" in value and isinstance(meta, dict):
        kept = {name: member for name, member in meta.items() if name not in ("lastUpdated", "_lastUpdated")}
        value = {name: member for name, member in value.items() if name != "meta"} | ({"meta": kept} if kept else {})
    div = value.get("div")
    if isinstance(div, str):
        value = value | {"div": _narrative(div)}
    return {name: _content(member) if type(member) in (dict, list) else member for name, member in value.items()}


def _content(value: Any) -> Any:
    if type(value) is dict:
        return _members(value)
    return [_content(item) if type(item) in (dict, list) else item for item in value]


def _narrative(div: str) -> str:
    """The same XHTML in the one form that canonical XML gives it; text that is not XML stays as it is."""
    try:
        source = div.encode()
        markup.decode(source)
        return etree.tostring(markup.root(source), method="c14n", exclusive=True).decode()
    except (ParseError, etree.C14NError, ValueError):
        return div
