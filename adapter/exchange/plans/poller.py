"""Asks the sources about the people whose cases are open, when they are due, and has what they give carried.

One process at a time asks a source, by a lease in the database. A source that does not answer rests, longer each time;
operations are told when it refuses us, or has been silent for longer than its settings allow.
"""

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from adapter.exchange.plans import case as cases
from adapter.exchange.plans import store
from adapter.exchange.plans.asking import Asker, Check, FetchedPlan, Halted, SourceFault
from adapter.exchange.plans.carrier import Carrier, Gap
from adapter.exchange.plans.store import Question
from adapter.fhir import instants
from adapter.security import audit
from adapter.store import alarms
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import MappingError, ParseError, UnavailableError

log = logging.getLogger("adapter.plans")

REFUSED, SILENT, NO_GROUND = "plan-source-refuses", "plan-source-silent", "plan-source-no-ground"
"""Kinds of alarm."""
WAITING = "plan-waiting"
"""Kind of the alarm that a plan was fetched and is not taken in; its subject is that of the source."""
_KINDS = (REFUSED, SILENT, NO_GROUND, WAITING)
_SECOND = 1_000_000
_AT_ONCE = 20
_LOOK_SECONDS = 5.0
_REFRESH = 60 * _SECOND
"""How often it is seen which cases are open."""
_WAITS_LONG = 600 * _SECOND
_NEVER_HEARD = 3
PATIENCE_SECONDS = 60.0
"""How long the answers to one question may take altogether, the last one aside."""
_RESTS = (30.0, 120.0, 600.0, 1800.0, 3600.0)
_LONGEST_REST = 6 * 3600.0


@dataclass(frozen=True)
class Source:
    """A configured source: who asks it, who carries what it gives, and the longest time of one request in seconds."""

    carrier: Carrier
    asker: Asker
    longest_request: float = 35.0
    close: Callable[[], None] = lambda: None

    @property
    def lease(self) -> int:
        """Microseconds: longer than one question can take."""
        return round((PATIENCE_SECONDS + 2 * self.longest_request) * _SECOND)


