"""The coded words of a message that the case's rules read: name → code, without content.

The codes are those of the FHIR package: the value of a statement (Observation), the kind and decision of a consent, the
kind and status of a plan and who answers for its measures, who was named as fast vårdkontakt, by which way and by which
criteria a person is referred to care at home, what a disagreement is about, and how a stay ended.
"""

from collections.abc import Iterator
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CANONICAL, MUNICIPALITY, PLACING_MUNICIPALITY
from adapter.fhir.shapes import obj, objects, text

_STATEMENT = f"{CANONICAL}/CodeSystem/statement"
_CONSENT_KIND = f"{CANONICAL}/CodeSystem/consent-kind"
_CONSENT_BASIS = f"{CANONICAL}/CodeSystem/consent-basis"
_BASIS_EXTENSION = f"{CANONICAL}/StructureDefinition/consent-basis"
_ROLE = f"{CANONICAL}/CodeSystem/care-team-role"
_PLAN_KIND = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
_DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"

_HUVUDMAN = f"{CANONICAL}/CodeSystem/huvudman"
_WAY_IN = f"{CANONICAL}/CodeSystem/way-in"
_CRITERION = f"{CANONICAL}/CodeSystem/enrolment-criterion"
_DISAGREEMENT = f"{CANONICAL}/CodeSystem/disagreement-kind"
_EXTENSION = f"{CANONICAL}/StructureDefinition"

_NAMES = {"open-care-availability": "open_care", "capacity": "capacity", "delay-cause": "delay_cause"}
_CONSENTS = {"sip": "plan_consent", "sharing": "sharing_consent"}
_OUTCOMES = {"exp": "died", "other-hcf": "transferred", "home": "home"}
_VOID = "entered-in-error"


def read(message: MessageBundle) -> dict[str, str]:
    """`open_care`, `capacity`, `capacity_from`, `delay_cause`, `plan_consent` and `sharing_consent` (given, guardian,
    unable, refused, withdrawn), `plan_kind`, `plan_status`, `plan_huvudmen` and `criteria` (codes, between spaces),
    `plan_overall`, `care_contact` (named), `way_in`, `disagreement`, `outcome` (home, died, transferred) and
    `placing_municipality` (kommunkod): those that the message says; `extended` where it claims the extended profile.
    Of several words the last holds."""
    parts = (_profiles, _observations, _consents, _plans, _teams, _referrals, _criteria, _disagreements, _stays)
    return {name: word for part in parts for name, word in part(message)}


def _profiles(message: MessageBundle) -> Iterator[tuple[str, str]]:
    if message.is_extended:
        yield "extended", "claimed"


def _observations(message: MessageBundle) -> Iterator[tuple[str, str]]:
    for resource in message.of_type("Observation"):
        name = _NAMES.get(_code(resource.get("code"), _STATEMENT) or "")
        word = _any_code(resource.get("valueCodeableConcept"))
        if resource.get("status") == _VOID or name is None or word is None:
            continue
        yield name, word
        for component in objects(resource.get("component")):
            since = text(component.get("valueDateTime"))
            if _code(component.get("code"), _STATEMENT) == "available-from" and since:
                yield "capacity_from", since


def _consents(message: MessageBundle) -> Iterator[tuple[str, str]]:
    for resource in message.of_type("Consent"):
        kinds = (_code(category, _CONSENT_KIND) for category in objects(resource.get("category")))
        name = next((_CONSENTS[kind] for kind in kinds if kind in _CONSENTS), None)
        if name is not None and resource.get("status") != _VOID:
            yield name, _decision(resource)


def _decision(consent: dict[str, Any]) -> str:
    if consent.get("status") == "inactive":
        return "withdrawn"
    if consent.get("status") == "rejected" or obj(consent.get("provision")).get("type") == "deny":
        return "refused"
    bases = (each for each in objects(consent.get("extension")) if each.get("url") == _BASIS_EXTENSION)
    codes = (_code(each.get("valueCodeableConcept"), _CONSENT_BASIS) for each in bases)
    return next((code for code in codes if code in ("guardian", "unable")), "given")


