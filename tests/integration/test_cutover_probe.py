"""The test send before a cut-over, to real servers: what it proves, what it does not, and that nothing comes of it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.cutover.probing import probe
from adapter.delivery.channels.base import Check
from adapter.sandbox.ledger import Effect
from adapter.sandbox.server import LoopbackServer, Response

from .test_cutover import CutOver, rows


def outcome(installation: Any, endpoint: str) -> Check | None:
    channel = installation.adapter.open_channel(endpoint)
    try:
        return probe(installation.adapter.directory.endpoint(endpoint), channel)
    finally:
        channel.close()


@pytest.mark.parametrize("endpoint", ["ehr", "open-care"])
def test_a_fhir_receiver_that_refuses_in_its_own_format_reads_what_comes(installation: Any, endpoint: str):
    found = outcome(installation, endpoint)
    assert found is not None
    assert found.ok
    assert "it reads what comes, and answers in its own format" in found.proves
    assert found.leaves_open == ("that it takes a real message",)
    assert not [each for each in installation.ehr.ledger.entries if each.effect is Effect.STORED]


def test_one_that_refuses_in_words_shows_less_and_stores_nothing(installation: Any):
    found = outcome(installation, "lifecare")
    assert found is not None
    assert found.ok
    assert found.proves == ("the address takes our token and media type",)
    assert "that it answers in its own format" in found.leaves_open
    assert not [each for each in installation.lifecare.ledger.entries if each.effect is Effect.STORED]


def test_a_wrong_token_another_door_and_silence_are_told_apart(installation: Any):
    token = installation.folder / "directory" / "receiver.token"
    right = token.read_text()
    token.write_text("another-token-than-was-agreed")
    found = outcome(installation, "lifecare")
    assert found is not None
    assert (found.ok, found.reason) == (False, "the test send is refused with HTTP 401")
    token.write_text(right)
    installation.ehr.server.refuse()
    found = outcome(installation, "ehr")
    assert found is not None
    assert found.reason.startswith("the test send failed (connect")
    door = LoopbackServer(lambda _request: Response(200, b"<html>welcome</html>", "text/html"))
    door.accept()
    try:
        endpoint = installation.adapter.directory.endpoint("lifecare")
        directory = installation.folder / "directory" / "directory.yaml"
        text = directory.read_text(encoding="utf-8").replace(endpoint.address, f"{door.address}/spu")
        directory.write_text(text, encoding="utf-8")
        channel = installation.adapter.renewed().open_channel("lifecare")
        found = probe(endpoint, channel)
        channel.close()
    finally:
        door.stop()
    assert found is not None
    assert found.reason == "it answers 200, and not in its own format: it is another door"


@pytest.mark.slow
def test_readiness_tells_what_was_sent_and_what_it_shows(installation: Any):
    CutOver(installation).export(rows(1))
    folder = installation.folder
    words = ["cutover", "readiness", str(folder / "export-0.xml"), "--plan", str(folder / "cutover.yaml")]
    config = ["--config", str(folder / "adapter.toml")]
    said = CliRunner().invoke(app, [*words, "--send-test", *config])
    assert "endpoint lifecare, test send: the address takes our token" in said.stdout
    asked = CliRunner().invoke(app, [*words, "--send-test", "--json", *config])
    assert asked.stdout, asked.exception
    told = json.loads(asked.stdout)
    assert told["tests"]["lifecare"]["ok"] is True
    assert json.loads(CliRunner().invoke(app, [*words, "--json", *config]).stdout)["tests"] == {}
    (folder / "directory" / "receiver.token").write_text("another-token-than-was-agreed")
    refused = CliRunner().invoke(app, [*words, "--send-test", *config])
    assert refused.exit_code == 1
    assert "endpoint lifecare: the test send is refused with HTTP 401" in refused.stdout
