"""Why a person did what they did: asked for, and kept in the audit."""

from adapter.support.errors import ForbiddenError

MAX_REASON = 500


def given_reason(reason: str) -> str:
    """The reason without surrounding space. Raises ForbiddenError where it is empty, or longer than 500 characters."""
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise ForbiddenError(f"this needs a reason of 1 to {MAX_REASON} characters: it goes into the audit")
    return reason


def optional_reason(reason: str) -> str | None:
    """The same where a reason is welcome but not asked for: None where it is empty."""
    return given_reason(reason) if reason.strip() else None
