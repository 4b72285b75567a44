"""Invalid fixtures as a person writes them: a valid message, one fault, and what must be said of it.

The file is `<name>.yaml` in fixtures/invalid; its words are explained in fixtures/README.md.
"""

import copy
import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ConfigDict, ValidationError, model_validator

from adapter.authoring.stay import Strict
from adapter.sandbox.identifiers import Identifiers
from adapter.support import yaml
from adapter.support.errors import AdapterError

_PLACE = re.compile(r"([A-Z][A-Za-z]*)(?:\[(-?\d+)\])?((?:\.[A-Za-z_]\w*(?:\[(?:-?\d+|\+)\])?)*)")
_STEP = re.compile(r"([A-Za-z_]\w*)|\[(-?\d+|\+)\]")
_NAMED = re.compile(r"\{([A-Z][A-Za-z]*)(?:\[(-?\d+)\])?(\.id)?\}")
_Key = str | int


class Described(Strict):
    """Words whose meaning stands in their JSON Schema too."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Change(Described):
    """One change of the valid resource, at one place. Just one of the others is given."""

    at: str
    """`Type[n].member[n]…` of the n-th resource of a type in the message (the first where n is not given); `Type[n]`
    alone is its entry, `Bundle.member` the message's own. The number + is one more at the end."""
    set: Any = None
    """the value to write there; `{Type[n]}` in a text is the fullUrl of that entry, `{Type[n].id}` its resource's id"""
    remove: Literal[True] | None = None
    repeat: Literal[True] | None = None
    """append a copy to its list; the copy of an entry gets an id of its own"""
    last: Literal[True] | None = None
    """move it to the end of its list"""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set - {"at"}) != 1:
            raise ValueError("expected one of set, remove, repeat, last")
        if not _PLACE.fullmatch(self.at):
            raise ValueError("at is no place such as Encounter.period.start, Task[1] or Bundle.timestamp")
        return self


class Request(Described):
    """Where the fault is outside the body."""

    token: Literal["none", "unknown"] | None = None
    media_type: str | None = None
    accept: str | None = None


class Finding(Described):
    """One issue that must be told. `key` is that of the invariant; `profile` the id of our profile that says it."""

    rule: str
    key: str | None = None
    location: str | None = None
    profile: str | None = None
    severity: Literal["error", "warning"] = "error"
    installation: bool = False
    """whether only the server tells, not `adapter validate`: who sends, what came before, which units there are"""


class InvalidFixture(Described):
    """One fault, and what must come of it. Paths are relative to the folder of the file."""

    of: str | None = None
    """the valid message, or resource, that the fault is put into"""
    fault: tuple[Change, ...] = ()
    keeps_identifiers: bool = False
    """whether its message id and all other UUIDs are those of the valid message; elsewhere they are its own"""
    profile: str | None = None
    """for a resource that is no message: the id of our profile that it is validated against"""
    file: str | None = None
    """for a fault that cannot be written so: the body as it is sent"""
    after: str | None = None
    """a message that must have been accepted before"""
    request: Request = Request()
    http_status: int | None = None
    """of the adapter's answer; absent for what is not sent to it"""
    acknowledgement: Literal["ok", "transient-error", "fatal-error"] | None = None
    """MessageHeader.response.code of the answer; absent where the answer is an OperationOutcome alone"""
    issues: tuple[str, ...] = ()
    """codes of the issues in the answer"""
    findings: tuple[Finding, ...]
    """every error, for none but these may be found, and the warnings that the fixture is about"""
    side_effects: int = 0
    """how often each receiver stores it"""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.of is None) is (self.file is None) or (self.of is None) is bool(self.fault):
            raise ValueError("expected of and fault, or file")
        return self


def read(file: Path) -> InvalidFixture:
    """The fixture of a file. Raises AdapterError with file and reason."""
    try:
        return InvalidFixture.model_validate(yaml.load(file)[0])
    except (OSError, ValidationError) as error:
        raise AdapterError(f"{file} cannot be used: {error}") from error


def broken(valid: dict[str, Any], name: str, fixture: InvalidFixture) -> dict[str, Any]:
    """The valid resource with the fault of the fixture `name` in it; the original is left as it was. Raises
    AdapterError where the fault does not fit it."""
    made = copy.deepcopy(valid) if fixture.keeps_identifiers else Identifiers(name).renew(valid)
    for change in fixture.fault:
        try:
            apply(made, change, Identifiers(f"{name} copies"))
        except (LookupError, TypeError, AttributeError) as error:
            raise AdapterError(f"{name}: there is no {change.at} to change: {error!r}") from error
    found: dict[str, Any] = made
    return found


def apply(resource: dict[str, Any], change: Change, identifiers: Identifiers) -> None:
    """Make one change. `identifiers` gives ids to copies of entries. Raises LookupError, TypeError or AttributeError
    where the place is not there."""
    holder, key = _place(resource, change.at)
    if change.remove:
        del holder[key]
    elif change.repeat:
        holder.append(_copied(holder[key], len(holder), identifiers))
    elif change.last:
        holder.append(holder.pop(key))
    else:
        value = _filled(change.set, resource)
        if isinstance(holder, list) and key == len(holder):
            holder.append(value)
        else:
            holder[key] = value


def _place(resource: dict[str, Any], at: str) -> tuple[Any, Any]:
    """What holds the place, and its key there."""
    found = _PLACE.fullmatch(at)
    if found is None:
        raise LookupError(at)
    kind, number, rest = found.groups()
    keys: list[_Key | None] = [name or (None if index == "+" else int(index)) for name, index in _STEP.findall(rest)]
    if kind != resource["resourceType"]:
        entry = _entry(resource, kind, int(number or 0))
        keys = ["entry", entry, *(["resource", *keys] if keys else [])]
    holder: Any = resource
    for position, key in enumerate(keys[:-1]):
        wanted: Any = [] if not isinstance(keys[position + 1], str) else {}
        if isinstance(holder, dict):
            holder = holder.setdefault(key, wanted)
        elif key is None:
            holder.append(wanted)
            holder = holder[-1]
        else:
            holder = holder[key]
    last = keys[-1]
    return holder, len(holder) if last is None else last


def _entry(message: dict[str, Any], kind: str, number: int) -> int:
    places = [index for index, each in enumerate(message["entry"]) if each["resource"]["resourceType"] == kind]
    return places[number]


def _copied(value: Any, number: int, identifiers: Identifiers) -> Any:
    made = copy.deepcopy(value)
    if isinstance(made, dict) and "fullUrl" in made:
        made["resource"]["id"] = identifiers.new(f"entry {number}")
        made["fullUrl"] = f"urn:uuid:{made['resource']['id']}"
    return made


def _name(message: dict[str, Any], kind: str, number: int, *, by_id: bool) -> str:
    entry = message["entry"][_entry(message, kind, number)]
    return str(entry["resource"]["id"] if by_id else entry["fullUrl"])


def _filled(value: Any, resource: dict[str, Any]) -> Any:
    if isinstance(value, str):
        return _NAMED.sub(
            lambda found: _name(resource, found[1], int(found[2] or 0), by_id=found[3] is not None), value
        )
    if isinstance(value, dict):
        return {name: _filled(member, resource) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(item, resource) for item in value]
    return value
