from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapter.exchange.records import AttemptRow, MessageDetail, MessageRow
from adapter.sandbox.authoring.scenario import Role
from adapter.sandbox.journey import Play, shipped_journey
from adapter.sandbox.ledger import Ledger
from adapter.sandbox.legs import Leg
from adapter.sandbox.verdict import outage_problems, receiver_problems, store_problems
from adapter.support.clock import SystemClock

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
JOURNEY = shipped_journey("home-with-sip")
PLAY = Play(JOURNEY, "a")


def leg(number: int, header_id: str, event: str, sender: Role, receiver: Role, answers: str | None = None) -> Leg:
    attempt = AttemptRow(1, NOW, NOW, "done", 200, None)
    return Leg(
        number, header_id, event, sender, receiver, answers, "done", "ok", (attempt,), None, NOW,
        NOW + timedelta(seconds=1), (),
    )  # fmt: skip


def perfect() -> list[Leg]:
    """The legs of a play in which everything went well."""
    legs: list[Leg] = []
    for step in JOURNEY.steps:
        header_id = PLAY.header_id(step)
        business = tuple((answer.event, (answer.status,) if answer.status else ()) for answer in step.answers)
        for receiver in step.receivers:
            one = leg(len(legs), header_id, step.event, step.sender, receiver)
            legs.append(replace(one, business=business if receiver == "municipality" else ()))
        for answer in step.answers:
            own = PLAY.identifiers.new(f"{answer.event} {header_id}")
            legs.append(leg(len(legs), own, answer.event, answer.sender, answer.receiver, header_id))
    return legs


def ledgers_of(legs: list[Leg]) -> dict[Role, Ledger]:
    ledgers: dict[Role, Ledger] = {role: Ledger(SystemClock()) for role in JOURNEY.parties}
    for each in legs:
        ledgers[each.receiver].take(each.header_id, each.receiver, b"x")
    return ledgers


def problems(legs: list[Leg], vendor: bool = False) -> str:
    return "\n".join(store_problems(PLAY, JOURNEY.steps, legs, [], vendor))


def test_a_play_in_which_all_went_well_has_no_problem() -> None:
    legs = perfect()
    assert problems(legs) == ""
    assert list(receiver_problems(PLAY, legs, ledgers_of(legs))) == []


@pytest.mark.parametrize("index", range(len(perfect())))
def test_nothing_may_be_missing(index: int) -> None:
    legs = perfect()
    del legs[index]
    assert "never came" in problems(legs)


@pytest.mark.parametrize(
    ("status", "acknowledgement"), [("dead", "fatal-error"), ("waiting", None), ("done", "duplicate")]
)
def test_what_did_not_arrive_is_said_with_the_receivers_words(status: str, acknowledgement: str | None) -> None:
    legs = perfect()
    legs[0] = replace(legs[0], status=status, acknowledgement=acknowledgement, words="HTTP 422: nej")
    assert f"did not arrive at Lifecare: {status}: HTTP 422: nej" in problems(legs)


def test_a_task_must_be_accepted() -> None:
    legs = perfect()
    legs[0] = replace(legs[0], business=(("acceptance-answer", ("rejected",)),))
    assert "answered with rejected, expected accepted" in problems(legs)
    legs[0] = replace(legs[0], business=())
    assert "answered with nothing, expected accepted" in problems(legs)


def test_what_the_adapter_refused_is_said_with_its_words() -> None:
    words = {"severity": "error", "message": "kvittens/last: expected an instant"}
    hint = {"severity": "information", "message": "checked by this version"}
    row = MessageRow(9, NOW, None, None, None, None, (), "rejected", 422, False, {}, (), False, False)
    detail = MessageDetail(
        row, "lifecare", None, None, None, None, None, None, None, None, "", 0, (words, hint), (), (), ()
    )
    found = list(store_problems(PLAY, [], [], [detail], vendor=True))
    assert found == ["the adapter refused a message (HTTP 422): kvittens/last: expected an instant"]


def test_nothing_may_come_twice() -> None:
    legs = perfect()
    assert "more often" in problems([*legs, replace(legs[-1], header_id="other")])


def test_a_vendors_system_must_read_and_decide_and_may_say_more() -> None:
    legs = [each for each in perfect() if (each.event, each.sender) != ("sip", "municipality")]
    assert "the sip to the sip for Open care never came" in problems(legs)
    assert problems(legs, vendor=True) == ""
    assert problems([*legs, replace(legs[2], header_id="other")], vendor=True) == ""
    kept = [each for each in legs if each.event != "read-receipt"]
    assert problems(kept, vendor=True).count("never came") == len(JOURNEY.steps)


def test_a_receiver_that_got_more_less_or_another_order_is_heard() -> None:
    legs = perfect()
    less = ledgers_of(legs[:-1])
    assert any("stored" in words for words in receiver_problems(PLAY, legs, less))
    swapped = ledgers_of(legs[::-1])
    assert sum("another order" in words for words in receiver_problems(PLAY, legs, swapped)) == len(swapped)
    other_bytes = ledgers_of(legs)
    other_bytes[legs[0].receiver].take(legs[0].header_id, legs[0].receiver, b"y")
    assert any("other bytes" in words for words in receiver_problems(PLAY, legs, other_bytes))


def test_an_order_that_the_adapter_itself_changed_is_heard() -> None:
    legs = perfect()
    first, third = [n for n, each in enumerate(legs) if each.receiver == "municipality"][:2]
    legs[first], legs[third] = legs[third], legs[first]
    assert any("another order" in words for words in receiver_problems(PLAY, legs, ledgers_of(legs)))


def test_an_outage_must_have_been_met() -> None:
    legs = perfect()
    assert len(list(outage_problems(legs))) == 2
    failed = (AttemptRow(1, NOW, NOW, "retry", 503, None), AttemptRow(2, NOW, NOW, "retry", None, None))
    assert list(outage_problems([replace(legs[0], attempts=failed)])) == []
    assert len(list(outage_problems([replace(legs[1], attempts=failed)]))) == 2
