import gzip
import io
import tarfile
import zipfile

import pytest

from adapter.support import archives
from adapter.support.archives import tgz_files, zip_file
from adapter.support.errors import ParseError


def tgz(*members: tuple[tarfile.TarInfo | str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def test_selected_files_in_order() -> None:
    archive = tgz(("b", b"1"), ("a/c", b"2"), ("d", b"3"))
    assert list(tgz_files(archive, lambda name: name != "b")) == [("a/c", b"2"), ("d", b"3")]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\..\\x", "C:x"])
def test_names_that_lead_out_are_refused_even_if_not_wanted(name: str) -> None:
    with pytest.raises(ParseError, match="leads out"):
        list(tgz_files(tgz((name, b"x")), lambda _: False))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(kind: bytes) -> None:
    with pytest.raises(ParseError, match="link or a device"):
        list(tgz_files(tgz((special("a", kind, "/etc/passwd"), b"")), lambda _: True))


def test_a_bomb_is_stopped_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1_000_000)
    bomb = gzip.compress(bytes(10_000_000))
    assert len(bomb) < 20_000
    with pytest.raises(ParseError, match="unpacks to more than 1000000 bytes"):
        list(tgz_files(bomb, lambda _: True))


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 2)
    with pytest.raises(ParseError, match="more than 2 files"):
        list(tgz_files(tgz(("a", b""), ("b", b""), ("c", b"")), lambda _: True))


def test_a_header_that_claims_more_than_there_is() -> None:
    header = tarfile.TarInfo("package/package.json")
    header.size = 1 << 40
    with pytest.raises(ParseError):
        list(tgz_files(gzip.compress(header.tobuf()), lambda _: True))


@pytest.mark.parametrize(
    "archive",
    [b"", b"x", b"\x1f\x8b", gzip.compress(b"not a tar" * 100), gzip.compress(b"\xff" * 512)],
    ids=["empty", "one byte", "a head alone", "text", "bytes"],
)
def test_what_is_no_archive(archive: bytes) -> None:
    with pytest.raises(ParseError):
        list(tgz_files(archive, lambda _: True))


def test_a_cut_off_archive() -> None:
    whole = tgz(("a", b"content" * 1000))
    with pytest.raises(ParseError, match="cut off"):
        list(tgz_files(whole[:-10], lambda _: True))


def zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, content)
    return packed.getvalue()


def test_file_of_a_zip_by_its_end() -> None:
    assert zip_file(zipped("a/data/core.tgz", b"x"), "/data/core.tgz") == b"x"
    assert zip_file(zipped("a", b"x"), "/data/core.tgz") is None


def test_zip_bomb_and_no_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1000)
    with pytest.raises(ParseError, match="larger than"):
        zip_file(zipped("a", bytes(10_000)), "a")
    with pytest.raises(ParseError, match="not a readable zip"):
        zip_file(b"PK nonsense", "a")
