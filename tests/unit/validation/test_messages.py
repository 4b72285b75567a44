"""Message rules: for each a message that keeps it and one that breaks it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.fhir.canonical import CASE, EVENT, HSA, MUNICIPALITY, PERSONNUMMER, RESERVNUMMER, SAMORDNINGSNUMMER, URI
from adapter.validation import messages, rules, run
from adapter.validation.messages import check

Change = Callable[[dict[str, Any]], object]


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


HEADER, PATIENT, TASK, WARD, HOME, PROVENANCE, OTHER = map(uuid, range(1, 8))


def entry(resource_type: str, resource_id: str, **members: Any) -> dict[str, Any]:
    return {
        "fullUrl": f"urn:uuid:{resource_id}",
        "resource": {"resourceType": resource_type, "id": resource_id} | members,
    }


def reference(resource_id: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{resource_id}"}


def message(event: str = "admission-notice") -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "id": uuid(99),
        "type": "message",
        "timestamp": "2026-03-09T10:12:00+01:00",
        "entry": [
            entry(
                "MessageHeader",
                HEADER,
                eventCoding={"system": EVENT, "code": event},
                destination=[{"endpoint": "https://home.example", "receiver": reference(HOME)}],
                sender=reference(WARD),
                source={"endpoint": "https://ward.example"},
                focus=[reference(TASK)],
            ),
            entry("Patient", PATIENT, identifier=[{"system": PERSONNUMMER, "value": "189001019802"}]),
            entry(
                "Task",
                TASK,
                groupIdentifier={"system": CASE, "value": "c"},
                contained=[{"resourceType": "Device", "id": "d"}],
                requester={"reference": "#d"},
                **{"for": reference(PATIENT)},
            ),
            entry("Organization", WARD, identifier=[{"system": HSA, "value": "SE2321000222-E7A31"}]),
            entry("Organization", HOME, identifier=[{"system": MUNICIPALITY, "value": "2482"}]),
            entry("Provenance", PROVENANCE, target=[reference(HEADER)], agent=[{"who": reference(WARD)}]),
        ],
    }


def acknowledgement(code: str = "fatal-error") -> dict[str, Any]:
    details = {"details": reference(OTHER)} if code != "ok" else {}
    response = {"identifier": HEADER, "code": code} | details
    bundle = message()
    bundle["entry"] = [
        entry("MessageHeader", HEADER, eventCoding={"system": EVENT, "code": "acknowledgement"}, response=response),
        entry("OperationOutcome", OTHER, issue=[]),
    ]
    return bundle


def resource(bundle: dict[str, Any], index: int) -> Any:
    return bundle["entry"][index]["resource"]


def put(index: int, **members: Any) -> Change:
    return lambda bundle: resource(bundle, index).update(members)


def drop(index: int, *names: str) -> Change:
    return lambda bundle: [resource(bundle, index).pop(name) for name in names]


def full_url(index: int, value: Any) -> Change:
    return lambda bundle: bundle["entry"][index].update(fullUrl=value)


def add(*entries: Any) -> Change:
    return lambda bundle: bundle["entry"].extend(entries)


def found(bundle: dict[str, Any], change: Change) -> list[tuple[str, tuple[str, ...]]]:
    change(bundle)
    return [(issue.rule, issue.expression) for issue in check(bundle)]


def nothing(_: dict[str, Any]) -> None:
    """No change."""


def as_restful(bundle: dict[str, Any]) -> None:
    """The Task and the Patient come from a server and refer to each other as servers do."""
    for index, kind in ((1, "Patient"), (2, "Task")):
        resource(bundle, index)["id"] = f"{index}"
        full_url(index, f"https://ehr.example/fhir/{kind}/{index}")(bundle)
    resource(bundle, 2)["for"] = {"reference": "Patient/1"}
    resource(bundle, 0)["focus"] = [{"reference": "https://ehr.example/fhir/Task/2"}]


def as_http(bundle: dict[str, Any]) -> None:
    """The Provenance comes from a server without TLS."""
    full_url(5, f"http://ehr.example/Provenance/{PROVENANCE}")(bundle)


ORGANIZATION_OUTSIDE = {"identifier": {"system": HSA, "value": "SE2321000222-E7A31"}}
EARLIER = entry("Provenance", OTHER, target=[reference(uuid(50))], agent=[{"who": reference(WARD)}])
SECOND_OWN = {"target": [{"identifier": {"system": URI, "value": f"urn:uuid:{HEADER}"}}]}


@pytest.mark.parametrize(
    "change",
    [
        nothing,
        as_restful,
        put(0, sender=ORGANIZATION_OUTSIDE),
        put(0, destination=[{"receiver": ORGANIZATION_OUTSIDE}]),
        put(0, focus=None),
        put(1, identifier=[{"system": SAMORDNINGSNUMMER, "value": "191401682396"}]),
        put(1, identifier=[{"system": RESERVNUMMER, "value": "what a region writes"}]),
        put(1, identifier=[{"system": PERSONNUMMER, "value": "18900101-9802"}]),
        put(2, requester={"reference": "https://elsewhere.example/fhir/Device/1"}),
        put(2, requester={"display": "no reference at all"}),
        put(5, **SECOND_OWN),
        as_http,
        put(0, destination=[{"receiver": ORGANIZATION_OUTSIDE, "target": {"reference": "http://elsewhere.example/1"}}]),
        add(EARLIER),
        add(entry("Bundle", OTHER, entry=[{"resource": {"subject": {"reference": "urn:uuid:inner"}}}])),
    ],
)
def test_keeps_every_rule(change: Change) -> None:
    assert found(message(), change) == []


@pytest.mark.parametrize("code", ["ok", "transient-error", "fatal-error"])
def test_an_acknowledgement_keeps_every_rule(code: str) -> None:
    assert found(acknowledgement(code), nothing) == []


@pytest.mark.parametrize(
    ("change", "rule", "place"),
    [
        (lambda b: b.update(type="batch"), "msg-type", "Bundle.type"),
        (lambda b: b.update(resourceType="Patient"), "msg-bundle", "Bundle"),
        (lambda b: b.pop("id"), "msg-bundle-id", "Bundle.id"),
        (lambda b: b.update(id="å"), "msg-bundle-id", "Bundle.id"),
        (lambda b: b.pop("timestamp"), "msg-timestamp", "Bundle.timestamp"),
        (lambda b: b.update(timestamp="2026-03-09T10:12:00"), "msg-timestamp", "Bundle.timestamp"),
        (lambda b: b.update(timestamp="2026-03-09"), "msg-timestamp", "Bundle.timestamp"),
        (lambda b: b.pop("entry"), "msg-entry", "Bundle.entry"),
        (lambda b: b.update(entry={}), "msg-entry", "Bundle.entry"),
        (add("x"), "msg-entry", "Bundle.entry[6].resource"),
        (add({"fullUrl": f"urn:uuid:{OTHER}"}), "msg-entry", "Bundle.entry[6].resource"),
        (lambda b: b["entry"].reverse(), "msg-header-first", "Bundle.entry[0].resource"),
        (add(entry("MessageHeader", OTHER)), "msg-header-one", "Bundle.entry[6].resource"),
        (full_url(5, None), "msg-fullurl", "Bundle.entry[5].fullUrl"),
        (full_url(5, f"urn:uuid:{OTHER}"), "msg-fullurl", "Bundle.entry[5].fullUrl"),
        (full_url(5, "https://ehr.example/fhir/Task/5"), "msg-fullurl", "Bundle.entry[5].fullUrl"),
        (full_url(5, PROVENANCE), "msg-fullurl", "Bundle.entry[5].fullUrl"),
        (
            put(5, target=[reference(HEADER), reference(uuid(50))]),
            "msg-reference",
            "Bundle.entry[5].resource.target[1]",
        ),
        (add(entry("Device", "7")), "msg-fullurl", "Bundle.entry[6].fullUrl"),
        (drop(5, "id"), "msg-fullurl", "Bundle.entry[5].fullUrl"),
        (add(entry("Device", WARD)), "msg-fullurl-unique", "Bundle.entry[6].fullUrl"),
        (drop(0, "id"), "msg-header-id", "MessageHeader.id"),
        (drop(0, "eventCoding"), "msg-event", "MessageHeader.eventCoding"),
        (put(0, eventCoding={"system": "http://x", "code": "sip"}), "msg-event", "MessageHeader.eventCoding"),
        (put(0, eventCoding={"system": EVENT}), "msg-event", "MessageHeader.eventCoding"),
        (drop(0, "destination"), "msg-destination", "MessageHeader.destination"),
        (put(0, destination=[]), "msg-destination", "MessageHeader.destination"),
        (put(0, destination=[{}]), "msg-destination-receiver", "MessageHeader.destination[0].receiver"),
        (put(0, destination=["x"]), "msg-destination-receiver", "MessageHeader.destination[0].receiver"),
        (
            put(0, destination=[{"receiver": reference(OTHER)}]),
            "msg-destination-receiver",
            "MessageHeader.destination[0].receiver",
        ),
        (
            put(0, destination=[{"receiver": reference(PATIENT)}]),
            "msg-destination-receiver",
            "MessageHeader.destination[0].receiver",
        ),
        (put(4, identifier=[]), "msg-destination-receiver", "MessageHeader.destination[0].receiver"),
        (
            put(4, identifier=[{"system": MUNICIPALITY, "value": "2482"}, {"system": MUNICIPALITY, "value": "2481"}]),
            "msg-destination-receiver",
            "MessageHeader.destination[0].receiver",
        ),
        (drop(0, "sender"), "msg-sender", "MessageHeader.sender"),
        (put(0, sender=reference(OTHER)), "msg-sender", "MessageHeader.sender"),
        (put(3, identifier=[{"system": HSA, "value": "E7A31"}]), "msg-hsa-form", "MessageHeader.sender"),
        (put(0, focus=[reference(TASK), reference(OTHER)]), "msg-focus", "MessageHeader.focus[1]"),
        (put(0, focus=["x"]), "msg-focus", "MessageHeader.focus[0]"),
        (put(2, owner=reference(OTHER)), "msg-reference", "Bundle.entry[2].resource.owner"),
        (put(2, requester={"reference": "#e"}), "msg-reference", "Bundle.entry[2].resource.requester"),
        (put(2, owner={"reference": "Organization/1"}), "msg-reference", "Bundle.entry[2].resource.owner"),
        (put(2, owner={"reference": "?identifier=1"}), "msg-reference", "Bundle.entry[2].resource.owner"),
        (put(2, input=[{"value": reference(OTHER)}]), "msg-reference", "Bundle.entry[2].resource.input[0].value"),
        (put(2, **{"not a name": reference(OTHER)}), "msg-reference", "Bundle.entry[2].resource.?"),
        (put(0, enterer=reference(OTHER)), "msg-reference", "Bundle.entry[0].resource.enterer"),
        (
            put(0, destination=[{"receiver": reference(HOME), "target": reference(OTHER)}]),
            "msg-reference",
            "Bundle.entry[0].resource.destination[0].target",
        ),
        (
            add(EARLIER | {"resource": EARLIER["resource"] | {"agent": [{"who": reference(uuid(51))}]}}),
            "msg-reference",
            "Bundle.entry[6].resource.agent[0].who",
        ),
        (put(0, response={"identifier": "x", "code": "ok"}), "msg-response-event", "MessageHeader.response"),
        (put(1, resourceType="Device"), "msg-patient-one", "Bundle.entry"),
        (
            put(1, identifier=[{"value": "189001019802"}]),
            "msg-patient-identifier",
            "Bundle.entry[1].resource.identifier",
        ),
        (
            put(1, identifier=[{"system": PERSONNUMMER, "value": "189001019803"}]),
            "msg-patient-number",
            "Bundle.entry[1].resource.identifier",
        ),
        (
            put(1, identifier=[{"system": PERSONNUMMER, "value": "191401682396"}]),
            "msg-patient-number",
            "Bundle.entry[1].resource.identifier",
        ),
        (
            put(1, identifier=[{"system": PERSONNUMMER, "value": v} for v in ("189001019802", "189001029819")]),
            "msg-patient-number",
            "Bundle.entry[1].resource.identifier",
        ),
        (lambda b: b["entry"].pop(), "msg-provenance-missing", "Bundle.entry"),
        (put(5, target=[reference(uuid(50))]), "msg-provenance-target", "Bundle.entry[5].resource.target"),
        (add(EARLIER | {"resource": EARLIER["resource"] | SECOND_OWN}), "msg-provenance-target", None),
    ],
)
def test_breaks_one_rule(change: Change, rule: str, place: str | None) -> None:
    issues = found(message(), change)
    assert [name for name, _ in issues] == [rule]
    assert place is None or issues[0][1] == (place,)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (drop(0, "response"), "msg-response-event"),
        (put(0, response={"identifier": HEADER, "code": "good"}), "msg-response"),
        (put(0, response={"code": "ok"}), "msg-response"),
        (put(0, response={"identifier": HEADER, "code": "fatal-error"}), "msg-response-details"),
        (
            put(0, response={"identifier": HEADER, "code": "fatal-error", "details": reference(HEADER)}),
            "msg-response-details",
        ),
    ],
)
def test_an_acknowledgement_breaks_one_rule(change: Change, rule: str) -> None:
    assert [name for name, _ in found(acknowledgement(), change)] == [rule]


def test_the_details_of_an_answer_are_named() -> None:
    lost = put(0, response={"identifier": HEADER, "code": "fatal-error"})
    assert found(acknowledgement(), lost) == [("msg-response-details", ("MessageHeader.response.details",))]


def test_a_reference_in_a_list_of_lists_is_followed_too() -> None:
    assert [rule for rule, _ in found(message(), put(2, input=[[reference(OTHER)]]))] == ["msg-reference"]


def test_two_patients_are_one_too_many() -> None:
    twin = entry("Patient", OTHER, identifier=[{"system": RESERVNUMMER, "value": "r"}])
    assert found(message(), add(twin)) == [
        ("msg-patient-one", ("Bundle.entry[1].resource", "Bundle.entry[6].resource"))
    ]


def test_no_value_of_the_message_stands_in_the_words() -> None:
    bundle = message()
    resource(bundle, 1)["identifier"][0]["value"] = "secret"
    resource(bundle, 2)["owner"] = {"reference": "Patient/secret"}
    resource(bundle, 2)["secret 1890"] = {"reference": "Patient/secret"}
    full_url(3, "https://ehr.example/secret")(bundle)
    issues = check(bundle)
    assert len(issues) > 3
    assert "secret" not in repr(issues)


def test_the_catalogue_says_cause_and_mend() -> None:
    assert all(rule.cause and rule.mend for rule in rules.RULES.values())


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A message with some members anywhere replaced by anything."""
    bundle = copy.deepcopy(message())
    for _ in range(draw(st.integers(1, 5))):
        place: Any = bundle
        while True:
            steps = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not steps:
                break
            step = draw(st.sampled_from(steps))
            if not isinstance(place[step], dict | list) or draw(st.integers(0, 3)) == 0:
                place[step] = draw(ANYTHING)
                break
            place = place[step]
    return bundle


