"""Pages of a search: where one begins, and how many candidates are looked at for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PAGE = 20
MOST = 100
LOOKED_AT = 200
ROUNDS = 10
"""A search looks at so many candidates at once, so many times; a page that is not full then has a next one."""


@dataclass(frozen=True)
class Place:
    """Where a page of a search begins: after this resource, and, where `same_person`, only about its person. An
    address that leads there names nobody."""

    after: int = 0
    same_person: bool = False


FIRST = Place()


def fill(
    count: int,
    after: int,
    candidates: Callable[[int], Sequence[int]],
    standing: Callable[[Sequence[int]], Mapping[int, Sequence[Any]]],
    fits: Callable[[Any], bool],
) -> tuple[list[Any], int | None]:
    """At most `count` rows, and after which number the next page begins, None where there is none. `candidates` gives
    at most LOOKED_AT numbers after one, in their order; `standing` the rows of each that may be shown, the newest
    first."""
    size, found = min(count, MOST), list[Any]()
    numbers: Sequence[int] = ()
    for _ in range(ROUNDS):
        numbers = candidates(after)
        rows = standing(numbers)
        for number in numbers:
            after = number
            found += [row for row in rows.get(number, [])[:1] if fits(row)]
            if len(found) == size:
                break
        if len(found) == size or len(numbers) < LOOKED_AT:
            break
    more = bool(numbers) and (after < numbers[-1] or len(numbers) == LOOKED_AT)
    return found, after if more else None
