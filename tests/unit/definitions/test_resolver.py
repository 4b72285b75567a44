from collections.abc import Callable
from typing import Any

import pytest

from adapter import definitions
from adapter.definitions import store
from adapter.definitions.lock import Lock
from adapter.definitions.packages import Package, read_manifest
from adapter.support.errors import DefinitionsError

Make = Callable[..., bytes]
URL = "http://x/ValueSet/v"


def value_set(**more: Any) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "url": URL, **more}


def put(content: bytes, declared: str | None = None) -> Package:
    return store.install(content, read_manifest(content, "x", declared)).package


def test_by_canonical_url_and_version(package: Make) -> None:
    put(package("a", "1", None, value_set(version="1"), {"resourceType": "CodeSystem", "url": "http://x/cs"}))
    loaded = definitions.load(["a#1"])
    assert loaded.resource(URL) == value_set(version="1")
    assert loaded.resource(f"{URL}|1") == value_set(version="1")
    assert loaded.resource(f"{URL}|2") is None
    assert loaded.resource(URL, "CodeSystem") is None
    assert loaded.resource("http://x/other") is None
    assert list(loaded.urls("CodeSystem")) == ["http://x/cs"]


def test_later_packages_and_extra_resources_win_but_versions_stay(package: Make) -> None:
    put(package("a", "1", None, value_set(version="1")))
    put(package("b", "1", None, value_set(version="2")))
    extra = value_set(version="3")
    loaded = definitions.load(["a#1", "b#1"], [extra, {"resourceType": "Patient"}])
    assert loaded.resource(URL) == extra
    assert [loaded.resource(f"{URL}|{version}") for version in "12"] == [value_set(version="1"), value_set(version="2")]
    assert definitions.load(["a#1", "b#1"]).resource(URL) == value_set(version="2")


def test_dependencies_come_along_and_missing_ones_warn(package: Make) -> None:
    put(package("c", "1", {"b": "1"}))
    put(package("b", "1", {"c": "1"}, value_set()))
    put(package("a", "1", {"b": "1", "absent": "9"}))
    loaded = definitions.load(["a#1"])
    assert [found.id for found in loaded.packages] == ["c", "b", "a"]
    assert loaded.resource(URL) == value_set()
    assert loaded.warnings == ("a#1 depends on absent#9, which is not installed",)


def test_asked_for_by_alias(package: Make) -> None:
    put(package("a.r4", "1", None, value_set()), "a")
    assert [found.key for found in definitions.load(["a#1", "a.r4#1"]).packages] == ["a.r4#1"]


def test_a_missing_package_names_the_command() -> None:
    with pytest.raises(DefinitionsError, match="absent#1 is not installed: run `adapter packages install"):
        definitions.load(["absent#1"])


def test_the_lock_is_kept(package: Make) -> None:
    installed = put(package("a", "1"))
    assert definitions.load(["a#1"], lock=Lock().with_package(installed)).packages == (installed,)
    with pytest.raises(DefinitionsError, match="not the one that the lock names"):
        definitions.load(["a#1"], lock=Lock().with_package(Package("a", "1", "0" * 64)))


def test_the_core_package_needs_no_installing() -> None:
    loaded = definitions.load(["hl7.fhir.r4.core#4.0.1"])
    patient = loaded.resource("http://hl7.org/fhir/StructureDefinition/Patient|4.0.1", "StructureDefinition")
    assert patient is not None
    assert patient["snapshot"]["element"][0]["path"] == "Patient"
