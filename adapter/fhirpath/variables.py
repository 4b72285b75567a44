"""`%name`: what is always there, and what the caller or defineVariable() adds."""

from typing import Any

from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.nodes import UCUM, boxed
from adapter.fhirpath.plans import Plan, constant

_CONSTANTS = {"ucum": UCUM, "sct": "http://snomed.info/sct", "loinc": "http://loinc.org"}
_URLS = {"vs-": "http://hl7.org/fhir/ValueSet/", "ext-": "http://hl7.org/fhir/StructureDefinition/"}
_NODES = ("context", "resource", "rootResource")

RESERVED = frozenset((*_CONSTANTS, *_NODES))
"""Names that a caller or defineVariable() cannot take."""


def _context(_this: Any, scope: Scope) -> list[Any]:
    value, type_ = scope.input
    return [] if value is None else boxed([value], type_)


def variable(name: str) -> Plan:
    """The plan of a variable."""
    if name in _CONSTANTS:
        return constant([_CONSTANTS[name]])
    if name == "context":
        return Plan(_context)
    if name == "resource":
        return Plan(lambda _this, scope: [scope.resource])
    if name == "rootResource":
        return Plan(lambda _this, scope: [scope.root])

    def read(_this: Any, scope: Scope) -> list[Any]:
        found = scope.variables.get(name)
        if found is None:
            raise FhirPathError(f"there is no variable %{name[:40]}")
        return found

    prefix, dash, rest = name.partition("-")
    base = _URLS.get(prefix + dash)
    if base is not None:
        return Plan(lambda _this, scope: scope.variables.get(name, [base + rest]))
    return Plan(read)
