"""Tokens, the audit trail, and what needs a person."""

from sqlalchemy import JSON, Boolean, Column, Index, String, Table, Text, text

from adapter.store.tables.base import Instant, identity, metadata, refers

token = Table(
    "token",
    metadata,
    identity(),
    Column("hash", String(64), nullable=False, unique=True),
    Column("label", String(128), nullable=False),
    Column("party", String(64), nullable=False),
    Column("rights", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    identity(),
    Column("at", Instant, nullable=False),
    Column("principal", String(128), nullable=False),
    Column("party", String(64), nullable=False),
    Column("action", String(40), nullable=False),
    Column("object", String(128), nullable=False),
    refers("patient_id", "patient", nullable=True),
    Column("reason", Text),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_patient_id", "patient_id"),
    Index("ix_audit_at", "at"),
    sqlite_autoincrement=True,
    comment="Append-only: every view of content and every action (PDL 4:3).",
)

alarm = Table(
    "alarm",
    metadata,
    identity(),
    Column("kind", String(40), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("cleared_at", Instant),
    Column("reason", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("statutory", Boolean, nullable=False, server_default=text("false")),
    Column("confirmed_at", Instant),
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
