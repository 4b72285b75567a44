"""Pages of a search: where one begins, and how many candidates are looked at for it."""

from dataclasses import dataclass

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
