"""The Swedish base profiles as they are published: installed, carried over, required by a server, asked for."""

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from adapter import wiring
from adapter.cli import check
from adapter.cli.main import app
from adapter.definitions import core, store
from adapter.security.tokens import Tokens
from adapter.store import migrate, tables
from adapter.support import paths, settings
from adapter.web.server import Server

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / "hl7se.fhir.base-1.1.0.tgz"
PROFILE = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePatient"
IDS = ("hl7se.fhir.base#1.1.0", "hl7se.fhir.base.r4#1.1.0")
WRONG = {"resourceType": "Patient", "name": [{"text": "En"}, {"text": "Två"}]}
"""The profile allows one name."""
FHIR = {"Content-Type": "application/fhir+json"}
pytestmark = pytest.mark.skipif(not ARCHIVE.is_file(), reason="the published archive of hl7se.fhir.base is not here")


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], terminal_width=200)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine's cache with R4 core and nothing else; each call gives another."""
    ready = store.find(core.KEY)
    assert ready is not None
    source = paths.cache() / "packages" / core.KEY

    def make(monkeypatch):
        cache = tmp_path_factory.mktemp("machine")
        (cache / "packages").mkdir()
        (cache / "packages" / core.KEY).symlink_to(source)
        monkeypatch.setenv("ADAPTER_CACHE", str(cache))
        return cache

    return make


@pytest.fixture
def installed(machine, monkeypatch):
    machine(monkeypatch)
    done = run("packages", "install", ARCHIVE)
    assert done.exit_code == 0
    return done


def test_it_answers_to_both_ids_whatever_its_file_is_called(machine, monkeypatch, tmp_path, installed):
    assert "depends on hl7.terminology.r4#6.3.0, which is not installed" in installed.stderr
    machine(monkeypatch)
    renamed = tmp_path / "download.tgz"
    renamed.write_bytes(ARCHIVE.read_bytes())
    assert run("packages", "install", renamed).exit_code == 0
    assert [store.find(key).package.id for key in IDS] == ["hl7se.fhir.base.r4"] * 2


def test_exported_it_validates_on_a_machine_without_network(machine, monkeypatch, tmp_path, installed):
    packed, lock, file = tmp_path / "packages.tar", tmp_path / "fhir.lock", tmp_path / "patient.json"
    assert run("packages", "export", packed, IDS[0]).exit_code == 0
    machine(monkeypatch)
    file.write_text(json.dumps(WRONG))
    missing = run("validate", file, "--package", IDS[0])
    assert f"run `adapter packages install {IDS[0].replace('#', '-')}.tgz`" in str(missing.exception)
    assert run("packages", "install", packed, "--lock", lock).exit_code == 0
    assert run("packages", "verify", "--lock", lock).exit_code == 0
    assert [store.find(key).package.id for key in IDS] == ["hl7se.fhir.base.r4"] * 2
    done = run("validate", file, "--package", IDS[0], "--profile", PROFILE, "--json")
    assert done.exit_code == 1
    (verdict,) = json.loads(done.stdout)
    assert [issue["rule"] for issue in verdict["issues"] if issue["severity"] == "error"] == ["profile-max"]
    assert "Not installed: hl7se.fhir.base.r4#1.1.0 depends on" in verdict["issues"][0]["message"]


@pytest.mark.usefixtures("installed")
def test_a_server_that_requires_it_validates_by_it(installation, messages):
    file = installation.folder / "adapter.toml"
    required = json.dumps([*settings.Packages().required, IDS[0]])
    added = f"[packages]\nrequired = {required}\n[server]\nport = 0\n[delivery]"
    text = file.read_text().replace("[delivery]", added)
    file.write_text(text)
    loaded = settings.load(file)
    problems, warnings = check.packages(loaded)
    assert problems == []
    assert any("depends on hl7.terminology.r4#6.3.0, which is not installed" in each.reason for each in warnings)
    adapter = wiring.build(loaded, installation.adapter.clock)
    migrate.upgrade(adapter.database)
    server = Server(adapter)
    server.start()
    try:
        token = Tokens(adapter.database, adapter.clock).issue(
            "region", ("send",), adapter.clock.now() + timedelta(days=30), "EHR"
        )
        client = httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60
        )
        with client:
            checked = client.post("/fhir/Patient/$validate", params={"profile": PROFILE}, json=WRONG, headers=FHIR)
            assert checked.status_code == 200
            codes = [issue["details"]["coding"][0]["code"] for issue in checked.json()["issue"]]
            assert codes[0] == "validation-settings"
            assert "profile-max" in codes
            assert "hl7se.fhir.base.r4#1.1.0" in checked.json()["issue"][0]["diagnostics"]
            message = messages("a")[0]
            patient = next(e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == "Patient")
            patient["meta"] = {"profile": [PROFILE]}
            patient["name"].append({"text": "Två"})
            refused = client.post("/fhir/$process-message", json=message, headers=FHIR)
            assert refused.status_code == 422
            assert "profile-max" in refused.text
        with adapter.database.read() as connection:
            assert connection.execute(select(tables.message.c.status)).scalars().all() == ["rejected"]
    finally:
        server.stop()
        adapter.close()
