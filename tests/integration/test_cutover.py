"""A whole cut-over to the simulated Lifecare: carried once, whatever interrupts it; kept up to date; taken back."""

from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from adapter.cutover import export as exports_read
from adapter.cutover import plan as plans
from adapter.cutover import report, worklist
from adapter.cutover.carrier import Carrier
from adapter.cutover.desk import LIVES_ON, Desk
from adapter.cutover.rollback import roll_back
from adapter.cutover.runner import Runner
from adapter.fhir import json as fhir_json
from adapter.fhir.canonical import CASE
from adapter.sandbox.exports import Generator, Row, Units, write_xml
from adapter.sandbox.ledger import Effect
from adapter.security.pseudonyms import Pseudonyms
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, SystemClock
from adapter.support.errors import AdapterError

WARD, CENTRE = "SE2321000222-E7A31", "SE2321000222-HC2074"
RECEIVING = {"2482": "SE2120002643-MOTT01", "2480": "SE2120002627-MOTT01"}
TAKEN = SystemClock().now().replace(microsecond=0) - timedelta(hours=3)
_PLAN = """
from: prator
to: {to}
name: Prator
mode: {mode}
waves:
  - {{name: first, start: {start}, municipalities: ["2482"]}}
  - {{name: second, start: {later}, municipalities: ["2480"]}}
"""


_READY = ("utskrivningsklar_bedomd", "utskrivningsklar_bedomare", "utskrivningsklar_skickat")


class CutOver:
    """A cut-over on an installation."""

    def __init__(self, installation: Any, mode: str = "import", days: int = 0, to: str = "lifecare") -> None:
        self.installation = installation
        today = SystemClock().now().astimezone(STOCKHOLM).date()
        file = installation.folder / "cutover.yaml"
        text = _PLAN.format(to=to, mode=mode, start=today, later=today + timedelta(days=days))
        file.write_text(text, encoding="utf-8")
        self.adapter = installation.adapter
        plan = plans.load(file, self.adapter.directory)
        parts = self.adapter.database, self.adapter.exchange, self.adapter.directory, self.adapter.clock
        who = installation.operator
        carrier = Carrier(plan, *parts, who, "http://127.0.0.1/fhir")
        pseudonyms = Pseudonyms(self.adapter.settings.pseudonym_keys())
        self.desk = Desk(plan, carrier, parts[0], parts[2], pseudonyms, parts[3], who)
        self.runner = Runner(self.desk)

    def export(self, rows: list[Row], hours: int = 0, *, whole: bool = True) -> exports_read.Export:
        """The rows as an export taken some hours after the first."""
        file = self.installation.folder / f"export-{hours}.xml"
        write_xml(file, rows, "prator", TAKEN + timedelta(hours=hours), whole=whole)
        return exports_read.read(file)

    def report(self) -> report.Report:
        with self.adapter.database.read() as connection:
            return report.read(connection, self.desk.plan)

    def status(self) -> dict[str, str]:
        return {case.key: case.status for case in self.report().cases}

    def deliver(self) -> Counter[str]:
        """Let everything go out; what the new system has stored, by kind."""
        self.adapter.worker.run_until_idle()
        entries = self.installation.lifecare.ledger.entries
        assert {entry.effect for entry in entries} <= {Effect.STORED}
        return Counter(entry.event or "" for entry in entries)


def rows(count: int) -> list[Row]:
    return Generator("test", Units(WARD, CENTRE, RECEIVING), (), TAKEN).rows(count)


def with_cells(row: Row, **cells: str | None) -> Row:
    """The row with other cells (`_` for `.`); those that are None are left out."""
    changed = row.cells | {name.replace("_", "."): value for name, value in cells.items()}
    return replace(row, cells={name: value for name, value in changed.items() if value is not None})


@contextmanager
def dying(database: Database, monkeypatch: pytest.MonkeyPatch, after: int) -> Any:
    """The process dies right after a number of commits."""
    whole, left = database.write, after

    @contextmanager
    def write() -> Any:
        nonlocal left
        with whole() as connection:
            yield connection
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(database, "write", write)
        yield


@pytest.mark.slow
def test_every_case_comes_once_however_often_the_run_dies(installation: Any, monkeypatch: pytest.MonkeyPatch):
    cutover = CutOver(installation)
    export = cutover.export(rows(5))
    for after in range(3, 40):
        with dying(cutover.adapter.database, monkeypatch, after):
            try:
                cutover.runner.run(export)
                break
            except KeyboardInterrupt:
                if not cutover.report().interrupted:
                    break  # it died behind its last commit
    found = cutover.report()
    assert after > 5
    assert (found.total, found.latest, found.accounted, found.reconciles) == ({"carried": 5}, 5, 5, True)
    told = cutover.deliver()
    assert told == {
        "inskrivningsmeddelande": 5,
        "planeringsunderlag": 4,
        "utskrivningsklar": 3,
        "kallelse": 2,
        "sip": 1,
    } | {"generelltMeddelande": 5}
    assert cutover.runner.run(export) == {"carried": 5}
    assert cutover.deliver() == told
    assert cutover.report().deliveries == {"done": 20}


