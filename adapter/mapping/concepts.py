"""Codes by ConceptMap, in both directions: a map that cannot be read backwards is refused when it is loaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adapter.fhir import json as fhir_json
from adapter.mapping.codecs import CodecError
from adapter.support.errors import ConfigurationError, ParseError, Problem

Unmapped = Literal["refuse", "keep"]
"""What happens to a code that the map does not name: the message is refused, or the code goes on as it is."""


@dataclass(frozen=True)
class Concepts:
    """One group of one ConceptMap. `source` is the FHIR code system."""

    name: str
    source: str
    forward: dict[str, str]
    backward: dict[str, str]
    unmapped: Unmapped

    def to_record(self, code: str) -> str:
        """The record's code of a FHIR code. Raises CodecError."""
        return self._map(code, self.forward, self.backward)

    def to_fhir(self, code: str) -> str:
        """The FHIR code of a record's code. Raises CodecError."""
        return self._map(code, self.backward, self.forward)

    def _map(self, code: str, table: dict[str, str], other: dict[str, str]) -> str:
        mapped = table.get(code)
        if mapped is not None:
            return mapped
        # A code kept as it is must not be one that the way back would translate.
        if self.unmapped == "keep" and code not in other:
            return code
        raise CodecError(f"the concept map {self.name} does not name the code; it names: {', '.join(sorted(table))}")


def load(name: str, file: Path, unmapped: Unmapped) -> Concepts:
    """Read a ConceptMap with one group, each target used once. Raises ConfigurationError."""
    try:
        resource = fhir_json.parse(file.read_bytes())
    except OSError as error:
        raise ConfigurationError([Problem(file, None, f"cannot be read: {error.strerror}")]) from error
    except ParseError as error:
        raise ConfigurationError([Problem(file, error.line, f"is not FHIR JSON: {error.reason}")]) from error
    return _concepts(name, file, unmapped, resource)


def _concepts(name: str, file: Path, unmapped: Unmapped, resource: dict[str, Any]) -> Concepts:
    groups = resource.get("group") or []
    if resource.get("resourceType") != "ConceptMap" or len(groups) != 1:
        raise ConfigurationError([Problem(file, None, "expected a ConceptMap with one group")])
    forward: dict[str, str] = {}
    backward: dict[str, str] = {}
    problems = []
    for element in groups[0].get("element") or []:
        code, targets = element.get("code"), element.get("target") or []
        if len(targets) != 1 or targets[0].get("equivalence") not in ("equal", "equivalent"):
            problems.append(
                Problem(file, None, f"code {code}: expected one target with equivalence equal or equivalent")
            )
        elif code in forward or targets[0].get("code") in backward:
            problems.append(
                Problem(file, None, f"code {code}: the code or its target stands twice, so there is no way back")
            )
        else:
            forward[code] = targets[0]["code"]
            backward[targets[0]["code"]] = code
    if problems:
        raise ConfigurationError(problems)
    return Concepts(name, groups[0].get("source") or "", forward, backward, unmapped)
