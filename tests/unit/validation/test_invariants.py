"""Invariants written by hand say what FHIRPath says of their expression; which are checked where, and how gravely."""

from typing import Any

import pytest

from adapter.fhirpath import Scope, model, nodes
from adapter.fhirpath import compile as compile_expression
from adapter.validation import Validator, invariants
from adapter.validation.run import Frame, Run

EXTENSION = "extension.exists() != value.exists()"
SYSTEM_OF_CODE = "code.empty() or system.exists()"
SYSTEM_OF_VALUE = "value.empty() or system.exists()"
DATA = "data.empty() or contentType.exists()"
COMPARATOR = "comparator.empty()"
DETAIL = "detail.empty() or reference.empty()"
ENTRY = "resource.exists() or request.exists() or response.exists()"
HISTORY = "fullUrl.contains('/_history/').not()"
TOTAL = "total.empty() or (type = 'searchset') or (type = 'history')"
SEARCH = "entry.search.empty() or (type = 'searchset')"
REQUEST = (
    "entry.all(request.exists() = (%resource.type = 'batch' or %resource.type = 'transaction' or %resource.type = "
    "'history'))"
)
RESPONSE = (
    "entry.all(response.exists() = (%resource.type = 'batch-response' or %resource.type = 'transaction-response' or "
    "%resource.type = 'history'))"
)
DISTINCT = "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()"
PERIOD = "start.hasValue().not() or end.hasValue().not() or (start <= end)"
X = [{"url": "http://acme.com/x", "valueCode": "x"}]
EXTRA = {"extension": X}
ONE, TWO = {"fullUrl": "http://acme.com/Patient/1"}, {"fullUrl": "http://acme.com/Patient/2"}
FETCH = {"request": {"method": "GET", "url": "x"}}
DONE = {"response": {"status": "200"}}


def version(number: str | None) -> dict[str, Any]:
    return {"resourceType": "Patient"} | ({"meta": {"versionId": number}} if number else {"meta": {"source": "x"}})


def bundle(type_: str, *entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type_, **({"entry": list(entries)} if entries else {}), **more}


