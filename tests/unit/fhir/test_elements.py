import json
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from adapter.fhir import elements, generation
from adapter.support import paths
from adapter.support.errors import DefinitionsError

TABLE = elements.table()
DATA = generation.generate(paths.core_package().read_bytes())


def names(structure: str) -> list[str]:
    return [element.name for element in TABLE[structure].elements]


def test_order_is_that_of_the_specification() -> None:
    assert names("Period") == ["id", "extension", "start", "end"]
    assert names("MessageHeader")[:4] == ["id", "meta", "implicitRules", "language"]
    assert names("Patient.contact")[:4] == ["id", "extension", "modifierExtension", "relationship"]


def test_all_resources_of_r4() -> None:
    assert len(TABLE.resources) == 146
    assert not {"Resource", "DomainResource", "Element", "MetadataResource"} & TABLE.resources
    assert len(TABLE.primitives) == 20


def test_choices_are_expanded_and_share_their_place() -> None:
    deceased = [TABLE["Patient"].by_name[name] for name in ("deceasedBoolean", "deceasedDateTime")]
    assert {element.choice for element in deceased} == {"deceased[x]"}
    assert [element.type for element in deceased] == ["boolean", "dateTime"]
    assert len({element.order for element in deceased}) == 1
    assert len([e for e in TABLE["Extension"].elements if e.choice == "value[x]"]) == 50


def test_cardinality() -> None:
    by_name = TABLE["Bundle"].by_name
    assert (by_name["type"].min, by_name["type"].max, by_name["type"].is_list) == (1, 1, False)
    assert (by_name["entry"].min, by_name["entry"].max, by_name["entry"].is_list) == (0, None, True)


def test_content_references_are_followed() -> None:
    assert TABLE["Bundle.entry"].by_name["link"].type == "Bundle.link"
    assert TABLE["Provenance.entity"].by_name["agent"].type == "Provenance.agent"


def test_attributes_of_xml() -> None:
    assert TABLE["Extension"].by_name["url"].attribute
    assert TABLE["HumanName"].by_name["id"].attribute
    assert not TABLE["Patient"].by_name["id"].attribute
    assert TABLE["Patient"].by_name["id"].type == "id"


def test_kinds() -> None:
    assert TABLE["Narrative"].by_name["div"].kind == "xhtml"
    assert TABLE["Bundle.entry"].by_name["resource"].kind == "resource"
    assert TABLE["Patient"].by_name["name"].kind == "complex"
    assert TABLE["Patient"].by_name["active"].kind == "primitive"


def test_every_type_leads_to_a_structure_or_a_primitive() -> None:
    for name in TABLE:
        for element in TABLE[name].elements:
            assert element.type in TABLE or element.type in TABLE.primitives


def test_unknown_names() -> None:
    assert TABLE.get("Patiënt") is None
    with pytest.raises(KeyError):
        TABLE["Patiënt"]


@pytest.mark.parametrize(
    ("primitive", "matches", "fails"),
    [
        ("id", "a-1.B", "a_b"),
        ("date", "2026-02", "2026-13"),
        ("instant", "2026-02-28T12:00:00.123+01:00", "2026-02-28T12:00:00"),
        ("positiveInt", "1", "0"),
        ("string", "en rad\u00a0till", ""),
        ("base64Binary", "QUJD\n REVG", "QUJ"),
        ("code", "in progress", " final"),
    ],
)
def test_lexical_forms(primitive: str, matches: str, fails: str) -> None:
    pattern = TABLE.primitives[primitive].pattern
    assert pattern is not None
    assert pattern.fullmatch(matches)
    assert not pattern.fullmatch(fails)


def test_base64_that_does_not_match_is_found_in_linear_time() -> None:
    pattern = TABLE.primitives["base64Binary"].pattern
    assert pattern is not None
    assert not pattern.fullmatch("QUJD  " * 20_000 + "!")


def test_json_kinds() -> None:
    kinds = {name: primitive.json for name, primitive in TABLE.primitives.items() if primitive.json != "string"}
    numbers = dict.fromkeys(["integer", "positiveInt", "unsignedInt", "decimal"], "number")
    assert kinds == {"boolean": "boolean", **numbers}


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADAPTER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_generated_on_first_use_then_read(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = elements.table.__wrapped__()
    (stored,) = (empty_cache / "elements").iterdir()
    assert re.fullmatch(r"[0-9a-f]{64}-\d+\.json", stored.name)
    monkeypatch.setattr(generation, "generate", lambda _: pytest.fail("generated again"))
    second = elements.table.__wrapped__()
    assert first["Patient"] == second["Patient"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b'{"structures": {}}', b"\xff"])
def test_a_damaged_table_is_made_again(empty_cache: Path, damage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "generate", lambda _: DATA)
    elements.table.__wrapped__()
    (stored,) = (empty_cache / "elements").iterdir()
    whole = stored.read_bytes()
    stored.write_bytes(damage)
    assert elements.table.__wrapped__()["Patient"] == TABLE["Patient"]
    assert stored.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setenv("ADAPTER_CACHE", str(blocker))
    assert elements.table.__wrapped__()["Patient"] == TABLE["Patient"]


def test_two_processes_at_first_use(empty_cache: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert set(pool.map(_count_in_new_process, range(2))) == {len(TABLE["Patient"].elements)}
    (stored,) = (empty_cache / "elements").iterdir()
    json.loads(stored.read_bytes())


def _count_in_new_process(_: int) -> int:
    return len(elements.table()["Patient"].elements)


def test_without_the_core_package_the_error_names_the_command(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "core_package", lambda: tmp_path / "absent.tgz")
    with pytest.raises(DefinitionsError, match="adapter packages install"):
        elements.table.__wrapped__()


def test_another_package_is_refused() -> None:
    with pytest.raises(DefinitionsError, match="cannot be read"):
        generation.generate(b"not an archive")
