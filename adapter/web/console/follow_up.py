"""The page of the follow-up, and the same as a document of its own: tables whose numbers have a bar beside them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from adapter.discharge.measures import BY_CODE, MEASURES, Kind, Measure
from adapter.discharge.suppression import ALL
from adapter.discharge.tally import Figure
from adapter.exchange.follow_up_figures import written
from adapter.exchange.follow_up_forms import as_csv, digest
from adapter.exchange.follow_ups import UNITLESS, By, Period, Report
from adapter.web.console import rendering
from adapter.web.console.follow_up_texts import FOLLOW_UP
from adapter.web.console.shell import Shell
from adapter.web.console.texts import LANGUAGES, Language
from adapter.web.console.visitor import ROOT, Visitor

if TYPE_CHECKING:
    from adapter.directory import Directory

WIDTH = 240
"""Of a bar that stands for everything, in pixels."""
PLACE = f"{ROOT}/follow-up"
_FIRST_MEASURE = "take-home-time"
Month = Annotated[str, Query(pattern=r"^(\d{4}-\d{2})?$")]
Months = Annotated[str, Query(max_length=20)]
Code = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True)
class Bar:
    """One line of a chart: what it is about, of how many stays, the value as text, and the bar's width in pixels; None
    where there is nothing to hold it against."""

    label: str
    of: str
    value: str
    width: int | None


@dataclass(frozen=True)
class Chart:
    """A titled table of bars; `unit` says what the values are."""

    title: str
    unit: str
    bars: tuple[Bar, ...]


def words(name: str, *given: object, language: Language) -> str:
    """A text of this page, with what is given in it."""
    return FOLLOW_UP[name][LANGUAGES.index(language)].format(*given)


class Charts:
    """The charts of a report, in a language. `names` are those of units."""

    def __init__(self, report: Report, names: Mapping[str, str], language: Language) -> None:
        self._report = report
        self._names = names
        self._language = language
        self._words = partial(words, language=language)
        self._sums = (ALL,) if len(report.periods) == 1 else report.columns

    def overview(self) -> Iterator[Chart]:
        """A chart for each part: every measure over all units."""
        for part in dict.fromkeys(measure.part for measure in MEASURES):
            figures = [
                figure
                for figure in self._report.figures
                if BY_CODE[figure.measure].part is part and figure.unit == ALL and figure.column in self._sums
            ]
            bars = [self._bar(self._about(figure), figure, None) for figure in figures if figure.of or figure.hidden]
            if bars:
                yield Chart(self._words(f"part {part}"), "", tuple(bars))

    def of(self, measure: Measure) -> Iterator[Chart]:
        """The charts of one measure: by unit, by month, and its distribution."""
        mine = [figure for figure in self._report.figures if figure.measure == measure.code]
        units = [figure for figure in mine if figure.unit != ALL and figure.column in self._sums]
        months = [figure for figure in mine if figure.unit == ALL and figure.column not in self._sums]
        yield from self._chart("each unit", measure, units, self._unit)
        if len(months) > 1:
            yield from self._chart("each month", measure, months, lambda figure: figure.column)
        for figure in mine:
            if figure.unit == ALL and figure.column in self._sums and figure.classes is not None:
                title = f"{self._words('distribution')} {figure.column}".strip()
                yield Chart(title, self.name(measure), tuple(_classes(measure, figure.classes)))

    def name(self, measure: Measure) -> str:
        """The measure's name."""
        name = measure.swedish if self._language == "sv" else measure.english
        return f"{name} ({self._words('median days')})" if measure.kind is Kind.TIME else name

    def _chart(
        self, title: str, measure: Measure, figures: Iterable[Figure], label: Callable[[Figure], str]
    ) -> Iterator[Chart]:
        shown = [figure for figure in figures if figure.of or figure.hidden]
        most = max((_value(figure) for figure in shown), default=0.0)
        bars = [self._bar(f"{label(figure)} {figure.code}".strip(), figure, most) for figure in shown]
        if bars:
            yield Chart(self._words(title), self.name(measure), tuple(bars))

    def _about(self, figure: Figure) -> str:
        parts = (self.name(BY_CODE[figure.measure]), figure.code, figure.column)
        return " · ".join(part for part in parts if part)

    def _unit(self, figure: Figure) -> str:
        unit = self._words("no unit") if figure.unit == UNITLESS else self._names.get(figure.unit, figure.unit)
        return f"{unit} · {figure.column}" if figure.column else unit

    def _bar(self, label: str, figure: Figure, most: float | None) -> Bar:
        if figure.hidden:
            return Bar(label, "", self._words("hidden figure"), None)
        told, timed = written(figure), BY_CODE[figure.measure].kind is Kind.TIME
        text = told["median"] if timed else f"{_value(figure):.1f} %"
        whole = most if timed else 100.0
        width = None if whole is None else round(WIDTH * min(1.0, _value(figure) / whole)) if whole else 0
        return Bar(label, str(figure.of), self._decimal(text or "–"), width)

    def _decimal(self, text: str) -> str:
        return text.replace(".", ",") if self._language == "sv" else text


