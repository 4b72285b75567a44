"""Data from a file, checked against a pydantic model: every problem in plain words, with its line."""

import difflib
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from adapter.support.errors import Problem

Place = tuple[str | int, ...]
"""Where a value stands in a file: keys and list positions (from 0), outermost first."""

V = TypeVar("V")


class Section(BaseModel):
    """A table of adapter.toml: unknown keys are refused, values never change after load."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Lines:
    """The line (from 1) on which each value of a file begins."""

    def __init__(self, lines: Mapping[Place, int]) -> None:
        self._lines = lines

    def of(self, place: Place) -> int | None:
        """The line of a place, or of the nearest thing around it that has one."""
        for length in range(len(place), -1, -1):
            line = self._lines.get(place[:length])
            if line is not None:
                return line
        return None


def not_empty(values: V) -> V:
    """For a list field: pydantic's own minimum would count an element that is wrong as missing."""
    if not values:
        raise ValueError("is an empty list")
    return values


def problems(
    error: ValidationError, model: type[BaseModel], file: Path, line: Callable[[Place], int | None], prefix: Place = ()
) -> list[Problem]:
    """Each fault of a validation as a Problem. `prefix` is the model's own place in the file."""
    found = []
    for fault in error.errors(include_url=False):
        if fault["type"] == "default_factory_not_called":
            continue  # its cause is told by itself
        place, reason = fault["loc"], _words(fault, model)
        name = ".".join(map(str, place))
        found.append(Problem(file, line((*prefix, *place)), f"{name}: {reason}" if name else reason))
    return found


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known word is near, else nothing."""
    match = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean '{match[0]}'?" if match else ""


_EXPECTED = {
    "string_type": "expected text in quotes",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "dict_type": "expected keys with values",
    "model_type": "expected keys with values",
    "model_attributes_type": "expected keys with values",
    "path_type": "expected a path in quotes",
    "date_type": "expected a date, YYYY-MM-DD",
    "date_parsing": "expected a date, YYYY-MM-DD",
    "date_from_datetime_parsing": "expected a date, YYYY-MM-DD",
    "date_from_datetime_inexact": "expected a date without time, YYYY-MM-DD",
}


def _words(fault: Any, model: type[BaseModel]) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        known = _fields(model, fault["loc"][:-1])
        return f"no such key{nearest(str(fault['loc'][-1]), known) or '; known here: ' + ', '.join(known)}"
    if kind == "missing":
        return "is missing"
    if kind in {"literal_error", "enum"}:
        return f"is {fault['input']!r}, expected {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return f"is {fault['input']!r}, expected the form {context['pattern']}"
    return _EXPECTED.get(kind) or _lowered(fault["msg"])


def _lowered(message: str) -> str:
    message = message.removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _fields(model: type[BaseModel], place: Place) -> list[str]:
    """Names of the keys that the model knows at a place inside it."""
    inner: type[BaseModel] | None = model
    for step in place:
        field = inner.model_fields.get(str(step)) if inner and isinstance(step, str) else None
        if field is not None:
            inner = _model_in(field.annotation)
    return list(inner.model_fields) if inner else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {list, tuple, dict, Union, types.UnionType}:
        return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
    return None
