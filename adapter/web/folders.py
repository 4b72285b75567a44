"""A folder in which a partner's system leaves its messages: each file is one message, taken in the order of names.

    <folder>/             where the system leaves files; a hidden one is still being written
    <folder>/processing/  taken by one process, by renaming it there, with a mark before its name
    <folder>/done/        taken in and answered ok, the acknowledgement beside it as <name>.answer
    <folder>/refused/     refused, likewise

A file is whole when it has stayed as it is for a while. The rename is the claim. A lock on the file, which a process
loses with its end, says that it is still being worked on: what lies in `processing/` unlocked is worked on anew. That
does no harm, because a message that was committed is known by its id and gets the same answer.
"""

import errno
import fcntl
import hashlib
import logging
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from adapter.directory import Inbox
from adapter.exchange.submission import Submission
from adapter.fhir import json, xml
from adapter.security.principals import Principal, Right
from adapter.store.alarms import clear_alarm, raise_alarm, standing
from adapter.support.clock import swedish_day, to_micros
from adapter.support.errors import AdapterError, UnavailableError
from adapter.support.files import NOT_OURS, short, write_whole
from adapter.web.stumbling import FAILING, Stumbling

if TYPE_CHECKING:
    from adapter.wiring import Adapter

log = logging.getLogger("adapter.folders")

PROCESSING, DONE, REFUSED = "processing", "done", "refused"
ANSWER = ".answer"
UNUSABLE = "inbox-unusable"
"""Kind of the alarm that a folder is away or not ours to use; its subject is `inbox/<id>`."""
_ONCE = 500
_FHIR = {".json": "application/fhir+json", ".xml": "application/fhir+xml"}
_RECORD = "application/xml"


@dataclass(frozen=True)
class _Reply:
    """`taken` says whether it is done with; an `again` is tried later, and nothing is written of it."""

    body: bytes
    taken: bool
    again: bool = False


