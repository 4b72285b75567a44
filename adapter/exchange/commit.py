"""The one transaction that makes a message accepted: message, content, fact, projection, deliveries, answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, exists, insert, select, update

from adapter.delivery import outbox, streams
from adapter.delivery.outbox import NewDelivery
from adapter.discharge import case
from adapter.discharge.events import EVENTS
from adapter.discharge.message import Reading
from adapter.discharge.protection import Protection
from adapter.exchange import acknowledge, chain, disclosures, dispatch, facts, rejections, resource_ledger, task_ledger
from adapter.exchange.dispatch import Draft
from adapter.exchange.labels import PROTECTED, mark
from adapter.exchange.resource_ledger import Stated
from adapter.exchange.submission import Clues, Submission, refusal
from adapter.exchange.task_ledger import Occasion, Side, Told
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue
from adapter.security.principals import Principal
from adapter.security.pseudonyms import IdentityError, Pseudonyms
from adapter.store import tables
from adapter.store.batch import Batch, Number, Step
from adapter.store.content import ContentStore, Piece
from adapter.store.insert import absent, insert_if_absent
from adapter.store.statements import Row, Statement, Values
from adapter.support.clock import to_micros

_FHIR_JSON = "application/fhir+json"

_MESSAGE = Statement(insert(tables.message).returning(tables.message.c.id, rejections.ALARMED.label("alarmed")))
_FACT = Statement(insert(tables.fact))
_case_state, _fact = tables.case_state.c, tables.fact.c
_PERSON = Statement(
    select(
        tables.patient.c.protected,
        select(_case_state.patient_id)
        .where(_case_state.case_id == bindparam("named"))
        .scalar_subquery()
        .label("owner"),
        exists().where(_fact.case_id == bindparam("named")).label("has_facts"),
    )
    .where(tables.patient.c.id == bindparam("this"))
    .with_for_update(key_share=True, of=tables.patient)
)
_SET_STATE = Statement(
    update(tables.case_state).where(
        _case_state.case_id == bindparam("of_case"), _case_state.patient_id == bindparam("of_person")
    )
)


@dataclass(frozen=True)
class Checked:
    """A checked message on its way into the store. `translated` is the FHIR form of a partner's record, `tell_after`
    how long its deliveries may wait before the sender is told, `watchers` the parties whose subscriptions are about
    what its sender says."""

    submission: Submission
    principal: Principal
    message: MessageBundle
    reading: Reading
    protection: Protection
    digest: str
    sender_party: str
    sender_unit: str
    drafts: Sequence[Draft]
    warnings: Sequence[Issue]
    received_at: datetime
    accepted_at: datetime
    config_version: str
    tell_after: timedelta
    translated: bytes | None = None
    tasks: Sequence[Told] = ()
    resources: Sequence[Stated] = ()
    watchers: frozenset[str] = frozenset()

    @property
    def clues(self) -> Clues:
        reading = self.reading
        return Clues(reading.event, reading.header_id, reading.bundle_id, reading.case_id)


class Gate(Protocol):
    """What a message of a case must pass, and what follows for those of the case that wait: warnings, or a Refusal."""

    def pass_(self, connection: Connection, checked: Checked, case_id: str) -> list[Issue]: ...

    def hold(self, connection: Connection, checked: Checked, case_id: str) -> list[Issue]: ...


@dataclass(frozen=True)
class _Place:
    """Where the message belongs. `begins`: its case had no facts when the person was asked for, on PostgreSQL before
    others of the person were waited for."""

    patient_id: int
    case_id: str
    answers_id: int | None
    protected: bool
    begins: bool


def commit(
    connection: Connection, contents: ContentStore, pseudonyms: Pseudonyms, checked: Checked, gate: Gate, address: str
) -> tuple[int, dict[str, Any]]:
    """Store the message and all that follows from it; returns its id and its acknowledgement, by the adapter's own
    FHIR `address`.

    Raises Refusal where the store knows better than the message: an answer to nothing, another person's case; and where
    the `gate` does.
    """
    at = to_micros(checked.accepted_at)
    place, warnings = _place(connection, pseudonyms, checked)
    warnings += gate.pass_(connection, checked, place.case_id)
    # every transaction takes places in streams in the same order, so that no two wait for each other
    drafts = sorted(checked.drafts, key=_stream_of)
    message, places = _store_records(connection, contents, checked, place, drafts)
    message_id: int = message.id
    places += [streams.next_place(connection, *_stream_of(draft), place.patient_id) for draft in drafts[1:]]
    for draft, in_stream in zip(drafts, places, strict=True):
        _store_delivery(connection, contents, checked, place, message_id, draft, in_stream)
        warnings += _undelivered(draft)
    warnings += gate.hold(connection, checked, place.case_id)
    told = [*checked.warnings, *warnings]
    answer = acknowledge.accepted(checked.message, address, checked.accepted_at, told)
    contents.add_all(connection, message_id, [Piece("answer", _FHIR_JSON, fhir_json.serialize(answer))], at)
    # after the streams, as where a delivery ends: subscriptions are locked last
    disclosures.accepted(connection, message_id, checked.sender_party, checked.watchers, at)
    if message.alarmed:  # it may be what an earlier, refused one was to be
        clues = replace(checked.clues, case_id=place.case_id)
        rejections.mended(connection, checked.sender_party, checked.principal.party, clues, checked.accepted_at)
    return message_id, answer


def _place(connection: Connection, pseudonyms: Pseudonyms, checked: Checked) -> tuple[_Place, list[Issue]]:
    reading = checked.reading
    units = [draft.route.unit for draft in checked.drafts]
    answered = chain.answered(connection, reading, checked.sender_party, units)
    case_id = reading.case_id or (answered.case_id if answered else None)
    if case_id is None:
        text = "the message names no case: expected Task.groupIdentifier, Encounter.identifier or an answered message"
        raise refusal(422, "required", "case-missing", text, "Bundle")
    patient_id = _patient(connection, pseudonyms, checked, answered.patient_id if answered else None)
    # One message of a person at a time: the projection of a case is read, made anew and written back, and a label holds
    # what waits. Who waited for another reads the person as that one left it, but all else as it was before.
    known = _PERSON.one(connection, {"this": patient_id, "named": case_id})
    if known.owner not in (None, patient_id) or (
        answered and (answered.patient_id, answered.case_id) != (patient_id, case_id)
    ):
        raise _of_another()
    mark(connection, patient_id, checked.protection, to_micros(checked.accepted_at))
    place = _Place(
        patient_id,
        case_id,
        answers_id=answered.id if answered else None,
        protected=bool(known.protected) or checked.protection.protected,
        begins=not known.has_facts,
    )
    return place, chain.gap(connection, reading, case_id)


def _of_another() -> Exception:
    text = "the patient is not the one that this case, or the answered message, is about: expected the same person"
    return refusal(422, "business-rule", "patient-of-another-case", text, "Bundle")


def _patient(connection: Connection, pseudonyms: Pseudonyms, checked: Checked, answered: int | None) -> int:
    identifiers = checked.reading.patient_identifiers
    if not identifiers:
        if answered is None:
            text = "the patient has no identifier with system and value: expected at least one"
            raise refusal(422, "required", "patient-unidentified", text, "Patient.identifier")
        return answered
    try:
        return pseudonyms.surrogate(connection, identifiers, to_micros(checked.accepted_at))
    except IdentityError as error:
        raise refusal(422, "business-rule", "patient-identity", str(error), "Patient.identifier") from error


def _store_records(
    connection: Connection, contents: ContentStore, checked: Checked, place: _Place, drafts: Sequence[Draft]
) -> tuple[Row, list[streams.Place]]:
    """Keep the message, its content, its fact, and what it says of its Tasks, stays and plans. Returns its `id`, with
    whether refused notices are `alarmed` by now, when nobody is waited for any more, and the place in its stream of the
    first draft, where there is any. The case is projected anew from all its facts."""
    batch = Batch(connection)
    message = batch.add(_MESSAGE, _message_of(checked, place))
    received = [(message.column("id"), piece) for piece in _received(checked)]
    contents.add_each(batch, received, to_micros(checked.accepted_at))
    first = [streams.add_place(batch, *_stream_of(draft), place.patient_id) for draft in drafts[:1]]
    row = _fact_of(checked, place)
    batch.add(_FACT, row | {"message_id": message.column("id")})
    state = _begin_case(batch, row) if place.begins else None
    occasion = _occasion(checked, place, message.column("id"))
    tasks = sorted(checked.tasks, key=lambda each: each.identifier)  # so that no two wait for each other
    begun = [task_ledger.begin(batch, told, occasion) for told in tasks] if place.begins else []
    for stated in checked.resources:
        resource_ledger.record(batch, stated, occasion)
    batch.run()
    if state is None or state.row is None:  # else another message began the case meanwhile
        _project(connection, place, to_micros(checked.accepted_at))
    known = [told for told, step in zip(tasks, begun, strict=True) if step.row is None] if begun else tasks
    for told in known:
        task_ledger.record(connection, told, replace(occasion, message_id=message.given.id))
    return message.given, [streams.taken(step) for step in first]


def _stream_of(draft: Draft) -> tuple[str, str]:
    """Endpoint and receiving party."""
    return draft.route.endpoint.id, draft.route.party.id


def _message_of(checked: Checked, place: _Place) -> Values:
    submission, reading = checked.submission, checked.reading
    return {
        "status": "accepted",
        "source": submission.source,
        "sender_party": checked.sender_party,
        "sender_unit": checked.sender_unit,
        "header_id": reading.header_id,
        "bundle_id": reading.bundle_id,
        "content_hash": checked.digest,
        "event": reading.event,
        "case_id": place.case_id,
        "patient_id": place.patient_id,
        "previous_header_id": reading.previous_header_id,
        "answers_header_id": reading.answers_header_id,
        "answers_id": place.answers_id,
        "assessed_at": to_micros(reading.assessed.at) if reading.assessed else None,
        "assessed_text": reading.assessed.text if reading.assessed else None,
        "sent_at": to_micros(reading.sent.at) if reading.sent else None,
        "sent_text": reading.sent.text if reading.sent else None,
        "received_at": to_micros(checked.received_at),
        "accepted_at": to_micros(checked.accepted_at),
        "http_status": 200,
        "size": len(submission.body),
        "config_version": checked.config_version,
        "request_id": submission.request_id,
        "correlation_id": submission.correlation_id,
        "principal": checked.principal.name,
        "issues": [],
        "statutory": EVENTS[reading.event or ""].statutory,
    }


def _received(checked: Checked) -> list[Piece]:
    submission = checked.submission
    pieces = [Piece("received", submission.media_type, submission.body)]
    if checked.translated is not None:
        pieces.append(Piece("translated", _FHIR_JSON, checked.translated))
    return pieces


def _fact_of(checked: Checked, place: _Place) -> Values:
    reading, at = checked.reading, to_micros(checked.accepted_at)
    receivers = [{"party": draft.route.party.id, "unit": draft.route.unit} for draft in checked.drafts]
    detail = {
        "header_id": reading.header_id,
        "happened_at": to_micros(reading.sent.at) if reading.sent else at,
        "tasks": [{"identifier": task["identifier"], "status": task["status"]} for task in reading.tasks],
        "statements": reading.statements,
        "previous": reading.previous_header_id,
        "answers": reading.answers_header_id,
        "revises": reading.revises,
        **({"carried": True} if checked.submission.carried else {}),
    }
    return {
        "patient_id": place.patient_id,
        "case_id": place.case_id,
        "event": reading.event,
        "sender_party": checked.sender_party,
        "sender_unit": checked.sender_unit,
        "receivers": receivers,
        "instants": reading.instants,
        "detail": detail,
        "recorded_at": at,
    }


def _begin_case(batch: Batch, row: Values) -> Step:
    """A case that a fact begins is what it says; gives no row where another message has begun it."""
    state = case.project([facts.stored(SimpleNamespace(**row))])
    values = {"case_id": row["case_id"], "patient_id": row["patient_id"], "updated_at": row["recorded_at"]}
    return batch.add(absent(tables.case_state, batch.dialect), values | {"state": state})


def _project(connection: Connection, place: _Place, at: int) -> None:
    row = {"case_id": place.case_id, "patient_id": place.patient_id, "updated_at": at}
    state = case.project(facts.read(connection, place.case_id))
    this = {"of_case": place.case_id, "of_person": place.patient_id}
    if _SET_STATE.run(connection, this | {"state": state, "updated_at": at, "look_at": 0}) == 0:
        _put_state(connection, row | {"state": state})


def _put_state(connection: Connection, row: dict[str, Any]) -> None:
    """Where a state was thrown away; but a message of another person may have begun this case meanwhile."""
    if not insert_if_absent(connection, tables.case_state, **row):
        raise _of_another()


def _occasion(checked: Checked, place: _Place, message_id: Number) -> Occasion:
    at = to_micros(checked.accepted_at)
    return Occasion(
        message_id=message_id,
        event=checked.reading.event or "",
        sender=Side(checked.sender_unit, checked.sender_party),
        happened_at=to_micros(checked.reading.sent.at) if checked.reading.sent else at,
        at=at,
        case_id=place.case_id,
        patient_id=place.patient_id,
        replaces=checked.submission.replaces,
    )


def _store_delivery(
    connection: Connection,
    contents: ContentStore,
    checked: Checked,
    place: _Place,
    message_id: int,
    draft: Draft,
    in_stream: streams.Place,
) -> None:
    """Enqueue one delivery, with its content. One that could not be mapped is a dead letter: the others still go."""
    batch = Batch(connection)
    queued = outbox.add(connection, batch, _delivery_of(checked, place, message_id, draft), in_stream)
    pieces = dispatch.pieces(draft, queued.step.column("id"))
    contents.add_each(batch, [(message_id, piece) for piece in pieces], to_micros(checked.accepted_at))
    batch.run()
    outbox.settle(connection, queued)


def _delivery_of(checked: Checked, place: _Place, message_id: int, draft: Draft) -> NewDelivery:
    event, at = EVENTS[checked.reading.event or ""], to_micros(checked.accepted_at)
    return NewDelivery(
        message_id=message_id,
        endpoint=draft.route.endpoint.id,
        receiver_party=draft.route.party.id,
        receiver_unit=draft.route.unit,
        patient_id=place.patient_id,
        event=event.code,
        statutory=event.statutory,
        holds_stream=draft.holds_stream,
        media_type=draft.media_type,
        mapping=draft.mapping,
        mapping_version=draft.mapping_version,
        config_version=checked.config_version,
        at=at,
        status="dead" if draft.problem else "held" if place.protected else "waiting",
        held_reason=PROTECTED if place.protected else None,
        reason=draft.problem,
        yields=draft.yields,
        tell_at=at + checked.tell_after // timedelta(microseconds=1),
    )


def _undelivered(draft: Draft) -> list[Issue]:
    if draft.problem is None:
        return []
    text = f"accepted, but not delivered to one receiver: {draft.problem}"
    return [Issue("warning", "processing", text, (), draft.rule)]
