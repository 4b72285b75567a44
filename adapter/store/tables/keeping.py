"""How long things are kept and whether they are whole: expunging, the daily ledger, and which database this is."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, Integer, String, Table, Text, text

from adapter.store.tables.base import Instant, identity, metadata

expunge_run = Table(
    "expunge_run",
    metadata,
    identity(),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("principal", String(128), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("places", JSON, nullable=False),
    Index(
        "ix_expunge_run_open",
        "id",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="One round of expunging what is too old. `counts` is what went, `places` how far each step has come.",
)

ledger_day = Table(
    "ledger_day",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("last_message_id", BigInteger, nullable=False),
    Column("last_delivery_id", BigInteger, nullable=False),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in (
            "accepted",
            "rejected",
            "deliveries",
            "delivered",
            "dead",
            "cancelled",
            "held",
            "waiting",
            "expunged",
            "removed",
        )
    ),
    Column("closed_at", Instant, nullable=False),
    Column("settled_at", Instant),
    comment="The messages and deliveries of a day: those numbered after the day before, up to these. The states are of "
    "the day's own deliveries, counted anew until none is open (`settled_at`). `removed` are refused messages whose "
    "rows are gone.",
)

installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("identity", String(36), nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("marked_at", Instant, nullable=False),
    CheckConstraint("id = 1", name="one"),
    comment="Which database this is, and a number that only grows: a file outside the database holds it too, so that "
    "a database that was put back is known by it.",
)

restoration = Table(
    "restoration",
    metadata,
    identity(),
    Column("cause", String(12), nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("gap_from", Instant),
    Column("gap_to", Instant),
    Column("resumed_at", Instant),
    Column("resumed_by", String(128)),
    Column("reason", Text),
    CheckConstraint("cause IN ('copy', 'older', 'other', 'said')", name="cause"),
    Index(
        "uq_restoration_open",
        "cause",
        unique=True,
        sqlite_where=text("resumed_at IS NULL"),
        postgresql_where=text("resumed_at IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="The database was put back from a copy: nothing is sent until a person has resumed. What was accepted and "
    "sent in the gap is not known.",
)

backup = Table(
    "backup",
    metadata,
    identity(),
    Column("made_at", Instant, nullable=False),
    Column("principal", String(128), nullable=False),
    Index("ix_backup_made_at", "made_at"),
    sqlite_autoincrement=True,
    comment="A copy of the database that was made elsewhere: when, and who said so.",
)
