"""Shapes of expressions that have a quicker way: what they give is what the general way gives."""

from typing import Any

import pytest

from adapter.fhirpath import FhirPathError
from adapter.fhirpath import compile as compile_expression

URL = "https://example.org/extension-"
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "message",
    "extension": [{"url": f"{URL}unknown", "valueBoolean": True}],
    "entry": [
        {
            "fullUrl": "urn:uuid:1",
            "extension": [{"url": f"{URL}entry", "extension": [{"url": "part", "valueCode": "x"}]}],
            "resource": {
                "resourceType": "Patient",
                "id": "1",
                "extension": [{"url": f"{URL}patient", "valueString": "a", "_valueString": {"extension": []}}],
                "_birthDate": {"extension": [{"url": f"{URL}date", "extension": [{"url": "inner"}]}]},
                "birthDate": "1912-12-12",
                "name": [
                    {
                        "given": ["Tolv", None],
                        "_given": [None, {"id": "g", "extension": [{"url": f"{URL}given", "valueCode": "y"}]}],
                    }
                ],
                "contained": [{"resourceType": "Task", "id": "t", "extension": [{"url": f"{URL}task"}]}],
            },
        },
        {"fullUrl": "urn:uuid:2", "resource": {"resourceType": "Task", "id": "2", "_id": {"id": "n"}}},
        {"fullUrl": "urn:uuid:3", "resource": {"resourceType": "Nothing", "id": "3"}},
        {"fullUrl": "urn:uuid:4"},
    ],
}


def evaluate(expression: str, resource: dict[str, Any] = BUNDLE, **variables: Any) -> list[Any]:
    return compile_expression(expression)(resource, **variables)


@pytest.mark.parametrize(
    ("quick", "general"),
    [
        ("descendants().extension.url", "descendants().select($this.extension.url)"),
        ("entry.descendants().extension.url", "entry.descendants().select($this.extension.url)"),
        ("entry.resource.id", "entry.resource.select(iif(true, $this)).id"),
        ("entry.resource.ofType(Patient).id", "entry.resource.where($this is Patient).id"),
        ("entry.resource.ofType(Task).id", "entry.resource.where($this is Task).id"),
        ("entry.resource.ofType(DomainResource).id", "entry.resource.where($this is DomainResource).id"),
        ("entry.where(fullUrl = 'urn:uuid:' & resource.id).count()", "entry.resource.count()"),
    ],
)
def test_the_quick_way_gives_the_same(quick: str, general: str) -> None:
    found = evaluate(quick)
    assert found
    assert sorted(map(str, found)) == sorted(map(str, evaluate(general)))


def test_extensions_below_are_the_nearest_first_and_not_the_resources_own() -> None:
    found = evaluate("descendants().extension.url")
    assert found[0] == f"{URL}entry"
    assert set(found) == {
        *(URL + name for name in ("entry", "patient", "date", "given", "task")),
        *("part", "inner"),
    }


@pytest.mark.parametrize(
    ("status", "expected"), [("draft", [True]), ("failed", [True]), ("completed", [False]), (None, [])]
)
def test_one_of_several_texts(status: str | None, expected: list[bool]) -> None:
    task = {"resourceType": "Task"} | ({"status": status} if status else {})
    assert evaluate("status = 'draft' or status = 'failed'", task) == expected


def test_one_of_several_texts_where_only_an_extension_stands() -> None:
    task = {"resourceType": "Task", "_status": {"extension": [{"url": f"{URL}absent"}]}}
    assert evaluate("status = 'draft' or status = 'failed'", task) == []


def test_or_of_two_elements_is_no_choice_of_one() -> None:
    task = {"resourceType": "Task", "status": "draft", "intent": "order"}
    assert evaluate("status = 'failed' or intent = 'order'", task) == [True]
    assert evaluate("status = 'draft' and status = 'failed'", task) == [False]


def test_a_union_of_texts_of_one_type_keeps_that_type() -> None:
    task = {
        "resourceType": "Task",
        "owner": {"reference": "a", "display": "b"},
        "requester": {"reference": "a", "_display": {"id": "x"}},
    }
    expression = compile_expression("owner.reference | requester.reference | owner.display | requester.display")
    assert expression.typed(task)[:2] == [("FHIR.string", "a"), ("FHIR.string", "b")]
    assert len(expression(task)) == 3


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2026-03-09", "2026-03-09"),
        ("2026-03", "2026-03"),
        ("2026-03-09T08:40:00+01:00", "2026-03-09T08:40:00+01:00"),
        ("2026-03-09T08:40:00+00:00", "2026-03-09T08:40:00Z"),
        ("2026-03-09T08:40:00-00:00", "2026-03-09T08:40:00Z"),
        ("2026-03-09T08:40:00Z", "2026-03-09T08:40:00Z"),
        ("2026-03-09T08:40:00.050+01:00", "2026-03-09T08:40:00.050+01:00"),
        ("2026-03-09T08:40:00.050-00:00", "2026-03-09T08:40:00.050Z"),
        ("2026-03-09T08:40:00.5+01:00", "2026-03-09T08:40:00.5+01:00"),
        ("2026-02-30", "2026-02-30"),
    ],
)
def test_a_moment_as_text(written: str, shown: str) -> None:
    task = {"resourceType": "Task", "authoredOn": written}
    assert evaluate("authoredOn.toString()", task) == [shown]
    assert evaluate("(authoredOn | {}).toString()", task) == [shown]


def test_matches_takes_texts_of_all_kinds() -> None:
    task = {"resourceType": "Task", "id": "ab", "authoredOn": "2026-03-09", "description": "a" * 200 + "b"}
    assert evaluate("id.matches('^a')", task) == [True]
    assert evaluate("id.matches('^b')", task) == [False]
    assert evaluate("id.matches('^A', 'i')", task) == [True]
    assert evaluate("authoredOn.matches('^2026')", task) == [True]
    assert evaluate("description.matches('b$')", task) == [True]
    assert evaluate("lastModified.matches('a')", task) == []
    assert evaluate("id.matches({})", task) == []
    with pytest.raises(FhirPathError, match="needs a String"):
        evaluate("matches('a')", task)
    with pytest.raises(FhirPathError, match="regular expression"):
        evaluate("id.matches('[')", task)


@pytest.mark.parametrize(
    ("resource", "expression", "place"),
    [
        ({"code": {"coding": [{"code": {"resourceType": "Task"}}]}}, "code.coding.where(code = 'x')", "coding.code"),
        ({"_issued": {"extension": "x"}}, "descendants().extension.all(url = 'x')", "issued.extension"),
        ({"valueQuantity": {"value": 1.5}}, "value.value = 1.5", "valueQuantity.value"),
    ],
)
def test_what_has_not_the_shape_of_fhir_json_is_told(resource: dict[str, Any], expression: str, place: str) -> None:
    with pytest.raises(FhirPathError, match=rf"shape of FHIR JSON at Observation\.(code\.)?{place}"):
        evaluate(expression, {"resourceType": "Observation"} | resource)
