"""The worklist for manual entry: a page a case with what has to be typed, and nothing else; printable, and ticked off.

Protected persons stand in a file of their own, without unit, municipality, address, contacts and free text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Row

from adapter.cutover import ledger
from adapter.cutover.case import Case
from adapter.cutover.export import Export
from adapter.cutover.plan import Plan
from adapter.cutover.sheets import Group, Name, hidden, local, numbers, whole
from adapter.security import audit
from adapter.security.principals import Principal
from adapter.security.pseudonyms import IdentityError, Pseudonyms
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import AdapterError, NotFoundError
from adapter.support.files import write_whole

ORDINARY, PROTECTED = "arbetslista.html", "arbetslista-skyddade.html"
TASKS = {
    "listed": "Lägg in ärende",
    "refused": "Lägg in ärende",
    "vanished": "Avsluta ärende",
    "to-remove": "Ta bort ärende",
    "behind": "Rätta ärende",
}
"""What is asked of the person, by the item's status; `behind` is one that was carried and not brought up to date."""
TICKED = {"listed": "entered", "refused": "entered", "vanished": "ended", "to-remove": "removed", "behind": "entered"}


@dataclass(frozen=True)
class Sheet:
    """One case on the list."""

    key: str
    task: str
    reasons: tuple[str, ...]
    groups: list[Group]


def write(
    folder: Path,
    plan: Plan,
    export: Export,
    database: Database,
    pseudonyms: Pseudonyms,
    principal: Principal,
    clock: Clock,
    unit_name: Name,
    cases: Mapping[str, Case],
    waves: Sequence[str] = (),
) -> dict[Path, int]:
    """Write what waits for a person, of the named waves or all; returns each file with its number of cases. `cases` are
    the export's by key. Only their owner may read the files, and each case in them is audited. Raises AdapterError
    where they cannot be written."""
    sides = ledger.Sides(plan.source, plan.target)
    codes = {code for name in waves for code in plan.wave(name).municipalities}
    with database.read() as connection:
        items = [each for each in ledger.items(connection, sides) if _asked(each) in TASKS]
    wanted = [each for each in items if not waves or each.municipality in codes]
    found: dict[Path, int] = {}
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, protected in ((ORDINARY, False), (PROTECTED, True)):
        mine = [each for each in wanted if ledger.hidden(each) == protected]
        if mine:
            _record(database, pseudonyms, principal, clock, mine, cases)
            sheets = [_sheet(each, cases.get(each.key), unit_name) for each in mine]
            write_whole(folder / name, _page(plan, export, sheets, protected=protected), 0o600)
            found[folder / name] = len(sheets)
    return found


def tick(
    keys: Sequence[str], by: str, plan: Plan, database: Database, principal: Principal, clock: Clock, *, undo: bool
) -> dict[str, str]:
    """Tick cases off, or take the tick back; returns each key with its new status. All or none: raises NotFoundError
    for a key that is not known, AdapterError for one that is not on the list."""
    sides, at = ledger.Sides(plan.source, plan.target), to_micros(clock.now())
    if not by.strip() or len(by) > 128 or not by.isprintable():
        raise AdapterError("say who did it: a name of 1 to 128 characters")
    found: dict[str, str] = {}
    with database.write() as connection:
        for key in keys:
            item = ledger.item(connection, sides, key)
            if item is None:
                raise NotFoundError(f"there is no case '{key}' in this cut-over")
            status = _unticked(item) if undo else TICKED.get(_asked(item))
            if status is None:
                words = "is not ticked off" if undo else f"is not on the worklist: it is {item.status}"
                raise AdapterError(f"case '{key}' {words}")
            ticked = {"ticked_at": None, "ticked_by": None} if undo else {"ticked_at": at, "ticked_by": by.strip()}
            if _asked(item) == "behind":
                ticked["identity"] = None  # what was carried is from now on a person's to keep up
            ledger.change(connection, key, sides, at, status=status, **ticked)
            action = "cutover-untick" if undo else "cutover-tick"
            audit.record(connection, principal, action, f"cutover-case/{item.id}", at, item.patient_id, by=by.strip())
            found[key] = status
    return found


def _asked(item: Row[Any]) -> str:
    """The item's status as the list knows it."""
    return "behind" if item.status == "carried" and item.reasons else str(item.status)


def _unticked(item: Row[Any]) -> str | None:
    """Back on the list, as it was asked."""
    if item.ticked_at is None:
        return None
    return {"entered": "listed", "removed": "to-remove", "ended": "vanished"}.get(item.status)


def _record(
    database: Database,
    pseudonyms: Pseudonyms,
    principal: Principal,
    clock: Clock,
    items: Sequence[Row[Any]],
    cases: Mapping[str, Case],
) -> None:
    """Who prints a person's data is remembered with the person (PDL 4:3), before it is printed."""
    at = to_micros(clock.now())
    with database.write() as connection:
        for item in items:
            patient_id = item.patient_id
            if patient_id is None and (case := cases.get(item.key)) is not None:
                try:
                    patient_id = pseudonyms.surrogate(connection, case.person.identifiers, at)
                except IdentityError:
                    patient_id = None
            audit.record(connection, principal, "cutover-worklist", f"cutover-case/{item.id}", at, patient_id)


def _page(plan: Plan, export: Export, sheets: list[Sheet], *, protected: bool) -> bytes:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    title = f"Arbetslista: från {plan.name}" + (", skyddade personer" if protected else "")
    template = environment.get_template("worklist.html")
    return template.render(title=title, taken=local(export.taken), cases=sheets).encode()


def _sheet(item: Row[Any], case: Case | None, unit_name: Name) -> Sheet:
    groups: list[Group] = []
    if case is not None and _asked(item) in ("listed", "refused", "behind"):
        groups = list(hidden(case) if ledger.hidden(item) else whole(case, unit_name))
    elif case is not None:
        groups = [("Person", numbers(case))]
    return Sheet(item.key, TASKS[_asked(item)], tuple(item.reasons), groups)
