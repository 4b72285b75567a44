import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from adapter.security import audit
from adapter.security.principals import Principal
from adapter.store import tables

NURSE = Principal("nurse", "region", frozenset(), frozenset())
MUNICIPAL = Principal("municipal", "skelleftea", frozenset(), frozenset())


def a_patient(connection):
    return connection.execute(insert(tables.patient).values(created_at=1).returning(tables.patient.c.id)).scalar_one()


def test_an_entry_says_who_what_when_about_whom_and_why(database):
    with database.write() as connection:
        patient_id = a_patient(connection)
        audit.record(connection, NURSE, "content-view", "message/12", 1_000_000, patient_id, "followed up", stage="x")
    with database.read() as connection:
        (entry,) = audit.entries(connection)
    assert (entry.principal, entry.party, entry.action, entry.object) == (
        "nurse",
        "region",
        "content-view",
        "message/12",
    )
    assert (entry.patient_id, entry.reason, entry.detail) == (patient_id, "followed up", {"stage": "x"})
    assert entry.at.isoformat() == "1970-01-01T00:00:01+00:00"


def test_pages_go_from_newest_to_oldest_without_gap_or_repeat(database):
    with database.write() as connection:
        for number in range(7):
            audit.record(connection, NURSE, "view", f"message/{number}", number)
    seen, before = [], None
    with database.read() as connection:
        while page := audit.entries(connection, before=before, limit=3):
            seen += [entry.object for entry in page]
            before = page[-1].id
    assert seen == [f"message/{number}" for number in reversed(range(7))]


def test_entries_narrow_to_party_person_and_action(database):
    with database.write() as connection:
        patient_id = a_patient(connection)
        audit.record(connection, NURSE, "view", "message/1", 1, patient_id)
        audit.record(connection, MUNICIPAL, "view", "message/2", 2)
        audit.record(connection, NURSE, "release", "message/3", 3)
    with database.read() as connection:
        assert [entry.object for entry in audit.entries(connection, party="skelleftea")] == ["message/2"]
        assert [entry.object for entry in audit.entries(connection, patient_id=patient_id)] == ["message/1"]
        assert [entry.object for entry in audit.entries(connection, party="region", action="release")] == ["message/3"]


def test_an_entry_knows_that_the_person_became_protected_later(database):
    with database.write() as connection:
        patient_id = a_patient(connection)
        audit.record(connection, NURSE, "view", "message/1", 1, patient_id)
        audit.record(connection, NURSE, "view", "message/2", 2)
        connection.execute(update(tables.patient).values(protected=True))
    with database.read() as connection:
        assert [entry.protected for entry in audit.entries(connection)] == [False, True]


def test_what_is_rolled_back_leaves_no_entry(database):
    def half_done():
        with database.write() as connection:
            audit.record(connection, NURSE, "view", "message/1", 1)
            audit.record(connection, NURSE, "view", "message/1", 1, patient_id=404)

    with pytest.raises(IntegrityError):
        half_done()
    with database.read() as connection:
        assert audit.entries(connection) == []
