"""Markdown of our own pages as HTML that the console's policy lets through: no raw HTML, no style, no picture."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token


def html(text: str, places: Mapping[str, str]) -> str:
    """The text as HTML. `places`: the address of each file that a link may lead to, by its relative path.

    A link to one of them leads to its address; one within the page and one to http(s) stay; of any other, only its text
    is left: what it leads to is not served.
    """
    return str(_parser().render(text, {"places": places}))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table").disable("image")
    parser.core.ruler.push("console", _adapt)
    return parser


class _Renderer(RendererHTML):
    """Tables scroll by themselves where the window is narrow, as all tables of the console do."""

    def table_open(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return '<div class="scroll" tabindex="0">\n' + self.renderToken(tokens, index, options, env)

    def table_close(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return self.renderToken(tokens, index, options, env) + "</div>\n"


def _adapt(state: StateCore) -> None:
    for number, token in enumerate(state.tokens):
        if token.type == "heading_open":
            token.attrSet("id", _anchor(state.tokens[number + 1].content))
        if token.attrs.pop("style", None) == "text-align:right":
            token.attrSet("class", "number")
        if token.children:
            token.children = list(_linked(token.children, state.env["places"]))


def _anchor(heading: str) -> str:
    """The name of a heading, made as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")


def _linked(tokens: Iterable[Token], places: Mapping[str, str]) -> Iterator[Token]:
    """The tokens with links that lead somewhere; a link never stands within another."""
    leads = True
    for token in tokens:
        if token.type == "link_open":
            address = _address(str(token.attrs["href"]), places)
            leads = bool(address)
            token.attrSet("href", address)
            if urlsplit(address).scheme:
                token.attrSet("rel", "noreferrer")
        if leads or not token.type.startswith("link_"):
            yield token


def _address(target: str, places: Mapping[str, str]) -> str:
    """Where a link leads; nothing where it leads nowhere."""
    file, mark, anchor = target.partition("#")
    if file in places:
        return places[file] + mark + anchor
    return target if not file or urlsplit(target).scheme in ("http", "https") else ""
