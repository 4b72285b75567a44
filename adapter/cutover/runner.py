"""Runs a cut-over: every case of an export comes to its end, wave by wave.

Run twice, nothing happens twice; interrupted, the next run goes on. One case that cannot be carried does not stop the
others: it is refused with its reasons.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from adapter.cutover import ledger, parts
from adapter.cutover.carrier import NotTakenError
from adapter.cutover.case import Case, digest
from adapter.cutover.decide import Weighed
from adapter.cutover.desk import LIVES_ON, Desk
from adapter.cutover.export import Export
from adapter.cutover.ledger import Item
from adapter.cutover.plan import Mode, Plan, Wave
from adapter.security.pseudonyms import IdentityError
from adapter.store import tables
from adapter.support.errors import AdapterError

Advance = Callable[[int, int | None], None]
_THERE = frozenset({"carried", "entered"})
_OVER = frozenset({"to-remove", "removed", "ended", "vanished", "taken-back"})


@dataclass(frozen=True)
class Verdict:
    """What becomes, or would become, of one case: a status of `cutover_item` and its reasons."""

    key: str
    place: str
    wave: str | None
    municipality: str | None
    protected: bool
    status: str
    reasons: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    messages: int = 0


class Runner:
    """Runs one plan."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._plan = desk.plan

    def preview(self, export: Export, advance: Advance = lambda *_: None) -> list[Verdict]:
        """What would become of every case on the first day of its wave, or today where that has passed. Nothing is
        written. Raises AdapterError where the export is another system's."""
        found = []
        for weighed in self._desk.planned(export):
            verdict = self._preview(weighed, export)
            found.append(replace(verdict, protected=verdict.protected or self._is_marked(weighed.case)))
            advance(len(found), len(export.entries))
        return found

    def run(self, export: Export, wave: str | None = None, advance: Advance = lambda *_: None) -> dict[str, int]:
        """Bring every case of the wave, or of all waves that have begun, to its end; returns how many came to which.

        Raises AdapterError where the export is another system's, or older than one that was carried, or the wave has
        not begun; UnavailableError where the store does not answer: run again.
        """
        weighed, due = self._desk.weighed(export), self._due(wave)
        self._require_newest(export)
        run_id = self._desk.begin("run", due, export)
        self._note(export, weighed)
        for number, each in enumerate(weighed, start=1):
            self._settle(each, export, due, again=wave is not None)
            advance(number, len(weighed))
        self._end_absent(export, due)
        return self._desk.end(run_id, export)

    def _due(self, name: str | None) -> list[Wave]:
        waves = [self._plan.wave(name)] if name is not None else list(self._plan.waves)
        due = [wave for wave in waves if wave.start <= self._desk.today]
        if not due:
            first = min(wave.start for wave in waves)
            raise AdapterError(f"no wave has begun on {self._desk.today}: the first is on {first}. See cutover plan")
        return due

    def _require_newest(self, export: Export) -> None:
        """An older export would undo what a newer one has told."""
        with self._desk.database.read() as connection:
            runs = ledger.runs(connection, self._desk.sides)
        newest = max((run.taken_text for run in runs if run.kind == "run"), key=parts.instant, default=None)
        if newest is not None and parts.instant(export.taken) < parts.instant(newest):
            raise AdapterError(f"{export.file}: was taken {export.taken}, before the one already run, of {newest}")

    def _note(self, export: Export, weighed: Sequence[Weighed]) -> None:
        """Every case of the export has its item before the first is carried: none can be forgotten on the way."""
        persons = [self._desk.person(each.case) if each.case else None for each in weighed]
        with self._desk.database.write() as connection:
            for each, patient_id in zip(weighed, persons, strict=True):
                known: dict[str, Any] = {"protected": True} if each.protected else {}
                known |= {"municipality": each.case.municipality} if each.case else {}
                known |= {"patient_id": patient_id} if patient_id is not None else {}
                ledger.note(connection, self._desk.sides, each.key, export.sha256, self._desk.now(), **known)

    def _is_marked(self, case: Case | None) -> bool:
        """Whether an earlier message marked the person as protected."""
        patient_id = self._desk.person(case) if case else None
        query = select(tables.patient.c.protected).where(tables.patient.c.id == patient_id)
        with self._desk.database.read() as connection:
            return bool(connection.execute(query).scalar())

    def _settle(self, weighed: Weighed, export: Export, due: Sequence[Wave], *, again: bool) -> None:
        """Bring one case to its end, as far as its wave has begun."""
        with self._desk.database.read() as connection:
            item = ledger.item(connection, self._desk.sides, weighed.key)
        if item is None or item.status == "to-remove":
            return
        case = weighed.case
        wave = self._plan.wave_of(case.municipality if case else None)
        if case is not None and wave is not None and wave not in due:
            return
        if item.status in ("taken-back", "removed"):
            if not again:
                return  # a wave that was rolled back is carried again only where it is named
            item = self._anew(item)
        by_hand = wave is not None and self._plan.mode_of(wave) is Mode.WORKLIST
        if item.status == "ended" and item.ticked_at is not None:
            again_there = "was closed in the new system, and is in the export again"
            self._set(item, _verdict(weighed, self._plan, "listed", (again_there,)))
        elif case is not None and (by_hand or item.status in ("entered", "listed")):
            self._list(item, weighed, case)  # what was begun by hand is ended by hand
        else:
            verdict = self._carry(weighed, item, export)
            fresh = verdict.status == "refused" and case is not None and not self._desk.begun(item)
            self._set(item, verdict, **({"identity": digest(case)} if fresh else {}))

    def _list(self, item: Item, weighed: Weighed, case: Case) -> None:
        """On the worklist, and again where it has changed since it was entered."""
        known = digest(case)
        if weighed.refused or weighed.merged_into:
            self._set(item, _verdict(weighed, self._plan, *_refused(weighed)))
        elif item.status == "entered" and item.identity is None:
            self._desk.changed(item, identity=known)
        elif item.status == "entered" and item.identity != known:
            self._set(item, _verdict(weighed, self._plan, "listed", ("changed since it was entered",)), identity=known)
        elif item.status != "entered":
            reasons = tuple(item.reasons) if item.status == "listed" else ()
            self._set(item, _verdict(weighed, self._plan, "listed", reasons), identity=known)

    def _carry(self, weighed: Weighed, item: Item, export: Export) -> Verdict:
        """Submit what a case needs; a case that was carried before and cannot be brought up to date stays carried, and
        says why."""
        case, has_been = weighed.case, item.status == "carried"
        if case is None or weighed.refused or weighed.merged_into:
            status, reasons = _refused(weighed)
            return _verdict(weighed, self._plan, "carried" if has_been else status, reasons)
        case = self._desk.identified(case, item)
        try:
            other = None if has_been or self._desk.begun(item) else self._present(case)
            if other is not None:
                return _verdict(weighed, self._plan, "merged", (f"in the new system already, as case {other}",))
            item = self._same(item, case, weighed.receivers)
            today = self._desk.today
            drafts, gaps = self._desk.carrier.drafts(case, weighed.receivers, export.taken, item, today)
            if drafts and self._desk.lives_on(item):
                return _verdict(weighed, self._plan, "carried", (LIVES_ON,))
            reasons = tuple(self._desk.carrier.examine(case, drafts, today))
            if reasons:
                return _verdict(weighed, self._plan, "carried" if has_been else "refused", reasons)
            self._desk.carrier.submit(case, item, drafts)
            self._desk.changed(item, patient_id=self._desk.person(case))
        except (NotTakenError, IdentityError, ValueError) as error:
            reasons = error.reasons if isinstance(error, NotTakenError) else (str(error),)
            return _verdict(weighed, self._plan, "carried" if has_been else "refused", reasons)
        return _verdict(weighed, self._plan, "carried", (), (*weighed.gaps, *gaps), len(drafts))

    def _same(self, item: Item, case: Case, receivers: frozenset[str]) -> Item:
        """The item, begun anew where who, which stay or to whom has changed: that no further message can mend."""
        known = parts.identity(case, receivers)
        if item.identity not in (None, known) and self._desk.begun(item) and not self._desk.lives_on(item):
            why = f"Ärendet har ändrats i {self._plan.name} och skickas på nytt"
            self._desk.carrier.submit(case, item, self._desk.carrier.retractions(case, item, why, self._desk.today))
            item = self._anew(item)
        return self._desk.changed(item, identity=known, case_id=self._desk.carrier.case_id(case))

    def _anew(self, item: Item) -> Item:
        return self._desk.changed(item, generation=item.generation + 1)

    def _present(self, case: Case) -> str | None:
        """The case of the same person and stay that the new system has got already."""
        patient_id = self._desk.person(case)
        if patient_id is None:
            return None
        endpoints = self._desk.directory.endpoints.values()
        target = [endpoint.id for endpoint in endpoints if endpoint.system == self._plan.target]
        with self._desk.database.read() as connection:
            return ledger.present(connection, patient_id, case, target)

    def _preview(self, weighed: Weighed, export: Export) -> Verdict:
        case, wave = weighed.case, self._plan.wave_of(weighed.case.municipality if weighed.case else None)
        if case is None or weighed.refused or weighed.merged_into:
            return _verdict(weighed, self._plan, *_refused(weighed))
        if wave is not None and self._plan.mode_of(wave) is Mode.WORKLIST:
            return _verdict(weighed, self._plan, "listed")
        with self._desk.database.read() as connection:
            item = ledger.item(connection, self._desk.sides, weighed.key)
        case = self._desk.identified(case, item)
        try:
            other = None if item and self._desk.begun(item) else self._present(case)
            if other is not None:
                return _verdict(weighed, self._plan, "merged", (f"in the new system already, as case {other}",))
            day = self._desk.day(case)
            drafts, gaps = self._desk.carrier.drafts(case, weighed.receivers, export.taken, item, day)
            reasons = tuple(self._desk.carrier.examine(case, drafts, day))
        except (IdentityError, ValueError) as error:
            return _verdict(weighed, self._plan, "refused", (str(error),))
        if reasons:
            return _verdict(weighed, self._plan, "refused", reasons)
        return _verdict(weighed, self._plan, "carried", (), (*weighed.gaps, *gaps), len(drafts))

    def _end_absent(self, export: Export, due: Sequence[Wave]) -> None:
        """A whole export that no longer holds a case says that it has ended in the old system, or was taken out."""
        if not export.whole:
            return
        codes = {code for wave in due for code in wave.municipalities}
        with self._desk.database.write() as connection:
            for item in ledger.items(connection, self._desk.sides):
                if item.export == export.sha256 or item.status in _OVER:
                    continue
                if item.municipality in codes or item.municipality is None:
                    reasons = [f"not in the export of {export.taken}: ended in the old system, or taken out"]
                    values = {"status": "vanished" if item.status in _THERE else "ended", "reasons": reasons}
                    ledger.change(connection, item.key, self._desk.sides, self._desk.now(), **values)

    def _set(self, item: Item, verdict: Verdict, **more: Any) -> None:
        values = {"status": verdict.status, "reasons": list(verdict.reasons), "gaps": list(verdict.gaps)}
        same = all(getattr(item, name) == value for name, value in (values | more).items())
        if not same:
            self._desk.changed(item, **values, **more)


def _refused(weighed: Weighed) -> tuple[str, tuple[str, ...]]:
    if weighed.merged_into is not None and not weighed.refused:
        return "merged", (f"the same person and stay as case {weighed.merged_into}",)
    return "refused", weighed.refused


def _verdict(
    weighed: Weighed,
    plan: Plan,
    status: str,
    reasons: tuple[str, ...] = (),
    gaps: tuple[str, ...] = (),
    messages: int = 0,
) -> Verdict:
    municipality = weighed.case.municipality if weighed.case else None
    wave = plan.wave_of(municipality)
    name = wave.name if wave else None
    return Verdict(weighed.key, weighed.place, name, municipality, weighed.protected, status, reasons, gaps, messages)
