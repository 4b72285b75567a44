"""Whether a resource is valid, and whether a Bundle is a message (`validation.messages`)."""

from adapter.fhir.outcomes import Issue
from adapter.validation.validator import Outcome, Validator

__all__ = ["Issue", "Outcome", "Validator"]
