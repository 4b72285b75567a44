"""Numbers are rolled up once for all processes, and protected persons apart."""

from datetime import timedelta

import pytest

from adapter.exchange.watch import gauges
from adapter.exchange.watch.gauges import Gauges
from adapter.store import tables
from adapter.store.alarms import raise_alarm


@pytest.fixture
def rolled_up(database, clock):
    def look(process=None):
        (process or Gauges(database, clock)).step()
        with database.read() as connection:
            return {(name, label): value for name, label, value in gauges.read(connection)}

    return look


def test_an_empty_installation_has_zeros_for_every_kind_of_alarm(rolled_up, clock):
    found = rolled_up()
    assert found["alarms_standing", "deadline-late"] == 0
    assert found["alerts_waiting", ""] == 0
    assert found["workers", ""] == 0
    assert found["rolled_up", ""] == clock.now().timestamp()


def test_what_waits_by_endpoint_and_of_protected_persons_apart(rolled_up, stored, clock):
    first = clock.now().timestamp()
    stored.delivery(stored.message(), endpoint="lifecare")
    stored.delivery(stored.message(), endpoint="lifecare", status="dead")
    patient = stored.patient(protected=True)
    stored.delivery(stored.message(patient_id=patient), patient_id=patient, endpoint="secret", status="held")
    found = rolled_up()
    assert found["deliveries_waiting", "lifecare"] == 1
    assert found["deliveries_dead", "lifecare"] == 1
    assert found["deliveries_held", "protected"] == 1
    assert found["deliveries_oldest", "lifecare"] == first + 1
    assert not [key for key in found if "secret" in key]


def test_a_second_process_leaves_it_to_the_first_and_old_numbers_go(rolled_up, stored, database, clock):
    with database.write() as connection:
        connection.execute(
            tables.endpoint_state.insert().values(endpoint="a", state="tripped", since=1),
        )
        raise_alarm(connection, kind="endpoint-tripped", subject="endpoint/a", reason="r", command="c", at=1)
    found = rolled_up()
    assert (found["endpoint_working", "a"], found["alarms_standing", "endpoint-tripped"]) == (0, 1)
    with database.write() as connection:
        connection.execute(tables.endpoint_state.delete())
    clock.advance(timedelta(seconds=5))
    assert ("endpoint_working", "a") in rolled_up()
    clock.advance(timedelta(seconds=5))
    assert ("endpoint_working", "a") not in rolled_up()
