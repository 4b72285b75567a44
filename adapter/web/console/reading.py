"""Content laid out for the eye: white space is added between tokens, nothing else is touched."""

import re

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_XML_TOKEN = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[^>]*>|[^<]+", re.DOTALL)
_SPACE = re.compile(r"\s+")
_INDENT = "  "
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
