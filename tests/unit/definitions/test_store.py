import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapter.definitions import core, store
from adapter.definitions.packages import read_manifest
from adapter.definitions.store import Installed
from adapter.support.errors import DefinitionsError

Make = Callable[..., bytes]
VALUE_SET = {"resourceType": "ValueSet", "id": "v", "url": "http://x/ValueSet/v", "version": "2"}


def put(content: bytes, declared: str | None = None, *, replace_other: bool = False) -> Installed:
    return store.install(content, read_manifest(content, "x", declared), replace_other=replace_other)


def test_installed_is_found_and_read(package: Make, cache: Path) -> None:
    content = package("test.one", "1.0.0", None, VALUE_SET, {"resourceType": "CodeSystem", "url": "http://x/cs"})
    put(content)
    found = store.find("test.one#1.0.0")
    assert found is not None
    assert found.archive() == content
    rows = list(found.index())
    assert [row[:4] for row in rows] == [
        ("ValueSet", "http://x/ValueSet/v", "2", "v"),
        ("CodeSystem", "http://x/cs", None, None),
    ]
    assert found.read(rows[0]) == VALUE_SET
    found.verify()
    assert sorted(path.name for path in (cache / "packages").iterdir()) == ["test.one#1.0.0"]


def test_the_cache_holds_data_only(package: Make, cache: Path) -> None:
    put(package())
    assert {path.suffix for path in cache.rglob("*") if path.is_file()} == {".tgz", ".json", ".json-seq"}


def test_what_was_looked_up_is_still_read_when_another_archive_has_taken_its_place(package: Make) -> None:
    put(package("test.one", "1.0.0", None, VALUE_SET))
    found = store.find("test.one#1.0.0")
    assert found is not None
    (row,) = found.index()
    put(package("test.one", "1.0.0", None, {"resourceType": "CodeSystem", "url": "http://x/cs"}), replace_other=True)
    assert found.read(row) == VALUE_SET


def test_an_index_of_another_archive_is_not_taken_for_its_own(package: Make) -> None:
    put(package("test.one", "1.0.0", None, VALUE_SET))
    found = store.find("test.one#1.0.0")
    assert found is not None
    put(package("test.one", "1.0.0", None, {"resourceType": "CodeSystem", "url": "http://x/cs"}), replace_other=True)
    with pytest.raises(DefinitionsError, match="damaged or incomplete"):
        list(found.index())


def test_numbers_are_read_as_written(archive: Make) -> None:
    put(
        archive(
            {"package/package.json": b'{"name":"a","version":"1"}', "package/O.json": b'{"resourceType":"X","n":1.50}'}
        )
    )
    found = store.find("a#1")
    assert found is not None
    (row,) = found.index()
    assert str(found.read(row)["n"]) == "1.50"


def test_found_by_alias_too(package: Make) -> None:
    put(package("hl7se.fhir.base.r4", "1.1.0"), "hl7se.fhir.base")
    for key in ("hl7se.fhir.base#1.1.0", "hl7se.fhir.base.r4#1.1.0"):
        found = store.find(key)
        assert found is not None
        assert found.package.id == "hl7se.fhir.base.r4"
    assert store.find("hl7se.fhir.base#1.0.0") is None


def test_an_alias_is_added_to_what_is_installed(package: Make) -> None:
    content = package("a.r4", "1")
    put(content)
    put(content, "a")
    assert put(content, "b").package.aliases == ("a", "b")


def test_other_content_is_refused_unless_replaced(package: Make) -> None:
    put(package("a", "1"))
    other = package("a", "1", None, VALUE_SET)
    with pytest.raises(DefinitionsError, match=r"other content.*--replace"):
        put(other)
    assert put(other, replace_other=True).archive() == other


@pytest.mark.parametrize("name", ["package.tgz", "manifest.json", "index.json", "resources.json-seq"])
@pytest.mark.parametrize("damage", ["remove", "change"])
def test_damage_is_found_and_mended_by_installing_again(package: Make, cache: Path, name: str, damage: str) -> None:
    content = package("a", "1", None, VALUE_SET)
    file = cache / "packages" / "a#1" / name
    put(content)
    if damage == "remove":
        file.unlink()
    else:
        file.write_bytes(b"[[]]" if name == "index.json" else b"{}")
    with pytest.raises(DefinitionsError, match=r"damaged.*adapter packages install"):
        Installed(file.parent).verify()
    put(content)
    Installed(file.parent).verify()


def test_two_that_install_at_the_same_time(package: Make, cache: Path) -> None:
    content = package("a", "1", None, *[VALUE_SET] * 200)
    with ThreadPoolExecutor(4) as pool:
        for done in pool.map(lambda _: put(content), range(8)):
            done.verify()
    assert [path.name for path in (cache / "packages").iterdir()] == ["a#1"]


