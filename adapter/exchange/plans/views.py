"""What operations see of plans that are fetched: how each source answers, and what could not be carried into its case.

Of a person with skyddad folkbokföring neither source nor case is shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, String, case, cast, func, null, select, update

from adapter.exchange.reasons import given_reason
from adapter.exchange.records import Attention
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import NotFoundError
from adapter.support.plan_sources import PlanSource

_LARGEST_PAGE = 200
_source, _question, _version = tables.plan_source.c, tables.plan_question.c, tables.plan_version.c
_patient = tables.patient.c
_OPEN = (_version.status == "gap", _version.ended_at.is_(None))

TO_DO: Mapping[str, str] = {
    "identity": "have the source's owner find out why it gives a plan of somebody else",
    "blocked": "nothing, while the spärr stands; whoever needs the plan asks the unit that has it",
    "consent": "nothing, while the consent is refused; if it was given since, record it by a message of the case",
    "status": "nothing: the next version of the plan comes by itself",
    "unit": "set sender of the source in adapter.toml, or add the plan's unit to the directory",
    "receivers": "set receivers of the source in adapter.toml, or settle the gap",
    "route": "add a route to the directory that carries sip and general-message",
    "invalid": "look at the plan (adapter plans fetch --explain), and have its owner mend it there",
    "refused": "look at the refused message: adapter messages list --status rejected",
    "unreadable": "look at the answer (adapter plans fetch --explain), and have the source's owner mend it",
}
"""What ends a gap of each kind. What is mended at the source comes with the next question; what is mended in the
configuration counts from the next start or reload."""


@dataclass(frozen=True)
class GapRow:
    """A version of a plan that was not carried. `source` and `case_id` are None for a protected person."""

    id: int
    source: str | None
    case_id: str | None
    kind: str
    reason: str
    since: datetime
    to_do: str


@dataclass(frozen=True)
class SourceRow:
    """A source at a glance. `state` is asked, rests (until `rests_until`, for `reason`) or no-ground."""

    id: str
    contract: str
    endpoint: str
    state: str
    last_answer_at: datetime | None
    rests_until: datetime | None
    reason: str | None
    cases: int
    carried: int
    gaps: int


def attention(connection: Connection) -> Iterator[Attention]:
    """Open gaps by source and kind."""
    place = case((_patient.protected, cast(null(), String)), else_=_version.source).label("place")
    query = (
        select(place, _version.kind, func.count().label("number"), func.min(_version.seen_at).label("since"))
        .join_from(tables.plan_version, tables.patient)
        .where(*_OPEN)
        .group_by(place, _version.kind)
    )
    for row in connection.execute(query):
        plans = "1 plan" if row.number == 1 else f"{row.number} plans"
        of = "of a protected person" if row.place is None else f"of {row.place}"
        named = "" if row.place is None else f" --source {row.place}"
        yield Attention(
            kind="plan-gap",
            subject=f"plans {row.place or 'protected'}",
            what=f"{plans} {of} not carried into the case ({row.kind}): {TO_DO.get(row.kind, 'look at them')}",
            since=from_micros(row.since),
            next_command=f"adapter plans gaps{named}",
            severity="soon",
            count=row.number,
        )


class PlanViews:
    """Sources and gaps, for a principal that sees all parties."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def sources(self, principal: Principal, configured: Iterable[PlanSource]) -> list[SourceRow]:
        """Each configured source, and how it answered; protected persons are not counted."""
        _require(principal, Right.LIST)
        with self._database.read() as connection:
            states = {row.source: row for row in connection.execute(select(tables.plan_source))}
            counted = (
                select(_version.source, func.count().label("number"))
                .join_from(tables.plan_version, tables.patient)
                .where(_patient.protected.is_(False))
                .group_by(_version.source)
            )
            sent = _numbers(connection, counted.where(_version.status == "sent"))
            gaps = _numbers(connection, counted.where(*_OPEN))
            query = select(_question.source, func.count().label("number")).group_by(_question.source)
            cases = _numbers(connection, query)
        now = to_micros(self._clock.now())
        found = []
        for each in configured:
            row = states.get(each.id)
            until = row.not_before if row is not None and (row.not_before or 0) > now else None
            state = "no-ground" if each.consent_handled is None else "asked" if until is None else "rests"
            found.append(
                SourceRow(
                    id=each.id,
                    contract=each.contract,
                    endpoint=each.endpoint,
                    state=state,
                    last_answer_at=_instant(row.last_success_at if row is not None else None),
                    rests_until=_instant(until),
                    reason=row.reason if row is not None else None,
                    cases=cases.get(each.id, 0),
                    carried=sent.get(each.id, 0),
                    gaps=gaps.get(each.id, 0),
                )
            )
        return found

    def gaps(self, principal: Principal, source: str | None = None, limit: int = 50) -> list[GapRow]:
        """What was not carried, the longest first; with a source named, none of protected persons."""
        _require(principal, Right.LIST)
        query = (
            select(tables.plan_version, _patient.protected.label("protected"))
            .join_from(tables.plan_version, tables.patient)
            .where(*_OPEN)
            .order_by(_version.seen_at, _version.id)
            .limit(min(limit, _LARGEST_PAGE))
        )
        if source is not None:
            query = query.where(_version.source == source, _patient.protected.is_(False))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            GapRow(
                id=row.id,
                source=None if row.protected else row.source,
                case_id=None if row.protected else row.case_id,
                kind=row.kind,
                reason=row.reason,
                since=from_micros(row.seen_at),
                to_do=TO_DO.get(row.kind, ""),
            )
            for row in rows
        ]

    def settle(self, principal: Principal, gap_id: int, reason: str) -> None:
        """A person has seen to a gap by another way. Raises NotFoundError, or AdapterError without a reason."""
        _require(principal, Right.RESEND)
        reason, at = given_reason(reason), to_micros(self._clock.now())
        with self._database.write() as connection:
            query = (
                update(tables.plan_version)
                .where(_version.id == gap_id, *_OPEN)
                .values(ended_at=at, ended_by=principal.name)
                .returning(_version.patient_id)
            )
            patient_id = connection.execute(query).scalar_one_or_none()
            if patient_id is None:
                raise NotFoundError(f"there is no open gap {gap_id}")
            audit.record(connection, principal, "plan-gap-settle", f"plan_version/{gap_id}", at, patient_id, reason)


def _numbers(connection: Connection, query: Select[tuple[str, int]]) -> dict[str, int]:
    return {row.source: row.number for row in connection.execute(query)}


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _require(principal: Principal, right: Right) -> None:
    principal.require(right)
    principal.require(Right.ALL_PARTIES)
