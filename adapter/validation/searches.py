"""SearchParameters: their expression is FHIRPath over the types that they search, and a composite has components.

FHIR R4, SearchParameter (https://hl7.org/fhir/R4/searchparameter-definitions.html): expression is "a FHIRPath
expression that returns a set of elements for the search parameter"; component is "used to define the parts of a
composite search parameter".
"""

from typing import Any

from adapter.fhir.elements import table
from adapter.fhir.shapes import objects, text, texts
from adapter.fhirpath import FhirPathError
from adapter.fhirpath import compile as compile_expression
from adapter.validation import rules
from adapter.validation.run import Path, Run

_FEWEST = 2


def check(value: dict[str, Any], run: Run, path: Path) -> None:
    """Reports what cannot be searched by."""
    expression = text(value.get("expression"))
    if expression is not None:
        try:
            compile_expression(expression).lead_to_elements(_bases(value))
        except FhirPathError as error:
            words = f"the expression is no FHIRPath over the types that are searched: {error}"[:400]
            run.report(rules.DEFINITION_CONTENT, words, (path, "expression"))
    if value.get("type") == "composite" and len(objects(value.get("component"))) < _FEWEST:
        words = "a composite has fewer than two components: expected the parts that it is made of"
        run.report(rules.DEFINITION_CONTENT, words, path)


def _bases(value: dict[str, Any]) -> list[str]:
    """The types that are searched; those that R4 does not have are said elsewhere."""
    return [each for each in texts(value.get("base")) if each in table()]
