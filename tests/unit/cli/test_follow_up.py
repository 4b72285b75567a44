"""`adapter follow-up`, on answers that were imported."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.exchange.experiences import COLUMNS

DIRECTORY = """
parties:
  - {id: kommun-a, kind: municipality, name: A kommun, kommunkod: "2482"}
units: []
"""


@pytest.fixture
def run(install, tmp_path: Path):
    config = install(DIRECTORY)
    answers = [f"{number},2025-0{1 + number % 2},2482,,yes,no,,,," for number in range(20)]
    (tmp_path / "answers.csv").write_text("\n".join((",".join(COLUMNS), *answers)), "utf-8")

    def run(*words: str):
        return CliRunner().invoke(app, ["follow-up", *words, "--config", str(config)])

    run.file = str(tmp_path / "answers.csv")
    return run


def test_answers_are_imported_and_reported_in_every_form(run):
    done = run("import-experience", run.file)
    assert (done.exit_code, done.stdout) == (0, "20 sets of answers taken, 0 were there before.\n"), done.output
    found = json.loads(run("report", "2025-01", "2025-02", "--measure", "involved", "--json").stdout)
    total = [each for each in found["figures"] if not each["unit"] and not each["column"]]
    assert [(each["of"], each["share"]) for each in total] == [(20, "1.0000")]
    assert "involved" in run("report", "2025-01").stdout
    assert run("report", "2025-01", "--output", "csv").stdout.startswith("measure,part")
    reports = json.loads(run("report", "2025-01", "--output", "fhir").stdout)["entry"]
    assert [each["resource"]["resourceType"] for each in reports] == ["MeasureReport"] * 4
    assert "A kommun (2482)" in run("report", "2025-01", "--output", "html").stdout
    until = run("report", "2025-01", "--until", "2025-03-01T00:00:00+0100")
    assert "No stay ended" in until.stdout


def test_periods_are_compared_and_a_month_is_frozen(run):
    run("import-experience", run.file)
    compared = run("compare", "2025-01", "2025-02", "--measure", "involved")
    assert "change in involved 2482: share 0.0000" in compared.stdout, compared.output
    assert run("frozen", "2025-01").exit_code != 0
    done = run("freeze", "2025-01", "--reason", "årets uppföljning", "--json")
    assert json.loads(done.stdout)["month"] == "2025-01", done.output
    shown = run("frozen", "2025-01")
    assert "2025-01" in shown.stdout
    assert "since" not in shown.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "2025-01", "--measure", "x"), "no measure is named 'x'"),
        (("compare", "2025", "2025-02"), "a period is written as"),
        (("import-experience", "nowhere.csv"), "cannot read"),
    ],
)
def test_what_cannot_be_done_is_said(run, words, said):
    done = run(*words)
    assert done.exit_code != 0
    assert said in str(done.exception)
