"""From HL7 v2 ADT to messages at the door: late, early, cancelled, repeated and unclear events."""

import pytest
from sqlalchemy import update

from adapter.fhir.canonical import CASE_EXTENSION
from adapter.store import tables

from .conftest import adt

UNIT = "SE2329990002-1001"


def events(world):
    refused = [row.issues for row in world.rows(tables.message) if row.status == "rejected"]
    assert refused == []
    return [event for event, _ in world.told()]


def test_a_stay_from_admission_to_discharge(world):
    world.take("vas", adt("A01", 1))
    world.take("vas", adt("A02", 2, unit="ORT3"))
    world.take("vas", adt("A08", 3, unit="ORT3", estimate="20260318"))
    world.take("vas", adt("A08", 4, unit="ORT3", estimate="20260318", ready="202603151000", by="Dr Alm"))
    world.take(
        "vas", adt("A03", 5, unit="ORT3", estimate="20260318", ready="202603151000", by="Dr Alm", left="202603161400")
    )
    assert events(world) == ["admission-notice", "admission-notice-update", "ready-for-discharge", "discharge-notice"]
    assert world.gaps() == set()
    senders = [row.sender_unit for row in world.rows(tables.message)]
    assert senders == ["SE2329990001-1001", *["SE2329990001-1002"] * 3]
    assert [row.previous_header_id for row in world.rows(tables.message)] == [
        None,
        *[row.header_id for row in world.rows(tables.message)][:-1],
    ]
    assert len({row.case_id for row in world.rows(tables.message)}) == 1
    (encounter,) = [
        entry["resource"] for entry in world.bundles()[-1]["entry"] if entry["resource"]["resourceType"] == "Encounter"
    ]
    assert encounter["period"] == {"start": "2026-03-09T08:00:00+01:00", "end": "2026-03-16T14:00:00+01:00"}


def test_another_order_of_arrival_tells_the_same_in_the_end(world):
    sent = [adt("A01", 1), adt("A08", 2, ready="202603151000", by="Dr Alm"), adt("A03", 3, left="202603161400")]
    sent[2] = adt("A03", 3, left="202603161400", ready="202603151000", by="Dr Alm")
    for message in reversed(sent):
        world.take("vas", message)
    assert set(events(world)) == {"admission-notice", "ready-for-discharge", "discharge-notice"}
    assert world.gaps() == set()


def test_a_discharge_before_the_admission_waits_as_a_gap(world):
    world.take("vas", adt("A03", 9, left="202603161400", admitted="", estimate="", ready="202603151000", by="Dr Alm"))
    assert events(world) == []
    assert world.gaps() == {"admission", "estimate"}
    world.take("vas", adt("A01", 1))
    assert events(world) == ["admission-notice", "ready-for-discharge", "discharge-notice"]
    assert world.gaps() == set()


def test_cancels_take_back_what_was_told(world):
    world.take("vas", adt("A01", 1))
    world.take("vas", adt("A03", 2, left="202603161400", ready="202603151000", by="Dr Alm"))
    world.take("vas", adt("A13", 3, left="202603161400", ready="202603151000", by="Dr Alm"))
    assert events(world)[-2:] == ["discharge-notice", "retraction"]
    world.take("vas", adt("A11", 4))
    assert events(world)[-2:] == ["retraction", "retraction"]
    last = world.bundles()[-1]["entry"]
    (task,) = [entry["resource"] for entry in last if entry["resource"]["resourceType"] == "Task"]
    assert task["status"] == "cancelled"
    world.take("vas", adt("A11", 5))
    assert len(events(world)) == 6


def test_what_receivers_may_not_see_or_already_know_is_not_told(world):
    world.take("vas", adt("A01", 1))
    world.take("vas", adt("A08", 2, extra="PD1|||"))
    world.take("vas", adt("A02", 3, unit="ORT3"))
    world.take("vas", adt("A12", 4, unit="MED12"))
    assert events(world) == ["admission-notice"]


def test_nobody_is_told_of_a_stay_that_was_not_judged_to_need_anything(world):
    world.take("vas", adt("A01", 1, need=""))
    world.take("vas", adt("A08", 2, need="N"))
    world.take("vas", adt("A03", 3, need="N", left="202603161400"))
    assert (events(world), world.gaps()) == ([], set())


def test_a_repeated_control_id_is_answered_again_and_does_nothing(world):
    first = adt("A01", 1)
    assert world.take("vas", first) == "accepted"
    assert world.take("vas", first.replace("|20260309100100|", "|20260309100500|", 1)) == "repeated"
    assert world.take("vas", adt("A08", 1, estimate="20260319")) == "rejected"
    assert len(events(world)) == 1


def test_what_is_refused_is_kept_and_answered_without_personal_data(world):
    message = adt("A01", 1, person="196111202988").encode()
    answer = world.adapter.feed_intake.take("vas", message, "test").body.decode()
    assert "\rMSA|AE|C1\r" in answer
    assert "19611120" not in answer
    [row] = world.rows(tables.feed_event)
    assert (row.status, row.bytes) == ("refused", message)


def test_what_is_left_out_on_purpose_is_kept_without_content_and_answered(world):
    assert world.take("vas", adt("A05", 1)) == "left-out"
    assert world.take("vas", adt("A01", 2).replace("PV1|1|I|", "PV1|1|O|")) == "left-out"
    rows = world.rows(tables.feed_event)
    assert [(row.status, row.bytes) for row in rows] == [("left-out", b"")] * 2
    assert "not inpatient care" in rows[1].reason


