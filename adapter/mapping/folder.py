"""A mapping folder as it is read: mapping.yaml, `messages/*.yaml`, the parts they include, concept maps and schema."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from adapter.fhir import canonical, elements
from adapter.mapping import accounts, compiler, concepts, model, paths, records
from adapter.mapping.schema import RecordSchema
from adapter.support import checked, yaml
from adapter.support.errors import ConfigurationError, Problem

_M = TypeVar("_M", bound=BaseModel)
_CANONICAL = "{canonical}"


@dataclass(frozen=True)
class Folder:
    """A mapping, compiled. `version` is that of mapping.yaml with the hash of all files; `rules` are all rules
    (file:line) by the direction that they hold for; `sources` are the message files as written, `environment` what they
    share; `attach_rule` is the place of `attach_to`."""

    system: model.SystemFile
    version: str
    schema: RecordSchema
    seed: list[records.RecordPath]
    type: records.RecordPath
    message_id: records.RecordPath
    omissions: list[accounts.Omission]
    messages: list[compiler.Message]
    rules: dict[Literal["record", "fhir"], frozenset[str]]
    sources: list[compiler.Source]
    environment: compiler.Environment
    attach_rule: str


def load(folder: Path) -> Folder:
    """Read and compile a mapping folder. Raises ConfigurationError with every problem found, each with file and line,
    and DefinitionsError where the FHIR R4 core package is missing."""
    return _Loader(folder).load()


class _Loader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._problems: list[Problem] = []
        self._parts: dict[str, compiler.Source | None] = {}

    def load(self) -> Folder:
        system, lines = self._read(self._folder / "mapping.yaml", model.SystemFile)
        schema = RecordSchema(self._folder / system.record_schema)
        if system.root not in schema.roots:
            self._stop(lines, ("root",), f"the schema has no element '{system.root}' at its top")
        root = schema.types[schema.roots[system.root]]
        constants = {name: text.replace(_CANONICAL, canonical.CANONICAL) for name, text in system.constants.items()}
        environment = compiler.Environment(
            elements.table(), schema, root, constants, self._concepts(system), self._part, self._problems
        )
        try:
            own = [records.parse_path(text, root, schema) for text in (system.type, system.message_id)]
            seed = [records.parse_path(text, root, schema) for text in system.identity.seed]
        except paths.PathError as error:
            self._stop(lines, (), str(error))
        label = compiler.Source(self._folder / "mapping.yaml", "mapping.yaml", model.PartFile(description="-"), lines)
        omitted = compiler.omissions(label, system.leave_out, environment)
        sources = list(self._message_files())
        messages = [compiler.compile_message(source, environment) for source in sources]
        self._distinct(messages)
        attach_rule = self._attachments(system, lines, environment, messages)
        if self._problems:
            raise ConfigurationError(self._problems)
        version = f"{system.version}+{self._digest()}"
        rules = {side: frozenset(labels) for side, labels in environment.rules.items()}
        return Folder(
            system, version, schema, seed, own[0], own[1], omitted, messages, rules, sources, environment, attach_rule
        )

    def _attachments(
        self,
        system: model.SystemFile,
        lines: checked.Lines,
        environment: compiler.Environment,
        messages: list[compiler.Message],
    ) -> str:
        """Give each message whose record has it the place for what no rule speaks of; file:line that names it."""
        line = lines.of(("attach_to",))
        if system.attach_to is None:
            return ""
        for message in messages:
            text = compiler.concrete(system.attach_to, message.body, message.event)
            with suppress(paths.PathError):
                path = records.parse_path(text, environment.root, environment.schema)
                if path.key == records.TEXT and (path.type is None or path.type.has_text):
                    message.attach_to = path
        if not any(message.attach_to for message in messages):
            reason = f"attach_to: no message has a place for text at '{system.attach_to}'"
            self._problems.append(Problem(self._folder / "mapping.yaml", line, reason))
        return f"mapping.yaml:{line}"

    def _read(self, file: Path, shape: type[_M]) -> tuple[_M, checked.Lines]:
        try:
            data, lines = yaml.load(file)
        except OSError as error:
            raise ConfigurationError([Problem(file, None, f"cannot be read: {error.strerror}")]) from error
        try:
            return shape.model_validate(data if data is not None else {}), lines
        except ValidationError as error:
            raise ConfigurationError(checked.problems(error, shape, file, lines.of)) from error

    def _message_files(self) -> Iterable[compiler.Source]:
        for file in sorted((self._folder / "messages").glob("*.yaml")):
            try:
                content, lines = self._read(file, model.MessageFile)
            except ConfigurationError as error:
                self._problems += error.problems
                continue
            yield compiler.Source(file, f"messages/{file.name}", content, lines)

    def _part(self, name: str) -> compiler.Source | None:
        if name not in self._parts:
            self._parts[name] = None
            file = self._folder / name
            if file.resolve().is_relative_to(self._folder.resolve()) and file.is_file():
                try:
                    content, lines = self._read(file, model.PartFile)
                    self._parts[name] = compiler.Source(file, name, content, lines)
                except ConfigurationError as error:
                    self._problems += error.problems
        return self._parts[name]

    def _concepts(self, system: model.SystemFile) -> dict[str, concepts.Concepts]:
        found = {}
        for name, entry in system.concept_maps.items():
            try:
                found[name] = concepts.load(name, self._folder / entry.file, entry.unmapped)
            except ConfigurationError as error:
                self._problems += error.problems
        return found

    def _distinct(self, messages: list[compiler.Message]) -> None:
        for kind, names in (("event", [m.event for m in messages]), ("record", [m.body for m in messages])):
            for name in sorted({name for name in names if names.count(name) > 1}):
                self._problems.append(Problem(self._folder / "messages", None, f"several files have the {kind} {name}"))
        if not messages and not self._problems:
            self._problems.append(Problem(self._folder / "messages", None, "there is no message file"))

    def _stop(self, lines: checked.Lines, place: checked.Place, reason: str) -> None:
        file = self._folder / "mapping.yaml"
        raise ConfigurationError([*self._problems, Problem(file, lines.of(place), reason)])

    def _digest(self) -> str:
        """Twelve hex digits over the names and bytes of all files that decide what the mapping does."""
        digest = hashlib.sha256()
        for file in sorted(self._folder.rglob("*")):
            is_sample = file.is_relative_to(self._folder / "samples")
            if file.is_file() and file.suffix in {".yaml", ".xsd", ".json"} and not is_sample:
                content = file.read_bytes()
                digest.update(f"{file.relative_to(self._folder).as_posix()}\n{len(content)}\n".encode() + content)
        return digest.hexdigest()[:12]
