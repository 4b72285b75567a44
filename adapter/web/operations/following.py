"""The follow-up of agreements: figures over stays, and frozen months. About no person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from adapter.exchange.follow_up_figures import changes, written
from adapter.exchange.follow_up_forms import as_csv, digest, measure_reports
from adapter.exchange.follow_ups import FrozenMonth, Period, Report
from adapter.fhir import json as fhir_json
from adapter.security.principals import Principal
from adapter.web.errors import PARAMETER, Refused
from adapter.web.operations.calls import Calls, Reason, answers, json, takes

Name = Annotated[str, Query(min_length=7, max_length=16, description="months: 2026-01, or 2026-01..2026-06")]
Compared = Annotated[str | None, Query(min_length=7, max_length=16, description="months before, held against these")]
Until = Annotated[datetime | None, Query(description="as it was known then; with offset from UTC")]
Form = Annotated[Literal["json", "csv", "fhir"], Query(description="fhir: a MeasureReport")]


@dataclass(frozen=True)
class Figures:
    """What was counted. `figures` are as in the reference; `digest` is the same for the same figures; `changes`
    are those of compared periods."""

    by: str
    columns: tuple[str, ...]
    until: datetime
    threshold: int
    agreements: str
    directory: str
    digest: str
    figures: list[dict[str, Any]]
    changes: list[dict[str, Any]]


def add(routes: APIRouter, calls: Calls) -> None:
    adapter = calls.adapter

    @routes.get("/follow-up", summary="The figures of some months", responses=answers(Figures))
    def figures(
        months: Name,
        caller: Principal = Depends(calls.caller),
        compared: Compared = None,
        by: Literal["municipality", "sender"] = "municipality",
        until: Until = None,
        form: Form = "json",
    ) -> Response:
        """Of the stays that ended in them, by unit and month; small numbers hidden. A municipality gets its own and
        those of all; 503 while other figures are computed. Needs the right `list`."""
        if until is not None and until.tzinfo is None:
            raise Refused(400, PARAMETER, "until: expected an instant with offset from UTC")
        period = Period.read(months)
        if compared is None:
            report = adapter.follow_ups.report(caller, period, by, until)
        else:
            report = adapter.follow_ups.compare(caller, Period.read(compared), period, by, until)
        return _as(report, form)

    @routes.get("/follow-up/frozen/{month}", summary="A month that was frozen", responses=answers(FrozenMonth))
    def frozen(month: str, caller: Principal = Depends(calls.caller)) -> Response:
        """As it was, and which figures differ now. Needs the right `list`."""
        return json(adapter.follow_ups.frozen(caller, Period.read(month).first))

    @routes.post("/follow-up/frozen/{month}", summary="Freeze a month", **takes(Reason, gives=FrozenMonth))
    def freeze(
        month: str, caller: Principal = Depends(calls.caller), given: Reason = Depends(calls.reason)
    ) -> Response:
        """Once its re-admissions are known; its figures are never changed afterwards. Needs the right `all-parties`."""
        return json(adapter.follow_ups.freeze(caller, Period.read(month).first, given.reason))


def _as(report: Report, form: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    if form == "csv":
        return Response(as_csv(report), 200, headers, media_type="text/csv; charset=utf-8")
    if form == "fhir":
        return Response(fhir_json.serialize(measure_reports(report)), 200, headers, media_type="application/fhir+json")
    return json(
        Figures(
            by=report.by,
            columns=report.columns,
            until=report.until,
            threshold=report.threshold,
            agreements=report.agreements,
            directory=report.directory,
            digest=digest(report),
            figures=[written(figure) for figure in report.figures],
            changes=changes(report.figures, report.columns),
        )
    )
