"""Months that were made final, as they were then: written once with who and why, never changed."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from adapter.security import audit
from adapter.security.principals import Principal
from adapter.store import tables
from adapter.support.clock import from_micros, to_micros

Kind = Literal["payment", "follow-up"]
_frozen = tables.frozen_month.c


@dataclass(frozen=True)
class Frozen:
    """A month as it was made final: `content` as it was given to `keep`; `at` is aware UTC."""

    content: dict[str, Any]
    sha256: str
    at: datetime
    by: str


def read(connection: Connection, kind: Kind, month: str, kommunkod: str = "") -> Frozen | None:
    """The figures of a month (YYYY-MM), of one municipality or of all; None where they were not made final."""
    query = select(tables.frozen_month).where(
        _frozen.kind == kind, _frozen.kommunkod == kommunkod, _frozen.month == month
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Frozen(json.loads(row.content), row.sha256, from_micros(row.frozen_at), row.frozen_by)


def keep(
    connection: Connection, kind: Kind, month: str, content: dict[str, Any], by: Principal, at: datetime, reason: str,
    kommunkod: str = "",
) -> None:  # fmt: skip
    """Make them final; audited. They must not be so before."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    values = {
        "kommunkod": kommunkod,
        "month": month,
        "kind": kind,
        "content": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "frozen_at": to_micros(at),
        "frozen_by": by.name,
    }
    connection.execute(insert(tables.frozen_month).values(values))
    subject = "/".join(filter(None, (kind, kommunkod, month)))
    audit.record(connection, by, f"{kind}-freeze", subject, to_micros(at), reason=reason)
