"""Replay of many deliveries as a task, on a real store."""

from datetime import timedelta

import pytest

from adapter.exchange import selection
from adapter.exchange.acts import ConflictError, Means
from adapter.exchange.replays import Replays
from adapter.exchange.selection import Filter
from adapter.exchange.views import Views
from adapter.security.principals import Right
from adapter.store import tables
from adapter.support.errors import AdapterError, DefinitionsError, ForbiddenError, NotFoundError, UnavailableError


@pytest.fixture
def replays(database, clock, stored):
    def none():
        raise AssertionError("nothing is mapped here")

    return Replays(database, clock, lambda: None, Means(stored.contents, none, none, none, none))


def dead(stored, body=b"<a/>", **values):
    message = stored.message(patient_id=values.pop("patient", None) or stored.patient())
    number = stored.delivery(message, **{"status": "dead", "reason": "no", "attempts": 1, **values})
    if values.get("attempts", 1):
        stored.attempt(number, http_status=422, outcome="dead")
    if body is not None:
        stored.content(message, "mapped", body, "application/xml", delivery_id=number)
    return number


def run(replays, clock):
    done = 0
    while replays.step():
        done += 1
        clock.advance(timedelta(minutes=1))
    return done


def start(replays, principal, wanted=None, **more):
    wanted = wanted or Filter()
    return replays.start(principal, wanted, replays.count(principal, wanted).digest, "the receiver is back", **more)


def states(stored):
    return {row["id"]: row["status"] for row in stored.rows(tables.delivery)}


def test_what_was_counted_is_sent_again_in_the_order_of_streams_and_audited(
    replays, stored, clock, operations_principal
):
    numbers = [dead(stored) for _ in range(3)]
    counted = replays.count(operations_principal, Filter())
    assert (counted.count, counted.first) == (3, tuple(numbers))
    replay = start(replays, operations_principal)
    assert set(states(stored).values()) == {"dead"}  # nothing happens in the call itself
    run(replays, clock)
    row = replays.one(operations_principal, replay)
    assert (row.status, row.total, row.done, row.refused) == ("done", 3, 3, 0)
    assert row.ended_at is not None
    assert set(states(stored).values()) == {"waiting"}
    entries = stored.rows(tables.audit)
    assert [(entry["action"], entry["object"]) for entry in entries] == [
        ("replay-start", f"replay/{replay}"),
        *(("delivery-replay", f"delivery/{number}") for number in numbers),
    ]
    assert {entry["reason"] for entry in entries} == {"the receiver is back"}
    assert {entry["principal"] for entry in entries} == {operations_principal.name}
    assert all(entry["patient_id"] for entry in entries[1:])


def test_one_starts_what_one_saw(replays, stored, operations_principal):
    dead(stored)
    counted = replays.count(operations_principal, Filter())
    dead(stored)
    with pytest.raises(ConflictError, match="2 deliveries now"):
        replays.start(operations_principal, Filter(), counted.digest, "why")
    with pytest.raises(ConflictError):
        replays.start(operations_principal, Filter(event="sip"), counted.digest, "why")
    empty = replays.count(operations_principal, Filter(event="sip"))
    assert empty.count == 0
    with pytest.raises(ConflictError, match="nothing to replay"):
        replays.start(operations_principal, Filter(event="sip"), empty.digest, "why")
    assert stored.rows(tables.replay) == []


def test_filters(replays, stored, clock, operations_principal):
    here = dead(stored, endpoint="a", receiver_party="p", event="sip")
    unmapped = dead(stored, body=None, attempts=0)
    clock.advance(timedelta(seconds=1))
    late = clock.now()
    stored.delivery(stored.message(), status="waiting")
    for wanted, found in (
        (Filter(endpoint="a"), [here]),
        (Filter(party="p"), [here]),
        (Filter(event="sip"), [here]),
        (Filter(signature="422"), [here]),
        (Filter(signature="unmapped"), [unmapped]),
        (Filter(until=late), [here, unmapped]),
        (Filter(since=late), []),
        (Filter(endpoint="a", signature="unmapped"), []),
    ):
        assert list(replays.count(operations_principal, wanted).first) == found, wanted
    with pytest.raises(AdapterError, match="status"):
        replays.count(operations_principal, Filter(status="held"))
    with pytest.raises(AdapterError, match="content"):
        replays.count(operations_principal, Filter(), "guessed")


