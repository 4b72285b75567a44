"""Plays a journey into a running adapter: sends as EHR and open care do, and waits for what must follow."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox.authoring.scenario import Role, Step
from adapter.sandbox.fhir_receiver import FHIR_XML
from adapter.sandbox.journey import Play
from adapter.sandbox.legs import Leg, Legs
from adapter.sandbox.lifecare import Lifecare
from adapter.sandbox.process import AdapterProcess
from adapter.sandbox.timeline import ADAPTER, NAMES, Timeline
from adapter.sandbox.verdict import answer_legs, failed, leg_of, wanted
from adapter.support.clock import Clock
from adapter.support.errors import AdapterError, ParseError

STEP_SECONDS = 15.0
"""How long a message may take to arrive, and its answers to come back."""
_POST_SECONDS = 10.0
_PAUSE_SECONDS = 0.1
_OUTAGE_BEGINS = "ready-for-discharge"
_OUTAGE_ENDS = "sip-invitation"


@dataclass(frozen=True)
class Sender:
    """Who sends: its token, and the format its system writes."""

    token: str
    media_type: str


class Player:
    """Plays each step once. `sent` are the steps that the adapter took; `problems` are sentences about what it
    answered or what did not come in time.

    `lifecare` is the simulated one, which then has an outage midway; None where a vendor's system stands in its place.
    """

    def __init__(
        self,
        play: Play,
        url: str,
        senders: dict[Role, Sender],
        legs: Legs,
        process: AdapterProcess,
        timeline: Timeline,
        clock: Clock,
        lifecare: Lifecare | None,
    ) -> None:
        self.sent: list[Step] = []
        self.problems: list[str] = []
        self._play = play
        self._url = f"{url}/fhir/$process-message"
        self._senders = senders
        self._legs = legs
        self._process = process
        self._timeline = timeline
        self._clock = clock
        self._lifecare = lifecare

    def play(self) -> None:
        """All steps in order; the play ends early where a message is refused or does not arrive."""
        waiting: list[Step] = []
        for step in self._play.journey.steps:
            waiting.append(step)
            if self._lifecare is not None and step.event == _OUTAGE_BEGINS:
                self._timeline.say("Lifecare answers 503 from now on", "bold")
                self._lifecare.be_unavailable()
            if not self._send(step):
                return
            if self._lifecare is not None and step.event == _OUTAGE_BEGINS:
                self._refuse_connections(self._lifecare)
            elif not self._follow(waiting, self._lifecare if step.event == _OUTAGE_ENDS else None):
                return
            else:
                waiting.clear()

    def read(self) -> list[Leg]:
        """The legs as they stand now; new attempts go to the timeline."""
        legs = self._legs.read()
        self._timeline.attempts(legs)
        return legs

    def _send(self, step: Step) -> bool:
        message = self._play.message(step, self._clock.now())
        sender = self._senders[step.sender]
        codec = fhir_xml if sender.media_type == FHIR_XML else fhir_json
        head = {
            "Authorization": f"Bearer {sender.token}",
            "Content-Type": sender.media_type,
            "Accept": sender.media_type,
        }
        try:
            answer = httpx.post(
                self._url, content=codec.serialize(message), headers=head, timeout=_POST_SECONDS, trust_env=False
            )
            resource = codec.parse(answer.content)
        except (httpx.TransportError, ParseError) as error:
            raise AdapterError(f"the adapter gave no FHIR answer to the {step.event}: {error}") from error
        said = _said(answer.status_code, resource)
        problems = list(_differences(step, answer.status_code, resource))
        self._timeline.moved(step.event, NAMES[step.sender], ADAPTER, said, "red" if problems else "cyan")
        self.problems += problems
        if not problems:
            self.sent.append(step)
        return not problems

    def _refuse_connections(self, lifecare: Lifecare) -> None:
        """Once a 503 was met: close Lifecare's listening socket."""
        if not self._wait(lambda legs: failed(legs, HTTPStatus.SERVICE_UNAVAILABLE)):
            self.problems.append("the adapter made no attempt at Lifecare while it answered 503")
        self._timeline.say("Lifecare refuses connections from now on", "bold")
        lifecare.refuse_connections()

    def _follow(self, steps: list[Step], outage: Lifecare | None) -> bool:
        """Wait until the steps and their answers have arrived; where an outage stands, first until it was met."""
        if outage is not None:
            if not self._wait(lambda legs: failed(legs, None)):
                self.problems.append("the adapter made no attempt at Lifecare while it refused connections")
            self._timeline.say("Lifecare is back", "bold")
            outage.come_back()
        self._wait(lambda legs: not self._missing(legs, steps))
        missing = self._missing(self.read(), steps)
        self.problems += missing
        vendor_only = self._lifecare is None and not any("did not arrive" in problem for problem in missing)
        return not missing or vendor_only

    def _missing(self, legs: list[Leg], steps: list[Step]) -> list[str]:
        """In words, what of the steps has not arrived yet."""
        return [words for step in steps for words in self._missing_of(legs, step)]

    def _missing_of(self, legs: list[Leg], step: Step) -> list[str]:
        header_id, vendor = self._play.header_id(step), self._lifecare is None
        late = f"within {STEP_SECONDS:g} s"
        missing = []
        for receiver in step.receivers:
            leg = leg_of(legs, header_id, receiver)
            if leg is None or not leg.arrived:
                missing.append(f"{step.event} did not arrive at {NAMES[receiver]} {late}")
        for answer in wanted(step, vendor):
            found = answer_legs(legs, answer, header_id)
            if not found:
                missing.append(f"no {answer.event} to the {step.event} came from {NAMES[answer.sender]} {late}")
            elif not found[0].arrived:
                missing.append(f"{answer.event} did not arrive at {NAMES[answer.receiver]} {late}")
        return missing

    def _wait(self, condition: Callable[[list[Leg]], bool]) -> bool:
        """Look until the condition holds or the time is up. Raises AdapterError where the adapter has ended."""
        until = time.monotonic() + STEP_SECONDS
        while time.monotonic() < until:
            if condition(self.read()):
                return True
            if not self._process.running:
                raise AdapterError(f"the adapter ended during the play:\n{self._process.tail()}")
            time.sleep(_PAUSE_SECONDS)
        return False


