"""Messages dropped as files in a folder that the receiver empties: another machine's share, or a transfer program's.

A file appears whole or not at all: it is written under a hidden name, flushed to disk and renamed. Its name is the
message id and the delivery's number, the same at each try, so that a repeat is the same file and not one more.

Where acknowledgements are asked for, the receiver puts `<name>.ok` beside it, or `<name>.error` with the reason as
text. Until then a hidden mark, `.<name>.sent`, says since when the file has been out; it outlives the file, which the
receiver takes away. An `.ok` is kept in `acknowledged/`, where a repeat finds it.
"""

import errno
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adapter.delivery.channels.base import Acknowledgement, Answer, Check, Code, Fault, Outgoing
from adapter.delivery.channels.options import FolderSettings

ACKNOWLEDGED = "acknowledged"
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
_SUFFIXES = {"xml": ".xml", "json": ".json"}
_WORDS = {
    errno.ENOENT: "it is not there",
    errno.ENOTDIR: "it is not a folder",
    errno.EACCES: "we may not write there",
    errno.EPERM: "we may not write there",
    errno.EROFS: "it is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.ESTALE: "the share is gone",
}
_REASON_BYTES = 4_000
_SOONEST, _LATEST = 5.0, 300.0


class FolderChannel:
    """Drops each delivery as a file."""

    def __init__(self, settings: FolderSettings) -> None:
        self._folder = settings.path
        self._within = settings.acknowledge_within

    def send(self, outgoing: Outgoing) -> Answer:
        name = file_name(outgoing)
        try:
            if self._within is None or not outgoing.acknowledged:
                self._drop(name, outgoing.body)
                return Answer(final=True, acknowledgement=Acknowledgement(Code.OK))
            return self._said(name) or self._wait(name, outgoing.body, self._within)
        except OSError as error:
            return Answer(fault=Fault.FOLDER, reason=_words(error))

    def check(self) -> Check:
        """Writes, renames and removes a hidden file."""
        probe = f".test-{uuid.uuid4().hex[:12]}"
        leaves = "that anybody takes the files away, or can read them"
        try:
            self._drop(probe, b"")
            (self._folder / probe).unlink()
        except OSError as error:
            return Check(False, (), (leaves,), _words(error))
        return Check(True, ("the folder is there", "files can be written, renamed and removed in it"), (leaves,))

    def close(self) -> None: ...

    def _drop(self, name: str, body: bytes) -> bool:
        """Put the file there whole; False where the same lies there already. It is on disk when this returns."""
        target = self._folder / name
        if _content(target, len(body) + 1) == body:
            _sync(self._folder)  # who wrote it may have ended before it did
            return False
        with _whole(self._folder, name, body) as written:
            written.rename(target)
        _sync(self._folder)
        return True

    def _said(self, name: str) -> Answer | None:
        """What the receiver has said of the file; None where nothing yet."""
        kept = self._folder / ACKNOWLEDGED
        said, refused = self._folder / f"{name}.ok", self._folder / f"{name}.error"
        if said.exists() or (kept / said.name).exists():
            self._keep(said, kept)
            self._forget(name)
            return Answer(final=True, acknowledgement=Acknowledgement(Code.OK))
        if not refused.exists():
            return None
        words = (_content(refused, _REASON_BYTES) or b"").decode("utf-8", "replace").strip()
        # away from here: were it sent again, this would not be the answer to that
        self._keep(refused, kept)
        self._forget(name)
        return Answer(final=True, acknowledgement=Acknowledgement(Code.FATAL, words or "refused without a reason"))

    def _wait(self, name: str, body: bytes, within: float) -> Answer:
        """See to it that the file is out, and say when to look again, or that it took too long."""
        mark = self._folder / f".{name}.sent"
        since = _since(mark)
        if since is None:
            self._drop(name, body)
            _touch(mark)
            return Answer(awaited=_SOONEST, handed_over=True)
        age = max(0.0, time.time() - since)
        if age < within:
            return Answer(awaited=min(max(_SOONEST, age / 10), _LATEST, within - age + 1))
        fetched = "it was taken away" if self._drop(name, body) else "it was not taken away"
        _touch(mark)
        words = f"no {name}.ok or .error within {within:g} s: {fetched}; the file is there again or still"
        return Answer(final=True, acknowledgement=Acknowledgement(Code.TRANSIENT, words))

    def _keep(self, file: Path, kept: Path) -> None:
        kept.mkdir(mode=0o770, exist_ok=True)
        with suppress(FileNotFoundError):  # kept already
            file.replace(kept / file.name)

    def _forget(self, name: str) -> None:
        (self._folder / f".{name}.sent").unlink(missing_ok=True)


def file_name(outgoing: Outgoing) -> str:
    """The same for each try of a delivery, and of no other."""
    told = outgoing.idempotency_id
    known = told if 0 < len(told) <= 64 and set(told) <= _SAFE else "message"
    essence = outgoing.media_type.partition(";")[0].strip().lower()
    suffix = _SUFFIXES.get(essence.rpartition("/")[2].rpartition("+")[2], ".dat")
    return f"{known}-{outgoing.delivery_id}{suffix}"


@contextmanager
def _whole(folder: Path, name: str, body: bytes) -> Iterator[Path]:
    """A hidden file in the folder with these bytes, on disk; gone after, where it was not renamed."""
    written = folder / f".{name}.{uuid.uuid4().hex[:12]}.part"
    try:
        with written.open("xb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        yield written
    finally:
        with suppress(OSError):
            written.unlink(missing_ok=True)


def _content(file: Path, most: int) -> bytes | None:
    """The first bytes of an ordinary file; None where there is none. Who may write in the folder must not make us read
    another file by a link, nor wait at a pipe."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            return None
        raise
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _touch(mark: Path) -> None:
    os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o660))
    os.utime(mark, follow_symlinks=False)


def _sync(folder: Path) -> None:
    """Flush the folder's names to disk. A share that cannot be asked for that says EINVAL."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _since(mark: Path) -> float | None:
    try:
        return mark.lstat().st_mtime
    except FileNotFoundError:
        return None


def _words(error: OSError) -> str:
    return _WORDS.get(error.errno or 0, f"{error.strerror or type(error).__name__}")