EVERY = (
    *("document", "message", "transaction", "transaction-response", "batch", "batch-response", "history"),
    *("searchset", "collection"),
)
CASES: dict[str, tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = {
    # expression: type, what keeps it, what breaks it
    PERIOD: (
        "Period",
        [
            {"start": "2026-03-09", "end": "2026-03-09"},
            {"start": "2026-03-09T08:40:00+01:00", "end": "2026-03-09T08:40:00+01:00"},
            {"start": "2026-03-09T08:40:00+01:00", "end": "2026-03-09T07:40:01Z"},
            {"start": "2026-03-09T08:40:00.000+01:00", "end": "2026-03-09T08:40:00.001+01:00"},
        ],
        [
            {"start": "2026-03-10", "end": "2026-03-09"},
            {"start": "2026-03-09T08:40:01+01:00", "end": "2026-03-09T08:40:00+01:00"},
            {"start": "2026-03-09T08:40:00+01:00", "end": "2026-03-09T07:39:59Z"},
        ],
    ),
    EXTENSION: (
        "Extension",
        [{"url": "x", "valueCode": "x"}, {"url": "x", "_valueCode": EXTRA}, {"url": "x", "extension": X}],
        [{"url": "x"}, {"url": "x", "valueCode": "x", "extension": X}, {"id": "x", "url": "x"}],
    ),
    SYSTEM_OF_CODE: (
        "Quantity",
        [{"value": 1}, {"code": "g", "system": "x"}, {"code": "g", "_system": EXTRA}, {"system": "x"}],
        [{"code": "g"}, {"code": "g", "unit": "g"}],
    ),
    SYSTEM_OF_VALUE: (
        "ContactPoint",
        [{"use": "home"}, {"value": "1", "system": "phone"}, {"value": "1", "_system": EXTRA}, {"system": "phone"}],
        [{"value": "1"}, {"_value": EXTRA}, {"value": "1", "use": "home"}],
    ),
    DATA: (
        "Attachment",
        [{"url": "x"}, {"data": "QQ==", "contentType": "x/x"}, {"data": "QQ==", "_contentType": EXTRA}],
        [{"data": "QQ=="}, {"_data": EXTRA}, {"data": "QQ==", "title": "x"}],
    ),
    COMPARATOR: ("Quantity", [{"value": 1}], [{"comparator": "<"}, {"_comparator": EXTRA}]),
    DETAIL: (
        "CarePlan.activity",
        [{"detail": {"status": "unknown"}}, {"reference": {"display": "x"}}, {"progress": [{"text": "x"}]}],
        [{"detail": {"status": "unknown"}, "reference": {"display": "x"}}],
    ),
    ENTRY: (
        "Bundle.entry",
        [{"resource": {"resourceType": "Patient"}}, FETCH, DONE, FETCH | DONE],
        [ONE, ONE | {"search": {"mode": "match"}}, {"link": [{"relation": "self", "url": "x"}]}],
    ),
    HISTORY: (
        "Bundle.entry",
        [ONE, {"fullUrl": "http://acme.com/_history"}],
        [{"fullUrl": "http://acme.com/Patient/1/_history/2"}],
    ),
    TOTAL: (
        "Bundle",
        [*(bundle(each) for each in EVERY), bundle("searchset", total=1), bundle("history", total=1)],
        [bundle(each, total=1) for each in EVERY if each not in ("searchset", "history")]
        + [bundle("batch", _total=EXTRA)],
    ),
    SEARCH: (
        "Bundle",
        [*(bundle(each, ONE) for each in EVERY), bundle("searchset", ONE | {"search": {"mode": "match"}}, ONE)],
        [bundle(each, ONE, ONE | {"search": {"mode": "match"}}) for each in EVERY if each != "searchset"],
    ),
    REQUEST: (
        "Bundle",
        [bundle(each, FETCH, FETCH) for each in ("batch", "transaction", "history")]
        + [bundle(each, ONE, TWO) for each in EVERY if each not in ("batch", "transaction", "history")]
        + [bundle(each) for each in EVERY],
        [bundle(each, FETCH, ONE) for each in ("batch", "transaction", "history")]
        + [bundle(each, ONE, FETCH) for each in EVERY if each not in ("batch", "transaction", "history")],
    ),
    RESPONSE: (
        "Bundle",
        [bundle(each, DONE, DONE) for each in ("batch-response", "transaction-response", "history")]
        + [bundle(each, ONE) for each in EVERY if each not in ("batch-response", "transaction-response", "history")]
        + [bundle(each) for each in EVERY],
        [bundle(each, ONE, DONE) for each in ("batch-response", "transaction-response", "history")]
        + [bundle(each, DONE) for each in EVERY if each not in ("batch-response", "transaction-response", "history")],
    ),
    DISTINCT: (
        "Bundle",
        [
            bundle("history", ONE, ONE),
            bundle("batch", ONE, TWO),
            bundle("batch", FETCH, FETCH),
            bundle("batch", ONE | {"resource": version("1")}, ONE | {"resource": version("2")}),
            bundle("batch", ONE | {"resource": version("1")}, ONE),
            bundle("batch"),
        ],
        [
            bundle("batch", ONE, TWO, ONE),
            bundle("batch", ONE | {"resource": version("1")}, ONE | {"resource": version("1")}),
            bundle("batch", ONE | {"resource": version(None)}, ONE),
            bundle("batch", ONE | {"resource": version(None)}, ONE | {"resource": {"resourceType": "Patient"}}),
        ],
    ),
}


def test_each_has_cases() -> None:
    assert set(invariants.BY_HAND) == set(CASES)


@pytest.mark.parametrize("expression", CASES)
def test_by_hand_is_as_by_fhirpath(expression: str) -> None:
    type_, kept, broken = CASES[expression]
    compiled = compile_expression(expression).for_type(model.fhir(type_))
    by_hand = invariants.BY_HAND[expression]
    for wanted, values in ((True, kept), (False, broken)):
        for value in values:
            node = nodes.node_of(value) if "resourceType" in value else nodes.node_of(bundle("batch"))
            assert (by_hand(value), compiled.holds(value, Scope(node, node))) == (wanted, wanted), value


@pytest.mark.parametrize(
    "value",
    [bundle("batch", {"fullUrl": 1}, {"fullUrl": 1}), bundle("batch", ONE | {"resource": 1}, TWO), {"entry": 1}],
)
def test_what_is_of_no_right_type_is_said_elsewhere(value: dict[str, Any]) -> None:
    assert invariants.BY_HAND[DISTINCT](value)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"start": "2026-03-09"},
        {"start": "2026-03", "end": "2026-03-09"},
        {"start": "2026-02-30", "end": "2026-03-09"},
        {"start": "2026-03-09", "end": "2026-03-09T08:40:00+01:00"},
        {"start": "2026-03-09", "end": "2026-03-08", "_end": EXTRA},
        {"start": ["2026-03-09"], "end": "2026-03-08"},
    ],
)
def test_what_is_unusual_in_a_period_is_left_to_fhirpath(value: dict[str, Any]) -> None:
    assert invariants.BY_HAND[PERIOD](value) is None


