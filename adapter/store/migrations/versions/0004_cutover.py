"""Cut-over: what became of each ongoing case of a system that is left."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _item()
    _message()
    _run()


def _item() -> None:
    op.create_table(
        "cutover_item",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("case_id", sa.String(length=255), nullable=True),
        sa.Column("municipality", sa.String(length=4), nullable=True),
        sa.Column("patient_id", ID, nullable=True),
        sa.Column("protected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=True),
        sa.Column("generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("export", sa.String(length=64), nullable=False),
        sa.Column("ticked_at", sa.BigInteger(), nullable=True),
        sa.Column("ticked_by", sa.String(length=128), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting', 'carried', 'merged', 'refused', 'listed', 'entered', 'ended', 'vanished', "
            "'taken-back', 'to-remove', 'removed')",
            name=op.f("ck_cutover_item_status"),
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_cutover_item_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cutover_item")),
        sa.UniqueConstraint("source", "target", "key", name=op.f("uq_cutover_item_source_target_key")),
        comment="An ongoing case of a system that is left: what became of it. `export` is the sha256 of the last "
        "export that held it.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cutover_item_case_id", "cutover_item", ["case_id"], unique=False)


def _message() -> None:
    op.create_table(
        "cutover_message",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("header_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("link", sa.JSON(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('told', 'taken-back')", name=op.f("ck_cutover_message_kind")),
        sa.ForeignKeyConstraint(["item_id"], ["cutover_item.id"], name=op.f("fk_cutover_message_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cutover_message")),
        sa.UniqueConstraint("header_id", name=op.f("uq_cutover_message_header_id")),
        sa.UniqueConstraint(
            "item_id",
            "generation",
            "part",
            "revision",
            name=op.f("uq_cutover_message_item_id_generation_part_revision"),
        ),
        comment="A message written for a carried case: noted before it is submitted, marked once it is accepted.",
        sqlite_autoincrement=True,
    )


def _run() -> None:
    op.create_table(
        "cutover_run",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("waves", sa.JSON(), nullable=False),
        sa.Column("export", sa.String(length=64), nullable=True),
        sa.Column("taken_text", sa.String(length=64), nullable=True),
        sa.Column("principal", sa.String(length=128), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cutover_run")),
        comment="One run of a cut-over. Without `ended_at` it was interrupted, or is under way.",
        sqlite_autoincrement=True,
    )
