"""Receivers, clocks and other workers that do the worst: slow, half an answer, garbage, an error inside a 200, a
redirect, silence; a clock that steps; two workers with one lease; thousands of messages behind a dead receiver."""

import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest
from sqlalchemy import func, insert, select, text

from adapter.delivery import outbox
from adapter.delivery.outbox import NewDelivery
from adapter.store import tables
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database
from adapter.support.clock import SystemClock, to_micros

from .account import settle
from .conftest import SEED, Told
from .receiver import REFUSING, SPOILT
from .site import OPERATOR, Process, Site, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def statuses(site: Site) -> Counter[str]:
    column = tables.delivery.c.status
    return Counter(dict(tuple(row) for row in site.rows(select(column, func.count()).group_by(column))))


def test_whatever_receivers_answer_everything_arrives_once_and_in_order(told: Told, site: Site):
    kinds = [kind for kind in (*REFUSING, *SPOILT) if kind != "fatal"]
    shares = dict.fromkeys(kinds, 0.05)
    site.misbehave(lifecare=shares, open_care=shares, ehr=shares)
    site.start("serve")
    site.serving()
    site.feed(2, files=False, persons=25)
    site.join_feeding()
    assert {line["how"] for line in site.requests()} >= set(kinds)
    site.misbehave()
    site.wait_until_delivered()
    site.end()
    account = settle(site)
    told(f"answers: {dict(Counter(line['how'] for line in site.requests()))}", account.line())
    account.sound()


def test_what_a_receiver_refuses_for_good_holds_its_stream_until_a_person_sends_it_again(told: Told, site: Site):
    site.misbehave(lifecare={"fatal": 1.0})
    site.start("serve")
    site.serving()
    site.feed(1, files=False, persons=1)
    site.join_feeding()
    until(lambda: statuses(site)["dead"] == 1, "it is no dead letter", site.said)
    until(lambda: statuses(site)["waiting"] == 5, "more than the head was sent", lambda: statuses(site))
    site.misbehave()
    (row,) = site.rows(select(tables.delivery.c.id).where(tables.delivery.c.status == "dead"))
    site.adapter.operations.retry(OPERATOR, row.id)
    site.wait_until_delivered()
    site.end()
    account = settle(site)
    told(account.line())
    account.sound()
    assert account.attempts["dead"] == 1


def test_the_clock_steps_back_and_forth(told: Told, site: Site):
    """Two processes on a machine whose clock steps by hours while they die and receivers are busy. What was put off or
    leased by a clock that was ahead is sent, at the latest, when that time has come."""
    chance = random.Random(SEED)
    site.misbehave(lifecare={"busy": 0.2, "slow": 0.2}, open_care={"busy": 0.2})
    victims = [site.start("serve", clock=True), site.start("worker", clock=True)]
    site.serving()
    site.feed(2, files=False)
    steps = 30
    for _ in range(steps):
        time.sleep(0.7)
        site.step_clock(chance.choice((-7200, -90, -5, 0, 5, 90, 7200)))
        time.sleep(0.3)
        if chance.random() < 0.5:
            victims[1].kill()
            victims[1] = site.start("worker", clock=True)
    site.stop_feeding()
    site.misbehave()
    site.step_clock(3 * 7200)
    site.wait_until_delivered()
    site.end()
    account = settle(site)
    told(f"{steps} steps of the clock, of up to 2 h", account.line())
    account.sound()


def stop_between_transactions(site: Site, process: Process) -> None:
    """Stop it where it holds no lock of the database: else nobody could take over before the store lets go of it."""
    database = site.adapter.database
    for _ in range(100):
        process.send(signal.SIGSTOP)
        until(
            lambda: process.stopped, "it does not stop", site.said
        )  # what a thread is in the middle of, it ends first
        if not (_is_locked(database) if database.is_sqlite else _is_in_transaction(site)):
            return
        process.send(signal.SIGCONT)
        time.sleep(0.01)
    raise AssertionError("it always holds a lock")


