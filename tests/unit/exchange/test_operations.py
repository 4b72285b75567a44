import pytest

from adapter.delivery.outbox import DeliveryStateError
from adapter.exchange.operations import Operations
from adapter.security.principals import Principal, Right
from adapter.store import alarms, tables
from adapter.support.errors import ForbiddenError, NotFoundError


@pytest.fixture
def woken():
    return []


@pytest.fixture
def operations(database, clock, woken):
    return Operations(
        database, clock, lambda: woken.append(True), lambda _connection, _delivery_id, _at, _mapping: None
    )


def status_of(stored, delivery):
    [row] = [row for row in stored.rows(tables.delivery) if row["id"] == delivery]
    return row["status"]


def audited(stored):
    return [(row["action"], row["object"], row["reason"]) for row in stored.rows(tables.audit)]


@pytest.fixture
def dead(stored):
    return stored.delivery(stored.message(), status="dead", reason="refused")


@pytest.fixture
def held(stored):
    patient = stored.patient(protected=True)
    return stored.delivery(stored.message(patient_id=patient), status="held", held_reason="protected")


def test_a_dead_letter_is_sent_again(operations, stored, woken, dead, region):
    with stored.database.write() as connection:
        values = {"reason": "r", "command": "c", "at": stored.now}
        alarms.raise_alarm(connection, kind="dead-letter", subject=f"delivery/{dead}", **values)
    operations.retry(region, dead, " mended at the receiver ")
    assert status_of(stored, dead) == "waiting"
    assert audited(stored) == [("delivery-retry", f"delivery/{dead}", "mended at the receiver")]
    assert woken == [True]
    with stored.database.read() as connection:
        assert alarms.standing(connection) == []


def test_retry_needs_no_reason(operations, stored, dead, region):
    operations.retry(region, dead)
    assert audited(stored) == [("delivery-retry", f"delivery/{dead}", None)]


def test_a_delivery_that_is_done_is_not_sent_again_and_is_told_why(operations, stored, woken, region):
    done = stored.delivery(stored.message(), status="done")
    with pytest.raises(DeliveryStateError, match=f"delivery {done} is done"):
        operations.retry(region, done)
    assert (status_of(stored, done), audited(stored), woken) == ("done", [], [])


def test_cancel(operations, stored, dead, region):
    operations.cancel(region, dead, "told by telephone")
    assert status_of(stored, dead) == "cancelled"
    assert audited(stored) == [("delivery-cancel", f"delivery/{dead}", "told by telephone")]


def test_release(operations, stored, woken, held, operations_principal):
    operations.release(operations_principal, held, "address checked by telephone")
    assert status_of(stored, held) == "waiting"
    [row] = stored.rows(tables.audit)
    assert row["patient_id"] is not None
    assert woken == [True]


@pytest.mark.parametrize("act", ["cancel", "release"])
@pytest.mark.parametrize("reason", ["", "  \n", "x" * 501])
def test_these_need_a_reason(operations, stored, held, operations_principal, act, reason):
    with pytest.raises(ForbiddenError, match="reason"):
        getattr(operations, act)(operations_principal, held, reason)
    assert (status_of(stored, held), audited(stored)) == ("held", [])


def test_release_needs_its_own_right(operations, stored, held, region):
    with pytest.raises(ForbiddenError, match="release"):
        operations.release(region, held, "why")
    assert status_of(stored, held) == "held"


@pytest.mark.parametrize("act", ["retry", "cancel"])
def test_sending_again_needs_its_right(operations, stored, dead, act):
    with pytest.raises(ForbiddenError, match="resend"):
        getattr(operations, act)(Principal("x", "region", frozenset(), frozenset({Right.LIST})), dead, "why")
    assert (status_of(stored, dead), audited(stored)) == ("dead", [])


def test_the_receiver_does_not_act_on_what_others_sent_it(operations, stored, dead, municipality):
    with pytest.raises(NotFoundError, match=f"there is no delivery {dead}"):
        operations.cancel(municipality, dead, "why")
    with pytest.raises(NotFoundError, match="there is no delivery 999"):
        operations.cancel(municipality, 999, "why")
    assert status_of(stored, dead) == "dead"


class TestEndpoint:
    @pytest.fixture(autouse=True)
    def known(self, stored):
        with stored.database.write() as connection:
            connection.execute(
                tables.endpoint_state.insert().values(endpoint="lifecare", state="closed", since=stored.now)
            )

    def state(self, stored):
        [row] = stored.rows(tables.endpoint_state)
        return row["state"], row["reason"]

    def test_pause_and_resume(self, operations, stored, operations_principal, woken):
        operations.pause(operations_principal, "lifecare", "change of certificate")
        assert self.state(stored) == ("paused", "change of certificate")
        operations.resume(operations_principal, "lifecare")
        assert self.state(stored) == ("closed", None)
        assert audited(stored) == [
            ("endpoint-pause", "endpoint/lifecare", "change of certificate"),
            ("endpoint-resume", "endpoint/lifecare", None),
        ]
        assert woken

    def test_is_for_operations(self, operations, stored, region):
        for act in (operations.pause, operations.resume):
            with pytest.raises(ForbiddenError, match="all-parties"):
                act(region, "lifecare", "why")
        assert self.state(stored) == ("closed", None)

    def test_one_that_is_not_known(self, operations, stored, operations_principal):
        with pytest.raises(NotFoundError, match="nowhere"):
            operations.pause(operations_principal, "nowhere", "why")
        assert audited(stored) == []


class TestAnEndpointThatNothingWasQueuedTo:
    def test_is_paused_before_its_first_message(self, database, clock, stored, operations_principal):
        acting = Operations(database, clock, lambda: None, lambda *_: None, lambda endpoint: endpoint == "new")
        acting.pause(operations_principal, "new", "not before Monday")
        [state] = stored.rows(tables.endpoint_state)
        assert (state["endpoint"], state["state"]) == ("new", "paused")
        acting.resume(operations_principal, "new")
        assert [row["state"] for row in stored.rows(tables.endpoint_state)] == ["closed"]

    def test_is_not_known_where_the_directory_has_none(self, operations, stored, operations_principal):
        with pytest.raises(NotFoundError, match="'new'"):
            operations.pause(operations_principal, "new", "not before Monday")
        assert stored.rows(tables.endpoint_state) == []
        assert audited(stored) == []
