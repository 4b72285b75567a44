"""From a person's identifiers to the surrogate, through keyed hashes: the store holds no identifier to search by.

Rotation: add the new key as second everywhere, then make it first everywhere. Hashes under older keys are still found;
each person seen again is also written under the first key.
"""

import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, insert, select

from adapter.store import locks, tables
from adapter.store.statements import Statement
from adapter.support.errors import AdapterError

Identifier = tuple[str, str]
"""(system, value), as in FHIR Identifier."""
_MAX_IDENTIFIERS = 100
_key = tables.patient_key.c
_PERSON = Statement(insert(tables.patient).returning(tables.patient.c.id))
_KEY = Statement(insert(tables.patient_key))
_KNOWN = Statement(select(_key.hash, _key.patient_id).where(_key.hash.in_(bindparam("hashes", expanding=True))))


class IdentityError(AdapterError):
    """The identifiers do not lead to one person."""


class IdentityConflictError(IdentityError):
    """The identifiers of one Patient lead to two persons already known apart: a person must decide."""


class Pseudonyms:
    """`keys` are (key id, secret bytes), the current key first."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        if not keys:
            raise ValueError("pseudonyms need at least one key")
        self._keys = list(keys)

    def hashes(self, system: str, value: str) -> list[tuple[str, str]]:
        """(key id, hex HMAC-SHA256) under every key, the current one first."""
        # the length keeps ("a|b", "c") and ("a", "b|c") apart
        text = f"{len(system)}:{system}|{value}".encode()
        return [(key_id, hmac.new(key, text, hashlib.sha256).hexdigest()) for key_id, key in self._keys]

    def find(self, connection: Connection, identifiers: Sequence[Identifier]) -> int | None:
        """The surrogate that the identifiers lead to, or None. Raises IdentityConflictError where they lead to two."""
        return self._one(self._known(connection, self._hashed(identifiers)))

    def look_up(self, connection: Connection, identifiers: Sequence[Identifier]) -> int | None:
        """As `find`, but None too where they lead to two: nobody is found then."""
        try:
            return self.find(connection, identifiers)
        except IdentityError:
            return None

    def surrogate(self, connection: Connection, identifiers: Sequence[Identifier], at: int) -> int:
        """The surrogate of the person with these identifiers, made where there is none; all of them lead to it after.

        `at` in UTC microseconds. Raises IdentityConflictError where they lead to two persons, IdentityError for none
        (an unnamed person could never be met again) or more than 100 identifiers.
        """
        if not 0 < len(identifiers) <= _MAX_IDENTIFIERS:
            raise IdentityError(
                f"the patient has {len(identifiers)} identifiers with system and value: "
                f"expected 1 to {_MAX_IDENTIFIERS}"
            )
        hashed = self._hashed(identifiers)
        known = self._known(connection, hashed)
        patient_id = self._one(known)
        current = {hash_ for hash_, key_id in hashed.items() if key_id == self._keys[0][0]}
        if patient_id is not None and current <= known.keys():
            return patient_id
        # under every key: while keys change, another process may name the same person by another one
        locks.hold(connection, *hashed)
        return self._link(connection, hashed, current, at)

    def _link(self, connection: Connection, hashed: dict[str, str], current: set[str], at: int) -> int:
        known = self._known(connection, hashed)
        patient_id = self._one(known)
        if patient_id is None:
            patient_id = _PERSON.one(connection, {"created_at": at}).id
        row = {"patient_id": patient_id, "created_at": at}
        missing = sorted(current - known.keys())
        _KEY.run_each(connection, [{"hash": hash_, "key_id": hashed[hash_], **row} for hash_ in missing])
        return patient_id

    def _hashed(self, identifiers: Sequence[Identifier]) -> dict[str, str]:
        return {hash_: key_id for system, value in identifiers for key_id, hash_ in self.hashes(system, value)}

    @staticmethod
    def _known(connection: Connection, hashed: dict[str, str]) -> dict[str, int]:
        return {row.hash: row.patient_id for row in _KNOWN.rows(connection, {"hashes": list(hashed)})}

    @staticmethod
    def _one(known: dict[str, int]) -> int | None:
        persons = set(known.values())
        if len(persons) > 1:
            raise IdentityConflictError(
                f"the patient's identifiers lead to {len(persons)} persons who are known apart: "
                "a person must decide which is right before this message can be carried"
            )
        return persons.pop() if persons else None
