"""Makes the sources that the settings name: what asks each, and what carries its plans into cases."""

from collections.abc import Iterable
from datetime import date

from adapter.delivery.channels import sender
from adapter.delivery.channels.base import ChannelSettings
from adapter.directory import Directory
from adapter.exchange.authored import Parts
from adapter.exchange.plans.asking import Asker, LinkAsker, RivAsker, Sender
from adapter.exchange.plans.carrier import Carrier
from adapter.exchange.plans.poller import Source
from adapter.fhir.identifiers import is_kommunkod
from adapter.support.errors import Problem
from adapter.support.plan_sources import PlanSource
from adapter.support.settings import Settings


def problems(settings: Settings, directory: Directory, today: date) -> list[Problem]:
    """What of the sources' settings does not fit the directory."""
    return [
        Problem(settings.file, settings.line("plans", "sources", index), f"plans.sources.{index}.{fault}")
        for index, each in enumerate(settings.plans.sources)
        for fault in _faults(each, directory, today)
    ]


def _faults(named: PlanSource, directory: Directory, today: date) -> Iterable[str]:
    endpoint = directory.endpoints.get(named.endpoint)
    if endpoint is None or not endpoint.address.startswith(("http://", "https://")):
        yield f"endpoint: {named.endpoint!r} is no endpoint of the directory with an http address"
        return
    units = directory.units_of(_party(named, directory), today)
    if named.sender is not None and named.sender not in units:
        yield f"sender: is not a unit of {_party(named, directory)}, the party of the endpoint's system, today"
    for code in named.receivers:
        if not is_kommunkod(code) and directory.party_of(code, today) is None:
            yield "receivers: expected HSA-ids of the directory's units, or kommunkoder"


def build(named: PlanSource, parts: Parts, settings: ChannelSettings) -> Source:
    """The source. Raises AdapterError where address, certificate or credentials cannot be used."""
    speaks = sender(settings)
    longest = settings.connect_timeout + settings.timeout
    carrier = Carrier(named, _party(named, parts.directory), parts)
    return Source(carrier, _asker(named, speaks, settings.address), longest, speaks.close)


def _asker(named: PlanSource, speaks: Sender, address: str) -> Asker:
    if named.contract == "cosmic-link":
        return LinkAsker(speaks, address, named.consent_handled, named.kind)
    return RivAsker(speaks, address, named.logical_address or "", named.consent_handled)


def _party(named: PlanSource, directory: Directory) -> str:
    return directory.system(directory.endpoint(named.endpoint).system).party
