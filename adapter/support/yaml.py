"""YAML 1.2 as plain data with the line of every value.

Stricter than YAML: no duplicate keys, anchors, tags or several documents, and a number with a leading zero must say
by quotes whether it is text, because 0980 is a municipality and 980 is not.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from adapter.support.checked import Lines, Place
from adapter.support.errors import ConfigurationError, Problem

MAX_BYTES = 4 * 1024 * 1024
_MAX_DEPTH = 40
_TAG = "tag:yaml.org,2002:"
_SURROGATE = re.compile("[\ud800-\udfff]")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")


def load(file: Path) -> tuple[Any, Lines]:
    """The file's data (None where it is empty) and the lines of its values.

    Raises ConfigurationError that names every problem of form with its line, and OSError where the file cannot be
    read.
    """
    with file.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    return parse(raw, file)


def parse(raw: bytes, file: Path) -> tuple[Any, Lines]:
    """As `load`, of bytes; `file` is for the messages."""
    if len(raw) > MAX_BYTES:
        raise ConfigurationError([Problem(file, None, f"is larger than {MAX_BYTES} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigurationError([Problem(file, line, "is not UTF-8 text")]) from error
    reader = _Reader(file)
    try:
        node = YAML(typ="safe", pure=True).compose(text)
        data = None if node is None else reader.value(node, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(filter(None, (error.context, error.problem)))
        problem = Problem(file, mark.line + 1 if mark else None, f"is not valid YAML: {reason}")
        raise ConfigurationError([problem]) from error
    except ReaderError as error:
        line = text[: error.position].count("\n") + 1
        reason = f"is not valid YAML: the character U+{ord(text[error.position]):04X} is not allowed"
        raise ConfigurationError([Problem(file, line, reason)]) from error
    except YAMLError as error:
        raise ConfigurationError([Problem(file, None, f"is not valid YAML: {str(error).splitlines()[0]}")]) from error
    except (OverflowError, ValueError) as error:  # of chr(), for \UFFFFFFFF
        raise ConfigurationError([Problem(file, None, "is not valid YAML: an escape names no character")]) from error
    except RecursionError as error:
        raise ConfigurationError([Problem(file, None, "is nested too deeply")]) from error
    if reader.problems:
        raise ConfigurationError(reader.problems)
    return data, Lines(reader.lines)


class _Reader:
    """Turns nodes into data; keeps going after a problem, so that all are told at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: set[int] = set()
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []

    def value(self, node: Node, place: Place) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if node.anchor is not None:
            return self._refuse_anchor(node)
        if len(place) > _MAX_DEPTH:
            return self._refuse(node, "is nested too deeply")
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if isinstance(node, MappingNode) and _plain_tag(node) == "map":
            return self._mapping(node, place)
        if isinstance(node, SequenceNode) and _plain_tag(node) == "seq":
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._refuse(node, f"the tag {node.tag} is not used here")

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in node.value:
            name = key.value
            if not isinstance(key, ScalarNode):
                self._refuse(key, "a key must be text")
            elif _SURROGATE.search(name):
                self._refuse(key, "an escape names half a character")
            elif name in result:
                first = self.lines[(*place, name)]
                self._refuse(key, f"the key '{name}' is here twice; the first is on line {first}")
            else:
                self.lines[(*place, name)] = key.start_mark.line + 1
                result[name] = self.value(item, (*place, name))
        return result

    def _scalar(self, node: ScalarNode) -> Any:
        text: str = node.value
        kind = _plain_tag(node)
        if _SURROGATE.search(text):
            return self._refuse(node, "an escape names half a character")
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        if kind in {"int", "float"} and _LEADING_ZERO.fullmatch(text):
            return self._refuse(node, f'{text} would lose its leading zero: write "{text}" with quotes')
        try:
            if kind == "int":
                return int(text.replace("_", ""), 0)
            if kind == "float":
                return float(text.replace("_", ""))
            if kind == "timestamp":
                return date.fromisoformat(text)
        except ValueError:
            expected = "a date as YYYY-MM-DD" if kind == "timestamp" else "a number"
            return self._refuse(node, f"{text!r} is not {expected}; text needs quotes")
        return self._refuse(node, f"the tag {node.tag} is not used here")

    def _refuse_anchor(self, node: Node) -> None:
        if id(node) not in self._seen:  # an alias is the same node again
            self._seen.add(id(node))
            self._refuse(node, "anchors and aliases (& and *) are not used here: write the value out")

    def _refuse(self, node: Node, reason: str) -> None:
        self.problems.append(Problem(self._file, node.start_mark.line + 1, reason))


def _plain_tag(node: Node) -> str:
    return str(node.tag).removeprefix(_TAG)
