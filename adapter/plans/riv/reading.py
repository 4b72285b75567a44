"""From a plan of a GetCarePlans answer to a CarePlan with its document as a DocumentReference.

The contract has neither goals, measures nor status: the CarePlan has none, its status is `unknown`, and the account
says so. It is a plan of R4, not of our profile for a SIP, which has at least one measure.
"""

import base64
from datetime import datetime
from typing import Any

from adapter.fhir import canonical
from adapter.plans.reading import Reading
from adapter.plans.riv import contract
from adapter.plans.riv.contract import CarePlan, PersonId, Professional
from adapter.support.clock import STOCKHOLM

_KIND = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
_PERSON = {
    contract.PERSONNUMMER: canonical.PERSONNUMMER,
    contract.SAMORDNINGSNUMMER: canonical.SAMORDNINGSNUMMER,
}
_NOT_FOR_PATIENT = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "NOPAT",
    "display": "no disclosure to patient, family or caregivers without attending provider's authorization",
}
_NOT_SAID = (
    ("CarePlan.status", "the contract has no status of the plan: unknown"),
    ("CarePlan.goal", "the contract has no goals: they stand in the document, for people to read"),
    ("CarePlan.activity", "the contract has no measures: they stand in the document, for people to read"),
)


def read(plan: CarePlan) -> Reading:
    """The plan as resources: Patient, Organizations, PractitionerRole where a person is named, DocumentReference for
    each attachment, CarePlan last."""
    reading = Reading(f"{plan.source_system}\n{plan.document_id}")
    patient = reading.add("patient", {"resourceType": "Patient", "identifier": [_person(plan.patient)]})
    units = _units(reading, plan)
    author = _author(reading, plan.professional, units)
    identifier = _identifier(plan, plan.document_id)
    documents = _documents(reading, plan, patient, author, units)
    who = plan.professional.care_unit or plan.professional.unit
    reading.add(
        "plan",
        {
            "resourceType": "CarePlan",
            "identifier": [identifier],
            "status": "unknown",
            "intent": "plan",
            "category": [{"coding": [{"system": _KIND, "code": plan.kind}]}] if plan.kind else [],
            "title": plan.title,
            "subject": patient,
            "encounter": {"type": "Encounter", "identifier": _identifier(plan, plan.care_contact)}
            if plan.care_contact
            else None,
            "created": _instant(reading, "CarePlan.created", plan.time),
            "author": author,
            "contributor": [units[hsa] for hsa in plan.participants if hsa != who],
            "supportingInfo": documents,
        },
    )
    for path, reason in _NOT_SAID:
        reading.note("not said", path, reason)
    if plan.kind is None:
        reading.note("not said", "CarePlan.category", "the answer does not say which kind of plan it is")
    for name in plan.left_out:
        reading.note("left out", name, "no place in what is read of the contract")
    return reading


def _units(reading: Reading, plan: CarePlan) -> dict[str, dict[str, str]]:
    """A reference for each unit, by HSA-id; the unit's name where the answer has it, the caregiver above it."""
    who = plan.professional
    named = dict.fromkeys(filter(None, (who.care_giver, who.unit, who.care_unit, *plan.participants)))
    found: dict[str, dict[str, str]] = {}
    for hsa in named:
        above = found.get(who.care_giver or "") if hsa in (who.unit, who.care_unit) and hsa != who.care_giver else None
        found[hsa] = reading.add(
            f"unit {hsa}",
            {
                "resourceType": "Organization",
                "identifier": [{"system": canonical.HSA, "value": hsa}],
                "name": who.unit_name if hsa == who.unit else None,
                "partOf": above,
            },
        )
    return found


def _author(reading: Reading, who: Professional, units: dict[str, dict[str, str]]) -> dict[str, Any] | None:
    unit = units.get(who.care_unit or who.unit or "")
    if who.unit and who.care_unit and who.unit != who.care_unit:
        reading.note("changed", "CarePlan.author", "the care unit stands for the organisational unit, which is added")
    if not (who.hsa or who.name or who.role):
        if unit is None:
            reading.note("not said", "CarePlan.author", "the answer names no unit that answers for the plan")
        return unit
    practitioner: dict[str, Any] = {"type": "Practitioner"}
    practitioner |= {"identifier": {"system": canonical.HSA, "value": who.hsa}} if who.hsa else {}
    practitioner |= {"display": who.name} if who.name else {}
    role = who.role and {
        "system": f"urn:oid:{who.role.system}" if who.role.system else None,
        "code": who.role.code,
        "display": who.role.name,
    }
    coding = {name: value for name, value in (role or {}).items() if value}
    return reading.add(
        "author",
        {
            "resourceType": "PractitionerRole",
            "practitioner": practitioner if len(practitioner) > 1 else None,
            "organization": unit,
            "code": [{"coding": [coding]}] if coding else [],
        },
    )


def _documents(
    reading: Reading,
    plan: CarePlan,
    patient: dict[str, str],
    author: dict[str, Any] | None,
    units: dict[str, dict[str, str]],
) -> list[dict[str, str]]:
    if not plan.attachments:
        reading.note("not said", "DocumentReference", "the answer has no document of the plan")
    signed = plan.signature
    if signed is not None and signed.time is not None:
        reading.note("left out", "signatureTime", "a DocumentReference says who signed, not when")
    signer: dict[str, Any] | None = None
    if signed is not None and (signed.hsa or signed.name):
        signer = {"type": "Practitioner"}
        signer |= {"display": signed.name} if signed.name else {}
        if signed.hsa:
            signer["identifier"] = {"system": canonical.HSA, "value": signed.hsa}
    found = []
    for number, attachment in enumerate(plan.attachments, start=1):
        data = None if attachment.value is None else base64.b64encode(attachment.value).decode()
        content = {"contentType": attachment.media_type, "data": data, "url": attachment.reference, "title": plan.title}
        found.append(
            reading.add(
                f"document {number}",
                {
                    "resourceType": "DocumentReference",
                    "identifier": [_identifier(plan, plan.document_id)],
                    "status": "current",
                    "subject": patient,
                    "date": _instant(reading, "DocumentReference.date", plan.professional.author_time),
                    "author": [author] if author else [],
                    "authenticator": signer,
                    "custodian": units.get(plan.professional.care_giver or ""),
                    "description": plan.title,
                    "securityLabel": [] if plan.approved_for_patient else [{"coding": [_NOT_FOR_PATIENT]}],
                    "content": [{"attachment": {name: value for name, value in content.items() if value is not None}}],
                },
            )
        )
    return found


def _person(patient: PersonId) -> dict[str, str]:
    return {"system": _PERSON.get(patient.type, f"urn:oid:{patient.type}"), "value": patient.id}


def _identifier(plan: CarePlan, value: str | None) -> dict[str, Any]:
    """An id that is unique within the source system, which is named as its assigner: the contract gives no system."""
    assigner = {"type": "Organization", "identifier": {"system": canonical.HSA, "value": plan.source_system}}
    return {"value": value, "assigner": assigner}


def _instant(reading: Reading, path: str, at: datetime | None) -> str | None:
    """With the Swedish offset; in an hour in which the clock is changed the one before the change."""
    if at is None:
        return None
    if at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset():
        reading.note(
            "changed", path, "the hour comes twice that night, and the contract has no zone: read as the first"
        )
    return at.astimezone(STOCKHOLM).isoformat()
