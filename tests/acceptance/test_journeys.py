"""Every journey of the fixtures is sent to a whole adapter with receivers that speak FHIR, at the times that it states;
what comes of it is what its journey.yaml says."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapter import wiring
from adapter.discharge.agreement import STATUTORY
from adapter.discharge.deadlines import duties
from adapter.discharge.payment import liability
from adapter.exchange import facts
from adapter.exchange.submission import Reply, Submission
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox.authoring.scenario import DutyWords, Party, Scenario, Step, read
from adapter.sandbox.authoring.writer import Writer
from adapter.sandbox.fhir_receiver import FHIR_JSON, FHIR_XML, FhirReceiver
from adapter.sandbox.ledger import Ledger
from adapter.security.principals import Principal, Right
from adapter.store import migrate, tables
from adapter.support import settings, yaml
from adapter.support.clock import STOCKHOLM, ManualClock
from adapter.support.paths import shipped

JOURNEYS = sorted(plan.parent for plan in (shipped("fixtures") / "journeys").glob("*/journey.yaml"))
_TOKEN = "receiver-token-for-tests-only"
_TOML = """
environment = "test"
[security]
pseudonym_keys = [{ id = "k1", file = "pseudonym.key" }]
"""


class Town:
    """The adapter with the parties of a journey around it."""

    def __init__(self, folder: Path, scenario: Scenario, stack: ExitStack) -> None:
        self.scenario = scenario
        self.clock = ManualClock(datetime.fromisoformat(scenario.arrivals[0].at))
        self.ledgers = {role: Ledger(self.clock) for role in scenario.parties}
        addresses = {role: self._receiver(role, stack) for role in scenario.parties}
        (folder / "directory").mkdir()
        (folder / "directory" / "receiver.token").write_text(_TOKEN)
        (folder / "pseudonym.key").write_text("a key for tests that is long enough to be one")
        (folder / "adapter.toml").write_text(_TOML)
        written = yaml.dump(self._directory(addresses))
        (folder / "directory" / "directory.yaml").write_text(written, encoding="utf-8")
        self.adapter = wiring.build(settings.load(folder / "adapter.toml"), self.clock)
        stack.callback(self.adapter.close)
        migrate.upgrade(self.adapter.database)

    def send(self, step: Step, body: bytes, media_type: str) -> Reply:
        """Submit a message as its sender, not before what was sent before it, and deliver what it leads to."""
        stated = datetime.fromisoformat(step.at)
        if stated > self.clock.now():
            self.clock.advance(stated - self.clock.now())
        party = organisation(self.scenario.parties[step.sender])
        today = self.clock.now().astimezone(STOCKHOLM).date()
        units = self.adapter.directory.units_of(party, today)
        principal = Principal(f"test:{party}", party, units, frozenset({Right.SEND}))
        reply = self.adapter.exchange.receive(Submission(body, media_type, request_id="journey"), principal)
        self.adapter.worker.run_until_idle()
        return reply

    def _receiver(self, role: str, stack: ExitStack) -> str:
        receiver = FhirReceiver(self.scenario.parties[role].unit, _TOKEN, self.ledgers[role])
        receiver.server.accept()
        stack.callback(receiver.server.stop)
        return receiver.base

    def _directory(self, addresses: dict[str, str]) -> dict[str, Any]:
        parties = self.scenario.parties
        organisations: dict[str, dict[str, Any]] = {}
        for party in parties.values():
            name = organisation(party)
            entry = organisations.setdefault(name, {"id": name, "kind": "municipality", "name": name})
            entry |= {"kommunkod": party.kommunkod} if party.kommunkod else {}
            entry |= {"kind": "region"} if party.kind in {"inpatient", "open-care"} else {}
        return {
            "parties": list(organisations.values()),
            "units": [
                {"hsa": each.unit, "name": each.name, "kind": each.kind, "party": organisation(each)}
                for each in parties.values()
            ],
            "systems": [{"id": role, "kind": "ehr", "party": organisation(each)} for role, each in parties.items()],
            "endpoints": [
                {
                    "id": role,
                    "system": role,
                    "channel": "fhir",
                    "address": f"{address}/$process-message",
                    "token_file": "receiver.token",
                }
                for role, address in addresses.items()
            ],
            "routes": [{"to": {"hsa": parties[role].unit}, "endpoint": role} for role in addresses],
        }


def organisation(party: Party) -> str:
    """The party that answers for a unit: the organisation number in its HSA-id."""
    return party.unit.split("-")[0].lower()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Callable[[Scenario], Town]]:
    with ExitStack() as stack:
        yield lambda scenario: Town(tmp_path, scenario, stack)


@pytest.mark.parametrize("folder", JOURNEYS, ids=lambda folder: folder.name)
def test_a_journey_leads_to_what_it_says(folder: Path, town: Callable[[Scenario], Town]) -> None:
    scenario = read(folder / "journey.yaml")
    here = town(scenario)
    for number, step in enumerate(scenario.arrivals):
        suffix, media_type = (("json", FHIR_JSON), ("xml", FHIR_XML))[number % 2]
        body = (folder / f"{step.repeats or step.file}.{suffix}").read_bytes()
        _check_answer(step, here.send(step, body, media_type))
    _check_outcome(scenario, here)


def _check_answer(step: Step, reply: Reply) -> None:
    message = MessageBundle(reply.resource)
    outcomes = message.of_type("OperationOutcome") or [reply.resource]
    issues = [issue for outcome in outcomes for issue in outcome.get("issue", [])]
    rules = [(_rule(issue), (issue.get("expression") or [None])[0]) for issue in issues]
    expected = step.expect
    said = (reply.status, message.response.get("code"), sorted(issue["code"] for issue in issues))
    assert said == (expected.http_status, expected.acknowledgement, sorted(expected.issues)), (step.file, issues)
    for finding in expected.findings:
        assert (finding.rule, finding.location) in rules or finding.location is None, (step.file, rules)
        assert finding.rule in {rule for rule, _ in rules}, (step.file, rules)


def _rule(issue: dict[str, Any]) -> str:
    return next((str(each["code"]) for each in issue.get("details", {}).get("coding", [])), "")


def _check_outcome(scenario: Scenario, here: Town) -> None:
    expected, writer = scenario.outcome, Writer(scenario)
    with here.adapter.database.read() as connection:
        state = connection.execute(
            select(tables.case_state.c.state).where(tables.case_state.c.case_id == writer.case_id())
        ).scalar_one()
        history = facts.read(connection, writer.case_id(), here.adapter.directory)
    names = {writer.task_id(name): name for name in expected.tasks}
    assert {names.get(task, task): status for task, status in state["tasks"].items()} == expected.tasks
    assert (state["phase"], len(state["missing"])) == (expected.phase, expected.missing)
    assert state["statements"].get("plan_status") == expected.plan
    files = {writer.identifiers.new(step.file): step.file for step in scenario.steps}
    stored = {
        role: tuple(files[str(entry.message_id)] for entry in ledger.stored) for role, ledger in here.ledgers.items()
    }
    assert {role: each for role, each in stored.items() if each} == expected.receives
    if expected.at is not None:
        found = duties(history, STATUTORY, datetime.fromisoformat(expected.at))
        roles = {party.unit: role for role, party in scenario.parties.items()}
        assert [_words(each, roles) for each in found] == list(map(_as_instants, expected.duties))
        for payment in expected.payment:
            reckoned = liability(history, payment.kommunkod, STATUTORY, datetime.fromisoformat(expected.at))
            days = tuple(str(day) if day else None for day in (reckoned.start, reckoned.stop))
            assert (*days, reckoned.days) == (payment.start, payment.stop, payment.days)
            assert reckoned.failing == payment.failing


def _words(duty: Any, roles: dict[str, str]) -> tuple[str, str | None, datetime | None, str]:
    return duty.rule, roles.get(duty.to), duty.due, str(duty.state)


def _as_instants(words: DutyWords) -> tuple[str, str | None, datetime | None, str]:
    return words.rule, words.to, datetime.fromisoformat(words.due) if words.due else None, words.state