BASE = "http://hl7.org/fhir/StructureDefinition/"
BEST = [{"url": BASE + "elementdefinition-bestpractice", "valueBoolean": True}]


def constraint(key: str, expression: str | None = "text.exists()", **more: Any) -> dict[str, Any]:
    found = {"key": key, "severity": "error", "human": f"words of {key}", "expression": expression, **more}
    return {name: value for name, value in found.items() if value is not None}


def profile(name: str, type_: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": f"http://acme.com/{name}",
        "name": name,
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": [{"path": type_}, *elements]},
    }


CONSTRAINTS = [
    constraint("a-1"),
    constraint("a-2", severity="warning"),
    constraint("a-3", severity="guideline"),
    constraint("a-4", human=None),
    constraint("a-5", expression=None),
    constraint("a-6", extension=BEST),
    constraint("a-7", extension=[{"url": BASE + "x", "valueBoolean": True}]),
    constraint("a-8", extension=[{**BEST[0], "valueBoolean": False}]),
    constraint("dom-2"),
    constraint("dom-3", source="http://acme.com/other"),
    constraint("dom-4", source=BASE + "Patient"),
    constraint("a-9", expression="given.first()"),
    constraint("a-10", expression="not a path"),
    constraint("a-11", expression=DETAIL),
    constraint("a-12", expression=COMPARATOR, human="comparator"),
]
PROFILE = profile("p", "Patient", {"path": "Patient.name", "constraint": CONSTRAINTS})
PART = profile("part", "Patient", {"path": "Patient.name.given", "constraint": [constraint("b-1", "length() < 4")]})
QUANTITY = profile(
    "q", "Basic", {"path": "Basic.extension", "constraint": [constraint("c-1", EXTENSION), constraint("c-2", "true")]}
)
DEMANDED = {
    "a-1": "error",
    "a-2": "warning",
    "a-3": "warning",
    "a-4": "error",
    "a-7": "error",
    "a-8": "error",
    "dom-2": "error",
    "dom-3": "error",
    "a-9": "error",
}


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(definitions=[PROFILE, PART, QUANTITY])


def said(validator: Validator, resource: dict[str, Any], name: str) -> list[tuple[str, str, str, str]]:
    issues = validator.validate(resource, profile=f"http://acme.com/{name}").issues
    return [
        (issue.severity, issue.rule, issue.expression[0], issue.message)
        for issue in issues
        if issue.profile == f"http://acme.com/{name}"
    ]


