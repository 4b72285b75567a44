"""A mapping between FHIR messages and the records of one system: one definition, both directions.

Each run accounts for every node of its source. Where a node is neither carried nor left out on purpose the run is
refused (`on_unmapped: refuse`), carries it along as text (`attach`), or says so in its report (`warn`); nothing
vanishes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.mapping import accounts, folder, records, straight
from adapter.mapping.attachments import attach
from adapter.mapping.compiler import Message
from adapter.mapping.pictures import Picture
from adapter.mapping.records import TEXT, Record
from adapter.mapping.report import Line, Outcome, Report
from adapter.mapping.runs import Run, Scope, ToFhir, ToRecord
from adapter.support.errors import MappingError, ParseError

_NAMED_IN_ERROR = 8
_REASON_LIMIT = 2000


class NotCarriedError(MappingError):
    """The source says things that the mapping neither carries nor leaves out on purpose. `report` names them all."""

    def __init__(self, report: Report, folder_name: str) -> None:
        nodes = [f"{line.path} ({line.reason})" for line in report.of(Outcome.NOT_MAPPED)]
        more = f" and {len(nodes) - _NAMED_IN_ERROR} more" if len(nodes) > _NAMED_IN_ERROR else ""
        super().__init__(
            f"{report.message} cannot be carried to {folder_name} whole: {', '.join(nodes[:_NAMED_IN_ERROR])}{more}"
        )
        self.report = report


@dataclass(frozen=True)
class RecordResult:
    """A record as bytes, the account of the message that it was made from, the mapping's version."""

    content: bytes
    report: Report
    version: str


@dataclass(frozen=True)
class FhirResult:
    """A message Bundle, the account of the record that it was made from, the mapping's version."""

    bundle: dict[str, Any]
    report: Report
    version: str


