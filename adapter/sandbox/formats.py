"""The two formats of FHIR messages."""

from enum import StrEnum


class Format(StrEnum):
    JSON = "json"
    XML = "xml"

    @property
    def media_type(self) -> str:
        return f"application/fhir+{self}"