NAMES = st.sampled_from(
    ["resourceType", "id", "reference", "identifier", "system", "value", "response", "entry", "x y"]
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "Bundle", "#", "Patient/1", HSA, f"urn:uuid:{TASK}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@given(mutated() | ANYTHING)
def test_no_shape_raises(bundle: Any) -> None:
    assert all(issue.rule in rules.RULES for issue in check(bundle))


def told(bundle: dict[str, Any], rule: str) -> list[tuple[tuple[str, ...], str]]:
    return [(issue.expression, issue.message) for issue in check(bundle) if issue.rule == rule]


def test_each_entry_is_looked_at_whatever_is_wrong_with_those_before() -> None:
    bundle = message()
    last = len(bundle["entry"])
    bundle["entry"] += [{"fullUrl": "urn:x"}, {"resource": {"resourceType": "Basic"}}, entry("Basic", "x")]
    assert [place for place, _ in told(bundle, "msg-entry")] == [(f"Bundle.entry[{last}].resource",)]
    assert [place for place, _ in told(bundle, "msg-fullurl")] == [
        (f"Bundle.entry[{last + 1}].fullUrl",),
        (f"Bundle.entry[{last + 2}].fullUrl",),
    ]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"urn:uuid:{PROVENANCE}0", "what follows urn:uuid: is not a UUID"),
        (f"urn:uuid:x{PROVENANCE}", "what follows urn:uuid: is not a UUID"),
        (f"urn:uuid:{OTHER}", "expected urn:uuid: followed by the resource's id"),
        (f"https://ehr.example/Task/{PROVENANCE}", "expected the URL to end in the resource's type and id"),
        (
            f"ftp://ehr.example/Provenance/{PROVENANCE}",
            "expected a fullUrl that starts with urn:uuid:, http:// or https://",
        ),
    ],
)
def test_what_is_wrong_with_a_full_url_is_told(url: str, words: str) -> None:
    bundle = message()
    full_url(5, url)(bundle)
    assert [each for _, each in told(bundle, "msg-fullurl")] == [words]


