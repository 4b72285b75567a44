"""Statements that go to the driver as they are: what goes in and comes out is as SQLAlchemy has it, errors too."""

import pytest
from sqlalchemy import bindparam, case, delete, insert, literal_column, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from adapter.store import tables
from adapter.store.database import Database
from adapter.store.statements import Statement, run_text
from adapter.support.errors import UnavailableError

_fact, _key, _person = tables.fact.c, tables.patient_key.c, tables.patient.c
ADD_FACT = Statement(insert(tables.fact).returning(tables.fact))
ADD_PERSON = Statement(insert(tables.patient).returning(_person.id))
KEYS = Statement(select(_key.hash).where(_key.hash.in_(bindparam("hashes", expanding=True))).order_by(_key.hash))
FIRST = Statement(
    select(_person.id).order_by(_person.id).limit(bindparam("most", type_=_person.id.type, literal_execute=True))
)
BACKENDS = "pg_stat_activity WHERE datname = current_database()"


@pytest.fixture
def connection(database):
    with database.write() as connection:
        yield connection


@pytest.fixture
def person(connection):
    return ADD_PERSON.value(connection, {"created_at": 1})


def as_sqlalchemy(connection, statement):
    return [tuple(row) for row in connection.execute(statement)]


def test_every_type_goes_in_and_comes_out(connection, person):
    add = Statement(insert(tables.message).returning(tables.message.c.id))
    message = {"status": "accepted", "source": "fhir", "received_at": 2**53 + 1, "size": 1, "config_version": "1"}
    message |= {
        "issues": [{"text": "ärende 'x' %s ? :name"}],
        "statutory": True,
        "content_hash": "0" * 64,
        "http_status": 200,
    }
    message_id = add.value(connection, message)
    row = {"message_id": message_id, "patient_id": person, "case_id": "c", "event": "e", "sender_party": "p"}
    row |= {"sender_unit": "u", "receivers": [], "instants": {}, "detail": {"a": None, "å": 1.5}, "recorded_at": 1}
    fact = ADD_FACT.one(connection, row)
    assert {name: getattr(fact, name) for name in row} == row
    content = {"message_id": message_id, "stage": "received", "media_type": "a/b", "key_id": "k", "created_at": 1}
    body = bytes(range(256)) * 300
    Statement(insert(tables.content)).run(connection, content | {"bytes": body, "sha256": "0" * 64})
    assert Statement(select(tables.content.c.bytes)).value(connection) == body
    kept = Statement(select(tables.message)).one(connection)
    assert kept.statutory is True
    assert tuple(kept) == as_sqlalchemy(connection, select(tables.message))[0]


def test_lists_of_any_length(connection, person):
    add = Statement(insert(tables.patient_key))
    rows = [{"hash": each, "key_id": "k", "patient_id": person, "created_at": 1} for each in "abc"]
    add.run_each(connection, rows)
    add.run_each(connection, [])
    for asked, found in ((["a"], ["a"]), (["c", "a", "x"], ["a", "c"]), ([], []), (["b", "c"], ["b", "c"])):
        assert [row.hash for row in KEYS.rows(connection, {"hashes": asked})] == found


def test_many_rows_go_in_few_statements_and_each_comes_back(connection, person):
    add = Statement(insert(tables.patient_key).returning(_key.hash, _key.created_at))
    rows = [{"hash": f"h{n}", "key_id": "k", "patient_id": person, "created_at": n} for n in range(35)]
    assert sorted(map(tuple, add.rows_each(connection, rows))) == sorted(
        (row["hash"], row["created_at"]) for row in rows
    )
    assert add.rows_each(connection, []) == []
    change = Statement(update(tables.patient_key).where(_key.hash == bindparam("this")))
    change.run_each(connection, [{"this": row["hash"], "created_at": 100 + row["created_at"]} for row in rows])
    change.run_each(connection, [{"this": "h3", "created_at": 7}])
    found = dict(as_sqlalchemy(connection, select(_key.hash, _key.created_at)))
    assert found == {row["hash"]: 100 + row["created_at"] for row in rows} | {"h3": 7}


def test_what_is_fixed_in_the_statement_stays(connection, person):
    ADD_PERSON.run(connection, {"created_at": 2})
    fixed = Statement(
        select(_person.id, case((_person.created_at.in_((2, 3)), "late"), else_="early").label("when"))
        .where(_person.id >= bindparam("least"), literal_column("1") == 1)
        .order_by(_person.id)
    )
    assert [row.when for row in fixed.rows(connection, {"least": person})] == ["early", "late"]


def test_what_the_text_spells_out_is_not_kept_from_before(connection, person):
    ADD_PERSON.run(connection, {"created_at": 2})
    assert [len(FIRST.rows(connection, {"most": most})) for most in (1, 2, 1)] == [1, 2, 1]


def test_counts_what_it_changes(connection, person):
    change = Statement(update(tables.patient).where(_person.id == bindparam("this")))
    assert change.run(connection, {"this": person, "protected": True}) == 1
    assert change.run(connection, {"this": -1, "protected": True}) == 0
    assert change.run(connection, {"this": person, "protected": False, "created_at": 7}) == 1
    assert as_sqlalchemy(connection, select(_person.protected, _person.created_at)) == [(False, 7)]
    assert Statement(delete(tables.patient)).run(connection) == 1


def test_no_row_and_too_many(connection, person):
    all_of_them = Statement(select(_person.id))
    none = Statement(select(_person.id).where(_person.id == -1))
    assert (none.row(connection), none.value(connection)) == (None, None)
    ADD_PERSON.run(connection, {"created_at": 2})
    for statement in (none, all_of_them):
        with pytest.raises(LookupError, match="expected one row"):
            statement.one(connection)


def test_a_refusal_is_sqlalchemys_and_shows_no_value(connection):
    row = {"hash": "what a person is known by", "key_id": "k", "patient_id": -5, "created_at": 1}
    with pytest.raises(IntegrityError) as raised:
        Statement(insert(tables.patient_key)).run(connection, row)
    assert "known by" not in str(raised.value)


def test_words_that_are_none_are_refused(connection):
    with pytest.raises(DBAPIError):
        run_text(connection, "NO SUCH WORDS")


def test_a_connection_to_postgresql_that_was_cut_is_told_once_and_not_used_again(postgresql_url, monkeypatch):
    database, killer = Database(postgresql_url), Database(postgresql_url)
    monkeypatch.setattr("adapter.store.postgresql._RESTED_SECONDS", 3600.0)
    with database.write(), database.write():
        pass  # two rest in the pool by now
    with killer.write() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM {BACKENDS} AND pid <> pg_backend_pid()"))
    with pytest.raises(UnavailableError) as raised, database.write() as connection:
        ADD_PERSON.run(connection, {"created_at": 1})
    assert type(raised.value.__cause__.orig).__name__ == "AdminShutdown"
    with database.write() as one, database.write() as other:
        assert FIRST.rows(one, {"most": 1}) == FIRST.rows(other, {"most": 1}) == []
    for each in (database, killer):
        each.close()
