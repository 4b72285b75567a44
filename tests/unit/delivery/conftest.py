"""A store with a clock that stands still, receivers that are real HTTP servers, and channels that are scripted."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select

from adapter.delivery import leases, outbox
from adapter.delivery.channels.base import Acknowledgement, Answer, Code, Outgoing
from adapter.delivery.outbox import NewDelivery
from adapter.delivery.policy import Kind, Verdict
from adapter.delivery.worker import Worker, WorkerOptions
from adapter.store import tables
from adapter.store.batch import Batch
from adapter.store.content import ContentStore, Plain
from adapter.store.database import Database
from adapter.support.clock import ManualClock, to_micros

OK = Answer(status=200, body=b"ok", media_type="text/plain", acknowledgement=Acknowledgement(Code.OK))


class Scripted:
    """A channel that gives the answers it is told to, then OK; it remembers what was sent."""

    def __init__(self, *answers: Answer | Exception | Callable[[Outgoing], Answer]) -> None:
        self.answers = list(answers)
        self.sent: list[Outgoing] = []
        self.lock = threading.Lock()

    def send(self, outgoing: Outgoing) -> Answer:
        with self.lock:
            self.sent.append(outgoing)
            answer = self.answers.pop(0) if self.answers else OK
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Answer) else answer(outgoing)

    def close(self) -> None: ...

    @property
    def bodies(self) -> list[str]:
        return [outgoing.body.decode() for outgoing in self.sent]


@dataclass
class Store:
    """A database and short ways to fill and read it."""

    database: Database
    clock: ManualClock
    contents: ContentStore
    channels: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return to_micros(self.clock.now())

    def advance(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def patient(self, *, protected: bool = False) -> int:
        with self.database.write() as connection:
            return connection.execute(
                insert(tables.patient).values(protected=protected, created_at=self.now).returning(tables.patient.c.id)
            ).scalar_one()

    def add(self, patient_id: int, body: str = "body", endpoint: str = "a", **values: Any) -> int:
        """Accept a message with one delivery; the body also serves as its message id."""
        mapped, released = values.pop("mapped", True), values.pop("released", False)
        with self.database.write() as connection:
            message_id = connection.execute(
                insert(tables.message)
                .values(
                    status="accepted",
                    source="fhir",
                    header_id=f"header-{body}",
                    content_hash="h",
                    patient_id=patient_id,
                    received_at=self.now,
                    http_status=200,
                    size=1,
                    config_version="c",
                    issues=[],
                )
                .returning(tables.message.c.id)
            ).scalar_one()
            new = {
                "message_id": message_id,
                "patient_id": patient_id,
                "endpoint": endpoint,
                "receiver_party": "kommun",
                "receiver_unit": "SE0-1",
                "event": "admission-notice",
                "holds_stream": True,
                "media_type": "text/plain",
                "config_version": "c",
                "at": self.now,
            }
            if released:
                values |= {"status": "held", "held_reason": "protected"}
            delivery_id = outbox.enqueue(connection, NewDelivery(**(new | values)))
            if released:
                outbox.release(connection, delivery_id, self.now)
            if mapped:
                self.contents.add(
                    connection,
                    message_id=message_id,
                    delivery_id=delivery_id,
                    stage="mapped",
                    media_type="text/plain",
                    body=body.encode(),
                    at=self.now,
                )
            return delivery_id

    def row(self, delivery_id: int) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(tables.delivery).where(tables.delivery.c.id == delivery_id)).one()

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key.columns)).all())

    def states(self, *delivery_ids: int) -> list[str]:
        return [self.row(one).status for one in delivery_ids]

    def endpoint(self, name: str = "a") -> Any:
        return next(row for row in self.rows(tables.endpoint_state) if row.endpoint == name)

    def act(self, action: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with self.database.write() as connection:
            return action(connection, *arguments, **named)

    def complete(self, claim: leases.Claim) -> bool:
        """It arrived; False where its lease was lost."""
        with self.database.write() as connection:
            held = leases.held_still(connection, [claim])
            after = Batch(connection)
            leases.complete(connection, [(one, Verdict(Kind.DONE, "ok", "ok"), 200) for one in held], self.now, after)
            after.run()
            return bool(held)

    def worker(
        self,
        channel: Any = None,
        on_finished: Any = None,
        limit: Any = None,
        channels: Any = None,
        pulled: Any = None,
        rate: Any = None,
        give_up: Any = None,
        chore: Any = None,
        **options: Any,
    ) -> Worker:
        """A worker over this store whose schedule has no jitter."""
        if channel is not None:
            self.channels["a"] = channel
        defaults = {"jitter": 0.0, "quick_retries": 0, "poll_seconds": 0.05}
        told = on_finished and (lambda connection, ended: [on_finished(connection, one) for one in ended])
        given = {
            "on_finished": told,
            "limit": limit,
            "pulled": pulled,
            "rate": rate,
            "give_up": give_up,
            "chore": chore,
        }
        extra = {key: value for key, value in given.items() if value is not None}
        return Worker(
            self.database,
            self.contents,
            channels or self.channels.get,
            self.clock,
            WorkerOptions(**(defaults | options)),
            random=Random(1),
            **extra,
        )


@pytest.fixture
def store(any_url: str) -> Iterator[Store]:
    database = Database(any_url)
    yield Store(database, ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC)), ContentStore(Plain()))
    database.close()


class Receiver:
    """A real HTTP server on loopback; `answer` says what it does with a request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = reply(200, b"ok")
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append((self.path, headers, body))
                self.body = body
                receiver.answer(self)

            do_GET = do_PUT = do_POST  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def reply(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def replies() -> Callable[..., Any]:
    return reply


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted
