"""How many elements content may have: told from its bytes, before any of them is made in memory.

An empty object is three bytes on the wire and some hundred in memory. Real messages have an element in 20 bytes or
more, the densest lists of codes one in 13.
"""

import re

from adapter.support.errors import ParseError

ALWAYS = 100_000
"""So many elements content of any size may have; a message has some hundreds."""
BYTES = 16
"""Larger content may have one in so many bytes."""

_JSON = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|([{\[,])', re.DOTALL)
"""A text, or in the group what is counted. Each part is possessive: no content makes it go back."""
_XML = re.compile(
    rb"""<!--(?:[^-]++|-(?!->))*+|<!\[CDATA\[(?:[^]]++|](?!]>))*+|<\?(?:[^?]++|\?(?!>))*+|</"""
    rb"""|>[^<]*+|"[^"]*+"?|'[^']*+'?|([<=])"""
)
"""What is no markup, an end, the text after a tag, a value; or in the group an element's <, an attribute's =."""


def check_json(content: bytes) -> None:
    """Raises ParseError where there are too many objects, arrays and values. Counted are `{`, `[` and `,` outside of
    texts: values of an object or array are one more than its commas, and an empty one has none."""
    most = _most(content)
    if len(content) > most and _at_most(content, b"{[,") > most:
        _count(content, _JSON, most, "objects, arrays and values")


def check_xml(content: bytes) -> None:
    """Raises ParseError where there are too many elements and attributes, namespace declarations among them. No parser
    counts: libxml2 itself keeps a record of each attribute that stands twice."""
    most = _most(content)
    if len(content) > most and _at_most(content, b"<=") - content.count(b"</") > most:
        _count(content, _XML, most, "elements and attributes")


def _most(content: bytes) -> int:
    return max(ALWAYS, len(content) // BYTES)


def _at_most(content: bytes, marks: bytes) -> int:
    """How many of the marks there are, in texts too."""
    return len(content) - len(content.translate(None, marks))


def _count(content: bytes, marks: re.Pattern[bytes], most: int, what: str) -> None:
    found = 0
    for each in marks.finditer(content):
        if each.lastindex:
            found += 1
            if found > most:
                said = f"the content of {len(content)} bytes has more than {most} {what}"
                bound = f"expected at most one in {BYTES} bytes, or {ALWAYS} where that is more"
                raise ParseError(f"{said}: {bound}", content.count(b"\n", 0, each.start()) + 1)
