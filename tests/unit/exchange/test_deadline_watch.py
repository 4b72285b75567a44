"""As time passes, a duty becomes an alarm: near, past, done; by the law or as agreed; a case that is over rests."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from adapter.discharge.agreement import STATUTORY, Agreement
from adapter.exchange.agreements import Agreements
from adapter.exchange.watch.deadlines import Deadlines
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support.clock import to_micros

HOME = "SE2120000001-HOME"
AGREED = Agreement(
    id="read", version="1", name="x", valid_from=date(2020, 1, 1), read_within="8h", warn_before="2h", sent="stated"
)
ADMITTED = "2026-03-02T09:00:00+01:00"


@pytest.fixture
def watch(stored, directory):
    def made(*agreements, also=()):
        late_for = timedelta(days=7)
        return Deadlines(stored.database, directory, Agreements(agreements), stored.clock, late_for, also)

    return made


@pytest.fixture
def told(stored):
    """Takes a message of a case in, as far as the watch sees it."""

    def tell(event, sent, case="case-1", patient=None, **instants):
        micros = to_micros(datetime.fromisoformat(sent))
        detail = {"header_id": f"{case}-{event}", "happened_at": micros, "tasks": [], "statements": {}}
        person = patient or stored.patient()
        message = stored.message(case_id=case, patient_id=person)
        stored.fact(
            message,
            person,
            case_id=case,
            event=event,
            sender_party="region",
            sender_unit="SE2321000016-WARD",
            receivers=[{"unit": HOME, "party": "kommun-a"}],
            instants=instants,
            detail=detail | dict.fromkeys(("previous", "answers", "revises")),
            recorded_at=micros,
        )
        stored.delivery(message, receiver_unit=HOME, status="done", released_at=micros, delivered_at=micros)
        with stored.database.write() as connection:
            row = tables.case_state.c
            own = update(tables.case_state).where(row.case_id == case).values(look_at=0)
            if connection.execute(own).rowcount == 0:
                values = {"case_id": case, "patient_id": person, "state": {}, "updated_at": micros}
                connection.execute(insert(tables.case_state).values(values))
        return message

    return tell


def go(stored, instant):
    stored.clock.advance(datetime.fromisoformat(instant) - stored.clock.now())


def alarms(stored):
    with stored.database.read() as connection:
        return {(each.kind, each.subject.rpartition("/")[2]): each for each in standing(connection)}


def transitions(stored):
    return [(row["kind"], row["cleared"]) for row in stored.rows(tables.alert)]


def look_at(stored, case="case-1"):
    with stored.database.read() as connection:
        query = select(tables.case_state.c.look_at).where(tables.case_state.c.case_id == case)
        return connection.execute(query).scalar_one()


NOTICE = "admission-notice-in-time"


def test_a_notice_that_is_owed_is_an_alarm_before_its_time_and_after(stored, watch, told):
    first = told("planning-information", "2026-03-02T10:00:00+01:00", admission=ADMITTED)
    go(stored, "2026-03-02T10:05:00+01:00")
    deadlines = watch()
    assert deadlines.step()
    assert not deadlines.step()
    assert alarms(stored) == {}
    go(stored, "2026-03-03T04:59:59+01:00")
    deadlines.step()
    assert alarms(stored) == {}
    go(stored, "2026-03-03T05:00:00+01:00")
    deadlines.step()
    alarm = alarms(stored)["deadline-at-risk", NOTICE]
    assert alarm.subject == f"message/{first}/{NOTICE}"
    assert alarm.statutory
    assert alarm.reason == (
        f"{NOTICE} (LAW 2:3) is to be done before 2026-03-03 09:00 local time, and is not; it is owed by inpatient"
    )
    assert alarm.command == f"adapter messages show {first}"
    go(stored, "2026-03-03T09:00:00.000001+01:00")
    deadlines.step()
    assert list(alarms(stored)) == [("deadline-late", NOTICE)]
    # that the one is over is not told: the other takes its place
    assert transitions(stored) == [("deadline-at-risk", False), ("deadline-late", False)]


def test_it_is_over_when_the_notice_comes(stored, watch, told):
    patient = stored.patient()
    told("planning-information", "2026-03-02T10:00:00+01:00", patient=patient, admission=ADMITTED)
    go(stored, "2026-03-03T10:00:00+01:00")
    deadlines = watch()
    deadlines.step()
    assert ("deadline-late", NOTICE) in alarms(stored)
    told("admission-notice", "2026-03-03T10:10:00+01:00", patient=patient, admission=ADMITTED)
    deadlines.step()
    assert ("deadline-late", NOTICE) not in alarms(stored)
    assert ("deadline-late", True) in transitions(stored)


def test_it_is_over_when_nobody_can_mend_it_any_more_and_the_case_rests(stored, watch, told):
    told("planning-information", "2026-03-02T10:00:00+01:00", admission=ADMITTED)
    go(stored, "2026-03-10T08:59:00+01:00")
    deadlines = watch()
    deadlines.step()
    assert ("deadline-late", NOTICE) in alarms(stored)
    go(stored, "2026-03-10T09:05:00+01:00")
    deadlines.step()
    assert ("deadline-late", NOTICE) not in alarms(stored)
    assert transitions(stored) == [("deadline-late", False)]  # it was not done: nobody is told that it is over
    assert look_at(stored) is None


def test_cases_of_long_ago_raise_nothing(stored, watch, told):
    told("planning-information", "2026-01-02T10:00:00+01:00", admission="2026-01-02T09:00:00+01:00")
    assert watch().step()
    assert transitions(stored) == []
    assert look_at(stored) is None


def test_an_agreed_time_is_no_statutory_one(stored, watch, told):
    told("admission-notice", "2026-03-02T10:00:00+01:00", admission=ADMITTED)
    deadlines = watch(AGREED)
    go(stored, "2026-03-02T15:59:00+01:00")
    deadlines.step()
    assert alarms(stored) == {}
    go(stored, "2026-03-02T16:00:00+01:00")
    deadlines.step()
    alarm = alarms(stored)["deadline-at-risk", "read-receipt-of-admission-notice"]
    assert not alarm.statutory
    assert HOME not in alarm.reason + alarm.subject + alarm.command


def test_a_step_looks_at_some_cases_and_only_at_those_that_are_due(stored, watch, told):
    patient = stored.patient()
    for number in range(23):
        case, sent = f"case-{number}", "2026-03-02T10:00:00+01:00"
        told("planning-information", sent, case=case, patient=patient, admission=ADMITTED)
    go(stored, "2026-03-02T11:00:00+01:00")
    seen = []
    deadlines = watch(also=[lambda _, look: seen.append(look.case_id)])
    assert [deadlines.step() for _ in range(3)] == [True, True, False]
    assert len(seen) == len(set(seen)) == 23
    stored.clock.advance(timedelta(minutes=59))
    assert not deadlines.step()
    stored.clock.advance(timedelta(minutes=1))
    assert deadlines.step()


def test_what_is_mostly_told_on_paper_is_no_alarm(stored, watch, told):
    patient = stored.patient()
    told("admission-notice", "2026-03-02T10:00:00+01:00", patient=patient, admission=ADMITTED)
    told("discharge-notice", "2026-03-03T10:00:00+01:00", patient=patient, discharge="2026-03-03T10:00:00+01:00")
    go(stored, "2026-03-03T22:00:00+01:00")
    watch(STATUTORY).step()
    assert ("deadline-at-risk", "information-to-the-patient") not in alarms(stored)


def test_of_several_receivers_the_oldest_being_forgotten_says_nothing_again(stored, watch, told):
    patient = stored.patient()
    told("admission-notice", "2026-03-02T10:00:00+01:00", patient=patient, admission=ADMITTED)
    told("admission-notice", "2026-03-04T10:00:00+01:00", patient=patient, admission=ADMITTED)
    told(
        "ready-for-discharge", "2026-03-04T10:00:00+01:00", patient=patient, ready_assessed="2026-03-04T10:00:00+01:00"
    )
    deadlines = watch(AGREED)
    for hour in ("2026-03-05T10:00:00+01:00", "2026-03-10T10:00:00+01:00", "2026-03-10T10:05:00+01:00"):
        go(stored, hour)
        deadlines.step()
    raised = [kind for kind, cleared in transitions(stored) if not cleared]
    assert len(raised) == len({row["subject"] for row in stored.rows(tables.alert) if not row["cleared"]})
