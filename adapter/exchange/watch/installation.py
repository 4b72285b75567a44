"""Looks now and then at what the installation stands on: disks, clocks, certificates, workers, streams.

What concerns one machine has its name in the subject, and each machine settles its own. A machine confirms its alarms
while it is there: those of one that has gone are cleared by any other.
"""

import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, or_, select

from adapter.exchange.attention import SILENT_AFTER, WORKER_SILENT, silent_since
from adapter.exchange.backups import BACKUP_OLD, overdue
from adapter.exchange.watch import certificates
from adapter.exchange.watch.workers import WORKER_LOST, lost
from adapter.store import locks, tables
from adapter.store.alarms import Cause, clear_alarm, confirm, settle, standing
from adapter.store.database import Database
from adapter.support.alerting import Alerts
from adapter.support.clock import Clock, to_micros

CERTIFICATE = "certificate-ending"
CLOCK = "clock-offset"
DISK = "disk-low"
"""Kinds of alarm of one machine; their subjects begin with its name: `<host>/…`."""
BLOCKED = "stream-blocked"
"""Kind of the alarm that messages wait behind a dead letter; its subject is `delivery/<id>`, the dead letter's."""

_OF_A_MACHINE = (CERTIFICATE, CLOCK, DISK)
_OF_ALL = (BLOCKED, WORKER_LOST, WORKER_SILENT, BACKUP_OLD)
_CONFIRM_EVERY = timedelta(minutes=10)
_GONE_AFTER = timedelta(hours=1)
_ASK_CLOCKS_EVERY = timedelta(minutes=15)
_MIB = 1 << 20
_MOST_STREAMS = 200
_WHOLE_SECOND = timedelta(seconds=1)

Wanted = dict[tuple[str, str], Cause]
Offsets = Callable[[], Mapping[str, timedelta]]
"""How far other clocks are ahead of ours, by what they are the clocks of."""


@dataclass(frozen=True)
class Surroundings:
    """What a process is to look at: certificates and folders, each with what it is for, and the clocks of others."""

    certificates: Callable[[], Iterable[tuple[str, Path]]]
    folders: Callable[[], Iterable[tuple[str, Path]]]
    clocks: Offsets


