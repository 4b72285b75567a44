"""How fast a worker claims what is due, with few and with very many waiting:
`python benchmarks/claims.py [--database sqlite] [--streams 50000] [--waiting 1000000]`.

The database is filled by SQL: so many deliveries over so many streams to 20 endpoints, the head of each stream due, the
rest behind it. A claim takes one head in a transaction of its own, as a worker does; what was claimed is put back
between the turns. The two databases take turns. A ratio of 1 says that what waits costs nothing.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import parts
from sqlalchemy import text, update

from adapter.delivery import leases
from adapter.delivery.leases import Terms
from adapter.store import migrate, tables
from adapter.store.database import Database

ENDPOINTS = 20
FEW = 1_000

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)",
    "postgresql": "WITH n AS (SELECT generate_series(0, CAST(:count AS bigint) - 1) AS i)",
}
_FILL = (
    (":streams", "INSERT INTO patient (id, created_at) {n} SELECT i + 1, 0 FROM n"),
    (
        ":streams",
        "INSERT INTO stream (id, endpoint, receiver, patient_id, last_sequence) "
        "{n} SELECT i + 1, 'e' || (i % 20), 'kommun', i + 1, 1000000 FROM n",
    ),
    (
        ":endpoints",
        "INSERT INTO endpoint_state (endpoint, state, since) {n} SELECT 'e' || i, 'closed', 0 FROM n",
    ),
    (
        ":waiting",
        "INSERT INTO delivery (id, message_id, endpoint, receiver_party, receiver_unit, stream_id, sequence, status, "
        "blocking, holds_stream, event, media_type, config_version, created_at, next_attempt_at) "
        "{n} SELECT i + 1, 1, 'e' || ((i % :streams) % 20), 'kommun', 'u', (i % :streams) + 1, i / :streams + 1, "
        "'waiting', {true}, {true}, 'admission-notice', 'application/xml', 'c', 0, "
        "CASE WHEN i < :streams THEN i END FROM n",
    ),
)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="How fast a worker claims what is due.")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only this one")
    parser.add_argument("--streams", type=int, default=50_000)
    parser.add_argument("--waiting", type=int, default=1_000_000)
    parser.add_argument("--claims", type=int, default=200, help="of each turn (200)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (3)")
    arguments = parser.parse_args()
    print(parts.machine())
    with tempfile.TemporaryDirectory() as name:
        if arguments.database != "postgresql":
            measure("sqlite", Path(name), None, arguments)
        if arguments.database != "sqlite":
            with parts.postgresql() as server:
                measure("postgresql", Path(name), server, arguments)


def measure(kind: str, folder: Path, server: str | None, arguments: argparse.Namespace) -> None:
    """One line for a database."""
    with parts.database_url(kind, folder, server) as one, parts.database_url(kind, folder, server) as other:
        few, many = Database(one), Database(other)
        fill(few, FEW, FEW)
        fill(many, arguments.waiting, arguments.streams)
        rates: dict[str, list[tuple[float, float]]] = {"few": [], "many": []}
        for database in (few, many):
            turn(database, 20)
        for _ in range(arguments.rounds):
            rates["few"].append(turn(few, arguments.claims))
            rates["many"].append(turn(many, arguments.claims))
        ratio = statistics.median(m[0] / f[0] for m, f in zip(rates["many"], rates["few"], strict=True))
        spent = statistics.median(m[1] / f[1] for m, f in zip(rates["many"], rates["few"], strict=True))
        few_rate, many_rate = (statistics.median(rate for rate, _ in each) for each in rates.values())
        shown = f"{FEW} waiting {few_rate:.0f}/s, {arguments.waiting} waiting {many_rate:.0f}/s, ratio {ratio:.2f}"
        print(f"{kind:10} claims with {shown}; of processor time here {spent:.2f} ({parts.load()})", flush=True)
        few.close()
        many.close()


def fill(database: Database, waiting: int, streams: int) -> None:
    """So many deliveries that wait."""
    migrate.upgrade(database)
    kind = "sqlite" if database.is_sqlite else "postgresql"
    sizes = {"streams": streams, "waiting": waiting, "endpoints": ENDPOINTS}
    with database.write() as connection:
        message = {"status": "accepted", "source": "fhir", "content_hash": "h", "received_at": 0, "issues": []}
        more = {"id": 1, "http_status": 200, "size": 1, "config_version": "c"}
        connection.execute(tables.message.insert(), message | more)
        for count, statement in _FILL:
            true = "1" if database.is_sqlite else "true"
            written = statement.format(n=_NUMBERS[kind], true=true)
            given = {"count": sizes[count[1:]], **{name: sizes[name] for name in sizes if f":{name}" in written}}
            connection.execute(text(written), given)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def turn(database: Database, count: int) -> tuple[float, float]:
    """Claims in a second, and seconds of this process's processor time for each: on SQLite, all there is."""
    terms = Terms(owner="figures", at=10**9, seconds=60, limit=lambda _: 10**9, probe_seconds=60)
    began, spent = time.perf_counter(), time.process_time()
    for _ in range(count):
        assert len(database.transact(lambda connection: leases.claim(connection, terms, 1))) == 1
    rate, each = count / (time.perf_counter() - began), (time.process_time() - spent) / count
    put_back(database)
    return rate, each


def put_back(database: Database) -> None:
    """As if nothing had been claimed."""
    delivery = tables.delivery
    with database.write() as connection:
        connection.execute(tables.attempt.delete())
        running = update(delivery).where(delivery.c.status == "running")
        connection.execute(running.values(status="waiting", next_attempt_at=delivery.c.stream_id, attempts=0))


if __name__ == "__main__":
    main()
