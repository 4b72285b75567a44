"""The sender is told what became of its message: by a FHIR message to its own endpoint, once for each change."""

import threading

import pytest
from sqlalchemy import select, update

from adapter.exchange import sender_alarms
from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox import fhir_receiver
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support.clock import to_micros

REPORT = "delivery-report"
EHR = "SE2321000222-E7A31"


def resources(message, kind):
    return [entry["resource"] for entry in message["entry"] if entry["resource"]["resourceType"] == kind]


def deliveries(installation, *, reports=False):
    column = tables.delivery.c
    with installation.adapter.database.read() as connection:
        found = connection.execute(select(tables.delivery).order_by(column.id)).all()
    return [row for row in found if (row.event == REPORT) == reports]


def reports(installation):
    """Every report as it was put on its way."""
    with installation.adapter.database.read() as connection:
        contents = installation.adapter.contents
        found = [contents.of_delivery(connection, row.id, "mapped") for row in deliveries(installation, reports=True)]
    return [fhir_json.parse(content.body) for content in found]


def statuses(report):
    """By the receiver: what the report says of it."""
    return {each["recipient"][0]["identifier"]["value"]: each["status"] for each in resources(report, "Communication")}


def alarms(installation):
    with installation.adapter.database.read() as connection:
        return {(alarm.kind, alarm.subject) for alarm in standing(connection)}


def time_passes(installation):
    """So much that senders are to be told of what waits."""
    at = to_micros(installation.adapter.clock.now())
    with installation.adapter.database.write() as connection:
        column = tables.delivery.c
        connection.execute(update(tables.delivery).where(column.tell_at.is_not(None)).values(tell_at=at))


def protect(message):
    resources(message, "Patient")[0]["meta"] = {
        "security": [{"system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel", "code": "skyddadFolkbokforing"}]
    }
    return message


def refuse(receiver):
    """From now on it refuses every message for good."""

    def process(_request):
        raise fhir_receiver._Refused(422, "invalid", "Tolvan Tolvansson is not known here")

    receiver._process = process


def run(installation):
    installation.adapter.worker.run_until_idle()


def test_what_waits_for_too_long_is_told_and_then_that_it_arrived(installation, messages):
    message = messages("a")[0]
    installation.lifecare.server.refuse()
    installation.send(message)
    run(installation)
    assert reports(installation) == []

    time_passes(installation)
    run(installation)
    (first,) = reports(installation)
    assert statuses(first) == {"SE2120002643-MOTT01": "on-hold", "SE2321000222-HC2074": "completed"}
    assert alarms(installation) >= {(sender_alarms.LATE, "endpoint/lifecare")}
    time_passes(installation)
    run(installation)
    assert len(reports(installation)) == 1

    installation.lifecare.server.accept()
    with installation.adapter.database.write() as connection:
        connection.execute(update(tables.delivery).values(next_attempt_at=0))
        connection.execute(update(tables.endpoint_state).values(next_probe_at=0))
    run(installation)
    assert statuses(reports(installation)[1]) == {
        "SE2120002643-MOTT01": "completed",
        "SE2321000222-HC2074": "completed",
    }
    assert {kind for kind, _ in alarms(installation)} & {sender_alarms.LATE, sender_alarms.UNTOLD} == set()
    run(installation)
    taken = [entry.answers for entry in installation.ehr.ledger.stored if entry.event == REPORT]
    assert taken == [message["entry"][0]["resource"]["id"]] * 2


def test_a_refusal_is_told_at_once_and_the_report_is_valid(installation, messages):
    refuse(installation.open_care)
    message = messages("a")[0]
    installation.send(message)
    run(installation)
    (report,) = reports(installation)
    found = installation.adapter.message_validator.issues(MessageBundle(report))
    assert outcomes.errors(found) == []
    assert statuses(report)["SE2321000222-HC2074"] == "not-done"
    text = str(report)
    patient = resources(message, "Patient")[0]
    assert patient["identifier"][0]["value"] not in text
    assert patient["name"][0]["family"] not in text
    assert [row.status for row in deliveries(installation, reports=True)] == ["done"]
    assert "Tolvan" not in text  # the receiver's words


def test_one_that_cannot_be_mapped_is_told(installation, messages):
    message = messages("a")[1]
    resources(message, "Patient")[0]["maritalStatus"] = {"text": "gift"}
    installation.send(message)
    run(installation)
    (report,) = reports(installation)
    assert statuses(report)["SE2120002643-MOTT01"] == "not-done"
    assert "format" in str(report)


