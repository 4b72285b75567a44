"""Known mistakes of R4's published definitions (4.0.1), mended as R4's own content, or HL7's later version, has it.

Where an extension may be used:

- structuredefinition-fhir-type says ElementDefinition.type.code, regex says ElementDefinition; in all of R4's own
  StructureDefinitions (1 833 and 38 times) both stand on ElementDefinition.type.
- structuredefinition-normative-version says StructureDefinition; in R4's own definitions it stands on CodeSystems,
  ValueSets and ElementDefinitions too.
- capabilitystatement-expectation and -prohibited name 8 and 6 elements of CapabilityStatement; HL7's extension pack
  (hl7.fhir.uv.extensions, same URLs, for R4 too) names nearly all of them.

Invariants: que-12 says in words "more than one enableWhen" and counts more than two; que-7 says in words "the value
must be a boolean" and names FHIRPath's own Boolean, which no element is; ras-2 fails where there is no probability,
which is optional (FHIR-25796); vs-1 says in words "if effective is dateTime and has a value", and fails for a Period,
which the vital signs allow.

Vital signs: the profile binds the units of all components, as required, to the units of the signs themselves
(ucum-vitals-common), so that no component could have another, such as the oxygen flow of an oxygen saturation. HL7
loosened it: extensible in R4B (4.3.0, valueset-ucum-vitals-common.html), preferred since FHIR-43353.
"""

from typing import Any

from adapter.fhir.shapes import obj, objects, text

_BASE = "http://hl7.org/fhir/StructureDefinition/"
_VITAL_SIGNS = _BASE + "vitalsigns"
_UNITS = "http://hl7.org/fhir/ValueSet/ucum-vitals-common|4.0.1"
_CONTEXTS = {
    _BASE + "structuredefinition-fhir-type": "ElementDefinition.type",
    _BASE + "regex": "ElementDefinition.type",
    _BASE + "structuredefinition-normative-version": "Element",
    _BASE + "capabilitystatement-expectation": "Element",
    _BASE + "capabilitystatement-prohibited": "Element",
}
"""Where extensions may be used beyond what their definitions in R4 say."""
_EXPRESSIONS = {
    ("que-12", "enableWhen.count() > 2 implies enableBehavior.exists()"): (
        "enableWhen.count() > 1 implies enableBehavior.exists()"
    ),
    ("que-7", "operator = 'exists' implies (answer is Boolean)"): "operator = 'exists' implies (answer is boolean)",
    ("ras-2", "probability is decimal implies (probability as decimal) <= 100"): (
        "probability.ofType(decimal).all($this <= 100)"
    ),
    ("vs-1", "($this as dateTime).toString().length() >= 8"): (
        "$this is dateTime implies $this.toString().length() >= 8"
    ),
}
"""Invariants whose expression is not what their text says."""


def expression(constraint: dict[str, Any]) -> str | None:
    """The expression of an invariant, as its text means it; None where it has none."""
    written = text(constraint.get("expression"))
    return _EXPRESSIONS.get((str(constraint.get("key")), str(written)), written)


def mended(structure: dict[str, Any]) -> dict[str, Any]:
    """The definition without the mistakes; the given one is left."""
    url = str(structure.get("url"))
    if url in _CONTEXTS:
        return structure | {
            "context": [*objects(structure.get("context")), {"type": "element", "expression": _CONTEXTS[url]}]
        }
    if _VITAL_SIGNS in (url, structure.get("baseDefinition")) and structure.get("version") == "4.0.1":
        views = {
            name: _with_looser_units(structure[name]) for name in ("snapshot", "differential") if name in structure
        }
        return structure | views
    return structure


def _with_looser_units(view: Any) -> dict[str, Any]:
    """As R4B has it."""
    elements = [
        element | {"binding": element["binding"] | {"strength": "extensible"}}
        if element.get("path") == "Observation.component.value[x]"
        and obj(element.get("binding")).get("valueSet") == _UNITS
        else element
        for element in objects(obj(view).get("element"))
    ]
    return obj(view) | {"element": elements}
