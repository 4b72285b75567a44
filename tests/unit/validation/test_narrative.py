"""The narrative's XHTML by HTML 4.01: each element with its own attributes, no other, and where it may stand."""

import pytest

from adapter.fhir import xhtml
from adapter.fhirpath.narrative import is_allowed
from adapter.validation.items import Item
from adapter.validation.narrative import check, check_language, controls, issues
from adapter.validation.run import Run

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


TABLE = "<table><tr><td>x</td></tr></table>"
BLOCKS = {
    "div": "<div>x</div>",
    "blockquote": "<blockquote>x</blockquote>",
    "table": TABLE,
    "ol": "<ol><li>x</li></ol>",
    "ul": "<ul><li>x</li></ul>",
    "p": "<p>x</p>",
    "pre": "<pre>x</pre>",
}
TEXTUAL = (
    *("h1", "h2", "h3", "h4", "h5", "h6", "pre", "address", "caption", "dt", "a", "span", "bdo", "q"),
    *("b", "i", "tt", "big", "small", "sub", "sup", "em", "strong", "dfn", "code", "samp", "kbd", "var", "cite"),
    *("abbr", "acronym"),
)


def inside(element: str, content: str) -> list[str]:
    return issues(narrative(WITHIN.get(element, "{}").format(f"<{element}>{content}</{element}>")))


@pytest.mark.parametrize("block", ["div", "blockquote", "table", "ol", "ul", "p"])
def test_what_ends_a_paragraph_is_not_in_one(block: str) -> None:
    told = [f"a {block} inside a paragraph"]
    assert inside("p", BLOCKS[block]) == told
    assert inside("p", f"<b>x{BLOCKS[block]}</b>") == told
    assert inside("blockquote", BLOCKS[block]) == []
    assert inside("p", BLOCKS["pre"]) == ["a pre inside an element that holds text"]


@pytest.mark.parametrize("element", TEXTUAL)
def test_what_holds_text_holds_no_block(element: str) -> None:
    for block in ("div", "pre", "table", "ul", "ol"):
        assert inside(element, f"x{BLOCKS[block]}") == [f"a {block} inside an element that holds text"]
    assert inside(element, "x<br/>") == []


@pytest.mark.parametrize("element", ["dd", "li", "td", "th", "div", "blockquote"])
def test_what_holds_blocks(element: str) -> None:
    assert inside(element, "".join(BLOCKS.values())) == []


PARTS = {
    "table": ("tbody", "tr", "caption", "thead", "tfoot", "col", "colgroup"),
    "tr": ("td", "th"),
    "tbody": ("tr",),
    "thead": ("tr",),
    "tfoot": ("tr",),
    "ul": ("li",),
    "ol": ("li",),
    "dl": ("dd", "dt"),
}
MAY_BE_IN = {
    "tr": "table or thead or tfoot or tbody",
    **dict.fromkeys(("tbody", "thead", "tfoot", "caption", "colgroup"), "table"),
    "col": "colgroup or table",
    **dict.fromkeys(("td", "th"), "tr or thead or tfoot"),
    "li": "ul or ol",
    **dict.fromkeys(("dd", "dt"), "dl"),
}


def part(element: str) -> str:
    inner = "" if element in EMPTY else FILLED.get(element, "x")
    return f"<{element}>{inner}</{element}>"


@pytest.mark.parametrize("whole", PARTS)
def test_parts_stand_in_their_whole_and_nothing_else_does(whole: str) -> None:
    for each in PARTS[whole]:
        assert inside(whole, part(each)) == []
    assert inside(whole, "<b>x</b>") == [f"a b in a {whole}, where it cannot stand"]


@pytest.mark.parametrize(("element", "parents"), MAY_BE_IN.items())
def test_parts_do_not_stand_elsewhere(element: str, parents: str) -> None:
    assert issues(narrative(part(element))) == [f"a {element} in a div: expected it in {parents}"]


@pytest.mark.parametrize("element", ["br", "img", "hr"])
def test_an_empty_element_holds_nothing(element: str) -> None:
    assert inside(element, "<b>x</b>") == [f"a b in a {element}, where it cannot stand"]


def test_a_map_holds_areas() -> None:
    assert inside("map", "<area/>") == []
    assert inside("map", "<b>x</b>") == ["a b in a map, where it cannot stand"]
    assert inside("map", "<area><b>x</b></area>") == ["a b in a area, where it cannot stand"]


def test_each_fault_is_told_of_once_and_the_search_ends_after_fifty() -> None:
    wrong = "<b><x>y</x></b>"
    assert issues(narrative(wrong * 3)) == ["an element that FHIR does not allow in a narrative"]
    assert len(issues(narrative("<li>x</li>" + wrong * 49))) == 2
    assert len(issues(narrative("<li>x</li>" + wrong * 50))) == 1
    other = '<x:b xmlns:x="urn:x">y</x:b>'
    assert issues(narrative(f"<p>x</p>{other}<i>y</i><li>x</li>")) == [
        "a li in a div: expected it in ul or ol",
        "an element outside the namespace http://www.w3.org/1999/xhtml",
    ]


