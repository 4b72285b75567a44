"""A person's numbers as feeds write them, to FHIR identifiers. No century is guessed and no check digit mended."""

from adapter.fhir import canonical, identifiers

_WORDS = {
    canonical.PERSONNUMMER: "is not a personnummer: expected 12 digits with a right check digit",
    canonical.SAMORDNINGSNUMMER: "is not a samordningsnummer: expected 12 digits, 60 added to the day",
}


class NumberError(Exception):
    """The value is no number of its system; the words do not hold it."""


def identifier(system: str, value: str) -> tuple[str, str]:
    """(system, value) of one number. `system` is a FHIR system, or `person` for a personnummer or samordningsnummer,
    which their days tell apart. Raises NumberError."""
    if system == "person":
        _, bare = identifiers.normalised(canonical.PERSONNUMMER, value)
        if identifiers.is_samordningsnummer(bare):
            return canonical.SAMORDNINGSNUMMER, bare
        system = canonical.PERSONNUMMER
    system, value = identifiers.normalised(system, value)
    fits = {
        canonical.PERSONNUMMER: identifiers.is_personnummer,
        canonical.SAMORDNINGSNUMMER: identifiers.is_samordningsnummer,
    }.get(system)
    if fits is not None and not fits(value):
        raise NumberError(_WORDS[system])
    return system, value
