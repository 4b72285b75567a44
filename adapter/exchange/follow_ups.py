"""The follow-up of an agreement: figures over the stays that have ended, compared, and frozen month by month.

Persons with skyddad folkbokföring are in no figure. Only facts that were known at an instant count, so that the same
question about the same instant gives the same figures.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any, Literal

from sqlalchemy import Connection, select

from adapter.directory import Directory
from adapter.discharge import calendar, until
from adapter.discharge.follow_up import READMISSION_DAYS, Case, Row, rows
from adapter.discharge.reckoning import next_month
from adapter.discharge.suppression import ALL
from adapter.discharge.tally import Figure, Tally
from adapter.exchange import facts, frozen
from adapter.exchange.agreements import Agreements
from adapter.exchange.experiences import answered
from adapter.exchange.follow_up_figures import written
from adapter.exchange.reasons import given_reason
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import AdapterError, ForbiddenError, UnavailableError

UNITLESS = "-"
"""Stands for the unit of stays that belong to none: several were told, or none that the directory knows."""
MOST_MONTHS = 36
By = Literal["municipality", "sender"]
_BATCH = 200
_DAY = timedelta(days=1)
_fact, _patient, _escalation = (table.c for table in (tables.fact, tables.patient, tables.escalation))


@dataclass(frozen=True)
class Period:
    """Whole months, both included; each is its first day."""

    first: date
    last: date

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", self.first.replace(day=1))
        object.__setattr__(self, "last", self.last.replace(day=1))
        if not 0 < len(self.months) <= MOST_MONTHS:
            raise AdapterError(f"a period has 1 to {MOST_MONTHS} months, the last not before the first")

    @classmethod
    def read(cls, words: str) -> "Period":
        """The period of a name as `name` writes it. Raises AdapterError."""
        first, _, last = words.partition("..")
        try:
            days = [date.fromisoformat(f"{each}-01") for each in (first, last or first)]
        except ValueError as error:
            raise AdapterError("a period is written as 2026-01, or as 2026-01..2026-06") from error
        return cls(*days)

    @property
    def months(self) -> tuple[str, ...]:
        """YYYY-MM of each; at most one more than are allowed."""
        found, month = list[str](), self.first
        while month <= self.last and len(found) <= MOST_MONTHS:
            found.append(_name(month))
            month = next_month(month)
        return tuple(found)

    @property
    def name(self) -> str:
        """Such as 2026-01..2026-03, or 2026-01."""
        return _name(self.first) if self.first == self.last else f"{_name(self.first)}..{_name(self.last)}"


@dataclass(frozen=True)
class Report:
    """Figures by unit and column: months, or compared periods. What they rest on is said, so that they can be computed
    again: `until` is the instant up to which facts count, `agreements` and `directory` the versions of their files."""

    by: By
    periods: tuple[Period, ...]
    columns: tuple[str, ...]
    until: datetime
    threshold: int
    agreements: str
    directory: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class FrozenMonth:
    """A month as it was made final. `since` are the figures that differ now, {then, now}, as `written` has them; a
    difference of fewer stays than the threshold has no numbers."""

    month: str
    content: dict[str, Any]
    sha256: str
    at: datetime
    by: str
    since: tuple[dict[str, Any], ...]


class FollowUps:
    """Computes and freezes. Operations and regions see the figures of every unit, a municipality its own and of all."""

    def __init__(
        self, database: Database, directory: Directory, agreements: Agreements, clock: Clock, threshold: int
    ) -> None:
        self._database = database
        self._directory = directory
        self._agreements = agreements
        self._clock = clock
        self._threshold = threshold
        self._computing = Lock()

    def report(
        self, principal: Principal, period: Period, by: By = "municipality", at: datetime | None = None
    ) -> Report:
        """Every month of the period and all of them together, as it was known `at` (aware; now where not given). Needs
        LIST. Raises ForbiddenError where it is not the caller's to see."""
        return self._seen(principal, [period], by, at)

    def compare(
        self, principal: Principal, before: Period, after: Period, by: By = "municipality", at: datetime | None = None
    ) -> Report:
        """Two periods that do not meet, side by side. Raises as `report`, and AdapterError for periods that meet: what
        is hidden could be computed from their difference."""
        if set(before.months) & set(after.months):
            raise AdapterError("the periods have months in common: expected two that do not meet")
        return self._seen(principal, [before, after], by, at)

    def freeze(self, principal: Principal, month: date, reason: str) -> FrozenMonth:
        """Make a month's figures final, by municipality and by sender. Needs ALL_PARTIES and a reason; raises
        AdapterError where it is frozen already, or its re-admissions cannot all be known yet."""
        principal.require(Right.ALL_PARTIES)
        reason, at, period = given_reason(reason), self._clock.now(), Period(month, month)
        known = next_month(period.first) + max(READMISSION_DAYS) * _DAY
        if calendar.local_date(at) < known:
            raise AdapterError(f"{period.name}: its re-admissions are known from {known}; freeze it then")
        with self._database.read() as connection:
            _require_open(connection, period.name)
            content = self._month(connection, period, at)
        with self._database.write() as connection:
            _require_open(connection, period.name)
            frozen.keep(connection, "follow-up", period.name, content, principal, at, reason)
        return self.frozen(principal, month)

    def frozen(self, principal: Principal, month: date) -> FrozenMonth:
        """A month that was frozen, and what differs now. Needs LIST; raises AdapterError where it was not frozen."""
        units, period = self._units(principal), Period(month, month)
        with self._database.read() as connection:
            found = frozen.read(connection, "follow-up", period.name)
            if found is None:
                raise AdapterError(f"{period.name} is not frozen")
            now = self._month(connection, period, self._clock.now())
        if units is not None:
            for each in (found.content, now):
                each["sender"] = []
                each["municipality"] = [one for one in each["municipality"] if one["unit"] in units]
        since = tuple(_since(found.content, now, self._threshold))
        return FrozenMonth(period.name, found.content, found.sha256, found.at, found.by, since)

    def _month(self, connection: Connection, period: Period, at: datetime) -> dict[str, Any]:
        with self._alone():
            made = self._made(connection, [period], ("municipality", "sender"), at)
        told = {each.by: [written(figure) for figure in each.figures] for each in made}
        return {"month": period.name, "basis": _basis(made[0])} | told

    def _seen(self, principal: Principal, periods: Sequence[Period], by: By, at: datetime | None) -> Report:
        units, now = self._units(principal), self._clock.now()
        if units is not None and by == "sender":
            raise ForbiddenError("figures by sender are for regions and operations")
        with self._database.read() as connection, self._alone():
            (made,) = self._made(connection, periods, (by,), min(at or now, now))
        if units is None:
            return made
        own = tuple(figure for figure in made.figures if figure.unit in units)
        return Report(**{**vars(made), "figures": own})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One computation at a time: each reads many cases, and messages go first."""
        if not self._computing.acquire(blocking=False):
            raise UnavailableError("other figures are being computed: ask again when they are done", 60)
        try:
            yield
        finally:
            self._computing.release()

    def _units(self, principal: Principal) -> frozenset[str] | None:
        """The units whose figures the caller may see; None for all."""
        principal.require(Right.LIST)
        if principal.sees_all:
            return None
        parties = [self._directory.party(each) for each in sorted(principal.parties)]
        if any(party.kind == "region" for party in parties):
            return None
        return frozenset({ALL} | {party.kommunkod for party in parties if party.kommunkod})

    def _made(
        self, connection: Connection, periods: Sequence[Period], ways: Sequence[By], at: datetime
    ) -> list[Report]:
        compared = len(periods) > 1
        places = {month: period.name if compared else month for period in periods for month in period.months}
        columns = tuple(dict.fromkeys(places.values()))

        def columns_of(row: Row) -> tuple[str, ...]:
            return (places[row.month],) if row.month in places else ()

        tallies = {way: Tally(_UNIT[way], columns_of) for way in ways}
        for row in self._rows(connection, min(period.first for period in periods), at, places):
            for tally in tallies.values():
                tally.add(row)
        return [
            Report(
                by=way,
                periods=tuple(periods),
                columns=columns,
                until=at,
                threshold=self._threshold,
                agreements=self._agreements.version,
                directory=self._directory.version,
                figures=tuple(tally.figures(self._threshold, columns, across=not compared)),
            )
            for way, tally in tallies.items()
        ]

    def _rows(self, connection: Connection, first: date, at: datetime, months: Iterable[str]) -> Iterator[Row]:
        micros, since = to_micros(at), to_micros(calendar.midnight(first) - _DAY)
        for persons in _persons(connection, since, micros):
            for cases in _cases(connection, persons, self._directory, micros):
                yield from rows(cases, self._agreements.of, at)
        yield from answered(connection, months, micros)


def _persons(connection: Connection, since: int, at: int) -> Iterator[list[int]]:
    """Who was discharged at the earliest then, some at a time; a notice may be late, so any later one is looked at."""
    discharged = (
        select(_fact.id)
        .where(
            _fact.patient_id == _patient.id,
            _fact.event == "discharge-notice",
            _fact.recorded_at >= since,
            _fact.recorded_at <= at,
        )
        .exists()
    )
    last = 0
    while True:
        query = select(_patient.id).where(_patient.id > last, ~_patient.protected, discharged)
        persons = list(connection.execute(query.order_by(_patient.id).limit(_BATCH)).scalars())
        if not persons:
            return
        yield persons
        last = persons[-1]


def _cases(connection: Connection, persons: Sequence[int], directory: Directory, at: int) -> Iterator[list[Case]]:
    """All cases of each of the persons, as they were known."""
    query = select(_fact.patient_id, _fact.case_id).distinct().where(_fact.patient_id.in_(persons))
    whose = {case_id: person for person, case_id in connection.execute(query)}
    escalated: dict[str, list[int]] = {}
    found: dict[int, list[Case]] = {}
    names = sorted(whose)
    for start in range(0, len(names), _BATCH):
        some = names[start : start + _BATCH]
        steps = select(_escalation.case_id, _escalation.raised_at).where(
            _escalation.case_id.in_(some), _escalation.raised_at <= at
        )
        for case_id, raised in connection.execute(steps):
            escalated.setdefault(case_id, []).append(raised)
        for case_id, known in facts.of_cases(connection, some, directory).items():
            case = Case(until.known(known, at), escalated.get(case_id, ()))
            found.setdefault(whose[case_id], []).append(case)
    yield from found.values()


_UNIT: dict[By, Callable[[Row], str]] = {
    "municipality": lambda row: row.kommunkod or UNITLESS,
    "sender": lambda row: row.sender or UNITLESS,
}


def _basis(report: Report) -> dict[str, Any]:
    return {
        "until": to_micros(report.until),
        "threshold": report.threshold,
        "agreements": report.agreements,
        "directory": report.directory,
    }


def _since(then: dict[str, Any], now: dict[str, Any], threshold: int) -> Iterator[dict[str, Any]]:
    """What differs. Where fewer stays than the threshold came or went, who knows of one of them could learn of another:
    no number of either is then told beside the frozen one."""
    for by in ("municipality", "sender"):
        before, after = ({_key(each): each for each in side[by]} for side in (then, now))
        for key in sorted(before.keys() | after.keys()):
            one, other = before.get(key), after.get(key)
            if one == other:
                continue
            small = any(
                0 < abs(((one or {}).get(name) or 0) - ((other or {}).get(name) or 0)) < threshold
                for name in ("of", "count")
            )
            place = dict(zip(("measure", "code", "unit", "column"), key, strict=True))
            yield {"by": by} | place | {"then": one, "now": None if small else other, "small": small}


def _key(figure: dict[str, Any]) -> tuple[str, ...]:
    return tuple(figure[name] for name in ("measure", "code", "unit", "column"))


def _require_open(connection: Connection, month: str) -> None:
    if frozen.read(connection, "follow-up", month) is not None:
        raise AdapterError(f"{month} was frozen before")


def _name(month: date) -> str:
    return f"{month:%Y-%m}"
