"""Whom a source is asked about and by which process, and what is remembered of each version of a plan."""

from datetime import timedelta

import pytest

from adapter.exchange.plans import case, store
from adapter.exchange.plans.poller import PlanPoller, Source
from adapter.exchange.plans.store import Key
from adapter.fhir import json as fhir_json
from adapter.store import tables
from adapter.store.content import Plain
from adapter.support.clock import to_micros

HOUR = 3_600_000_000


def open_case(stored, name: str, phase: str = "admitted", patient: int | None = None, **message) -> int:
    patient = patient or stored.patient()
    stored.message(case_id=name, patient_id=patient, **message)
    with stored.database.write() as connection:
        values = {"case_id": name, "patient_id": patient, "state": {"phase": phase}, "updated_at": stored.now}
        connection.execute(tables.case_state.insert().values(values))
    return patient


def asked(stored, party: str = "region") -> list[str]:
    with stored.database.read() as connection:
        found = case.open_cases(connection, party, to_micros(stored.clock.now() - timedelta(days=30)))
        return sorted(name for name, _ in found)


def test_only_open_cases_of_the_party_are_asked_about_and_one_of_each_person(stored):
    open_case(stored, "long ago", "discharged")
    stored.clock.advance(timedelta(days=31))
    first = open_case(stored, "first")
    open_case(stored, "second", patient=first)
    open_case(stored, "ended", "discharged")
    open_case(stored, "dead", "dead")
    open_case(stored, "elsewhere", sender_party="other")
    got = stored.message(case_id="elsewhere", sender_party="other")
    stored.delivery(got, receiver_party="region")
    open_case(stored, "foreign", sender_party="other")
    stored.change(tables.patient, open_case(stored, "protected"), protected=True)
    blocked = open_case(stored, "blocked")
    stored.insert(tables.block, patient_id=blocked, party="region", created_at=stored.now)
    lifted = open_case(stored, "lifted")
    stored.insert(tables.block, patient_id=lifted, party="region", created_at=stored.now, lifted_at=stored.now)
    assert asked(stored) == ["elsewhere", "ended", "lifted", "second"]


def test_one_owner_at_a_time_holds_a_source_until_the_lease_ends(stored):
    at = stored.now
    with stored.database.write() as connection:
        assert store.take_lease(connection, "s", "a", at, at + HOUR)
        assert not store.take_lease(connection, "s", "b", at + 1, at + HOUR)
        assert store.take_lease(connection, "s", "b", at + HOUR, at + 2 * HOUR)
        assert not store.renew_lease(connection, "s", "a", at + 3 * HOUR)
        store.give_back(connection, "s", "a")
        assert store.renew_lease(connection, "s", "b", at + 3 * HOUR)
        store.give_back(connection, "s", "b")
        store.failed(connection, "s", at, at + 4 * HOUR, "it rests")
        assert not store.take_lease(connection, "s", "a", at + 3 * HOUR, at + 5 * HOUR)
        assert store.take_lease(connection, "s", "a", at + 4 * HOUR, at + 5 * HOUR)
        store.answered(connection, "s", at + 4 * HOUR)
        assert (store.state(connection, "s").failures, store.state(connection, "s").reason) == (0, None)


def test_questions_come_and_go_with_their_cases_and_wait_for_their_time(stored):
    patient, at = stored.patient(), stored.now
    with stored.database.write() as connection:
        store.ask_about(connection, "s", [("a", patient), ("b", patient)], at)
        first, second = store.due(connection, "s", at, 10)
        store.asked(connection, first, at, at + HOUR, "2026-03-01T10:00:00Z")
        assert store.due(connection, "s", at, 10) == [second]
        store.ask_about(connection, "s", [("a", patient)], at + HOUR)
        (left,) = store.due(connection, "s", at + HOUR, 10)
        assert (left.case_id, left.since) == ("a", "2026-03-01T10:00:00Z")
        assert store.due(connection, "other", at + HOUR, 10) == []


@pytest.fixture
def key(stored) -> Key:
    return Key("s", "a", stored.patient(), "plan", "version")


def test_a_message_is_planned_then_sent_and_its_bytes_are_let_go(stored, key):
    body = fhir_json.serialize({"resourceType": "Bundle"})
    message = {"event": "sip", "header_id": "h", "sender": "S", "receivers": ["R"], "sent_text": "t"}
    message["config_version"] = "c1"
    with stored.database.write() as connection:
        store.gap(connection, key, "unit", "not known", "c0", stored.now)
        row_id = store.plan(connection, Plain(), key, message, body, stored.now)
        assert store.plan(connection, Plain(), key, message, b"another process", stored.now) is None
        (planned,) = store.planned(connection, "s")
        assert (planned.id, planned.kind, planned.receivers) == (row_id, None, ["R"])
        assert store.known(connection, key).bytes == body
        store.settle(connection, row_id)
        assert store.gap(connection, key, "unit", "too late", "c1", stored.now) == row_id
        assert store.planned(connection, "s") == []
        assert [(row.header_id, row.bytes) for row in store.earlier(connection, key)] == [("h", None)]


def test_a_gap_that_a_person_has_settled_stays_so_and_one_that_ended_comes_again(stored, key):
    with stored.database.write() as connection:
        row_id = store.gap(connection, key, "unit", "not known", "c1", stored.now)
        store.mend(connection, "s", "a", [row_id], stored.now, None)
        assert store.known(connection, key).ended_at is None
        store.mend(connection, "s", "a", [], stored.now, {"another plan"})
        assert store.known(connection, key).ended_at is None
        store.mend(connection, "s", "a", [], stored.now, {"plan"})
        assert store.known(connection, key).ended_by == store.MENDED
        store.gap(connection, key, "unit", "not known", "c1", stored.now)
        assert store.known(connection, key).ended_at is None
    stored.change(tables.plan_version, row_id, ended_at=stored.now, ended_by="local:anna")
    with stored.database.write() as connection:
        store.gap(connection, key, "unit", "not known", "c1", stored.now)
        assert store.known(connection, key).ended_by == "local:anna"


def test_under_another_configuration_the_cases_with_a_gap_are_asked_about_at_once(stored, key):
    at = stored.now
    with stored.database.write() as connection:
        store.ask_about(connection, "s", [("a", key.patient_id), ("b", key.patient_id)], at)
        for question in store.due(connection, "s", at, 10):
            store.asked(connection, question, at, at + HOUR, "2026-03-01T10:00:00Z")
        store.gap(connection, key, "unit", "not known", "c1", at)
        store.again(connection, "s", "c1", at)
        assert store.due(connection, "s", at, 10) == []
        store.again(connection, "s", "c2", at)
        assert [(each.case_id, each.since) for each in store.due(connection, "s", at, 10)] == [("a", None)]


def test_what_asked_a_source_before_a_reload_is_closed_when_it_asks_no_more(stored):
    closed: list[str] = []
    before = {"link": Source(None, None, close=lambda: closed.append("before"))}
    poller = PlanPoller(before, stored.database, stored.contents, stored.clock, "c1")
    poller.renew({}, "c2")
    assert closed == []
    poller.round()
    poller.stop()
    assert closed == ["before"]
