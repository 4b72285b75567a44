"""The narrative's XHTML: which elements and attributes FHIR allows, where they may stand, where links may lead.

The names are those of `adapter.fhir.xhtml`. Where elements may stand is said by the content models of HTML 4.01: what
ends a paragraph (9.3.1) or is a block cannot stand in text (7.5.3); the parts of tables (11.2) and lists (10.2, 10.3).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lxml import etree

from adapter.fhir import markup, xhtml
from adapter.fhir.markup import XHTML
from adapter.fhir.shapes import obj, objects
from adapter.support.errors import ParseError
from adapter.validation import rules
from adapter.validation.run import Path, Run

if TYPE_CHECKING:
    from adapter.validation.items import Item


_XML = "{http://www.w3.org/XML/1998/namespace}"
_BLOCKS = frozenset({"div", "pre", "table", "ul", "ol"})
_NOT_IN_PARAGRAPH = frozenset({"div", "blockquote", "table", "ol", "ul", "p"})
_TEXTUAL = frozenset(
    {
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "address", "caption", "dt", "a", "span", "bdo", "q"),
        *("b", "i", "tt", "big", "small", "sub", "sup", "em", "strong", "dfn", "code", "samp", "kbd", "var", "cite"),
        *("abbr", "acronym"),
    }
)
"""What holds text and inline elements only; dd, li, td, th, div and blockquote hold blocks too."""
_PARENTS = {
    "tr": ("table", "thead", "tfoot", "tbody"),
    **dict.fromkeys(("tbody", "thead", "tfoot", "caption", "colgroup"), ("table",)),
    "col": ("colgroup", "table"),
    **dict.fromkeys(("th", "td"), ("tr", "thead", "tfoot")),
    "li": ("ul", "ol"),
    **dict.fromkeys(("dd", "dt"), ("dl",)),
}
_CHILDREN = {
    "table": frozenset({"tbody", "tr", "caption", "thead", "tfoot", "col", "colgroup"}),
    "tr": frozenset({"td", "th"}),
    **dict.fromkeys(("tbody", "thead", "tfoot"), frozenset({"tr"})),
    **dict.fromkeys(("ul", "ol"), frozenset({"li"})),
    "dl": frozenset({"dd", "dt"}),
    "map": frozenset({"area"}),
    **dict.fromkeys(("br", "img", "hr", "area"), frozenset[str]()),
}
_PLAIN = '<div xmlns="http://www.w3.org/1999/xhtml">'
_SOURCE_CONTROL = "http://hl7.org/fhir/StructureDefinition/narrative-source-control"
_LANGUAGE_CONTROL = "http://hl7.org/fhir/StructureDefinition/narrative-language-control"
_SOURCES = frozenset({"generated", "boilerplate", "original"})
_FORBIDDEN_SCHEMES = {"javascript": "a script", "vbscript": "a script", "urn": "a URN", "cid": "a cid"}


def check(value: Any, run: Run, path: Path) -> None:
    """A narrative's div, as JSON carries it."""
    if value.__class__ is not str:
        return run.report(rules.JSON_TYPE, "expected a string of XHTML", path)
    if _is_plain(value):
        return None
    try:
        markup.check_narrative(value)
        root = markup.root(value.encode())
    except ParseError as error:
        return run.report(rules.NARRATIVE, error.reason, path)
    for words in dict.fromkeys(_faults(root)):
        run.report(rules.NARRATIVE_CONTENT, words, path)
    _fragments(root, run, path)
    if not _has_content(root):
        run.report(rules.NARRATIVE_EMPTY, "expected text or an image", path)
    return None


def controls(definition: dict[str, Any], url: str) -> list[Callable[["Item", Run], None]]:
    """The checks that a profile's extensions for narrative ask for: where its parts come from, their languages."""
    found: list[Callable[[Item, Run], None]] = []
    for extension in objects(definition.get("extension")):
        code = extension.get("valueCode")
        if extension.get("url") == _SOURCE_CONTROL and isinstance(code, str):
            found.append(_source_control("information" if code in ("hint", "information") else "error", url))
        elif extension.get("url") == _LANGUAGE_CONTROL and isinstance(code, str):
            found.append(_language_control(code, url))
    return found


def _source_control(severity: str, url: str) -> Callable[["Item", Run], None]:
    def check(item: "Item", run: Run) -> None:
        root = _root(item.owner.get("div"))
        if root is None:
            return
        bare = [root.text, *(child.tail for child in root)]
        unmarked = [child for child in root if _SOURCES.isdisjoint(child.get("class", "").split())]
        if any(each and each.strip() for each in bare) or any(
            "".join(map(str, each.itertext())).strip() for each in unmarked
        ):
            expected = " or ".join(sorted(_SOURCES))
            words = f"a part of the narrative does not say where it comes from: expected class {expected}"
            run.report(rules.PROFILE_NARRATIVE, words, item.path, url, severity)

    return check


def _language_control(wanted: str, url: str) -> Callable[["Item", Run], None]:
    def check(item: "Item", run: Run) -> None:
        root = _root(item.owner.get("div"))
        if root is None:
            return None
        languages = {child.get(f"{_XML}lang") for child in root.iterchildren("{*}div")} - {None}
        stated = run.frame.resource.get("language")
        expected = stated if wanted == "_resource" else wanted
        if wanted == "_no":
            right = not languages
        elif wanted == "_yes":
            right = bool(languages)
        elif not languages or expected is None:
            return run.report(rules.NARRATIVE_LANGUAGE, "expected a div for each language", item.path, url)
        else:
            right = expected in languages
        if not right:
            words = "the narrative has not the divs by language that the profile demands"
            run.report(rules.PROFILE_NARRATIVE, words, item.path, url)
        return None

    return check