def _plans(message: MessageBundle) -> Iterator[tuple[str, str]]:
    for resource in message.of_type("CarePlan"):
        kinds = (_code(category, _PLAN_KIND) for category in objects(resource.get("category")))
        kind, status = next((kind for kind in kinds if kind), None), text(resource.get("status"))
        if kind and status and status != _VOID:
            yield "plan_kind", kind
            yield "plan_status", status
            measures = [obj(each.get("detail")) for each in objects(resource.get("activity"))]
            answering = {code for each in measures for code in _coded(each, "huvudman", _HUVUDMAN)}
            if answering:
                yield "plan_huvudmen", " ".join(sorted(answering))
            for extension in _of_url(resource, "overall-responsibility"):
                parts = (part for part in objects(extension.get("extension")) if part.get("url") == "huvudman")
                codes = (_code(part.get("valueCodeableConcept"), _HUVUDMAN) for part in parts)
                yield from (("plan_overall", code) for code in codes if code)


def _teams(message: MessageBundle) -> Iterator[tuple[str, str]]:
    for team in message.of_type("CareTeam"):
        roles = (role for each in objects(team.get("participant")) for role in objects(each.get("role")))
        if any(_code(role, _ROLE) == "fast-vardkontakt" for role in roles):
            yield "care_contact", "named"


def _referrals(message: MessageBundle) -> Iterator[tuple[str, str]]:
    for resource in message.of_type("ServiceRequest"):
        ways = (_code(category, _WAY_IN) for category in objects(resource.get("category")))
        way = next((code for code in ways if code), None)
        if way is None or resource.get("status") == _VOID:
            continue
        yield "way_in", way


def _criteria(message: MessageBundle) -> Iterator[tuple[str, str]]:
    """Those that a referral says, or, in a discharge, a Task."""
    stated = [
        _coded(resource, "enrolment-criterion", _CRITERION)
        for resource in (*message.of_type("ServiceRequest"), *message.of_type("Task"))
        if resource.get("status") != _VOID
    ]
    if codes := sorted({code for each in stated for code in each}):
        yield "criteria", " ".join(codes)


def _disagreements(message: MessageBundle) -> Iterator[tuple[str, str]]:
    for resource in message.of_type("Communication"):
        kinds = (_code(reason, _DISAGREEMENT) for reason in objects(resource.get("reasonCode")))
        if (kind := next((code for code in kinds if code), None)) is not None:
            yield "disagreement", kind


def _stays(message: MessageBundle) -> Iterator[tuple[str, str]]:
    for stay in message.of_type("Encounter"):
        left = _code(obj(stay.get("hospitalization")).get("dischargeDisposition"), _DISPOSITION)
        if left in _OUTCOMES and stay.get("status") == "finished":
            yield "outcome", _OUTCOMES[left]
        for extension in objects(stay.get("extension")):
            identifier = obj(extension.get("valueIdentifier"))
            code = text(identifier.get("value"))
            if extension.get("url") == PLACING_MUNICIPALITY and identifier.get("system") == MUNICIPALITY and code:
                yield "placing_municipality", code


def _of_url(element: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    return (each for each in objects(element.get("extension")) if each.get("url") == f"{_EXTENSION}/{name}")


def _coded(element: dict[str, Any], extension: str, system: str) -> list[str]:
    """The codes of an extension that may stand several times."""
    codes = (_code(each.get("valueCodeableConcept"), system) for each in _of_url(element, extension))
    return [code for code in codes if code]


def _code(concept: Any, system: str) -> str | None:
    codings = objects(obj(concept).get("coding"))
    return next((text(each.get("code")) for each in codings if each.get("system") == system), None)


def _any_code(concept: Any) -> str | None:
    return next((text(each.get("code")) for each in objects(obj(concept).get("coding"))), None)
