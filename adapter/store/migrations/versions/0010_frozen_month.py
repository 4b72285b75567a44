"""Months whose figures were made final, which the database itself keeps as they are; facts by event and time."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REFUSAL = "rows of frozen_month are never changed or removed"


def upgrade() -> None:
    op.create_table(
        "frozen_month",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kommunkod", sa.String(length=4), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.Column("frozen_by", sa.String(length=128), nullable=False),
        sa.CheckConstraint("kind IN ('payment', 'follow-up')", name=op.f("ck_frozen_month_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frozen_month")),
        sa.UniqueConstraint("kind", "kommunkod", "month", name=op.f("uq_frozen_month_kind_kommunkod_month")),
        comment="Append-only: figures of a month (YYYY-MM) that were made final, as JSON text; a later fact never "
        "changes them. `kommunkod` is empty for figures of all municipalities.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fact_event", "fact", ["event", "recorded_at"], unique=False)
    _append_only()


def _append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER frozen_month_no_{action.lower()} BEFORE {action} ON frozen_month "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION frozen_month_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER frozen_month_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON frozen_month "
        "FOR EACH STATEMENT EXECUTE FUNCTION frozen_month_append_only()"
    )
