"""Content laid out for the eye: white space is added between tokens, nothing else is touched."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_XML_TOKEN = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[^>]*>|[^<]+", re.DOTALL)
_SPACE = re.compile(r"\s+")
_INDENT = "  "
_AROUND, _MOST_LINES = 3, 20_000
_DEEPEST = 60
"""What is nested deeper is hostile, and is shown as it is: its indents would outgrow it."""


def layout(text: str, media_type: str) -> str:
    """JSON and XML with one member or element a line; other text, and what is neither in truth, as it is."""
    if "json" in media_type:
        laid_out = _json(text)
    elif "xml" in media_type:
        laid_out = _xml(text)
    else:
        return text
    return laid_out if _SPACE.sub("", laid_out) == _SPACE.sub("", text) else text


def _json(text: str) -> str:
    lines, depth, previous = [""], 0, ""
    for part in _JSON_TOKEN.findall(text):
        closes, opened = part in "}]", previous in ("{", "[")
        depth += part in "{["
        depth -= closes
        if (closes or opened or previous == ",") and not (closes and opened):
            level = depth - 1 if part in "{[" else depth
            if level > _DEEPEST:
                return text
            lines.append(_INDENT * max(0, level))
        lines[-1] += ": " if part == ":" else part
        previous = part
    return "\n".join(lines)


def _xml(text: str) -> str:
    lines: list[str] = [""]
    depth, joins, opens = 0, True, False
    for part in _XML_TOKEN.findall(text):
        if not part.startswith("<"):
            if part.strip():
                lines[-1] += part
                joins = True
            continue
        closes = part.startswith("</")
        depth -= closes
        if depth > _DEEPEST:
            return text
        if joins or (closes and opens):
            lines[-1] += part
        else:
            lines.append(_INDENT * max(0, depth) + part)
        opens = not closes and part[1:2] not in ("?", "!") and not part.endswith("/>")
        depth += opens
        joins = False
    return "\n".join(lines)


@dataclass(frozen=True)
class Line:
    """A line of two texts side by side: `same`, `changed`, `removed` (only `before`) or `added` (only `after`)."""

    kind: str
    before: str | None
    after: str | None


def compared(before: bytes, after: bytes, media_type: str) -> list[Line]:
    """Two texts laid out side by side; of what is the same, three lines around each change, and a line without text for
    what is left out. Of texts of more than 20 000 lines only such a line: they are for programs."""
    texts = [layout(body.decode("utf-8", "replace"), media_type).splitlines() for body in (before, after)]
    if max(map(len, texts)) > _MOST_LINES:
        return [Line("gap", None, None)]
    lines: list[Line] = []
    for group in SequenceMatcher(None, texts[0], texts[1]).get_grouped_opcodes(_AROUND):
        lines += [Line("gap", None, None)] if lines else []
        for kind, *places in group:
            lines += _beside(kind, texts, *places)
    return lines


def _beside(kind: str, texts: list[list[str]], start: int, end: int, to_start: int, to_end: int) -> list[Line]:
    left: list[str | None] = [*texts[0][start:end]]
    right: list[str | None] = [*texts[1][to_start:to_end]]
    names = {"equal": "same", "replace": "changed", "delete": "removed", "insert": "added"}
    found = []
    for old, new in zip_longest(left, right):
        word = "removed" if new is None else "added" if old is None else names[kind]
        found.append(Line(word, old, new))
    return found
