"""Markdown as HTML of the console."""

import pytest

from adapter.web.console import markdown

PLACES = {"other.md": "/console/other"}


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[more](other.md)", '<a href="/console/other">more</a>'),
        ("[`more`](other.md#what-to-do)", '<a href="/console/other#what-to-do"><code>more</code></a>'),
        ("[above](#what-to-do)", '<a href="#what-to-do">above</a>'),
        ("[law](https://law.example/a?b#c)", '<a href="https://law.example/a?b#c" rel="noreferrer">law</a>'),
        ("<http://law.example>", '<a href="http://law.example" rel="noreferrer">http://law.example</a>'),
        ("[more][1]\n\n[1]: other.md", '<a href="/console/other">more</a>'),
    ],
)
def test_a_link_that_leads_somewhere(link, shown):
    assert markdown.html(f"See {link}", PLACES).startswith(f"<p>See {shown}</p>")


@pytest.mark.parametrize(
    "target",
    [
        "../how-to/operate.md#mend",
        "unknown.md",
        "sub/other.md",
        "/console/other",
        "//evil.example/x",
        "mailto:a@b.example",
    ],
)
def test_of_any_other_the_text_is_left(target):
    text = f"[*Mend* it]({target}), then [more](other.md), or [not](x.md)"
    left = '<p><em>Mend</em> it, then <a href="/console/other">more</a>, or not</p>\n'
    assert markdown.html(text, PLACES) == left


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[a](javascript:alert(1))",
        "![a](https://elsewhere.example/a.png)",
        '[a](other.md "x" onclick="alert(1)")',
        "`<script>`",
        '```"><script>\nx\n```',
        "| a | b |\n|:--|--:|\n| <b onclick=x> | 1 |",
    ],
)
def test_nothing_that_the_policy_forbids_is_made(text):
    html = markdown.html(text, PLACES)
    for forbidden in ("<script", "<img", "<b ", " style=", ' onclick="', 'href="javascript'):
        assert forbidden not in html


def test_headings_can_be_led_to():
    assert markdown.html("## What `to` do?", {}) == '<h2 id="what-to-do">What <code>to</code> do?</h2>\n'


def test_a_table_scrolls_and_its_numbers_stand_to_the_right():
    html = markdown.html("| a | b |\n|---|--:|\n| x | 1 |", {})
    assert html.startswith('<div class="scroll" tabindex="0">\n<table>\n')
    assert html.endswith("</table>\n</div>\n")
    assert "<td>x</td>" in html
    assert '<td class="number">1</td>' in html


def test_lists_and_code():
    html = markdown.html("1. `adapter status`\n2. then\n\n```\nadapter <x>\n```\n", {})
    assert "<ol>\n<li><code>adapter status</code></li>" in html
    assert "<pre><code>adapter &lt;x&gt;\n</code></pre>" in html
