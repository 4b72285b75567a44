"""The reconciliation of a cut-over: every case in, and what became of it; from the store alone, without personal data.

Of a protected person neither municipality nor wave is told: such cases are counted by themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from adapter.cutover import ledger
from adapter.cutover.ledger import Sides
from adapter.cutover.plan import Plan
from adapter.store import tables

PROTECTED, NO_WAVE = "protected", "no wave"
STATUSES = {
    "waiting": "the wave has not been run",
    "carried": "in the new system by messages",
    "merged": "there already, or the same as another case of the export",
    "refused": "not carried, with reasons; on the worklist",
    "listed": "on the worklist, to be entered by hand",
    "entered": "entered by hand, and ticked off",
    "ended": "gone from the old system before it was carried",
    "vanished": "gone from the old system after it was carried: to be closed in the new one",
    "taken-back": "rolled back",
    "to-remove": "to be removed from the new system by hand",
    "removed": "removed by hand, and ticked off",
}
"""What each status means, in the order of the report."""
_OPEN = ("refused", "listed", "vanished", "to-remove")


@dataclass(frozen=True)
class CaseRow:
    """One case. `key` is the source's own; `deliveries` counts its messages' deliveries by status."""

    key: str
    case_id: str | None
    wave: str
    status: str
    reasons: tuple[str, ...]
    gaps: tuple[str, ...]
    deliveries: dict[str, int]


@dataclass(frozen=True)
class Report:
    """`latest` is how many cases the last export held, `accounted` how many of them have an item; they reconcile when
    both are the same. `interrupted`: the last run did not come to its end. `by_wave` counts by wave and status, of all
    exports; `to_do` says how many cases wait for a person; `behind` how many of these were carried and could not be
    brought up to date since."""

    source: str
    target: str
    taken: str | None
    latest: int | None
    accounted: int
    interrupted: bool
    by_wave: dict[str, dict[str, int]]
    total: dict[str, int]
    deliveries: dict[str, int]
    to_do: int
    behind: int
    cases: tuple[CaseRow, ...]

    @property
    def reconciles(self) -> bool:
        """Whether every case of the last export is accounted for."""
        return self.latest == self.accounted and not self.interrupted


def read(connection: Connection, plan: Plan) -> Report:
    """The report as things stand now."""
    sides = Sides(plan.source, plan.target)
    items, runs = ledger.items(connection, sides), ledger.runs(connection, sides)
    arrived = _deliveries(connection, sides)
    last = next((run for run in runs if run.kind == "run"), None)
    by_wave: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        by_wave[_wave(plan, item)][item.status] += 1
    total = sum((Counter(counts) for counts in by_wave.values()), Counter[str]())
    behind = sum(item.status == "carried" and bool(item.reasons) for item in items)
    return Report(
        source=plan.source,
        target=plan.target,
        taken=last.taken_text if last else None,
        latest=last.counts.get("in") if last else None,
        accounted=sum(last is not None and item.export == last.export for item in items),
        interrupted=bool(runs) and runs[0].ended_at is None,
        by_wave={wave: dict(by_wave[wave]) for wave in _order(plan, by_wave)},
        total=dict(total),
        deliveries=dict(sum((Counter(counts) for counts in arrived.values()), Counter[str]())),
        behind=behind,
        to_do=sum(total[status] for status in _OPEN) + behind,
        cases=tuple(_row(plan, item, arrived.get(item.id, {})) for item in items),
    )


def _wave(plan: Plan, item: Row[Any]) -> str:
    if ledger.hidden(item):
        return PROTECTED
    wave = plan.wave_of(item.municipality)
    return wave.name if wave else NO_WAVE


def _order(plan: Plan, found: Iterable[str]) -> list[str]:
    names = [*(wave.name for wave in plan.waves), PROTECTED, NO_WAVE]
    return [name for name in names if name in set(found)]


def _row(plan: Plan, item: Row[Any], deliveries: dict[str, int]) -> CaseRow:
    wave = _wave(plan, item)
    return CaseRow(item.key, item.case_id, wave, item.status, tuple(item.reasons), tuple(item.gaps), dict(deliveries))


def _deliveries(connection: Connection, sides: Sides) -> dict[int, dict[str, int]]:
    """Item → deliveries of its messages by status."""
    ours, message, delivery, item = tables.cutover_message, tables.message, tables.delivery, tables.cutover_item
    query = (
        select(ours.c.item_id, delivery.c.status, func.count())
        .join(item, item.c.id == ours.c.item_id)
        .join(message, (message.c.header_id == ours.c.header_id) & (message.c.status == "accepted"))
        .join(delivery, delivery.c.message_id == message.c.id)
        .where(item.c.source == sides.source, item.c.target == sides.target)
        .group_by(ours.c.item_id, delivery.c.status)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for item_id, status, count in connection.execute(query):
        found[item_id][status] = count
    return found
