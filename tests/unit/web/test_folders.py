"""A partner's folder on a real disk: what is taken, when, by whom, and where it ends."""

import fcntl
import hashlib
import os
import shutil
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapter.directory import Inbox
from adapter.exchange.submission import RecordReply, Reply
from adapter.fhir import json, outcomes
from adapter.fhir.outcomes import Issue
from adapter.store.alarms import standing
from adapter.store.database import Database
from adapter.support.clock import ManualClock
from adapter.support.errors import UnavailableError
from adapter.web import folders, stumbling
from adapter.web.folders import PartnerFolder

TAKEN = {"resourceType": "Bundle", "type": "message"}
MOST = 1000


class Exchange:
    """Answers what the test lays out, and keeps what it was given."""

    def __init__(self):
        self.replies, self.received, self.refused = [], [], []

    def receive(self, submission, principal):
        return self._take(submission, principal, Reply(200, TAKEN))

    def receive_record(self, mapping, submission, principal):
        return self._take(submission, principal, RecordReply(200, b"<taken/>", "application/xml"))

    def _take(self, submission, principal, plain):
        self.received.append((submission, principal))
        reply = self.replies.pop(0) if self.replies else plain
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def refuse(self, status, code, text, **about):
        self.refused.append((status, about["size"], about["source"], about["sha256"]))
        return Reply(status, outcomes.to_fhir([Issue("error", code, text)]))


