"""Mappings between FHIR messages and other systems' records: declarative, both ways, nothing dropped in silence."""

from adapter.mapping.mapping import FhirResult, Mapping, NotCarriedError, RecordResult
from adapter.mapping.report import Line, Outcome, Report

__all__ = ["FhirResult", "Line", "Mapping", "NotCarriedError", "Outcome", "RecordResult", "Report"]
