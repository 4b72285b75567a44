"""Bearer tokens: issued once in clear, kept only as a hash, always expiring.

A token is 256 random bits, so a plain SHA-256 is enough (nothing to guess, nothing to salt), and looking the hash up
leaks no timing that helps an attacker: he cannot steer the hash of what he sends.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, insert, select, update

from adapter.security import audit
from adapter.security.principals import LOCAL_OPERATOR, Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import AdapterError, NotFoundError

PREFIX = "da_"
"""Lets secret scanners and log filters know one of ours."""
LONGEST_LIFE = timedelta(days=400)
"""A year and time to change it: a token that never ends is never looked after."""
_BYTES = 32
_SHAPE = re.compile(r"da_[A-Za-z0-9_-]{43}")
_MAX_LABEL = 100


@dataclass(frozen=True)
class TokenRow:
    """A token without its secret. Instants are aware UTC; `party` is a party id of the directory."""

    id: int
    label: str
    party: str
    rights: frozenset[Right]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def valid(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class Tokens:
    """Issue, recognise and revoke tokens. `by` is who answers for it in the audit."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def issue(
        self,
        party: str,
        rights: Iterable[Right | str],
        expires_at: datetime,
        label: str,
        *,
        by: Principal = LOCAL_OPERATOR,
    ) -> str:
        """A new token in clear: shown this once, not recoverable.

        Raises AdapterError for an unknown right, no right at all, an empty or overlong label, or an expiry that is
        past or more than 400 days away. That the party exists is the caller's to check.
        """
        now = self._clock.now()
        granted = _rights(rights)
        _check_label(label)
        if not now < expires_at <= now + LONGEST_LIFE:
            raise AdapterError(f"a token must expire after now and within {LONGEST_LIFE.days} days")
        clear = PREFIX + secrets.token_urlsafe(_BYTES)
        values = {
            "hash": _hash(clear),
            "label": label,
            "party": party,
            "rights": sorted(granted),
            "created_at": to_micros(now),
            "expires_at": to_micros(expires_at),
        }
        with self._database.write() as connection:
            token_id = connection.execute(insert(tables.token).values(values).returning(tables.token.c.id)).scalar_one()
            audit.record(
                connection,
                by,
                "token-issue",
                f"token/{token_id}",
                to_micros(now),
                label=label,
                party=party,
                rights=sorted(granted),
                expires_at=expires_at.isoformat(),
            )
        return clear

    def authenticate(self, bearer: str) -> TokenRow | None:
        """The token behind a bearer value; None where it is malformed, unknown, expired or revoked."""
        if not _SHAPE.fullmatch(bearer):
            return None
        with self._database.ask() as connection:
            query = select(tables.token).where(tables.token.c.hash == _hash(bearer))
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        found = _row(row)
        return found if found.valid(self._clock.now()) else None

    def revoke(self, token_id: int, *, by: Principal = LOCAL_OPERATOR) -> None:
        """End a token from now on; revoking twice changes nothing. Raises NotFoundError for an unknown id."""
        now = to_micros(self._clock.now())
        with self._database.write() as connection:
            query = select(tables.token.c.revoked_at).where(tables.token.c.id == token_id)
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFoundError(f"there is no token {token_id}")
            if row.revoked_at is None:
                connection.execute(update(tables.token).where(tables.token.c.id == token_id).values(revoked_at=now))
                audit.record(connection, by, "token-revoke", f"token/{token_id}", now)

    def list(self) -> list[TokenRow]:
        """Every token ever issued, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(tables.token).order_by(tables.token.c.id)).mappings()
            return [_row(row) for row in rows]


def _hash(clear: str) -> str:
    return hashlib.sha256(clear.encode()).hexdigest()


def _rights(rights: Iterable[Right | str]) -> frozenset[Right]:
    known = {right.value for right in Right}
    named = {str(right) for right in rights}
    if unknown := sorted(named - known):
        raise AdapterError(f"unknown right {', '.join(unknown)}: the rights are {', '.join(sorted(known))}")
    if not named:
        raise AdapterError("a token needs at least one right")
    return frozenset(map(Right, named))


def _check_label(label: str) -> None:
    if not label.strip() or len(label) > _MAX_LABEL or not label.isprintable():
        raise AdapterError(f"a token needs a label of 1 to {_MAX_LABEL} printable characters: it names the caller")


def _row(values: RowMapping) -> TokenRow:
    revoked = values["revoked_at"]
    return TokenRow(
        id=values["id"],
        label=values["label"],
        party=values["party"],
        rights=frozenset(map(Right, values["rights"])),
        created_at=from_micros(values["created_at"]),
        expires_at=from_micros(values["expires_at"]),
        revoked_at=None if revoked is None else from_micros(revoked),
    )
