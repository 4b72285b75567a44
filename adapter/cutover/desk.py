"""What every step of a cut-over stands on: the plan, the store, who does it, and what is known of an item."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from adapter.cutover import ledger
from adapter.cutover.carrier import Carrier
from adapter.cutover.case import Case
from adapter.cutover.decide import Weighed, weigh
from adapter.cutover.export import Export
from adapter.cutover.ledger import Item, Sides
from adapter.cutover.plan import Plan, Wave
from adapter.directory import Directory
from adapter.fhir.canonical import CASE
from adapter.security import audit
from adapter.security.principals import Principal
from adapter.security.pseudonyms import Pseudonyms
from adapter.store.database import Database
from adapter.support.clock import Clock, swedish_day, to_micros

LIVES_ON = "the case lives on in the new system: what the old one says no longer counts"


@dataclass(frozen=True)
class Desk:
    """One plan on one installation; `principal` is who works on it."""

    plan: Plan
    carrier: Carrier
    database: Database
    directory: Directory
    pseudonyms: Pseudonyms
    clock: Clock
    principal: Principal

    @property
    def sides(self) -> Sides:
        """Which cut-over it is."""
        return self.carrier.sides

    def cases(self, export: Export) -> dict[str, Case]:
        """The cases of an export that can be read, by key; those of the same person and stay hold what both say."""
        return {each.key: each.case for each in self.weighed(export) if each.case}

    @property
    def today(self) -> date:
        """The day in Sweden."""
        return swedish_day(self.clock.now())

    def now(self) -> int:
        """UTC microseconds."""
        return to_micros(self.clock.now())

    def weighed(self, export: Export) -> list[Weighed]:
        """Every entry as it is today. Raises AdapterError where the export is another system's."""
        return weigh(export, self.plan, self.directory, self.today)

    def planned(self, export: Export) -> list[Weighed]:
        """Every entry as it would be on the first day of its wave, where that lies ahead. Raises as `weighed`."""
        found = self.weighed(export)
        for day in {wave.start for wave in self.plan.waves if wave.start > self.today}:
            then = weigh(export, self.plan, self.directory, day)
            pairs = zip(found, then, strict=True)
            found = [other if self.day(other.case) == day else each for each, other in pairs]
        return found

    def day(self, case: Case | None) -> date:
        """The day on which a case would be carried: its wave's first, or today where that has passed."""
        wave = self.plan.wave_of(case.municipality if case else None)
        return max(wave.start, self.today) if wave else self.today

    def person(self, case: Case) -> int | None:
        """The person's surrogate; None for one who is not known here, or whose numbers lead to two persons."""
        with self.database.read() as connection:
            return self.pseudonyms.look_up(connection, case.person.identifiers)

    def identified(self, case: Case, item: Item | None) -> Case:
        """The case with its id: the source's; else that under which it was carried; else that of the same person's
        same stay, where a journal system has told of it through this adapter, so that both go on as one case; else, as
        it is, one made from its key."""
        known = item.case_id if item is not None else None
        if case.case_id is None and known is None and (patient_id := self.person(case)) is not None:
            with self.database.read() as connection:
                known = ledger.present(connection, patient_id, case)
        if case.case_id is not None or known is None or not known.startswith(f"{CASE}|"):
            return case
        return replace(case, case_id=known.removeprefix(f"{CASE}|"))

    def begin(self, kind: str, waves: Sequence[Wave], export: Export, reason: str | None = None) -> int:
        """Note that a run begins, and who begins it; returns its number."""
        at, names = self.now(), [wave.name for wave in waves]
        with self.database.write() as connection:
            run_id = ledger.begin(
                connection,
                self.sides,
                kind=kind,
                waves=names,
                export=export.sha256,
                taken_text=export.taken,
                principal=self.principal.name,
                started_at=at,
            )
            audit.record(
                connection, self.principal, f"cutover-{kind}", f"cutover/{run_id}", at, None, reason, waves=names
            )
        return run_id

    def end(self, run_id: int, export: Export) -> dict[str, int]:
        """Note that a run has come to its end; returns the export's cases by status."""
        with self.database.write() as connection:
            items = [each for each in ledger.items(connection, self.sides) if each.export == export.sha256]
            counts = dict(Counter(each.status for each in items))
            ledger.end(connection, run_id, counts | {"in": len(export.entries)}, self.now())
        return counts

    def changed(self, item: Item, **values: Any) -> Item:
        """The item with columns set."""
        with self.database.write() as connection:
            ledger.change(connection, item.key, self.sides, self.now(), **values)
            found = ledger.item(connection, self.sides, item.key)
        return found or item

    def begun(self, item: Item) -> bool:
        """Whether a message of the case was accepted."""
        with self.database.read() as connection:
            rows = ledger.messages(connection, item.id, item.generation)
            return any(row.accepted or ledger.was_accepted(connection, row.header_id) for row in rows)

    def lives_on(self, item: Item) -> bool:
        """Whether others have written about the case since it was carried."""
        with self.database.read() as connection:
            rows = ledger.messages(connection, item.id, item.generation)
            return bool(rows) and ledger.lives_on(connection, item.case_id, rows[0].header_id)
