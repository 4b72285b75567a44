"""Whom resources of a plan are about: every Patient among them, contained ones too, and whom a subject names without
one. A note about somebody else must not be told of the person whose plan it came with."""

from collections.abc import Iterator, Sequence
from typing import Any

from adapter.fhir import identifiers
from adapter.fhir.canonical import PERSONNUMMER, RESERVNUMMER, SAMORDNINGSNUMMER
from adapter.fhir.shapes import obj, objects, text

Person = Sequence[tuple[str, str]]
"""(system, value) of each of a person's identifiers; none where it cannot be told who it is."""

_SUBJECTS = ("subject", "patient", "for")
_NUMBERS = frozenset({PERSONNUMMER, SAMORDNINGSNUMMER, RESERVNUMMER})


def people(resource: dict[str, Any]) -> Iterator[Person]:
    """Each person that a resource of a plan is, holds, or says that it is about. References to other resources are
    not followed: these are asked for themselves."""
    waiting: list[dict[str, Any]] = [resource]
    while waiting:
        one = waiting.pop()
        inner = objects(one.get("contained"))
        waiting += inner
        if one.get("resourceType") == "Patient":
            yield identifiers.of_patient(one)
            continue
        here = {f"#{each.get('id')}" for each in objects(resource.get("contained"))} | {"#"}
        for name in _SUBJECTS:
            value = one.get(name)
            for subject in [value] if isinstance(value, dict) else objects(value):
                yield from _named(subject, here)


def _named(subject: dict[str, Any], contained: set[str]) -> Iterator[Person]:
    """Whom a reference names by itself: nobody where it leads to a resource, and says no number."""
    reference, identifier = text(subject.get("reference")), obj(subject.get("identifier"))
    system, value = text(identifier.get("system")), text(identifier.get("value"))
    number = identifiers.normalised(system, value) if system and value else None
    if number is not None and number[0] in _NUMBERS:
        yield (number,)
    elif reference is None or (reference.startswith("#") and reference not in contained):
        yield (number,) if number is not None else ()
