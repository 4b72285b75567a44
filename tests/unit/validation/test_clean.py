"""What is only looked at: the same issues as where all is explained, and source that can be read."""

import copy
import importlib.util
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.elements import Element, Structure, table
from adapter.fhir.numbers import Number
from adapter.fhir.outcomes import Issue
from adapter.fhirpath.expression import Compiled
from adapter.support.settings import OWN_PACKAGE
from adapter.validation import Validator, clean
from adapter.validation.clean import Cleaners
from adapter.validation.primitives import LONGEST, Recurring
from adapter.validation.run import Needing, Run, Unclean

PROJECT = Path(__file__).resolve().parents[3]
WRONG: tuple[Any, ...] = (None, "", " ", "a\nb", 7, True, [], {}, [None], [{}], {"id": "x"}, {"extension": []}, "a: b")


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(packages=[OWN_PACKAGE])


def explained(validator: Validator, resource: Any, profile: str | None = None, format: str = "json") -> list[Issue]:  # noqa: A002
    """The issues where nothing is found clean by a look."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "is_clean", lambda *_: False)
        return validator.validate(resource, profile=profile, format=format).issues  # type: ignore[arg-type]


def by_closures(validator: Validator, resource: Any) -> list[Issue]:
    """The issues where no condition is code."""
    holds = Compiled.holds

    def closures(condition: Compiled, value: Any, scope: Any) -> bool | None:
        code, condition._usual = condition._usual, None
        try:
            return holds(condition, value, scope)
        finally:
            condition._usual = code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compiled, "holds", closures)
        return validator.validate(resource, profile=MessageBundle(resource).profile).issues


def sites(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item: what has it, and its name or index."""
    waiting = [value]
    while waiting:
        owner = waiting.pop()
        for key, member in list(owner.items()) if isinstance(owner, dict) else list(enumerate(owner)):
            yield owner, key
            if isinstance(member, dict | list):
                waiting.append(member)


