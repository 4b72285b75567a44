"""How long a delivery may wait before its sender is told, and how long it is tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from adapter.discharge.events import EVENTS, Policy
from adapter.support.errors import ConfigurationError, Problem
from adapter.support.settings import Settings


@dataclass(frozen=True)
class Patience:
    """`escalate_for` has the events that differ from `escalate_after`."""

    escalate_after: timedelta
    escalate_for: Mapping[str, timedelta]
    give_up_after: timedelta

    def tell_after(self, event: str) -> timedelta:
        """How long a delivery of an event may wait, whatever the cause, before its sender is told."""
        return self.escalate_for.get(event, self.escalate_after)

    def give_up(self, event: str) -> float | None:
        """After how many seconds of trying a delivery is a dead letter. Never where a patient's state follows from it,
        whatever a dead letter of it would do to others."""
        known = EVENTS.get(event)
        if known is not None and known.policy is not Policy.RELEASE:
            return None
        return self.give_up_after.total_seconds()


def problems(settings: Settings) -> list[Problem]:
    """The events that the settings name and that are not there."""
    return [
        Problem(
            settings.file,
            settings.line("delivery", "escalate_after_for", event),
            f"delivery.escalate_after_for: there is no event '{event}'",
        )
        for event in sorted(set(settings.delivery.escalate_after_for) - set(EVENTS))
    ]


def of(settings: Settings) -> Patience:
    """What the settings say. Raises ConfigurationError."""
    if found := problems(settings):
        raise ConfigurationError(found)
    named = settings.delivery
    return Patience(named.escalate_after, named.escalate_after_for, named.give_up_after)
