"""What region and municipality have agreed, where the law lets them (LAW 4:4–5), and the readings of the law that a
region's lawyer may switch. The statutory default holds where nothing else is agreed.

Each class is also the form of a file of agreements: see docs/reference/agreements.md.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from adapter.support.checked import Section
from adapter.support.durations import Duration

Kommunkod = Annotated[str, Field(pattern=r"^[0-9]{4}$")]
Count = Annotated[int, Field(ge=0, le=365)]
Citation = Annotated[str, Field(min_length=1, max_length=500)]


class Sent(StrEnum):
    """Which instant counts as the sending of a notice. LAW 4:3 says *har lämnats* and 5:4 *har skickats*: with a queue
    between, the choice decides money [interp]."""

    STATED = "stated"
    """the sender's own time of sending"""
    ACCEPTED = "accepted"
    """the adapter's commit; for a held message its release"""
    DELIVERED = "delivered"
    """when the receiver's system had it"""


class Model(StrEnum):
    """How the payment of a municipality is reckoned."""

    INDIVIDUAL = "individual"
    """each person's days from a fixed day on (LAW 5:4)"""
    MEAN = "mean"
    """the month's mean over all persons, above a threshold"""
    BOTH = "both"
    """both are reckoned and invoiced; the agreement says how they go together"""


class Amount(Section):
    """An amount per day, with where it is said."""

    sek: int = Field(ge=0, le=1_000_000)
    citation: Citation


class Payment(Section):
    """The payment model of an agreement. Counts are calendar days; MEAN and BOTH reckon by the month."""

    model: Model = Model.INDIVIDUAL
    days: Count = 3
    """between the day of the notice, day 0, and the first day to pay for: 3 makes days 0, 1 and 2 free"""
    days_after_noon: Count = 4
    """the same where the notice was sent after 12.00"""
    psychiatric_days: Count | None = None
    """the same in psychiatric inpatient care, at any time of the day; as other care where not set"""
    threshold: float = Field(3.0, ge=0, le=365)
    """the mean, in days, above which the month is paid for"""
    individual_over: Count | None = None
    """a person with more days than this is taken out of the mean and reckoned alone; nobody where not set"""
    dispute_until: int | None = Field(None, ge=1, le=28)
    """the last day of the next month on which data may be disputed; then the month is frozen"""
    charges_discharge_day: bool = False
    """whether the day of discharge is paid for; the law is silent"""
    open_care_assumed: bool = False
    """whether open care counts as available where nobody has said anything; what was said to be unknown never does
    (LAW 5:5)"""
    amounts: dict[int, Amount] = Field(default_factory=dict)
    """the amount per day by year, where another is agreed than that of LAW 5:6, or where that is not known here"""


class Enrolment(Section):
    """What must hold for a person to be enrolled in municipal home care (Örebro län's agreement)."""

    coordination_need: bool = True
    """whether a need of coordination must be established"""
    risk: bool = True
    """whether a risk must be identified"""
    safety_assessment: bool = True
    """whether the municipality assesses that care at home is safe for the patient"""
    least_age: Count = 18
    """who is younger stays with specialised care"""
    psychiatric_care: bool = True
    """whether psychiatric care at home is included"""


class Trigger(StrEnum):
    """What an escalation begins with."""

    AT_RISK = "deadline-at-risk"
    LATE = "deadline-late"
    UNREAD = "no-read-receipt"
    UNANSWERED = "no-acceptance"
    NO_CAPACITY = "capacity-cannot"


class Step(Section):
    """One step of the escalation ladder: so long after its trigger, who is told, and by which channel."""

    trigger: Trigger
    after: Duration = timedelta(0)
    to: Annotated[str, Field(min_length=1, max_length=200)]
    """a function, such as 'enhetschef, mottagande enhet'; never a person"""
    channel: Annotated[str, Field(min_length=1, max_length=40)] = "operations"
    """a channel of the alerts' settings; `operations` raises it to those who watch"""


