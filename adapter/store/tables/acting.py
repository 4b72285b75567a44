"""What people set going beside single deliveries: replays of many, and which delivery repeats which."""

from sqlalchemy import JSON, CheckConstraint, Column, Index, Integer, String, Table, Text, text

from adapter.store.tables.base import Id, Instant, identity, metadata, refers

delivery_origin = Table(
    "delivery_origin",
    metadata,
    Column("delivery_id", Id, primary_key=True, autoincrement=False),
    refers("of_id", "delivery"),
    Column("kind", String(12), nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("kind IN ('replay', 'redirect')", name="kind"),
    Index("ix_delivery_origin_of_id", "of_id"),
    comment="A delivery that a person made of an earlier one: again to the same receiver, or by another endpoint.",
)

replay = Table(
    "replay",
    metadata,
    identity(),
    Column("created_at", Instant, nullable=False),
    Column("principal", String(128), nullable=False),
    Column("party", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("filter", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("content", String(8), nullable=False),
    Column("status", String(12), nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("refused", Integer, nullable=False, server_default=text("0")),
    Column("per_minute", Integer, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("ended_at", Instant),
    CheckConstraint("content IN ('stored', 'mapped')", name="content"),
    CheckConstraint("status IN ('running', 'paused', 'done', 'cancelled')", name="status"),
    Index(
        "ix_replay_running",
        "next_at",
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
    sqlite_autoincrement=True,
    comment="Deliveries to be sent again as one task: what was chosen, by whom, why, and how far it has come.",
)

replay_item = Table(
    "replay_item",
    metadata,
    identity(),
    refers("replay_id", "replay"),
    refers("delivery_id", "delivery"),
    refers("new_delivery_id", "delivery", nullable=True),
    Column("outcome", String(12)),
    Column("words", Text),
    Column("at", Instant),
    CheckConstraint("outcome IN ('retried', 'replayed', 'refused')", name="outcome"),
    Index("ix_replay_item_replay_id", "replay_id", "id"),
    Index(
        "ix_replay_item_open",
        "replay_id",
        "id",
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="One delivery of a replay, in the order in which they are taken.",
)
