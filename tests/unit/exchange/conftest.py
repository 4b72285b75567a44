"""A directory of a region and two municipalities."""

from pathlib import Path

import pytest

from adapter.directory import Directory

_DIRECTORY = """
parties:
  - {id: region, kind: region, name: Regionen}
  - {id: kommun-a, kind: municipality, name: A kommun, kommunkod: "2482"}
  - {id: kommun-b, kind: municipality, name: B kommun, kommunkod: "2480"}
units:
  - {hsa: SE2321000016-WARD, name: Avdelningen, kind: inpatient, party: region}
  - {hsa: SE2321000016-CARE, name: Hälsocentralen, kind: open-care, party: region}
  - {hsa: SE2120000001-HOME, name: Mottagande enhet, kind: municipal-receiving, party: kommun-a}
  - {hsa: SE2120000002-HOME, name: Mottagande enhet, kind: municipal-receiving, party: kommun-b}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "directory.yaml").write_text(_DIRECTORY, encoding="utf-8")
    return Directory.load(tmp_path / "directory")
