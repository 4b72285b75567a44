"""Plans that go another way than by message: what answers GetCarePlans, and what fetches the plans of other systems."""

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from contextlib import contextmanager
from typing import TYPE_CHECKING

from adapter.delivery import channels
from adapter.exchange import reaching
from adapter.exchange.care_plans import CarePlans, Options
from adapter.exchange.link_plans import LinkPlans
from adapter.exchange.plans import sources
from adapter.exchange.plans.fetching import PlanFetching
from adapter.exchange.plans.poller import PlanPoller, Source
from adapter.support.clock import swedish_day
from adapter.support.errors import ConfigurationError, NotFoundError, Problem
from adapter.wiring.receiving import authored_parts

if TYPE_CHECKING:
    from adapter.wiring.adapter import Adapter


def care_plans(adapter: "Adapter") -> CarePlans | None:
    """What answers GetCarePlans; None where the settings do not ask for it."""
    named = adapter.settings.riv
    if named.source_system is None:
        return None
    options = Options(named.source_system, named.attachment, named.approved_for_patient)
    stores = (adapter.database, adapter.contents)
    return CarePlans(*stores, adapter.directory, adapter.pseudonyms, adapter.clock, options)


@contextmanager
def link_plans(adapter: "Adapter") -> Iterator[LinkPlans]:
    """What fetches plans of COSMIC Link. Raises ConfigurationError where no endpoint of that channel is named."""
    settings, named = adapter.settings, adapter.settings.cosmic_link
    endpoint = adapter.directory.endpoints.get(named.endpoint or "")
    if endpoint is None or endpoint.channel != "fhir":
        reason = "cosmic_link.endpoint: expected an endpoint of the directory with channel fhir"
        raise ConfigurationError([Problem(settings.file, settings.line("cosmic_link", "endpoint"), reason)])
    sender = channels.sender(reaching.settings_of(endpoint))
    try:
        grounds = (named.consent_handled, named.kind)
        yield LinkPlans(sender.get, endpoint.address, *grounds, adapter.database, adapter.clock)
    finally:
        sender.close()


def plan_sources(adapter: "Adapter") -> Dictionary[str, Source]:
    """The systems whose plans are fetched, by id. Raises ConfigurationError where one's settings do not fit the
    directory."""
    named = adapter.settings.plans.sources
    if not named:
        return {}
    if problems := sources.problems(adapter.settings, adapter.directory, swedish_day(adapter.clock.now())):
        raise ConfigurationError(problems)
    parts, endpoints = authored_parts(adapter), adapter.directory.endpoints
    return {each.id: sources.build(each, parts, reaching.settings_of(endpoints[each.endpoint])) for each in named}


def plan_fetching(adapter: "Adapter", source: str) -> PlanFetching:
    """Plans of one source, asked for by hand. Raises NotFoundError where the settings name no such source."""
    if source not in adapter.plan_sources:
        raise NotFoundError(f"plans.sources has no source {source!r}")
    stores = (adapter.database, adapter.contents)
    return PlanFetching(adapter.plan_sources[source], *stores, adapter.pseudonyms, adapter.clock)


def plan_poller(adapter: "Adapter") -> PlanPoller:
    stores = (adapter.database, adapter.contents)
    return PlanPoller(adapter.plan_sources, *stores, adapter.clock, adapter.config_version)
