"""Which format a body is in and which one the caller wants: FHIR R4 `http.html#mime-type`, RFC 9110 12.5.1."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.requests import Request

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml


class Format(StrEnum):
    """The two ways to write a resource."""

    JSON = "json"
    XML = "xml"


@dataclass(frozen=True)
class Offer:
    """A media type that we can answer with."""

    media_type: str
    format: Format

    def write(self, resource: dict[str, Any]) -> bytes:
        return fhir_xml.serialize(resource) if self.format is Format.XML else fhir_json.serialize(resource)


FHIR_JSON = Offer("application/fhir+json", Format.JSON)
FHIR_XML = Offer("application/fhir+xml", Format.XML)
# in order of preference, where the caller has none
OFFERS = (
    FHIR_JSON,
    FHIR_XML,
    Offer("application/json", Format.JSON),
    Offer("application/xml", Format.XML),
    Offer("text/xml", Format.XML),
)
READABLE = {offer.media_type: offer.format for offer in OFFERS}
"""The media types that a FHIR body may be in."""

_SHORT = {"json": FHIR_JSON, "xml": FHIR_XML, "text/json": FHIR_JSON}
_FHIR_VERSIONS = ("4.0", "4.0.1")


class NotAcceptable(Exception):  # noqa: N818 - an answer, not a failure
    """None of the formats that the caller can read is one that we write."""


class UnsupportedMediaType(Exception):  # noqa: N818 - an answer, not a failure
    """The body is in a form that we do not read. The message says what was expected."""


def content_format(content_type: str | None, encoding: str | None, readable: dict[str, Format] = READABLE) -> Format:
    """The format of a body with these Content-Type and Content-Encoding headers. Raises UnsupportedMediaType."""
    expected = " or ".join(readable)
    if encoding and encoding.strip().lower() != "identity":
        raise UnsupportedMediaType("Content-Encoding is not supported: send the body uncompressed")
    if not content_type:
        raise UnsupportedMediaType(f"Content-Type is missing: expected {expected}")
    media_type, parameters = _media_range(content_type)
    if media_type not in readable:
        raise UnsupportedMediaType(f"this Content-Type is not supported: expected {expected}")
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("this charset is not supported: expected utf-8")
    _check_version(parameters)
    return readable[media_type]


def answer_format(request: Request) -> Offer:
    """The media type to answer with: `_format` overrides `Accept`; with no wish, the format that the caller writes.

    Raises NotAcceptable.
    """
    wish = request.query_params.get("_format")
    if wish is not None:
        return _named(wish)
    preferred = _own_format(request)
    wishes = _wishes(request)
    best = max(OFFERS, key=lambda offer: (_quality(offer.media_type, wishes), offer.format is preferred))
    if _quality(best.media_type, wishes) == 0:
        raise NotAcceptable
    return best


def accepts(request: Request, *media_types: str) -> bool:
    """Whether the caller can read one of these media types."""
    wishes = _wishes(request)
    return any(_quality(media_type, wishes) > 0 for media_type in media_types)


def _own_format(request: Request) -> Format:
    media_type, _ = _media_range(request.headers.get("content-type", ""))
    return READABLE.get(media_type, Format.JSON)


def _named(wish: str) -> Offer:
    # a plus sign in a query string that was not escaped arrives as a space
    media_type, parameters = _media_range(wish.strip().replace("fhir ", "fhir+"))
    if parameters.get("fhirversion", "4.0") not in _FHIR_VERSIONS:
        raise NotAcceptable
    named = {offer.media_type: offer for offer in OFFERS} | _SHORT
    if media_type not in named:
        raise NotAcceptable
    return named[media_type]


def _wishes(request: Request) -> list[tuple[str, float]]:
    """(media range, quality) of each element of Accept that can be read; without Accept anything goes."""
    ranges = [text for line in request.headers.getlist("accept") for text in line.split(",") if text.strip()]
    if not ranges:
        return [("*/*", 1.0)]
    return [parsed for text in ranges if (parsed := _wish(text)) is not None]


def _wish(text: str) -> tuple[str, float] | None:
    """(media range, quality) of one element of Accept; None where it cannot be read or asks for another FHIR."""
    media_range, parameters = _media_range(text)
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return None
    if not 0 <= quality <= 1 or parameters.get("fhirversion", "4.0") not in _FHIR_VERSIONS:
        return None
    return media_range, quality


def _quality(media_type: str, wishes: list[tuple[str, float]]) -> float:
    """What the most specific of the matching ranges says of the media type; 0 where none matches."""
    main_type = media_type.partition("/")[0]
    for media_range in (media_type, f"{main_type}/*", "*/*"):
        found = [quality for wished, quality in wishes if wished == media_range]
        if found:
            return max(found)
    return 0


def _media_range(text: str) -> tuple[str, dict[str, str]]:
    """The media type or range in lower case, and its parameters with names in lower case."""
    media_type, *rest = text.split(";")
    pairs = (parameter.partition("=") for parameter in rest)
    return media_type.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _check_version(parameters: dict[str, str]) -> None:
    if parameters.get("fhirversion", "4.0") not in _FHIR_VERSIONS:
        raise UnsupportedMediaType("this fhirVersion is not supported: expected 4.0")
