"""The stored plans of a person, as GetCarePlans answers with them.

A caller gets what its parties sent or what had arrived at them: the answer is no new disclosure. Withheld, with no sign
that there is anything: all plans of a person with skyddad folkbokföring, what a spärr covers, drafts, what was
retracted or entered in error, what was corrected by a version that has not reached the caller, and a SIP whose consent
was refused or withdrawn. Each answer is in the audit before it leaves (PDL 4:3).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, exists, or_, select

from adapter.directory import Directory
from adapter.discharge.facts import Fact, standing
from adapter.exchange import blocks, facts, visibility
from adapter.fhir import identifiers, wire
from adapter.fhir.bundles import MessageBundle
from adapter.plans.riv import contract, plans
from adapter.plans.riv.attachment import Form
from adapter.plans.riv.contract import Answer, CarePlan, PersonId, Request
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import Pseudonyms
from adapter.store import tables
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock, from_micros, swedish_day, to_micros
from adapter.support.errors import NotFoundError

_message, _delivery, _patient = tables.message.c, tables.delivery.c, tables.patient.c
_NUMBERS = frozenset({contract.PERSONNUMMER, contract.SAMORDNINGSNUMMER})
_ENDED_CONSENT = frozenset({"refused", "withdrawn"})
_COERCIVE = "SPLPTLRV"

_TOO_LARGE = (
    "Minst en plan är för stor för att bifogas (100 KB) och återges utan innehåll: vänd dig till den ansvariga enheten."
)


@dataclass(frozen=True)
class Options:
    """`source_system` is the HSA-id that the adapter answers under; `approved_for_patient` what the answers say."""

    source_system: str
    form: Form = "pdf"
    approved_for_patient: bool = False


@dataclass(frozen=True)
class _Stored:
    """A version of a plan in the store. `statements` are the last words of its case."""

    message_id: int
    case_id: str
    sender_party: str
    sender_unit: str
    sent_at: datetime
    message: MessageBundle
    plan: dict[str, Any]
    statements: dict[str, str]

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.case_id, self.sender_party, plans.identity(self.plan)

    @property
    def document_id(self) -> str:
        """The same for every version, and no other plan's; says nothing of the person."""
        return str(uuid5(NAMESPACE_URL, "\n".join(self.identity)))


