"""Several processes on one database: what two of them do at once happens once, and in order."""

import copy
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from adapter import wiring
from adapter.discharge import case
from adapter.exchange import facts
from adapter.exchange.submission import Refusal, Submission
from adapter.exchange.tasks import Answered, Wanted
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.security.principals import Right
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.support import settings

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def both(installation, parts):
    """Two adapters of one installation, as two processes would have them."""
    other = wiring.build(settings.load(installation.folder / "adapter.toml"))
    other.message_validator, other.mappings = parts.message_validator, parts.mappings
    made = (installation.adapter, other)
    for one in made:
        _ = one.exchange, one.tasks, one.worker
    yield made
    other.close()


def rows(installation, query):
    with installation.adapter.database.read() as connection:
        return connection.execute(query).all()


def at_once(acts):
    """What each act returns; they begin at the same time."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [one.result(60) for one in [pool.submit(act) for act in acts]]


def sending(installation, adapter, message):
    body = message if isinstance(message, bytes) else fhir_json.serialize(message)
    submission = Submission(body, "application/fhir+json", request_id="test")
    return lambda: adapter.exchange.receive(submission, installation.principal("region"))


def test_one_message_that_comes_by_both_at_once_has_one_effect(installation, both, messages):
    body = fhir_json.serialize(messages("a")[0])
    replies = at_once([sending(installation, both[number % 2], body) for number in range(8)])
    assert {reply.status for reply in replies} == {200}
    assert len({json.dumps(reply.resource, sort_keys=True) for reply in replies}) == 1
    found = {
        table.name: len(rows(installation, select(table))) for table in (tables.message, tables.fact, tables.patient)
    }
    assert found == {"message": 1, "fact": 1, "patient": 1}
    assert len(rows(installation, select(tables.delivery))) == 2


def test_messages_of_one_person_at_once_leave_one_person_one_case_and_whole_streams(installation, both, messages):
    sent = [message for message in messages("a") if _sender(installation, message)]
    assert installation.send(sent[0]).status == 200  # the person is known: nothing but the row of it keeps them apart
    replies = at_once([sending(installation, both[number % 2], each) for number, each in enumerate(sent[1:])])
    assert {reply.status for reply in replies} == {200}
    assert len(rows(installation, select(tables.patient))) == 1
    (state,) = rows(installation, select(tables.case_state))
    with installation.adapter.database.read() as connection:
        told = facts.read(connection, state.case_id)
    assert len(told) == len(sent)
    assert state.state == json.loads(json.dumps(case.project(told)))
    column = tables.delivery.c
    places = select(column.stream_id, func.count(), func.min(column.sequence), func.max(column.sequence))
    for _, count, first, last in rows(installation, places.group_by(column.stream_id)):
        assert (first, last) == (1, count)


def _sender(installation, message):
    """Whether the region sends it, and it answers nothing."""
    resources = [entry["resource"] for entry in message["entry"]]
    source = json.dumps([each for each in resources if each["resourceType"] == "Provenance"])
    units = installation.principal("region").units
    return '"source"' not in source and any(f'"{unit}"' in json.dumps(resources) for unit in units)


def test_of_two_changes_of_one_version_of_a_task_one_is_stale(installation, both, messages):
    assert installation.send(messages("a")[0]).status == 200
    installation.adapter.worker.run_until_idle()
    owner = installation.principal("kommun", Right.CONTENT, Right.SEND)
    (shown, *_) = both[0].tasks.search(owner, Wanted()).tasks

    def answer(adapter, status):
        given = shown.task | {"status": status}
        if status == "rejected":
            given |= {"statusReason": {"text": "Bor inte i kommunen"}}
        submission = Submission(b"{}", "application/fhir+json", request_id="test")
        try:
            return adapter.tasks.update(owner, shown.id, given, shown.version, submission).version
        except Answered as refused:
            return refused.reply.status
        except Refusal as refused:
            return refused.status

    found = at_once([lambda n=n: answer(both[n % 2], ("received", "accepted", "rejected")[n % 3]) for n in range(6)])
    assert sorted(found) == [shown.version + 1, 412, 412, 412, 412, 412]
    (task,) = rows(installation, select(tables.task).where(tables.task.c.id == shown.id))
    assert task.version == shown.version + 1


def test_two_workers_deliver_each_message_once_and_each_stream_in_order(installation, both, messages):
    for seed in range(2):
        for message in messages(f"s{seed}"):
            if _sender(installation, message):
                assert installation.send(message).status == 200
    waiting = select(func.count()).select_from(tables.delivery).where(tables.delivery.c.status != "done")
    for one in both:
        one.worker.start()
    deadline = time.monotonic() + 60
    while rows(installation, waiting) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for one in both:
        one.worker.stop()
    attempt, delivery = tables.attempt.c, tables.delivery.c
    tries = select(attempt.delivery_id, func.count()).group_by(attempt.delivery_id)
    assert {count for _, count in rows(installation, tries)} == {1}
    ended = select(delivery.stream_id, delivery.sequence).join_from(tables.delivery, tables.attempt)
    order = rows(installation, ended.order_by(attempt.ended_at, attempt.id))
    for stream in {row.stream_id for row in order}:
        places = [row.sequence for row in order if row.stream_id == stream]
        assert places == sorted(places)


def test_a_notice_that_waits_for_others_of_its_person_ends_the_alarm_of_a_try_refused_meanwhile(
    installation, both, messages
):
    if installation.adapter.database.is_sqlite:
        pytest.skip("who waits on SQLite has read nothing yet")
    first, *others = messages("a")
    assert installation.send(first).status == 200
    right = next(each for each in others if MessageBundle(each).event == "ready-for-discharge")
    wrong = copy.deepcopy(right)
    del next(e["resource"] for e in wrong["entry"] if e["resource"]["resourceType"] == "Encounter")["status"]
    with ThreadPoolExecutor(1) as pool, both[1].database.write() as connection:
        connection.execute(select(tables.patient).with_for_update(key_share=True))
        accepted = pool.submit(sending(installation, both[0], right))
        wait_for_lock(installation)
        assert sending(installation, both[1], wrong)().status == 422
        connection.commit()
        assert accepted.result(60).status == 200
    with installation.adapter.database.read() as connection:
        assert standing(connection) == []


@pytest.mark.parametrize("known", [True, False])
def test_messages_that_begin_one_case_at_once_tell_its_tasks_as_one_after_the_other(
    installation, both, messages, known
):
    wanted = ("admission-notice", "planning-information", "ready-for-discharge")
    sent = [each for each in messages("a") if MessageBundle(each).event in wanted]
    tasks = {task["identifier"][0]["value"] for each in sent for task in MessageBundle(each).of_type("Task")}
    identifier = MessageBundle(sent[0]).of_type("Patient")[0]["identifier"][0]
    sends = [sending(installation, both[number % 2], each) for number, each in enumerate(sent)]
    if known and not installation.adapter.database.is_sqlite:
        replies = all_wait_for(installation, both[0], (identifier["system"], identifier["value"]), sends)
    else:
        replies = at_once(sends)
    assert {reply.status for reply in replies} == {200}
    (state,) = rows(installation, select(tables.case_state))
    with installation.adapter.database.read() as connection:
        told = facts.read(connection, state.case_id)
    assert len(told) == len(sent)
    assert state.state == json.loads(json.dumps(case.project(told)))
    found = rows(installation, select(tables.task))
    assert {task.identifier for task in found} == tasks
    (accepted,) = [task for task in found if task.status == "accepted"]  # by whatever way
    assert {task.status for task in found if task != accepted} == {"requested"}
    versions = rows(installation, select(tables.task_version.c.task_id, tables.task_version.c.version))
    assert sorted(versions) == sorted((task.id, number + 1) for task in found for number in range(task.version))
    (stay,) = rows(installation, select(tables.resource))
    assert stay.version == len(sent) == len(rows(installation, select(tables.resource_version)))
    logged = select(tables.disclosed).where(tables.disclosed.c.party == "region", tables.disclosed.c.type == "Task")
    assert len(rows(installation, logged)) == len(versions)


def all_wait_for(installation, adapter, identifier, sends):
    """What they return, all of which have begun to wait for the person before any goes on."""
    with adapter.database.write() as connection:
        person = adapter.pseudonyms.surrogate(connection, [identifier], 1)
    with ThreadPoolExecutor(len(sends)) as pool, adapter.database.write() as connection:
        this = select(tables.patient).where(tables.patient.c.id == person)
        connection.execute(this.with_for_update(key_share=True))
        replies = [pool.submit(send) for send in sends]
        wait_for_lock(installation, len(sends))
        connection.commit()
        return [reply.result(60) for reply in replies]


def test_of_two_persons_who_begin_one_case_at_once_one_has_it(installation, both, messages):
    one, other = messages("a")[0], _of_another(messages("b")[0])
    case_id, others = _case_of(one), _case_of(other)
    claiming = json.loads(json.dumps(other).replace(others, case_id))
    sends = [sending(installation, both[number % 2], each) for number, each in enumerate([one, claiming] * 2)]
    assert sorted(reply.status for reply in at_once(sends)) == [200, 200, 422, 422]
    (state,) = rows(installation, select(tables.case_state))
    (fact,) = rows(installation, select(tables.fact))
    owners = {row.patient_id for row in (*rows(installation, select(tables.task)), state, fact)}
    assert owners == {fact.patient_id}


def test_a_task_that_two_persons_claim_at_once_is_the_one_s_and_both_notices_are_accepted(installation, both, messages):
    one, other = messages("a")[0], _of_another(messages("b")[0])
    named = [task["identifier"][0]["value"] for task in MessageBundle(one).of_type("Task")]
    text_ = json.dumps(other)
    for task, value in zip(MessageBundle(other).of_type("Task"), named, strict=True):
        text_ = text_.replace(task["identifier"][0]["value"], value)
    sends = [sending(installation, both[0], one), sending(installation, both[1], json.loads(text_))]
    assert [reply.status for reply in at_once(sends)] == [200, 200]
    found = rows(installation, select(tables.task))
    assert {task.identifier for task in found} == set(named)
    assert len({task.case_id for task in found}) == 1
    owners = select(tables.message.c.patient_id, tables.task.c.patient_id).select_from(
        tables.task_version.join(tables.message).join(tables.task)
    )
    assert len(rows(installation, owners)) == len(named)
    assert all(teller == about for teller, about in rows(installation, owners))
    told = select(tables.disclosed.c.message_id).where(tables.disclosed.c.type == "Task").distinct()
    assert len(rows(installation, told)) == 1


def _of_another(message):
    """As it is, of another person."""
    MessageBundle(message).of_type("Patient")[0]["identifier"][0]["value"] = "195106172181"
    return message


def _case_of(message):
    return MessageBundle(message).of_type("Task")[0]["groupIdentifier"]["value"]


def wait_for_lock(installation, count=1):
    """Until so many wait for a row that another has locked."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 60
    while rows(installation, waits)[0][0] < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
