"""Spärr: a person does not want what one party has documented to be read by others (SVOD 2:3, PDL 4:4).

It stops what others pull, not what is sent to them: a notice of LAW is disclosure. A block is of a whole party or of
one of its units; the party itself still sees its own. Who runs a system for several parties is not that party.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, insert, or_, select, update

from adapter.directory import Directory
from adapter.exchange.reasons import given_reason
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import Identifier, Pseudonyms
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock, from_micros, to_micros
from adapter.support.errors import AdapterError, NotFoundError

_block, _message, _patient = tables.block.c, tables.message.c, tables.patient.c


@dataclass(frozen=True)
class Block:
    """`unit` is None for the whole party. Instants are aware UTC. In a list, of a person with skyddad folkbokföring
    (`protected`) party and unit are None."""

    id: int
    party: str | None
    unit: str | None
    created_at: datetime
    lifted_at: datetime | None
    protected: bool = False

    def covers(self, party: str | None, unit: str) -> bool:
        """Whether it is of this unit, or of the party that answers for it."""
        return party == self.party if self.unit is None else unit == self.unit


class Blocks:
    """Set, lift and list blocks. Every method needs the right to all parties."""

    def __init__(self, database: Database, directory: Directory, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._pseudonyms = pseudonyms
        self._clock = clock

    def set(self, principal: Principal, person: Identifier, party: str, unit: str | None, reason: str) -> int:
        """Block what a party, or one of its units, has documented about a person; returns the block's number.

        Raises NotFoundError for an unknown party, AdapterError where the unit is not the party's.
        """
        principal.require(Right.ALL_PARTIES)
        reason = given_reason(reason)
        now = self._clock.now()
        if unit is not None and unit not in self._directory.units_of(party, now.astimezone(STOCKHOLM).date()):
            raise AdapterError(f"the unit {unit} is not one of the party {party} today")
        self._directory.party(party)
        at = to_micros(now)
        with self._database.write() as connection:
            patient_id = self._pseudonyms.surrogate(connection, [person], at)
            values = {"patient_id": patient_id, "party": party, "unit": unit, "created_at": at}
            found: int = connection.execute(insert(tables.block).values(values).returning(_block.id)).scalar_one()
            audit.record(connection, principal, "block-set", f"block/{found}", at, patient_id, reason)
        return found

    def lift(self, principal: Principal, block_id: int, reason: str) -> None:
        """End a block from now on. Raises NotFoundError where there is none, or none that stands."""
        principal.require(Right.ALL_PARTIES)
        reason, at = given_reason(reason), to_micros(self._clock.now())
        with self._database.write() as connection:
            query = (
                update(tables.block)
                .where(_block.id == block_id, _block.lifted_at.is_(None))
                .values(lifted_at=at)
                .returning(_block.patient_id)
            )
            patient_id = connection.execute(query).scalar_one_or_none()
            if patient_id is None:
                raise NotFoundError(f"there is no block {block_id} that stands")
            audit.record(connection, principal, "block-lift", f"block/{block_id}", at, patient_id, reason)

    def list(self, principal: Principal) -> list[Block]:
        """Every block, newest first, lifted ones too."""
        principal.require(Right.ALL_PARTIES)
        with self._database.read() as connection:
            query = select(tables.block, _patient.protected).join_from(tables.block, tables.patient)
            rows = connection.execute(query.order_by(_block.id.desc())).mappings()
            return [_read(row, protected=bool(row["protected"])) for row in rows]


def against(connection: Connection, principal: Principal, patient_id: int) -> list[Block]:
    """The blocks of a person that stand against a principal."""
    query = select(tables.block).where(
        _block.patient_id == patient_id, _block.lifted_at.is_(None), _block.party != principal.party
    )
    return [_read(row) for row in connection.execute(query).mappings()]


def clear_of(principal: Principal) -> ColumnElement[bool]:
    """Of a message: no block stands against the principal for the unit that sent it."""
    stands = exists(
        select(1).where(
            _block.patient_id == _message.patient_id,
            _block.lifted_at.is_(None),
            _block.party != principal.party,
            _block.party == _message.sender_party,
            or_(_block.unit.is_(None), _block.unit == _message.sender_unit),
        )
    )
    return ~stands


def hides(blocks: list[Block], directory: Directory, units: Collection[str], on: date) -> bool:
    """Whether one of the blocks is of a unit among these, or of the party that answers for it on the day."""
    if not blocks:
        return False
    parties = {unit: directory.party_of(unit, on) for unit in units}
    return any(block.covers(party.id if party else None, unit) for unit, party in parties.items() for block in blocks)


def _read(values: RowMapping, *, protected: bool = False) -> Block:
    lifted = values["lifted_at"]
    return Block(
        id=values["id"],
        party=None if protected else values["party"],
        unit=None if protected else values["unit"],
        created_at=from_micros(values["created_at"]),
        lifted_at=None if lifted is None else from_micros(lifted),
        protected=protected,
    )
