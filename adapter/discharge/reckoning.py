"""The month of a municipality (månadsavräkning): what every stay that ended in it adds, and what is owed by the
agreement.

LAW (2017:612) 4:4–5 lets region and municipality agree another reckoning than the individual one. Under the mean model
the month's mean of days between the ready notice and the discharge is held against a threshold; only persons to whom
the conditions of LAW 5:3 apply count, and a person with very many days may be taken out and reckoned alone. A stay
belongs to the month of its discharge [interp]. What a discharge on the day of the notice adds, 0, counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from adapter.discharge import calendar, disagreements
from adapter.discharge.agreement import Agreement, Model
from adapter.discharge.facts import Fact, stays
from adapter.discharge.notices import Notices, first_sent
from adapter.discharge.payment import Liability, of_stay, per_day

_DECEMBER = 12


class Share(StrEnum):
    """How a stay takes part in the month."""

    MEAN = "mean"
    """in the mean"""
    INDIVIDUAL = "individual"
    """reckoned alone: by the model, or because of its many days"""
    BOTH = "both"
    """in the mean, and reckoned alone beside it"""
    NONE = "none"
    """not at all: a condition does not hold, or is not known to"""


@dataclass(frozen=True)
class Entry:
    """One stay of the month. `days` are calendar days from that of the ready notice to that of the discharge;
    `payable` those that the individual reckoning charges, None where the stay is not reckoned alone; `disputed`: the
    parties disagree over the case, and have not settled it."""

    case: str
    ready: date
    discharge: date
    days: int
    share: Share
    payable: int | None
    liability: Liability
    disputed: bool = False


@dataclass(frozen=True)
class Mean:
    """The month's mean. `excess` is what the days of all lie above the threshold together, 0 where they do not."""

    persons: int
    days: int
    threshold: Fraction
    clause: str

    @property
    def mean(self) -> Fraction | None:
        """Days per person; None where nobody counts."""
        return Fraction(self.days, self.persons) if self.persons else None

    @property
    def excess(self) -> Fraction:
        """Days above the threshold, of all persons together."""
        return max(Fraction(0), self.days - self.threshold * self.persons)


@dataclass(frozen=True)
class Reckoning:
    """One municipality's month; `month` is its first day. `mean` is None under the individual model. `amount` is SEK,
    for mean and individual days together, None where the year's amount is not known or where both models are
    invoiced: how they go together is the agreement's."""

    kommunkod: str
    month: date
    entries: tuple[Entry, ...]
    mean: Mean | None
    payable: int
    """days of the individual reckoning"""
    amount: Fraction | None
    clause: str


class Phase(StrEnum):
    """How final a month is."""

    RUNNING = "running"
    """it has not ended"""
    DISPUTABLE = "disputable"
    """its data may be disputed, until the day that the agreement names; without one, until it is frozen by hand"""
    DUE = "due"
    """the time for disputes is over: it is to be frozen"""


def phase(month: date, agreement: Agreement, now: datetime) -> Phase:
    """How final the month is at `now` (aware)."""
    today, last = calendar.local_date(now), agreement.payment.dispute_until
    following = next_month(month)
    if today < following:
        return Phase.RUNNING
    if last is None or today <= following.replace(day=last):
        return Phase.DISPUTABLE
    return Phase.DUE


def next_month(month: date) -> date:
    """The first day of the month after that of a day."""
    years, number = divmod(month.month, _DECEMBER)
    return date(month.year + years, number + 1, 1)


def reckon(
    cases: Iterable[tuple[str, Sequence[Fact]]], kommunkod: str, month: date, agreement: Agreement, now: datetime
) -> Reckoning:
    """The month of a municipality from the facts of cases, each with its id; what did not end in the month adds
    nothing. `agreement` is the one in force on the last day of the month."""
    entries = sorted(
        (
            entry
            for case, facts in cases
            for stay in stays(facts)
            if (entry := _entry(case, stay, Notices(stay, agreement, now), kommunkod)) is not None
            and month <= entry.discharge < next_month(month)
        ),
        key=lambda entry: (entry.discharge, entry.case, entry.ready),
    )
    mean = _mean(entries, agreement)
    payable = sum(entry.payable or 0 for entry in entries)
    clause = agreement.clause("payment")
    return Reckoning(kommunkod, month, tuple(entries), mean, payable, _amount(entries, mean, month, agreement), clause)


def _entry(case: str, stay: Sequence[Fact], notices: Notices, kommunkod: str) -> Entry | None:
    """None for a stay that has not ended, of which nobody in the municipality was told that the patient was ready."""
    sent, left = first_sent(notices.ready_to(kommunkod)), notices.discharge
    if sent is None or left is None:
        return None
    found = of_stay(notices, kommunkod)
    ready, discharge = calendar.local_date(sent), calendar.local_date(left)
    days = max(0, (discharge - ready).days)
    share = _share(found, days, notices.agreement)
    alone = share in (Share.INDIVIDUAL, Share.BOTH)
    disputed = any(each.stands for each in disagreements.of_stay(stay))
    return Entry(case, ready, discharge, days, share, found.days if alone else None, found, disputed)


def _share(found: Liability, days: int, agreement: Agreement) -> Share:
    payment = agreement.payment
    if not found.liable:
        return Share.NONE
    if payment.model is Model.INDIVIDUAL:
        return Share.INDIVIDUAL
    if payment.individual_over is not None and days > payment.individual_over:
        return Share.INDIVIDUAL
    return Share.BOTH if payment.model is Model.BOTH else Share.MEAN


def _mean(entries: Iterable[Entry], agreement: Agreement) -> Mean | None:
    if agreement.payment.model is Model.INDIVIDUAL:
        return None
    days = [entry.days for entry in entries if entry.share in (Share.MEAN, Share.BOTH)]
    threshold = Fraction(str(agreement.payment.threshold))
    return Mean(len(days), sum(days), threshold, agreement.clause("payment"))


def _amount(entries: Iterable[Entry], mean: Mean | None, month: date, agreement: Agreement) -> Fraction | None:
    if agreement.payment.model is Model.BOTH:
        return None
    alone = [entry.liability.amount for entry in entries if entry.payable is not None]
    if None in alone:
        return None
    owed = Fraction(sum(each for each in alone if each is not None))
    if mean is None or not mean.excess:
        return owed
    rate = per_day(agreement, month.year)
    return None if rate is None else owed + mean.excess * rate
