"""An installation with feeds, and events to send to it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapter import wiring
from adapter.fhir import json as fhir_json
from adapter.store import migrate, tables
from adapter.support import settings
from adapter.support.clock import SystemClock

_TOML = """
environment = "test"
[server]
port = 0
[security]
pseudonym_keys = [{ id = "k1", file = "pseudonym.key" }]
[feeds]
folder = "feeds"
"""
_DIRECTORY = """
parties:
  - {id: region, kind: region, name: Region Fjällvik}
  - {id: kommun, kind: municipality, name: Älvdala kommun, kommunkod: "9901"}
  - {id: annan, kind: municipality, name: Norrstrands kommun, kommunkod: "9902"}
  - {id: drift, kind: operator, name: Lifecare}
units:
  - {hsa: SE2329990001-1001, name: Medicin 12, kind: inpatient, party: region}
  - {hsa: SE2329990001-1002, name: Ortopedi 3, kind: inpatient, party: region}
  - {hsa: SE2329990001-2001, name: Strandvägen, kind: open-care, party: region}
  - {hsa: SE2329990002-1001, name: Mottagande enhet, kind: municipal-receiving, party: kommun}
systems:
  - {id: open-care, kind: ehr, party: region}
  - {id: lifecare, kind: planning-tool, party: drift, carries: [kommun, annan]}
endpoints:
  - {id: open-care, system: open-care, channel: fhir, address: "http://127.0.0.1:9/fhir", token_file: t}
  - {id: lifecare, system: lifecare, channel: xml-http, address: "http://127.0.0.1:9/x", mapping: lifecare,
     token_file: t}
routes:
  - {to: {hsa: SE2329990001-2001}, endpoint: open-care}
  - {to: {party: kommun}, endpoint: lifecare}
  - {to: {party: annan}, endpoint: lifecare}
"""
FLAT = """
id: plan
party: region
system: Plan
format: flat
protocol: http
"""
ADT = """
id: vas
party: region
system: VAS
format: hl7v2
protocol: http
units:
  MED12: SE2329990001-1001
  ORT3: SE2329990001-1002
need:
  field: ZSV-1
  values: [J]
  time: ZSV-2
receivers:
  - {municipality: "9901", to: [{hsa: SE2329990002-1001}]}
adt:
  leave_out: [A05, A31]
  ready: {time: ZSV-3, assessor: ZSV-4}
  left: {H: home}