def _value(figure: Figure) -> float:
    """Per cent of a share, days of a time; 0 where there is none."""
    if figure.quantiles is not None:
        return float(figure.quantiles[1])
    return float(figure.share * 100) if figure.share is not None else 0.0


def _classes(measure: Measure, counts: tuple[int, ...]) -> Iterator[Bar]:
    lows = [step // measure.per_day for step in measure.steps]
    most = max(counts, default=0)
    ends: list[int | None] = [high for _, high in pairwise(lows)]
    for low, end, count in zip(lows, [*ends, None], counts, strict=True):
        whole = measure.per_day == 1
        label = f"≥ {low}" if end is None else str(low) if whole and end == low + 1 else _span(low, end, whole=whole)
        yield Bar(label, str(count), "", round(WIDTH * count / most) if most else 0)


def _span(low: int, end: int, *, whole: bool) -> str:
    """Whole days have both ends in them; elapsed time reaches up to the end."""
    return f"{low}–{end - 1}" if whole else f"{low} – < {end}"


def unit_names(directory: "Directory") -> dict[str, str]:
    """The names of municipalities and units, by kommunkod and HSA-id."""
    named = {party.kommunkod: f"{party.name} ({party.kommunkod})" for party in directory.parties.values()}
    units = {unit.hsa: f"{unit.name} ({unit.hsa})" for unit in directory.units}
    return {code: name for code, name in (named | units).items() if code}


def document(report: Report, names: Mapping[str, str], language: Language = "sv") -> str:
    """The report as one HTML file that can be printed or sent: no script, nothing fetched."""
    charts = Charts(report, names, language)
    sections = [(charts.name(measure), list(charts.of(measure))) for measure in MEASURES]
    return rendering.text(
        "follow_up_report.html",
        language,
        report=report,
        digest=digest(report),
        overview=list(charts.overview()),
        sections=[(name, found) for name, found in sections if found],
        f=partial(words, language=language),
        style=rendering.static("console.css").decode(),
    )


def add(routes: APIRouter, shell: Shell) -> None:
    """The page, and its figures as CSV."""
    adapter = shell.adapter

    @routes.get("/follow-up")
    def page(
        request: Request,
        who: Visitor = Depends(shell.visitor),
        first: Month = "",
        last: Month = "",
        compared: Months = "",
        by: Literal["municipality", "sender"] = "municipality",
        measure: Code = _FIRST_MEASURE,
    ) -> Response:
        report = _computed(shell, who, first, last, compared, by)
        chosen = BY_CODE.get(measure, BY_CODE[_FIRST_MEASURE])
        charts = Charts(report, unit_names(adapter.directory), who.language) if report else None
        asked = {"first": first, "last": last, "compared": compared, "by": by, "measure": chosen.code}
        return shell.page(
            request,
            who,
            "follow_up.html",
            report=report,
            overview=list(charts.overview()) if charts else [],
            charts=list(charts.of(chosen)) if charts else [],
            chosen=asked,
            measures=MEASURES,
            f=partial(words, language=who.language),
        )

    @routes.get("/follow-up.csv")
    def as_file(
        who: Visitor = Depends(shell.visitor),
        first: Month = "",
        last: Month = "",
        compared: Months = "",
        by: Literal["municipality", "sender"] = "municipality",
    ) -> Response:
        report = _computed(shell, who, first, last, compared, by)
        headers = {**rendering.HEADERS, "Content-Disposition": 'attachment; filename="follow-up.csv"'}
        return Response(as_csv(report) if report else "", 200, headers, media_type="text/csv; charset=utf-8")


def _computed(shell: Shell, who: Visitor, first: str, last: str, compared: str, by: By) -> Report | None:
    """None as long as nothing is asked for: figures of many cases are not computed unasked."""
    if not first:
        return None
    period = Period.read(f"{first}..{last or first}")
    if compared:
        return shell.adapter.follow_ups.compare(who.principal, Period.read(compared), period, by)
    return shell.adapter.follow_ups.report(who.principal, period, by)
