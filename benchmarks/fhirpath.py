"""How long typical invariants take, beside fhirpathpy where that is installed: `python benchmarks/fhirpath.py`.

Both engines have compiled the expression before the clock starts. The last line is all invariants of R4 on one
Patient: what a validator evaluates for it.
"""

import importlib
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from typing import Any

from adapter import fhirpath
from adapter.definitions import load
from adapter.fhirpath import Compiled, FhirPathError, Scope, model, nodes

PATIENT = json.loads("""{
  "resourceType": "Patient", "id": "p", "active": true, "gender": "female", "birthDate": "1950-01-02",
  "meta": {"profile": ["http://example.org/fhir/StructureDefinition/patient"]},
  "text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>Karin</p></div>"},
  "contained": [{"resourceType": "Organization", "id": "o", "name": "Ward"}],
  "extension": [{"url": "http://example.org/a", "valueString": "x"}],
  "identifier": [{"use": "official", "system": "urn:oid:1.2.3", "value": "1", "period": {"start": "2020-01-01"}}],
  "name": [{"use": "official", "family": "Ek", "given": ["Karin", "Maria"]}, {"use": "usual", "text": "Kajsa"}],
  "telecom": [{"system": "phone", "value": "070", "use": "mobile"}, {"system": "email", "value": "a@b.se"}],
  "address": [{"use": "home", "line": ["Gatan 1"], "city": "Umeå", "postalCode": "90000",
    "period": {"start": "2020-01-01", "end": "2024-01-01"}}],
  "contact": [{"name": {"text": "Per"}, "telecom": [{"system": "phone", "value": "071"}]}],
  "managingOrganization": {"reference": "#o"}
}""")
EXPRESSIONS = (
    "Patient.name.given",
    "name.where(use = 'official').given.first() = 'Karin'",
    "contact.all(name.exists() or telecom.exists() or address.exists() or organization.exists())",
    "telecom.all(value.empty() or system.exists())",
    "extension.all(extension.exists() != value.exists())",
    "descendants().all(hasValue() or (children().count() > id.count()))",
    "contained.contained.empty()",
    "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()",
    "contained.where(('#'+id in %resource.descendants().reference).not()).empty()",
    "address.period.all(start.hasValue().not() or end.hasValue().not() or (start <= end))",
    "identifier.select(system & '|' & value).isDistinct()",
    "birthDate <= today() and name.family.matches('[A-Z][a-z]+')",
)


class Quiet:
    """No surroundings, and none missed."""

    def resolve(self, reference: str) -> dict[str, Any] | None: ...
    def member_of(self, value: Any, type_name: str, value_set: str) -> bool | None: ...
    def conforms_to(self, value: Any, type_name: str, profile: str) -> bool: ...  # type: ignore[empty-body]
    def html_issues(self, narrative: str) -> list[str]: ...  # type: ignore[empty-body]
    def trace(self, name: str, values: list[Any]) -> None: ...


def microseconds(run: Callable[[], Any]) -> float:
    """Processor time of one run, in the fastest of nine rounds of about 20 ms."""
    began = time.process_time()
    run()
    count = max(1, int(0.02 / max(time.process_time() - began, 1e-7)))
    rounds = []
    for _ in range(9):
        began = time.process_time()
        for _ in range(count):
            run()
        rounds.append((time.process_time() - began) / count)
    return min(rounds) * 1e6


def peer() -> Callable[[str], Callable[[], Any]] | None:
    """Compiles for fhirpathpy, None where it is not installed."""
    try:
        engine = importlib.import_module("fhirpathpy")
        models = importlib.import_module("fhirpathpy.models").models
    except ImportError:
        return None

    def compiled(expression: str) -> Callable[[], Any]:
        evaluate = engine.compile(expression, models["r4"])
        return lambda: evaluate(PATIENT, {"resource": PATIENT})

    return compiled


def invariants() -> list[tuple[Any, Compiled]]:
    """Each element of the patient with each invariant on it."""
    definitions = load(["hl7.fhir.r4.core#4.0.1"])
    by_path: dict[str, dict[str, str]] = {}
    for url in definitions.urls("StructureDefinition"):
        definition = definitions.resource(url, "StructureDefinition") or {}
        if definition.get("derivation") == "constraint":
            continue
        for element in definition["snapshot"]["element"]:
            for constraint in element.get("constraint", []):
                if "expression" in constraint:
                    by_path.setdefault(element["path"], {})[constraint["key"]] = constraint["expression"]

    def walk(value: Any, type_: model.Type, path: str) -> Iterator[tuple[Any, Compiled]]:
        for expression in {**by_path.get(type_.name, {}), **by_path.get(path, {})}.values():
            yield value, fhirpath.compile(expression).for_type(type_)
        for name, inner in value.items() if isinstance(value, dict) else ():
            option = type_.by_key.get(name)
            for each in (inner if isinstance(inner, list) else [inner]) if option else ():
                yield from walk(each, nodes.type_of(each) or option.type, f"{type_.name}.{name}")

    return list(walk(PATIENT, model.fhir("Patient"), "Patient"))


def main() -> None:
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    other = peer()
    version = importlib.metadata.version("fhirpathpy") if other else "not installed: skipped"
    print(f"fhirpathpy {version}\n\n{'µs':>9} {'fhirpathpy':>11} {'ratio':>7}")
    scope = Scope(nodes.Node(PATIENT, model.fhir("Patient")), environment=Quiet())
    for expression in EXPRESSIONS:
        compiled = fhirpath.compile(expression).for_type("Patient")
        ours = microseconds(lambda compiled=compiled: compiled.items(PATIENT, scope))
        theirs = ratio = ""
        if other:
            try:
                found = microseconds(other(expression))
                theirs, ratio = f"{found:.1f}", f"{found / ours:.0f}x"
            except Exception as error:  # noqa: BLE001 - whatever the peer cannot do
                theirs = type(error).__name__[:11]
        print(f"{ours:9.2f} {theirs:>11} {ratio:>7}  {expression}")
    rules = invariants()

    def all_rules() -> None:
        scope = Scope(nodes.Node(PATIENT, model.fhir("Patient")), environment=Quiet())
        for value, compiled in rules:
            try:
                compiled.holds(value, scope)
            except FhirPathError:
                raise SystemExit("an invariant of R4 cannot be evaluated") from None

    print(f"\n{microseconds(all_rules) / 1000:.3f} ms: {len(rules)} invariants of one Patient")


if __name__ == "__main__":
    main()
