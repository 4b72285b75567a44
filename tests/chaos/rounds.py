"""Rounds of kill -9: two processes of a site, each of which dies at one named point after another as messages flow."""

import random
import signal
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import func, select, update

from adapter.exchange.selection import Filter
from adapter.store import tables
from adapter.support.clock import from_micros
from adapter.support.errors import AdapterError, UnavailableError

from .points import AFTER, BEFORE, EXPUNGE
from .site import OPERATOR, Process, Site, until

AT_THE_DOOR = ("accept, before commit", "accept, after commit", "projection")
FILES = ("inbox, claimed", "inbox, accepted", "inbox, answered")
SENDING = (
    "claim, before commit",
    "claim, after commit",
    "send, before record",
    "record, before commit",
    "record, after commit",
)
RENEWAL = "lease renewal"
REPORTS = ("report, before commit", "report, after commit")
REPLAYS = ("replay, before commit", "replay, after commit")
RELOADS = ("reload, before", "reload, after")
PLANS = ("plan, planned", "plan, accepted")
FEED = ("feed, kept", "feed, accepted")
FOR_SERVE = (*AT_THE_DOOR, *FILES, *FEED)
FOR_BOTH = (*SENDING, RENEWAL, *REPORTS, *REPLAYS, *RELOADS, *EXPUNGE, *PLANS)
POINTS = (*FOR_SERVE, *FOR_BOTH)
assert set(POINTS) == {*AFTER, *BEFORE}

_ONCE = (RENEWAL, *REPORTS, *RELOADS, *EXPUNGE, *PLANS)
_LIMIT_SECONDS = 300.0
_REST_SECONDS = 900.0
_MANY = 60
_ENDS = 3


