"""`adapter packages`, as a person runs it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.packages import app
from adapter.definitions import core
from adapter.support.errors import DefinitionsError

Make = Callable[..., bytes]
pytestmark = pytest.mark.usefixtures("no_core")


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, DefinitionsError):
        raise result.exception
    return result


@pytest.fixture
def file(tmp_path: Path, package: Make) -> Path:
    found = tmp_path / "a-1.tgz"
    found.write_bytes(package("a.r4", "1", {"absent": "2"}))
    return found


def test_install_and_list(file: Path) -> None:
    installed = run("install", file, "--json")
    assert installed.exit_code == 0
    assert "a.r4#1 depends on absent#2, which is not installed" in installed.stderr
    (listed,) = json.loads(run("list", "--json").stdout)
    assert [listed] == json.loads(installed.stdout)
    assert (listed["id"], listed["version"], listed["aliases"]) == ("a.r4", "1", ["a"])
    assert "a.r4#1" in run("list").stdout


def test_the_lock_pins_what_is_installed_and_refuses_another(file: Path, tmp_path: Path, package: Make) -> None:
    lock = tmp_path / "fhir.lock"
    run("install", file, "--lock", lock)
    (pin,) = json.loads(lock.read_text())["packages"]
    assert pin["aliases"] == ["a"]
    file.write_bytes(package("a.r4", "1"))
    with pytest.raises(DefinitionsError, match="not the one that the lock names"):
        run("install", file, "--lock", lock, "--replace")
    assert json.loads(lock.read_text())["packages"] == [pin]


def test_verify(file: Path, tmp_path: Path, cache: Path) -> None:
    lock = tmp_path / "fhir.lock"
    run("install", file, "--lock", lock)
    assert run("verify", "--lock", lock).exit_code == 0
    (cache / "packages" / "a.r4#1" / "package.tgz").write_bytes(b"changed")
    changed = run("verify", "--json")
    assert changed.exit_code == 1
    assert [check["ok"] for check in json.loads(changed.stdout)] == [False]


def test_verify_finds_what_the_lock_names_and_is_not_there(file: Path, tmp_path: Path) -> None:
    lock = tmp_path / "fhir.lock"
    lock.write_text(json.dumps({"packages": [{"id": "b", "version": "1", "sha256": "0" * 64}]}))
    missing = run("verify", "--lock", lock)
    assert missing.exit_code == 1
    assert "b#1" in missing.stdout
    assert "not installed" in missing.stdout


def test_exported_packages_install_elsewhere_with_their_names(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("install", file)
    run("export", tmp_path / "out")
    monkeypatch.setenv("ADAPTER_CACHE", str(tmp_path / "elsewhere"))
    run("install", tmp_path / "out", "--lock", tmp_path / "out" / "fhir.lock")
    (listed,) = json.loads(run("list", "--json").stdout)
    assert listed["aliases"] == ["a"]
    assert (tmp_path / "out" / "a.r4-1.tgz").read_bytes() == file.read_bytes()


def test_export_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DefinitionsError, match="b#1 is not installed"):
        run("export", tmp_path, "b#1")


def test_install_of_all_that_the_lock_names(file: Path, tmp_path: Path) -> None:
    lock = tmp_path / "fhir.lock"
    run("install", file, "--lock", lock)
    assert run("install", "--lock", lock, "--json").stdout.strip() == "[]"
    with pytest.raises(DefinitionsError, match="name what to install"):
        run("install")


def test_bundle_refuses_another_package(file: Path, no_core: Path) -> None:
    with pytest.raises(DefinitionsError, match=core.SHA256):
        run("bundle", file)
    assert not no_core.exists()
