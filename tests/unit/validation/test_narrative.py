"""The narrative's XHTML by HTML 4.01: each element with its own attributes, no other, and where it may stand."""

import pytest

from adapter.fhir import xhtml
from adapter.fhirpath.narrative import is_allowed
from adapter.validation.narrative import issues

NS = 'xmlns="http://www.w3.org/1999/xhtml"'
WITHIN = {
    "caption": "<table>{}</table>",
    "li": "<ul>{}</ul>",
    "area": "<map>{}</map>",
    **dict.fromkeys(("thead", "tbody", "tfoot", "colgroup", "col", "tr"), "<table>{}</table>"),
    **dict.fromkeys(("td", "th"), "<table><tr>{}</tr></table>"),
    **dict.fromkeys(("dt", "dd"), "<dl>{}</dl>"),
}
EMPTY = ("br", "hr", "img", "col", "area")
FILLED = {
    **dict.fromkeys(("ul", "ol"), "<li>x</li>"),
    "dl": "<dd>x</dd>",
    "map": "<area/>",
    **dict.fromkeys(("table", "thead", "tbody", "tfoot"), "<tr><td>x</td></tr>"),
    "tr": "<td>x</td>",
    "colgroup": "<col/>",
}


def narrative(content: str, attributes: str = "") -> str:
    return f"<div {NS}{attributes}>text {content}</div>"


def written(element: str, attribute: str) -> str:
    inner = "" if element in EMPTY else FILLED.get(element, "x")
    return narrative(WITHIN.get(element, "{}").format(f'<{element} {attribute}="1">{inner}</{element}>'))


@pytest.mark.parametrize("element", sorted(xhtml.ATTRIBUTES))
def test_each_element_has_its_attributes_and_no_others(element: str) -> None:
    own = xhtml.COMMON | xhtml.ATTRIBUTES[element]
    for attribute in (*own, "xml:lang", "xml:space"):
        assert issues(written(element, attribute)) == []
        assert is_allowed(written(element, attribute))
    every = frozenset().union(*xhtml.ATTRIBUTES.values())
    for attribute in (*(every - own), "onclick", "target", "data-x"):
        assert issues(written(element, attribute)) == [f"an attribute that FHIR does not allow on {element}"]
        assert not is_allowed(written(element, attribute))


OTHERS = (
    *("script", "form", "input", "button", "iframe", "object", "embed", "applet", "param", "svg"),
    *("head", "body", "html", "link", "base", "style"),
    *("ins", "del"),
    *("u", "s", "strike", "font", "basefont", "center", "dir", "menu"),
)


@pytest.mark.parametrize("element", OTHERS)
def test_what_txt_1_does_not_name_is_none(element: str) -> None:
    assert issues(narrative(f"<{element}>x</{element}>")) == ["an element that FHIR does not allow in a narrative"]
    assert not is_allowed(narrative(f"<{element}>x</{element}>"))


def test_the_div_itself_has_no_handler() -> None:
    assert issues(narrative("x", ' onclick="x"')) == ["an attribute that FHIR does not allow on div"]
    assert issues(narrative("x", ' class="x" align="left"')) == []


@pytest.mark.parametrize(
    ("content", "right"),
    [
        ("<dl><dt>x</dt><dd><ul><li>y</li></ul></dd></dl>", True),
        ("<dl><dt><ul><li>y</li></ul></dt></dl>", False),
        ("<b><i><b>x</b></i></b>", True),
        ('<a href="x"><b><a href="y">x</a></b></a>', False),
        ("<p><b><table><tr><td>x</td></tr></table></b></p>", False),
        ("<ul><li><table><tr><td>x</td></tr></table></li></ul>", True),
        ("<ul>x<b>y</b></ul>", False),
    ],
)
def test_where_elements_stand(content: str, right: bool) -> None:
    assert (issues(narrative(content)) == []) is right
