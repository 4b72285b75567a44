"""Plans of COSMIC Link, fetched for one patient when somebody asks: the ground first, then the audit, then the reading.

Nothing is stored: what is read goes to whoever asked.
"""

from collections.abc import Callable
from typing import Any

from adapter.delivery.channels.base import Answer
from adapter.fhir import wire
from adapter.plans import cosmic_link, gathering
from adapter.plans.reading import Reading
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import MappingError, UnavailableError

_ACCEPT = "application/fhir+json"
_NOT_THERE = frozenset({403, 404, 410})

Ask = Callable[[str, str], Answer]
"""(URL, media type) to what came back."""


class LinkPlans:
    """`base` is the server's FHIR address; `consent_handled` says on what ground plans may be copied, `kind` what they
    are."""

    def __init__(
        self, ask: Ask, base: str, consent_handled: str | None, kind: str | None, database: Database, clock: Clock
    ) -> None:
        self._ask = ask
        self._base = base
        self._consent_handled = consent_handled
        self._kind = kind
        self._database = database
        self._clock = clock

    def fetch(self, principal: Principal, subject: str) -> list[Reading]:
        """The plans of the patient with that FHIR id on the server. Needs CONTENT.

        Raises ForbiddenError where no ground is stated, before anything is asked; MappingError where there are none or
        they cannot be read; UnavailableError where the server does not answer as it should.
        """
        principal.require(Right.CONTENT)
        cosmic_link.require_ground(self._consent_handled)
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            audit.record(connection, principal, "link-plan-fetch", "cosmic-link", at, reason=self._consent_handled)
        bundle = gathering.gather(self._get, self._base, subject)
        return cosmic_link.read(bundle, self._consent_handled, self._kind)

    def _get(self, url: str) -> dict[str, Any] | None:
        answer = self._ask(url, _ACCEPT)
        if answer.fault is not None:
            raise UnavailableError(f"COSMIC Link does not answer: {answer.fault}")
        is_search = "?" in url
        if answer.status in _NOT_THERE and not is_search:
            return None
        if answer.status != 200:
            raise UnavailableError(f"COSMIC Link answers with status {answer.status}")
        found = wire.parse(answer.body, answer.media_type)
        if found.get("resourceType") == "OperationOutcome":
            raise MappingError("COSMIC Link answers with an OperationOutcome in place of what was asked")
        return found
