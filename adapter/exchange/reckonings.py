"""The months of municipalities: reckoned from the facts by the agreement in force, shown, and frozen.

A frozen month is never changed; what became known later is shown beside it. Stays of persons with skyddad folkbokföring
are left out, because who pays tells where somebody lives: they are reckoned by hand, and only their number, over all
municipalities, is told.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from adapter.directory import Directory
from adapter.discharge import calendar, reckoning
from adapter.discharge.agreement import Agreement
from adapter.discharge.facts import Fact
from adapter.discharge.reckoning import Entry, Phase, Reckoning
from adapter.exchange import facts, frozen
from adapter.exchange.agreements import Agreements
from adapter.exchange.frozen import Frozen
from adapter.exchange.reasons import given_reason
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import AdapterError, ForbiddenError

_BATCH = 200
_DAY = timedelta(days=1)
_fact, _patient = tables.fact.c, tables.patient.c


@dataclass(frozen=True)
class Month:
    """A municipality's month as it is known now, and as it was frozen, where it was. `by_hand` counts the stays of the
    month, of any municipality, that are left out for the protection of the person."""

    reckoning: Reckoning
    phase: Phase
    frozen: Frozen | None
    by_hand: int

    @property
    def since(self) -> list[dict[str, Any]]:
        """What differs now from what was frozen, an entry each: {case, ready, discharge, then, now}, where `then` or
        `now` is None for a stay that is only in the other."""
        if self.frozen is None:
            return []
        then = {_key(entry): entry for entry in self.frozen.content["stays"]}
        now = {_key(entry): entry for entry in written(self.reckoning)["stays"]}
        return [
            {"case": key[0], "ready": key[1], "discharge": key[2], "then": then.get(key), "now": now.get(key)}
            for key in sorted(then.keys() | now.keys())
            if not _same(then.get(key), now.get(key))
        ]


class Reckonings:
    """Shows and freezes months. Operations and regions see every municipality's, a municipality its own."""

    def __init__(self, database: Database, directory: Directory, agreements: Agreements, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._agreements = agreements
        self._clock = clock

    def month(self, principal: Principal, kommunkod: str, month: date) -> Month:
        """The month that the day lies in. Needs LIST. Raises ForbiddenError where it is not the caller's to see."""
        principal.require(Right.LIST)
        self._may_see(principal, kommunkod)
        with self._database.read() as connection:
            return self._month(connection, kommunkod, month.replace(day=1))

    def freeze(self, principal: Principal, kommunkod: str, month: date, reason: str) -> Month:
        """Make the month final: from now on it is shown as it is now. Needs ALL_PARTIES and a reason; raises
        AdapterError where it is frozen already, or may still be disputed."""
        principal.require(Right.ALL_PARTIES)
        reason, at = given_reason(reason), self._clock.now()
        month = month.replace(day=1)
        with self._database.write() as connection:
            found = self._month(connection, kommunkod, month)
            self._check_final(found, month)
            content = written(found.reckoning)
            frozen.keep(connection, "payment", _name(month), content, principal, at, reason, kommunkod)
            return self._month(connection, kommunkod, month)

    def _check_final(self, found: Month, month: date) -> None:
        if found.frozen is not None:
            raise AdapterError(f"{_name(month)} was frozen before, on {calendar.local_date(found.frozen.at)}")
        if found.phase is Phase.RUNNING:
            raise AdapterError(f"{_name(month)} has not ended")
        last = self._agreement(found.reckoning.kommunkod, month).payment.dispute_until
        if found.phase is Phase.DISPUTABLE and last is not None:
            until = reckoning.next_month(month).replace(day=last)
            raise AdapterError(f"{_name(month)} may be disputed until {until}; freeze it from the day after on")

    def _month(self, connection: Connection, kommunkod: str, month: date) -> Month:
        now, agreement = self._clock.now(), self._agreement(kommunkod, month)
        cases = self._cases(connection, month)
        found = reckoning.reckon(cases, kommunkod, month, agreement, now)
        return Month(
            found,
            reckoning.phase(month, agreement, now),
            frozen.read(connection, "payment", _name(month), kommunkod),
            _by_hand(connection, month),
        )

    def _agreement(self, kommunkod: str, month: date) -> Agreement:
        return self._agreements.of(kommunkod, reckoning.next_month(month) - _DAY)

    def _cases(self, connection: Connection, month: date) -> Iterator[tuple[str, list[Fact]]]:
        """The cases that may have a discharge in the month; a notice may be late, so any later one is looked at."""
        since = to_micros(calendar.midnight(month) - _DAY)
        query = (
            select(_fact.case_id)
            .distinct()
            .join_from(tables.fact, tables.patient)
            .where(_fact.event == "discharge-notice", _fact.recorded_at >= since, ~_patient.protected)
            .order_by(_fact.case_id)
        )
        case_ids = list(connection.execute(query).scalars())
        for start in range(0, len(case_ids), _BATCH):
            yield from facts.of_cases(connection, case_ids[start : start + _BATCH], self._directory).items()

    def _may_see(self, principal: Principal, kommunkod: str) -> None:
        if principal.sees_all:
            return
        parties = [self._directory.party(each) for each in sorted(principal.parties)]
        if not any(party.kind == "region" or party.kommunkod == kommunkod for party in parties):
            raise ForbiddenError("a municipality sees its own months")


def written(found: Reckoning) -> dict[str, Any]:
    """A reckoning as plain data: days are whole, mean and excess texts with two decimals, amounts SEK."""
    mean = found.mean
    return {
        "kommunkod": found.kommunkod,
        "month": _name(found.month),
        "clause": found.clause,
        "persons": mean.persons if mean else None,
        "days": mean.days if mean else None,
        "mean": f"{float(mean.mean):.2f}" if mean and mean.mean is not None else None,
        "threshold": f"{float(mean.threshold):.2f}" if mean else None,
        "excess_days": f"{float(mean.excess):.2f}" if mean else None,
        "individual_days": found.payable,
        "amount": None if found.amount is None else round(found.amount),
        "stays": [_stay(entry) for entry in found.entries],
    }


_COLUMNS = ("case", "ready", "discharge", "days", "share", "individual_days", "failing", "review", "disputed")


def as_table(found: Month) -> str:
    """The stays of a month as CSV, a line each, with a head; as they were frozen, where they were. The columns are the
    names of `written`; several words stand in one cell with spaces between."""
    shown = written(found.reckoning) if found.frozen is None else found.frozen.content
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow(_COLUMNS)
    for stay in shown["stays"]:
        table.writerow([_cell(stay.get(name)) for name in _COLUMNS])
    return text.getvalue()


def _cell(value: object) -> object:
    """A spreadsheet must not take a sender's text for a formula."""
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else value
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _stay(entry: Entry) -> dict[str, Any]:
    return {
        "case": entry.case,
        "ready": entry.ready.isoformat(),
        "discharge": entry.discharge.isoformat(),
        "days": entry.days,
        "share": entry.share.value,
        "individual_days": entry.payable,
        "failing": list(entry.liability.failing),
        "review": [each.rule for each in entry.liability.conditions if each.review],
        "disputed": entry.disputed,
    }


def _key(stay: dict[str, Any]) -> tuple[str, str, str]:
    return stay["case"], stay["ready"], stay["discharge"]


def _same(then: dict[str, Any] | None, now: dict[str, Any] | None) -> bool:
    """By what was written of the stay when it was frozen: a later version may write more."""
    if then is None or now is None:
        return then is now
    return then == {name: now.get(name) for name in then}


def _by_hand(connection: Connection, month: date) -> int:
    """How many stays of protected persons were told to have ended, counted by when that was told."""
    first, last = (calendar.midnight(day) for day in (month, reckoning.next_month(month)))
    query = (
        select(_fact.case_id)
        .distinct()
        .join_from(tables.fact, tables.patient)
        .where(
            _fact.event == "discharge-notice",
            _fact.recorded_at >= to_micros(first),
            _fact.recorded_at < to_micros(last),
            _patient.protected,
        )
    )
    return len(connection.execute(query).all())


def _name(month: date) -> str:
    return f"{month:%Y-%m}"
