"""Values of R4's types that are valid by R4's base, and others than those that stand somewhere."""

import copy
from typing import Any

from adapter.fhir.elements import table

ID = "00000000-0000-4000-8000-000000000001"
_UCUM = "http://unitsofmeasure.org"
_PRIMITIVES: dict[str, Any] = {
    **dict.fromkeys(("string", "markdown", "code", "id"), "x"),
    **dict.fromkeys(("uri", "oid"), "urn:oid:1.2.3"),
    **dict.fromkeys(("url", "canonical"), "http://example.org/x"),
    **dict.fromkeys(("integer", "positiveInt", "unsignedInt", "decimal"), 1),
    **dict.fromkeys(("date", "dateTime"), "2026-03-09"),
    "uuid": f"urn:uuid:{ID}",
    "boolean": True,
    "instant": "2026-03-09T08:40:00Z",
    "time": "08:40:00",
    "base64Binary": "AAAA",
}
_CODING = {"system": "urn:oid:1.2.3", "code": "x"}
_COMPLEX: dict[str, Any] = {
    "Reference": {"identifier": {"system": "urn:oid:1.2.3", "value": "x"}},
    "CodeableConcept": {"text": "x"},
    "Coding": _CODING,
    "Identifier": {"system": "urn:oid:1.2.3", "value": "x"},
    "HumanName": {"family": "x", "given": ["x"]},
    "Address": {"text": "x"},
    "ContactPoint": {"system": "phone", "value": "1"},
    "Period": {"start": "2026-03-09"},
    "Quantity": {"value": 1},
    "Age": {"value": 1, "system": _UCUM, "code": "a"},
    "Duration": {"value": 1, "system": _UCUM, "code": "h"},
    "Range": {"low": {"value": 1}},
    "Ratio": {"numerator": {"value": 1}, "denominator": {"value": 1}},
    "SampledData": {"origin": {"value": 1}, "period": 1, "dimensions": 1},
    "Attachment": {"title": "x"},
    "Annotation": {"text": "x"},
    "Timing": {"event": ["2026-03-09"]},
    "Extension": {"url": "http://example.org/x", "valueString": "x"},
    "Narrative": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
    "Meta": {"tag": [_CODING]},
    "Signature": {
        "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
        "when": "2026-03-09T08:40:00Z",
        "who": {"display": "x"},
    },
    "Resource": {"resourceType": "Basic", "id": "a", "code": {"text": "x"}, "subject": {"reference": "#"}},
    "Patient.contact": {"name": {"text": "x"}},
    "Bundle.entry": {
        "fullUrl": f"urn:uuid:{ID}",
        "resource": {"resourceType": "Basic", "id": ID, "code": {"text": "x"}},
    },
}
_CODES = {
    "Appointment.status": "proposed",
    "Appointment.participant.status": "accepted",
    "CarePlan.intent": "plan",
    "Encounter.status": "planned",
    "Encounter.statusHistory.status": "planned",
    "Goal.lifecycleStatus": "active",
    "MessageHeader.response.code": "ok",
    "Observation.status": "final",
    "Communication.status": "completed",
    "OperationOutcome.issue.code": "required",
    "OperationOutcome.issue.severity": "error",
    "Patient.gender": "female",
    "Patient.link.type": "seealso",
    "Practitioner.gender": "female",
    "PractitionerRole.availableTime.daysOfWeek": "mon",
    "QuestionnaireResponse.status": "completed",
    "Task.intent": "order",
    "Task.priority": "routine",
    "Task.status": "requested",
    **{f"{kind}.status": "active" for kind in ("CarePlan", "Consent", "ServiceRequest", "Encounter.location")},
    "ServiceRequest.intent": "order",
}
"""Codes of elements that R4 binds to a value set."""
_OTHER_CODES = {
    "status": (
        *("entered-in-error", "preparation", "unknown", "draft", "stopped", "revoked", "on-hold", "cancelled"),
        *("triaged", "onleave", "proposed", "ready", "failed", "noshow"),
    ),
    "intent": ("proposal", "option"),
    "role": ("quotation", "removal"),
    "type": ("collection",),
    "code": ("x", "SIP", "SPLPTLRV", "sip", "sharing", "direct-access", "sip-invitation", "read-receipt"),
}
"""By the name of an element, codes of which R4 knows some there."""


def value(kind: str, place: str = "") -> Any:
    """A value of a type or backbone, with what R4 demands and no more; `place` is the element that it is for."""
    if kind in _PRIMITIVES:
        return _CODES.get(place, _PRIMITIVES[kind])
    if kind in _COMPLEX:
        return copy.deepcopy(_COMPLEX[kind])
    elements = table()[kind].elements
    needed = {each.choice or each.name: each for each in reversed(elements) if each.min}
    if not needed:
        least = next(each for each in elements if each.name not in ("id", "extension", "modifierExtension"))
        needed = {least.name: least}
    made = {each.name: (value(each.type, f"{kind}.{each.name}"), each.is_list) for each in needed.values()}
    return {name: [found] if is_list else found for name, (found, is_list) in made.items()}


def resource(kind: str) -> dict[str, Any]:
    """A resource of a type with what R4 demands."""
    return {"resourceType": kind, "id": ID, **value(kind)}


def others(found: Any, name: str, kind: str) -> list[Any]:
    """Values of the element `name` other than the one found; some of them are valid by R4's base."""
    if isinstance(found, str):
        return [each for each in _OTHER_CODES.get(name, ("urn:oid:1.2.3",)) if each != found]
    if kind == "Coding":
        return [{**found, "code": each} for each in _OTHER_CODES["code"] if each != found.get("code")] + [_CODING]
    system = (found.get("coding") or [{}])[0].get("system")
    same = [{**found, "coding": [{"system": system, "code": "x"}]}] if system else []
    return [*same, {"coding": [_CODING]}, {"text": "x"}]
