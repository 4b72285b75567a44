"""What a message may not say because of what its case has said: consent to a plan and to sharing, and whose it is to
call. Asked in the transaction that would take the message in, for only the store knows the case."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapter.directory import Directory
from adapter.discharge import consents, minimum, sip
from adapter.discharge.calendar import local_date
from adapter.discharge.consents import rests_on
from adapter.discharge.facts import Fact, standing
from adapter.exchange import facts
from adapter.exchange.agreements import Agreements
from adapter.exchange.cases import agreement_of, municipalities
from adapter.exchange.commit import Checked
from adapter.exchange.consents import hold
from adapter.exchange.submission import Refusal
from adapter.fhir.outcomes import Issue, errors
from adapter.support.clock import to_micros

_STATED = frozenset({"given", "guardian"})


@dataclass(frozen=True)
class Gates:
    """The gates by one directory and one set of agreements."""

    directory: Directory
    agreements: Agreements

    def pass_(self, connection: Connection, checked: Checked, case_id: str) -> list[Issue]:
        """The warnings for the sender. Raises Refusal where the message may not be shared."""
        reading, message = checked.reading, checked.message
        event, said = reading.event or "", reading.statements
        if not (event in (sip.PLAN, sip.INVITATION) or message.is_extended):
            return []
        at = to_micros(reading.sent.at if reading.sent else checked.accepted_at)
        known = facts.read(connection, case_id, self.directory)
        found = sip.check(event, said, at, known, self._kind(checked))
        found += self._extended(checked, at, known)
        if errors(found):
            raise Refusal(422, errors(found))
        return found

    def hold(self, connection: Connection, checked: Checked, case_id: str) -> list[Issue]:
        """After the message was stored: hold what of its case rests on a consent that the latest word is against, this
        message among it. A warning for the sender where anything is held."""
        event, said = checked.reading.event or "", checked.reading.statements
        speaks = not said.keys().isdisjoint((consents.PLAN, consents.SHARING))
        if not (speaks or rests_on(event, said, consent_first=True)):
            return []
        known = facts.read(connection, case_id, self.directory)
        at = to_micros(checked.accepted_at)
        number = hold(connection, case_id, known, lambda: self._consent_first(known, checked), at)
        return [consents.held(number)] if number else []

    def _consent_first(self, known: list[Fact], checked: Checked) -> bool:
        agreed = (agreement_of(self.agreements, known, code, checked.accepted_at) for code in municipalities(known))
        return any(each.consent_first for each in agreed)

    def _kind(self, checked: Checked) -> str:
        day = local_date(checked.accepted_at)
        return facts.kind_of(self.directory, checked.sender_unit, checked.sender_party, day)[0]

    def _extended(self, checked: Checked, at: int, known: list[Fact]) -> list[Issue]:
        """An agreement may ask for consent before more than the minimum is disclosed; it can only narrow."""
        if (
            not checked.message.is_extended
            or sip.consent(checked.reading.statements, at, standing(known), consents.SHARING) in _STATED
        ):
            return []
        codes = {draft.route.party.kommunkod for draft in checked.drafts if draft.route.party.kommunkod}
        asking = [agreement_of(self.agreements, known, code, checked.accepted_at) for code in sorted(codes)]
        clauses = [each.clause("consent_first") for each in asking if each.consent_first]
        return [minimum.consent_missing(clauses[0])] if clauses else []
