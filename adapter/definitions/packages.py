"""What a FHIR package archive holds: its manifest and its conformance resources."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from adapter.definitions import wellformed
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
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
        """Whether this is the package that is asked for, by its own id, without the `.r4` that a guide's package for R4
        has at its end, or by an alias; 4.0.x asks for any 4.0."""
        if package_id not in (self.id, self.id.removesuffix(".r4"), *self.aliases):
            return False
        return version == self.version or (version.endswith(".x") and self.version.startswith(version[:-1]))


class Entry(NamedTuple):
    """A resource in an archive: the file that it stands in, what it is, and its JSON bytes."""

    file: str
    resource: dict[str, Any]
    content: bytes


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
    found: Any = None
    try:
        for _, content in tgz_files(archive, lambda name: name == "package/package.json"):
            found = _load(content, label, "package/package.json")
    except ParseError as error:
        raise DefinitionsError(f"{label}: {error.reason}") from error
    if found is None:
        raise DefinitionsError(f"{label}: there is no package/package.json in it, so it is not a FHIR package")
    package = _package(found, f"{label}: package/package.json")
    aliases = (declared_id,) if declared_id and declared_id != package.id and _ID.fullmatch(declared_id) else ()
    return replace(package, sha256=hashlib.sha256(archive).hexdigest(), aliases=aliases)


def described(content: bytes, label: str) -> Package:
    """The package that a package.json describes, without sha256. Raises DefinitionsError, naming the file `label`."""
    try:
        return _package(json.loads(content), label)
    except (ValueError, RecursionError) as error:
        raise DefinitionsError(f"{label} is not JSON") from error


def _package(manifest: Any, label: str) -> Package:
    if not isinstance(manifest, dict):
        raise DefinitionsError(f"{label} is not an object")
    name, version = manifest.get("name"), manifest.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        raise DefinitionsError(f"{label} lacks name or version")
    if not _ID.fullmatch(name) or not _VERSION.fullmatch(version):
        raise DefinitionsError(f"{label}: name or version has characters that are not allowed")
    dependencies = manifest.get("dependencies") or {}
    if not isinstance(dependencies, dict) or not all(isinstance(v, str) for v in dependencies.values()):
        raise DefinitionsError(f"{label}: dependencies are not names with versions")
    return Package(name, version, "", dependencies)


def read_resources(archive: bytes, label: str, *, trusted: bool = False) -> Iterator[Entry]:
    """Each resource directly under package/; examples and other folders are left out.

    Raises DefinitionsError, naming file and element, where one is not FHIR JSON or is a malformed StructureDefinition;
    `trusted`, for an archive whose sha256 is known, leaves the second look at each out.
    """
    try:
        for name, content in tgz_files(archive, lambda n: bool(_RESOURCE.fullmatch(n)) and n not in _NOT_RESOURCES):
            resource = _load(content, label, name)
            if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
                content = content.removeprefix(b"\xef\xbb\xbf")
                if not trusted:
                    check(content, f"{label}: {name}")
                yield Entry(name, resource, content)
    except ParseError as error:
        raise DefinitionsError(f"{label}: {error.reason}") from error


def check(content: bytes, place: str) -> dict[str, Any]:
    """The resource in the bytes, JSON or XML. Raises DefinitionsError, beginning with `place`, where it is unusable."""
    try:
        is_xml = content.lstrip().startswith(b"<")
        if is_xml:
            resource = fhir_xml.parse(content, ordered=False, bounded=False)
        else:
            resource = fhir_json.parse(content, bounded=False)
    except ParseError as error:
        raise DefinitionsError(f"{place}: {error}") from error
    try:
        wellformed.check(resource)
    except DefinitionsError as error:
        raise DefinitionsError(f"{place}: {error}") from error
    return resource


def _load(content: bytes, label: str, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DefinitionsError(f"{label}: {name} is not JSON") from error
