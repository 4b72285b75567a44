"""Who takes part in an invented case: the person, and the units that write to each other about them."""

from dataclasses import dataclass
from typing import Any

from adapter.fhir.canonical import HSA, SECURITY_LABEL

_ADDRESS_KIND = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension"
_SNOMED = "http://snomed.info/sct"
REGISTERED = "63381000052101"
"""SNOMED CT SE: folkbokföringsadress."""
SPECIAL = "63391000052104"
"""SNOMED CT SE: särskild postadress, in the place of the address of a protected person."""
_KINDS = {REGISTERED: "folkbokföringsadress", SPECIAL: "särskild postadress"}


@dataclass(frozen=True)
class Unit:
    """A unit that sends or receives. `hsa` is its HSA-id, or the kommunkod of a municipality where `system` says so;
    `endpoint` the logical address of its system."""

    hsa: str
    name: str
    endpoint: str
    software: str
    system: str = HSA

    def resource(self, resource_id: str) -> dict[str, Any]:
        """The Organization."""
        return {
            "resourceType": "Organization",
            "id": resource_id,
            "identifier": [{"system": self.system, "value": self.hsa}],
            "active": True,
            "name": self.name,
        }


@dataclass(frozen=True)
class Address:
    """A Swedish postal address; `kind` is REGISTERED or SPECIAL."""

    kind: str
    line: tuple[str, ...]
    postal_code: str
    city: str

    def element(self) -> dict[str, Any]:
        """The FHIR Address with the kind that SEBaseAddressPersonExtension gives."""
        coding = {"system": _SNOMED, "code": self.kind, "display": _KINDS[self.kind]}
        return {
            "extension": [{"url": _ADDRESS_KIND, "valueCodeableConcept": {"coding": [coding]}}],
            "line": list(self.line),
            "postalCode": self.postal_code,
            "city": self.city,
        }


@dataclass(frozen=True)
class Person:
    """The patient. `identifiers` are (system, value), `labels` codes of SEBase's SecurityLabel."""

    identifiers: tuple[tuple[str, str], ...]
    family: str
    given: tuple[str, ...]
    addresses: tuple[Address, ...]
    labels: tuple[str, ...] = ()

    def resource(self, resource_id: str) -> dict[str, Any]:
        """The Patient."""
        labels = [{"system": SECURITY_LABEL, "code": label} for label in self.labels]
        return {
            "resourceType": "Patient",
            "id": resource_id,
            **({"meta": {"security": labels}} if labels else {}),
            "identifier": [{"system": system, "value": value} for system, value in self.identifiers],
            "name": [{"use": "official", "family": self.family, "given": list(self.given)}],
            **({"address": [address.element() for address in self.addresses]} if self.addresses else {}),
        }
