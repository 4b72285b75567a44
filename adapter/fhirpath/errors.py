"""What can be wrong with an expression, always with its place in the expression."""

from typing import NamedTuple

from adapter.support.errors import AdapterError


class Position(NamedTuple):
    """A place in an expression: `offset` counts characters from 0, `line` and `column` from 1."""

    offset: int
    line: int
    column: int


class FhirPathError(AdapterError):
    """The expression cannot be evaluated: on this input, or at all. Never holds a value of the input."""

    def __init__(self, reason: str, position: Position | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position

    def __str__(self) -> str:
        if self.position is None:
            return self.reason
        return f"{self.reason} (line {self.position.line}, column {self.position.column} of the expression)"

    def locate(self, position: Position) -> None:
        """Says where it happened, unless that is known already."""
        if self.position is None:
            self.position = position


class FhirPathLimitError(FhirPathError):
    """The expression takes more work on this content than is done: it may be right, and is not evaluated."""


class FhirPathSyntaxError(FhirPathError):
    """The text is not a FHIRPath expression; says where and what was expected."""
