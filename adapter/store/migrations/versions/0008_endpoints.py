"""Breakers count the last minutes, endpoints have a rate, and senders are told what became of a delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_HOUR = 3_600_000_000


def upgrade() -> None:
    _delivery()
    _endpoint()


def _delivery() -> None:
    for column in (
        sa.Column("yields", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("header_id", sa.String(length=64), nullable=True),
        sa.Column("tried_from", sa.BigInteger(), nullable=True),
        sa.Column("tell_at", sa.BigInteger(), nullable=True),
        sa.Column("reported", sa.String(length=12), nullable=True),
        sa.Column("reported_at", sa.BigInteger(), nullable=True),
    ):
        op.add_column("delivery", column)
    op.create_index(
        "ix_delivery_tell",
        "delivery",
        ["tell_at"],
        unique=False,
        sqlite_where=sa.text("tell_at IS NOT NULL"),
        postgresql_where=sa.text("tell_at IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_told",
        "delivery",
        ["endpoint"],
        unique=False,
        sqlite_where=sa.text("reported IN ('held', 'failed')"),
        postgresql_where=sa.text("reported IN ('held', 'failed')"),
    )
    op.execute(
        f"UPDATE delivery SET tell_at = created_at + {_HOUR} "  # noqa: S608 - a number of ours
        "WHERE status IN ('waiting', 'running', 'held') AND event <> 'acknowledgement'"
    )


def _endpoint() -> None:
    for column in (
        sa.Column("recovered_at", sa.BigInteger(), nullable=True),
        sa.Column("rate_at", sa.BigInteger(), nullable=True),
        sa.Column("down_total", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    ):
        op.add_column("endpoint_state", column)
    op.create_table(
        "endpoint_outcome",
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "slot", name=op.f("pk_endpoint_outcome")),
        comment="Tries of the last minutes, rolled up: a ring of slots, each used again for a later period.",
    )
