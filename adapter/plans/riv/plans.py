"""From a message that holds a coordinated plan to the plan as GetCarePlans carries it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.fhir import canonical, identifiers, instants
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.shapes import obj, objects, text
from adapter.plans.riv import attachment, document
from adapter.plans.riv.contract import KINDS, CarePlan, Code, PersonId, Professional

_BEFATTNING = "urn:oid:1.2.752.129.2.2.1.4"


@dataclass(frozen=True)
class Setting:
    """What the message does not say. `sent_at` is when this version was sent; `care_giver` the HSA-id of the party
    that sent it."""

    document_id: str
    source_system: str
    patient: PersonId
    sent_at: datetime
    care_giver: str | None
    approved_for_patient: bool
    confidential: bool
    form: attachment.Form


kind = document.kind


def plan_of(message: MessageBundle) -> dict[str, Any] | None:
    """The plan that a message holds; None where it holds none, or several."""
    found = message.of_type("CarePlan")
    return found[0] if len(found) == 1 else None


def identity(plan: dict[str, Any]) -> str:
    """What the plan's versions have in common: its first identifier, else its kind; empty without either."""
    pairs = ((text(each.get("system")), text(each.get("value"))) for each in objects(plan.get("identifier")))
    named = (f"{system or ''}|{value}" for system, value in pairs if value)
    return next(named, kind(plan) or "")


def care_contact(message: MessageBundle, plan: dict[str, Any]) -> str | None:
    """The identifier of the stay that the plan comes from."""
    stay = obj(message.resolve(plan.get("encounter")))
    return next(iter(identifiers.values(stay, canonical.STAY)), None)


def care_unit(message: MessageBundle, plan: dict[str, Any]) -> str | None:
    """The HSA-id of the unit that answers for the plan: its author's, else the sender's."""
    return _accountable(message, plan)[0]


def drawn_up(plan: dict[str, Any]) -> datetime | None:
    """When the plan was drawn up; None where only the day is known, or nothing: no hour is made up."""
    return instants.parse(plan.get("created"))


def units(message: MessageBundle, plan: dict[str, Any]) -> list[str]:
    """The HSA-ids of the units that the plan names: who drew it up, contributes, answers for a measure or has a
    contact person. A municipality that is named by kommunkod alone has none."""
    references = [plan.get("author"), *objects(plan.get("contributor"))]
    for activity in objects(plan.get("activity")):
        references += objects(obj(activity.get("detail")).get("performer"))
    for team in objects(plan.get("careTeam")):
        members = objects(obj(message.resolve(team)).get("participant"))
        references += [obj(member.get("onBehalfOf")) for member in members]
    found = (_unit(message, reference)[0] for reference in references)
    return list(dict.fromkeys(hsa for hsa in found if hsa))


def sources(message: MessageBundle, plan: dict[str, Any]) -> Iterator[str]:
    """The HSA-ids of the units whose documentation the plan holds: those of its author and contributors."""
    for reference in (plan.get("author"), *objects(plan.get("contributor"))):
        hsa, _ = _unit(message, reference)
        if hsa:
            yield hsa


def care_plan(message: MessageBundle, plan: dict[str, Any], setting: Setting) -> CarePlan:
    """The plan; without attachment where the document is larger than the contract allows."""
    shown = document.write(message, plan, setting.patient.id, confidential=setting.confidential)
    attached = attachment.attach(shown, setting.form)
    code = kind(plan)
    return CarePlan(
        document_id=setting.document_id,
        source_system=setting.source_system,
        title=shown.title,
        patient=setting.patient,
        professional=_professional(message, plan, setting),
        approved_for_patient=setting.approved_for_patient,
        time=drawn_up(plan),
        care_contact=care_contact(message, plan),
        attachments=() if attached is None else (attached,),
        participants=tuple(units(message, plan)),
        kind=code if code in KINDS else None,
    )


def _professional(message: MessageBundle, plan: dict[str, Any], setting: Setting) -> Professional:
    author = obj(message.resolve(plan.get("author")))
    unit, name = _accountable(message, plan)
    role = author if author.get("resourceType") == "PractitionerRole" else {}
    who = obj(message.resolve(role.get("practitioner")))
    return Professional(
        author_time=setting.sent_at,
        hsa=identifiers.of(who, canonical.HSA) or identifiers.of(role, canonical.HSA),
        name=text(obj(role.get("practitioner")).get("display")),
        role=_role(role),
        unit=unit,
        unit_name=name,
        care_unit=unit,
        care_giver=setting.care_giver,
    )


def _accountable(message: MessageBundle, plan: dict[str, Any]) -> tuple[str | None, str | None]:
    """(HSA-id, name) of the author's unit, else of the sender."""
    found = _unit(message, plan.get("author"))
    return found if found[0] is not None else _unit(message, message.header.get("sender"))


def _role(role: dict[str, Any]) -> Code | None:
    for concept in objects(role.get("code")):
        for coding in objects(concept.get("coding")):
            if coding.get("system") == _BEFATTNING:
                return Code(text(coding.get("code")), _BEFATTNING.removeprefix("urn:oid:"), text(coding.get("display")))
    return None


def _unit(message: MessageBundle, reference: object) -> tuple[str | None, str | None]:
    """(HSA-id, name) of the unit that a reference leads to, by way of a PractitionerRole too."""
    found = obj(message.resolve(reference))
    if found.get("resourceType") == "PractitionerRole":
        reference = found.get("organization")
        found = obj(message.resolve(reference))
    name = text(found.get("name")) or text(obj(reference).get("display"))
    return message.units_of(reference)[0], name
