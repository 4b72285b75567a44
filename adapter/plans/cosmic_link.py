"""From a coordinated care plan of COSMIC Link to our CarePlan: FHIR to FHIR, nothing made up, nothing dropped.

What is public is the profile's name, that its care notes are QuestionnaireResponses in `supportingInfo`, that the units
are found through contributor, PractitionerRole and Organization, and that the consumer must filter by them (PDL). The
guide says too that plans are for direct access, and that for copying between caregivers the patient's consent must be
handled outside: without a statement that it is, nothing is read.
"""

from collections.abc import Iterator
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.shapes import every_object, obj, objects, text, texts
from adapter.plans.reading import Reading
from adapter.support.errors import ForbiddenError, MappingError

PROFILE = "https://fhir.cambio.se/StructureDefinition/CareplanCordinatedCareSe"
_KIND = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
_REFUSAL = (
    "plans of COSMIC Link are not for copying between caregivers unless the patient's consent is handled outside "
    "(the guide of the profile CareplanCordinatedCareSe): say that it is, and on what ground, in "
    "cosmic_link.consent_handled"
)


def read(bundle: dict[str, Any], consent_handled: str | None, kind: str | None = None) -> list[Reading]:
    """Each plan of a search answer (or a Bundle of any type) as resources, with an account.

    `consent_handled` says on what ground plans may be copied; `kind` (SIP, SPLPTLRV) is what the installation says
    that its Link plans are, for the profile does not. Raises ForbiddenError without the ground, MappingError where the
    Bundle has more pages, or no plan of the profile.
    """
    require_ground(consent_handled)
    if any(link.get("relation") == "next" for link in objects(bundle.get("link"))):
        raise MappingError("Bundle.link: the answer has more pages: read them all into one Bundle first")
    source = MessageBundle(bundle)
    plans = plans_of(source)
    if not plans:
        raise MappingError(f"Bundle.entry: there is no CarePlan that claims the profile {PROFILE}")
    return [_Plan(source, plan, kind).read() for plan in plans]


def plans_of(source: MessageBundle) -> list[dict[str, Any]]:
    """The plans of the profile, in the order in which `read` gives them."""
    return [plan for plan in source.of_type("CarePlan") if _claims(plan)]


def require_ground(consent_handled: str | None) -> None:
    """Raise ForbiddenError where nobody says on what ground plans may be copied between caregivers."""
    if not (consent_handled or "").strip():
        raise ForbiddenError(_REFUSAL)


def _claims(plan: dict[str, Any]) -> bool:
    return any(claim.partition("|")[0] == PROFILE for claim in texts(obj(plan.get("meta")).get("profile")))


class _Plan:
    """One plan on its way: what it refers to is carried with it, under new ids."""

    def __init__(self, source: MessageBundle, plan: dict[str, Any], kind: str | None) -> None:
        self._source = source
        self._plan = plan
        self._kind = kind
        self._urls = {id(each.get("resource")): text(each.get("fullUrl")) for each in source.entries}
        self._reading = Reading(f"{PROFILE}\n{self._url(plan) or text(plan.get('id')) or ''}")
        self._reached = self._reach()
        self._names = {
            id(resource): self._url(resource) or f"{resource.get('resourceType')} {number}"
            for number, resource in enumerate(self._reached)
        }

    def read(self) -> Reading:
        if self._source.resolve(self._plan.get("subject")) is None:
            self._note("not said", "CarePlan.subject", "the answer does not hold the Patient: include it in the search")
        self._say_units()
        self._say_notes()
        for resource in reversed(self._reached):
            self._carry(resource, self._ours(resource) if resource is self._plan else resource)
        return self._reading

    def _reach(self) -> list[dict[str, Any]]:
        """The plan and all that it refers to, directly or through another, each once."""
        found, seen = [self._plan], {id(self._plan)}
        for resource in found:
            for reference in _references(resource):
                target = self._source.resolve(reference)
                if target is not None and id(target) not in seen and not reference["reference"].startswith("#"):
                    seen.add(id(target))
                    found.append(target)
        return found

    def _ours(self, plan: dict[str, Any]) -> dict[str, Any]:
        """The plan with what our profile needs and whoever reads it has said."""
        kinds = [each for each in objects(plan.get("category")) if _has_system(each, _KIND)]
        found = dict(plan)
        if not kinds and self._kind:
            coding = {"system": _KIND, "code": self._kind}
            found["category"] = [*objects(plan.get("category")), {"coding": [coding]}]
            self._note("changed", "CarePlan.category", f"{self._kind}: said by whoever reads it, not by the plan")
        elif not kinds:
            self._note("not said", "CarePlan.category", "the plan does not say that it is a SIP")
        for name, reason in (
            ("title", "the plan has no title"),
            ("activity", "the plan names no measure: what is to be done stands in its care notes"),
            ("goal", "the plan has no goals"),
        ):
            if not plan.get(name):
                self._note("not said", f"CarePlan.{name}", reason)
        return found

    def _say_units(self) -> None:
        """PDL needs the unit and the caregiver: it is said where the plan does not lead to them."""
        units = [self._unit(each) for each in objects(self._plan.get("contributor"))]
        if not any(units):
            reason = "no contributor leads to an Organization with an HSA-id: whose documentation it is cannot be told"
            self._note("not said", "CarePlan.contributor", reason)

    def _unit(self, reference: dict[str, Any]) -> str | None:
        found = obj(self._source.resolve(reference))
        if found.get("resourceType") == "PractitionerRole":
            reference = obj(found.get("organization"))
        return self._source.units_of(reference)[0]

    def _say_notes(self) -> None:
        for index, reference in enumerate(objects(self._plan.get("supportingInfo"))):
            if self._source.resolve(reference) is None:
                path = f"CarePlan.supportingInfo[{index}]"
                self._note("not said", path, "the answer does not hold the care note: include it in the search")

    def _carry(self, resource: dict[str, Any], shown: dict[str, Any]) -> None:
        kept = {member: value for member, value in shown.items() if member not in ("id", "meta")}
        labels = objects(obj(resource.get("meta")).get("security"))
        kept |= {"meta": {"security": labels}} if labels else {}  # the rest of meta is the server's own
        self._reading.add(self._names[id(resource)], self._rewritten(kept, str(resource.get("resourceType"))))

    def _rewritten(self, value: Any, path: str) -> Any:
        if isinstance(value, list):
            return [self._rewritten(each, path) for each in value]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("reference"), str):
            return self._reference(value, path)
        return {name: self._rewritten(each, f"{path}.{name}") for name, each in value.items()}

    def _reference(self, value: dict[str, Any], path: str) -> dict[str, Any]:
        if str(value["reference"]).startswith("#"):
            return value
        found = self._source.resolve(value)
        if found is not None:
            return value | self._reading.reference(self._names[id(found)])
        self._note("left out", f"{path}.reference", "leads to what the answer does not hold")
        rest = {name: each for name, each in value.items() if name != "reference"}
        return rest or {"display": "finns i COSMIC Link, följde inte med svaret"}

    def _url(self, resource: dict[str, Any]) -> str | None:
        return self._urls.get(id(resource))

    def _note(self, outcome: str, path: str, reason: str) -> None:
        self._reading.note(outcome, path, reason)


def _has_system(concept: dict[str, Any], system: str) -> bool:
    return any(coding.get("system") == system for coding in objects(concept.get("coding")))


def _references(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (each for each in every_object(resource) if isinstance(each.get("reference"), str))
