"""`adapter demo`: a real adapter between simulated systems, one patient's journey, and a verdict.

Everything listens on loopback, lives in a temporary folder, and ends with the demo.
"""

import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from adapter.sandbox.authoring.scenario import Role
from adapter.sandbox.fhir_receiver import FHIR_JSON, FHIR_XML, FhirReceiver
from adapter.sandbox.installation import Counterpart, Installation
from adapter.sandbox.journey import Journey, Play, shipped_journey
from adapter.sandbox.ledger import Ledger
from adapter.sandbox.legs import Legs
from adapter.sandbox.lifecare import Answered, Lifecare
from adapter.sandbox.player import Player, Sender
from adapter.sandbox.process import AdapterProcess
from adapter.sandbox.timeline import ADAPTER, NAMES, Timeline
from adapter.sandbox.verdict import outage_problems, receiver_problems, store_problems
from adapter.support.clock import Clock, SystemClock
from adapter.support.errors import AdapterError
from adapter.support.hosts import is_loopback

_PARTNER_PATH = "/partners/lifecare/messages"
_EVENTS = {"kvittens": "read-receipt", "svar": "acceptance-answer", "sip": "sip"}
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Options:
    """`municipality` is the URL of a vendor's system that takes Lifecare's place; `keep` leaves all running at the
    end, until Ctrl-C."""

    seed: str
    keep: bool = False
    municipality: str | None = None


@dataclass
class Cast:
    """The simulated systems of one run. `lifecare` is None where a vendor's system stands in its place."""

    ehr: FhirReceiver
    open_care: FhirReceiver
    lifecare: Lifecare | None
    municipality: Counterpart
    ledgers: dict[Role, Ledger] = field(default_factory=dict)

    def counterparts(self) -> list[Counterpart]:
        """As the adapter's directory names them."""
        ehr = Counterpart("ehr", self.ehr.base, self.ehr.token, "fhir", "json")
        open_care = Counterpart("open-care", self.open_care.base, self.open_care.token, "fhir", "xml")
        return [ehr, open_care, self.municipality]


def run(options: Options, timeline: Timeline, clock: Clock | None = None) -> bool:
    """Play the journey; True where everything arrived, in order, with one side effect each.

    Raises AdapterError where the demo could not be run at all.
    """
    if options.municipality is not None:
        _check_url(options.municipality)
    clock = clock or SystemClock()
    journey = shipped_journey("home-with-sip")
    play = Play(journey, options.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="adapter-demo-")))
        cast = _cast(stack, journey, play, options, timeline, clock)
        installation = Installation(folder / "installation", journey, cast.counterparts())
        stack.callback(installation.close)
        timeline.say(f"{journey.title}: seed {options.seed}, adapter starts at {installation.url}", "bold")
        process = stack.enter_context(AdapterProcess(installation.file, installation.url, folder / "adapter.log"))
        _join_municipality(cast, installation, timeline)
        timeline.start()
        problems = _play(play, cast, installation, process, timeline, clock)
        _conclude(problems, timeline)
        if options.keep:
            _keep(installation, process, timeline)
    return not problems


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AdapterError("--municipality needs a URL such as http://127.0.0.1:9000/messages")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise AdapterError("--municipality beyond this machine needs https://")


def _cast(stack: ExitStack, journey: Journey, play: Play, options: Options, timeline: Timeline, clock: Clock) -> Cast:
    def receiver(role: Role) -> FhirReceiver:
        simulated = FhirReceiver(journey.parties[role].unit, secrets.token_urlsafe(32), Ledger(clock))
        stack.enter_context(simulated.server)
        return simulated

    def answered(answer: Answered) -> None:
        what = f"{answer.acknowledgement or 'not taken'}"
        timeline.moved(_EVENTS.get(answer.kind, answer.kind), NAMES["municipality"], ADAPTER, what, "cyan")

    token = secrets.token_urlsafe(32)
    ehr, open_care, lifecare = receiver("ehr"), receiver("open-care"), None
    ledgers: dict[Role, Ledger] = {"ehr": ehr.ledger, "open-care": open_care.ledger}
    address = options.municipality
    if address is None:
        lifecare = Lifecare(token, Ledger(clock), play.identifiers, clock, answered)
        stack.callback(lifecare.stop)
        lifecare.come_back()
        ledgers["municipality"] = lifecare.ledger
        address = lifecare.address
    return Cast(ehr, open_care, lifecare, Counterpart("municipality", address, token, "xml-http", "xml"), ledgers)


def _join_municipality(cast: Cast, installation: Installation, timeline: Timeline) -> None:
    """Tell the municipality's system where it answers; a vendor's is told by way of the person who runs it."""
    url, token = f"{installation.url}{_PARTNER_PATH}", installation.callers.municipality
    if cast.lifecare is not None:
        cast.lifecare.answer_to(url, token)
        return
    timeline.say(f"Messages go to {cast.municipality.address} with the token {cast.municipality.token}")
    timeline.say(f"Your system answers to {url} with the token {token}")
    if timeline.interactive and sys.stdin.isatty():
        timeline.say("Press Enter when it is ready.")
        sys.stdin.readline()


def _play(
    play: Play, cast: Cast, installation: Installation, process: AdapterProcess, timeline: Timeline, clock: Clock
) -> list[str]:
    """Play and judge; the problems in words."""
    callers = installation.callers
    legs = Legs(installation.adapter.views, {party.unit: role for role, party in play.journey.parties.items()})
    senders: dict[Role, Sender] = {
        "ehr": Sender(callers.ehr, FHIR_JSON),
        "open-care": Sender(callers.open_care, FHIR_XML),
    }
    player = Player(play, installation.url, senders, legs, process, timeline, clock, cast.lifecare)
    player.play()
    found = player.read()
    timeline.table(found)
    vendor = cast.lifecare is None
    problems = [*player.problems, *store_problems(play, player.sent, found, legs.refused(), vendor)]
    problems += receiver_problems(play, found, cast.ledgers)
    if cast.lifecare is not None:
        problems += outage_problems(found)
        problems += [
            f"the adapter did not take Lifecare's {answer.kind}"
            for answer in cast.lifecare.answered
            if answer.acknowledgement != "mottaget"
        ]
    return list(dict.fromkeys(problems))


def _conclude(problems: list[str], timeline: Timeline) -> None:
    for problem in problems:
        timeline.say(f"not as expected: {problem}", "red")
    if not problems:
        timeline.say("Everything arrived, in order, with one side effect each.", "bold green")


def _keep(installation: Installation, process: AdapterProcess, timeline: Timeline) -> None:
    """Leave all running until Ctrl-C, or until the adapter ends."""
    try:
        timeline.say(f"Console: {installation.url}/console")
        timeline.say(f"Token:   {installation.callers.operations}")
        timeline.say(f"Command: adapter status --config {installation.file}")
        timeline.say("Ctrl-C ends it.")
        while process.running:
            time.sleep(_PAUSE_SECONDS)
        timeline.say(f"the adapter ended:\n{process.tail()}", "red")
    except KeyboardInterrupt:
        timeline.say("ending")
