"""Every rule of every profile of profiles/package can be broken: a valid resource, one fault made from the rule,
and the validator says that rule, at that place, of that profile."""

import itertools
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from profile_faults import Breaker, Fault, by_value
from profile_places import Owner, Places, fixed, holds
from profile_rules import ProfileRule, rules_of
from r4_values import resource, value

from adapter.discharge import consents, minimum, sip
from adapter.discharge import message as discharge_message
from adapter.fhir.canonical import CANONICAL
from adapter.fhir.outcomes import Rule
from adapter.sandbox.authoring import faults as authored
from adapter.sandbox.authoring import invalid
from adapter.sandbox.authoring.faults import Change
from adapter.sandbox.identifiers import Identifiers
from adapter.validation import Issue, Validator
from adapter.validation.rules import messages

Resource = dict[str, Any]

ROOT = Path(__file__).parents[2]
PROFILE = f"{CANONICAL}/StructureDefinition/"
_MANY = 8
"""How many valid resources of a profile are tried: together they hold nearly all that any holds."""
_OWN = ("bundle-own-provenance", "bundle-activity")
_NAMED = ("bundle-answers", "bundle-follows", "bundle-revises", "bundle-when", "bundle-why")
TOGETHER: dict[str, tuple[str, ...]] = {
    # SUSHI writes the sum of what the slices need
    "Bundle.entry min": ("profile-min", *_OWN, *_NAMED, "bundle-case"),
    "Bundle.entry:provenance min": (*_OWN, *_NAMED),
    "Bundle.entry:task min": ("bundle-case",),
    "discharge-message: Bundle.entry.fullUrl min": ("bundle-full-url",),
    "discharge-message: Bundle.entry.resource min": ("bundle-full-url",),
    "invariant bundle-own-provenance": ("bundle-activity",),
    # a message without Task, the header's case and a stay; an answer names its case by what it answers
    "invariant bundle-case": ("profile-min", "bundle-answers"),
    # one says when it may be absent, the other that it may not
    "abort-task: Task.code value": ("code-required",),
    "abort-task: Task.focus min": ("task-abort",),
    "abort-task: Task.reasonCode min": ("task-abort",),
    "discharged-stay: Encounter.period": ("enc-finished",),
    "sip: CarePlan.activity min": ("sip-activity",),
    # what is not there has no code, no form, no name
    "CarePlan.activity.detail min": ("plan-activity-responsible",),
    "category:kind.coding.code min": ("code-required",),
    "Organization.identifier min": ("org-identity",),
    "identifier:kommunkod.value min": ("org-kommunkod",),
    "Provenance.entity.what.identifier.value min": ("prov-message-name",),
    "placing-municipality: Extension.value[x].value min": ("stay-kommunkod",),
    # a second one has the same place in the order
    "extension:priorityOrder max": ("plan-priority",),
}
"""Rules of which the fault breaks another of ours too, at the end of their names, and which."""


@cache
def package() -> dict[str, Resource]:
    found = (json.loads(file.read_bytes()) for file in sorted((ROOT / "profiles" / "package").glob("*-*.json")))
    return {each["url"] if "url" in each else each["id"]: each for each in found}


@cache
def validator() -> Validator:
    return Validator.load(packages=["hl7.fhir.r4.core#4.0.1"], definitions=package().values())


def definition(url: str) -> Resource:
    found = package().get(url) or validator().definitions.resource(url, "StructureDefinition")
    assert found is not None
    return found


PROFILES = [each for each in package().values() if each["resourceType"] == "StructureDefinition"]
RULES = [rule for each in PROFILES for rule in rules_of(each, definition(each["baseDefinition"]))]


@cache
def pool() -> dict[str, list[tuple[set[str], Resource]]]:
    """The resources of the fixtures by type, each with what it holds, those that hold most first."""
    files = [
        *sorted((ROOT / "fixtures").glob("journeys/*/*.json")),
        *sorted((ROOT / "fixtures/resources").glob("*.json")),
    ]
    found: dict[str, list[tuple[set[str], Resource]]] = {}
    for whole in (json.loads(file.read_bytes()) for file in files):
        for each in (whole, *(entry["resource"] for entry in whole.get("entry", ()))):
            found.setdefault(each["resourceType"], []).append((set(features(each)), each))
    return {kind: sorted(each, key=lambda one: -len(one[0])) for kind, each in found.items()}


def features(value: Any, path: str = "") -> Iterator[str]:
    """The paths of what a value holds, with the values of those by which slices are told apart."""
    if isinstance(value, list):
        for item in value:
            yield from features(item, path)
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from features(member, f"{path}.{name}")
    else:
        yield f"{path}={value}" if path.endswith((".url", ".system", ".code", ".status")) else path