@dataclass
class Rounds:
    """`kills` counts the deaths at each point."""

    site: Site
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    _replayed: int = 0
    _told: dict[str, dict[str, float]] | None = None
    _hup_at: float = 0.0
    _ask_at: float = 0.0
    _count_at: float = 0.0

    def run(self, for_serve: list[str], for_worker: list[str], minutes: float | None = None) -> None:
        """Kill a `serve` at the points of the first list, one after another, and a `worker` at those of the second;
        no more after so many minutes."""
        last = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
        todo = {"serve": deque(for_serve), "worker": deque(for_worker)}
        now = {role: self._start(role, points) for role, points in todo.items()}
        since = dict.fromkeys(now, time.monotonic())
        self.site.serving()
        self.site.feed(2, pause=0.2)
        while any(process.arm for process in now.values()):
            if time.monotonic() > last:
                self._stop_killing(now)
                return
            for role, process in now.items():
                if process.ended:
                    self._died(process)
                    now[role], since[role] = self._start(role, todo[role]), time.monotonic()
                elif process.arm and time.monotonic() - since[role] > _LIMIT_SECONDS:
                    raise AssertionError(f"{role} never came to '{process.arm[0]}': {self.site.said()}")
            self._provoke(list(now.values()))
            self._slow_down()
            assert not self.site.trouble, (self.site.trouble, self.site.said())
            time.sleep(0.02)

    def finish(self) -> None:
        """Let all come to rest, and the processes end when they are told to."""
        self.site.misbehave()
        self.site.stop_feeding()
        self._wait_for_what_was_begun()
        self.site.wait_until_delivered(_REST_SECONDS)
        self._wait_for_replays()
        self._end()

    def _end(self) -> None:
        """What is fetched, or told of, while the processes end is delivered by others."""
        for _ in range(_ENDS):
            self.site.wait_until_delivered(_REST_SECONDS)
            self.site.end()
            if not self.site.open_deliveries():
                return
            for role in ("serve", "worker"):
                self.site.start(role)

    def _stop_killing(self, processes: dict[str, Process]) -> None:
        """Those that wait for their death get it now, wherever they are."""
        for role, process in processes.items():
            if process.arm:
                process.kill()
                self.kills["anywhere"] += 1
                self.site.start(role)

    def _start(self, role: str, points: "deque[str]") -> Process:
        arm = None
        if points:
            point = points.popleft()
            arm = (point, self.chance.randint(1, 1 if point in _ONCE else 3))
        return self.site.start(role, arm=arm)

    def _died(self, process: Process) -> None:
        assert process.wait() == -signal.SIGKILL, self.site.said()
        assert process.arm is not None
        self.kills[process.arm[0]] += 1

    def _provoke(self, processes: list[Process]) -> None:
        """Bring about what the armed points wait for."""
        armed = {process.arm[0]: process for process in processes if process.arm and not process.ended}
        wanted: dict[str, dict[str, float]] = {"lifecare": {"busy": 0.05, "slow": 0.1}}
        if armed.keys() & {RENEWAL}:
            wanted["open_care"] = {"slow": 1.0}
        if armed.keys() & set(REPORTS):
            wanted["lifecare"] = {"busy": 1.0}
        if wanted != self._told:
            self._told = wanted
            self.site.misbehave(**wanted)
        if armed.keys() & set(REPLAYS):
            self._replay()
        if armed.keys() & set(PLANS):
            self._ask_for_plans()
        for point in armed.keys() & set(RELOADS):
            if time.monotonic() > self._hup_at:
                self._hup_at = time.monotonic() + 0.3
                armed[point].send(signal.SIGHUP)

    def _slow_down(self) -> None:
        """Processes that die all the time get less done: what waits must not grow until the end."""
        if time.monotonic() > self._count_at:
            self._count_at = time.monotonic() + 1.0
            self.site.crowded = self.site.open_deliveries() > _MANY

    def _ask_for_plans(self) -> None:
        """Every source is to be asked again now, or next time, where others hold the database."""
        if time.monotonic() > self._ask_at:
            self._ask_at = time.monotonic() + 0.5
            with suppress(UnavailableError), self.site.adapter.database.write() as connection:
                connection.execute(update(tables.plan_question).values(next_at=0))

    def _running_replays(self) -> int:
        query = select(func.count()).where(tables.replay.c.status != "done")
        return int(self.site.rows(query.select_from(tables.replay))[0][0])

    def _replay(self) -> None:
        """Where no replay is under way, send again what has arrived at the region's journal system lately."""
        if self._running_replays():
            return
        adapter = self.site.adapter
        last = self.site.rows(select(tables.message.c.id).order_by(tables.message.c.id.desc()).limit(1))
        if not last or last[0][0] == self._replayed:
            return
        newest = select(tables.delivery.c.created_at).where(tables.delivery.c.status == "done")
        found = self.site.rows(newest.order_by(tables.delivery.c.id.desc()).offset(20).limit(1))
        if not found:
            return
        wanted = Filter(status="done", endpoint="open-care", since=from_micros(found[0][0]))
        count = adapter.replays.count(OPERATOR, wanted)
        if count.count:
            try:
                adapter.replays.start(OPERATOR, wanted, count.digest, "chaos", per_minute=6000)
            except AdapterError:  # another one has arrived since it was counted
                return
            self._replayed = last[0][0]

    def _wait_for_what_was_begun(self) -> None:
        """Until every stay has been told of, and every plan that was written has been handed in."""
        pending = select(tables.feed_stay.c.id).where(tables.feed_stay.c.pending)
        planned = select(tables.plan_version.c.id).where(tables.plan_version.c.status == "planned")
        until(lambda: not self.site.rows(pending) and not self.site.rows(planned), "not handed in", self.site.said)

    def _wait_for_replays(self) -> None:
        limit = time.monotonic() + _REST_SECONDS
        while self._running_replays():
            assert time.monotonic() < limit, self.site.said()
            time.sleep(0.05)
        for row in self.site.rows(select(tables.replay)):
            assert row.done + row.refused == row.total
        items = self.site.rows(select(tables.replay_item))
        assert all(row.outcome is not None for row in items)
        new = [row.new_delivery_id for row in items if row.new_delivery_id is not None]
        assert len(new) == len(set(new))
