"""`adapter check`: is the configuration right, and if not, where and why."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import context, output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json
from adapter.support.errors import AdapterError, ConfigurationError, DefinitionsError, MappingError, Problem

if TYPE_CHECKING:
    from adapter.definitions import Definitions
    from adapter.directory import Directory, Endpoint, Inbox
    from adapter.support.settings import Settings


def check(
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
    strict: Annotated[bool, typer.Option(help="Warnings count as problems.")] = False,
) -> None:
    """Check settings, directory, mappings and secrets. Status 0: all is well; 1: problems; 2: cannot be read."""
    problems, warnings = examine(config)
    if as_json:
        output.print_json({"ok": not problems, "problems": listed(problems), "warnings": listed(warnings)})
    else:
        for line in (*map(shown, problems), *(f"warning: {shown(warning)}" for warning in warnings)):
            typer.echo(output.printable(line))
        typer.echo(_summary(len(problems), len(warnings)))
    if problems or (strict and warnings):
        raise typer.Exit(1)


def examine(config: Path) -> tuple[list[Problem], list[Problem]]:
    """Problems and warnings of a configuration. Raises AdapterError where adapter.toml cannot be read."""
    try:
        settings = context.settings(config)
    except ConfigurationError as error:
        return error.problems, []
    from adapter.exchange import reaching

    missing, doubtful = packages(settings)
    problems = [*_certificate(settings), *missing, *_terminology(settings)]
    try:
        settings.pseudonym_keys()
    except ConfigurationError as error:
        problems += error.problems
    ending: list[Problem] = []
    try:
        ending = ending_suppressions(settings)
    except ConfigurationError as error:
        problems += error.problems
    try:
        directory = _directory(settings)
    except ConfigurationError as error:
        return problems + error.problems, []
    problems += directory.secret_problems() + reaching.problems(directory)
    problems += _mappings(settings, directory) + _feeds(settings, directory) + _agreements(settings)
    problems += _cosmic_link(settings, directory) + _plan_sources(settings, directory) + _patience(settings)
    problems += _alerts(settings, directory)
    return problems, [
        *doubtful,
        *ending,
        *_open_keys(settings),
        *directory.warnings,
        *_unknown_caregivers(settings, directory),
        *_left_behind(settings, directory),
        *_in_the_clear(settings),
        *_untold(settings),
    ]


def ending_suppressions(settings: "Settings") -> list[Problem]:
    """The suppressions that have ended, or end soon. Raises ConfigurationError where their file is wrong."""
    if settings.validation.suppressions is None:
        return []
    from adapter.support.clock import SystemClock, swedish_day
    from adapter.validation.suppressions import Suppressions

    today = swedish_day(SystemClock().now())
    return Suppressions.load(settings.validation.suppressions, today).ending(today)


def _feeds(settings: "Settings", directory: "Directory") -> list[Problem]:
    """What is wrong with the files of feeds."""
    from adapter.feeds import files

    try:
        files.load(settings.feeds.folder, directory.hsa_ids, directory.addresses)
    except ConfigurationError as error:
        return error.problems
    return []


def _agreements(settings: "Settings") -> list[Problem]:
    """What is wrong with the files of agreements; steps of their ladders whose channel is no recipient of alerts."""
    from adapter.exchange import agreements

    folder = settings.agreements.folder
    try:
        found = agreements.load(folder)
    except ConfigurationError as error:
        return error.problems
    known = {"operations", *(each.id for each in settings.alerts.recipients)}
    unknown = {(f"{each.id} {each.version}", step.channel) for each in found for step in each.escalation}
    return [
        Problem(folder, None, f"{name}: escalation.channel '{channel}' is no id of alerts.recipients, nor operations")
        for name, channel in sorted(unknown)
        if folder is not None and channel not in known
    ]


def _cosmic_link(settings: "Settings", directory: "Directory") -> list[Problem]:
    name = settings.cosmic_link.endpoint
    if name is None or (name in directory.endpoints and directory.endpoints[name].channel == "fhir"):
        return []
    reason = "cosmic_link.endpoint: expected an endpoint of the directory with channel fhir"
    return [Problem(settings.file, settings.line("cosmic_link", "endpoint"), reason)]


def _alerts(settings: "Settings", directory: "Directory") -> list[Problem]:
    from adapter.exchange.alerts import configured

    return configured.problems(settings, directory)


def _untold(settings: "Settings") -> list[Problem]:
    """Where nobody is told of alarms, though people depend on it."""
    if settings.environment != "production" or settings.alerts.recipients:
        return []
    reason = "alerts.recipients names nobody: alarms are seen only by who looks at `adapter status`"
    return [Problem(settings.file, settings.line("alerts"), reason)]


def _patience(settings: "Settings") -> list[Problem]:
    from adapter.exchange import patience

    return patience.problems(settings)


def _plan_sources(settings: "Settings", directory: "Directory") -> list[Problem]:
    """What of the systems whose plans are fetched does not fit the directory."""
    from adapter.exchange.plans import sources
    from adapter.support.clock import SystemClock, swedish_day

    return sources.problems(settings, directory, swedish_day(SystemClock().now()))


def _unknown_caregivers(settings: "Settings", directory: "Directory") -> list[Problem]:
    """Where plans are shown to others, who must be able to tell the caregiver of each (spärr, PDL)."""
    if settings.riv.source_system is None:
        return []
    reason = "has no hsa: who reads its plans by GetCarePlans cannot tell the caregiver"
    parties = (party for party in directory.parties.values() if party.hsa is None and party.kind != "operator")
    return [Problem(settings.directory.folder, None, f"the party '{party.id}' {reason}") for party in parties]


def _in_the_clear(settings: "Settings") -> list[Problem]:
    """Where what is kept would travel between machines for all to read."""
    if not settings.database.in_the_clear:
        return []
    reason = "database.url: what is kept would travel without encryption: add sslmode=verify-full and sslrootcert"
    return [Problem(settings.file, settings.line("database", "url"), reason)]


def _terminology(settings: "Settings") -> list[Problem]:
    """What is wrong with the certificates and the token for the terminology server."""
    from adapter.support import tls

    named = settings.terminology
    if named.server is None:
        return []
    found: list[Problem] = []
    checks: dict[str, Callable[[], object]] = {
        "client_certificate": lambda: tls.client_context(
            "terminology", named.ca_file, named.client_certificate, named.client_key
        ),
        "token_file" if named.token_file else "token_env": settings.terminology_token,
    }
    for key, attempt in checks.items():
        try:
            attempt()
        except AdapterError as error:
            found.append(Problem(settings.file, settings.line("terminology", key), f"terminology.{key}: {error}"))
    return found


def packages(settings: "Settings") -> tuple[list[Problem], list[Problem]]:
    """Problems: the required FHIR packages that are not on this machine, or are, they or what they depend on, others
    than the lock pins. Warnings: what they declare to depend on and is not there."""
    from adapter.definitions import core, resolver
    from adapter.definitions.lock import Lock

    problems: list[Problem] = []
    warnings: dict[str, None] = {}
    pins = Lock()
    if settings.packages.lock is not None:
        try:
            pins = Lock.read(settings.packages.lock)
        except DefinitionsError as error:
            problems.append(Problem(settings.file, settings.line("packages", "lock"), f"packages.lock: {error}"))
    line = settings.line("packages", "required")
    for key in dict.fromkeys((core.KEY, *settings.packages.required)):
        try:
            warnings |= dict.fromkeys(resolver.load([key], lock=pins).warnings)
        except DefinitionsError as error:
            problems.append(Problem(settings.file, line, f"packages.required: {error}"))
    return problems, [Problem(settings.file, line, f"packages.required: {warning}") for warning in warnings]


def _directory(settings: "Settings") -> "Directory":
    from adapter.directory import Directory
    from adapter.discharge.events import EVENTS

    return Directory.load(settings.directory.folder, mappings=settings.mappings.folder, events=EVENTS)


def _certificate(settings: "Settings") -> list[Problem]:
    server = settings.server
    if server.tls_certificate is None:
        return []
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.tls_certificate, server.tls_key, password=_no_password)
    except (OSError, ValueError) as error:
        reason = f"server.tls_certificate: does not fit tls_key or cannot be read ({type(error).__name__}: {error})"
        return [Problem(settings.file, settings.line("server", "tls_certificate"), reason)]
    return []


def _no_password() -> str:
    raise ValueError("the key is protected by a password, which a server that starts by itself cannot give")


def _open_keys(settings: "Settings") -> Iterator[Problem]:
    from adapter.support.secrets import readable_by_others

    places: list[tuple[tuple[str | int, ...], Path | None]] = [
        (("security", "pseudonym_keys", index), key.file) for index, key in enumerate(settings.security.pseudonym_keys)
    ]
    named = settings.terminology
    others = [
        (("server", "tls_key"), settings.server.tls_key),
        (("terminology", "client_key"), named.client_key),
        (("terminology", "token_file"), named.token_file),
    ]
    for place, file in [*places, *others]:
        if file is not None and readable_by_others(file):
            yield Problem(settings.file, settings.line(*place), f"other users may read {file}: chmod 600 it")


def _left_behind(settings: "Settings", directory: "Directory") -> list[Problem]:
    """Endpoints that the directory no longer has, or to which no route leads, though deliveries to them are not done.
    None are told of where there is no database yet, or none that answers."""
    from adapter.delivery import remaining
    from adapter.store import migrate
    from adapter.store.database import open_database
    from adapter.support.clock import SystemClock, swedish_day

    named = settings.database
    if named.is_sqlite and not Path(named.url.removeprefix("sqlite:///")).is_file():
        return []
    database = open_database(named)
    try:
        if migrate.pending(database):
            return []
        with database.read() as connection:
            used = remaining.not_done(connection)
    except AdapterError:
        return []
    finally:
        database.close()
    today = swedish_day(SystemClock().now())
    return [*directory.missing(used, settings.directory.folder), *directory.unrouted(used, today)]


def _mappings(settings: "Settings", directory: "Directory") -> list[Problem]:
    """What is wrong with the mappings that endpoints name; with less of a look where the definitions are not there."""
    from adapter.definitions import core, load

    users: list[Endpoint | Inbox] = [*directory.endpoints.values(), *directory.inboxes.values()]
    names = sorted({each.mapping for each in users if each.mapping})
    try:
        definitions = load((core.KEY, *settings.packages.required)) if names else None
    except DefinitionsError:  # told already, as a problem of the packages
        definitions = None
    folders = [settings.mappings.folder / name for name in names]
    return [problem for folder in folders for problem in mapping_problems(folder, definitions)]


def mapping_problems(folder: Path, definitions: "Definitions | None") -> list[Problem]:
    """What is wrong with a mapping folder; where there are no `definitions`, only what keeps it from being loaded."""
    from adapter.mapping import Mapping, checks

    try:
        if definitions is not None:
            return checks.check(folder, definitions)
        Mapping.load(folder)
    except ConfigurationError as error:
        return error.problems
    except (MappingError, DefinitionsError, OSError) as error:
        return [Problem(folder, None, f"the mapping cannot be checked: {error}")]
    return []


def shown(problem: Problem) -> str:
    """A problem as `file:line: reason`, the file seen from here where it lies below."""
    file = problem.file
    if file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    return str(Problem(file, problem.line, problem.reason))


def listed(problems: list[Problem]) -> list[dict[str, str | int | None]]:
    """Problems as data for JSON."""
    return [{"file": str(problem.file), "line": problem.line, "reason": problem.reason} for problem in problems]


def _summary(problems: int, warnings: int) -> str:
    if not problems and not warnings:
        return "all is well"
    return ", ".join(
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((problems, "problem"), (warnings, "warning"))
        if number
    )
