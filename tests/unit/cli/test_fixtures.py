"""`adapter fixtures`: to look at, take along and generate. How they are sent is in tests/integration."""

import hashlib
import io
import json
import tarfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from typer.testing import CliRunner, Result

from adapter.cli.main import app
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.sandbox import catalogue

AT = "2027-06-09T10:30:00+02:00"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["fixtures", *map(str, arguments)])


def words(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def test_the_list_has_every_journey_and_invalid_message() -> None:
    told = words("list")
    assert [each["name"] for each in told["journeys"]] == list(catalogue.journey_folders())
    assert [each["name"] for each in told["invalid"]] == list(catalogue.invalid_files())
    duplicate = next(each for each in told["journeys"] if each["name"] == "duplicate")
    assert duplicate["events"] == ["admission-notice", "admission-notice", "discharge-notice", "admission-notice"]
    assert all(each["shows"] and each["rules"] for each in told["invalid"])
    table = run("list").stdout
    assert "home-with-sip" in table
    assert "duplicate-key" in table


def test_a_journey_is_shown_with_what_must_come_of_it() -> None:
    told = words("show", "sip-refused")
    assert told["messages"][0]["expect"]["http_status"] == 200
    assert told["outcome"]["phase"] == "discharged"
    table = run("show", "sip-refused").stdout
    assert "03-general-message" in table
    assert "rule: ready-notice, to: municipality, state: met" in table


def test_a_message_is_shown_as_it_is_in_either_format() -> None:
    shown = [
        run("show", "duplicate", "02-admission-notice-again", "--format", each).stdout_bytes for each in ("json", "xml")
    ]
    file = catalogue.journey_folders()["duplicate"] / "01-admission-notice.json"
    assert shown[0] == file.read_bytes()
    assert fhir_xml.parse(shown[1]) == fhir_json.parse(shown[0])


def test_an_invalid_message_is_shown_with_its_fault() -> None:
    told = words("show", "base-required")
    assert told["http_status"] == 422
    assert told["findings"][0]["rule"] == "base-required"
    assert "base-required" in run("show", "base-required").stdout
    shown = [run("show", "base-required", "--content", "--format", each).stdout_bytes for each in ("json", "xml")]
    assert fhir_xml.parse(shown[1]) == fhir_json.parse(shown[0])
    assert run("show", "duplicate-key", "--content").stdout_bytes.startswith(b"{")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("show", "none"), "there is no fixture 'none'"),
        (("show", "protected", "none"), "protected has no message 'none', only 01-admission-notice"),
        (("export",), "either --to DIR or --archive FILE"),
        (("export", "--to", "x", "--archive", "y.zip"), "either --to DIR or --archive FILE"),
        (("export", "none", "--archive", "y.zip"), "there is no fixture 'none'"),
        (("export", "--all", "--seed", "a", "--archive", "y.zip"), "--all is the kit as it ships"),
        (("export", "--at", "tomorrow", "--archive", "y.zip"), "no instant with offset"),
        (("generate", "--patients", "1", "--seed", "a", "--to", "x", "--ndjson", "y"), "not both"),
        (("generate", "--patients", "1", "--seed", "a", "--ndjson", "y", "--format", "xml"), "--ndjson holds JSON"),
        (("generate", "--patients", "1", "--seed", "a", "--from", "soon"), "is no day such as"),
        (("generate", "--patients", "1", "--seed", "a", "--journey", "none"), "there is no fixture 'none'"),
        (("generate", "--patients", "1", "--seed", "a", "--ndjson", "none/y"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: tuple[str, ...], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code != 0
    assert reason in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_the_same_from_seed_and_instant_and_new_without(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        again = ("--seed", "a", "--at", AT)
        assert run("export", "protected", "duplicate", "--archive", tmp_path / name, *again).exit_code == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as made:
        assert len(made.namelist()) == 2 * 3 + 2
        last = json.loads(made.read("journeys/duplicate/03-discharge-notice.json"))
        assert datetime.fromisoformat(last["timestamp"]) == datetime.fromisoformat(AT)
    told = words("export", "protected", "--to", tmp_path / "three", "--format", "xml")
    assert told["files"] == 2
    assert told["seed"] != words("export", "protected", "--to", tmp_path / "four")["seed"]
    assert sorted(file.name for file in (tmp_path / "three" / "journeys" / "protected").iterdir()) == [
        "01-admission-notice.xml",
        "expectations.json",
    ]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("kit") / "kit.tgz"
    assert run("export", "--all", "--archive", file).exit_code == 0
    return file


def contents(kit: Path) -> dict[str, bytes]:
    with tarfile.open(kit) as opened:
        return {each.name: opened.extractfile(each).read() for each in opened}  # type: ignore[union-attr]


def test_the_kit_needs_no_program_of_ours(kit: Path) -> None:
    """Each message that its expectations name is there in both formats, with package, schema and checksums."""
    found = contents(kit)
    expected = json.loads(found["expectations.json"])
    assert expected["journeys"].keys() == catalogue.journey_folders().keys()
    assert expected["invalid"].keys() == catalogue.invalid_files().keys()
    for name, journey in expected["journeys"].items():
        for message in journey["messages"]:
            assert {f"fixtures/journeys/{name}/{message['file']}.{each}" for each in ("json", "xml")} <= found.keys()
    for name, invalid in expected["invalid"].items():
        assert invalid["findings"]
        body = f"fixtures/invalid/{invalid['file']}" if "file" in invalid else f"fixtures/invalid/{name}.json"
        assert ".." in body or body in found
    assert b"# " in found["README.md"]
    etree.XMLSchema(etree.fromstring(found["lifecare/lifecare.xsd"]))
    (package,) = [name for name in found if name.startswith("package/")]
    with tarfile.open(fileobj=io.BytesIO(found[package])) as opened:
        assert "package/package.json" in opened.getnames()
    sums = dict(reversed(line.split("  ")) for line in found.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    assert not [name for name in found if name.endswith((".py", ".pyc"))]


def test_the_kit_has_the_same_bytes_again(kit: Path, tmp_path: Path) -> None:
    assert run("export", "--all", "--archive", tmp_path / "again.tgz").exit_code == 0
    assert (tmp_path / "again.tgz").read_bytes() == kit.read_bytes()


def test_messages_are_generated_one_a_line_or_a_file_each(tmp_path: Path) -> None:
    chosen = ("generate", "--patients", "3", "--seed", "a", "--journey", "protected", "--journey", "cancellation")
    lines = run(*chosen)
    assert lines.exit_code == 0
    assert "messages of 3 patients" in lines.stderr
    messages = [fhir_json.parse(line) for line in lines.stdout_bytes.splitlines()]
    assert run(*chosen, "--ndjson", tmp_path / "all.ndjson").exit_code == 0
    assert (tmp_path / "all.ndjson").read_bytes() == lines.stdout_bytes
    as_xml = [fhir_xml.parse(line) for line in run(*chosen, "--format", "xml").stdout_bytes.splitlines()]
    assert as_xml == messages
    assert run(*chosen, "--to", tmp_path / "all").exit_code == 0
    files = sorted((tmp_path / "all").rglob("*.json"))
    assert len(files) == len(messages)
    assert files[0].relative_to(tmp_path / "all") == Path("0000/0000000/01-admission-notice.json")
    refused = run(*chosen, "--to", tmp_path / "all")
    assert "is not empty" in str(refused.exception)
