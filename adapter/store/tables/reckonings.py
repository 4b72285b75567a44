"""The months of municipalities whose reckoning was published, as it was."""

from sqlalchemy import CheckConstraint, Column, String, Table, Text, UniqueConstraint

from adapter.store.tables.base import Instant, identity, metadata

frozen_month = Table(
    "frozen_month",
    metadata,
    identity(),
    Column("kommunkod", String(4), nullable=False),
    Column("month", String(7), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("frozen_at", Instant, nullable=False),
    Column("frozen_by", String(128), nullable=False),
    CheckConstraint("kind IN ('payment', 'follow-up')", name="kind"),
    UniqueConstraint("kind", "kommunkod", "month"),
    sqlite_autoincrement=True,
    comment="Append-only: figures of a month (YYYY-MM) that were made final, as JSON text; a later fact never changes "
    "them. `kommunkod` is empty for figures of all municipalities.",
)
