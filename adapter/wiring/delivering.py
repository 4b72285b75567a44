"""What leaves the house: channels to endpoints, the worker that sends over them, and what calls the subscribers.

Both ask for the configuration in force each time: they outlive a reload.
"""

from collections.abc import Mapping as Dictionary
from typing import TYPE_CHECKING

from adapter.delivery.channels.base import Channel
from adapter.delivery.schedule import Schedule
from adapter.delivery.worker import Worker, WorkerOptions
from adapter.exchange import disclosures, reaching
from adapter.exchange.subscriptions.notifier import Means, Notifier, subscriber
from adapter.support.settings import Delivery

if TYPE_CHECKING:
    from adapter.wiring.adapter import Adapter


def open_channel(adapter: "Adapter", endpoint_id: str) -> Channel | None:
    """A new channel to an endpoint; None for one that the directory no longer has."""
    endpoint = adapter.directory.endpoints.get(endpoint_id)
    if endpoint is None:
        return None
    return reaching.open_channel(endpoint, None if endpoint.mapping is None else adapter.mappings[endpoint.mapping])


def worker(adapter: "Adapter") -> Worker:
    running = adapter.running
    return Worker(
        adapter.database,
        adapter.contents,
        running.channel,
        adapter.clock,
        _options(adapter.settings.delivery),
        limit=lambda endpoint: _concurrency(running.adapter, endpoint),
        rate=lambda endpoint: _rate(running.adapter, endpoint),
        on_finished=lambda connection, finished: disclosures.arrived(
            connection, finished, running.adapter.directory.carriers_of
        ),
        give_up=adapter.patience.give_up,
        chore=lambda: running.adapter.reports.tell_next(),
        pulled=lambda: _pulled(running.adapter),
    )


def notifier(adapter: "Adapter") -> Notifier:
    """What calls the subscribers."""
    running, options = adapter.running, adapter.settings.delivery
    means = Means(
        database=adapter.database,
        channel=running.channel,
        subscriber=lambda party: subscriber(party, running.adapter.directory.carried_by(party)),
        clock=adapter.clock,
        base=adapter.fhir_address,
        schedule=Schedule(_waits(options), options.jitter),
        probe_seconds=options.probe_interval.total_seconds(),
    )
    return Notifier(means)


def _options(settings: Delivery) -> WorkerOptions:
    return WorkerOptions(
        schedule=_waits(settings),
        jitter=settings.jitter,
        threads=settings.threads,
        lease_seconds=settings.lease.total_seconds(),
        poll_seconds=settings.poll.total_seconds(),
        probe_seconds=settings.probe_interval.total_seconds(),
        quick_retries=settings.quick_retries,
    )


def _waits(settings: Delivery) -> tuple[float, ...]:
    return tuple(wait.total_seconds() for wait in settings.schedule)


def _concurrency(adapter: "Adapter", endpoint_id: str) -> int:
    """How many deliveries may be under way to an endpoint at the same time."""
    endpoint = adapter.directory.endpoints.get(endpoint_id)
    return 1 if endpoint is None else endpoint.concurrency


def _rate(adapter: "Adapter", endpoint_id: str) -> float | None:
    """How many deliveries may be sent to an endpoint in a second; None for any number."""
    endpoint = adapter.directory.endpoints.get(endpoint_id)
    return None if endpoint is None else endpoint.rate


def _pulled(adapter: "Adapter") -> Dictionary[str, float]:
    """The mailboxes, and after how many seconds without a visit operations are told."""
    endpoints = adapter.directory.endpoints.values()
    return {each.id: each.silent_after.total_seconds() for each in endpoints if each.pulled}
