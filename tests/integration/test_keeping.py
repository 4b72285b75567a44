"""Is the store whole, does it say so, and what is left of a message whose content is gone: on a whole installation."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update

from adapter.exchange import ledger
from adapter.exchange.acts import ConflictError
from adapter.exchange.retention import Keeper
from adapter.exchange.selection import Filter
from adapter.exchange.verification import Source, verify
from adapter.exchange.verification.projections import rebuild
from adapter.fhir.bundles import MessageBundle
from adapter.security.principals import Right
from adapter.store import migrate, tables
from adapter.support.clock import ManualClock, to_micros
from adapter.support.keeping import Retention

both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def played(installation, messages):
    """Messages of one case sent, delivered and answered for."""
    made = messages("keeping")[:3]
    for message in made:
        sender = MessageBundle(message).hsa_of(MessageBundle(message).header["sender"])
        party = "region" if sender.startswith("SE2321000222") else "kommun"
        assert installation.send(message, party).status == 200
    installation.adapter.worker.run_until_idle()
    return made


def looked(installation):
    return verify(Source(installation.adapter.database, installation.adapter.contents))


def found(installation):
    return {(each.check, each.subject.split("/")[0]) for each in looked(installation).findings}


def change(installation, statement):
    with installation.adapter.database.write() as connection:
        connection.execute(statement)


def close_days(installation, after):
    now = installation.adapter.clock.now() + after
    with installation.adapter.database.write() as connection:
        while ledger.step(connection, now):
            pass


@both
def test_what_was_played_is_whole_and_stays_so_when_its_content_is_gone(installation, played):
    close_days(installation, timedelta(days=3))
    verdict = looked(installation)
    assert verdict.findings == ()
    assert verdict.looked["deliveries"] == 3
    assert [name for name, count in verdict.looked.items() if count == 0] == ["notifications"]  # nobody subscribed

    later = ManualClock(installation.adapter.clock.now() + timedelta(days=400))
    keeper = Keeper(installation.adapter.database, later, Retention())
    assert keeper.now(installation.operator).counts["accepted"] == 3
    assert looked(installation).findings == ()
    with installation.adapter.database.read() as connection:
        (day,) = [each for each in ledger.days(connection, 10) if each["accepted"]]
    assert (day["accepted"], day["expunged"], day["waiting"]) == (3, 3, 0)
    assert day["delivered"] == day["deliveries"] > 0


@both
def test_a_lost_row_is_found_by_the_ledger_and_by_its_message(installation, played):
    close_days(installation, timedelta(days=3))
    delivery, content = tables.delivery.c, tables.content.c
    with installation.adapter.database.write() as connection:
        number = connection.execute(select(delivery.id).order_by(delivery.id).limit(1)).scalar_one()
        connection.execute(delete(tables.content).where(content.delivery_id == number))
        connection.execute(delete(tables.attempt).where(tables.attempt.c.delivery_id == number))
        connection.execute(delete(tables.delivery).where(delivery.id == number))

    assert found(installation) == {("deliveries", "message"), ("streams", "stream"), ("ledger", "day")}


def test_bytes_that_are_not_what_they_were_are_found(installation, played):
    content = tables.content.c
    change(installation, update(tables.content).where(content.stage == "received").values(bytes=b"other"))

    verdict = looked(installation)

    assert verdict.differs["content"] == 3
    assert not verdict.whole


@both
def test_a_projection_that_says_something_else_is_found_and_rebuilt(installation, played):
    adapter = installation.adapter
    change(installation, update(tables.case_state).values(state={"phase": "dead"}))
    change(installation, update(tables.task).values(status="cancelled"))
    assert {check for check, _ in found(installation)} == {"cases", "tasks"}

    made = rebuild(adapter.database, installation.operator, to_micros(adapter.clock.now()))

    assert (made.cases, made.cases_changed) == (1, 1)
    assert made.tasks_changed == made.tasks > 0
    assert looked(installation).findings == ()
    again = rebuild(adapter.database, installation.operator, to_micros(adapter.clock.now()))
    assert (again.cases_changed, again.tasks_changed) == (0, 0)


def test_a_case_that_lost_its_state_gets_it_back(installation, played):
    adapter = installation.adapter
    change(installation, delete(tables.case_state))
    assert ("cases", "case of message") in found(installation)

    rebuild(adapter.database, installation.operator, to_micros(adapter.clock.now()))

    assert looked(installation).findings == ()


def test_a_delivery_without_bytes_and_tries_without_record_are_found(installation, messages):
    assert installation.send(messages("keeping")[0]).status == 200
    change(installation, delete(tables.content).where(tables.content.c.stage == "mapped"))
    change(installation, update(tables.delivery).values(attempts=2))

    words = {each.what for each in looked(installation).findings}

    assert "is to be sent, and there are no bytes to send" in words
    assert "was tried 2 times, and 0 tries are on record" in words


@both
def test_an_expunged_message_sent_again_is_known_and_cannot_be_replayed(installation, played):
    adapter, operator = installation.adapter, installation.operator
    first = installation.send(played[0])
    delivery = adapter.views.message(operator, 1).deliveries[0].row.id
    wanted = Filter(status="done", event=played_event(adapter, operator, delivery))
    before = {content: adapter.replays.count(operator, wanted, content) for content in ("stored", "mapped")}
    replays = [
        adapter.replays.start(operator, wanted, counted.digest, "look", content=content)
        for content, counted in before.items()
    ]
    adapter.expunging.message(operator, 1, "about the wrong person")

    again = installation.send(played[0])

    assert (again.status, again.resource) == (200, first.resource)
    assert looked(installation).findings == ()
    with adapter.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM message")).scalar_one() == 3
    after = adapter.replays.count(operator, wanted)
    assert (after.count, after.expunged) == (0, before["stored"].count)
    assert before["stored"].expunged == 0
    while adapter.replays.step():
        pass
    for number in replays:
        items, _ = adapter.replays.items(operator, number, refused=True)
        assert "expunged" in {item.delivery_id: item.words or "" for item in items}[delivery]
    with pytest.raises(ConflictError, match="already"):
        adapter.expunging.message(operator, 1, "again")


def played_event(adapter, operator, delivery):
    return adapter.views.delivery(operator, delivery).row.event


def test_a_repeated_message_whose_answer_is_gone_too_is_told_when_it_was_accepted(installation, played):
    change(installation, delete(tables.content).where(tables.content.c.stage == "answer"))

    again = installation.send(played[0])

    header = MessageBundle(again.resource).header
    assert (again.status, header["response"]["code"]) == (200, "ok")
    (outcome,) = MessageBundle(again.resource).of_type("OperationOutcome")
    assert "accepted before" in outcome["issue"][0]["diagnostics"]


def test_reading_what_is_expunged_gives_nothing_and_breaks_nothing(installation, played):
    adapter, operator = installation.adapter, installation.operator
    for number in (1, 2, 3):
        adapter.expunging.message(operator, number, "test")
    bundle = adapter.views.message(operator, 1).bundle_id
    region = installation.principal("region", *Right)

    assert adapter.views.disclosed_bundle(region, bundle) is None
    assert [row.id for row in adapter.views.messages(operator).rows] == [3, 2, 1]
    assert adapter.reserve.list_with_persons(operator, "test").rows == ()
    with adapter.database.write() as connection:
        assert ledger.step(connection, adapter.clock.now()) is False


def test_a_database_that_was_never_used_is_whole(installation):
    migrate.upgrade(installation.adapter.database)
    assert looked(installation).findings == ()
    with installation.adapter.database.write() as connection:
        connection.execute(insert(tables.patient).values(created_at=1))
    assert looked(installation).whole
