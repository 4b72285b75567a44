"""Runs of a message by the code that is written from its rules, where nothing out of the ordinary is met.

The code marks what it carries; when as many nodes are marked as the source has, less what is left out on purpose, all
is accounted for, and the result is what the rules run one by one give, byte for byte. In every other case there is no
result here, and the rules are run one by one: they alone refuse, and say what became of each node.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.mapping import accounts
from adapter.mapping.compiler import Message
from adapter.mapping.paths import Slot
from adapter.mapping.records import Record
from adapter.mapping.runs import Run, ToFhir, ToRecord, Trace
from adapter.mapping.source import UNEXPECTED, Detour, Source
from adapter.mapping.source_back import Back
from adapter.mapping.source_there import There

Marks = set[tuple[int, str | int]]

_Block = Callable[..., None]


class _Marks(Trace):
    """Knows what is carried, not by which rule."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: Marks = set()

    def mark_one(self, holder: Any, key: str | int, rule: str) -> None:  # noqa: ARG002 - as any trace
        self.marks.add((id(holder), key))

    def fault(self, slot: Slot, reason: str) -> None:  # noqa: ARG002 - as any trace
        raise Detour

    def supply(self, path: str, rule: str, reason: str) -> None:
        """Nothing that the source has."""


class _There(ToRecord):
    def __init__(self, bundle: MessageBundle) -> None:
        trace = _Marks()
        super().__init__(bundle, trace)
        self.marks = trace.marks

    def followed(self, reference: Any, expected: str) -> tuple[dict[str, Any] | None, Marks]:
        """As `follow`, with marks for the slots."""
        target, said = self.follow(reference, expected)
        return target, {(id(holder), key) for holder, key in said}

    def said(self, names: list[str], reference: Any) -> Marks:
        """As `leads`, with marks for the slots."""
        return {(id(holder), key) for holder, key in self.leads(names, reference)}

    def linked(self, names: list[str], references: Any, where: tuple[tuple[str, str], ...]) -> None:
        """Marks the references of a list that lead to what the names stand for; one that leads there again is none."""
        if where or type(references) is not list:
            raise Detour
        wanted, told = len(self.standing(names)), set[str]()
        for reference in references:
            for holder, key in self.leads(names, reference)[-1:]:
                if len(told) < wanted and holder[key] not in told:
                    told.add(holder[key])
                    self.marks |= self.said(names, reference)

    def finish(self) -> None:
        for step, scope in self.later:
            step(self, scope)
        for said, reference in self.logical:
            if (id(said), "name") in self.marks:
                self.marks.remove((id(said), "name"))
                self.marks.add((id(reference), "display"))


class _Back(ToFhir):
    def __init__(self, namespace: str, seed: str, same_content: frozenset[str], types: dict[str, str]) -> None:
        trace = _Marks()
        super().__init__(namespace, seed, same_content, types, trace)
        self.marks = trace.marks


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

    def to_record(self, message: MessageBundle) -> Record | None:
        """The record of a message; None where its rules are to be run one by one."""
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
        return root if accounts.fhir_counted(message.bundle, run, run.marks, self._omissions) else None

    def to_fhir(self, root: Record, namespace: str, seed: str, same_content: frozenset[str]) -> dict[str, Any] | None:
        """The message of a record; None where its rules are to be run one by one."""
        block = self._block(self._code.back)
        if block is None:
            return None
        run = _Back(namespace, seed, same_content, self._rules.types)
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
        return bundle if accounts.record_counted(root, run.marks) else None

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
