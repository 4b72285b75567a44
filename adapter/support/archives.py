"""Reads package archives without trusting them: nothing is written to disk, and every size is bounded."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from adapter.support.errors import ParseError

MAX_UNPACKED = 512 * 1024 * 1024
"""Bytes that an archive may unpack to. The largest published FHIR packages stay under half of it."""

MAX_FILES = 100_000


def tgz_files(archive: bytes, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Name and content of the regular files that `wanted` selects by name, in archive order.

    Raises ParseError where the bytes are not a gzip-compressed tar archive, unpack to more than the limits,
    or hold a name that leaves the archive's own folder, whether or not that file is wanted.
    """
    yield from tar_files(_gunzip(archive), wanted)


def tar_files(archive: bytes, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """As `tgz_files`, of a tar archive that is not compressed."""
    with _open_tar(archive) as tar:
        for count, member in enumerate(_members(tar)):
            if count >= MAX_FILES:
                raise ParseError(f"the archive holds more than {MAX_FILES} files")
            _check_name(member.name)
            if not (member.isreg() or member.isdir()):
                raise ParseError("the archive holds a link or a device; a package holds plain files only")
            if member.isreg() and wanted(member.name):
                yield member.name, _content(tar, member)


def zip_file(archive: bytes, name_ends: str) -> bytes | None:
    """The content of the one file in a zip archive whose name ends so, None where there is none.

    Raises ParseError where the bytes are not a zip archive or the file is larger than the limit.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            for info in opened.infolist():
                if info.filename.endswith(name_ends):
                    if info.file_size > MAX_UNPACKED:
                        raise ParseError(f"{name_ends} in the archive is larger than {MAX_UNPACKED} bytes")
                    with opened.open(info) as content:
                        return content.read(MAX_UNPACKED)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError) as error:
        raise ParseError("not a readable zip archive") from error
    return None


def _gunzip(archive: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        unpacked = inflate.decompress(archive, MAX_UNPACKED)
    except zlib.error as error:
        raise ParseError("not a gzip-compressed archive, or a damaged one") from error
    if not inflate.eof:
        if len(unpacked) >= MAX_UNPACKED:
            raise ParseError(f"the archive unpacks to more than {MAX_UNPACKED} bytes")
        raise ParseError("the archive ends too early: it was cut off")
    return unpacked


def _open_tar(unpacked: bytes) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:")
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise ParseError("not a tar archive, or a damaged one") from error


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while True:
        try:
            member = tar.next()
        except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
            raise ParseError("not a tar archive, or a damaged one") from error
        if member is None:
            return
        yield member


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    try:
        opened = tar.extractfile(member)
        return b"" if opened is None else opened.read()
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise ParseError("not a tar archive, or a damaged one") from error


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in name:
        raise ParseError("the archive holds a file name that leads out of its own folder")
