"""The shipped mapping over every sample and every fixture: what goes there comes back."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.discharge.events import EVENTS
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CANONICAL
from adapter.mapping import Mapping, NotCarriedError, Outcome, accounts
from adapter.mapping.coverage import measure
from adapter.mapping.runs import Run
from adapter.support import yaml
from adapter.support.errors import AdapterError, MappingError
from adapter.support.settings import OWN_PACKAGE
from adapter.validation import Validator
from adapter.validation.whole import MessageValidator

ROOT = Path(__file__).parents[3]
SAMPLES = sorted(
    file for file in (ROOT / "mappings" / "lifecare" / "samples").glob("*.xml") if "mottagningsbevis" not in file.name
)
OTHER_FORMS = [file for file in sorted(SAMPLES[0].parent.glob("*.json")) if not file.with_suffix(".xml").exists()]
"""What is said in two ways on the FHIR side, and in one in the record: the way that no sample comes back as."""
JOURNEYS = ROOT / "fixtures" / "journeys"
NOTICE = JOURNEYS / "home-with-sip" / "01-admission-notice.json"
NOT_CARRIED = {"acknowledgement"}
"""The format's technical acknowledgement is the mottagningsbevis."""


@pytest.fixture(scope="module")
def validator() -> MessageValidator:
    return MessageValidator(Validator.load(packages=[OWN_PACKAGE]))


def deliveries(file: Path) -> list[dict[str, Any]]:
    """The message of a fixture, once for each destination."""
    found = []
    whole = fhir_json.parse(file.read_bytes())
    for destination in MessageBundle(whole).destinations:
        bundle = copy.deepcopy(whole)
        MessageBundle(bundle).header["destination"] = [destination]
        found.append(bundle)
    return found


