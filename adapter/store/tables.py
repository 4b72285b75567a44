"""The schema. Instants are UTC microseconds (BIGINT); public ids are integers given by the database.

`message` is what came in, accepted or rejected; `content` its bytes at each stage; `delivery` one destination of it;
`attempt` one try. `fact` rows are append-only and outlive expunged content. `stream` orders deliveries: the sequence
is given under the row's lock, because ids are not commit order.

Of a delivery: `blocking` says that later ones of its stream wait for it, `holds_stream` that it does so even as a dead
letter. `next_attempt_at` is set while it waits as the head of its stream, else null. `attempts` counts all tries,
`step` those that used up a step of the schedule.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
Instant = BigInteger


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _refers(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable)


patient = Table(
    "patient",
    metadata,
    _id(),
    Column("protected", Boolean, nullable=False, server_default=text("false")),
    Column("confidential", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Instant, nullable=False),
    comment="The surrogate: an internal number for a person, with no identity of its own.",
)

patient_key = Table(
    "patient_key",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("key_id", String(40), nullable=False),
    _refers("patient_id", "patient"),
    Column("created_at", Instant, nullable=False),
    comment="Keyed hash of an identifier (system|value) -> surrogate; several identifiers may lead to one person.",
)

message = Table(
    "message",
    metadata,
    _id(),
    Column("status", String(12), nullable=False),
    Column("source", String(64), nullable=False),
    Column("sender_party", String(64)),
    Column("sender_unit", String(64)),
    Column("header_id", String(64)),
    Column("bundle_id", String(64)),
    Column("content_hash", String(64), nullable=False),
    Column("event", String(64)),
    Column("case_id", String(255)),
    _refers("patient_id", "patient", nullable=True),
    Column("previous_header_id", String(64)),
    Column("answers_header_id", String(64)),
    _refers("answers_id", "message", nullable=True),
    Column("assessed_at", Instant),
    Column("assessed_text", String(64)),
    Column("sent_at", Instant),
    Column("sent_text", String(64)),
    Column("received_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("http_status", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("config_version", String(64), nullable=False),
    Column("request_id", String(128)),
    Column("correlation_id", String(128)),
    Column("principal", String(128)),
    Column("issues", JSON, nullable=False),
    Column("statutory", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("status IN ('accepted', 'rejected')", name="status"),
    Index("ix_message_case_id", "case_id"),
    Index("ix_message_patient_id", "patient_id"),
    Index("ix_message_received_at", "received_at"),
    Index("ix_message_answers_id", "answers_id"),
    Index("ix_message_sender_party", "sender_party", "id"),
    Index("ix_message_bundle_id", "bundle_id"),
    Index(
        "uq_message_accepted_header",
        "sender_party",
        "header_id",
        unique=True,
        sqlite_where=text("status = 'accepted'"),
        postgresql_where=text("status = 'accepted'"),
    ),
    Index(
        "uq_message_accepted_bundle",
        "sender_party",
        "bundle_id",
        unique=True,
        sqlite_where=text("status = 'accepted'"),
        postgresql_where=text("status = 'accepted'"),
    ),
    sqlite_autoincrement=True,
)

stream = Table(
    "stream",
    metadata,
    _id(),
    Column("endpoint", String(64), nullable=False),
    Column("receiver", String(64), nullable=False),
    _refers("patient_id", "patient"),
    Column("last_sequence", BigInteger, nullable=False),
    UniqueConstraint("endpoint", "receiver", "patient_id"),
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    _refers("message_id", "message"),
    Column("endpoint", String(64), nullable=False),
    Column("receiver_party", String(64), nullable=False),
    Column("receiver_unit", String(64), nullable=False),
    _refers("stream_id", "stream"),
    Column("sequence", BigInteger, nullable=False),
    Column("status", String(12), nullable=False),
    Column("blocking", Boolean, nullable=False),
    Column("holds_stream", Boolean, nullable=False),
    Column("event", String(64), nullable=False),
    Column("statutory", Boolean, nullable=False, server_default=text("false")),
    Column("media_type", String(64), nullable=False),
    Column("mapping", String(64)),
    Column("mapping_version", String(64)),
    Column("config_version", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("next_attempt_at", Instant),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("step", Integer, nullable=False, server_default=text("0")),
    Column("lease_owner", String(64)),
    Column("lease_token", BigInteger, nullable=False, server_default=text("0")),
    Column("lease_expires_at", Instant),
    Column("held_reason", String(64)),
    Column("released_at", Instant),
    Column("delivered_at", Instant),
    Column("acknowledgement", String(24)),
    Column("reason", Text),
    CheckConstraint(
        "status IN ('waiting', 'running', 'held', 'done', 'dead', 'cancelled')",
        name="status",
    ),
    UniqueConstraint("stream_id", "sequence"),
    Index("ix_delivery_message_id", "message_id"),
    Index("ix_delivery_receiver_party", "receiver_party", "message_id"),
    Index("ix_delivery_status", "status"),
    Index(
        "ix_delivery_due",
        "endpoint",
        "next_attempt_at",
        sqlite_where=text("status = 'waiting' AND next_attempt_at IS NOT NULL"),
        postgresql_where=text("status = 'waiting' AND next_attempt_at IS NOT NULL"),
    ),
    Index(
        "ix_delivery_blocking",
        "stream_id",
        "sequence",
        sqlite_where=text("blocking = 1"),
        postgresql_where=text("blocking"),
    ),
    Index(
        "uq_delivery_running",
        "stream_id",
        unique=True,
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
    sqlite_autoincrement=True,
)

attempt = Table(
    "attempt",
    metadata,
    _id(),
    _refers("delivery_id", "delivery"),
    Column("number", Integer, nullable=False),
    Column("worker", String(64), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String(12)),
    Column("http_status", Integer),
    Column("reason", Text),
    UniqueConstraint("delivery_id", "number"),
    CheckConstraint("outcome IN ('done', 'retry', 'trip', 'dead', 'unknown')", name="outcome"),
    sqlite_autoincrement=True,
    comment="Every try of a delivery. Outcome `unknown`: the process ended between send and record.",
)

content = Table(
    "content",
    metadata,
    _id(),
    _refers("message_id", "message"),
    _refers("delivery_id", "delivery", nullable=True),
    _refers("attempt_id", "attempt", nullable=True),
    Column("stage", String(16), nullable=False),
    Column("media_type", String(128), nullable=False),
    Column("key_id", String(40), nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint(
        "stage IN ('received', 'translated', 'outcome', 'answer', 'mapped', 'report', 'response')",
        name="stage",
    ),
    Index("ix_content_message_id", "message_id"),
    Index("ix_content_delivery_id", "delivery_id"),
    sqlite_autoincrement=True,
)

fact = Table(
    "fact",
    metadata,
    _id(),
    _refers("message_id", "message"),
    _refers("patient_id", "patient"),
    Column("case_id", String(255), nullable=False),
    Column("event", String(64), nullable=False),
    Column("sender_party", String(64), nullable=False),
    Column("sender_unit", String(64), nullable=False),
    Column("receivers", JSON, nullable=False),
    Column("instants", JSON, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index("ix_fact_case_id", "case_id"),
    sqlite_autoincrement=True,
    comment="Append-only: what happened in a case, without its content.",
)

case_state = Table(
    "case_state",
    metadata,
    Column("case_id", String(255), primary_key=True),
    _refers("patient_id", "patient"),
    Column("state", JSON, nullable=False),
    Column("updated_at", Instant, nullable=False),
    comment="Projection of the facts; may be thrown away and rebuilt.",
)

endpoint_state = Table(
    "endpoint_state",
    metadata,
    Column("endpoint", String(64), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("since", Instant, nullable=False),
    Column("consecutive_failures", Integer, nullable=False, server_default=text("0")),
    Column("next_probe_at", Instant),
    Column("last_success_at", Instant),
    Column("last_failure_at", Instant),
    Column("last_claim_at", Instant),
    Column("reason", Text),
    CheckConstraint("state IN ('closed', 'open', 'tripped', 'paused')", name="state"),
)

token = Table(
    "token",
    metadata,
    _id(),
    Column("hash", String(64), nullable=False, unique=True),
    Column("label", String(128), nullable=False),
    Column("party", String(64), nullable=False),
    Column("rights", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    sqlite_autoincrement=True,
)

block = Table(
    "block",
    metadata,
    _id(),
    _refers("patient_id", "patient"),
    Column("party", String(64), nullable=False),
    Column("unit", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Index("ix_block_patient_id", "patient_id"),
    sqlite_autoincrement=True,
    comment="Spärr: a person does not want others to read what this party (or its one unit) has documented.",
)

audit = Table(
    "audit",
    metadata,
    _id(),
    Column("at", Instant, nullable=False),
    Column("principal", String(128), nullable=False),
    Column("party", String(64), nullable=False),
    Column("action", String(40), nullable=False),
    Column("object", String(128), nullable=False),
    _refers("patient_id", "patient", nullable=True),
    Column("reason", Text),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_patient_id", "patient_id"),
    Index("ix_audit_at", "at"),
    sqlite_autoincrement=True,
    comment="Append-only: every view of content and every action (PDL 4:3).",
)

worker_heartbeat = Table(
    "worker_heartbeat",
    metadata,
    Column("worker", String(64), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("polled_at", Instant, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    _id(),
    Column("kind", String(40), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("cleared_at", Instant),
    Column("reason", Text, nullable=False),
    Column("command", Text, nullable=False),
    Index(
        "uq_alarm_standing",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("cleared_at IS NULL"),
        postgresql_where=text("cleared_at IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="What needs a person: raised on transition, cleared when it no longer holds.",
)

feed_stay = Table(
    "feed_stay",
    metadata,
    _id(),
    Column("feed", String(64), nullable=False),
    Column("stay", String(128), nullable=False),
    _refers("patient_id", "patient", nullable=True),
    Column("protected", Boolean, nullable=False, server_default=text("false")),
    Column("pending", Boolean, nullable=False, server_default=text("false")),
    Column("config_version", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("feed", "stay"),
    Index(
        "ix_feed_stay_pending",
        "id",
        sqlite_where=text("pending = 1"),
        postgresql_where=text("pending"),
    ),
    sqlite_autoincrement=True,
    comment="A stay as a feed without FHIR messages tells of it. `pending`: its messages are still to be written.",
)

feed_event = Table(
    "feed_event",
    metadata,
    _id(),
    Column("feed", String(64), nullable=False),
    Column("control_id", String(200)),
    _refers("stay_id", "feed_stay", nullable=True),
    Column("status", String(12), nullable=False),
    Column("reason", Text),
    Column("received_at", Instant, nullable=False),
    Column("principal", String(128), nullable=False),
    Column("request_id", String(128)),
    Column("media_type", String(128), nullable=False),
    Column("key_id", String(40), nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
    CheckConstraint("status IN ('taken', 'left-out', 'refused')", name="status"),
    Index("ix_feed_event_stay_id", "stay_id"),
    Index("ix_feed_event_received_at", "received_at"),
    Index(
        "uq_feed_event_control_id",
        "feed",
        "control_id",
        unique=True,
        sqlite_where=text("status <> 'refused'"),
        postgresql_where=text("status <> 'refused'"),
    ),
    sqlite_autoincrement=True,
    comment="What a feed sent, as received. `control_id` is the sender's own name for it (MSH-10).",
)

feed_message = Table(
    "feed_message",
    metadata,
    _id(),
    _refers("stay_id", "feed_stay"),
    Column("number", Integer, nullable=False),
    Column("receiver", String(64), nullable=False),
    Column("sender", String(64), nullable=False),
    Column("event", String(64), nullable=False),
    Column("header_id", String(64), nullable=False),
    Column("status", String(12), nullable=False),
    Column("said", JSON, nullable=False),
    Column("sent_text", String(64), nullable=False),
    Column("key_id", String(40)),
    Column("bytes", LargeBinary),
    CheckConstraint("status IN ('planned', 'sent', 'refused')", name="status"),
    UniqueConstraint("stay_id", "number"),
    sqlite_autoincrement=True,
    comment="A message written for a feed, one receiver each; its bytes only until it has been sent.",
)

feed_gap = Table(
    "feed_gap",
    metadata,
    _id(),
    _refers("stay_id", "feed_stay"),
    Column("kind", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text),
    Column("since", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(128)),
    Column("standing", Boolean, nullable=False),
    Index("ix_feed_gap_stay_id", "stay_id"),
    Index(
        "ix_feed_gap_open",
        "since",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="What a feed did not tell, so that a message could not be written. `standing`: it is so still, also where "
    "a person has settled it.",
)

cutover_item = Table(
    "cutover_item",
    metadata,
    _id(),
    Column("source", String(64), nullable=False),
    Column("target", String(64), nullable=False),
    Column("key", String(255), nullable=False),
    Column("case_id", String(255)),
    Column("municipality", String(4)),
    _refers("patient_id", "patient", nullable=True),
    Column("protected", Boolean, nullable=False, server_default=text("false")),
    Column("status", String(12), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("gaps", JSON, nullable=False),
    Column("identity", String(64)),
    Column("generation", Integer, nullable=False, server_default=text("1")),
    Column("export", String(64), nullable=False),
    Column("ticked_at", Instant),
    Column("ticked_by", String(128)),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint(
        "status IN ('waiting', 'carried', 'merged', 'refused', 'listed', 'entered', 'ended', 'vanished', "
        "'taken-back', 'to-remove', 'removed')",
        name="status",
    ),
    UniqueConstraint("source", "target", "key"),
    Index("ix_cutover_item_case_id", "case_id"),
    sqlite_autoincrement=True,
    comment="An ongoing case of a system that is left: what became of it. `export` is the sha256 of the last export "
    "that held it.",
)

cutover_message = Table(
    "cutover_message",
    metadata,
    _id(),
    _refers("item_id", "cutover_item"),
    Column("generation", Integer, nullable=False),
    Column("part", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("header_id", String(64), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("link", JSON, nullable=False),
    Column("accepted", Boolean, nullable=False),
    CheckConstraint("kind IN ('told', 'taken-back')", name="kind"),
    UniqueConstraint("item_id", "generation", "part", "revision"),
    sqlite_autoincrement=True,
    comment="A message written for a carried case: noted before it is submitted, marked once it is accepted.",
)

cutover_run = Table(
    "cutover_run",
    metadata,
    _id(),
    Column("source", String(64), nullable=False),
    Column("target", String(64), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("waves", JSON, nullable=False),
    Column("export", String(64)),
    Column("taken_text", String(64)),
    Column("principal", String(128), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("counts", JSON, nullable=False),
    sqlite_autoincrement=True,
    comment="One run of a cut-over. Without `ended_at` it was interrupted, or is under way.",
)

task = Table(
    "task",
    metadata,
    _id(),
    Column("identifier", String(255), nullable=False, unique=True),
    Column("case_id", String(255), nullable=False),
    _refers("patient_id", "patient"),
    Column("owner_party", String(64), nullable=False),
    Column("owner_unit", String(64), nullable=False),
    Column("requester_party", String(64), nullable=False),
    Column("requester_unit", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Index("ix_task_case_id", "case_id"),
    Index("ix_task_patient_id", "patient_id"),
    Index("ix_task_owner_party", "owner_party"),
    Index("ix_task_requester_party", "requester_party"),
    sqlite_autoincrement=True,
    comment="A request to take part as it stands; its content is in the message of its version.",
)

task_version = Table(
    "task_version",
    metadata,
    _id(),
    _refers("task_id", "task"),
    Column("version", Integer, nullable=False),
    _refers("message_id", "message"),
    Column("entry", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    UniqueConstraint("task_id", "version"),
    Index("ix_task_version_message_id", "message_id"),
    sqlite_autoincrement=True,
    comment="What a message changed of a Task: the entry of the message that holds it, and a hash of what it says.",
)

APPEND_ONLY = ("fact", "audit")
