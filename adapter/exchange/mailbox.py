"""The mailbox of a receiver whom nobody can call: it fetches its messages here, and says here how it fared with each.

A hand-out is an attempt like a worker's, and is in the audit. What is held, paused or cancelled is not handed out; a
hand-out that is not confirmed in time is made again, with the same bytes and ids.
"""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, select

from adapter.delivery import leases, pulling
from adapter.delivery.attempt import NO_BYTES
from adapter.delivery.channels import fhir
from adapter.delivery.channels.base import Acknowledgement, Answer, Code
from adapter.delivery.doors import Terms
from adapter.delivery.leases import Claim
from adapter.delivery.policy import Kind, Verdict, classify
from adapter.delivery.recording import Recorder, Tried
from adapter.directory import Directory, Endpoint
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.content import Content
from adapter.support.clock import to_micros
from adapter.support.errors import AdapterError, NotFoundError

COUNT = 20
MOST = 100
"""How many messages one hand-out may have."""
_MOST_BYTES = 8 * 1024 * 1024
_UNCONFIRMED = 1_000
"""How many may be handed out and not confirmed at the same time."""
_RECEIPT = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_NO_FHIR = Verdict(Kind.DEAD, "what was mapped is no FHIR", "what was mapped is no FHIR: the mailbox hands out FHIR")

_delivery, _stream = tables.delivery.c, tables.stream.c


class HandedOutAgainError(AdapterError):
    """The receipt is of an earlier hand-out: the message has been handed out again since."""


@dataclass(frozen=True)
class Handed:
    """A message handed out. `receipt` names this hand-out of it, `bytes` are a message Bundle in `media_type`."""

    receipt: str
    delivery_id: int
    body: bytes
    media_type: str


@dataclass(frozen=True)
class HandOut:
    """What the receiver is given; `cursor` is the place after it."""

    messages: tuple[Handed, ...]
    cursor: int


class Mailboxes:
    """The endpoints of channel `mailbox`. Needs the right MAILBOX, and that the principal's party runs the endpoint's
    system; what is not there and what is another's are the same NotFoundError."""

    def __init__(self, directory: Directory, recorder: Recorder) -> None:
        self._directory = directory
        self._recorder = recorder

    def take(self, principal: Principal, endpoint: str, count: int = COUNT, cursor: int | None = None) -> HandOut:
        """Hand out what is due, one message a patient and receiver, at most `count` (bounded at 100) and 8 MiB.

        `cursor` is that of the last answer that the caller got: what was handed out after it was lost on its way, and
        is handed out again at once. Without it, only what nobody has, or nobody confirmed in time.
        """
        terms = self._terms(principal, self._own(principal, endpoint))
        contents = self._recorder.contents
        with self._recorder.database.write() as connection:
            handed = pulling.hand_out(
                connection, contents, endpoint, terms, count=min(count, MOST), size=_MOST_BYTES, after=cursor
            )
            for claim, _ in handed:
                self._audit(connection, principal, claim, terms.at)
            last = pulling.newest(connection, endpoint) if cursor is None or handed else cursor
        good = [(claim, content) for claim, content in handed if content is not None and _is_fhir(content)]
        known = {claim.delivery_id for claim, _ in good}
        for claim, content in handed:
            if claim.delivery_id not in known:
                verdict = NO_BYTES if content is None else _NO_FHIR
                self._recorder.record(Tried(claim, Answer(), verdict, heard=False))
        return HandOut(tuple(_as_handed(*each) for each in good), last)

    def confirm(self, principal: Principal, endpoint: str, receipt: str, body: bytes, media_type: str) -> str:
        """Take the receiver's technical acknowledgement of a message, in FHIR, or without a body its plain receipt.

        Returns the delivery's state: done; waiting, where it will be handed out again; dead, where the receiver
        refused it for good. Confirmed twice, the first time counts. Raises HandedOutAgainError for the receipt of an
        earlier hand-out, AdapterError for a body that does not acknowledge the message.
        """
        self._own(principal, endpoint)
        delivery_id, token = _numbers(receipt)
        state, claim = self._held(endpoint, delivery_id, token)
        if claim is None:
            return state
        answer = Answer(
            200, body=body, media_type=media_type, acknowledgement=_acknowledgement(claim, body, media_type)
        )
        verdict = classify(answer)
        # that a message is put off tells nothing of the receiver's reach: it was here
        self._recorder.record(Tried(claim, answer, verdict, heard=verdict.kind is not Kind.RETRY))
        return self._held(endpoint, delivery_id, token)[0]

    def _own(self, principal: Principal, endpoint: str) -> Endpoint:
        principal.require(Right.MAILBOX)
        found = self._directory.endpoints.get(endpoint)
        if found is None or not found.pulled or self._directory.system(found.system).party != principal.party:
            raise NotFoundError("there is no such mailbox, or none that your party's system empties")
        return found

    def _terms(self, principal: Principal, endpoint: Endpoint) -> Terms:
        return Terms(
            owner=f"fetched by {principal.party}"[:64],
            at=to_micros(self._recorder.clock.now()),
            seconds=endpoint.timeout.total_seconds(),
            limit=lambda _: _UNCONFIRMED,
            probe_seconds=self._recorder.probe_seconds,
        )

    def _audit(self, connection: Connection, principal: Principal, claim: Claim, at: int) -> None:
        patient_id = connection.execute(select(_stream.patient_id).where(_stream.id == claim.stream_id)).scalar_one()
        audit.record(
            connection,
            principal,
            "mailbox-take",
            f"delivery/{claim.delivery_id}",
            at,
            patient_id,
            attempt=claim.number,
        )

    def _held(self, endpoint: str, delivery_id: int, token: int) -> tuple[str, Claim | None]:
        """(state, the hand-out that the token stands for while it is open)."""
        with self._recorder.database.read() as connection:
            query = select(_delivery.status, _delivery.lease_token).where(
                _delivery.id == delivery_id, _delivery.endpoint == endpoint, _delivery.lease_token >= token
            )
            row = connection.execute(query).one_or_none()
            if row is None or token == 0:
                raise NotFoundError("nothing was handed out under this receipt")
            if row.lease_token != token and row.status != "done":
                raise HandedOutAgainError("the message has been handed out again since: confirm the later hand-out")
            return row.status, leases.held_by(connection, delivery_id, token)


def _numbers(receipt: str) -> tuple[int, int]:
    match = _RECEIPT.fullmatch(receipt)
    if match is None:
        raise NotFoundError("nothing was handed out under this receipt")
    return int(match[1]), int(match[2])


def _as_handed(claim: Claim, content: Content) -> Handed:
    return Handed(f"{claim.delivery_id}-{claim.token}", claim.delivery_id, content.body, content.media_type)


def _is_fhir(content: Content) -> bool:
    return content.media_type.startswith("application/fhir+")


def _acknowledgement(claim: Claim, body: bytes, media_type: str) -> Acknowledgement:
    if not body:
        return Acknowledgement(Code.OK)
    found = fhir.read(body, media_type, claim.idempotency_id)
    if found is None:
        raise AdapterError(
            "the body does not acknowledge this message: expected no body, an OperationOutcome, or a message Bundle "
            "whose MessageHeader.response names the message's MessageHeader.id with ok, transient-error or fatal-error"
        )
    return found
