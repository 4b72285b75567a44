"""Builds everything from settings: the one place where the rooms are joined.

What `lasting` marks lives as long as the process. Everything else follows the directory, its routes, the mappings and
the feeds: a reload makes it anew beside the old one, which those who have begun with it keep to their end.
"""

import hashlib
import time
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from adapter.definitions.remote import RemoteTerminology
from adapter.delivery import channels
from adapter.delivery.channels.base import Channel, Check
from adapter.delivery.schedule import Schedule
from adapter.delivery.worker import Worker, WorkerOptions
from adapter.directory import Directory, Endpoint, Inbox
from adapter.discharge.events import EVENTS
from adapter.exchange import agreements, disclosures, ladder, ledger, patience, reaching
from adapter.exchange.acts import Means
from adapter.exchange.agreements import Agreements
from adapter.exchange.alerts.sending import Alerting
from adapter.exchange.alerts.wording import House
from adapter.exchange.blocks import Blocks
from adapter.exchange.care_plans import CarePlans, Options
from adapter.exchange.cases import Cases
from adapter.exchange.editing import Repairs
from adapter.exchange.experiences import Experiences
from adapter.exchange.expunge import Expunging
from adapter.exchange.feeds.intake import FeedIntake
from adapter.exchange.feeds.intake import Parts as FeedParts
from adapter.exchange.follow_ups import FollowUps
from adapter.exchange.ladder import Escalations
from adapter.exchange.link_plans import LinkPlans
from adapter.exchange.mailbox import Mailboxes
from adapter.exchange.operations import Operations
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.plans import sources as plan_sources
from adapter.exchange.plans.carrier import Parts as PlanParts
from adapter.exchange.plans.fetching import PlanFetching
from adapter.exchange.plans.poller import PlanPoller
from adapter.exchange.plans.poller import Source as PlanSource
from adapter.exchange.receive import Exchange
from adapter.exchange.reckonings import Reckonings
from adapter.exchange.recovery import Recoveries
from adapter.exchange.redirect import Redirects
from adapter.exchange.repair import chosen, map_again, needs_mapping
from adapter.exchange.replays import Replays
from adapter.exchange.reports import Reports
from adapter.exchange.resources import Resources
from adapter.exchange.retention import Keeper
from adapter.exchange.rounds import Rounds
from adapter.exchange.subscriptions.notifier import Means as NotifierMeans
from adapter.exchange.subscriptions.notifier import Notifier, subscriber
from adapter.exchange.subscriptions.service import Subscriptions
from adapter.exchange.tasks import Tasks
from adapter.exchange.undelivered import Reserve
from adapter.exchange.views import Views
from adapter.exchange.watch import surroundings
from adapter.exchange.watch.deadlines import Deadlines
from adapter.exchange.watch.gauges import Gauges
from adapter.exchange.watch.installation import Surroundings, Watch
from adapter.exchange.whereabouts import Where
from adapter.feeds import files as feed_files
from adapter.feeds.files import Feeds
from adapter.mapping import Mapping
from adapter.security.principals import Principal
from adapter.security.pseudonyms import Pseudonyms
from adapter.security.tokens import Tokens
from adapter.store.bell import Bell
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database, open_database
from adapter.store.marks import Marks
from adapter.support import tls
from adapter.support.clock import Clock, SystemClock, swedish_day, to_micros
from adapter.support.errors import ConfigurationError, NotFoundError, Problem
from adapter.support.settings import OWN_PACKAGE, Settings
from adapter.validation import Validator
from adapter.validation.suppressions import Suppressions
from adapter.validation.whole import MessageValidator

Part = TypeVar("Part")
_RETIRED_SECONDS = 900.0
"""How long a channel that a reload has replaced stays open: no attempt takes as long."""


class lasting(cached_property[Part]):  # noqa: N801 - used as a decorator, as cached_property is
    """A part that a reload leaves alone."""


class _Running:
    """What the worker asks, which outlives a reload: the installation in force and its channels. Those that were in
    force stay open for what is being sent over them."""

    def __init__(self, adapter: "Adapter") -> None:
        self._now: tuple[Adapter, dict[str, Channel]] = adapter, {}
        self._retired: list[tuple[float, dict[str, Channel]]] = []

    @property
    def adapter(self) -> "Adapter":
        return self._now[0]

    def channel(self, endpoint_id: str) -> Channel | None:
        """The channel to an endpoint, made once; None for an endpoint that the directory no longer has."""
        adapter, opened = self._now
        if endpoint_id not in opened and (made := adapter.open_channel(endpoint_id)) is not None:
            opened[endpoint_id] = made
        return opened.get(endpoint_id)

    def hand_over(self, adapter: "Adapter") -> None:
        now = time.monotonic()
        self._close([each for each in self._retired if now - each[0] > _RETIRED_SECONDS])
        self._retired = [each for each in self._retired if now - each[0] <= _RETIRED_SECONDS] + [(now, self._now[1])]
        self._now = adapter, {}

    def close(self) -> None:
        self._close([*self._retired, (0.0, self._now[1])])

    def _close(self, ended: list[tuple[float, dict[str, Channel]]]) -> None:
        for _, opened in ended:
            for channel in opened.values():
                channel.close()


