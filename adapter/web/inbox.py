"""A feed's folder: each file is one message, taken in the order of names and then removed; a refused one is set aside.

A file is removed only after its commit. One at which we fail is tried again later, and keeps no other waiting. One that
is still there after a crash is taken again and recognised by the sender's own id. What is content lives in the store
alone, so that no copy of it stays behind in a folder.
"""

import logging
import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from adapter.exchange.feeds.intake import FeedIntake
from adapter.feeds.model import Feed
from adapter.support.errors import AdapterError, UnavailableError
from adapter.support.files import NOT_OURS, short
from adapter.web.stumbling import Stumbling

log = logging.getLogger("adapter.feeds")

REFUSED = "refused"
"""The folder within it for what was refused; the answer lies beside each file as `<name>.answer`."""
_ONCE = 500


class Inbox:
    """The folder of one feed. Raises AdapterError where it cannot be used."""

    def __init__(self, feed: Feed, intake: FeedIntake, most_bytes: int, stumbling: Stumbling) -> None:
        assert feed.folder is not None  # noqa: S101 - the model: a feed by folder has it
        self._feed = feed
        self._intake = intake
        self._most_bytes = most_bytes
        self._stumbling = stumbling
        self._folder = feed.folder.path
        self.every = feed.folder.every.total_seconds()
        self._aside = self._folder / REFUSED
        try:
            self._aside.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise AdapterError(f"feed {feed.id}: the folder cannot be used: {error.strerror}") from error
        if not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
            raise AdapterError(f"feed {feed.id}: files in its folder cannot be read and removed")

    def look(self) -> int:
        """Take what lies there, at most some hundred files at once; returns how many were dealt with. Raises
        UnavailableError where the store does not answer: the files stay."""
        names = self._names()
        count = 0
        for name in [name for name in names if self._stumbling.due(name)][:_ONCE]:
            count += self._worked(name)
        self._stumbling.settle(frozenset(names))
        return count

    def _names(self) -> list[str]:
        """Whole files in the order of names: no hidden ones, which are still being written."""
        with os.scandir(self._folder) as entries:
            return sorted(each.name for each in entries if not each.name.startswith(".") and each.name != REFUSED)

    def _worked(self, name: str) -> bool:
        """Take one file; False where we failed at it."""
        try:
            self._take(self._folder / name)
        except UnavailableError:
            raise
        except Exception as error:  # one file must not keep the others waiting
            words = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
            log.exception("feed file failed, it is tried again", extra={"feed": self._feed.id})
            self._stumbling.failed(name, words)
            return False
        self._stumbling.forget(name)
        return True

    def _take(self, file: Path) -> None:
        try:
            body = self._read(file)
        except FileNotFoundError:
            return  # another process of the same installation was quicker
        except OSError as error:
            if error.errno not in NOT_OURS:
                raise  # it may pass
            log.warning("feed file cannot be read: %s", error.strerror, extra={"feed": self._feed.id})
            self._set_aside(file, f"the file cannot be read: {error.strerror}".encode())
            return
        except AdapterError as error:
            log.warning("feed file: %s", error, extra={"feed": self._feed.id})
            self._set_aside(file, str(error).encode())
            return
        reply = self._intake.take(self._feed.id, body, f"file-{uuid.uuid4()}")
        if reply.result == "rejected":
            self._set_aside(file, reply.body)
        else:
            file.unlink(missing_ok=True)

    def _read(self, file: Path) -> bytes:
        """The file's bytes. Raises AdapterError where it is too large, or something else than an ordinary file."""
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise AdapterError("this is no ordinary file")
            body = b"" if about.st_size > self._most_bytes else stream.read(self._most_bytes + 1)
        size = max(about.st_size, len(body))
        if size > self._most_bytes:
            raise AdapterError(f"the file has {size} bytes: expected at most {self._most_bytes}")
        return body

    def _set_aside(self, file: Path, answer: bytes) -> None:
        """Move a file out of the way, so that it is not tried for ever; never over another of the same name."""
        target = self._aside / f"{uuid.uuid4().hex[:12]}-{short(file.name)}"
        with suppress(FileNotFoundError):
            file.rename(target)
            target.with_name(f"{target.name}.answer").write_bytes(answer)