def test_the_header_too_must_have_its_own_full_url() -> None:
    assert ("msg-fullurl", ("Bundle.entry[0].fullUrl",)) in found(message(), full_url(0, f"urn:uuid:{uuid(9)}"))


def test_only_the_provenances_that_are_too_many_are_named() -> None:
    bundle = message()
    found = [index for index, each in enumerate(bundle["entry"]) if each["resource"]["resourceType"] == "Provenance"]
    (own,) = found
    copied = copy.deepcopy(bundle["entry"][own]["resource"])
    other = copy.deepcopy(copied) | {"id": uuid(51), "target": [reference(uuid(77))]}
    last = len(bundle["entry"])
    for resource in (other, copied | {"id": uuid(50)}):
        bundle["entry"].append({"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource})
    ((places, _),) = told(bundle, "msg-provenance-target")
    assert places == (f"Bundle.entry[{own}].resource.target", f"Bundle.entry[{last + 1}].resource.target")


def test_references_are_followed_everywhere_but_in_another_bundle() -> None:
    lost = {"reference": f"urn:uuid:{uuid(66)}"}
    inner = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Basic", "subject": lost}}]}
    bundle = message()
    last = len(bundle["entry"])
    bundle["entry"] += [
        entry("Basic", uuid(40), target=[lost], contained=[inner]),
        entry("Basic", uuid(41), contained=[inner]),
    ]
    assert told(bundle, "msg-reference") == [
        ((f"Bundle.entry[{last}].resource.target[0].reference",), "no entry has this fullUrl")
    ] or [place for place, _ in told(bundle, "msg-reference")] == [(f"Bundle.entry[{last}].resource.target[0]",)]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("#e", "no contained resource of this entry's resource has this id"),
        (f"urn:uuid:{uuid(66)}", "no entry has this fullUrl"),
        ("urn:x#", "no entry has this fullUrl"),
        (
            "Task/1#urn:",
            "a relative reference leads to no entry by the base URL of this entry's fullUrl: "
            "expected the target's fullUrl",
        ),
    ],
)
def test_where_a_reference_leads_nowhere_is_told(url: str, words: str) -> None:
    bundle = message()
    put(2, owner={"reference": url})(bundle)
    assert [each for _, each in told(bundle, "msg-reference")] == [words]


