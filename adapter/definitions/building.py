"""Makes a FHIR package of a folder of resources: the same bytes from the same content, wherever and whenever.

What is packed is checked first: each file is FHIR JSON, each StructureDefinition has a snapshot or can be given one.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from adapter.definitions import packages, resolver, store
from adapter.definitions.packages import Package
from adapter.fhir.json import serialize
from adapter.support.errors import DefinitionsError

MAX_SIZE = 256 * 1024 * 1024
"""Bytes that a package's files may have together."""

_MANIFEST = "package.json"
_INDEX = ".index.json"
_CANONICAL = frozenset(
    {
        *("profile", "targetProfile", "baseDefinition", "valueSet", "answerValueSet", "derivedFrom", "base", "message"),
        *("questionnaire", "instantiates", "imports", "supportedProfile", "definition", "supplements"),
    }
)
"""Elements of conformance resources that hold canonical URLs."""
_INDEXED = ("resourceType", "id", "url", "version", "kind", "type", "supplements", "content")


def build(folder: Path, *, with_snapshots: bool = False, pinned: bool = False) -> tuple[Package, bytes, list[str]]:
    """The package of the JSON files in the folder and its `example` folder, its archive, and what to be warned of.

    The folder has a package.json with name, version and dependencies. `with_snapshots` writes a snapshot into each
    StructureDefinition that has none. `pinned` adds the version to each reference from one of the resources to another,
    so that two versions of the package can be loaded together. Raises DefinitionsError, naming file and element for
    each thing that is wrong.
    """
    manifest = _read(folder / _MANIFEST)
    files = {file.name: _read(file) for file in sorted(folder.glob("*.json")) if file.name not in (_MANIFEST, _INDEX)}
    resources, wrong = _checked(folder, files)
    package = packages.described(manifest, str(folder / _MANIFEST))
    definitions, warnings = _definitions(package, resources)
    for name, resource in resources.items():
        if resource["resourceType"] != "StructureDefinition":
            continue
        try:
            before = len(definitions.problems)
            whole = definitions.structure(str(resource["url"])) or resource
            wrong += [f"{folder / name}: {problem}" for problem in definitions.problems[before:]]
        except DefinitionsError as error:
            wrong.append(f"{folder / name}: {error}")
            continue
        if with_snapshots and "snapshot" not in resource:
            resources[name] = whole
            files[name] = serialize(whole)
    if wrong:
        raise DefinitionsError("\n".join(wrong))
    if pinned:
        versions = {
            str(each["url"]): str(each["version"]) for each in resources.values() if {"url", "version"} <= each.keys()
        }
        files |= {name: serialize(_pinned(resource, versions)) for name, resource in resources.items()}
    files |= {f"example/{file.name}": _read(file) for file in sorted((folder / "example").glob("*.json"))}
    files |= {_MANIFEST: manifest, _INDEX: _index(resources)}
    archive = pack((f"package/{name}", content) for name, content in files.items())
    return packages.read_manifest(archive, str(folder)), archive, warnings


def pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A .tgz of the files, whose bytes, and so sha256, depend on names and content alone.

    Raises DefinitionsError where they are larger than MAX_SIZE together.
    """
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped:
        zipped.write(tar(files))
    return packed.getvalue()


def tar(files: Iterable[tuple[str, bytes]]) -> bytes:
    """As `pack`, not compressed."""
    packed = io.BytesIO()
    size = 0
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files):
            size += len(content)
            if size > MAX_SIZE:
                raise DefinitionsError(f"the files of a package may have {MAX_SIZE} bytes together; these have more")
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def _pinned(value: Any, versions: dict[str, str], name: str = "") -> Any:
    """A copy in which each canonical URL of one of `versions` ends in its version."""
    if isinstance(value, dict):
        return {each: _pinned(member, versions, each) for each, member in value.items()}
    if isinstance(value, list):
        return [_pinned(member, versions, name) for member in value]
    if name in _CANONICAL and isinstance(value, str) and value in versions:
        return f"{value}|{versions[value]}"
    return value


def _checked(folder: Path, files: dict[str, bytes]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The resources by file name, and what is wrong about the files."""
    resources: dict[str, dict[str, Any]] = {}
    wrong: list[str] = []
    canonicals: dict[tuple[Any, Any], str] = {}
    for name, content in files.items():
        try:
            resource = packages.check(content, str(folder / name))
        except DefinitionsError as error:
            wrong.append(str(error))
            continue
        if not isinstance(resource.get("resourceType"), str):
            wrong.append(f"{folder / name}: resourceType is missing: a package holds resources")
            continue
        url = resource.get("url")
        other = canonicals.setdefault((url, resource.get("version")), name) if isinstance(url, str) else name
        if other != name:
            wrong.append(f"{folder / name}: {url} is defined in {other} too")
        resources[name] = resource
    return resources, wrong


def _definitions(package: Package, resources: dict[str, dict[str, Any]]) -> tuple[resolver.Definitions, list[str]]:
    """The package's own resources over those that it depends on, and a warning for each that is not installed."""
    keys = [f"{package_id}#{version}" for package_id, version in package.dependencies.items()]
    missing = [key for key in keys if store.find(key) is None]
    definitions = resolver.load([key for key in keys if key not in missing], resources.values())
    warnings = [f"{package.key} depends on {key}, which is not installed" for key in missing]
    return definitions, [*warnings, *definitions.warnings]


def _index(resources: dict[str, dict[str, Any]]) -> bytes:
    rows = [
        {"filename": name} | {key: resource[key] for key in _INDEXED if isinstance(resource.get(key), str)}
        for name, resource in sorted(resources.items())
    ]
    return json.dumps({"index-version": 2, "files": rows}, indent=1).encode() + b"\n"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DefinitionsError(f"{file} cannot be read: {error.strerror}") from error