def test_a_second_failure_is_not_told_again_and_an_arrival_after_it_is(installation, messages):
    taken = installation.open_care._process
    refuse(installation.open_care)
    installation.send(messages("a")[0])
    run(installation)
    (dead,) = [row.id for row in deliveries(installation) if row.status == "dead"]
    for _ in range(2):
        installation.adapter.operations.retry(installation.operator, dead)
        run(installation)
    assert len(reports(installation)) == 1
    installation.open_care._process = taken
    installation.adapter.operations.retry(installation.operator, dead)
    run(installation)
    first, second = reports(installation)
    assert statuses(first)["SE2321000222-HC2074"] == "not-done"
    assert statuses(second)["SE2321000222-HC2074"] == "completed"
    ids = [each["id"] for report in (first, second) for each in (report, *(e["resource"] for e in report["entry"]))]
    assert len(ids) == len(set(ids))


def test_a_cancelled_delivery_is_told(installation, messages):
    installation.lifecare.server.refuse()
    installation.send(messages("a")[0])
    run(installation)
    number = next(row.id for row in deliveries(installation) if row.endpoint == "lifecare")
    installation.adapter.operations.cancel(installation.operator, number, "Tolvan Tolvansson ringde")
    run(installation)
    (report,) = reports(installation)
    assert statuses(report)["SE2120002643-MOTT01"] == "not-done"
    assert "Tolvan" not in str(report)


def test_a_report_that_does_not_arrive_is_not_reported(installation, messages):
    refuse(installation.open_care)
    refuse(installation.ehr)
    installation.send(messages("a")[0])
    run(installation)
    time_passes(installation)
    run(installation)
    assert [row.status for row in deliveries(installation, reports=True)] == ["dead"]
    assert any(kind == "dead-letter" for kind, _ in alarms(installation))


def test_of_a_protected_person_the_report_says_only_which_destination_of_the_message(installation, messages):
    message = protect(messages("a")[0])
    installation.send(message)
    time_passes(installation)
    run(installation)
    first = reports(installation)[0]
    assert statuses(first) == {"1": "on-hold"}
    text = str(reports(installation))
    assert not any(word in text for word in ("2120002643", "HC2074", "Skellefte", "Solg", "skydd", "lifecare"))
    assert outcomes.errors(installation.adapter.message_validator.issues(MessageBundle(first))) == []
    subjects = {subject for _, subject in alarms(installation)}
    assert subjects == {"endpoint/protected"}


def test_an_end_between_the_report_and_what_was_told_tells_it_once(installation, messages, monkeypatch):
    refuse(installation.open_care)
    installation.send(messages("a")[0])
    with monkeypatch.context() as broken:

        def end(*_, **__):
            raise KeyboardInterrupt

        broken.setattr(sender_alarms, "clear", end)  # the last thing that the transaction does
        with pytest.raises(KeyboardInterrupt):
            run(installation)
    assert deliveries(installation, reports=True) == []
    run(installation)
    assert len(reports(installation)) == 1


def test_several_who_tell_at_once_tell_it_once(installation, messages):
    installation.lifecare.server.refuse()
    installation.send(messages("a")[0])
    time_passes(installation)
    _ = installation.adapter.reports
    threads = [threading.Thread(target=installation.adapter.reports.tell_next) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [each for report in reports(installation) for each in resources(report, "Communication")[:1]]
    assert len(told) == 2  # one for each destination
    assert len({each["recipient"][0]["identifier"]["value"] for each in told}) == 2


def test_a_sender_without_an_address_is_stated_to_operations_once(installation, messages):
    adapter = installation.adapter
    adapter.directory._routes.pop(("hsa", EHR))
    refuse(installation.open_care)
    installation.send(messages("a")[0])
    installation.send(messages("b")[0])
    run(installation)
    assert deliveries(installation, reports=True) == []
    assert (sender_alarms.UNTOLD, "party/region") in alarms(installation)
    assert all(row.tell_at is None or row.reported is None for row in deliveries(installation))
    while dead := [row.id for row in deliveries(installation) if row.status == "dead"]:
        adapter.operations.cancel(installation.operator, dead[0], "ringt")
        run(installation)
    assert alarms(installation) == set()
