"""XML that is read without trusting it, and the narrative's XHTML as FHIR JSON carries it: a string of markup.

No entity, DTD or network reference is followed: a document type declaration is refused before parsing. Depth and text
sizes are bounded by libxml2's own limits, the number of elements by `bounds`.
"""

import re
from collections.abc import Iterator

from lxml import etree

from adapter.fhir import bounds
from adapter.support.errors import ParseError

XHTML = "http://www.w3.org/1999/xhtml"

INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 cannot carry, escaped or not."""

_DOCTYPE = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_ROOT = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+<", re.DOTALL)
_ENCODING = re.compile(r"<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"']*)")
_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?]]>|<\?.*?\?>|<(?P<end>/?)(?P<name>[^\s/>]++)(?:[^>\"']++|\"[^\"]*\"|'[^']*')*+>",
    re.DOTALL,
)
_DIV = re.compile(r"<(?:[^\s<>/:\"']+:)?div[\s/>]")
_WORDS = {
    4: "the content is empty or does not begin with <",
    5: "there is content after the end of the root element",
    9: "a character that XML does not allow",
    26: "an entity that is not declared (XML itself knows only amp, lt, gt, quot and apos)",
    42: "an attribute stands twice on one element",
    76: "an end tag does not match its start tag",
    81: "the content is not UTF-8",
    114: "nested too deep, or a text of more than 10 million characters",
    201: "a namespace prefix that is not declared",
}


def decode(content: bytes) -> str:
    """The text of an XML document in UTF-8 (a byte order mark is dropped). Raises ParseError for another encoding and
    for a document type declaration."""
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8-sig")) + 1
        raise ParseError("the content is not UTF-8", before.count(b"\n") + 1, column) from None
    declared = _ENCODING.match(text)
    if declared and declared[1].lower() not in ("utf-8", "us-ascii"):
        raise ParseError("the XML declaration names another encoding: expected UTF-8", 1)
    _refuse_doctype(text)
    return text


def has_instructions(text: str) -> bool:
    """Whether a document has a processing instruction after its root element begins."""
    begin = _ROOT.match(text)
    return begin is not None and "<?" in text[begin.end() :]


def root(content: bytes, *, instructions: bool = False, bounded: bool = True) -> etree._Element:
    """The root element, comments left out, and processing instructions unless they are asked for. Raises ParseError
    where it is not well-formed, and where it has too many elements and attributes, unless `bounded` is False.

    Call `decode` first: it refuses what this must never see.
    """
    if bounded:
        bounds.check_xml(content)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=not instructions,
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        # libxml2's own words may quote the content; its error code does not.
        words = _WORDS.get(getattr(error, "code", 0), "the markup is not well-formed")
        raise ParseError(f"not XML: {words}", error.lineno, (error.offset or 0) + 1) from None


def narratives(text: str) -> Iterator[str]:
    """The source of each outermost `div` of a well-formed document, in document order, line ends as \\n.

    The source itself, so that quotes, character references and empty tags stay as their author wrote them.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    depth = start = 0
    for token in _TOKEN.finditer(text):
        name = token["name"]
        if name is None or (depth == 0 and name.rpartition(":")[2] != "div"):
            continue
        if depth == 0:
            start = token.start()
        depth += -1 if token["end"] else 0 if token[0].endswith("/>") else 1
        if depth == 0:
            yield text[start : token.end()]


def check_narrative(value: str) -> None:
    """Raises ParseError where a narrative's markup is not one well-formed XHTML div that stands by itself."""
    if INVALID.search(value):
        raise ParseError("a character that XML does not allow")
    if not _DIV.match(value):
        raise ParseError("a narrative begins with <div")
    if root(value.encode()).tag != f"{{{XHTML}}}div":
        raise ParseError(f"a narrative's div has the namespace {XHTML}")


def _refuse_doctype(text: str) -> None:
    if _DOCTYPE.match(text):
        raise ParseError("a document type declaration (DOCTYPE) is not accepted", 1)
