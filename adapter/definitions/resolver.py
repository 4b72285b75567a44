"""Looks up definitions by canonical URL in the packages that a site works with."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from adapter.definitions import store
from adapter.definitions.lock import Lock
from adapter.definitions.packages import Package
from adapter.support.errors import DefinitionsError


class _Place(NamedTuple):
    version: str | None
    resource_type: str
    found: tuple[store.Installed, int, int] | dict[str, Any]


class Definitions:
    """The resources of some packages, read when asked for; nothing is kept, the caller keeps what it compiles."""

    def __init__(
        self, packages: Sequence[store.Installed], extra: Iterable[dict[str, Any]] = (), warnings: Sequence[str] = ()
    ) -> None:
        """Later packages win over earlier ones, and `extra` resources over all, where two have the same URL."""
        self.packages: tuple[Package, ...] = tuple(installed.package for installed in packages)
        self.warnings: tuple[str, ...] = tuple(warnings)
        self._places: dict[str, list[_Place]] = {}
        for resource in extra:
            url, version = resource.get("url"), resource.get("version")
            if isinstance(url, str):
                place = _Place(
                    version if isinstance(version, str) else None, str(resource.get("resourceType")), resource
                )
                self._places.setdefault(url, []).append(place)
        for installed in reversed(packages):
            for resource_type, url, version, _, offset, length in installed.index():
                if url is not None:
                    place = _Place(version, resource_type, (installed, offset, length))
                    self._places.setdefault(url, []).append(place)

    def resource(self, canonical: str, resource_type: str | None = None) -> dict[str, Any] | None:
        """The resource with that canonical URL, which may end in `|version`; None where no package has it."""
        url, _, version = canonical.partition("|")
        for place in self._places.get(url, ()):
            if version in ("", place.version) and resource_type in (None, place.resource_type):
                return _read(place)
        return None

    def urls(self, resource_type: str) -> Iterator[str]:
        """Canonical URLs of all resources of a type."""
        for url, places in self._places.items():
            if any(place.resource_type == resource_type for place in places):
                yield url


def load(packages: Sequence[str], extra: Iterable[dict[str, Any]] = (), lock: Lock | None = None) -> Definitions:
    """The definitions of the packages (`id#version`) and of those that they depend on, as far as installed.

    A declared dependency that is not installed becomes a warning, for most packages name more than they use. Raises
    DefinitionsError, naming the command that mends it, where a package is missing, damaged or not the lock's.
    """
    order: list[store.Installed] = []
    warnings: list[str] = []
    seen: set[str] = set()

    def add(key: str, wanted_by: str | None) -> None:
        installed = store.find(key)
        if installed is None:
            if wanted_by is None:
                raise DefinitionsError(
                    f"the FHIR package {key} is not installed: run `adapter packages install SOURCE` "
                    "with its file or folder, or with its name and --registry URL"
                )
            warnings.append(f"{wanted_by} depends on {key}, which is not installed")
            return
        if installed.package.key in seen:
            return
        seen.add(installed.package.key)
        if lock is not None:
            lock.check(installed.package)
        for package_id, version in installed.package.dependencies.items():
            add(f"{package_id}#{version}", installed.package.key)
        order.append(installed)

    for key in packages:
        add(key, None)
    return Definitions(order, extra, warnings)


def _read(place: _Place) -> dict[str, Any]:
    if isinstance(place.found, dict):
        return place.found
    installed, offset, length = place.found
    return installed.read(offset, length)