@pytest.fixture(scope="module")
def database(tmp_path_factory, migrated):
    file = tmp_path_factory.mktemp("folders") / "adapter.db"
    shutil.copyfile(migrated, file)
    opened = Database(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture
def ticking(monkeypatch):
    at = SimpleNamespace(now=0.0)
    monkeypatch.setattr(folders, "time", SimpleNamespace(monotonic=lambda: at.now))
    return at


@pytest.fixture
def place(database, tmp_path, ticking):
    class Place:
        folder = tmp_path / "in"
        exchange = Exchange()

        def open(self, **values):
            inbox = Inbox(**({"id": "north", "system": "shared", "path": self.folder, "settled": "0s"} | values))
            directory = SimpleNamespace(
                system=lambda name: SimpleNamespace(party=f"party of {name}"),
                units_of=lambda party, on: frozenset({f"unit of {party}"}),
                carried_by=lambda party: frozenset({"carried"}),
            )
            mapping = SimpleNamespace(acknowledge=lambda _id, code, words, codes: f"<{code} {words} {codes}/>".encode())
            clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
            adapter = SimpleNamespace(
                exchange=self.exchange,
                directory=directory,
                clock=clock,
                database=database,
                mappings={"lifecare": mapping},
            )
            return PartnerFolder(inbox, adapter, MOST)

        def leave(self, name, body=b"{}"):
            (self.folder / name).write_bytes(body)

        def lying(self) -> dict[str, list[str]]:
            found = sorted(str(each.relative_to(self.folder)) for each in self.folder.rglob("*") if not each.is_dir())
            return {
                name: [
                    each.rpartition("~")[2].removeprefix(f"{name}/") for each in found if each.startswith(f"{name}/")
                ]
                for name in ("processing", "done", "refused")
            } | {"": [each for each in found if "/" not in each]}

    made = Place()
    made.folder.mkdir()
    return made


def test_a_message_is_taken_in_and_its_acknowledgement_lies_beside_it(place):
    folder = place.open()
    place.leave("b.json", b'{"b":1}')
    place.leave("a.xml", b"<a/>")
    assert folder.look() == 2
    assert [(each.body, each.media_type, each.source) for each, _ in place.exchange.received] == [
        (b"<a/>", "application/fhir+xml", "fhir"),
        (b'{"b":1}', "application/fhir+json", "fhir"),
    ]
    principal = place.exchange.received[0][1]
    assert (principal.party, principal.units) == ("party of shared", {"unit of party of shared"})
    assert principal.rights == {"send"}
    assert place.lying() == {
        "": [],
        "processing": [],
        "refused": [],
        "done": ["a.xml", "a.xml.answer", "b.json", "b.json.answer"],
    }
    assert json.parse((place.folder / "done" / "b.json.answer").read_bytes()) == TAKEN
    assert (place.folder / "done" / "a.xml.answer").read_bytes().startswith(b"<")
    assert folder.look() == 0


def test_a_record_goes_by_its_mapping(place):
    folder = place.open(mapping="lifecare")
    place.leave("a.txt", b"<m/>")
    place.exchange.replies = [RecordReply(422, b"<no/>", "application/xml")]
    folder.look()
    ((submission, _),) = place.exchange.received
    assert (submission.media_type, submission.source) == ("application/xml", "lifecare")
    assert place.lying()["refused"] == ["a.txt", "a.txt.answer"]
    assert (place.folder / "refused" / "a.txt.answer").read_bytes() == b"<no/>"


@pytest.mark.parametrize(
    ("name", "body", "status"), [("a.json", b"x" * (MOST + 1), 413), ("a.pdf", b"%PDF", 415), ("a", b"{}", 415)]
)
def test_what_is_not_even_read_is_refused_and_kept_as_such(place, name, body, status):
    place.leave(name, body)
    place.open().look()
    assert place.exchange.received == []
    assert place.exchange.refused == [(status, len(body), "fhir", hashlib.sha256(body[:MOST]).hexdigest())]
    assert place.lying()["refused"] == [name, f"{name}.answer"]
    assert b"OperationOutcome" in (place.folder / "refused" / f"{name}.answer").read_bytes()


def test_a_record_that_is_too_large_is_refused_in_the_partners_words(place):
    place.leave("a.xml", b"x" * (MOST + 1))
    os.mkfifo(place.folder / "b.xml")
    assert place.open(mapping="lifecare").look() == 2
    assert [(status, source) for status, _, source, _ in place.exchange.refused] == [
        (413, "lifecare"),
        (415, "lifecare"),
    ]
    answer = (place.folder / "refused" / "a.xml.answer").read_text()
    assert answer == "<fatal-error the file has 1001 bytes: expected at most 1000 ['too-long']/>"
    answer = (place.folder / "refused" / "b.xml.answer").read_text()
    assert answer == "<fatal-error this is no ordinary file ['not-supported']/>"


def test_a_file_that_still_grows_is_left_alone(place, ticking):
    folder = place.open(settled=timedelta(seconds=10))
    place.leave(".hidden.json")
    place.leave("a.json", b"{")
    assert folder.look() == 0
    ticking.now = 9
    place.leave("a.json", b"{}")
    assert folder.look() == 0
    ticking.now = 18
    assert folder.look() == 0
    ticking.now = 19
    assert folder.look() == 1
    assert place.exchange.received[0][0].body == b"{}"
    assert place.lying()[""] == [".hidden.json"]


@pytest.mark.parametrize(
    "away", [UnavailableError("the store is away"), Reply(503, {"resourceType": "OperationOutcome"})]
)
def test_while_the_store_is_away_nothing_is_lost_or_answered(place, away):
    folder = place.open()
    place.leave("a.json")
    place.exchange.replies = [away]
    if isinstance(away, Exception):
        with pytest.raises(UnavailableError):
            folder.look()
    else:
        assert folder.look() == 0
    assert place.lying() == {"": [], "processing": ["a.json"], "done": [], "refused": []}
    assert folder.look() == 1
    assert place.lying()["done"] == ["a.json", "a.json.answer"]


def test_what_a_process_left_behind_is_taken_by_the_next(place):
    class Killed(BaseException):
        pass

    place.leave("a.json", b'{"id":"1"}')
    place.exchange.replies = [Killed()]
    with pytest.raises(Killed):
        place.open().look()
    assert place.lying()["processing"] == ["a.json"]
    assert place.open().look() == 1
    assert [submission.body for submission, _ in place.exchange.received] == [b'{"id":"1"}'] * 2
    assert place.lying()["done"] == ["a.json", "a.json.answer"]


def test_what_another_process_works_on_is_left_to_it(place):
    folder = place.open()
    folder.look()
    place.leave("processing/1~a.json")
    place.leave("a.json", b'{"second":1}')
    descriptor = os.open(place.folder / "processing" / "1~a.json", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert folder.look() == 1
    assert place.lying()["processing"] == ["a.json"]
    os.close(descriptor)
    assert folder.look() == 1
    done = place.lying()["done"]
    assert len(done) == 4
    assert {"a.json", "a.json.answer"} < set(done)


def test_a_link_is_set_aside_and_not_followed(place, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_bytes(b"{}")
    (place.folder / "a.json").symlink_to(secret)
    folder = place.open()
    assert folder.look() == 0
    assert place.exchange.received == []
    assert len(place.lying()["refused"]) == 1
    assert secret.exists()


@pytest.mark.parametrize("name", ["processing", "done", "refused"])
def test_no_folder_of_a_partner_leads_to_files_of_ours(place, tmp_path, name, database):
    ours = tmp_path / "data"
    ours.mkdir()
    (ours / "adapter.db").write_bytes(b"all of it")
    (place.folder / name).symlink_to(ours)
    place.leave("a.json")
    folder = place.open(id=f"link-{name}")
    assert folder.look() == 0
    assert place.exchange.received == place.exchange.refused == []
    assert [each.name for each in ours.iterdir()] == ["adapter.db"]
    with database.read() as connection:
        (alarm,) = [each for each in standing(connection) if each.subject == f"inbox/link-{name}"]
    assert alarm.reason == f"{name} is a link: expected a folder"
    (place.folder / name).unlink()
    assert folder.look() == 1


@pytest.mark.parametrize("name", ["a" * 250 + ".json", "a" * 233 + ".json", "å" * 120 + ".json", "a." + "b" * 250])
def test_a_name_of_any_length_is_taken_and_keeps_no_other_waiting(place, name):
    place.leave(name)
    place.leave("b.json")
    folder = place.open()
    assert folder.look() == 2
    lying = place.lying()
    assert (lying[""], lying["processing"]) == ([], [])
    assert len(lying["done"] + lying["refused"]) == 4


def test_a_file_that_we_fail_at_keeps_no_other_waiting_and_is_tried_again(place):
    place.leave("a.json", b'{"a":1}')
    place.leave("b.json")
    place.exchange.replies = [KeyError("a fault of ours")]
    folder = place.open()
    assert folder.look() == 1
    assert len(place.lying()["processing"]) == 1
    assert folder.look() == 1
    assert place.exchange.received[-1][0].body == b'{"a":1}'


def test_what_we_fail_at_for_long_is_an_alarm_and_tried_more_seldom(place, database, monkeypatch):
    def alarms():
        with database.read() as connection:
            return [each for each in standing(connection) if each.subject == "inbox/stumbling"]

    at = SimpleNamespace(now=0.0)
    monkeypatch.setattr(stumbling, "time", SimpleNamespace(monotonic=lambda: at.now))
    place.leave("a.json", b'{"a":1}')
    place.exchange.replies = [KeyError("words of a person")] * 3
    folder = place.open(id="stumbling")
    for seconds in (0, 0, 1, 2, 5):  # the second at once, the third after five seconds
        at.now = seconds
        folder.look()
    assert len(place.exchange.received) == 3
    (alarm,) = alarms()
    assert (alarm.kind, alarm.reason) == (
        "inbox-file-failing",
        "the adapter cannot deal with 1 of the files: KeyError",
    )
    place.leave("b.json")
    assert folder.look() == 1
    at.now = 30
    assert folder.look() == 1
    assert alarms() == []


def test_a_file_that_cannot_be_moved_keeps_no_other_waiting(place, monkeypatch):
    place.leave("a.json", b'{"a":1}')
    place.leave("b.json")
    rename = Path.rename

    def refusing(self, target):
        if self.name == "a.json":
            raise PermissionError(1, "Operation not permitted")
        return rename(self, target)

    folder = place.open()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refusing)
        assert folder.look() == 1
    assert folder.look() == 1


def test_of_a_file_that_is_too_large_no_more_is_read_than_is_allowed(place):
    file = place.folder / "a.json"
    file.write_bytes(b"x" * MOST)
    os.truncate(file, 1 << 40)  # a terabyte of nothing: to hash it would take hours
    assert place.open().look() == 1
    assert place.exchange.refused == [(413, 1 << 40, "fhir", hashlib.sha256(b"x" * MOST).hexdigest())]
    assert place.lying()["refused"] == ["a.json", "a.json.answer"]
    assert (place.folder / "refused" / "a.json").stat().st_size == 1 << 40  # moved, not copied
    told = (place.folder / "refused" / "a.json.answer").read_text()
    assert f"the file has {1 << 40} bytes: expected at most 1000" in told


def test_a_file_that_was_taken_is_not_called_refused_where_its_answer_cannot_be_put(place, monkeypatch):
    place.leave("a.json")
    folder = place.open()
    write = folders.write_whole
    monkeypatch.setattr(folders, "write_whole", lambda *_: (_ for _ in ()).throw(PermissionError(13, "no")))
    assert folder.look() == 0
    assert (len(place.lying()["processing"]), place.lying()["refused"]) == (1, [])
    monkeypatch.setattr(folders, "write_whole", write)
    assert folder.look() == 1
    assert place.lying()["done"] == ["a.json", "a.json.answer"]


def test_two_processes_take_each_file_once(place):
    for number in range(60):
        place.leave(f"{number:03}.json", f'{{"id":"{number}"}}'.encode())
    ones = [place.open() for _ in range(3)]
    threads = [threading.Thread(target=each.look) for each in ones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in ones:  # what one had just let go when another looked
        each.look()
    assert set(Counter(submission.body for submission, _ in place.exchange.received).values()) == {1}
    assert len(place.lying()["done"]) == 120


def test_a_folder_that_is_away_is_an_alarm_until_it_is_back(place, database):
    def alarms():
        with database.read() as connection:
            return [(each.kind, each.subject, each.reason) for each in standing(connection)]

    folder, moved = place.open(), Path(f"{place.folder}-away")
    assert folder.look() == 0
    place.folder.rename(moved)
    assert folder.look() == folder.look() == 0
    assert alarms() == [("inbox-unusable", "inbox/north", "the folder cannot be used: No such file or directory")]
    clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    for inboxes, left in ({"north": None}, 1), ({"south": None}, 0):
        known = SimpleNamespace(clock=clock, database=database, directory=SimpleNamespace(inboxes=inboxes), feeds={})
        folders.forget_removed(known)
        assert len(alarms()) == left
    moved.rename(place.folder)
    place.leave("a.json")
    assert folder.look() == 1
    assert alarms() == []