@cache
def carriers(url: str) -> list[Resource]:
    """Valid resources of a profile."""
    profile, seen = definition(url), set[str]()
    named = [each for each in profile["snapshot"]["element"] if fixed(each) is not None and ":" not in each["id"]]
    places = Places(profile)
    found: list[Resource] = []
    for held, each in pool().get(profile["type"], ()):
        if (held <= seen and found) or len(found) == _MANY:
            continue
        spots = ((spot.value, fixed(element)) for element in named for spot in places.spots(each, element["id"]))
        if all(holds(there, wanted) for there, wanted in spots) and _event_fits(each, url) and not errors(each, url):
            found.append(each)
            seen |= held
    return found


def _event_fits(found: Resource, url: str) -> bool:
    """Whether a Bundle is of the event of a profile of messages."""
    if found["resourceType"] != "Bundle" or "/message-" not in url:
        return True
    event = found["entry"][0]["resource"]["eventCoding"]["code"]
    return url in (f"{PROFILE}message-{event}", f"{PROFILE}message-{event}-extended")


def sample(kind: str, url: str) -> Any:
    """A value of a type that keeps a profile."""
    url = url.partition("|")[0]
    if kind != "Extension":
        return next(iter(carriers(url)), None) or resource(kind)
    hosts = ((host, found) for host, _ in hosts_of(url) for found in carriers(host["url"]))
    return next((each for _, found in hosts for each in _extensions(found, url)), value("Extension") | {"url": url})


def _extensions(value: Any, url: str) -> Iterator[Resource]:
    if isinstance(value, dict):
        if value.get("url") == url:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        yield from itertools.chain.from_iterable(_extensions(item, url) for item in value)


@cache
def hosts_of(url: str) -> list[tuple[Resource, str]]:
    """(profile, element) of each place that one of our profiles gives to an extension."""
    return [
        (each, element["id"])
        for each in PROFILES
        for element in each["differential"]["element"]
        for kind in element.get("type", ())
        if url in [canonical.partition("|")[0] for canonical in kind.get("profile", ())]
    ]


def issues(found: Resource, url: str) -> list[Issue]:
    return [each for each in validator().validate(found, profile=url).issues if each.expression]


def errors(found: Resource, url: str) -> list[Issue]:
    return [each for each in issues(found, url) if each.severity in ("error", "fatal")]


def key_of(issue: Issue) -> str:
    return issue.message.partition(":")[0] if issue.rule == "profile-invariant" else issue.rule


def attempts(rule: ProfileRule) -> Iterator[tuple[str, Fault]]:
    """(profile to validate by, fault) of everything that could break the rule."""
    whole = definition(PROFILE + rule.profile)
    if whole["type"] != "Extension":
        breaker = Breaker(Places(whole), sample, type_of)
        for found in carriers(whole["url"]):
            yield from ((whole["url"], fault) for fault in breaker.faults(rule, found))
        return
    for host, element in hosts_of(whole["url"]):
        standing = Places(host)

        def roots(found: Any, standing: Places = standing, element: str = element) -> list[Owner]:
            return [Owner(spot.value, spot.path, "Extension") for spot in standing.spots(found, element)]

        breaker = Breaker(Places(whole, roots), sample, type_of)
        for found in carriers(host["url"]):
            yield from ((host["url"], fault) for fault in breaker.faults(rule, found))


def type_of(url: str) -> str:
    return str(definition(url.partition("|")[0])["type"])


def companions(url: str, fault: Fault) -> set[str] | None:
    """What else of ours the fault breaks; None where it does not break its rule."""
    found = issues(fault.broken, url)
    if fault.rule == "*":
        spoken = any(each.profile == fault.profile and each.expression[0].startswith(fault.path) for each in found)
        return set() if spoken else None
    wanted = (fault.key or fault.rule, (fault.path,), fault.profile)
    named = [(key_of(each), each.expression, each.profile) for each in found]
    if wanted not in named:
        return None
    others = [each for each, name in zip(found, named, strict=True) if name != wanted]
    return {key_of(each) for each in others if each.severity in ("error", "fatal") and each.profile.startswith(PROFILE)}


def outcome(rule: ProfileRule) -> set[str] | None:
    """What is broken with a rule at the least; None where nothing breaks the rule."""
    best: set[str] | None = None
    for url, fault in itertools.islice(attempts(rule), 40):
        found = companions(url, fault)
        if found is not None and (best is None or len(found) < len(best)):
            best = found
        if best == set():
            break
    return best


MECHANICAL = [rule for rule in RULES if rule.kind != "name" and (rule.kind != "invariant" or by_value(rule.detail))]


def test_each_rule_of_a_profile_can_be_broken_and_hardly_any_only_with_another() -> None:
    assert len(MECHANICAL) > 800
    found = {str(rule): outcome(rule) for rule in MECHANICAL}
    assert unexplained(found) == {}


