"""Tasks as they stand, and the message of each version."""

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from adapter.store.tables.base import Instant, identity, metadata, refers

task = Table(
    "task",
    metadata,
    identity(),
    Column("identifier", String(255), nullable=False, unique=True),
    Column("case_id", String(255), nullable=False),
    refers("patient_id", "patient"),
    Column("owner_party", String(64), nullable=False),
    Column("owner_unit", String(64), nullable=False),
    Column("requester_party", String(64), nullable=False),
    Column("requester_unit", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Index("ix_task_case_id", "case_id"),
    Index("ix_task_patient_id", "patient_id"),
    Index("ix_task_owner_party", "owner_party"),
    Index("ix_task_requester_party", "requester_party"),
    sqlite_autoincrement=True,
    comment="A request to take part as it stands; its content is in the message of its version.",
)

task_version = Table(
    "task_version",
    metadata,
    identity(),
    refers("task_id", "task"),
    Column("version", Integer, nullable=False),
    refers("message_id", "message"),
    Column("entry", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    UniqueConstraint("task_id", "version"),
    Index("ix_task_version_message_id", "message_id"),
    sqlite_autoincrement=True,
    comment="What a message changed of a Task: the entry of the message that holds it, and a hash of what it says.",
)
