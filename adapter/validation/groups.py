"""What references are resolved in: the entries of a Bundle, the resources of a Parameters; found in constant time."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from adapter.fhir.shapes import obj, objects, text
from adapter.validation.primitives import is_absolute

_RELATIVE = re.compile(r"(?P<target>[A-Za-z]{1,64}/[^/\s]{1,64})(?P<version>/_history/[^/\s]{1,64})?")

Resource = dict[str, Any]
Entry = dict[str, Any]


class Link(NamedTuple):
    """What a reference leads to by the rules for documents and messages, where an entry's own type and id must end its
    fullUrl for it to be a base. `named`: only type and id led there, so that by the rules it leads nowhere."""

    resources: list[Resource]
    named: bool


class Target:
    """Where a reference leads: a resource, or nowhere that is known. `place` is contained, bundled or referenced."""

    __slots__ = ("place", "resource", "type")

    def __init__(self, resource: dict[str, Any] | None, place: str, type_: str | None) -> None:
        self.resource = resource
        self.place = place
        self.type = type_


class Group:
    """The resources of a Bundle by fullUrl and by type and id; of Parameters by type and id. `place` is where they are,
    seen from a resource of it; `beside` holds what was given beside the container."""

    def __init__(self, container: Resource, place: str = "bundled", beside: "Group | None" = None) -> None:
        self.place = place
        self.beside = beside
        self.is_bundle = container.get("resourceType") == "Bundle"
        kind = container.get("type")
        self.type: str = kind if isinstance(kind, str) else ""
        self.entries: list[Entry] = objects(container.get("entry")) if self.is_bundle else []
        self.links = objects(container.get("link"))
        self.targets: dict[str, Target] = {}
        """Where absolute references lead, once it was asked: the same from every entry."""
        self.plain: dict[str, list[Resource]] = {}
        """Absolute references of which there is nothing to say but where they lead."""
        self._by_url: dict[str, list[Resource]] = {}
        self._by_name: dict[str, list[Resource]] = {}
        for entry in self.entries:
            self._add(obj(entry.get("resource")), text(entry.get("fullUrl")))
        if not self.is_bundle:
            self._parameters(container.get("parameter"))

    @classmethod
    def given(cls, resources: Iterable[Resource]) -> "Group":
        """Resources that are given beside the one that is looked at."""
        parameters = [{"resource": each} for each in resources]
        return cls({"resourceType": "Parameters", "parameter": parameters}, "referenced")

    def _add(self, resource: Resource, url: str | None) -> None:
        if not resource:
            return
        version = text(obj(resource.get("meta")).get("versionId"))
        places = [(self._by_url, url)]
        if isinstance(resource.get("id"), str):
            places.append((self._by_name, f"{resource.get('resourceType')}/{resource['id']}"))
        for index, key in places:
            if key is not None:
                index.setdefault(key, []).append(resource)
                if version is not None:
                    index.setdefault(f"{key}/_history/{version}", []).append(resource)

    def _parameters(self, found: object) -> None:
        waiting = objects(found)
        while waiting:
            parameter = waiting.pop()
            self._add(obj(parameter.get("resource")), None)
            waiting += objects(parameter.get("part"))

    def resolve(self, url: str, entry: Entry | None) -> list[Resource]:
        """The resources that a reference in the resource of an entry leads to: one, where all is well."""
        if "#" in url:
            url = url.partition("#")[0]
        if not self.is_bundle:
            return self._by_name.get(url, [])
        if is_absolute(url):
            return self._by_url.get(url, [])
        full_url = text(obj(entry).get("fullUrl"))
        if full_url is None or not _RELATIVE.fullmatch(url):
            return []
        if full_url.startswith("urn:"):
            return self._by_url.get(full_url[: full_url.rfind(":") + 1] + url.partition("/")[2], [])
        return self._by_url.get(full_url.rsplit("/", 2)[0] + "/" + url, [])

    def link(self, url: str, entry: Entry) -> Link:
        """As `resolve`, by the stricter rules for documents and messages."""
        url = url.partition("#")[0]
        if is_absolute(url):
            return Link(self._by_url.get(url, []), named=False)
        base = base_of(entry)
        if base is not None and (found := self._by_url.get(base + url)):
            return Link(found, named=False)
        match = _RELATIVE.fullmatch(url)
        return Link(self._by_name.get(match["target"], []) if match else [], named=True)


def base_of(entry: Entry) -> str | None:
    """The base URL of an entry's fullUrl, where that is the URL of its resource on a server; the empty text where the
    fullUrl is relative, which is wrong in itself."""
    url, resource = text(entry.get("fullUrl")), obj(entry.get("resource"))
    name = f"{resource.get('resourceType')}/{resource.get('id')}"
    if url is None or (url != name and not (url.startswith(("http://", "https://")) and url.endswith(f"/{name}"))):
        return None
    return url[: -len(name)]
