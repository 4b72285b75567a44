"""The payment clock: whether, from when and for how many days a municipality answers for the costs of a stay.

LAW (2017:612) 5:1–6. Liability is a conjunction, so every condition is reported with what it rests on: a disagreement
group can settle from the lines. What is not known never makes anybody liable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from adapter.discharge import calendar
from adapter.discharge.agreement import Agreement
from adapter.discharge.facts import Fact
from adapter.discharge.notices import Notices

AMOUNTS = {
    2019: (7800, "HSLF-FS 2018:67"),
    2020: (8200, ""),
    2022: (9300, ""),
    2023: (10500, "HSLF-FS 2022:60"),
}
"""SEK a day by year (LAW 5:6), with the regulation where it is known. Other years are not known: no amount is shown."""


@dataclass(frozen=True)
class Condition:
    """One condition of liability. `holds` is None where it is not known; `review` where a person must look at it."""

    rule: str
    paragraph: str
    holds: bool | None
    rests_on: tuple[str, ...] = ()
    """header ids of the messages"""
    review: bool = False


@dataclass(frozen=True)
class Liability:
    """One municipality's liability for one stay. `start` is the first day to pay for and `stop` the first that is not,
    local days; `days` what lies between, so far where the patient has not left; all None without liability. `amount`
    is SEK, None where a year's amount is not known."""

    kommunkod: str
    conditions: tuple[Condition, ...]
    start: date | None
    stop: date | None
    days: int | None
    amount: int | None
    clause: str

    @property
    def liable(self) -> bool:
        """Whether every condition holds."""
        return all(condition.holds for condition in self.conditions)

    @property
    def failing(self) -> tuple[str, ...]:
        """The rules of the conditions that do not hold, or are not known to."""
        return tuple(condition.rule for condition in self.conditions if not condition.holds)


def liability(facts: Iterable[Fact], kommunkod: str, agreement: Agreement, now: datetime) -> Liability:
    """The liability of one municipality for the present stay, as it is known at `now`."""
    return of_stay(Notices.of(facts, agreement, now), kommunkod)


def of_stay(notices: Notices, kommunkod: str) -> Liability:
    """The same for the stay whose notices these are."""
    agreement, ready = notices.agreement, notices.ready_to(kommunkod)
    conditions = (
        _paying(notices, kommunkod),
        _admission(notices, kommunkod),
        Condition("ready-notice-sent", "LAW 5:3", bool(ready), tuple(each.fact.header_id for each in ready)),
        _invitation(notices),
        _open_care(notices, agreement),
    )
    clause = agreement.clause("payment")
    sent = min((each.sent for each in ready if each.sent), default=None)
    if sent is None or not all(condition.holds for condition in conditions):
        return Liability(kommunkod, conditions, None, None, None, None, clause)
    start = first_day(sent, agreement, psychiatric=any(each.fact.psychiatric for each in ready))
    last = notices.discharge or notices.now
    stop = calendar.days_after(calendar.local_date(last), int(agreement.payment.charges_discharge_day))
    days = max(0, (stop - start).days)
    return Liability(kommunkod, conditions, start, max(start, stop), days, amount(agreement, start, days), clause)


def first_day(sent: datetime, agreement: Agreement, *, psychiatric: bool = False) -> date:
    """The first local day to pay for, from when the ready notice was sent (LAW 5:4; counted in calendar days, the
    start of payment is not moved to a weekday)."""
    payment = agreement.payment
    days = payment.days_after_noon if calendar.after_noon(sent) else payment.days
    if psychiatric and payment.psychiatric_days is not None:
        days = payment.psychiatric_days
    return calendar.days_after(calendar.local_date(sent), days)


def _paying(notices: Notices, kommunkod: str) -> Condition:
    """LAW 5:1–2: the municipality of folkbokföring, or the one that decided a placement elsewhere. No message carries
    the former as a code: where one municipality alone was sent the admission notice, it counts as that, unless the
    agreement says otherwise [interp]."""
    placing, payer = notices.said("placing_municipality"), notices.said("home_municipality")
    if payer is None and notices.agreement.notified_pays and len(notices.notified) == 1:
        payer = next(iter(notices.notified))
    owing, paragraph = (placing, "LAW 5:2") if placing else (payer, "LAW 5:1")
    return Condition("paying-municipality", paragraph, None if owing is None else owing == kommunkod)


def _admission(notices: Notices, kommunkod: str) -> Condition:
    sent = notices.admission_to(kommunkod)
    late = notices.admission_late(kommunkod)
    return Condition("admission-notice-sent", "LAW 5:3", bool(sent), tuple(each.fact.header_id for each in sent), late)


def _invitation(notices: Notices) -> Condition:
    """Where a SIP is to be held, the fast vårdkontakt has called to it. Whether the call of another counts is not
    known: a person looks at it [interp]."""
    if notices.without_plan:
        return Condition("sip-invitation-sent", "LAW 5:3", True)
    called = [each for each in notices.calls if each.sent]
    others = [] if called else [each for each in notices.invitations if each.sent]
    headers = tuple(dict.fromkeys(each.fact.header_id for each in called or others))
    holds, review = None if others else bool(called), bool(others) or notices.invitation_late
    return Condition("sip-invitation-sent", "LAW 5:3", holds, headers, review)


def _open_care(notices: Notices, agreement: Agreement) -> Condition:
    said = notices.said("open_care")
    holds = {"available": True, "not-available": False, "unknown": None}.get(said or "")
    if said is None and agreement.payment.open_care_assumed:
        holds = True
    return Condition("open-care-available", "LAW 5:5", holds)


def amount(agreement: Agreement, start: date, days: int) -> int | None:
    """SEK for the days from `start` on; None where the amount of a year among them is not known."""
    years = [calendar.days_after(start, day).year for day in range(days)]
    found = [per_day(agreement, year) for year in years]
    return None if None in found else sum(each for each in found if each is not None)


def per_day(agreement: Agreement, year: int) -> int | None:
    """SEK per day in a year: the agreed amount (LAW 4:5), else the national one (LAW 5:6); None where neither is
    known."""
    agreed = agreement.payment.amounts.get(year)
    if agreed is not None:
        return agreed.sek
    return AMOUNTS[year][0] if year in AMOUNTS else None
