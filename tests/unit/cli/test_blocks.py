"""`adapter blocks`: the number comes by standard input, and is shown nowhere."""

import json

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app

NUMBER = "194108109168"
DIRECTORY = """
parties:
  - {id: region, kind: region, name: Region}
units: [{hsa: SE2321000222-E7A31, name: Medicin 3, kind: inpatient, party: region}]
systems: []
endpoints: []
routes: []
"""


@pytest.fixture
def run(install):
    config = install(DIRECTORY)

    def run(*words: str, typed: str = ""):
        return CliRunner().invoke(app, ["blocks", *words, "--config", str(config)], input=typed)

    return run


def test_a_block_is_set_listed_and_lifted(run):
    done = run("set", "--party", "region", "--unit", "SE2321000222-E7A31", "--reason", "begäran", typed=f"{NUMBER}\n")
    assert (done.exit_code, done.stdout) == (0, "block 1 stands\n"), done.output
    assert NUMBER not in done.output
    (listed,) = json.loads(run("list", "--json").stdout)["blocks"]
    assert (listed["party"], listed["unit"], listed["lifted_at"]) == ("region", "SE2321000222-E7A31", None)
    assert run("lift", "1", "--reason", "hävd").exit_code == 0
    assert json.loads(run("list", "--json").stdout)["blocks"][0]["lifted_at"]
    assert "region" in run("list").stdout


@pytest.mark.parametrize("typed", ["194108109167\n", "4108109168\n", "nobody\n"])
def test_what_is_no_number_is_refused(run, typed):
    done = run("set", "--party", "region", "--reason", "begäran", typed=typed)
    assert done.exit_code == 2
    assert typed.strip() not in done.output
    assert json.loads(run("list", "--json").stdout)["blocks"] == []
