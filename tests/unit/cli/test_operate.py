"""The commands with which an installation is watched and acted upon, on a real store."""

import json
import re
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.security.principals import Right
from adapter.store import tables
from adapter.support.clock import SystemClock
from adapter.support.errors import AdapterError, ForbiddenError, NotFoundError


@pytest.fixture
def dead(stored):
    message_id = stored.message()
    delivery_id = stored.delivery(message_id, status="dead", reason="unit is closed")
    stored.content(message_id, "mapped", b"<meddelande/>", "application/xml", delivery_id=delivery_id)
    return delivery_id


def audited(stored):
    return [(row["principal"].partition(":")[0], row["action"], row["object"]) for row in stored.rows(tables.audit)]


class TestStatus:
    def test_nothing(self, run):
        assert "Nothing needs a person." in run("status")

    def test_something_is_told_with_time_and_next_command_and_answers_no(self, run, stored, dead):
        text = run("status", exit_code=1)
        assert "1 delivery of admission-notice not delivered to lifecare" in text
        assert "since 2026-03-02 10:00:01" in text  # local: UTC+1 in winter
        assert f"next: adapter deliveries show {dead}" in text

    def test_json(self, run, dead):
        found = json.loads(run("status", "--json", exit_code=1))
        assert found["needs_person"] is True
        [attention] = found["attention"]
        assert (attention["kind"], attention["delivery_id"]) == ("dead-letter", dead)
        assert attention["since"] == "2026-03-02T09:00:01.000000Z"
        assert found["endpoints"][0]["dead"] == 1


class TestMessages:
    def test_list(self, run, stored, dead):
        text = run("messages", "list")
        assert "SE2321000016-WARD" in text
        assert "1 dead" in text

    def test_filters_and_cursor(self, run, stored):
        ids = [stored.message(event="sip", status="rejected", case_id="c") for _ in range(3)]
        stored.message()
        words = ["messages", "list", "--event", "sip", "--status", "rejected", "--case", "c", "--limit", "2", "--json"]
        page = json.loads(run(*words))
        assert [row["id"] for row in page["messages"]] == [ids[2], ids[1]]
        page = json.loads(run(*words, "--before", str(page["next_before"])))
        assert ([row["id"] for row in page["messages"]], page["next_before"]) == ([ids[0]], None)

    def test_protected_is_redacted(self, run, stored):
        stored.delivery(stored.message(patient_id=stored.patient(protected=True)))
        for words in (("messages", "list"), ("messages", "show", "1"), ("deliveries", "list"), ("status",)):
            text = run(*words, exit_code=1 if words == ("status",) else 0)
            assert not [word for word in ("SE2321000016", "SE2120000001", "lifecare", "kommun-a") if word in text]
        assert "protected" in run("messages", "list")

    def test_show_tells_the_story(self, run, stored, dead):
        message = stored.rows(tables.message)[0]["id"]
        stored.attempt(dead, outcome="dead", http_status=422, reason="unit is closed")
        stored.content(message, "received", b"{}", "application/fhir+json")
        text = run("messages", "show", str(message))
        for word in ("accepted", "attempt 1", "dead", "unit is closed", "received", "application/fhir+json"):
            assert word in text
        assert json.loads(run("messages", "show", str(message), "--json"))["row"]["id"] == message

    def test_content_comes_as_it_is_and_is_audited(self, run, stored):
        message = stored.message()
        stored.content(message, "received", b'{"value": 1.50e3}', "application/fhir+json")
        assert (
            run("messages", "show", str(message), "--content", "received", "--reason", "support") == '{"value": 1.50e3}'
        )
        assert [entry[1] for entry in audited(stored)] == ["content-view"]

    def test_content_needs_a_reason(self, run, stored):
        message = stored.message()
        stored.content(message, "received", b"{}", "application/fhir+json")
        with pytest.raises(ForbiddenError, match="reason"):
            run("messages", "show", str(message), "--content", "received")

    def test_content_of_several_deliveries_is_not_guessed(self, run, stored):
        message = stored.message()
        one, two = stored.delivery(message), stored.delivery(message)
        stored.content(message, "mapped", b"one", "text/plain", delivery_id=one)
        stored.content(message, "mapped", b"two", "text/plain", delivery_id=two)
        words = ["messages", "show", str(message), "--content", "mapped", "--reason", "r"]
        with pytest.raises(AdapterError, match=f"--delivery, of {one}, {two}"):
            run(*words)
        assert run(*words, "--delivery", str(two)) == "two"
        with pytest.raises(NotFoundError, match="it has mapped"):
            run("messages", "show", str(message), "--content", "received", "--reason", "r")

    def test_control_characters_do_not_reach_the_terminal(self, run, stored):
        message = stored.message(case_id="case\x1b[2J")
        assert "\x1b" not in run("messages", "show", str(message))

    def test_a_number_that_no_database_gives_is_refused(self, run):
        run("messages", "show", str(2**63), exit_code=2)
        run("deliveries", "retry", str(2**63), exit_code=2)
        run("audit", "list", "--before", "0", exit_code=2)

    def test_unknown(self, run):
        with pytest.raises(NotFoundError):
            run("messages", "show", "77")


