"""What htmlChecks() asks of a narrative: the XHTML that FHIR allows, and no empty div."""

from functools import lru_cache

from lxml import etree

from adapter.fhir import markup, xhtml
from adapter.support.errors import ParseError

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
    if namespace != "{" + markup.XHTML or name not in xhtml.ATTRIBUTES:
        return False
    return all(xhtml.is_allowed(name, str(attribute)) for attribute in element.attrib)


def _has_content(root: etree._Element) -> bool:
    image = root.find(f".//{{{markup.XHTML}}}img")
    return image is not None or bool("".join(map(str, root.itertext())).strip())
