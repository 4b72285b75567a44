"""Did it reach them, when, who acknowledged, and what is next: for one person, by the keyed hash of a number.

Followed by indexes from the hash to the person's own messages: the cost is theirs alone, however many others the store
holds, and no body is opened. To ask is to say that one looks for this person: it needs the right to content and a
reason, and is in the audit, found or not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, true

from adapter.exchange import blocks, visibility
from adapter.exchange.reasons import given_reason
from adapter.fhir.canonical import ACKNOWLEDGEMENT, PERSONNUMMER, SAMORDNINGSNUMMER
from adapter.fhir.identifiers import is_personnummer, is_samordningsnummer
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import Identifier, Pseudonyms
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import AdapterError

PAGE, MAX_PAGE = 50, 200

_key, _message, _delivery = tables.patient_key.c, tables.message.c, tables.delivery.c
_state = tables.endpoint_state.c

_FORMS: dict[str, tuple[str, Callable[[str], bool]]] = {
    PERSONNUMMER: ("personnummer", is_personnummer),
    SAMORDNINGSNUMMER: ("samordningsnummer", is_samordningsnummer),
}
NEXT = {
    "answered": "answered",
    "arrived": "the receiver's system has it: nobody has answered yet",
    "held": "a person releases or cancels it",
    "dead": "a person mends and resends it, or tells the receiver another way",
    "cancelled": "nothing: a person has cancelled it",
    "running": "it is being sent",
    "behind": "it waits behind an earlier message to the same receiver",
    "open": "it is sent when the receiver's system answers again",
    "tripped": "it is sent when the receiver's system takes messages again",
    "paused": "it is sent when a person resumes the endpoint",
    "due": "it is due: it is sent, or its receiver fetches it",
    "later": "it is sent at next_attempt_at",
}
"""What is next, in words, by what it is: the keys are lasting."""
_STILL = frozenset({"open", "tripped", "paused"})
"""The states of an endpoint to which nothing is sent."""


@dataclass(frozen=True)
class Answered:
    """The receiver's own message in answer: a read-receipt, an acceptance and so on. `by` is the unit that sent it."""

    message_id: int
    event: str
    by: str | None
    at: datetime


@dataclass(frozen=True)
class Whereabout:
    """A message on its way to one receiver. `acknowledgement` is that of the receiver's system, at `delivered_at`;
    `answers` are its people's. `next_step` is what comes now, a key of NEXT, and `next` says it; `command` is what to
    type where it needs a person. Of a protected person `receiver`, `party` and the answers' `by` are None. Instants are
    aware UTC."""

    delivery_id: int
    message_id: int
    event: str
    case_id: str | None
    sent_at: datetime | None
    accepted_at: datetime
    receiver: str | None
    party: str | None
    status: str
    delivered_at: datetime | None
    acknowledgement: str | None
    next_attempt_at: datetime | None
    attempts: int
    answers: tuple[Answered, ...]
    next_step: str
    next: str
    command: str | None
    protected: bool


@dataclass(frozen=True)
class Whereabouts:
    """What was found, newest first; `known` is false where no message ever named the person; to a party, where none of
    its own did. `next_before` is the cursor of the next page: the number of a delivery."""

    known: bool
    rows: tuple[Whereabout, ...]
    next_before: int | None


