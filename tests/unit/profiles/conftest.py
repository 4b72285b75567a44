"""The committed package: what SUSHI made of profiles/."""

import json
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "profiles" / "package"


@pytest.fixture(scope="session")
def package():
    """(resource type, id) -> resource."""
    resources = [json.loads(file.read_bytes()) for file in PACKAGE.glob("*-*.json")]
    return {(resource["resourceType"], resource["id"]): resource for resource in resources}


@pytest.fixture(scope="session")
def structure(package):
    """id -> elements of the snapshot, by id."""

    def elements(name):
        return {each["id"]: each for each in package["StructureDefinition", name]["snapshot"]["element"]}

    return elements
