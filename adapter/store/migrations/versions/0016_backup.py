"""Which copies of the database have been made."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "backup",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup")),
        comment="A copy of the database that was made elsewhere: when, and who said so.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_backup_made_at", "backup", ["made_at"])
