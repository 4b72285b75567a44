"""Locks by name, where no row is there yet to be locked."""

import hashlib
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from adapter.store.statements import Statement

_keys: BindParameter[Any] = bindparam("keys", type_=ARRAY(BigInteger))
_HOLD = Statement(select(func.count(func.pg_advisory_xact_lock(func.unnest(_keys).column_valued("key")))))


def hold(connection: Connection, *names: str) -> None:
    """Keep others from these names until the transaction ends. Taken in an order of their own: two transactions that
    take several do not wait for each other crosswise. On SQLite a writer is alone anyhow.

    Two names may by chance share a lock, which costs a wait and nothing else.
    """
    if connection.dialect.name != "postgresql" or not names:
        return
    _HOLD.one(connection, {"keys": sorted({_key(name) for name in names})})


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
