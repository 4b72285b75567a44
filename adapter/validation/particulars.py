"""Rules of single types and elements that R4 states in words: ids, systems, identifiers, attachments."""

from typing import Any

from adapter.fhir.shapes import obj
from adapter.validation import rules
from adapter.validation.primitives import Recurring, is_absolute
from adapter.validation.run import Path, Run

_SHORT = 200


def unique_id(value: Any, run: Run, path: Path) -> None:
    """The id of an element is its own within a resource."""
    if value.__class__ is str:
        if value in run.frame.ids:
            run.report(rules.ID_DUPLICATE, "another element of the resource has this id", path and path[0])
        run.frame.ids.add(value)


def absolute(value: Any, run: Run, path: Path) -> None:
    """The canonical URL of a definition."""
    if value.__class__ is str and not is_absolute(value):
        run.report(rules.FORMAT, "the canonical URL of a definition is not absolute", path)


class Systems(Recurring):
    """The systems of codes and identifiers are absolute."""

    __slots__ = ()

    def __call__(self, value: Any, run: Run, path: Path) -> None:
        if value.__class__ is str:
            if not is_absolute(value):
                run.report(rules.SYSTEM, "the system is not absolute", path)
            elif len(value) < _SHORT:
                self.remember(value)


def resource_id(value: Any, run: Run, path: Path) -> None:
    """The id of a resource is of FHIRPath's String, which has no extensions, and so none that stand in for a value."""
    if "_id" in value and "id" not in value:
        run.report(rules.REQUIRED, "the id of a resource has no value: expected one, or no id", (path, "id"))
    elif "_id" in value and "extension" in obj(value["_id"]):
        run.report(rules.EXTENSION_CONTEXT, "the id of a resource takes no extensions", (path, "id"))


def identifier(value: Any, run: Run, path: Path) -> None:
    """Of the system of URIs the value is a whole URI (R4, Identifier.value)."""
    if value.get("system") == "urn:ietf:rfc:3986":
        given = value.get("value")
        if given.__class__ is str and not is_absolute(given.casefold()):
            run.report(rules.FORMAT, "the system says that the value is a URI: expected one with its scheme", path)


def attachment(value: Any, run: Run, path: Path) -> None:
    """`size` is that of `data` before it was written as base64."""
    data, size = value.get("data"), value.get("size")
    if data.__class__ is not str or size.__class__ is not int:
        return
    digits = sum(map(len, data.split()))
    actual = digits * 3 // 4 - data.count("=")
    if not digits % 4 and actual != size:
        run.report(rules.ATTACHMENT_SIZE, f"the data has {actual} bytes: expected the size to be that", path)