def build(settings: Settings, clock: Clock | None = None) -> "Adapter":
    """An installation from its settings. Nothing is read or opened before it is asked for."""
    return Adapter(settings, clock or SystemClock())


class Adapter:
    """An installation. Parts are made when first asked for: a command that lists messages needs no validator.

    Asking may raise ConfigurationError (directory, mappings, keys) or DefinitionsError.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._running = _Running(self)

    def renewed(self) -> "Adapter":
        """The same installation with directory, routes, mappings, feeds and agreements as their files are now; in force
        once it has `take_over`. adapter.toml is not read again. Raises ConfigurationError that names every problem, and
        DefinitionsError."""
        made = Adapter(self.settings, self.clock)
        made.__dict__ |= {name: part for name, part in vars(self).items() if isinstance(_part(name), lasting)}
        made._running = self._running
        _ = made.directory, made.mappings, made.feeds, made.agreements
        return made

    def take_over(self) -> None:
        """From now on the worker sends by this configuration; what is being sent is sent to its end."""
        self._running.hand_over(self)

    @lasting
    def database(self) -> Database:
        return open_database(self.settings.database)

    @lasting
    def marks(self) -> Marks:
        return Marks(self.database, self.settings.database.mark)

    @lasting
    def keeper(self) -> Keeper:
        return Keeper(self.database, self.clock, self.settings.retention)

    @lasting
    def expunging(self) -> Expunging:
        return Expunging(self.database, self.clock)

    @property
    def recoveries(self) -> Recoveries:
        """What is known after the database was put back; without contacts where the directory cannot be read."""
        try:
            return Recoveries(self.database, self.clock, self.directory)
        except ConfigurationError:
            return Recoveries(self.database, self.clock, None)

    @lasting
    def contents(self) -> ContentStore:
        return ContentStore(Plain())

    @cached_property
    def directory(self) -> Directory:
        folder = self.settings.directory.folder
        return Directory.load(folder, mappings=self.settings.mappings.folder, events=EVENTS)

    @cached_property
    def mappings(self) -> Dictionary[str, Mapping]:
        """The mappings that an endpoint or an inbox names, by folder name."""
        directory = self.directory
        users: list[Endpoint | Inbox] = [*directory.endpoints.values(), *directory.inboxes.values()]
        names = {each.mapping for each in users if each.mapping}
        return {name: Mapping.load(self.settings.mappings.folder / name) for name in sorted(names)}

    @cached_property
    def feeds(self) -> Feeds:
        """The journal systems without FHIR messages, by the feed's id."""
        folder = self.settings.feeds.folder
        return feed_files.load(folder, self.directory.hsa_ids, self.directory.addresses)

    @cached_property
    def agreements(self) -> Agreements:
        """What region and municipalities have agreed."""
        return agreements.load(self.settings.agreements.folder)

    @cached_property
    def cases(self) -> Cases:
        return Cases(self.database, self.directory, self.agreements, self.clock, self.escalations)

    @cached_property
    def escalations(self) -> Escalations:
        return Escalations(self.database, self.directory, self.clock)

    @cached_property
    def reckonings(self) -> Reckonings:
        return Reckonings(self.database, self.directory, self.agreements, self.clock)

    @cached_property
    def follow_ups(self) -> FollowUps:
        threshold = self.settings.follow_up.threshold
        return FollowUps(self.database, self.directory, self.agreements, self.clock, threshold)

    @cached_property
    def experiences(self) -> Experiences:
        return Experiences(self.database, self.clock)

    @cached_property
    def feed_intake(self) -> FeedIntake:
        parts = FeedParts(
            database=self.database,
            cipher=self.contents.cipher,
            directory=self.directory,
            exchange=self.exchange,
            pseudonyms=self.pseudonyms,
            clock=self.clock,
            config_version=self.config_version,
            environment=self.settings.environment,
            address=self.settings.server.url,
        )
        return FeedIntake(self.feeds, parts)

    @lasting
    def validator(self) -> Validator:
        return Validator.load(
            packages=list(self.settings.packages.required),
            wrong_displays="warning",
            suppressions=self.suppressions,
            terminology=self._terminology(),
            clock=self.clock,
        )

    @lasting
    def message_validator(self) -> MessageValidator:
        """The validator of whole messages. Raises ConfigurationError where the packages lack what an event's messages
        are checked by: none is taken in unchecked."""
        found = MessageValidator(self.validator)
        missing = sorted(event for event in EVENTS if not found.knows(event))
        if missing:
            settings = self.settings
            reason = f"packages.required: none of them defines the messages {', '.join(missing)}: add {OWN_PACKAGE}"
            raise ConfigurationError([Problem(settings.file, settings.line("packages", "required"), reason)])
        return found

    @lasting
    def suppressions(self) -> Suppressions | None:
        """The reviewed suppressions, where the settings name some."""
        file = self.settings.validation.suppressions
        return None if file is None else Suppressions.load(file, swedish_day(self.clock.now()))

    def _terminology(self) -> RemoteTerminology | None:
        named = self.settings.terminology
        if named.server is None:
            return None
        return RemoteTerminology(
            named.server,
            named.timeout.total_seconds(),
            cache_size=named.cache_size,
            cache_seconds=named.cache_age.total_seconds(),
            context=tls.client_context("terminology server", named.ca_file, named.client_certificate, named.client_key),
            token=self.settings.terminology_token,
        )

    @cached_property
    def config_version(self) -> str:
        """sha256 over settings, directory, mappings, suppressions, feeds and agreements: by what a message was checked,
        routed and mapped."""
        parts = [self.settings.version, self.directory.version]
        parts += [f"{name} {mapping.version}" for name, mapping in self.mappings.items()]
        parts += [self.suppressions.digest] if self.suppressions is not None else []
        parts += [each.version for each in (self.feeds, self.agreements) if each]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @lasting
    def tokens(self) -> Tokens:
        return Tokens(self.database, self.clock)

    @lasting
    def views(self) -> Views:
        return Views(self.database, self.contents, self.clock, self.settings.delivery.escalate_after)

    @cached_property
    def operations(self) -> Operations:
        return Operations(self.database, self.clock, self.wake, self._mend)

    @cached_property
    def _means(self) -> Means:
        return Means(
            contents=self.contents,
            directory=lambda: self.directory,
            mappings=lambda: self.mappings,
            validator=lambda: self.message_validator,
            config_version=lambda: self.config_version,
        )

    @cached_property
    def repairs(self) -> Repairs:
        return Repairs(self.database, self.clock, self.wake, self._means)

    @cached_property
    def redirects(self) -> Redirects:
        return Redirects(self.database, self.clock, self.wake, self._means)

    @cached_property
    def replays(self) -> Replays:
        return Replays(self.database, self.clock, self.wake, self._means)

    @cached_property
    def where(self) -> Where:
        return Where(self.database, self.pseudonyms, self.clock)

    def test_endpoint(self, principal: Principal, endpoint: str) -> Check:
        """Call an endpoint without sending a message. Raises NotFoundError for one that cannot be called."""
        known = self.directory.endpoints.get(endpoint)
        channel = None if known is None or known.pulled else self._running.channel(endpoint)
        return self.operations.test(principal, endpoint, channel)

    def replay_one(self) -> bool:
        """Take the next delivery of a replay that is due, by the configuration in force; False where none is."""
        return self._running.adapter.replays.step()

    @lasting
    def alerting(self) -> Alerting:
        """What tells people of alarms."""
        house = House(self.settings.environment, self.settings.server.url)
        return Alerting(self.database, self.settings.alerts, house, self.clock)

    @cached_property
    def deadlines(self) -> Deadlines:
        late_for = self.settings.alerts.late_for
        return Deadlines(self.database, self.directory, self.agreements, self.clock, late_for, (ladder.climb,))

    @lasting
    def watch(self) -> Watch:
        """What looks at certificates, disks, clocks, workers and streams."""
        running, settings = self._running, self.settings
        around = Surroundings(
            certificates=lambda: surroundings.certificates(settings, running.adapter.directory, running.adapter.feeds),
            folders=lambda: surroundings.folders(settings, running.adapter.directory),
            clocks=lambda: surroundings.clocks(settings.alerts.clock_from, running.adapter.directory, self.clock),
        )
        return Watch(self.database, settings.alerts, around, self.clock)

    def rounds(self, *, delivers: bool) -> list[Rounds]:
        """What a process does beside its own work, by the configuration in force; any number may do it. `delivers`:
        whether it has a worker, beside which replays go on and what is too old ends."""
        running = self._running
        beside_a_worker = (
            Rounds("replays", self.replay_one),
            Rounds("ledger", self._close_a_day, 10.0, pause=0.05),
            Rounds("retention", self.keeper.step, 10.0, pause=0.05),
        )
        return [
            *(beside_a_worker if delivers else ()),
            Rounds("mark", self._look_at_the_mark, 10.0),
            Rounds("alerts", self.alerting.step),
            Rounds("deadlines", lambda: running.adapter.deadlines.step(), 5.0),
            Rounds("watch", self.watch.step, 30.0),
            *(Rounds(f"notifications {number}", self.notifier.step) for number in range(1, 5)),
            Rounds("gauges", Gauges(self.database, self.clock).step, 15.0),
        ]

    def _look_at_the_mark(self) -> bool:
        self.marks.look(to_micros(self.clock.now()))
        return False

    def _close_a_day(self) -> bool:
        with self.database.write() as connection:
            return ledger.step(connection, self.clock.now())

    @property
    def reserve(self) -> Reserve:
        """The list of the undelivered; without the directory's contacts where that cannot be read."""
        try:
            return Reserve(self.database, self.contents, self.clock, self.directory)
        except ConfigurationError:
            return Reserve(self.database, self.contents, self.clock, None)

    @lasting
    def pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(self.settings.pseudonym_keys())

    @cached_property
    def blocks(self) -> Blocks:
        return Blocks(self.database, self.directory, self.pseudonyms, self.clock)

    @cached_property
    def care_plans(self) -> CarePlans | None:
        """What answers GetCarePlans; None where the settings do not ask for it."""
        named = self.settings.riv
        if named.source_system is None:
            return None
        options = Options(named.source_system, named.attachment, named.approved_for_patient)
        return CarePlans(self.database, self.contents, self.directory, self.pseudonyms, self.clock, options)

    @contextmanager
    def link_plans(self) -> Iterator[LinkPlans]:
        """What fetches plans of COSMIC Link. Raises ConfigurationError where no endpoint of that channel is named."""
        named = self.settings.cosmic_link
        endpoint = self.directory.endpoints.get(named.endpoint or "")
        if endpoint is None or endpoint.channel != "fhir":
            reason = "cosmic_link.endpoint: expected an endpoint of the directory with channel fhir"
            line = self.settings.line("cosmic_link", "endpoint")
            raise ConfigurationError([Problem(self.settings.file, line, reason)])
        sender = channels.sender(reaching.settings_of(endpoint))
        try:
            grounds = (named.consent_handled, named.kind)
            yield LinkPlans(sender.get, endpoint.address, *grounds, self.database, self.clock)
        finally:
            sender.close()

    @cached_property
    def plan_sources(self) -> Dictionary[str, PlanSource]:
        """The systems whose plans are fetched, by id. Raises ConfigurationError where one's settings do not fit the
        directory."""
        settings, named = self.settings, self.settings.plans.sources
        if not named:
            return {}
        if problems := plan_sources.problems(settings, self.directory, swedish_day(self.clock.now())):
            raise ConfigurationError(problems)
        parts = PlanParts(
            database=self.database,
            cipher=self.contents.cipher,
            directory=self.directory,
            exchange=self.exchange,
            pseudonyms=self.pseudonyms,
            clock=self.clock,
            config_version=self.config_version,
            address=settings.server.url,
        )
        endpoints = self.directory.endpoints
        return {
            each.id: plan_sources.build(each, parts, reaching.settings_of(endpoints[each.endpoint])) for each in named
        }

    def plan_fetching(self, source: str) -> PlanFetching:
        """Plans of one source, asked for by hand. Raises NotFoundError where the settings name no such source."""
        if source not in self.plan_sources:
            raise NotFoundError(f"plans.sources has no source {source!r}")
        parts = (self.database, self.contents, self.pseudonyms, self.clock)
        return PlanFetching(self.plan_sources[source], *parts)

    @cached_property
    def plan_poller(self) -> PlanPoller:
        parts = (self.database, self.contents, self.clock, self.config_version)
        return PlanPoller(self.plan_sources, *parts)

    @cached_property
    def exchange(self) -> Exchange:
        return Exchange(
            database=self.database,
            contents=self.contents,
            directory=self.directory,
            validator=self.message_validator,
            mappings=self.mappings,
            pseudonyms=self.pseudonyms,
            clock=self.clock,
            config_version=self.config_version,
            address=f"{self.settings.server.url}/fhir",
            extended_notices=self.settings.notices.extended_basis is not None,
            agreements=self.agreements,
            escalate_after=self.patience.tell_after,
            on_accepted=self.wake,
        )

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(self.database, self.contents, self.exchange, self.pseudonyms, self.clock)

    @lasting
    def resources(self) -> Resources:
        return Resources(self.database, self.contents, self.pseudonyms, self.clock)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self.database, self.directory, self.clock, f"{self.settings.server.url}/fhir")

    @lasting
    def notifier(self) -> Notifier:
        """What calls the subscribers."""
        running, options = self._running, self.settings.delivery
        schedule = Schedule(tuple(wait.total_seconds() for wait in options.schedule), options.jitter)
        means = NotifierMeans(
            database=self.database,
            channel=running.channel,
            subscriber=lambda party: subscriber(party, running.adapter.directory.carried_by(party)),
            clock=self.clock,
            base=f"{self.settings.server.url}/fhir",
            schedule=schedule,
            probe_seconds=options.probe_interval.total_seconds(),
        )
        return Notifier(means)

    @lasting
    def worker(self) -> Worker:
        options, running = self.settings.delivery, self._running
        return Worker(
            self.database,
            self.contents,
            running.channel,
            self.clock,
            WorkerOptions(
                schedule=tuple(wait.total_seconds() for wait in options.schedule),
                jitter=options.jitter,
                threads=options.threads,
                lease_seconds=options.lease.total_seconds(),
                poll_seconds=options.poll.total_seconds(),
                probe_seconds=options.probe_interval.total_seconds(),
                quick_retries=options.quick_retries,
            ),
            limit=lambda endpoint: running.adapter.concurrency(endpoint),
            rate=lambda endpoint: running.adapter.rate(endpoint),
            on_finished=lambda connection, finished: disclosures.arrived(
                connection, finished, running.adapter.directory.carriers_of
            ),
            give_up=self.patience.give_up,
            chore=lambda: running.adapter.reports.tell_next(),
            pulled=lambda: running.adapter.pulled(),
        )

    @lasting
    def bell(self) -> Bell | None:
        """What wakes the workers of other processes, once it is started; None on SQLite, which one process has."""
        return None if self.database.is_sqlite else Bell(self.database.engine)

    @lasting
    def patience(self) -> patience.Patience:
        return patience.of(self.settings)

    @cached_property
    def reports(self) -> Reports:
        return Reports(
            database=self.database,
            contents=self.contents,
            directory=self.directory,
            mappings=self.mappings,
            clock=self.clock,
            config_version=self.config_version,
            address=f"{self.settings.server.url}/fhir",
        )

    @cached_property
    def mailboxes(self) -> Mailboxes:
        return Mailboxes(self.directory, self.worker.recorder)

    def pulled(self) -> Dictionary[str, float]:
        """The mailboxes, and after how many seconds without a visit operations are told."""
        endpoints = self.directory.endpoints.values()
        return {each.id: each.silent_after.total_seconds() for each in endpoints if each.pulled}

    def _mend(self, connection: Connection, delivery_id: int, at: int, folder: Path | None) -> None:
        if folder is None and not needs_mapping(connection, self.contents, delivery_id):
            return
        mappings = chosen(folder, connection, self.directory, delivery_id) if folder else self.mappings
        outgoing = Outgoing(self.message_validator)
        map_again(connection, self.contents, self.directory, mappings, delivery_id, at, outgoing)

    def wake(self) -> None:
        """Tell the workers, of this process and of others that share its database, that there may be something to
        send."""
        if "worker" in self.__dict__:
            self.worker.wake()
        if self.bell is not None:
            self.bell.ring()

    def open_channel(self, endpoint_id: str) -> Channel | None:
        """A new channel to an endpoint; None for one that the directory no longer has."""
        endpoint = self.directory.endpoints.get(endpoint_id)
        if endpoint is None:
            return None
        return reaching.open_channel(endpoint, None if endpoint.mapping is None else self.mappings[endpoint.mapping])

    def concurrency(self, endpoint_id: str) -> int:
        """How many deliveries may be under way to an endpoint at the same time."""
        endpoint = self.directory.endpoints.get(endpoint_id)
        return 1 if endpoint is None else endpoint.concurrency

    def rate(self, endpoint_id: str) -> float | None:
        """How many deliveries may be sent to an endpoint in a second; None for any number."""
        endpoint = self.directory.endpoints.get(endpoint_id)
        return None if endpoint is None else endpoint.rate

    def close(self) -> None:
        """Close what was opened. The worker must have been stopped."""
        self._running.close()
        if (bell := self.__dict__.get("bell")) is not None:
            bell.stop()
        if "database" in self.__dict__:
            self.database.close()


def _part(name: str) -> object:
    return getattr(Adapter, name, None)
