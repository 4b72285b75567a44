"""How many elements content may have: told from its bytes, before any of them is made in memory.

An empty object is three bytes on the wire and some hundred in memory. Real messages have an element in 20 bytes or
more, the densest lists of codes one in 13.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lxml import etree

from adapter.support.errors import ParseError

ALWAYS = 100_000
"""So many elements content of any size may have; a message has some hundreds."""
BYTES = 16
"""Larger content may have one in so many bytes."""

_TEXT_OR_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|([{\[,])', re.DOTALL)


def check_json(content: bytes) -> None:
    """Raises ParseError where there are too many objects, arrays and values. Counted are `{`, `[` and `,` outside of
    texts: values of an object or array are one more than its commas, and an empty one has none."""
    most = _most(content)
    if len(content) > most and content.count(b"{") + content.count(b"[") + content.count(b",") > most:
        _count_json(content, most)


def check_xml(content: bytes) -> None:
    """Raises ParseError where there are too many elements and attributes."""
    most = _most(content)
    if len(content) > most and content.count(b"<") - content.count(b"</") + content.count(b"=") > most:
        _count_xml(content, most)


def _most(content: bytes) -> int:
    return max(ALWAYS, len(content) // BYTES)


def _count_json(content: bytes, most: int) -> None:
    found = 0
    for each in _TEXT_OR_MARK.finditer(content):
        if each.lastindex:
            found += 1
            if found > most:
                raise _too_many(most, "objects, arrays and values", content.count(b"\n", 0, each.start()) + 1)


def _count_xml(content: bytes, most: int) -> None:
    """Counts as far as it is well-formed, by the parser that reads it: it reads no further itself."""
    counter: Any = _Counter(most)  # its stubs demand methods that a target need not have
    parser = etree.XMLParser(target=counter, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    with suppress(etree.XMLSyntaxError):
        etree.fromstring(content, parser)


class _Counter:
    """Is told of each element instead of a tree being made."""

    def __init__(self, most: int) -> None:
        self._left = self._most = most

    def start(self, _tag: str, attributes: Mapping[str, str]) -> None:
        self._left -= 1 + len(attributes)
        if self._left < 0:
            raise _too_many(self._most, "elements and attributes")

    def close(self) -> None:
        pass


def _too_many(most: int, what: str, line: int | None = None) -> ParseError:
    expected = f"expected at most one in {BYTES} bytes, or {ALWAYS} where that is more"
    return ParseError(f"the content has more than {most} {what}: {expected}", line)
