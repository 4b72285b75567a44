"""Who may move a request to take part from which status to which (R4 Task; HL7 Clinical Order Workflows).

The requester asks, and may take the request back until the owner has begun; afterwards it asks the owner to stop, by a
Task of its own (abort). The owner answers, and does what it accepted. A request that waits for information is
`received`; an alternative that is proposed is `rejected`: both say more in businessStatus, statusReason and output.
Death and re-admission end what has begun, hence the ways from on-hold to cancelled and failed.
"""

from enum import StrEnum

STATUSES = (
    "requested",
    "received",
    "accepted",
    "rejected",
    "ready",
    "cancelled",
    "in-progress",
    "on-hold",
    "failed",
    "completed",
    "entered-in-error",
)
"""The statuses of a Task in a message: its profile's; a draft is not sent."""


class Role(StrEnum):
    """The part that one has in a Task."""

    OWNER = "owner"
    REQUESTER = "requester"


_BEGUN = frozenset({"on-hold", "completed", "failed", "cancelled"})
_MOVES: dict[Role, dict[str, frozenset[str]]] = {
    Role.OWNER: {
        "requested": frozenset({"received", "accepted", "rejected", "in-progress"}),
        "received": frozenset({"accepted", "rejected", "in-progress"}),
        "accepted": _BEGUN | {"ready", "in-progress"},
        "ready": _BEGUN | {"in-progress"},
        "in-progress": _BEGUN,
        "on-hold": (_BEGUN | {"ready", "in-progress"}) - {"on-hold"},
    },
    Role.REQUESTER: {
        "requested": frozenset({"cancelled", "failed"}),
        "received": frozenset({"cancelled", "failed"}),
        "accepted": frozenset({"cancelled", "failed"}),
        "ready": frozenset({"cancelled", "failed"}),
        "in-progress": frozenset({"failed"}),
        "on-hold": frozenset({"cancelled", "failed"}),
    },
}


def allowed(role: Role, status: str) -> frozenset[str]:
    """The statuses to which the role may move a Task from this one. What was asked by mistake is marked so by its
    requester, whatever came of it."""
    mistake = {"entered-in-error"} if role is Role.REQUESTER and status != "entered-in-error" else set()
    return _MOVES[role].get(status, frozenset()) | mistake


def is_behind(status: str, known: str) -> bool:
    """Whether a Task of the known status may have had this one before: who still says so does not know of what came
    after. The same status is not behind."""
    seen: set[str] = set()
    waiting = [status]
    while waiting:
        now = waiting.pop()
        moves = {after for role in Role for after in allowed(role, now)} - seen
        seen |= moves
        waiting += moves
    return status != known and known in seen


def refusal(role: Role, before: str, after: str) -> str | None:
    """Why the role may not move a Task so, in words; None where it may. To say the same status again is no move."""
    possible = allowed(role, before)
    if after == before or after in possible:
        return None
    named = ", ".join(status for status in STATUSES if status in possible) or "none: the status is final"
    return f"the {role} may not move a Task from {before} to {after}: allowed are {named}"
