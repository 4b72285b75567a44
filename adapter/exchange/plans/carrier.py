"""Puts the plans that a source gave into a case by the one door, each version once; or keeps why it could not.

A message is kept before it is handed in, so that it is the same one after a crash. What cannot be carried is a gap: it
is not tried again while neither the plan nor the configuration has changed.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.authoring.parties import Unit
from adapter.directory import AmbiguousRecipientError, Receiver, Route, UnknownRecipientError
from adapter.discharge import protection
from adapter.exchange.authored import Parts, why_refused
from adapter.exchange.labels import mark
from adapter.exchange.plans import author, store
from adapter.exchange.plans.asking import FetchedPlan
from adapter.exchange.plans.author import NOTE, SIP, Before, Letter
from adapter.exchange.plans.case import Case, hides
from adapter.exchange.plans.store import Key
from adapter.exchange.submission import Submission
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import HSA, MUNICIPALITY
from adapter.fhir.identifiers import is_kommunkod
from adapter.plans.people import Person
from adapter.plans.riv import document
from adapter.security.principals import Principal, Right
from adapter.support.clock import STOCKHOLM, swedish_day, to_micros
from adapter.support.errors import UnavailableError
from adapter.support.plan_sources import PlanSource

log = logging.getLogger("adapter.plans")

_ENDED_CONSENT = frozenset({"refused", "withdrawn"})
_COERCIVE = "SPLPTLRV"
_UNDELIVERED = frozenset({"mapping-failed", "outgoing-invalid"})
_CARRIED_STATUS = frozenset({"active", "on-hold", "revoked", "completed", "unknown"})
_MEDIA_TYPE = "application/fhir+json"
_ANSWER = "answer"
_FHIR, _RECORDS = _GROUPS = ("fhir", "records")
"""What receivers take: a message that goes to one kind is not the message of the other."""
_WAITING = "waiting"
_RESTS = (0, 60, 300, 900, 3600)
"""Seconds to the next try of a message that is not taken in, after each failure."""
_KEPT_UNDER = ("", "route", *_GROUPS)


@dataclass(frozen=True)
class Gap:
    """Why a plan is not carried into its case. Without personal data."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Carried:
    """What came of an answer: messages that went in now, versions known before, numbers of the gaps that stand, and
    messages that were not taken in now and are tried again."""

    sent: int
    known: int
    gaps: tuple[int, ...]
    waiting: int = 0


