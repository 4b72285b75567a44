"""Messages dropped in a real folder, and the files by which the receiver acknowledges them."""

import os
import time
from pathlib import Path

import pytest

from adapter.delivery.channels import build
from adapter.delivery.channels.base import ChannelSettings, Outgoing
from adapter.delivery.channels.folder import file_name
from adapter.delivery.channels.options import FolderSettings
from adapter.delivery.policy import Kind, classify

OUTGOING = Outgoing(7, b"<m/>", "application/xml", "id-1", "corr-1")
NAME = "id-1-7.xml"


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "out"
    made.mkdir()
    return made


@pytest.fixture
def send(folder):
    def send(within: float | None = None, outgoing: Outgoing = OUTGOING):
        channel = build(ChannelSettings("a", "folder", "", folder=FolderSettings(folder, within)))
        try:
            return classify(channel.send(outgoing))
        finally:
            channel.close()

    return send


def lying(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_a_file_lies_there_whole_and_is_delivered(folder, send):
    assert send().kind is Kind.DONE
    assert lying(folder) == [NAME]
    assert (folder / NAME).read_bytes() == b"<m/>"


def test_a_repeat_is_the_same_file(folder, send):
    send()
    inode = (folder / NAME).stat().st_ino
    assert send().kind is Kind.DONE
    assert (lying(folder), (folder / NAME).stat().st_ino) == ([NAME], inode)
    mended = Outgoing(7, b"<mended/>", "application/xml", "id-1", "corr-1")
    assert send(outgoing=mended).kind is Kind.DONE
    assert (folder / NAME).read_bytes() == b"<mended/>"


def test_a_reader_never_sees_half_a_file(folder, send, monkeypatch):
    seen = []
    flush = os.fsync
    monkeypatch.setattr("adapter.delivery.channels.folder.os.fsync", lambda fd: (seen.append(lying(folder)), flush(fd)))
    send()
    hidden, final = seen
    assert all(name.startswith(".") for name in hidden)
    assert final == [NAME], "the folder is flushed after the renaming"


@pytest.mark.parametrize(
    ("idempotency_id", "media_type", "name"),
    [
        ("id-1", "application/fhir+json; charset=utf-8", "id-1-7.json"),
        ("id-1", "application/fhir+xml", "id-1-7.xml"),
        ("id-1", "x-application/hl7-v2+er7", "id-1-7.dat"),
        ("../../etc/passwd", "text/xml", "message-7.xml"),
        (".hidden", "text/xml", "message-7.xml"),
        ("a" * 65, "text/xml", "message-7.xml"),
        ("", "text/xml", "message-7.xml"),
    ],
)
def test_the_name_is_the_message_id_and_the_delivery(idempotency_id, media_type, name):
    assert file_name(Outgoing(7, b"", media_type, idempotency_id, "c")) == name


def test_until_the_receiver_says_so_it_is_waited_for(folder, send):
    first = send(60.0)
    assert (first.kind, first.retry_after) == (Kind.WAIT, 5.0)
    assert send(60.0).kind is Kind.WAIT
    (folder / NAME).unlink()  # the receiver takes it away, and is not given it again
    assert send(60.0).kind is Kind.WAIT
    assert lying(folder) == [f".{NAME}.sent"]
    (folder / f"{NAME}.ok").touch()
    done = send(60.0)
    assert (done.kind, done.acknowledgement) == (Kind.DONE, "ok")
    assert lying(folder) == [f"acknowledged/{NAME}.ok"]
    assert send(60.0).kind is Kind.DONE, "the end came between the answer and its record"
    assert lying(folder) == [f"acknowledged/{NAME}.ok"]


def test_a_refusal_is_told_in_the_receivers_words_and_a_mended_message_starts_anew(folder, send):
    send(60.0)
    (folder / f"{NAME}.error").write_text("unknown unit\nrow 7\n")
    refused = send(60.0)
    assert (refused.kind, refused.acknowledgement) == (Kind.DEAD, "fatal-error")
    assert "unknown unit row 7" in refused.reason
    assert send(60.0).kind is Kind.WAIT
    (folder / f"{NAME}.ok").touch()
    assert send(60.0).kind is Kind.DONE
    (folder / f"{NAME}.error").write_bytes(b"\xff" * 100_000)  # anything may lie there
    assert send(60.0).kind is Kind.DONE


def test_an_acknowledgement_that_does_not_come_is_a_failure(folder, send):
    send(60.0)
    mark = folder / f".{NAME}.sent"
    for taken in (False, True):
        if taken:
            (folder / NAME).unlink()
        os.utime(mark, (time.time() - 100, time.time() - 100))
        late = send(60.0)
        assert late.kind is Kind.RETRY
        assert ("was taken away" in late.reason) is taken
        assert (folder / NAME).exists(), "given again where it was taken without a word"
        assert send(60.0).kind is Kind.WAIT, "the time begins anew"


def test_it_is_looked_for_less_often_the_longer_it_takes(folder, send):
    send(86_400.0)
    mark, waits = folder / f".{NAME}.sent", []
    for age in (0, 100, 1_000, 40_000, 86_399):
        os.utime(mark, (time.time() - age, time.time() - age))
        waits.append(send(86_400.0).retry_after)
    assert waits == pytest.approx([5, 10, 100, 300, 2], abs=1.5)


def test_what_was_handed_over_before_an_end_is_known(folder, send):
    """The end comes between the renaming and the mark."""
    send(60.0)
    (folder / f".{NAME}.sent").unlink()
    inode = (folder / NAME).stat().st_ino
    assert send(60.0).kind is Kind.WAIT
    assert (folder / NAME).stat().st_ino == inode


def test_nobody_makes_us_read_another_file(folder, send, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    send(60.0)
    (folder / f"{NAME}.error").symlink_to(secret)
    refused = send(60.0)
    assert refused.kind is Kind.DEAD
    assert "s3cret" not in refused.reason
    (folder / NAME).unlink()
    os.mkfifo(folder / NAME)  # whoever opened it would wait for ever
    assert send().kind is Kind.DONE
    assert (folder / NAME).read_bytes() == b"<m/>"


def test_an_acknowledgement_is_not_acknowledged(send):
    assert send(60.0, Outgoing(7, b"<m/>", "application/xml", "id-1", "c", acknowledged=False)).kind is Kind.DONE


def test_the_test_of_a_folder_leaves_nothing(folder):
    channel = build(ChannelSettings("a", "folder", "", folder=FolderSettings(folder)))
    found = channel.check()
    assert (found.ok, found.reason, lying(folder)) == (True, "", [])
    folder.rmdir()
    found = channel.check()
    assert (found.ok, found.proves, found.reason) == (False, (), "it is not there")


class TestWorker:
    """Waiting as the outbox keeps it."""

    @pytest.fixture
    def outbox(self, store, folder):
        settings = ChannelSettings("a", "folder", "", folder=FolderSettings(folder, 3600.0))
        worker = store.worker(channels=lambda _endpoint: build(settings))
        first, second = (store.add(patient, body) for patient in [store.patient()] for body in ("one", "two"))
        return worker, first, second

    def test_a_patients_next_message_waits_for_the_acknowledgement(self, outbox, store, folder):
        worker, first, second = outbox
        assert worker.run_until_idle() == 1
        row = store.row(first)
        assert (row.status, row.attempts) == ("waiting", 1)
        assert "acknowledgement is waited for" in row.reason
        for _ in range(3):  # each look is no try
            store.advance(3600)
            assert worker.run_until_idle() == 1
        assert (store.row(first).attempts, store.states(first, second)) == (1, ["waiting", "waiting"])
        assert store.endpoint().state == "closed"
        (folder / f"header-one-{first}.dat.ok").touch()
        store.advance(3600)
        assert worker.run_until_idle() == 2
        assert store.states(first, second) == ["done", "waiting"]
        assert [each.outcome for each in store.rows(attempts())] == ["unknown", "done", "unknown"]

    def test_a_refusal_is_a_dead_letter(self, outbox, store, folder):
        worker, first, second = outbox
        worker.run_until_idle()
        (folder / f"header-one-{first}.dat.error").write_text("no")
        store.advance(60)
        worker.run_until_idle()
        assert store.states(first, second) == ["dead", "waiting"]


def attempts():
    from adapter.store import tables

    return tables.attempt
