"""The SIP's rules by worked examples: consent, who calls, responses, follow-up; and the two-sided gate at the door."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapter.discharge.agreement import STATUTORY
from adapter.discharge.deadlines import State, duties
from adapter.discharge.facts import Fact, Recipient
from adapter.discharge.payment import liability
from adapter.discharge.sip import Gate, Way, check, gate, of_case
from adapter.support.clock import to_micros

CODE = "2482"
HOME, CARE, WARD = "home", "open-care-unit", "ward"
UNITS = (Recipient(HOME, "municipality", CODE), Recipient(WARD, "inpatient"))
KINDS = {HOME: "municipality", CARE: "open-care", WARD: "inpatient"}
LONG_AFTER = datetime(2027, 6, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def fact(event: str, sent: str, sender: str = WARD, name: str = "", **more: Any) -> Fact:
    micros = to_micros(at(sent))
    recipients = tuple(each for each in UNITS if each.unit != sender)
    plain: dict[str, Any] = {"accepted_at": micros, "recipients": recipients, "sender_kind": KINDS[sender]}
    return Fact(name or f"{event}-{sent}-{sender}", event, micros, sender, **(plain | more))


ADMITTED = fact("admission-notice", "2026-03-09T10:00:00+01:00", instants={"admission": "2026-03-09T08:00:00+01:00"})
READY = fact("ready-for-discharge", "2026-03-10T09:00:00+01:00")
REFERRED = fact(
    "home-care-referral", "2026-03-09T09:00:00+01:00", CARE, statements={"way_in": "primary-care", "criteria": ""}
)
ASKED = ({"identifier": "t|1", "status": "requested"}, {"identifier": "t|2", "status": "requested"})
MEETING = {"sip_meeting": "2026-03-12T13:00:00+01:00"}


def called(sender: str = CARE, sent: str = "2026-03-10T14:00:00+01:00", **more: Any) -> Fact:
    return fact("sip-invitation", sent, sender, **({"tasks": ASKED, "instants": MEETING} | more))


def plan(sent: str, sender: str = CARE, follow_up: str | None = None, **statements: str) -> Fact:
    said = {"plan_kind": "SIP", "plan_status": "active"} | statements
    return fact("sip", sent, sender, statements=said, instants={"follow_up": follow_up} if follow_up else {})


@pytest.mark.parametrize(
    ("kind", "consent", "found", "is_open"),
    [
        ("SIP", "given", Gate.CONSENTED, True),
        ("SIP", "guardian", Gate.GUARDIAN, True),
        ("SIP", "unable", Gate.UNABLE, True),
        ("SIP", None, Gate.UNSAID, True),
        ("SIP", "some new word", Gate.UNSAID, True),
        ("SIP", "refused", Gate.REFUSED, False),
        ("SIP", "withdrawn", Gate.WITHDRAWN, False),
        (None, "withdrawn", Gate.WITHDRAWN, False),
        ("SPLPTLRV", "refused", Gate.EXEMPT, True),
        ("SPLPTLRV", None, Gate.EXEMPT, True),
    ],
)
def test_the_consent_gate(kind: str | None, consent: str | None, found: Gate, is_open: bool) -> None:
    assert gate(kind, consent) is found
    assert found.is_open is is_open


def word(consent: str, sent: str) -> Fact:
    return fact("general-message", sent, CARE, statements={"plan_consent": consent})


@pytest.mark.parametrize(
    ("earlier", "said", "sent", "rules"),
    [
        ([], {"plan_consent": "given"}, "2026-03-12T14:00:00+01:00", []),
        ([word("given", "2026-03-10T12:00:00+01:00")], {}, "2026-03-12T14:00:00+01:00", []),
        ([], {}, "2026-03-12T14:00:00+01:00", ["discharge-plan-consent-unsaid"]),
        ([], {"plan_consent": "refused"}, "2026-03-12T14:00:00+01:00", ["discharge-plan-consent"]),
        ([word("refused", "2026-03-10T12:00:00+01:00")], {}, "2026-03-12T14:00:00+01:00", ["discharge-plan-consent"]),
        # Who refused may consent later; and a plan from before a withdrawal is not shared after it.
        ([word("refused", "2026-03-10T12:00:00+01:00")], {"plan_consent": "given"}, "2026-03-12T14:00:00+01:00", []),
        (
            [word("withdrawn", "2026-03-13T12:00:00+01:00")],
            {"plan_consent": "given"},
            "2026-03-12T14:00:00+01:00",
            ["discharge-plan-consent"],
        ),
        ([word("withdrawn", "2026-03-10T12:00:00+01:00")], {"plan_kind": "SPLPTLRV"}, "2026-03-12T14:00:00+01:00", []),
    ],
)
def test_a_plan_at_the_door(earlier: list[Fact], said: dict[str, str], sent: str, rules: list[str]) -> None:
    found = check("sip", {"plan_kind": "SIP", "plan_status": "active"} | said, to_micros(at(sent)), earlier, "")
    assert [each.rule for each in found] == rules
    assert {each.severity for each in found} <= {"error" if rules == ["discharge-plan-consent"] else "warning"}


def test_a_refusal_that_was_retracted_does_not_count() -> None:
    refused = word("refused", "2026-03-10T12:00:00+01:00")
    gone = fact("retraction", "2026-03-10T13:00:00+01:00", CARE, revises=refused.header_id)
    found = check("sip", {"plan_consent": "given"}, to_micros(at("2026-03-10T11:00:00+01:00")), [refused, gone], "")
    assert found == []


@pytest.mark.parametrize(
    ("earlier", "sender_kind", "rules"),
    [
        ([ADMITTED], "open-care", []),
        ([ADMITTED], "", []),
        ([ADMITTED], "inpatient", ["discharge-invitation-sender"]),
        ([ADMITTED], "municipality", ["discharge-invitation-sender"]),
        ([REFERRED], "inpatient", []),
        ([], "inpatient", []),
    ],
)
def test_a_kallelse_at_the_door(earlier: list[Fact], sender_kind: str, rules: list[str]) -> None:
    assert [each.rule for each in check("sip-invitation", {}, 0, earlier, sender_kind)] == rules


def test_other_messages_pass() -> None:
    assert check("ready-for-discharge", {}, 0, [word("refused", "2026-03-10T12:00:00+01:00")], "inpatient") == []


@pytest.mark.parametrize(
    ("stay", "way"),
    [
        ([ADMITTED], Way.DISCHARGE),
        ([REFERRED], Way.PRIMARY_CARE),
        ([fact("home-care-referral", "2026-03-09T09:00:00+01:00", statements={"way_in": "specialised-outpatient"})],
         Way.OUTPATIENT),
        ([REFERRED, ADMITTED], Way.DISCHARGE),
        ([], Way.DISCHARGE),
    ],
)  # fmt: skip
def test_the_way_in(stay: list[Fact], way: Way) -> None:
    assert of_case(stay).way is way


def test_the_planning_as_it_is_known() -> None:
    answer = fact("acceptance-answer", "2026-03-11T08:00:00+01:00", HOME, tasks=({**ASKED[0], "status": "accepted"},))
    own = plan("2026-03-12T15:00:00+01:00", HOME)
    first = plan(
        "2026-03-12T14:00:00+01:00",
        plan_consent="given",
        plan_huvudmen="municipality-hsl region",
        plan_overall="region",
        follow_up="2026-06-12",
    )
    found = of_case([ADMITTED, READY, called(), answer, first, own])
    assert (found.way, found.gate, found.plan_status, found.closed) == (Way.DISCHARGE, Gate.CONSENTED, "active", False)
    assert (found.called, found.called_in_turn) == (at("2026-03-10T14:00:00+01:00"), True)
    assert [(each.unit, each.status) for each in found.responses] == [(HOME, "accepted"), (WARD, None)]
    assert found.responses[0].contributed == at("2026-03-12T15:00:00+01:00")
    assert found.adjusted == ((HOME, at("2026-03-12T15:00:00+01:00")),)
    assert (found.huvudmen, found.overall) == (("municipality-hsl", "region"), "region")
    assert (found.meeting, found.follow_up) == (MEETING["sip_meeting"], "2026-06-12")


def test_a_plan_of_compulsory_care_is_adjusted_by_each_unit() -> None:
    facts = [
        ADMITTED,
        plan("2026-03-12T14:00:00+01:00", plan_kind="SPLPTLRV"),
        plan("2026-03-13T14:00:00+01:00", HOME, plan_kind="SPLPTLRV"),
        plan("2026-03-14T14:00:00+01:00", WARD, plan_kind="SPLPTLRV"),
        plan("2026-03-15T14:00:00+01:00", HOME, plan_kind="SPLPTLRV", plan_status="completed"),
    ]
    found = of_case(facts)
    assert dict(found.adjusted) == {HOME: at("2026-03-15T14:00:00+01:00"), WARD: at("2026-03-14T14:00:00+01:00")}
    assert (found.gate, found.closed) == (Gate.EXEMPT, True)


def test_the_ward_does_not_call_in_a_discharge() -> None:
    facts = [ADMITTED, READY, called(WARD)]
    found = next(each for each in duties(facts, STATUTORY, LONG_AFTER) if each.rule == "sip-invitation-in-time")
    assert (found.done, found.state, found.flags) == (None, State.LATE, ("called-by-another-than-open-care",))
    condition = next(
        each for each in liability(facts, CODE, STATUTORY, LONG_AFTER).conditions if each.rule == "sip-invitation-sent"
    )
    assert (condition.holds, condition.review) == (None, True)
    assert of_case(facts).called_in_turn is False
    assert of_case([REFERRED, called(WARD)]).called_in_turn is True


def test_open_care_that_calls_after_the_ward_counts() -> None:
    facts = [ADMITTED, READY, called(WARD), called(sent="2026-03-11T14:00:00+01:00")]
    found = next(each for each in duties(facts, STATUTORY, LONG_AFTER) if each.rule == "sip-invitation-in-time")
    assert (found.done, found.state, found.flags) == (at("2026-03-11T14:00:00+01:00"), State.MET, ())


@pytest.mark.parametrize(
    ("now", "later", "state"),
    [
        ("2026-06-04T23:59:59+02:00", [], State.OPEN),
        ("2026-06-06T00:00:00+02:00", [], State.AT_RISK),
        ("2026-06-12T23:59:59+02:00", [], State.AT_RISK),
        ("2026-06-13T00:00:00+02:00", [], State.LATE),
        ("2026-06-13T00:00:00+02:00", [plan("2026-06-12T10:00:00+02:00")], State.MET),
        ("2026-06-13T00:00:00+02:00", [plan("2026-06-11T10:00:00+02:00")], State.LATE),
        ("2026-06-14T00:00:00+02:00", [plan("2026-06-13T10:00:00+02:00")], State.LATE),
        ("2026-06-13T00:00:00+02:00", [plan("2026-06-01T10:00:00+02:00", plan_status="completed")], None),
        # A new day takes the place of the old one.
        ("2026-06-13T00:00:00+02:00", [plan("2026-05-30T10:00:00+02:00", follow_up="2026-09-01")], State.OPEN),
        ("2026-06-13T00:00:00+02:00", [word("withdrawn", "2026-05-30T10:00:00+02:00")], State.NOT_APPLICABLE),
    ],
)
def test_the_follow_up_of_a_plan(now: str, later: list[Fact], state: State | None) -> None:
    facts = [ADMITTED, plan("2026-03-12T14:00:00+01:00", follow_up="2026-06-12"), *later]
    found = [each.state for each in duties(facts, STATUTORY, at(now)) if each.rule == "plan-followed-up"]
    assert found == ([] if state is None else [state])


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59-01:00", "2026-06", "2026", "x"])
def test_a_follow_up_that_cannot_be_counted_to_is_none(day: str) -> None:
    facts = [ADMITTED, plan("2026-03-12T14:00:00+01:00", follow_up=day)]
    assert not [each for each in duties(facts, STATUTORY, LONG_AFTER) if each.rule == "plan-followed-up"]


def test_the_reminder_is_seven_days_unless_agreed_otherwise() -> None:
    facts = [ADMITTED, plan("2026-03-12T14:00:00+01:00", follow_up="2026-06-12T13:00:00+02:00")]
    other = STATUTORY.model_copy(update={"remind_before": timedelta(days=30)})
    states = [
        next(each.state for each in duties(facts, agreement, at("2026-05-20T10:00:00+02:00")) if "follow" in each.rule)
        for agreement in (STATUTORY, other)
    ]
    assert states == [State.OPEN, State.AT_RISK]
