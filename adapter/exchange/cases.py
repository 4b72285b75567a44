"""A case as the law sees it: where it stands, who owes what until when, and who pays, each line with its ground.

Shown without the person's identity, and audited all the same (PDL 4:3). Of a person with skyddad folkbokföring nothing
is shown that tells where somebody is: no unit, no municipality, no payment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from adapter.directory import Directory
from adapter.discharge import calendar, case, deadlines, enrolment, payment, sip
from adapter.discharge.agreement import Agreement
from adapter.discharge.deadlines import Duty
from adapter.discharge.enrolment import Enrolment
from adapter.discharge.facts import Fact, in_order
from adapter.discharge.notices import Notices
from adapter.discharge.payment import Liability
from adapter.discharge.sip import Sip
from adapter.exchange import facts, visibility
from adapter.exchange.agreements import Agreements
from adapter.exchange.ladder import Escalation, Escalations
from adapter.exchange.reasons import optional_reason
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, from_micros, to_micros
from adapter.support.errors import NotFoundError

_message = tables.message.c
_HIDDEN = frozenset({"placing_municipality", "home_municipality"})


@dataclass(frozen=True)
class Case:
    """`state` is what `discharge.case.project` says. `agreement` names what the duties were reckoned by, `payments` has
    a line for each municipality that was told of the patient. `enrolment` is None where no criteria are agreed."""

    case: str
    state: dict[str, Any]
    agreement: str
    duties: tuple[Duty, ...]
    payments: tuple[Liability, ...]
    sip: Sip
    enrolment: Enrolment | None
    escalations: tuple[Escalation, ...]
    protected: bool


class Cases:
    """Shows cases to those who sent or were sent a message of them."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        agreements: Agreements,
        clock: Clock,
        escalations: Escalations,
    ) -> None:
        self._database = database
        self._escalations = escalations
        self._directory = directory
        self._agreements = agreements
        self._clock = clock

    def show(self, principal: Principal, case_id: str, reason: str = "") -> Case:
        """The case as it is known now. Needs LIST. Raises NotFoundError for a case that is not there, and in the same
        words for one that is not the caller's."""
        principal.require(Right.LIST)
        now = self._clock.now()
        with self._database.write() as connection:
            patient_id, protected = _person(connection, principal, case_id)
            known = self._disclosed(principal, facts.read(connection, case_id, self._directory))
            escalated = self._escalations.of_case(connection, principal, case_id)
            audit.record(
                connection, principal, "case-view", "case", to_micros(now), patient_id, optional_reason(reason)
            )
        kommunkoder = municipalities(known)
        agreement = self._agreement(known, kommunkoder[0] if kommunkoder else None)
        found = Case(
            case=case_id,
            state=case.project(known),
            agreement=f"{agreement.id} {agreement.version}",
            duties=tuple(deadlines.duties(known, agreement, now)),
            payments=tuple(self._liability(known, kommunkod) for kommunkod in kommunkoder),
            sip=sip.of_case(known),
            enrolment=enrolment.assess(known, agreement),
            escalations=tuple(escalated),
            protected=protected,
        )
        return _covered(found) if protected else found

    def _disclosed(self, principal: Principal, known: Sequence[Fact]) -> list[Fact]:
        """What the caller has sent or been sent; of what others sent, not who else got it."""
        if principal.sees_all:
            return list(known)
        today = calendar.local_date(self._clock.now())
        own = frozenset[str]().union(*(self._directory.units_of(party, today) for party in principal.parties))
        narrowed = (
            fact
            if fact.sender in own
            else replace(fact, recipients=tuple(each for each in fact.recipients if each.unit in own))
            for fact in known
        )
        return [fact for fact in narrowed if fact.sender in own or fact.recipients]

    def _liability(self, known: Sequence[Fact], kommunkod: str) -> Liability:
        now = self._clock.now()
        return payment.of_stay(Notices.of(known, self._agreement(known, kommunkod), now), kommunkod)

    def _agreement(self, known: Sequence[Fact], kommunkod: str | None) -> Agreement:
        return agreement_of(self._agreements, known, kommunkod, self._clock.now())


def agreement_of(agreements: Agreements, known: Sequence[Fact], kommunkod: str | None, now: datetime) -> Agreement:
    """That of the local day on which the case began: it goes with the case to its end."""
    begun = min((fact.happened_at for fact in known), default=to_micros(now))
    return agreements.of(kommunkod, calendar.local_date(from_micros(begun)))


def _person(connection: Connection, principal: Principal, case_id: str) -> tuple[int | None, bool]:
    query = (
        select(_message.patient_id, visibility.protected().label("protected"))
        .where(_message.case_id == case_id, _message.status == "accepted", visibility.message(principal))
        .order_by(_message.id.desc())
    )
    rows = connection.execute(query).all()
    if not rows:
        raise NotFoundError("there is no such case")
    return rows[0].patient_id, any(row.protected for row in rows)


def municipalities(known: Sequence[Fact]) -> list[str]:
    """The kommunkoder of the municipalities that were told, the first told first."""
    told = (each.kommunkod for fact in in_order(known) for each in fact.recipients)
    return list(dict.fromkeys(kommunkod for kommunkod in told if kommunkod))


def _covered(found: Case) -> Case:
    """What may be shown of a protected person."""
    duties = {(duty.rule, duty.state): replace(duty, to="", clause="") for duty in found.duties}
    statements = {name: word for name, word in found.state["statements"].items() if name not in _HIDDEN}
    return replace(
        found,
        duties=tuple(duties.values()),
        payments=(),
        sip=replace(found.sip, responses=(), adjusted=()),
        enrolment=found.enrolment and replace(found.enrolment, clause=""),
        state=found.state | {"statements": statements},
        agreement="",
    )
