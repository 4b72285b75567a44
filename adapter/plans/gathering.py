"""The plans of one patient from a FHIR server: the search, and what the plans refer to, read one by one.

The public guide of COSMIC Link promises a search by subject and profile and the reading of each care note by its id; it
names no include parameters, so none is used. Nothing outside the server's address is asked.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from adapter.fhir import identifiers
from adapter.fhir.shapes import obj, objects, text
from adapter.plans.cosmic_link import PROFILE
from adapter.support.errors import MappingError

Get = Callable[[str], dict[str, Any] | None]
"""Reads a resource at a URL; None where the server has none, or none for us."""

_NUMBER = re.compile(r"([0-9]{2})?[0-9]{6}-?[0-9]{4}")
_MOST_PAGES = 20
_MOST_READS = 300
_ENDS = frozenset({"Patient", "Encounter", "EpisodeOfCare"})
"""Types whose own references are not followed: they lead to the whole record."""


def gather(get: Get, base: str, subject: str, since: str | None = None) -> dict[str, Any]:
    """One Bundle of the plans (those updated at `since` or later, where it is given) and of what they refer to.
    `subject` is the patient's id on that server, never a person's number: it stands in a URL. Raises MappingError for
    one, and where there is more than a plan can need."""
    base = base.rstrip("/")
    if not identifiers.is_id(subject) or _NUMBER.fullmatch(subject):
        raise MappingError("the subject is the patient's FHIR id on the server: a person's number is not put in a URL")
    entries: dict[str, dict[str, Any]] = {}
    for resource in _search(get, base, subject, since):
        entries[f"{base}/{resource.get('resourceType')}/{resource.get('id')}"] = resource
    waiting = deque(url for resource in list(entries.values()) for url in _targets(resource, base))
    reads = 0
    while waiting:
        url = waiting.popleft()
        if url in entries:
            continue
        reads += 1
        if reads > _MOST_READS:
            raise MappingError(f"the plans refer to more than {_MOST_READS} resources")
        found = get(url)
        if found is not None:
            if found.get("resourceType") != url.removeprefix(f"{base}/").partition("/")[0]:
                raise MappingError("a reading was not answered with a resource of the type that was asked for")
            entries[url] = found
            waiting += _targets(found, base)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries.items()],
    }


def _search(get: Get, base: str, subject: str, since: str | None) -> Iterator[dict[str, Any]]:
    url: str | None = f"{base}/CarePlan?subject={quote(subject)}&_profile={quote(PROFILE, safe='')}"
    if since is not None:
        url = f"{url}&_lastUpdated=ge{quote(since, safe='')}"
    for _ in range(_MOST_PAGES):
        page = get(url) if url else None
        if page is None:
            return
        if page.get("resourceType") != "Bundle":
            raise MappingError("the search was not answered with a Bundle")
        for entry in objects(page.get("entry")):
            found = obj(entry.get("resource"))
            if obj(entry.get("search")).get("mode") != "outcome" and text(found.get("id")):
                if text(found.get("resourceType")) is None:
                    raise MappingError("Bundle.entry: the search holds what is no resource")
                yield found
        links = {text(link.get("relation")): text(link.get("url")) for link in objects(page.get("link"))}
        url = links.get("next")
        if url is not None and not url.startswith((f"{base}/", f"{base}?")):
            raise MappingError("Bundle.link: the next page is at another address than the server's")
        if url is not None and _names_person(url):
            raise MappingError("Bundle.link: the address of the next page holds a person's number: it is not asked")
        if url is None:
            return
    raise MappingError(f"the search has more than {_MOST_PAGES} pages")


def _names_person(url: str) -> bool:
    """Whether a value of the query reads like a person's number."""
    values = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return any(_NUMBER.fullmatch(part) for _, value in values for part in re.split(r"[|,/]", value))


def _targets(resource: dict[str, Any], base: str) -> list[str]:
    """The addresses on the server that a resource refers to."""
    if resource.get("resourceType") in _ENDS:
        return []
    found: list[str] = []
    waiting: deque[Any] = deque([resource])
    while waiting:
        value = waiting.popleft()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            reference = (text(value.get("reference")) or "").partition("/_history/")[0]
            relative = reference.removeprefix(f"{base}/")
            kind, _, name = relative.partition("/")
            if kind.isalpha() and identifiers.is_id(name) and not _NUMBER.fullmatch(name):
                found.append(f"{base}/{relative}")
            waiting += value.values()
    return found
