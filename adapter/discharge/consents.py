"""What rests on which consent, and what has been said of it last.

Three consents, never mixed: to sharing within the coordination, to the plan (LAW 4:2), and to direct access, which is
no matter of messages. The notices that the law demands (LAW 2:1–4, 3:1, 4:3) rest on none: no word against one stops
them.
"""

from collections.abc import Iterable

from adapter.discharge import sip
from adapter.discharge.facts import Fact, standing
from adapter.fhir.outcomes import Issue, Rule

PLAN, SHARING = sip.CONSENT, "sharing_consent"
INFORMATION = "planning-information"
EXTENDED = "extended"
"""The statement that a notice holds more than the statutory minimum."""

HELD = Rule(
    "discharge-consent-held",
    "business-rule",
    "What has not left, and rests on a consent that the person has refused or withdrawn, is held until somebody "
    "releases or cancels it.",
    "Where it rests on another ground, tell operations which: they release it with that reason. Otherwise nothing.",
    severity="warning",
)
RULES = (HELD,)
"""The rules of this module, for the catalogue."""


def rests_on(event: str, said: dict[str, str], *, consent_first: bool) -> frozenset[str]:
    """The consents that a message rests on, by its event and its own statements.

    A plan rests on the consent to it, and on that to sharing, for it is shared within the coordination; one of
    compulsory care on none [interp]. What the units need for the planning (planeringsunderlag) rests on the consent to
    sharing. So does an extended admission notice, where the agreement says `consent_first`: without that its ground is
    the region's own.
    """
    if event == sip.PLAN and said.get("plan_kind") != sip.COERCIVE:
        return frozenset({PLAN, SHARING})
    if event == INFORMATION or (EXTENDED in said and consent_first):
        return frozenset({SHARING})
    return frozenset()


def refused(facts: Iterable[Fact]) -> frozenset[str]:
    """The consents that the latest word is against, of a case's facts in any order."""
    known = standing(facts)
    latest = {name: sip.consent({}, 0, known, name) for name in (PLAN, SHARING)}
    return frozenset(name for name, word in latest.items() if not sip.gate(None, word).is_open)


def held(number: int) -> Issue:
    """That deliveries of the case, so many, are held."""
    words = (
        f"the person does not consent, or no longer does: {number} of the case's deliveries that rest on it are held"
    )
    return HELD.issue(f"{words} until a person releases or cancels them", "Bundle")
