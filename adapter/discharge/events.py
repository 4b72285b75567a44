"""The events of discharge planning: what may be said between the parties.

LAW is Lag (2017:612); the Swedish terms are those of the shared planning tools.
"""

from dataclasses import dataclass
from enum import StrEnum


class Policy(StrEnum):
    """What a dead letter does to the patient's stream."""

    HOLD = "hold"
    """later messages wait: the event changes the patient's state"""
    RELEASE = "release"
    """later messages go on: nothing follows from this one"""
    SUPERSEDE = "supersede"
    """later messages wait until there is another of this event, which says all that this one said"""


@dataclass(frozen=True)
class Event:
    """`statutory` events are notices that the law demands within a time (`ground` names the paragraph)."""

    code: str
    swedish: str
    policy: Policy
    statutory: bool = False
    answer: bool = False
    ground: str = ""


_HOLD, _RELEASE, _SUPERSEDE = Policy.HOLD, Policy.RELEASE, Policy.SUPERSEDE

EVENTS: dict[str, Event] = {
    event.code: event
    for event in (
        Event("care-request", "vårdbegäran", _HOLD),
        Event("admission-notice", "inskrivningsmeddelande", _HOLD, statutory=True, ground="LAW 2:1–3"),
        Event("admission-notice-update", "ändrat inskrivningsmeddelande", _SUPERSEDE, statutory=True, ground="LAW 2:4"),
        Event("planning-information", "planeringsunderlag", _HOLD, ground="LAW 2:6, 3:2"),
        Event("ready-for-discharge", "meddelande om utskrivningsklar", _HOLD, statutory=True, ground="LAW 3:1"),
        Event("ready-for-discharge-withdrawn", "avbrott i utskrivningsklar", _HOLD),
        Event("open-care-availability", "öppenvårdens insatser", _HOLD, ground="LAW 5:5"),
        Event("capacity-answer", "svar om mottagande", _HOLD),
        Event("delay-cause", "orsak till fördröjning", _HOLD),
        Event("sip-invitation", "kallelse samordnad individuell planering", _HOLD, statutory=True, ground="LAW 4:3"),
        Event("sip", "samordnad individuell plan", _HOLD, ground="LAW 4:1"),
        Event("discharge-notice", "utskrivningsmeddelande", _HOLD, ground="LAW 3:2"),
        Event("patient-information", "information till patienten", _RELEASE, ground="LAW 3:3"),
        Event("home-care-referral", "överföring till hälso- och sjukvård i hemmet", _HOLD),
        Event("disagreement-raised", "oenighet anmäld", _RELEASE),
        Event("disagreement-settled", "oenighet avgjord", _RELEASE),
        Event("general-message", "generellt meddelande", _RELEASE),
        Event("read-receipt", "kvittens", _RELEASE, answer=True),
        Event("acceptance-answer", "svar på förfrågan", _HOLD, answer=True),
        Event("retraction", "makulering", _HOLD),
        Event("acknowledgement", "teknisk kvittens", _RELEASE, answer=True),
        Event("delivery-report", "leveransrapport", _RELEASE),
    )
}
"""Every event by its code in the event code system."""
