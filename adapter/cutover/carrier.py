"""Carries one case: writes its messages, looks at all of them before the first is submitted, and submits them in order.

A message is noted before it is submitted and marked once it is accepted; its id follows from the case. Whatever
interrupts this, the next run finds what was accepted and goes on behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Row

from adapter.authoring.chain import Link
from adapter.authoring.parties import Unit
from adapter.cutover import ledger
from adapter.cutover.case import Case
from adapter.cutover.ledger import TAKEN_BACK, TOLD, Item, Sides
from adapter.cutover.messages import CaseIds, CaseWriter
from adapter.cutover.parts import READY, Part, blank, cut
from adapter.cutover.plan import Plan
from adapter.directory import AmbiguousRecipientError, Directory, Receiver, UnknownRecipientError
from adapter.exchange.receive import Exchange
from adapter.exchange.submission import Reply, Submission
from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir.canonical import CASE
from adapter.security.principals import Principal, Right
from adapter.store.database import Database
from adapter.support.clock import STOCKHOLM, Clock

_MEDIA_TYPE = "application/fhir+json"
_SHOWN = 5


class NotTakenError(Exception):
    """The adapter does not take a message of a case; `reasons` say why."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class Draft:
    """A message to submit. `of` is its part, `digest` of what it says, or the id of the message that it takes back."""

    of: Part
    revision: int
    kind: str
    digest: str
    body: bytes
    link: Link


