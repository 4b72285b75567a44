"""When the bytes of a feed's event were expunged, and a quick answer to when a feed was last heard."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed_event", sa.Column("expunged_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_feed_event_feed_received_at", "feed_event", ["feed", "received_at"], unique=False)
