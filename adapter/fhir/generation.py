"""Makes the element table's data from the R4 core package: which elements each type has, in which order.

The source is every snapshot of hl7.fhir.r4.core that defines a type (not those that constrain one).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from adapter.support.archives import tgz_files
from adapter.support.errors import DefinitionsError, ParseError

FORMAT = 2
"""Raised when the data's shape or meaning changes, so that data made by another version is not read."""

_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
_FHIR_TYPE = _DEFINITION + "structuredefinition-fhir-type"
_REGEX = _DEFINITION + "regex"
_JSON_KINDS = {"boolean": "boolean", "integer": "number", "positiveInt": "number", "unsignedInt": "number"}
_JSON_KINDS["decimal"] = "number"

# The published expression for base64Binary describes white space between groups in two ways at once and takes
# exponential time on text that does not match; this one accepts the same texts in linear time.
# That for code allows any white space between words, the specification's text only a space: the text is right.
_REGEX_OVERRIDES = {"base64Binary": r"\s*(?:[0-9a-zA-Z+/=]{4}\s*)+", "code": r"[^\s]+( [^\s]+)*"}


def generate(archive: bytes) -> dict[str, Any]:
    """The table's data, made of plain JSON values, from the bytes of a hl7.fhir.r4.core package archive.

    Shape: {"format", "package", "primitives": {name: {"json", "regex"}},
    "structures": {name or backbone path: {"kind", "base", "abstract", "elements": [[name, choice, type, min, max,
    order, attribute]]}}}; `max` is null for "*". Raises DefinitionsError where it is not that package.
    """
    try:
        definitions = list(_definitions(archive))
    except ParseError as error:
        raise DefinitionsError(f"the FHIR R4 core package cannot be read: {error.reason}") from error
    if not any(d["type"] == "Patient" for d in definitions) or not any(d["type"] == "string" for d in definitions):
        raise DefinitionsError("the package is not hl7.fhir.r4.core 4.0.1: it does not define the R4 types")
    kinds = {d["type"]: d["kind"] for d in definitions}
    structures: dict[str, Any] = {}
    primitives: dict[str, Any] = {}
    for definition in sorted(definitions, key=lambda d: str(d["type"])):
        if definition["kind"] == "primitive-type":
            primitives[definition["type"]] = _primitive(definition)
        else:
            structures.update(_structures(definition, kinds))
    return {"format": FORMAT, "package": "hl7.fhir.r4.core#4.0.1", "primitives": primitives, "structures": structures}


def _definitions(archive: bytes) -> Iterator[dict[str, Any]]:
    for _, content in tgz_files(archive, lambda name: name.startswith("package/StructureDefinition-")):
        definition = json.loads(content)
        if definition.get("derivation") != "constraint" and definition["kind"] != "logical":
            if definition.get("fhirVersion") != "4.0.1":
                raise DefinitionsError("the package is not hl7.fhir.r4.core 4.0.1: it is of another FHIR version")
            yield definition


def _primitive(definition: dict[str, Any]) -> dict[str, Any]:
    name = definition["type"]
    value = next(e for e in definition["snapshot"]["element"] if e["path"] == f"{name}.value")
    published = next((x["valueString"] for x in _type_extensions(value) if x["url"] == _REGEX), None)
    return {"json": _JSON_KINDS.get(name, "string"), "regex": _REGEX_OVERRIDES.get(name, published)}


def _structures(definition: dict[str, Any], kinds: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The type itself and each of its backbones."""
    elements = definition["snapshot"]["element"]
    parents = {e["path"].rpartition(".")[0] for e in elements}
    for parent in [e["path"] for e in elements if e["path"] in parents]:
        children = [e for e in elements if e["path"].rpartition(".")[0] == parent]
        own = parent == definition["type"]
        yield (
            parent,
            {
                "kind": "resource" if own and definition["kind"] == "resource" else "complex",
                "base": definition.get("baseDefinition", "").removeprefix(_DEFINITION)
                if own
                else _backbone(elements, parent),
                "abstract": own and definition["abstract"],
                "elements": [
                    row for order, child in enumerate(children) for row in _rows(child, order, parents, kinds)
                ],
            },
        )


def _backbone(elements: list[dict[str, Any]], path: str) -> str:
    return str(next(e["type"][0]["code"] for e in elements if e["path"] == path))


def _rows(element: dict[str, Any], order: int, parents: set[str], kinds: dict[str, str]) -> Iterator[list[Any]]:
    """One row for an element, one for each type of a choice."""
    path = element["path"]
    name = path.rpartition(".")[2]
    maximum = None if element["max"] == "*" else int(element["max"])
    rest = [element["min"], maximum, order, "xmlAttr" in element.get("representation", [])]
    if "contentReference" in element:
        yield [name, None, element["contentReference"].removeprefix("#"), *rest]
    elif path in parents:
        yield [name, None, path, *rest]
    elif name.endswith("[x]"):
        for code in [t["code"] for t in element["type"]]:
            if code not in kinds:
                raise DefinitionsError(f"the FHIR R4 core package is damaged: {path} has the unknown type {code}")
            yield [name[:-3] + code[0].upper() + code[1:], name, code, *rest]
    else:
        yield [name, None, _type(element), *rest]


def _type(element: dict[str, Any]) -> str:
    code: str = element["type"][0]["code"]
    if not code.startswith("http://hl7.org/fhirpath/"):
        return code
    # The snapshots say string for Resource.id, the specification's text says id: the text is right.
    if re.fullmatch(r"[A-Za-z]+\.id", element["path"]) and "representation" not in element:
        return "id"
    return str(next(x["valueUrl"] for x in _type_extensions(element) if x["url"] == _FHIR_TYPE))


def _type_extensions(element: dict[str, Any]) -> list[dict[str, Any]]:
    return list(element["type"][0].get("extension", []))
