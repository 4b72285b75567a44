"""Replays of many deliveries, which delivery repeats which, and the stage of what a person has edited."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STAGES = "stage IN ('received', 'translated', 'outcome', 'answer', 'mapped', 'report', 'response'"


def upgrade() -> None:
    _origin()
    _replay()
    _item()
    _stage()


def _origin() -> None:
    op.create_table(
        "delivery_origin",
        sa.Column("delivery_id", ID, autoincrement=False, nullable=False),
        sa.Column("of_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('replay', 'redirect')", name=op.f("ck_delivery_origin_kind")),
        sa.ForeignKeyConstraint(["of_id"], ["delivery.id"], name=op.f("fk_delivery_origin_of_id")),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_delivery_origin")),
        comment="A delivery that a person made of an earlier one: again to the same receiver, or by another endpoint.",
    )
    op.create_index("ix_delivery_origin_of_id", "delivery_origin", ["of_id"], unique=False)


def _replay() -> None:
    op.create_table(
        "replay",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(length=128), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("content IN ('stored', 'mapped')", name=op.f("ck_replay_content")),
        sa.CheckConstraint("status IN ('running', 'paused', 'done', 'cancelled')", name=op.f("ck_replay_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replay")),
        comment="Deliveries to be sent again as one task: what was chosen, by whom, why, and how far it has come.",
        sqlite_autoincrement=True,
    )
    running = sa.text("status = 'running'")
    op.create_index("ix_replay_running", "replay", ["next_at"], sqlite_where=running, postgresql_where=running)


def _item() -> None:
    op.create_table(
        "replay_item",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("replay_id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("new_delivery_id", ID, nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("outcome IN ('retried', 'replayed', 'refused')", name=op.f("ck_replay_item_outcome")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_replay_item_delivery_id")),
        sa.ForeignKeyConstraint(["new_delivery_id"], ["delivery.id"], name=op.f("fk_replay_item_new_delivery_id")),
        sa.ForeignKeyConstraint(["replay_id"], ["replay.id"], name=op.f("fk_replay_item_replay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replay_item")),
        comment="One delivery of a replay, in the order in which they are taken.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_replay_item_replay_id", "replay_item", ["replay_id", "id"], unique=False)
    still = sa.text("outcome IS NULL")
    op.create_index(
        "ix_replay_item_open", "replay_item", ["replay_id", "id"], sqlite_where=still, postgresql_where=still
    )


def _stage() -> None:
    """One stage more, without reading or copying the bytes of every message."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute("ALTER TABLE content DROP CONSTRAINT ck_content_stage")
        op.execute(f"ALTER TABLE content ADD CONSTRAINT ck_content_stage CHECK ({_STAGES}, 'repaired')) NOT VALID")
        return
    # what SQLite gives for a wider CHECK (lang_altertable.html, 7): the statement of the table alone is changed
    version = op.get_bind().execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    statement = sa.text(
        "UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'content'"
    )
    op.execute(statement.bindparams(old=f"{_STAGES})", new=f"{_STAGES}, 'repaired')"))
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