class PartnerFolder:
    """The folder of one system. It may be a share that is away for a while: that is an alarm, and no reason to stop."""

    def __init__(self, inbox: Inbox, adapter: "Adapter", most_bytes: int) -> None:
        self._inbox = inbox
        self._adapter = adapter
        self._most_bytes = most_bytes
        self._folder = inbox.path
        self._settled = inbox.settled.total_seconds()
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}
        self._trouble: str | None = ""  # not known yet
        self._stumbling = Stumbling(f"inbox/{inbox.id}", adapter.database, adapter.clock)
        self.every = inbox.every.total_seconds()

    def look(self) -> int:
        """Take what lies there, at most some hundred files at once; returns how many were taken in or refused. Raises
        UnavailableError where the store does not answer: the files stay."""
        trouble = self._unusable()
        if trouble != self._trouble:
            self._tell(trouble)
        if trouble is not None:
            return 0
        claimed = self._left_behind()
        count = sum(self._work(file) for file in claimed if self._stumbling.due(file.name))
        for file in self._whole_ones():
            own = self._claim(file)
            if own is not None:
                claimed.append(own)
                count += self._work(own)
        self._stumbling.settle({file.name for file in claimed} | self._seen.keys())
        return count

    def _claim(self, file: Path) -> Path | None:
        """The file under a name of its own, for another of the same name may be there; None where it is not ours."""
        target = self._folder / PROCESSING / f"{uuid.uuid4().hex[:12]}~{short(file.name)}"
        try:
            file.rename(target)
        except FileNotFoundError:
            return None  # another process was quicker
        except OSError as error:
            log.warning("inbox file cannot be moved: %s", error.strerror, extra={"inbox": self._inbox.id})
            self._stumbling.failed(file.name, f"it cannot be moved: {error.strerror}")
            return None
        self._stumbling.forget(file.name)
        return target

    def _unusable(self) -> str | None:
        try:
            for name in (PROCESSING, DONE, REFUSED):
                folder = self._folder / name
                folder.mkdir(exist_ok=True, mode=0o770)
                if folder.is_symlink():  # it would have us move files of ours to where the partner reads
                    return f"{name} is a link: expected a folder"
        except OSError as error:
            return f"the folder cannot be used: {error.strerror}"
        usable = os.access(self._folder, os.R_OK | os.W_OK | os.X_OK)
        return None if usable else "files in the folder cannot be read and moved"

    def _tell(self, trouble: str | None) -> None:
        at, subject = to_micros(self._adapter.clock.now()), f"inbox/{self._inbox.id}"
        with self._adapter.database.write() as connection:
            if trouble is None:
                clear_alarm(connection, kind=UNUSABLE, subject=subject, at=at)
            else:
                raise_alarm(connection, kind=UNUSABLE, subject=subject, reason=trouble, command="adapter check", at=at)
        self._trouble = trouble

    def _left_behind(self) -> list[Path]:
        return [self._folder / PROCESSING / name for name, _ in _listed(self._folder / PROCESSING)]

    def _whole_ones(self) -> list[Path]:
        """The files that have not changed for as long as the settings say, seen from this process."""
        now, before = time.monotonic(), self._seen
        self._seen = {}
        for name, size_and_time in _listed(self._folder):
            known = before.get(name)
            since = known[1] if known is not None and known[0] == size_and_time else now
            self._seen[name] = (size_and_time, since)
        whole = [name for name, (_, since) in self._seen.items() if now - since >= self._settled]
        whole = [name for name in whole if self._stumbling.due(name)]
        return [self._folder / name for name in sorted(whole)[:_ONCE]]

    def _work(self, file: Path) -> bool:
        """Take in a claimed file; False where another process is at it, or it is to be tried again."""
        try:
            with _locked(file) as descriptor:
                if descriptor is None:
                    return False
                reply = self._reply(file, descriptor)
                if reply.again:
                    return False
                self._answer(file, reply)
                self._stumbling.forget(file.name)
                return True
        except OSError as error:
            log.warning("inbox file cannot be used: %s", error.strerror, extra={"inbox": self._inbox.id})
            if error.errno in NOT_OURS:
                with suppress(OSError):
                    file.rename(self._folder / REFUSED / file.name)
            self._stumbling.failed(file.name, error.strerror or type(error).__name__)
            return False
        except UnavailableError:
            raise
        except Exception as error:  # a fault of ours with one file must not keep the others waiting
            log.exception("inbox file failed, it is tried again", extra={"inbox": self._inbox.id})
            self._stumbling.failed(file.name, type(error).__name__)
            return False

    def _reply(self, file: Path, descriptor: int) -> _Reply:
        """Raises UnavailableError where the store does not answer: the file stays claimed, and is worked on anew."""
        body = self._read(descriptor)
        media_type = _RECORD if self._inbox.mapping is not None else _FHIR.get(file.suffix.lower())
        if body is None:
            return self._turned_away(*self._unfit(descriptor), descriptor)
        if media_type is None:
            words = f"the name tells no format: expected one that ends in {' or '.join(_FHIR)}"
            return self._turned_away(415, "not-supported", words, descriptor)
        submission = Submission(body, media_type, f"file-{uuid.uuid4()}", source=self._inbox.mapping or "fhir")
        exchange, caller = self._adapter.exchange, self._principal()
        if self._inbox.mapping is not None:
            record = exchange.receive_record(self._inbox.mapping, submission, caller)
            return _Reply(record.body, record.status < 300, record.status >= 500)
        reply = exchange.receive(submission, caller)
        written = xml.serialize(reply.resource) if media_type.endswith("xml") else json.serialize(reply.resource)
        return _Reply(written, reply.status < 300, reply.status >= 500)

    def _turned_away(self, status: int, code: str, words: str, descriptor: int) -> _Reply:
        reply = self._adapter.exchange.refuse(
            status,
            code,
            words,
            size=os.fstat(descriptor).st_size,
            sha256=_digest(descriptor, self._most_bytes),
            request_id=f"file-{uuid.uuid4()}",
            source=self._inbox.mapping or "fhir",
            principal=self._principal(),
        )
        if self._inbox.mapping is None:
            return _Reply(json.serialize(reply.resource), taken=False)
        mapping = self._adapter.mappings[self._inbox.mapping]
        return _Reply(mapping.acknowledge(None, "fatal-error", words, [code]), taken=False)

    def _principal(self) -> Principal:
        """The party of the system: it sends as its units, and does nothing else."""
        directory, today = self._adapter.directory, swedish_day(self._adapter.clock.now())
        party = directory.system(self._inbox.system).party
        units, carried = directory.units_of(party, today), directory.carried_by(party)
        return Principal(f"inbox {self._inbox.id}", party, units, frozenset({Right.SEND}), carried)

    def _read(self, descriptor: int) -> bytes | None:
        """The file's bytes; None where it is too large, or something else than an ordinary file."""
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > self._most_bytes:
            return None
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            body = stream.read(self._most_bytes + 1)
        return body if len(body) <= self._most_bytes else None

    def _unfit(self, descriptor: int) -> tuple[int, str, str]:
        """Status, code and words for what is not read."""
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return 415, "not-supported", "this is no ordinary file"
        return 413, "too-long", f"the file has {about.st_size} bytes: expected at most {self._most_bytes}"

    def _answer(self, file: Path, reply: _Reply) -> None:
        """Put the answer and then the file where they belong; never over another file of the same name."""
        folder = self._folder / (DONE if reply.taken else REFUSED)
        target = folder / file.name.partition("~")[2]
        if target.exists():
            target = folder / f"{target.stem}-{uuid.uuid4().hex[:12]}{target.suffix}"
        try:
            write_whole(target.with_name(target.name + ANSWER), reply.body, 0o660)
            file.rename(target)
        except (AdapterError, OSError) as error:  # whatever the cause, the file is done with: it is not refused now
            raise OSError(errno.EIO, "the answer cannot be put beside it") from error
        log.info("inbox file %s", DONE if reply.taken else REFUSED, extra={"inbox": self._inbox.id})


