"""Steps of the escalation ladder that were due, and who has seen to them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = "acknowledged_at IS NULL AND ended_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "escalation",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=255), nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("trigger", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=128), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_escalation_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
        sa.UniqueConstraint("case_id", "trigger", "rule", "unit", "since", "step", name=op.f("uq_escalation_step")),
        comment="A step of the ladder, once for each occasion: `since` is when what it is about began, `ended_at` when "
        "that was over; `message_id` is the first message of the case.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_escalation_message_id", "escalation", ["message_id"], unique=False)
    op.create_index(
        "ix_escalation_open",
        "escalation",
        ["id"],
        unique=False,
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    )
