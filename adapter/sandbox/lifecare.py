"""A simulated Lifecare: takes messages in the exchange format, stores each once, and answers by itself."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from adapter.sandbox import lifecare_format as record
from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.ledger import Effect, Ledger
from adapter.sandbox.lifecare_format import Meddelande, Writer
from adapter.sandbox.server import LoopbackServer, Request, Response, words
from adapter.support.clock import STOCKHOLM, Clock
from adapter.support.errors import ParseError

MEDIA_TYPE = "application/xml"
ANSWERS: dict[str, tuple[tuple[str, Writer], ...]] = {
    "inskrivningsmeddelande": (("kvittens", record.read_receipt), ("svar", record.acceptance)),
    "planeringsunderlag": (("kvittens", record.read_receipt),),
    "utskrivningsklar": (("kvittens", record.read_receipt),),
    "kallelse": (("kvittens", record.read_receipt), ("svar", record.acceptance)),
    "sip": (("kvittens", record.read_receipt), ("sip", record.contribution)),
    "utskrivningsmeddelande": (("kvittens", record.read_receipt),),
}
"""What this municipality answers to each message type, in order."""

_ADAPTER_SECONDS = 5.0
_TRIES = 20
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Answered:
    """One answer as it was posted: `acknowledgement` is the adapter's mottagningsbevis (`mottaget` …), None where no
    such answer came; `status` the last HTTP status, None where no connection was made or nothing could be written
    (the message asks for nothing that a svar could answer)."""

    message_id: str
    kind: str
    answers: str
    acknowledgement: str | None
    status: int | None


class Lifecare:
    """POST any path with application/xml and the bearer token given.

    Can be told to be unavailable (503) or to refuse connections, and to come back. Its own answers are posted in
    order, one at a time, and repeated unchanged while the adapter does not take them.
    """

    def __init__(
        self,
        token: str,
        ledger: Ledger,
        identifiers: Identifiers,
        clock: Clock,
        on_answer: Callable[[Answered], None] | None = None,
    ) -> None:
        self.ledger = ledger
        self.answered: list[Answered] = []
        self._token = token
        self._identifiers = identifiers
        self._clock = clock
        self._on_answer = on_answer
        self._unavailable = threading.Event()
        self._stopping = threading.Event()
        self._pending: queue.Queue[tuple[Meddelande, str, Writer]] = queue.Queue()
        self._partner: tuple[str, str] | None = None
        self._thread: threading.Thread | None = None
        self.server = LoopbackServer(self._handle)

    @property
    def address(self) -> str:
        """Where the adapter delivers to."""
        return f"{self.server.address}/spu/messages"

    def answer_to(self, url: str, token: str) -> None:
        """Begin to answer: POST to `url` with the bearer token."""
        self._partner = (url, token)
        self._thread = threading.Thread(target=self._answer_all, daemon=True)
        self._thread.start()

    def be_unavailable(self) -> None:
        """Answer 503 from now on."""
        self._unavailable.set()

    def refuse_connections(self) -> None:
        """Close the listening socket."""
        self.server.refuse()

    def come_back(self) -> None:
        """Listen and take messages again."""
        self._unavailable.clear()
        self.server.accept()

    def stop(self) -> None:
        """Stop the server, and the answering after the one under way."""
        self.server.stop()
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_ADAPTER_SECONDS + 1)

    def _handle(self, request: Request) -> Response:
        if self._unavailable.is_set():
            return self._refuse(words(HTTPStatus.SERVICE_UNAVAILABLE, "Tillfälligt avbrott", Retry_After="1"))
        if request.method != "POST":
            return self._refuse(words(HTTPStatus.METHOD_NOT_ALLOWED, "expected POST", Allow="POST"))
        if request.bearer != self._token:
            return self._refuse(words(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or not the one agreed"))
        if request.media_type != MEDIA_TYPE:
            return self._refuse(words(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"expected {MEDIA_TYPE}"))
        try:
            message = record.parse(request.body)
        except ParseError as error:
            return self._refuse(words(HTTPStatus.BAD_REQUEST, str(error)))
        return self._take(message, request.body)

    def _take(self, message: Meddelande, body: bytes) -> Response:
        effect = self.ledger.take(
            message.message_id, message.receiver, body, event=message.kind, answers=message.answers
        )
        if effect is Effect.CONFLICT:
            reason = "Samma meddelandeId har tagits emot med annat innehåll"
            proof = record.acknowledgement(message.message_id, "avvisat", reason, "conflict")
            return Response(HTTPStatus.CONFLICT, proof, MEDIA_TYPE)
        if effect is Effect.STORED:
            for kind, write in ANSWERS.get(message.kind, ()):
                self._pending.put((message, kind, write))
        return Response(HTTPStatus.OK, record.acknowledgement(message.message_id, "mottaget"), MEDIA_TYPE)

    def _refuse(self, response: Response) -> Response:
        self.ledger.refuse(response.status)
        return response

    def _answer_all(self) -> None:
        with httpx.Client(timeout=_ADAPTER_SECONDS, trust_env=False) as client:
            while not self._stopping.is_set():
                try:
                    message, kind, write = self._pending.get(timeout=_PAUSE_SECONDS / 5)
                except queue.Empty:
                    continue
                self._answer(client, message, kind, write)

    def _answer(self, client: httpx.Client, message: Meddelande, kind: str, write: Writer) -> None:
        own_id = self._identifiers.new(f"{kind} {message.receiver} {message.message_id}")
        at = self._clock.now().astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
        try:
            status, proof = self._post(client, write(message, own_id, at))
        except ParseError:
            status, proof = None, None
        answered = Answered(own_id, kind, message.message_id, proof, status)
        self.answered.append(answered)
        if self._on_answer is not None:
            self._on_answer(answered)

    def _post(self, client: httpx.Client, body: bytes) -> tuple[int | None, str | None]:
        url, token = self._partner or ("", "")
        status, proof = None, None
        for _ in range(_TRIES):
            try:
                response = client.post(
                    url, content=body, headers={"Content-Type": MEDIA_TYPE, "Authorization": f"Bearer {token}"}
                )
                status, proof = response.status_code, record.acknowledgement_status(response.content)
            except httpx.TransportError:
                status, proof = None, None
            if proof in ("mottaget", "avvisat") or self._stopping.wait(_PAUSE_SECONDS):
                break
        return status, proof
