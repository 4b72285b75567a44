"""Tasks as they stand, and which message changed what of them: to be read and answered one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _task()
    _version()


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("identifier", sa.String(length=255), nullable=False),
        sa.Column("case_id", sa.String(length=255), nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("owner_party", sa.String(length=64), nullable=False),
        sa.Column("owner_unit", sa.String(length=64), nullable=False),
        sa.Column("requester_party", sa.String(length=64), nullable=False),
        sa.Column("requester_unit", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_task_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("identifier", name=op.f("uq_task_identifier")),
        comment="A request to take part as it stands; its content is in the message of its version.",
        sqlite_autoincrement=True,
    )
    for column in ("case_id", "patient_id", "owner_party", "requester_party"):
        op.create_index(f"ix_task_{column}", "task", [column], unique=False)


def _version() -> None:
    op.create_table(
        "task_version",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("task_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_task_version_message_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_version_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_version")),
        sa.UniqueConstraint("task_id", "version", name=op.f("uq_task_version_task_id_version")),
        comment="What a message changed of a Task: the entry of the message that holds it, and a hash of what it says.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_task_version_message_id", "task_version", ["message_id"], unique=False)
