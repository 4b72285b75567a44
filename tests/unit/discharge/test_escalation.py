"""The ladder by worked examples: what stands since when, and which step is due."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from adapter.discharge import escalation
from adapter.discharge.agreement import STATUTORY, Agreement, Step, Trigger
from adapter.discharge.facts import Fact, Recipient
from adapter.support.clock import to_micros

HOME, CARE = "home", "open-care-unit"
RISK, LATE = Trigger.AT_RISK, Trigger.LATE


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def fact(event: str, sent: str, sender: str = "ward", read_at: str | None = None, **more: Any) -> Fact:
    micros = to_micros(at(sent))
    read = to_micros(at(read_at)) if read_at else None
    to = (Recipient(HOME, "municipality", "2482", read_at=read),) if sender == "ward" else ()
    return Fact(f"{event}-{sent}", event, micros, sender, accepted_at=micros, recipients=to, **more)


TASK = {"identifier": "t|1", "status": "requested"}
ADMISSION = "2026-03-09T08:00:00+01:00"
NOTICE = fact("admission-notice", "2026-03-09T10:00:00+01:00", instants={"admission": ADMISSION}, tasks=(TASK,))
READY = fact("ready-for-discharge", "2026-03-10T09:00:00+01:00")
LEFT = fact("discharge-notice", "2026-03-16T09:00:00+01:00", instants={"discharge": "2026-03-16T09:00:00+01:00"})


def capacity(sent: str, word: str, sender: str = HOME) -> Fact:
    return fact("capacity-answer", sent, sender, statements={"capacity": word})


def answer(sent: str, status: str) -> Fact:
    return fact("acceptance-answer", sent, HOME, tasks=({**TASK, "status": status},))


def ladder(*steps: tuple[Trigger, float, str]) -> Agreement:
    made = tuple(Step(trigger=trigger, after=timedelta(hours=hours), to=to) for trigger, hours, to in steps)
    cited = {"escalation": "§ 9"}
    return Agreement(id="x", version="1", name="x", valid_from=date(2018, 1, 1), escalation=made, citations=cited)


def stands(facts: list[Fact], now: str, trigger: Trigger) -> list[tuple[str, str, str]]:
    found = escalation.occasions(facts, STATUTORY, at(now))
    return [(each.rule, each.unit, each.since.astimezone(UTC).isoformat()) for each in found if each.trigger is trigger]


@pytest.mark.parametrize(
    ("facts", "now", "trigger", "rules"),
    [
        # LAW 4:3: called at latest on 13 March; at risk four hours before its end.
        ([NOTICE, READY], "2026-03-13T19:59:59+01:00", RISK, []),
        ([NOTICE, READY], "2026-03-13T20:00:00+01:00", RISK, ["sip-invitation-in-time"]),
        ([NOTICE, READY], "2026-03-13T23:59:59+01:00", LATE, []),
        ([NOTICE, READY], "2026-03-14T00:00:00+01:00", LATE, ["sip-invitation-in-time"]),
        ([NOTICE, READY], "2026-03-14T00:00:00+01:00", RISK, ["sip-invitation-in-time"]),
        (
            [NOTICE, READY, fact("sip-invitation", "2026-03-13T21:00:00+01:00")],
            "2026-03-14T00:00:00+01:00",
            RISK,
            [],
        ),
        ([NOTICE], "2026-03-09T12:00:00+01:00", Trigger.UNREAD, ["admission-notice"]),
        (
            [NOTICE, READY],
            "2026-03-10T12:00:00+01:00",
            Trigger.UNREAD,
            ["admission-notice", "ready-for-discharge"],
        ),
        # Who answers has read, be it without a kvittens.
        ([NOTICE, answer("2026-03-09T11:00:00+01:00", "received")], "2026-03-09T12:00:00+01:00", Trigger.UNREAD, []),
        ([NOTICE, READY, LEFT], "2026-03-16T12:00:00+01:00", Trigger.UNREAD, []),
        ([NOTICE], "2026-03-09T12:00:00+01:00", Trigger.UNANSWERED, ["admission-notice"]),
        (
            [NOTICE, answer("2026-03-09T11:00:00+01:00", "received")],
            "2026-03-09T12:00:00+01:00",
            Trigger.UNANSWERED,
            ["admission-notice"],
        ),
        (
            [NOTICE, answer("2026-03-09T11:00:00+01:00", "rejected")],
            "2026-03-09T12:00:00+01:00",
            Trigger.UNANSWERED,
            [],
        ),
        ([READY], "2026-03-12T12:00:00+01:00", Trigger.UNANSWERED, []),
    ],
)  # fmt: skip
def test_what_stands(facts: list[Fact], now: str, trigger: Trigger, rules: list[str]) -> None:
    assert [rule for rule, _, _ in stands(facts, now, trigger)] == rules


def test_a_notice_that_was_read_is_not_unread() -> None:
    read = fact("admission-notice", "2026-03-09T10:00:00+01:00", read_at="2026-03-09T10:30:00+01:00")
    assert stands([read], "2026-03-09T12:00:00+01:00", Trigger.UNREAD) == []


@pytest.mark.parametrize(
    ("said", "since"),
    [
        ([("2026-03-10T10:00:00+01:00", "cannot-receive")], "2026-03-10T09:00:00+00:00"),
        # Said again, it goes on from the first time; in between it could.
        (
            [("2026-03-10T10:00:00+01:00", "cannot-receive"), ("2026-03-11T10:00:00+01:00", "cannot-receive")],
            "2026-03-10T09:00:00+00:00",
        ),
        ([("2026-03-10T10:00:00+01:00", "cannot-receive"), ("2026-03-11T10:00:00+01:00", "can-receive")], None),
        (
            [
                ("2026-03-10T10:00:00+01:00", "cannot-receive"),
                ("2026-03-11T10:00:00+01:00", "can-receive"),
                ("2026-03-12T10:00:00+01:00", "cannot-receive"),
            ],
            "2026-03-12T09:00:00+00:00",
        ),
        ([("2026-03-10T10:00:00+01:00", "can-receive")], None),
    ],
)
def test_capacity_that_is_not_there(said: list[tuple[str, str]], since: str | None) -> None:
    facts = [NOTICE, *(capacity(*each) for each in said)]
    wanted = [] if since is None else [("capacity-answer", HOME, since)]
    assert stands(facts, "2026-03-15T12:00:00+01:00", Trigger.NO_CAPACITY) == wanted
    assert stands([*facts, LEFT], "2026-03-16T12:00:00+01:00", Trigger.NO_CAPACITY) == []


def test_one_unit_that_can_does_not_speak_for_another() -> None:
    facts = [
        NOTICE,
        capacity("2026-03-10T10:00:00+01:00", "cannot-receive"),
        capacity("2026-03-11T10:00:00+01:00", "can-receive", CARE),
    ]
    assert [unit for _, unit, _ in stands(facts, "2026-03-12T12:00:00+01:00", Trigger.NO_CAPACITY)] == [HOME]


LADDER = ladder(
    (Trigger.NO_CAPACITY, 0, "enhetschef"), (Trigger.NO_CAPACITY, 24, "verksamhetschef"), (LATE, 0, "sjukvårdsdirektör")
)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-03-10T09:59:59+01:00", []),
        ("2026-03-10T10:00:00+01:00", ["enhetschef"]),
        ("2026-03-11T09:59:59+01:00", ["enhetschef"]),
        ("2026-03-11T10:00:00+01:00", ["enhetschef", "verksamhetschef"]),
        ("2026-03-14T00:00:00+01:00", ["enhetschef", "verksamhetschef", "sjukvårdsdirektör"]),
    ],
)
def test_the_steps_come_one_after_another(now: str, told: list[str]) -> None:
    facts = [NOTICE, READY, capacity("2026-03-10T10:00:00+01:00", "cannot-receive")]
    found = escalation.due(facts, LADDER, at(now))
    assert [each.to for each in found] == told
    assert {each.clause for each in found} <= {"x 1: § 9"}


def test_the_next_step_is_foretold() -> None:
    facts = [NOTICE, capacity("2026-03-10T10:00:00+01:00", "cannot-receive")]
    soon = escalation.next_due(facts, LADDER, at("2026-03-10T12:00:00+01:00"))
    assert soon == at("2026-03-11T10:00:00+01:00")
    assert escalation.next_due(facts, LADDER, at("2026-03-12T12:00:00+01:00")) is None


def test_without_a_ladder_nobody_is_told() -> None:
    facts = [NOTICE, READY, capacity("2026-03-10T10:00:00+01:00", "cannot-receive")]
    assert escalation.due(facts, STATUTORY, at("2026-03-20T12:00:00+01:00")) == []
    assert escalation.next_due(facts, STATUTORY, at("2026-03-20T12:00:00+01:00")) is None
    assert escalation.due([], LADDER, at("2026-03-20T12:00:00+01:00")) == []
