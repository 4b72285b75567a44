"""Is a municipality ready for its day? Its units, routes, endpoints and mappings, and what its cases would come to."""

import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from adapter.cutover.parts import EVENTS, GONE, REVISED
from adapter.cutover.plan import Mode, Plan, Wave
from adapter.cutover.runner import Verdict
from adapter.directory import AmbiguousRecipientError, Directory, Endpoint, Receiver, UnknownRecipientError
from adapter.directory.model import UnitKind
from adapter.mapping import Mapping as RecordMapping
from adapter.support import tls
from adapter.support.errors import AdapterError

NEEDED = frozenset({*EVENTS.values(), *REVISED.values(), *GONE.values(), "retraction"})
"""What a cut-over may have to send to a receiving unit."""
Knock = Callable[[Endpoint], str | None]
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Municipality:
    """How ready one municipality is. `problems` keep it from going; `cases` counts by what would become of them, and
    `refused` by reason; protected persons are counted in neither."""

    kommunkod: str
    name: str
    wave: str
    start: date
    mode: Mode
    units: int
    endpoints: tuple[str, ...]
    problems: tuple[str, ...]
    cases: dict[str, int]
    refused: dict[str, int]

    @property
    def ready(self) -> bool:
        return not self.problems and not self.refused


def assess(
    plan: Plan,
    directory: Directory,
    mappings: Mapping[str, RecordMapping],
    verdicts: Iterable[Verdict],
    knock: Knock,
) -> list[Municipality]:
    """Every municipality of the plan, in the order of the waves. `verdicts` are those of the export; `knock` says why
    an endpoint does not answer."""
    found = [each for each in verdicts if not each.protected]
    answers: dict[str, str | None] = {}

    def answer(endpoint: Endpoint) -> str | None:
        if endpoint.id not in answers:
            answers[endpoint.id] = knock(endpoint)
        return answers[endpoint.id]

    return [
        _assess(plan, wave, code, directory, mappings, [each for each in found if each.municipality == code], answer)
        for wave in plan.waves
        for code in wave.municipalities
    ]


def _assess(
    plan: Plan,
    wave: Wave,
    code: str,
    directory: Directory,
    mappings: Mapping[str, RecordMapping],
    verdicts: list[Verdict],
    knock: Knock,
) -> Municipality:
    party = next(each for each in directory.parties.values() if each.kommunkod == code)
    units = [
        unit
        for hsa in sorted(directory.units_of(party.id, wave.start))
        if (unit := directory.unit(hsa, wave.start)) and unit.party == party.id
    ]
    receiving = [unit.hsa for unit in units if unit.kind is UnitKind.MUNICIPAL_RECEIVING]
    problems = [] if receiving else [f"the directory has no receiving unit of it on {wave.start}"]
    endpoints: dict[str, Endpoint] = {}
    if plan.mode_of(wave) is Mode.IMPORT:
        for hsa in receiving:
            endpoints |= _endpoints(plan, wave, hsa, directory, problems)
        for endpoint in endpoints.values():
            problems += _lacking(endpoint, mappings)
            reason = knock(endpoint)
            problems += [f"endpoint {endpoint.id} does not answer: {reason}"] if reason else []
    return Municipality(
        kommunkod=code,
        name=party.name,
        wave=wave.name,
        start=wave.start,
        mode=plan.mode_of(wave),
        units=len(units),
        endpoints=tuple(sorted(endpoints)),
        problems=tuple(dict.fromkeys(problems)),
        cases=dict(Counter(each.status for each in verdicts)),
        refused=dict(Counter(reason for each in verdicts if each.status == "refused" for reason in each.reasons)),
    )


def _endpoints(plan: Plan, wave: Wave, unit: str, directory: Directory, problems: list[str]) -> dict[str, Endpoint]:
    """Where a unit's messages lead on the first day; problems are added."""
    found: dict[str, Endpoint] = {}
    for event in sorted(NEEDED):
        try:
            endpoint = directory.route(Receiver(hsa=unit), event, wave.start).endpoint
        except (UnknownRecipientError, AmbiguousRecipientError) as error:
            problems.append(str(error))
            continue
        found[endpoint.id] = endpoint
        if endpoint.system != plan.target:
            problems.append(f"the route of {unit} for {event} leads to {endpoint.system} on {wave.start}")
    return found


def _lacking(endpoint: Endpoint, mappings: Mapping[str, RecordMapping]) -> list[str]:
    if endpoint.mapping is None:
        return []
    lacking = sorted(NEEDED - mappings[endpoint.mapping].events)
    return [f"the mapping {endpoint.mapping} does not carry {', '.join(lacking)}"] if lacking else []


def knock(endpoint: Endpoint) -> str | None:
    """Why no connection is made, or the certificate is not accepted; None where the endpoint answers. Nothing is sent:
    whether it takes messages is shown by the first one."""
    if not endpoint.address:  # a folder, or its receiver comes for its messages
        return None
    url = urlsplit(endpoint.address)
    wait = endpoint.connect_timeout.total_seconds()
    place = (url.hostname or "", url.port or _PORTS[url.scheme])
    try:
        with socket.create_connection(place, wait) as plain:
            if url.scheme == "https":
                context = tls.client_context(
                    endpoint.id, endpoint.ca_file, endpoint.client_certificate, endpoint.client_key
                )
                with context.wrap_socket(plain, server_hostname=url.hostname):
                    pass
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not accepted: {error.verify_message}"
    except (OSError, AdapterError) as error:
        return str(error) if isinstance(error, AdapterError) else f"{type(error).__name__}"
    return None
