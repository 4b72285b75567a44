"""Figures of the follow-up for other programs: CSV, and the FHIR MeasureReport."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from adapter.discharge import calendar
from adapter.discharge.measures import BY_CODE, Kind
from adapter.discharge.reckoning import next_month
from adapter.discharge.suppression import ALL
from adapter.discharge.tally import Figure
from adapter.exchange.follow_up_figures import written
from adapter.exchange.follow_ups import UNITLESS, Report
from adapter.fhir.canonical import CANONICAL, HSA, MUNICIPALITY
from adapter.fhir.numbers import Number
from adapter.support.errors import AdapterError

MEASURE = f"{CANONICAL}/Measure/follow-up"
CODES = f"{CANONICAL}/CodeSystem/follow-up"
CAUSES = f"{CANONICAL}/CodeSystem/delay-cause"
IDENTIFIER = f"{CANONICAL}/sid/follow-up"
COLUMNS = (
    "measure",
    "part",
    "code",
    "unit",
    "column",
    "hidden",
    "of",
    "count",
    "share",
    "mean",
    "p25",
    "median",
    "p75",
    "p90",
    "classes",
)
_POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UCUM = "http://unitsofmeasure.org"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Resource = dict[str, Any]


def as_csv(report: Report) -> str:
    """The figures, a line each, `all` where they are of all units or of the whole period. Comma, CRLF, point; classes
    with spaces between. What a spreadsheet would take for a formula has an apostrophe before it."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(COLUMNS)
    for figure in report.figures:
        told = written(figure) | {"part": BY_CODE[figure.measure].part.value}
        told |= {name: told[name] or "all" for name in ("unit", "column")}
        told["classes"] = " ".join(map(str, told["classes"] or ()))
        told["hidden"] = "yes" if figure.hidden else ""
        lines.writerow(_cell(told[name]) for name in COLUMNS)
    return out.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) and value != UNITLESS else value


def digest(report: Report) -> str:
    """sha256 (hex) over the figures: the same for the same figures, whenever they were computed."""
    text = json.dumps([written(figure) for figure in report.figures], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def measure_report(report: Report) -> Resource:
    """The figures of one period as a summary MeasureReport of FHIR R4: a group a measure, a stratum a unit and month.
    Raises AdapterError for compared periods: ask for a report of each."""
    if len(report.periods) > 1:
        raise AdapterError("a MeasureReport is about one period")
    period = report.periods[0]
    groups: dict[tuple[str, str], list[Figure]] = {}
    for figure in report.figures:
        groups.setdefault((figure.measure, figure.code), []).append(figure)
    return {
        "resourceType": "MeasureReport",
        "identifier": [{"system": IDENTIFIER, "value": digest(report)}],
        "status": "complete",
        "type": "summary",
        "measure": MEASURE,
        "date": calendar.local(report.until).isoformat(timespec="seconds"),
        "period": {
            "start": period.first.isoformat(),
            "end": calendar.days_after(next_month(period.last), -1).isoformat(),
        },
        **({"group": [_group(key, figures, report) for key, figures in groups.items()]} if groups else {}),
    }


def _group(key: tuple[str, str], figures: Iterable[Figure], report: Report) -> Resource:
    measure, code = BY_CODE[key[0]], key[1]
    codings = [{"system": CODES, "code": measure.code, "display": measure.english}]
    found: Resource = {"code": {"coding": codings + ([{"system": CAUSES, "code": code}] if code else [])}}
    strata = []
    for figure in figures:
        if figure.unit == figure.column == ALL:
            found |= _numbers(figure)
        else:
            strata.append({"component": list(_components(figure, report))} | _numbers(figure))
    if strata:
        found["stratifier"] = [{"stratum": strata}]
    return found


def _components(figure: Figure, report: Report) -> Iterator[Resource]:
    system = MUNICIPALITY if report.by == "municipality" else HSA
    unit: Resource = {"text": "all"} if figure.unit == ALL else {"coding": [{"system": system, "code": figure.unit}]}
    if figure.unit == UNITLESS:
        unit = {"text": "none"}
    yield {"code": {"text": report.by}, "value": unit}
    yield {"code": {"text": "month"}, "value": {"text": figure.column or "all"}}


def _numbers(figure: Figure) -> Resource:
    """The populations and the score: the share of a share, the median of a time in days. Masked where hidden."""
    if figure.hidden:
        return {"measureScore": {"extension": [{"url": _ABSENT, "valueCode": "masked"}]}}
    told, timed = written(figure), BY_CODE[figure.measure].kind is Kind.TIME
    counts = [("measure-population", figure.of)] if timed else [("denominator", figure.of), ("numerator", figure.count)]
    populations = [
        {"code": {"coding": [{"system": _POPULATION, "code": code}]}, "count": count} for code, count in counts
    ]
    score = told["median"] if timed else told["share"]
    unit = {"unit": "d", "system": _UCUM, "code": "d"} if timed else {"unit": "1", "system": _UCUM, "code": "1"}
    return {"population": populations} | ({"measureScore": {"value": Number(score)} | unit} if score else {})
