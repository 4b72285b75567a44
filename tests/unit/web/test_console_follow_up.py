"""The follow-up's page, its document and its calls, from real figures."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from adapter.directory import Directory
from adapter.exchange.agreements import Agreements
from adapter.exchange.follow_ups import FollowUps, Period
from adapter.security.principals import Principal, Right
from adapter.security.tokens import Tokens
from adapter.store import tables
from adapter.support import settings
from adapter.support.clock import ManualClock, to_micros
from adapter.support.errors import UnavailableError
from adapter.web.console.follow_up import document, unit_names
from adapter.web.server import Server

_DIRECTORY = """
parties:
  - {id: region, kind: region, name: Regionen}
  - {id: kommun-a, kind: municipality, name: A <kommun>, kommunkod: "2482"}
units:
  - {hsa: SE2321000016-WARD, name: Avdelningen, kind: inpatient, party: region}
  - {hsa: SE2120000001-HOME, name: Mottagande enhet, kind: municipal-receiving, party: kommun-a}
"""
OPERATIONS = Principal("operations", "operations", frozenset(), frozenset(Right))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 6, 2, 9, 0, tzinfo=UTC))


@pytest.fixture
def adapter(stored: Any, clock: ManualClock, tmp_path: Any) -> SimpleNamespace:
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "directory.yaml").write_text(_DIRECTORY, encoding="utf-8")
    directory = Directory.load(tmp_path / "directory")
    made = settings.Settings(
        environment="test", server={"port": 0}, security={"pseudonym_keys": [{"id": "k1", "env": "PSEUDONYM_KEY"}]}
    )
    parts = ("views", "operations", "exchange", "validator", "care_plans", "feeds")
    return SimpleNamespace(
        settings=made,
        clock=clock,
        database=stored.database,
        directory=directory,
        mappings={},
        tokens=Tokens(stored.database, clock),
        follow_ups=FollowUps(stored.database, directory, Agreements(), clock, 5),
        **dict.fromkeys(parts),
    )


def fill(stored: Any) -> None:
    """Seven stays in March, one in April, each of two days after the ready notice."""
    for number in range(8):
        month = 3 + number // 7
        times = [f"2026-{month:02}-{day:02}T09:00:00+00:00" for day in (8, 9, 11)]
        instants = ({"admission": times[0]}, {}, {"discharge": times[2]})
        events = ("admission-notice", "ready-for-discharge", "discharge-notice")
        whose = {"patient_id": stored.patient(), "message_id": stored.message(), "case_id": f"case-{number}"}
        rows = []
        for event, at, said in zip(events, times, instants, strict=True):
            micros = to_micros(datetime.fromisoformat(at))
            detail = {"header_id": f"{number}-{event}", "happened_at": micros, "tasks": [], "statements": {}}
            rows.append(
                whose
                | {
                    "event": event,
                    "sender_party": "region",
                    "sender_unit": "SE2321000016-WARD",
                    "receivers": [{"unit": "SE2120000001-HOME", "party": "kommun-a"}],
                    "instants": said,
                    "detail": detail | dict.fromkeys(("previous", "answers", "revises")),
                    "recorded_at": micros,
                }
            )
        with stored.database.write() as connection:
            connection.execute(insert(tables.fact), rows)


def test_the_document_shows_what_is_not_hidden_and_escapes_names(stored: Any, adapter: SimpleNamespace) -> None:
    fill(stored)
    period = Period(date(2026, 3, 1), date(2026, 4, 1))
    names = unit_names(adapter.directory)
    html = document(adapter.follow_ups.report(OPERATIONS, period), names)
    assert "A &lt;kommun&gt; (2482)" in html
    assert "Hemtagningstid (median, dygn)" in html
    assert re.search(r"2026-04</th>\s*<td class=\"number\">dolt", html)
    assert "<script" not in html
    compared = adapter.follow_ups.compare(OPERATIONS, Period.read("2026-02"), Period.read("2026-03"))
    assert "2026-02" in document(compared, names, "en")
    empty = document(adapter.follow_ups.report(OPERATIONS, Period.read("2020-01")), names)
    assert "Inget att räkna i perioden." in empty


@pytest.fixture
def url(adapter: SimpleNamespace) -> Iterator[str]:
    server = Server(adapter)
    server.start()
    yield server.url
    server.stop()


def token(adapter: SimpleNamespace, party: str, *rights: Right) -> str:
    return str(adapter.tokens.issue(party, rights, datetime(2027, 1, 1, tzinfo=UTC), "test"))


def test_figures_over_http(stored: Any, adapter: SimpleNamespace, url: str) -> None:
    fill(stored)
    bearer = {"Authorization": f"Bearer {token(adapter, 'region', Right.LIST, Right.ALL_PARTIES)}"}
    own = {"Authorization": f"Bearer {token(adapter, 'kommun-a', Right.LIST)}"}
    with httpx.Client(base_url=f"{url}/operations", timeout=60) as client:
        found = client.get("/follow-up?months=2026-03", headers=bearer)
        assert found.status_code == 200, found.text
        found = found.json()
        days = [each for each in found["figures"] if each["measure"] == "days-after-ready" and not each["unit"]]
        assert [(each["of"], each["mean"]) for each in days] == [(7, "2.00"), (7, "2.00")]
        again = client.get("/follow-up", headers=bearer, params={"months": "2026-03", "until": found["until"]}).json()
        assert again["digest"] == found["digest"]
        compared = client.get("/follow-up?months=2026-03&compared=2026-01..2026-02", headers=bearer).json()
        assert compared["columns"] == ["2026-01..2026-02", "2026-03"]
        assert client.get("/follow-up?months=2026-03&form=csv", headers=own).text.startswith("measure,part")
        report = client.get("/follow-up?months=2026-03&form=fhir", headers=bearer)
        assert {each["resource"]["resourceType"] for each in report.json()["entry"]} == {"MeasureReport"}
        assert report.headers["content-type"] == "application/fhir+json"
        assert client.get("/follow-up/frozen/2026-03", headers=bearer).status_code == 422
        frozen = client.post("/follow-up/frozen/2026-03", headers=bearer, json={"reason": "årets uppföljning"})
        assert frozen.status_code == 200
        assert client.get("/follow-up/frozen/2026-03", headers=bearer).json() == frozen.json()
        for path, headers, status in (
            ("/follow-up?months=2026-03", {}, 401),
            ("/follow-up?months=2026-03&by=sender", own, 403),
            ("/follow-up?months=2026-03&until=2026-03-01T00:00:00", bearer, 400),
            ("/follow-up?months=2026-3x", bearer, 422),
            ("/follow-up?months=2026-03&compared=2026-03&form=csv", bearer, 422),
            ("/follow-up?months=2026-03&compared=2026-02&form=fhir", bearer, 422),
        ):
            assert client.get(path, headers=headers).status_code == status, path
        assert client.post("/follow-up/frozen/2026-04", headers=own, json={"reason": "x"}).status_code == 403


def test_one_computation_at_a_time(stored: Any, adapter: SimpleNamespace) -> None:
    period = Period.read("2026-03")
    with adapter.follow_ups._alone(), pytest.raises(UnavailableError):  # while another one goes on
        adapter.follow_ups.report(OPERATIONS, period)
    assert adapter.follow_ups.report(OPERATIONS, period).figures == ()


def test_the_page_and_its_csv(stored: Any, adapter: SimpleNamespace, url: str) -> None:
    fill(stored)
    with httpx.Client(base_url=url, timeout=60) as browser:
        page = browser.get("/console/login")
        csrf = re.search(r'name="csrf" value="([^"]*)"', page.text)
        browser.post(
            "/console/login",
            data={"token": token(adapter, "kommun-a", Right.LIST)} | ({"csrf": csrf[1]} if csrf else {}),
        )
        asked = browser.get("/console/follow-up")
        assert asked.status_code == 200
        assert "<svg" not in asked.text
        shown = browser.get("/console/follow-up?first=2026-03&last=&compared=&measure=days-after-ready")
        assert shown.status_code == 200
        assert "Dagar som utskrivningsklar (median, dygn)" in shown.text
        assert "n = 7" in shown.text
        assert "style=" not in shown.text
        lines = browser.get("/console/follow-up.csv?first=2026-03").text.splitlines()
        assert lines[0].startswith("measure,part,code,unit")
        assert {line.split(",")[3] for line in lines[1:]} == {"2482", "all"}
        for wrong, status in (
            ("first=2026-13", 422),
            ("first=2026-03&compared=x", 422),
            ("first=x", 404),
            ("first=2026-03&compared=2026-03", 422),
            ("first=2026-03&by=sender", 403),
        ):
            assert browser.get(f"/console/follow-up?{wrong}").status_code == status, wrong