class Carrier:
    """Carries for one source; `party` is the one whose plans these are."""

    def __init__(self, source: PlanSource, party: str, parts: Parts) -> None:
        self.source = source
        self.party = party
        self._parts = parts
        self._rests: dict[int, tuple[int, int]] = {}

    @property
    def principal(self) -> Principal:
        """The source's own: it sends as its party's units, and does nothing else."""
        today = swedish_day(self._parts.clock.now())
        units = self._parts.directory.units_of(self.party, today)
        return Principal(f"plans {self.source.id}", self.party, units, frozenset({Right.SEND}))

    def carry(self, case: Case, plans: Sequence[FetchedPlan], *, whole: bool = True) -> Carried:
        """Put plans into the case. A gap of theirs that is not met again has ended; where these are all that the source
        has of the person (`whole`), every such gap. Raises UnavailableError where the store does not answer."""
        results = [result for plan in plans for result in self._plan(case, plan)]
        gaps = tuple(number for word, number in results if word == "gap")
        about = {_hash(f"{key}\0{group}") for key in (_ANSWER, *(plan.key for plan in plans)) for group in _KEPT_UNDER}
        at = to_micros(self._parts.clock.now())
        with self._parts.database.write() as connection:
            store.mend(connection, self.source.id, case.case_id, gaps, at, None if whole else about)
        words = [word for word, _ in results]
        return Carried(words.count("sent"), words.count("known"), gaps, words.count(_WAITING))

    def miss(self, case: Case, gap: Gap) -> int:
        """Keep that an answer as a whole could not be read; returns the gap's number."""
        return self._gap(self._key(case, _ANSWER, _hash(gap.reason), ""), gap)

    def finish(self) -> int | None:
        """Hand in what was written and not taken in. What we fail at rests, longer each time, and keeps no other
        waiting. Returns since when the oldest waits, in UTC microseconds; None where none does. Raises
        UnavailableError where the store does not answer."""
        parts = self._parts
        with parts.database.read() as connection:
            rows = store.planned(connection, self.source.id)
        self._rests = {row.id: self._rests[row.id] for row in rows if row.id in self._rests}
        waiting = [row.seen_at for row in rows if not (self._due(row.id) and self._finished(row))]
        return min(waiting, default=None)

    def _due(self, row_id: int) -> bool:
        return row_id not in self._rests or self._rests[row_id][1] <= to_micros(self._parts.clock.now())

    def _finished(self, row: Any) -> bool:
        key = Key(row.source, row.case_id, row.patient_id, row.plan, row.version)
        try:
            with self._parts.database.read() as connection:
                kept = store.known(connection, key)
            if kept is None or kept.status != "planned":
                return True  # another process was quicker
            word, _ = self._hand_in(key, row.id, self._parts.cipher.open(kept.key_id, kept.bytes))
        except UnavailableError:
            raise
        except Exception:  # one message that we cannot deal with must not keep the others waiting
            log.exception("plan not handed in, it is tried again", extra=self._about(row.id))
            self._rest(row.id)
            return False
        return word != _WAITING

    def _rest(self, row_id: int) -> None:
        times = self._rests[row_id][0] + 1 if row_id in self._rests else 1
        seconds = _RESTS[min(times, len(_RESTS)) - 1]
        self._rests[row_id] = (times, to_micros(self._parts.clock.now()) + seconds * 1_000_000)

    def _about(self, row_id: int) -> dict[str, Any]:
        return {"plan_source": self.source.id, "plan_version": row_id}

    def _plan(self, case: Case, plan: FetchedPlan) -> Iterator[tuple[str, int]]:
        """(sent, known, waiting or gap, number of the row) for each group of receivers; once where no way."""
        self._protect(case, plan)
        sender = self._against(case, plan) or self._sender(plan)
        if isinstance(sender, Gap):
            earlier = self._sent(case, plan)
            key = self._key(case, plan.key, plan.version, "")
            yield ("gap", self._gap(key, sender)) if earlier is None else ("known", earlier)
            return
        for group, units in self._receivers(case).items():
            key = self._key(case, plan.key, plan.version, group)
            if isinstance(units, Gap):
                yield "gap", self._gap(key, units)
            else:
                yield self._to(key, case, plan, sender, units, records=group == _RECORDS)

    def _to(
        self, key: Key, case: Case, plan: FetchedPlan, sender: Unit, receivers: dict[str, Unit], *, records: bool
    ) -> tuple[str, int]:
        parts = self._parts
        with parts.database.read() as connection:
            row, before = store.known(connection, key), store.earlier(connection, key)
        if row is not None and row.status == "sent":
            return "known", row.id
        if row is not None and row.status == "planned":
            if not self._due(row.id):
                return _WAITING, row.id
            return self._hand_in(key, row.id, parts.cipher.open(row.key_id, row.bytes))
        if row is not None and row.status == "gap" and row.config_version == parts.config_version:
            return "gap", row.id
        now = parts.clock.now()
        seed = f"{key.source}\0{key.case_id}\0{key.plan}\0{key.version}"
        letter = Letter(
            seed=seed,
            case=case,
            plan=plan,
            source=self.source.id,
            sender=sender,
            receivers=receivers,
            at=now.astimezone(STOCKHOLM).isoformat(timespec="seconds"),
            records=records,
            before=_before(before, sender.hsa, receivers),
        )
        event, bundle, problems = self._form(letter, now)
        if bundle is None:
            return "gap", self._gap(key, Gap("invalid", f"as a message it would be refused: {problems}"))
        message = {
            "event": event,
            "header_id": author.header_id(seed),
            "sender": sender.hsa,
            "receivers": sorted(receivers),
            "sent_text": letter.at,
            "config_version": parts.config_version,
        }
        body = fhir_json.serialize(bundle)
        with parts.database.write() as connection:
            row_id = store.plan(connection, parts.cipher, key, message, body, to_micros(now))
        return ("known", 0) if row_id is None else self._hand_in(key, row_id, body)

    def _form(self, letter: Letter, now: datetime) -> tuple[str, dict[str, Any] | None, str]:
        """(event, Bundle, why not): a SIP where it is one and all receivers can take it, else a note with a document,
        else whichever is at least no refusal."""
        events = [NOTE] if letter.plan.attachments else [SIP, NOTE]
        usable: list[tuple[str, dict[str, Any]]] = []
        problems = ""
        for event in events:
            bundle = author.write(letter, event)
            submission = Submission(fhir_json.serialize(bundle), _MEDIA_TYPE, "plans")
            issues = self._parts.exchange.preview(submission, self.principal, now)
            errors = {issue.rule or issue.code for issue in issues if issue.severity == "error"}
            if not errors:
                return event, bundle, ""
            if errors <= _UNDELIVERED:
                usable.append((event, bundle))
            problems = ", ".join(sorted(errors))
        return (*usable[0], "") if usable else (NOTE, None, problems)

    def _hand_in(self, key: Key, row_id: int, body: bytes) -> tuple[str, int]:
        parts = self._parts
        submission = Submission(body, _MEDIA_TYPE, f"plan-{row_id}", source=f"plans:{key.source}")
        reply = parts.exchange.receive_authored(body, submission, self.principal)
        if reply.status >= 500:
            log.warning("plan not taken in now, it is tried again", extra=self._about(row_id))
            self._rest(row_id)
            return _WAITING, row_id
        if reply.status != 200:
            return "gap", self._gap(key, Gap("refused", why_refused(reply)))
        with parts.database.write() as connection:
            store.settle(connection, row_id)
        log.info("plan carried into its case", extra=self._about(row_id))
        return "sent", row_id

    def _against(self, case: Case, plan: FetchedPlan) -> Gap | None:
        """What forbids to carry the plan into the case."""
        # in the message every Patient is the case's: a note about somebody else would be told of the wrong person
        if not self._same_person(case, *plan.people):
            return Gap("identity", "the plan, or what comes with it, is of another person, or of one who is not named")
        on = swedish_day(self._parts.clock.now())
        if hides(case, self._parts.directory, frozenset(plan.units), self.party, on):
            return Gap("blocked", "a spärr is of the unit or the party that the plan comes from")
        said = case.statements
        coercive = document.kind(plan.plan) == _COERCIVE
        if not coercive and _ENDED_CONSENT & {said.get("plan_consent"), said.get("sharing_consent")}:
            return Gap("consent", "consent to the plan or to sharing was refused or withdrawn in this case")
        if plan.plan.get("status") not in _CARRIED_STATUS:
            return Gap("status", "the plan is a draft or entered in error: it is not carried")
        return None

    def _same_person(self, case: Case, *people: Person) -> bool:
        """Whether all of them are the person of the case."""
        with self._parts.database.read() as connection:
            look_up = self._parts.pseudonyms.look_up
            return all(who and look_up(connection, who) == case.patient_id for who in people)

    def _protect(self, case: Case, plan: FetchedPlan) -> None:
        """A label that the source has counts from now on, whether or not the plan can be carried."""
        found = protection.of(MessageBundle({"entry": plan.reading.entries}))
        if (found.protected or found.confidential) and self._same_person(case, plan.person):
            with self._parts.database.write() as connection:
                mark(connection, case.patient_id, found, to_micros(self._parts.clock.now()))

    def _sent(self, case: Case, plan: FetchedPlan) -> int | None:
        """The row of this version where it was carried before: what came later takes nothing back."""
        with self._parts.database.read() as connection:
            rows = [store.known(connection, self._key(case, plan.key, plan.version, group)) for group in _GROUPS]
        return next((row.id for row in rows if row is not None and row.status == "sent"), None)

    def _sender(self, plan: FetchedPlan) -> Unit | Gap:
        """The first unit of the plan that is the party's, else the one that the settings name."""
        parts, own = self._parts, self.principal.units
        named = [unit for unit in (*plan.units, self.source.sender) if unit in own]
        if not named or named[0] is None:
            return Gap("unit", "the plan names no unit of the source's party: set sender of the source")
        known = parts.directory.unit(named[0], swedish_day(parts.clock.now()))
        name = known.name if known else parts.directory.party(self.party).name
        return Unit(named[0], name, f"{parts.address}/fhir", "discharge-adapter")

    def _receivers(self, case: Case) -> dict[str, dict[str, Unit] | Gap]:
        """The receivers by what they take: FHIR or records; a gap for those to whom no route leads."""
        codes = self.source.receivers or case.participants
        if not codes:
            words = (
                "no unit of another party takes part in the case: set receivers of the source, if there should be one"
            )
            return {"": Gap("receivers", words)}
        found: dict[str, dict[str, Unit] | Gap] = {}
        for code in codes:
            route = self._route(code)
            if route is None:
                words = "no one route leads to a receiver for sip and general-message: the directory must name one"
                found["route"] = Gap("route", words)
                continue
            group = found.setdefault(_FHIR if route.endpoint.mapping is None else _RECORDS, {})
            if isinstance(group, dict):
                group[code] = self._unit(code, route)
        return found

    def _route(self, code: str) -> Route | None:
        named = Receiver(municipality=code) if is_kommunkod(code) else Receiver(hsa=code)
        today = swedish_day(self._parts.clock.now())
        try:
            routes = [self._parts.directory.route(named, event, today) for event in (NOTE, SIP)]
        except (UnknownRecipientError, AmbiguousRecipientError):
            return None
        return routes[0] if routes[0].endpoint.id == routes[1].endpoint.id else None

    def _unit(self, code: str, route: Route) -> Unit:
        known = self._parts.directory.unit(code, swedish_day(self._parts.clock.now()))
        system = MUNICIPALITY if is_kommunkod(code) else HSA
        return Unit(code, known.name if known else route.party.name, route.endpoint.logical, "", system)

    def _key(self, case: Case, plan: str, version: str, group: str) -> Key:
        return Key(self.source.id, case.case_id, case.patient_id, _hash(f"{plan}\0{group}"), version)

    def _gap(self, key: Key, gap: Gap) -> int:
        parts = self._parts
        with parts.database.write() as connection:
            at = to_micros(parts.clock.now())
            return store.gap(connection, key, gap.kind, gap.reason, parts.config_version, at)


def _before(rows: Sequence[Any], sender: str, receivers: dict[str, Unit]) -> Before | None:
    last = rows[-1] if rows else None
    if last is None or last.sender != sender or not receivers.keys() <= set(last.receivers):
        return None
    return Before(last.header_id, last.event, last.sent_text)


def _hash(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
