"""A refused message is found by its id, without all others of its sender being looked through."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    refused = sa.text("status = 'rejected'")
    op.create_index(
        "ix_message_rejected_header", "message", ["header_id"], sqlite_where=refused, postgresql_where=refused
    )
