"""`adapter db copy`, as it is run."""

import json
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from adapter.store import tables
from adapter.store.database import Database
from adapter.support.errors import AdapterError


@pytest.fixture
def run(run, stored):
    stored.message(patient_id=stored.patient())
    return partial(run, "db", "copy")


def test_a_copy_tells_its_tables_and_what_to_do_next(run, tmp_path: Path):
    said = run("--to", f"sqlite:///{tmp_path / 'to.db'}")
    assert "message" in said
    assert "name it in database.url" in said
    copied = Database(f"sqlite:///{tmp_path / 'to.db'}")
    with copied.read() as connection:
        assert len(connection.execute(select(tables.message)).all()) == 1
    copied.close()
    found = json.loads(run("--to", f"sqlite:///{tmp_path / 'other.db'}", "--json"))["copied"]
    assert {one["table"]: one["rows"] for one in found}["patient"] == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [("postgresql://u:hemligt@h/d", "holds a password"), ("mysql://u@h/d", "expected sqlite:///file")],
)
def test_a_wrong_target_is_told_without_its_secret(run, url: str, words: str):
    with pytest.raises(AdapterError, match=words) as refused:
        run("--to", url)
    assert "hemligt" not in str(refused.value)