@pytest.mark.parametrize("damage", ["cut off", "removed", "of another version"])
@pytest.mark.parametrize("name", ["index.json", "resources.json-seq"])
def test_what_is_not_whole_is_made_again_from_the_archive(package: Make, cache: Path, name: str, damage: str) -> None:
    content = package("a", "1", None, VALUE_SET)
    put(content)
    file = cache / "packages" / "a#1" / name
    if damage == "cut off":
        file.write_bytes(file.read_bytes()[:-10])
    elif damage == "removed":
        file.unlink()
    else:
        manifest = file.with_name("manifest.json")
        manifest.write_text(manifest.read_text().replace('"format": ', '"format": 9'))
        file.write_bytes(b"of another form")
    found = store.find("a#1")
    assert found is not None
    found.verify()
    assert [found.read(row) for row in found.index()] == [VALUE_SET]


def test_processes_that_mend_at_the_same_time(package: Make, cache: Path) -> None:
    put(package("a", "1", None, *[VALUE_SET] * 50))
    (cache / "packages" / "a#1" / "index.json").write_bytes(b"")
    script = "import sys; from adapter.definitions import store; sys.exit(len(list(store.find('a#1').index())) != 50)"
    started = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
    assert [path.name for path in (cache / "packages").iterdir()] == ["a#1"]


def test_who_looks_while_another_process_puts_it_in_its_place_finds_it(package: Make, cache: Path) -> None:
    put(package("a", "1", None, VALUE_SET))
    folder = cache / "packages" / "a#1"
    aside = folder.with_name(".aside")
    with store._in_turn():  # as the other process
        folder.rename(aside)
        looking = ThreadPoolExecutor(1).submit(store.find, "a#1")
        time.sleep(0.2)
        aside.rename(folder)
    found = looking.result(60)
    assert found is not None
    assert found.package.key == "a#1"


def test_a_broken_package_leaves_nothing_behind(archive: Make, cache: Path) -> None:
    content = archive({"package/package.json": b'{"name":"a","version":"1"}', "package/O.json": b"{"})
    with pytest.raises(DefinitionsError, match="not JSON"):
        put(content)
    assert list((cache / "packages").iterdir()) == []


def test_a_cache_that_cannot_be_written(package: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    monkeypatch.setenv("ADAPTER_CACHE", str(blocker))
    with pytest.raises(DefinitionsError, match="cannot be written"):
        put(package())


def test_the_core_package_is_unpacked_from_where_it_ships(cache: Path) -> None:
    found = store.find(core.KEY)
    assert found is not None
    assert found.package.sha256 == core.SHA256
    assert sum(1 for row in found.index() if row[0] == "StructureDefinition") == 655


def test_the_core_package_mends_itself(cache: Path) -> None:
    manifest = cache / "packages" / core.KEY / "manifest.json"
    assert store.find(core.KEY) is not None
    manifest.write_text("{}")
    assert store.find(core.KEY) is not None
    assert core.SHA256 in manifest.read_text()


def test_without_the_core_package_nothing_is_found(no_core: Path) -> None:
    assert store.find(core.KEY) is None
    assert store.installed() == []


def test_a_core_package_with_another_content_is_refused(package: Make, no_core: Path) -> None:
    no_core.parent.mkdir()
    no_core.write_bytes(package("hl7.fhir.r4.core", "4.0.1"))
    with pytest.raises(DefinitionsError, match=f"is not the pinned.*expected {core.SHA256}"):
        store.find(core.KEY)


def test_bundle_checks_the_content(
    no_core: Path, tmp_path: Path, package: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "x.tgz"
    source.write_bytes(package())
    with pytest.raises(DefinitionsError, match="not the pinned"):
        core.bundle(source)
    assert not no_core.exists()
    monkeypatch.setattr(core, "SHA256", hashlib.sha256(source.read_bytes()).hexdigest())
    assert core.bundle(source) == no_core
    assert no_core.read_bytes() == source.read_bytes()
    shutil.rmtree(no_core.parent)
    with pytest.raises(DefinitionsError, match="cannot be read"):
        core.bundle(tmp_path / "absent")


def test_a_package_that_ships_is_found_and_replaces_an_earlier_build(package: Make, no_core: Path, cache: Path) -> None:
    place = no_core.parent / "ours-1.0.0.tgz"
    no_core.parent.mkdir()
    put(package("ours", "1.0.0"))
    assert store.find_shipped() == []
    place.write_bytes(package("ours", "1.0.0", None, VALUE_SET))
    (found,) = store.find_shipped()
    assert found.archive() == place.read_bytes()
    assert [row.url for row in found.index()] == [VALUE_SET["url"]]
    again = store.find("ours#1.0.0")
    assert again is not None
    assert again.package == found.package
    place.unlink()
    kept = store.find("ours#1.0.0")
    assert kept is not None
    assert kept.package == found.package
