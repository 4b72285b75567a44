"""Faults that break one rule of a profile each, made from the rule and a valid resource."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from profile_places import Owner, Places, Spot, elements, fixed
from profile_rules import ProfileRule
from r4_values import ID, others, resource, value

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_ANY = "*"
_TRIES = 3
"""At how many places of a resource a rule is broken, one at a time."""
_INVARIANTS = {
    "ref-named": {"display": "x"},
    "stay-instant": "2099-03-09",
    "stay-day-known": "2026-03",
}
"""By the key of an invariant that stands at many places, a value that breaks it."""

Sample = Callable[[str, str], Any]
"""(type, canonical URL) → a value of the type that keeps the profile, or one that is valid by R4's base."""


@dataclass(frozen=True)
class Fault:
    """A resource with the fault, and the finding that is expected: `rule` is * where any rule of the profile may speak
    at or below the path."""

    broken: Any
    rule: str
    path: str
    profile: str
    key: str = ""


class Breaker:
    """Breaks the rules of one definition. `type_of`: the type that a canonical URL is a profile of."""

    def __init__(self, places: Places, sample: Sample, type_of: Callable[[str], str]) -> None:
        self._places = places
        self._sample = sample
        self._type_of = type_of
        self._url = str(places.definition["url"])

    def faults(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        """Faults that break the rule, in copies of a valid resource."""
        make: Callable[[ProfileRule, Any], Iterator[Fault]] = getattr(self, f"_{rule.kind}")
        return make(rule, valid)

    def _spots(self, rule: ProfileRule, valid: Any) -> Iterator[tuple[Any, Spot]]:
        for number in range(min(_TRIES, len(self._places.spots(valid, rule.element)))):
            made = copy.deepcopy(valid)
            yield made, self._places.spots(made, rule.element)[number]

    def _owners(self, rule: ProfileRule, valid: Any) -> Iterator[tuple[Any, Owner]]:
        for number in range(min(_TRIES, len(self._places.owners(valid, rule.element)))):
            made = copy.deepcopy(valid)
            yield made, self._places.owners(made, rule.element)[number]

    def _min(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        for made, owner in self._owners(rule, valid):
            for spot in reversed(self._places.of(owner, rule.element)[rule.detail - 1 :]):
                spot.remove()
            yield Fault(made, "profile-min", owner.path, self._url)

    def _max(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        for made, owner in self._owners(rule, valid):
            element = elements(owner.kind, _bare(rule))[-1 if _bare(rule) == "value[x]" else 0]
            there = self._places.of(owner, rule.element)
            for number in range(rule.detail + 1 - len(there)):
                again = copy.deepcopy(there[0].value) if there else self._member(rule, owner, element.type)
                _append(owner, there[0].name if there else element.name, again, number, is_list=element.is_list)
            if len(self._places.of(owner, rule.element)) > rule.detail:
                yield Fault(made, "profile-max", owner.path, self._url)

    def _member(self, rule: ProfileRule, owner: Owner, kind: str) -> Any:
        """A value of the element or, for a slice, one that belongs to it."""
        if ":" not in rule.element.rpartition(".")[2]:
            return value(kind, f"{owner.kind}.{_bare(rule)}")
        if kind == "Extension":
            return self._sample("Extension", self._places.url(rule.element))
        if kind == "Bundle.entry":
            held = self._places.elements[f"{rule.element}.resource"]["type"][0]
            found = self._sample(held["code"], held.get("profile", [_HL7 + held["code"]])[0])
            return {"fullUrl": f"urn:uuid:{ID}", "resource": copy.deepcopy(found) | {"id": ID}}
        system = self._places.elements.get(f"{rule.element}.system")
        return value(kind) | ({"system": fixed(system)} if system else {})

    def _value(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        is_fixed = any(name.startswith("fixed") for name in self._places.elements[rule.element])
        yield from self._others(rule, valid, "profile-fixed" if is_fixed else "profile-pattern")

    def _binding(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        yield from self._others(rule, valid, f"code-{rule.detail}")

    def _others(self, rule: ProfileRule, valid: Any, told: str) -> Iterator[Fault]:
        for made, spot in self._spots(rule, valid):
            for other in others(spot.value, spot.name, spot.kind):
                spot.put(other)
                yield Fault(copy.deepcopy(made), told, spot.path, self._url)

    def _type(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        for made, owner in self._owners(rule, valid):
            for spot in self._places.of(owner, rule.element):
                spot.remove()
            for element in elements(owner.kind, _bare(rule)):
                if element.type in rule.detail:
                    owner.value[element.name] = value(element.type)
                    path = f"{owner.path}.{element.step}"
                    yield Fault(copy.deepcopy(made), "profile-element-type", path, self._url)
                    del owner.value[element.name]

    def _target(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        ours, theirs = ([self._type_of(each) for each in urls] for urls in rule.detail)
        other = next((each for each in theirs if each not in ours and each != "Resource"), "Basic")
        for made, spot in self._spots(rule, valid):
            if spot.kind == "Reference":
                spot.put({"reference": f"http://example.org/fhir/{other}/1", "type": other})
                yield Fault(made, "base-reference-type", spot.path, self._url)

    def _closed(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        for made, owner in self._owners(rule, valid):
            (element,) = elements(owner.kind, _bare(rule))
            there = owner.value.setdefault(element.name, [])
            there.append(value(element.type))
            yield Fault(made, "profile-slice-closed", f"{owner.path}.{element.step}[{len(there) - 1}]", self._url)

    def _profile(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        url = rule.detail.partition("|")[0]
        for made, spot in self._spots(rule, valid):
            if spot.kind == "Extension":
                spot.put({"url": url, "valueBoolean": True})
                yield Fault(made, _ANY, spot.path, url)
        if rule.element.startswith("Bundle.entry:"):
            kind = self._type_of(url)
            for made in (resource(kind), *_less(kind)):
                message = copy.deepcopy(valid)
                message["entry"].append({"fullUrl": f"urn:uuid:{ID}", "resource": made})
                yield Fault(message, _ANY, f"Bundle.entry[{len(message['entry']) - 1}].resource", url)

    def _invariant(self, rule: ProfileRule, valid: Any) -> Iterator[Fault]:
        for made, spot in self._spots(rule, valid):
            wrong = spot.value | {"value": "x"} if spot.kind == "Identifier" else _INVARIANTS[rule.detail]
            spot.put(copy.deepcopy(wrong))
            yield Fault(made, "profile-invariant", spot.path, self._url, rule.detail)


def by_value(key: str) -> bool:
    """Whether a wrong value is all that breaks an invariant."""
    return key in _INVARIANTS or key in ("org-hsa", "org-kommunkod")


def _less(kind: str) -> Iterator[dict[str, Any]]:
    """Resources of a type that few profiles let through."""
    yield resource(kind) | {"contained": [value("Resource")]}
    if kind == "Goal":
        yield resource(kind) | {"description": {"coding": [value("Coding")]}}


def _bare(rule: ProfileRule) -> str:
    return rule.element.rpartition(".")[2].partition(":")[0]


def _append(owner: Owner, name: str, item: Any, number: int, *, is_list: bool) -> None:
    if isinstance(item, dict) and "fullUrl" in item:
        item["resource"]["id"] = ID[:-2] + f"{number + 10}"
        item["fullUrl"] = f"urn:uuid:{item['resource']['id']}"
    if is_list:
        owner.value.setdefault(name, []).append(item)
    else:
        owner.value[name] = item
