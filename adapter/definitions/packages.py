"""What a FHIR package archive holds: its manifest and its conformance resources."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapter.support.archives import tgz_files
from adapter.support.errors import DefinitionsError, ParseError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}", re.ASCII)
_RESOURCE = re.compile(r"package/[^/]+\.json")
_NOT_RESOURCES = {"package/package.json", "package/.index.json"}


@dataclass(frozen=True)
class Package:
    """A package's identity. `sha256` is of the archive; `aliases` are other ids that it is asked for by."""

    id: str
    version: str
    sha256: str
    dependencies: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`id#version`, as packages are written in settings and lists."""
        return f"{self.id}#{self.version}"

    def answers_to(self, package_id: str, version: str) -> bool:
        """Whether this is the package that is asked for, by its own id or by an alias."""
        return version == self.version and (package_id == self.id or package_id in self.aliases)


def split_key(key: str) -> tuple[str, str]:
    """Id and version of `id#version`. Raises DefinitionsError where it is not of that form."""
    package_id, _, version = key.partition("#")
    if not _ID.fullmatch(package_id) or not _VERSION.fullmatch(version):
        raise DefinitionsError(f"{key!a} does not name a package: expected id#version, as in hl7.fhir.r4.core#4.0.1")
    return package_id, version


def read_manifest(archive: bytes, label: str, declared_id: str | None = None) -> Package:
    """The package in the bytes of a .tgz. `label` names it in errors; `declared_id` is the id it was asked for by.

    Raises DefinitionsError where the archive is unsafe or damaged, or has no package.json with name and version.
    """
    manifest: Any = None
    try:
        for _, content in tgz_files(archive, lambda name: name == "package/package.json"):
            manifest = _load(content, label, "package/package.json")
    except ParseError as error:
        raise DefinitionsError(f"{label}: {error.reason}") from error
    if not isinstance(manifest, dict):
        raise DefinitionsError(f"{label}: there is no package/package.json in it, so it is not a FHIR package")
    name, version = manifest.get("name"), manifest.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        raise DefinitionsError(f"{label}: package/package.json lacks name or version")
    if not _ID.fullmatch(name) or not _VERSION.fullmatch(version):
        raise DefinitionsError(f"{label}: name or version in package/package.json has characters that are not allowed")
    dependencies = manifest.get("dependencies") or {}
    if not isinstance(dependencies, dict) or not all(isinstance(v, str) for v in dependencies.values()):
        raise DefinitionsError(f"{label}: dependencies in package/package.json are not names with versions")
    aliases = (declared_id,) if declared_id and declared_id != name and _ID.fullmatch(declared_id) else ()
    return Package(name, version, hashlib.sha256(archive).hexdigest(), dependencies, aliases)


def read_resources(archive: bytes, label: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each resource directly under package/ with its JSON bytes; examples and other folders are left out."""
    try:
        for name, content in tgz_files(archive, lambda n: bool(_RESOURCE.fullmatch(n)) and n not in _NOT_RESOURCES):
            resource = _load(content, label, name)
            if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
                yield resource, content.removeprefix(b"\xef\xbb\xbf")
    except ParseError as error:
        raise DefinitionsError(f"{label}: {error.reason}") from error


def _load(content: bytes, label: str, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DefinitionsError(f"{label}: {name} is not JSON") from error