class Agreement(Section):
    """One version of an agreement; one file. Dates are local days, both included."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    version: Annotated[str, Field(min_length=1, max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    valid_from: date
    valid_to: date | None = None
    basis: str = ""
    """where this was read: the agreement's own text, or a secondary source, which is then said"""
    municipalities: frozenset[Kommunkod] = frozenset()
    """the kommunkoder that it is for; all where empty"""
    sent: Sent = Sent.ACCEPTED
    notice_within: Duration = timedelta(hours=24)
    invitation_days: Count = 3
    invitation_moves_to_weekday: bool = True
    read_within: Duration | None = None
    """the time within which a notice is acknowledged as read (kvittens); none agreed where not set"""
    answer_within: Duration | None = None
    """the time within which the municipality accepts or rejects; none agreed where not set"""
    responsibility_days: Count | None = None
    """how many days after a stay specialised care answers for the patient (Örebro: 7)"""
    notified_pays: bool = True
    """whether the only municipality that was sent the admission notice counts as that of folkbokföring [interp]"""
    consent_first: bool = False
    """whether consent is asked for before the admission notice; without it the statutory minimum still goes [interp]"""
    warn_before: Duration = timedelta(hours=4)
    remind_before: Duration = timedelta(days=7)
    """how long before the day of a plan's follow-up it is reminded of"""
    payment: Payment = Field(default_factory=Payment)
    enrolment: Enrolment | None = None
    escalation: tuple[Step, ...] = ()
    citations: dict[str, Citation] = Field(default_factory=dict)
    """the name of a value above → the clause that gives it"""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        unknown = sorted(self.citations.keys() - STATUTORY_CITATIONS.keys())
        if unknown:
            raise ValueError(
                f"citations: no value is named {unknown[0]!r}; known here: {', '.join(STATUTORY_CITATIONS)}"
            )
        return self

    def holds(self, kommunkod: str | None, day: date) -> bool:
        """Whether this version is in force for the municipality on a local day."""
        for_it = not self.municipalities or kommunkod in self.municipalities
        return for_it and self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def clause(self, name: str) -> str:
        """Which agreement, version and clause gives the value of a field."""
        return f"{self.id} {self.version}: {self.citations.get(name, STATUTORY_CITATIONS[name])}"

    def meets(self, other: "Agreement") -> bool:
        """Whether both would hold for one municipality on one day, with nothing to choose by."""
        apart = bool(self.municipalities) != bool(other.municipalities)
        if apart or (self.municipalities and not self.municipalities & other.municipalities):
            return False
        return self.valid_from <= (other.valid_to or date.max) and other.valid_from <= (self.valid_to or date.max)


STATUTORY_CITATIONS = {
    "notice_within": "LAW 2:3",
    "invitation_days": "LAW 4:3",
    "invitation_moves_to_weekday": "Lag (1930:173) 2 § [interp]",
    "transfer": "LAW 3:2",
    "ready": "LAW 3:1",
    "contact": "LAW 2:5",
    "recipients": "LAW 2:1",
    "estimate": "LAW 2:4",
    "planning": "LAW 2:6",
    "plan": "LAW 4:1–2",
    "summary": "LAW 3:3",
    "read_within": "no statutory ground",
    "answer_within": "no statutory ground",
    "responsibility_days": "no statutory ground",
    "enrolment": "no statutory ground",
    "escalation": "no statutory ground",
    "consent_first": "no statutory ground",
    "remind_before": "no statutory ground",
    "payment": "LAW 5:4",
    "sent": "LAW 5:4, adapter's commit [interp]",
}
"""The paragraphs that give each value where no agreement does. LAW is Lag (2017:612)."""

STATUTORY = Agreement(
    id="statutory",
    version="SFS 2025:449",
    name="Lag (2017:612) utan överenskommelse",
    valid_from=date(2018, 1, 1),
)
"""What holds where nothing is agreed. LAW came into force on 1 January 2018."""


def in_force(agreements: Iterable[Agreement], kommunkod: str | None, day: date) -> Agreement:
    """The agreement for a municipality on a local day: one that names it before one for all, the latest first; the
    statutory default without any."""
    holding = [each for each in agreements if each.holds(kommunkod, day)]
    return max(holding, key=lambda each: (bool(each.municipalities), each.valid_from), default=STATUTORY)
