"""The one door: bytes in, one commit, an acknowledgement out.

Everything that needs no lock (parsing, validation, routing, mapping) is done first; then one write transaction stores
message, content, fact, projection and deliveries together. Success is answered only after its commit.
"""

import logging
import re
from collections.abc import Callable
from collections.abc import Mapping as Dictionary
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from adapter.directory import Directory, Route
from adapter.discharge import message as domain
from adapter.discharge import minimum, protection
from adapter.discharge.events import EVENTS
from adapter.exchange import (
    dispatch,
    duplicates,
    posting,
    rejections,
    resource_ledger,
    task_ledger,
    test_people,
    translating,
)
from adapter.exchange.agreements import Agreements
from adapter.exchange.commit import Checked, commit
from adapter.exchange.gates import Gates
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.submission import Clues, RecordReply, Refusal, Reply, Submission, refusal
from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import BY_ADAPTER
from adapter.fhir.canonicalize import content_hash
from adapter.fhir.outcomes import Issue
from adapter.mapping import Mapping
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import IdentityError, Pseudonyms
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock, to_micros
from adapter.support.errors import ForbiddenError, UnavailableError
from adapter.validation import messages
from adapter.validation.whole import MessageValidator

log = logging.getLogger("adapter.exchange")

_SHOWN_ISSUES = 100
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_CASE_LENGTH = 255
_IDENTIFIERS_LOOKED_UP = 100
_NONE = Agreements()


@dataclass(frozen=True)
class _Arrival:
    submission: Submission
    principal: Principal
    at: datetime

    @cached_property
    def local_date(self) -> date:
        return self.at.astimezone(STOCKHOLM).date()


