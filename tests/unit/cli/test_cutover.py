"""`adapter cutover`: what it says, its exit status, and what it keeps to itself."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.store import migrate
from adapter.store.database import Database
from adapter.support import settings
from adapter.support.errors import AdapterError

_DIRECTORY = """
parties:
  - {id: region, kind: region, name: Region}
  - {id: norrby, kind: municipality, name: Norrby, kommunkod: "9901"}
units:
  - {hsa: SE0000000101-NLMED1, name: Medicin, kind: inpatient, party: region}
  - {hsa: SE0000000101-HC01, name: Hälsocentral, kind: open-care, party: region}
  - {hsa: SE0000000110-MOTT1, name: Norrby, kind: municipal-receiving, party: norrby}
systems:
  - {id: lifecare, kind: planning-tool, party: norrby, carries: [region]}
endpoints:
  - {id: lifecare, system: lifecare, channel: xml-http, address: "http://127.0.0.1:9/spu", mapping: lifecare}
routes:
  - {to: {party: norrby}, endpoint: lifecare}
  - {to: {party: region}, endpoint: lifecare}
"""
_PLAN = """
from: prator
to: lifecare
name: Prator
waves:
  - {name: one, start: 2026-01-01, municipalities: ["9901"], mode: MODE}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "directory.yaml").write_text(_DIRECTORY, encoding="utf-8")
    (tmp_path / "pseudonym.key").write_text("a key for tests that is long enough to be one")
    key = '[security]\npseudonym_keys = [{ id = "k1", file = "pseudonym.key" }]\n'
    (tmp_path / "adapter.toml").write_text(f'environment = "test"\n{key}')
    (tmp_path / "cutover.yaml").write_text(_PLAN.replace("MODE", "worklist"))
    database = Database(settings.load(tmp_path / "adapter.toml").database.url)
    migrate.upgrade(database)
    database.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["cutover", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_a_sample_is_written_in_both_forms_and_before_a_run_there_is_nothing(folder: Path):
    assert call("sample", "e.xml", "--cases", "3") == (0, "e.xml: 3 cases\n")
    assert call("sample", "csv", "--cases", "3") == (0, "csv: 3 cases\n")
    assert (folder / "csv" / "arenden.csv").is_file()
    status, text = call("report")
    assert (status, "Nothing was run." in text) == (0, True)
    assert call("worklist", "e.xml", "--output", "list") == (0, "There is nothing to do by hand.\n")


@pytest.mark.parametrize(("option", "named"), [("--from", "visam"), ("--to", "prator")])
def test_a_plan_for_other_systems_is_refused(folder: Path, option: str, named: str):
    with pytest.raises(AdapterError, match=r"cutover\.yaml is for"):
        call("report", option, named)


def test_what_is_not_on_the_list_is_not_ticked(folder: Path):
    with pytest.raises(AdapterError, match="there is no case 'P-1'"):
        call("tick", "P-1", "--by", "Åsa")


@pytest.mark.slow
def test_a_cut_over_from_plan_to_rollback(folder: Path):
    (folder / "cutover.yaml").write_text(_PLAN.replace("MODE", "import"))
    call("sample", "e.xml", "--cases", "17")
    text = (folder / "e.xml").read_text(encoding="utf-8").replace("<begaran>", "<!-- --><begaran>", 1)
    start = text.index("<beraknadUtskrivning>")
    end = text.index("</beraknadUtskrivning>") + len("</beraknadUtskrivning>")
    (folder / "e.xml").write_text(text[:start] + text[end:], encoding="utf-8")
    status, said = call("plan", "e.xml", "--json")
    cases = json.loads(said)["cases"]
    assert (status, [case["status"] for case in cases].count("carried"), cases[0]["status"]) == (1, 16, "refused")
    assert cases[16]["wave"] == cases[16]["municipality"] == "protected"
    status, said = call("readiness", "e.xml")
    assert (status, "endpoint lifecare does not answer" in said) == (1, True)
    status, said = call("run", "e.xml")
    assert (status, "17 in, 17 accounted for: reconciles" in said) == (1, True)
    status, said = call("worklist", "e.xml", "--output", "list")
    assert (status, said) == (0, "list/arbetslista.html: 1 cases\n")
    assert call("tick", "P-00001", "--by", "Åsa") == (0, "P-00001: entered\n")
    status, said = call("rollback", "e.xml", "--wave", "one", "--reason", "fel uttag", "--json")
    found = json.loads(said)
    assert (status, found["total"]) == (1, {"taken-back": 16, "to-remove": 1})
    assert "SE0000000110" not in said
