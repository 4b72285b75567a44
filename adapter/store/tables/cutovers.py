"""Ongoing cases of a system that is left, and the runs that carried them."""

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Index, Integer, String, Table, UniqueConstraint, text

from adapter.store.tables.base import Instant, identity, metadata, refers

cutover_item = Table(
    "cutover_item",
    metadata,
    identity(),
    Column("source", String(64), nullable=False),
    Column("target", String(64), nullable=False),
    Column("key", String(255), nullable=False),
    Column("case_id", String(255)),
    Column("municipality", String(4)),
    refers("patient_id", "patient", nullable=True),
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
    identity(),
    refers("item_id", "cutover_item"),
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
    identity(),
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
