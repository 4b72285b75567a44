"""The adapter as a process of its own: started, waited for, and always ended."""

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from adapter.sandbox.installation import own_environment
from adapter.support.errors import AdapterError

_READY_SECONDS = 45.0
_STOP_SECONDS = 15.0
_PAUSE_SECONDS = 0.05
_TAIL_BYTES = 2_000


class AdapterProcess:
    """`adapter serve --config FILE`, its output kept in `log`. Ready inside `with`; ended behind it."""

    def __init__(self, config: Path, url: str, log: Path) -> None:
        self._config = config
        self._url = url
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-c", "from adapter.cli.main import main; main()", "serve", "--config", self._config],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=own_environment(),
                start_new_session=True,  # Ctrl-C is for the demo, which then ends the adapter in order
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to finish what is under way; end it where it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _READY_SECONDS
        with httpx.Client(timeout=1, trust_env=False) as client:
            while time.monotonic() < until:
                if process.poll() is not None:
                    raise AdapterError(f"the adapter ended while starting:\n{self.tail()}")
                try:
                    if client.get(f"{self._url}/health/ready").status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(_PAUSE_SECONDS)
        raise AdapterError(f"the adapter was not ready within {_READY_SECONDS:g} s:\n{self.tail()}")

    def tail(self) -> str:
        """The last of its output."""
        return self._log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
