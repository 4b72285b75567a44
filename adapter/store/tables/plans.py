"""Plans that the adapter fetches from others: whom it asks about, what it has seen, and what could not be carried."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from adapter.store.tables.base import Instant, identity, metadata, refers

plan_source = Table(
    "plan_source",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("lease_owner", String(64)),
    Column("lease_expires_at", Instant),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("not_before", Instant),
    Column("last_success_at", Instant),
    Column("last_failure_at", Instant),
    Column("reason", Text),
    comment="A system whose plans are fetched: who asks it now, and how it answered last.",
)

plan_question = Table(
    "plan_question",
    metadata,
    identity(),
    Column("source", String(64), nullable=False),
    Column("case_id", String(255), nullable=False),
    refers("patient_id", "patient"),
    Column("next_at", Instant, nullable=False),
    Column("asked_at", Instant),
    Column("since", String(64)),
    UniqueConstraint("source", "case_id"),
    Index("ix_plan_question_due", "source", "next_at"),
    sqlite_autoincrement=True,
    comment="A case that a source is asked about. `since`: the newest update that the source has told of.",
)

plan_version = Table(
    "plan_version",
    metadata,
    identity(),
    Column("source", String(64), nullable=False),
    Column("case_id", String(255), nullable=False),
    refers("patient_id", "patient"),
    Column("plan", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("status", String(12), nullable=False),
    Column("kind", String(32)),
    Column("reason", Text),
    Column("event", String(64)),
    Column("header_id", String(64)),
    Column("sender", String(64)),
    Column("receivers", JSON),
    Column("sent_text", String(64)),
    Column("key_id", String(40)),
    Column("bytes", LargeBinary),
    Column("config_version", String(64), nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(128)),
    CheckConstraint("status IN ('planned', 'sent', 'gap')", name="status"),
    UniqueConstraint("source", "case_id", "plan", "version"),
    Index("ix_plan_version_patient_id", "patient_id"),
    Index(
        "ix_plan_version_gap",
        "source",
        "seen_at",
        sqlite_where=text("status = 'gap' AND ended_at IS NULL"),
        postgresql_where=text("status = 'gap' AND ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="A version of a plan that a source gave, once: written into the case, or why not. `plan` and `version` are "
    "hashes; the bytes are kept only until the message has been taken in.",
)
