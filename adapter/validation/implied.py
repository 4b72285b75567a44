"""The vital signs: R4 makes its profiles binding on Observations with their codes, claimed or not.

Which code each profile is for is read from the profile itself: it fixes the code (FHIR R4, observation-vitalsigns).
"""

from collections.abc import Callable, Iterator
from typing import Any

from adapter.fhir.shapes import obj, objects, text

_BASE = "http://hl7.org/fhir/StructureDefinition/"
_PROFILES = (
    *("vitalspanel", "resprate", "heartrate", "oxygensat", "bodytemp"),
    *("bodyheight", "headcircum", "bodyweight", "bmi", "bp"),
)
_CODING = "Observation.code.coding."

Coding = tuple[str, str]
"""(system, code)"""


def codes(load: Callable[[str], dict[str, Any] | None]) -> dict[Coding, str]:
    """The vital signs profile of each code that one fixes; of those profiles that `load` has."""
    found: dict[Coding, str] = {}
    for url in (_BASE + name for name in _PROFILES):
        found |= dict.fromkeys(_fixed(load(url) or {}), url)
    return found


def _fixed(structure: dict[str, Any]) -> Iterator[Coding]:
    """The codings that a profile of Observation fixes, slice by slice."""
    parts: dict[str, dict[str, str | None]] = {}
    for element in objects(obj(structure.get("snapshot")).get("element")):
        path, slice_ = str(element.get("path")), str(element.get("id")).rpartition(".")[0]
        if path.startswith(_CODING):
            name = path.removeprefix(_CODING)
            parts.setdefault(slice_, {})[name] = text(element.get("fixedUri")) or text(element.get("fixedCode"))
    for part in parts.values():
        system, code = part.get("system"), part.get("code")
        if system is not None and code is not None:
            yield system, code


def profile(observation: dict[str, Any], profiles: dict[Coding, str]) -> str | None:
    """The vital signs profile that an Observation must keep for its code, among `codes`; the first where several."""
    for coding in objects(obj(observation.get("code")).get("coding")):
        system, code = text(coding.get("system")), text(coding.get("code"))
        if system is not None and code is not None and (system, code) in profiles:
            return profiles[system, code]
    return None
