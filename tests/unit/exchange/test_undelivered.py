"""The list for the day when everything is down."""

from datetime import UTC, date, datetime

import pytest

from adapter.directory import Directory
from adapter.exchange.undelivered import Contact, Reserve, deadline
from adapter.security.principals import Right
from adapter.store import tables
from adapter.support.errors import ForbiddenError

FILE = """
parties:
  - {id: region, kind: region, name: Regionen, phone: 010-000 00 01}
  - {id: kommun-a, kind: municipality, name: Kommunen, kommunkod: "0001", phone: 020-000 00 00, email: a@a.example}
units:
  - {hsa: SE2120000001-HOME, name: Hemvården, kind: municipal-receiving, party: kommun-a, phone: 030-000 00 00,
     contact: dygnet runt}
"""
MESSAGE = (
    b'{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"Patient","name":[{"given":["Ada"],'
    b'"family":"Ek"}],"identifier":[{"system":"urn:x","value":"199010042386"}]}}]}'
)


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "directory.yaml").write_text(FILE, "utf-8")
    return Directory.load(tmp_path / "directory")


@pytest.fixture
def reserve(database, stored, clock, directory):
    return Reserve(database, stored.contents, clock, directory)


def undelivered(stored, **values):
    message = stored.message(patient_id=values.pop("patient", None) or stored.patient())
    stored.content(message, "received", MESSAGE, "application/fhir+json")
    stored.fact(message, stored.patient(), instants=values.pop("instants", {}))
    return stored.delivery(message, **values)


def test_whom_to_call_and_by_when_first_things_first(reserve, stored, operations_principal):
    later = undelivered(stored, status="dead", instants={"admission": "2026-03-02T09:00:00+01:00"})
    sooner = undelivered(stored, instants={"admission": "2026-03-01T09:00:00+01:00"})
    never = undelivered(stored, event="sip", receiver_unit="0001", status="held")
    undelivered(stored, status="done")
    undelivered(stored, status="cancelled")
    found = reserve.list(operations_principal)
    assert [row.delivery_id for row in found.rows] == [sooner, later, never]
    assert found.rows[0].deadline == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert found.rows[0].contact == Contact(
        "SE2120000001-HOME", "Hemvården", "Kommunen", "030-000 00 00", "a@a.example", "dygnet runt"
    )
    assert found.rows[2].contact == Contact("0001", None, "Kommunen", "020-000 00 00", "a@a.example")
    assert {row.person for row in found.rows} == {None}
    assert stored.rows(tables.audit) == []


def test_persons_for_a_reason_each_in_the_audit_the_protected_never(reserve, stored, operations_principal):
    shown = undelivered(stored)
    hidden = undelivered(stored, patient=stored.patient(protected=True))
    found = {row.delivery_id: row for row in reserve.list_with_persons(operations_principal, "the lines are down").rows}
    assert found[shown].person == "Ada Ek 199010042386"
    assert (found[hidden].person, found[hidden].contact, found[hidden].protected) == (None, None, True)
    [entry] = stored.rows(tables.audit)
    assert (entry["action"], entry["object"]) == ("undelivered-view", f"delivery/{shown}")


def test_persons_are_read_while_others_write(reserve, stored, database, operations_principal, monkeypatch):
    deliveries = [undelivered(stored) for _ in range(3)]
    monkeypatch.setattr("adapter.exchange.undelivered._PAGE", 2)
    read, opened = reserve._person, []

    def reading(connection, message_id):
        with database.write() as other:  # would wait for ever, or fail, within a write transaction of the list's own
            stored_before = other.execute(tables.audit.select()).fetchall()
        opened.append(len(stored_before))
        return read(connection, message_id)

    monkeypatch.setattr(reserve, "_person", reading)
    found = reserve.list_with_persons(operations_principal, "the lines are down")
    assert {row.person for row in found.rows} == {"Ada Ek 199010042386"}
    assert opened == [2, 2, 3]  # each is in the audit before it is read, a page at a time
    assert {entry["object"] for entry in stored.rows(tables.audit)} == {f"delivery/{each}" for each in deliveries}


def test_a_label_that_comes_while_the_list_is_made_hides_the_person(reserve, stored, operations_principal, monkeypatch):
    from adapter.security import audit

    patient = stored.patient()
    undelivered(stored, patient=patient)
    record = audit.record

    def labelled(connection, *given, **more):
        record(connection, *given, **more)
        connection.execute(tables.patient.update().where(tables.patient.c.id == patient).values(protected=True))

    monkeypatch.setattr(audit, "record", labelled)
    [row] = reserve.list_with_persons(operations_principal, "the lines are down").rows
    assert (row.person, row.contact, row.protected) == (None, None, True)


def test_a_person_of_very_many_names_is_cut(reserve, stored, operations_principal, monkeypatch):
    many = MESSAGE.replace(b'"Ada"', b",".join([b'"Ada"'] * 500))
    monkeypatch.setitem(globals(), "MESSAGE", many)
    undelivered(stored)
    [row] = reserve.list_with_persons(operations_principal, "the lines are down").rows
    assert len(row.person) <= 402


def test_rights(reserve, stored, region):
    from tests.unit.conftest import principal

    with pytest.raises(ForbiddenError):
        reserve.list(principal("region", Right.CONTENT))
    with pytest.raises(ForbiddenError):
        reserve.list_with_persons(principal("region", Right.LIST), "why")
    undelivered(stored)
    assert len(reserve.list(region).rows) == 1
    assert reserve.list(principal("kommun-a", Right.LIST)).rows == ()


def test_without_a_directory_and_with_more_than_fit(database, stored, clock, operations_principal):
    reserve = Reserve(database, stored.contents, clock, None)
    assert reserve.list(operations_principal).rows == ()
    undelivered(stored)
    undelivered(stored)
    found = reserve.list(operations_principal, limit=1)
    assert (found.rows[0].contact, found.complete) == (Contact("SE2120000001-HOME", party="kommun-a"), False)


@pytest.mark.parametrize(
    ("event", "stated", "expected"),
    [
        ("admission-notice", {}, None),
        ("admission-notice", {"admission": "nonsense"}, None),
        (
            "admission-notice",
            {"admission": "2026-03-01T09:00:00+01:00", "need_assessed": "2026-03-02T09:00:00+01:00"},
            datetime(2026, 3, 3, 8, tzinfo=UTC),
        ),
        ("discharge-notice", {"discharge": "2026-03-02T10:00:00+01:00"}, datetime(2026, 3, 2, 23, tzinfo=UTC)),
        ("planning-information", {"estimated_discharge": "2026-03-02"}, datetime(2026, 3, 2, 23, tzinfo=UTC)),
        ("planning-information", {"estimated_discharge": "2026-02-31"}, None),
        ("sip", {"discharge": "2026-03-02T10:00:00+01:00"}, None),
    ],
)
def test_deadlines(event, stated, expected):
    assert deadline(event, stated) == expected
    assert date(2026, 3, 2)
