import os
from pathlib import Path

import pytest

from adapter.directory import Receiver
from adapter.sandbox.installation import Counterpart, Installation, own_environment
from adapter.sandbox.journey import shipped_journey
from adapter.security.principals import Right
from adapter.support.clock import STOCKHOLM

COUNTERPARTS = [
    Counterpart("ehr", "http://127.0.0.1:9/ehr", "hemligheten-1", "fhir", "json"),
    Counterpart("open-care", "http://127.0.0.1:9/open-care", "hemligheten-2", "fhir", "xml"),
    Counterpart("municipality", "http://127.0.0.1:9/lifecare", "hemligheten-3", "xml-http", "xml"),
]
JOURNEY = shipped_journey("home-with-sip")


def test_every_party_of_the_journey_is_reached_at_its_system(tmp_path: Path) -> None:
    made = Installation(tmp_path / "new", JOURNEY, COUNTERPARTS)
    today = made.adapter.clock.now().astimezone(STOCKHOLM).date()
    for counterpart in COUNTERPARTS:
        unit = JOURNEY.parties[counterpart.role].unit
        endpoint = made.adapter.directory.route(Receiver(hsa=unit), "admission-notice", today).endpoint
        assert (endpoint.address, endpoint.token()) == (counterpart.address, counterpart.token)
    made.close()


def test_only_the_operators_token_sees_beyond_its_party_and_none_of_its_rights_is_to_send(tmp_path: Path) -> None:
    made = Installation(tmp_path / "new", JOURNEY, COUNTERPARTS)
    callers = made.callers
    rights = {
        token: made.adapter.tokens.authenticate(token)
        for token in (callers.ehr, callers.open_care, callers.municipality, callers.operations)
    }
    seeing = [token for token, row in rights.items() if row is not None and Right.ALL_PARTIES in row.rights]
    sending = [token for token, row in rights.items() if row is not None and Right.SEND in row.rights]
    assert seeing == [callers.operations]
    assert sending == [callers.ehr, callers.open_care, callers.municipality]
    made.close()


def test_the_settings_of_another_installation_never_reach_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADAPTER_DATABASE__URL", f"sqlite:///{tmp_path}/theirs.db")
    monkeypatch.setenv("ADAPTER_CACHE", "/somewhere")
    made = Installation(tmp_path / "new", JOURNEY, COUNTERPARTS)
    assert made.settings.database.url == f"sqlite:///{tmp_path}/new/adapter.db"
    assert not (tmp_path / "theirs.db").exists()
    assert "ADAPTER_DATABASE__URL" in os.environ
    assert "ADAPTER_DATABASE__URL" not in own_environment()
    assert own_environment()["ADAPTER_CACHE"] == "/somewhere"
    made.close()
