"""A dead letter that its receiver will not take as it is: a person edits it, it is checked, and goes to its old place.

What is edited is what was sent; where it never could be mapped, the message, which is then mapped. The original
stays; the edited text is a stage of its own (`repaired`). It must still be the same message, about the same person, to
the same receivers: who may see it was decided by these.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from adapter.delivery import outbox
from adapter.directory import Directory
from adapter.discharge import disclosure
from adapter.exchange import expunge, repair
from adapter.exchange.acts import Act, Acts, ConflictError, Means, locked
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.reasons import given_reason
from adapter.fhir import identifiers, wire
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import ACKNOWLEDGEMENT
from adapter.fhir.outcomes import Issue
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.content import Content
from adapter.store.database import Database
from adapter.support.clock import Clock
from adapter.support.errors import AdapterError, MappingError, NotFoundError, ParseError

STAGE = "repaired"
MOST_PROBLEMS = 50

_delivery = tables.delivery.c


class NotValidError(AdapterError):
    """The edited text cannot be sent. `problems` says why, a sentence each, without personal data."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the edited text cannot be sent: " + "; ".join(problems[:3]))
        self.problems = problems


@dataclass(frozen=True)
class Proposal:
    """What a repair would change: the text `before` and `after`, and the problems; none: it can be sent."""

    before: Content
    after: bytes
    problems: tuple[str, ...]


class Repairs(Acts):
    """Edits dead letters. Every method needs EDIT and CONTENT, and a reason: who edits reads."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None], means: Means) -> None:
        super().__init__(database, clock, wake)
        self._means = means

    def original(self, principal: Principal, delivery_id: int, reason: str) -> Content:
        """What is to be edited. Audited as a view of content."""
        reason = self._allowed(principal, reason)
        with self._on_delivery(principal, "content-view", delivery_id, reason) as act:
            return self._original(act, delivery_id)[1]

    def check(self, principal: Principal, delivery_id: int, edited: bytes, reason: str) -> Proposal:
        """What the edited bytes would change and whether they could be sent. Nothing is stored but the audit."""
        reason = self._allowed(principal, reason)
        with self._on_delivery(principal, "content-view", delivery_id, reason) as act:
            row, before = self._original(act, delivery_id)
            return Proposal(before, edited, tuple(self._problems(row, before, edited)))

    def repair(self, principal: Principal, delivery_id: int, edited: bytes, reason: str) -> None:
        """Keep the edited bytes and send them in the dead letter's place. Raises NotValidError, ConflictError where
        nothing was changed, DeliveryStateError where it is no dead letter, MappingError."""
        reason = self._allowed(principal, reason)
        with self._on_delivery(principal, "delivery-repair", delivery_id, reason) as act:
            row, before = self._original(act, delivery_id)
            if edited == before.body:
                raise ConflictError("the text is not changed: to send it as it is, retry the delivery")
            if problems := self._problems(row, before, edited):
                raise NotValidError(problems)
            kept = self._keep(act, row, before, edited)
            act.detail.update(of=before.id, content=kept)
            outbox.retry(act.connection, delivery_id, act.at, dead_only=True)

    def _allowed(self, principal: Principal, reason: str) -> str:
        principal.require(Right.EDIT)
        principal.require(Right.CONTENT)
        return given_reason(reason)

    def _original(self, act: Act, delivery_id: int) -> tuple[RowMapping, Content]:
        message_id = select(_delivery.message_id).where(_delivery.id == delivery_id)
        expunge.require_kept(act.connection, act.connection.execute(message_id).scalar_one())
        row = locked(act.connection, delivery_id, "dead", act="edited")
        if row["event"] == ACKNOWLEDGEMENT:
            raise ConflictError("an acknowledgement says what became of a message: it is not edited")
        contents = self._means.contents
        found = contents.of_delivery(act.connection, delivery_id, "mapped")
        found = found or next(iter(_told(act.connection, contents, row["message_id"])), None)
        if found is None:
            raise NotFoundError(f"the content of delivery {delivery_id} is no longer kept")
        return row, found

    def _keep(self, act: Act, row: RowMapping, before: Content, edited: bytes) -> int:
        """Store the edited bytes, and what is sent of them; returns the number of the first."""

        def add(stage: str) -> int:
            return contents.add(
                act.connection,
                message_id=row["message_id"],
                delivery_id=row["id"],
                stage=stage,
                media_type=before.media_type,
                body=edited,
                at=act.at,
            )

        contents, means = self._means.contents, self._means
        kept = add(STAGE)
        if before.stage == "mapped":
            add("mapped")
            media_type = {"media_type": before.media_type}
            act.connection.execute(update(tables.delivery).where(_delivery.id == row["id"]).values(media_type))
        else:
            message = MessageBundle(wire.parse(edited, before.media_type))
            parts = (contents, means.directory(), means.mappings(), row["id"], act.at, Outgoing(means.validator()))
            repair.map_again(act.connection, *parts, edited=message)
        return kept

    def _problems(self, row: RowMapping, before: Content, edited: bytes) -> list[str]:
        """What stands against sending the edited bytes."""
        try:
            was, now = (self._read(row, before, body) for body in (before.body, edited))
        except (ParseError, MappingError) as error:
            return [str(error)]
        changed = _changed(was, now)
        if changed:
            return changed
        if before.stage == "mapped" and not before.media_type.startswith("application/fhir+"):
            return []  # read by its mapping, it has kept its schema
        issues = Outgoing(self._means.validator()).faults(now)
        problems = [_sentence(issue) for issue in issues[:MOST_PROBLEMS]]
        if before.stage == "mapped" and not problems:
            problems = [f"{gone.path}: not for this receiver, {gone.reason}" for gone in disclosure.disclose(now)[1]]
        return problems

    def _read(self, row: RowMapping, before: Content, body: bytes) -> MessageBundle:
        """A message in FHIR, whatever form its bytes have."""
        if before.stage != "mapped" or before.media_type.startswith("application/fhir+"):
            return MessageBundle(wire.parse(body, before.media_type))
        directory: Directory = self._means.directory()
        mapping = directory.endpoint(row["endpoint"]).mapping
        if mapping is None:
            raise MappingError("the endpoint has no mapping any more: send it by another endpoint instead")
        return MessageBundle(self._means.mappings()[mapping].to_fhir(body).bundle)


def _told(connection: Connection, contents: Any, message_id: int) -> list[Content]:
    """The message in FHIR, where it is kept."""
    found: list[Content] = contents.of_message(connection, message_id, "translated")
    return found or contents.of_message(connection, message_id, "received")


def _changed(was: MessageBundle, now: MessageBundle) -> list[str]:
    """Which of the things that may not change have changed: names of them, never values."""
    kept: dict[str, Callable[[MessageBundle], Any]] = {
        "the message's id": lambda each: each.header_id,
        "the event": lambda each: each.event,
        "the sender": lambda each: each.units_of(each.header.get("sender"), each.header_entry),
        "the receivers": lambda each: [units for _, *units in each.destination_receivers()],
        "who the person is": lambda each: sorted(
            pair for patient in each.of_type("Patient") for pair in identifiers.of_patient(patient)
        ),
        "the case": lambda each: sorted(str(task.get("groupIdentifier")) for task in each.of_type("Task")),
    }
    return [f"{name} is not what it was: it may not be edited" for name, of in kept.items() if of(was) != of(now)]


def _sentence(issue: Issue) -> str:
    place = f" at {issue.expression[0]}" if issue.expression else ""
    return f"{issue.rule}{place}: {issue.message}"