class Mapping:
    """A compiled mapping folder. Holds no state between runs and may be shared by threads."""

    def __init__(self, compiled: folder.Folder) -> None:
        self._system = compiled.system
        self._schema = compiled.schema
        self._compiled = compiled
        self._by_event = {message.event: message for message in compiled.messages}
        self._by_body = {message.body: message for message in compiled.messages}
        self._omissions = {
            message.event: accounts.Omissions([*message.omissions, *compiled.omissions])
            for message in compiled.messages
        }
        code = straight.Code(compiled.system.name)
        self._straight = {
            message.event: straight.Straight(message, self._omissions[message.event], code)
            for message in compiled.messages
        }
        self._same_content = frozenset(compiled.system.identity.same_content)
        self._to_code = {word: code for code, word in compiled.system.acknowledgement.codes.items()}
        self.name = compiled.system.name
        self.version = compiled.version
        self.media_type = compiled.system.media_type
        self.events = frozenset(self._by_event)
        self.records = frozenset(self._by_body)
        self.rules = compiled.rules

    @classmethod
    def load(cls, path: Path) -> "Mapping":
        """Read and compile a mapping folder. Raises ConfigurationError with every problem, file and line, and
        DefinitionsError where the FHIR R4 core package is missing."""
        return cls(folder.load(path))

    def to_record(self, bundle: dict[str, Any]) -> RecordResult:
        """Write a message Bundle with one destination as a record for that destination.

        Raises MappingError where the event is not carried, a value has no counterpart, something would be dropped in
        silence (NotCarriedError), or the record would break its schema.
        """
        message = MessageBundle(bundle)
        if len(message.destinations) != 1:
            raise MappingError(f"the message has {len(message.destinations)} destinations; a record has one receiver")
        rules = self._by_event.get(message.event or "")
        if rules is None:
            raise MappingError(f"{self.name} has no record for this event; it has: {', '.join(sorted(self.events))}")
        run, root, picture = self._straight[rules.event].to_record(message) or self._run_there(message, rules)
        used = frozenset(run.trace.used)
        report = Report(self.name, self.version, rules.event, "record", used, picture.lines, picture)
        if not picture.whole:
            self._refuse(report)
        return RecordResult(records.write(root, self._system.root, self._schema), report, self.version)

    def _run_there(self, message: MessageBundle, rules: Message) -> tuple[ToRecord, Record, Picture]:
        run, omissions = ToRecord(message), self._omissions[rules.event]
        for locator in rules.locators:
            locator.locate(run)
        root: Record = {}
        rules.block.to_record(run, Scope({}, root, root))
        run.finish()
        picture = Picture(message.bundle, run, omissions)
        if not picture.whole and rules.attach_to is not None:
            leaves = accounts.fhir_leaves(message.bundle, run, omissions)
            attach(accounts.left_over(leaves, run), run, root, rules.attach_to, self._compiled.attach_rule)
            picture = Picture(message.bundle, run, omissions)
        return run, root, picture

    def to_fhir(self, content: bytes) -> FhirResult:
        """Read a record as a message Bundle; ids that the record does not carry are made from it, always the same.

        Raises ParseError where the bytes are not XML of bounded size without DTD, and MappingError where the record
        breaks its schema, is of a type that is not carried, or says something that the mapping does not carry.
        """
        root = records.read(content, self._schema, self._system.root, self._system.max_bytes)
        body = self._compiled.type.first(root)
        rules = self._by_body.get(body or "")
        if rules is None:
            raise MappingError(f"{self.name} has no message of this type; it has: {', '.join(sorted(self.records))}")
        if body not in root:
            raise MappingError(f"{self._compiled.type.text} names another message than the record holds")
        seed = self._seed(root)
        identity = self._system.identity
        straight = self._straight[rules.event].to_fhir(root, identity.namespace, seed, self._same_content)
        run, bundle = straight or self._run_back(root, rules, seed)
        omissions = self._omissions[rules.event]
        lines = partial(_lines, root, self._system.root, run, omissions)
        report = Report(self.name, self.version, rules.event, "fhir", frozenset(run.trace.used), lines)
        if straight is None and not accounts.record_whole(root, run, omissions):
            self._refuse(report)
        return FhirResult(bundle, report, self.version)

    def _seed(self, root: Record) -> str:
        return "|".join(path.first(root) or "" for path in self._compiled.seed)

    def _run_back(self, root: Record, rules: Message, seed: str) -> tuple[ToFhir, dict[str, Any]]:
        run = ToFhir(self._system.identity.namespace, seed, self._same_content, rules.types)
        bundle: dict[str, Any] = {"resourceType": "Bundle", "id": run.id("bundle")}
        run.resources["bundle"] = bundle
        rules.block.to_fhir(run, Scope({}, root, root))
        for locator in rules.locators:
            locator.write(run)
        run.finish()
        for locator in rules.locators:
            locator.found_again(run)
        bundle["entry"] = run.entries()
        return run, bundle

    def message_id(self, content: bytes) -> str | None:
        """The id in a record that may be wrong in any way; None where none can be read."""
        return records.peek(content, self._compiled.message_id, self._system.max_bytes) or None

    def acknowledge(self, message_id: str | None, code: str, reason: str = "", codes: Iterable[str] = ()) -> bytes:
        """The technical acknowledgement of a record: `code` is ok, transient-error or fatal-error, `codes` are issue
        codes. An id that the format cannot carry is left out."""
        shape = self._system.acknowledgement
        words = "".join(char for char in reason if records.legal(char)).strip()[:_REASON_LIMIT]
        values = [(shape.message_id, message_id), (shape.status, shape.codes[code]), (shape.reason, words)]  # type: ignore[index] # one of them
        root: Record = {name: [{TEXT: text}] for name, text in values if text and records.legal(text)}
        root[shape.issues] = [{TEXT: text} for text in sorted(set(codes))]
        try:
            return records.write(root, shape.root, self._schema)
        except MappingError:
            root.pop(shape.message_id, None)
            return records.write(root, shape.root, self._schema)

    def read_acknowledgement(self, content: bytes) -> tuple[str, str, frozenset[str]] | None:
        """(code, reason, issue codes) of a technical acknowledgement; None where the bytes are none in this format."""
        shape = self._system.acknowledgement
        try:
            root = records.read(content, self._schema, shape.root, self._system.max_bytes)
        except (MappingError, ParseError):
            return None
        texts = {name: [child.get(TEXT, "") for child in children] for name, children in root.items()}
        code = self._to_code.get(texts[shape.status][0])
        reason = texts.get(shape.reason, [""])[0]
        return None if code is None else (code, reason, frozenset(texts.get(shape.issues, [])))

    def _refuse(self, report: Report) -> None:
        """Raises NotCarriedError where something is left over and the mapping refuses that."""
        if self._system.on_unmapped != "warn" and report.of(Outcome.NOT_MAPPED):
            raise NotCarriedError(report, self.name if report.direction == "record" else "FHIR")


def _lines(root: Record, name: str, run: Run, omissions: accounts.Omissions) -> Iterator[Line]:
    """What became of each leaf of a record."""
    return accounts.lines(accounts.record_leaves(root, name, omissions), run)
