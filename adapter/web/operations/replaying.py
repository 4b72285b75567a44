"""Replay of many deliveries: count, start what was counted, follow, pause, resume, cancel."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from adapter.exchange.replays import FASTEST, PER_MINUTE, Count, ItemRow, ReplayRow
from adapter.exchange.selection import Filter
from adapter.security.principals import Principal
from adapter.web.operations.calls import (
    LARGEST_ID,
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

Code = Annotated[str, Field(max_length=255)]


class Wanted(Fields):
    """Which deliveries. `since` and `until` are instants with offset, of their acceptance; `content` is `stored` (the
    bytes of then) or `mapped` (anew, as things are configured now)."""

    status: Literal["dead", "waiting", "done"] = "dead"
    endpoint: Code | None = None
    party: Code | None = None
    event: Code | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    signature: Code | None = None
    content: Literal["stored", "mapped"] = "stored"

    def filter(self) -> Filter:
        named: dict[str, Any] = {name: getattr(self, name) for name in Filter.__dataclass_fields__}
        return Filter(**named)


class Start(Wanted):
    """The same fields as were counted, with the digest of the count."""

    digest: str
    reason: str
    per_minute: int = Field(PER_MINUTE, ge=1, le=FASTEST)


@dataclass(frozen=True)
class Started:
    replay: int


@dataclass(frozen=True)
class Replays:
    replays: tuple[ReplayRow, ...]
    next_before: int | None


@dataclass(frozen=True)
class Items:
    items: tuple[ItemRow, ...]
    next_after: int | None


def add(routes: APIRouter, calls: Calls) -> None:
    _starting(routes, calls)
    _following(routes, calls)
    _steering(routes, calls)


def _starting(routes: APIRouter, calls: Calls) -> None:
    wanted, started = calls.body(Wanted), calls.body(Start)

    @routes.post("/replays/count", summary="What a replay would take", **takes(Wanted, gives=Count))
    def count(caller: Principal = Depends(calls.caller), given: Wanted = Depends(wanted)) -> Response:
        """How many, and the digest that a start repeats. Those of protected persons are left out. Needs the right
        `resend`."""
        return json(calls.adapter.replays.count(caller, given.filter(), given.content))

    @routes.post("/replays", summary="Start a replay", **takes(Start, gives=Started))
    def start(caller: Principal = Depends(calls.caller), given: Start = Depends(started)) -> Response:
        """Of what was counted: 409 where the filter finds something else by now. Needs the right `resend`."""
        number = calls.adapter.replays.start(
            caller, given.filter(), given.digest, given.reason, content=given.content, per_minute=given.per_minute
        )
        return json(Started(number))


def _following(routes: APIRouter, calls: Calls) -> None:
    @routes.get("/replays", summary="Replays, newest first", responses=answers(Replays))
    def replays(caller: Principal = Depends(calls.caller), before: Cursor = None, limit: Limit = 50) -> Response:
        """Needs the right `list`."""
        page = calls.adapter.replays.list(caller, before=before, limit=limit)
        return json(Replays(page.rows, page.next_before))

    @routes.get("/replays/{number}", summary="A replay as it stands", responses=answers(ReplayRow))
    def one(number: Number, caller: Principal = Depends(calls.caller)) -> Response:
        """Needs the right `list`."""
        return json(calls.adapter.replays.one(caller, number))

    @routes.get("/replays/{number}/items", summary="The deliveries of a replay", responses=answers(Items))
    def items(
        number: Number,
        caller: Principal = Depends(calls.caller),
        after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
        refused: bool = False,
        limit: Limit = 50,
    ) -> Response:
        """In their order; `refused`: only those that could not be sent. Needs the right `list`."""
        rows, following = calls.adapter.replays.items(caller, number, after=after, refused=refused, limit=limit)
        return json(Items(rows, following))


def _steering(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter

    @routes.post(
        "/replays/{number}/pause", summary="Take no further delivery", **takes(OptionalReason, gives=ReplayRow)
    )
    def pause(
        number: Number, caller: Principal = Depends(calls.caller), given: OptionalReason = Depends(calls.optional)
    ) -> Response:
        """Until it is resumed. Needs the right `resend`."""
        adapter.replays.pause(caller, number, given.reason)
        return one(caller, number)

    @routes.post("/replays/{number}/resume", summary="Go on", **takes(OptionalReason, gives=ReplayRow))
    def resume(
        number: Number, caller: Principal = Depends(calls.caller), given: OptionalReason = Depends(calls.optional)
    ) -> Response:
        """Needs the right `resend`."""
        adapter.replays.resume(caller, number, given.reason)
        return one(caller, number)

    @routes.post("/replays/{number}/cancel", summary="End a replay", **takes(Reason, gives=ReplayRow))
    def cancel(
        number: Number, caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)
    ) -> Response:
        """What has been sent again stays so. Needs the right `resend`."""
        adapter.replays.cancel(caller, number, given.reason)
        return one(caller, number)

    def one(caller: Principal, number: int) -> Response:
        return json(adapter.replays.one(caller, number)) if "list" in caller.rights else json(Started(number))
