"""What is too old goes, in batches; what is owed, and what happened, stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from adapter.exchange.acts import ConflictError
from adapter.exchange.expunge import Expunging
from adapter.exchange.retention import Keeper, rounds
from adapter.exchange.views import Views
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.support.errors import ForbiddenError, NotFoundError
from adapter.support.keeping import Retention

DAY = timedelta(days=1)


@pytest.fixture
def keeper(stored: Any) -> Keeper:
    return Keeper(stored.database, stored.clock, Retention(batch=2))


def message(stored: Any, *states: str, case: str = "case-1", **values: Any) -> int:
    patient = stored.patient()
    row: int = stored.message(case_id=case, patient_id=patient, **values)
    stored.content(row, "received", b"<who>", "application/fhir+json")
    stored.content(row, "answer", b"{}", "application/fhir+json")
    for state in states:
        delivery = stored.delivery(row, status=state, patient_id=patient, reason="words of theirs")
        stored.content(row, "mapped", b"<who/>", "application/xml", delivery_id=delivery)
        attempt = stored.attempt(delivery, outcome="done", reason="words")
        stored.content(row, "response", b"<ok/>", "application/xml", delivery_id=delivery, attempt_id=attempt)
    return row


def stages(stored: Any, row: int) -> set[str]:
    return {each["stage"] for each in stored.rows(tables.content) if each["message_id"] == row}


def test_content_goes_a_lifetime_after_the_last_word_in_its_case(stored: Any, keeper: Keeper) -> None:
    old = [message(stored, "done", case=f"old-{number}") for number in range(5)]
    goes_on = message(stored, "done", case="long")
    stored.clock.advance(300 * DAY)
    latest = message(stored, "done", case="long")
    stored.clock.advance(100 * DAY)

    counted = keeper.count()
    while keeper.step():
        pass

    assert counted["accepted"] == 5
    assert [stages(stored, row) for row in old] == [{"answer"}] * 5
    assert stages(stored, goes_on) == stages(stored, latest) == {"received", "answer", "mapped", "response"}
    gone = {row["id"] for row in stored.rows(tables.message) if row["expunged_at"] is not None}
    assert gone == set(old)
    assert {row["reason"] for row in stored.rows(tables.delivery) if row["message_id"] in old} == {None}
    with stored.database.read() as connection:
        (one,) = rounds(connection)
    assert one.counts == {"accepted": 5}
    (line,) = stored.rows(tables.audit)
    assert (line["action"], line["detail"]) == ("expunge", {"accepted": 5})


@pytest.mark.parametrize("state", ["waiting", "running", "held", "dead"])
def test_what_has_not_been_delivered_is_kept_whatever_its_age(stored: Any, keeper: Keeper, state: str) -> None:
    row = message(stored, "done", state)
    stored.clock.advance(4000 * DAY)

    while keeper.step():
        pass

    assert stages(stored, row) == {"received", "answer", "mapped", "response"}


def test_content_is_kept_while_the_sender_is_to_be_told(stored: Any, keeper: Keeper) -> None:
    row = message(stored, "done")
    stored.change(tables.delivery, stored.rows(tables.delivery)[0]["id"], tell_at=1)
    stored.clock.advance(400 * DAY)

    while keeper.step():
        pass

    assert "received" in stages(stored, row)


def test_rows_go_after_the_metadata_s_lifetime_but_messages_facts_and_audit_stay(stored: Any, keeper: Keeper) -> None:
    accepted = message(stored, "done", "cancelled")
    refused = message(stored, status="rejected", accepted_at=None, case="other")
    stored.fact(accepted, stored.patient())
    stored.insert(
        tables.token,
        hash="h",
        label="l",
        party="p",
        rights=[],
        created_at=stored.now,
        expires_at=stored.now,
    )
    stored.insert(tables.alarm, kind="k", subject="s", raised_at=1, cleared_at=stored.now, reason="r", command="c")
    stored.clock.advance(1900 * DAY)

    while keeper.step():
        pass
    kept = {table.name: len(stored.rows(table)) for table in (tables.message, tables.delivery, tables.fact)}

    assert kept == {"message": 1, "delivery": 2, "fact": 1}
    for table in (tables.attempt, tables.content, tables.token, tables.alarm):
        assert stored.rows(table) == []
    assert refused not in {row["id"] for row in stored.rows(tables.message)}
    assert [row["action"] for row in stored.rows(tables.audit)] == ["expunge"]


def test_a_round_goes_on_in_another_process_where_it_was_ended(stored: Any, keeper: Keeper) -> None:
    for number in range(6):
        message(stored, "done", case=f"case-{number}")
    stored.clock.advance(400 * DAY)

    keeper.step()
    keeper.step()
    other = Keeper(stored.database, stored.clock, Retention(batch=2))
    while other.step():
        pass

    with stored.database.read() as connection:
        (one,) = rounds(connection)
    assert one.counts == {"accepted": 6}
    assert one.ended_at is not None
    assert keeper.step() is False, "the next round is due in an hour"


def test_a_round_by_hand_is_in_the_name_of_who_asked(
    stored: Any, keeper: Keeper, operations_principal: Principal
) -> None:
    message(stored, "done")
    stored.clock.advance(400 * DAY)
    told: list[dict[str, int]] = []

    found = keeper.now(operations_principal, told.append)

    assert found.counts == {"accepted": 1}
    assert told[-1] == {"accepted": 1}
    assert stored.rows(tables.audit)[0]["principal"] == operations_principal.name
    assert keeper.now(operations_principal).counts == {}


def test_one_message_s_content_is_removed_with_a_reason(
    stored: Any, operations_principal: Principal, region: Principal
) -> None:
    row, other = message(stored, "done"), message(stored, "done", case="case-2")
    expunging = Expunging(stored.database, stored.clock)

    found = expunging.message(operations_principal, row, "about the wrong person")

    assert found.contents == 3
    assert stages(stored, row) == {"answer"}
    assert "received" in stages(stored, other)
    (line,) = stored.rows(tables.audit)
    assert (line["action"], line["object"], line["reason"]) == (
        "content-expunge",
        f"message/{row}",
        "about the wrong person",
    )
    shown = Views(stored.database, stored.contents, stored.clock).message(region, row)
    assert shown.expunged_at is not None
    assert [each.stage for each in shown.contents] == ["answer"]
    assert "expunged" in [step.kind for step in shown.timeline]
    with pytest.raises(ConflictError, match="already"):
        expunging.message(operations_principal, row, "again")


def test_one_message_s_content_needs_the_right_a_reason_and_the_own_party(
    stored: Any, operations_principal: Principal, region: Principal
) -> None:
    row = message(stored, "done")
    expunging = Expunging(stored.database, stored.clock)
    other = Principal("t", "kommun-a", frozenset(), frozenset({Right.EXPUNGE}))

    with pytest.raises(ForbiddenError):
        expunging.message(region, row, "why")
    with pytest.raises(ForbiddenError):
        expunging.message(operations_principal, row, " ")
    with pytest.raises(NotFoundError):
        expunging.message(other, row, "why")
    assert "received" in stages(stored, row)


@pytest.mark.parametrize("state", ["waiting", "running", "held", "dead"])
def test_what_is_on_its_way_is_cancelled_before_it_is_expunged(
    stored: Any, operations_principal: Principal, state: str
) -> None:
    row = message(stored, state)

    with pytest.raises(ConflictError, match="cancel it first"):
        Expunging(stored.database, stored.clock).message(operations_principal, row, "why")

    assert "received" in stages(stored, row)


def test_a_sqlite_file_shrinks(stored: Any, keeper: Keeper) -> None:
    if not stored.database.is_sqlite:
        pytest.skip("PostgreSQL's autovacuum makes room inside its files")
    for number in range(20):
        row = message(stored, case=f"case-{number}")
        stored.content(row, "translated", bytes(200_000), "application/fhir+json")
    before = pages(stored)
    stored.clock.advance(400 * DAY)

    while keeper.step():
        pass
    for _ in range(3):
        keeper._shrink()

    assert pages(stored) < before / 5


def pages(stored: Any) -> int:
    with stored.database.read() as connection:
        found: int = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return found


def test_feeds_are_asked_with_their_own_lifetime(stored: Any, keeper: Keeper) -> None:
    stored.insert(
        tables.feed_event,
        feed="f",
        control_id="1",
        status="taken",
        received_at=stored.now,
        principal="p",
        media_type="x",
        key_id="plain",
        bytes=b"PID",
        sha256="0",
    )
    stored.clock.advance(100 * DAY)

    assert keeper.count()["feeds"] == 1
    while keeper.step():
        pass

    with stored.database.read() as connection:
        assert connection.execute(select(tables.feed_event.c.bytes)).scalar_one() == b""