def forget_removed(adapter: "Adapter") -> None:
    """Clear the alarms of inboxes that the directory no longer has, and of feeds that are no longer configured."""
    at = to_micros(adapter.clock.now())
    known = {f"inbox/{name}" for name in adapter.directory.inboxes} | {f"feed/{name}" for name in adapter.feeds}
    with adapter.database.read() as connection:
        told = standing(connection, (UNUSABLE, FAILING))
    gone = [alarm for alarm in told if alarm.subject not in known]
    if gone:
        with adapter.database.write() as connection:
            for alarm in gone:
                clear_alarm(connection, kind=alarm.kind, subject=alarm.subject, at=at)


def _listed(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """The files that are no longer being written, in the order of names, each with size and time of change."""
    with os.scandir(folder) as entries:
        found = sorted((each for each in entries if not each.name.startswith(".")), key=lambda each: each.name)
    for each in found:
        if each.is_dir(follow_symlinks=False):
            continue
        try:
            about = each.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield each.name, (about.st_size, about.st_mtime_ns)


def _digest(descriptor: int, most: int) -> str:
    """Of an ordinary file's content, or of its first `most` bytes: whoever leaves more must not keep us hashing."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return hashlib.sha256(b"").hexdigest()
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        return hashlib.sha256(stream.read(most)).hexdigest()


@contextmanager
def _locked(file: Path) -> Iterator[int | None]:
    """The opened file, ours as long as this lasts; None where another process has it, or has done with it."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = file.lstat().st_ino == os.fstat(descriptor).st_ino
        except (BlockingIOError, FileNotFoundError):
            ours = False
        yield descriptor if ours else None
    finally:
        os.close(descriptor)
