"""Regular expressions that come with definitions, taken only where matching them is bounded."""

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from re import _parser as parser  # type: ignore[attr-defined]  # the one reader that is sure to read what re reads
from typing import Any

_MAX_LENGTH = 500
_MAX_CHOICES = 12
"""How often a pattern may leave open how often something occurs: each doubles, or multiplies, the ways to match."""

_LONG = 16
_MAX_LONG = 4


@lru_cache(maxsize=1024)
def bounded(pattern: str) -> re.Pattern[str] | None:
    """The compiled pattern; None where it is no regular expression, or one that may take exponential time.

    That is decided by form, and strictly: a repetition or alternation inside a repetition, a reference back, and more
    than a few open repetitions one after the other are not taken.
    """
    if len(pattern) > _MAX_LENGTH:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed = parser.parse(pattern, re.ASCII)
            return re.compile(pattern, re.ASCII) if _Cost().within(parsed, repeated=False) else None
    except (re.error, RecursionError, OverflowError, Warning):
        return None


@dataclass
class _Cost:
    choices: int = 0
    long: int = 0

    def within(self, parsed: Any, *, repeated: bool) -> bool:
        """Whether the pattern stays within bounds; `repeated`: it stands inside a repetition."""
        return all(self._allows(str(operation), argument, repeated) for operation, argument in parsed)

    def _allows(self, operation: str, argument: Any, repeated: bool) -> bool:
        if operation.startswith("GROUPREF") or (operation == "BRANCH" and repeated):
            return False
        if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high = int(argument[0]), int(argument[1])
            if high != low:
                self.choices += 1
                self.long += high > _LONG
            if (high != low and repeated) or self.choices > _MAX_CHOICES or self.long > _MAX_LONG:
                return False
            repeated = repeated or high > 1
        return all(self.within(each, repeated=repeated) for each in _inside(argument))


def _inside(argument: Any) -> list[Any]:
    """The parts of an operation that are patterns themselves."""
    if isinstance(argument, parser.SubPattern):
        return [argument]
    return [each for part in argument for each in _inside(part)] if isinstance(argument, tuple | list) else []
