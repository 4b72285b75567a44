"""The way of a feed's event: kept and answered first, then the messages that follow from it are written and sent.

What was answered as taken is committed. If the process ends before its messages are written, they are written at the
next start: a stay keeps that it has work waiting, and every message is planned in the store before it is handed in.
"""

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from adapter.directory import AmbiguousRecipientError, UnknownRecipientError
from adapter.discharge.protection import Protection
from adapter.exchange.authored import Parts, why_refused
from adapter.exchange.feeds import store
from adapter.exchange.feeds.author import StayAuthor
from adapter.exchange.feeds.store import Arrived, StayRow
from adapter.exchange.labels import mark
from adapter.exchange.submission import Submission
from adapter.feeds import adt, answers, flat, telling
from adapter.feeds.events import LeftOut, RefusedEvent, StayEvent
from adapter.feeds.files import Feeds
from adapter.feeds.model import Feed
from adapter.feeds.stay import Picture, picture
from adapter.feeds.telling import Decision, Gap, Step
from adapter.fhir import json as fhir_json
from adapter.fhir.canonical import CONFIDENTIALITY_MARK, PROTECTED_IDENTITY
from adapter.security.principals import Principal, Right
from adapter.store import locks, tables
from adapter.support.clock import STOCKHOLM, swedish_day, to_micros
from adapter.support.errors import ForbiddenError, UnavailableError

log = logging.getLogger("adapter.feeds")

_LOCKS = 64
_READ_EVENTS = 5000
"""How many events stay in memory as they were read: taking HL7 v2 apart costs milliseconds."""


@dataclass(frozen=True)
class FeedReply:
    """The answer in the feed's own format. `status` is for HTTP; `result` is accepted, repeated, left-out or
    rejected."""

    status: int
    body: bytes
    media_type: str
    result: str