@pytest.mark.slow
def test_a_later_export_brings_what_has_changed(installation: Any):
    cutover = CutOver(installation)
    first = rows(5)
    cutover.runner.run(cutover.export(first))
    before = cutover.deliver()
    changed = [
        with_cells(first[0], vistelse_beraknadUtskrivning="2031-01-31"),
        first[1],
        with_cells(first[2], **dict.fromkeys(_READY)),
        first[4],
        with_cells(rows(6)[5]),
    ]
    assert cutover.runner.run(cutover.export(changed, 1)) == {"carried": 5}
    assert not [case.reasons for case in cutover.report().cases if case.reasons and case.status == "carried"]
    new = cutover.deliver() - before
    assert new == {
        "andratInskrivningsmeddelande": 1,
        "avbrottUtskrivningsklar": 1,
        "inskrivningsmeddelande": 1,
        "generelltMeddelande": 1,
    }
    assert cutover.status()["P-00004"] == "vanished"
    with pytest.raises(AdapterError, match="before the one already run"):
        cutover.runner.run(cutover.export(first))


@pytest.mark.slow
def test_another_ward_or_receiver_begins_the_case_anew(installation: Any):
    cutover = CutOver(installation)
    (row,) = rows(1)
    cutover.runner.run(cutover.export([row]))
    moved = with_cells(row, kommun="2482")
    moved.parts = [(("begaran",), {"enhet": RECEIVING["2482"], "status": "begard"})]
    cutover.runner.run(cutover.export([moved], 1))
    assert cutover.deliver() == {"inskrivningsmeddelande": 2, "generelltMeddelande": 2, "makulering": 2}
    assert cutover.status() == {"P-00001": "carried"}


@pytest.mark.slow
def test_a_wave_is_taken_back_and_carried_again_where_it_is_named(installation: Any, monkeypatch: pytest.MonkeyPatch):
    cutover = CutOver(installation)
    export = cutover.export(rows(4))
    cutover.runner.run(export)
    before = cutover.deliver()
    with dying(cutover.adapter.database, monkeypatch, 4), pytest.raises(KeyboardInterrupt):
        roll_back(cutover.desk, "first", export, "fel i uttaget")
    roll_back(cutover.desk, "first", export, "fel i uttaget")
    assert cutover.deliver() - before == {"makulering": 8}
    assert Counter(cutover.status().values()) == {"carried": 2, "taken-back": 2}
    cutover.runner.run(export)
    assert cutover.deliver() - before == {"makulering": 8}
    cutover.runner.run(export, "first")
    assert cutover.deliver()["inskrivningsmeddelande"] == before["inskrivningsmeddelande"] + 2
    assert set(cutover.status().values()) == {"carried"}


@pytest.mark.slow
def test_a_case_that_is_there_already_is_merged_and_one_that_lives_on_is_left(
    installation: Any, messages: Callable[[str], list[dict[str, Any]]]
):
    cutover = CutOver(installation)
    notice, planning, *_ = messages("there")
    assert installation.send(notice).status == 200
    stay = next(each["resource"] for each in notice["entry"] if each["resource"]["resourceType"] == "Encounter")
    (row,) = rows(1)
    there = with_cells(row, person_reservnummer=None, person_personnummer="194108109168", kommun="2482")
    there = with_cells(there, vistelse_inskriven=stay["period"]["start"])
    there.parts = [(("begaran",), {"enhet": RECEIVING["2482"], "status": "begard"})]
    assert cutover.runner.run(cutover.export([there])) == {"merged": 1}
    lives = with_cells(rows(2)[1], arendeId="kept-case")
    cutover.runner.run(cutover.export([there, lives], 1))
    assert cutover.report().cases[1].case_id.endswith("|kept-case")
    follow = _about(planning, "kept-case", lives.cells["person.reservnummer"])
    reply = installation.send(follow)
    assert reply.status == 200, reply.resource
    changed = with_cells(lives, vistelse_beraknadUtskrivning="2031-01-31")
    cutover.runner.run(cutover.export([there, changed], 2))
    assert cutover.report().cases[1].reasons == (LIVES_ON,)


def _about(message: dict[str, Any], case: str, number: str) -> dict[str, Any]:
    """The message, of another case and person."""
    text = fhir_json.serialize(message).decode()
    bundle: dict[str, Any] = fhir_json.parse(text.encode())
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "Patient":
            system = "http://electronichealth.se/identifier/nationelltReservnummer"
            resource["identifier"] = [{"system": system, "value": number}]
        if resource["resourceType"] == "Task":
            resource["groupIdentifier"]["value"] = case
    return bundle


