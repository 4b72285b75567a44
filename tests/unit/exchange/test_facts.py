"""What the directory adds to the facts of a case."""

from datetime import date
from typing import Any

import pytest

from adapter.directory import Directory
from adapter.exchange import facts


@pytest.mark.parametrize("psychiatric", [True, False])
def test_the_directory_says_what_care_the_sender_is(stored: Any, directory: Directory, psychiatric: bool) -> None:
    unit = directory.unit("SE2321000016-WARD", date(2026, 3, 2))
    assert unit is not None
    object.__setattr__(unit, "psychiatric", psychiatric)
    message = stored.message()
    detail = {"header_id": "h", "happened_at": stored.now, "tasks": [], "statements": {}}
    stored.fact(
        message,
        stored.patient(),
        case_id="c",
        event="ready-for-discharge",
        sender_party="region",
        sender_unit="SE2321000016-WARD",
        receivers=[],
        instants={},
        detail=detail | dict.fromkeys(("previous", "answers", "revises")),
        recorded_at=stored.now,
    )
    with stored.database.read() as connection:
        [found] = facts.read(connection, "c", directory)
        [plain] = facts.read(connection, "c")
    assert (found.sender_kind, found.psychiatric) == ("inpatient", psychiatric)
    assert (plain.sender_kind, plain.psychiatric) == ("", False)
