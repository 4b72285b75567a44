"""Numbers that keep the form in which they were written: 1.50 is not 1.5, and -0 is not 0."""

import re
from decimal import Decimal
from typing import Any, Self

_LITERAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?([0-9]+))?", re.ASCII)
_SHORT_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,99}", re.ASCII)
_MAX_LENGTH = 1000
_MAX_EXPONENT = 9999


class NumberError(ValueError):
    """The text is not a number of FHIR JSON, or one beyond what the adapter computes with. Does not hold the text."""


class Number(Decimal):
    """A decimal that remembers its lexical form in `text`. Compares by value, as Decimal does; str() gives the text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Raises NumberError where `text` is not a JSON number of at most 1000 characters and exponent 9999."""
        if len(text) > _MAX_LENGTH:
            raise NumberError(f"a number may be at most {_MAX_LENGTH} characters long")
        match = _LITERAL.fullmatch(text)
        if match is None:
            raise NumberError("this is not a number")
        if match[1] and (len(match[1]) > _MAX_LENGTH or int(match[1]) > _MAX_EXPONENT):
            raise NumberError(f"the exponent of a number may be at most {_MAX_EXPONENT}")
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Number({self.text!r})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.text,))


def read(text: str) -> int | Number:
    """An int where that writes back to the same text and has at most 100 digits, else a Number.

    Raises NumberError where the text is not a number in JSON's form or is beyond Number's bounds.
    """
    return int(text) if _SHORT_INTEGER.fullmatch(text) else Number(text)
