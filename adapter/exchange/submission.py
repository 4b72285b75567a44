"""What comes in, what goes back, and why something was refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.fhir.outcomes import Issue


@dataclass(frozen=True)
class Submission:
    """Bytes as received. `source` is `fhir` or the system whose record format the bytes are in; `asynchronous` asks for
    the acknowledgement to be posted to the sender's configured address; `carried`: another system had sent it before,
    at the time that it states; `replaces`: the version of its Task that an answer replaces, or it is refused (412)."""

    body: bytes
    media_type: str
    request_id: str
    correlation_id: str | None = None
    source: str = "fhir"
    asynchronous: bool = False
    carried: bool = False
    replaces: int | None = None


@dataclass(frozen=True)
class Reply:
    """`resource` is an acknowledgement Bundle (200), nothing (202: it will be posted) or an OperationOutcome; `event`
    and `result` are for metrics: `result` is accepted, repeated or rejected, `test_person` whether it is
    about one who is not real, in production."""

    status: int
    resource: dict[str, Any]
    retry_after: int | None = None
    event: str | None = None
    result: str = "rejected"
    test_person: bool = False


@dataclass(frozen=True)
class RecordReply:
    """The same for a partner that speaks its own format: `body` is its technical acknowledgement."""

    status: int
    body: bytes
    media_type: str
    retry_after: int | None = None
    event: str | None = None
    result: str = "rejected"
    test_person: bool = False


@dataclass(frozen=True)
class Clues:
    """What could be read of a message before it was refused, so that it can be found again."""

    event: str | None = None
    header_id: str | None = None
    bundle_id: str | None = None
    case_id: str | None = None
    patient_id: int | None = None
    sender_unit: str | None = None


@dataclass
class Refusal(Exception):  # noqa: N818 - not an error of ours: an answer
    """A message is not accepted: HTTP status and issues. Content is kept unless `keep_content` is False."""

    status: int
    issues: Sequence[Issue]
    keep_content: bool = True
    clues: Clues = field(default_factory=Clues)


def refusal(status: int, code: str, rule: str, text: str, *expression: str, keep_content: bool = True) -> Refusal:
    """A refusal with a single error."""
    return Refusal(status, [Issue("error", code, text, expression=expression, rule=rule)], keep_content)
