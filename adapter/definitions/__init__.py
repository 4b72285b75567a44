"""FHIR packages: read, pinned, kept in the user's cache, and looked up by canonical URL."""

from adapter.definitions.resolver import Definitions, load

__all__ = ["Definitions", "load"]