class FeedIntake:
    """Takes in what feeds send. Safe to call from many threads at once."""

    def __init__(self, feeds: Feeds, parts: Parts, environment: str) -> None:
        """`environment` is test or production: what is marked as of the other kind is refused."""
        self.feeds = feeds
        self._environment = environment
        self._parts = parts
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        self._reading_lock = threading.Lock()
        self._read: OrderedDict[int, StayEvent] = OrderedDict()

    def principal(self, feed: Feed) -> Principal:
        """The feed's own: it sends as its party's units, and does nothing else."""
        today = swedish_day(self._parts.clock.now())
        units = self._parts.directory.units_of(feed.party, today)
        return Principal(f"feed {feed.id}", feed.party, units, frozenset({Right.SEND}))

    def take(self, feed_id: str, body: bytes, request_id: str, caller: Principal | None = None) -> FeedReply:
        """Take in one message of a feed; `caller` is who brought it, where that is not the feed itself. Raises
        ForbiddenError where the caller does not speak for the feed's party, and UnavailableError where the store does
        not answer: nothing was taken in then."""
        feed = self.feeds[feed_id]
        by = caller or self.principal(feed)
        by.require(Right.SEND)
        if feed.party not in by.parties:
            raise ForbiddenError("this token does not speak for the party whose feed this is")
        media_type = answers.MEDIA_TYPE if feed.format == "hl7v2" else flat.MEDIA_TYPE
        at = to_micros(self._parts.clock.now())
        arrived = Arrived(feed.id, None, "taken", body, media_type, by.name, request_id, at)
        try:
            said = self._reading(feed, body)
            stay_id = self._keep(arrived, said)
        except RefusedEvent as refused:
            return self._refuse(feed, arrived, refused)
        if stay_id is None:
            return self._answer(
                feed, body, said.control_id, None, "left-out" if isinstance(said, LeftOut) else "repeated"
            )
        self._finish(stay_id)
        return self._answer(feed, body, said.control_id, None, "accepted")

    def catch_up(self) -> int:
        """Write what a stay's events still wait for, and try anew what was missing under another configuration;
        returns for how many stays."""
        with self._parts.database.read() as connection:
            found = store.waiting(connection, self._parts.config_version)
        for stay_id in found:
            try:
                self._finish(stay_id)
            except UnavailableError:
                raise
            except Exception:  # one stay that we fail at must not keep the others waiting
                log.exception("what a stay waits for failed, it is tried again", extra={"feed_stay": stay_id})
        return len(found)

    def refusal(self, feed: Feed, refused: RefusedEvent, body: bytes = b"", *, transient: bool = False) -> bytes:
        """The answer to what was not even kept: too large, broken framing, or the adapter is busy. `body` is the
        message, where it was read whole."""
        return self._answer(feed, body, refused.control_id, refused, "rejected", transient=transient).body

    def _reading(self, feed: Feed, body: bytes) -> StayEvent | LeftOut:
        if feed.format == "flat":
            return flat.read(body, self._environment)
        return adt.read(body, feed, self._environment)

    def _keep(self, arrived: Arrived, said: StayEvent | LeftOut) -> int | None:
        """Commit the event; returns its stay's number, None where it changes nothing: left out, or taken before."""
        parts, arrived = self._parts, replace(arrived, control_id=said.control_id)
        with parts.database.write() as connection:
            locks.hold(connection, f"feed {arrived.feed} {said.control_id}")
            known = store.earlier(connection, arrived.feed, said.control_id)
            if known == store.digest(arrived.body):
                return None
            if known is not None:
                words = "was used for another message: expected the same content again, or an id of its own"
                place = "MSH-10" if arrived.media_type == answers.MEDIA_TYPE else "handelseId"
                raise RefusedEvent(words, "205", place, control_id=said.control_id)
            if isinstance(said, LeftOut):
                store.add_event(connection, parts.cipher, replace(arrived, status="left-out", reason=said.reason))
                return None
            stay_id = store.stay_of(connection, arrived.feed, said.stay, parts.config_version, arrived.at)
            event_id = store.add_event(connection, parts.cipher, arrived, stay_id)
        self._remember(event_id, said)
        log.info("feed event taken", extra={"feed": arrived.feed, "feed_event": event_id, "event": said.kind})
        return stay_id

    def _refuse(self, feed: Feed, arrived: Arrived, refused: RefusedEvent) -> FeedReply:
        reason = f"{refused.place}: {refused.words}" if refused.place else refused.words
        row = replace(arrived, status="refused", reason=reason, control_id=refused.control_id)
        with self._parts.database.write() as connection:
            event_id = store.add_event(connection, self._parts.cipher, row)
        log.warning(
            "feed event refused", extra={"feed": feed.id, "feed_event": event_id, "rule": f"hl7-{refused.code}"}
        )
        return self._answer(feed, arrived.body, refused.control_id, refused, "rejected")

    def _answer(
        self,
        feed: Feed,
        body: bytes,
        control_id: str | None,
        refused: RefusedEvent | None,
        result: str,
        *,
        transient: bool = False,
    ) -> FeedReply:
        status = 503 if transient else 422 if refused else 200
        if feed.format == "flat":
            content = flat.answer(control_id, refused, transient=transient)
            return FeedReply(status, content, flat.MEDIA_TYPE, result)
        header = answers.header_of(body)
        content = answers.write(header, refused, self._parts.clock.now(), uuid.uuid4().hex[:20], self._environment)
        return FeedReply(status, content, answers.MEDIA_TYPE, result)

    def _finish(self, stay_id: int) -> None:
        """Write what the stay's events wait for. What fails here has been answered as taken: it stays waiting where
        the store is away, and becomes a gap where the fault is ours."""
        with self._locks[stay_id % _LOCKS]:
            try:
                self._tell(stay_id)
            except (UnavailableError, IntegrityError):  # away, or another process was at the same stay
                log.warning("feed stay waits: it is tried again soon", extra={"feed_stay": stay_id})
            except Exception:  # a fault of ours must not make the sender repeat what is committed
                log.exception("feed stay failed", extra={"feed_stay": stay_id})
                gap = Gap("failed", "the adapter failed to write the messages of this stay: see its log")
                with suppress(UnavailableError):
                    self._close(stay_id, Picture(), [gap], None)

    def _tell(self, stay_id: int) -> None:
        parts = self._parts
        with parts.database.read() as connection:
            stay = store.stay(connection, stay_id)
            rows = store.written(connection, stay_id)
            expunged = store.is_expunged(connection, stay_id)
            events = [] if expunged else store.events(connection, parts.cipher, stay_id)
        feed = self.feeds.get(stay.feed)
        if expunged:
            words = "an event came of a stay whose earlier events are no longer kept: what it changes cannot be told"
            self._close(stay_id, Picture(), [Gap("expunged", words)], None)
            return
        if feed is None or not events:
            return
        read = [self._again(feed, number, body) for number, body, _ in events]
        said, last = picture(each for each in read if each is not None), events[-1]
        if None in read:
            words = "events that were taken cannot be read any more: the feed's configuration has changed"
            self._close(stay_id, said, [Gap("unreadable", words)], last[0])
            return
        self._protect(said)
        gaps: list[Gap] = []
        for row in (row for row in rows if row.status == "planned"):
            gaps += self._send(feed, last, row.id, parts.cipher.open(row.key_id, row.bytes))
        with parts.database.read() as connection:
            rows = store.written(connection, stay_id)
        found = telling.decide(said, feed, self.principal(feed).units, store.as_told(rows))
        gaps += found.gaps
        gaps += self._write(feed, stay, said, found, rows, last)
        self._close(stay_id, said, gaps, last[0])

    def _write(
        self,
        feed: Feed,
        stay: StayRow,
        said: Picture,
        found: Decision,
        rows: Sequence[Any],
        last: tuple[int, bytes, str],
    ) -> list[Gap]:
        """Write and send each step; one receiver's later messages are left where an earlier one was not taken."""
        parts, now = self._parts, self._parts.clock.now().astimezone(STOCKHOLM)
        endpoint = f"{parts.address}/partners/feeds/{feed.id}/messages"
        author = StayAuthor(feed.id, stay.stay, feed.system, endpoint, parts.directory, now.date())
        number, stopped, gaps = len(rows), set(), []
        for step in found.steps:
            if step.receiver in stopped:
                continue
            number += 1
            with parts.database.read() as connection:
                before = store.as_written(store.written(connection, stay.id))
                status = store.task_status(connection, author.task_identifier(step.receiver))
            missing = self._unreachable(author, step)
            if missing is not None:
                gaps.append(missing)
                stopped.add(step.receiver)
                number -= 1
                continue
            at = now.isoformat(timespec="seconds")
            bundle = author.write(step, said, found.sender or "", number, at, before, status)
            message = {
                "stay_id": stay.id,
                "number": number,
                "receiver": step.receiver,
                "sender": found.sender,
                "event": step.event,
                "header_id": author.header_id(number),
                "said": step.said,
                "sent_text": at,
            }
            body = fhir_json.serialize(bundle)
            with parts.database.write() as connection:
                row_id = store.plan(connection, parts.cipher, message, body)
            refused = self._send(feed, last, row_id, body)
            gaps += refused
            stopped |= {step.receiver} if refused else set()
        return gaps

    def _unreachable(self, author: StayAuthor, step: Step) -> Gap | None:
        try:
            author.route(step.receiver, step.event)
        except (UnknownRecipientError, AmbiguousRecipientError):
            words = f"no one route leads to a receiver of {step.event}: the directory's routes must name one"
            return Gap("route", words, f"receiver {step.receiver}")
        return None

    def _send(self, feed: Feed, last: tuple[int, bytes, str], row_id: int, bundle: bytes) -> list[Gap]:
        """Hand a planned message in at the door. Raises UnavailableError: it stays planned."""
        number, body, media_type = last
        submission = Submission(body, media_type, f"feed-event-{number}", source=f"feed:{feed.id}")
        reply = self._parts.exchange.receive_authored(bundle, submission, self.principal(feed))
        if reply.status >= 500:
            raise UnavailableError("the message was not taken in now")
        taken = reply.status == 200
        with self._parts.database.write() as connection:
            store.settle(connection, row_id, "sent" if taken else "refused")
        if taken:
            return []
        return [Gap("refused", why_refused(reply))]

    def _close(self, stay_id: int, said: Picture, gaps: Sequence[Gap], upto: int | None) -> None:
        """Keep what is missing. The stay has work waiting still where an event came after the one numbered `upto`."""
        parts = self._parts
        with parts.database.write() as connection:
            store.lock(connection, stay_id)
            patient_id = self._patient(connection, said)
            patient = tables.patient.c
            marked = (
                patient_id is not None
                and connection.execute(tables.patient.select().where(patient.id == patient_id)).one().protected
            )
            protected = bool(marked or (said.person and said.person.protected))
            store.keep_gaps(connection, stay_id, gaps, to_micros(parts.clock.now()))
            store.finished(connection, stay_id, patient_id, protected, parts.config_version, upto)

    def _protect(self, said: Picture) -> None:
        """A label holds what waits from the moment that it is known, whether or not a message can be written."""
        labels = said.person.labels if said.person else frozenset()
        if labels:
            found = Protection(PROTECTED_IDENTITY in labels, CONFIDENTIALITY_MARK in labels)
            with self._parts.database.write() as connection:
                patient_id = self._patient(connection, said)
                if patient_id is not None:
                    mark(connection, patient_id, found, to_micros(self._parts.clock.now()))

    def _patient(self, connection: Any, said: Picture) -> int | None:
        if said.person is None:
            return None
        return self._parts.pseudonyms.look_up(connection, said.person.identifiers)

    def _again(self, feed: Feed, number: int, body: bytes) -> StayEvent | None:
        """An event that was taken, as it reads under the present configuration; None where it no longer does."""
        known = self._read.get(number)
        if known is None:
            with suppress(RefusedEvent):
                read = self._reading(feed, body)
                known = read if isinstance(read, StayEvent) else None
            self._remember(number, known)
        return known

    def _remember(self, number: int, said: StayEvent | LeftOut | None) -> None:
        if isinstance(said, StayEvent):
            self._read[number] = said
        with self._reading_lock:
            while len(self._read) > _READ_EVENTS:
                self._read.popitem(last=False)
