"""Figures as CSV and as a MeasureReport that our own validator accepts."""

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.discharge.follow_up import Row
from adapter.discharge.measures import MEASURES, Part
from adapter.discharge.tally import Tally
from adapter.exchange.follow_up_forms import COLUMNS, as_csv, digest, measure_reports
from adapter.exchange.follow_ups import UNITLESS, Period, Report
from adapter.fhir import json
from adapter.support.errors import AdapterError
from adapter.support.settings import OWN_PACKAGE
from adapter.validation import Validator

ROOT = Path(__file__).parents[3]
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
    return Validator.load(packages=[OWN_PACKAGE])


def parts(made: Report) -> dict[str, Any]:
    """The MeasureReports by their part."""
    entries = measure_reports(made)["entry"]
    return {entry["resource"]["measure"].rpartition("follow-up-")[2]: entry["resource"] for entry in entries}


@pytest.mark.parametrize("made", [MADE, report(), report(("2482", 1)), report(("SE1-A", 9), by="sender")])
def test_measure_reports_are_valid_and_as_their_measures_say(validator: Validator, made: Report) -> None:
    outcome = validator.validate(json.parse(json.serialize(measure_reports(made))))
    assert outcome.valid, [issue for issue in outcome.issues if issue.severity == "error"]
    assert not [issue for issue in outcome.issues if issue.rule.startswith("measure-")]  # none is unknown
    assert list(parts(made)) == list(Part)


def test_the_example_is_what_is_written(validator: Validator) -> None:
    example = json.parse((ROOT / "fixtures" / "resources" / "measure-report.json").read_bytes())
    assert example == json.parse(json.serialize(parts(MADE)["quantity"]))
    assert validator.validate(example).valid


def test_a_report_that_is_not_as_its_measure_says_is_refused(validator: Validator) -> None:
    """So that the test above can fail."""
    for change in (
        lambda group: group["code"]["coding"][0].update(code="other"),
        lambda group: group["stratifier"][0].pop("code"),
        lambda group: group["population"].pop(),
    ):
        found = json.parse(json.serialize(parts(MADE)["quantity"]))
        assert isinstance(found, dict)
        change(next(group for group in found["group"] if group["code"]["coding"][0]["code"] == "sip"))
        assert "measure-part" in {issue.rule for issue in validator.validate(found).issues if issue.severity == "error"}


def test_the_package_has_a_measure_for_each_part_with_its_measures() -> None:
    package = ROOT / "profiles" / "package"
    known = json.parse((package / "CodeSystem-follow-up.json").read_bytes())
    names = {concept["code"]: concept["display"] for concept in known["concept"]}
    for part in Part:
        measure = json.parse((package / f"Measure-follow-up-{part}.json").read_bytes())
        codes = [group["code"]["coding"][0]["code"] for group in measure["group"]]
        assert codes == [each.code for each in MEASURES if each.part is part]
    assert {each.code: each.english for each in MEASURES}.items() <= names.items()


def test_a_measure_report_says_the_numbers_and_masks_the_hidden() -> None:
    found = parts(MADE)["quantity"]
    assert found["period"] == {"start": "2026-03-01", "end": "2026-03-31"}
    groups = {group["code"]["coding"][0]["code"]: group for group in found["group"]}
    assert str(groups["take-home-time"]["measureScore"]["value"]) == "1.50"
    assert [each["count"] for each in groups["sip"]["population"]] == [45, 23]
    assert [each["count"] for each in groups["readmitted-7"]["population"]] == [0, 0]  # nobody was counted
    assert [each["count"] for each in groups["delay-cause"]["population"]] == [45]
    causes = [
        each["component"][0]["value"]["coding"][0]["code"] for each in groups["delay-cause"]["stratifier"][0]["stratum"]
    ]
    assert set(causes) == {"transport"}
    strata = groups["sip"]["stratifier"][0]["stratum"]
    masked = [each for each in strata if "extension" in each.get("measureScore", {})]
    assert len(masked) == 4  # the small one and the smallest other, each in its month and over all
    assert all("count" not in number and number["_count"] for each in masked for number in each["population"])


def test_compared_periods_are_no_measure_report() -> None:
    with pytest.raises(AdapterError, match="one period"):
        measure_reports(report(periods=(MONTH, MONTH)))
