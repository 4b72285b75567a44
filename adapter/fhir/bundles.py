"""A message Bundle, read without trusting its shape.

References are resolved as FHIR R4 says for Bundles (2.36.4): `#id` among the contained resources, an absolute URL or
URN by fullUrl, `Type/id` against the base of the fullUrl of the entry that holds it.
"""

import re
from functools import cached_property
from typing import Any, TypeVar

from adapter.fhir import canonical, identifiers
from adapter.fhir.shapes import every_object, obj, objects, text

_RESTFUL = re.compile(r"(?P<base>https?://.+/)[A-Z][A-Za-z]*/[A-Za-z0-9\-.]{1,64}")
_RELATIVE = re.compile(r"[A-Z][A-Za-z]*/[A-Za-z0-9\-.]{1,64}")
_VERSION = "/_history/"
_T = TypeVar("_T")


class MessageBundle:
    """Wraps a parsed Bundle of any shape. What is malformed reads as absent; whether it is allowed is asked of
    `validation.messages`. The wrapped dict is not copied and must not change while it is wrapped."""

    def __init__(self, bundle: Any) -> None:
        self.bundle = obj(bundle)
        # By the identity of a resource that stands beside, so that the identity cannot pass to another one.
        self._known_units: dict[int, tuple[dict[str, Any], tuple[list[str], list[str]]]] = {}
        self._known_contained: dict[int, tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]] = {}

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """Every entry at its own index; one that is not an object is empty."""
        written = self.bundle.get("entry")
        return [obj(entry) for entry in written] if isinstance(written, list) else []

    @cached_property
    def resources(self) -> list[dict[str, Any]]:
        """The resource of each entry at the entry's index; empty where there is none."""
        return [obj(entry.get("resource")) for entry in self.entries]

    @cached_property
    def all_objects(self) -> list[dict[str, Any]]:
        """The Bundle and the JSON objects in it at any depth, as `every_object` gives them."""
        return every_object(self.bundle)

    def of_type(self, resource_type: str) -> list[dict[str, Any]]:
        """The resources of a type among the entries, in order."""
        return [resource for _, resource in self._of_types.get(resource_type, ())]

    def placed(self, resource_type: str) -> list[tuple[str, dict[str, Any]]]:
        """As `of_type`, each with its FHIRPath location from Bundle on."""
        return [
            (f"Bundle.entry[{index}].resource", resource) for index, resource in self._of_types.get(resource_type, ())
        ]

    @cached_property
    def _of_types(self) -> dict[str, list[tuple[int, dict[str, Any]]]]:
        found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for index, resource in enumerate(self.resources):
            if name := text(resource.get("resourceType")):
                found.setdefault(name, []).append((index, resource))
        return found

    @cached_property
    def header(self) -> dict[str, Any]:
        """The first MessageHeader, wherever it stands; empty without one."""
        return next(iter(self.of_type("MessageHeader")), {})

    @cached_property
    def event(self) -> str | None:
        """The code of eventCoding where it is in our event code system: a code of another system is not our event."""
        coding = obj(self.header.get("eventCoding"))
        return text(coding.get("code")) if coding.get("system") == canonical.EVENT else None

    @cached_property
    def profile(self) -> str | None:
        """The canonical of the profile that a message of its event must keep, whether or not there is one; None
        without an event. With a version where Bundle.meta.profile claims one, or the extended admission notice."""
        if self.event is None:
            return None
        wanted = [f"{canonical.MESSAGE_PROFILE}{self.event}"]
        wanted += [canonical.EXTENDED_NOTICE] if self.event == canonical.NOTICE else []
        claims = obj(self.bundle.get("meta")).get("profile")
        for claim in claims if isinstance(claims, list) else ():
            if isinstance(claim, str) and claim.partition("|")[0] in wanted:
                return claim
        return wanted[0]

    @property
    def is_extended(self) -> bool:
        """Whether it is an admission notice that claims to hold more than the statutory minimum."""
        return (self.profile or "").partition("|")[0] == canonical.EXTENDED_NOTICE

    @property
    def header_id(self) -> str | None:
        return text(self.header.get("id"))

    @property
    def bundle_id(self) -> str | None:
        return text(self.bundle.get("id"))

    @property
    def timestamp(self) -> str | None:
        """Bundle.timestamp as written: when the sender sent the message."""
        return text(self.bundle.get("timestamp"))

    @property
    def response(self) -> dict[str, Any]:
        """MessageHeader.response; empty where the message is no technical acknowledgement."""
        return obj(self.header.get("response"))

    @property
    def focus(self) -> list[dict[str, Any]]:
        """The focus resources that are in the Bundle, in order."""
        found = (self.resolve(focus, self.header_entry) for focus in objects(self.header.get("focus")))
        return [resource for resource in found if resource is not None]

    @cached_property
    def destinations(self) -> list[dict[str, Any]]:
        """MessageHeader.destination, each at its own index; one that is not an object is empty."""
        written = self.header.get("destination")
        return [obj(destination) for destination in written] if isinstance(written, list) else []

    def destination_receivers(self) -> list[tuple[int, str | None, str | None]]:
        """(index, HSA-id, kommunkod) of each destination's receiver; None for what it does not name."""
        return [
            (index, *self.units_of(destination.get("receiver"), self.header_entry))
            for index, destination in enumerate(self.destinations)
        ]

    @property
    def sender(self) -> dict[str, Any] | None:
        """The Organization that sends; one that is named only by identifier reads as an Organization with it."""
        return self.organization(self.header.get("sender"), self.header_entry)

    @cached_property
    def own_provenances(self) -> list[tuple[str, dict[str, Any]]]:
        """The Provenances that target this message's header, with their locations; others tell of earlier messages."""
        return [
            (f"Bundle.entry[{index}].resource", resource)
            for index, (entry, resource) in enumerate(zip(self.entries, self.resources, strict=True))
            if resource.get("resourceType") == "Provenance"
            and any(self._is_own(target, entry) for target in objects(resource.get("target")))
        ]

    def _is_own(self, target: dict[str, Any], within: dict[str, Any]) -> bool:
        name = f"urn:uuid:{self.header_id}"
        named = obj(target.get("identifier")).get("value") == name or target.get("reference") == name
        return bool(self.header) and (named or self.resolve(target, within) is self.header)

    def organization(self, reference: object, within: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """The Organization of a Reference, resolved or logical; None where it names none."""
        found = self.resolve(reference, within)
        if found is not None:
            return found if found.get("resourceType") == "Organization" else None
        identifier = obj(obj(reference).get("identifier"))
        if text(obj(reference).get("reference")) is None and text(identifier.get("value")):
            return {"resourceType": "Organization", "identifier": [identifier]}
        return None

    def hsa_of(self, reference: object, within: dict[str, Any] | None = None) -> str | None:
        """The HSA-id (either OID form) of a Reference, else its kommunkod; None where it names none or several."""
        hsa, municipality = self.units_of(reference, within)
        return hsa or municipality

    def units_of(self, reference: object, within: dict[str, Any] | None = None) -> tuple[str | None, str | None]:
        """(HSA-id, kommunkod) of a Reference. Two different values of one kind give None: none is chosen."""
        hsa, municipality = self._units_once(self.organization(reference, within) or {})
        if identifier := obj(obj(reference).get("identifier")):
            own_hsa, own_municipality = _units({"identifier": [identifier]})
            hsa = list(dict.fromkeys(hsa + own_hsa))
            municipality = list(dict.fromkeys(municipality + own_municipality))
        return _only(hsa), _only(municipality)

    def _units_once(self, organization: dict[str, Any]) -> tuple[list[str], list[str]]:
        """Read once for each Organization: thousands of references may lead to one with thousands of identifiers."""
        kept, units = self._known_units.get(id(organization), (None, ([], [])))
        if kept is not organization:
            units = _units(organization)
            self._known_units[id(organization)] = (organization, units)
        return units

    def resolve(self, reference: object, within: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """The resource that a Reference leads to in this Bundle, None where it leads nowhere.

        `within` is the entry that holds the reference. Without it, `Type/id` and `#id` are looked up from every entry
        and lead somewhere only where all that are found are one.
        """
        url = text(obj(reference).get("reference"))
        if url is None:
            return None
        if url.startswith("#"):
            holders = self.entries if within is None else [within]
            return _only([found for holder in holders for found in self._contained(holder, url)])
        url, _, version = url.partition(_VERSION)
        if url.startswith("urn:"):
            return self._at(url, version)
        urls = [url]
        if _RELATIVE.fullmatch(url):
            urls = [base + url for base in (self._bases if within is None else _bases([within]))]
        return _only([found for each in urls if (found := self._at(each, version)) is not None])

    @cached_property
    def header_entry(self) -> dict[str, Any]:
        """The entry that holds `header`: what the header's references are resolved within."""
        return next((entry for entry in self.entries if entry.get("resource") is self.header), {})

    @cached_property
    def _bases(self) -> list[str]:
        return _bases(self.entries)

    @cached_property
    def _by_url(self) -> dict[str, list[dict[str, Any]]]:
        index: dict[str, list[dict[str, Any]]] = {}
        for entry, resource in zip(self.entries, self.resources, strict=True):
            url = text(entry.get("fullUrl"))
            if url and resource:
                index.setdefault(url, []).append(resource)
        return index

    def _contained(self, entry: dict[str, Any], fragment: str) -> list[dict[str, Any]]:
        resource = obj(entry.get("resource"))
        if fragment == "#":
            return [resource] if resource else []
        kept, index = self._known_contained.get(id(resource), (None, {}))
        if kept is not resource:
            index = _contained_by_id(resource)
            self._known_contained[id(resource)] = (resource, index)
        return index.get(fragment[1:], [])

    def _at(self, url: str, version: str) -> dict[str, Any] | None:
        found = self._by_url.get(url, [])
        if version:
            found = [resource for resource in found if obj(resource.get("meta")).get("versionId") == version]
        return found[0] if found else None


def _bases(entries: list[dict[str, Any]]) -> list[str]:
    """The distinct service bases of the entries' fullUrls; a URN has none."""
    matches = (_RESTFUL.fullmatch(text(entry.get("fullUrl")) or "") for entry in entries)
    return list(dict.fromkeys(match["base"] for match in matches if match))


def _units(organization: dict[str, Any]) -> tuple[list[str], list[str]]:
    """HSA-ids and kommunkoder; no more than two of each, for two are already too many."""
    return (
        identifiers.values(organization, canonical.HSA, canonical.HSA_RIV)[:2],
        identifiers.values(organization, canonical.MUNICIPALITY)[:2],
    )


def _contained_by_id(resource: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    index: dict[str, list[dict[str, Any]]] = {}
    for contained in objects(resource.get("contained")):
        if name := text(contained.get("id")):
            index.setdefault(name, []).append(contained)
    return index


def _only(found: list[_T]) -> _T | None:
    return found[0] if len(found) == 1 else None
