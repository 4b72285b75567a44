"""Named points of the adapter's own code at which a process kills itself: SIGKILL, as the kernel would.

Nothing in the product knows of them: they are wrapped around its functions in a process that is to die.
"""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from adapter import wiring
from adapter.delivery import attempt, leases, recording
from adapter.exchange import commit, expunge, receive, replays, reports, retention
from adapter.exchange.feeds import intake
from adapter.exchange.plans import carrier, poller
from adapter.exchange.plans import store as plan_store
from adapter.store import migrate
from adapter.support.clock import SystemClock
from adapter.web import folders

Happened = Callable[[Any, tuple[Any, ...]], bool]


def _always(_result: Any, _given: tuple[Any, ...]) -> bool:
    return True


def _something(result: Any, _given: tuple[Any, ...]) -> bool:
    return bool(result)


def _of_some(_result: Any, given: tuple[Any, ...]) -> bool:
    return bool(given[1])


_expunged: list[Any] = []


def _of_expunging(_result: Any, _given: tuple[Any, ...]) -> bool:
    """Whether something has been expunged since this was asked last."""
    found = bool(_expunged)
    _expunged.clear()
    return found


AFTER: dict[str, tuple[Any, str, Happened]] = {
    "accept, before commit": (receive.Exchange, "_store", _always),
    "accept, after commit": (receive.Exchange, "_commit", _always),
    "projection": (commit, "_store_records", _always),
    "claim, before commit": (leases, "claim", _something),
    "send, before record": (attempt.Sender, "_send", _always),
    "record, before commit": (recording.Recorder, "_end", _always),
    "record, after commit": (recording.Recorder, "record_all", _of_some),
    "lease renewal": (leases, "renew", _of_some),
    "replay, before commit": (replays.Replays, "_take", _always),
    "replay, after commit": (replays.Replays, "step", _something),
    "report, before commit": (reports.Reports, "_tell", _always),
    "report, after commit": (reports.Reports, "tell_next", _something),
    "inbox, accepted": (folders.PartnerFolder, "_reply", _always),
    "inbox, answered": (folders, "write_whole", _always),
    "reload, after": (wiring.Adapter, "take_over", _always),
    "expunge, before commit": (expunge, "contents_of", _of_some),
    "expunge, after commit": (retention.Keeper, "step", _of_expunging),
}
"""The process dies when this function returns; `Happened` says of its result and what it was given whether it did
something."""

BEFORE: dict[str, tuple[Any, str]] = {
    "claim, after commit": (attempt.Sender, "_attempt"),
    "inbox, claimed": (folders.PartnerFolder, "_work"),
    "reload, before": (wiring.Adapter, "take_over"),
    "plan, planned": (carrier.Carrier, "_hand_in"),
    "plan, accepted": (plan_store, "settle"),
    "feed, kept": (intake.FeedIntake, "_finish"),
    "feed, accepted": (intake.FeedIntake, "_answer"),
}
"""The process dies when this function is called."""

MIGRATION = "migration"
"""The process dies at a statement that changes the schema."""


EXPUNGE = ("expunge, before commit", "expunge, after commit")
_OLD_SECONDS = 3


def missing() -> list[str]:
    """Points whose function the product no longer has."""
    names = {point: (owner, name) for point, (owner, name, *_) in (AFTER | BEFORE).items()}
    return sorted(point for point, (owner, name) in names.items() if not callable(getattr(owner, name, None)))


class Fuse:
    """Kills this process when it is passed for the n-th time."""

    def __init__(self, passes: int) -> None:
        self._left = passes
        self._lock = threading.Lock()

    def burn(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, passes: int) -> None:
    """From now on the process dies at the `passes`-th time that it comes to the point."""
    assert point == MIGRATION or point not in missing(), f"'{point}': the product has no such function any more"
    fuse = Fuse(passes)
    if point in EXPUNGE:
        _forget_soon()
    if point == MIGRATION:
        _arm_migration(fuse)
    elif point in BEFORE:
        owner, name = BEFORE[point]
        _wrap(owner, name, fuse, before=True, happened=_always)
    else:
        owner, name, happened = AFTER[point]
        _wrap(owner, name, fuse, before=False, happened=happened)


def _wrap(owner: Any, name: str, fuse: Fuse, *, before: bool, happened: Happened) -> None:
    original = getattr(owner, name)

    def wrapped(*words: Any, **named: Any) -> Any:
        if before:
            fuse.burn()
        result = original(*words, **named)
        if not before and happened(result, words):
            fuse.burn()
        return result

    setattr(owner, name, wrapped)


def _forget_soon() -> None:
    """This process takes the content of a case for too old after seconds: settings allow no less than an hour."""
    lifetime = retention.Keeper._before

    def before(self: retention.Keeper, name: str, at: int) -> int:
        return at - _OLD_SECONDS * 1_000_000 if name == "accepted" else lifetime(self, name, at)

    contents_of = expunge.contents_of

    def noted(connection: Any, ids: Any, at: int) -> Any:
        _expunged.extend(ids)
        return contents_of(connection, ids, at)

    _replace(retention.Keeper, "_before", before)
    _replace(expunge, "contents_of", noted)


def hurry() -> None:
    """From now on plans are asked for without the rests that spare others' systems, and a dead process's turn is over
    after seconds."""
    _replace(poller, "PATIENCE_SECONDS", 2.0)
    _replace(poller, "_REFRESH", 1_000_000)
    _replace(poller, "_RESTS", (1.0,))
    made = poller.PlanPoller.__init__

    def quick(self: poller.PlanPoller, *words: Any, **named: Any) -> None:
        made(self, *words, **named | {"look_seconds": 0.2})

    _replace(poller.PlanPoller, "__init__", quick)


def _replace(owner: Any, name: str, value: Any) -> None:
    assert hasattr(owner, name), f"the product has no {name} any more"
    setattr(owner, name, value)


def changes_the_schema(statement: str) -> bool:
    return statement.split(maxsplit=1)[0] in ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE")


def _arm_migration(fuse: Fuse) -> None:
    upgrade = migrate.upgrade
    upgrading = threading.Event()

    def statement(_connection: Any, _cursor: Any, words: str, *_: Any) -> None:
        if upgrading.is_set() and changes_the_schema(words):
            fuse.burn()

    @contextmanager
    def watched() -> Any:
        upgrading.set()
        yield
        upgrading.clear()

    def armed(database: Any) -> list[str]:
        with watched():
            return upgrade(database)

    event.listen(Engine, "after_cursor_execute", statement)
    migrate.upgrade = armed


def set_clock_by(file: Path) -> None:
    """The machine's clock is off by as many seconds as the file says, from now on and whenever it is changed."""
    right = SystemClock.now

    def now(self: SystemClock) -> Any:
        return right(self) + timedelta(seconds=float(file.read_text() or "0"))

    SystemClock.now = now  # type: ignore[method-assign]
