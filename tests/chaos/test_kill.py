"""kill -9 at every named point while messages flow: nothing lost, nothing out of order, nothing twice, every attempt
accounted for; on SQLite and on PostgreSQL. ADAPTER_CHAOS_SEED repeats a run."""

import os
import random

import pytest

from . import points
from .account import settle
from .account_beside import settle_others
from .beside import Beside
from .conftest import SEED, Told
from .rounds import FOR_BOTH, FOR_SERVE, Rounds
from .site import Site

KILLS = int(os.environ.get("ADAPTER_CHAOS_KILLS", "20"))
"""At each point, on each kind of database, in the long form."""
MINUTES = os.environ.get("ADAPTER_CHAOS_MINUTES")
"""After which the long form kills no more, on each kind of database: it has then been at some points less often."""


def shuffled(points: list[str], chance: random.Random) -> list[str]:
    return chance.sample(points, len(points))


def run(told: Told, site: Site, beside: Beside | None, for_serve: list[str], for_worker: list[str]) -> None:
    chance = random.Random(SEED)
    rounds = Rounds(site, chance)
    rounds.run(shuffled(for_serve, chance), shuffled(for_worker, chance), float(MINUTES) if MINUTES else None)
    rounds.finish()
    account = settle(site)
    if beside is not None:
        others = settle_others(site, beside)
        told(others.line())
        others.sound()
    told(f"{rounds.kills.total()} kills", *(f"{count:4} at {point}" for point, count in sorted(rounds.kills.items())))
    told(account.line())
    account.sound()
    assert sum(account.attempts.values()) >= account.requests


def test_every_point_is_a_place_in_the_product():
    assert points.missing() == []


def test_killed_once_at_what_matters_most(told: Told, site: Site):
    run(
        told,
        site,
        None,
        ["accept, before commit", "accept, after commit", "inbox, accepted", "claim, after commit"],
        ["send, before record", "record, after commit", "lease renewal"],
    )


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_again_and_again_at_every_point(told: Told, wide_site: Site, beside: Beside):
    few = KILLS // 4  # `serve` has more points than `worker`: both are to come to their end together
    run(told, wide_site, beside, [*FOR_SERVE * KILLS, *FOR_BOTH * few], [*FOR_BOTH * (KILLS - few)])