def unexplained(found: dict[str, set[str] | None]) -> dict[str, set[str] | None]:
    """The rules that nothing breaks, and those that are broken only with another, which is not known of them."""
    return {rule: others for rule, others in found.items() if others is None or others - explained(rule)}


def explained(rule: str) -> set[str]:
    return {key for name, keys in TOGETHER.items() if name in rule for key in keys}


# Invariants


INVALID = invalid.fixtures(ROOT / "fixtures" / "invalid")
ALONE = ("message-acknowledgement", "message-provenance", "message-outcome")
"""Of one message, or of a resource: the fixtures show them."""
SINGLE = [rule for rule in RULES if rule.kind == "invariant" and not by_value(rule.detail)]
OF_MESSAGES = [rule for rule in SINGLE if rule.profile.startswith("message-") and rule.profile not in ALONE]


@pytest.mark.parametrize("rule", [rule for rule in SINGLE if rule not in OF_MESSAGES], ids=str)
def test_each_invariant_of_a_resource_is_broken_by_a_fixture(rule: ProfileRule) -> None:
    """By its profile, or by one that is derived from it."""
    found = {finding.profile for each in INVALID.values() for finding in each.findings if finding.key == rule.detail}
    assert any(rule.profile in ancestry(profile) for profile in found if profile)


def ancestry(profile: str) -> list[str]:
    """A profile of ours and what it is derived from."""
    found = package().get(PROFILE + profile)
    return [profile, *ancestry(found["baseDefinition"].removeprefix(PROFILE))] if found else []


def test_each_invariant_of_a_message_is_broken_in_each_message_that_has_it() -> None:
    """By the fault of the fixture that is named after it, put into another message."""
    assert len(OF_MESSAGES) > 60
    assert unexplained({str(rule): message_outcome(rule) for rule in OF_MESSAGES}) == {}


def message_outcome(rule: ProfileRule) -> set[str] | None:
    url = PROFILE + rule.profile
    found: list[set[str]] = []
    for each in carriers(url):
        made = Identifiers("copies").renew(each)
        for change in caseless(made) if rule.detail == "bundle-case" else INVALID[rule.detail].fault:
            authored.apply(made, change, Identifiers("more copies"))
        others = companions(url, Fault(made, "profile-invariant", "Bundle", url, rule.detail))
        found += [] if others is None else [others]
    return min(found, key=len, default=None)


def caseless(message: Resource) -> Iterator[Change]:
    """What takes away all that a message can name its case by."""
    kinds = [entry["resource"]["resourceType"] for entry in message["entry"]]
    provenances = [each["resource"] for each in message["entry"] if each["resource"]["resourceType"] == "Provenance"]
    url = message["entry"][0]["fullUrl"]
    (own,) = [number for number, each in enumerate(provenances) if each["target"][0].get("reference") == url]
    yield from [Change(at="Task", remove=True)] * kinds.count("Task")
    if "extension" in message["entry"][0]["resource"]:
        yield Change(at="MessageHeader.extension", remove=True)
    if "Encounter" in kinds:
        yield Change(at="Encounter.identifier[0].system", set="urn:oid:1.2.3")
    roles = [each["role"] for each in provenances[own].get("entity", ())]
    if "source" in roles:
        yield Change(at=f"Provenance[{own}].entity[{roles.index('source')}]", remove=True)


# What is no rule of its own


def test_what_only_names_a_slice_or_an_extension_names_one_that_has_rules() -> None:
    for name in (rule for rule in RULES if rule.kind == "name"):
        whole = name.element.rpartition(":")[0] + ":" + name.element.rpartition(":")[2].partition(".")[0]
        whole = whole if ":" in name.element else name.element.partition(".")[0]
        assert any(
            rule.element.startswith(whole) and rule.kind != "name" and name.profile in ancestry(rule.profile)
            for rule in RULES
        ), name


UNREACHED = {
    # said of messages whose profile is not loaded: ours are stricter with every instant
    "discharge-instant-not-used",
    # only the store knows what the case has said: tests/integration/test_gates.py
    "discharge-consent-held",
    "discharge-extended-consent",
    "discharge-invitation-sender",
    "discharge-plan-consent",
    "discharge-plan-consent-unsaid",
}


def test_each_rule_of_messages_and_of_the_domain_is_broken_by_a_fixture() -> None:
    told = {finding.rule for each in INVALID.values() for finding in each.findings}
    known = {each.id for each in vars(messages).values() if isinstance(each, Rule)}
    known |= {each.id for each in (*discharge_message.RULES, *minimum.RULES, *sip.RULES, *consents.RULES)}
    assert known - told == UNREACHED
