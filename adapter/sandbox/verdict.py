"""Whether a play went as the journey says, judged from the receivers' ledgers and the adapter's store.

Every problem is a sentence. No problem: everything arrived, in order, with one side effect each.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus

from adapter.exchange.records import MessageDetail
from adapter.sandbox.authoring.scenario import Answer, Role, Step
from adapter.sandbox.journey import Play
from adapter.sandbox.ledger import Effect, Ledger
from adapter.sandbox.legs import Leg
from adapter.sandbox.timeline import NAMES

VENDOR_MUST = frozenset({"read-receipt", "acceptance-answer"})
"""What a vendor's system is asked to answer: it has read, and whether it accepts. Its part of the plan is its own."""
_ERRORS = ("fatal", "error")


def leg_of(legs: Sequence[Leg], header_id: str, receiver: Role) -> Leg | None:
    """The leg of a message of the journey."""
    return next((leg for leg in legs if leg.header_id == header_id and leg.receiver == receiver), None)


def answer_legs(legs: Sequence[Leg], answer: Answer, header_id: str) -> list[Leg]:
    """The legs of the messages that give an answer which the journey expects."""
    return [
        leg
        for leg in legs
        if (leg.event, leg.sender, leg.receiver, leg.answers)
        == (answer.event, answer.sender, answer.receiver, header_id)
    ]


def wanted(step: Step, vendor: bool) -> tuple[Answer, ...]:
    """The answers that a step must get."""
    return tuple(answer for answer in step.answers if not vendor or answer.event in VENDOR_MUST)


def store_problems(
    play: Play, sent: Iterable[Step], legs: Sequence[Leg], refused: Sequence[MessageDetail], vendor: bool
) -> Iterator[str]:
    """What the store says is missing, failed or too much for the steps that were sent."""
    expected: Counter[tuple[str, Role]] = Counter()
    for step in sent:
        header_id = play.header_id(step)
        for receiver in step.receivers:
            expected[step.event, receiver] += 1
            yield from _leg_problems(leg_of(legs, header_id, receiver), step.event, receiver)
        for answer in wanted(step, vendor):
            found = answer_legs(legs, answer, header_id)
            expected[answer.event, answer.receiver] += 1
            what = f"the {answer.event} to the {step.event}"
            yield from _leg_problems(found[0] if found else None, what, answer.receiver)
            if not vendor and answer.status is not None:
                yield from _status_problems(leg_of(legs, header_id, answer.sender), answer)
    for message in refused:
        said = "; ".join(str(issue["message"]) for issue in message.issues if issue["severity"] in _ERRORS)
        what = f"{message.row.event or 'a message'} (HTTP {message.row.http_status})"
        yield f"the adapter refused {what}: {said}"
    if not vendor:
        counted = Counter((leg.event, leg.receiver) for leg in legs)
        for event, receiver in counted - expected:
            yield f"{event} reached {NAMES[receiver]} more often than the journey says"


def _leg_problems(leg: Leg | None, what: str, receiver: Role) -> Iterator[str]:
    if leg is None:
        yield f"{what} for {NAMES[receiver]} never came to the adapter"
    elif not leg.arrived:
        words = f": {leg.words}" if leg.words else ""
        yield f"{what} did not arrive at {NAMES[receiver]}: {leg.status}{words}"


def _status_problems(leg: Leg | None, answer: Answer) -> Iterator[str]:
    said = [status for event, statuses in (leg.business if leg else ()) if event == answer.event for status in statuses]
    if answer.status not in said:
        yield f"the task was answered with {', '.join(said) or 'nothing'}, expected {answer.status}"


def receiver_problems(play: Play, legs: Sequence[Leg], ledgers: Mapping[Role, Ledger]) -> Iterator[str]:
    """Where a receiver's own ledger differs from what the adapter accepted for it, in number, order or bytes."""
    journey = [play.header_id(step) for step in play.journey.steps]
    for role, ledger in ledgers.items():
        stored = [entry.message_id for entry in ledger.stored]
        accepted = [leg.header_id for leg in legs if leg.receiver == role]
        doubled = [message_id for message_id, count in Counter(stored).items() if count > 1]
        if doubled:
            yield f"{NAMES[role]} stored {len(doubled)} messages more than once"
        if any(entry.effect is Effect.CONFLICT for entry in ledger.entries):
            yield f"{NAMES[role]} got a message again with other bytes"
        if Counter(stored) != Counter(accepted):
            yield f"{NAMES[role]} stored {len(stored)} messages, the adapter accepted {len(accepted)} for it"
        elif stored != accepted or (own := [each for each in stored if each in journey]) != sorted(
            own, key=journey.index
        ):
            yield f"{NAMES[role]} got its messages in another order than they were sent"


def failed(legs: Iterable[Leg], status: int | None) -> bool:
    """Whether an attempt at the municipality failed with this HTTP status; None: without any answer."""
    return any(
        attempt.ended_at is not None and attempt.outcome != "done" and attempt.http_status == status
        for leg in legs
        if leg.receiver == "municipality"
        for attempt in leg.attempts
    )


def outage_problems(legs: Sequence[Leg]) -> Iterator[str]:
    """A demo that showed no outage proves nothing about one."""
    if not failed(legs, HTTPStatus.SERVICE_UNAVAILABLE):
        yield "no attempt met Lifecare's HTTP 503"
    if not failed(legs, None):
        yield "no attempt met Lifecare's refused connection"
