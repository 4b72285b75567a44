"""POST: what is done to deliveries and endpoints, each in the audit with who and why."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import Response

from adapter.delivery.channels.base import Check
from adapter.exchange.records import DeliveryDetail
from adapter.security.principals import Principal
from adapter.web.console.reading import Line, compared
from adapter.web.operations.calls import (
    Calls,
    Fields,
    Number,
    OptionalReason,
    Reason,
    answers,
    content,
    described,
    json,
    takes,
)


class Redirect(Fields):
    """By which endpoint, and why."""

    endpoint: str
    reason: str


class Edit(Fields):
    """The edited text, whole, and why. `check`: only say what it would change and whether it could be sent."""

    content: str
    reason: str
    check: bool = False


@dataclass(frozen=True)
class Done:
    done: bool


@dataclass(frozen=True)
class Redirected:
    """The number of the new delivery."""

    delivery: int


@dataclass(frozen=True)
class Edited:
    """`sent`: it is on its way; `problems`: why it could not be; `lines` of the text before and after."""

    sent: bool
    problems: tuple[str, ...]
    lines: tuple[Line, ...] = ()


def add(routes: APIRouter, calls: Calls) -> None:
    _simple(routes, calls)
    _other_ways(routes, calls)
    _editing(routes, calls)
    _endpoints(routes, calls)


def _simple(routes: APIRouter, calls: Calls) -> None:
    operations = calls.adapter

    def answer(caller: Principal, number: int) -> Response:
        return json(operations.views.delivery(caller, number)) if "list" in caller.rights else json(Done(True))

    @routes.post(
        "/deliveries/{delivery_id}/retry",
        summary="Send a dead letter again, or what waits now",
        **takes(OptionalReason, gives=DeliveryDetail),
    )
    def retry(
        delivery_id: Number, caller: Principal = Depends(calls.caller), given: OptionalReason = Depends(calls.optional)
    ) -> Response:
        """As it was mapped then; one that could not be mapped, by the mapping in force. To map anew what was mapped,
        start a replay with `content` `mapped`. Needs the right `resend`. 409 where its state does not allow it."""
        operations.operations.retry(caller, delivery_id, given.reason)
        return answer(caller, delivery_id)

    def with_reason(word: str, summary: str, needs: str, act: Callable[[Principal, int, str], None]) -> None:
        def endpoint(
            delivery_id: Number, caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)
        ) -> Response:
            act(caller, delivery_id, given.reason)
            return answer(caller, delivery_id)

        routes.post(
            f"/deliveries/{{delivery_id}}/{word}",
            summary=summary,
            description=f"Needs the right `{needs}`. 409 where its state does not allow it.",
            operation_id=f"delivery_{word}",
            **takes(Reason, gives=DeliveryDetail),
        )(endpoint)

    # asked for at the call, not here: the parts are made when they are first needed
    with_reason("hold", "Keep what waits", "resend", lambda *given: operations.operations.hold(*given))
    with_reason("release", "Let what is held go", "release", lambda *given: operations.operations.release(*given))
    with_reason("cancel", "Never send it", "resend", lambda *given: operations.operations.cancel(*given))


def _other_ways(routes: APIRouter, calls: Calls) -> None:
    redirected = calls.body(Redirect)

    @routes.post(
        "/deliveries/{delivery_id}/redirect", summary="Send it by another endpoint", **takes(Redirect, gives=Redirected)
    )
    def redirect(
        delivery_id: Number,
        caller: Principal = Depends(calls.caller),
        given: Redirect = Depends(redirected),
    ) -> Response:
        """Of the same receiver, or of the party that the directory names in `replaced_by`; 403 for any other. Needs the
        right `edit`; for a protected person `release` too."""
        return json(Redirected(calls.adapter.redirects.redirect(caller, delivery_id, given.endpoint, given.reason)))


def _editing(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter
    edited = calls.body(Edit, 2 * adapter.settings.server.max_message_bytes)

    @routes.post(
        "/deliveries/{delivery_id}/original",
        summary="What a dead letter says, to be edited",
        openapi_extra=described(Reason),
    )
    def original(
        delivery_id: Number, caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)
    ) -> Response:
        """The bytes as they were sent; where it could not be mapped, the message. Needs the rights `edit` and
        `content`."""
        found = adapter.repairs.original(caller, delivery_id, given.reason)
        return content(found.body, found.media_type)

    @routes.post(
        "/deliveries/{delivery_id}/repair", summary="Edit a dead letter and send it", **takes(Edit, gives=Edited)
    )
    def repair(
        delivery_id: Number, caller: Principal = Depends(calls.caller), given: Edit = Depends(edited)
    ) -> Response:
        """The edited text is checked, kept as a stage of its own, and sent in the dead letter's place. With `check`
        nothing is kept or sent. 200 with `sent` false and the problems where it cannot be sent. Needs the rights `edit`
        and `content`."""
        text = given.content.encode()
        proposal = adapter.repairs.check(caller, delivery_id, text, given.reason)
        sent = not given.check and not proposal.problems
        if sent:
            adapter.repairs.repair(caller, delivery_id, text, given.reason)
        lines = compared(proposal.before.body, text, proposal.before.media_type)
        return json(Edited(sent, proposal.problems, tuple(line for line in lines if line.kind != "same")))


def _endpoints(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter

    @routes.post("/endpoints/{endpoint}/pause", summary="Send nothing there", **takes(Reason, gives=Done))
    def pause(
        endpoint: str, caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)
    ) -> Response:
        """Until it is resumed; what waits is kept. Needs the rights `resend` and `all-parties`."""
        adapter.operations.pause(caller, endpoint, given.reason)
        return json(Done(True))

    @routes.post("/endpoints/{endpoint}/resume", summary="Send there again", **takes(OptionalReason, gives=Done))
    def resume(
        endpoint: str, caller: Principal = Depends(calls.caller), given: OptionalReason = Depends(calls.optional)
    ) -> Response:
        """All that waits is due now. Needs the rights `resend` and `all-parties`."""
        adapter.operations.resume(caller, endpoint, given.reason)
        return json(Done(True))

    @routes.post("/endpoints/{endpoint}/test", summary="Test an endpoint", responses=answers(Check))
    def test(endpoint: str, caller: Principal = Depends(calls.caller)) -> Response:
        """Calls it without sending a message; says what that proves, and what it leaves open. Needs the rights `resend`
        and `all-parties`."""
        return json(adapter.test_endpoint(caller, endpoint))
