"""Leases: heads only, one at a time in a stream, fenced, fair between endpoints and bounded at each."""

from sqlalchemy import update

from adapter.delivery import breaker, leases
from adapter.delivery.leases import Claim, Terms
from adapter.delivery.policy import Kind, Verdict
from adapter.store import tables

DONE = Verdict(Kind.DONE, "HTTP 200, ok", "HTTP 200, ok", acknowledgement="ok")
DEAD = Verdict(Kind.DEAD, "HTTP 422, fatal-error", "HTTP 422, fatal-error: no")


def terms(store, owner: str = "w1", limit: int = 4) -> Terms:
    return Terms(owner=owner, at=store.now, seconds=60, limit=lambda _: limit, probe_seconds=300)


def claim(store, wanted: int = 10, **named) -> list[Claim]:
    return store.act(leases.claim, terms(store, **named), wanted)


def test_heads_only_and_one_of_a_stream_at_a_time(store):
    person = store.patient()
    first, second = store.add(person), store.add(person)
    (claimed,) = claim(store)
    assert (claimed.delivery_id, claimed.number, claimed.step, claimed.probe) == (first, 1, 0, False)
    assert claim(store) == []
    assert store.complete(claimed)
    assert [one.delivery_id for one in claim(store)] == [second]


def test_an_expired_lease_is_claimed_again_and_the_old_holder_changes_nothing(store):
    delivery = store.add(store.patient())
    (old,) = claim(store, owner="w1")
    store.advance(59)
    assert claim(store, owner="w2") == []
    store.advance(1)
    (new,) = claim(store, owner="w2")
    assert (new.delivery_id, new.token, new.number) == (delivery, old.token + 1, 2)
    first, second = store.rows(tables.attempt)
    assert (first.outcome, first.ended_at) == ("unknown", store.now)
    assert second.ended_at is None

    before = store.row(delivery)
    assert not store.complete(old)
    assert not store.act(leases.bury, old, store.now, DEAD, 422)
    assert not store.act(leases.reschedule, old, store.now, DEAD, 503, due=store.now, step=1)
    assert not store.act(leases.give_back, old, store.now)
    store.act(leases.renew, [old], store.now + 10**12)
    assert store.row(delivery) == before
    assert store.rows(tables.attempt) == [first, second]

    assert store.complete(new)
    assert not store.complete(new)


def test_a_renewed_lease_is_not_claimed(store):
    store.add(store.patient())
    claims = claim(store, owner="w1")
    store.advance(50)
    store.act(leases.renew, claims, store.now + 60 * 1_000_000)
    store.advance(50)
    assert claim(store, owner="w2") == []


def test_given_back_leaves_no_trace_but_a_new_token(store):
    delivery = store.add(store.patient())
    (claimed,) = claim(store)
    assert store.act(leases.give_back, claimed, store.now)
    row = store.row(delivery)
    assert (row.status, row.attempts, row.next_attempt_at, row.lease_owner) == ("waiting", 0, store.now, None)
    assert store.rows(tables.attempt) == []
    (again,) = claim(store)
    assert (again.number, again.token) == (1, claimed.token + 1)


def test_an_endpoint_gets_no_more_than_its_limit(store):
    for _ in range(5):
        store.add(store.patient(), endpoint="slow")
    assert len(claim(store, limit=2)) == 2
    assert claim(store, limit=2) == []


def test_endpoints_take_turns_the_least_busy_first(store):
    for name, count in (("a", 6), ("b", 2), ("c", 1)):
        for _ in range(count):
            store.add(store.patient(), endpoint=name)
    assert [one.endpoint for one in claim(store, 4)] == ["a", "b", "c", "a"]
    store.add(store.patient(), endpoint="c")
    assert [one.endpoint for one in claim(store, 3)] == ["b", "c", "a"]


def test_one_at_a_time_turns_go_round_too(store):
    for name in ("a", "a", "a", "b", "b"):
        store.add(store.patient(), endpoint=name)
    served = []
    for _ in range(5):
        (claimed,) = claim(store, 1)
        served.append(claimed.endpoint)
        store.complete(claimed)
        store.advance(1)
    assert served == ["a", "b", "a", "b", "a"]


def test_many_behind_a_dead_head_are_not_searched(store):
    person = store.patient()
    for _ in range(50):
        store.add(person)
    due = [row for row in store.rows(tables.delivery) if row.next_attempt_at is not None]
    assert len(due) == 1
    (claimed,) = claim(store)
    assert store.act(leases.bury, claimed, store.now, DEAD, 422)
    assert claim(store) == []
    assert [row for row in store.rows(tables.delivery) if row.next_attempt_at is not None] == []


def test_a_claim_carries_what_the_attempt_needs(store):
    store.add(store.patient(protected=True), "m1", released=True, media_type="application/xml", event="sip")
    (claimed,) = claim(store)
    assert claimed.idempotency_id == claimed.correlation_id == "header-m1"
    assert (claimed.media_type, claimed.event, claimed.protected) == ("application/xml", "sip", True)


def test_what_is_not_first_in_its_stream_is_not_claimed_even_if_it_seems_due(store):
    person = store.patient()
    store.add(person, status="held", held_reason="asked")
    second = store.add(person)
    with store.database.write() as connection:
        connection.execute(
            update(tables.delivery).where(tables.delivery.c.id == second).values(next_attempt_at=store.now)
        )
    assert claim(store) == []


def test_a_probe_that_is_never_heard_of_again_is_not_followed_before_its_time(store):
    store.add(store.patient())
    store.add(store.patient())
    store.act(breaker.trip, "a", store.now, cause="HTTP 401", probe_seconds=300)
    assert claim(store) == []
    store.advance(300)
    (probe,) = claim(store, owner="w1")
    assert probe.probe
    store.advance(60)  # its lease has run out
    assert claim(store, owner="w2") == []
    store.advance(240)
    assert len(claim(store, owner="w2")) == 1
