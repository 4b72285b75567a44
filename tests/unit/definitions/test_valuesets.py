"""Filters and value sets, each rule kept and broken: values of properties, case, exclusion, forms, expansions."""

from typing import Any

import pytest

from adapter.definitions import Definitions
from adapter.definitions.terminology import Terminology

Resource = dict[str, Any]
CS, VS = "http://x/cs", "http://x/vs"
TAGS = "urn:ietf:bcp:47"
INCOMPLETE = "http://hl7.org/fhir/StructureDefinition/valueset-"


def value_set(*includes: Resource, **more: Any) -> Resource:
    compose = {"include": [*includes], **({"exclude": more.pop("exclude")} if "exclude" in more else {})}
    return {"resourceType": "ValueSet", "url": VS, "compose": compose} | more


def system(*concepts: Resource, **more: Any) -> Resource:
    return {"resourceType": "CodeSystem", "url": CS, "content": "complete", "concept": [*concepts]} | more


def about(*resources: Resource) -> Terminology:
    return Terminology(Definitions([], resources))


def has(name: str, value: Any) -> Resource:
    return {"code": name, "valueString" if isinstance(value, str) else "valueBoolean": value}


TREE = system(
    {
        "code": "Top",
        "definition": "The top",
        "concept": [
            {"code": "Mid", "concept": [{"code": "Low"}]},
            {"code": "Other", "definition": 1, "property": [has("legs", "4")]},
        ],
    },
    {"code": "old", "property": [has("inactive", True)], "legs": "4", "display": "One"},
    {
        "code": "Two",
        "display": "Two",
        "designation": [{"value": "Tva"}, {"value": "One"}],
        "property": [has("legs", "4"), has("legs", "0,4"), has("said", "Loud")],
    },
    property=[{"code": "legs", "type": "string"}, {"code": "said", "type": "string"}],
)
LOOSE = TREE | {"caseSensitive": False}
FILTERS: list[tuple[str, str, str, set[str]]] = [
    ("definition", "=", "The top", {"Top"}),
    ("definition", "exists", "true", {"Top"}),
    ("inactive", "=", "false", {"Top", "Mid", "Low", "Other", "Two"}),
    ("inactive", "=", "true", {"old"}),
    ("notSelectable", "=", "false", {"Top", "Mid", "Low", "Other", "Two", "old"}),
    ("legs", "=", "0,4", {"Two"}),
    ("legs", "=", "4", {"Two", "Other"}),
    ("legs", "in", "4,5", {"Two", "Other"}),
    ("legs", "in", "0", set()),
    ("legs", "exists", "true", {"Two", "Other"}),
    ("parent", "=", "Top", {"Mid", "Other"}),
    ("child", "=", "Low", {"Mid"}),
    ("parent", "in", "Top,Mid", {"Mid", "Other", "Low"}),
    ("display", "=", "Two", {"Two"}),
    ("display", "=", "One", {"old"}),
    ("display", "=", "Tva", set()),
    ("said", "=", "Loud", {"Two"}),
    ("said", "=", "loud", set()),
    ("concept", "=", "mid", set()),
    ("parent", "=", "top", set()),
    ("concept", "is-not-a", "Mid", {"Top", "Other", "old", "Two"}),
    ("concept", "generalizes", "Mid", {"Top", "Mid"}),
]


@pytest.mark.parametrize(("name", "operation", "value", "codes"), FILTERS)
def test_filters(name: str, operation: str, value: str, codes: set[str]) -> None:
    filtered = value_set({"system": CS, "filter": [{"property": name, "op": operation, "value": value}]})
    assert about(TREE, filtered).codes(VS) == {CS: codes}


@pytest.mark.parametrize(
    ("name", "value", "codes"),
    [
        ("concept", "MID", {"mid"}),
        ("code", "mid", {"mid"}),
        ("parent", "TOP", {"mid", "other"}),
        ("child", "LOW", {"mid"}),
        ("said", "Loud", {"two"}),
        ("said", "loud", set()),
    ],
)
def test_where_case_tells_nothing_apart_it_is_that_of_codes(name: str, value: str, codes: set[str]) -> None:
    filtered = value_set({"system": CS, "filter": [{"property": name, "op": "=", "value": value}]})
    assert about(LOOSE, filtered).codes(VS) == {CS: codes}


@pytest.mark.parametrize("missing", ["property", "op", "value"])
def test_a_filter_without_a_part_selects_nothing_or_is_undecided(missing: str) -> None:
    found = {"property": "legs", "op": "=", "value": "4"}
    del found[missing]
    verdict = about(TREE, value_set({"system": CS, "filter": [found]})).member(VS, CS, "Two")
    assert verdict.result is (False if missing == "value" else None)
    assert verdict.result is False or "cannot be decided" in verdict.reason


def test_a_pattern_that_is_not_there_is_that_of_no_code() -> None:
    filtered = value_set({"system": CS, "filter": [{"property": "code", "op": "regex"}]})
    assert about(TREE, filtered).codes(VS) == {CS: set()}


def test_listed_codes_are_told_apart_by_case_unless_their_system_does_not() -> None:
    listed = value_set({"system": CS, "concept": [{"code": "mid"}, {"display": "no code"}]})
    for known, result in ((about(TREE, listed), False), (about(LOOSE, listed), True), (about(listed), False)):
        assert known.member(VS, CS, "MID").result is result
        assert known.member(VS, CS, "mid").result is True
        assert known.member(VS, None, "MID").result is result


