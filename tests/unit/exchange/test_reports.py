"""What a sender is told, on either database: the transactions of it, without receivers."""

import json

import pytest
from sqlalchemy import select

from adapter.directory import Directory
from adapter.exchange import sender_alarms
from adapter.exchange.reports import Reports
from adapter.store import tables
from adapter.store.alarms import standing

WARD = "SE2321000016-WARD"
DIRECTORY = f"""
parties:
  - {{id: region, kind: region, name: Regionen}}
  - {{id: kommun-a, kind: municipality, name: Kommunen, kommunkod: "2480"}}
units: [{{hsa: {WARD}, name: Avdelning 3, kind: inpatient, party: region}}]
systems: [{{id: ehr, kind: ehr, party: region}}]
endpoints: [{{id: ehr-box, system: ehr, channel: mailbox}}]
routes: [{{to: {{hsa: {WARD}}}, endpoint: ehr-box}}]
"""


@pytest.fixture
def reports(stored, clock, tmp_path):
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "directory.yaml").write_text(DIRECTORY, encoding="utf-8")
    directory = Directory.load(tmp_path / "directory")
    return Reports(stored.database, stored.contents, directory, {}, clock, "c2", "https://adapter.example/fhir")


def told(stored):
    column = tables.delivery.c
    with stored.database.read() as connection:
        query = select(column.id).where(column.event == "delivery-report").order_by(column.id)
        ids = connection.execute(query).scalars().all()
        bodies = [json.loads(stored.contents.of_delivery(connection, each, "mapped").body) for each in ids]
    found = []
    for body in bodies:
        resources = [entry["resource"] for entry in body["entry"]]
        found.append([each["status"] for each in resources if each["resourceType"] == "Communication"])
    return found


def alarms(stored):
    with stored.database.read() as connection:
        return {(alarm.kind, alarm.subject) for alarm in standing(connection)}


def test_each_change_is_told_once_and_the_other_destinations_beside_it(stored, reports):
    message = stored.message(patient_id=stored.patient())
    plain = {"event": "sip", "tell_at": stored.now}
    late = stored.delivery(message, **plain)
    dead = stored.delivery(message, **plain, status="dead", attempts=1, receiver_unit="2480", endpoint="b")
    while reports.tell_next():
        pass
    assert told(stored) == [["on-hold"], ["not-done", "on-hold"]]
    assert (sender_alarms.LATE, "endpoint/lifecare") in alarms(stored)
    stored.change(tables.delivery, late, status="done", delivered_at=stored.now, tell_at=stored.now)
    stored.change(tables.delivery, dead, status="cancelled", tell_at=stored.now)
    while reports.tell_next():
        pass
    assert told(stored)[2:] == [["completed", "not-done"]]
    assert alarms(stored) == set()


def reasons(stored):
    """Of the newest report: (state, reason) of each destination."""
    column = tables.delivery.c
    with stored.database.read() as connection:
        query = select(column.id).where(column.event == "delivery-report").order_by(column.id.desc()).limit(1)
        newest = connection.execute(query).scalar_one()
        body = json.loads(stored.contents.of_delivery(connection, newest, "mapped").body)
    found = [entry["resource"] for entry in body["entry"] if entry["resource"]["resourceType"] == "Communication"]
    return [(each["status"], each.get("statusReason", {}).get("text")) for each in found]


def test_a_destination_is_told_of_once_however_often_it_was_sent_to(stored, reports):
    message = stored.message(patient_id=stored.patient())
    plain = {"event": "sip", "attempts": 1}
    for minutes in (60, 30):
        at = stored.now - minutes * 60_000_000
        stored.delivery(message, **plain, status="done", delivered_at=at)
    failed = {"status": "dead", "reported": "failed", "reported_at": stored.now}
    other = stored.delivery(message, **plain, **failed, receiver_unit="2480", endpoint="b")
    stored.delivery(message, **plain, status="dead", tell_at=stored.now)  # a replay, as are those before it
    while reports.tell_next():
        pass
    here, there = reasons(stored)
    assert (here[0], there) == ("not-done", ("not-done", there[1]))
    assert "skickats 3 gånger hit. De andra sändningarna: kom fram " in here[1]
    assert here[1].count("kom fram ") == 2
    assert "gånger" not in there[1]
    stored.change(tables.delivery, other, tell_at=stored.now, status="done", delivered_at=stored.now)
    while reports.tell_next():
        pass
    assert [state for state, _ in reasons(stored)] == ["completed", "not-done"]


def test_what_is_not_due_and_what_arrived_in_time_is_not_told(stored, reports):
    message = stored.message(patient_id=stored.patient())
    stored.delivery(message, tell_at=stored.now + 1)
    stored.delivery(message, tell_at=stored.now, status="done", delivered_at=stored.now, endpoint="b")
    assert reports.tell_next()
    assert not reports.tell_next()
    assert told(stored) == []


def test_one_that_cannot_be_written_keeps_no_other_untold(stored, reports, monkeypatch):
    broken, sound = (stored.message(patient_id=stored.patient()) for _ in range(2))
    first = stored.delivery(broken, tell_at=stored.now - 1, status="dead", attempts=1)
    stored.delivery(sound, tell_at=stored.now, status="dead", attempts=1, endpoint="b")
    write = Reports._write

    def fails(self, connection, row, state, at):
        if row.id == first:
            raise KeyError("a fault of ours")
        return write(self, connection, row, state, at)

    monkeypatch.setattr(Reports, "_write", fails)
    assert reports.tell_next()
    assert reports.tell_next()
    assert not reports.tell_next()
    assert told(stored) == [["not-done"]]
    [row] = [row for row in stored.rows(tables.delivery) if row["id"] == first]
    assert (row["reported"], row["tell_at"] > stored.now) == (None, True)


def test_a_sender_that_no_route_leads_to_is_named_to_operations_but_not_beside_a_protected_person(stored, reports):
    for protected in (False, True):
        message = stored.message(patient_id=stored.patient(protected=protected), sender_unit="SE2321000016-ELSE")
        stored.delivery(message, tell_at=stored.now, status="dead", attempts=1)
        assert reports.tell_next()
    assert told(stored) == []
    assert alarms(stored) == {(sender_alarms.UNTOLD, "party/region"), (sender_alarms.UNTOLD, "party/protected")}