def test_comments_are_no_elements() -> None:
    assert issues(narrative("<!-- x --><b><!-- y -->z</b>")) == []


def test_only_an_a_has_links() -> None:
    assert issues(narrative('<b href="urn:x">x</b>')) == ["an attribute that FHIR does not allow on b"]


def test_what_is_no_xhtml_is_told_by_its_fault() -> None:
    assert len(issues("<div>")) == 1
    assert len(issues(f"<!DOCTYPE div [<!ENTITY x 'y'>]><div {NS}>&x;</div>")) == 1
    assert issues(f"<div {NS}> </div>") == ["there is neither text nor an image"]
    assert issues(f'<div {NS}><img src="x"/></div>') == []
    assert issues(f'<div {NS}><img alt="x"/></div>') == ["there is neither text nor an image"]
    assert issues(f'<div {NS}><b alt="x"/></div>') == [
        "an attribute that FHIR does not allow on b",
        "there is neither text nor an image",
    ]


@pytest.mark.parametrize(
    ("href", "words"),
    [
        ("x", None),
        (" ", "a link whose href is empty"),
        ("urn:x", "a link to a URN: expected one that a browser can follow"),
        ("CID :x", "a link to a cid: expected one that a browser can follow"),
        ("javascript:x", "a link to a script: expected one that a browser can follow"),
        ("vbscript:x", "a link to a script: expected one that a browser can follow"),
        ("cid", None),
        ("http://x.example/urn:x", None),
        ("#urn:x", None),
    ],
)
def test_links(href: str, words: str | None) -> None:
    assert issues(narrative(f'<a href="{href}">x</a>')) == ([words] if words else [])


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ('lang="sv" xml:lang="sv"', None),
        ('xml:lang="sv"', "the div does not say its language: expected lang"),
        ('lang="sv"', "the div does not say its language: expected xml:lang"),
        ('lang="en" xml:lang="sv"', "lang of the div is not the language of the resource"),
        ('lang="sv" xml:lang="en"', "xml:lang of the div is not the language of the resource"),
        ("", "the div does not say its language: expected lang"),
    ],
)
def test_the_language_of_the_div(attributes: str, words: str | None) -> None:
    run = Run("X")
    check_language({"language": "sv", "text": {"div": f"<div {NS} {attributes}>x</div>"}}, run, None)
    assert [issue.message for issue in run.issues] == ([words] if words else [])


@pytest.mark.parametrize(
    "resource",
    [{"language": "sv"}, {"language": 1, "text": {"div": "x"}}, {"text": {"div": "x"}}, {"language": "sv", "text": 1}],
)
def test_without_language_or_div_there_is_nothing_to_say(resource: dict[str, object]) -> None:
    run = Run("X")
    check_language(resource, run, None)
    assert run.issues == []


def test_controls_without_a_code_are_none() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/narrative-{}-control"
    for kind in ("source", "language"):
        assert controls({"extension": [{"url": url.format(kind)}]}, "p") == []
        assert len(controls({"extension": [{"url": url.format(kind), "valueCode": "_yes"}]}, "p")) == 1
    assert controls({"extension": [{"url": "x", "valueCode": "_yes"}]}, "p") == []


PLAIN = f"<div {NS}>"


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (f"{PLAIN}x</div>", None),
        (f"{PLAIN}x å</div>", None),
        (f"{PLAIN}x &amp; y</div>", None),
        (f"<div {NS} class='x'>x</div>", None),
        (f"{PLAIN}</div>", "base-narrative-empty"),
        (f"{PLAIN} </div>", "base-narrative-empty"),
        (f"{PLAIN}x", "base-narrative"),
        (f"x{PLAIN}x</div>", "base-narrative"),
        (f"{PLAIN}x</div>x", "base-narrative"),
        (f"{PLAIN}x & y</div>", "base-narrative"),
        (f"{PLAIN}x ]]> y</div>", "base-narrative"),
        (f"{PLAIN}x\x01</div>", "base-narrative"),
        (f"{PLAIN}x</div></div>", "base-narrative"),
        (f"{PLAIN}&x;</div>", "base-narrative"),
        (f"<!DOCTYPE div>{PLAIN}x</div>", "base-narrative"),
        (f"{PLAIN}<script>x</script></div>", "base-narrative-content"),
        (f"<div {NS} onclick='x'>x</div>", "base-narrative-content"),
        ("<div>x</div>", "base-narrative"),
        ("x", "base-narrative"),
        (1, "base-type"),
        (None, "base-type"),
    ],
)
def test_a_div(value: object, rule: str | None) -> None:
    run = Run("X")
    check(value, run, None)
    assert [issue.rule for issue in run.issues] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("code", "severity"), [("hint", "information"), ("information", "information"), ("error", "error"), ("x", "error")]
)
def test_how_grave_an_unmarked_part_is(code: str, severity: str) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/narrative-source-control"
    (found,) = controls({"extension": [{"url": url, "valueCode": code}]}, "p")
    for div, issues_ in ((f"{PLAIN}x</div>", [severity]), ("<div>", []), (1, [])):
        run = Run("X")
        found(Item({"div": div}, "Narrative", None), run)
        assert [issue.severity for issue in run.issues] == issues_


