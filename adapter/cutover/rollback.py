"""Takes a wave back: what was carried is retracted by messages; what no message can take back is listed for a person.

Interrupted, it goes on where it was: a retraction is noted as every message is.
"""

from collections.abc import Callable, Sequence

from adapter.cutover import ledger
from adapter.cutover.carrier import NotTakenError
from adapter.cutover.case import Case
from adapter.cutover.desk import LIVES_ON, Desk
from adapter.cutover.export import Export
from adapter.cutover.ledger import Item
from adapter.exchange.reasons import given_reason

_WHY = "Ärendet har inte flyttats: övertagandet från {} är backat"
_BY_HAND = "was entered by hand"
_NOT_YET = frozenset({"listed", "waiting", "refused"})
_BACK = frozenset({"taken-back", "to-remove", "removed"})


def roll_back(
    desk: Desk, wave: str, export: Export, reason: str, advance: Callable[[int, int | None], None] = lambda *_: None
) -> dict[str, int]:
    """Take back what was carried of a wave; returns the export's cases by status. What was entered by hand, lives on in
    the new system, or is not in the export that tells whom the retractions are about, is to be removed by hand.

    Raises NotFoundError for a wave that the plan does not have, ForbiddenError without a reason, AdapterError where the
    export is another system's, UnavailableError where the store does not answer: run again.
    """
    reason = given_reason(reason)
    found, cases = desk.plan.wave(wave), desk.cases(export)
    run_id = desk.begin("rollback", [found], export, reason)
    with desk.database.read() as connection:
        items = [each for each in ledger.items(connection, desk.sides) if each.municipality in found.municipalities]
    for number, item in enumerate(items, start=1):
        _take_back(desk, item, cases.get(item.key))
        advance(number, len(items))
    return desk.end(run_id, export)


def _take_back(desk: Desk, item: Item, case: Case | None) -> None:
    begun = desk.begun(item)
    if item.status in _NOT_YET and not begun:
        desk.changed(item, status="taken-back", reasons=[])
    elif item.status in ("entered", "vanished") and not begun:
        desk.changed(item, status="to-remove", reasons=[_BY_HAND], ticked_at=None, ticked_by=None)
    elif begun and item.status not in _BACK:
        reasons = _retract(desk, item, case)
        desk.changed(item, status="to-remove" if reasons else "taken-back", reasons=list(reasons))


def _retract(desk: Desk, item: Item, case: Case | None) -> Sequence[str]:
    """Take back the messages of a case; why it has to be removed by hand, where it has."""
    if case is None:
        return ["is not in the export, which tells whom the retractions are about"]
    if desk.lives_on(item):
        return [LIVES_ON]
    case = desk.identified(case, item)
    drafts = desk.carrier.retractions(case, item, _WHY.format(desk.plan.name), desk.today)
    reasons = desk.carrier.examine(case, drafts, desk.today)
    if reasons:
        return reasons
    try:
        desk.carrier.submit(case, item, drafts)
    except NotTakenError as error:
        return error.reasons
    return []
