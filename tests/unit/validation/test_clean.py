"""What is only looked at: the same issues as where all is explained, and source that can be read."""

import copy
import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue
from adapter.fhirpath.expression import Compiled
from adapter.support.settings import OWN_PACKAGE
from adapter.validation import Validator
from adapter.validation.run import Run

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
