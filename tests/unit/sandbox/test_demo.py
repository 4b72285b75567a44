"""The demo with another system in Lifecare's place, and with an adapter that cannot start."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from adapter.sandbox import demo, lifecare, player
from adapter.sandbox.demo import Options, run
from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.journey import shipped_journey
from adapter.sandbox.ledger import Ledger
from adapter.sandbox.lifecare import Lifecare
from adapter.sandbox.process import AdapterProcess
from adapter.sandbox.timeline import Timeline
from adapter.support.clock import SystemClock
from adapter.support.errors import AdapterError


class Vendor(Timeline):
    """Reads what the demo prints, as the vendor's people would, and sets the vendor's system up by it."""

    def __init__(self, system: Lifecare) -> None:
        self.out = io.StringIO()
        super().__init__(Console(file=self.out, highlight=False))
        self._system = system

    def say(self, words: str, style: str = "") -> None:
        super().say(words, style)
        if found := re.fullmatch(r"Messages go to \S+ with the token (\S+)", words):
            self._system._token = found[1]
        if found := re.fullmatch(r"Your system answers to (\S+) with the token (\S+)", words):
            self._system.answer_to(found[1], found[2])


@pytest.fixture
def system() -> Iterator[Lifecare]:
    clock = SystemClock()
    simulated = Lifecare("not yet known", Ledger(clock), Identifiers("vendor"), clock)
    simulated.come_back()
    yield simulated
    simulated.stop()


def test_a_vendors_system_that_reads_and_accepts_passes(system: Lifecare) -> None:
    vendor = Vendor(system)
    assert run(Options("vendor", municipality=system.address), vendor), vendor.out.getvalue()
    assert len(system.ledger.stored) == 6
    assert "503" not in vendor.out.getvalue()


@pytest.mark.slow
def test_what_a_vendors_system_leaves_out_is_named(system: Lifecare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "STEP_SECONDS", 20.0)
    without = {kind: tuple(each for each in answers if each[0] != "svar") for kind, answers in lifecare.ANSWERS.items()}
    monkeypatch.setattr(lifecare, "ANSWERS", without)
    vendor = Vendor(system)
    assert not run(Options("vendor", municipality=system.address), vendor)
    text = vendor.out.getvalue()
    for event in ("admission-notice", "sip-invitation"):
        assert f"no acceptance-answer to the {event} came from Lifecare within 20 s" in text
    assert "no read-receipt" not in text
    assert len(system.ledger.stored) == 6


def test_a_municipality_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "STEP_SECONDS", 2.0)
    out = io.StringIO()
    assert not run(Options("vendor", municipality="http://127.0.0.1:9/spu"), Timeline(Console(file=out)))
    assert "admission-notice did not arrive at Lifecare within 2 s" in out.getvalue()
    assert "planning-information did not arrive" not in out.getvalue()


def test_an_adapter_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    config = tmp_path / "adapter.toml"
    config.write_text('environment = "elsewhere"\n')
    with (
        pytest.raises(AdapterError, match="ended while starting") as caught,
        AdapterProcess(config, "http://127.0.0.1:9", tmp_path / "log"),
    ):
        pass
    assert "environment" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [("kommunen", "needs a URL"), ("ftp://127.0.0.1/x", "needs a URL"), ("http://kommun.example/x", "https")],
)
def test_an_address_that_is_no_municipality_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(AdapterError, match=words):
        run(Options("vendor", municipality=url), Timeline(Console(file=io.StringIO())))


def test_an_answer_that_the_plan_does_not_expect_ends_the_play(monkeypatch: pytest.MonkeyPatch) -> None:
    journey = shipped_journey("home-with-sip")
    expected = journey.steps[0].expect.model_copy(update={"http_status": 202})
    steps = (journey.steps[0].model_copy(update={"expect": expected}), *journey.steps[1:])
    monkeypatch.setattr(demo, "shipped_journey", lambda _: replace(journey, steps=steps))
    out = io.StringIO()
    assert not run(Options("a"), Timeline(Console(file=out)))
    assert "the admission-notice was answered with HTTP 200, ok, expected HTTP 202, ok" in out.getvalue()
    assert "planning-information" not in out.getvalue()


def test_an_adapter_that_ends_during_the_play_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AdapterProcess, "running", False)
    with pytest.raises(AdapterError, match="the adapter ended during the play"):
        run(Options("a"), Timeline(Console(file=io.StringIO())))
