"""The commands with which many deliveries, a person's messages and the undelivered are looked at and acted upon."""

import json
from pathlib import Path

import pytest

from adapter.cli import undelivered
from adapter.exchange.undelivered import Contact, Listing, Undelivered
from adapter.security.pseudonyms import Pseudonyms
from adapter.store import tables
from adapter.support.errors import AdapterError

PERSON = ("http://electronichealth.se/identifier/personnummer", "199010042386")
KEY = "a key for tests that is long enough to be one"


@pytest.fixture
def run(run, monkeypatch):
    monkeypatch.setenv("PSEUDONYM_KEY", KEY)
    return run


@pytest.fixture
def dead(stored):
    message = stored.message(patient_id=stored.patient())
    number = stored.delivery(message, status="dead", attempts=1)
    stored.content(message, "mapped", b"<a/>", "application/xml", delivery_id=number)
    stored.attempt(number, http_status=422, outcome="dead")
    return number


def audited(stored):
    return [(row["action"], row["object"]) for row in stored.rows(tables.audit)]


def test_replay_from_errors_to_cancel(run, stored, dead):
    assert "422" in run("deliveries", "errors")
    assert json.loads(run("deliveries", "errors", "--json"))["errors"][0]["signature"] == "422"
    chosen = ("--signature", "422", "--since", "2026-03-01")
    counted = json.loads(run("replays", "count", *chosen, "--json"))
    assert (counted["count"], counted["first"]) == (1, [dead])
    assert "0 deliveries" in run("replays", "count", "--event", "sip", exit_code=1)
    start = ("replays", "start", "--reason", "mended")
    assert "count again" in run(*start, "--digest", "other", *chosen, exit_code=1)
    assert "replay 1 is started" in run(*start, "--digest", counted["digest"], *chosen)
    assert "mended" in run("replays", "list")
    assert "not yet" in run("replays", "show", 1)
    run("replays", "pause", 1)
    assert "is paused" in run("replays", "pause", 1, exit_code=1)
    assert "adapter replays resume 1" in run("status", exit_code=1)
    run("replays", "resume", 1)
    run("replays", "cancel", 1, "--reason", "enough")
    assert json.loads(run("replays", "show", 1, "--json"))["replay"]["status"] == "cancelled"
    assert "not sent" in run("replays", "show", 1)
    assert [action for action, _ in audited(stored)] == [
        "replay-start", "replay-pause", "replay-resume", "replay-cancel"
    ]  # fmt: skip


def test_what_was_expunged_is_counted_apart(run, stored):
    stored.delivery(stored.message(expunged_at=stored.now), status="done")
    number = stored.delivery(stored.message(), status="done")
    words = run("replays", "count", "--status", "done")
    assert f"1 deliveries: {number}\n" in words
    assert "1 more were expunged and cannot be sent again" in words
    counted = json.loads(run("replays", "count", "--status", "done", "--json"))
    assert (counted["count"], counted["first"], counted["expunged"]) == (1, [number], 1)


def test_a_wrong_time_is_told(run):
    with pytest.raises(AdapterError, match="is no date or time"):
        run("replays", "count", "--since", "yesterday")


def test_hold(run, stored):
    number = stored.delivery(stored.message())
    assert f"delivery {number} is held" in run("deliveries", "hold", number, "--reason", "ask first")
    assert "only waiting can be held" in run("deliveries", "hold", number, "--reason", "ask first", exit_code=1)
    assert audited(stored) == [("delivery-hold", f"delivery/{number}")]


def test_an_act_on_what_is_gone_or_done_already_is_refused_in_words(run, stored):
    gone = stored.message(expunged_at=stored.now)
    words = run("messages", "expunge", gone, "--reason", "once more", exit_code=1)
    assert words.startswith(f"the content of message {gone} is expunged, on ")
    under_way = stored.message()
    stored.delivery(under_way)
    assert "waiting: cancel it first" in run("messages", "expunge", under_way, "--reason", "it is wrong", exit_code=1)
    assert audited(stored) == []


class TestWhere:
    @pytest.fixture
    def person(self, stored):
        with stored.database.write() as connection:
            return Pseudonyms([("k1", KEY.encode())]).surrogate(connection, [PERSON], stored.now)

    def test_the_number_is_read_not_written(self, run, stored, person, tmp_path):
        stored.delivery(stored.message(patient_id=person), status="done", delivered_at=stored.now)
        text = run("where", "--patient", "-", "--reason", "the ward", typed="19901004-2386\n")
        assert "admission-notice to SE2120000001-HOME: arrived" in text
        (tmp_path / "number").write_text("199010042386\n")
        found = json.loads(run("where", "--patient", tmp_path / "number", "--reason", "the ward", "--json"))
        assert (found["known"], len(found["rows"])) == (True, 1)
        assert audited(stored) == [("where", "patient")] * 2

    def test_on_the_command_line_it_is_refused_and_not_repeated(self, run, stored):
        with pytest.raises(AdapterError, match="not the number itself") as caught:
            run("where", "--patient", PERSON[1], "--reason", "the ward")
        assert PERSON[1] not in str(caught.value)
        assert audited(stored) == []

    def test_nobody(self, run, stored):
        assert "No message names" in run(
            "where", "--patient", "-", "--reason", "the ward", typed="189001019802\n", exit_code=1
        )
        with pytest.raises(AdapterError, match="no number"):
            run("where", "--patient", "-", "--reason", "the ward", typed="\n")


class TestUndelivered:
    def test_without_a_directory_it_still_lists(self, run, stored, dead):
        text = run("deliveries", "undelivered", exit_code=1)
        assert "SE2120000001-HOME" in text
        assert audited(stored) == []

    def test_pages_are_written_for_their_owner_only(self, run, dead, tmp_path):
        for name, start in (("list.pdf", b"%PDF"), ("list.txt", b"Reservrutin")):
            run("deliveries", "undelivered", "--print", tmp_path / name, exit_code=1)
            assert (tmp_path / name).read_bytes().startswith(start)
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        assert "[ ] leverans 1" in run("deliveries", "undelivered", "--print", "-", exit_code=1)

    def test_a_file_of_another_kind_is_refused_before_it_is_written(self, run, dead, tmp_path):
        with pytest.raises(AdapterError, match=r"expected a name that ends with \.pdf or \.txt"):
            run("deliveries", "undelivered", "--print", tmp_path / "list.docx")
        assert not (tmp_path / "list.docx").exists()

    def test_of_the_protected_there_is_a_number_only(self, clock):
        shown = Undelivered(
            1, 1, "sip", "dead", statutory=False, accepted_at=clock.now(), deadline=None,
            contact=Contact("U", "Hemvården", phone="010"), protected=False, person="Ada Ek",
        )  # fmt: skip
        hidden = Undelivered(
            2, 2, "sip", "held", statutory=True, accepted_at=clock.now(), deadline=clock.now(), contact=None,
            protected=True,
        )  # fmt: skip
        made = undelivered.document(Listing(clock.now(), (shown, hidden), complete=False))
        assert [section.heading.split()[0] for section in made.sections] == ["Hemvården", "Skyddade"]
        assert any("Ada Ek" in line for line in made.sections[0].lines)
        assert "INTE FULLSTÄNDIG" in made.warning
        assert any("leverans 2" in line for line in made.sections[1].lines)

    def test_everything_has_arrived(self, run):
        assert "Everything has arrived." in run("deliveries", "undelivered")


def test_repair_needs_a_file_that_can_be_read(run, dead):
    with pytest.raises(AdapterError, match="cannot read"):
        run("deliveries", "repair", dead, "--reason", "why", "--edited", Path("/nowhere/x"))
