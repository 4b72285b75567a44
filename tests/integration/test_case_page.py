"""The console's page of a case, over real messages; and what it does not tell of a protected person."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from adapter.discharge.agreement import Agreement, Enrolment, Step, Trigger
from adapter.exchange.agreements import Agreements
from adapter.security.principals import Right
from adapter.store import tables
from adapter.web.console import acting_texts, case_texts, texts
from adapter.web.server import Server
from tests.integration.conftest import MUNICIPALITY, Installation

AGREED = Agreement(
    id="vasterbotten",
    version="2026",
    name="x",
    valid_from=date(2018, 1, 1),
    escalation=(Step(trigger=Trigger.UNREAD, to="enhetschef, mottagande enhet"),),
    enrolment=Enrolment(),
)


@pytest.fixture
def page(
    installation: Installation, messages: Callable[[str], list[dict[str, Any]]]
) -> Iterator[Callable[..., httpx.Response]]:
    """Asks the console, logged in as operations; a case is there whose ladder has been climbed."""
    adapter = installation.adapter
    adapter.agreements = Agreements([AGREED])
    for message in messages("page")[:5]:
        assert any(installation.send(message, party).status == 200 for party in ("region", "kommun"))
    while adapter.deadlines.step():
        pass
    on_any_port = adapter.settings.server.model_copy(update={"port": 0})
    adapter.settings = adapter.settings.model_copy(update={"server": on_any_port})
    server = Server(adapter)
    server.start()
    token = adapter.tokens.issue("drift", list(Right), adapter.clock.now() + timedelta(days=1), "tester")
    with httpx.Client(base_url=server.url, timeout=60) as client:
        assert client.post("/console/login", data={"token": token}).status_code == 303
        yield client.request
    server.stop()


def test_a_case_is_reached_from_a_message_and_acted_on(
    page: Callable[..., httpx.Response], installation: Installation
) -> None:
    assert "/console/messages/1/case" in page("GET", "/console/messages/1").text
    assert page("GET", "/console/language/sv?next=/console").status_code in (200, 303)
    swedish = page("GET", "/console/messages/1/case").text
    for words in (
        "Inskrivningsmeddelande i tid",
        "Kommun 2482",
        "Fast vårdkontakt har kallat, där en SIP ska göras",
        "Samtycke till planen",
        "alla kriterier är inte kända",
        "enhetschef, mottagande enhet",
        MUNICIPALITY,
    ):
        assert words in swedish, words
    page("GET", "/console/language/en?next=/console")
    english = page("GET", "/console/messages/1/case").text
    assert "Admission notice in time" in english
    csrf = re.search(r'name="csrf" value="([^"]+)"', english)
    assert csrf is not None
    path = "/console/messages/1/case/escalations/1/acknowledge"
    assert page("POST", path, data={"csrf": "other"}).status_code == 403
    done = page("POST", path, data={"csrf": csrf.group(1), "note": "ringt"})
    assert (done.status_code, done.headers["location"]) == (303, "/console/messages/1/case#escalations")
    after = page("GET", "/console/messages/1/case").text
    assert "Noted that somebody has seen to it." in after
    assert "ringt" in after
    assert page("GET", "/console/messages/99/case").status_code == 404


def test_of_a_protected_person_the_page_tells_nothing_of_where(
    page: Callable[..., httpx.Response], installation: Installation
) -> None:
    with installation.adapter.database.write() as connection:
        connection.execute(update(tables.patient).values(protected=True))
    shown = page("GET", "/console/messages/1/case")
    assert shown.status_code == 200
    for word in ("2482", MUNICIPALITY, "SE2321000222", "vasterbotten", "enhetschef", "Skellefte"):
        assert word not in shown.text, word


def test_every_word_is_in_both_languages_and_once() -> None:
    for key, words in case_texts.TEXTS.items():
        assert len(words) == 2, key
        assert all(words), key
        assert key not in texts.TEXTS, key
        assert key not in acting_texts.TEXTS, key
