"""The code that is written from the rules against the rules run one by one: the same bytes, the same account, or no
result at all. Messages and records are shipped ones, changed at random in ways that no sender should, and some do."""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.mapping import Mapping, NotCarriedError, Outcome, Report, accounts, records
from adapter.mapping.mapping import RecordResult
from adapter.mapping.runs import ToFhir
from adapter.support.errors import MappingError

ROOT = Path(__file__).parents[3]
LIFECARE = ROOT / "mappings" / "lifecare"
SAMPLES = sorted(file for file in (LIFECARE / "samples").glob("*.xml") if "mottagningsbevis" not in file.name)
MESSAGES = [*sorted((ROOT / "fixtures" / "journeys").glob("*/*.json")), *sorted((LIFECARE / "samples").glob("*.json"))]
NOTICE = "fixtures/journeys/home-with-sip/01-admission-notice.json"
CHANGED = settings(
    max_examples=settings().max_examples if settings().max_examples > 1000 else 60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
WILD: list[Any] = [None, "", "x", "\x01", "urn:uuid:x", 0, 1, True, [], {}, [None], [[1]], ["a", "b"], {"a": "b"}]
WILD += [{"reference": "x"}, {"resourceType": "Basic"}, {"resourceType": "Organization", "id": "o"}]


@pytest.fixture(scope="module")
def lifecare() -> Mapping:
    return at_once(Mapping.load(LIFECARE))


def at_once(mapping: Mapping) -> Mapping:
    """The mapping, with code that is written for the first message already."""
    for each in mapping._straight.values():
        each._blocks = dict.fromkeys((each._code.there, each._code.back))
    return mapping


def for_one(bundle: dict[str, Any], index: int) -> dict[str, Any]:
    whole = copy.deepcopy(bundle)
    header = MessageBundle(whole).header
    header["destination"] = header["destination"][index : index + 1]
    return whole


def shipped() -> Iterator[dict[str, Any]]:
    """Every message that is shipped, for each of its destinations."""
    for file in MESSAGES:
        bundle = fhir_json.parse(file.read_bytes())
        for index in range(len(MessageBundle(bundle).destinations)):
            yield for_one(bundle, index)


def straight_there(mapping: Mapping, bundle: dict[str, Any]) -> records.Record | None:
    message = MessageBundle(bundle)
    code = mapping._straight.get(message.event or "")
    found = code.to_record(message) if code and len(message.destinations) == 1 else None
    return found and found[1]


def straight_back(mapping: Mapping, root: records.Record, body: str) -> tuple[ToFhir, dict[str, Any]] | None:
    rules = mapping._by_body[body]
    identity = mapping._system.identity
    return mapping._straight[rules.event].to_fhir(root, identity.namespace, "seed", mapping._same_content)


def told(report: Report) -> tuple[dict[str, Any], frozenset[str]]:
    """All that a report says."""
    return report.to_dict(), report.used


def test_what_is_shipped_goes_straight_and_comes_out_the_same(lifecare: Mapping, one_by_one: Mapping) -> None:
    contents = {file.read_bytes() for file in SAMPLES}
    for message in shipped():
        if MessageBundle(message).event not in lifecare.events:
            continue
        expected = one_by_one.to_record(message)
        assert straight_there(lifecare, message) is not None
        written = lifecare.to_record(message)
        assert (written.content, told(written.report)) == (expected.content, told(expected.report))
        contents.add(written.content)
    for content in contents:
        expected_back = one_by_one.to_fhir(content)
        read = lifecare.to_fhir(content)
        assert fhir_json.serialize(read.bundle) == fhir_json.serialize(expected_back.bundle)
        assert told(read.report) == told(expected_back.report)
        root = records.read(content, lifecare._schema, "meddelande", 1 << 22)
        assert straight_back(lifecare, root, root["kuvert"][0]["typ"][0]["#text"]) is not None


def inside(value: Any) -> Iterator[tuple[Any, Any]]:
    """Holder and key of every node."""
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(item, dict | list):
            yield from inside(item)


def shaken(value: Any, data: st.DataObject, wild: list[Any], most: int = 3) -> None:
    """Some nodes are gone, twice, others, elsewhere as well, in a list or out of it; some have more members."""
    for _ in range(data.draw(st.integers(1, most))):
        places = list(inside(value))
        holder, key = data.draw(st.sampled_from(places))
        other_holder, other = data.draw(st.sampled_from(places))
        match data.draw(st.sampled_from(("gone", "twice", "other", "same", "copied", "listed", "unlisted", "more"))):
            case "gone":
                del holder[key]
            case "twice" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case "other":
                holder[key] = copy.deepcopy(data.draw(st.sampled_from(wild)))
            case "same" if not any(each is holder for each, _ in inside([other_holder[other]])):
                holder[key] = other_holder[other]
            case "copied":
                holder[key] = copy.deepcopy(other_holder[other])
            case "listed":
                holder[key] = [holder[key]]
            case "unlisted" if isinstance(holder[key], list) and holder[key]:
                holder[key] = holder[key][0]
            case "more" if isinstance(holder, dict):
                holder[data.draw(st.sampled_from(("extra", "id", "extension", "display", "text")))] = copy.deepcopy(
                    data.draw(st.sampled_from(wild))
                )


@CHANGED
@given(data=st.data())
def test_a_message_goes_straight_only_where_nothing_would_be_lost(
    lifecare: Mapping, one_by_one: Mapping, data: st.DataObject
) -> None:
    bundle = fhir_json.parse(data.draw(st.sampled_from(MESSAGES)).read_bytes())
    bundle = for_one(bundle, data.draw(st.integers(0, len(MessageBundle(bundle).destinations) - 1)))
    shaken(bundle, data, WILD)
    before = copy.deepcopy(bundle)
    found = straight_there(lifecare, bundle)
    assert bundle == before
    expected = outcome(one_by_one, bundle)
    event(f"{'straight' if found is not None else 'one by one'}, {type(expected).__name__}")
    if isinstance(expected, RecordResult):
        assert not expected.report.of(Outcome.NOT_MAPPED)
    if found is not None and isinstance(expected, RecordResult):
        assert records.write(found, "meddelande", lifecare._schema) == expected.content
        assert told(lifecare.to_record(bundle).report) == told(expected.report)
    elif found is not None:
        assert "does not follow its schema" in str(expected)


@CHANGED
@given(data=st.data())
def test_a_picture_stands_for_a_line_to_each_value(one_by_one: Mapping, data: st.DataObject) -> None:
    bundle = fhir_json.parse(data.draw(st.sampled_from(MESSAGES)).read_bytes())
    bundle = for_one(bundle, 0)
    shaken(bundle, data, WILD)
    message = MessageBundle(bundle)
    rules = one_by_one._by_event.get(message.event or "")
    if rules is None:
        return
    try:
        run, _, picture = one_by_one._run_there(message, rules)
    except (MappingError, AttributeError, TypeError):
        return
    leaves = accounts.fhir_leaves(bundle, run, one_by_one._omissions[rules.event])
    lines = list(accounts.lines(leaves, run))
    event("whole" if picture.whole else "not whole")
    assert [*picture.lines()] == lines
    assert picture.whole == all(line.outcome != Outcome.NOT_MAPPED for line in lines)
    counts = Counter(line.outcome.value for line in lines)
    assert picture.to_dict()["counts"] == {outcome.value: counts[outcome] for outcome in Outcome}


def outcome(mapping: Mapping, bundle: dict[str, Any]) -> RecordResult | Exception:
    try:
        return mapping.to_record(bundle)
    except (MappingError, AttributeError, TypeError) as error:
        return error


@CHANGED
@given(data=st.data())
def test_a_record_goes_straight_only_where_nothing_would_be_lost(
    lifecare: Mapping, one_by_one: Mapping, data: st.DataObject
) -> None:
    content = data.draw(st.sampled_from(SAMPLES)).read_bytes()
    root = records.read(content, lifecare._schema, "meddelande", 1 << 22)
    body = root["kuvert"][0]["typ"][0]["#text"]
    rules = lifecare._by_body[body]
    for _ in range(data.draw(st.integers(1, 3))):
        _shake_record(root, data)
    found = straight_back(lifecare, root, body)
    try:
        run, bundle = one_by_one._run_back(root, rules, "seed")
    except MappingError:
        assert found is None
        return
    leaves = list(accounts.record_leaves(root, "meddelande", one_by_one._omissions[rules.event]))
    lines = list(accounts.lines(leaves, run))
    whole = all(line.outcome != Outcome.NOT_MAPPED for line in lines)
    event("straight" if found is not None else "whole, one by one" if whole else "not whole")
    if found is not None:
        assert whole
        assert fhir_json.serialize(found[1]) == fhir_json.serialize(bundle)
        assert (list(accounts.lines(leaves, found[0])), found[0].trace.used) == (lines, run.trace.used)


def _shake_record(root: records.Record, data: st.DataObject) -> None:
    elements = [holder[key] for holder, key in inside(root) if isinstance(holder[key], dict)]
    element = data.draw(st.sampled_from(elements))
    match data.draw(st.sampled_from(("gone", "twice", "text", "attribute", "child"))):
        case "gone" if element:
            del element[data.draw(st.sampled_from(sorted(element)))]
        case "twice":
            for held in element.values():
                if isinstance(held, list):
                    held.append(copy.deepcopy(held[0]) if held else {})
        case "text":
            element["#text"] = data.draw(st.sampled_from(("x", "", "true", "2026-01-01", "a\x01b", "1")))
        case "attribute":
            element[data.draw(st.sampled_from(("@system", "@typ", "@x")))] = "x"
        case "child":
            held = element.setdefault(data.draw(st.sampled_from(("namn", "hsaId", "kod", "x"))), [])
            if isinstance(held, list):
                held.append({"#text": "x"})


def test_what_nobody_speaks_of_keeps_a_message_from_going_straight(lifecare: Mapping, one_by_one: Mapping) -> None:
    bundle = for_one(fhir_json.parse((ROOT / NOTICE).read_bytes()), 0)
    assert straight_there(lifecare, bundle) is not None
    refused = 0
    for each in [holder[key] for holder, key in inside(bundle) if isinstance(holder[key], dict)]:
        each["unheardOf"] = "x"
        straight = straight_there(lifecare, bundle)
        try:
            one_by_one.to_record(bundle)
        except NotCarriedError:
            refused += 1
            assert straight is None
        del each["unheardOf"]
    assert refused > 20
    assert straight_there(lifecare, bundle) is not None


NOTE = {"resourceType": "Communication", "id": "c", "status": "completed"}
PATIENT = {"resourceType": "Patient", "id": "p", "gender": "male"}
MAILS = [{"url": "urn:mail", "valueString": "a"}, {"url": "urn:mail", "valueString": "b"}]
KNOWN_BY = {"system": "urn:mail", "value": "x"}
TO_PATIENTS = [{"type": "Patient", "reference": "urn:uuid:p"}, {"type": "Patient", "display": "x"}]


@pytest.mark.parametrize(
    ("rules", "resources"),
    [
        pytest.param(
            "{fhir: communication.status, record: note/text}|{fhir: communication.status, record: note/about}",
            [NOTE],
            id="the first of two rules for a node",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|{fhir: communication.medium.coding.code, value: x}",
            [NOTE],
            id="a constant that is not said",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|{fhir: communication.subject, refers: patient}"
            "|{fhir: communication.recipient, refers: patient}|{fhir: communication.sender, refers: communication}",
            [{**NOTE, "recipient": [{"reference": "urn:uuid:h"}]}, PATIENT],
            id="references that are not said",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|{fhir: communication.subject, refers: patient}"
            "|{fhir: communication.recipient, refers: patient}",
            [{**NOTE, "subject": {"reference": "urn:uuid:p"}, "recipient": TO_PATIENTS}, PATIENT],
            id="references that are said",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|"
            "{each: communication.extension(%mail), named: mail, record: note/step,"
            " rules: [{fhir: mail.value.ofType(string), record: what}]}",
            [{**NOTE, "extension": MAILS}],
            id="items of one url",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|"
            "{each: \"communication.recipient.where(type = 'Patient')\", named: who, resource: Patient,"
            " record: note/step, rules: [{fhir: who.gender, record: what}]}",
            [{**NOTE, "recipient": TO_PATIENTS}, PATIENT],
            id="references of one type",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|"
            "{each: \"communication.recipient.where(type = 'Patient')\", named: who, resource: Patient,"
            " record: note/step, rules: [{fhir: who.gender, record: what}]}",
            [{**NOTE, "recipient": TO_PATIENTS[1:]}],
            id="references of one type that lead nowhere",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|"
            "{each: communication.recipient, named: unit, resource: Organization, record: note/step,"
            " rules: [{fhir: unit.name, record: what}, {fhir: unit.identifier.value, record: serves},"
            " {fhir: unit.identifier.system, value: '%mail'}]}",
            [{**NOTE, "recipient": [{"identifier": KNOWN_BY, "display": "X"}]}],
            id="a reference by identifier and name",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|"
            "{each: communication.extension(%mail).value.ofType(Reference), named: who, resource: Patient,"
            " record: note/step, rules: [{fhir: who.gender, record: what}]}",
            [{**NOTE, "extension": [{"url": "urn:mail", "valueReference": {"reference": "urn:uuid:p"}}]}, PATIENT],
            id="a reference in an extension",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}|{fhir: communication.subject, refers: patient}",
            [{**NOTE, "subject": {"identifier": KNOWN_BY}}, {**PATIENT, "identifier": [{**KNOWN_BY}]}],
            id="a reference by identifier that goes without saying",
        ),
        pytest.param(
            "{resource: Communication, named: one, record: note, rules: [{fhir: one.status, record: text}]}",
            [NOTE],
            id="a resource of a type",
        ),
        pytest.param(
            "{fhir: communication.status, value: completed, within: patient}"
            "|{fhir: communication.priority, record: note/text}",
            [{**NOTE, "priority": "asap"}, PATIENT],
            id="a constant beside another resource",
        ),
    ],
)
def test_the_account_of_small_rules_is_that_of_the_rules_one_by_one(
    folder: Callable[..., Path],
    message: Callable[..., dict[str, Any]],
    without_code: Callable[[Mapping], Mapping],
    rules: str,
    resources: list[dict[str, Any]],
) -> None:
    path = written(folder, rules)
    bundle = message(*resources)
    mapping, expected = at_once(Mapping.load(path)), without_code(Mapping.load(path)).to_record(bundle)
    assert straight_there(mapping, bundle) is not None
    found = mapping.to_record(bundle)
    assert (found.content, told(found.report)) == (expected.content, told(expected.report))


