"""What htmlChecks() asks of a narrative: the XHTML that FHIR allows, and no empty div."""

from functools import lru_cache

from lxml import etree

from adapter.fhir import markup
from adapter.support.errors import ParseError

_ELEMENTS = frozenset(
    [
        "p",
        "br",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "a",
        "span",
        "b",
        "em",
        "i",
        "strong",
        "small",
        "big",
        "tt",
        "dfn",
        "q",
        "var",
        "abbr",
        "acronym",
        "cite",
        "blockquote",
        "hr",
        "address",
        "bdo",
        "kbd",
        "q",
        "sub",
        "sup",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "pre",
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tr",
        "tfoot",
        "tbody",
        "th",
        "td",
        "code",
        "samp",
        "img",
        "map",
        "area",
        "ins",
        "del",
        "u",
        "s",
    ]
)
_ATTRIBUTES = frozenset(
    [
        "title",
        "style",
        "class",
        "id",
        "lang",
        "xml:lang",
        "dir",
        "accesskey",
        "tabindex",
        "name",
        "href",
        "rel",
        "rev",
        "charset",
        "type",
        "hreflang",
        "coords",
        "shape",
        "cite",
        "datetime",
        "src",
        "alt",
        "height",
        "width",
        "longdesc",
        "usemap",
        "ismap",
        "span",
        "align",
        "valign",
        "char",
        "charoff",
        "abbr",
        "axis",
        "headers",
        "scope",
        "rowspan",
        "colspan",
        "border",
        "cellspacing",
        "cellpadding",
        "frame",
        "rules",
        "summary",
        "start",
        "value",
        "compact",
        "nowrap",
        "bgcolor",
        "target",
    ]
)
_XML = "{http://www.w3.org/XML/1998/namespace}"
_MAX_LENGTH = 10_000_000


@lru_cache(256)
def is_allowed(text: str) -> bool:
    """Whether the markup is one div of allowed elements and attributes that has some content."""
    if len(text) > _MAX_LENGTH:
        return False
    try:
        markup.check_narrative(text)
        root = markup.root(text.encode())
    except (ParseError, UnicodeEncodeError):
        return False
    if root.tag != f"{{{markup.XHTML}}}div":
        return False
    return all(map(_is_allowed_element, root.iter(etree.Element))) and _has_content(root)


def _is_allowed_element(element: etree._Element) -> bool:
    namespace, _, name = str(element.tag).rpartition("}")
    if namespace != "{" + markup.XHTML or name not in _ELEMENTS:
        return False
    return all(str(attribute).replace(_XML, "xml:") in _ATTRIBUTES for attribute in element.attrib)


def _has_content(root: etree._Element) -> bool:
    image = root.find(f".//{{{markup.XHTML}}}img")
    return image is not None or bool("".join(map(str, root.itertext())).strip())
