"""Value sets and code systems, decided from what is loaded, or said not to be."""

from collections.abc import Callable
from typing import Any

import pytest

from adapter.definitions import Definitions
from adapter.definitions.terminology import Terminology, Verdict

Resource = dict[str, Any]
CS = "http://x/cs"
VS = "http://x/vs"


def system(*concepts: Resource | str, url: str = CS, **members: Any) -> Resource:
    written = [{"code": each} if isinstance(each, str) else each for each in concepts]
    return {"resourceType": "CodeSystem", "url": url, "content": "complete", "concept": written, **members}


def value_set(*includes: Resource, url: str = VS, exclude: list[Resource] | None = None, **members: Any) -> Resource:
    compose = {"include": list(includes), **({"exclude": exclude} if exclude else {}), **members.pop("compose", {})}
    return {"resourceType": "ValueSet", "url": url, "compose": compose, **members}


def filtered(name: str, operation: str, value: str) -> Resource:
    return value_set({"system": CS, "filter": [{"property": name, "op": operation, "value": value}]})


def about(*resources: Resource) -> Terminology:
    return Terminology(Definitions([], resources))


TREE = system(
    {
        "code": "animal",
        "display": "Animal",
        "property": [{"code": "notSelectable", "valueBoolean": True}],
        "concept": [
            {"code": "dog", "display": "Dog", "designation": [{"value": "Hund"}], "concept": [{"code": "poodle"}]},
            {
                "code": "cat",
                "property": [{"code": "legs", "valueInteger": 4}, {"code": "status", "valueCode": "retired"}],
            },
        ],
    },
    {"code": "oak", "property": [{"code": "legs", "valueInteger": 0}]},
    {"code": "tiger", "property": [{"code": "parent", "valueCode": "cat"}]},
    {"code": "plant", "property": [{"code": "child", "valueCode": "oak"}, {"code": "inactive", "valueBoolean": True}]},
    property=[{"code": "legs", "type": "integer"}],
)


def listed(*resources: Resource) -> set[str] | None:
    codes = about(*resources).codes(VS)
    return None if codes is None else set().union(*codes.values())


FILTERS = {
    ("concept", "is-a", "dog"): {"dog", "poodle"},
    ("code", "is-a", "cat"): {"cat", "tiger"},
    ("concept", "is-a", "animal"): {"dog", "poodle", "cat", "tiger"},
    ("concept", "is-a", "plant"): {"plant", "oak"},
    ("concept", "descendent-of", "dog"): {"poodle"},
    ("concept", "child-of", "animal"): {"dog", "cat"},
    ("concept", "is-not-a", "dog"): {"cat", "tiger", "oak", "plant"},
    ("concept", "generalizes", "poodle"): {"dog", "poodle"},
    ("concept", "is-a", "unicorn"): set(),
    ("concept", "=", "dog"): {"dog"},
    ("concept", "in", "dog, oak,unicorn"): {"dog", "oak"},
    ("code", "regex", "[a-d].."): {"dog", "cat"},
    ("code", "regex", "o|t.*r"): {"tiger"},
    ("legs", "=", "4"): {"cat"},
    ("legs", "in", "0,4"): {"cat", "oak"},
    ("legs", "not-in", "4"): {"dog", "poodle", "oak", "tiger", "plant"},
    ("legs", "exists", "true"): {"cat", "oak"},
    ("legs", "exists", "false"): {"dog", "poodle", "tiger", "plant"},
    ("parent", "=", "cat"): {"tiger"},
    ("child", "exists", "true"): {"dog", "cat", "plant"},
    ("display", "=", "Dog"): {"dog"},
    ("inactive", "=", "true"): {"plant"},
    ("status", "=", "retired"): {"cat"},
    ("notSelectable", "=", "false"): {"dog", "poodle", "cat", "oak", "tiger", "plant"},
}


