"""The XHTML of narratives: which elements there are, and which attributes each may have.

FHIR R4, txt-1 (narrative.html): the elements and attributes that HTML 4 describes in chapters 7 to 11 (but not 9.4,
which marks changes: ins and del) and 15, `a`, images, and style attributes; no head, no body. Names and where they
belong are facts of the HTML 4.01 Recommendation (W3C, 24 December 1999), group by group as its chapters have them.

R4 speaks of *basic* elements. That is read as those that HTML 4.01 does not deprecate: so dir, menu (10.4), center
(15.1.2), s, strike, u (15.2.1), font and basefont (15.2.2) are none. Attributes that it deprecates on elements that
stay are described in these chapters all the same, and allowed. Event handlers (18.2.3) and target (16.3) are not
described there.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMON = _words("id class title style lang dir")
"""Of every element: 7.5.2 (id, class), 7.4.3 (title), 8.1 (lang), 8.2 (dir), 14.2.2 (style)."""

_CELLS = _words("align char charoff valign")
"""Of all parts of a table that align their cells: 11.3.2."""

_NONE: frozenset[str] = frozenset()

ATTRIBUTES: dict[str, frozenset[str]] = {
    # 7.5.4 to 7.5.6: grouping, headings, address. align: 15.1.2
    "div": _words("align"),
    "span": _NONE,
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _words("align")),
    "address": _NONE,
    # 8.2.4: overriding the direction of text
    "bdo": _NONE,
    # 9.2.1: phrases
    **dict.fromkeys(("em", "strong", "dfn", "code", "samp", "kbd", "var", "cite", "abbr", "acronym"), _NONE),
    # 9.2.2: quotations. 9.2.3: subscripts, superscripts
    "blockquote": _words("cite"),
    "q": _words("cite"),
    "sub": _NONE,
    "sup": _NONE,
    # 9.3.1 to 9.3.4: paragraphs, line breaks, preformatted text. align: 15.1.2
    "p": _words("align"),
    "br": _words("clear"),
    "pre": _words("width"),
    # 10.2, 10.3: lists
    "ul": _words("type compact"),
    "ol": _words("type start compact"),
    "li": _words("type value"),
    "dl": _words("compact"),
    "dt": _NONE,
    "dd": _NONE,
    # 11.2.1 to 11.2.6, 11.3: tables. bgcolor: 15.1.1
    "table": _words("summary width border frame rules cellspacing cellpadding align bgcolor"),
    "caption": _words("align"),
    **dict.fromkeys(("thead", "tfoot", "tbody"), _CELLS),
    **dict.fromkeys(("colgroup", "col"), _CELLS | _words("span width")),
    "tr": _CELLS | _words("bgcolor"),
    **dict.fromkeys(
        ("th", "td"),
        _CELLS | _words("abbr axis headers scope rowspan colspan nowrap width height bgcolor"),
    ),
    # 12.2: links, of which R4 names `a`. shape, coords: 13.6.1. accesskey, tabindex: 17.11
    "a": _words("name href hreflang type rel rev charset shape coords accesskey tabindex"),
    # 13.2, 13.6.1, 13.7: images and their maps
    "img": _words("src alt longdesc name width height usemap ismap align border hspace vspace"),
    "map": _words("name"),
    "area": _words("shape coords href nohref alt accesskey tabindex"),
    # 15.2.1: font styles. 15.3: rules
    **dict.fromkeys(("tt", "i", "b", "big", "small"), _NONE),
    "hr": _words("align noshade size width"),
}
"""The elements, each with the attributes that it has beside those that are common."""

_XML = "{http://www.w3.org/XML/1998/namespace}"


def is_allowed(element: str, attribute: str) -> bool:
    """Whether an element, by its local name, may have an attribute: `name`, or `{namespace}name` as lxml writes it.
    XML's own xml:lang and xml:space (XML 1.0, 2.10 and 2.12) may stand anywhere."""
    if attribute.startswith(_XML):
        return attribute in (f"{_XML}lang", f"{_XML}space")
    return attribute in COMMON or attribute in ATTRIBUTES.get(element, _NONE)
