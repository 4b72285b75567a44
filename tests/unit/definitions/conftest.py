"""Small FHIR packages, and a cache of the test's own."""

import gzip
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Resource = dict[str, Any]


def make_archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def archive() -> Callable[[dict[str, bytes]], bytes]:
    """Files by name to the bytes of a .tgz."""
    return make_archive


@pytest.fixture
def package() -> Callable[..., bytes]:
    """A FHIR package's bytes from its id, version, dependencies and resources."""

    def make(
        name: str = "test.one", version: str = "1.0.0", dependencies: dict[str, str] | None = None, *resources: Resource
    ) -> bytes:
        manifest = {"name": name, "version": version, "dependencies": dependencies or {}}
        files = {"package/package.json": json.dumps(manifest).encode()}
        for number, resource in enumerate(resources):
            files[f"package/{resource.get('resourceType')}-{number}.json"] = json.dumps(resource).encode()
        return make_archive(files)

    return make


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADAPTER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def no_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As in an installation that ships without packages; returns where the core package would lie."""
    from adapter.support import paths

    place = tmp_path / "bundled" / "core.tgz"
    monkeypatch.setattr(paths, "core_package", lambda: place)
    monkeypatch.setattr(paths, "bundled", lambda: place.parent)
    return place


@pytest.fixture
def registry() -> Iterator[Callable[[dict[str, bytes]], str]]:
    """Serves files by path over HTTP; returns the address."""
    servers: list[ThreadingHTTPServer] = []

    def serve(files: dict[str, bytes]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = files.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_: object) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