def test_an_hour_that_happened_twice_is_stated_and_not_guessed(world):
    world.take("vas", adt("A01", 1, admitted="20251026023000"))
    assert (events(world), world.gaps()) == ([], {"admission"})
    world.take("vas", adt("A08", 2, admitted="20251026023000+0100"))
    assert (events(world), world.gaps()) == (["admission-notice"], set())


def test_an_unknown_municipality_is_a_gap_until_the_configuration_names_whom_to_tell(world):
    from .conftest import ADT

    world.take("vas", adt("A01", 1, kommunkod="9902"))
    assert (events(world), world.gaps()) == ([], {"receivers"})
    mended = ADT.replace("adt:\n", '  - {municipality: "9902", to: [{kommunkod: "9902"}]}\nadt:\n')
    world.configure(vas=mended)
    assert world.adapter.feed_intake.catch_up() == 1
    assert (world.told(), world.gaps()) == ([("admission-notice", "9902")], set())


def test_a_person_whose_municipality_was_wrong_is_taken_back_there(world):
    from .conftest import ADT

    world.configure(vas=ADT.replace("adt:\n", '  - {municipality: "9902", to: [{kommunkod: "9902"}]}\nadt:\n'))
    world.take("vas", adt("A01", 1))
    world.take("vas", adt("A08", 2, kommunkod="9902"))
    assert world.told() == [("admission-notice", UNIT), ("admission-notice", "9902"), ("retraction", UNIT)]


def test_a_protected_person_is_held_and_told_by_the_special_address_alone(world):
    world.take("vas", adt("A01", 1, extra="PD1||||||||||||Y"))
    assert (events(world), world.gaps()) == ([], {"address"})
    from .conftest import ADT

    world.configure(vas=ADT + "  addresses: {registered: [L], special: [M]}\n")
    home = "Idrottsgatan 1^^Älvdala^^93132^SE^L^^9901"
    special = adt("A08", 2, extra="PD1||||||||||||Y").replace(home, f"{home}~Box 1^^Stockholm^^10000^SE^M")
    world.take("vas", special)
    assert events(world) == ["admission-notice"]
    assert [row.status for row in world.rows(tables.delivery)] == ["held"]
    assert "Idrottsgatan" not in str(world.bundles())
    [stay] = world.rows(tables.feed_stay)
    assert stay.protected


def test_a_label_that_comes_later_holds_what_waits_though_nothing_can_be_told(world):
    world.take("vas", adt("A01", 1))
    world.take("vas", adt("A08", 2, estimate="20260318", extra="PD1||||||||||||Y"))
    assert (events(world), world.gaps()) == (["admission-notice"], {"address"})
    assert [row.status for row in world.rows(tables.delivery)] == ["held"]
    assert [row.protected for row in world.rows(tables.patient)] == [True]


def test_another_person_under_the_same_stay_stops_everything(world):
    world.take("vas", adt("A01", 1))
    world.take("vas", adt("A08", 2, person="194406187692"))
    assert (events(world), world.gaps()) == (["admission-notice"], {"identity"})


def test_the_case_is_named_where_no_task_is(world):
    world.take("vas", adt("A01", 1, ready="202603151000", by="Dr Alm"))
    header = world.bundles()[-1]["entry"][0]["resource"]
    assert [each["url"] for each in header["extension"]] == [CASE_EXTENSION]


@pytest.mark.parametrize(("stands", "repeated"), [("accepted", ["accepted"]), ("rejected", [])])
def test_what_a_receiver_has_answered_is_not_asked_anew(world, stands, repeated):
    world.take("vas", adt("A01", 1))
    with world.adapter.database.write() as connection:
        connection.execute(update(tables.task).values(status=stands))
    world.take("vas", adt("A08", 2, estimate="20260318", unit="ORT3"))
    assert events(world) == ["admission-notice", "admission-notice-update"]
    tasks = [each["resource"] for each in world.bundles()[-1]["entry"] if each["resource"]["resourceType"] == "Task"]
    assert [task["status"] for task in tasks] == repeated
    assert len({row.case_id for row in world.rows(tables.message)}) == 1
    assert {row.status for row in world.rows(tables.delivery)} == {"waiting"}
    [task] = world.rows(tables.task)
    assert (task.status, task.requester_unit) == (stands, "SE2329990001-1001")
    world.take("vas", adt("A11", 3, estimate="20260318", unit="ORT3"))
    [task] = world.rows(tables.task)
    assert task.status == {"accepted": "cancelled", "rejected": "entered-in-error"}[stands]


def test_an_assessment_without_assessor_is_a_gap(world):
    world.take("vas", adt("A01", 1, ready="202603151000"))
    assert (events(world), world.gaps()) == (["admission-notice"], {"assessor"})


def test_a_change_of_the_person_corrects_the_notice(world):
    world.take("vas", adt("A01", 1))
    world.take("vas", adt("A08", 2).replace("Idrottsgatan 1", "Storgatan 2"))
    _, second = world.rows(tables.message)
    assert second.event == "admission-notice"
    own = [entry["resource"] for entry in world.bundles()[1]["entry"]][-1]
    assert {entity["role"] for entity in own["entity"]} == {"derivation", "revision"}
    world.take("vas", adt("A08", 3).replace("Idrottsgatan 1", "Storgatan 2"))
    assert len(events(world)) == 2
