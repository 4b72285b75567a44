"""The lock file: which packages a site works with, pinned by the sha256 of their archives.

{"lockVersion": 1, "packages": [{"id": "hl7.fhir.r4.core", "version": "4.0.1", "sha256": "…", "aliases": []}]}
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapter.definitions.packages import Package
from adapter.support.errors import DefinitionsError


class Pin(BaseModel):
    """One package that the lock names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    aliases: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.id}#{self.version}"


class Lock(BaseModel):
    """The lock file's content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lockVersion: int = Field(default=1, ge=1, le=1)  # noqa: N815 - the file's own name
    packages: tuple[Pin, ...] = ()

    @classmethod
    def read(cls, file: Path) -> "Lock":
        """Raises DefinitionsError, naming the file, where it cannot be read or is not a lock file."""
        try:
            return cls.parse(file.read_bytes(), str(file))
        except OSError as error:
            raise DefinitionsError(f"{file} cannot be read: {error.strerror}") from error

    @classmethod
    def parse(cls, content: bytes, label: str) -> "Lock":
        """The lock in the bytes of such a file, which `label` names in errors. Raises DefinitionsError."""
        try:
            return cls.model_validate(json.loads(content))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise DefinitionsError(f"{label} is not a lock file: {place}: {first['msg']}") from error
        except ValueError as error:
            raise DefinitionsError(f"{label} is not a lock file: not JSON") from error

    def write(self, file: Path) -> None:
        """Packages by id and version, so that a diff shows what changed."""
        try:
            file.write_bytes(self.serialize())
        except OSError as error:
            raise DefinitionsError(f"{file} cannot be written: {error.strerror}") from error

    def serialize(self) -> bytes:
        """The lock file's bytes."""
        content: dict[str, Any] = self.model_dump()
        content["packages"] = sorted(content["packages"], key=lambda pin: (pin["id"], pin["version"]))
        return json.dumps(content, indent=2).encode() + b"\n"

    def pin(self, package: Package) -> Pin | None:
        """The entry of that id and version, by the package's own id or an alias on either side."""
        for pin in self.packages:
            if pin.version == package.version and {pin.id, *pin.aliases} & {package.id, *package.aliases}:
                return pin
        return None

    def check(self, package: Package) -> None:
        """Raises DefinitionsError where the lock pins that package with another sha256. An unknown package passes."""
        pin = self.pin(package)
        if pin is not None and pin.sha256 != package.sha256:
            raise DefinitionsError(
                f"{package.key} is not the one that the lock names: "
                f"its sha256 is {package.sha256}, expected {pin.sha256}"
            )

    def with_package(self, package: Package) -> "Lock":
        """The lock with that package pinned as it is."""
        pin = Pin(id=package.id, version=package.version, sha256=package.sha256, aliases=package.aliases)
        return Lock(packages=(*(p for p in self.packages if p.key != pin.key), pin))
