"""Reading a message in the domain's terms."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.discharge import disclosure, message, protection
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import (
    CASE,
    ESTIMATED_DISCHARGE,
    EVENT,
    NEED_ASSESSED,
    PERSONNUMMER,
    READY_ASSESSED,
    STAY,
    TASK,
    URI,
)

HEADER = "00000000-0000-4000-8000-000000000001"


def bundle(event: str, *resources: dict[str, Any]) -> MessageBundle:
    header = {"resourceType": "MessageHeader", "id": HEADER, "eventCoding": {"system": EVENT, "code": event}}
    entries = [{"fullUrl": f"urn:uuid:{each.get('id', n)}", "resource": each} for n, each in enumerate(resources)]
    return MessageBundle(
        {
            "resourceType": "Bundle",
            "id": "b",
            "type": "message",
            "timestamp": "2026-03-09T10:12:00+01:00",
            "entry": [{"fullUrl": f"urn:uuid:{HEADER}", "resource": header}, *entries],
        }
    )


def stay(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Encounter", "identifier": [{"system": STAY, "value": "s1"}]} | members


def task(case: Any, **members: Any) -> dict[str, Any]:
    group = {"system": CASE, "value": case} if isinstance(case, str) else case
    return {"resourceType": "Task", "groupIdentifier": group} | members


def provenance(*entities: tuple[str, str], target: Any = None) -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "target": [target or {"reference": f"urn:uuid:{HEADER}"}],
        "entity": [{"role": role, "what": {"identifier": {"system": URI, "value": v}}} for role, v in entities],
    }


def rules(reading: message.Reading) -> list[str]:
    return [issue.rule for issue in reading.issues]


def test_an_admission_notice() -> None:
    reading = message.read(
        bundle(
            "admission-notice",
            {"resourceType": "Patient", "identifier": [{"system": PERSONNUMMER, "value": "18900101-9802"}]},
            stay(
                period={"start": "2026-03-09T08:40:00+01:00"},
                extension=[
                    {"url": ESTIMATED_DISCHARGE, "valueDateTime": "2026-03-13"},
                    {"url": NEED_ASSESSED, "valueDateTime": "2026-03-09T09:55:00+01:00"},
                ],
            ),
            task("c1", identifier=[{"system": TASK, "value": "t1"}], status="requested"),
        )
    )
    assert reading.issues == ()
    assert (reading.event, reading.header_id, reading.bundle_id) == ("admission-notice", HEADER, "b")
    assert reading.case_id == f"{CASE}|c1"
    assert reading.patient_identifiers == ((PERSONNUMMER, "189001019802"),)
    assert reading.sent == (datetime(2026, 3, 9, 9, 12, tzinfo=UTC), "2026-03-09T10:12:00+01:00")
    assert reading.assessed == (datetime(2026, 3, 9, 8, 55, tzinfo=UTC), "2026-03-09T09:55:00+01:00")
    assert reading.instants == {
        "admission": "2026-03-09T08:40:00+01:00",
        "estimated_discharge": "2026-03-13",
        "need_assessed": "2026-03-09T09:55:00+01:00",
    }
    assert reading.tasks == ({"identifier": f"{TASK}|t1", "status": "requested"},)


def test_ready_for_discharge_has_its_assessed_time_inside_the_extension() -> None:
    parts = [{"url": "assessor", "valueString": "x"}, {"url": "time", "valueDateTime": "2026-03-12T09:00:00+01:00"}]
    reading = message.read(bundle("ready-for-discharge", stay(extension=[{"url": READY_ASSESSED, "extension": parts}])))
    assert reading.instants == {"ready_assessed": "2026-03-12T09:00:00+01:00"}
    assert reading.assessed is not None
    assert reading.assessed.text == "2026-03-12T09:00:00+01:00"


def test_discharge_is_the_end_of_a_finished_stay_only() -> None:
    period = {"end": "2026-03-13T14:00:00+01:00"}
    assert message.read(bundle("discharge-notice", stay(status="finished", period=period))).instants == {
        "discharge": "2026-03-13T14:00:00+01:00"
    }
    assert message.read(bundle("discharge-notice", stay(status="in-progress", period=period))).instants == {}


def test_the_meeting_starts_the_sip() -> None:
    meeting = {"resourceType": "Appointment", "status": "proposed", "start": "2026-03-12T13:00:00+01:00"}
    assert message.read(bundle("sip-invitation", meeting)).instants == {"sip_meeting": "2026-03-12T13:00:00+01:00"}
    assert message.read(bundle("sip-invitation", meeting | {"status": "cancelled"})).instants == {}


@pytest.mark.parametrize("written", ["2026-03-09", "2026-03-09T08:40:00", "i går", 5])
def test_an_instant_without_offset_is_not_guessed(written: Any) -> None:
    admission = message.read(bundle("admission-notice", stay(period={"start": written})))
    assert admission.instants == {}
    assert rules(admission) == ["discharge-instant-offset"]
    assert admission.issues[0].severity == "error"
    assert admission.issues[0].expression == ("Bundle.entry[1].resource.period.start",)
    planning = message.read(bundle("planning-information", stay(period={"start": written})))
    assert [issue.severity for issue in planning.issues] == ["warning"]


def test_an_estimate_may_be_a_date_but_not_a_time_without_offset() -> None:
    extension = [{"url": ESTIMATED_DISCHARGE, "valueDateTime": "2026-03-13T13:00:00"}]
    assert message.read(bundle("admission-notice", stay(extension=extension))).instants == {}


def test_case_comes_from_tasks_then_from_the_stay_then_from_elsewhere() -> None:
    assert message.read(bundle("sip", stay(), task("c1"))).case_id == f"{CASE}|c1"
    assert message.read(bundle("sip", stay(), task(None))).case_id == f"{STAY}|s1"
    nothing = message.read(bundle("read-receipt"))
    assert (nothing.case_id, nothing.issues) == (None, ())


def test_tasks_that_disagree_give_no_case() -> None:
    reading = message.read(bundle("sip", task("c1"), task("c2"), task("c1")))
    assert reading.case_id is None
    assert rules(reading) == ["discharge-case-agrees"]
    assert reading.issues[0].expression == (
        "Bundle.entry[1].resource.groupIdentifier",
        "Bundle.entry[2].resource.groupIdentifier",
    )


@pytest.mark.parametrize("group", [{"value": "c1"}, {"system": CASE}, "c1x", {"system": CASE, "value": "x" * 255}])
def test_a_case_identifier_that_cannot_be_used(group: Any) -> None:
    reading = message.read(bundle("sip", {"resourceType": "Task", "groupIdentifier": group}))
    assert reading.case_id is None
    assert rules(reading) == ["discharge-case-identifier"]


def test_the_chain_is_read_from_the_own_provenance_only() -> None:
    older = provenance(("derivation", "urn:uuid:other"), target={"reference": "urn:uuid:earlier"})
    own = provenance(
        ("quotation", "urn:uuid:q"), ("derivation", "urn:uuid:p"), ("source", "urn:uuid:a"), ("revision", "urn:uuid:r")
    )
    reading = message.read(bundle("sip", older, own))
    assert (reading.previous_header_id, reading.answers_header_id, reading.revises) == ("p", "a", "r")
    assert reading.issues == ()


def test_the_own_provenance_may_name_the_header_by_identifier() -> None:
    target = {"identifier": {"system": URI, "value": f"urn:uuid:{HEADER}"}}
    assert message.read(bundle("sip", provenance(("source", "urn:uuid:a"), target=target))).answers_header_id == "a"


def test_two_previous_messages_are_not_chosen_between() -> None:
    twice = provenance(("derivation", "urn:uuid:p"), ("derivation", "urn:uuid:p"), ("derivation", "urn:uuid:q"))
    assert rules(message.read(bundle("sip", twice))) == ["discharge-one-previous"]


@pytest.mark.parametrize("value", ["p", "urn:uuid:", "urn:uuid:å", "urn:oid:1.2"])
def test_a_message_is_named_by_its_urn(value: str) -> None:
    reading = message.read(bundle("sip", provenance(("source", value))))
    assert reading.answers_header_id is None
    assert rules(reading) == ["discharge-message-name"]


def test_a_rejection_keeps_its_reason() -> None:
    rejected = task("c", identifier=[{"system": TASK, "value": "t"}], status="rejected", statusReason={"text": "full"})
    coded = rejected | {"statusReason": {"coding": [{"code": "no-room"}]}}
    unnamed = task("c", status="accepted")
    assert message.read(bundle("acceptance-answer", rejected, coded, unnamed)).tasks == (
        {"identifier": f"{TASK}|t", "status": "rejected", "reason": "full"},
        {"identifier": f"{TASK}|t", "status": "rejected", "reason": "no-room"},
    )


def test_every_rule_has_an_id_of_its_own_and_says_what_mends_it() -> None:
    assert len({rule.id for rule in message.RULES}) == len(message.RULES)
    assert all(rule.cause and rule.mend for rule in message.RULES)


NAMES = st.sampled_from(
    [
        "resource",
        "resourceType",
        "id",
        "entry",
        "extension",
        "url",
        "valueDateTime",
        "period",
        "start",
        "end",
        "code",
        "identifier",
        "system",
        "value",
        "groupIdentifier",
        "target",
        "entity",
        "what",
        "role",
        "meta",
        "security",
        "status",
        "statusReason",
        "coding",
        "text",
        "eventCoding",
        "reference",
        "contained",
    ]
)
TEXTS = st.sampled_from(
    [
        "MessageHeader",
        "Encounter",
        "Task",
        "Provenance",
        "Appointment",
        "Patient",
        "derivation",
        "urn:uuid:x",
        "x",
        "admission-notice",
        "finished",
        EVENT,
        URI,
        CASE,
        STAY,
        TASK,
        READY_ASSESSED,
        NEED_ASSESSED,
        "time",
        "2026-03-09",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)
RESOURCES = st.dictionaries(NAMES, ANYTHING, max_size=6).flatmap(
    lambda rest: TEXTS.map(lambda kind: rest | {"resourceType": kind})
)


@given(ANYTHING | st.lists(RESOURCES, max_size=5).map(lambda found: bundle("admission-notice", *found).bundle))
def test_no_shape_raises(resource: Any) -> None:
    wrapped = MessageBundle(resource)
    message.read(wrapped)
    protection.of(wrapped)
    disclosure.disclose(wrapped)
