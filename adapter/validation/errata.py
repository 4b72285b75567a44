"""Known mistakes of R4's published definitions, mended as the official validator mends them."""

from typing import Any

from adapter.fhir.shapes import obj, objects

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
"""Where extensions are used by R4 itself beyond what their definitions say."""


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
    """The profiles of vital signs bind the units of all components, as required, to those of the signs themselves."""
    elements = [
        element | {"binding": element["binding"] | {"strength": "extensible"}}
        if element.get("path") == "Observation.component.value[x]"
        and obj(element.get("binding")).get("valueSet") == _UNITS
        else element
        for element in objects(obj(view).get("element"))
    ]
    return obj(view) | {"element": elements}
