"""A database that was put back is known by a number outside it, or because it says itself that it is a copy."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete

from adapter.store import backup, marks, tables
from adapter.store.database import Database
from adapter.store.marks import Marks
from adapter.support.errors import AdapterError

MINUTE = 60_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "adapter.db.mark"


def test_a_database_that_goes_on_is_known(database: Database, file: Path) -> None:
    for at in range(1, 5):
        assert Marks(database, file).look(at) is None

    mark = marks.read(file)

    assert mark is not None
    assert (mark.number, mark.at) == (4, 4)
    with database.read() as connection:
        assert not marks.sending_is_off(connection)


def test_one_that_is_behind_its_file_was_put_back(database: Database, file: Path) -> None:
    Marks(database, file).look(10)
    mark = marks.read(file)
    assert mark is not None
    marks.write(file, marks.Mark(mark.identity, mark.number + 5, 70))

    gap = Marks(database, file).look(90)

    assert gap is not None
    assert (gap.causes, gap.since, gap.until, gap.found_at) == (("older",), 10 - MINUTE, 90, 90)
    assert Marks(database, file).look(100) == gap, "found once, and so it stays"
    with database.write() as connection:
        assert marks.sending_is_off(connection)
        assert marks.resume(connection, 110, "me", "why")
        assert not marks.resume(connection, 110, "me", "why")
    assert Marks(database, file).look(120) is None


def test_another_database_than_the_file_tells_of(database: Database, file: Path) -> None:
    Marks(database, file).look(10)
    with database.write() as connection:
        connection.execute(delete(tables.installation))

    gap = Marks(database, file).look(20)

    assert gap is not None
    assert (gap.causes, gap.since, gap.until) == (("other",), None, 20)


def test_a_lost_file_is_written_anew_and_a_broken_one_is_told_of(database: Database, file: Path) -> None:
    Marks(database, file).look(1)
    file.unlink()
    assert Marks(database, file).look(2) is None
    file.write_text("{}")
    with pytest.raises(AdapterError, match="cannot be read"):
        Marks(database, file).look(3)


def test_two_processes_with_files_of_their_own(database: Database, tmp_path: Path) -> None:
    one, other = Marks(database, tmp_path / "one"), Marks(database, tmp_path / "other")
    for at in range(1, 6):
        assert one.look(at) is None
        assert other.look(at) is None


def test_a_backup_is_whole_private_and_says_that_it_is_a_copy(tmp_path: Path, migrated: Path) -> None:
    shutil.copy(migrated, tmp_path / "adapter.db")
    database = Database(f"sqlite:///{tmp_path / 'adapter.db'}")
    copy = tmp_path / "copy.db"

    made = backup.backup(database, copy, 7)

    assert made.size == copy.stat().st_size
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    other = Database(f"sqlite:///{copy}")
    gap = Marks(other, None).look(9)
    assert gap is not None
    assert (gap.causes, gap.since) == (("copy",), 7 - MINUTE)
    assert Marks(database, None).look(9) is None
    with pytest.raises(backup.BackupError, match="already"):
        backup.backup(database, copy, 8)
    other.close()
    database.close()


def test_a_damaged_database_gives_no_backup(tmp_path: Path, migrated: Path) -> None:
    file = tmp_path / "adapter.db"
    shutil.copy(migrated, file)
    body = bytearray(file.read_bytes())
    body[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    file.write_bytes(bytes(body))
    database = Database(f"sqlite:///{file}")

    with pytest.raises((backup.BackupError, AdapterError)):
        backup.backup(database, tmp_path / "copy.db", 1)

    assert list(tmp_path.glob("copy*")) == []
    database.close()
