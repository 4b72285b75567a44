"""The three ways in to municipal health care at home, and whether what the agreement asks for is met.

From regional primary care, from specialised outpatient care, and by a discharge from inpatient care (Region Örebro
län). All three lead to the same question, put to the municipality by a Task. The criteria are the agreement's; without
one nothing is asked for here. What nobody has stated is not known: it never makes anybody enrolled, and never turns
anybody away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from adapter.discharge.agreement import Agreement
from adapter.discharge.facts import Fact, stays
from adapter.discharge.sip import Way, way_in

_ADULT = 18


class Result(StrEnum):
    """What follows from the criteria. Whether the municipality takes the person on is the answer to the Task."""

    MET = "met"
    NOT_MET = "not-met"
    SPECIALISED = "stays-with-specialised-care"
    """too young: specialised care keeps the responsibility"""
    UNKNOWN = "unknown"
    """a criterion has not been stated"""


@dataclass(frozen=True)
class Criterion:
    """One criterion; `holds` is None where nobody has said."""

    rule: str
    holds: bool | None


@dataclass(frozen=True)
class Enrolment:
    """The criteria of one stay or referral, by the clause of the agreement."""

    way: Way
    criteria: tuple[Criterion, ...]
    result: Result
    clause: str


def assess(facts: Iterable[Fact], agreement: Agreement) -> Enrolment | None:
    """Of a case's present stay; None where the agreement has no criteria."""
    asked = agreement.enrolment
    if asked is None:
        return None
    stay = stays(facts)[-1]
    stated = {code for fact in stay for code in fact.statements.get("criteria", "").split()}
    way = way_in(stay)
    criteria = [
        Criterion(rule, rule in stated or None)
        for rule, wanted in (
            ("coordination-need", asked.coordination_need),
            ("identified-risk", asked.risk),
            ("patient-safety-assessed", asked.safety_assessment),
        )
        if wanted
    ]
    age = Criterion("of-age", _of_age(stay, stated, asked.least_age))
    if not asked.psychiatric_care and "psychiatric-care-at-home" in stated:
        criteria.append(Criterion("not-psychiatric-care", holds=False))
    return Enrolment(way, (*criteria, age), _result(criteria, age), agreement.clause("enrolment"))


def _of_age(stay: Iterable[Fact], stated: set[str], least: int) -> bool | None:
    """Nobody's age is read from a number: that a person is an adult is stated, and a guardian's consent says that she
    or he is not. Of another age than 18 nothing is known."""
    if least == 0:
        return True
    if least != _ADULT:
        return None
    if any("guardian" in (fact.statements.get(name) for name in _CONSENTS) for fact in stay):
        return False
    return "adult" in stated or None


_CONSENTS = ("plan_consent", "sharing_consent")


def _result(criteria: Iterable[Criterion], age: Criterion) -> Result:
    held = [each.holds for each in (*criteria, age)]
    if age.holds is False:
        return Result.SPECIALISED
    if False in held:
        return Result.NOT_MET
    return Result.UNKNOWN if None in held else Result.MET
