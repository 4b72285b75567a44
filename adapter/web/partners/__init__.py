"""Entry points for partners that speak their own format: one file a system."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from adapter.web.intake import Intake
from adapter.web.metrics import Metrics
from adapter.web.partners import feeds, lifecare, riv

if TYPE_CHECKING:
    from adapter.wiring import Adapter


def router(adapter: "Adapter", intake: Intake, metrics: Metrics) -> APIRouter:
    """All of them, for one adapter."""
    partners = APIRouter(tags=["partners"])
    partners.include_router(lifecare.router(adapter, intake, metrics))
    if adapter.care_plans is not None:
        partners.include_router(riv.router(adapter, intake, adapter.care_plans))
    if adapter.feeds:
        partners.include_router(feeds.router(adapter, intake, metrics))
    return partners
