"""`adapter packages`, as a person runs it."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.packages import app
from adapter.definitions import building, core
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
    (exported,) = json.loads(run("export", tmp_path / "all.tar", "--json").stdout)
    monkeypatch.setenv("ADAPTER_CACHE", str(tmp_path / "elsewhere"))
    run("install", tmp_path / "all.tar")
    (listed,) = json.loads(run("list", "--json").stdout)
    assert listed == exported
    assert listed["aliases"] == ["a"]
    assert listed["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    run("export", tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == (tmp_path / "all.tar").read_bytes()


def test_an_export_takes_dependencies_along(tmp_path: Path, package: Make) -> None:
    for name, dependencies in (("a", {"b": "1.x", "absent": "1"}), ("b", {"a": "1"}), ("c", {})):
        (tmp_path / f"{name}.tgz").write_bytes(package(name, "1" if name != "b" else "1.5", dependencies))
        run("install", tmp_path / f"{name}.tgz")
    exported = json.loads(run("export", tmp_path / "all.tar", "a#1", "--json").stdout)
    assert [each["id"] for each in exported] == ["a", "b"]


def test_an_export_that_was_changed_on_the_way_is_refused(file: Path, tmp_path: Path) -> None:
    run("install", file)
    run("export", tmp_path / "all.tar")
    content = (tmp_path / "all.tar").read_bytes()
    (tmp_path / "all.tar").write_bytes(content.replace(file.read_bytes()[-20:], bytes(20)))
    with pytest.raises(DefinitionsError, match=r"a\.r4#1 is missing, or is not what its fhir\.lock says"):
        run("install", tmp_path / "all.tar")


def test_any_other_tar_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(building.tar([("a.tgz", b"")]))
    with pytest.raises(DefinitionsError, match=r"no fhir\.lock in it"):
        run("install", tmp_path / "x.tar")


def test_build(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    (folder / "example").mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "a", "version": "1", "dependencies": {"b": "2"}}')
    (folder / "ValueSet-v.json").write_text('{"resourceType": "ValueSet", "id": "v", "url": "http://x/v"}')
    (folder / "example" / "P.json").write_text('{"resourceType": "Patient"}')
    built = run("build", folder, "--out", tmp_path / "a.tgz", "--json")
    assert "a#1 depends on b#2, which is not installed" in built.stderr
    (described,) = json.loads(built.stdout)
    assert described["sha256"] == hashlib.sha256((tmp_path / "a.tgz").read_bytes()).hexdigest()
    os.utime(folder / "ValueSet-v.json", (1, 1))
    (folder / "ValueSet-v.json").chmod(0o600)
    run("build", folder, "--out", tmp_path / "b.tgz")
    assert (tmp_path / "a.tgz").read_bytes() == (tmp_path / "b.tgz").read_bytes()
    run("install", tmp_path / "a.tgz")
    assert [each["id"] for each in json.loads(run("list", "--json").stdout)] == ["a"]
    with tarfile.open(tmp_path / "a.tgz") as tar:
        names = tar.getnames()
        index = json.load(tar.extractfile("package/.index.json"))  # type: ignore[arg-type]
    assert names == ["package/.index.json", "package/ValueSet-v.json", "package/example/P.json", "package/package.json"]
    assert index["files"] == [
        {"filename": "ValueSet-v.json", "resourceType": "ValueSet", "id": "v", "url": "http://x/v"}
    ]


def test_build_says_all_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1"}')
    (tmp_path / "A.json").write_text("{")
    (tmp_path / "B.json").write_text("{}")
    profile = {"resourceType": "StructureDefinition", "url": "http://x/p", "type": "Patient", "kind": "resource"}
    (tmp_path / "C.json").write_text(
        json.dumps(profile | {"baseDefinition": "http://x/absent", "derivation": "constraint"})
    )
    (tmp_path / "D.json").write_text(json.dumps(profile | {"baseDefinition": "http://x/p", "derivation": "constraint"}))
    own = {"path": "Own"}, {"path": "Own", "max": "many"}
    (tmp_path / "E.json").write_text(
        json.dumps(profile | {"url": "http://x/own", "type": "Own", "differential": {"element": own}})
    )
    with pytest.raises(DefinitionsError) as raised:
        run("build", tmp_path, "--out", tmp_path / "a.tgz")
    lines = str(raised.value).splitlines()
    assert [Path(line.partition(": ")[0]).name for line in lines] == [f"{file}.json" for file in "ABDCDE"]
    assert "http://x/p is defined in C.json too" in lines[2]
    assert "http://x/own: differential element Own: max is neither a number nor *" in lines[5]
    assert not (tmp_path / "a.tgz").exists()


def test_the_registry_gives_what_a_package_depends_on(
    tmp_path: Path, package: Make, registry: Callable[[dict[str, bytes]], str]
) -> None:
    address = registry({"/a/1": package("a", "1", {"b": "2", "gone": "1"}), "/b/2": package("b", "2", {"a": "1"})})
    installed = run("install", "a#1", "--registry", address, "--lock", tmp_path / "fhir.lock", "--json")
    assert [each["id"] for each in json.loads(installed.stdout)] == ["a", "b"]
    assert "gone#1: the registry answers 404" in installed.stderr
    assert [pin["id"] for pin in json.loads((tmp_path / "fhir.lock").read_text())["packages"]] == ["a", "b"]


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


def test_build_pins_references_within_the_package(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "2"}')
    (tmp_path / "ValueSet-v.json").write_text(
        '{"resourceType": "ValueSet", "url": "http://x/v", "version": "2", "compose": {"include": ['
        '{"valueSet": ["http://x/w", "http://other"]}, {"system": "http://x/w"}]}}'
    )
    (tmp_path / "ValueSet-w.json").write_text('{"resourceType": "ValueSet", "url": "http://x/w", "version": "2"}')
    run("build", tmp_path, "--pin", "--out", tmp_path / "a.tgz")
    with tarfile.open(tmp_path / "a.tgz") as tar:
        made = json.load(tar.extractfile("package/ValueSet-v.json"))  # type: ignore[arg-type]
    assert made["url"] == "http://x/v"
    assert made["compose"]["include"] == [{"valueSet": ["http://x/w|2", "http://other"]}, {"system": "http://x/w"}]


def test_packages_can_be_put_in_where_there_is_none_yet() -> None:
    refuse = "raise SystemExit('R4 was asked for')"
    script = f"""
import adapter.fhir.elements as elements
def table():
    {refuse}
elements.table = table
import adapter.cli.main, adapter.cli.packages, adapter.definitions.store
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
