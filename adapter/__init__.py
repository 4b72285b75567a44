"""Carries discharge planning between Swedish regions and municipalities.

Use `adapter.validation.Validator`, `adapter.mapping.Mapping`, `adapter.fhir.json` and `adapter.fhir.xml`
from Python; everything else is reached through the `adapter` command and HTTP.
"""

from importlib.metadata import version

__version__ = version("discharge-adapter")

__all__ = ["__version__"]
