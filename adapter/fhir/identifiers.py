"""Swedish identifiers: form, check digit, and where a resource carries them.

Neither gender nor date of birth is derived from a number.
"""

import re
from datetime import date
from typing import Any

from stdnum import luhn

from adapter.fhir import canonical
from adapter.fhir.shapes import objects, text

_HSA = re.compile(r"SE[0-9]{10}-[A-Za-z0-9]{1,18}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_TWELVE_DIGITS = re.compile(r"[0-9]{12}")
_SEPARATED = re.compile(r"([0-9]{8})-([0-9]{4})")
_COORDINATION = 60
"""Added to the day of birth in a samordningsnummer; 60 itself means that the day is not known."""

_SAME_SYSTEM = {
    "urn:oid:1.2.752.129.2.1.3.1": canonical.PERSONNUMMER,
    "urn:oid:1.2.752.129.2.1.3.3": canonical.SAMORDNINGSNUMMER,
}
"""The OID forms that RIV-TA uses, and the systems of the Swedish base profiles."""


def is_id(value: object) -> bool:
    """Whether the value has the form of a FHIR `id`."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_hsa(value: str) -> bool:
    """Whether the value has the form of an HSA-id, 31 characters at most. Inbound this warns, it never rejects."""
    return _HSA.fullmatch(value) is not None


def is_kommunkod(value: str) -> bool:
    """Whether the value has four digits, leading zeros kept (0980 is Gotland)."""
    return re.fullmatch(r"[0-9]{4}", value) is not None


def is_personnummer(value: str) -> bool:
    """Whether the value is YYYYMMDDNNNC of a day in the calendar with a right check digit."""
    return _has_check_digit(value) and _is_day(value[:4], value[4:6], int(value[6:8]))


def is_samordningsnummer(value: str) -> bool:
    """Whether the value is YYYYMMDDNNNC with 60 added to the day and a right check digit.

    Day 60 and month 00 stand for a day or month that is not known; Skatteverket's test numbers have both.
    """
    if not _has_check_digit(value):
        return False
    month, day = value[4:6], int(value[6:8]) - _COORDINATION
    if month == "00" or day == 0:
        return int(month) <= 12 and 0 <= day <= 31
    return _is_day(value[:4], month, day)


def values(resource: dict[str, Any], *systems: str) -> list[str]:
    """The distinct values that a resource's `identifier` has in any of the systems, in the order written."""
    found = (
        text(identifier.get("value"))
        for identifier in objects(resource.get("identifier"))
        if identifier.get("system") in systems
    )
    return list(dict.fromkeys(value.strip() for value in found if value))


def of(resource: dict[str, Any], system: str) -> str | None:
    """The first value in the system, None without one. `HSA` finds both OID forms of an HSA-id."""
    systems = (canonical.HSA, canonical.HSA_RIV) if system in (canonical.HSA, canonical.HSA_RIV) else (system,)
    return next(iter(values(resource, *systems)), None)


def of_patient(patient: dict[str, Any]) -> list[tuple[str, str]]:
    """The distinct (system, value) of a Patient, normalised so that one number always reads the same.

    Personnummer and samordningsnummer lose the separator of the 12-digit form and come under the system of the Swedish
    base profiles. A 10-digit form is left as it is: its century is not to be guessed. Reserve numbers are opaque.
    """
    found = []
    for identifier in objects(patient.get("identifier")):
        system, value = text(identifier.get("system")), text(identifier.get("value"))
        if system and value:
            found.append(normalised(system, value))
    return list(dict.fromkeys(found))


def normalised(system: str, value: str) -> tuple[str, str]:
    """One identifier as `of_patient` gives it."""
    system, value = _SAME_SYSTEM.get(system.strip(), system.strip()), value.strip()
    if system in (canonical.PERSONNUMMER, canonical.SAMORDNINGSNUMMER) and (parts := _SEPARATED.fullmatch(value)):
        value = parts[1] + parts[2]
    return system, value


def _has_check_digit(value: str) -> bool:
    return _TWELVE_DIGITS.fullmatch(value) is not None and bool(luhn.is_valid(value[2:]))


def _is_day(year: str, month: str, day: int) -> bool:
    try:
        date(int(year), int(month), day)
    except ValueError:
        return False
    return True
