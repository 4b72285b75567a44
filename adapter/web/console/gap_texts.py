"""The words for gaps in Swedish; in English they are those with which they were kept."""

from collections.abc import Mapping

from adapter.exchange.feeds.views import GapRow
from adapter.web.console.texts import Language

SWEDISH: Mapping[str, tuple[str, str]] = {
    "receivers": (
        "det är inte sagt vem som ska underrättas",
        "lägg till en regel under receivers i journalsystemets fil, eller låt händelsen namnge mottagarna",
    ),
    "route": (
        "ingen entydig väg leder till mottagaren",
        "lägg till en väg i katalogen, eller rätta receivers i journalsystemets fil",
    ),
    "unit": ("enhetens kod är inte känd", "lägg till koden under units i journalsystemets fil"),
    "estimate": ("beräknad utskrivning saknas", "ange beräknad utskrivning i journalsystemet"),
    "admission": ("tidpunkten för inskrivningen saknas", "låt journalsystemet skicka inskrivningen med sin tid"),
    "address": (
        "adressen saknas",
        "låt journalsystemet skicka adressen, eller namnge dess typ under adt.addresses",
    ),
    "name": ("namnet saknas", "låt journalsystemet skicka namnet"),
    "person": ("det är inte sagt vem det gäller", "låt journalsystemet skicka vem det gäller"),
    "assessor": (
        "det är inte sagt vem som bedömde att personen är utskrivningsklar",
        "låt journalsystemet skicka vem som bedömde",
    ),
    "ready": (
        "tidpunkten för utskrivningsklar saknas",
        "underrätta mottagarna på annat sätt om personen var utskrivningsklar, och avsluta luckan",
    ),
    "discharged": ("tidpunkten för utskrivningen saknas", "låt journalsystemet skicka utskrivningen med sin tid"),
    "need-assessed": (
        "tidpunkten då behovet bedömdes är inte entydig",
        "låt journalsystemet skicka tiden med tidszon",
    ),
    "need": (
        "insatser bedöms inte längre behövas, och mottagarna är underrättade",
        "underrätta mottagarna med ett allmänt meddelande, och avsluta luckan",
    ),
    "identity": (
        "händelserna gäller två personer",
        "ta reda på vems vårdtillfälle det är; makulera det i journalsystemet (A11) och skriv in på nytt",
    ),
    "readmission": (
        "en ny inskrivning kom under ett avslutat vårdtillfälles id",
        "låt journalsystemet ge det nya vårdtillfället ett eget id",
    ),
    "refused": (
        "ett meddelande skrevs och avvisades i vår egen dörr",
        "se det avvisade meddelandet, rätta journalsystemets fil eller källan",
    ),
    "unreadable": (
        "det som togs emot kan inte längre läsas",
        "rätta journalsystemets fil och läs in konfigurationen på nytt",
    ),
    "expunged": (
        "en händelse kom för ett vårdtillfälle vars tidigare händelser är gallrade",
        "se i journalsystemet, underrätta mottagarna på annat sätt vid behov, och avsluta luckan",
    ),
    "failed": ("ett fel i adaptern", "se adapterns logg och anmäl felet"),
}
"""Kind of gap → what is missing, and what to do."""


def gap_words(row: GapRow, language: Language) -> tuple[str, str]:
    """What is missing, and what to do, in the reader's language; of an unknown kind as it was kept."""
    kept = (row.reason, row.to_do)
    return SWEDISH.get(row.kind, kept) if language == "sv" else kept
