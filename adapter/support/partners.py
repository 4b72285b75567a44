"""Settings of what is read by others, and from others."""

from typing import Annotated, Literal

from pydantic import Field

from adapter.support.checked import Section

Hsa = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]


class Riv(Section):
    source_system: Hsa | None = None
    """the HSA-id that the adapter answers under as a source system; where not set, GetCarePlans is not there"""
    logical_addresses: tuple[Hsa, ...] = ()
    """further logical addresses that it answers to, beside source_system"""
    attachment: Literal["pdf", "text"] = "pdf"
    """how a plan is attached: pdf (text where PDF cannot carry it whole) or text"""
    approved_for_patient: bool = False
    """what the answers say of whether a plan may be shown to the patient"""


class CosmicLink(Section):
    endpoint: str | None = None
    """the endpoint of the directory (channel fhir) from which plans of COSMIC Link are fetched"""
    consent_handled: Annotated[str, Field(min_length=1)] | None = None
    """on what ground plans may be copied between caregivers, consent being handled outside; not set: none is read"""
    kind: Literal["SIP", "SPLPTLRV"] | None = None
    """what the plans are, for they do not say"""
