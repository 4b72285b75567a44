"""GET /health/live and /health/ready: for whoever starts, stops and balances processes. Open: they tell no secret.

A receiver that is down says nothing about this process: it never makes it unready.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import APIRouter
from sqlalchemy import select
from starlette.responses import JSONResponse

from adapter.exchange.attention import SILENT_AFTER
from adapter.store import migrate, tables
from adapter.support.clock import from_micros
from adapter.support.errors import AdapterError

if TYPE_CHECKING:
    from adapter.wiring import Adapter

log = logging.getLogger("adapter.web")


def router(adapter: "Adapter", worker: str | None) -> APIRouter:
    """`worker` is the name of the worker that this process runs, where it runs one."""
    routes = APIRouter(prefix="/health", tags=["operations"])

    @routes.get("/live", summary="Is the process alive")
    async def live() -> dict[str, str]:
        """200 while the process answers at all."""
        return {"status": "ok"}

    @routes.get("/ready", summary="Can it take messages")
    def ready() -> JSONResponse:
        """200 where the database answers in the schema of this version and, if a worker runs here, it is at work;
        503 with the name of what is not."""
        checks = {"database": lambda: _migrated(adapter), "worker": lambda: _working(adapter, worker)}
        found = {name: _holds(name, check) for name, check in checks.items()}
        is_ready = all(found.values())
        body = {
            "status": "ok" if is_ready else "unavailable",
            "checks": {name: "ok" if holds else "failed" for name, holds in found.items()},
        }
        return JSONResponse(body, 200 if is_ready else 503, {} if is_ready else {"Retry-After": "5"})

    return routes


def _holds(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except AdapterError as error:
        log.warning("not ready", extra={"stage": name, "outcome": type(error).__name__})
        return False


def _migrated(adapter: "Adapter") -> bool:
    return not migrate.pending(adapter.database)


def _working(adapter: "Adapter", worker: str | None) -> bool:
    if worker is None:
        return True
    with adapter.database.read() as connection:
        heartbeat = tables.worker_heartbeat.c
        polled_at = connection.execute(select(heartbeat.polled_at).where(heartbeat.worker == worker)).scalar()
    return polled_at is not None and adapter.clock.now() - from_micros(polled_at) <= SILENT_AFTER
