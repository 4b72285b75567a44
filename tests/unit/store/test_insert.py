"""Inserts that meet what is there: left out, or counted up."""

import pytest

from adapter.store import tables
from adapter.store.insert import insert_all_absent, insert_or_none, insert_or_raise

PLACE = ("endpoint", "receiver", "patient_id")


@pytest.fixture
def raise_(stored):
    person = stored.patient()

    def raised(same=(), **values):
        plain = {"endpoint": "e", "receiver": "r", "patient_id": person}
        with stored.database.write() as connection:
            return insert_or_raise(connection, tables.stream, "last_sequence", PLACE, same, **plain | values)

    return raised


def test_a_row_begins_with_one_and_is_counted_up(raise_):
    first, second, other = raise_(), raise_(), raise_(receiver="s")
    assert (first.last_sequence, second.last_sequence, other.last_sequence) == (1, 2, 1)
    assert first.id == second.id != other.id


def test_a_row_that_differs_stays_as_it_is(stored):
    one, two = stored.patient(), stored.patient()
    plain = {"type": "CarePlan", "key": "k", "case_id": "c", "party": "region"}
    unique = ("case_id", "type", "key")

    def raised(same, **values):
        with stored.database.write() as connection:
            return insert_or_raise(connection, tables.resource, "version", unique, same, **plain | values)

    assert raised(("patient_id",), patient_id=one).version == 1
    assert raised(("patient_id",), patient_id=two) is None
    assert raised(("patient_id", "party"), patient_id=one, party="kommun-a") is None
    assert raised(("patient_id",), patient_id=one, party="kommun-a").version == 2
    [row] = stored.rows(tables.resource)
    assert (row["version"], row["patient_id"], row["party"]) == (2, one, "region")


def test_of_several_rows_those_that_are_new_are_told(stored):
    message = stored.message(patient_id=stored.patient())
    row = {"party": "region", "type": "Task", "version": 1, "message_id": message, "at": 1}
    rows = [row | {"resource_id": number} for number in (3, 1, 2)]
    with stored.database.write() as connection:
        assert insert_all_absent(connection, tables.disclosed, rows[:1], ("resource_id",)) == {(3,)}
        assert insert_all_absent(connection, tables.disclosed, rows, ("resource_id",)) == {(1,), (2,)}
        assert insert_all_absent(connection, tables.disclosed, rows, ("resource_id",)) == set()
    assert [row["resource_id"] for row in stored.rows(tables.disclosed)] == [3, 1, 2]


def test_the_key_is_told_where_a_row_was_inserted(stored):
    with stored.database.write() as connection:
        values = {"endpoint": "e", "state": "closed", "since": 1}
        assert tuple(insert_or_none(connection, tables.endpoint_state, **values)) == ("e",)
        assert insert_or_none(connection, tables.endpoint_state, **values) is None
