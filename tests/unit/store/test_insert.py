"""Inserts that meet what is there: left out, or counted up."""

import pytest
from sqlalchemy import bindparam, exists, literal_column, select

from adapter.store import tables
from adapter.store.insert import absent, insert_if_absent, insert_selected_absent, of_parent, raised

PLACE = ("endpoint", "receiver", "patient_id")


@pytest.fixture
def raise_(stored):
    person = stored.patient()

    def counted(same=(), also=(), **values):
        plain = {"endpoint": "e", "receiver": "r", "patient_id": person}
        with stored.database.write() as connection:
            statement = raised(tables.stream, "last_sequence", PLACE, connection.dialect.name, same, also)
            return statement.row(connection, plain | {"last_sequence": 1} | values)

    return counted


def test_a_row_begins_with_one_and_is_counted_up(raise_):
    first, second, other = raise_(), raise_(), raise_(receiver="s")
    assert (first.last_sequence, second.last_sequence, other.last_sequence) == (1, 2, 1)
    assert first.id == second.id != other.id


def test_a_row_that_differs_stays_as_it_is(stored):
    one, two = stored.patient(), stored.patient()
    plain = {"type": "CarePlan", "key": "k", "case_id": "c", "party": "region"}
    unique = ("case_id", "type", "key")

    def counted(same, **values):
        with stored.database.write() as connection:
            statement = raised(tables.resource, "version", unique, connection.dialect.name, same)
            return statement.row(connection, plain | {"version": 1} | values)

    assert counted(("patient_id",), patient_id=one).version == 1
    assert counted(("patient_id",), patient_id=two) is None
    assert counted(("patient_id", "party"), patient_id=one, party="kommun-a") is None
    assert counted(("patient_id",), patient_id=one, party="kommun-a").version == 2
    [row] = stored.rows(tables.resource)
    assert (row["version"], row["patient_id"], row["party"]) == (2, one, "region")


def test_of_what_a_query_gives_what_is_new_is_inserted_and_told(stored):
    message = stored.message(patient_id=stored.patient())
    message_c, disclosed = tables.message.c, tables.disclosed.c
    query = select(
        *(literal_column(f"'{value}'").label(name) for name, value in (("party", "region"), ("type", "Task"))),
        message_c.id.label("resource_id"),
        bindparam("newest", type_=disclosed.version.type).label("version"),
        message_c.id.label("message_id"),
        literal_column("1").label("at"),
    ).where(message_c.id == message)
    told = (disclosed.resource_id, disclosed.version)

    def added(version):
        with stored.database.write() as connection:
            rows = insert_selected_absent(connection, tables.disclosed, query, told, {"newest": version})
        return [tuple(row) for row in rows]

    assert (added(1), added(1), added(2)) == ([(message, 1)], [], [(message, 2)])
    assert [row["version"] for row in stored.rows(tables.disclosed)] == [1, 2]


def test_more_is_asked_for_beside_the_counter(raise_, stored):
    with stored.database.write() as connection:
        insert_if_absent(connection, tables.endpoint_state, endpoint="other", state="closed", since=1)
    known = exists().where(tables.endpoint_state.c.endpoint == bindparam("to")).label("known")
    assert not raise_(also=(known,), to="e").known
    assert raise_(also=(known,), to="other").known


def test_the_key_is_told_where_a_row_was_inserted(stored):
    with stored.database.write() as connection:
        values = {"endpoint": "e", "state": "closed", "since": 1}
        new = absent(tables.endpoint_state, connection.dialect.name)
        assert [new.row(connection, values) for _ in range(2)] == [("e",), None]


def test_what_belongs_to_nothing_is_not_inserted(stored):
    person = stored.patient()
    keys = of_parent(tables.patient_key, "patient_id", ("hash", "key_id", "patient_id", "created_at"))
    with stored.database.write() as connection:
        for name, parent in (("a", person), ("b", None)):
            keys.run(connection, {"hash": name, "key_id": "k", "patient_id": parent, "created_at": 1})
    assert [(row["hash"], row["patient_id"]) for row in stored.rows(tables.patient_key)] == [("a", person)]
