"""Plans fetched from others: sources, the cases that they are asked about, and the versions seen."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _source()
    _question()
    _version()


def _source() -> None:
    op.create_table(
        "plan_source",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_failure_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_plan_source")),
        comment="A system whose plans are fetched: who asks it now, and how it answered last.",
    )


def _question() -> None:
    op.create_table(
        "plan_question",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=255), nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_plan_question_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_question")),
        sa.UniqueConstraint("source", "case_id", name=op.f("uq_plan_question_source_case_id")),
        comment="A case that a source is asked about. `since`: the newest update that the source has told of.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plan_question_due", "plan_question", ["source", "next_at"], unique=False)


def _version() -> None:
    op.create_table(
        "plan_version",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=255), nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("plan", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("event", sa.String(length=64), nullable=True),
        sa.Column("header_id", sa.String(length=64), nullable=True),
        sa.Column("sender", sa.String(length=64), nullable=True),
        sa.Column("receivers", sa.JSON(), nullable=True),
        sa.Column("sent_text", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=40), nullable=True),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.Column("config_version", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=128), nullable=True),
        sa.CheckConstraint("status IN ('planned', 'sent', 'gap')", name=op.f("ck_plan_version_status")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_plan_version_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_version")),
        sa.UniqueConstraint(
            "source", "case_id", "plan", "version", name=op.f("uq_plan_version_source_case_id_plan_version")
        ),
        comment="A version of a plan that a source gave, once: written into the case, or why not. `plan` and "
        "`version` are hashes; the bytes are kept only until the message has been taken in.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plan_version_patient_id", "plan_version", ["patient_id"], unique=False)
    op.create_index(
        "ix_plan_version_gap",
        "plan_version",
        ["source", "seen_at"],
        unique=False,
        sqlite_where=sa.text("status = 'gap' AND ended_at IS NULL"),
        postgresql_where=sa.text("status = 'gap' AND ended_at IS NULL"),
    )
