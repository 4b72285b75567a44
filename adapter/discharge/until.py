"""Facts as they were known at an earlier instant, so that a figure of then can be computed again."""

from collections.abc import Container, Iterable
from dataclasses import replace

from adapter.discharge.facts import Fact, Recipient

_READ = "read-receipt"


def known(facts: Iterable[Fact], until: int) -> list[Fact]:
    """The facts that were accepted by `until` (UTC microseconds), with what had become of them by then. A notice that
    was let go later is held."""
    given = list(facts)
    later = {(fact.answers, fact.sender) for fact in given if fact.event == _READ and not _by(fact.accepted_at, until)}
    return [_then(fact, until, later) for fact in given if _by(fact.accepted_at, until)]


def _then(fact: Fact, until: int, later: Container[tuple[str | None, str]]) -> Fact:
    """The fact with its recipients as they were; `later`: of which notices receipts came later, and from whom."""
    then = tuple(_known(each, until, unread=(fact.header_id, each.unit) in later) for each in fact.recipients)
    return fact if then == fact.recipients else replace(fact, recipients=then)


def _known(recipient: Recipient, until: int, *, unread: bool) -> Recipient:
    released = recipient.released_at
    if not unread and _by(released, until) and _by(recipient.delivered_at, until) and _by(recipient.read_at, until):
        return recipient
    return replace(
        recipient,
        released_at=released if _by(released, until) else None,
        delivered_at=recipient.delivered_at if _by(recipient.delivered_at, until) else None,
        read_at=None if unread or not _by(recipient.read_at, until) else recipient.read_at,
        held=recipient.held or not _by(released, until),
    )


def _by(instant: int | None, until: int) -> bool:
    return instant is None or instant <= until
