"""Spärr: whose documentation about a person others may not pull."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "block",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_block_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block")),
        comment="Spärr: a person does not want others to read what this party (or its one unit) has documented.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_block_patient_id", "block", ["patient_id"], unique=False)
