"""Stays and plans by themselves, what was disclosed to whom, and subscriptions."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("principal", sa.String(length=128), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("statuses", sa.JSON(), nullable=True),
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.String(length=8), nullable=False),
        sa.Column("heartbeat", sa.Integer(), nullable=True),
        sa.Column("max_count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("last_event", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent_event", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("payload IN ('empty', 'id-only')", name=op.f("ck_subscription_payload")),
        sa.CheckConstraint("status IN ('requested', 'active', 'error', 'off')", name=op.f("ck_subscription_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        comment="Who is notified of what. It is a stream of its own: events are numbered under the lock of "
        "its row, `sent_event` is the last one that its receiver has taken.",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_subscription_due",
        "subscription",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_subscription_party", "subscription", ["party"], unique=False)
    op.create_table(
        "resource",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=600), nullable=False),
        sa.Column("case_id", sa.String(length=255), nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_resource_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("case_id", "type", "key", name=op.f("uq_resource_case_id_type_key")),
        comment="An Encounter or CarePlan that messages have told of, and the party that told of it first; "
        "its content is in the messages of its versions.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_resource_patient_id", "resource", ["patient_id"], unique=False)
    op.create_table(
        "disclosed",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("resource_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_disclosed_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosed")),
        sa.UniqueConstraint(
            "party", "type", "resource_id", "version", name=op.f("uq_disclosed_party_type_resource_id_version")
        ),
        comment="When a version of a Task (`task`) or of another resource (`resource`) came to a party: it "
        "sent the message, or the message arrived at it.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_disclosed_message_id", "disclosed", ["message_id"], unique=False)
    op.create_index("ix_disclosed_party", "disclosed", ["party", "type", "at"], unique=False)
    op.create_table(
        "resource_version",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("resource_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_resource_version_message_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_resource_version_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_version")),
        sa.UniqueConstraint("resource_id", "version", name=op.f("uq_resource_version_resource_id_version")),
        comment="What a message said anew of an Encounter or CarePlan, and a hash of it. The version in "
        "force is the one that happened last.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_resource_version_message_id", "resource_version", ["message_id"], unique=False)
    op.create_table(
        "subscription_event",
        sa.Column("subscription_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("resource_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_subscription_event_message_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_subscription_event_subscription_id")
        ),
        sa.PrimaryKeyConstraint("subscription_id", "number", name=op.f("pk_subscription_event")),
        sa.UniqueConstraint(
            "subscription_id",
            "type",
            "resource_id",
            "version",
            name=op.f("uq_subscription_event_subscription_id_type_resource_id_version"),
        ),
        comment="What a subscriber is, or was, notified of, numbered without holes.",
    )
