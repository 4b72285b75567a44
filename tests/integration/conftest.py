"""A whole installation in a temporary folder: real files, a real database, real receivers on loopback."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter import wiring
from adapter.exchange.submission import Reply, Submission
from adapter.fhir import json as fhir_json
from adapter.mapping import Mapping
from adapter.sandbox.fhir_receiver import FhirReceiver
from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.journey import Journey, Play, shipped_journey
from adapter.sandbox.ledger import Ledger
from adapter.sandbox.lifecare import Lifecare
from adapter.security.principals import Principal, Right
from adapter.support import settings
from adapter.support.clock import STOCKHOLM, SystemClock

EHR = "SE2321000222-E7A31"
OPEN_CARE = "SE2321000222-HC2074"
MUNICIPALITY = "SE2120002643-MOTT01"

_TOML = """
environment = "test"
[security]
pseudonym_keys = [{ id = "k1", file = "pseudonym.key" }]
[delivery]
schedule = ["100ms"]
jitter = 0.0
poll = "50ms"
probe_interval = "200ms"
quick_retries = 0
"""

_DIRECTORY = """
parties:
  - {{id: region, kind: region, name: Region Västerbotten}}
  - {{id: kommun, kind: municipality, name: Skellefteå kommun, kommunkod: "2482"}}
  - {{id: annan, kind: municipality, name: Umeå kommun, kommunkod: "2480"}}
  - {{id: drift, kind: operator, name: Lifecare i Västerbotten}}
units:
  - {{hsa: SE2321000222-E7A31, name: Medicin 3, kind: inpatient, party: region}}
  - {{hsa: SE2321000222-HC2074, name: Solgården, kind: open-care, party: region}}
  - {{hsa: SE2120002643-MOTT01, name: Mottagande enhet, kind: municipal-receiving, party: kommun}}
  - {{hsa: SE2120002627-MOTT01, name: Mottagande enhet, kind: municipal-receiving, party: annan}}
systems:
  - {{id: ehr, kind: ehr, party: region}}
  - {{id: open-care, kind: ehr, party: region}}
  - {{id: lifecare, kind: planning-tool, party: drift, carries: [kommun, annan]}}
endpoints:
  - {{id: ehr, system: ehr, channel: fhir, address: "{ehr}/$process-message", token_file: receiver.token}}
  - {{id: open-care, system: open-care, channel: fhir, format: xml, address: "{open_care}/$process-message",
     token_file: receiver.token}}
  - {{id: lifecare, system: lifecare, channel: xml-http, address: "{lifecare}", mapping: lifecare,
     token_file: receiver.token}}
routes:
  - {{to: {{hsa: SE2321000222-E7A31}}, endpoint: ehr}}
  - {{to: {{hsa: SE2321000222-HC2074}}, endpoint: open-care}}
  - {{to: {{party: kommun}}, endpoint: lifecare}}
  - {{to: {{party: annan}}, endpoint: lifecare}}
"""

_TOKEN = "receiver-token-for-tests-only"


@dataclass
class Installation:
    """The adapter under test and the receivers around it."""

    folder: Path
    adapter: wiring.Adapter
    ehr: FhirReceiver
    open_care: FhirReceiver
    lifecare: Lifecare

    def principal(self, party: str, *rights: Right) -> Principal:
        """A principal of a party with its units of today; the right to send where none is named."""
        today = self.adapter.clock.now().astimezone(STOCKHOLM).date()
        return Principal(
            f"test:{party}", party, self.adapter.directory.units_of(party, today), frozenset(rights or [Right.SEND])
        )

    @property
    def operator(self) -> Principal:
        return Principal("test:operator", "operations", frozenset(), frozenset(Right))

    def send(self, message: dict[str, Any] | bytes, party: str = "region") -> Reply:
        """Submit a FHIR message as the party."""
        body = message if isinstance(message, bytes) else fhir_json.serialize(message)
        submission = Submission(body, "application/fhir+json", request_id="test")
        return self.adapter.exchange.receive(submission, self.principal(party))


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> wiring.Adapter:
    """What is the same in every installation and dear to build: the validator with what it compiled, the mapping."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "adapter.toml").write_text(_TOML)
    made = wiring.build(settings.load(folder / "adapter.toml"))
    made.mappings = {"lifecare": Mapping.load(made.settings.mappings.folder / "lifecare")}
    return made


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """A SQLite file, or a database of the kind that ADAPTER_TEST_DATABASE says; a module that always runs on both has
    `pytestmark = pytest.mark.parametrize("database_url", …)`."""
    kind = getattr(request, "param", os.environ.get("ADAPTER_TEST_DATABASE", "sqlite"))
    url: str = request.getfixturevalue(f"{kind}_url")
    return url


@pytest.fixture
def installation(tmp_path: Path, parts: wiring.Adapter, database_url: str) -> Iterator[Installation]:
    clock = SystemClock()
    ehr = FhirReceiver(EHR, _TOKEN, Ledger(clock))
    open_care = FhirReceiver(OPEN_CARE, _TOKEN, Ledger(clock))
    lifecare = Lifecare(_TOKEN, Ledger(clock), Identifiers("test"), clock)
    servers = (ehr.server, open_care.server, lifecare.server)
    for server in servers:
        server.accept()
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "directory.yaml").write_text(
        _DIRECTORY.format(ehr=ehr.base, open_care=open_care.base, lifecare=lifecare.address), encoding="utf-8"
    )
    (tmp_path / "directory" / "receiver.token").write_text(_TOKEN)
    (tmp_path / "pseudonym.key").write_text("a key for tests that is long enough to be one")
    (tmp_path / "adapter.toml").write_text(f'{_TOML}[database]\nurl = "{database_url}"\n')
    adapter = wiring.build(settings.load(tmp_path / "adapter.toml"), clock)
    adapter.message_validator, adapter.mappings = parts.message_validator, parts.mappings
    made = Installation(tmp_path, adapter, ehr, open_care, lifecare)
    try:
        yield made
    finally:
        for each in {adapter, made.adapter}:  # a test may have put another in its place
            each.close()
        for server in servers:
            server.stop()


@pytest.fixture(scope="session")
def journey() -> Journey:
    return shipped_journey("home-with-sip")


@pytest.fixture
def messages(journey: Journey) -> Callable[[str], list[dict[str, Any]]]:
    """The journey's messages with new identifiers, as sent over the last hours; a seed gives a case of its own."""

    def make(seed: str) -> list[dict[str, Any]]:
        play, now = Play(journey, seed), SystemClock().now()
        count = len(journey.steps)
        return [play.message(step, now - timedelta(minutes=count - index)) for index, step in enumerate(journey.steps)]

    return make
