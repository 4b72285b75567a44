"""Answers on the person's own experience; the facts of a person by event, for the follow-up."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "experience",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("response", sa.String(length=64), nullable=False),
        sa.Column("kommunkod", sa.String(length=4), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.Column("imported_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experience")),
        sa.UniqueConstraint("response", name=op.f("uq_experience_response")),
        comment="One set of answers: question -> code. `response` is a hash of its identifier, so that none is taken "
        "twice; `kommunkod` and `unit` are empty where they are not said, or would tell where a protected person is.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_experience_month", "experience", ["month"], unique=False)
    op.create_index("ix_fact_patient_id", "fact", ["patient_id", "event", "recorded_at"], unique=False)
