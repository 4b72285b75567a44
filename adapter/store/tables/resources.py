"""Stays and plans that messages have told of, what was disclosed of them and of Tasks to whom, and who is notified."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from adapter.store.tables.base import Id, Instant, identity, metadata, refers

resource = Table(
    "resource",
    metadata,
    identity(),
    Column("type", String(32), nullable=False),
    Column("key", String(600), nullable=False),
    Column("case_id", String(255), nullable=False),
    refers("patient_id", "patient"),
    Column("party", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("case_id", "type", "key"),
    Index("ix_resource_patient_id", "patient_id"),
    sqlite_autoincrement=True,
    comment="An Encounter or CarePlan that messages have told of, and the party that told of it first; its content is "
    "in the messages of its versions.",
)

resource_version = Table(
    "resource_version",
    metadata,
    identity(),
    refers("resource_id", "resource"),
    Column("version", Integer, nullable=False),
    refers("message_id", "message"),
    Column("status", String(32)),
    Column("digest", String(64), nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    UniqueConstraint("resource_id", "version"),
    Index("ix_resource_version_message_id", "message_id"),
    sqlite_autoincrement=True,
    comment="What a message said anew of an Encounter or CarePlan, and a hash of it. The version in force is the one "
    "that happened last.",
)

disclosed = Table(
    "disclosed",
    metadata,
    identity(),
    Column("party", String(64), nullable=False),
    Column("type", String(32), nullable=False),
    Column("resource_id", Id, nullable=False),
    Column("version", Integer, nullable=False),
    refers("message_id", "message"),
    Column("at", Instant, nullable=False),
    UniqueConstraint("party", "type", "resource_id", "version"),
    Index("ix_disclosed_party", "party", "type", "at"),
    Index("ix_disclosed_message_id", "message_id"),
    sqlite_autoincrement=True,
    comment="When a version of a Task (`task`) or of another resource (`resource`) came to a party: it sent the "
    "message, or the message arrived at it.",
)

subscription = Table(
    "subscription",
    metadata,
    identity(),
    Column("party", String(64), nullable=False),
    Column("principal", String(128), nullable=False),
    Column("topic", String(40), nullable=False),
    Column("statuses", JSON),
    Column("endpoint", String(64), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("payload", String(8), nullable=False),
    Column("heartbeat", Integer),
    Column("max_count", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ends_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("status", String(12), nullable=False),
    Column("error", Text),
    Column("last_event", BigInteger, nullable=False, server_default=text("0")),
    Column("sent_event", BigInteger, nullable=False, server_default=text("0")),
    Column("step", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Instant),
    Column("sent_at", Instant),
    Column("lease_token", BigInteger, nullable=False, server_default=text("0")),
    Column("lease_expires_at", Instant),
    Column("sent_total", BigInteger, nullable=False, server_default=text("0")),
    Column("failed_total", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("status IN ('requested', 'active', 'error', 'off')", name="status"),
    CheckConstraint("payload IN ('empty', 'id-only')", name="payload"),
    Index("ix_subscription_party", "party"),
    Index(
        "ix_subscription_due",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
    comment="Who is notified of what. It is a stream of its own: events are numbered under the lock of its row, "
    "`sent_event` is the last one that its receiver has taken.",
)

subscription_event = Table(
    "subscription_event",
    metadata,
    Column("subscription_id", Id, ForeignKey("subscription.id"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String(32), nullable=False),
    Column("resource_id", Id, nullable=False),
    Column("version", Integer, nullable=False),
    refers("message_id", "message"),
    Column("at", Instant, nullable=False),
    UniqueConstraint("subscription_id", "type", "resource_id", "version"),
    Index("ix_subscription_event_message_id", "message_id"),
    comment="What a subscriber is, or was, notified of, numbered without holes.",
)
