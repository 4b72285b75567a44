"""Feeds: what a journal system without FHIR messages told, what was written from it, and what was missing."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _stay()
    _event()
    _message()
    _gap()


def _stay() -> None:
    op.create_table(
        "feed_stay",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("feed", sa.String(64), nullable=False),
        sa.Column("stay", sa.String(128), nullable=False),
        sa.Column("patient_id", ID, nullable=True),
        sa.Column("protected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pending", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("config_version", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_feed_stay_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_stay")),
        sa.UniqueConstraint("feed", "stay", name=op.f("uq_feed_stay_feed_stay")),
        sqlite_autoincrement=True,
        comment="A stay as a feed without FHIR messages tells of it. `pending`: its messages are still to be written.",
    )
    op.create_index(
        "ix_feed_stay_pending",
        "feed_stay",
        ["id"],
        sqlite_where=sa.text("pending = 1"),
        postgresql_where=sa.text("pending"),
    )


def _event() -> None:
    op.create_table(
        "feed_event",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("feed", sa.String(64), nullable=False),
        sa.Column("control_id", sa.String(200), nullable=True),
        sa.Column("stay_id", ID, nullable=True),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(128), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=True),
        sa.Column("media_type", sa.String(128), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.CheckConstraint("status IN ('taken', 'left-out', 'refused')", name=op.f("ck_feed_event_status")),
        sa.ForeignKeyConstraint(["stay_id"], ["feed_stay.id"], name=op.f("fk_feed_event_stay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_event")),
        sqlite_autoincrement=True,
        comment="What a feed sent, as received. `control_id` is the sender's own name for it (MSH-10).",
    )
    op.create_index("ix_feed_event_stay_id", "feed_event", ["stay_id"])
    op.create_index("ix_feed_event_received_at", "feed_event", ["received_at"])
    op.create_index(
        "uq_feed_event_control_id",
        "feed_event",
        ["feed", "control_id"],
        unique=True,
        sqlite_where=sa.text("status <> 'refused'"),
        postgresql_where=sa.text("status <> 'refused'"),
    )


def _message() -> None:
    op.create_table(
        "feed_message",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("stay_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("receiver", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("header_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("sent_text", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=True),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("status IN ('planned', 'sent', 'refused')", name=op.f("ck_feed_message_status")),
        sa.ForeignKeyConstraint(["stay_id"], ["feed_stay.id"], name=op.f("fk_feed_message_stay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_message")),
        sa.UniqueConstraint("stay_id", "number", name=op.f("uq_feed_message_stay_id_number")),
        sqlite_autoincrement=True,
        comment="A message written for a feed, one receiver each; its bytes only until it has been sent.",
    )


def _gap() -> None:
    op.create_table(
        "feed_gap",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("stay_id", ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(128), nullable=True),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["stay_id"], ["feed_stay.id"], name=op.f("fk_feed_gap_stay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_gap")),
        sqlite_autoincrement=True,
        comment="What a feed did not tell, so that a message could not be written. `standing`: it is so still, also "
        "where a person has settled it.",
    )
    op.create_index("ix_feed_gap_stay_id", "feed_gap", ["stay_id"])
    op.create_index(
        "ix_feed_gap_open",
        "feed_gap",
        ["since"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
