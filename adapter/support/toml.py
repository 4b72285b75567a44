"""TOML with the line of every key, which the standard library's parser does not tell."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.support.checked import Lines, Place
from adapter.support.errors import ConfigurationError, Problem

_TOKEN = re.compile(
    r'(?P<text>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<mark>[\[\]{}=,.])|(?P<bare>[^\s\[\]{}=,.\"'\#]+)|(?P<space>\s)",
    re.DOTALL,
)


def load(file: Path) -> tuple[dict[str, Any], Lines, bytes]:
    """The file's data, the lines of its keys and its bytes. Raises ConfigurationError (with line) for bad syntax and
    OSError where the file cannot be read."""
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigurationError([Problem(file, line, "is not UTF-8 text")]) from error
    except tomllib.TOMLDecodeError as error:
        reason = re.sub(r" \(at (line \d+, column \d+|end of document)\)$", "", str(error))
        at = re.search(r"at line (\d+)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise ConfigurationError([Problem(file, line, f"is not valid TOML: {_lowered(reason)}")]) from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply, or a number has too many digits"
        raise ConfigurationError([Problem(file, None, f"is not valid TOML: {reason}")]) from error
    return data, Lines(_Locator(text).lines), raw


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


class _Locator:
    """Walks text that is known to be valid TOML and notes where each key and list element begins."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self._tables: dict[Place, int] = {}
        self._tokens = _tokens(text)
        self._kind, self._text, self._line = next(self._tokens)
        table: Place = ()
        while self._kind != "end":
            if self._text == "[" and self._kind == "mark":
                table = self._header()
            elif self._kind == "newline":
                self._next()
            else:
                self._pair(table)

    def _next(self) -> None:
        self._kind, self._text, self._line = next(self._tokens)

    def _header(self) -> Place:
        line = self._line
        self._next()
        many = self._text == "["
        if many:
            self._next()
        place: Place = ()
        for part in self._key():
            place = (*place, part)
            if place in self._tables:
                place = (*place, self._tables[place])
        if many:
            name = place[:-1] if isinstance(place[-1], int) else place
            self._tables[name] = self._tables.get(name, -1) + 1
            self.lines.setdefault(name, line)
            place = (*name, self._tables[name])
            self._next()
        self._next()
        for length in range(1, len(place) + 1):
            self.lines.setdefault(place[:length], line)
        return place

    def _key(self) -> list[str]:
        parts = []
        while self._text not in {"=", "]"}:
            if self._kind == "text":
                parts.append(next(iter(tomllib.loads(f"{self._text} = 0"))))
            elif self._kind == "bare":
                parts.append(self._text)
            self._next()
        return parts

    def _pair(self, table: Place) -> None:
        line = self._line
        place = table
        for part in self._key():
            place = (*place, part)
            self.lines.setdefault(place, line)
        self._next()
        self._value(place)

    def _value(self, place: Place) -> None:
        if self._kind == "mark" and self._text == "[":
            self._sequence(place)
        elif self._kind == "mark" and self._text == "{":
            self._inline(place)
        else:
            while self._kind not in {"newline", "end"} and not (self._kind == "mark" and self._text in ",]}"):
                self._next()

    def _sequence(self, place: Place) -> None:
        self._next()
        index = 0
        while not (self._kind == "mark" and self._text == "]"):
            if self._kind == "newline":
                self._next()
            elif self._kind == "mark" and self._text == ",":
                index += 1
                self._next()
            else:
                self.lines[(*place, index)] = self._line
                self._value((*place, index))
        self._next()

    def _inline(self, place: Place) -> None:
        self._next()
        while not (self._kind == "mark" and self._text == "}"):
            if self._kind == "newline" or self._text == ",":
                self._next()
            else:
                self._pair(place)
        self._next()


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind not in {"space", "comment"}:
            yield kind, match[0], line
        line += match[0].count("\n")
    while True:
        yield "end", "", line