def spoilt(resource: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The resource with one to three members gone, replaced, doubled, or new."""
    found = copy.deepcopy(resource)
    for _ in range(rng.randint(1, 3)):
        owner, key = rng.choice(list(sites(found)))
        kind = rng.randrange(4)
        if kind == 0:
            owner[key] = copy.deepcopy(rng.choice(WRONG))
        elif kind == 1:
            del owner[key]
        elif kind == 2:
            owner[key] = [owner[key], copy.deepcopy(owner[key])]
        elif isinstance(owner, dict):
            other, name = rng.choice(list(sites(found)))
            owner[f"_{key}" if rng.random() < 0.3 else str(name)] = copy.deepcopy(other[name])
    return found


def messages() -> list[dict[str, Any]]:
    folder = PROJECT / "fixtures" / "journeys" / "home-with-sip"
    return [fhir_json.parse(file.read_bytes()) for file in sorted(folder.glob("*.json"))]


def test_spoilt_messages_get_the_same_issues_by_code_and_by_closures(validator: Validator) -> None:
    rng, found = random.Random(26), messages()
    for bundle in found * 2:  # so often that code is written
        assert validator.validate(bundle, profile=MessageBundle(bundle).profile).issues == by_closures(
            validator, bundle
        )
    for _ in range(50):
        wrong = spoilt(rng.choice(found), rng)
        assert validator.validate(wrong, profile=MessageBundle(wrong).profile).issues == by_closures(validator, wrong)


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_messages_get_the_issues_of_those_that_are_explained(validator: Validator, seed: int) -> None:
    rng = random.Random(seed)
    found = messages()
    for _ in range(60):
        resource = rng.choice(found)
        if rng.random() < 0.7:
            resource = rng.choice(resource["entry"])["resource"]
        wrong = spoilt(resource, rng)
        assert validator.validate(wrong).issues == explained(validator, wrong)


def _benchmark(name: str) -> ModuleType:
    folder = PROJECT / "benchmarks"
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_mutants_and_official_cases_get_the_issues_of_those_that_are_explained() -> None:
    mutating, seeding = _benchmark("official_mutants"), _benchmark("official_seeds")
    seeds = seeding.seeds()
    mutants = mutating.mutants(seeds, 2500, 3)
    contents = [(s.definitions, s.profile, "json", s.resource) for s in seeds]
    contents += [(m.seed.definitions, m.seed.profile, m.format, m.text.encode()) for m in mutants]
    for case in seeding.cases():
        written = case["resource"]
        texts = tuple(each["text"] for each in case["definitions"])
        contents.append((texts, case["profile"], written["format"], written["text"].encode()))
    for definitions, profile, format_, content in contents:
        validator = seeding.validator(definitions)
        found = validator.validate(content, profile=profile, format=format_).issues
        assert found == explained(validator, content, profile, format_)


def test_most_of_what_is_right_is_found_clean(validator: Validator) -> None:
    asked, clean = 0, 0
    real = Run.is_clean

    def counting(run: Run, *given: Any) -> bool:
        nonlocal asked, clean
        found = real(run, *given)
        asked, clean = asked + 1, clean + found
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "is_clean", counting)
        for message in messages():
            assert validator.validate(message).valid
    assert clean > asked * 0.8 > 100


def test_an_indirect_reference_is_told_at_its_place(validator: Validator) -> None:
    """The place of a reference that was only looked at is found when it is asked for."""
    (message,) = (each for each in messages()[:1])
    wrong = copy.deepcopy(message)
    encounter = next(e["resource"] for e in wrong["entry"] if e["resource"]["resourceType"] == "Encounter")
    patient = next(e["resource"] for e in wrong["entry"] if e["resource"]["resourceType"] == "Patient")
    encounter["participant"] = [
        {"type": [{"text": "kontakt"}]},
        {"individual": {"reference": f"Patient/{patient['id']}", "display": "x"}},
    ]
    found = validator.validate(wrong).issues
    assert found == explained(validator, wrong)
    (place,) = (issue.expression[0] for issue in found if issue.rule == "bundle-reference-indirect")
    assert place.endswith(".participant[1].individual")


def test_the_source_can_be_read(validator: Validator) -> None:
    source = validator._engine.shapes.cleaners.source("Period")
    assert "start_ = value.get('start')" in source
    assert "if end_ is not None and start_ is not None:" in source  # per-1 says something only then


def test_the_source_for_a_profile_can_be_read(validator: Validator) -> None:
    profile = validator._engine.profile("https://discharge-adapter.example/fhir/StructureDefinition/hospital-stay")
    assert profile is not None
    assert "value.get('status')" in profile.source()


MARRIED = {"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}


@pytest.mark.parametrize(
    ("display", "rules"),
    [("Married", []), ("Widowed", ["code-display"]), (["Married"], ["base-list"]), (5, ["base-type"])],
)
def test_a_coding_that_was_right_with_one_display_is_not_so_with_another(
    validator: Validator, display: object, rules: list[str]
) -> None:
    def told(display: object) -> list[str]:
        patient = {"resourceType": "Patient", "maritalStatus": {"coding": [MARRIED | {"display": display}]}}
        return [issue.rule for issue in validator.validate(patient).issues[1:]]

    assert told("Married") == []
    assert [rule for rule in told(display) if not rule.startswith("dom-")] == rules


REST = ("id", "extension", "end")
ABSENT: Any = SimpleNamespace(extras=defaultdict(tuple), whole=())


def looking(**known: Any) -> Cleaners:
    """The functions of R4's types where nothing is checked beyond their structure, but for what is given."""
    found = SimpleNamespace(**{"extras": defaultdict(tuple), "whole": ()} | known)
    return Cleaners(table(), lambda name: found if name == "Period" else ABSENT)


def is_clean(structure: str, value: Any, cleaners: Cleaners | None = None) -> bool:
    return Run(structure).is_clean(value, (cleaners or looking()).of(structure))


SOMEONE = {"system": "http://acme.com", "value": "1"}
IDENTIFIER = SOMEONE | {"assigner": {"identifier": SOMEONE}}
USAGE = {"code": {"code": "a"}}


@pytest.mark.parametrize(
    ("structure", "right", "wrong"),
    [
        ("Period", {"start": "2026-03-09"}, {"start": "2026-3"}),
        ("Period", {"start": "2026-03-09", "end": "2026"}, {"start": "2026-03-09", "begin": "2026"}),
        ("Period", {"end": "2026"}, {}),
        ("Period", {"end": "2026"}, None),
        ("Period", {"end": "2026"}, {"end": None}),
        ("Period", {"end": "2026"}, {"end": "2026", "_end": {"id": "x"}}),
        ("HumanName", {"family": "x"}, {"family": " "}),
        ("HumanName", {"family": "!"}, {"family": ""}),
        ("HumanName", {"text": "a\nb"}, {"text": "a\x00b"}),
        ("HumanName", {"text": "x" * LONGEST}, {"text": "x" * (LONGEST + 1)}),
        ("HumanName", {"family": "x"}, {"family": 7}),
        ("HumanName", {"family": "x"}, {"family": ["x"]}),
        ("HumanName", {"family": "x"}, {"family": "x", "id": "y"}),
        ("HumanName", {"family": "x"}, {"family": "x", "extension": [{"url": "a:b", "valueString": "x"}]}),
        ("HumanName", {"given": ["x", "y"]}, {"given": []}),
        ("HumanName", {"given": ["x"]}, {"given": "x"}),
        ("HumanName", {"given": ["x"]}, {"given": ["x", ""]}),
        ("HumanName", {"period": {"end": "2026"}}, {"period": {"end": "x"}}),
        ("HumanName", {"period": {"end": "2026"}}, {"period": [{"end": "2026"}]}),
        ("CodeableConcept", {"coding": [{"code": "a"}]}, {"coding": [{"code": " a"}]}),
        ("Identifier", IDENTIFIER, SOMEONE | {"assigner": {"identifier": {"value": ""}}}),
        ("Annotation", {"text": "x", "authorString": "y"}, {"authorString": "y"}),
        ("Annotation", {"text": "x"}, {"text": "x", "authorString": "y", "authorReference": {"display": "y"}}),
        ("Annotation", {"text": "x", "authorReference": {"display": "y"}}, {"text": "x", "authorString": 7}),
        ("UsageContext", USAGE | {"valueQuantity": {"value": 1}}, USAGE),
        ("UsageContext", USAGE | {"valueRange": {"low": {"value": 1}}}, USAGE | {"valueString": "x"}),
        ("Dosage", {"asNeededBoolean": True}, {"asNeededBoolean": "x"}),
        ("Dosage", {"sequence": -1}, {"sequence": 0.5}),
        ("Money", {"value": Number("1.50")}, {"value": "1.50"}),
    ],
)
def test_what_is_right_is_clean_and_what_is_wrong_is_not(structure: str, right: Any, wrong: Any) -> None:
    assert is_clean(structure, right)
    assert not is_clean(structure, wrong)


@pytest.mark.parametrize(
    ("structure", "value"),
    [
        ("Narrative", {"status": "empty"}),
        ("Narrative", {"status": "empty", "div": "x"}),
        ("Bundle", {"type": "collection", "entry": [{"fullUrl": "http://acme.com/1"}]}),
    ],
)
def test_what_a_look_does_not_know_is_not_clean(structure: str, value: Any) -> None:
    assert not is_clean(structure, value)


@pytest.mark.parametrize(
    ("structure", "known"),
    [
        ("HumanName", True),
        ("Annotation", True),
        ("UsageContext", True),
        ("Narrative", False),
        ("Extension", False),
        ("Bundle.entry", False),
        ("Patient", False),
    ],
)
def test_of_which_types_objects_can_be_found_clean(structure: str, known: bool) -> None:
    assert looking().knows(structure) is known


def test_a_function_is_written_once() -> None:
    cleaners = looking()
    period = cleaners.of("Period")
    assert cleaners.of("Period") is period
    assert cleaners._make("Period") is period
    assert "start_" in cleaners.source("Period")
    assert "start_" in looking().source("Period")  # also where no object was met yet


def test_an_element_whose_name_is_no_name_of_python_is_not_looked_at() -> None:
    odd = Structure("Odd", "complex", "Element", False, (Element("a-b", None, "string", "primitive", 0, 1, 0, False),))
    types: Any = type("Types", (dict,), {"primitives": table().primitives})({"Odd": odd})
    assert not Run("Odd").is_clean({"a-b": "x"}, Cleaners(types, lambda _: ABSENT).of("Odd"))


def test_a_member_of_a_resource() -> None:
    patient = table()["Patient"].by_name
    held = {name: looking().member("Patient", patient[name]) for name in ("name", "maritalStatus", "active")}

    def is_right(name: str, value: Any) -> bool:
        return Run("Patient").is_clean(value, held[name])

    assert is_right("name", [{"family": "x"}, {"given": ["y"]}])
    assert not any(is_right("name", wrong) for wrong in ([], [{}], {"family": "x"}, [{"family": ""}]))
    assert is_right("maritalStatus", {"text": "x"})
    assert not any(is_right("maritalStatus", wrong) for wrong in ([{"text": "x"}], {}, {"text": ""}))
    assert is_right("active", False)
    assert not is_right("active", "false")


def noting(seen: list[Any]) -> Any:
    return lambda value, _run, _path: seen.append(value)


def test_what_is_checked_of_an_element_is_checked_of_each_value() -> None:
    seen: list[Any] = []
    known = SimpleNamespace(extras=defaultdict(lambda: (noting(seen), noting(seen))), whole=())
    cleaners = Cleaners(table(), lambda name: known if name == "HumanName" else ABSENT)
    value = {"family": "x", "given": ["y", "z"], "period": {"end": "2026"}}
    assert is_clean("HumanName", value, cleaners)
    assert sorted(map(str, seen)) == sorted(str(each) for each in ["x", "y", "z", {"end": "2026"}] for _ in range(2))


def test_what_is_checked_of_the_whole_is_checked_where_it_has_the_members_that_are_needed() -> None:
    both, any_, odd, plain = list[Any](), list[Any](), list[Any](), list[Any]()
    whole = (
        Needing(noting(both), ["start", "end"]),
        Needing(noting(any_), []),
        Needing(noting(odd), ["id", "end"]),
        noting(plain),
    )
    cleaners = looking(whole=whole)
    one, two = {"end": "2026"}, {"start": "2025", "end": "2026"}
    assert is_clean("Period", one, cleaners)
    assert is_clean("Period", two, cleaners)
    assert (both, any_, odd, plain) == ([two], [one, two], [], [one, two])


class Codes(Recurring):
    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self._seen = seen
        self.remember("2026")

    def __call__(self, value: Any, run: Any, path: Any, /) -> None:
        self._seen.append(value)


def test_a_check_of_what_recurs_is_made_of_what_is_not_known() -> None:
    asked, beside = list[Any](), list[Any]()
    alone, two = (
        looking(extras={"start": (Codes(asked),)} | dict.fromkeys(REST, ())),
        looking(extras={"start": (Codes(asked), noting(beside))} | dict.fromkeys(REST, ())),
    )
    assert is_clean("Period", {"start": "2026"}, alone)
    assert asked == []
    assert is_clean("Period", {"start": "2027"}, alone)
    assert not is_clean("Period", {"start": ["2026"]}, alone)
    assert asked == ["2027"]
    assert is_clean("Period", {"start": "2026"}, two)
    assert beside == ["2026"]


def test_a_text_that_is_plainly_right_takes_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Cleaners, "leaf", lambda *_: lambda value, _run: asked.append(value))
    assert is_clean("HumanName", {"family": "x", "use": "official", "given": ["y"]})
    assert is_clean("Period", {"end": "2026-03-09"})
    assert asked == []
    assert is_clean("HumanName", {"family": "a\nb", "text": "!"})
    assert sorted(asked) == ["!", "a\nb"]


