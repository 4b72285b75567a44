"""Cases, the months of municipalities, and the escalation ladder."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from starlette.responses import Response

from adapter.exchange.cases import Case
from adapter.exchange.frozen import Frozen
from adapter.exchange.ladder import Escalation
from adapter.exchange.reckonings import Month, written
from adapter.security.principals import Principal
from adapter.web.operations.calls import (
    Calls,
    Cursor,
    Fields,
    Limit,
    Number,
    OptionalReason,
    Reason,
    answers,
    json,
    takes,
)

Kommunkod = Annotated[str, Path(pattern=r"^[0-9]{4}$", description="the municipality: four digits")]
Of = Annotated[str, Path(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="such as 2026-03")]


class Asked(Fields):
    """The case, as messages name it, and why it is looked at."""

    case: str = Field(min_length=1, max_length=255)
    reason: str = ""


@dataclass(frozen=True)
class Shown:
    """A month as it is `now`, as it was `frozen`, and what differs `since`; the words are those of
    `adapter payment month --json`."""

    phase: str
    now: dict[str, Any]
    frozen: Frozen | None
    since: list[dict[str, Any]]
    by_hand: int


@dataclass(frozen=True)
class Steps:
    escalations: list[Escalation]
    next_before: int | None


def add(routes: APIRouter, calls: Calls) -> None:
    _case(routes, calls)
    _months(routes, calls)
    _ladder(routes, calls)


def _case(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter
    asked = calls.body(Asked)

    @routes.post("/case", summary="A case as the law sees it", **takes(Asked, gives=Case))
    def case(caller: Principal = Depends(calls.caller), given: Asked = Depends(asked)) -> Response:
        """Its state, every duty with paragraph, time and state, who pays line by line, the planning, the escalations.
        A party sees what it sent or was sent; of a protected person nothing that tells where somebody is. Needs the
        right `list`; audited."""
        return json(adapter.cases.show(caller, given.case, given.reason))


def _months(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter

    @routes.get("/payment/{kommunkod}/{month}", summary="A municipality's month", responses=answers(Shown))
    def month(kommunkod: Kommunkod, month: Of, caller: Principal = Depends(calls.caller)) -> Response:
        """Every stay that ended in it, the mean, what is owed by the agreement. Regions see every municipality's, a
        municipality its own. Needs the right `list`."""
        return json(_shown(adapter.reckonings.month(caller, kommunkod, _day(month))))

    @routes.post("/payment/{kommunkod}/{month}/freeze", summary="Make a month final", **takes(Reason, gives=Shown))
    def freeze(
        kommunkod: Kommunkod,
        month: Of,
        caller: Principal = Depends(calls.caller),
        given: Reason = Depends(calls.reason),
    ) -> Response:
        """It is never changed afterwards. Needs the right `all-parties` and a reason; audited. Refused while the month
        runs or may be disputed, and where it is frozen already."""
        return json(_shown(adapter.reckonings.freeze(caller, kommunkod, _day(month), given.reason)))


def _ladder(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter

    @routes.get("/escalations", summary="Steps of the ladder that were due", responses=answers(Steps))
    def escalations(
        caller: Principal = Depends(calls.caller),
        everything: Annotated[bool, Query(alias="all", description="also those that are acknowledged or over")] = False,
        before: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        """Those that nobody has seen to, newest first. Needs the right `list`."""
        found = adapter.escalations.listed(caller, open_only=not everything, before=before, limit=limit)
        return json(Steps(found, found[-1].id if len(found) == limit else None))

    @routes.post(
        "/escalations/{number}/acknowledge",
        summary="Note that somebody has seen to it",
        **takes(OptionalReason, gives=Escalation),
    )
    def acknowledge(
        number: Number, caller: Principal = Depends(calls.caller), given: OptionalReason = Depends(calls.optional)
    ) -> Response:
        """Needs the right `resend`; audited. 409 where it was acknowledged before."""
        return json(adapter.escalations.acknowledge(caller, number, given.reason))


def _day(month: str) -> date:
    return date(max(1900, int(month[:4])), int(month[5:]), 1)


def _shown(found: Month) -> Shown:
    return Shown(found.phase.value, written(found.reckoning), found.frozen, found.since, found.by_hand)
