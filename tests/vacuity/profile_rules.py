"""The rules that a profile adds to what it is derived from, one by one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Definition = dict[str, Any]


@dataclass(frozen=True)
class ProfileRule:
    """`kind`: min, max, value (fixed or pattern), binding, type, profile, target, closed, invariant; or name: what a
    slice or an extension is told by, which says what its other rules are about. `detail` is what it demands."""

    profile: str
    element: str
    kind: str
    detail: Any = None

    def __str__(self) -> str:
        shown = f" {self.detail}" if isinstance(self.detail, (str, int)) else ""
        return f"{self.profile}: {self.element} {self.kind}{shown}"


def rules_of(definition: Definition, base: Definition) -> Iterator[ProfileRule]:
    """The rules of a definition's differential; `base` is what it is derived from."""
    known = {each["id"]: each for each in base["snapshot"]["element"]}
    names = set(_names(definition))
    for element in definition["differential"]["element"]:
        place = element["id"]
        inherited = known.get(place)
        whole = inherited or known.get(re.sub(r":[^.]*", "", place)) or {}
        is_slice = ":" in place.rpartition(".")[2]
        found = _of_element(element, inherited or ({} if is_slice else whole), whole)
        for kind, detail in found:
            is_name = place in names and (kind in ("value", "type") or (kind == "min" and not is_slice))
            yield ProfileRule(definition["id"], place, "name" if is_name else kind, detail)


def _names(definition: Definition) -> Iterator[str]:
    """Elements that tell a slice from others, or an extension by its url."""
    places = [each["id"] for each in definition["snapshot"]["element"]]
    if definition["type"] == "Extension":
        yield from (place for place in places if place.endswith(".url"))
    for element in definition["snapshot"]["element"]:
        for discriminator in element.get("slicing", {}).get("discriminator", ()):
            steps = discriminator["path"].replace("$this", "").split(".")
            for place in places:
                if re.fullmatch(re.escape(element["id"]) + ":[^.:]+", place):
                    yield from (".".join([place, *steps[:count]]) for count in range(len(steps) + 1))


def _of_element(element: Definition, known: Definition, whole: Definition) -> Iterator[tuple[str, Any]]:
    least, greatest = element.get("min", 0), element.get("max", "*")
    if least > known.get("min", 0):
        yield "min", least
    if greatest not in ("*", known.get("max")):
        yield "max", int(greatest)
    for name, value in element.items():
        if name.startswith(("fixed", "pattern")):
            yield "value", value
    if "binding" in element and element["binding"] != known.get("binding"):
        yield "binding", element["binding"]["strength"]
    yield from _of_types(element.get("type", []), whole.get("type", []))
    if _slicing(element) == "closed" and _slicing(known) != "closed":
        yield "closed", None
    for constraint in element.get("constraint", ()):
        yield "invariant", constraint["key"]


def _of_types(ours: list[Definition], theirs: list[Definition]) -> Iterator[tuple[str, Any]]:
    left = {each["code"] for each in theirs} - {each["code"] for each in ours}
    if ours and left:
        yield "type", sorted(left)
    for each in ours:
        before = next((other for other in theirs if other["code"] == each["code"]), {})
        if each.get("profile", []) != before.get("profile", []):
            yield "profile", each["profile"][0]
        if each.get("targetProfile", []) != before.get("targetProfile", []):
            yield "target", (tuple(each["targetProfile"]), tuple(before.get("targetProfile", ())))


def _slicing(element: Definition) -> Any:
    return element.get("slicing", {}).get("rules")
