"""The files of a mapping, as they are written: `mapping.yaml`, one file a message, parts that messages share."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][A-Za-z0-9]*$")]
Side = Literal["record", "fhir"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Resource(_Part):
    """A resource of the Bundle: of a type, found by following a reference (`via`), or by references that it has
    (`where`: element → name, or names of which the first that is there counts). `many`: all that fit have the name, and
    a group goes through them."""

    type: Text
    via: Text | None = None
    where: dict[str, Name | list[Name]] = Field(default_factory=dict)
    required: bool = False
    many: bool = False

    @model_validator(mode="after")
    def _one_by_reference(self) -> "Resource":
        if self.many and self.via:
            raise ValueError("many has no meaning with via: a reference leads to one resource")
        return self


class Condition(_Part):
    """Something is there: on the FHIR side when a record is written, on the record side when FHIR is written."""

    fhir: Text | list[Text] = Field(default_factory=list)
    record: Text | list[Text] = Field(default_factory=list)

    def paths(self, side: Side) -> list[str]:
        """The paths of one side."""
        found = self.fhir if side == "fhir" else self.record
        return [found] if isinstance(found, str) else found


class Rule(_Part):
    """One rule. Its keys tell its kind: `each` or `resource` a group, `refers` a link, `value` a constant."""

    fhir: Text | None = None
    record: Text | None = None
    codec: Text | None = None
    concepts: Text | None = None
    required: bool = False
    default: dict[str, Text] = Field(default_factory=dict)
    value: Text | bool | None = None
    within: Text | None = None
    refers: Name | list[Name] | None = None
    position: bool = False
    each: Text | None = None
    named: Name | None = None
    resource: Text | None = None
    rules: "list[Rule] | None" = None
    part: Text | None = None
    when: Condition | None = None
    unless: Condition | None = None
    only: Side | None = None
    reason: Text | None = None

    @property
    def kind(self) -> Literal["group", "link", "constant", "value"]:
        if self.each or self.resource:
            return "group"
        if self.refers:
            return "link"
        return "constant" if self.value is not None else "value"

    @model_validator(mode="after")
    def _fits(self) -> "Rule":
        faults = [*self._needed(), *self._foreign()]
        if set(self.default) - {"record", "fhir"}:
            faults.append("default is for record or fhir")
        if self.only and not self.reason:
            faults.append("reason is missing: a rule that holds one way only says why")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _needed(self) -> list[str]:
        needs: dict[str, tuple[str, ...]] = {
            "group": ("named", "record"),
            "link": ("fhir",),
            "constant": (),
            "value": ("fhir", "record"),
        }
        faults = [f"{key} is missing in a {self.kind}" for key in needs[self.kind] if getattr(self, key) is None]
        if self.kind == "group" and (self.rules is None) == (self.part is None):
            faults.append("a group has either rules or a part")
        if self.kind == "constant" and (self.fhir is None) == (self.record is None):
            faults.append("value is for either fhir or record, one of them")
        return faults

    def _foreign(self) -> list[str]:
        allowed = {
            "group": {"each", "named", "resource", "record", "rules", "part"},
            "link": {"fhir", "refers", "record", "position", "within"},
            "constant": {"fhir", "record", "value", "within"},
            "value": {"fhir", "record", "codec", "concepts", "required", "default"},
        }[self.kind] | {"only", "reason", "when", "unless"}
        return [f"{key} has no meaning in a {self.kind}" for key in sorted(self.model_fields_set - allowed)]


class LeaveOut(_Part):
    """Nodes that are left out on purpose: a pattern over element names, `*` for one and `**` for any number; or all
    resources of a type that no name of the mapping stands for and that have the element `having`. `beside`: only where
    one of these elements stands next to the node."""

    fhir: Text | None = None
    record: Text | None = None
    resource: Text | None = None
    having: Text | None = None
    value: Text | bool | None = None
    beside: list[Text] = Field(default_factory=list)
    reason: Text

    @model_validator(mode="after")
    def _one_side(self) -> "LeaveOut":
        if [self.fhir, self.record, self.resource].count(None) != 2:
            raise ValueError("expected one of fhir, record and resource")
        if self.having and not self.resource:
            raise ValueError("having is for resource")
        if self.beside and not self.fhir:
            raise ValueError("beside is for fhir")
        return self


class PartFile(_Part):
    """What several messages share."""

    description: Text
    resources: dict[Name, Resource] = Field(default_factory=dict)
    rules: list[Rule] = Field(default_factory=list)
    leave_out: list[LeaveOut] = Field(default_factory=list)


class MessageFile(PartFile):
    """One message: the event on the FHIR side, the body element on the record side."""

    event: Text
    record: Text
    include: list[Text] = Field(default_factory=list)


class ConceptFile(_Part):
    """A ConceptMap and what happens to a code that it does not name."""

    file: Text
    unmapped: Literal["refuse", "keep"]


class Acknowledgement(_Part):
    """The record by which a receiver answers that it has a message: element names, and its words for the codes."""

    root: Text
    message_id: Text
    status: Text
    reason: Text
    issues: Text
    codes: dict[Literal["ok", "transient-error", "fatal-error"], Text]

    @model_validator(mode="after")
    def _all_codes(self) -> "Acknowledgement":
        if len(self.codes) != 3 or len(set(self.codes.values())) != 3:
            raise ValueError("codes needs a word of its own for each of ok, transient-error and fatal-error")
        return self


class Identity(_Part):
    """Where ids that the record does not carry come from: `seed` are record paths, `namespace` the URI that the ids are
    made in; resources of the types in `same_content` are one where they say the same."""

    namespace: Text
    seed: list[Text]
    same_content: list[Text] = Field(default_factory=list)


class SystemFile(_Part):
    """mapping.yaml: the system that the folder is for. `attach_to` is the record path that `on_unmapped: attach` writes
    to."""

    language: Literal[1]
    name: Text
    version: Text
    description: Text
    media_type: Text
    record_schema: Text
    root: Text
    type: Text
    message_id: Text
    max_bytes: int = Field(gt=0, le=64 * 1024 * 1024)
    on_unmapped: Literal["refuse", "warn", "attach"]
    attach_to: Text | None = None
    identity: Identity
    acknowledgement: Acknowledgement
    constants: dict[str, Text] = Field(default_factory=dict)
    concept_maps: dict[str, ConceptFile] = Field(default_factory=dict)
    leave_out: list[LeaveOut] = Field(default_factory=list)

    @model_validator(mode="after")
    def _place_to_attach(self) -> "SystemFile":
        if (self.on_unmapped == "attach") != (self.attach_to is not None):
            raise ValueError("on_unmapped: attach and attach_to, the record path to write to, belong together")
        return self


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the files: one definition each for mapping.yaml, a message and a part."""
    files: dict[str, type[BaseModel]] = {"mapping": SystemFile, "message": MessageFile, "part": PartFile}
    defs: dict[str, Any] = {}
    for name, model in files.items():
        schema = model.model_json_schema(ref_template="#/$defs/{model}")
        defs |= schema.pop("$defs", {})
        defs[name] = schema
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mapping language 1",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in files],
        "$defs": dict(sorted(defs.items())),
    }


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))  # noqa: T201 - how mappings/mapping-language.schema.json is made
