"""The measures of the follow-up, in the four parts of Örebro län's yearly follow-up of its agreement.

Each is explained in docs/explanation/follow-up.md: what it counts, from which messages, and what it does not say.
"""

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What is followed up."""

    EXPERIENCE = "experience"
    COLLABORATION = "collaboration"
    ADHERENCE = "adherence"
    QUANTITY = "quantity"


class Kind(StrEnum):
    """What a measure is."""

    SHARE = "share"
    """how many of the stays that it applies to"""
    TIME = "time"
    """a distribution of whole days, or of whole quarters of a day"""
    CODES = "codes"
    """how many stays have each code; a stay may have several"""


@dataclass(frozen=True)
class Measure:
    """`code` is lasting. A time is counted in units of which a day has `per_day`; `steps` are the lowest values of the
    classes of its distribution, in units."""

    code: str
    part: Part
    kind: Kind
    swedish: str
    english: str
    per_day: int = 1
    steps: tuple[int, ...] = ()


def _share(part: Part, code: str, swedish: str, english: str) -> Measure:
    return Measure(code, part, Kind.SHARE, swedish, english)


_E, _C, _A, _Q = Part.EXPERIENCE, Part.COLLABORATION, Part.ADHERENCE, Part.QUANTITY

MEASURES: tuple[Measure, ...] = (
    _share(_E, "involved", "Var med och bestämde", "Had a say in what was planned"),
    _share(_E, "understood", "Förstod informationen", "Understood the information"),
    _share(_E, "whom-to-contact", "Visste vem att kontakta", "Knew whom to contact"),
    _share(_E, "help-came", "Fick hjälpen som avtalats", "Got the help that was agreed"),
    _share(_E, "worked-together", "Upplevde samarbete", "Found that they worked together"),
    _share(_E, "safe", "Kände sig trygg hemma", "Felt safe at home"),
    _share(_C, "disagreement", "Vårdtillfällen med oenighet", "Stays with a disagreement"),
    _share(_C, "disagreement-settled", "Oenigheter som är avgjorda", "Disagreements that are settled"),
    _share(_C, "escalation", "Vårdtillfällen med eskalering", "Stays with an escalation"),
    _share(_C, "answer-in-time", "Svar inom avtalad tid", "Answered within the agreed time"),
    Measure("answer-time", _C, Kind.TIME, "Tid till svar", "Time to the answer", 4, (0, 4, 8, 12)),
    _share(_A, "notice-in-time", "Inskrivningsmeddelande i tid", "Admission notice in time"),
    _share(_A, "open-care-told", "Öppenvården underrättad", "Open care told of the admission"),
    _share(_A, "estimate-told", "Ändrad beräkning meddelad", "Changed estimate told"),
    _share(_A, "planning-begun", "Planering påbörjad", "Planning begun"),
    _share(_A, "care-contact", "Fast vårdkontakt före utskrivning", "Fast vårdkontakt before the discharge"),
    _share(_A, "invitation-in-time", "Kallelse till SIP i tid", "SIP invitation in time"),
    _share(_A, "discharge-told", "Utskrivning meddelad samma dag", "Discharge told on its day"),
    _share(_A, "notice-read", "Inskrivning kvitterad i tid", "Admission notice read in time"),
    _share(_A, "ready-read", "Utskrivningsklar kvitterad i tid", "Ready notice read in time"),
    Measure("take-home-time", _Q, Kind.TIME, "Hemtagningstid", "Take-home time", 4, (0, 4, 8, 16, 32)),
    Measure("days-after-ready", _Q, Kind.TIME, "Dagar som utskrivningsklar", "Days after ready", 1, (0, 1, 2, 4, 8)),
    Measure("delay-cause", _Q, Kind.CODES, "Orsak till fördröjning", "Cause of delay"),
    _share(_Q, "sip-called", "Kallad till SIP", "Called to a SIP"),
    _share(_Q, "sip", "SIP upprättad", "SIP drawn up"),
    _share(_Q, "readmitted-7", "Åter inskriven inom 7 dagar", "Re-admitted within 7 days"),
    _share(_Q, "readmitted-30", "Åter inskriven inom 30 dagar", "Re-admitted within 30 days"),
)
BY_CODE = {measure.code: measure for measure in MEASURES}

OF_DUTIES = {
    "answer-in-time": "answer-in-time",
    "admission-notice-in-time": "notice-in-time",
    "open-care-notified": "open-care-told",
    "estimate-changed": "estimate-told",
    "planning-begun": "planning-begun",
    "care-contact-before-discharge": "care-contact",
    "sip-invitation-in-time": "invitation-in-time",
    "information-on-discharge-day": "discharge-told",
    "read-receipt-of-admission-notice": "notice-read",
    "read-receipt-of-ready-for-discharge": "ready-read",
}
"""The rule of a duty → the measure of how often it is met."""

QUESTIONS = tuple(measure.code for measure in MEASURES if measure.part is Part.EXPERIENCE)
"""The measures of the questionnaire own-experience; their codes are its linkIds."""
