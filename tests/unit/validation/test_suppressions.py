"""Reviewed suppressions: what they cover, what they say, when they end, and what is refused."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.support.clock import ManualClock
from adapter.support.errors import ConfigurationError
from adapter.validation import Outcome, Validator
from adapter.validation.suppressions import Suppressions

TODAY = date(2026, 3, 2)
WRONG: dict[str, Any] = {"resourceType": "Patient", "birthDate": "soon", "contact": [{}, {"gender": "male"}]}
CONTACT: dict[str, Any] = {"resourceType": "Patient", "contact": [{"gender": "male"}, {"gender": "male"}]}


def entry(**changes: Any) -> str:
    given = {
        "rule": "base-format",
        "expression": "Patient.birthDate",
        "reason": "the old system; ticket 17",
        "reviewed_by": "A. Reviewer",
        "expires": "2026-06-30",
        **changes,
    }
    return "\n".join(f"    {name}: {value}" for name, value in given.items() if value is not None)


def written(folder: Path, *entries: str) -> Path:
    file = folder / "suppressions.yaml"
    listed = "\n".join(f"  -{each[3:]}" for each in entries)
    file.write_text(f"suppressions:\n{listed}\n", encoding="utf-8")
    return file


def validator(file: Path, day: date = TODAY) -> Validator:
    clock = ManualClock(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    return Validator.load(suppressions=file, clock=clock)


def issues(outcome: Outcome, rule: str) -> list[Any]:
    return [issue for issue in outcome.issues if issue.rule == rule]


def test_a_suppressed_error_is_information_that_says_why_and_until_when(tmp_path: Path) -> None:
    outcome = validator(written(tmp_path, entry())).validate(WRONG | {"contact": [{"name": {"text": "a"}}]})
    (issue,) = issues(outcome, "base-format")
    assert outcome.valid
    assert (issue.severity, issue.suppressed, issue.expression) == ("information", True, ("Patient.birthDate",))
    for part in ("2026-06-30", "A. Reviewer", "the old system; ticket 17"):
        assert part in issue.message
    coded = outcome.to_fhir()["issue"][1]["details"]["coding"]
    assert [each["code"] for each in coded] == ["base-format", "validation-suppressed"]
    assert "Suppressions in effect: 1" in outcome.issues[0].message


def test_it_covers_its_place_rule_and_profile_and_no_other(tmp_path: Path) -> None:
    for other in (
        entry(expression="Patient.deceasedDateTime"),
        entry(rule="base-required"),
        entry(profile="http://x/p"),
    ):
        (issue,) = issues(validator(written(tmp_path, other)).validate(WRONG), "base-format")
        assert (issue.severity, issue.suppressed) == ("error", False)


def test_an_invariant_is_named_by_its_key(tmp_path: Path) -> None:
    place = {"rule": "base-invariant", "expression": "Patient.contact"}
    kept = validator(written(tmp_path, entry(**place, invariant="pat-2"))).validate(CONTACT)
    assert [issue.severity for issue in issues(kept, "base-invariant")] == ["error"] * 2
    outcome = validator(written(tmp_path, entry(**place, invariant="pat-1"))).validate(CONTACT)
    assert [issue.severity for issue in issues(outcome, "base-invariant")] == ["information"] * 2
    assert outcome.valid


@pytest.mark.parametrize("place", ["Patient.birthDate", "Bundle.entry.resource.birthDate"])
def test_in_a_bundle_the_place_may_be_told_from_the_resource_on(tmp_path: Path, place: str) -> None:
    patient = {"resourceType": "Patient", "birthDate": "soon"}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "http://x/Patient/1"}]}
    bundle["entry"][0]["resource"] = patient | {"id": "1"}  # type: ignore[index]
    outcome = validator(written(tmp_path, entry(expression=place))).validate(bundle)
    assert [issue.severity for issue in issues(outcome, "base-format")] == ["information"]
    assert [
        issue.severity
        for issue in issues(
            validator(written(tmp_path, entry(expression="Bundle.birthDate"))).validate(bundle), "base-format"
        )
    ] == ["error"]


def test_the_last_day_counts_and_the_next_does_not(tmp_path: Path) -> None:
    file = written(tmp_path, entry(expires=TODAY.isoformat()))
    late = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)  # 23:59 in Sweden
    clock = ManualClock(late)
    checked = Validator.load(suppressions=file, clock=clock)
    assert [issue.severity for issue in issues(checked.validate(WRONG), "base-format")] == ["information"]
    clock.advance(timedelta(minutes=1))
    after = checked.validate(WRONG)
    assert [issue.severity for issue in issues(after, "base-format")] == ["error"]
    assert "Suppressions in effect: 0" in after.issues[0].message


@pytest.mark.parametrize(
    ("expires", "told"),
    [("2026-03-01", "ended on 2026-03-01"), ("2026-03-20", "ends on 2026-03-20"), ("2026-06-30", None)],
)
def test_what_ends_is_told_in_time(tmp_path: Path, expires: str, told: str | None) -> None:
    found = Suppressions.load(written(tmp_path, entry(), entry(expires=expires)), TODAY).ending(TODAY)
    assert [problem.line for problem in found] == ([7] if told else [])
    assert all(str(told) in problem.reason for problem in found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rule": "base-fromat"}, "there is no rule 'base-fromat'; did you mean 'base-format'?"),
        ({"rule": "msg-sender"}, "msg-sender cannot be suppressed"),
        ({"rule": "base-narrative-content"}, "cannot be suppressed"),
        ({"rule": "not-readable"}, "cannot be suppressed"),
        ({"rule": "validation-settings"}, "cannot be suppressed"),
        ({"rule": "base-invariant"}, "invariant: is missing"),
        ({"invariant": "pat-1"}, "invariant: goes with base-invariant or profile-invariant only"),
        ({"reason": None}, "reason: is missing"),
        ({"reason": '" "'}, "reason: "),
        ({"reviewed_by": None}, "reviewed_by: is missing"),
        ({"expires": None}, "expires: is missing"),
        ({"expires": "2027-03-04"}, "more than a year ahead: expected 2027-03-03 at the latest"),
        ({"expires": "soon"}, "expected a date"),
        ({"expression": "Patient.contact[0]"}, "expected a place without indices"),
        ({"sender": "x"}, "sender: no such key"),
    ],
)
def test_what_is_refused_is_told_with_file_and_line(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    file = written(tmp_path, entry(), entry(**change))
    with pytest.raises(ConfigurationError) as refused:
        Validator.load(suppressions=file, clock=ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))
    problems = refused.value.problems
    assert {problem.file for problem in problems} == {file}
    assert all(problem.line is not None and problem.line >= 7 for problem in problems)
    assert any(reason in problem.reason for problem in problems)


@pytest.mark.parametrize("content", ["", "- a", "suppressions: 1", "suppressed: []", "suppressions: []\nmore: 1"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "suppressions.yaml"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match="one list, named suppressions"):
        Suppressions.load(file, TODAY)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Validator.load(suppressions=tmp_path / "none.yaml")
