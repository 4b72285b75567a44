"""A small directory that is right, to be spoilt one line at a time."""

from collections.abc import Callable
from pathlib import Path

import pytest

PARTIES = """\
parties:
  - {id: region, kind: region, name: Region, hsa: SE2321000001-0001}
  - {id: north, kind: municipality, name: North, kommunkod: "9901"}
  - {id: south, kind: municipality, name: South, kommunkod: "9902"}
  - {id: island, kind: region, name: Island, kommunkod: "0980"}
  - {id: clinic, kind: provider, name: Clinic}
  - {id: tool, kind: operator, name: Tool}
"""
UNITS = """\
hsa,name,kind,party,parent,valid_from,valid_to
SE2321000001-W1,Ward,inpatient,region,,,
SE2321000001-C1,Centre,open-care,region,,,
SE2321000002-R1,Reception north,municipal-receiving,north,,,
SE2321000002-H1,Home care north,municipal,north,SE2321000002-R1,,
SE2321000003-R1,Reception south,municipal-receiving,south,,,
SE2321000004-W1,Ward island,inpatient,island,,,
SE2321000004-R1,Reception island,municipal-receiving,island,,2024-01-01,
SE2321000005-C1,Clinic,open-care,clinic,,,
SE2321000009-M1,Moved,municipal,north,,,2024-12-31
SE2321000009-M1,Moved,municipal,south,,2025-01-01,
"""
SYSTEMS = """\
systems:
  - {id: ehr, kind: ehr, party: region, carries: [clinic, island]}
  - {id: shared, kind: planning-tool, party: tool, carries: [north, south, island]}
"""
ENDPOINTS = """\
endpoints:
  - id: ehr-fhir
    system: ehr
    channel: fhir
    address: https://ehr.example/fhir/$process-message
    logical: https://ehr.example/fhir
  - id: shared-xml
    system: shared
    channel: xml-http
    address: http://127.0.0.1:9000/in
    mapping: lifecare
"""
ROUTES = """\
routes:
  - {to: {party: region}, endpoint: ehr-fhir}
  - {to: {party: clinic}, endpoint: ehr-fhir}
  - {to: {party: north}, endpoint: shared-xml}
  - {to: {party: south}, endpoint: shared-xml}
  - {to: {party: island}, endpoint: shared-xml}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the directory, with files replaced (by stem) or replacements (old, new) made; returns its folder."""

    def write(*replacements: tuple[str, str], **files: str) -> Path:
        texts = {
            "parties.yaml": PARTIES,
            "units.csv": UNITS,
            "systems.yaml": SYSTEMS,
            "endpoints.yaml": ENDPOINTS,
            "routes.yaml": ROUTES,
        }
        texts |= {("units.csv" if stem == "units" else f"{stem}.yaml"): text for stem, text in files.items()}
        for old, new in replacements:
            assert any(old in text for text in texts.values()), f"{old!r} stands in no file"
            texts = {name: text.replace(old, new, 1) for name, text in texts.items()}
        folder = tmp_path / "directory"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
        return folder

    return write