def test_a_stay_that_the_journal_has_told_of_goes_on_as_its_case(
    installation: Any, messages: Callable[[str], list[dict[str, Any]]]
):
    cutover = CutOver(installation)
    notice = messages("there")[0]
    assert installation.send(notice).status == 200
    with cutover.adapter.database.write() as connection:
        connection.execute(update(tables.delivery).values(status="cancelled"))  # it went to the old system
    resources = [entry["resource"] for entry in notice["entry"]]
    stay = next(each for each in resources if each["resourceType"] == "Encounter")
    task = next(each for each in resources if each["resourceType"] == "Task")
    row = with_cells(rows(2)[1], person_reservnummer=None, person_personnummer="194108109168")
    export = cutover.export([with_cells(row, vistelse_inskriven=stay["period"]["start"])])
    assert cutover.runner.run(export) == {"carried": 1}
    (case,) = cutover.report().cases
    assert case.case_id == f"{CASE}|{task['groupIdentifier']['value']}"
    assert cutover.runner.run(export) == {"carried": 1}
    assert cutover.report().deliveries == {"waiting": 3}


def test_a_system_that_speaks_fhir_takes_cases_as_well(installation: Any):
    cutover = CutOver(installation, to="open-care")
    row = rows(1)[0]
    row.parts = [(("begaran",), {"enhet": CENTRE, "status": "avvisad", "orsak": "kanInteTaEmot", "text": "Fullt"})]
    cutover.runner.run(cutover.export([row]))
    assert [(case.status, case.reasons) for case in cutover.report().cases] == [("carried", ())]
    cutover.adapter.worker.run_until_idle()
    assert [entry.event for entry in installation.open_care.ledger.stored] == ["admission-notice", "general-message"]


@pytest.mark.slow
def test_twenty_cases_from_the_first_day_to_the_last(installation: Any, monkeypatch: pytest.MonkeyPatch):
    cutover = CutOver(installation)
    given = rows(20)
    broken = with_cells(given[3], person_personnummer="194108109169")
    twice = with_cells(given[4], nyckel="P-90005")
    first = [*given[:3], broken, *given[4:], twice]
    export = cutover.export(first)
    foreseen = Counter(each.status for each in cutover.runner.preview(export))
    for after in (40, 90):
        with dying(cutover.adapter.database, monkeypatch, after), pytest.raises(KeyboardInterrupt):
            cutover.runner.run(export)
    assert cutover.runner.run(export) == foreseen == {"carried": 19, "refused": 1, "merged": 1}
    found = cutover.report()
    assert (found.latest, found.accounted, found.reconciles, found.to_do) == (21, 21, True, 1)
    assert found.by_wave["protected"] == {"carried": 1}
    before = cutover.deliver()
    assert before["inskrivningsmeddelande"] == 18
    assert cutover.report().deliveries["held"] == 3
    later = [given[0], *given[2:19], twice]
    assert cutover.runner.run(cutover.export(later, 1)) == {"carried": 18, "merged": 1}
    assert cutover.status()["P-00002"] == "vanished"
    told = cutover.deliver() - before
    kinds = ("inskrivningsmeddelande", "planeringsunderlag", "utskrivningsklar", "kallelse", "generelltMeddelande")
    assert told == dict.fromkeys(kinds, 1)
    roll_back(cutover.desk, "second", cutover.export(later, 1), "fel i uttaget")
    found = cutover.report()
    assert found.by_wave["second"] == {"taken-back": 9, "merged": 1}
    assert sum(found.total.values()) == 21
    assert found.reconciles


def test_a_worklist_is_entered_by_hand_and_ticked_off(installation: Any, tmp_path: Path):
    cutover = CutOver(installation, "worklist")
    first = rows(17)[15:]
    export = cutover.export(first)
    assert cutover.runner.run(export) == {"listed": 2}
    plan, store, clock = cutover.desk.plan, cutover.adapter.database, cutover.adapter.clock
    parts = export, store, cutover.desk.pseudonyms, installation.operator, clock
    files = worklist.write(tmp_path / "list", plan, *parts, str, cutover.desk.cases(export))
    assert {file.name: count for file, count in files.items()} == {worklist.ORDINARY: 1, worklist.PROTECTED: 1}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    open_, hidden = (file.read_text(encoding="utf-8") for file in files)
    assert first[0].cells["person.adress.rad"] in open_
    assert RECEIVING["2480"] not in hidden
    assert first[1].cells["person.sarskildPostadress.rad"] not in hidden
    assert first[1].cells["person.reservnummer"] in hidden
    for by, undo, status in (("Åsa", False, "entered"), ("Åsa", True, "listed"), ("Åsa", False, "entered")):
        ticked = worklist.tick(["P-00016"], by, plan, store, installation.operator, clock, undo=undo)
        assert ticked == {"P-00016": status}
    cutover.runner.run(export)
    assert cutover.status() == {"P-00016": "entered", "P-00017": "listed"}
    cutover.runner.run(cutover.export([with_cells(first[0], person_efternamn="Ny"), first[1]], 1))
    assert cutover.status()["P-00016"] == "listed"
    assert cutover.deliver() == {}