class Carrier:
    """Carries cases of one cut-over. `address` is the adapter's own FHIR address."""

    def __init__(
        self,
        plan: Plan,
        database: Database,
        exchange: Exchange,
        directory: Directory,
        clock: Clock,
        principal: Principal,
        address: str,
    ) -> None:
        self.sides = Sides(plan.source, plan.target)
        self._plan = plan
        self._database = database
        self._exchange = exchange
        self._directory = directory
        self._clock = clock
        self._principal = principal
        self._address = address

    def case_id(self, case: Case) -> str:
        """The case in the store, as `system|value`."""
        return f"{CASE}|{self._ids(case).new('case')}"

    def drafts(
        self, case: Case, receivers: frozenset[str], taken: str, item: Item | None, on: date
    ) -> tuple[list[Draft], tuple[str, ...]]:
        """The messages that bring the new system from what it was told to what the case is now, and what of the case
        stays behind. `taken` is when the export was taken, `on` the day of the routes. Nothing is written."""
        generation, done = (item.generation, self._done(item)) if item else (1, [])
        writer = self._writer(case, done, generation, on)
        made = cut(case, self._plan.name, taken, receivers)
        found: list[Draft] = []
        for part in made.parts:
            found += self._changes(writer, part, [row for row in done if row.part == part.name], case)
        kept = {part.name for part in made.parts}
        for name in dict.fromkeys(row.part for row in done):
            rows = [row for row in done if row.part == name]
            if name not in kept and rows[-1].kind == TOLD:
                found.append(self._take_back(writer, rows, case, taken))
        return found, made.gaps

    def retractions(self, case: Case, item: Item, why: str, on: date) -> list[Draft]:
        """The messages that take back all that was told, the newest first."""
        done = self._done(item)
        writer = self._writer(case, done, item.generation, on)
        gone = {row.digest for row in done if row.kind == TAKEN_BACK}
        counts = {row.part: row.revision for row in done}
        at = self._clock.now().astimezone(STOCKHOLM).isoformat(timespec="seconds")
        found = []
        for row in reversed([each for each in done if each.kind == TOLD and each.header_id not in gone]):
            counts[row.part] += 1
            part = _as_told(row, case, at)
            bundle, link = writer.retract(part, counts[row.part], row.revision, at, why)
            found.append(_draft(part, counts[row.part], TAKEN_BACK, row.header_id, bundle, link))
        return found

    def examine(self, case: Case, drafts: Sequence[Draft], on: date) -> list[str]:
        """Why the adapter would not take the messages on a day, or could not deliver them; nothing where it would."""
        at = max(self._clock.now(), datetime.combine(on, time(12), STOCKHOLM))
        reasons: dict[str, str] = {}
        for draft in drafts:
            issues = self._exchange.preview(self._submission(draft), self._sender(case, draft), at)
            for issue in outcomes.errors(issues):
                place = f" at {issue.expression[0]}" if issue.expression else ""
                words = f"{issue.rule}{place}: {issue.message}"
                reasons.setdefault(words, f"{draft.link.event}: {words}")  # of several messages the first tells it
        return list(reasons.values())[:_SHOWN]

    def submit(self, case: Case, item: Item, drafts: Sequence[Draft]) -> int:
        """Submit the messages in order; returns how many. Raises NotTakenError at the first that is refused, and
        UnavailableError where the store does not answer: what was accepted stays so."""
        for draft in drafts:
            header_id = draft.link.header_id
            with self._database.write() as connection:
                ledger.intend(
                    connection,
                    item_id=item.id,
                    generation=item.generation,
                    part=draft.of.name,
                    revision=draft.revision,
                    header_id=header_id,
                    digest=draft.digest,
                    kind=draft.kind,
                    link=ledger.as_json(draft.link),
                )
            reply = self._exchange.receive(self._submission(draft), self._sender(case, draft))
            if reply.status != 200:
                raise NotTakenError([f"{draft.link.event}: {reason}" for reason in _reasons(reply)])
            with self._database.write() as connection:
                ledger.accepted(connection, header_id)
        return len(drafts)

    def _changes(self, writer: CaseWriter, part: Part, rows: Sequence[Row[Any]], case: Case) -> list[Draft]:
        """What a part needs: nothing where it was told as it is now."""
        latest = rows[-1] if rows else None
        stands = latest is not None and latest.kind == TOLD
        if latest is not None and stands and latest.digest == part.digest:
            return []
        found: list[Draft] = []
        revision = latest.revision + 1 if latest is not None else 0
        last = latest.revision if latest is not None and stands else None
        if latest is not None and stands and part.name == READY and latest.link["at"] != part.at:
            found.append(self._take_back(writer, rows, case, part.at))  # a new notice, not a correction of the first
            revision, last = revision + 1, None
        bundle, link = writer.write(part, revision, last)
        return [*found, _draft(part, revision, TOLD, part.digest, bundle, link)]

    def _take_back(self, writer: CaseWriter, rows: Sequence[Row[Any]], case: Case, at: str) -> Draft:
        """Takes back the part that was told last."""
        latest = rows[-1]
        part = _as_told(latest, case, at)
        why = f"Gäller inte längre i {self._plan.name}. Tidpunkten är den då det blev känt"
        bundle, link = writer.take_back(part, latest.revision + 1, latest.revision, at, why)
        return _draft(part, latest.revision + 1, TAKEN_BACK, latest.header_id, bundle, link)

    def _done(self, item: Item) -> list[Row[Any]]:
        """The messages of an item that the adapter has accepted, also where an interruption left them unmarked."""
        with self._database.write() as connection:
            rows = ledger.messages(connection, item.id, item.generation)
            found = []
            for row in rows:
                if not row.accepted and ledger.was_accepted(connection, row.header_id):
                    ledger.accepted(connection, row.header_id)
                elif not row.accepted:
                    continue
                found.append(row)
        return found

    def _ids(self, case: Case) -> CaseIds:
        seed = f"{self.sides.source}\n{self.sides.target}\n{case.key}"
        return CaseIds(seed, {"case": case.case_id, "stay": case.stay_id})

    def _writer(self, case: Case, done: Sequence[Row[Any]], generation: int, on: date) -> CaseWriter:
        first = "admission-notice" if case.admission else "home-care-referral"
        units = {unit: self._unit(unit, on, first) for unit in case.units | _parties(done)}
        links = [ledger.as_link(row) for row in done]
        return CaseWriter(case, self._ids(case), units, links, generation)

    def _unit(self, hsa: str, on: date, event: str) -> Unit:
        """A unit by the directory's name; one that is not in it by its HSA-id."""
        known = self._directory.unit(hsa, on)
        try:
            endpoint = self._directory.route(Receiver(hsa=hsa), event, on).endpoint.logical
        except (UnknownRecipientError, AmbiguousRecipientError):
            endpoint = self._address
        return Unit(hsa, known.name if known else hsa, endpoint, self._plan.name)

    def _sender(self, case: Case, draft: Draft) -> Principal:
        """Who answers for a message: the operator, in the name of the case's own units and no others."""
        units = case.senders | {draft.link.sender.hsa}
        return Principal(self._principal.name, self._principal.party, units, frozenset({Right.SEND}))

    def _submission(self, draft: Draft) -> Submission:
        name = f"cutover-{self.sides.source}-{self.sides.target}"
        return Submission(draft.body, _MEDIA_TYPE, request_id=name[:128], carried=draft.kind == TOLD)


def _draft(part: Part, revision: int, kind: str, digest: str, bundle: dict[str, Any], link: Link) -> Draft:
    return Draft(part, revision, kind, digest, fhir_json.serialize(bundle), link)


def _parties(rows: Sequence[Row[Any]]) -> frozenset[str]:
    return frozenset(unit for row in rows for unit in row.link["parties"])


def _as_told(row: Row[Any], case: Case, at: str) -> Part:
    """A part as it went out: its units, and nothing of its content."""
    sender = row.link["sender"]
    return blank(case, row.part, at, sender, frozenset(row.link["parties"]) - {sender})


def _reasons(reply: Reply) -> list[str]:
    issues = reply.resource.get("issue", [])
    return [str(issue.get("details", {}).get("text", issue.get("code"))) for issue in issues][:_SHOWN]
