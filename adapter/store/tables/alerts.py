"""How people are told of alarms: what happened, to whom it goes, and in which message; and numbers rolled up."""

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Float, Index, Integer, String, Table, Text, text

from adapter.store.tables.base import Id, Instant, identity, metadata, refers

alert = Table(
    "alert",
    metadata,
    identity(),
    Column("alarm_id", Id, nullable=False),
    Column("cleared", Boolean, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("statutory", Boolean, nullable=False),
    Column("since", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("planned_at", Instant),
    Index("ix_alert_alarm_id", "alarm_id"),
    Index(
        "ix_alert_unplanned",
        "id",
        sqlite_where=text("planned_at IS NULL"),
        postgresql_where=text("planned_at IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="An alarm was raised or cleared: written in the transaction that did so, told of by a worker.",
)

alert_message = Table(
    "alert_message",
    metadata,
    identity(),
    Column("uid", String(36), nullable=False, unique=True),
    Column("recipient", String(64), nullable=False),
    Column("content", JSON, nullable=False),
    Column("status", String(12), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("error", Text),
    CheckConstraint("status IN ('waiting', 'sent', 'abandoned')", name="status"),
    Index("ix_alert_message_recipient", "recipient", "created_at"),
    Index(
        "ix_alert_message_waiting",
        "next_attempt_at",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
    sqlite_autoincrement=True,
    comment="One e-mail or call to one recipient, about one alert or several; `uid` is the same at each try.",
)

alert_item = Table(
    "alert_item",
    metadata,
    identity(),
    refers("alert_id", "alert"),
    Column("recipient", String(64), nullable=False),
    Column("due_at", Instant, nullable=False),
    refers("alert_message_id", "alert_message", nullable=True),
    Column("dropped_at", Instant),
    Index("ix_alert_item_alert_id", "alert_id"),
    Index("ix_alert_item_alert_message_id", "alert_message_id"),
    Index(
        "ix_alert_item_open",
        "recipient",
        "due_at",
        sqlite_where=text("alert_message_id IS NULL AND dropped_at IS NULL"),
        postgresql_where=text("alert_message_id IS NULL AND dropped_at IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="An alert that a recipient is to be told of, not before `due_at`; dropped where it was over before.",
)

gauge = Table(
    "gauge",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("label", String(64), primary_key=True),
    Column("value", Float, nullable=False),
    Column("at", Instant, nullable=False),
    comment="Numbers of the whole installation, rolled up every few seconds for whoever scrapes them.",
)