def _is_locked(database: Database) -> bool:
    with closing(sqlite3.connect(database.url.database or "", timeout=1.0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE").execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
        return False


def _is_in_transaction(site: Site) -> bool:
    """Whether, however often one looks, some process is in the middle of a transaction."""
    idle = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    seen = []
    for _ in range(5):
        seen.append({row.pid for row in site.rows(text(f"{idle} AND pid <> pg_backend_pid()"))})
        time.sleep(0.05)
    return bool(set.intersection(*seen))


def test_two_workers_with_one_lease(told: Told, site: Site):
    """A worker is stopped while it sends, for longer than its lease, and goes on when another has taken over."""
    site.start("serve", "--no-worker")
    site.serving()
    site.feed(1, files=False, persons=1)
    site.join_feeding()
    workers = [site.start("worker"), site.start("worker")]
    taken_over = 0
    for number in range(20):
        site.misbehave(lifecare={"slow": 1.0}, open_care={"slow": 1.0}, ehr={"slow": 1.0})
        if number:
            site.feed(1, files=False, persons=1, pause=0, name=f"again{number}")
            site.join_feeding()
        stopped = workers[number % 2]
        owner = select(func.count()).where(
            tables.delivery.c.status == "running", tables.delivery.c.lease_owner.like(f"%-{stopped.pid}-%")
        )
        until(lambda owner=owner: site.rows(owner)[0][0] or not site.open_deliveries(), "it claims nothing", site.said)
        stop_between_transactions(site, stopped)
        held = site.rows(select(tables.delivery.c.id).where(*owner.whereclause.clauses))  # type: ignore[union-attr]
        until(lambda owner=owner: not site.rows(owner)[0][0], "nobody takes over", site.said)
        taken_over += len(held)
        site.misbehave()
        stopped.send(signal.SIGCONT)
        site.wait_until_delivered()
    lost = site.said_all().count("delivery lease lost")
    site.end()
    account = settle(site)
    told(f"{taken_over} deliveries taken over from a stopped worker, {lost} results of it not recorded", account.line())
    account.sound()
    assert taken_over > 0
    assert account.attempts["unknown"] >= lost > 0


def fill(site: Site, count: int, endpoint: str, persons: int) -> None:
    """Queue deliveries, as accepting messages would have."""
    at = to_micros(SystemClock().now())
    contents = ContentStore(Plain())
    with site.adapter.database.write() as connection:
        people = [
            connection.execute(insert(tables.patient).values(created_at=at).returning(tables.patient.c.id)).scalar_one()
            for _ in range(persons)
        ]
        for number in range(count):
            name = f"{endpoint}-{number}"
            message = insert(tables.message).values(
                status="accepted", source="fhir", header_id=name, content_hash="h", patient_id=people[number % persons]
            )
            message = message.values(received_at=at, http_status=200, size=1, config_version="c", issues=[])
            message_id = connection.execute(message.returning(tables.message.c.id)).scalar_one()
            new = NewDelivery(
                message_id=message_id,
                patient_id=people[number % persons],
                endpoint=endpoint,
                receiver_party="kommun",
                receiver_unit="SE0-1",
                event="general-message",
                holds_stream=True,
                media_type="application/xml",
                config_version="c",
                at=at,
            )
            delivery_id = outbox.enqueue(connection, new)
            body = f"<m><meddelandeId>{name}</meddelandeId></m>".encode()
            written = {"message_id": message_id, "delivery_id": delivery_id, "at": at}
            contents.add(connection, stage="mapped", media_type="application/xml", body=body, **written)


@pytest.mark.parametrize("dead", ["never", "busy"])
def test_thousands_wait_behind_a_dead_receiver_while_others_flow(told: Told, site: Site, dead: str):
    """How long others wait, as a count: of the tries at the dead receiver that come between two of theirs."""
    behind = 5000
    fill(site, behind, "open-care", behind)
    site.misbehave(open_care={dead: 1.0})
    site.start("worker")
    opened = select(tables.endpoint_state.c.state).where(tables.endpoint_state.c.endpoint == "open-care")
    until(lambda: site.rows(opened) == [("open",)], "its breaker stays closed", site.said)
    opening = len(site.requests())
    fill(site, 200, "ehr", 50)
    mine = select(func.count()).where(tables.delivery.c.endpoint == "ehr", tables.delivery.c.status != "done")
    until(lambda: site.rows(mine)[0][0] == 0, "the others do not flow", site.said)
    order = [
        row.endpoint
        for row in site.rows(
            select(tables.delivery.c.endpoint).join_from(tables.attempt, tables.delivery).order_by(tables.attempt.c.id)
        )
    ]
    first, last = order.index("ehr"), len(order) - 1 - order[::-1].index("ehr")
    among = order[first:last].count("open-care")
    run, longest = 0, 0
    for endpoint in order[first:last]:
        run = run + 1 if endpoint == "open-care" else 0
        longest = max(longest, run)
    told(
        f"{behind} behind it: {order.count('open-care')} tries at it in all, {among} while 200 others were delivered, "
        f"at most {longest} in a row; {opening} until its breaker was open"
    )
    assert opening <= 10 + 4 + 4  # ten in a row open it, four are under way with them, a probe or two may have followed
    assert among <= 200
    assert longest <= 2
    site.misbehave()
    site.wait_until_delivered(600)
    site.end()
    settle(site).sound()
