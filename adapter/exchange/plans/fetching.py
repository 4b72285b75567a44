"""A person's plans from one source, because somebody asks for them now: shown, or put into the person's case."""

from sqlalchemy import Connection

from adapter.exchange.plans import case as cases
from adapter.exchange.plans.asking import FetchedPlan, SourceFault
from adapter.exchange.plans.carrier import Carried
from adapter.exchange.plans.poller import Source
from adapter.exchange.reasons import given_reason
from adapter.plans import cosmic_link
from adapter.plans.people import Person
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.security.pseudonyms import Identifier, Pseudonyms
from adapter.store.content import ContentStore
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import MappingError, NotFoundError, UnavailableError


class PlanFetching:
    """One source, asked by hand."""

    def __init__(
        self, source: Source, database: Database, contents: ContentStore, pseudonyms: Pseudonyms, clock: Clock
    ) -> None:
        self._source = source
        self._database = database
        self._contents = contents
        self._pseudonyms = pseudonyms
        self._clock = clock

    def fetch(self, principal: Principal, person: Identifier, reason: str | None = None) -> list[FetchedPlan]:
        """The person's plans. Needs CONTENT; in the audit before anything is asked.

        Raises ForbiddenError where no ground is stated, MappingError or ParseError where the answer cannot be read, or
        is about others too, UnavailableError where the source does not answer as it should.
        """
        plans = self._fetch(principal, person, reason)
        asked = {person}
        with self._database.read() as connection:
            for each in (each for plan in plans for each in plan.people):
                if not asked & set(each) and not self._is(connection, person, each):
                    raise MappingError("a plan, or what comes with it, is of another person, or of one not named")
        return plans

    def _is(self, connection: Connection, person: Identifier, other: Person) -> bool:
        """Whether they are known to be the same."""
        known = self._pseudonyms.find(connection, [person])
        return known is not None and self._pseudonyms.find(connection, other) == known

    def _fetch(self, principal: Principal, person: Identifier, reason: str | None) -> list[FetchedPlan]:
        principal.require(Right.CONTENT)
        settings = self._source.carrier.source
        cosmic_link.require_ground(settings.consent_handled)
        with self._database.write() as connection:
            patient_id = self._pseudonyms.find(connection, [person])
            at, what = to_micros(self._clock.now()), f"plan-source/{settings.id}"
            why = reason or settings.consent_handled
            audit.record(connection, principal, "plan-fetch", what, at, patient_id, why)
        try:
            return self._source.asker.ask([person], None, _always)
        except SourceFault as fault:
            raise UnavailableError(f"plan source {settings.id}: {fault}") from fault

    def into_case(self, principal: Principal, person: Identifier, reason: str) -> Carried:
        """Fetch them, and put them into the newest open case of the person in which the source's party takes part.
        Needs ALL_PARTIES too. A person with skyddad folkbokföring is no exception: what is sent is held.

        Raises NotFoundError where there is no such case, AdapterError without a reason, and as `fetch`.
        """
        principal.require(Right.ALL_PARTIES)
        reason, carrier = given_reason(reason), self._source.carrier
        ended_after = to_micros(self._clock.now() - carrier.source.after_discharge)
        with self._database.read() as connection:
            patient_id = self._pseudonyms.find(connection, [person])
            found = cases.of_person(connection, carrier.party, ended_after, patient_id) if patient_id else None
            case = cases.read(connection, self._contents, carrier.party, *found) if found else None
        if case is None:
            raise NotFoundError(f"there is no open case of this person in which {carrier.party} takes part")
        return carrier.carry(case, self._fetch(principal, person, reason))


def _always() -> None:
    """Whoever asks by hand waits."""
