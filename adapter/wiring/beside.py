"""What a process does beside its own work, by the configuration in force."""

from typing import TYPE_CHECKING

from adapter.exchange import ladder, ledger
from adapter.exchange.alerts.sending import Alerting
from adapter.exchange.alerts.wording import House
from adapter.exchange.rounds import Rounds
from adapter.exchange.watch import surroundings
from adapter.exchange.watch.deadlines import Deadlines
from adapter.exchange.watch.gauges import Gauges
from adapter.exchange.watch.installation import Surroundings, Watch
from adapter.support.clock import to_micros

if TYPE_CHECKING:
    from adapter.wiring.adapter import Adapter


def alerting(adapter: "Adapter") -> Alerting:
    """What tells people of alarms."""
    house = House(adapter.settings.environment, adapter.settings.server.url)
    return Alerting(adapter.database, adapter.settings.alerts, house, adapter.clock)


def deadlines(adapter: "Adapter") -> Deadlines:
    agreed = (adapter.directory, adapter.agreements)
    return Deadlines(adapter.database, *agreed, adapter.clock, adapter.settings.alerts.late_for, (ladder.climb,))


def watch(adapter: "Adapter") -> Watch:
    """What looks at certificates, disks, clocks, workers and streams."""
    running, settings = adapter.running, adapter.settings
    around = Surroundings(
        certificates=lambda: surroundings.certificates(settings, running.adapter.directory, running.adapter.feeds),
        folders=lambda: surroundings.folders(settings, running.adapter.directory, running.adapter.feeds),
        clocks=lambda: surroundings.clocks(settings.alerts.clock_from, running.adapter.directory, adapter.clock),
    )
    return Watch(adapter.database, settings.alerts, around, adapter.clock)


def rounds(adapter: "Adapter", *, delivers: bool) -> list[Rounds]:
    """Any number of processes may do them. `delivers`: whether it has a worker, beside which replays go on and what is
    too old ends."""
    running = adapter.running

    def look_at_the_mark() -> bool:
        adapter.marks.look(to_micros(adapter.clock.now()))
        return False

    def close_a_day() -> bool:
        with adapter.database.write() as connection:
            return ledger.step(connection, adapter.clock.now())

    beside_a_worker = (
        Rounds("replays", adapter.replay_one),
        Rounds("ledger", close_a_day, 10.0, pause=0.05),
        Rounds("retention", adapter.keeper.step, 10.0, pause=0.05),
    )
    return [
        *(beside_a_worker if delivers else ()),
        Rounds("mark", look_at_the_mark, 10.0),
        Rounds("alerts", adapter.alerting.step),
        Rounds("deadlines", lambda: running.adapter.deadlines.step(), 5.0),
        Rounds("watch", adapter.watch.step, 30.0),
        *(Rounds(f"notifications {number}", adapter.notifier.step) for number in range(1, 5)),
        Rounds("gauges", Gauges(adapter.database, adapter.clock).step, 15.0),
    ]