@pytest.mark.parametrize(
    ("response", "place"),
    [
        ({"code": "ok"}, "MessageHeader.response.identifier"),
        ({"identifier": HEADER, "code": "good"}, "MessageHeader.response.code"),
        ({"identifier": HEADER, "code": "fatal-error"}, "MessageHeader.response.details"),
    ],
)
def test_what_is_wrong_with_a_response_is_placed(response: dict[str, Any], place: str) -> None:
    (issue,) = found(acknowledgement("ok"), put(0, response=response))
    assert issue[0].startswith("msg-response")
    assert issue[1] == (place,)


@pytest.mark.parametrize("event", ["acknowledgement", "delivery-report"])
def test_what_is_about_a_message_needs_no_patient_and_no_provenance(event: str) -> None:
    bundle = message(event)
    bundle["entry"] = [each for each in bundle["entry"] if each["resource"]["resourceType"] == "Organization"]
    bundle["entry"].insert(0, message(event)["entry"][0])
    drop(0, "focus")(bundle)
    assert not [rule for rule, _ in found(bundle, nothing) if rule.startswith(("msg-patient", "msg-provenance"))]


@pytest.mark.parametrize(
    ("system", "name"),
    [(PERSONNUMMER, "personnummer"), (SAMORDNINGSNUMMER, "samordningsnummer")],
)
def test_two_numbers_are_named(system: str, name: str) -> None:
    bundle = message()
    bundle["entry"][1]["resource"]["identifier"] = [{"system": system, "value": each} for each in ("1", "2")]
    assert [words for _, words in told(bundle, "msg-patient-number")] == [
        f"the patient has 2 different {name}: expected one",
        f"not a {name}: expected 12 digits with the right check digit",
    ]


def test_rules_are_asked_no_further_than_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter(range(5000))
    monkeypatch.setattr(messages, "_entries", lambda _: (rules.ENTRY.issue("x") for _ in asked))
    check({"resourceType": "Bundle", "type": "message"})
    assert next(asked) < run.MAX_ISSUES + 2


def test_a_hostile_message_gets_no_list_as_long_as_itself() -> None:
    found = check({"resourceType": "Bundle", "type": "message", "entry": [{}] * (run.MAX_ISSUES + 500)})
    assert len(found) == run.MAX_ISSUES + 1
    assert found[-1].rule == rules.STOPPED.id
    headers = {
        "resourceType": "Bundle",
        "type": "message",
        "entry": [{"resource": {"resourceType": "MessageHeader"}}] * 500,
    }
    (many,) = [issue for issue in check(headers) if issue.rule == rules.HEADER_ONE.id]
    assert many.message.startswith("the Bundle has 500 MessageHeaders")
    assert len(many.expression) == 100
