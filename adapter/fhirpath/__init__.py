"""FHIRPath for R4: expressions compiled to closures, typed by R4's definitions.

    >>> official = compile("Patient.name.where(use = 'official').given")
    >>> official(patient)
    ['Karin']

An expression that cannot be evaluated raises FhirPathError, which names the place in the expression.
"""

from adapter.fhirpath.environment import Environment, Scope
from adapter.fhirpath.errors import FhirPathError, FhirPathLimitError, FhirPathSyntaxError, Position
from adapter.fhirpath.expression import Compiled, Expression
from adapter.fhirpath.expression import compile_expression as compile  # noqa: A004 - the word of every expression library

__all__ = [
    "Compiled",
    "Environment",
    "Expression",
    "FhirPathError",
    "FhirPathLimitError",
    "FhirPathSyntaxError",
    "Position",
    "Scope",
    "compile",
]