@pytest.mark.parametrize(("structure", "times"), [("Coding", 1), ("Identifier", 2)])
def test_what_is_checked_of_codings_alone_is_checked_once(structure: str, times: int) -> None:
    seen: list[Any] = []
    known = SimpleNamespace(extras=defaultdict(lambda: (noting(seen),)), whole=())
    cleaners = Cleaners(table(), lambda name: known if name == structure else ABSENT)
    value = {"system": "http://acme.com", "code" if structure == "Coding" else "value": "a"}
    for _ in range(2):
        assert is_clean(structure, value, cleaners)
    assert sorted(seen) == sorted([*value.values()] * times)


def coded(*values: Any) -> list[Any]:
    """Those of some values, in order, that are looked at."""
    seen: list[Any] = []

    def looked_at(value: Any, _run: Run) -> None:
        seen.append(value)

    coding = clean._coding(looked_at)
    for value in values:
        coding(value, Run("Coding"))
    return seen


KNOWN = {"system": "s", "code": "a"}
SHOWN = KNOWN | {"display": "A"}


@pytest.mark.parametrize("coding", [KNOWN, SHOWN, KNOWN | {"code": "a" * 198}])
def test_a_coding_that_was_right_is_looked_at_once(coding: dict[str, str]) -> None:
    assert coded(coding, dict(coding), coding) == [coding]