def test_groups_of_errors_leave_out_the_protected(replays, stored, operations_principal):
    dead(stored)
    dead(stored)
    dead(stored, body=None, attempts=0, event="sip")
    dead(stored, patient=stored.patient(protected=True))
    found = replays.groups(operations_principal)
    assert [(each.signature, each.event, each.count) for each in found] == [
        ("422", "admission-notice", 2),
        ("unmapped", "sip", 1),
    ]
    assert replays.count(operations_principal, Filter()).count == 3


def test_pause_resume_and_cancel(replays, stored, clock, operations_principal):
    for _ in range(3):
        dead(stored)
    replay = start(replays, operations_principal)
    assert replays.step()
    replays.pause(operations_principal, replay, "they are slow")
    clock.advance(timedelta(minutes=1))
    assert not replays.step()
    [told] = Views(stored.database, stored.contents, clock).status(operations_principal)[-1:]
    assert (told.kind, told.next_command) == ("replay-paused", f"adapter replays resume {replay}")
    with pytest.raises(ConflictError, match="is paused"):
        replays.pause(operations_principal, replay)
    replays.resume(operations_principal, replay)
    assert replays.step()
    replays.cancel(operations_principal, replay, "enough")
    clock.advance(timedelta(minutes=1))
    assert not replays.step()
    row = replays.one(operations_principal, replay)
    assert (row.status, row.done) == ("cancelled", 2)
    for act in (replays.pause, replays.resume):
        with pytest.raises(ConflictError, match="is cancelled"):
            act(operations_principal, replay)
    with pytest.raises(ForbiddenError):
        replays.cancel(operations_principal, replay, " ")
    actions = [entry["action"] for entry in stored.rows(tables.audit) if "replay-" in entry["action"]]
    assert actions == ["replay-start", "replay-pause", "replay-resume", "replay-cancel"]


def test_it_keeps_its_pace(replays, stored, clock, operations_principal):
    for _ in range(4):
        dead(stored)
    start(replays, operations_principal, per_minute=60)
    taken = 0
    while replays.step():
        taken += 1
    assert taken <= 2  # one now, one of the second that it may catch up
    clock.advance(timedelta(seconds=1))
    assert replays.step()
    assert not replays.step()


def test_what_cannot_be_sent_is_refused_and_the_rest_goes_on(replays, stored, clock, operations_principal, region):
    never_mapped = dead(stored, body=None, attempts=0)
    gone = dead(stored)
    good = dead(stored)
    replay = start(replays, operations_principal)
    stored.change(tables.delivery, gone, status="cancelled")
    run(replays, clock)
    assert states(stored) == {never_mapped: "dead", gone: "cancelled", good: "waiting"}
    items, following = replays.items(operations_principal, replay, refused=True)
    assert [item.delivery_id for item in items] == [never_mapped, gone]
    assert following is None
    assert "never mapped" in items[0].words
    row = replays.one(operations_principal, replay)
    assert (row.status, row.done, row.refused) == ("done", 1, 2)


def test_one_who_became_protected_meanwhile_is_left_to_a_person(replays, stored, clock, operations_principal):
    patient = stored.patient()
    number = dead(stored, patient=patient)
    stream = next(row["stream_id"] for row in stored.rows(tables.delivery) if row["id"] == number)
    stored.change(tables.stream, stream, patient_id=patient)
    replay = start(replays, operations_principal)
    stored.change(tables.patient, patient, protected=True)
    run(replays, clock)
    assert states(stored) == {number: "dead"}
    assert replays.one(operations_principal, replay).refused == 1


