"""CodeSystems: their concepts have the properties that they declare, and are as many as they say.

FHIR R4, CodeSystem (https://hl7.org/fhir/R4/codesystem-definitions.html): concept.property.code "is a reference to
CodeSystem.property.code", whose type is that of the value; count is the total number of concepts, but of systems with a
grammar; supplements names what a supplement adds to.
"""

from collections.abc import Iterator
from typing import Any

from adapter.fhir.shapes import objects, text
from adapter.validation import rules
from adapter.validation.run import Path, Run

_MOST = 100_000


def check(value: dict[str, Any], run: Run, path: Path) -> None:
    """Reports what contradicts itself in a CodeSystem."""
    content = text(value.get("content"))
    if content == "supplement" and not text(value.get("supplements")):
        words = "a supplement names no code system: expected supplements"
        run.report(rules.DEFINITION_CONTENT, words, path)
    declared = _declared(value, run, path)
    total = 0
    for concept, place in _concepts(value, path):
        total += 1
        for index, each in enumerate(objects(concept.get("property"))):
            _property(each, declared, run, ((place, "property"), index))
    count = value.get("count")
    is_told = content == "complete" and value.get("compositional") is not True and count.__class__ is int
    if is_told and count != total and total < _MOST:
        words = f"the code system is complete and has {total} concepts: expected count to be that"
        run.report(rules.DEFINITION_CONTENT, words, (path, "count"))


def _declared(value: dict[str, Any], run: Run, path: Path) -> dict[str, str | None]:
    """The types of the properties by code."""
    found: dict[str, str | None] = {}
    for index, each in enumerate(objects(value.get("property"))):
        code = text(each.get("code"))
        if code is None:
            continue
        if code in found:
            words = "another property has this code: expected one"
            run.report(rules.DEFINITION_CONTENT, words, ((path, "property"), index))
        found.setdefault(code, text(each.get("type")))
    return found


def _concepts(value: dict[str, Any], path: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """Each concept with its place, those within others too."""
    waiting = [(value, path)]
    seen = 0
    while waiting and seen < _MOST:
        holder, place = waiting.pop()
        for index, each in enumerate(objects(holder.get("concept"))):
            where: Path = ((place, "concept"), index)
            seen += 1
            yield each, where
            waiting.append((each, where))


def _property(value: dict[str, Any], declared: dict[str, str | None], run: Run, path: Path) -> None:
    code = text(value.get("code"))
    if code is None:
        return
    if code not in declared:
        words = "the code system declares no property of this code: expected one in CodeSystem.property"
        run.report(rules.DEFINITION_CONTENT, words, path)
        return
    wanted = declared[code]
    given = next((name[5:] for name in value if name.startswith("value")), None)
    if wanted and given and given.lower() != wanted.lower():
        words = f"the value is a {given[:20]}: the property is declared to be a {wanted[:20]}"
        run.report(rules.DEFINITION_CONTENT, words, path)