@pytest.mark.parametrize(
    "coding",
    [
        KNOWN | {"version": "1"},
        SHOWN | {"version": "1"},
        KNOWN | {"code": "a" * 199},
        KNOWN | {"system": "s" * 200},
        {"system": "s", "version": "1"},
        {"code": "a", "version": "1"},
        KNOWN | {"display": 5},
        KNOWN | {"display": ["A"]},
        {},
        5,
    ],
)
def test_a_coding_of_other_members_or_of_many_letters_is_looked_at_each_time(coding: Any) -> None:
    assert coded(coding, coding) == [coding, coding]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (KNOWN, KNOWN | {"code": "b"}),
        (KNOWN, KNOWN | {"system": "t"}),
        (SHOWN, SHOWN | {"display": "B"}),
        (KNOWN, KNOWN | {"version": "1"}),
        (KNOWN | {"version": "1"}, KNOWN | {"display": ""}),  # as many members, and others
    ],
)
def test_a_coding_that_was_right_says_nothing_of_another(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert coded(one, other) == [one, other]


def test_a_coding_that_was_wrong_is_so_again() -> None:
    def wrong(value: Any, run: Run) -> None:
        raise Unclean

    coding = clean._coding(wrong)
    assert not any(Run("Coding").is_clean(KNOWN, coding) for _ in range(2))


def test_a_bounded_number_of_codings_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean, "_CODINGS", 1)
    assert coded(KNOWN, SHOWN, KNOWN, SHOWN) == [KNOWN, SHOWN, SHOWN]
