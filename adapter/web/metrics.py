"""GET /metrics: numbers for a monitoring system, in the Prometheus text format.

Labels are few and fixed: events and results of ours, endpoints of the directory. Nothing of a person; what concerns a
protected person is counted under the endpoint `protected`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from adapter.discharge.events import EVENTS
from adapter.security.principals import Right
from adapter.web import auth
from adapter.web.observed import Observed

if TYPE_CHECKING:
    from adapter.wiring import Adapter

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The numbers of one process."""

    def __init__(self, adapter: "Adapter") -> None:
        self._registry = CollectorRegistry()
        self._received = Counter(
            "adapter_messages_received",
            "Messages submitted, by event and result (accepted, repeated, rejected)",
            ["event", "result"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "adapter_accept_seconds",
            "From the first byte of a message to its acknowledgement",
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._test_people = Counter(
            "adapter_messages_about_test_people",
            "Messages about people who are not real, taken in or refused by a production installation",
            registry=self._registry,
        )
        self._registry.register(Observed(adapter))

    @contextmanager
    def accepting(self) -> Iterator["Accepting"]:
        """Counts the one message that is taken in meanwhile: as rejected, unless it is said to be done."""
        started = time.perf_counter()
        accepting = Accepting()
        try:
            yield accepting
        finally:
            event = accepting.event if accepting.event in EVENTS else "unknown"
            self._received.labels(event, accepting.result).inc()
            if accepting.test_person:
                self._test_people.inc()
            if accepting.result != "rejected":
                self._seconds.observe(time.perf_counter() - started)

    def write(self) -> bytes:
        """All numbers as text. Raises UnavailableError where the database does not answer."""
        return generate_latest(self._registry)


class Accepting:
    """What became of one message."""

    def __init__(self) -> None:
        self.event: str | None = None
        self.result = "rejected"
        self.test_person = False

    def done(self, event: str | None, result: str, *, test_person: bool = False) -> None:
        self.event, self.result, self.test_person = event, result, test_person


def router(adapter: "Adapter", metrics: Metrics) -> APIRouter:
    routes = APIRouter(tags=["operations"])

    @routes.get("/metrics", summary="Numbers for monitoring")
    def read_metrics(request: Request) -> Response:
        """Prometheus text format. Needs a token with the right `metrics`."""
        auth.principal(request, adapter, Right.METRICS)
        return Response(metrics.write(), media_type=CONTENT_TYPE_LATEST)

    return routes