def test_what_is_retired_is_left_out_where_it_is_excluded() -> None:
    old = {"system": CS, "filter": [{"property": "inactive", "op": "=", "value": "true"}]}
    assert about(TREE, value_set({"system": CS}, exclude=[old])).member(VS, CS, "old").result is False
    assert about(TREE, value_set({"system": CS}, exclude=[{"system": CS}])).codes(VS) == {CS: set()}
    active = value_set({"system": CS}, exclude=[old])
    active["compose"]["inactive"] = False
    assert about(TREE, active).member(VS, CS, "old").result is False
    active["compose"]["inactive"] = True
    active["compose"]["exclude"] = []
    assert about(TREE, active).member(VS, CS, "old").result is True


def test_codes_that_have_a_form() -> None:
    known = about(value_set({"system": TAGS}))
    assert known.member(VS, TAGS, "sv-SE").result is True
    assert known.member(VS, None, "sv-SE").result is True
    assert known.member(VS, TAGS, "not a tag").result is False
    assert known.member(VS, CS, "sv-SE").result is False
    filtered = value_set({"system": TAGS, "filter": [{"property": "code", "op": "=", "value": "sv"}]})
    verdict = about(filtered).member(VS, TAGS, "sv")
    assert verdict.result is None
    assert verdict.reason == f"the codes of the system {TAGS} are not in the packages that are loaded"


@pytest.mark.parametrize(
    ("loaded", "words"),
    [
        ([TREE | {"version": "1"}], f"version 2 of the code system {CS} is not in the packages that are loaded"),
        ([], f"the codes of the system {CS} are not in the packages that are loaded"),
    ],
)
def test_what_is_not_loaded_is_told(loaded: list[Resource], words: str) -> None:
    verdict = about(*loaded, value_set({"system": CS, "version": "2"})).member(VS, CS, "Top")
    assert (verdict.result, verdict.reason) == (None, words)


def expanded(*contains: Any, **more: Any) -> Resource:
    return {"resourceType": "ValueSet", "url": VS, "expansion": {"contains": [*contains], **more}}


A, B = {"system": CS, "code": "a"}, {"system": CS, "code": "b"}


def flagged(name: str) -> dict[str, Any]:
    return {"extension": [{"url": "http://x/other"}, {"url": INCOMPLETE + name, "valueBoolean": True}]}


@pytest.mark.parametrize(
    ("expansion", "is_whole"),
    [
        (expanded(A), True),
        (expanded(A, total=1), True),
        (expanded(A, total=2), False),
        (expanded(A, total="2"), True),
        (expanded(A, B, {"display": "a heading"}, total=2), True),
        (expanded(A, B, {"display": "a heading"}, total=3), False),
        (expanded(A, {"code": "no-system"}, total=2), True),
        (expanded(A, B | {"abstract": True}, total=2), True),
        (expanded(A | {"contains": [B]}, total=2), True),
        (expanded(A, offset=0), True),
        (expanded(A, offset=1), False),
        (expanded(A, **flagged("unclosed")), False),
        (expanded(A, **flagged("toocostly")), False),
        (expanded(A, **flagged("other")), True),
    ],
)
def test_whether_an_expansion_is_the_whole_of_it(expansion: Resource, is_whole: bool) -> None:
    known = about(expansion)
    assert known.member(VS, CS, "a").result is True
    verdict = known.member(VS, CS, "x")
    assert verdict.result is (False if is_whole else None)
    assert is_whole or verdict.reason == f"the expansion that {VS} carries is not the whole of it"


def test_what_an_expansion_holds() -> None:
    known = about(expanded({"code": "no-system"}, A | {"abstract": True, "contains": [B]}, {"system": CS}))
    assert known.codes(VS) == {CS: {"b"}}
    for empty in (expanded(), expanded({"display": "x"}), expanded("x")):
        verdict = about(empty).member(VS, CS, "a")
        assert (verdict.result, verdict.reason) == (None, f"the value set {VS} has no content")


def test_an_expansion_is_asked_only_of_what_the_rest_does_not_decide() -> None:
    decided = value_set({"system": CS, "concept": [{"code": "b"}]}) | {"expansion": {"contains": [A]}}
    assert about(decided).member(VS, CS, "a").result is False
    gone = "http://x/gone"
    open_ = value_set({"system": gone}) | {"expansion": {"contains": [A, {"system": gone, "code": "a"}]}}
    assert [about(open_).member(VS, gone, each).result for each in "ab"] == [True, False]
    assert about(open_).member(VS, CS, "a").result is False


def test_a_value_set_in_a_resource_is_asked_by_itself() -> None:
    test = about(TREE).test({"compose": {"include": [{"system": CS, "concept": [{"code": "Mid"}]}]}})
    assert (test(CS, "Mid").result, test(CS, "Low").result) == (True, False)
    assert about().test({})(CS, "a").reason == "the value set in the resource has no content"


def test_an_import_is_read_once_and_after_it_the_next_is_no_circle() -> None:
    one = value_set({"system": CS, "concept": [{"code": "a"}]}, url="http://x/one")
    two = value_set({"valueSet": ["http://x/one"]}, {"valueSet": ["http://x/one", "http://x/one"]}, url="http://x/two")
    both = value_set({"valueSet": ["http://x/two", "http://x/one"]})
    known = about(one, two, both)
    assert known.codes(VS) == known.codes("http://x/two") == known.codes("http://x/one") == {CS: {"a"}}
