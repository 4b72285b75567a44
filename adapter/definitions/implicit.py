"""Code systems that no package lists: standards whose codes are decided by their form and by small, stable tables.

Each table says which edition of which list it holds. Two lists are not here: the countries of ISO 3166-1 (R4's own
value set lists them) and the zones of the IANA time zone database (of the system, or tzdata).

A code is refused only where its form, or a closed list, rules it out; what a registry beyond these would have to say is
undecided.
"""

import re
from collections.abc import Callable
from functools import cache
from zoneinfo import available_timezones

from adapter.definitions.verdicts import YES, Verdict
from adapter.fhirpath import ucum

# BCP 47: the primary languages of two letters in the IANA Language Subtag Registry (File-Date 2025-08-25): the
# 184 of ISO 639-1, to which none has been added since 2003, sh, and in, iw, ji, jw and mo, which it deprecates.
# Held against that registry, name by name.
_ISO_639 = """\
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji
jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb
nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr
ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_LANGUAGES = frozenset(_ISO_639.split())
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+|i-[a-z]{2,10}",
    re.ASCII | re.IGNORECASE,
)
_MAX_TAG = 100

# ISO 4217, list one as its maintenance agency (SIX) published it on 2024-06-25: currencies, funds, metals, codes for
# testing; and HRK, SLL and ZWL, which list three has as withdrawn in 2023 and 2024. Held against these lists, code by
# code. What is later is undecided, not refused.
_ISO_4217 = """\
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU
XTS XUA XXX YER ZAR ZMW ZWG ZWL
"""
_CURRENCIES = frozenset(_ISO_4217.split())
# The top-level types of the IANA registry of media types (RFC 6838, 8081, 9695); a subtype by its form alone.
_MEDIA_TYPE = re.compile(
    r"(?:application|audio|example|font|haptics|image|message|model|multipart|text|video)/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
    r'(?:\s*;\s*[a-z0-9!#$&^_.+-]{1,127}=(?:[a-z0-9!#$%&\'*+.^_`|~:/?@-]{1,200}|"[^"\\\x00-\x1f]{0,200}"))*',
    re.ASCII | re.IGNORECASE,
)
_UNIT = re.compile(
    r"(?:[!-z|~]|\{[ -z|~]*\})+", re.ASCII
)  # no blanks, but for those in {annotations} of published codes
_MAX_UNIT = 200
_FHIR_FORMATS = frozenset({"json", "xml", "ttl"})
_COUNTRY = re.compile(r"[A-Z]{2}|[A-Z]{3}|[0-9]{3}|[A-Z]{2}-[A-Z0-9]{1,3}", re.ASCII)

Decide = Callable[[str], Verdict]


def _no(what: str) -> Verdict:
    return Verdict(False, f"this is not {what}")


def _unknown(what: str) -> Verdict:
    return Verdict(None, f"it has the form of {what}; the registry that lists them is not held here")


def language(code: str) -> Verdict:
    """BCP 47 (RFC 5646): well-formed, with a primary language of ISO 639-1; of three letters it is undecided."""
    match = _TAG.fullmatch(code) if len(code) <= _MAX_TAG else None
    if match is None:
        return _no("a language tag of BCP 47, as sv or sv-SE")
    primary = (match["language"] or "").partition("-")[0].lower()
    if primary in _LANGUAGES or code[:2].lower() == "x-":
        return YES
    if len(primary) in (0, 3):
        return _unknown("a language tag")
    return Verdict(False, "the tag's language is not one of ISO 639-1")


def currency(code: str) -> Verdict:
    """ISO 4217: three capitals; those beyond the list held here are undecided."""
    if code in _CURRENCIES:
        return YES
    return _unknown("a currency") if re.fullmatch("[A-Z]{3}", code) else _no("a currency of ISO 4217, as SEK")


def media_type(code: str) -> Verdict:
    """BCP 13 (RFC 6838): a registered top-level type and a well-formed subtype. FHIR's short forms json, xml and ttl,
    which CapabilityStatement.format takes, count too."""
    matches = code in _FHIR_FORMATS or (len(code) <= 1000 and _MEDIA_TYPE.fullmatch(code))
    return YES if matches else _no("a media type of BCP 13, as text/plain")


def country(code: str) -> Verdict:
    """ISO 3166: by form. The two-letter codes are listed by a value set of the R4 core package."""
    return _unknown("a country's code") if _COUNTRY.fullmatch(code) else _no("a code of ISO 3166, as SE")


def unit(code: str) -> Verdict:
    """UCUM: yes for what can be read as a unit; one of an atom that is not known here is undecided."""
    if len(code) > _MAX_UNIT or not _UNIT.fullmatch(code):
        return _no("a unit of UCUM, as mg/dL")
    try:
        ucum.unit(code)
    except ucum.UnitError as error:
        return Verdict(None, f"{error}, as far as units are known here")
    return YES


def time_zone(code: str) -> Verdict:
    """The IANA time zone database, closed."""
    return YES if code in _time_zones() else _no("a zone of the IANA database, as Europe/Stockholm")


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


SYSTEMS: dict[str, Decide] = {
    "urn:ietf:bcp:47": language,
    "urn:iso:std:iso:4217": currency,
    "urn:ietf:bcp:13": media_type,
    "urn:iso:std:iso:3166": country,
    "http://unitsofmeasure.org": unit,
    "https://www.iana.org/time-zones": time_zone,
}
"""What decides on the codes of each such system."""