class CarePlans:
    """Answers requests. Safe to call from many threads at once."""

    def __init__(
        self,
        database: Database,
        contents: ContentStore,
        directory: Directory,
        pseudonyms: Pseudonyms,
        clock: Clock,
        options: Options,
    ) -> None:
        self._database = database
        self._contents = contents
        self._directory = directory
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._options = options

    def answer(self, request: Request, principal: Principal, log_id: str) -> Answer:
        """The plans that the request asks for and the principal may see. Needs CONTENT."""
        principal.require(Right.CONTENT)
        fault = _fault(request)
        if fault is not None:
            return Answer("ERROR", log_id, fault)
        person = identifiers.normalised(f"urn:oid:{request.patient.type}", request.patient.id)
        with self._database.read() as connection:
            patient_id = self._pseudonyms.find(connection, [person])
            found = [] if patient_id is None else self._visible(connection, principal, patient_id)
            confidential = patient_id is not None and _has(connection, patient_id, "confidential")
        chosen = [each for each in found if self._asked_for(each, request)]
        shown = [self._carried(each, request.patient, confidential) for each in chosen]
        self._record(principal, patient_id, [each.message_id for each in chosen], log_id)
        if all(plan.attachments for plan in shown):
            return Answer("OK", log_id, None, tuple(shown))
        return Answer("INFO", log_id, _TOO_LARGE, tuple(shown))

    def _visible(self, connection: Connection, principal: Principal, patient_id: int) -> list[_Stored]:
        """The newest version of each plan that may be shown, newest first."""
        if _has(connection, patient_id, "protected"):
            return []
        against = blocks.against(connection, principal, patient_id)
        newest: dict[tuple[str, str, str], _Stored] = {}
        for stored in self._disclosed(connection, principal, patient_id):
            if stored.plan.get("status") != "draft":
                newest[stored.identity] = stored
        shown = [each for each in newest.values() if _may_be_shown(each) and not self._hidden(each, against)]
        return sorted(shown, key=lambda each: (each.sent_at, each.message_id), reverse=True)

    def _disclosed(self, connection: Connection, principal: Principal, patient_id: int) -> Iterator[_Stored]:
        """The standing versions that the principal's parties sent, or that arrived at them, oldest first."""
        arrived = exists(select(1).where(_delivery.message_id == _message.id, visibility.arrived(principal)))
        query = select(tables.message).where(
            _message.patient_id == patient_id,
            _message.event == "sip",
            _message.status == "accepted",
            or_(_message.sender_party.in_(principal.parties), arrived),
        )
        cases: dict[str, list[Fact]] = {}
        rows = connection.execute(query.order_by(_message.sent_at, _message.id)).all()
        for row in rows:
            if row.case_id not in cases:
                cases[row.case_id] = standing(facts.read(connection, row.case_id))
            stands = cases[row.case_id]
            if not any(fact.header_id == row.header_id and fact.sender == row.sender_unit for fact in stands):
                continue
            message = self._message(connection, row.id, row.source)
            plan = None if message is None else plans.plan_of(message)
            if message is not None and plan is not None:
                sent = from_micros(row.sent_at if row.sent_at is not None else row.received_at)
                place = (row.id, row.case_id, row.sender_party, row.sender_unit)
                yield _Stored(*place, sent, message, plan, _last_words(stands))

    def _message(self, connection: Connection, message_id: int, source: str) -> MessageBundle | None:
        kept = self._contents.of_message(connection, message_id, "received" if source == "fhir" else "translated")
        return MessageBundle(wire.parse(kept[-1].body, kept[-1].media_type)) if kept else None

    def _hidden(self, stored: _Stored, against: list[blocks.Block]) -> bool:
        units = {stored.sender_unit, *plans.sources(stored.message, stored.plan)}
        return blocks.hides(against, self._directory, units, swedish_day(stored.sent_at))

    def _asked_for(self, stored: _Stored, request: Request) -> bool:
        if request.source_system not in (None, self._options.source_system):
            return False
        contact = plans.care_contact(stored.message, stored.plan)
        if request.care_contacts and contact not in request.care_contacts:
            return False
        if request.care_units and plans.care_unit(stored.message, stored.plan) not in request.care_units:
            return False
        return request.period is None or request.period[0] <= _day(stored) <= request.period[1]

    def _carried(self, stored: _Stored, patient: PersonId, confidential: bool) -> CarePlan:
        try:
            care_giver = self._directory.party(stored.sender_party).hsa
        except NotFoundError:
            care_giver = None
        setting = plans.Setting(
            document_id=stored.document_id,
            source_system=self._options.source_system,
            patient=patient,
            sent_at=stored.sent_at,
            care_giver=care_giver,
            approved_for_patient=self._options.approved_for_patient,
            confidential=confidential,
            form=self._options.form,
        )
        return plans.care_plan(stored.message, stored.plan, setting)

    def _record(self, principal: Principal, patient_id: int | None, messages: Iterable[int], log_id: str) -> None:
        """One line for each plan shown; one for a search that shows nothing, for it is an access too."""
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            objects = [f"message/{message_id}" for message_id in messages]
            for name in objects or ["care-plans/none"]:
                audit.record(connection, principal, "care-plan-view", name, at, patient_id, log_id=log_id)


def _fault(request: Request) -> str | None:
    """What is wrong with a request by the contract's rules, in Swedish as the contract asks; None where all is well."""
    patient = request.patient
    if patient.type in _NUMBERS:
        if len(patient.id) != 12 or not (patient.id.isascii() and patient.id.isdigit()):
            return "patientId.id: ange tolv siffror utan avskiljare."
    elif not patient.id or not patient.type or not set(patient.type) <= set("0123456789."):
        return "patientId: ange id, och i type en OID."
    elif request.source_system is None:
        return "sourceSystemHSAId måste anges när patientId är ett reservnummer."
    if request.care_contacts and request.source_system is None:
        return "sourceSystemHSAId måste anges när careContactId anges."
    if request.period is not None and request.period[1] < request.period[0]:
        return "datePeriod: end är före start."
    return None


def _may_be_shown(stored: _Stored) -> bool:
    """Approved and not nullified; and a SIP rests on consent, which a plan of compulsory care does not (LAW 4:1-2)."""
    if stored.plan.get("status") not in ("active", "on-hold", "revoked", "completed"):
        return False
    if plans.kind(stored.plan) == _COERCIVE:
        return True
    said = stored.statements
    return not _ENDED_CONSENT & {said.get("plan_consent"), said.get("sharing_consent")}


def _last_words(stands: Iterable[Fact]) -> dict[str, str]:
    said: dict[str, str] = {}
    for fact in stands:
        said.update(fact.statements)
    return said


def _day(stored: _Stored) -> date:
    """The Swedish day on which the plan was drawn up; of a plan that does not say, the day on which it was sent."""
    drawn_up = plans.drawn_up(stored.plan)
    if drawn_up is None:
        try:
            return date.fromisoformat(str(stored.plan.get("created")))
        except ValueError:
            drawn_up = stored.sent_at
    return drawn_up.astimezone(STOCKHOLM).date()


def _has(connection: Connection, patient_id: int, mark: str) -> bool:
    return bool(connection.execute(select(_patient[mark]).where(_patient.id == patient_id)).scalar_one())
