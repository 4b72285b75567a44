"""How much an evaluation may do: loops in loops must end, whatever the content is."""

from typing import Any

from adapter.fhirpath.errors import FhirPathLimitError
from adapter.fhirpath.nodes import Node

MAX_WORK = 2_000_000
"""Items that an evaluation, or all those of a validation, may look at. What is written with care takes less than one
for each byte of content."""

LONG_TEXT = 100
"""Characters of a text that count as one item."""

MATCHED = 2
"""The same where they are matched with a regular expression."""


class Work:
    """What is left. Only what takes more than one item counts, so that most steps cost nothing."""

    __slots__ = ("left",)

    def __init__(self, left: int = MAX_WORK) -> None:
        self.left = left

    def spend(self, count: int) -> None:
        """Raises FhirPathLimitError where nothing is left."""
        self.left -= count
        if self.left < 0:
            raise FhirPathLimitError(f"evaluating it on this content takes more than {MAX_WORK} steps")


def size(items: list[Any]) -> int:
    """How many values there are in the items, those below them counted: what comparing them costs."""
    total, pending = 0, items
    while pending:
        below: list[Any] = []
        for item in pending:
            total += 1
            value = item.value if item.__class__ is Node else item
            if value.__class__ is dict:
                below += value.values()
            elif value.__class__ is list:
                below += value
        pending = below
    return total