def test_before_its_day_a_wave_is_looked_at_and_not_carried(installation: Any):
    cutover = CutOver(installation, days=14)
    export = cutover.export(rows(2))
    assert {each.status for each in cutover.runner.preview(export)} == {"carried"}
    assert cutover.runner.run(export) == {"carried": 1, "waiting": 1}
    with pytest.raises(AdapterError, match="no wave has begun"):
        cutover.runner.run(export, "second")


def test_the_carried_notice_counts_from_its_first_sending(installation: Any):
    from adapter.discharge.agreement import STATUTORY
    from adapter.discharge.notices import Notices
    from adapter.exchange import facts

    cutover = CutOver(installation)
    row = rows(3)[2]
    cutover.runner.run(cutover.export([row]))
    with cutover.adapter.database.read() as connection:
        found = facts.read(connection, cutover.report().cases[0].case_id or "", cutover.adapter.directory)
    notices = Notices.of(found, STATUTORY, SystemClock().now())
    assert [each.sent.isoformat() for each in notices.ready if each.sent] == [
        _utc(row.cells["utskrivningsklar.skickat"])
    ]


def _utc(text: str) -> str:
    from adapter.fhir import instants

    found = instants.parse(text)
    assert found is not None
    return found.isoformat()


def referred(row: Row) -> Row:
    """The row as a case of somebody who never was in hospital, referred by a health centre."""
    origin = {
        "remiss.enhet": CENTRE,
        "remiss.skickat": (TAKEN - timedelta(days=9)).isoformat(),
        "remiss.vag": "primarvard",
        "remiss.orsak": "Svårläkta bensår.",
        "remiss.kriterium": "samordningsbehov|vuxen",
    }
    gone = ("vistelse", "vistelseId", "inskrivningsmeddelande", "utskrivningsklar", "utskriven")
    asked = [part for part in row.parts if part[0] != ("begaran",) or part[1]["enhet"] in RECEIVING.values()]
    return replace(row, cells={n: v for n, v in row.cells.items() if not n.startswith(gone)} | origin, parts=asked)


def test_a_case_without_a_stay_in_hospital_is_carried_changed_and_taken_back(installation: Any):
    cutover = CutOver(installation)
    [row] = [referred(each) for each in rows(5) if "plan.titel" in each.cells][:1]
    assert cutover.runner.run(cutover.export([row])) == {"carried": 1}
    told = cutover.deliver()
    assert told["overforingHemsjukvard"] == 1
    assert not {"inskrivningsmeddelande", "utskrivningsklar"} & told.keys()
    assert {"sip", "generelltMeddelande"} <= told.keys()
    with cutover.adapter.database.read() as connection:
        events = connection.execute(tables.message.select().order_by(tables.message.c.id)).all()
        received = [cutover.adapter.contents.of_message(connection, each.id, "received")[0] for each in events]
    bundles = [fhir_json.parse(each.body) for each in received]
    kinds = [[entry["resource"]["resourceType"] for entry in bundle["entry"]] for bundle in bundles]
    assert not any("Encounter" in each for each in kinds)
    assert "ServiceRequest" in kinds[0]
    assert cutover.runner.run(cutover.export([row], 1)) == {"carried": 1}
    assert cutover.deliver() == told
    changed = with_cells(row, remiss_orsak="Svårläkta bensår, nu även smärta.")
    assert cutover.runner.run(cutover.export([changed], 2)) == {"carried": 1}
    assert cutover.deliver()["overforingHemsjukvard"] == 2
    for wave in ("first", "second"):
        roll_back(cutover.desk, wave, cutover.export([changed], 2), "fel i uttaget")
    assert cutover.status() == {row.cells["nyckel"]: "taken-back"}


def test_a_referral_of_a_unit_that_the_directory_does_not_have_is_refused(installation: Any):
    cutover = CutOver(installation)
    [row] = [with_cells(referred(each), remiss_enhet="SE2321000222-NOWHERE") for each in rows(1)]
    assert cutover.runner.run(cutover.export([row])) == {"refused": 1}
    [case] = cutover.report().cases
    assert "remiss/enhet: the directory has no such unit" in str(case.reasons)
