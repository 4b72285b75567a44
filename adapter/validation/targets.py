"""What a profile demands of where a reference leads: types, profiles of the target, aggregation."""

from typing import Any, Protocol, Self

from adapter.fhir.shapes import texts
from adapter.validation import references, rules
from adapter.validation.items import Item, resource_type
from adapter.validation.references import Severity, Targets
from adapter.validation.run import Path, Run
from adapter.validation.trees import Node

_BASE = "http://hl7.org/fhir/StructureDefinition/"
_ANY = frozenset({"Resource"})


class Host(Protocol):
    """What the check of targets needs of the validator."""

    @property
    def typed_references(self) -> Severity:
        """How grave it is that the URL of a reference that leads out names another type."""

    def tree(self, canonical: str) -> Node | None:
        """The root of a profile's snapshot."""

    def fits(self, item: Item, canonical: str, run: Run) -> bool:
        """Whether an item keeps a profile."""


class TargetCheck:
    """A Reference type of an element, with its target profiles."""

    def __init__(self, targets: Targets, host: Host) -> None:
        self._targets = targets
        self._host = host
        self._profiles = {name: self._profiles_of(name) for name, _ in targets.profiles}
        self._others = tuple(canonical for name, canonical in targets.profiles if name == "Resource")

    @classmethod
    def make(cls, type_: dict[str, Any], base: dict[str, Any], host: Host, url: str) -> Self | None:
        """None where the type says no more than the base's."""
        wanted = texts(type_.get("targetProfile"))
        aggregation = frozenset(texts(type_.get("aggregation")))
        if (wanted == base.get("targetProfile", []) or not wanted) and not aggregation:
            return None
        profiles = tuple((_type(each, host), each) for each in wanted)
        types = frozenset(name for name, _ in profiles)
        return cls(
            Targets(frozenset() if types & (_ANY | {""}) else types, profiles, aggregation, url, host.typed_references),
            host,
        )

    def _profiles_of(self, type_: str) -> tuple[str, ...]:
        """The profiles of which a target of a type must keep one; none where any resource of the type will do."""
        found = tuple(canonical for name, canonical in self._targets.profiles if name in (type_, "Resource"))
        return () if f"{_BASE}{type_}" in found else found

    def check(self, value: Any, run: Run, path: Path) -> None:
        """Type, place and profile of the resource that the reference leads to."""
        self._targets.check(value, run, path)
        url = value.get("reference") if value.__class__ is dict else None
        if not isinstance(url, str) or (run.frame.outer.bundle is None and url[:1] != "#"):
            return
        target = references.target(url, run.frame).resource
        if target is None:
            return
        fitting = self._profiles.get(str(target.get("resourceType")), self._others)
        if not fitting:
            return
        frame = run.frames.get(id(target))
        found = Item(target, resource_type(target), frame.path if frame is not None else path)
        if not any(self._host.fits(found, canonical, run) for canonical in fitting):
            words = f"the target keeps none of the profiles that it must keep one of: {', '.join(fitting)[:400]}"
            run.report(rules.PROFILE_TARGET, words, path, self._targets.profile)


def _type(canonical: str, host: Host) -> str:
    """The type that a profile is of; the empty text where it is not known."""
    bare = canonical.partition("|")[0]
    name = bare.removeprefix(_BASE)
    if bare.startswith(_BASE) and name.isalpha() and name[:1].isupper():
        return name
    tree = host.tree(canonical)
    return tree.path if tree is not None else ""
