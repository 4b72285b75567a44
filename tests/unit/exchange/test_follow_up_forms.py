"""Figures as CSV and as a MeasureReport that our own validator accepts."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapter.discharge.follow_up import Row
from adapter.discharge.tally import Tally
from adapter.exchange.follow_up_forms import COLUMNS, as_csv, digest, measure_report
from adapter.exchange.follow_ups import UNITLESS, Period, Report
from adapter.fhir import json
from adapter.support.errors import AdapterError
from adapter.validation import Validator

MONTH = Period(date(2026, 3, 1), date(2026, 3, 1))


def report(*units: tuple[str, int], periods: tuple[Period, ...] = (MONTH,), by: Any = "municipality") -> Report:
    tally = Tally(lambda row: row.kommunkod, lambda row: (row.month,))
    for unit, count in units:
        for number in range(count):
            shares, codes = {"sip": number % 2 == 0}, {"delay-cause": frozenset({"transport"})}
            tally.add(Row(unit, "w", "2026-03", shares, {"take-home-time": number}, codes))
    return Report(
        by=by,
        periods=periods,
        columns=("2026-03",),
        until=datetime(2026, 5, 1, tzinfo=UTC),
        threshold=5,
        agreements="",
        directory="d",
        figures=tuple(tally.figures(5, ["2026-03"], across=True)),
    )


MADE = report(("2482", 12), ("2480", 20), ("0980", 3), (UNITLESS, 10))


def test_csv_has_a_line_for_each_figure() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(MADE))))
    assert tuple(lines[0]) == COLUMNS
    assert len(lines) == len(MADE.figures)
    found = {(line["measure"], line["unit"], line["column"]): line for line in lines}
    total, small = found["sip", "all", "all"], found["sip", "0980", "2026-03"]
    assert (total["of"], total["count"], total["share"], total["part"]) == ("45", "23", "0.5111", "quantity")
    assert (small["hidden"], small["of"], small["share"]) == ("yes", "", "")


def test_csv_starts_no_formula() -> None:
    lines = as_csv(report(("=cmd|' /C calc'!A0", 9))).splitlines()
    assert any(",\"'=cmd" in line or ",'=cmd" in line for line in lines)
    assert not any(",=cmd" in line for line in lines)


def test_the_same_figures_have_the_same_digest() -> None:
    assert digest(MADE) == digest(report(("2482", 12), ("2480", 20), ("0980", 3), (UNITLESS, 10)))
    assert digest(MADE) != digest(report(("2482", 13), ("2480", 20), ("0980", 3), (UNITLESS, 10)))


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


@pytest.mark.parametrize("made", [MADE, report(), report(("2482", 1)), report(("SE1-A", 9), by="sender")])
def test_a_measure_report_is_valid(validator: Validator, made: Report) -> None:
    outcome = validator.validate(json.parse(json.serialize(measure_report(made))))
    assert outcome.valid, [issue for issue in outcome.issues if issue.severity == "error"]


def test_a_measure_report_says_the_numbers_and_masks_the_hidden() -> None:
    found = measure_report(MADE)
    assert found["period"] == {"start": "2026-03-01", "end": "2026-03-31"}
    groups = {tuple(each["code"] for each in group["code"]["coding"]): group for group in found["group"]}
    assert str(groups["take-home-time",]["measureScore"]["value"]) == "1.50"
    assert [each["count"] for each in groups["sip",]["population"]] == [45, 23]
    assert ("delay-cause", "transport") in groups
    strata = groups["sip",]["stratifier"][0]["stratum"]
    masked = [each for each in strata if "extension" in each["measureScore"]]
    assert len(masked) == 4  # the small one and the smallest other, each in its month and over all
    assert all("population" not in each for each in masked)


def test_compared_periods_are_no_measure_report() -> None:
    with pytest.raises(AdapterError, match="one period"):
        measure_report(report(periods=(MONTH, MONTH)))
