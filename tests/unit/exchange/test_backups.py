"""Copies of the database: each is kept, and an old one is an alarm."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from adapter.exchange.acts import ConflictError
from adapter.exchange.backups import Backups, newest
from adapter.exchange.watch import gauges
from adapter.exchange.watch.installation import Surroundings, Watch
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.store.backup import BackupError
from adapter.support.alerting import Alerts
from adapter.support.errors import ForbiddenError

OPERATOR = Principal("cli:anna", "operations", frozenset(), frozenset(Right))


@pytest.fixture
def backups(database, clock):
    return Backups(database, clock)


@pytest.fixture
def look(database, clock):
    def look(**settings):
        alerts = Alerts(clock_offset="365d", **settings)
        Watch(database, alerts, Surroundings(list, list, dict), clock, "one").step()
        with database.read() as connection:
            return [each for each in standing(connection) if each.kind == "backup-old"]

    return look


def test_each_copy_is_kept_with_when_and_by_whom(backups, database, clock, tmp_path):
    if database.is_sqlite:
        made = backups.copy(OPERATOR, tmp_path / "copy.db")
        assert made.file.exists()
    else:
        backups.report(OPERATOR)
    with database.read() as connection:
        row = connection.execute(select(tables.backup)).one()
        audited = connection.execute(select(tables.audit)).one()
        assert newest(connection) == clock.now()
    assert row.principal == "cli:anna"
    assert (audited.action, audited.object, audited.principal) == ("backup", f"backup/{row.id}", "cli:anna")


def test_a_copy_that_failed_is_not_kept(backups, database, tmp_path):
    (tmp_path / "there.db").write_text("")
    with pytest.raises(BackupError):
        backups.copy(OPERATOR, tmp_path / "there.db")
    with database.read() as connection:
        assert newest(connection) is None


def test_a_copy_is_made_before_an_upgrade_too(backups, database, tmp_path):
    if not database.is_sqlite:
        pytest.skip("copies of PostgreSQL are made by its own means")
    with database.write() as connection:
        connection.execute(text("DROP TABLE backup"))
    assert backups.copy(OPERATOR, tmp_path / "copy.db").file.exists()


def test_only_operations_report_and_nothing_that_is_yet_to_come(backups, database, clock):
    with pytest.raises(ForbiddenError):
        backups.report(Principal("a", "region", frozenset(), frozenset({Right.LIST})))
    with pytest.raises(ConflictError):
        backups.report(OPERATOR, clock.now() + timedelta(hours=1))
    with database.read() as connection:
        assert newest(connection) is None


def test_an_old_copy_is_an_alarm_until_there_is_a_new_one(backups, look, clock):
    backups.report(OPERATOR)
    clock.advance(timedelta(hours=26))
    assert look() == []
    clock.advance(timedelta(minutes=1))
    (alarm,) = look()
    assert alarm.reason.startswith("the newest copy of the database that is known was made ")
    assert look(backup_age="0s") == []
    assert len(look()) == 1
    backups.report(OPERATOR, clock.now() - timedelta(hours=30))
    assert len(look()) == 1
    backups.report(OPERATOR)
    assert look() == []


def test_where_there_never_was_one_sqlite_alone_is_held_to_it(look, database, stored, clock):
    assert look() == []
    stored.message()
    clock.advance(timedelta(days=2))
    found = [each.reason.partition(",")[0] for each in look()]
    assert found == (["no copy of the database is known"] if database.is_sqlite else [])


def test_its_instant_is_a_metric(backups, database, clock):
    rounds = gauges.Gauges(database, clock)

    def told():
        rounds.step()
        with database.read() as connection:
            return {name: value for name, _, value in gauges.read(connection)}.get("last_backup")

    assert told() is None
    backups.report(OPERATOR)
    clock.advance(timedelta(minutes=1))
    assert told() == (clock.now() - timedelta(minutes=1)).timestamp()
