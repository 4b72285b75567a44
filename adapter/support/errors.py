"""The exceptions that cross room borders.

AdapterError
├── ConfigurationError   a file or setting is wrong: says file, line and reason
├── ParseError           bytes are not the format they claim to be
├── DefinitionsError     FHIR definitions are missing or damaged: says the command that mends it
├── MappingError         a message cannot be carried to another format without loss or guessing
├── NotFoundError        no such object, or none that the caller may see
├── ForbiddenError       the caller is known but may not do this
└── UnavailableError     a part the adapter stands on does not answer: try again later

Messages are written for the person who receives them and never hold personal data.
"""

from dataclasses import dataclass
from pathlib import Path


class AdapterError(Exception):
    """Base of every error that the adapter raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a configuration file; `line` counts from 1, None where no line applies."""

    file: Path
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = str(self.file) if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.reason}"


class ConfigurationError(AdapterError):
    """One or more problems in configuration files."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class ParseError(AdapterError):
    """The bytes cannot be read. `line` and `column` count from 1 where known."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        place = "" if line is None else f" (line {line})" if column is None else f" (line {line}, column {column})"
        super().__init__(reason + place)
        self.reason = reason
        self.line = line
        self.column = column


class DefinitionsError(AdapterError):
    """FHIR definitions are missing, damaged or not the ones that the lock names."""


class MappingError(AdapterError):
    """A message cannot be mapped. Names mapping file, line, source path and value class, never the value."""


class NotFoundError(AdapterError):
    """There is no such object, or none that the caller may see: the two are not told apart."""


class ForbiddenError(AdapterError):
    """The caller is known but lacks the right."""


class UnavailableError(AdapterError):
    """Something the adapter stands on does not answer now. `retry_after` is in seconds."""

    def __init__(self, reason: str, retry_after: int = 30) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
