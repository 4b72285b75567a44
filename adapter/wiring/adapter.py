"""An installation: the list of its parts, each with how long it lives. What takes more than a line to make is made in
the module beside this one that knows how."""

from functools import cached_property

from adapter.directory import Directory
from adapter.exchange import patience
from adapter.exchange.blocks import Blocks
from adapter.exchange.cases import Cases
from adapter.exchange.editing import Repairs
from adapter.exchange.experiences import Experiences
from adapter.exchange.expunge import Expunging
from adapter.exchange.follow_ups import FollowUps
from adapter.exchange.ladder import Escalations
from adapter.exchange.mailbox import Mailboxes
from adapter.exchange.reckonings import Reckonings
from adapter.exchange.recovery import Recoveries
from adapter.exchange.redirect import Redirects
from adapter.exchange.replays import Replays
from adapter.exchange.resources import Resources
from adapter.exchange.retention import Keeper
from adapter.exchange.subscriptions.service import Subscriptions
from adapter.exchange.tasks import Tasks
from adapter.exchange.undelivered import Reserve
from adapter.exchange.views import Views
from adapter.exchange.whereabouts import Where
from adapter.security.pseudonyms import Pseudonyms
from adapter.security.tokens import Tokens
from adapter.store.bell import Bell
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database, open_database
from adapter.store.marks import Marks
from adapter.support.clock import Clock, SystemClock
from adapter.support.errors import ConfigurationError
from adapter.support.settings import Settings
from adapter.wiring import acting, beside, checking, configured, delivering, plans, receiving
from adapter.wiring.running import Running, lasting


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
        self.running = Running(self)

    def renewed(self) -> "Adapter":
        """The same installation with directory, routes, mappings, feeds and agreements as their files are now; in force
        once it has `take_over`. adapter.toml is not read again. Raises ConfigurationError that names every problem, and
        DefinitionsError."""
        made = Adapter(self.settings, self.clock)
        made.__dict__ |= {name: part for name, part in vars(self).items() if isinstance(_part(name), lasting)}
        made.running = self.running
        _ = made.directory, made.mappings, made.feeds, made.agreements
        return made

    def take_over(self) -> None:
        """From now on the worker sends by this configuration; what is being sent is sent to its end."""
        self.running.hand_over(self)

    def wake(self) -> None:
        """Tell the workers, of this process and of others that share its database, that there may be something to
        send."""
        if "worker" in self.__dict__:
            self.worker.wake()
        if self.bell is not None:
            self.bell.ring()

    def close(self) -> None:
        """Close what was opened. The worker must have been stopped."""
        self.running.close()
        if (bell := self.__dict__.get("bell")) is not None:
            bell.stop()
        if "database" in self.__dict__:
            self.database.close()

    # what the files of the configuration say

    directory = cached_property(configured.directory)
    mappings = cached_property(configured.mappings)
    feeds = cached_property(configured.feeds)
    agreements = cached_property(configured.agreements)
    config_version = cached_property(configured.version)

    @property
    def fhir_address(self) -> str:
        """The base URL of our own FHIR server."""
        return f"{self.settings.server.url}/fhir"

    # what is kept

    @lasting
    def database(self) -> Database:
        return open_database(self.settings.database)

    @lasting
    def contents(self) -> ContentStore:
        return ContentStore(Plain())

    @lasting
    def pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(self.settings.pseudonym_keys())

    @lasting
    def tokens(self) -> Tokens:
        return Tokens(self.database, self.clock)

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
        return Recoveries(self.database, self.clock, self.directory_if_read)

    # what is taken in

    suppressions = lasting(checking.suppressions)
    validator = lasting(checking.validator)
    message_validator = lasting(checking.message_validator)
    exchange = cached_property(receiving.exchange)
    feed_intake = cached_property(receiving.feed_intake)
    reports = cached_property(receiving.reports)

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(self.database, self.contents, self.exchange, self.pseudonyms, self.clock)

    # what is sent

    worker = lasting(delivering.worker)
    notifier = lasting(delivering.notifier)
    open_channel = delivering.open_channel

    @lasting
    def bell(self) -> Bell | None:
        """What wakes the workers of other processes, once it is started; None on SQLite, which one process has."""
        return None if self.database.is_sqlite else Bell(self.database.engine)

    @lasting
    def patience(self) -> patience.Patience:
        return patience.of(self.settings)

    @cached_property
    def mailboxes(self) -> Mailboxes:
        return Mailboxes(self.directory, self.worker.recorder)

    # what is read

    @lasting
    def views(self) -> Views:
        return Views(self.database, self.contents, self.clock, self.settings.delivery.escalate_after)

    @lasting
    def resources(self) -> Resources:
        return Resources(self.database, self.contents, self.pseudonyms, self.clock)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self.database, self.directory, self.clock, self.fhir_address)

    @cached_property
    def where(self) -> Where:
        return Where(self.database, self.pseudonyms, self.clock)

    @property
    def reserve(self) -> Reserve:
        """The list of the undelivered; without the directory's contacts where that cannot be read."""
        return Reserve(self.database, self.contents, self.clock, self.directory_if_read)

    # what is done by people

    operations = cached_property(acting.operations)
    test_endpoint = acting.test_endpoint
    _means = cached_property(acting.means)

    @cached_property
    def repairs(self) -> Repairs:
        return Repairs(self.database, self.clock, self.wake, self._means)

    @cached_property
    def redirects(self) -> Redirects:
        return Redirects(self.database, self.clock, self.wake, self._means)

    @cached_property
    def replays(self) -> Replays:
        return Replays(self.database, self.clock, self.wake, self._means)

    def replay_one(self) -> bool:
        """Take the next delivery of a replay that is due, by the configuration in force; False where none is."""
        return self.running.adapter.replays.step()

    @cached_property
    def blocks(self) -> Blocks:
        return Blocks(self.database, self.directory, self.pseudonyms, self.clock)

    # cases, and what is reckoned of them

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

    # plans that go another way than by message

    care_plans = cached_property(plans.care_plans)
    link_plans = plans.link_plans
    plan_sources = cached_property(plans.plan_sources)
    plan_fetching = plans.plan_fetching
    plan_poller = cached_property(plans.plan_poller)

    # what goes on beside

    alerting = lasting(beside.alerting)
    deadlines = cached_property(beside.deadlines)
    watch = lasting(beside.watch)
    rounds = beside.rounds

    @property
    def directory_if_read(self) -> Directory | None:
        try:
            return self.directory
        except ConfigurationError:
            return None


def _part(name: str) -> object:
    return getattr(Adapter, name, None)
