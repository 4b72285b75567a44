"""What a message may not say because of what its case has said: consent to a plan and to sharing, and whose it is to
call. Asked in the transaction that would take the message in, for only the store knows the case."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, select

from adapter.delivery import outbox
from adapter.directory import Directory
from adapter.discharge import minimum, sip
from adapter.discharge.calendar import local_date
from adapter.discharge.facts import Fact, standing
from adapter.exchange import facts
from adapter.exchange.agreements import Agreements
from adapter.exchange.cases import agreement_of
from adapter.exchange.commit import Checked
from adapter.exchange.submission import Refusal
from adapter.fhir.outcomes import Issue, errors
from adapter.store import tables
from adapter.support.clock import to_micros

NO_CONSENT = "the person does not consent to the plan, or no longer does"
"""Why a plan that had not left is not sent."""

_SHARING = "sharing_consent"
_STATED = frozenset({"given", "guardian"})
_delivery, _message, _fact = tables.delivery.c, tables.message.c, tables.fact.c


@dataclass(frozen=True)
class Gates:
    """The gates by one directory and one set of agreements."""

    directory: Directory
    agreements: Agreements

    def pass_(self, connection: Connection, checked: Checked, case_id: str) -> list[Issue]:
        """The warnings for the sender. Raises Refusal where the message may not be shared. Plans that wait to be sent
        are cancelled by a word against them."""
        reading, message = checked.reading, checked.message
        event, said = reading.event or "", reading.statements
        if not (event in (sip.PLAN, sip.INVITATION) or sip.CONSENT in said or message.is_extended):
            return []
        at = to_micros(reading.sent.at if reading.sent else checked.accepted_at)
        known = facts.read(connection, case_id, self.directory)
        found = sip.check(event, said, at, known, self._kind(checked))
        found += self._extended(checked, at, known)
        if errors(found):
            raise Refusal(422, errors(found))
        latest = sip.consent(said, at, standing(known))
        if sip.CONSENT in said and not sip.gate(None, latest).is_open:
            _stop_sharing(connection, case_id, to_micros(checked.accepted_at))
        return found

    def _kind(self, checked: Checked) -> str:
        day = local_date(checked.accepted_at)
        return facts.kind_of(self.directory, checked.sender_unit, checked.sender_party, day)[0]

    def _extended(self, checked: Checked, at: int, known: list[Fact]) -> list[Issue]:
        """An agreement may ask for consent before more than the minimum is disclosed; it can only narrow."""
        if (
            not checked.message.is_extended
            or sip.consent(checked.reading.statements, at, standing(known), _SHARING) in _STATED
        ):
            return []
        codes = {draft.route.party.kommunkod for draft in checked.drafts if draft.route.party.kommunkod}
        asking = [agreement_of(self.agreements, known, code, checked.accepted_at) for code in sorted(codes)]
        clauses = [each.clause("consent_first") for each in asking if each.consent_first]
        return [minimum.consent_missing(clauses[0])] if clauses else []


def require_consent(connection: Connection, delivery_id: int, message_id: int) -> None:
    """Raises DeliveryStateError where the delivery would share a plan anew, against the latest word on the consent."""
    if stopped(connection, [message_id]):
        raise outbox.DeliveryStateError(f"delivery {delivery_id} is of a plan, and {NO_CONSENT}")


def stopped(connection: Connection, message_ids: Sequence[int]) -> frozenset[int]:
    """Those of the messages that hold a plan which is no longer to be shared, by the latest word on the consent."""
    query = select(_fact.message_id, _fact.case_id, _fact.detail)
    rows = connection.execute(query.where(_fact.message_id.in_(message_ids), _fact.event == sip.PLAN)).all()
    known = facts.of_cases(connection, sorted({row.case_id for row in rows}))
    latest = {case_id: sip.consent({}, 0, standing(found)) for case_id, found in known.items()}
    return frozenset(
        row.message_id
        for row in rows
        if not sip.gate(row.detail["statements"].get("plan_kind"), latest[row.case_id]).is_open
    )


def _stop_sharing(connection: Connection, case_id: str, at: int) -> None:
    """Plans that rest on the consent and have not left are never sent."""
    query = (
        select(_delivery.id, _fact.detail)
        .join_from(tables.delivery, tables.message, _message.id == _delivery.message_id)
        .join(tables.fact, _fact.message_id == _message.id)
        .where(
            _message.case_id == case_id,
            _message.status == "accepted",
            _delivery.event == sip.PLAN,
            _delivery.status.in_(("waiting", "held", "dead")),
        )
        .order_by(_delivery.stream_id, _delivery.sequence)
    )
    for row in connection.execute(query).all():
        if row.detail["statements"].get("plan_kind") != sip.COERCIVE:
            with suppress(outbox.DeliveryStateError):  # a worker has taken it meanwhile
                outbox.cancel(connection, row.id, at, NO_CONSENT)
