"""YAML 1.2 as plain data with the line of every value.

Stricter than YAML: no duplicate keys, anchors, tags or several documents, and a number with a leading zero must say
by quotes whether it is text, because 0980 is a municipality and 980 is not.
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from yaml.error import MarkedYAMLError, YAMLError

from adapter.support.checked import Lines, Place
from adapter.support.errors import ConfigurationError, Problem

MAX_BYTES = 4 * 1024 * 1024
_MAX_DEPTH = 40
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where PyYAML was built with it
_TAG = "tag:yaml.org,2002:"
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_ALLOWED = re.compile("[^\t\n\r -~\x85\xa0-\ufffd\U00010000-\U0010ffff]|[\ud800-\udfff]")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_KINDS = (
    ("null", re.compile("~|null|Null|NULL|")),
    ("bool", re.compile("true|True|TRUE|false|False|FALSE")),
    ("int", re.compile("[-+]?[0-9][0-9_]*|0o[0-7_]+|0x[0-9a-fA-F_]+")),
    (
        "float",
        re.compile(
            r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
    ),
    ("timestamp", re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?")),
)  # the core schema of YAML 1.2.2, section 10.3, and dates


def load(file: Path) -> tuple[Any, Lines]:
    """The file's data (None where it is empty) and the lines of its values.

    Raises ConfigurationError that names every problem of form with its line, and OSError where the file cannot be
    read.
    """
    with file.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    return parse(raw, file)


def dump(data: Any) -> str:
    """Plain data as YAML that `load` reads as the same."""
    return str(yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False))


def parse(raw: bytes, file: Path) -> tuple[Any, Lines]:
    """As `load`, of bytes; `file` is for the messages."""
    if len(raw) > MAX_BYTES:
        raise ConfigurationError([Problem(file, None, f"is larger than {MAX_BYTES} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigurationError([Problem(file, line, "is not UTF-8 text")]) from error
    if (wrong := _NOT_ALLOWED.search(text)) is not None:
        reason = f"is not valid YAML: the character U+{ord(wrong[0]):04X} is not allowed"
        raise ConfigurationError([Problem(file, text[: wrong.start()].count("\n") + 1, reason)])
    reader = _Reader(file, yaml.parse(text, Loader=_LOADER))
    try:
        data = reader.document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(filter(None, (error.context, error.problem)))
        if "Unicode character escape" in reason:
            reason = "an escape names no character"
        problem = Problem(file, mark.line + 1 if mark else None, f"is not valid YAML: {reason}")
        raise ConfigurationError([*reader.problems, problem]) from error
    except YAMLError as error:
        raise ConfigurationError([Problem(file, None, f"is not valid YAML: {str(error).splitlines()[0]}")]) from error
    except (OverflowError, ValueError) as error:  # of chr(), for \\UFFFFFFFF, without libyaml
        raise ConfigurationError([Problem(file, None, "is not valid YAML: an escape names no character")]) from error
    if reader.problems:
        raise ConfigurationError(reader.problems)
    return data, Lines(reader.lines)


class _Reader:
    """Turns the events of a document into data; keeps going after a problem, so that all are told at once."""

    def __init__(self, file: Path, events: Iterator[yaml.Event]) -> None:
        self._file = file
        self._events = events
        self._anchors: set[str] = set()
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []

    def document(self) -> Any:
        """The data of the one document that there may be."""
        data, documents = None, 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "is a second document: expected one")
                    break
                if event.tags or event.version not in (None, (1, 2)):
                    self._refuse(event, "directives (%TAG, and %YAML but 1.2) are not used here")
                data = self._value(next(self._events), ())
        return data

    def _value(self, event: yaml.Event, place: Place) -> Any:
        self.lines.setdefault(place, event.start_mark.line + 1)
        if event.anchor is not None:
            self._refuse_anchor(event)
        if isinstance(event, yaml.AliasEvent):
            return None
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if len(place) >= _MAX_DEPTH:
            self._refuse(event, "is nested too deeply")
            return self._skip(event)
        expected = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
        if event.tag not in (None, "!", _TAG + expected):
            self._refuse(event, f"the tag {event.tag} is not used here")
            return self._skip(event)
        return self._mapping(place) if expected == "map" else self._sequence(place)

    def _sequence(self, place: Place) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            result.append(self._value(event, (*place, len(result))))
        return result

    def _mapping(self, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not self._is_key(key, place, result):
                self._skip(key)
                self._skip(next(self._events))
                continue
            self.lines[(*place, key.value)] = key.start_mark.line + 1
            result[key.value] = None
            result[key.value] = self._value(next(self._events), (*place, key.value))
        return result

    def _is_key(self, key: yaml.Event, place: Place, before: dict[str, Any]) -> bool:
        if not isinstance(key, yaml.ScalarEvent):
            self._refuse(key, "a key must be text")
        elif _SURROGATE.search(key.value):
            self._refuse(key, "an escape names half a character")
        elif key.value in before:
            first = self.lines[(*place, key.value)]
            self._refuse(key, f"the key '{key.value}' is here twice; the first is on line {first}")
        else:
            return True
        return False

    def _skip(self, event: yaml.Event) -> None:
        """Pass over what the event begins."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = next(self._events)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        kind = _kind(event)
        if _SURROGATE.search(text):
            return self._refuse(event, "an escape names half a character")
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        if kind in {"int", "float"} and _LEADING_ZERO.fullmatch(text):
            return self._refuse(event, f'{text} would lose its leading zero: write "{text}" with quotes')
        try:
            if kind == "int":
                return int(text.replace("_", ""), 0)
            if kind == "float":
                return float(text.replace("_", ""))
            if kind == "timestamp":
                return date.fromisoformat(text)
        except ValueError:
            expected = "a date as YYYY-MM-DD" if kind == "timestamp" else "a number"
            return self._refuse(event, f"{text!r} is not {expected}; text needs quotes")
        return self._refuse(event, f"the tag {event.tag} is not used here")

    def _refuse_anchor(self, event: yaml.NodeEvent) -> None:
        if event.anchor not in self._anchors:
            self._anchors.add(event.anchor)
            self._refuse(event, "anchors and aliases (& and *) are not used here: write the value out")

    def _refuse(self, event: yaml.Event, reason: str) -> None:
        self.problems.append(Problem(self._file, event.start_mark.line + 1, reason))


class _Dumper(yaml.SafeDumper):  # type: ignore[misc] # PyYAML has no types
    """Quotes text that would be read as something else, 0980 among it."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    ambiguous = any(form.fullmatch(text) for _, form in _KINDS)
    return dumper.represent_scalar(f"{_TAG}str", text, style='"' if ambiguous else None)


_Dumper.add_representer(str, _text)


def _kind(event: yaml.ScalarEvent) -> str:
    if event.tag is not None:
        return "str" if event.tag == "!" else str(event.tag).removeprefix(_TAG)
    if event.style:
        return "str"
    return next((kind for kind, form in _KINDS if form.fullmatch(event.value)), "str")
