"""The packages on this machine: one folder each in the user's cache, holding data only.

    packages/<id>#<version>/package.tgz          the archive as it came
                            manifest.json        identity, dependencies, sha256 and size of the two files beside it
                            resources.json-seq   its resources one after the other (RFC 7464)
                            index.json           where each begins, with type, url, version, id and file

A folder appears whole or not at all, so that processes may install at the same time.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from adapter.definitions import core
from adapter.definitions.packages import Package, read_manifest, read_resources, split_key
from adapter.fhir.json import parse
from adapter.support import paths
from adapter.support.errors import DefinitionsError, ParseError

_COLUMNS = ("resourceType", "url", "version", "id")
_FORMAT = 3
"""Of the files beside the archive. A package whose files have another, or are not whole, is unpacked from its archive
again."""
_ATTEMPTS = 10


class Row(NamedTuple):
    """One resource in a package's index."""

    resource_type: str
    url: str | None
    version: str | None
    id: str | None
    offset: int
    length: int
    file: str


class Installed:
    """A package in the cache. Once its index was read it stays what it was, also when another archive of that id and
    version takes its place, as where two versions of the adapter run on one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            self._files: dict[str, str] = manifest.pop("files")
            self._sizes_then: dict[str, int] = manifest.pop("sizes", {})
            self.current: bool = manifest.pop("format", 1) == _FORMAT and self._sizes() == self._sizes_then
            self.package = Package(**{**manifest, "aliases": tuple(manifest["aliases"])})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(folder) from error

    def _sizes(self) -> dict[str, int | None]:
        """Of the files: what was half written, or cut off, shows by it without reading them."""
        return {name: _size(self._folder / name) for name in self._files}

    def index(self) -> Iterator[Row]:
        """Where each resource begins and what it is."""
        try:
            written = (self._folder / "index.json").read_bytes()
            if os.fstat(self._resources).st_size != self._sizes_then.get("resources.json-seq"):
                raise _damaged(self._folder)
            if hashlib.sha256(written).hexdigest() != self._files.get("index.json"):
                raise _damaged(self._folder)
            for row in json.loads(written):
                yield Row(*row)
        except (OSError, ValueError, TypeError) as error:
            raise _damaged(self._folder) from error

    @cached_property
    def _resources(self) -> int:
        """The open file of the resources: what it holds is there as long as this is."""
        descriptor = os.open(self._folder / "resources.json-seq", os.O_RDONLY)
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def read(self, row: Row) -> dict[str, Any]:
        """The resource that a row of the index is about, numbers as written."""
        try:
            return parse(os.pread(self._resources, row.length, row.offset))
        except (OSError, ParseError) as error:
            raise _damaged(self._folder) from error

    def archive(self) -> bytes:
        """The archive as it came. Raises DefinitionsError where it is no longer the one that was installed."""
        content = self._content("package.tgz")
        if hashlib.sha256(content).hexdigest() != self.package.sha256:
            raise _damaged(self._folder)
        return content

    def verify(self) -> None:
        """Raises DefinitionsError where a file is not what was installed."""
        self.archive()
        for name, digest in self._files.items():
            if hashlib.sha256(self._content(name)).hexdigest() != digest:
                raise _damaged(self._folder)

    def _content(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise _damaged(self._folder) from error


def install(archive: bytes, package: Package, *, replace_other: bool = False) -> Installed:
    """Puts a package into the cache; nothing to do where the same archive is there under the same aliases.

    Raises DefinitionsError where another archive of that id and version is there, unless `replace_other`.
    """
    home = _home()
    folder = home / package.key
    present = _present(folder)
    if present is not None:
        same = present.package.sha256 == package.sha256
        if same and present.current and set(package.aliases) <= set(present.package.aliases):
            return present
        if not same and not replace_other:
            raise DefinitionsError(
                f"{package.key} is installed with other content (sha256 {present.package.sha256}); "
                "add --replace to put this one in its place"
            )
        if same:
            package = replace(package, aliases=tuple(sorted({*package.aliases, *present.package.aliases})))
    try:
        home.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=home, prefix=".writing-"))
    except OSError as error:
        raise DefinitionsError(f"the package cache {home} cannot be written: {error.strerror}") from error
    try:
        _fill(temporary, archive, package)
        with _in_turn():
            _put_in_place(temporary, folder, package)
    except OSError as error:
        raise DefinitionsError(f"the package cache {home} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Installed(folder)


def folders() -> list[Path]:
    """The folders of the packages in the cache, by id and version, whether whole or damaged."""
    try:
        return sorted(folder for folder in _home().iterdir() if not folder.name.startswith("."))
    except FileNotFoundError:
        return []


def installed() -> list[Installed]:
    """All packages in the cache, by id and version. Raises DefinitionsError where one is damaged."""
    return [Installed(folder) for folder in folders()]


def find(key: str) -> Installed | None:
    """The package `id#version`, by id or alias. A package that ships with the adapter is unpacked on first use."""
    with suppress(DefinitionsError):
        if (found := _find(key)) is not None:
            return found
    if _home().is_dir():
        with _in_turn():
            pass  # another process may have been putting it in its place
    return _find(key)


def _find(key: str) -> Installed | None:
    package_id, version = split_key(key)
    folder = _home() / key
    if key == core.KEY and not _readable(folder) and (archive := core.bundled()) is not None:
        return install(archive, Package(package_id, version, core.SHA256))
    if key != core.KEY and (shipped := _shipped(paths.bundled() / f"{package_id}-{version}.tgz")) is not None:
        return _as_shipped(folder, shipped)
    if folder.is_dir():
        return _current(Installed(folder))
    answering = [each for each in installed() if each.package.answers_to(package_id, version)]
    return _current(max(answering, key=lambda each: _order(each.package.version))) if answering else None


def find_shipped() -> list[Installed]:
    """The packages that ship with the adapter: R4 core, where it is there, and the profiles of this project."""
    found = find(core.KEY)
    archives = (_shipped(file) for file in sorted(paths.bundled().glob("*.tgz")) if file != paths.core_package())
    packages = [read_manifest(archive, "a package that ships with the adapter") for archive in archives if archive]
    return [each for each in (found, *(find(package.key) for package in packages)) if each is not None]


def _shipped(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _as_shipped(folder: Path, archive: bytes) -> Installed:
    """The package as it ships. It takes the place of another archive of that version, which an earlier build left."""
    if _readable(folder) and Installed(folder).package.sha256 == hashlib.sha256(archive).hexdigest():
        return Installed(folder)
    return install(archive, read_manifest(archive, folder.name), replace_other=True)


def _current(found: Installed) -> Installed:
    """The package with its files as this version of the adapter writes them."""
    return found if found.current else install(found.archive(), found.package)


def _order(version: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isascii() and part.isdigit() else -1, part) for part in version.split(".")]


def _home() -> Path:
    return paths.cache() / "packages"


def _readable(folder: Path) -> bool:
    try:
        return Installed(folder).current
    except DefinitionsError:
        return False


def _present(folder: Path) -> Installed | None:
    """What is installed there; a damaged folder counts as nothing, so that installing again mends it."""
    try:
        present = Installed(folder)
        present.verify()
    except DefinitionsError:
        return None
    return present


def _fill(folder: Path, archive: bytes, package: Package) -> None:
    (folder / "package.tgz").write_bytes(archive)
    index: list[list[Any]] = []
    digest = hashlib.sha256()
    with (folder / "resources.json-seq").open("wb") as file:
        trusted = package.sha256 == core.SHA256
        for name, resource, content in read_resources(archive, package.key, trusted=trusted):
            record = b"\x1e" + content + b"\n"
            columns = [value if isinstance(value := resource.get(name), str) else None for name in _COLUMNS]
            index.append([*columns, file.tell() + 1, len(content), name])
            file.write(record)
            digest.update(record)
    written = json.dumps(index, separators=(",", ":")).encode()
    (folder / "index.json").write_bytes(written)
    files = {"resources.json-seq": digest.hexdigest(), "index.json": hashlib.sha256(written).hexdigest()}
    sizes = {name: _size(folder / name) for name in files}
    manifest = asdict(package) | {"files": files, "sizes": sizes, "format": _FORMAT}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


@contextmanager
def _in_turn() -> Iterator[None]:
    """While no other process puts a package in its place: for a moment there is none then. File systems that have no
    locks of folders, as NFS, leave that moment."""
    home = os.open(_home(), os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(home, fcntl.LOCK_EX)
        yield
    finally:
        os.close(home)


def _put_in_place(temporary: Path, folder: Path, package: Package) -> None:
    """Moves the finished folder. The same package of another process's making stays; any other steps aside first."""
    temporary.chmod(0o755)
    aside = temporary.with_name(temporary.name + "-old")
    for _ in range(_ATTEMPTS):  # between two steps of this one, another process may take the place
        with suppress(OSError):
            temporary.rename(folder)
            return
        present = _present(folder)
        if present is not None and present.current and present.package == package:
            return
        with suppress(FileNotFoundError):
            folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
    temporary.rename(folder)


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return None


def _damaged(folder: Path) -> DefinitionsError:
    return DefinitionsError(
        f"the installed package {folder.name} is damaged or incomplete; "
        "install it again with `adapter packages install SOURCE`"
    )
