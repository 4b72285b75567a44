"""Several statements as one, where the database can: what each gives to the others, and to who runs them."""

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.store import batch as batches
from adapter.store import tables
from adapter.store.batch import Batch
from adapter.store.insert import absent
from adapter.store.statements import Statement

_patient, _key, _state = tables.patient.c, tables.patient_key.c, tables.endpoint_state.c
PERSON = Statement(insert(tables.patient).returning(_patient.id, _patient.protected))
KEY = Statement(insert(tables.patient_key))
OF_PERSON = Statement(
    insert(tables.patient_key).from_select(
        ["hash", "key_id", "patient_id", "created_at"],
        select(
            bindparam("hash_", type_=_key.hash.type),
            bindparam("key", type_=_key.key_id.type),
            bindparam("person", type_=_key.patient_id.type),
            bindparam("made", type_=_key.created_at.type),
        ).where(bindparam("person", type_=_key.patient_id.type).is_not(None)),
    )
)
PROTECT = Statement(
    update(tables.patient).where(_patient.id == bindparam("this")).returning(_patient.id, _patient.protected)
)


def key(name, person):
    return {"hash": name, "key_id": "k", "patient_id": person, "created_at": 1}


def keys(stored):
    return {row["hash"]: row["patient_id"] for row in stored.rows(tables.patient_key)}


def test_what_one_gives_is_taken_by_others_and_told(stored):
    for name in ("a", "b"):  # the second time by what was remembered of the first
        with stored.database.write() as connection:
            batch = Batch(connection)
            person = batch.add(PERSON, {"created_at": 1})
            batch.add(KEY, key(name, person.column("id")))
            batch.add(KEY, key(f"{name}2", person.column("id")))
            assert person.row is None
            batch.run()
        assert (type(person.row.id), person.row.protected) == (int, False)
        assert {name: person.row.id, f"{name}2": person.row.id}.items() <= keys(stored).items()
    assert len(keys(stored)) == 4
    assert len(set(keys(stored).values())) == 2


def test_what_gives_no_row_gives_null(stored):
    with stored.database.write() as connection:
        new = absent(tables.endpoint_state, connection.dialect.name)
        for expected in ("e", None):
            batch = Batch(connection)
            known = batch.add(new, {"endpoint": "e", "state": "closed", "since": 1})
            nobody = batch.add(PROTECT, {"this": -1, "protected": True})
            given = {"hash_": "h", "key": "k", "person": nobody.column("id"), "made": 1}
            batch.add(OF_PERSON, given)
            batch.run()
            assert (known.row and known.row.endpoint, nobody.row) == (expected, None)
    assert keys(stored) == {}


@pytest.mark.parametrize("count", [1, 2, 16, 35])
def test_rows_of_any_number(stored, count):
    person = stored.patient()
    with stored.database.write() as connection:
        batch = Batch(connection)
        batch.add_rows(KEY, [key(f"h{number}", person) for number in range(count)])
        last = batch.add(PROTECT, {"this": person, "protected": True})
        batch.run()
    assert (len(keys(stored)), last.row.protected) == (count, True)


def test_as_many_as_there_are(stored):
    with stored.database.write() as connection:
        batch = Batch(connection)
        people = [batch.add(PERSON, {"created_at": number}) for number in range(900)]
        batch.add(KEY, key("first", people[0].column("id")))
        batch.add(KEY, key("last", people[-1].column("id")))
        batch.run()
    made = {row["created_at"]: row["id"] for row in stored.rows(tables.patient)}
    assert {number: person.row.id for number, person in enumerate(people)} == made
    assert keys(stored) == {"first": people[0].row.id, "last": people[-1].row.id}


def test_nothing_and_one_thing(stored):
    with stored.database.write() as connection:
        Batch(connection).run()
        batch = Batch(connection)
        person = batch.add(PERSON, {"created_at": 7})
        batch.run()
    assert [row["id"] for row in stored.rows(tables.patient)] == [person.row.id]


def test_where_one_fails_all_do_and_no_value_is_told(stored):
    person = stored.patient()

    def run(connection):
        batch = Batch(connection)
        batch.add(PERSON, {"created_at": 1})
        batch.add_rows(KEY, [key("the-same", person), key("the-same", person)])
        batch.run()

    with pytest.raises(IntegrityError) as refused:
        stored.database.transact(run)
    assert "the-same" not in str(refused.value.statement)
    assert refused.value.params is None
    assert (keys(stored), len(stored.rows(tables.patient))) == ({}, 1)


@pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)
def test_they_are_one_statement_of_postgresql(stored, monkeypatch):
    run = []
    execute = batches.execute
    monkeypatch.setattr(batches, "execute", lambda *given: (run.append(given[1]), execute(*given))[1])
    with stored.database.write() as connection:
        batch = Batch(connection)
        person = batch.add(PERSON, {"created_at": 1})
        batch.add(KEY, key("h", person.column("id")))
        batch.run()
    assert [sql.count("INSERT") for sql in run] == [2]
