"""The FHIR R4 entry points, under /fhir."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from adapter.web.fhir import (
    bundles,
    capability,
    definitions,
    process_message,
    resources,
    subscriptions,
    tasks,
    validate,
)
from adapter.web.intake import Intake
from adapter.web.metrics import Metrics

if TYPE_CHECKING:
    from adapter.wiring import Adapter


def router(adapter: "Adapter", intake: Intake, metrics: Metrics) -> APIRouter:
    """All of them, for one adapter."""
    fhir = APIRouter(tags=["FHIR"])
    fhir.include_router(process_message.router(adapter, intake, metrics))
    fhir.include_router(capability.router(adapter))
    fhir.include_router(bundles.router(adapter))
    fhir.include_router(tasks.router(adapter, intake))
    fhir.include_router(resources.router(adapter, intake))
    fhir.include_router(subscriptions.router(adapter, intake))
    fhir.include_router(definitions.router(adapter))
    fhir.include_router(validate.router(adapter, intake))
    return fhir
