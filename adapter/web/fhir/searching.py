"""Searches of what came to the caller's party: their parameters, their pages, and the addresses of the next page.

What names a person belongs in no URL: it is sent in a form, and the next page is fetched by a cursor, which says "about
the same person" and holds no number of one.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from adapter.exchange.pages import FIRST, MOST, PAGE, Place
from adapter.fhir import identifiers, instants
from adapter.web.errors import PARAMETER, Refused

_PERSON = ("patient:identifier", "subject:identifier")
_PERSONS = frozenset({"patient", "subject", "patient.identifier", "subject.identifier", *_PERSON})
_GENERAL = ("_format", "_pretty")
_NUMBER = re.compile(r"[0-9]{1,6}")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,80}")
_MOST_VALUES = 100
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Given:
    """The parameters of a search. `values` are those of the resource's own, by name."""

    values: Mapping[str, tuple[str, ...]]
    patient: tuple[str, str] | None
    since: datetime | None
    until: datetime | None
    count: int
    place: Place


def refuse_persons(in_url: Pairs, kind: str) -> None:
    if any(name in _PERSONS for name, _ in in_url):
        text = f"what names a person belongs in no URL: send patient:identifier in the form of POST {kind}/_search"
        raise Refused(400, PARAMETER, text)


def read(given: Pairs, searched: Mapping[str, str]) -> Given:
    """Raises Refused for a parameter that is neither in `searched` nor known to every search: to leave it out would
    find too much."""
    values: dict[str, tuple[str, ...]] = {}
    bounds: dict[str, datetime] = {}
    for name, value in given:
        if name == "_lastUpdated":
            bound, at = _bound(value)
            if bound in bounds:
                raise Refused(400, PARAMETER, "expected at most one _lastUpdated with ge and one with le")
            bounds[bound] = at
        elif name in (*searched, "_count", "_cursor", *_PERSON) and name not in values:
            values[name] = tuple(value.split(",", _MOST_VALUES))
        elif name not in _GENERAL:
            known = ", ".join([*searched, _PERSON[0], "_count", "_cursor"])
            raise Refused(400, PARAMETER, f"expected each of {known} once at most (_lastUpdated twice), no other")
    if any(len(each) > _MOST_VALUES for each in values.values()):
        raise Refused(400, PARAMETER, f"expected at most {_MOST_VALUES} values of a parameter")
    return Given(
        values=values,
        patient=_person([values[name] for name in _PERSON if name in values]),
        since=bounds.get("ge"),
        until=bounds.get("le"),
        count=_count(values.get("_count")),
        place=_place(values.get("_cursor")),
    )


def _bound(value: str) -> tuple[str, datetime]:
    """A `+` that was not encoded has come as a space."""
    at = instants.parse(value[2:].replace(" ", "+"))
    if value[:2] not in ("ge", "le") or at is None:
        raise Refused(400, PARAMETER, "expected _lastUpdated as ge or le and an instant with offset")
    return value[:2], at


def _count(values: tuple[str, ...] | None) -> int:
    if values is None:
        return PAGE
    if len(values) > 1 or not _NUMBER.fullmatch(values[0]):
        raise Refused(400, PARAMETER, "expected _count as a whole number")
    return min(int(values[0]), MOST)


def _person(given: list[tuple[str, ...]]) -> tuple[str, str] | None:
    if not given:
        return None
    system, bar, value = given[0][0].partition("|")
    if len(given) > 1 or len(given[0]) > 1 or not (system and bar and value):
        raise Refused(400, PARAMETER, "expected patient:identifier as system|value, once")
    return identifiers.normalised(system, value)


def _place(values: tuple[str, ...] | None) -> Place:
    if values is None:
        return FIRST
    with suppress(ValueError):
        written = values[0] if len(values) == 1 and _CURSOR.fullmatch(values[0]) else ""
        match json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))):
            case [int(after), bool(same_person)] if 0 < after < 10**18:
                return Place(after, same_person)
    raise Refused(400, PARAMETER, "the _cursor is none of ours: take it from the link next of the page before")


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([place.after, place.same_person]).encode()).decode().rstrip("=")


def searchset(entries: list[dict[str, Any]], following: Place | None, given: Pairs, address: str) -> dict[str, Any]:
    """The page as a Bundle; the links hold no parameter that names a person."""
    kept = [(name, value) for name, value in given if name not in (*_PERSONS, "_cursor", *_GENERAL)]
    links = [{"relation": "self", "url": _address(address, kept)}]
    if following is not None:
        links.append({"relation": "next", "url": _address(address, [*kept, ("_cursor", _cursor(following))])})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return bundle | ({"entry": entries} if entries else {})


def _address(address: str, pairs: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(pairs)}" if pairs else address
