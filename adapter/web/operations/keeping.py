"""The end of a message's content, the daily ledger, and what is known after the database was put back."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from adapter.exchange import ledger
from adapter.exchange.expunge import Expunged
from adapter.exchange.recovery import Recovery
from adapter.security.principals import Principal, Right
from adapter.web.operations.acting import Done
from adapter.web.operations.calls import Calls, Number, Reason, answers, json, takes


@dataclass(frozen=True)
class Ledger:
    """Closed days, newest first."""

    days: list[dict[str, Any]]


@dataclass(frozen=True)
class Gap:
    """`gap` is null where the database was not put back, or somebody has resumed."""

    gap: Recovery | None


def add(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter

    @routes.post(
        "/messages/{message_id}/expunge",
        summary="Remove the content of a message for good",
        **takes(Reason, gives=Expunged),
    )
    def expunge(
        message_id: Number, caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)
    ) -> Response:
        """Of a message that the caller's party sent, or any with `all-parties`; ids, deliveries, facts and the audit
        stay. 409 while it is still to be delivered. Needs the right `expunge`."""
        return json(adapter.expunging.message(caller, message_id, given.reason))

    @routes.get("/ledger", summary="What the days had, and what became of it", responses=answers(Ledger))
    def days(caller: Principal = Depends(calls.caller), limit: Annotated[int, Query(ge=1, le=400)] = 31) -> Response:
        """The closed days, newest first. Needs the rights `list` and `all-parties`."""
        caller.require(Right.LIST)
        caller.require(Right.ALL_PARTIES)
        with adapter.database.read() as connection:
            return json(Ledger(ledger.days(connection, limit)))

    @routes.get("/recovery", summary="The gap after the database was put back", responses=answers(Gap))
    def gap(caller: Principal = Depends(calls.caller)) -> Response:
        """From when to when nothing is known, what may have been sent since, and whom to ask to send again. Needs the
        rights `list` and `all-parties`."""
        return json(Gap(adapter.recoveries.gap(caller)))

    @routes.post("/recovery/resume", summary="Send again after the database was put back", **takes(Reason, gives=Done))
    def resume(caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)) -> Response:
        """Nothing is sent before. Needs the rights `resend` and `all-parties`."""
        adapter.recoveries.resume(caller, given.reason)
        adapter.wake()
        return json(Done(True))
