from pathlib import Path

import pytest

from adapter.definitions.lock import Lock
from adapter.definitions.packages import Package
from adapter.support.errors import DefinitionsError

ONE = Package("a.r4", "1", "1" * 64, aliases=("a",))


def test_written_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "fhir.lock"
    lock = Lock().with_package(Package("b", "1", "2" * 64)).with_package(ONE)
    lock.write(file)
    assert {pin.key for pin in Lock.read(file).packages} == {"a.r4#1", "b#1"}
    assert file.read_text().index("a.r4") < file.read_text().index('"b"')
    assert file.read_text().endswith("}\n")


def test_another_sha_is_refused() -> None:
    lock = Lock().with_package(ONE)
    lock.check(ONE)
    with pytest.raises(DefinitionsError, match=f"its sha256 is {'3' * 64}, expected {'1' * 64}"):
        lock.check(Package("a.r4", "1", "3" * 64))


def test_an_alias_does_not_lead_around_the_lock() -> None:
    lock = Lock().with_package(ONE)
    with pytest.raises(DefinitionsError):
        lock.check(Package("a", "1", "3" * 64))


def test_packages_that_it_does_not_name_pass() -> None:
    Lock().with_package(ONE).check(Package("a.r4", "2", "3" * 64))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not a lock file"),
        ('{"lockVersion": 2}', "lockVersion"),
        ('{"packages": [{"id": "a", "version": "1", "sha256": "x"}]}', "packages.0.sha256"),
        ('{"packages": [{"id": "a", "version": "1"}]}', "packages.0.sha256: Field required"),
        ('{"more": 1}', "more"),
    ],
)
def test_files_that_are_no_lock(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "fhir.lock"
    file.write_text(content)
    with pytest.raises(DefinitionsError, match=words) as raised:
        Lock.read(file)
    assert str(file) in str(raised.value)


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(DefinitionsError, match="cannot be read"):
        Lock.read(tmp_path / "absent")
    with pytest.raises(DefinitionsError, match="cannot be written"):
        Lock().write(tmp_path / "absent" / "fhir.lock")