@pytest.mark.parametrize("given", FILTERS, ids=" ".join)
def test_filters(given: tuple[str, str, str]) -> None:
    assert listed(TREE, filtered(*given)) == FILTERS[given]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (("wings", "=", "2"), "does not define the property wings"),
        (("legs", "is-a", "4"), "is-a on the property legs"),
        (("concept", "descendent-leaf", "dog"), "descendent-leaf is not supported"),
        (("code", "regex", "("), "regular expression"),
        (("legs", "exists", "yes"), "true or false"),
        (("legs", "=", ""), None),
    ],
)
def test_what_a_filter_cannot_say_is_undecided(given: tuple[str, str, str], reason: str | None) -> None:
    verdict = about(TREE, filtered(*given)).member(VS, CS, "dog")
    if reason is None:
        assert verdict.result is False
    else:
        assert verdict.result is None
        assert reason in verdict.reason


def test_a_pattern_that_explodes_does_not() -> None:
    bomb = system("a" * 60 + "b", "aaa")
    assert listed(bomb, filtered("code", "regex", "(a|aa)+")) == {"aaa"}


def test_filters_hold_together() -> None:
    both = [{"property": "concept", "op": "is-a", "value": "animal"}, {"property": "legs", "op": "=", "value": "4"}]
    assert listed(TREE, value_set({"system": CS, "filter": both})) == {"cat"}


def test_concepts_listed_need_no_code_system_and_may_be_abstract() -> None:
    known = about(TREE, value_set({"system": CS, "concept": [{"code": "animal"}, {"code": "new"}]}))
    assert known.member(VS, CS, "animal") == Verdict(True)
    assert known.member(VS, CS, "new").result is True
    assert known.member(VS, CS, "dog") == Verdict(False, f"{CS}#dog is not in the value set {VS}")
    assert known.member(VS, "http://other", "new").result is False
    assert known.member(VS, None, "new").result is True
    assert known.member(VS, None, "dog").result is False


def test_abstract_codes_of_a_whole_system_are_not_to_be_chosen() -> None:
    known = about(TREE, value_set({"system": CS}))
    assert known.member(VS, CS, "animal").result is False
    assert known.known(CS, "animal").result is True


def test_inactive_codes_are_in_unless_the_value_set_leaves_them_out() -> None:
    assert listed(TREE, value_set({"system": CS})) == {"dog", "poodle", "cat", "oak", "tiger", "plant"}
    active = value_set({"system": CS}, compose={"inactive": False})
    assert listed(TREE, active) == {"dog", "poodle", "oak", "tiger"}


def test_include_exclude_and_imports() -> None:
    pets = value_set({"system": CS, "concept": [{"code": "dog"}, {"code": "cat"}]}, url="http://x/pets")
    cats = value_set({"system": CS, "concept": [{"code": "cat"}, {"code": "tiger"}]}, url="http://x/cats|1")
    cats["url"], cats["version"] = "http://x/cats", "1"
    both = value_set({"valueSet": ["http://x/pets", "http://x/cats|1"]})
    assert listed(pets, cats, both) == {"cat"}
    either = value_set({"valueSet": ["http://x/pets"]}, {"valueSet": ["http://x/cats"]})
    assert listed(pets, cats, either) == {"dog", "cat", "tiger"}
    less = value_set(
        {"system": CS}, exclude=[{"valueSet": ["http://x/pets"]}, {"system": CS, "concept": [{"code": "oak"}]}]
    )
    assert listed(TREE, pets, cats, less) == {"poodle", "tiger", "plant"}
    of_system = value_set({"system": CS, "valueSet": ["http://x/pets"]})
    assert listed(TREE, pets, of_system) == {"dog", "cat"}


