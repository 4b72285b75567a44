"""ConceptMaps: the codes that are mapped, and those that they are mapped to, are codes of their systems.

FHIR R4, ConceptMap (https://hl7.org/fhir/R4/conceptmap-definitions.html): group.source and group.target identify the
systems of the group's codes. As with a Coding, only what a complete code system lacks is wrong.
"""

from typing import Any

from adapter.fhir.shapes import objects, text
from adapter.validation import rules
from adapter.validation.run import Check, Path, Run
from adapter.validation.vocabulary import Vocabulary


def checking(terms: Vocabulary) -> Check:
    """The check of a ConceptMap."""

    def check(value: dict[str, Any], run: Run, path: Path) -> None:
        for index, group in enumerate(objects(value.get("group"))):
            _group(group, terms, run, ((path, "group"), index))

    return check


def _group(group: dict[str, Any], terms: Vocabulary, run: Run, path: Path) -> None:
    source, target = (_canonical(group, side) for side in ("source", "target"))
    for index, element in enumerate(objects(group.get("element"))):
        place: Path = ((path, "element"), index)
        _code(source, element, terms, run, place)
        for number, mapped in enumerate(objects(element.get("target"))):
            _code(target, mapped, terms, run, ((place, "target"), number))


def _canonical(group: dict[str, Any], side: str) -> str | None:
    system, version = text(group.get(side)), text(group.get(f"{side}Version"))
    return f"{system}|{version}" if system and version else system


def _code(system: str | None, holder: dict[str, Any], terms: Vocabulary, run: Run, path: Path) -> None:
    code = text(holder.get("code"))
    if system and code and terms.has_code(system, code) is False:
        run.report(rules.CODE_UNKNOWN, "the code system of the group has no such code", (path, "code"))
