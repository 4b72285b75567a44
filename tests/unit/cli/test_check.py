"""`adapter check` and `adapter directory import`, as they are run: words, JSON and exit status."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.definitions import Definitions
from adapter.mapping import checks
from adapter.support.errors import AdapterError, Problem
from adapter.support.paths import shipped

EXAMPLE = Path(__file__).parents[3] / "example"
SECRETS = {
    "pseudonym-1.key": "6b1f0c7ad9e24835b1f0c7ad9e248356",
    "ehr.token": "f3a9c2d17b604e58",
    "lifecare.token": "90cd3ab2ef7164a5",
}
LEFT = """\
  - {id: left-door, system: ehr, channel: fhir, address: "https://left.region-fjallvik.example/in"}
  - {id: left-too, system: ehr, channel: fhir, address: "https://left.region-fjallvik.example/too"}
"""


@pytest.fixture(autouse=True, scope="module")
def _shipped_mappings_are_checked_once() -> Iterator[None]:
    """They are the same in every test here, and take a second each time."""
    check, known = checks.check, dict[Path, list[Problem]]()

    def once(path: Path, definitions: Definitions) -> list[Problem]:
        if not path.is_relative_to(shipped("mappings")):
            return check(path, definitions)
        if path not in known:
            known[path] = check(path, definitions)
        return known[path]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "check", once)
        yield


@dataclass
class Run:
    status: int
    out: str
    err: str


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example configuration with secrets of its own."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder)
    for name, secret in SECRETS.items():
        file = folder / "secrets" / name
        file.write_text(secret)
        file.chmod(0o600)
    return folder


def run(folder: Path, *arguments: str, **environment: str) -> Run:
    known = {name: None for name in os.environ if name.startswith("ADAPTER_")}
    with contextlib.chdir(folder):
        done = CliRunner().invoke(app, arguments, env=known | environment)
    error = f"adapter: {done.exception}\n" if isinstance(done.exception, AdapterError) else ""
    assert error or isinstance(done.exception, SystemExit | None), done.exception
    return Run(2 if error else done.exit_code, done.stdout, done.stderr + error)


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


class TestCheck:
    def test_the_example_is_right(self, example: Path) -> None:
        assert run(example, "check") == Run(0, "all is well\n", "")

    def test_plans_are_fetched_from_an_endpoint_that_is_there(self, example: Path) -> None:
        spoil(example / "adapter.toml", '# endpoint = "cosmic"', 'endpoint = "cosmic"')
        found = run(example, "check")
        assert found.status == 1
        assert "cosmic_link.endpoint: expected an endpoint of the directory with channel fhir" in found.out

    def test_a_ladder_tells_somebody_who_is_there(self, example: Path) -> None:
        spoil(example / "adapter.toml", '# folder = "agreements"', 'folder = "agreed"')
        (example / "agreed").mkdir()
        steps = "[{trigger: deadline-late, to: chef, channel: cheif}, {trigger: deadline-late, to: chef}]"
        words = f"id: a\nversion: '1'\nname: A\nvalid_from: 2026-01-01\nescalation: {steps}\n"
        (example / "agreed" / "a.yaml").write_text(words)
        found = run(example, "check")
        assert found.status == 1
        assert "a 1: escalation.channel 'cheif' is no id of alerts.recipients, nor operations" in found.out

    def test_who_shows_plans_is_told_of_parties_without_an_hsa_id(self, example: Path) -> None:
        spoil(example / "adapter.toml", "# source_system =", "source_system =")
        found = run(example, "check")
        assert found.status == 0
        told = [line for line in found.out.splitlines() if "has no hsa" in line]
        assert [line.split("'")[1] for line in told] == ["kommun-norrstrand", "vardbolaget"]

    def test_suppressions_that_end_are_told_of_and_wrong_ones_refused(self, example: Path) -> None:
        spoil(example / "adapter.toml", "# suppressions =", "suppressions =")
        listed = example / "suppressions.yaml"
        entry = (
            "{rule: base-format, expression: Patient.birthDate, reason: known, reviewed_by: me, expires: 2026-01-31}"
        )
        listed.write_text(f"suppressions:\n  - {entry}\n")
        found = run(example, "check")
        assert (found.status, "1 warning" in found.out) == (0, True)
        assert "warning: suppressions.yaml:2: the suppression of base-format ended on 2026-01-31" in found.out
        assert run(example, "db", "upgrade").status == 0
        found = run(example, "status", "--json")
        assert [each["kind"] for each in json.loads(found.out)["attention"]] == ["suppression"]
        listed.write_text("suppressions:\n  - {rule: base-formatt}\n")
        found = run(example, "check")
        assert found.status == 1
        assert "suppressions.yaml:2: rule: there is no rule 'base-formatt'; did you mean 'base-format'?" in found.out
        assert "suppressions.yaml:2" in run(example, "serve").err

    def test_a_terminology_server_needs_its_secrets_and_https(self, example: Path) -> None:
        file = example / "adapter.toml"
        spoil(file, "# server =", "server =")
        assert run(example, "check").status == 0
        spoil(file, "# token_file =", "token_file =")
        found = run(example, "check")
        assert "terminology.token_file: there is no secret in" in found.out
        assert found.status == 1
        spoil(file, "https://terminology.", "http://terminology.")
        assert "terminology.server: would be asked in the clear" in run(example, "check").out

    def test_the_example_as_shipped_is_refused_for_its_sample_secrets_alone(self, tmp_path: Path) -> None:
        folder = tmp_path / "copy"
        shutil.copytree(EXAMPLE, folder)
        for file in (folder / "secrets").iterdir():
            file.chmod(0o600)
        done = run(folder, "check")
        assert done.status == 1
        *problems, summary = done.out.splitlines()
        assert summary == "3 problems"
        assert all("holds the sample secret of the example" in problem for problem in problems)
        places = [problem.split(": ")[0] for problem in problems]
        key, tokens = (EXAMPLE / "adapter.toml").read_text(), (EXAMPLE / "directory" / "endpoints.yaml").read_text()
        assert places == [
            f"adapter.toml:{line_of(key, 'pseudonym-1.key')}",
            f"directory/endpoints.yaml:{line_of(tokens, 'ehr.token')}",
            f"directory/endpoints.yaml:{line_of(tokens, 'lifecare.token')}",
        ]

    def test_settings_directory_and_secrets_are_told_together(self, example: Path) -> None:
        (example / "secrets" / "pseudonym-1.key").unlink()
        spoil(example / "directory" / "routes.yaml", "{party: vardbolaget}", "{party: vardbolagt}")
        done = run(example, "check", "--json")
        assert done.status == 1
        answer = json.loads(done.out)
        assert answer["ok"] is False
        assert [(Path(problem["file"]).name, problem["reason"]) for problem in answer["problems"]] == [
            (
                "adapter.toml",
                f"security.pseudonym_keys.0: there is no secret in the file {example}/secrets/pseudonym-1.key; "
                "make one: openssl rand -hex 32",
            ),
            ("routes.yaml", "there is no party 'vardbolagt' in the directory; did you mean 'vardbolaget'?"),
        ]
        assert all(problem["line"] for problem in answer["problems"])

    def test_a_wrong_setting_names_its_line(self, example: Path) -> None:
        spoil(example / "adapter.toml", "port = 8480", "prot = 8480")
        line = line_of((example / "adapter.toml").read_text(), "prot = 8480")
        done = run(example, "check")
        assert (done.status, done.err) == (1, "")
        assert done.out == f"adapter.toml:{line}: server.prot: no such key; did you mean 'port'?\n1 problem\n"

    def test_an_event_that_is_not_one(self, example: Path) -> None:
        spoil(example / "directory" / "routes.yaml", "sip-invitation,", "sip-invite,")
        done = run(example, "check")
        assert done.status == 1
        assert "there is no event 'sip-invite'; did you mean 'sip-invitation'?" in done.out

    def test_a_mapping_that_is_missing_or_broken(self, example: Path) -> None:
        (example / "mappings" / "lifecare").mkdir(parents=True)
        spoil(example / "adapter.toml", '# folder = "mappings"', 'folder = "mappings"')
        broken = run(example, "check")
        assert broken.status == 1
        assert "mappings/lifecare" in broken.out
        (example / "mappings" / "lifecare").rmdir()
        missing = run(example, "check")
        assert missing.status == 1
        assert "endpoints.yaml" in missing.out
        assert "there is no folder" in missing.out

    def test_a_certificate_that_is_none(self, example: Path) -> None:
        for name in ("server.pem", "server.key"):
            (example / name).write_text("not a certificate")
        spoil(
            example / "adapter.toml",
            "port = 8480",
            'port = 8480\ntls_certificate = "server.pem"\ntls_key = "server.key"',
        )
        done = run(example, "check")
        assert done.status == 1
        assert "server.tls_certificate: does not fit tls_key or cannot be read" in done.out

    def test_a_package_that_is_not_on_this_machine_or_not_the_locks(self, example: Path) -> None:
        spoil(
            example / "adapter.toml",
            '# required = ["hl7.fhir.r4.core#4.0.1", "discharge-adapter.fhir#1.0.0"]',
            'required = ["hl7.fhir.r4.core#4.0.1", "no.such.package#1.0.0"]',
        )
        spoil(example / "adapter.toml", '# lock = "packages.lock"', 'lock = "packages.lock"')
        pin = {"id": "hl7.fhir.r4.core", "version": "4.0.1", "sha256": "0" * 64, "aliases": []}
        (example / "packages.lock").write_text(json.dumps({"lockVersion": 1, "packages": [pin]}))
        line = line_of((example / "adapter.toml").read_text(), "required = ")
        done = run(example, "check")
        assert done.status == 1
        other, missing, summary = done.out.splitlines()
        assert other.startswith(f"adapter.toml:{line}: packages.required: hl7.fhir.r4.core#4.0.1 is not the one that")
        assert missing.startswith(
            f"adapter.toml:{line}: packages.required: the FHIR package no.such.package#1.0.0 is not"
        )
        assert "run `adapter packages install no.such.package-1.0.0.tgz`" in missing
        assert summary == "2 problems"
        served = run(example, "serve")
        assert (served.status, served.out) == (2, "")
        assert "no.such.package#1.0.0 is not installed: run" in served.err

    def test_a_lock_that_is_none(self, example: Path) -> None:
        spoil(example / "adapter.toml", '# lock = "packages.lock"', 'lock = "packages.lock"')
        (example / "packages.lock").write_text("pinned")
        done = run(example, "check")
        assert done.status == 1
        assert "packages.lock: " in done.out
        assert "is not a lock file" in done.out

    def test_a_check_makes_no_database(self, example: Path) -> None:
        run(example, "check")
        assert not (example / "data").exists()

    def test_an_endpoint_that_is_gone_while_deliveries_to_it_wait(
        self, example: Path, database: Any, stored: Any
    ) -> None:
        spoil(example / "adapter.toml", "sqlite:///data/adapter.db", database.url.render_as_string())
        for status, endpoint in (("waiting", "old-door"), ("done", "older-door"), ("dead", "ehr-fhir")):
            stored.delivery(stored.message(), status=status, endpoint=endpoint)
        done = run(example, "check")
        assert done.status == 0
        assert done.out.startswith("warning: directory: the endpoint 'old-door' is not here any more")
        assert done.out.endswith("\n1 warning\n")

    def test_an_endpoint_to_which_no_route_leads_while_deliveries_wait(
        self, example: Path, database: Any, stored: Any
    ) -> None:
        spoil(example / "adapter.toml", "sqlite:///data/adapter.db", database.url.render_as_string())
        endpoints = example / "directory" / "endpoints.yaml"
        text = endpoints.read_text()
        endpoints.write_text(text.replace("endpoints:\n", f"endpoints:\n{LEFT}", 1))
        for status, endpoint in (("dead", "left-door"), ("done", "left-too"), ("dead", "ehr-fhir")):
            stored.delivery(stored.message(), status=status, endpoint=endpoint)
        done = run(example, "check")
        assert done.status == 0
        line = line_of(endpoints.read_text(), "left-door")
        assert f"endpoints.yaml:{line}: no route leads to the endpoint 'left-door', and 1 deliveries" in done.out
        assert "ehr-fhir" not in done.out
        assert "left-too" not in done.out

    def test_warnings_do_not_refuse_unless_strict(self, example: Path) -> None:
        spoil(example / "directory" / "units.csv", "SE5599990001-1001", "clinic-1")
        done = run(example, "check")
        assert done.status == 0
        assert done.out.startswith("warning: directory/units.csv:10: 'clinic-1' has not the form of an HSA-id")
        assert done.out.endswith("1 warning\n")
        assert run(example, "check", "--strict").status == 1
        assert json.loads(run(example, "check", "--json").out)["warnings"][0]["line"] == 10

    def test_a_key_that_others_may_read(self, example: Path) -> None:
        (example / "secrets" / "pseudonym-1.key").chmod(0o644)
        line = line_of((example / "adapter.toml").read_text(), "pseudonym-1.key")
        done = run(example, "check")
        assert done.status == 0
        assert done.out.startswith(f"warning: adapter.toml:{line}: other users may read {example}/secrets/pseudonym-1")

    def test_a_file_that_cannot_be_read_is_status_2(self, example: Path) -> None:
        done = run(example, "check", "--config", "none.toml")
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith("adapter: cannot read none.toml: No such file or directory")

    def test_the_environment_names_the_file_and_overrides_it(self, example: Path) -> None:
        done = run(example.parent, "check", ADAPTER_CONFIG="example/adapter.toml", ADAPTER_SERVER__PORT="many")
        assert done.status == 1
        assert "environment variable ADAPTER_SERVER__PORT: expected a whole number" in done.out


class TestImport:
    def test_shows_first_and_writes_when_told(self, example: Path) -> None:
        before = (example / "directory" / "units.csv").read_text("utf-8")
        rows = before.replace("Hemsjukvård norr", "Hemsjukvård väst")
        rows = rows.replace("kommun-norrstrand,,,,,,\n", "kommun-norrstrand,,,2025-12-31,,,\n")
        (example / "list.csv").write_text(rows, "utf-8")
        shown = run(example, "directory", "import", "list.csv")
        assert shown.status == 0
        assert shown.out.splitlines() == [
            "~ SE2329990002-1002  Hemsjukvård väst  (name: Hemsjukvård norr -> Hemsjukvård väst)",
            "- SE2329990003-1001  Biståndsenheten  (valid_to: none -> 2025-12-31)",
            "0 added, 1 changed, 1 ended, 7 unchanged",
            "nothing was written: add --apply",
        ]
        assert (example / "directory" / "units.csv").read_text("utf-8") == before
        applied = run(example, "directory", "import", "list.csv", "--apply", "--json")
        answer = json.loads(applied.out)
        assert (applied.status, answer["applied"], answer["unchanged"]) == (0, True, 7)
        assert [change["change"] for change in answer["changes"]] == ["changed", "ended"]
        assert run(example, "directory", "import", "list.csv").out.endswith("nothing to change\n")
        assert run(example, "check").status == 0

    def test_units_that_are_missing_end_on_the_day_given(self, example: Path) -> None:
        (example / "list.csv").write_text("hsa,name,kind,party\nSE5599990001-1002,Ny,open-care,vardbolaget\n", "utf-8")
        done = run(example, "directory", "import", "list.csv", "--on", "2025-07-01")
        assert done.out.splitlines()[:2] == [
            "- SE5599990001-1001  Vårdbolagets hälsocentral  (valid_to: none -> 2025-06-30)",
            "+ SE5599990001-1002  Ny  (open-care, vardbolaget)",
        ]

    def test_a_wrong_list_changes_nothing(self, example: Path) -> None:
        before = (example / "directory" / "units.csv").read_bytes()
        (example / "list.csv").write_text("hsa,name,kind,party\nX,Y,open-care,nobody\nZ,,open-care,vardbolaget\n")
        done = run(example, "directory", "import", "list.csv", "--apply")
        assert done.status == 2
        assert "list.csv:3: name: is missing" in done.err
        assert (example / "directory" / "units.csv").read_bytes() == before

    def test_a_list_that_is_not_there(self, example: Path) -> None:
        done = run(example, "directory", "import", "none.csv")
        assert done.status == 2
        assert "none.csv cannot be read or written: No such file or directory" in done.err


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)
