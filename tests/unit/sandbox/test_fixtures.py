from pathlib import Path

import pytest

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.support.paths import shipped

FIXTURES = shipped("fixtures")
MESSAGES = sorted((FIXTURES / "journeys").glob("*/*.json"))


@pytest.mark.parametrize("file", MESSAGES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_json_and_xml_twins_have_the_same_content(file: Path) -> None:
    twin = file.with_suffix(".xml")
    assert fhir_xml.parse(twin.read_bytes()) == fhir_json.parse(file.read_bytes())


def test_every_message_has_its_twin() -> None:
    assert MESSAGES
    assert sorted(file.with_suffix("") for file in (FIXTURES / "journeys").glob("*/*.xml")) == [
        file.with_suffix("") for file in MESSAGES
    ]