@pytest.mark.parametrize(
    ("rules", "resources"),
    [
        pytest.param(
            "{fhir: communication.status, value: completed, within: patient}"
            "|{fhir: communication.priority, record: note/text}",
            [{**NOTE, "priority": "asap"}],
            id="a constant beside a resource that is not there",
        ),
        pytest.param(
            "{fhir: communication.status, record: note/text}"
            "|{fhir: communication.subject, refers: header, within: patient}",
            [{**NOTE, "subject": {"reference": "urn:uuid:h"}}],
            id="a reference beside a resource that is not there",
        ),
        pytest.param(
            "{resource: Communication, named: one, record: note, rules: [{fhir: one.status, record: text}]}",
            [NOTE, {**NOTE, "id": "d"}],
            id="two resources where one has room",
        ),
    ],
)
def test_what_the_rules_do_not_hold_for_does_not_go_straight(
    folder: Callable[..., Path], message: Callable[..., dict[str, Any]], rules: str, resources: list[dict[str, Any]]
) -> None:
    mapping, bundle = at_once(Mapping.load(written(folder, rules))), message(*resources)
    assert straight_there(mapping, bundle) is None
    with pytest.raises(NotCarriedError):
        mapping.to_record(bundle)


def written(folder: Callable[..., Path], rules: str) -> Path:
    """A small mapping folder with these rules, parted by `|`; what they do not hold for is left out, in part."""
    named = "" if "resource: Communication" in rules else "  communication: {type: Communication}"
    patterns = ("**.display", "**.url", "Communication.recipient.*", "Patient.*")
    leave_out = "".join(f'  - {{fhir: "{each}", reason: not needed}}\n' for each in patterns)
    steps = "".join(f"\n  - {each}" for each in rules.split("|"))
    return folder(steps, resources=named, leave_out=leave_out)
