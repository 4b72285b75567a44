"""Files written to a folder or into an archive; the bytes of an archive follow from names and contents alone."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from adapter.definitions import building
from adapter.support.errors import AdapterError
from adapter.support.files import write_whole

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a ZIP file can tell."""
_UNIX = 3
_READABLE = 0o100644 << 16


def write_folder(folder: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Write the files below a folder that is new or empty, and tell how many. Raises AdapterError."""
    count = 0
    try:
        if folder.exists() and any(folder.iterdir()):
            raise AdapterError(f"{folder} is not empty: name a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            count += 1
    except OSError as error:
        raise AdapterError(f"{folder} cannot be written: {error.strerror}") from error
    return count


def write_archive(file: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Write a .zip, .tgz or .tar.gz, whole or not at all, and tell how many files are in it. Raises AdapterError."""
    pack = _zip if file.suffix == ".zip" else building.pack if file.name.endswith((".tgz", ".tar.gz")) else None
    if pack is None:
        raise AdapterError(f"{file}: expected a name that ends in .zip, .tgz or .tar.gz")
    packed = sorted(files)
    write_whole(file, pack(packed))
    return len(packed)


def _zip(files: Iterable[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = _UNIX
            info.external_attr = _READABLE
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return packed.getvalue()
