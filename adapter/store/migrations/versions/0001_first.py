"""The first schema.

Written out, not taken from `tables.py`: that will move on, this will not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("fact", "audit")


def upgrade() -> None:
    _alarm()
    _endpoint_state()
    _patient()
    _token()
    _worker_heartbeat()
    _audit()
    _case_state()
    _message()
    _patient_key()
    _stream()
    _delivery()
    _fact()
    _attempt()
    _content()
    for table in APPEND_ONLY:
        _append_only(table)


def _append_only(table: str) -> None:
    """The database itself refuses a change of what has been recorded."""
    refusal = f"rows of {table} are never changed or removed"
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )


def _alarm() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        comment="What needs a person: raised on transition, cleared when it no longer holds.",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_alarm_standing",
        "alarm",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )


def _endpoint_state() -> None:
    op.create_table(
        "endpoint_state",
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("consecutive_failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_probe_at", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_failure_at", sa.BigInteger(), nullable=True),
        sa.Column("last_claim_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('closed', 'open', 'tripped', 'paused')", name=op.f("ck_endpoint_state_state")),
        sa.PrimaryKeyConstraint("endpoint", name=op.f("pk_endpoint_state")),
    )


def _patient() -> None:
    op.create_table(
        "patient",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("protected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("confidential", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        comment="The surrogate: an internal number for a person, with no identity of its own.",
    )


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_token_hash")),
        sqlite_autoincrement=True,
    )


def _worker_heartbeat() -> None:
    op.create_table(
        "worker_heartbeat",
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_worker_heartbeat")),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(length=128), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=128), nullable=False),
        sa.Column("patient_id", ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_audit_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        comment="Append-only: every view of content and every action (PDL 4:3).",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_patient_id", "audit", ["patient_id"], unique=False)


def _case_state() -> None:
    op.create_table(
        "case_state",
        sa.Column("case_id", sa.String(length=255), nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_case_state_patient_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_state")),
        comment="Projection of the facts; may be thrown away and rebuilt.",
    )


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("sender_party", sa.String(length=64), nullable=True),
        sa.Column("sender_unit", sa.String(length=64), nullable=True),
        sa.Column("header_id", sa.String(length=64), nullable=True),
        sa.Column("bundle_id", sa.String(length=64), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=True),
        sa.Column("case_id", sa.String(length=255), nullable=True),
        sa.Column("patient_id", ID, nullable=True),
        sa.Column("previous_header_id", sa.String(length=64), nullable=True),
        sa.Column("answers_header_id", sa.String(length=64), nullable=True),
        sa.Column("answers_id", ID, nullable=True),
        sa.Column("assessed_at", sa.BigInteger(), nullable=True),
        sa.Column("assessed_text", sa.String(length=64), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_text", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("config_version", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=True),
        sa.Column("correlation_id", sa.String(length=128), nullable=True),
        sa.Column("principal", sa.String(length=128), nullable=True),
        sa.Column("issues", sa.JSON(), nullable=False),
        sa.Column("statutory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("status IN ('accepted', 'rejected')", name=op.f("ck_message_status")),
        sa.ForeignKeyConstraint(["answers_id"], ["message.id"], name=op.f("fk_message_answers_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_message_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_answers_id", "message", ["answers_id"], unique=False)
    op.create_index("ix_message_bundle_id", "message", ["bundle_id"], unique=False)
    op.create_index("ix_message_case_id", "message", ["case_id"], unique=False)
    op.create_index("ix_message_patient_id", "message", ["patient_id"], unique=False)
    op.create_index("ix_message_received_at", "message", ["received_at"], unique=False)
    op.create_index("ix_message_sender_party", "message", ["sender_party", "id"], unique=False)
    op.create_index(
        "uq_message_accepted_bundle",
        "message",
        ["sender_party", "bundle_id"],
        unique=True,
        sqlite_where=sa.text("status = 'accepted'"),
        postgresql_where=sa.text("status = 'accepted'"),
    )
    op.create_index(
        "uq_message_accepted_header",
        "message",
        ["sender_party", "header_id"],
        unique=True,
        sqlite_where=sa.text("status = 'accepted'"),
        postgresql_where=sa.text("status = 'accepted'"),
    )


def _patient_key() -> None:
    op.create_table(
        "patient_key",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_patient_key_patient_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_patient_key")),
        comment="Keyed hash of an identifier (system|value) -> surrogate; several identifiers may lead to one person.",
    )


def _stream() -> None:
    op.create_table(
        "stream",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("receiver", sa.String(length=64), nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_stream_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream")),
        sa.UniqueConstraint("endpoint", "receiver", "patient_id", name=op.f("uq_stream_endpoint_receiver_patient_id")),
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("receiver_party", sa.String(length=64), nullable=False),
        sa.Column("receiver_unit", sa.String(length=64), nullable=False),
        sa.Column("stream_id", ID, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("holds_stream", sa.Boolean(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("statutory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("mapping", sa.String(length=64), nullable=True),
        sa.Column("mapping_version", sa.String(length=64), nullable=True),
        sa.Column("config_version", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("held_reason", sa.String(length=64), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledgement", sa.String(length=24), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'running', 'held', 'done', 'dead', 'cancelled')", name=op.f("ck_delivery_status")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_delivery_message_id")),
        sa.ForeignKeyConstraint(["stream_id"], ["stream.id"], name=op.f("fk_delivery_stream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("stream_id", "sequence", name=op.f("uq_delivery_stream_id_sequence")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_delivery_blocking",
        "delivery",
        ["stream_id", "sequence"],
        unique=False,
        sqlite_where=sa.text("blocking = 1"),
        postgresql_where=sa.text("blocking"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["endpoint", "next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting' AND next_attempt_at IS NOT NULL"),
        postgresql_where=sa.text("status = 'waiting' AND next_attempt_at IS NOT NULL"),
    )
    op.create_index("ix_delivery_message_id", "delivery", ["message_id"], unique=False)
    op.create_index("ix_delivery_receiver_party", "delivery", ["receiver_party", "message_id"], unique=False)
    op.create_index("ix_delivery_status", "delivery", ["status"], unique=False)
    op.create_index(
        "uq_delivery_running",
        "delivery",
        ["stream_id"],
        unique=True,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )


def _fact() -> None:
    op.create_table(
        "fact",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("patient_id", ID, nullable=False),
        sa.Column("case_id", sa.String(length=255), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("sender_party", sa.String(length=64), nullable=False),
        sa.Column("sender_unit", sa.String(length=64), nullable=False),
        sa.Column("receivers", sa.JSON(), nullable=False),
        sa.Column("instants", sa.JSON(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_fact_message_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_fact_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
        comment="Append-only: what happened in a case, without its content.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fact_case_id", "fact", ["case_id"], unique=False)


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('done', 'retry', 'trip', 'dead', 'unknown')", name=op.f("ck_attempt_outcome")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_attempt_delivery_id_number")),
        comment="Every try of a delivery. Outcome `unknown`: the process ended between send and record.",
        sqlite_autoincrement=True,
    )


def _content() -> None:
    op.create_table(
        "content",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("attempt_id", ID, nullable=True),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("media_type", sa.String(length=128), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('received', 'translated', 'outcome', 'answer', 'mapped', 'report', 'response')",
            name=op.f("ck_content_stage"),
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_content_attempt_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_content_delivery_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_content_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_content_delivery_id", "content", ["delivery_id"], unique=False)
    op.create_index("ix_content_message_id", "content", ["message_id"], unique=False)