def test_those_of_a_profile(validator: Validator) -> None:
    found = said(validator, {"resourceType": "Patient", "name": [{"family": "x"}]}, "p")
    broken = {told.partition(":")[0]: severity for severity, rule, _, told in found if rule == "profile-invariant"}
    assert broken == DEMANDED
    assert {place for _, _, place, _ in found} == {"Patient.name[0]"}
    words = {told for _, rule, _, told in found if rule == "profile-invariant"}
    assert "a-1: expected: words of a-1" in words
    assert "a-4: expected: text.exists()" in words
    (undecided,) = [each for each in found if each[1] != "profile-invariant"]
    assert undecided[3].startswith("a-10 was not evaluated: ")
    kept = said(validator, {"resourceType": "Patient", "name": [{"text": "x", "given": ["y"]}]}, "p")
    assert [each[1] for each in kept] == [undecided[1]]


def test_those_of_a_primitive(validator: Validator) -> None:
    found = said(validator, {"resourceType": "Patient", "name": [{"given": ["abc", "abcd"]}]}, "part")
    assert [each[:3] for each in found] == [("error", "profile-invariant", "Patient.name[0].given[1]")]


def test_those_by_hand(validator: Validator) -> None:
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    found = said(validator, basic | {"extension": [*X, {"url": "http://acme.com/y"}]}, "q")
    assert found == [("error", "profile-invariant", "Basic.extension[1]", "c-1: expected: words of c-1")]


R4S = ("ele-1", "ref-1", "txt-1", "txt-2", "dom-2", "dom-3", "dom-4", "dom-5")


def test_a_period_of_which_the_ends_are_not_alike_is_held_against_its_invariant(validator: Validator) -> None:
    def told(start: str, end: str) -> list[tuple[str, tuple[str, ...]]]:
        patient = {"resourceType": "Patient", "name": [{"text": "x", "period": {"start": start, "end": end}}]}
        return [(issue.rule, issue.expression) for issue in validator.validate(patient).issues if issue.expression]

    assert told("2026-04", "2026-05-01") == []
    assert told("2026-04", "2026-03-01") == [("base-invariant", ("Patient.name[0].period",))]


def made(*constraints: dict[str, Any], profile: str = "", **more: Any) -> int:
    return len(invariants.checks({"constraint": list(constraints)}, "Patient", profile, **more))


@pytest.mark.parametrize("key", R4S)
def test_what_other_modules_check_is_not_evaluated(key: str) -> None:
    assert made(constraint(key)) == 0
    assert made(constraint(key, source="http://acme.com/p")) == 0
    assert made(constraint(key), profile="http://acme.com/p") == 0
    assert made(constraint(key, source=BASE + "Element"), profile="http://acme.com/p") == 0
    assert made(constraint(key, source="http://acme.com/p"), profile="http://acme.com/p") == 1
    assert made(constraint(key + "x")) == 1


def test_known_ones_and_those_without_key_or_expression_are_passed_over() -> None:
    three = (constraint("a"), constraint("b"), constraint("c"))
    assert made(*three) == 3
    assert made(*three, known=frozenset({"b"})) == 2
    assert made(constraint("a", None), {"expression": "true"}, constraint("b")) == 1
    assert invariants.checks({}, "Patient") == []


def test_best_practice_is_for_who_asks_and_not_of_contained_resources() -> None:
    best = constraint("a", EXTENSION, extension=BEST, severity="warning")
    assert made(best, constraint("b")) == 1
    (check,) = invariants.checks({"constraint": [best]}, "Extension", best_practice=True)
    for is_contained, issues in ((False, 1), (True, 0)):
        run = Run("X")
        run.frame = Frame({}, "X", None)
        run.frame.is_contained = is_contained
        check({"url": "x"}, run, None)
        check({"url": "x", "valueCode": "x"}, run, None)
        assert len(run.issues) == issues


