"""The ladder in operation: each step recorded and raised once, ended when it is over, acknowledged by a person."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from adapter.directory import Directory
from adapter.discharge.agreement import Agreement, Step, Trigger
from adapter.exchange.acts import ConflictError
from adapter.exchange.agreements import Agreements
from adapter.exchange.ladder import ESCALATION, Escalations, climb
from adapter.exchange.watch.deadlines import Deadlines
from adapter.security.principals import Principal, Right
from adapter.store import alarms, tables
from adapter.support.errors import ForbiddenError, NotFoundError

HOME = "SE2120000001-HOME"
LADDER = Agreement(
    id="ladder",
    version="1",
    name="x",
    valid_from=date(2020, 1, 1),
    escalation=(
        Step(trigger=Trigger.NO_CAPACITY, to="enhetschef", channel="chefen"),
        Step(trigger=Trigger.NO_CAPACITY, after=timedelta(hours=24), to="verksamhetschef"),
    ),
)
START = datetime.fromisoformat("2026-03-02T10:00:00+01:00")


def principal(party: str, *rights: Right) -> Principal:
    return Principal(f"token of {party}", party, frozenset(), frozenset(rights or [Right.LIST]))


OPERATIONS = principal("operations", *Right)


@pytest.fixture
def watcher(stored: Any, directory: Directory) -> Deadlines:
    agreements = Agreements([LADDER])
    return Deadlines(stored.database, directory, agreements, stored.clock, timedelta(days=7), (climb,))


@pytest.fixture
def escalations(stored: Any, directory: Directory) -> Escalations:
    return Escalations(stored.database, directory, stored.clock)


class Case:
    """A case as the door would have stored it."""

    def __init__(self, stored: Any, **patient: Any) -> None:
        self.stored = stored
        self.person = stored.patient(**patient)
        self.first = 0
        self.say("admission-notice", "SE2321000016-WARD", admission=START.isoformat())
        with stored.database.write() as connection:
            values = {"case_id": "case-1", "patient_id": self.person, "state": {}, "updated_at": stored.now}
            connection.execute(tables.case_state.insert().values(values))

    def say(self, event: str, sender: str, capacity: str = "", **instants: str) -> None:
        stored, ward = self.stored, sender.endswith("WARD")
        party = "region" if ward else "kommun-a"
        message = stored.message(patient_id=self.person, sender_party=party, sender_unit=sender, event=event)
        self.first = self.first or message
        receivers = [{"unit": HOME, "party": "kommun-a"}] if ward else []
        detail = {
            "header_id": f"{event}-{message}",
            "happened_at": stored.now,
            "tasks": [],
            "statements": {"capacity": capacity} if capacity else {},
        }
        stored.fact(
            message,
            self.person,
            event=event,
            sender_party=party,
            sender_unit=sender,
            receivers=receivers,
            instants=instants,
            detail=detail | dict.fromkeys(("previous", "answers", "revises")),
        )
        if receivers:
            stored.delivery(message, patient_id=self.person, status="done", delivered_at=stored.now)
        with stored.database.write() as connection:
            connection.execute(tables.case_state.update().values(look_at=0))


def standing(stored: Any) -> list[alarms.Alarm]:
    with stored.database.read() as connection:
        return alarms.standing(connection, {ESCALATION})


def look(stored: Any, watcher: Deadlines, hours: float = 0) -> None:
    stored.clock.advance(timedelta(hours=hours))
    while watcher.step():
        pass


def test_each_step_is_raised_once_and_in_its_time(stored: Any, watcher: Deadlines, escalations: Escalations) -> None:
    case = Case(stored)
    look(stored, watcher)
    assert standing(stored) == []
    case.say("capacity-answer", HOME, "cannot-receive")
    look(stored, watcher)
    look(stored, watcher, 1)
    [first] = standing(stored)
    assert (first.subject, first.command) == ("escalation/1/chefen", "adapter escalations acknowledge 1")
    assert "tell enhetschef" in first.reason
    # The case wants to be looked at when the next step is due, whatever else there is.
    look(stored, watcher, 23)
    assert [each.step for each in escalations.listed(OPERATIONS)] == [1, 0]
    assert [each.to for each in escalations.listed(OPERATIONS)] == ["verksamhetschef", "enhetschef"]
    look(stored, watcher, 48)
    assert len(escalations.listed(OPERATIONS)) == 2


def test_the_ladder_ends_with_what_it_is_about(stored: Any, watcher: Deadlines, escalations: Escalations) -> None:
    case = Case(stored)
    case.say("capacity-answer", HOME, "cannot-receive")
    look(stored, watcher)
    case.say("capacity-answer", HOME, "can-receive")
    look(stored, watcher)
    assert (standing(stored), escalations.listed(OPERATIONS)) == ([], [])
    [over] = escalations.listed(OPERATIONS, open_only=False)
    assert over.ended is not None
    # And begins anew with the next time.
    case.say("capacity-answer", HOME, "cannot-receive")
    look(stored, watcher)
    assert [each.id for each in escalations.listed(OPERATIONS)] == [2]


def test_a_person_acknowledges(stored: Any, watcher: Deadlines, escalations: Escalations) -> None:
    Case(stored).say("capacity-answer", HOME, "cannot-receive")
    look(stored, watcher)
    with pytest.raises(ForbiddenError):
        escalations.acknowledge(principal("region"), 1)
    done = escalations.acknowledge(OPERATIONS, 1, "ringt enhetschefen")
    assert (done.is_open, done.acknowledged_by, done.note) == (False, OPERATIONS.name, "ringt enhetschefen")
    assert standing(stored) == []
    look(stored, watcher, 1)
    assert standing(stored) == []
    with pytest.raises(ConflictError):
        escalations.acknowledge(OPERATIONS, 1)
    [entry] = [each for each in stored.rows(tables.audit) if each["action"] == "escalation-acknowledge"]
    assert (entry["object"], entry["reason"]) == ("escalation/1", "ringt enhetschefen")
    # That somebody knows does not end it: the next step comes.
    look(stored, watcher, 24)
    assert len(standing(stored)) == 1


def test_who_sees_it(stored: Any, watcher: Deadlines, escalations: Escalations) -> None:
    Case(stored).say("capacity-answer", HOME, "cannot-receive")
    look(stored, watcher)
    seen = {party: len(escalations.listed(principal(party))) for party in ("region", "kommun-a", "kommun-b")}
    assert seen == {"region": 1, "kommun-a": 1, "kommun-b": 0}
    with pytest.raises(NotFoundError):
        escalations.acknowledge(principal("kommun-b", Right.RESEND), 1)


def test_of_a_protected_person_nothing_tells_where(stored: Any, watcher: Deadlines, escalations: Escalations) -> None:
    Case(stored, protected=True).say("capacity-answer", HOME, "cannot-receive")
    look(stored, watcher)
    [alarm], [shown] = standing(stored), escalations.listed(OPERATIONS)
    assert not [word for word in ("enhetschef", "chefen", HOME, "2482", "ladder 1") if word in str(alarm)]
    assert (shown.unit, shown.to, shown.clause, shown.channel) == (None, None, None, "operations")


def test_without_a_ladder_nothing_is_raised(stored: Any, directory: Directory, escalations: Escalations) -> None:
    watcher = Deadlines(stored.database, directory, Agreements(), stored.clock, timedelta(days=7), (climb,))
    Case(stored).say("capacity-answer", HOME, "cannot-receive")
    look(stored, watcher, 72)
    assert escalations.listed(OPERATIONS, open_only=False) == []