class PlanPoller:
    """Polls all sources in a thread of its own. `round` is one look, for those who run it themselves."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        database: Database,
        contents: ContentStore,
        clock: Clock,
        config_version: str,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._sources, self._opened = sources, list(sources.values())
        self._database = database
        self._contents = contents
        self._clock = clock
        self._config_version = config_version
        self._look_seconds = look_seconds
        self._refresh_at: dict[str, int] = {}
        self._owner = f"plans-{uuid.uuid4().hex[:12]}"
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        with suppress(UnavailableError):
            self._forget()
        if not self._sources:
            return
        self._thread = threading.Thread(target=self._run, name="plan sources", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the request that is under way."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        for source in self._opened:
            source.close()

    def renew(self, sources: Mapping[str, Source], config_version: str) -> None:
        """Ask these from the next round on."""
        self._sources, self._config_version, self._refresh_at = sources, config_version, {}
        self._opened += sources.values()

    def round(self) -> int:
        """Ask every source what is due now; returns how many questions were asked."""
        sources = self._sources
        asked = sum(self._guarded(name, source) for name, source in sources.items() if not self._stopped.is_set())
        for replaced in [each for each in self._opened if each not in self._sources.values()]:
            replaced.close()
            self._opened.remove(replaced)
        return asked

    def _forget(self) -> None:
        """What was wrong with a source that is configured no more needs nobody."""
        subjects = {_subject(name) for name in self._sources}
        with self._database.write() as connection:
            for alarm in alarms.standing(connection):
                if alarm.kind in _KINDS and alarm.subject not in subjects:
                    alarms.clear_alarm(connection, kind=alarm.kind, subject=alarm.subject, at=self._now())

    def _run(self) -> None:
        while not self._stopped.is_set():
            asked = self.round()
            self._stopped.wait(0 if asked else self._look_seconds)

    def _guarded(self, name: str, source: Source) -> int:
        """One source that fails must not keep the others from being asked."""
        try:
            return self._source(name, source)
        except UnavailableError:
            log.warning("plan source waits: the store does not answer", extra={"plan_source": name})
        except Exception:  # a fault of ours must not end the thread
            log.exception("plan source failed", extra={"plan_source": name})
        return 0

    def _source(self, name: str, source: Source) -> int:
        at = self._now()
        refresh = at >= self._refresh_at.get(name, 0)
        if not refresh and self._nothing_due(name, at):
            return 0
        self._refresh_at[name] = at + _REFRESH if refresh else self._refresh_at[name]
        with self._database.write() as connection:
            if not source.carrier.source.consent_handled:
                words = f"plan source {name} is not asked: no ground is stated in plans.sources.consent_handled"
                _raise(connection, NO_GROUND, name, words, at)
                return 0
            alarms.clear_alarm(connection, kind=NO_GROUND, subject=_subject(name), at=at)
            self._watch(connection, name, source, at)
            if not store.take_lease(connection, name, self._owner, at, at + source.lease):
                return 0
        try:
            if refresh:
                self._refresh(name, source)
            return self._ask_all(name, source)
        finally:
            with suppress(UnavailableError), self._database.write() as connection:
                store.give_back(connection, name, self._owner)

    def _nothing_due(self, name: str, at: int) -> bool:
        with self._database.read() as connection:
            row = store.state(connection, name)
            rests = row is not None and row.not_before is not None and row.not_before > at
            return rests or not store.due(connection, name, at, 1)

    def _refresh(self, name: str, source: Source) -> None:
        """Hand in what was left over, and see which cases are open."""
        waits_since = source.carrier.finish()
        at = self._now()
        ended_after = at - round(source.carrier.source.after_discharge.total_seconds() * _SECOND)
        with self._database.read() as connection:
            found = cases.open_cases(connection, source.carrier.party, ended_after)
        with self._database.write() as connection:
            if waits_since is None:
                alarms.clear_alarm(connection, kind=WAITING, subject=_subject(name), at=at)
            elif at - waits_since > _WAITS_LONG:
                words = f"plans of source {name} were fetched and are not taken in: see the adapter's log"
                _raise(connection, WAITING, name, words, at)
            store.ask_about(connection, name, found, at)
            store.again(connection, name, self._config_version, at)

    def _ask_all(self, name: str, source: Source) -> int:
        with self._database.read() as connection:
            due = store.due(connection, name, self._now(), _AT_ONCE)
        asked = 0
        for question in due:
            with self._database.write() as connection:
                now = self._now()
                if self._stopped.is_set() or not store.renew_lease(connection, name, self._owner, now + source.lease):
                    break
            try:
                if not self._ask(name, source, question):
                    break
            except UnavailableError:
                raise
            except Exception:  # one case that we cannot deal with must not keep the others from being asked about
                log.exception("plan source failed for one case", extra={"plan_source": name})
                self._put_off(source, question)
            asked += 1
        return asked

    def _put_off(self, source: Source, question: Question) -> None:
        """Ask about the case again when it would be its turn anyway."""
        wait = round(source.carrier.source.every.total_seconds() * _SECOND)
        with self._database.write() as connection:
            store.put_off(connection, question, self._now() + wait)

    def _ask(self, name: str, source: Source, question: Question) -> bool:
        """Ask about one case. False where the source has to rest."""
        with self._database.read() as connection:
            party = source.carrier.party
            case = cases.read(connection, self._contents, party, question.case_id, question.patient_id)
        since, settings = question.since, source.carrier.source
        if case is not None and not case.protected:
            with self._database.write() as connection:
                who, what = source.carrier.principal, f"plan-source/{name}"
                ground = settings.consent_handled
                audit.record(connection, who, "plan-ask", what, self._now(), case.patient_id, ground)
            try:
                since = self._fetch(source, case, since)
            except Halted:
                return False
            except SourceFault as fault:
                self._failed(source, fault)
                return False
            except (MappingError, ParseError) as error:
                source.carrier.miss(case, Gap("unreadable", f"the answer cannot be read: {error}"))
        self._answered(source, question, since)
        return True

    def _fetch(self, source: Source, case: cases.Case, since: str | None) -> str | None:
        only_updated = source.carrier.source.only_updated
        asked_since = since if only_updated else None
        plans = source.asker.ask(case.identifiers, asked_since, self._patience())
        source.carrier.carry(case, plans, whole=asked_since is None)
        return newest(plans, since) if only_updated else None

    def _answered(self, source: Source, question: Question, since: str | None) -> None:
        settings, at = source.carrier.source, self._now()
        wait = settings.every.total_seconds() * random.uniform(0.9, 1.1)  # noqa: S311 - so that not all are due at once
        with self._database.write() as connection:
            store.asked(connection, question, at, at + round(wait * _SECOND), since)
            store.answered(connection, settings.id, at)
            for kind in (REFUSED, SILENT):
                alarms.clear_alarm(connection, kind=kind, subject=_subject(settings.id), at=at)

    def _failed(self, source: Source, fault: SourceFault) -> None:
        name, at = source.carrier.source.id, self._now()
        with self._database.write() as connection:
            row = store.state(connection, name)
            rest = _RESTS[min(row.failures if row else 0, len(_RESTS) - 1)]
            if fault.retry_after is not None:
                rest = min(max(fault.retry_after, _RESTS[0]), _LONGEST_REST)
            store.failed(connection, name, at, at + round(rest * _SECOND), str(fault))
            if fault.refused:
                _raise(connection, REFUSED, name, f"plan source {name} refuses us: {fault}", at)
        log.warning("plan source does not answer as it should", extra={"plan_source": name})

    def _watch(self, connection: Connection, name: str, source: Source, at: int) -> None:
        """Tell operations of a source that has been silent for too long."""
        row = store.state(connection, name)
        if row is None or row.failures == 0:
            return
        allowed = round(source.carrier.source.silent_after.total_seconds() * _SECOND)
        heard = row.last_success_at
        if (heard is None and row.failures >= _NEVER_HEARD) or (heard is not None and at - heard > allowed):
            since = "since it was set up" if heard is None else f"since {from_micros(heard):%Y-%m-%d %H:%M} UTC"
            _raise(connection, SILENT, name, f"plan source {name} has given no plans {since}: {row.reason}", at)

    def _now(self) -> int:
        return to_micros(self._clock.now())

    def _patience(self) -> Check:
        """Of one question: raises when the process stops, or when its answers take too long altogether."""
        until = time.monotonic() + PATIENCE_SECONDS

        def check() -> None:
            if self._stopped.is_set():
                raise Halted("the process stops")
            if time.monotonic() > until:
                raise SourceFault(f"its answers to one question took more than {PATIENCE_SECONDS:.0f} s")

        return check


def newest(plans: Sequence[FetchedPlan], since: str | None) -> str | None:
    """The latest instant of update, as the source wrote it."""
    told = [each for each in (since, *(plan.updated for plan in plans)) if instants.parse(each) is not None]
    return max(told, key=lambda each: instants.parse(each) or datetime.min.replace(tzinfo=UTC), default=None)


def _raise(connection: Connection, kind: str, name: str, reason: str, at: int) -> None:
    subject = _subject(name)
    alarms.raise_alarm(connection, kind=kind, subject=subject, reason=reason, command="adapter plans sources", at=at)


def _subject(name: str) -> str:
    return f"plan source {name}"
