"""Records and messages that nobody wrote: the shipped ones, changed at random within their schema and their shape.

Twenty of each kind in every run; thousands with HYPOTHESIS_PROFILE=prove.
"""

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.mapping import Mapping, Outcome, Report, records
from adapter.mapping.schema import Type
from adapter.support.errors import MappingError

ROOT = Path(__file__).parents[3]
LIFECARE = ROOT / "mappings" / "lifecare"
SAMPLES = sorted(file for file in (LIFECARE / "samples").glob("*.xml") if "mottagningsbevis" not in file.name)
MESSAGES = sorted((ROOT / "fixtures" / "journeys").glob("*/*.json"))
XS = {"xs": "http://www.w3.org/2001/XMLSchema"}
GENERATED = settings(
    max_examples=settings().max_examples if settings().max_examples > 1000 else 20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
KEPT = re.compile(r"kuvert/(typ|version)|.*/(avserMal|stodsAvAvsnitt)")
"""What says what stands elsewhere in the record."""

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cn", "Cc"), include_characters="\t\n\r&<>\"'åäöÅÄÖ"),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip(" \t\n\r") != "" and records.legal(text))


@pytest.fixture(scope="module")
def values() -> dict[str, st.SearchStrategy[str]]:
    """How to make a value of each simple type of the schema."""
    made: dict[str, st.SearchStrategy[str]] = {}
    for simple in etree.parse(LIFECARE / "lifecare.xsd").getroot().findall("xs:simpleType", XS):
        name, pattern = simple.get("name"), simple.find("xs:restriction/xs:pattern", XS)
        if name == "textTyp":
            made[name] = TEXT
        elif simple.find("xs:union", XS) is not None:
            made[name] = st.one_of([made[part] for part in simple.find("xs:union", XS).get("memberTypes").split()])
        elif pattern is None:
            made[name] = st.sampled_from([code.get("value") for code in simple.iterfind(".//xs:enumeration", XS)])
        else:
            made[name] = st.from_regex(
                pattern.get("value"), fullmatch=True, alphabet=st.characters(codec="ascii", exclude_categories=("Cc",))
            )
    return made


def leaves(
    record: records.Record, kind: Type, types: dict[str, Type], path: str = ""
) -> Iterator[tuple[Any, str, str, str]]:
    """(element, key, type, path) of each text and attribute. A type that extends another is asked by its name."""
    for key, value in record.items():
        if isinstance(value, list):
            child = kind.children[key]
            for each in value:
                yield from leaves(each, types[child.type], types, f"{path}/{key}".lstrip("/"))
        else:
            yield record, key, kind.name if key == records.TEXT else kind.attributes[key[1:]], path


def optional(record: records.Record) -> Iterator[tuple[records.Record, str]]:
    """(element, name of children) all through a record."""
    for key, value in record.items():
        if isinstance(value, list):
            yield record, key
            for each in value:
                yield from optional(each)


def changed(lifecare: Mapping, file: Path, data: st.DataObject, values: dict[str, st.SearchStrategy[str]]) -> bytes:
    """A record of the same kind: some values are others, everywhere where they stand; some children are gone, some are
    twice; it follows the schema."""
    schema = lifecare._schema
    record = records.read(file.read_bytes(), schema, "meddelande", 1 << 20)
    root = schema.types[schema.roots["meddelande"]]
    found = [leaf for leaf in leaves(record, root, schema.types) if not KEPT.fullmatch(leaf[3])]
    for element, key, kind, _ in data.draw(st.lists(st.sampled_from(found), max_size=6)):
        old = element[key]
        new = data.draw(values.get(kind, TEXT), label=kind)
        for other, name, same, _ in found:
            if same == kind and other[name] == old:
                other[name] = new
    for element, key in data.draw(st.lists(st.sampled_from(list(optional(record))), max_size=3)):
        held = element.get(key)
        if data.draw(st.booleans()):
            element.pop(key, None)
        elif held:
            held.append(copy.deepcopy(held[0]))
        try:
            records.write(record, "meddelande", schema)
        except MappingError:
            element[key] = held[:1] if held else []
    try:
        return records.write(record, "meddelande", schema)
    except MappingError:
        assume(False)
        raise


@GENERATED
@given(data=st.data())
def test_a_changed_record_comes_back_to_the_letter_or_is_refused(
    lifecare: Mapping, one_by_one: Mapping, values: dict[str, st.SearchStrategy[str]], data: st.DataObject
) -> None:
    content = changed(lifecare, data.draw(st.sampled_from(SAMPLES)), data, values)
    try:
        read = lifecare.to_fhir(content)
        written = lifecare.to_record(read.bundle)
    except MappingError as error:
        event(re.sub(r".*rule ", "refused by ", str(error)))
        return
    assert written.content == content
    assert told(read.report) == told(one_by_one.to_fhir(content).report)
    assert told(written.report) == told(one_by_one.to_record(read.bundle).report)
    assert {line.outcome for line in read.report.lines} == {Outcome.MAPPED}
    assert not written.report.of(Outcome.NOT_MAPPED)
    assert lifecare.to_fhir(written.content).bundle == read.bundle


def told(report: Report) -> tuple[dict[str, Any], frozenset[str]]:
    """All that a report says."""
    return report.to_dict(), report.used


WORDS = {
    "text",
    "name",
    "title",
    "description",
    "display",
    "city",
    "line",
    "family",
    "given",
    "contentString",
    "comment",
}


@GENERATED
@given(data=st.data())
def test_a_changed_message_comes_back_but_for_what_was_left_out_or_is_refused(
    lifecare: Mapping, one_by_one: Mapping, kept_and_back: Callable[..., Any], data: st.DataObject
) -> None:
    bundle = fhir_json.parse(data.draw(st.sampled_from(MESSAGES)).read_bytes())
    header = MessageBundle(bundle).header
    header["destination"] = [data.draw(st.sampled_from(header["destination"]))]
    places = list(inside(bundle))
    for holder, key in data.draw(st.lists(st.sampled_from(places), max_size=4)):
        if isinstance(holder, dict) and key in holder and data.draw(st.booleans()):
            if key in WORDS and isinstance(holder[key], str):
                holder[key] = data.draw(TEXT)
            elif key not in ("resourceType", "entry", "resource", "fullUrl", "id", "reference"):
                del holder[key]
        elif isinstance(holder, list) and isinstance(holder[0], dict) and "resource" not in holder[0]:
            holder.append(copy.deepcopy(holder[0]))
    try:
        written = lifecare.to_record(bundle)
        back = lifecare.to_fhir(written.content)
    except MappingError as error:
        event(re.sub(r".*rule ", "refused by ", str(error)))
        return
    assert lifecare.to_record(back.bundle).content == written.content
    assert told(written.report) == told(one_by_one.to_record(bundle).report)
    assert told(back.report) == told(one_by_one.to_fhir(written.content).report)
    assert not written.report.of(Outcome.NOT_MAPPED)
    supplied = {line.path for line in written.report.of(Outcome.SUPPLIED)}
    event("something is supplied" if supplied else "whole")
    if not supplied:
        kept, came = kept_and_back(bundle, written.report, back.bundle)
        assert came == kept


def inside(value: Any) -> Iterator[tuple[Any, Any]]:
    """Holder and key of every node."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(item, dict | list):
            yield from inside(item)