UNDECIDED = {
    "unknown value set": ([], f"the value set {VS} is not in the packages that are loaded"),
    "no content": ([{"resourceType": "ValueSet", "url": VS}], "has no content"),
    "unknown system": ([value_set({"system": CS})], f"the codes of the system {CS} are not in the packages"),
    "not present": ([system(content="not-present"), value_set({"system": CS})], "are not in the packages"),
    "fragment": ([system("other", content="fragment"), value_set({"system": CS})], "in part only (content: fragment)"),
    "example": ([system("other", content="example"), value_set({"system": CS})], "in part only (content: example)"),
    "supplement": ([system("a", content="supplement"), value_set({"system": CS})], "is a supplement"),
    "other version": ([system("a", version="1"), value_set({"system": CS, "version": "2"})], "version 2 of the code"),
    "import unknown": ([value_set({"valueSet": ["http://x/gone"]})], "http://x/gone is not in the packages"),
    "neither": ([value_set({"version": "1"})], "neither system nor value set"),
    "itself": ([value_set({"valueSet": [VS]})], "imports itself"),
    "excluded unknown": (
        [system("a"), value_set({"system": CS}, exclude=[{"valueSet": ["http://x/gone"]}])],
        "http://x/gone is not",
    ),
    "part of an expansion": (
        [{"resourceType": "ValueSet", "url": VS, "expansion": {"total": 9, "contains": [{"system": CS, "code": "b"}]}}],
        "not the whole",
    ),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_undecided_with_a_reason(name: str) -> None:
    resources, reason = UNDECIDED[name]
    known = about(*resources)
    verdict = known.member(VS, CS, "a")
    assert verdict.result is None
    assert reason in verdict.reason
    assert known.codes(VS) is None


def test_codes_of_a_fragment_that_are_there_are_members() -> None:
    known = about(system("a", content="fragment"), value_set({"system": CS}))
    assert known.member(VS, CS, "a").result is True
    assert known.member(VS, "http://other", "a").result is False


def test_an_undecided_part_does_not_hide_a_decided_one() -> None:
    known = about(value_set({"system": "http://x/gone"}, {"system": CS, "concept": [{"code": "a"}]}))
    assert known.member(VS, CS, "a").result is True
    assert known.member(VS, CS, "b").result is False
    assert known.member(VS, "http://x/gone", "b").result is None
    assert known.member(VS, None, "b").result is None


def test_an_expansion_decides_what_compose_does_not() -> None:
    expansion = {
        "contains": [
            {"system": CS, "code": "group", "abstract": True, "contains": [{"system": CS, "code": "inner"}]},
            {"system": CS, "code": "outer"},
        ]
    }
    known = about(value_set({"system": CS}, expansion=expansion))
    assert [known.member(VS, CS, code).result for code in ("inner", "outer", "group", "x")] == [
        True,
        True,
        False,
        False,
    ]
    first = about(system("x"), value_set({"system": CS}, expansion=expansion))
    assert first.member(VS, CS, "x").result is True
    assert first.member(VS, CS, "inner").result is False


def test_circles_of_imports_answer_the_same_whoever_is_asked_first() -> None:
    def ring(*order: str) -> list[bool | None]:
        sets = [
            value_set({"valueSet": [f"{VS}/{other}"]}, {"system": CS, "concept": [{"code": own}]}, url=f"{VS}/{own}")
            for own, other in (("a", "b"), ("b", "a"))
        ]
        known = about(*sets)
        for name in order:
            known.member(f"{VS}/{name}", CS, "x")
        return [known.member(f"{VS}/{name}", CS, code).result for name in "ab" for code in "abx"]

    assert ring("a", "b") == ring("b", "a") == [True, True, None, True, True, None]


def test_many_value_sets_that_all_import_each_other_end() -> None:
    names = [f"{VS}/{number}" for number in range(40)]
    known = about(
        *(value_set({"valueSet": [other]}, *({"valueSet": [n]} for n in names), url=other) for other in names)
    )
    assert known.member(names[0], CS, "x").result is None


def test_case() -> None:
    loose = system("Ab", caseSensitive=False)
    for vs in (value_set({"system": CS}), value_set({"system": CS, "concept": [{"code": "aB"}]})):
        known = about(loose, vs)
        assert known.member(VS, CS, "AB").result is True
        assert known.member(VS, None, "AB").result is True
        assert known.member(VS, CS, "AC").result is False
    assert about(system("Ab"), value_set({"system": CS})).member(VS, CS, "ab").result is False


def test_displays() -> None:
    known = about(TREE, value_set({"system": CS, "concept": [{"code": "dog", "display": "Pet"}, {"code": "cat"}]}))
    for right in ("Dog", " dog ", "Hund", "PET"):
        assert known.member(VS, CS, "dog", right) == Verdict(True)
    wrong = known.member(VS, CS, "dog", "Cat")
    assert (wrong.result, wrong.display) == (True, "Dog")
    assert "'Dog'" in wrong.reason
    assert known.member(VS, CS, "cat", "anything") == Verdict(True)
    assert known.displays(CS, "dog") == ("Dog", "Hund")


def test_codes_of_a_system() -> None:
    known = about(TREE, system("a", url="http://x/part", content="fragment"))
    assert known.known(CS, "dog").result is True
    assert known.known(CS, "unicorn").reason == f"the code system {CS} has no code unicorn"
    assert known.known("http://x/part", "a").result is True
    assert known.known("http://x/part", "b").result is None
    assert known.known("http://x/gone", "b").result is None
    assert known.known("urn:iso:std:iso:4217", "SEK").result is True


STANDARDS = {
    "urn:ietf:bcp:47": (
        ["sv", "sv-SE", "en-US", "zh-Hans-CN", "x-own", "de-CH-1996", "SV"],
        ["", "English", "sv_SE", "xx", "sv-", "abcd", "a" * 500],
        ["smj", "i-klingon"],
    ),
    "urn:iso:std:iso:4217": (["SEK", "EUR"], ["sek", "kr"], ["QQQ"]),
    "urn:ietf:bcp:13": (
        ["text/plain", "application/fhir+json; charset=utf-8", "xml", 'text/x; a="b c"'],
        ["text", "text/", "chemical/x-pdb", "text/plain;", "text/" + "a" * 2000],
        [],
    ),
    "urn:iso:std:iso:3166": ([], ["Sweden", "se"], ["SE", "SWE", "752", "SE-AB"]),
    "https://www.iana.org/time-zones": (["Europe/Stockholm"], ["Stockholm"], []),
    "http://unitsofmeasure.org": (["mg/dL", "mm[Hg]", "10*3/uL"], ["mg per dL", "", "µg"], ["bogus"]),
}


@pytest.mark.parametrize("standard", STANDARDS)
def test_standards_that_no_package_lists(standard: str) -> None:
    known = about(value_set({"system": standard}))
    yes, no, undecided = STANDARDS[standard]
    for codes, expected in ((yes, True), (no, False), (undecided, None)):
        for code in codes:
            verdict = known.member(VS, standard, code)
            assert (code, verdict.result) == (code, expected)
            assert (verdict.reason == "") is (expected is True)


HOSTILE: list[Callable[[], Resource]] = [
    lambda: value_set(compose={"include": "all"}),
    lambda: value_set({"system": 1, "valueSet": "x"}),
    lambda: value_set({"system": CS, "concept": [1, {"code": None}, {"code": ["a"]}]}),
    lambda: value_set({"system": CS, "filter": [{}]}),
    lambda: {"resourceType": "ValueSet", "url": VS, "compose": [], "expansion": {"contains": [{"code": {}}]}},
    lambda: value_set({"valueSet": [1, None]}),
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_malformed_value_sets_decide_nothing_they_should_not(number: int) -> None:
    broken = system({"code": 1}, "a", {"code": "b", "concept": {}, "property": [{"code": 1}, 2]})  # type: ignore[arg-type]
    assert about(broken, HOSTILE[number]()).member(VS, CS, "zzz").result is not True


def test_a_hierarchy_that_is_a_circle_ends() -> None:
    parents = [{"code": "parent", "valueCode": "b"}], [{"code": "parent", "valueCode": "a"}]
    circle = system({"code": "a", "property": parents[0]}, {"code": "b", "property": parents[1]})
    assert listed(circle, filtered("concept", "is-a", "a")) == {"a", "b"}
    assert listed(circle, filtered("concept", "descendent-of", "a")) == {"b"}
