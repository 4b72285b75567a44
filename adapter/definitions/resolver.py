"""Looks up definitions by canonical URL in the packages that a site works with."""

from collections.abc import Iterable, Iterator, Sequence
from threading import RLock
from typing import Any, NamedTuple

from adapter.definitions import core, store
from adapter.definitions.lock import Lock
from adapter.definitions.packages import Package
from adapter.definitions.snapshot import Snapshots
from adapter.support.errors import DefinitionsError

_MAX_CHAIN = 64


class _Place(NamedTuple):
    version: str | None
    resource_type: str
    found: tuple[store.Installed, store.Row] | dict[str, Any]


class Definitions:
    """The resources of some packages. Read when asked for; of them only StructureDefinitions with snapshot are kept."""

    def __init__(
        self, packages: Sequence[store.Installed], extra: Iterable[dict[str, Any]] = (), warnings: Sequence[str] = ()
    ) -> None:
        """Later packages win over earlier ones, and `extra` resources over all, where two have the same URL."""
        self.packages: tuple[Package, ...] = tuple(installed.package for installed in packages)
        self.warnings: tuple[str, ...] = tuple(warnings)
        self.problems: list[str] = []
        """What is wrong about single elements of the structures that were asked for so far."""
        self._snapshots = Snapshots(lambda canonical: self.resource(canonical, "StructureDefinition"), self.problems)
        self._making = RLock()
        self._places: dict[str, list[_Place]] = {}
        for resource in extra:
            url, version = resource.get("url"), resource.get("version")
            if isinstance(url, str):
                place = _Place(
                    version if isinstance(version, str) else None, str(resource.get("resourceType")), resource
                )
                self._places.setdefault(url, []).append(place)
        for installed in reversed(packages):
            for row in installed.index():
                if row.url is not None:
                    place = _Place(row.version, row.resource_type, (installed, row))
                    self._places.setdefault(row.url, []).append(place)

    def resource(self, canonical: str, resource_type: str | None = None) -> dict[str, Any] | None:
        """The resource with that canonical URL, which may end in `|version`; None where no package has it."""
        place = self._place(canonical, resource_type)
        if place is None:
            return None
        if isinstance(place.found, dict):
            return place.found
        installed, row = place.found
        return installed.read(row)

    def has(self, canonical: str, resource_type: str | None = None) -> bool:
        """Whether `resource` would find one."""
        return self._place(canonical, resource_type) is not None

    def structure(self, canonical: str) -> dict[str, Any] | None:
        """The StructureDefinition with its snapshot, which is made where there is none; None where no package has it.

        What is wrong about single elements goes to `problems`. Raises DefinitionsError, naming package, file and
        element, where it is malformed.
        """
        with self._making:
            try:
                return self._snapshots.structure(canonical)
            except DefinitionsError as error:
                raise DefinitionsError(f"{self.origin(canonical)}: {error}") from error

    def origin(self, canonical: str) -> str:
        """Where a resource comes from, for people: package and file."""
        place = self._place(canonical, None)
        if place is None:
            return "in no package that is loaded"
        if isinstance(place.found, dict):
            return "among the definitions given"
        installed, row = place.found
        return f"{installed.package.key}, {row.file}"

    def urls(self, resource_type: str) -> Iterator[str]:
        """Canonical URLs of all resources of a type."""
        for url, places in self._places.items():
            if any(place.resource_type == resource_type for place in places):
                yield url

    def published(self, base: str, resource_type: str) -> Iterator[tuple[str, str]]:
        """(canonical with version, id) of each resource of a type whose URL begins with a base: of each URL, first the
        one that is found without a version."""
        for url, places in self._places.items():
            for place in places if url.startswith(base) else ():
                if place.resource_type == resource_type:
                    named = place.found.get("id") if isinstance(place.found, dict) else place.found[1].id
                    yield url if place.version is None else f"{url}|{place.version}", str(named or "")

    def _place(self, canonical: str, resource_type: str | None) -> _Place | None:
        """Of the version asked for; where that is only the beginning of one (`1.2` of `1.2.3`), the first such."""
        url, _, version = canonical.partition("|")
        places = [each for each in self._places.get(url, ()) if resource_type in (None, each.resource_type)]
        exact = (each for each in places if version in ("", each.version))
        partial = (each for each in places if (each.version or "").startswith(f"{version}."))
        return next(exact, None) or next(partial, None)


def load(packages: Sequence[str], extra: Iterable[dict[str, Any]] = (), lock: Lock | None = None) -> Definitions:
    """The definitions of the packages (`id#version`) and of those that they depend on, as far as installed.

    A declared dependency that is not installed becomes a warning, for most packages name more than they use. Raises
    DefinitionsError, naming the command that mends it, where a package is missing, damaged or not the lock's.
    """
    order: list[store.Installed] = []
    warnings: list[str] = []
    seen: set[str] = set()

    def add(key: str, wanted_by: tuple[str, ...]) -> None:
        installed = store.find(key)
        if installed is None:
            if not wanted_by:
                raise DefinitionsError(not_installed(key))
            warnings.append(f"{wanted_by[-1]} depends on {key}, which is not installed")
            return
        if installed.package.key in seen:
            return
        seen.add(installed.package.key)
        if len(wanted_by) > _MAX_CHAIN:
            raise DefinitionsError(f"{wanted_by[0]}: packages depend on each other in a chain longer than {_MAX_CHAIN}")
        if lock is not None:
            lock.check(installed.package)
        for package_id, version in installed.package.dependencies.items():
            add(f"{package_id}#{version}", (*wanted_by, installed.package.key))
        order.append(installed)

    for key in packages:
        add(key, ())
    return Definitions(order, extra, warnings)


def not_installed(key: str) -> str:
    """What is said of a package that is missing, with the command that brings it."""
    if key == core.KEY:
        return f"the FHIR package {key} is not installed: {core.HOW_TO_GET}"
    file = key.replace("#", "-")
    return (
        f"the FHIR package {key} is not installed: run `adapter packages install {file}.tgz` where you have its "
        f"archive, or `adapter packages install {key} --registry URL` to fetch it from a FHIR package registry"
    )
