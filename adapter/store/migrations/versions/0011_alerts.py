"""Alarms are told of: alerts, their recipients and messages; when to look at a case again; numbers rolled up."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("alarm", sa.Column("statutory", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("alarm", sa.Column("confirmed_at", sa.BigInteger(), nullable=True))
    op.add_column("case_state", sa.Column("look_at", sa.BigInteger(), server_default=sa.text("0"), nullable=True))
    _partial("ix_case_state_look_at", "case_state", ["look_at"], "look_at IS NOT NULL")
    _alert()
    _alert_message()
    _alert_item()
    op.create_table(
        "gauge",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", name=op.f("pk_gauge")),
        comment="Numbers of the whole installation, rolled up every few seconds for whoever scrapes them.",
    )


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("alarm_id", ID, nullable=False),
        sa.Column("cleared", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        comment="An alarm was raised or cleared: written in the transaction that did so, told of by a worker.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_alarm_id", "alert", ["alarm_id"], unique=False)
    _partial("ix_alert_unplanned", "alert", ["id"], "planned_at IS NULL")


def _alert_message() -> None:
    op.create_table(
        "alert_message",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('waiting', 'sent', 'abandoned')", name=op.f("ck_alert_message_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_message")),
        sa.UniqueConstraint("uid", name=op.f("uq_alert_message_uid")),
        comment="One e-mail or call to one recipient, about one alert or several; `uid` is the same at each try.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_message_recipient", "alert_message", ["recipient", "created_at"], unique=False)
    _partial("ix_alert_message_waiting", "alert_message", ["next_attempt_at"], "status = 'waiting'")


def _alert_item() -> None:
    op.create_table(
        "alert_item",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", ID, nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("alert_message_id", ID, nullable=True),
        sa.Column("dropped_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_item_alert_id")),
        sa.ForeignKeyConstraint(
            ["alert_message_id"], ["alert_message.id"], name=op.f("fk_alert_item_alert_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_item")),
        comment="An alert that a recipient is to be told of, not before `due_at`; dropped where it was over before.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_item_alert_id", "alert_item", ["alert_id"], unique=False)
    op.create_index("ix_alert_item_alert_message_id", "alert_item", ["alert_message_id"], unique=False)
    _partial(
        "ix_alert_item_open", "alert_item", ["recipient", "due_at"], "alert_message_id IS NULL AND dropped_at IS NULL"
    )


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
