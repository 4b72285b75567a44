"""Where a person's messages are, on a real store."""

import pytest

from adapter.exchange import whereabouts
from adapter.exchange.views import Views
from adapter.exchange.whereabouts import Where
from adapter.security.principals import Right
from adapter.security.pseudonyms import Pseudonyms
from adapter.store import tables
from adapter.support.errors import AdapterError, ForbiddenError

PERSON = ("http://electronichealth.se/identifier/personnummer", "199010042386")
NOBODY = "189001019802"


@pytest.fixture
def pseudonyms():
    return Pseudonyms([("k1", b"a key for tests"), ("k0", b"an older key")])


@pytest.fixture
def where(database, pseudonyms, clock):
    return Where(database, pseudonyms, clock)


@pytest.fixture
def person(stored, pseudonyms):
    with stored.database.write() as connection:
        return pseudonyms.surrogate(connection, [PERSON], stored.now)


def test_each_message_and_receiver(where, stored, person, operations_principal):
    first = stored.message(patient_id=person, sent_at=stored.now)
    done = stored.delivery(first, status="done", delivered_at=stored.now, acknowledgement="ok", blocking=False)
    held = stored.delivery(first, status="held", receiver_party="kommun-b", receiver_unit="B")
    answer = stored.message(
        patient_id=person, answers_id=first, sender_party="kommun-a", sender_unit="A", event="read-receipt"
    )
    stored.delivery(stored.message(patient_id=stored.patient()))
    found = where.find(operations_principal, PERSON, "the ward asks")
    assert found.known
    by_id = {row.delivery_id: row for row in found.rows}
    assert set(by_id) == {done, held}
    arrived = by_id[done]
    assert (arrived.status, arrived.acknowledgement, arrived.receiver) == ("done", "ok", "SE2120000001-HOME")
    assert [(each.message_id, each.event, each.by) for each in arrived.answers] == [(answer, "read-receipt", "A")]
    assert arrived.next == "answered"
    assert by_id[held].answers == ()
    assert by_id[held].command.startswith(f"adapter deliveries release {held}")
    [entry] = stored.rows(tables.audit)
    assert (entry["action"], entry["patient_id"], entry["reason"]) == ("where", person, "the ward asks")
    assert PERSON[1] not in str(dict(entry))


@pytest.mark.parametrize(
    ("status", "next_attempt", "words", "command"),
    [
        ("dead", None, "mends", "show"),
        ("cancelled", None, "cancelled", None),
        ("running", None, "being sent", None),
        ("waiting", 4_000_000_000_000_000, "next_attempt_at", None),
        ("waiting", None, "behind", "show"),
        ("done", None, "nobody has answered", None),
    ],
)
def test_what_is_next(where, stored, person, operations_principal, status, next_attempt, words, command):
    stored.delivery(stored.message(patient_id=person), status=status, next_attempt_at=next_attempt)
    [row] = where.find(operations_principal, PERSON, "why").rows
    assert words in row.next
    assert (row.command is None) if command is None else command in row.command


def test_nobody_known_is_an_answer_and_audited(where, stored, operations_principal):
    found = where.find(operations_principal, (PERSON[0], NOBODY), "why")
    assert (found.known, found.rows) == (False, ())
    [entry] = stored.rows(tables.audit)
    assert (entry["patient_id"], entry["detail"]) == (None, {"known": False, "deliveries": 0})


def test_of_a_protected_person_neither_where_nor_who(where, stored, person, operations_principal):
    stored.change(tables.patient, person, protected=True)
    message = stored.message(patient_id=person)
    stored.delivery(message, status="done")
    stored.message(patient_id=person, answers_id=message, sender_party="kommun-a", event="read-receipt")
    [row] = where.find(operations_principal, PERSON, "why").rows
    assert (row.protected, row.receiver, row.party, row.answers[0].by) == (True, None, None, None)


def test_a_party_sees_its_own_and_nothing_behind_a_block(where, stored, person, municipality):
    message = stored.message(patient_id=person)
    mine = stored.delivery(message)
    stored.delivery(message, receiver_party="kommun-b")
    assert [row.delivery_id for row in where.find(municipality, PERSON, "why").rows] == [mine]
    stored.insert(tables.block, patient_id=person, party="region", created_at=stored.now)
    assert where.find(municipality, PERSON, "why").rows == ()


