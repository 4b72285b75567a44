"""What is looked for finds an index: refused messages by their id, the facts of messages, and what refers to rows that
retention removes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    refused, answered = sa.text("status = 'rejected'"), sa.text("attempt_id IS NOT NULL")
    op.create_index(
        "ix_message_rejected_header", "message", ["header_id"], sqlite_where=refused, postgresql_where=refused
    )
    op.create_index("ix_fact_message_id", "fact", ["message_id"])
    op.create_index(
        "ix_content_attempt_id", "content", ["attempt_id"], sqlite_where=answered, postgresql_where=answered
    )
    op.create_index("ix_subscription_event_message_id", "subscription_event", ["message_id"])
