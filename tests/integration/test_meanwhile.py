"""What comes in between, while a message is taken in: the same message, and another of its case."""

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import select

from adapter.discharge import case
from adapter.exchange import duplicates, facts
from adapter.exchange.receive import Exchange
from adapter.store import tables

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def rows(installation, table):
    with installation.adapter.database.read() as connection:
        return connection.execute(select(table)).all()


def rules(reply):
    return {issue["details"]["coding"][0]["code"] for issue in reply.resource["issue"]}


@pytest.fixture
def after_the_look(monkeypatch):
    """Has something happen once it was seen that a message is new."""
    find = duplicates.find

    def happens(act):
        def first(*args):
            monkeypatch.setattr(duplicates, "find", find)
            found = find(*args)
            act()
            return found

        monkeypatch.setattr(duplicates, "find", first)

    return happens


def test_the_same_message_is_answered_as_the_one_that_was_quicker(installation, messages, after_the_look):
    message, replies = messages("a")[0], []
    after_the_look(lambda: replies.append(installation.send(message)))
    reply = installation.send(message)
    assert (reply.status, reply.result, replies[0].result) == (200, "repeated", "accepted")
    assert reply.resource == replies[0].resource
    assert len(rows(installation, tables.message)) == 1


def test_its_id_with_other_content_is_a_conflict(installation, messages, after_the_look):
    message = messages("a")[0]
    changed = copy.deepcopy(message)
    next(each["resource"] for each in changed["entry"] if each["resource"]["resourceType"] == "Patient")["address"][0][
        "city"
    ] = "Byske"
    after_the_look(lambda: installation.send(changed))
    reply = installation.send(message)
    assert (reply.status, rules(reply)) == (409, {"message-id-reused"})


def test_two_first_messages_of_a_case_are_both_in_its_state(installation, messages, monkeypatch):
    """The second asks for the person, and whether the case has facts, while the first is not committed."""
    installation.send(messages("a")[0])  # the person is known: nothing earlier keeps the two apart
    first, second = messages("b")[:2]
    stored, go_on = Event(), Event()
    store = Exchange._store

    def held(*args):
        result = store(*args)
        stored.set()
        assert go_on.wait(10)
        return result

    with ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(Exchange, "_store", held)
        one = pool.submit(installation.send, first)
        assert stored.wait(10)
        monkeypatch.setattr(Exchange, "_store", store)
        other = pool.submit(installation.send, second)
        assert not go_on.wait(0.7)  # the other is waiting by now
        go_on.set()
        assert {one.result().status, other.result().status} == {200}
    state = next(row for row in rows(installation, tables.case_state) if row.state["facts"] == 2)
    with installation.adapter.database.read() as connection:
        assert state.state == case.project(facts.read(connection, state.case_id))