def test_a_party_does_not_learn_that_others_have_messages_about_somebody(where, stored, person, municipality, clock):
    nobody = (PERSON[0], "194108109168")
    stored.delivery(stored.message(patient_id=person), receiver_party="kommun-b")
    assert where.find(municipality, PERSON, "why") == where.find(municipality, nobody, "why")
    stored.change(tables.patient, person, protected=True)
    assert where.find(municipality, PERSON, "why") == where.find(municipality, nobody, "why")
    lines = Views(stored.database, stored.contents, clock).audit(municipality).rows
    assert len({(line.protected, str(line.detail), line.object) for line in lines}) == 1
    assert sum(row["patient_id"] == person for row in stored.rows(tables.audit)) == 2


def test_rights_and_reason(where, stored, operations_principal):
    from tests.unit.conftest import principal

    with pytest.raises(ForbiddenError):
        where.find(principal("region", Right.LIST), PERSON, "why")
    with pytest.raises(ForbiddenError):
        where.find(operations_principal, PERSON, "  ")
    assert stored.rows(tables.audit) == []


def test_pages(where, stored, person, operations_principal):
    numbers = [stored.delivery(stored.message(patient_id=person)) for _ in range(3)]
    page = where.find(operations_principal, PERSON, "why", limit=2)
    assert [row.delivery_id for row in page.rows] == numbers[:0:-1]
    rest = where.find(operations_principal, PERSON, "why", before=page.next_before)
    assert ([row.delivery_id for row in rest.rows], rest.next_before) == (numbers[:1], None)


def test_the_cost_is_the_persons_own_however_many_messages_there_are(stored, person, operations_principal, region):
    if stored.database.url.get_backend_name() != "sqlite":
        pytest.skip("the plan is SQLite's")
    for principal in (operations_principal, region):
        query = whereabouts.deliveries(principal, ["0" * 64, "1" * 64], None).limit(51)
        made = query.compile(stored.database.engine, compile_kwargs={"render_postcompile": True})
        values = tuple(made.params[name] for name in made.positiontup)
        with stored.database.read() as connection:
            plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {made}", values)]
        assert not [step for step in plan if step.startswith("SCAN")], plan
        assert any("ix_message_patient_id" in step for step in plan), plan
        assert any("ix_delivery_message_id" in step for step in plan), plan


@pytest.mark.parametrize(
    ("system", "number"),
    [
        ("personnummer", "199010042387"),
        ("personnummer", "9010042386"),
        ("personnummer", "199010642383"),
        ("samordningsnummer", "199010042386"),
    ],
)
def test_a_number_that_nobody_has_is_not_answered_with_no(where, operations_principal, system, number):
    with pytest.raises(AdapterError, match=f"no {system}: expected 12 digits") as refused:
        where.find(operations_principal, (f"http://electronichealth.se/identifier/{system}", number), "the ward asks")
    assert number not in str(refused.value)


def test_a_number_as_a_sender_wrote_it_is_found(where, stored, pseudonyms, operations_principal):
    odd = (PERSON[0], "9010042386")
    with stored.database.write() as connection:
        patient = pseudonyms.surrogate(connection, [odd], stored.now)
    stored.delivery(stored.message(patient_id=patient))
    assert len(where.find(operations_principal, odd, "the ward asks").rows) == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [("paused", "resumes"), ("open", "answers"), ("tripped", "takes messages again"), ("closed", "it is due")],
)
def test_an_endpoint_to_which_nothing_is_sent_is_what_it_waits_for(
    where, stored, person, operations_principal, state, words
):
    stored.delivery(stored.message(patient_id=person), next_attempt_at=stored.now)
    with stored.database.write() as connection:
        values = {"endpoint": "lifecare", "state": state, "since": stored.now}
        connection.execute(tables.endpoint_state.insert().values(values))
    [row] = where.find(operations_principal, PERSON, "the ward asks").rows
    assert words in row.next


def test_of_a_protected_person_no_endpoint_is_named(where, stored, pseudonyms, operations_principal):
    with stored.database.write() as connection:
        patient = pseudonyms.surrogate(connection, [PERSON], stored.now)
        values = {"endpoint": "lifecare", "state": "paused", "since": stored.now}
        connection.execute(tables.endpoint_state.insert().values(values))
        connection.execute(tables.patient.update().values(protected=True))
    stored.delivery(stored.message(patient_id=patient), next_attempt_at=stored.now)
    [row] = where.find(operations_principal, PERSON, "the ward asks").rows
    assert (row.command, "resumes" in row.next) == (None, False)
