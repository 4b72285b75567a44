"""Expunging with its rounds, the daily ledger, and what a database that was put back is known by."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SUMS = (
    "accepted",
    "rejected",
    "deliveries",
    "delivered",
    "dead",
    "cancelled",
    "held",
    "waiting",
    "expunged",
    "removed",
)


def upgrade() -> None:
    op.add_column("message", sa.Column("expunged_at", sa.BigInteger(), nullable=True))
    kept = sa.text("expunged_at IS NULL")
    op.create_index(
        "ix_message_kept", "message", ["status", "received_at", "id"], sqlite_where=kept, postgresql_where=kept
    )
    _expunging()
    _ledger()
    _restoring()


def _expunging() -> None:
    op.create_table(
        "expunge_run",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("principal", sa.String(length=128), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expunge_run")),
        comment="One round of expunging what is too old. `counts` is what went, `places` how far each step has come.",
        sqlite_autoincrement=True,
    )
    still = sa.text("ended_at IS NULL")
    op.create_index("ix_expunge_run_open", "expunge_run", ["id"], sqlite_where=still, postgresql_where=still)


def _ledger() -> None:
    op.create_table(
        "ledger_day",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("last_message_id", sa.BigInteger(), nullable=False),
        sa.Column("last_delivery_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False) for name in _SUMS),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ledger_day")),
        comment="The messages and deliveries of a day: those numbered after the day before, up to these. The states "
        "are of the day's own deliveries, counted anew until none is open (`settled_at`). `removed` are refused "
        "messages whose rows are gone.",
    )


def _restoring() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.String(length=36), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("marked_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        comment="Which database this is, and a number that only grows: a file outside the database holds it too, so "
        "that a database that was put back is known by it.",
    )
    op.create_table(
        "restoration",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("cause", sa.String(length=12), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("gap_from", sa.BigInteger(), nullable=True),
        sa.Column("gap_to", sa.BigInteger(), nullable=True),
        sa.Column("resumed_at", sa.BigInteger(), nullable=True),
        sa.Column("resumed_by", sa.String(length=128), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("cause IN ('copy', 'older', 'other', 'said')", name=op.f("ck_restoration_cause")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restoration")),
        comment="The database was put back from a copy: nothing is sent until a person has resumed. What was accepted "
        "and sent in the gap is not known.",
        sqlite_autoincrement=True,
    )
    still = sa.text("resumed_at IS NULL")
    op.create_index(
        "uq_restoration_open", "restoration", ["cause"], unique=True, sqlite_where=still, postgresql_where=still
    )
