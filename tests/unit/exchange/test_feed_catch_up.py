"""What stays still wait for, beside one that fails."""

from types import SimpleNamespace

import pytest

from adapter.exchange.feeds import store
from adapter.exchange.feeds.intake import FeedIntake
from adapter.support.errors import UnavailableError


def test_a_stay_that_we_fail_at_keeps_no_other_waiting(database, monkeypatch):
    monkeypatch.setattr(store, "waiting", lambda _connection, _version: [1, 2, 3])
    intake = FeedIntake({}, SimpleNamespace(database=database, config_version="c1"), "test")
    finished = []

    def finish(stay_id):
        if stay_id == 2:
            raise KeyError("a fault of ours")
        finished.append(stay_id)

    monkeypatch.setattr(intake, "_finish", finish)
    assert intake.catch_up() == 3
    assert finished == [1, 3]

    def away(_stay_id):
        raise UnavailableError("away")

    monkeypatch.setattr(intake, "_finish", away)
    with pytest.raises(UnavailableError):
        intake.catch_up()
