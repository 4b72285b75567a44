"""Enrolment in home care by each way in, by worked examples."""

from datetime import date

import pytest

from adapter.discharge.agreement import STATUTORY, Agreement, Enrolment
from adapter.discharge.enrolment import Result, assess
from adapter.discharge.facts import Fact

ALL = "adult coordination-need identified-risk patient-safety-assessed"


def agreed(**asked: object) -> Agreement:
    enrolment = Enrolment.model_validate(asked)
    cited = {"enrolment": "§ 4"}
    return Agreement(id="x", version="1", name="x", valid_from=date(2018, 1, 1), enrolment=enrolment, citations=cited)


def referral(criteria: str, way: str = "primary-care", **statements: str) -> list[Fact]:
    return [Fact("r", "home-care-referral", 1, "care", statements={"way_in": way, "criteria": criteria} | statements)]


ADMITTED = Fact("a", "admission-notice", 2, "ward")


def stated(at: int, unit: str, criteria: str) -> Fact:
    event = "planning-information" if unit == "ward" else "acceptance-answer"
    return Fact(f"s{at}", event, at, unit, statements={"criteria": criteria})


@pytest.mark.parametrize(
    ("facts", "asked", "result"),
    [
        (referral(ALL), {}, Result.MET),
        (referral(ALL, "specialised-outpatient"), {}, Result.MET),
        # What the ward said before the referral of the same case counts for the discharge too.
        ([*referral(ALL), ADMITTED], {}, Result.MET),
        ([ADMITTED], {}, Result.UNKNOWN),
        # In a discharge the ward states some in the Task of its planning information, the municipality the rest.
        ([ADMITTED, stated(3, "ward", "adult coordination-need identified-risk")], {}, Result.UNKNOWN),
        (
            [
                ADMITTED,
                stated(3, "ward", "adult coordination-need identified-risk"),
                stated(4, "home", "patient-safety-assessed"),
            ],
            {},
            Result.MET,
        ),
        (referral("adult coordination-need identified-risk"), {}, Result.UNKNOWN),
        (referral("adult coordination-need identified-risk"), {"safety_assessment": False}, Result.MET),
        (referral("coordination-need identified-risk patient-safety-assessed"), {}, Result.UNKNOWN),
        (referral("coordination-need identified-risk patient-safety-assessed"), {"least_age": 0}, Result.MET),
        # Of another age than 18 nothing is stated anywhere.
        (referral(ALL), {"least_age": 65}, Result.UNKNOWN),
        (referral(ALL, plan_consent="guardian"), {}, Result.SPECIALISED),
        (referral("", sharing_consent="guardian"), {}, Result.SPECIALISED),
        (referral(f"{ALL} psychiatric-care-at-home"), {}, Result.MET),
        (referral(f"{ALL} psychiatric-care-at-home"), {"psychiatric_care": False}, Result.NOT_MET),
        (referral("adult"), {"coordination_need": False, "risk": False, "safety_assessment": False}, Result.MET),
    ],
)
def test_enrolment(facts: list[Fact], asked: dict[str, object], result: Result) -> None:
    found = assess(facts, agreed(**asked))
    assert found is not None
    assert (found.result, found.clause) == (result, "x 1: § 4")


def test_each_criterion_is_told() -> None:
    found = assess(referral("adult coordination-need"), agreed())
    assert found is not None
    assert {each.rule: each.holds for each in found.criteria} == {
        "coordination-need": True,
        "identified-risk": None,
        "patient-safety-assessed": None,
        "of-age": True,
    }


def test_where_nothing_is_agreed_nothing_is_asked() -> None:
    assert assess(referral(ALL), STATUTORY) is None
