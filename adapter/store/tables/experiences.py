"""Answers of the questionnaire on the person's own experience, without the person."""

from sqlalchemy import JSON, Column, Index, String, Table

from adapter.store.tables.base import Instant, identity, metadata

experience = Table(
    "experience",
    metadata,
    identity(),
    Column("response", String(64), nullable=False, unique=True),
    Column("kommunkod", String(4), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("month", String(7), nullable=False),
    Column("answers", JSON, nullable=False),
    Column("imported_at", Instant, nullable=False),
    Column("imported_by", String(128), nullable=False),
    Index("ix_experience_month", "month"),
    sqlite_autoincrement=True,
    comment="One set of answers: question -> code. `response` is a hash of its identifier, so that none is taken "
    "twice; `kommunkod` and `unit` are empty where they are not said, or would tell where a protected person is.",
)