class Watch:
    """The looks of one process. `host` is this machine's name."""

    def __init__(
        self, database: Database, settings: Alerts, surroundings: Surroundings, clock: Clock, host: str | None = None
    ) -> None:
        self._database = database
        self._settings = settings
        self._around = surroundings
        self._clock = clock
        self._host = (host or socket.gethostname())[:60]
        self._began = clock.now()
        self._confirm_at = self._ask_at = self._began
        self._clocks: Mapping[str, timedelta] = {}
        self.ends: dict[str, datetime] = {}
        """when each certificate ends, by what it is for, as last seen"""
        self.disks: dict[str, int] = {}
        """bytes free, by what the disk is for"""
        self.offsets: Mapping[str, timedelta] = {}
        """how far other clocks are ahead of ours"""

    def step(self) -> bool:
        """One look at everything; False, for there is no more to do at once."""
        now = self._clock.now()
        if now >= self._ask_at:
            self._ask_at = now + _ASK_CLOCKS_EVERY
            self._clocks = self._around.clocks()
        with self._database.read() as connection:
            alarms = standing(connection, (*_OF_A_MACHINE, *_OF_ALL))
            known = {(each.kind, each.subject): each.statutory for each in alarms}
            own = {key for key in known if key[0] in _OF_A_MACHINE and self._is_own(key[1])}
            machine, everywhere = self._of_machine(connection, own), self._of_all(connection, now)
        same = machine.keys() == own and everywhere.keys() == {key for key in known if key[0] in _OF_ALL}
        same = same and all(known[key] >= cause.statutory for key, cause in everywhere.items())
        if not same or now >= self._confirm_at:
            self._confirm_at = now + _CONFIRM_EVERY
            self._database.transact(lambda connection: self._settle(connection, machine, now))
        return False

    def _settle(self, connection: Connection, machine: Wanted, now: datetime) -> None:
        at = to_micros(now)
        locks.hold(connection, "watch")
        settle(connection, _OF_A_MACHINE, self._is_own, machine, at)
        settle(connection, _OF_ALL, lambda _subject: True, self._of_all(connection, now), at)
        confirm(connection, _OF_A_MACHINE, self._is_own, at)
        _clear_gone(connection, at)

    def _is_own(self, subject: str) -> bool:
        return subject.startswith(f"{self._host}/")

    def _of_machine(self, connection: Connection, stands: set[tuple[str, str]]) -> Wanted:
        found = [*self._certificates(), *self._disks(stands), *self._offsets(connection)]
        return {(kind, f"{self._host}/{place}"): cause for kind, place, cause in found}

    def _certificates(self) -> Iterator[tuple[str, str, Cause]]:
        limit = self._clock.now() + timedelta(days=self._settings.certificate_days)
        for place, file in self._around.certificates():
            end = certificates.ends(file)
            if end is not None:
                self.ends[place] = end
            if end is not None and end < limit:
                named = file.parent.resolve() / file.name  # not what a link leads to: the new one is put in its place
                reason = f"the certificate of {place} on {self._host} ends {end:%Y-%m-%d %H:%M} UTC: {named}"
                yield CERTIFICATE, place, Cause(reason, f"openssl x509 -enddate -noout -in {named}")

    def _disks(self, stands: set[tuple[str, str]]) -> Iterator[tuple[str, str, Cause]]:
        seen: set[int] = set()
        for use, folder in self._around.folders():
            try:
                device, free = folder.stat().st_dev, shutil.disk_usage(folder).free // _MIB
            except OSError:
                continue  # whoever uses it says so
            self.disks[use] = free * _MIB
            place, limit = f"disk/{use}", self._settings.disk_least_free
            if (DISK, f"{self._host}/{place}") in stands:
                limit += limit // 10  # it is not over for a few bytes
            if device not in seen and free < limit:
                named = folder.resolve()
                reason = f"the disk of {named} on {self._host} had {free} MiB free, expected {limit}"
                yield DISK, place, Cause(reason, f"df -h {named}")
            seen.add(device)

    def _offsets(self, connection: Connection) -> Iterator[tuple[str, str, Cause]]:
        limit = self._settings.clock_offset
        clocks = dict(self._clocks) | database_clock(connection, self._clock)
        self.offsets = clocks
        for place, offset in clocks.items():
            slack = timedelta(0) if place == "database" else _WHOLE_SECOND
            if abs(offset) > limit + slack:
                seconds = offset.total_seconds()
                way = "ahead of" if seconds > 0 else "behind"
                reason = f"the clock of {place} was {abs(seconds):.1f} s {way} that of {self._host}"
                yield CLOCK, f"clock/{place}", Cause(reason, "timedatectl status")

    def _of_all(self, connection: Connection, now: datetime) -> Wanted:
        wanted = dict(_blocked(connection)) | dict(overdue(connection, self._settings.backup_age, now))
        if now - self._began <= 2 * SILENT_AFTER:  # a worker may be starting beside us
            return wanted
        wanted |= dict(lost(connection, now))
        since = silent_since(connection, now)
        if since is not None:
            reason = f"messages are due and no worker has been at work since {since:%Y-%m-%d %H:%M} UTC"
            wanted[WORKER_SILENT, "worker"] = Cause(reason, "adapter serve")
        return wanted


def database_clock(connection: Connection, clock: Clock) -> dict[str, timedelta]:
    """How far the clock of PostgreSQL's machine is ahead of ours. SQLite has this machine's."""
    if connection.dialect.name != "postgresql":
        return {}
    before = clock.now()
    told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return {"database": told - before - (clock.now() - before) / 2}


def _blocked(connection: Connection) -> Iterator[tuple[tuple[str, str], Cause]]:
    """The dead letters behind which others of their patient wait. No receiver is named: the person may be protected."""
    dead, later = tables.delivery.alias("dead"), tables.delivery.alias("later")
    query = (
        select(
            dead.c.id,
            dead.c.event,
            func.count().label("number"),
            func.count().filter(or_(later.c.statutory, dead.c.statutory)).label("statutory"),
        )
        .join(later, (later.c.stream_id == dead.c.stream_id) & (later.c.sequence > dead.c.sequence))
        .where(dead.c.status == "dead", dead.c.blocking, later.c.blocking, later.c.status.in_(("waiting", "held")))
        .group_by(dead.c.id, dead.c.event)
        .order_by(dead.c.id)
        .limit(_MOST_STREAMS)
    )
    for row in connection.execute(query):
        reason = f"messages of the same patient wait behind {row.event}, which was not delivered"
        command = f"adapter deliveries show {row.id}"
        yield (BLOCKED, f"delivery/{row.id}"), Cause(reason, command, statutory=row.statutory > 0)


def _clear_gone(connection: Connection, at: int) -> None:
    """Alarms of machines that have not confirmed them for long: nobody watches there any more."""
    limit = at - _GONE_AFTER // timedelta(microseconds=1)
    alarm = tables.alarm.c
    gone = select(alarm.kind, alarm.subject).where(
        alarm.cleared_at.is_(None), alarm.kind.in_(_OF_A_MACHINE), alarm.confirmed_at < limit
    )
    for row in connection.execute(gone).all():
        clear_alarm(connection, kind=row.kind, subject=row.subject, at=at)
