import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console

from adapter.exchange.records import AttemptRow
from adapter.sandbox.legs import Leg
from adapter.sandbox.timeline import Timeline, row

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
FAILED = AttemptRow(1, NOW, NOW, "retry", 503, "HTTP 503: Tillfälligt avbrott")
DONE = AttemptRow(2, NOW + timedelta(seconds=1), NOW + timedelta(seconds=1), "done", 200, None)
LEG = Leg(
    1, "m", "admission-notice", "ehr", "municipality", None, "done", "ok", (FAILED, DONE), None, NOW,
    NOW + timedelta(seconds=1.5), (("read-receipt", ()), ("acceptance-answer", ("accepted",))),
)  # fmt: skip


def timeline() -> tuple[Timeline, io.StringIO]:
    out = io.StringIO()
    return Timeline(Console(file=out, highlight=False)), out


def test_an_attempt_is_shown_once_when_it_has_ended() -> None:
    shown, out = timeline()
    running = replace(LEG, attempts=(FAILED, replace(DONE, ended_at=None, outcome=None)))
    shown.attempts([running])
    shown.attempts([running])
    assert out.getvalue().count("attempt 1: HTTP 503: Tillfälligt avbrott") == 1
    assert "attempt 2" not in out.getvalue()
    shown.attempts([LEG])
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("attempt 2: delivered")


def test_off_a_terminal_lines_are_plain_and_whole() -> None:
    shown, out = timeline()
    shown.say("x" * 300, "bold red")
    assert out.getvalue() == "x" * 300 + "\n"
    assert not shown.interactive


def test_a_row_says_who_how_often_and_what_came_back() -> None:
    assert row(LEG) == ("admission-notice", "EHR", "Lifecare", "2", "ok", "read, accepted", "1.50 s")
    held = replace(LEG, status="waiting", acknowledgement=None, delivered_at=None, business=(("sip", ("accepted",)),))
    assert row(held) == ("admission-notice", "EHR", "Lifecare", "2", "waiting", "own part of plan", "")


def test_the_table_has_a_row_for_each_leg() -> None:
    shown, out = timeline()
    shown.table([LEG, replace(LEG, event="sip")])
    text = out.getvalue()
    assert "technical acknowledgement" in text
    assert "business answer" in text
    assert text.count("read, accepted") == 2
