"""Runs of a message by the code that is written from its rules, where nothing out of the ordinary is met.

The code marks what it carries, and by which rule. When every node of the source is marked, or left out on purpose, all
is accounted for: the result, and the account that the marks give, are those of the rules run one by one, byte for byte.
In every other case there is no result here, and the rules are run one by one: they alone refuse.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.mapping import accounts
from adapter.mapping.compiler import Message
from adapter.mapping.pictures import Picture
from adapter.mapping.records import Record
from adapter.mapping.runs import Run, ToFhir, ToRecord
from adapter.mapping.source import UNEXPECTED, Detour, Source
from adapter.mapping.source_back import Back
from adapter.mapping.source_there import There

_Block = Callable[..., None]


class _There(ToRecord):
    """What the code that is written calls, beside what the rules do."""

    def told(self, names: list[str], reference: Any, rule: str) -> bool:
        """Marks the slots of a Reference that leads to what the names stand for, and says whether it does."""
        said = self.leads(names, reference)
        self.trace.mark(said, rule)
        return bool(said)

    def linked(self, names: list[str], references: Any, where: tuple[tuple[str, str], ...], rule: str) -> bool:
        """Marks the references of a list that lead to what the names stand for; one that leads there again is none.
        Says whether there is one to each."""
        if where or type(references) is not list:
            raise Detour
        wanted, told = len(self.standing(names)), set[str]()
        for reference in references:
            for holder, key in self.leads(names, reference)[-1:]:
                if len(told) < wanted and holder[key] not in told:
                    told.add(holder[key])
                    self.told(names, reference, rule)
        return len(told) == wanted


class Code:
    """The code of a mapping, which its messages share: they have parts in common."""

    def __init__(self, label: str) -> None:
        self.there, self.back = There(f"{label} to record"), Back(f"{label} to FHIR")


class Straight:
    """One message in both directions. Its code is written when a direction is taken for the second time: what is mapped
    once, as from the command line, does not wait for it."""

    def __init__(self, rules: Message, omissions: accounts.Omissions, code: Code) -> None:
        self._rules, self._omissions, self._code = rules, omissions, code
        self._blocks: dict[Source, _Block | None] = {}

    def to_record(self, message: MessageBundle) -> tuple[ToRecord, Record, Picture] | None:
        """The run of a message, its record and its account; None where its rules are to be run one by one."""
        block = self._block(self._code.there)
        if block is None:
            return None
        run = _There(message)
        root: Record = {}
        try:
            for locator in self._rules.locators:
                locator.locate(run)
            block(run, root, root)
            run.finish()
        except UNEXPECTED:
            return None
        picture = Picture(message.bundle, run, self._omissions)
        return (run, root, picture) if picture.whole else None

    def to_fhir(
        self, root: Record, namespace: str, seed: str, same_content: frozenset[str]
    ) -> tuple[ToFhir, dict[str, Any]] | None:
        """The run of a record and its message; None where its rules are to be run one by one."""
        block = self._block(self._code.back)
        if block is None:
            return None
        run = ToFhir(namespace, seed, same_content, self._rules.types)
        bundle: dict[str, Any] = {"resourceType": "Bundle", "id": run.id("bundle")}
        run.resources["bundle"] = bundle
        try:
            block(run, root, root)
            for locator in self._rules.locators:
                locator.write(run)
            run.finish()
            for locator in self._rules.locators:
                locator.found_again(run)
        except UNEXPECTED:
            return None
        bundle["entry"] = run.entries()
        return (run, bundle) if accounts.record_counted(root, run) else None

    def _block(self, source: Source) -> _Block | None:
        if source not in self._blocks:
            self._blocks[source] = None
            return None
        block = self._blocks[source]
        if block is None:
            name, _ = source.block(self._rules.block, ())
            block = self._blocks[source] = partial(_call, source.names, name)
        return block


def _call(names: dict[str, Any], name: str, run: Run, root: Record, record: Record) -> None:
    names[name](run, root, record)
