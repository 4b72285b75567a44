"""What a check stands on, and what it says."""

from collections.abc import Iterator
from dataclasses import dataclass

from adapter.store.content import ContentStore
from adapter.store.database import Database


@dataclass(frozen=True)
class Source:
    """The store to look at."""

    database: Database
    contents: ContentStore


@dataclass(frozen=True)
class Finding:
    """Something differs: where, how, and what to do next. Names no person and no receiver."""

    check: str
    subject: str
    what: str
    command: str


Batches = Iterator[tuple[int, list[Finding]]]
"""(how many things were looked at, what was found) of each batch."""

RESTORE = "restore a backup, or ask for help: a row that is gone is in no other place"
