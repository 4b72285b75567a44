"""Locks by name, where no row is there yet to be locked."""

import hashlib

from sqlalchemy import BigInteger, Connection, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY


def hold(connection: Connection, *names: str) -> None:
    """Keep others from these names until the transaction ends. Taken in an order of their own: two transactions that
    take several do not wait for each other crosswise. On SQLite a writer is alone anyhow.

    Two names may by chance share a lock, which costs a wait and nothing else.
    """
    if connection.dialect.name != "postgresql" or not names:
        return
    keys = sorted({_key(name) for name in names})
    ordered = func.unnest(cast(keys, ARRAY(BigInteger))).column_valued("key")
    connection.execute(select(func.count(func.pg_advisory_xact_lock(ordered)))).scalar_one()


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
