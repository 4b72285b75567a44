"""Whether two Bundles say the same: a hash that forgets how they were written, and when they were sent."""

import hashlib
import json
from typing import Any

from lxml import etree

from adapter.fhir import markup
from adapter.support.errors import ParseError

_NOT_CONTENT = frozenset({"id", "_id", "timestamp", "_timestamp"})
"""What a sender may change when it sends the same message again."""


def content_hash(bundle: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the content of a parsed Bundle.

    Left out: Bundle.id, Bundle.timestamp and every resource's meta.lastUpdated. The order of members is not content,
    the order of arrays is; numbers count by their lexical form, narrative by its canonical XML. JSON and XML of the
    same content have the same hash.
    """
    content = {name: value for name, value in bundle.items() if name not in _NOT_CONTENT}
    return hashlib.sha256(_written(content).encode("utf-8", "surrogatepass")).hexdigest()


def _written(value: Any) -> str:
    if isinstance(value, dict):
        members = sorted(_members(value).items())
        return "{" + ",".join([f"{json.dumps(name)}:{_written(member)}" for name, member in members]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_written(item) for item in value]) + "]"
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(getattr(value, "text", value))


def _members(value: dict[str, Any]) -> dict[str, Any]:
    meta = value.get("meta")
    if "resourceType" in value and isinstance(meta, dict):
        kept = {name: member for name, member in meta.items() if name not in ("lastUpdated", "_lastUpdated")}
        value = {name: member for name, member in value.items() if name != "meta"} | ({"meta": kept} if kept else {})
    div = value.get("div")
    return value | {"div": _narrative(div)} if isinstance(div, str) else value


def _narrative(div: str) -> str:
    """The same XHTML in the one form that canonical XML gives it; text that is not XML stays as it is."""
    try:
        source = div.encode()
        markup.decode(source)
        return etree.tostring(markup.root(source), method="c14n", exclusive=True).decode()
    except (ParseError, etree.C14NError, ValueError):
        return div