@pytest.mark.parametrize(
    ("content", "marked"),
    [
        ("<p class='generated'>x</p>", True),
        ("<p class='a original b'>x</p><p class='boilerplate'>y</p>", True),
        ("<!-- comment --><p class='original'>x<b>y</b></p> <?pi x?>", True),
        ("<p class='original'/><p/>", True),
        ("<p class='original'/><p> <b> </b> </p>", True),
        ("<p>x</p>", False),
        ("<p class='XXXX'>x</p>", False),
        ("<p class='originally'>x</p>", False),
        ("<p><b>x</b></p>", False),
        ("<p class='original'>x</p>y", False),
        ("x<p class='original'>x</p>", False),
    ],
)
def test_where_parts_come_from(content: str, marked: bool) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/narrative-source-control"
    (found,) = controls({"extension": [{"url": url, "valueCode": "error"}]}, "p")
    run = Run("X")
    found(Item({"div": f"{PLAIN}{content}</div>"}, "Narrative", None), run)
    assert [issue.rule for issue in run.issues] == ([] if marked else ["profile-narrative"])


@pytest.mark.parametrize(
    ("content", "lost"),
    [
        ("<a href='#x'>y</a>", {"x"}),
        ("<a href='#x'>y</a><p id='x'>y</p>", set()),
        ("<a href='#x'>y</a><a name='x'>y</a>", set()),
        ("<a href='#x'>y</a><p title='x'>y</p>", {"x"}),
        ("<img src='#x' alt='y'/>", {"x"}),
        ("<a href='#'>y</a>", None),
        ("<a href='x#'>y</a><a>z</a>", None),
        ("<a href='#None'>y</a>", {"None"}),
    ],
)
def test_links_within_the_document_are_kept_for_later(content: str, lost: set[str] | None) -> None:
    run = Run("X")
    check(f"{PLAIN}{content}</div>", run, None)
    assert run.issues == []
    assert [wanted for _, _, wanted in run.links] == ([lost] if lost is not None else [])


def test_what_is_wrong_within_is_found_at_any_depth() -> None:
    comment = "<!-- c --><?pi?>"
    assert issues(f"{PLAIN}{comment}<p>{comment}x</p></div>") == []
    assert issues(f"{PLAIN}{comment}<p>{comment}<b>x<script/></b></p></div>") == [
        "an element that FHIR does not allow in a narrative"
    ]
    parts = ("<x:p xmlns:x='urn:x'>y</x:p>", "<p>z<script/></p>")
    for content in ("".join(parts), "".join(reversed(parts))):
        assert set(issues(f"{PLAIN}{content}</div>")) == {
            "an element outside the namespace http://www.w3.org/1999/xhtml",
            "an element that FHIR does not allow in a narrative",
        }


@pytest.mark.parametrize("value", [f"{PLAIN}a text that goes on", f"{PLAIN}text</dix>", "text</div>"])
def test_a_div_without_an_end_is_none(value: str) -> None:
    run = Run("X")
    check(value, run, None)
    assert [issue.rule for issue in run.issues] == ["base-narrative"]


@pytest.mark.parametrize("code", ["_yes", "_no", "_resource", "sv"])
def test_languages_of_what_cannot_be_read_are_not_asked(code: str) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/narrative-language-control"
    (found,) = controls({"extension": [{"url": url, "valueCode": code}]}, "p")
    for div in ("<div>", 1, None):
        run = Run("X")
        found(Item({"div": div}, "Narrative", None), run)
        assert run.issues == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<p>x</p>", None),
        (f"<p {NS}>x</p>", None),
        ('<h:p xmlns:h="http://www.w3.org/1999/xhtml">x</h:p>', None),
        ('<p xmlns="">x</p>', "an element outside the namespace http://www.w3.org/1999/xhtml"),
        ('<p xmlns="http://hl7.org/fhir">x</p>', "an element outside the namespace http://www.w3.org/1999/xhtml"),
    ],
)
def test_elements_of_a_narrative_are_of_the_namespace_of_xhtml(content: str, words: str | None) -> None:
    run = Run("Patient")
    check(narrative(content), run, None)
    assert [issue.message for issue in run.issues] == ([words] if words else [])
