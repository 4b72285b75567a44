"""What the views show: frozen rows without personal data and without the bytes of a message.

Instants are aware UTC datetimes. Where `protected` is true the person has skyddad folkbokföring: whatever tells who
or where (parties, units, endpoint, system) is None, for every reader. `confidential` is sekretessmarkering: shown as
a warning, nothing is withheld.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")
MESSAGE_STATES = ("accepted", "rejected")
DELIVERY_STATES = ("waiting", "running", "held", "done", "dead", "cancelled")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, newest first; `next_before` is the cursor of the next page, None on the last one."""

    rows: tuple[Row, ...]
    next_before: int | None


@dataclass(frozen=True)
class BusinessAnswer:
    """A message that answers another: its event, and the status of each Task that it carries."""

    message_id: int
    event: str
    at: datetime
    statuses: tuple[str, ...]


@dataclass(frozen=True)
class MessageRow:
    """A message in a list. `deliveries` counts them by status; `receivers` are the units addressed."""

    id: int
    received_at: datetime
    event: str | None
    case_id: str | None
    sender_party: str | None
    sender_unit: str | None
    receivers: tuple[str, ...]
    status: str
    http_status: int
    statutory: bool
    deliveries: dict[str, int]
    answers: tuple[BusinessAnswer, ...]
    protected: bool
    confidential: bool


@dataclass(frozen=True)
class DeliveryRow:
    """One destination of a message. `acknowledgement` is the receiver's technical answer."""

    id: int
    message_id: int
    event: str
    status: str
    endpoint: str | None
    receiver_party: str | None
    receiver_unit: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    released_at: datetime | None
    attempts: int
    held_reason: str | None
    acknowledgement: str | None
    mapping: str | None
    mapping_version: str | None
    statutory: bool
    blocking: bool
    protected: bool
    confidential: bool


@dataclass(frozen=True)
class AttemptRow:
    """One try. `words` is the reason in full; None where there is none or the reader may not see it."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    http_status: int | None
    words: str | None


@dataclass(frozen=True)
class ContentRow:
    """The bytes of a stage, without them. `size` is in bytes as stored."""

    id: int
    stage: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime
    delivery_id: int | None


@dataclass(frozen=True)
class Kin:
    """Another delivery of the same message. `kind`: `replay`, sent once more, or `redirect`, by another endpoint."""

    delivery_id: int
    kind: str


@dataclass(frozen=True)
class DeliveryDetail:
    """A delivery with its attempts. `words_withheld`: there is a reason in words, but it needs the right to content.
    `behind`: the earlier delivery of the same patient to the same receiver that it waits for. `made_of`: the delivery
    that a person made this one of; `became`: those that were made of this one."""

    row: DeliveryRow
    attempts: tuple[AttemptRow, ...]
    words: str | None
    words_withheld: bool
    behind: int | None = None
    made_of: Kin | None = None
    became: tuple[Kin, ...] = ()


@dataclass(frozen=True)
class Step:
    """A point of a message's timeline.

    `kind` is assessed, sent, received, accepted, rejected, held, released, attempt, delivered, dead, cancelled,
    answered or expunged; `outcome` the attempt's outcome or the Task status; `message_id` the answering message.
    """

    at: datetime
    kind: str
    delivery_id: int | None = None
    attempt: int | None = None
    outcome: str | None = None
    event: str | None = None
    message_id: int | None = None


@dataclass(frozen=True)
class MessageDetail:
    """A message with all that happened to it. `issues` are those of its validation (code, expression, message, rule);
    `answers_id` is the message that this one answers, `expunged_at` when its content was removed."""

    row: MessageRow
    source: str | None
    principal: str | None
    header_id: str | None
    bundle_id: str | None
    previous_header_id: str | None
    answers_header_id: str | None
    answers_id: int | None
    request_id: str | None
    correlation_id: str | None
    config_version: str
    size: int
    issues: tuple[dict[str, Any], ...]
    deliveries: tuple[DeliveryDetail, ...]
    timeline: tuple[Step, ...]
    contents: tuple[ContentRow, ...]
    expunged_at: datetime | None = None


@dataclass(frozen=True)
class Attention:
    """Something that a person should look at.

    `severity` is `urgent` (a legal deadline or all traffic is at stake) or `soon`; `statutory`: a duty by law is at
    stake. `what` is a sentence in English; the console says the same in its reader's language from `kind`, `count`,
    `events` and `endpoint`. `events`: how many deliveries of each event; `event` where there is but one.
    """

    kind: str
    subject: str
    what: str
    since: datetime
    next_command: str
    severity: str
    statutory: bool = False
    count: int = 1
    event: str | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    endpoint: str | None = None
    delivery_id: int | None = None


@dataclass(frozen=True)
class EndpointRow:
    """The health of an endpoint. Deliveries of protected persons are counted apart, under no endpoint at all.

    `waiting` counts waiting and running; `oldest_waiting_at` is when the oldest of them was accepted.
    """

    endpoint: str | None
    state: str
    since: datetime | None
    waiting: int = 0
    held: int = 0
    dead: int = 0
    oldest_waiting_at: datetime | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    next_probe_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True)
class AuditRow:
    """A line of the audit. For a protected person `detail` is empty, and who acted is shown to its own party alone."""

    id: int
    at: datetime
    principal: str | None
    party: str | None
    action: str
    object: str
    reason: str | None
    detail: dict[str, Any] = field(default_factory=dict)
    protected: bool = False