class Exchange:
    """Takes messages in. Safe to call from many threads at once."""

    def __init__(
        self,
        *,
        database: Database,
        contents: ContentStore,
        directory: Directory,
        validator: MessageValidator,
        mappings: Dictionary[str, Mapping],
        pseudonyms: Pseudonyms,
        clock: Clock,
        config_version: str,
        address: str,
        extended_notices: bool = False,
        agreements: Agreements = _NONE,
        escalate_after: Callable[[str], timedelta] = lambda _event: timedelta(hours=1),
        look_for_test_people: test_people.Look = test_people.nobody,
        on_accepted: Callable[[], None] = lambda: None,
    ) -> None:
        """`address` is the adapter's own FHIR address; `extended_notices`: whether an admission notice may hold more
        than the statutory minimum, as far as the `agreements` let it; `escalate_after` says how long deliveries of an
        event may wait before their sender is told; `look_for_test_people` says what a message about one of them is
        told; `on_accepted` wakes who delivers."""
        self._database = database
        self._contents = contents
        self._directory = directory
        self._validator = validator
        self._mappings = mappings
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._config_version = config_version
        self._address = address
        self._extended_notices = extended_notices
        self._gates = Gates(directory, agreements)
        self._escalate_after = escalate_after
        self._test_people = look_for_test_people
        self._on_accepted = on_accepted

    def receive(self, submission: Submission, principal: Principal) -> Reply:
        """Take in a FHIR message. Raises UnavailableError where the store does not answer: nothing was taken in."""
        return self._receive_as(lambda: (translating.parse(submission), None), submission, principal)

    def preview(self, submission: Submission, principal: Principal, at: datetime) -> list[Issue]:
        """What would be said of a FHIR message that came at `at` (aware), without taking it in: errors where it would
        be refused, or could not be delivered as it is. What only the store knows is not said: an id that was used, a
        case of another person."""
        arrival = _Arrival(submission, principal, at)
        try:
            principal.require(Right.SEND)
            bundle = translating.parse(submission)
            message = MessageBundle(bundle)
            party, unit = self._sender(message, arrival)
            checked = self._check(arrival, message, content_hash(bundle), party, unit, None)
        except Refusal as refused:
            return list(refused.issues)
        undelivered = [draft for draft in checked.drafts if draft.problem]
        return [
            *checked.warnings,
            *(Issue("error", "processing", str(draft.problem), (), draft.rule) for draft in undelivered),
        ]

    def receive_record(self, system: str, submission: Submission, principal: Principal) -> RecordReply:
        """Take in a partner's record: it is mapped to FHIR and goes the same way as every message."""
        mapping = self._mappings[system]
        reply = self._receive_as(lambda: translating.translate(mapping, submission), submission, principal)
        return translating.record_reply(mapping, submission.body, reply)

    def receive_authored(self, bundle: bytes, submission: Submission, principal: Principal) -> Reply:
        """Take in a message that the adapter itself has written from what a system sent (the submission's bytes): it
        is checked as every message is."""
        return self._receive_as(lambda: (fhir_json.parse(bundle), bundle), submission, principal)

    def _receive_as(
        self, translate: Callable[[], tuple[dict[str, Any], bytes | None]], submission: Submission, principal: Principal
    ) -> Reply:
        arrival = _Arrival(submission, principal, self._clock.now())
        try:
            principal.require(Right.SEND)
            return self._accept(arrival, *translate())
        except ForbiddenError as error:
            return self._reject(arrival, refusal(403, "forbidden", "http-403", str(error), keep_content=False))
        except Refusal as refused:
            return self._reject(arrival, refused)

    def refuse(
        self,
        status: int,
        code: str,
        text: str,
        *,
        size: int,
        sha256: str,
        request_id: str,
        correlation_id: str | None = None,
        source: str = "fhir",
        principal: Principal | None = None,
    ) -> Reply:
        """Keep that somebody was turned away at the door (401, 413, 415): metadata, size and hash, no content."""
        refused = refusal(status, code, f"http-{status}", text, keep_content=False)
        with suppress(UnavailableError), self._database.write() as connection:
            rejections.store_metadata(
                connection,
                refused,
                principal,
                self._config_version,
                self._clock.now(),
                source=source,
                size=size,
                sha256=sha256,
                request_id=request_id,
                correlation_id=correlation_id,
            )
        return Reply(status, outcomes.to_fhir(refused.issues))

    def _accept(self, arrival: _Arrival, bundle: dict[str, Any], translated: bytes | None = None) -> Reply:
        message = MessageBundle(bundle)
        try:
            party, unit = self._sender(message, arrival)
            digest = content_hash(bundle)
            with self._database.ask() as connection:
                earlier = duplicates.find(connection, self._contents, party, message, digest, self._address)
            if earlier is not None:
                return self._repeated(arrival, earlier, message.event, self._posted_to(arrival, unit))
            return self._commit(arrival, self._check(arrival, message, digest, party, unit, translated))
        except Refusal as refused:
            refused.clues = self._clues(message)
            raise

    def _sender(self, message: MessageBundle, arrival: _Arrival) -> tuple[str, str]:
        """The sending party and unit, which must be one that the principal speaks for."""
        unit = message.hsa_of(message.header.get("sender"))
        if unit is None:
            found = outcomes.errors(messages.check(message.bundle))
            text = "the sender cannot be told: expected MessageHeader.sender to lead to an Organization with an HSA-id"
            unread = Issue("error", "required", text, ("MessageHeader.sender",), "msg-sender")
            raise Refusal(422, found[:_SHOWN_ISSUES] or [unread])
        if unit not in arrival.principal.units:
            text = "the sender of the message is not a unit that this token speaks for"
            raise refusal(403, "forbidden", "sender-not-yours", text, "MessageHeader.sender", keep_content=False)
        return self._party(unit, arrival.local_date) or arrival.principal.party, unit

    def _check(
        self,
        arrival: _Arrival,
        message: MessageBundle,
        digest: str,
        party: str,
        unit: str,
        translated: bytes | None,
    ) -> Checked:
        """Everything that can be said of the message without a lock."""
        found = self._validator.issues(message)
        reading = domain.read(message)
        beyond = minimum.check(message, extended=self._extended_notices)
        found += [*_event_issues(message), *reading.issues, *beyond, *self._test_people(message)]
        if outcomes.errors(found):
            raise Refusal(422, outcomes.errors(found)[:_SHOWN_ISSUES])
        routes = dispatch.routes(message, self._directory, arrival.local_date)
        return Checked(
            submission=arrival.submission,
            principal=arrival.principal,
            message=message,
            reading=reading,
            protection=protection.of(message),
            digest=digest,
            sender_party=party,
            sender_unit=unit,
            drafts=dispatch.drafts(message, routes, self._mappings, Outgoing(self._validator)),
            warnings=[issue for issue in found if _is_told(issue)],
            received_at=arrival.at,
            accepted_at=self._clock.now(),
            config_version=self._config_version,
            tell_after=self._escalate_after(message.event or ""),
            translated=translated,
            tasks=task_ledger.read(message, lambda unit: self._party(unit, arrival.local_date)),
            resources=resource_ledger.read(message),
            watchers=self._directory.carriers_of(party),
        )

    def _party(self, unit: str, on: date) -> str | None:
        party = self._directory.party_of(unit, on)
        return party.id if party else None

    def _posted_to(self, arrival: _Arrival, unit: str) -> Route | None:
        if not arrival.submission.asynchronous:
            return None
        return posting.address(self._directory, unit, arrival.local_date)

    def _repeated(self, arrival: _Arrival, earlier: duplicates.Earlier, event: str | None, to: Route | None) -> Reply:
        """The answer of the first time, in the way that is asked for now."""
        if to is None:
            return Reply(200, earlier.answer, event=event, result="repeated")
        with self._database.write() as connection:
            self._post(connection, to, earlier.message_id, earlier.answer, arrival.at)
        self._on_accepted()
        return Reply(202, {}, event=event, result="repeated")

    def _post(self, connection: Connection, to: Route, message_id: int, answer: dict[str, Any], at: datetime) -> None:
        outgoing = Outgoing(self._validator)
        posting.enqueue(
            connection, self._contents, to, message_id, answer, self._config_version, to_micros(at), outgoing
        )

    def _commit(self, arrival: _Arrival, checked: Checked) -> Reply:
        event = checked.reading.event
        to = self._posted_to(arrival, checked.sender_unit)
        stored = self._store_once(checked, to)
        if isinstance(stored, duplicates.Earlier):  # the same message came in by another thread meanwhile
            return self._repeated(arrival, stored, event, to)
        message_id, answer = stored
        self._on_accepted()
        log.info(
            "accepted", extra={"message_id": message_id, "event": event, "request_id": checked.submission.request_id}
        )
        test = test_people.told(checked.warnings)
        if to is not None:
            return Reply(202, {}, event=event, result="accepted", test_person=test)
        return Reply(200, answer, event=event, result="accepted", test_person=test)

    def _store_once(self, checked: Checked, to: Route | None) -> tuple[int, dict[str, Any]] | duplicates.Earlier:
        """That it is new was seen a moment ago, and unique indexes keep it so. Where it cannot be stored, the same may
        have come in meanwhile: then that is looked for first."""
        ids = (checked.sender_party, checked.message, checked.digest)
        tries = count()

        def store(connection: Connection) -> tuple[int, dict[str, Any]] | duplicates.Earlier:
            earlier = duplicates.find(connection, self._contents, *ids, self._address) if next(tries) else None
            return earlier or self._store(connection, checked, to)

        try:
            return self._database.transact(store)
        except (IntegrityError, Refusal):
            return self._database.transact(store)

    def _store(self, connection: Connection, checked: Checked, to: Route | None) -> tuple[int, dict[str, Any]]:
        """All that one accepted message leaves behind; returns its id and the acknowledgement."""
        parts = (self._contents, self._pseudonyms, checked, self._gates, self._address)
        message_id, answer = commit(connection, *parts)
        if to is not None:
            self._post(connection, to, message_id, answer, checked.accepted_at)
        return message_id, answer

    def _clues(self, message: MessageBundle) -> Clues:
        """What is safe to keep of a refused message's head: known codes and well-formed ids, never free text."""
        reading = domain.read(message)
        case_id = reading.case_id
        unit = _well_formed(message.hsa_of(message.header.get("sender")))
        return Clues(
            event=message.event if message.event in EVENTS else None,
            header_id=_well_formed(message.header_id),
            bundle_id=_well_formed(message.bundle_id),
            case_id=case_id if case_id and len(case_id) <= _CASE_LENGTH else None,
            patient_id=self._known_patient(reading),
            sender_unit=None if protection.of(message).protected else unit,
        )

    def _known_patient(self, reading: domain.Reading) -> int | None:
        """The person that a refused message is about, so that what hides a protected person hides it too."""
        if not reading.patient_identifiers:
            return None
        with suppress(IdentityError), self._database.read() as connection:
            return self._pseudonyms.find(connection, reading.patient_identifiers[:_IDENTIFIERS_LOOKED_UP])
        return None

    def _reject(self, arrival: _Arrival, refused: Refusal) -> Reply:
        with self._database.write() as connection:
            message_id = rejections.store(
                connection,
                self._contents,
                refused,
                arrival.submission,
                arrival.principal,
                self._config_version,
                arrival.at,
            )
        event = EVENTS.get(refused.clues.event or "")
        statutory = event is not None and event.statutory
        log.log(
            logging.ERROR if statutory else logging.WARNING,
            "statutory notice refused: a deadline is at risk" if statutory else "refused",
            extra={
                "message_id": message_id,
                "event": refused.clues.event,
                "http_status": refused.status,
                "rule": refused.issues[0].rule,
                "request_id": arrival.submission.request_id,
            },
        )
        test = test_people.told(refused.issues)
        return Reply(refused.status, outcomes.to_fhir(refused.issues), event=refused.clues.event, test_person=test)


def _is_told(issue: Issue) -> bool:
    """Whether the sender is told of it beside an acceptance."""
    return issue.severity == "warning" or issue.suppressed


def _event_issues(message: MessageBundle) -> list[Issue]:
    event = message.event
    place = "MessageHeader.eventCoding.code"
    if event is not None and event not in EVENTS:
        text = f"the event is not one of ours: expected one of {', '.join(sorted(EVENTS))}"
        return [Issue("error", "not-supported", text, (place,), "event-unknown")]
    if event in BY_ADAPTER:
        text = f"{event} is written by the adapter: it is not sent in"
        return [Issue("error", "not-supported", text, (place,), "event-not-taken-in")]
    return []


def _well_formed(value: str | None) -> str | None:
    return value if value and _ID.fullmatch(value) else None
