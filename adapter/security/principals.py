"""The one who answers for a call. Every service call takes a `Principal`; there is no call without one."""

from dataclasses import dataclass
from enum import StrEnum

from adapter.support.errors import ForbiddenError


class Right(StrEnum):
    """What a principal may do. Rights do not imply each other."""

    SEND = "send"
    """submit messages as one of its own units"""
    LIST = "list"
    """see messages and deliveries without their content"""
    CONTENT = "content"
    """open the content of a message, with a reason"""
    RESEND = "resend"
    """retry, hold, cancel, replay, pause, resume, test"""
    EDIT = "edit"
    """edit what a dead letter says, or send it by another endpoint"""
    RELEASE = "release"
    """release a message held for protection, with a reason"""
    EXPUNGE = "expunge"
    """remove the content of a message for good, with a reason"""
    MAILBOX = "mailbox"
    """take the messages that wait in the mailbox of one's own system, and confirm them"""
    METRICS = "metrics"
    """read /metrics"""
    ALL_PARTIES = "all-parties"
    """see and act beyond the own party: operations only"""


@dataclass(frozen=True)
class Principal:
    """`name` identifies the caller in the audit; `party` is a party id; `units` are the HSA-ids (or kommunkoder)
    it may send as; `carries` are the other parties whose messages pass through a system that the party runs."""

    name: str
    party: str
    units: frozenset[str]
    rights: frozenset[Right]
    carries: frozenset[str] = frozenset()

    def require(self, right: Right) -> None:
        """Raise ForbiddenError unless the principal holds the right."""
        if right not in self.rights:
            raise ForbiddenError(f"this needs the right '{right}', which {self.name} does not hold")

    @property
    def parties(self) -> frozenset[str]:
        """The parties whose messages are its own."""
        return self.carries | {self.party}

    @property
    def sees_all(self) -> bool:
        return Right.ALL_PARTIES in self.rights


LOCAL_OPERATOR = Principal("local operator", "local", frozenset(), frozenset(Right))
"""The one at the machine's own command line: whoever reaches the store's files may do everything, and is audited."""
