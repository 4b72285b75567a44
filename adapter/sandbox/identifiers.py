"""New identifiers on every run, the same ones again from the same seed.

A receiver that honours message ids would ignore a journey played twice with the ids of the file. Every UUID in a
journey is therefore replaced, wherever it stands (ids, fullUrls, references, `urn:uuid:` values, case, stay and Task
identifiers), and one old UUID always becomes the same new one: references and the Provenance chain hold.
"""

import hashlib
import re
import secrets
from typing import Any
from uuid import UUID

_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


def new_seed() -> str:
    """A seed that was not used before."""
    return secrets.token_hex(4)


class Identifiers:
    """The identifiers of one run. Two objects with the same seed agree."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def new(self, name: str) -> str:
        """The UUID (version 4 in form) that this run gives to a name."""
        digest = hashlib.sha256(f"{self._seed}\n{name}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))

    def renew(self, value: Any) -> Any:
        """The JSON value with every UUID replaced; the original is left as it was."""
        if isinstance(value, str):
            return _UUID.sub(lambda found: self.new(found.group()), value)
        if isinstance(value, dict):
            return {key: self.renew(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.renew(item) for item in value]
        return value
