"""The numbers of events, and what becomes of a notification whose outcome is not known."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import update

from adapter.delivery.channels.base import Acknowledgement, Answer, Code, Fault
from adapter.delivery.recording import Finished
from adapter.delivery.schedule import Schedule
from adapter.exchange import disclosures, resource_ledger
from adapter.exchange.resource_ledger import Stated
from adapter.exchange.subscriptions.notifier import Means, Notifier, subscriber
from adapter.exchange.task_ledger import Occasion, Side
from adapter.fhir import json as fhir_json
from adapter.store import tables
from adapter.store.batch import Batch

TAKEN = Answer(200, acknowledgement=Acknowledgement(Code.OK))


class Channel:
    """Answers as the test lays out, the last for good; an exception ends the process there."""

    def __init__(self):
        self.answers, self.sent = [TAKEN], []

    def send(self, outgoing):
        self.sent.append(fhir_json.parse(outgoing.body))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def channel():
    return Channel()


@pytest.fixture
def notifier(stored, channel):
    return Notifier(
        Means(
            database=stored.database,
            channel=lambda endpoint: channel if endpoint == "hook" else None,
            subscriber=lambda party: subscriber(party, frozenset()),
            clock=stored.clock,
            base="https://adapter.example/fhir",
            schedule=Schedule((60.0,), 0.0),
        )
    )


@pytest.fixture
def subscribe(stored):
    def made(**values):
        plain = {
            "party": "region", "principal": "t", "topic": "Encounter", "endpoint": "hook", "payload": "id-only",
            "media_type": "application/fhir+json", "max_count": 2, "reason": "r", "created_at": stored.now,
            "status": "active", "next_at": None,
        }  # fmt: skip
        return stored.insert(tables.subscription, **plain | values)

    return made


@pytest.fixture
def tell(stored):
    person = stored.patient()

    def told(number, sender="region", undone=False):
        message = stored.message(patient_id=person, sender_party=sender)

        def work(connection):
            occasion = Occasion(message, "admission-notice", Side("u", sender), number, 1, f"case-{number}", person)
            stated = Stated("Encounter", f"stay|{number}", "in-progress", str(number))
            batch = Batch(connection)
            resource_ledger.record(batch, stated, occasion)
            batch.run()
            disclosures.accepted(connection, message, sender, {sender}, stored.now)
            return 1 / (not undone)

        stored.database.transact(work)
        return message

    return told


def numbers(stored):
    return sorted(row["number"] for row in stored.rows(tables.subscription_event))


def events(bundle):
    return [
        int(part["part"][0]["valueString"])
        for part in bundle["entry"][0]["resource"]["parameter"]
        if part["name"] == "notification-event"
    ]


def test_numbers_have_no_holes_however_many_tell_at_once(stored, subscribe, tell):
    subscribe()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, range(1, 13)))
    assert numbers(stored) == list(range(1, 13))


@pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)
def test_what_arrives_twice_by_two_workers_is_logged_in_one_order(stored, tell, monkeypatch):
    first, second = (
        [(message, stored.delivery(message, status="done")) for _ in range(2)]
        for message in (tell(number) for number in (1, 2))
    )
    both_have_one = Barrier(2)
    log = disclosures._log_arrived

    def log_and_wait(connection, some):
        found = log(connection, some)
        with suppress(BrokenBarrierError):  # the other waits for what this one has logged
            both_have_one.wait(0.5)
        return found

    monkeypatch.setattr(disclosures, "_log_arrived", log_and_wait)

    def arrive(deliveries):
        ended = [Finished(number, message, 1, "done", "ok", "ok", stored.now) for message, number in deliveries]
        with stored.database.write() as connection:  # which is not begun anew
            disclosures.arrived(connection, ended, lambda party: [party])

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(arrive, each) for each in ([first[0], second[0]], [second[1], first[1]])]:
            one.result(60)
    told = [row["message_id"] for row in stored.rows(tables.disclosed) if row["party"] == "kommun-a"]
    assert sorted(told) == [first[0][0], second[0][0]]


def test_what_is_undone_takes_no_number(stored, subscribe, tell):
    subscribe()
    tell(1)
    with pytest.raises(ZeroDivisionError):
        tell(2, undone=True)
    tell(2)
    assert numbers(stored) == [1, 2]


def test_pages_go_out_one_after_the_other(stored, subscribe, tell, notifier, channel):
    subscribe()
    for number in range(1, 6):
        tell(number)
    while notifier.step():
        pass
    assert [events(bundle) for bundle in channel.sent] == [[1, 2], [3, 4], [5]]
    [row] = stored.rows(tables.subscription)
    assert (row["last_event"], row["sent_event"], row["next_at"]) == (5, 5, None)


def test_a_process_that_ends_while_it_calls_is_followed_by_the_same_again(stored, subscribe, tell, notifier, channel):
    subscribe()
    tell(1)
    channel.answers = [KeyboardInterrupt(), TAKEN]
    with pytest.raises(KeyboardInterrupt):
        notifier.step()
    assert not notifier.step()  # the lease stands
    stored.clock.advance(timedelta(minutes=16))
    assert notifier.step()
    first, again = channel.sent
    assert events(first) == events(again) == [1]
    assert first["id"] == again["id"]


def test_it_waits_by_the_schedule_and_what_comes_meanwhile_is_no_haste(stored, subscribe, tell, notifier, channel):
    subscribe()
    tell(1)
    channel.answers = [Answer(fault=Fault.TIMEOUT), TAKEN]
    assert notifier.step()
    tell(2)
    assert not notifier.step()
    stored.clock.advance(timedelta(seconds=61))
    assert notifier.step()
    assert events(channel.sent[-1]) == [1, 2]
    [row] = stored.rows(tables.subscription)
    assert (row["sent_total"], row["failed_total"]) == (1, 1)


def test_an_endpoint_that_is_paused_or_gone(stored, subscribe, tell, notifier, channel):
    subscribe(endpoint="gone")
    tell(1)
    assert notifier.step()
    [row] = stored.rows(tables.subscription)
    assert (row["status"], row["error"]) == ("error", "the endpoint is no longer in the directory")
    stored.change(tables.subscription, row["id"], endpoint="hook", next_at=1)
    with stored.database.write() as connection:
        connection.execute(
            tables.endpoint_state.insert().values(
                endpoint="hook", state="paused", since=0, consecutive_failures=0, down_total=0
            )
        )
    assert not notifier.step()
    with stored.database.write() as connection:
        connection.execute(update(tables.endpoint_state).values(state="closed"))
    assert notifier.step()
    assert events(channel.sent[-1]) == [1]


def test_what_was_stopped_while_it_was_called_stays_stopped(stored, subscribe, tell, notifier, channel):
    row = subscribe()
    tell(1)

    class Stopping(Channel):
        def send(self, outgoing):
            stored.change(tables.subscription, row, status="off", next_at=None)
            return super().send(outgoing)

    channel.__class__ = Stopping
    assert notifier.step()
    [now] = stored.rows(tables.subscription)
    assert (now["status"], now["next_at"], now["sent_event"]) == ("off", None, 1)
    tell(2)
    assert numbers(stored) == [1]


def test_after_the_database_was_put_back_nothing_goes_out_until_somebody_resumes(
    stored, subscribe, tell, notifier, channel
):
    subscribe()
    tell(1)
    put_back = stored.insert(tables.restoration, cause="said", found_at=1)
    assert not notifier.step()
    stored.change(tables.restoration, put_back, resumed_at=2)
    assert notifier.step()
    assert events(channel.sent[-1]) == [1]
