"""Plans in a real store, as the exchange would have written them, and the service that answers with them."""

import copy
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.directory import Directory
from adapter.exchange.care_plans import CarePlans, Options
from adapter.fhir import canonical
from adapter.fhir import json as fhir_json
from adapter.plans.riv.contract import PERSONNUMMER, Answer, PersonId, Request
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import Pseudonyms
from adapter.store import tables

ROOT = Path(__file__).parents[3]
SHIPPED = json.loads((ROOT / "fixtures" / "journeys" / "home-with-sip" / "05-sip.json").read_bytes())
COERCIVE = json.loads((ROOT / "fixtures" / "journeys" / "compulsory-care" / "04-sip.json").read_bytes())
CONTRACT = ROOT.parent / "shared" / "data" / "rivta-getcareplans-2.0"
PERSON = "194108109168"
OPEN_CARE, WARD, HOME = "SE2321000222-HC2074", "SE2321000222-E7A31", "SE2120002643-MOTT01"
REGION_HSA, SOURCE = "SE2321000222-REGION", "SE2321000222-ADAPTER"
DIRECTORY = f"""
parties:
  - {{id: region, kind: region, name: Region Västerbotten, hsa: {REGION_HSA}}}
  - {{id: kommun, kind: municipality, name: Skellefteå kommun, kommunkod: "2482"}}
  - {{id: platform, kind: operator, name: Tjänsteplattformen}}
units:
  - {{hsa: {WARD}, name: Medicin 3, kind: inpatient, party: region}}
  - {{hsa: {OPEN_CARE}, name: Solgården, kind: open-care, party: region}}
  - {{hsa: {HOME}, name: Mottagande enhet, kind: municipal-receiving, party: kommun}}
systems:
  - {{id: ehr, kind: ehr, party: region}}
  - {{id: national, kind: planning-tool, party: platform, carries: [region, kommun]}}
endpoints: []
routes: []
"""


def resource(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)


@dataclass
class Plans:
    """A service over a store into which tests put versions of plans."""

    stored: Any
    directory: Directory
    pseudonyms: Pseudonyms
    options: Options = field(default_factory=lambda: Options(SOURCE))
    patient_id: int = 0

    def __post_init__(self) -> None:
        with self.stored.database.write() as connection:
            identifier = (canonical.PERSONNUMMER, PERSON)
            self.patient_id = self.pseudonyms.surrogate(connection, [identifier], self.stored.now)

    @property
    def service(self) -> CarePlans:
        stored = self.stored
        return CarePlans(stored.database, stored.contents, self.directory, self.pseudonyms, stored.clock, self.options)

    def put(
        self,
        change: Any = None,
        *,
        bundle: dict[str, Any] = SHIPPED,
        event: str = "sip",
        party: str = "region",
        unit: str = OPEN_CARE,
        to: tuple[str, ...] = ("kommun",),
        arrived: bool = True,
        revises: str | None = None,
        statements: dict[str, str] | None = None,
    ) -> str:
        """Store one message as sent a minute after the last; returns its header id. `change` alters the Bundle."""
        written = copy.deepcopy(bundle)
        if change is not None:
            change(written)
        at = self.stored.now
        message = self.stored.message(
            event=event, patient_id=self.patient_id, sender_party=party, sender_unit=unit, sent_at=at
        )
        header = f"header-{message}"
        self.stored.change(tables.message, message, header_id=header)
        self.stored.content(message, "received", fhir_json.serialize(written), "application/fhir+json")
        said = {"plan_consent": "given"} if statements is None else statements
        detail = {"header_id": header, "happened_at": at, "tasks": [], "statements": said}
        detail |= {"previous": None, "answers": None, "revises": revises}
        sender = {"sender_party": party, "sender_unit": unit}
        self.stored.fact(message, self.patient_id, event=event, detail=detail, **sender)
        for receiver in to:
            state = {"status": "done", "attempts": 1} if arrived else {"status": "waiting"}
            self.stored.delivery(message, receiver_party=receiver, patient_id=self.patient_id, event=event, **state)
        self.stored.clock.advance(timedelta(minutes=1))
        return header

    def ask(self, party: str = "kommun", carries: frozenset[str] = frozenset(), **narrower: Any) -> Answer:
        request = Request(PersonId(PERSON, PERSONNUMMER), **narrower)
        return self.service.answer(request, caller(party, carries), "log")

    def titles(self, party: str = "kommun", **narrower: Any) -> list[str]:
        answer = self.ask(party, **narrower)
        assert answer.code == "OK"
        return [plan.title for plan in answer.plans]

    def audited(self) -> list[tuple[str, str, int | None]]:
        rows = self.stored.rows(tables.audit)
        return [(row["party"], row["object"], row["patient_id"]) for row in rows if row["action"] == "care-plan-view"]


def caller(party: str, carries: frozenset[str] = frozenset(), *rights: Right) -> Principal:
    return Principal(f"token of {party}", party, frozenset(), frozenset(rights or [Right.CONTENT]), carries)


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    folder = tmp_path_factory.mktemp("directory")
    (folder / "directory.yaml").write_text(DIRECTORY, "utf-8")
    return Directory.load(folder)


@pytest.fixture
def plans(stored: Any, directory: Directory) -> Plans:
    return Plans(stored, directory, Pseudonyms([("k1", b"a key for tests that is long enough")]))


@pytest.fixture
def any_url(sqlite_url):
    """One of these tests drops a table: on a file of its own."""
    return sqlite_url