def _acknowledgement(resource: dict[str, object]) -> str:
    return str(MessageBundle(resource).response.get("code", ""))


def _codes(resource: dict[str, object]) -> list[str]:
    outcomes = [resource] if resource.get("resourceType") == "OperationOutcome" else []
    outcomes += MessageBundle(resource).of_type("OperationOutcome")
    return [str(issue.get("code")) for outcome in outcomes for issue in _issues(outcome)]


def _issues(outcome: dict[str, object]) -> list[dict[str, object]]:
    issues = outcome.get("issue")
    return issues if isinstance(issues, list) else []


def _said(status: int, resource: dict[str, object]) -> str:
    """The adapter's answer in a few words: status, acknowledgement or issue codes."""
    words = [f"HTTP {status}", _acknowledgement(resource), *_codes(resource)]
    return ", ".join(word for word in words if word)


def _differences(step: Step, status: int, resource: dict[str, object]) -> list[str]:
    expected = step.expect
    said = (status, _acknowledgement(resource), tuple(_codes(resource)))
    if said == (expected.http_status, expected.acknowledgement or "", expected.issues):
        return []
    wanted_words = [f"HTTP {expected.http_status}", expected.acknowledgement or "no acknowledgement", *expected.issues]
    texts = [str(issue.get("diagnostics") or issue.get("details")) for issue in _issues(resource)]
    reasons = f" ({'; '.join(texts)})" if texts else ""
    return [
        f"the {step.event} was answered with {_said(status, resource)}, expected {', '.join(wanted_words)}{reasons}"
    ]
