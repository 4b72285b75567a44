"""Definitions as the validator wants them: with snapshots, compiled when first used, kept."""

from functools import cached_property
from threading import RLock
from typing import Any

from adapter.definitions import Definitions
from adapter.definitions.snapshot import Snapshots
from adapter.fhir.shapes import objects, text
from adapter.support.errors import DefinitionsError
from adapter.validation import errata, implied, trees
from adapter.validation.trees import Node

BASE = "http://hl7.org/fhir/StructureDefinition/"
_IMPOSED = f"{BASE}structuredefinition-imposeProfile"


class Library:
    """StructureDefinitions by canonical, for any thread. `faults` says why one cannot be used, `problems` what was
    passed over in one."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.faults: dict[str, str] = {}
        self.problems: dict[str, list[str]] = {}
        self._told: list[str] = []
        self._lock = RLock()
        self._snapshots = Snapshots(self._load, self._told)
        self._structures: dict[str, dict[str, Any] | None] = {}
        self._trees: dict[str, Node | None] = {}
        self._elements: dict[str, dict[str, dict[str, Any]]] = {}

    def _load(self, canonical: str) -> dict[str, Any] | None:
        found = self.definitions.resource(canonical, "StructureDefinition")
        return None if found is None else errata.mended(found)

    @cached_property
    def vital_signs(self) -> dict[implied.Coding, str]:
        """The profile that R4 makes binding on Observations of each code."""
        return implied.codes(lambda url: self.definitions.resource(url, "StructureDefinition"))

    @cached_property
    def bound(self) -> dict[str, list[str]]:
        """The profiles that implementation guides make binding on all resources of a type
        (ImplementationGuide.global)."""
        found: dict[str, list[str]] = {}
        for url in self.definitions.urls("ImplementationGuide"):
            guide = self.definitions.resource(url, "ImplementationGuide") or {}
            for each in objects(guide.get("global")):
                type_, profile = text(each.get("type")), text(each.get("profile"))
                if type_ is not None and profile is not None:
                    found.setdefault(type_, []).append(profile)
        return found

    def imposed(self, canonical: str) -> list[str]:
        """The other profiles that what keeps a profile must keep too (the extension imposeProfile)."""
        extensions = objects((self.structure(canonical) or {}).get("extension"))
        found = (text(each.get("valueCanonical")) for each in extensions if each.get("url") == _IMPOSED)
        return [each for each in found if each is not None]

    def structure(self, canonical: str) -> dict[str, Any] | None:
        """The StructureDefinition with its snapshot; None where it is not known, or not usable (see `faults`)."""
        if canonical not in self._structures:
            with self._lock:
                made = self._made(canonical)
                if made is None and canonical not in self.faults:
                    return None  # not kept: whoever sends content may name canonicals without end
                self._structures[canonical] = made
        return self._structures[canonical]

    def _made(self, canonical: str) -> dict[str, Any] | None:
        self._told.clear()
        try:
            found = self._snapshots.structure(canonical)
        except DefinitionsError as error:
            self.faults[canonical] = str(error)
            found = None
        if self._told:
            self.problems[canonical] = self._told[:]
        return found

    def tree(self, canonical: str) -> Node | None:
        """The root of a definition's snapshot, or with `#id` the element of that id; None as `structure`."""
        if canonical not in self._trees and "#" in canonical:
            url, _, element = canonical.partition("#")
            root = self.tree(url)
            named = None if root is None else trees.named(root, element)
            if named is None:
                return None
            self._trees[canonical] = named
        if canonical not in self._trees:
            structure = self.structure(canonical)
            if structure is None:
                return None
            try:
                found = trees.parse(structure)
            except DefinitionsError as error:
                self.faults[canonical] = str(error)
                found = None
            self._trees[canonical] = found
        return self._trees[canonical]

    def elements(self, type_name: str) -> dict[str, dict[str, Any]]:
        """R4's own definitions of the elements of a type, by path; {} where R4 has no such type."""
        found = self._elements.get(type_name)
        if found is None:
            structure = self.definitions.resource(f"{BASE}{type_name}", "StructureDefinition") or {}
            snapshot = structure.get("snapshot")
            elements = objects(snapshot.get("element")) if isinstance(snapshot, dict) else []
            found = {path: each for each in elements if (path := text(each.get("path"))) is not None}
            self._elements[type_name] = found
        return found
