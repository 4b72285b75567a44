"""Persons by surrogate, the keyed hashes that lead to them, and what they have blocked."""

from sqlalchemy import Boolean, Column, Index, String, Table, text

from adapter.store.tables.base import Instant, identity, metadata, refers

patient = Table(
    "patient",
    metadata,
    identity(),
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
    refers("patient_id", "patient"),
    Column("created_at", Instant, nullable=False),
    comment="Keyed hash of an identifier (system|value) -> surrogate; several identifiers may lead to one person.",
)

block = Table(
    "block",
    metadata,
    identity(),
    refers("patient_id", "patient"),
    Column("party", String(64), nullable=False),
    Column("unit", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Index("ix_block_patient_id", "patient_id"),
    sqlite_autoincrement=True,
    comment="Spärr: a person does not want others to read what this party (or its one unit) has documented.",
)
