"""Steps of the escalation ladder that were due: what for, who was to be told, and who has seen to it."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from adapter.store.tables.base import Instant, identity, metadata, refers

escalation = Table(
    "escalation",
    metadata,
    identity(),
    Column("case_id", String(255), nullable=False),
    refers("message_id", "message"),
    Column("trigger", String(32), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("since", Instant, nullable=False),
    Column("step", Integer, nullable=False),
    Column("recipient", String(200), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("clause", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", String(128)),
    Column("note", Text),
    UniqueConstraint("case_id", "trigger", "rule", "unit", "since", "step", name="uq_escalation_step"),
    Index("ix_escalation_message_id", "message_id"),
    Index(
        "ix_escalation_open",
        "id",
        sqlite_where=text("acknowledged_at IS NULL AND ended_at IS NULL"),
        postgresql_where=text("acknowledged_at IS NULL AND ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="A step of the ladder, once for each occasion: `since` is when what it is about began, `ended_at` when "
    "that was over; `message_id` is the first message of the case.",
)
