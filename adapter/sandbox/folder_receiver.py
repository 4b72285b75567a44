"""A simulated receiver of files: takes each away whole, and says beside it what it makes of it."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

from adapter.sandbox.ledger import Effect, Ledger
from adapter.support.errors import AdapterError

Says = Literal["nothing", "ok", "error"]
TAKEN = "taken"
_OWN = (".ok", ".error", ".part")
_POLL_SECONDS = 0.2


class FolderReceiver:
    """Looks into a folder. `says`: nothing where the endpoint waits for no acknowledgement, else what it puts beside a
    file that it has not seen; one that it has seen is acknowledged again. What it took lies in `taken/`."""

    def __init__(self, folder: Path, ledger: Ledger, says: Says = "ok") -> None:
        self.folder = folder
        self.ledger = ledger
        self.says = says
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        try:
            (folder / TAKEN).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AdapterError(f"{folder} cannot be used: {error.strerror}") from error

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def look(self) -> int:
        """Take what lies there; returns how many files."""
        found = sorted(each for each in self.folder.iterdir() if _is_message(each))
        for file in found:
            self._take(file)
        return len(found)

    def _run(self) -> None:
        while not self._stopped.wait(_POLL_SECONDS):
            with suppress(OSError):  # the folder is away: it may come back
                self.look()

    def _take(self, file: Path) -> None:
        effect = self.ledger.take(file.stem, "folder", file.read_bytes(), event=file.suffix.removeprefix("."))
        file.rename(self.folder / TAKEN / file.name)
        if effect is Effect.CONFLICT or self.says == "error":
            self._say(
                file.name, "error", "the same name with other content" if effect is Effect.CONFLICT else "refused"
            )
        elif self.says == "ok":
            self._say(file.name, "ok", "")

    def _say(self, name: str, how: str, words: str) -> None:
        hidden = self.folder / f".{name}.{how}.part"
        hidden.write_text(words, encoding="utf-8")
        hidden.rename(self.folder / f"{name}.{how}")


def _is_message(file: Path) -> bool:
    return not file.name.startswith(".") and file.suffix not in _OWN and file.is_file() and not file.is_symlink()
