"""What content needs to know of the message that it stands in, and how it writes codes."""

from typing import Any, Protocol

from adapter.fhir.canonical import CANONICAL

Resource = dict[str, Any]


class Scene(Protocol):
    """What content needs to know of the message that it stands in: `at` is when it is sent, `sender` a role."""

    at: str
    sender: str

    def resource_id(self, name: str) -> str: ...

    def reference(self, name: str) -> dict[str, str]: ...

    def named(self, role: str) -> Resource: ...

    @property
    def patient(self) -> dict[str, str]: ...

    @property
    def encounter(self) -> Resource: ...


def code_of(system: str, code: str) -> Resource:
    """A CodeableConcept with a code of one of our code systems."""
    return {"coding": [{"system": f"{CANONICAL}/CodeSystem/{system}", "code": code}]}


def extension_url(name: str) -> str:
    """The URL of one of our extensions."""
    return f"{CANONICAL}/StructureDefinition/{name}"
