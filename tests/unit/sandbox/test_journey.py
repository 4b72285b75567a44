import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapter.discharge.events import EVENTS
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox import lifecare
from adapter.sandbox.authoring import folder, scenario
from adapter.sandbox.journey import Journey, Play, shipped_journey
from adapter.sandbox.lifecare_format import TYPES
from adapter.support.errors import AdapterError
from adapter.support.paths import shipped

JOURNEYS = [shipped_journey(name) for name in ("home-with-sip", "protected")]
NUMBERS = Path(__file__).parents[4] / "shared" / "data" / "test-personnummer.txt"
NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.folder.name)
def test_a_plan_says_what_its_messages_say(journey: Journey) -> None:
    for step in journey.steps:
        message = MessageBundle(journey.messages[step.file])
        assert message.event == step.event
        assert step.event in EVENTS
        assert message.hsa_of(message.header["sender"]) == journey.parties[step.sender].unit
        addressed = [hsa for _, hsa, _ in message.destination_receivers()]
        assert addressed == [journey.parties[role].unit for role in step.receivers]
        assert len(message.focus) == len(message.header["focus"])


def test_the_messages_are_those_that_the_plans_say() -> None:
    assert folder.differences(shipped("fixtures") / "journeys") == []


def test_every_journey_stands_in_the_index_with_what_it_shows() -> None:
    index = (shipped("fixtures") / "README.md").read_text(encoding="utf-8")
    journeys = sorted((shipped("fixtures") / "journeys").glob("*/journey.yaml"))
    rows = [f"| `{plan.parent.name}` | {scenario.read(plan).shows} |" for plan in journeys]
    assert re.findall(r"^\| `[a-z-]+` \| .* \|$", index.split("`journey.yaml` says")[0], re.MULTILINE) == rows


def test_the_simulated_lifecare_answers_as_the_plan_says() -> None:
    for step in shipped_journey("home-with-sip").steps:
        kinds = [kind for kind, _ in lifecare.ANSWERS[TYPES[step.event]]]
        assert kinds == [TYPES[answer.event] for answer in step.answers]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.folder.name)
def test_people_are_test_people_and_units_have_hsa_ids(journey: Journey) -> None:
    if not NUMBERS.exists():
        pytest.skip("the published test numbers are not beside the project")
    known = set(NUMBERS.read_text().split())
    for message in map(MessageBundle, journey.messages.values()):
        (patient,) = message.of_type("Patient")
        assert patient["identifier"][0]["value"] in known
    assert all(re.fullmatch(r"SE\d{10}-[A-Za-z0-9]{1,18}", party.unit) for party in journey.parties.values())


def test_the_same_seed_and_clock_give_the_same_messages() -> None:
    journey = shipped_journey("home-with-sip")

    def played(seed: str) -> list[dict[str, object]]:
        play = Play(journey, seed)
        return [play.message(step, NOW + timedelta(seconds=n)) for n, step in enumerate(journey.steps)]

    assert played("a") == played("a")
    assert played("a") != played("b")


def test_a_message_is_stamped_when_it_is_sent_and_the_stay_keeps_its_admission() -> None:
    journey = shipped_journey("home-with-sip")
    play = Play(journey, "a")
    messages = [play.message(step, NOW + timedelta(seconds=n)) for n, step in enumerate(journey.steps)]
    admissions = set()
    for n, (step, message) in enumerate(zip(journey.steps, map(MessageBundle, messages), strict=True)):
        assert datetime.fromisoformat(str(message.timestamp)) == NOW + timedelta(seconds=n)
        assert message.header_id == play.header_id(step)
        admissions.add(message.of_type("Encounter")[0]["period"]["start"])
    assert len(admissions) == 1
    discharged = MessageBundle(messages[-1]).of_type("Encounter")[0]["period"]["end"]
    assert NOW < datetime.fromisoformat(discharged) < NOW + timedelta(seconds=5)


def test_a_wrong_plan_is_refused_with_file_and_reason(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"journey\.yaml"):
        Journey.load(tmp_path)
    words = (JOURNEYS[0].folder / "journey.yaml").read_text(encoding="utf-8")
    (tmp_path / "journey.yaml").write_text(words.replace("sender: ehr", "sender: clinic"), encoding="utf-8")
    with pytest.raises(AdapterError, match="step 01-admission-notice names clinic, not among the parties"):
        Journey.load(tmp_path)
    (tmp_path / "journey.yaml").write_text(
        words.replace("  - file: 02-", "  - corrects: '99'\n    file: 02-"), encoding="utf-8"
    )
    with pytest.raises(AdapterError, match=r"step 02-planning-information names 99, not among the files"):
        Journey.load(tmp_path)
    (tmp_path / "journey.yaml").write_text("title: [")
    with pytest.raises(AdapterError, match=r"journey\.yaml"):
        Journey.load(tmp_path)