def test_what_has_arrived_is_sent_as_a_delivery_of_its_own(replays, stored, clock, operations_principal):
    number = dead(stored, status="done", blocking=False, delivered_at=stored.now)
    replay = start(replays, operations_principal, Filter(status="done"))
    run(replays, clock)
    [item], _ = replays.items(operations_principal, replay)
    assert (item.outcome, item.delivery_id) == ("replayed", number)
    assert states(stored) == {number: "done", item.new_delivery_id: "waiting"}
    [origin] = stored.rows(tables.delivery_origin)
    assert (origin["delivery_id"], origin["of_id"], origin["kind"]) == (item.new_delivery_id, number, "replay")
    with stored.database.read() as connection:
        assert stored.contents.of_delivery(connection, item.new_delivery_id, "mapped").body == b"<a/>"


def test_a_replay_does_not_send_the_copies_of_another_replay(replays, stored, clock, operations_principal):
    number = dead(stored, status="done", blocking=False, delivered_at=stored.now)
    start(replays, operations_principal, Filter(status="done"))
    run(replays, clock)
    copy = max(states(stored))
    stored.change(tables.delivery, copy, status="done", blocking=False)
    assert replays.count(operations_principal, Filter(status="done")).first == (number,)


def test_a_party_replays_and_sees_its_own(replays, stored, region, municipality, operations_principal):
    dead(stored)
    assert replays.count(municipality, Filter()).count == 0
    replay = start(replays, region)
    assert [row.id for row in replays.list(region).rows] == [replay]
    assert replays.list(municipality).rows == ()
    for act in (replays.one, replays.items, replays.pause):
        with pytest.raises(NotFoundError):
            act(municipality, replay)


def test_rights(replays, stored):
    from tests.unit.conftest import principal

    looking, acting = principal("region", Right.LIST), principal("region", Right.RESEND)
    for act in (lambda: replays.count(looking, Filter()), lambda: replays.start(looking, Filter(), "", "why")):
        with pytest.raises(ForbiddenError):
            act()
    for act in (lambda: replays.list(acting), lambda: replays.groups(acting), lambda: replays.one(acting, 1)):
        with pytest.raises(ForbiddenError):
            act()


def test_too_many_are_to_be_narrowed(replays, stored, operations_principal, monkeypatch):
    monkeypatch.setattr(selection, "MOST", 1)
    dead(stored)
    dead(stored)
    with pytest.raises(AdapterError, match="narrow it"):
        replays.count(operations_principal, Filter())


def test_lists_are_bounded_and_paged(replays, stored, operations_principal):
    for _ in range(3):
        dead(stored)
    for _ in range(3):
        start(replays, operations_principal)
    page = replays.list(operations_principal, limit=2)
    assert ([row.id for row in page.rows], page.next_before) == ([3, 2], 2)
    assert [row.id for row in replays.list(operations_principal, before=2).rows] == [1]
    rows, following = replays.items(operations_principal, 1, limit=2)
    assert len(rows) == 2
    rest, following = replays.items(operations_principal, 1, after=following, limit=2)
    assert (len(rest), following) == (1, None)


@pytest.mark.parametrize("error", [UnavailableError("away"), DefinitionsError("no package")])
def test_a_fault_of_ours_refuses_nothing_and_it_goes_on_after(
    replays, stored, clock, operations_principal, monkeypatch, error
):
    number = dead(stored)
    replay = start(replays, operations_principal)

    def fails(*_given, **_named):
        raise error

    with monkeypatch.context() as broken:
        broken.setattr("adapter.exchange.again.Again.send", fails)
        with pytest.raises(type(error)):
            replays.step()
    run(replays, clock)
    assert replays.one(operations_principal, replay).done == 1
    assert states(stored) == {number: "waiting"}


def test_what_the_adapter_wrote_itself_goes_again_in_its_own_stream_under_its_own_id(
    replays, stored, clock, operations_principal
):
    """The receiver acknowledges a delivery report by the report's id, not by that of the message it is about."""
    number = dead(stored, status="done", event="delivery-report", header_id="own")
    start(replays, operations_principal, Filter(status="done"))
    run(replays, clock)
    old, new = (row for row in stored.rows(tables.delivery))
    assert old["id"] == number
    assert new["header_id"] == "own"
    receivers = {row["id"]: row["receiver"] for row in stored.rows(tables.stream)}
    assert receivers[new["stream_id"]] == receivers[old["stream_id"]] != new["receiver_party"]
