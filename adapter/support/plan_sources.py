"""Settings of the systems whose plans the adapter fetches by itself."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from adapter.support.checked import Section
from adapter.support.durations import Duration

_Hsa = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]


class PlanSource(Section):
    """One `[[plans.sources]]`."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    """the source's name in lists, alarms and the audit; never changed once used"""
    contract: Literal["cosmic-link", "get-care-plans"]
    """cosmic-link: CarePlan over FHIR R4; get-care-plans: GetCarePlans 2.0 of RIV-TA, over SOAP"""
    endpoint: Annotated[str, Field(min_length=1)]
    """the endpoint of the directory that is asked: its address is the FHIR base, or the URL of GetCarePlans; the party
    of its system is the one whose plans these are"""
    logical_address: _Hsa | None = None
    """get-care-plans: the LogicalAddress, the HSA-id of the system or party that is asked"""
    consent_handled: Annotated[str, Field(min_length=1)] | None = None
    """on what ground plans may be copied to others, consent being handled outside; not set: nothing is asked"""
    kind: Literal["SIP", "SPLPTLRV"] | None = None
    """cosmic-link: what the plans are, for they do not say"""
    sender: _Hsa | None = None
    """the unit of the party that sends a plan which names none of the party's units"""
    receivers: tuple[_Hsa, ...] = ()
    """who gets the plans (HSA-id or kommunkod); where not set, the units of other parties that take part in the case"""
    every: Annotated[Duration, Field(ge=timedelta(minutes=1))] = timedelta(hours=1)
    """how often it is asked about each open case"""
    after_discharge: Duration = timedelta(days=30)
    """how long after the last message of a case that has ended in a discharge it is still asked"""
    only_updated: bool = False
    """cosmic-link: ask only for plans that were updated since (_lastUpdated); for a server that also counts a new care
    note as an update of the plan"""
    silent_after: Annotated[Duration, Field(ge=timedelta(minutes=1))] = timedelta(hours=4)
    """how long it may go without an answer before operations are told"""

    @field_validator("logical_address")
    @classmethod
    def _is_asked_by(cls, address: str | None, known: ValidationInfo) -> str | None:
        if known.data.get("contract") == "get-care-plans" and address is None:
            raise ValueError("is missing: get-care-plans is asked by it")
        return address


def _distinct(sources: tuple[PlanSource, ...]) -> tuple[PlanSource, ...]:
    if len({source.id for source in sources}) < len(sources):
        raise ValueError("two sources have the same id")
    return sources


class Plans(Section):
    sources: Annotated[tuple[PlanSource, ...], AfterValidator(_distinct)] = ()
    """the systems whose plans are fetched, a table each"""
