"""The stay of an invented case, as its messages tell it step by step."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from adapter.fhir.canonical import (
    ESTIMATED_DISCHARGE,
    MUNICIPALITY,
    NEED_ASSESSED,
    PLACING_MUNICIPALITY,
    READY_ASSESSED,
    STAY,
)

_INPATIENT = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "IMP",
    "display": "inpatient encounter",
}
_DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
_LEFT = {"home": "home", "died": "exp", "transferred": "other-hcf"}


class Strict(BaseModel):
    """Words of a scenario: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Ready(Strict):
    """The assessment that the patient is utskrivningsklar: `at` with offset, `by` whom."""

    at: str
    by: str


class StayChange(Strict):
    """What a step says anew about the stay. Instants carry an offset; an estimate may be a date."""

    admitted: str | None = None
    need_assessed: str | None = None
    estimated_discharge: str | None = None
    ready: Ready | None = None
    not_ready: bool = False
    """the assessment no longer holds"""
    discharged: str | None = None
    left: Literal["home", "died", "transferred"] | None = None
    """how the stay ended"""
    placed_by: str | None = None
    """kommunkod of the municipality that placed the patient elsewhere"""
    cancelled: bool = False
    number: int = 1
    """2 for the stay after a re-admission, and so on"""
    unit: str | None = None
    """the role of the unit that gives the care, where it is not the sender"""


class Stay:
    """What has been said about one stay."""

    def __init__(self, number: int, resource_id: str, value: str) -> None:
        self.number = number
        self.resource_id = resource_id
        self._value = value
        self._said: dict[str, Any] = {}

    def change(self, change: StayChange) -> None:
        """Take in what a step says."""
        self._said |= change.model_dump(exclude_defaults=True)
        if change.not_ready:
            self._said.pop("ready", None)

    def resource(self, patient: dict[str, str], unit: dict[str, str], *, need: bool) -> dict[str, Any]:
        """The Encounter; with the instant of the assessed need where `need`."""
        said = self._said
        return {
            "resourceType": "Encounter",
            "id": self.resource_id,
            **({"extension": extensions} if (extensions := list(self._extensions(need=need))) else {}),
            "identifier": [{"system": STAY, "value": self._value}],
            "status": "cancelled" if "cancelled" in said else "finished" if "discharged" in said else "in-progress",
            "class": _INPATIENT,
            "subject": patient,
            "period": {"start": said["admitted"]} | ({"end": said["discharged"]} if "discharged" in said else {}),
            **self._hospitalization(),
            "serviceProvider": unit,
        }

    def _extensions(self, *, need: bool) -> Any:
        said = self._said
        if "estimated_discharge" in said:
            yield {"url": ESTIMATED_DISCHARGE, "valueDateTime": said["estimated_discharge"]}
        if need and "need_assessed" in said:
            yield {"url": NEED_ASSESSED, "valueDateTime": said["need_assessed"]}
        if "ready" in said:
            parts = [
                {"url": "time", "valueDateTime": said["ready"]["at"]},
                {"url": "assessor", "valueString": said["ready"]["by"]},
            ]
            yield {"url": READY_ASSESSED, "extension": parts}
        if "placed_by" in said:
            kommunkod = {"system": MUNICIPALITY, "value": said["placed_by"]}
            yield {"url": PLACING_MUNICIPALITY, "valueIdentifier": kommunkod}

    def _hospitalization(self) -> dict[str, Any]:
        left = self._said.get("left")
        if left is None:
            return {}
        return {
            "hospitalization": {"dischargeDisposition": {"coding": [{"system": _DISPOSITION, "code": _LEFT[left]}]}}
        }