def _root(value: object) -> etree._Element | None:
    try:
        return markup.root(value.encode()) if isinstance(value, str) else None
    except ParseError:
        return None


def issues(value: str) -> list[str]:
    """What is wrong with a narrative, in words: for FHIRPath's htmlChecks()."""
    try:
        markup.check_narrative(value)
        root = markup.root(value.encode())
    except ParseError as error:
        return [error.reason]
    found = list(dict.fromkeys(_faults(root)))
    return found if _has_content(root) else [*found, "there is neither text nor an image"]


def check_language(resource: dict[str, Any], run: Run, path: Path) -> None:
    """The narrative's language is the resource's."""
    wanted, div = resource.get("language"), obj(resource.get("text")).get("div")
    if not isinstance(wanted, str) or not isinstance(div, str):
        return None
    found = _language(div)
    for name, value in zip(("lang", "xml:lang"), found, strict=True):
        if value is None:
            words = f"the div does not say its language: expected {name}"
            return run.report(rules.NARRATIVE_LANGUAGE, words, (path, "text"))
        if value != wanted:
            words = f"{name} of the div is not the language of the resource"
            return run.report(rules.NARRATIVE_LANGUAGE, words, (path, "text"))
    return None


def _language(value: object) -> tuple[str | None, str | None]:
    """`lang` and `xml:lang` of the div; None where it cannot be read or does not say."""
    root = _root(value)
    return (None, None) if root is None else (root.get("lang"), root.get(f"{_XML}lang"))


def _is_plain(value: str) -> bool:
    """The usual div with text and nothing else: no parser is needed to see that it is right."""
    if not value.startswith(_PLAIN) or not value.endswith("</div>"):
        return False
    inner = value[len(_PLAIN) : -6]
    return (
        "<" not in inner
        and "&" not in inner
        and "]]>" not in inner
        and not markup.INVALID.search(inner)
        and not (inner.isspace() or not inner)
    )


def _faults(root: etree._Element) -> list[str]:
    found = _attribute_faults(root, "div")
    waiting: list[tuple[etree._Element, str, bool, frozenset[str]]] = [
        (child, "div", False, frozenset()) for child in root
    ]
    while waiting and len(found) < 50:
        element, parent, in_paragraph, within = waiting.pop()
        name = _name(element)
        if name is None:
            found.append(f"an element outside the namespace {XHTML}")
            continue
        found += _element_faults(element, name, parent, in_paragraph, within)
        inside = within | {name} if name in _TEXTUAL else within
        paragraph = in_paragraph or name == "p"
        waiting += [(child, name, paragraph, inside) for child in element]
    return found


def _name(element: etree._Element) -> str | None:
    namespace, _, name = element.tag.rpartition("}")
    return name if namespace == f"{{{XHTML}" else None


def _element_faults(
    element: etree._Element, name: str, parent: str, in_paragraph: bool, within: frozenset[str]
) -> list[str]:
    if name not in xhtml.ATTRIBUTES:
        return ["an element that FHIR does not allow in a narrative"]
    found = _attribute_faults(element, name)
    if in_paragraph and name in _NOT_IN_PARAGRAPH:
        found.append(f"a {name} inside a paragraph")
    elif within and name in _BLOCKS:
        found.append(f"a {name} inside an element that holds text")
    if name == "a" and name in within:  # 12.2.2
        found.append("an a inside an a")
    if name in _PARENTS and parent not in _PARENTS[name]:
        found.append(f"a {name} in a {parent}: expected it in {' or '.join(_PARENTS[name])}")
    if parent in _CHILDREN and name not in _CHILDREN[parent]:
        found.append(f"a {name} in a {parent}, where it cannot stand")
    if name == "a" and (words := _link_fault(element.get("href"))):
        found.append(words)
    return found


def _attribute_faults(element: etree._Element, name: str) -> list[str]:
    return [
        f"an attribute that FHIR does not allow on {name}"
        for attribute in element.attrib
        if not xhtml.is_allowed(name, str(attribute))
    ]


def _link_fault(href: str | None) -> str | None:
    if href is None:
        return None
    if not href.strip():
        return "a link whose href is empty"
    scheme = href.partition(":")[0].strip().lower()
    if ":" in href and scheme in _FORBIDDEN_SCHEMES:
        return f"a link to {_FORBIDDEN_SCHEMES[scheme]}: expected one that a browser can follow"
    return None


def _fragments(root: etree._Element, run: Run, path: Path) -> None:
    """Links and images within the document must lead somewhere in the resource."""
    wanted = {
        url[1:]
        for element in root.iter("{*}a", "{*}img")
        for url in (element.get("href") or element.get("src"),)
        if url and url.startswith("#") and len(url) > 1
    }
    if not wanted:
        return
    ids = {element.get("id") for element in root.iter()} | {element.get("name") for element in root.iter("{*}a")}
    run.links.append((run.frame, path, {each for each in wanted if each not in ids}))


def _has_content(root: etree._Element) -> bool:
    return any(text.strip() for text in root.itertext()) or any(element.get("src") for element in root.iter("{*}img"))