def of_municipalities(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The messages of a journey to and from its municipalities: those that a Lifecare carries."""
    parties = yaml.load(folder / "journey.yaml")[0]["parties"].values()
    units = {party["unit"] for party in parties if "kommunkod" in party}
    for file in sorted(folder.glob("*.json")):
        for index, bundle in enumerate(deliveries(file)):
            message = MessageBundle(bundle)
            receivers = {hsa for _, hsa, _ in message.destination_receivers()}
            if message.hsa_of(message.header["sender"]) in units or receivers & units:
                yield f"{folder.name}/{file.stem}-{index}", bundle


DELIVERIES = [
    pytest.param(bundle, id=name)
    for folder in sorted(JOURNEYS.iterdir())
    if folder.is_dir()
    for name, bundle in of_municipalities(folder)
]
ONE_OF_EACH = list({MessageBundle(each.values[0]).event: each for each in DELIVERIES}.values())


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_record_to_fhir_to_record_is_identical(lifecare: Mapping, file: Path) -> None:
    read = lifecare.to_fhir(file.read_bytes())
    assert not read.report.of(Outcome.LEFT_OUT)
    assert not read.report.of(Outcome.NOT_MAPPED)
    assert lifecare.to_record(read.bundle).content == file.read_bytes()


@pytest.mark.parametrize("file", [file for file in SAMPLES if file.with_suffix(".json").exists()], ids=lambda f: f.stem)
def test_a_sample_is_the_message_that_stands_beside_it(lifecare: Mapping, file: Path) -> None:
    """For a reader: what `adapter map` makes of it, and of the message again."""
    message = fhir_json.parse(file.with_suffix(".json").read_bytes())
    assert lifecare.to_fhir(file.read_bytes()).bundle == message
    assert lifecare.to_record(message).content == file.read_bytes()


@pytest.mark.parametrize("bundle", DELIVERIES)
def test_fhir_to_record_to_fhir_is_identical_but_for_what_was_left_out(
    lifecare: Mapping, bundle: dict[str, Any], kept_and_back: Callable[..., Any]
) -> None:
    written = lifecare.to_record(bundle)
    back = lifecare.to_fhir(written.content).bundle
    assert not written.report.of(Outcome.SUPPLIED)
    assert MessageBundle(back).header_id == MessageBundle(bundle).header_id
    kept, came = kept_and_back(bundle, written.report, back)
    assert came == kept
    assert lifecare.to_record(back).content == written.content


@pytest.mark.parametrize("bundle", ONE_OF_EACH)
def test_the_result_is_the_same_to_the_byte_and_the_source_is_not_changed(
    lifecare: Mapping, bundle: dict[str, Any]
) -> None:
    before = json.dumps(bundle)
    first, second = lifecare.to_record(bundle), lifecare.to_record(bundle)
    assert first.content == second.content
    assert lifecare.to_fhir(first.content).bundle == lifecare.to_fhir(second.content).bundle
    assert json.dumps(bundle) == before


def test_ids_in_the_result_are_unique_and_every_reference_resolves(lifecare: Mapping) -> None:
    for file in SAMPLES:
        bundle = lifecare.to_fhir(file.read_bytes()).bundle
        ids = [entry["resource"]["id"] for entry in bundle["entry"]]
        assert len(ids) == len(set(ids))
        assert [entry["fullUrl"] for entry in bundle["entry"]] == [f"urn:uuid:{each}" for each in ids]
        assert bundle["entry"][0]["resource"]["resourceType"] == "MessageHeader"
        text = fhir_json.serialize(bundle).decode()
        assert all(f"urn:uuid:{each}" in text for each in ids)
        for reference in _references(bundle):
            assert MessageBundle(bundle).resolve(reference) is not None


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_sample_becomes_a_message_that_is_valid_by_the_profile_of_its_event(
    lifecare: Mapping, validator: MessageValidator, file: Path
) -> None:
    issues = validator.issues(MessageBundle(lifecare.to_fhir(file.read_bytes()).bundle))
    # a region's own form is carried by its URI; its Questionnaire is not loaded here
    told = [issue for issue in issues if issue.severity != "information" and issue.rule != "questionnaire-unknown"]
    assert [issue.message for issue in told] == []


@pytest.mark.parametrize("bundle", ONE_OF_EACH)
def test_what_comes_back_is_valid_by_the_profile_of_its_event(
    lifecare: Mapping, validator: MessageValidator, bundle: dict[str, Any]
) -> None:
    back = lifecare.to_fhir(lifecare.to_record(bundle).content).bundle
    assert [issue.message for issue in validator.issues(MessageBundle(back)) if issue.severity != "information"] == []


def _references(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if isinstance(value.get("reference"), str) else []
        return own + [each for item in value.values() for each in _references(item)]
    return [each for item in value for each in _references(item)] if isinstance(value, list) else []


def test_the_task_and_the_party_of_this_receiver_are_picked(lifecare: Mapping) -> None:
    first, second = deliveries(NOTICE)
    one, two = lifecare.to_record(first).content.decode(), lifecare.to_record(second).content.decode()
    for bundle, mine, other in ((first, one, two), (second, two, one)):
        unit = MessageBundle(bundle).destination_receivers()[0][1] or ""
        task = next(
            t for t in MessageBundle(bundle).of_type("Task") if MessageBundle(bundle).hsa_of(t["owner"]) == unit
        )
        assert task["identifier"][0]["value"] in mine
        assert task["identifier"][0]["value"] not in other
        assert unit in mine
        assert unit not in other


def test_a_receiver_named_by_identifier_alone_gets_the_same_record(lifecare: Mapping) -> None:
    bundle = deliveries(NOTICE)[0]
    message = MessageBundle(bundle)
    expected = lifecare.to_record(bundle).content
    unit = message.organization(message.destinations[0]["receiver"])
    assert unit is not None
    logical = {"identifier": unit["identifier"][0], "display": unit["name"]}
    for task in message.of_type("Task"):
        if message.resolve(task["owner"]) is unit:
            task["owner"] = copy.deepcopy(logical)
    message.destinations[0]["receiver"] = copy.deepcopy(logical)
    bundle["entry"] = [entry for entry in bundle["entry"] if entry["resource"] is not unit]
    assert lifecare.to_record(bundle).content == expected


def test_the_statutory_notice_says_no_more_than_the_law(lifecare: Mapping) -> None:
    bundle = deliveries(NOTICE)[0]
    stay = MessageBundle(bundle).of_type("Encounter")[0]
    written = lifecare.to_record(bundle)
    assert stay["period"]["start"] not in written.content.decode()
    left_out = {line.path.partition("ofType")[2] for line in written.report.of(Outcome.LEFT_OUT)}
    assert "(Encounter).period.start" in left_out


def test_every_event_is_carried_and_has_a_sample(lifecare: Mapping) -> None:
    assert lifecare.events == set(EVENTS) - NOT_CARRIED
    assert {file.stem.partition("-")[0] for file in SAMPLES} == lifecare.records


def one(event: str) -> dict[str, Any]:
    """A message of the event."""
    found: dict[str, Any] = next(e.values[0] for e in ONE_OF_EACH if MessageBundle(e.values[0]).event == event)
    return found


def with_case(event: str, value: str) -> dict[str, Any]:
    """A message with a Task whose header names a case, too."""
    bundle: dict[str, Any] = copy.deepcopy(one(event))
    message = MessageBundle(bundle)
    case = {**message.of_type("Task")[0]["groupIdentifier"], "value": value}
    message.header["extension"] = [{"url": f"{CANONICAL}/StructureDefinition/case", "valueIdentifier": case}]
    return bundle


@pytest.mark.parametrize("event", ["sip-invitation", "acceptance-answer"])
def test_a_header_that_names_another_case_than_the_task_is_refused(lifecare: Mapping, event: str) -> None:
    with pytest.raises(MappingError, match="two rules write different values"):
        lifecare.to_record(with_case(event, "another"))


def test_every_rule_is_exercised_both_ways_by_the_samples(lifecare: Mapping) -> None:
    tries: list[tuple[str, bytes | dict[str, Any]]] = [(file.name, file.read_bytes()) for file in SAMPLES]
    tries += ((file.name, fhir_json.parse(file.read_bytes())) for file in OTHER_FORMS)
    tries += ((str(each.id), each.values[0]) for each in ONE_OF_EACH)
    found = measure(lifecare, tries)
    for side, rules in found.rules.items():
        print(f"to {side}: {len(rules & found.used[side])} of {len(rules)} rules did something")  # noqa: T201
    assert (found.unused("record"), found.unused("fhir"), found.refused) == ([], [], [])
    assert found.percent == 100


def test_words_that_stand_alone_are_not_taken_for_words_beside_a_reference(lifecare: Mapping) -> None:
    bundle = copy.deepcopy(one("sip"))
    detail = MessageBundle(bundle).of_type("CarePlan")[0]["activity"][0]["detail"]
    detail["performer"] = [{"display": "God man"}]
    with pytest.raises(NotCarriedError, match=r"performer\[0\].display"):
        lifecare.to_record(bundle)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["reference", "url", "x", "identifier", "system", "value"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_shape_gives_a_record_or_words(lifecare: Mapping, data: st.DataObject) -> None:
    bundle = copy.deepcopy(data.draw(st.sampled_from(DELIVERIES)).values[0])
    leaves = list(accounts.fhir_leaves(bundle, Run(), accounts.Omissions([])))
    for _, _, holder, key, _, _ in data.draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=3)):
        holder[key] = data.draw(JSON)
    try:
        written = lifecare.to_record(bundle)
    except AdapterError:
        return
    assert not written.report.of(Outcome.NOT_MAPPED)
    assert lifecare.to_record(lifecare.to_fhir(written.content).bundle).content == written.content


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("inskrivningsmeddelande", "tasks: 1 of 1 Task resources have no owner that is receiver (rule messages/"),
        ("svar-accepterad", "answered: 1 of 1 Task resources have no owner that is sender or receiver (rule messages/"),
    ],
)
def test_a_task_that_would_not_be_found_again_is_refused(lifecare: Mapping, sample: str, words: str) -> None:
    file = SAMPLES[0].parent / f"{sample}.xml"
    other = "<utforare><hsaId>SE2321000001-ANNAN</hsaId></utforare>"
    record, count = re.subn("<utforare>.*?</utforare>", other, file.read_text(), flags=re.DOTALL)
    assert count == 1
    with pytest.raises(MappingError, match=re.escape(words)):
        lifecare.to_fhir(record.encode())


def test_a_task_of_the_receiver_by_another_name_is_carried(lifecare: Mapping) -> None:
    text = (SAMPLES[0].parent / "inskrivningsmeddelande.xml").read_text()
    before, _, after = text.partition("<utforare>")
    owner, _, rest = after.partition("</utforare>")
    record = f"{before}<utforare>{re.sub('<namn>.*?</namn>', '<namn>Annat namn</namn>', owner)}</utforare>{rest}"
    assert "Annat namn" in record
    assert lifecare.to_record(lifecare.to_fhir(record.encode()).bundle).content.decode() == record
