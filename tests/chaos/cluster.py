"""A PostgreSQL of the test's own, to be crashed and started again, and a TCP proxy before it that cuts connections."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from .site import until

_SCRIPT = Path(__file__).parents[2] / "scripts" / "postgresql"


def _script() -> Any:
    """What scripts/postgresql knows of binaries, users and settings."""
    loader = SourceFileLoader("postgresql_script", str(_SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    found = module_from_spec(spec)
    loader.exec_module(found)
    return found


class Cluster:
    """Runs from `start` to `stop`, over a Unix socket in its folder."""

    def __init__(self) -> None:
        script = _script()
        self._binaries, self.version = script.chosen()
        self._is_ready = script.is_ready
        self._as_whom = script.other_user()
        self._settings = script.SETTINGS | {"autovacuum": "on"}
        self.folder = Path(tempfile.mkdtemp(prefix="adapter-pg-", dir="/tmp"))  # a socket's path must be short
        if self._as_whom:
            os.chown(self.folder, self._as_whom["user"], self._as_whom["group"])
        self._log = (self.folder / "log").open("w")
        made = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "adapter"]
        self._run(subprocess.check_call, "initdb", *made, "-D", str(self.folder / "data"))
        self._server: Any = None
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://adapter@/postgres?host={self.folder}"

    def start(self) -> None:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        words = ["-D", str(self.folder / "data"), "-k", str(self.folder), *options]
        self._server = self._run(subprocess.Popen, "postgres", *words, start_new_session=True)
        until = time.monotonic() + 60
        while not self._is_ready(self.folder / "data", self._server.pid):
            assert time.monotonic() < until, (self.folder / "log").read_text()
            time.sleep(0.05)

    def crash(self) -> None:
        """It ends at once, as in a power cut of the machine: what was not committed is gone."""
        self._end(signal.SIGQUIT)

    def shut_down(self) -> None:
        """It rolls back what is under way and ends."""
        self._end(signal.SIGINT)

    def stop(self) -> None:
        self._end(signal.SIGQUIT)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, kind: signal.Signals) -> None:
        if self._server.poll() is None:
            self._server.send_signal(kind)
        self._server.wait(60)

    def _run(self, how: Any, name: str, *words: str, **more: Any) -> Any:
        given = {"stdout": self._log, "stderr": self._log, "cwd": self.folder, **self._as_whom, **more}
        return how([str(self._binaries / name), *words], stdin=subprocess.DEVNULL, **given)


class Proxy:
    """A TCP port on loopback that leads to a cluster's socket, until it is cut."""

    def __init__(self, cluster: Cluster) -> None:
        self._path = str(cluster.folder / ".s.PGSQL.5432")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[socket.socket] = []
        self._lock = threading.Lock()
        self.cuts = 0
        self.port = self._listener.getsockname()[1]
        self.url = f"postgresql+psycopg://adapter@127.0.0.1:{self.port}/postgres?sslmode=disable"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut(self) -> None:
        """Break every connection there is, in the middle of whatever it carries."""
        with self._lock:
            pairs = list(self._pairs)
        for one in pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.cuts += len(pairs) // 2

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        self.cut()
        until(lambda: not self._pairs, "connections stay open")

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self._path)
            except OSError:
                near.close()
                far.close()
                continue
            with self._lock:
                self._pairs += [near, far]
            threading.Thread(target=self._pair, args=(near, far), daemon=True).start()

    def _pair(self, near: socket.socket, far: socket.socket) -> None:
        back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
        back.start()
        self._carry(near, far)
        back.join()
        with self._lock:
            self._pairs = [each for each in self._pairs if each not in (near, far)]
        near.close()
        far.close()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while more := one.recv(65536):
                other.sendall(more)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
