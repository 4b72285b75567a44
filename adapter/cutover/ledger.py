"""What the store remembers of a cut-over: its items, the messages written for them, and the runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, insert, select, update

from adapter.authoring.chain import Link
from adapter.authoring.parties import Unit
from adapter.cutover.case import Case
from adapter.fhir import instants
from adapter.store import tables
from adapter.store.insert import insert_if_absent

TOLD, TAKEN_BACK = "told", "taken-back"
_item, _message = tables.cutover_item, tables.cutover_message
_ANSWERS = ("read-receipt", "acceptance-answer", "acknowledgement", "delivery-report")
Item = Row[Any]


@dataclass(frozen=True)
class Sides:
    """Which cut-over: the source's name and the target system's id."""

    source: str
    target: str


def note(connection: Connection, sides: Sides, key: str, export: str, at: int, **known: Any) -> None:
    """That an export holds a case; `known` are columns of its item."""
    new = {"status": "waiting", "reasons": [], "gaps": [], "source": sides.source, "target": sides.target, "key": key}
    if not insert_if_absent(connection, _item, **new, export=export, updated_at=at, **known):
        change(connection, key, sides, at, export=export, **known)


def change(connection: Connection, key: str, sides: Sides, at: int, **values: Any) -> None:
    """Set columns of an item."""
    connection.execute(update(_item).where(*_is(sides), _item.c.key == key).values(updated_at=at, **values))


def item(connection: Connection, sides: Sides, key: str) -> Item | None:
    """The item of a case."""
    return connection.execute(_items(sides).where(_item.c.key == key)).one_or_none()


def items(connection: Connection, sides: Sides) -> Sequence[Item]:
    """Every item, in the order in which exports brought them."""
    return connection.execute(_items(sides).order_by(_item.c.id)).all()


def hidden(row: Item) -> bool:
    """Whether it is about a protected person: by its export, or by any message before or since."""
    return bool(row.protected or row.marked)


def _items(sides: Sides) -> Select[Any]:
    """Items, with what the store knows of their persons."""
    joined = _item.outerjoin(tables.patient, tables.patient.c.id == _item.c.patient_id)
    return select(_item, tables.patient.c.protected.label("marked")).select_from(joined).where(*_is(sides))


def _is(sides: Sides) -> tuple[Any, ...]:
    return _item.c.source == sides.source, _item.c.target == sides.target


def messages(connection: Connection, item_id: int, generation: int) -> Sequence[Row[Any]]:
    """The messages written for an item since it was last carried anew, in order."""
    query = select(_message).where(_message.c.item_id == item_id, _message.c.generation == generation)
    return connection.execute(query.order_by(_message.c.id)).all()


def intend(connection: Connection, **values: Any) -> None:
    """Note a message before it is submitted; one noted before, and not accepted, is replaced."""
    if insert_if_absent(connection, _message, accepted=False, **values):
        return
    same = (_message.c[name] == values[name] for name in ("item_id", "generation", "part", "revision"))
    connection.execute(update(_message).where(*same, ~_message.c.accepted).values(values))


def accepted(connection: Connection, header_id: str) -> None:
    """Mark a message as accepted."""
    connection.execute(update(_message).where(_message.c.header_id == header_id).values(accepted=True))


def was_accepted(connection: Connection, header_id: str) -> bool:
    """Whether the adapter holds a message that was noted, and not marked before an interruption."""
    known = tables.message.c
    query = select(exists().where(known.header_id == header_id, known.status == "accepted"))
    return bool(connection.execute(query).scalar_one())


def as_json(link: Link) -> dict[str, Any]:
    """A link of the chain as it is kept."""
    return {
        "event": link.event,
        "at": link.at,
        "sender": link.sender.hsa,
        "name": link.sender.name,
        "parties": sorted(link.parties),
        "corrects": link.corrects,
    }


def as_link(row: Row[Any]) -> Link:
    """A kept message as a link of the chain."""
    kept = row.link
    sender = Unit(kept["sender"], kept["name"], "", "")
    parties = frozenset(kept["parties"])
    return Link(row.header_id, kept["event"], kept["at"], sender, parties, corrects=kept["corrects"])


def lives_on(connection: Connection, case_id: str, first_header_id: str) -> bool:
    """Whether others have written about a case since it was carried: its truth is no longer in the system that is left.
    That somebody has read or answered what was carried does not count."""
    known = tables.message.c
    first = select(func.min(known.id)).where(known.header_id == first_header_id).scalar_subquery()
    ours = exists().where(_message.c.header_id == known.header_id)
    query = select(known.id).where(
        known.case_id == case_id,
        known.status == "accepted",
        known.id > first,
        known.event.not_in(_ANSWERS),
        ~ours,
    )
    return connection.execute(query.limit(1)).first() is not None


def present(connection: Connection, patient_id: int, case: Case, endpoints: Iterable[str] | None = None) -> str | None:
    """The id of a case of the same person and stay that came through this adapter, and not by a cut-over; None where
    there is none. With `endpoints`: one that has gone, or is to go, to one of them."""
    if case.admission is None:
        return None  # nothing but the stay tells that two cases are the same
    state, known, delivery = tables.case_state, tables.message, tables.delivery
    carried = exists().where(_message.c.header_id == known.c.header_id)
    came = exists().where(known.c.case_id == state.c.case_id, known.c.status == "accepted", ~carried)
    if endpoints is not None:
        came = came.where(
            delivery.c.message_id == known.c.id,
            delivery.c.endpoint.in_(list(endpoints)),
            delivery.c.status.in_(("waiting", "running", "held", "done")),
        )
    own = select(tables.fact.c.case_id).where(tables.fact.c.patient_id == patient_id)  # which has an index
    query = select(state.c.case_id, state.c.state).where(
        state.c.patient_id == patient_id, state.c.case_id.in_(own), came.correlate(state)
    )
    admitted = instants.parse(case.admission.admitted)
    for row in connection.execute(query):
        told = [row.state["instants"], *row.state["earlier_stays"]]
        if admitted is not None and any(instants.parse(each.get("admission")) == admitted for each in told):
            return str(row.case_id)
    return None


def begin(connection: Connection, sides: Sides, **values: Any) -> int:
    """Note that a run begins; returns its number."""
    row = insert(tables.cutover_run).values(source=sides.source, target=sides.target, counts={}, **values)
    number: int = connection.execute(row.returning(tables.cutover_run.c.id)).scalar_one()
    return number


def end(connection: Connection, run_id: int, counts: dict[str, int], at: int) -> None:
    """Note that a run has come to its end."""
    run = tables.cutover_run
    connection.execute(update(run).where(run.c.id == run_id).values(ended_at=at, counts=counts))


def runs(connection: Connection, sides: Sides) -> Sequence[Row[Any]]:
    """Every run, the newest first."""
    run = tables.cutover_run
    mine = select(run).where(run.c.source == sides.source, run.c.target == sides.target)
    return connection.execute(mine.order_by(run.c.id.desc())).all()
