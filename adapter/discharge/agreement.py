"""What region and municipality have agreed, where the law lets them (LAW 4:4–5), and the readings of the law that a
region's lawyer may switch. The statutory default holds where nothing else is agreed.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum


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


@dataclass(frozen=True)
class Payment:
    """The payment model of an agreement. Counts are calendar days.

    `days` lie between the day of the notice, day 0, and the first day to pay for: 3 makes days 0, 1 and 2 free.
    `days_after_noon` stands for it where the notice was sent after 12.00, `psychiatric_days` in psychiatric inpatient
    care. MEAN pays for what the month's mean lies above `threshold`; a person with more than `individual_over` days is
    taken out of the mean and reckoned by `days`; data may be disputed until day `dispute_until` of the next month.
    `charges_discharge_day`: whether the day of discharge is paid for; the law is silent. `open_care_assumed`: whether
    open care counts as available where nobody has said anything; what was said to be unknown never does (LAW 5:5).
    """

    model: Model = Model.INDIVIDUAL
    days: int = 3
    days_after_noon: int = 4
    psychiatric_days: int | None = None
    threshold: float = 3.0
    individual_over: int | None = None
    dispute_until: int | None = None
    charges_discharge_day: bool = False
    open_care_assumed: bool = False


@dataclass(frozen=True)
class Agreement:
    """One version of an agreement. `municipalities` are kommunkoder, empty for all; the dates are local days, both
    included. `citations` leads from a field's name to the clause that gives it."""

    id: str
    version: str
    name: str
    valid_from: date
    valid_to: date | None = None
    municipalities: frozenset[str] = frozenset()
    sent: Sent = Sent.ACCEPTED
    notice_within: timedelta = timedelta(hours=24)
    invitation_days: int = 3
    invitation_moves_to_weekday: bool = True
    responsibility_days: int | None = None
    notified_pays: bool = True
    """whether the only municipality that was sent the admission notice counts as that of folkbokföring [interp]"""
    warn_before: timedelta = timedelta(hours=4)
    payment: Payment = field(default_factory=Payment)
    citations: dict[str, str] = field(default_factory=dict)

    def holds(self, kommunkod: str | None, day: date) -> bool:
        """Whether this version is in force for the municipality on a local day."""
        for_it = not self.municipalities or kommunkod in self.municipalities
        return for_it and self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def clause(self, name: str) -> str:
        """Which agreement, version and clause gives the value of a field."""
        return f"{self.id} {self.version}: {self.citations.get(name, STATUTORY_CITATIONS[name])}"


STATUTORY_CITATIONS = {
    "notice_within": "LAW 2:3",
    "invitation_days": "LAW 4:3",
    "invitation_moves_to_weekday": "Lag (1930:173) 2 § [interp]",
    "transfer": "LAW 3:2",
    "ready": "LAW 3:1",
    "contact": "LAW 2:5",
    "responsibility_days": "no statutory ground",
    "payment": "LAW 5:4",
    "sent": "LAW 5:4, adapter's commit [interp]",
}
"""The paragraphs that give each value where no agreement does. LAW is Lag (2017:612)."""

STATUTORY = Agreement("statutory", "SFS 2025:449", "Lag (2017:612) utan överenskommelse", date(2018, 1, 1))
"""What holds where nothing is agreed. LAW came into force on 1 January 2018."""


def in_force(agreements: list[Agreement], kommunkod: str | None, day: date) -> Agreement:
    """The agreement for a municipality on a local day: one that names it before one for all, the latest first; the
    statutory default without any."""
    holding = [each for each in agreements if each.holds(kommunkod, day)]
    return max(holding, key=lambda each: (bool(each.municipalities), each.valid_from), default=STATUTORY)
