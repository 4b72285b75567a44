"""Runs a cut-over: every case of an export comes to its end, wave by wave; a wave is rolled back.

Run twice, nothing happens twice; interrupted, the next run goes on. One case that cannot be carried does not stop the
others: it is refused with its reasons.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from adapter.cutover import ledger, parts
from adapter.cutover.carrier import Carrier, NotTakenError
from adapter.cutover.case import Case, digest
from adapter.cutover.decide import Weighed, weigh
from adapter.cutover.export import Export
from adapter.cutover.ledger import Item
from adapter.cutover.plan import Mode, Plan, Wave
from adapter.directory import Directory
from adapter.exchange.reasons import given_reason
from adapter.security import audit
from adapter.security.principals import Principal
from adapter.security.pseudonyms import IdentityError, Pseudonyms
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, swedish_day, to_micros
from adapter.support.errors import AdapterError

Advance = Callable[[int, int | None], None]
LIVES_ON = "the case lives on in the new system: what the old one says no longer counts"
_REMOVED = frozenset({"to-remove", "removed"})
_OVER = _REMOVED | {"ended", "vanished", "taken-back"}
_ROLLED_BACK = "Ärendet har inte flyttats: övertagandet från {} är backat"


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
    """Runs one plan. `principal` is who does it."""

    def __init__(
        self,
        plan: Plan,
        carrier: Carrier,
        database: Database,
        directory: Directory,
        pseudonyms: Pseudonyms,
        clock: Clock,
        principal: Principal,
    ) -> None:
        self.plan = plan
        self.sides = carrier.sides
        self._carrier = carrier
        self._database = database
        self._directory = directory
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._principal = principal

    def preview(self, export: Export, on: date | None = None, advance: Advance = lambda *_: None) -> list[Verdict]:
        """What would become of every case on the first day of its wave, or on the day `on`. Nothing is written."""
        _require_source(self.plan, export)
        found = []
        for weighed in self._weighed(export, on):
            found.append(self._preview(weighed, export))
            advance(len(found), len(export.entries))
        return found

    def run(self, export: Export, wave: str | None = None, advance: Advance = lambda *_: None) -> dict[str, int]:
        """Bring every case of the wave, or of all waves that have begun, to its end; returns how many came to which.

        Raises AdapterError where the export is another system's, or older than one that was carried, or the wave has
        not begun; UnavailableError where the store does not answer: run again.
        """
        _require_source(self.plan, export)
        due = self._due(wave)
        self._require_newest(export)
        weighed = self._weighed(export, self._today)
        run_id = self._begin("run", due, export)
        self._note(export, weighed)
        for number, each in enumerate(weighed, start=1):
            self._settle(each, export, due, again=wave is not None)
            advance(number, len(weighed))
        self._end_absent(export, due)
        return self._end(run_id, export)

    def roll_back(self, wave: str, export: Export, reason: str, advance: Advance = lambda *_: None) -> dict[str, int]:
        """Take back what was carried of a wave by retractions, or list it for removal by hand where it was entered so,
        where the new system takes no retraction, or where the case lives on there. The export tells whom the messages
        are about; a case that is not in it is listed. Raises as `run`, and ForbiddenError without a reason."""
        reason = given_reason(reason)
        _require_source(self.plan, export)
        found = self.plan.wave(wave)
        cases = self.cases(export)
        run_id = self._begin("rollback", [found], export, reason)
        with self._database.read() as connection:
            items = [each for each in ledger.items(connection, self.sides) if each.municipality in found.municipalities]
        for number, item in enumerate(items, start=1):
            self._roll_back(item, cases.get(item.key))
            advance(number, len(items))
        return self._end(run_id, export)

    def cases(self, export: Export) -> dict[str, Case]:
        """The cases of an export that can be read, by key; those of the same person and stay hold what both say."""
        return {each.key: each.case for each in self._weighed(export, self._today) if each.case}

    @property
    def _today(self) -> date:
        return swedish_day(self._clock.now())

    def _now(self) -> int:
        return to_micros(self._clock.now())

    def _weighed(self, export: Export, on: date | None) -> list[Weighed]:
        if on is not None:
            return weigh(export.entries, self.plan, self._directory, on)
        starts = sorted({wave.start for wave in self.plan.waves} | {self._today})
        by_day = {
            day: {each.key: each for each in weigh(export.entries, self.plan, self._directory, day)} for day in starts
        }
        return [by_day[self._day(each)][each.key] for each in by_day[self._today].values()]

    def _day(self, weighed: Weighed) -> date:
        """The day on which a case would be carried: its wave's first, or today where that has passed."""
        wave = self.plan.wave_of(weighed.case.municipality if weighed.case else None)
        return max(wave.start, self._today) if wave else self._today

    def _due(self, name: str | None) -> list[Wave]:
        waves = [self.plan.wave(name)] if name is not None else list(self.plan.waves)
        due = [wave for wave in waves if wave.start <= self._today]
        if not due:
            first = min(wave.start for wave in waves)
            raise AdapterError(f"no wave has begun on {self._today}: the first is on {first}. Look with: cutover plan")
        return due

    def _require_newest(self, export: Export) -> None:
        """An older export would undo what a newer one has told."""
        with self._database.read() as connection:
            runs = ledger.runs(connection, self.sides)
        newest = max((run.taken_text for run in runs if run.kind == "run"), key=parts.instant, default=None)
        if newest is not None and parts.instant(export.taken) < parts.instant(newest):
            raise AdapterError(f"{export.file}: was taken {export.taken}, before the one already run, of {newest}")

    def _begin(self, kind: str, waves: Sequence[Wave], export: Export, reason: str | None = None) -> int:
        at, names = self._now(), [wave.name for wave in waves]
        with self._database.write() as connection:
            run_id = ledger.begin(
                connection,
                self.sides,
                kind=kind,
                waves=names,
                export=export.sha256,
                taken_text=export.taken,
                principal=self._principal.name,
                started_at=at,
            )
            audit.record(
                connection, self._principal, f"cutover-{kind}", f"cutover/{run_id}", at, None, reason, waves=names
            )
        return run_id

    def _end(self, run_id: int, export: Export) -> dict[str, int]:
        with self._database.write() as connection:
            items = [each for each in ledger.items(connection, self.sides) if each.export == export.sha256]
            counts = dict(Counter(each.status for each in items))
            ledger.end(connection, run_id, counts | {"in": len(export.entries)}, self._now())
        return counts

    def _note(self, export: Export, weighed: Sequence[Weighed]) -> None:
        """Every case of the export has its item before the first is carried: none can be forgotten on the way."""
        with self._database.write() as connection:
            for each in weighed:
                known: dict[str, Any] = {"protected": each.protected}
                if each.case is not None:
                    known["municipality"] = each.case.municipality
                    known["case_id"] = self._carrier.case_id(each.case)
                    known["protected"] = each.protected or self._is_protected(connection, each.case)
                ledger.note(connection, self.sides, each.key, export.sha256, self._now(), **known)

    def _is_protected(self, connection: Connection, case: Case) -> bool:
        """Whether an earlier message marked the person."""
        try:
            patient_id = self._pseudonyms.find(connection, case.person.identifiers)
        except IdentityError:
            return False
        query = select(tables.patient.c.protected).where(tables.patient.c.id == patient_id)
        return bool(connection.execute(query).scalar())

    def _settle(self, weighed: Weighed, export: Export, due: Sequence[Wave], *, again: bool) -> None:
        """Bring one case to its end, as far as its wave has begun."""
        with self._database.read() as connection:
            item = ledger.item(connection, self.sides, weighed.key)
        if item is None or item.status in _REMOVED:
            return
        case = weighed.case
        wave = self.plan.wave_of(case.municipality if case else None)
        if case is not None and wave is not None and wave not in due:
            return
        if item.status == "taken-back" and not again:
            return  # a wave that was rolled back is carried again only where it is named
        if item.status == "taken-back":
            item = self._anew(item)
        by_hand = wave is not None and self.plan.mode_of(wave) is Mode.WORKLIST
        if item.status == "ended" and item.ticked_at is not None:
            again_there = "was closed in the new system, and is in the export again"
            self._set(item, _verdict(weighed, self.plan, "listed", (again_there,)))
        elif case is not None and (by_hand or item.status in ("entered", "listed")):
            self._list(item, weighed, case)  # what was begun by hand is ended by hand
        else:
            verdict = self._carry(weighed, item, export)
            fresh = verdict.status == "refused" and case is not None and not self._begun(item)
            self._set(item, verdict, **({"identity": digest(case)} if fresh else {}))

    def _list(self, item: Item, weighed: Weighed, case: Case) -> None:
        """On the worklist, and again where it has changed since it was entered."""
        known = digest(case)
        if weighed.refused or weighed.merged_into:
            self._set(item, _verdict(weighed, self.plan, *_refused(weighed)))
        elif item.status == "entered" and item.identity != known:
            self._set(item, _verdict(weighed, self.plan, "listed", ("changed since it was entered",)), identity=known)
        elif item.status != "entered":
            reasons = tuple(item.reasons) if item.status == "listed" else ()
            self._set(item, _verdict(weighed, self.plan, "listed", reasons), identity=known)

    def _carry(self, weighed: Weighed, item: Item, export: Export) -> Verdict:
        """Submit what a case needs; a case that was carried before and cannot be brought up to date stays carried, and
        says why."""
        case, has_been = weighed.case, item.status == "carried"
        if case is None or weighed.refused or weighed.merged_into:
            status, reasons = _refused(weighed)
            return _verdict(weighed, self.plan, "carried" if has_been else status, reasons)
        try:
            other = None if has_been or self._begun(item) else self._present(case)
            if other is not None:
                return _verdict(weighed, self.plan, "merged", (f"in the new system already, as case {other}",))
            item = self._same(item, case, weighed.receivers)
            drafts, gaps = self._carrier.drafts(case, weighed.receivers, export.taken, item)
            if drafts and self._lives_on(item):
                return _verdict(weighed, self.plan, "carried", (LIVES_ON,))
            reasons = tuple(self._carrier.examine(case, drafts))
            if reasons:
                return _verdict(weighed, self.plan, "carried" if has_been else "refused", reasons)
            self._carrier.submit(case, item, drafts)
        except (NotTakenError, IdentityError, ValueError) as error:
            reasons = error.reasons if isinstance(error, NotTakenError) else (str(error),)
            return _verdict(weighed, self.plan, "carried" if has_been else "refused", reasons)
        return _verdict(weighed, self.plan, "carried", (), (*weighed.gaps, *gaps), len(drafts))

    def _same(self, item: Item, case: Case, receivers: frozenset[str]) -> Item:
        """The item, begun anew where who, which stay or to whom has changed: that no further message can mend."""
        known = parts.identity(case, receivers)
        if item.identity not in (None, known) and self._begun(item) and not self._lives_on(item):
            why = f"Ärendet har ändrats i {self.plan.name} och skickas på nytt"
            self._carrier.submit(case, item, self._carrier.retractions(case, item, why))
            item = self._anew(item)
        return self._changed(item, identity=known)

    def _anew(self, item: Item) -> Item:
        return self._changed(item, generation=item.generation + 1)

    def _changed(self, item: Item, **values: Any) -> Item:
        with self._database.write() as connection:
            ledger.change(connection, item.key, self.sides, self._now(), **values)
            found = ledger.item(connection, self.sides, item.key)
        return found or item

    def _begun(self, item: Item) -> bool:
        """Whether a message of the case was accepted."""
        with self._database.read() as connection:
            rows = ledger.messages(connection, item.id, item.generation)
            return any(row.accepted or ledger.was_accepted(connection, row.header_id) for row in rows)

    def _lives_on(self, item: Item) -> bool:
        with self._database.read() as connection:
            rows = ledger.messages(connection, item.id, item.generation)
            return bool(rows) and ledger.lives_on(connection, item.case_id, rows[0].header_id)

    def _present(self, case: Case) -> str | None:
        """The case of the same person and stay that the new system has got already."""
        endpoints = self._directory.endpoints.values()
        with self._database.read() as connection:
            patient_id = self._pseudonyms.find(connection, case.person.identifiers)
            if patient_id is None:
                return None
            target = [endpoint.id for endpoint in endpoints if endpoint.system == self.plan.target]
            return ledger.present(connection, patient_id, case, target)

    def _preview(self, weighed: Weighed, export: Export) -> Verdict:
        case, wave = weighed.case, self.plan.wave_of(weighed.case.municipality if weighed.case else None)
        if case is None or weighed.refused or weighed.merged_into:
            return _verdict(weighed, self.plan, *_refused(weighed))
        if wave is not None and self.plan.mode_of(wave) is Mode.WORKLIST:
            return _verdict(weighed, self.plan, "listed")
        with self._database.read() as connection:
            item = ledger.item(connection, self.sides, weighed.key)
        try:
            other = None if item and self._begun(item) else self._present(case)
            if other is not None:
                return _verdict(weighed, self.plan, "merged", (f"in the new system already, as case {other}",))
            drafts, gaps = self._carrier.drafts(case, weighed.receivers, export.taken, item)
            reasons = tuple(self._carrier.examine(case, drafts))
        except (IdentityError, ValueError) as error:
            return _verdict(weighed, self.plan, "refused", (str(error),))
        if reasons:
            return _verdict(weighed, self.plan, "refused", reasons)
        return _verdict(weighed, self.plan, "carried", (), (*weighed.gaps, *gaps), len(drafts))

    def _end_absent(self, export: Export, due: Sequence[Wave]) -> None:
        """A whole export that no longer holds a case says that it has ended in the old system, or was taken out."""
        if not export.whole:
            return
        gone = {"carried": "vanished", "merged": "vanished", "entered": "vanished"}
        codes = {code for wave in due for code in wave.municipalities}
        with self._database.write() as connection:
            for item in ledger.items(connection, self.sides):
                if item.export == export.sha256 or item.status in _OVER:
                    continue
                if item.municipality in codes or item.municipality is None:
                    reasons = [f"not in the export of {export.taken}: ended in the old system, or taken out"]
                    status = gone.get(item.status, "ended")
                    ledger.change(connection, item.key, self.sides, self._now(), status=status, reasons=reasons)

    def _roll_back(self, item: Item, case: Case | None) -> None:
        begun = self._begun(item)
        if item.status in ("listed", "waiting", "refused") and not begun:
            self._changed(item, status="taken-back", reasons=[])
        elif item.status in ("entered", "vanished") and not begun:
            self._changed(item, status="to-remove", reasons=["was entered by hand"], ticked_at=None, ticked_by=None)
        elif begun and item.status not in ("taken-back", "to-remove", "removed"):
            reasons = self._retract(item, case)
            self._changed(item, status="to-remove" if reasons else "taken-back", reasons=list(reasons))

    def _retract(self, item: Item, case: Case | None) -> Sequence[str]:
        """Take back the messages of a case; why it has to be removed by hand, where it has."""
        if case is None:
            return ["is not in the export"]
        if self._lives_on(item):
            return [LIVES_ON]
        drafts = self._carrier.retractions(case, item, _ROLLED_BACK.format(self.plan.name))
        reasons = self._carrier.examine(case, drafts)
        if reasons:
            return reasons
        try:
            self._carrier.submit(case, item, drafts)
        except NotTakenError as error:
            return error.reasons
        return []

    def _set(self, item: Item, verdict: Verdict, **more: Any) -> None:
        values = {"status": verdict.status, "reasons": list(verdict.reasons), "gaps": list(verdict.gaps)}
        same = all(getattr(item, name) == value for name, value in (values | more).items())
        if not same:
            self._changed(item, **values, **more)


def _require_source(plan: Plan, export: Export) -> None:
    if export.system != plan.source:
        raise AdapterError(
            f"{export.file}: is an export of '{export.system}'; the plan moves cases from '{plan.source}'"
        )


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
