"""A feed's folder with a file at which the adapter fails: the others are taken, it is tried again, and somebody is
told."""

from pathlib import Path

import pytest

from adapter.exchange.feeds.intake import FeedIntake
from adapter.store.alarms import standing
from adapter.support.errors import UnavailableError
from adapter.web import inbox as inboxes
from adapter.web import stumbling
from adapter.web.inbox import Inbox
from adapter.web.stumbling import Stumbling

from .conftest import ADT, adt

FOLDER = ADT.replace("protocol: http", "protocol: folder\nfolder: {path: in, every: 50ms}")


class Folder:
    """A feed's folder with a clock that stands, and the alarms about it."""

    def __init__(self, world) -> None:
        self.world, self.now = world, 0.0
        world.configure(vas=FOLDER)
        self.path = world.folder / "feeds" / "in"
        adapter = world.adapter
        intake = adapter.feed_intake
        known = Stumbling("feed/vas", adapter.database, adapter.clock)
        self.inbox = Inbox(adapter.feeds["vas"], intake, 1_000_000, known)

    def leave(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8", newline="")

    def alarms(self) -> list[tuple[str, str]]:
        with self.world.adapter.database.read() as connection:
            return [(each.subject, each.reason) for each in standing(connection) if each.kind == stumbling.FAILING]


@pytest.fixture
def folder(world, monkeypatch):
    made = Folder(world)
    monkeypatch.setattr(stumbling, "time", type("Time", (), {"monotonic": lambda: made.now}))
    return made


def test_one_file_that_we_fail_at_keeps_no_other_waiting(folder, world, monkeypatch):
    folder.leave("1.hl7", "MSH|poison")
    folder.leave("2.hl7", adt("A01", 1))
    take = FeedIntake.take

    def failing(self, feed_id, body, request_id, caller=None):
        if b"poison" in body:
            raise KeyError("words of a person")
        return take(self, feed_id, body, request_id, caller)

    with monkeypatch.context() as patched:
        patched.setattr(FeedIntake, "take", failing)
        assert [folder.inbox.look() for folder.now in (0, 0, 1, 6)] == [1, 0, 0, 0]
    assert [event for event, _ in world.told()] == ["admission-notice"]
    assert folder.alarms() == [("feed/vas", "the adapter cannot deal with 1 of the files: KeyError")]
    folder.now = 60
    assert folder.inbox.look() == 1  # set aside now: it is no message
    assert folder.alarms() == []
    assert len(list((folder.path / "refused").glob("*.answer"))) == 1


def test_what_cannot_be_removed_is_not_taken_in_twice_and_keeps_no_other_waiting(folder, world, monkeypatch):
    folder.leave("1.hl7", adt("A01", 1))
    folder.leave("2.hl7", adt("A08", 2, estimate="20260318"))
    unlink = Path.unlink

    def refusing(self, missing_ok=False):
        if self.name == "1.hl7":
            raise PermissionError(1, "Operation not permitted")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    for folder.now in (0, 0, 10):
        folder.inbox.look()
    assert [event for event, _ in world.told()] == ["admission-notice", "admission-notice-update"]
    assert [words for _, words in folder.alarms()] == [
        "the adapter cannot deal with 1 of the files: Operation not permitted"
    ]


def test_a_name_of_any_length_is_set_aside(folder):
    folder.leave("å" * 120 + ".hl7", "no message")
    folder.leave("b" * 250, "no message")
    assert folder.inbox.look() == 2
    assert [each.name for each in folder.path.iterdir()] == ["refused"]
    assert len(list((folder.path / "refused").iterdir())) == 4


def test_more_files_than_are_taken_at_once_do_not_hide_the_others(folder, world, monkeypatch):
    monkeypatch.setattr(inboxes, "_ONCE", 1)
    folder.leave("1.hl7", adt("A01", 1))
    monkeypatch.setattr(FeedIntake, "take", lambda *_: (_ for _ in ()).throw(KeyError()))
    assert (folder.inbox.look(), folder.inbox.look()) == (0, 0)
    folder.leave("2.hl7", adt("A01", 2))
    monkeypatch.undo()
    monkeypatch.setattr(stumbling, "time", type("Time", (), {"monotonic": lambda: 1.0}))
    monkeypatch.setattr(inboxes, "_ONCE", 1)
    assert folder.inbox.look() == 1
    assert [each.name for each in sorted(folder.path.glob("*.hl7"))] == ["1.hl7"]


def test_while_the_store_is_away_all_files_stay(folder, monkeypatch):
    folder.leave("1.hl7", adt("A01", 1))
    monkeypatch.setattr(FeedIntake, "take", lambda *_: (_ for _ in ()).throw(UnavailableError("away")))
    with pytest.raises(UnavailableError):
        folder.inbox.look()
    assert folder.alarms() == []
    monkeypatch.undo()
    assert folder.inbox.look() == 1