class Where:
    """Answers the question."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._database = database
        self._pseudonyms = pseudonyms
        self._clock = clock

    def find(
        self, principal: Principal, person: Identifier, reason: str, *, before: int | None = None, limit: int = PAGE
    ) -> Whereabouts:
        """The messages about a person that the principal's party sent or got. `person` is (system, value), normalised.
        Needs CONTENT and a reason. Raises AdapterError where nobody can have the number: it is mistyped."""
        principal.require(Right.CONTENT)
        reason = given_reason(reason)
        size = max(1, min(limit, MAX_PAGE))
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            patient_id = self._pseudonyms.find(connection, [person])
            rows: list[RowMapping] = []
            if patient_id is None:
                _require_number(*person)
            else:
                hashes = [found for _, found in self._pseudonyms.hashes(*person)]
                query = deliveries(principal, hashes, before).limit(size + 1)
                rows = list(connection.execute(query).mappings())
            answers = _answers(connection, [row["message_id"] for row in rows[:size]])
            found = tuple(_whereabout(row, answers, at) for row in rows[:size])
            # that others have messages about somebody is not a party's to know
            known = patient_id is not None if principal.sees_all else bool(found)
            detail: dict[str, Any] = {"known": known, "deliveries": len(found)}
            audit.record(connection, principal, "where", "patient", at, patient_id, reason, **detail)
        return Whereabouts(known, found, found[-1].delivery_id if len(rows) > size else None)


def deliveries(principal: Principal, hashes: list[str], before: int | None) -> Select[Any]:
    """The deliveries about the person of a keyed hash, newest first, as one query."""
    columns = (
        *(_delivery[name] for name in ("id", "message_id", "event", "status", "receiver_unit", "receiver_party")),
        _delivery.endpoint,
        *(_delivery[name] for name in ("delivered_at", "acknowledgement", "next_attempt_at", "attempts")),
        *(_message[name] for name in ("case_id", "sent_at", "accepted_at")),
        _state.state,
        visibility.protected().label("protected"),
    )
    query = (
        select(*columns)
        .join_from(tables.message, tables.delivery, _delivery.message_id == _message.id)
        .outerjoin(tables.endpoint_state, _state.endpoint == _delivery.endpoint)
        .where(
            _message.patient_id.in_(select(_key.patient_id).where(_key.hash.in_(hashes))),
            _message.status == "accepted",
            _delivery.event != ACKNOWLEDGEMENT,
            visibility.delivery(principal),
            true() if principal.sees_all else blocks.clear_of(principal),
        )
        .order_by(_delivery.id.desc())
    )
    return query if before is None else query.where(_delivery.id < before)


def _answers(connection: Connection, messages: list[int]) -> dict[tuple[int, str], list[Answered]]:
    """The accepted messages that answer these, by the message and the party that answers."""
    columns = (_message.id, _message.answers_id, _message.event, _message.sender_party, _message.sender_unit)
    query = (
        select(*columns, _message.accepted_at)
        .where(_message.answers_id.in_(messages), _message.status == "accepted")
        .order_by(_message.id)
    )
    found: dict[tuple[int, str], list[Answered]] = {}
    for row in connection.execute(query):
        answer = Answered(row.id, row.event, row.sender_unit, from_micros(row.accepted_at))
        found.setdefault((row.answers_id, row.sender_party), []).append(answer)
    return found


def _require_number(system: str, value: str) -> None:
    """A number that nobody has must not read as that nothing was sent about the person."""
    kind, has_form = _FORMS.get(system, ("", lambda _: True))
    if not has_form(value):
        raise AdapterError(
            f"this is no {kind}: expected 12 digits, a day and a right check digit; of another kind of number name its "
            "system"
        )


def _whereabout(row: RowMapping, answers: dict[tuple[int, str], list[Answered]], at_now: int) -> Whereabout:
    told = answers.get((row["message_id"], row["receiver_party"]), [])
    protected = bool(row["protected"])
    if protected:
        told = [Answered(each.message_id, each.event, None, each.at) for each in told]
    step, command = _next(row, at_now, answered=bool(told))
    instants = ("sent_at", "accepted_at", "delivered_at", "next_attempt_at")
    at: dict[str, Any] = {name: None if row[name] is None else from_micros(row[name]) for name in instants}
    return Whereabout(
        delivery_id=row["id"],
        message_id=row["message_id"],
        event=row["event"],
        case_id=row["case_id"],
        receiver=None if protected else row["receiver_unit"],
        party=None if protected else row["receiver_party"],
        status=row["status"],
        acknowledgement=row["acknowledgement"],
        attempts=row["attempts"],
        answers=tuple(told),
        next_step=step,
        next=NEXT[step],
        command=command,
        protected=protected,
        **at,
    )


def _next(row: RowMapping, at: int, *, answered: bool) -> tuple[str, str | None]:
    """The key of what is next, and the command."""
    number, status = row["id"], row["status"]
    show = f"adapter deliveries show {number}"
    match status:
        case "done":
            return "answered" if answered else "arrived", None
        case "held":
            return status, f'adapter deliveries release {number} --reason "…"'
        case "dead":
            return status, show
        case "cancelled" | "running":
            return status, None
    if row["next_attempt_at"] is None:
        return "behind", show
    if not row["protected"] and row["state"] in _STILL:
        return row["state"], f"adapter endpoints show {row['endpoint']}"
    return "due" if row["next_attempt_at"] <= at else "later", None
