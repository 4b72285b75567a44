"""The functions of the language; importing this registers them all."""

from adapter.fhirpath.functions import (  # noqa: F401 - imported to be registered
    aggregates,
    boundaries,
    collections,
    conversion,
    dates,
    encoding,
    existence,
    fhir,
    filtering,
    maths,
    strings,
    types,
)