def test_best_practice_of_a_profile_is_of_contained_resources_too() -> None:
    best = constraint("a", EXTENSION, extension=BEST, severity="warning")
    (check,) = invariants.checks({"constraint": [best]}, "Extension", "p", best_practice=True)
    run = Run("X")
    run.frame = Frame({}, "X", None)
    run.frame.is_contained = True
    check({"url": "x"}, run, None)
    assert [(issue.rule, issue.severity, issue.profile) for issue in run.issues] == [
        ("profile-invariant", "warning", "p")
    ]


@pytest.mark.parametrize(
    ("extension", "is_checked"),
    [
        ([{"url": BEST[0]["url"], "valueBoolean": True}], False),
        ([{"url": BEST[0]["url"], "valueBoolean": False}], True),
        ([{"url": BASE + "x", "valueBoolean": True}], True),
        ([{"url": BASE + "x", "valueBoolean": True}, *BEST], False),
    ],
)
def test_only_what_is_marked_so_is_best_practice(extension: list[Any], is_checked: bool) -> None:
    assert made(constraint("a", extension=extension)) == is_checked


def evaluated(expression: str, type_: str = "HumanName", **more: Any) -> Any:
    run = Run("X")
    return invariants.Evaluated("k-1", expression, type_, "p", **more), run


def test_what_cannot_be_evaluated_is_told_and_not_broken() -> None:
    (check,) = invariants.checks({"constraint": [constraint("k-1", "(")]}, "HumanName", "p")
    run = Run("X")
    check({"text": "x"}, run, None)
    (issue,) = run.issues
    assert (issue.rule, issue.severity, issue.profile) == ("base-invariant-not-evaluated", "warning", "p")
    assert issue.message.startswith("k-1 was not evaluated: ")


def test_what_takes_too_much_is_an_error() -> None:
    every = "given." + ".".join(["repeat(given | 'x').select($this & $this)"] * 30)
    holds, run = evaluated("iif(true, " + every + ".exists(), false)")
    run.work.left = 10
    assert holds({"given": ["a", "b"]}, run, None) is None
    assert [issue.severity for issue in run.issues] == ["error"]


def test_an_unknown_type_is_an_element() -> None:
    holds, run = evaluated("extension.exists()", "Nothing")
    assert holds({"extension": [{"url": "x"}]}, run, None) is True
    assert holds({"id": "x"}, run, None) is False
    assert run.issues == []


def test_the_resource_of_an_expression() -> None:
    """`%resource` is the resource that has the element; `%rootResource` the one that contains that."""
    run = Run("X")
    outer = run.frame = Frame({"resourceType": "Patient", "id": "outer"}, "Patient", None)
    inner = Frame({"resourceType": "Group", "id": "inner"}, "Group", None)
    entry = Frame({"resourceType": "Bundle", "id": "around"}, "Bundle", None)
    inner.outer = outer

    def of(frame: Frame, expression: str, value: Any = None, *, inside: bool = False) -> Any:
        run.frame = frame
        return invariants.Evaluated("k", expression, "Element", "", inner=inside)(value or {"id": "e"}, run, None)

    assert of(outer, "%resource.id = 'outer' and %rootResource.id = 'outer'") is True
    assert of(inner, "%resource.id = 'inner' and %rootResource.id = 'outer'") is True
    assert invariants.scope(run) is inner.scope
    assert invariants.scope(run, outer) is outer.scope
    outer.holder = entry
    assert of(outer, "%resource.id = 'around'", outer.resource, inside=True) is True
    assert of(outer, "%resource.id = 'outer'", outer.resource) is True
    assert of(outer, "%resource.id = 'outer'", {"id": "e"}, inside=True) is True
    outer.holder = None
    assert of(outer, "%resource.id = 'outer'", outer.resource, inside=True) is True


def test_by_hand_what_is_no_object_is_passed_over() -> None:
    (check,) = invariants.checks({"constraint": [constraint("a", EXTENSION)]}, "Extension")
    run = Run("X")
    for value in (None, "x", ["x"]):
        check(value, run, None)
    assert run.issues == []
    check({}, run, None)
    assert [(issue.rule, issue.severity, issue.profile) for issue in run.issues] == [("base-invariant", "error", "")]
