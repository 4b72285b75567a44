"""Figures of the follow-up for other programs: CSV, and FHIR MeasureReports of the Measures that our package holds."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from adapter.discharge import calendar
from adapter.discharge.measures import BY_CODE, MEASURES, Kind, Measure, Part
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
_MASKED = {"extension": [{"url": _ABSENT, "valueCode": "masked"}]}
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


def measure_reports(report: Report) -> Resource:
    """The figures of one period as a Bundle of FHIR R4 with a summary MeasureReport for each part of the follow-up: a
    group a measure, a stratum a unit and month. Raises AdapterError for compared periods: ask for each by itself."""
    if len(report.periods) > 1:
        raise AdapterError("a MeasureReport is about one period")
    made = digest(report)
    entries = [
        {"fullUrl": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{made}/{part}')}", "resource": _of_part(report, part, made)}
        for part in Part
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _of_part(report: Report, part: Part, made: str) -> Resource:
    period = report.periods[0]
    return {
        "resourceType": "MeasureReport",
        "identifier": [{"system": IDENTIFIER, "value": f"{made}/{part}"}],
        "status": "complete",
        "type": "summary",
        "measure": f"{MEASURE}-{part}",
        "date": calendar.local(report.until).isoformat(timespec="seconds"),
        "period": {
            "start": period.first.isoformat(),
            "end": calendar.days_after(next_month(period.last), -1).isoformat(),
        },
        "group": [_group(measure, report) for measure in MEASURES if measure.part is part],
    }


def _group(measure: Measure, report: Report) -> Resource:
    """What nobody was counted of has its group too: the Measure names it."""
    figures = [figure for figure in report.figures if figure.measure == measure.code]
    wholes = [figure for figure in figures if figure.unit == figure.column == ALL]
    coded = measure.kind is Kind.CODES
    if coded:
        shown = [figure for figure in wholes if not figure.hidden] or wholes
        numbers = _counts([("measure-population", shown[0].of if shown else 0)])
        strata = figures
    else:
        numbers = _numbers(wholes[0]) if wholes else _counts([(name, 0) for name in _POPULATIONS[measure.kind]])
        strata = [figure for figure in figures if figure not in wholes]
    stratifier: Resource = {"code": [_concept("cause-unit-and-month" if coded else "unit-and-month")]}
    if strata:
        stratifier["stratum"] = [{"component": list(_components(each, report))} | _numbers(each) for each in strata]
    return {"code": _concept(measure.code, measure.english)} | numbers | {"stratifier": [stratifier]}


def _components(figure: Figure, report: Report) -> Iterator[Resource]:
    if figure.code:
        yield {"code": _concept("cause"), "value": {"coding": [{"system": CAUSES, "code": figure.code}]}}
    system = MUNICIPALITY if report.by == "municipality" else HSA
    unit: Resource = {"text": "all"} if figure.unit == ALL else {"coding": [{"system": system, "code": figure.unit}]}
    if figure.unit == UNITLESS:
        unit = {"text": "none"}
    yield {"code": _concept(report.by), "value": unit}
    yield {"code": _concept("month"), "value": {"text": figure.column or "all"}}


def _concept(code: str, display: str = "") -> Resource:
    return {"coding": [{"system": CODES, "code": code} | ({"display": display} if display else {})]}


_POPULATIONS = {
    Kind.SHARE: ("denominator", "numerator"),
    Kind.CODES: ("denominator", "numerator"),
    Kind.TIME: ("measure-population",),
}


def _numbers(figure: Figure) -> Resource:
    """The populations and the score: the share of a share, the median of a time in days. Masked where hidden."""
    told, kind = written(figure), BY_CODE[figure.measure].kind
    counts = _counts(list(zip(_POPULATIONS[kind], (figure.of, figure.count), strict=False)))
    if figure.hidden:
        return counts | {"measureScore": _MASKED}
    score = told["median"] if kind is Kind.TIME else told["share"]
    unit = {"unit": "d", "system": _UCUM, "code": "d"} if kind is Kind.TIME else {}
    return counts | ({"measureScore": {"value": Number(score)} | unit} if score else {})


def _counts(counts: Iterable[tuple[str, int | None]]) -> Resource:
    """The populations by their codes; a number that is None is masked."""
    return {
        "population": [
            {"code": {"coding": [{"system": _POPULATION, "code": code}]}}
            | ({"_count": _MASKED} if count is None else {"count": count})
            for code, count in counts
        ]
    }
