from pathlib import Path

import pytest

from adapter.support.errors import AdapterError
from adapter.support.files import write_whole


def test_a_file_is_replaced_whole_and_everyone_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "a.tgz"
    file.write_bytes(b"old")
    write_whole(file, b"new")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o644)
    assert [each.name for each in tmp_path.iterdir()] == ["a.tgz"]


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(AdapterError, match=r"folder cannot be written"):
        write_whole(tmp_path / "folder", b"x")
    with pytest.raises(AdapterError, match=r"absent/a cannot be written"):
        write_whole(tmp_path / "absent" / "a", b"x")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
