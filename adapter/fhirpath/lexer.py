"""Text to tokens, each with its position."""

import re
from typing import NamedTuple

from adapter.fhirpath.errors import FhirPathSyntaxError, Position

MAX_LENGTH = 100_000
"""Characters in an expression. The longest of R4's own has about 500."""

_TIME = r"[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_DATE = r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?"
_TOKENS = re.compile(
    rf"""(?P<space>(?:[ \r\n\t]+|//[^\r\n]*|/\*(?s:.*?)\*/)+)
    |(?P<datetime>@{_DATE}T(?:{_TIME}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?)
    |(?P<date>@{_DATE})
    |(?P<time>@T{_TIME})
    |(?P<long>[0-9]+L)
    |(?P<decimal>[0-9]+\.[0-9]+)
    |(?P<integer>[0-9]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<quoted>`(?:[^`\\]|\\.)*`)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<symbol>!=|!~|<=|>=|\$this|\$index|\$total|/(?!\*)|[.,()\[\]{{}}+\-*&|<>=~%])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"f": "\f", "n": "\n", "r": "\r", "t": "\t"} | {c: c for c in "`\"'\\/"}
_UNCLOSED = {"'": "the string is not closed: expected '", "`": "the name is not closed: expected `"}


class Token(NamedTuple):
    """`kind` is a group of the grammar, or `end`. `text` is as written, without quotes and escapes where quoted."""

    kind: str
    text: str
    at: Position


def tokens(expression: str) -> list[Token]:
    """All tokens but white space and comments, the last being `end`. Raises FhirPathSyntaxError."""
    if len(expression) > MAX_LENGTH:
        raise FhirPathSyntaxError(f"the expression is longer than {MAX_LENGTH} characters")
    found: list[Token] = []
    offset, line, start = 0, 1, 0
    while offset < len(expression):
        at = Position(offset, line, offset - start + 1)
        match = _TOKENS.match(expression, offset)
        if match is None:
            raise FhirPathSyntaxError(_complaint(expression, offset), at)
        kind, text = match.lastgroup or "", match[0]
        if kind in ("quoted", "string"):
            found.append(Token(kind, _unescape(text[1:-1], at), at))
        elif kind != "space":
            found.append(Token(kind, text, at))
        breaks = text.count("\n")
        if breaks:
            line += breaks
            start = offset + text.rindex("\n") + 1
        offset = match.end()
    found.append(Token("end", "", Position(offset, line, offset - start + 1)))
    return found


def _complaint(expression: str, offset: int) -> str:
    character = expression[offset]
    if character in _UNCLOSED:
        return _UNCLOSED[character]
    if expression.startswith("/*", offset):
        return "the comment is not closed: expected */"
    if character == "@":
        return "expected a date or time after @, such as @2014-01-25, @2014-01-25T14:30:14+01:00 or @T14:30"
    if character == "$":
        return "expected $this, $index or $total"
    return f"unexpected character {character!a}"


def _unescape(text: str, at: Position) -> str:
    if "\\" not in text:
        return text

    def replace(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) == 5:
            return chr(int(code[1:], 16))
        if code not in _ESCAPED:
            raise FhirPathSyntaxError(
                f"\\{code} is not an escape: expected one of \\` \\\" \\' \\\\ \\/ \\f \\n \\r \\t \\uXXXX", at
            )
        return _ESCAPED[code]

    # Two escapes may be the halves of one character.
    return _ESCAPE.sub(replace, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