"""


class World:
    """The adapter under test and what it has written."""

    def __init__(self, folder: Path, compiled: dict[str, Any]) -> None:
        self.folder = folder
        self._compiled = compiled
        if "schema" in compiled:
            (folder / "adapter.db").write_bytes(compiled["schema"])
        self.adapter = self._build()
        if "schema" not in compiled:
            migrate.upgrade(self.adapter.database)
            with self.adapter.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            compiled["schema"] = (folder / "adapter.db").read_bytes()

    def _build(self) -> wiring.Adapter:
        """With the validator and mappings of the first one: to make them anew for each test takes seconds."""
        made = wiring.build(settings.load(self.folder / "adapter.toml"), SystemClock())
        for name in ("message_validator", "mappings"):
            self._compiled[name] = made.__dict__[name] = self._compiled.get(name) or getattr(made, name)
        return made

    def configure(self, **feeds: str) -> None:
        """Start anew with these feeds."""
        for name, text in feeds.items():
            (self.folder / "feeds" / f"{name}.yaml").write_text(text, encoding="utf-8")
        self.adapter.close()
        self.adapter = self._build()

    def take(self, feed: str, body: str | bytes) -> str:
        body = body.encode() if isinstance(body, str) else body
        return self.adapter.feed_intake.take(feed, body, "test").result

    def rows(self, table, *conditions):
        with self.adapter.database.read() as connection:
            return connection.execute(select(table).where(*conditions).order_by(table.c.id)).all()

    def told(self) -> list[tuple[str, str]]:
        """(event, receiver) of every accepted message, in order."""
        deliveries = {row.message_id: row.receiver_unit for row in self.rows(tables.delivery)}
        accepted = self.rows(tables.message, tables.message.c.status == "accepted")
        return [(row.event, deliveries[row.id]) for row in accepted]

    def gaps(self) -> set[str]:
        return {row.kind for row in self.rows(tables.feed_gap) if row.ended_at is None}

    def bundles(self) -> list[dict]:
        with self.adapter.database.read() as connection:
            ids = connection.execute(select(tables.message.c.id).order_by(tables.message.c.id)).scalars().all()
            found = [self.adapter.contents.of_message(connection, each, "translated") for each in ids]
        return [fhir_json.parse(each[0].body) for each in found if each]


@pytest.fixture(scope="session")
def compiled() -> dict[str, Any]:
    return {}


@pytest.fixture
def world(tmp_path: Path, compiled: dict[str, Any]) -> Iterator[World]:
    for name in ("directory", "feeds"):
        (tmp_path / name).mkdir()
    (tmp_path / "directory" / "directory.yaml").write_text(_DIRECTORY, encoding="utf-8")
    (tmp_path / "directory" / "t").write_text("a-token-for-tests")
    (tmp_path / "pseudonym.key").write_text("a key for tests that is long enough to be one")
    (tmp_path / "adapter.toml").write_text(_TOML)
    (tmp_path / "feeds" / "plan.yaml").write_text(FLAT, encoding="utf-8")
    (tmp_path / "feeds" / "vas.yaml").write_text(ADT, encoding="utf-8")
    found = World(tmp_path, compiled)
    yield found
    found.adapter.close()


@pytest.fixture
def flat() -> Callable[..., str]:
    """A flat event."""

    def make(
        kind: str, number: int, inner: str = "", *, patient: str | None = None, receivers: str | None = None
    ) -> str:
        return (
            '<handelse xmlns="https://discharge-adapter.example/feed/handelse/1">'
            f"<handelseId>h{number}</handelseId><typ>{kind}</typ>"
            f"<registrerad>2026-03-09T10:{number:02}:00+01:00</registrerad><miljo>test</miljo>"
            f"<vardtillfalle><vardtillfalleId>V1</vardtillfalleId><enhet>SE2329990001-1001</enhet>{inner}</vardtillfalle>"
            + (PATIENT if patient is None else patient)
            + ("<mottagare><hsaId>SE2329990002-1001</hsaId></mottagare>" if receivers is None else receivers)
            + "</handelse>"
        )

    return make


PATIENT = (
    '<patient><identitet system="personnummer">196111202989</identitet><efternamn>Norén</efternamn>'
    '<fornamn>Kerstin</fornamn><adress typ="folkbokforingsadress"><rad>Idrottsgatan 1</rad>'
    "<postnummer>93132</postnummer><postort>Älvdala</postort></adress></patient>"
)
ADMITTED = "<inskriven>2026-03-09T08:00:00+01:00</inskriven>"
ESTIMATED = "<beraknadUtskrivning>2026-03-16T13:00:00+01:00</beraknadUtskrivning>"
NEED = "<behov><finns>true</finns><bedomt>2026-03-09T09:00:00+01:00</bedomt></behov>"


def adt(
    trigger: str,
    number: int,
    *,
    need: str = "J",
    estimate: str = "20260316130000",
    admitted: str = "20260309080000",
    left: str = "",
    ready: str = "",
    by: str = "",
    unit: str = "MED12",
    person: str = "196111202989",
    kommunkod: str = "9901",
    extra: str = "",
    stay: str = "V7",
    msh: str = "T|2.5.1||||||UNICODE UTF-8",
) -> str:
    """An ADT message; `number` makes its control id and the minute in which it was entered."""
    stamp = f"202603091{number // 60}{number % 60:02}00"
    pv1 = ["PV1", "1", "I", f"{unit}^^^"] + [""] * 15 + [stay] + [""] * 16 + ["H" if left else ""] + [""] * 7
    return (
        "\r".join(
            [
                f"MSH|^~\\&|VAS|FJ|ADAPTER|FJ|{stamp}||ADT^{trigger}|C{number}|{msh}",
                f"EVN||{stamp}",
                f"PID|1||{person}^^^&1.2.752.129.2.1.3.1&ISO^NNSWE||Norén^Kerstin||||||"
                f"Idrottsgatan 1^^Älvdala^^93132^SE^L^^{kommunkod}",
                *([extra] if extra else []),
                "|".join([*pv1, admitted, left]),
                f"PV2|||||||||{estimate}",
                f"ZSV|{need}||{ready}|{by}",
            ]
        )
        + "\r"
    )