class TestDeliveries:
    def test_list_and_show(self, run, stored, dead):
        assert [
            row["id"] for row in json.loads(run("deliveries", "list", "--status", "dead", "--json"))["deliveries"]
        ] == [dead]
        text = run("deliveries", "show", str(dead))
        assert "unit is closed" in text
        assert f"adapter deliveries retry {dead}" in text

    def test_retry(self, run, stored, dead):
        assert f"delivery {dead} is retried" in run("deliveries", "retry", str(dead))
        assert stored.rows(tables.delivery)[0]["status"] == "waiting"
        assert audited(stored) == [("local", "delivery-retry", f"delivery/{dead}")]

    def test_what_cannot_be_is_the_answer_no_and_does_not_stop_the_others(self, run, stored, dead):
        done = stored.delivery(stored.message(), status="done")
        text = run("deliveries", "retry", str(done), str(dead), exit_code=1)
        assert f"delivery {done} is done" in text
        assert f"delivery {dead} is retried" in text

    def test_one_that_is_not_there_does_not_stop_the_others(self, run, stored, dead):
        other = stored.delivery(stored.message(), status="dead")
        words = ("deliveries", "cancel", str(dead), "77", str(other), "--reason", "by telephone")
        told = run(*words, exit_code=1).splitlines()
        assert told == [f"delivery {dead} is cancelled", "there is no delivery 77", f"delivery {other} is cancelled"]

    def test_what_was_done_is_told_whatever_stops_the_rest(self, config, stored, dead, tmp_path):
        done = stored.delivery(stored.message(), status="done")
        words = ("deliveries", "retry", str(done), str(dead), "--mapping", str(tmp_path / "none"))
        result = CliRunner().invoke(app, [*words, "--config", str(config)])
        assert isinstance(result.exception, AdapterError)
        assert result.output.splitlines() == [f"delivery {done} is done: only dead can be mapped anew"]

    def test_cancel_and_release_need_a_reason_to_be_given(self, run, stored, dead):
        held = stored.delivery(stored.message(), status="held", held_reason="protected")
        for act, number in (("cancel", dead), ("release", held)):
            run("deliveries", act, str(number), exit_code=2)
            run("deliveries", act, str(number), "--reason", "by telephone")
        assert [row["status"] for row in stored.rows(tables.delivery)] == ["cancelled", "waiting"]

    def test_json_says_what_was_done(self, run, dead):
        answer = json.loads(run("deliveries", "retry", str(dead), "--json"))
        assert answer == {"deliveries": [{"delivery": dead, "done": True, "text": f"delivery {dead} is retried"}]}


class TestEndpoints:
    @pytest.fixture(autouse=True)
    def known(self, stored):
        with stored.database.write() as connection:
            values = {"endpoint": "lifecare", "state": "closed", "since": stored.now}
            connection.execute(tables.endpoint_state.insert().values(values))

    def test_pause_shows_in_status_and_resume_ends_it(self, run, stored):
        run("endpoints", "pause", "lifecare", "--reason", "new certificate")
        assert "next: adapter endpoints resume lifecare" in run("status", exit_code=1)
        assert "new certificate" in run("endpoints", "show", "lifecare")
        run("endpoints", "resume", "lifecare")
        run("status")
        assert [entry[1] for entry in audited(stored)] == ["endpoint-pause", "endpoint-resume"]

    def test_a_directory_that_cannot_be_read_does_not_hide_what_is_known(self, run):
        assert "lifecare" in run("endpoints", "list")

    def test_one_that_is_not_known(self, run):
        with pytest.raises(NotFoundError, match="nowhere"):
            run("endpoints", "show", "nowhere")


def test_audit_list(run, stored, dead):
    run("deliveries", "cancel", str(dead), "--reason", "by telephone")
    text = run("audit", "list")
    assert "delivery-cancel" in text
    assert "by telephone" in text
    [entry] = json.loads(run("audit", "list", "--action", "delivery-cancel", "--json"))["entries"]
    assert entry["object"] == f"delivery/{dead}"


class TestDb:
    def test_upgrade_makes_an_empty_database_usable(self, run, config, tmp_path):
        empty = re.sub(r"(?m)^url = .*$", f'url = "sqlite:///{tmp_path / "new.db"}"', config.read_text())
        config.write_text(empty)
        with pytest.raises(AdapterError, match="adapter db upgrade"):
            run("status")
        assert json.loads(run("db", "status", "--json", exit_code=1))["current"] is None
        assert "applied" in run("db", "upgrade")
        assert "nothing to do" in run("db", "upgrade")
        run("db", "status")
        run("status")


def test_a_missing_configuration_is_told_in_words(tmp_path):
    result = CliRunner().invoke(app, ["status", "--config", str(tmp_path / "none.toml")])
    assert isinstance(result.exception, AdapterError)
    assert "--config" in str(result.exception)


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(seconds=5), "5 s ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=30), "1 d ago"),
        (timedelta(), "0 s ago"),
        (timedelta(hours=-2), "in 2 h"),
    ],
)
def test_relative_time(distance, text):
    from adapter.cli.output import ago

    now = SystemClock().now()
    assert ago(now - distance, now) == text


def test_the_local_operator_has_every_right():
    from adapter.cli.context import operator

    found = operator()
    assert found.rights == frozenset(Right)
    assert found.name.startswith("local:")
