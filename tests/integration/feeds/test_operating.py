"""What operations see of feeds, and do about gaps."""

import json

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.store import tables

from .conftest import adt


@pytest.fixture
def run(world):
    def run(*words: str):
        found = CliRunner().invoke(app, [*words, "--config", str(world.folder / "adapter.toml")])
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return run


def test_a_gap_is_in_status_until_somebody_settles_it_or_it_is_mended(world, run):
    world.take("vas", adt("A01", 1, kommunkod="9999", estimate=""))
    status = run("status")
    assert status.exit_code == 1
    assert "adapter feeds gaps --feed vas" in status.stdout
    shown = run("feeds", "gaps")
    assert shown.exit_code == 1
    assert "stay V7" in shown.stdout
    assert "kommunkod 9999" in shown.stdout
    numbers = {each["kind"]: each["id"] for each in json.loads(run("feeds", "gaps", "--json").stdout)["gaps"]}
    assert set(numbers) == {"receivers", "estimate"}
    done = run("feeds", "settle", str(numbers["receivers"]), "--reason", "told by telephone")
    assert done.exit_code == 0
    world.take("vas", adt("A08", 2, kommunkod="9999"))
    assert run("feeds", "gaps").exit_code == 0
    assert ("feed-gap-settle", "told by telephone") in [(row.action, row.reason) for row in world.rows(tables.audit)]
    world.take("vas", adt("A08", 3))
    world.take("vas", adt("A08", 4, kommunkod="9999"))
    assert world.gaps() == {"receivers"}


def test_of_a_protected_person_no_place_is_shown(world, run):
    world.take("vas", adt("A01", 1, unit="SECRET1", extra="PD1||||||||||||Y"))
    shown = run("feeds", "gaps").stdout + run("status").stdout
    assert "SECRET1" not in shown
    assert "the unit is not known" in shown


def test_what_was_refused_is_told_until_it_comes_right(world, run):
    world.take("vas", adt("A01", 1, person="196111202988"))
    assert "adapter feeds events --feed vas --status refused" in run("status").stdout
    listed = json.loads(run("feeds", "events", "--json").stdout)["events"]
    assert [(each["control_id"], each["status"]) for each in listed] == [("C1", "refused")]
    assert "check digit" in listed[0]["reason"]
    world.take("vas", adt("A01", 1))
    assert "refused" not in run("status").stdout


def test_content_is_opened_with_a_reason_that_is_audited(world, run):
    message = adt("A01", 1)
    world.take("vas", message)
    [event] = world.rows(tables.feed_event)
    config = str(world.folder / "adapter.toml")
    unreasoned = CliRunner().invoke(app, ["feeds", "show", str(event.id), "--reason", " ", "--config", config])
    assert "a reason is needed" in str(unreasoned.exception)
    opened = run("feeds", "show", str(event.id), "--reason", "asked by the ward")
    assert opened.stdout_bytes == message.encode()
    [row] = world.rows(tables.audit)
    assert (row.action, row.object) == ("feed-content-view", f"feed_event/{event.id}")


def test_the_feeds_are_listed_with_what_they_never_say(world, run):
    world.take("vas", adt("A01", 1))
    feeds = json.loads(run("feeds", "list", "--json").stdout)["feeds"]
    assert [(each["id"], each["taken"], each["not_carried"]) for each in feeds] == [("plan", 0, []), ("vas", 1, [])]


def test_after_a_crash_what_was_planned_is_sent_as_it_was(world):
    sent = world.adapter.exchange.receive_authored
    world.adapter.exchange.receive_authored = lambda *_: (_ for _ in ()).throw(SystemExit)
    with pytest.raises(SystemExit):
        world.take("vas", adt("A01", 1))
    world.adapter.exchange.receive_authored = sent
    [planned] = world.rows(tables.feed_message)
    assert (planned.status, world.told()) == ("planned", [])
    assert world.adapter.feed_intake.catch_up() == 1
    [message] = world.rows(tables.message)
    assert (message.header_id, world.rows(tables.feed_message)[0].status) == (planned.header_id, "sent")
    assert world.adapter.feed_intake.catch_up() == 0


def test_a_receiver_without_route_is_a_gap(world):
    directory = world.folder / "directory" / "directory.yaml"
    directory.write_text(
        directory.read_text("utf-8").replace("  - {to: {party: kommun}, endpoint: lifecare}\n", ""), "utf-8"
    )
    world.configure()
    world.take("vas", adt("A01", 1))
    assert (world.told(), world.gaps()) == ([], {"route"})
