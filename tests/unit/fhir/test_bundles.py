"""MessageBundle: what it finds, and that no shape makes it raise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import EVENT, HSA, HSA_RIV, MUNICIPALITY

HEADER, WARD, CENTRE = (f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))


def organization(url: str, *identifiers: tuple[str, str], **members: Any) -> dict[str, Any]:
    named = [{"system": system, "value": value} for system, value in identifiers]
    return {"fullUrl": url, "resource": {"resourceType": "Organization", "identifier": named} | members}


def bundle(*entries: dict[str, Any], **header: Any) -> MessageBundle:
    first = {"resourceType": "MessageHeader", "id": HEADER[9:], "eventCoding": {"system": EVENT, "code": "sip"}}
    return MessageBundle(
        {
            "resourceType": "Bundle",
            "id": "b",
            "type": "message",
            "timestamp": "2026-03-09T10:12:00+01:00",
            "entry": [{"fullUrl": HEADER, "resource": first | header}, *entries],
        }
    )


def test_reads_what_names_the_message() -> None:
    message = bundle(response={"identifier": "x"})
    assert (message.event, message.header_id, message.bundle_id) == ("sip", HEADER[9:], "b")
    assert message.timestamp == "2026-03-09T10:12:00+01:00"
    assert message.response == {"identifier": "x"}


def test_a_code_of_another_system_is_not_our_event() -> None:
    assert bundle(eventCoding={"system": "http://example.org", "code": "sip"}).event is None


def test_header_is_found_where_it_does_not_stand_first() -> None:
    message = MessageBundle({"entry": ["x", {"resource": {"resourceType": "MessageHeader", "id": "h"}}]})
    assert message.header_id == "h"
    assert message.entries[0] == {}


def test_resolves_urn_and_absolute_url() -> None:
    message = bundle(organization(WARD, name="ward"), organization("https://ehr.example/fhir/Organization/2", name="2"))
    assert message.resolve({"reference": WARD}) == message.resources[1]
    assert message.resolve({"reference": "https://ehr.example/fhir/Organization/2"}) == message.resources[2]
    assert message.resolve({"reference": "https://ehr.example/fhir/Organization/3"}) is None


def test_relative_reference_goes_by_the_base_of_its_own_entry() -> None:
    message = bundle(
        organization("https://one.example/fhir/Organization/a", name="one"),
        organization("https://two.example/fhir/Organization/a", name="two"),
    )
    reference = {"reference": "Organization/a"}
    assert message.resolve(reference, message.entries[2]) == message.resources[2]
    assert message.resolve(reference, message.entries[0]) is None, "a URN has no base"
    assert message.resolve(reference) is None, "two are found: none is chosen"


def test_relative_reference_without_its_entry_resolves_where_only_one_is_meant() -> None:
    message = bundle(organization("https://one.example/fhir/Organization/a", name="one"))
    assert message.resolve({"reference": "Organization/a"}) == message.resources[1]


def test_versioned_reference_asks_for_that_version() -> None:
    url = "https://one.example/fhir/Organization/a"
    message = bundle(organization(url, meta={"versionId": "2"}))
    assert message.resolve({"reference": f"{url}/_history/2"}) == message.resources[1]
    assert message.resolve({"reference": f"{url}/_history/3"}) is None


def test_contained_resource_is_sought_in_its_own_entry() -> None:
    contained = {"resourceType": "Organization", "id": "o", "name": "inside"}
    message = bundle(organization(WARD, contained=[contained]))
    assert message.resolve({"reference": "#o"}, message.entries[1]) == contained
    assert message.resolve({"reference": "#o"}, message.entries[0]) is None
    assert message.resolve({"reference": "#"}, message.entries[1]) == message.resources[1]


@pytest.mark.parametrize("system", [HSA, HSA_RIV])
def test_hsa_id_is_read_in_either_oid_form(system: str) -> None:
    message = bundle(organization(WARD, (system, "SE2321000222-E7A31")), sender={"reference": WARD})
    assert message.hsa_of({"reference": WARD}) == "SE2321000222-E7A31"
    assert message.sender == message.resources[1]


def test_logical_reference_reads_as_an_organization() -> None:
    identifier = {"system": MUNICIPALITY, "value": "0980"}
    message = bundle(sender={"identifier": identifier}, destination=[{"receiver": {"identifier": identifier}}])
    assert message.sender == {"resourceType": "Organization", "identifier": [identifier]}
    assert message.destination_receivers() == [(0, None, "0980")]
    assert message.hsa_of({"identifier": identifier}) == "0980"


def test_each_destination_keeps_its_index() -> None:
    message = bundle(
        organization(CENTRE, (HSA, "SE1-A"), (MUNICIPALITY, "2482")),
        destination=[{"receiver": {"reference": "urn:uuid:gone"}}, "x", {"receiver": {"reference": CENTRE}}],
    )
    assert message.destination_receivers() == [(0, None, None), (1, None, None), (2, "SE1-A", "2482")]


def test_two_different_hsa_ids_are_no_hsa_id() -> None:
    twice = organization(WARD, (HSA, "SE1-A"), (HSA_RIV, "SE1-B"))
    assert bundle(twice).hsa_of({"reference": WARD}) is None
    literal = organization(WARD, (HSA, "SE1-A"))
    contradicted = {"reference": WARD, "identifier": {"system": HSA, "value": "SE1-B"}}
    assert bundle(literal).hsa_of(contradicted) is None
    assert bundle(literal).hsa_of(contradicted | {"identifier": {"system": HSA_RIV, "value": "SE1-A"}}) == "SE1-A"


def test_what_is_remembered_of_one_organization_is_not_told_of_another() -> None:
    message = bundle(organization(WARD, (HSA, "SE1-A")), organization(CENTRE, (HSA, "SE1-B"), contained=[{"id": "o"}]))
    for _ in range(2):
        assert message.units_of({"reference": WARD}) == ("SE1-A", None)
        assert message.units_of({"reference": CENTRE}) == ("SE1-B", None)
        assert message.units_of({"reference": "#o"}) == (None, None)
        assert message.resolve({"reference": "#o"}, message.entries[1]) is None
        assert message.resolve({"reference": "#o"}, message.entries[2]) == {"id": "o"}


def test_an_unresolved_literal_reference_names_no_organization() -> None:
    reference = {"reference": WARD, "identifier": {"system": HSA, "value": "SE1-A"}}
    assert bundle().organization(reference) is None


def test_a_sender_that_is_no_organization_is_none() -> None:
    patient = {"fullUrl": WARD, "resource": {"resourceType": "Patient"}}
    assert bundle(patient, sender={"reference": WARD}).sender is None


def test_focus_leaves_out_what_is_not_there() -> None:
    message = bundle(organization(WARD), focus=[{"reference": WARD}, {"reference": CENTRE}, 3])
    assert message.focus == [message.resources[1]]


NAMES = st.sampled_from(
    [
        "resourceType",
        "id",
        "type",
        "timestamp",
        "entry",
        "fullUrl",
        "resource",
        "eventCoding",
        "system",
        "code",
        "focus",
        "reference",
        "sender",
        "receiver",
        "destination",
        "identifier",
        "value",
        "response",
        "contained",
        "meta",
        "versionId",
    ]
)
TEXTS = st.sampled_from(["Bundle", "MessageHeader", "Organization", "Organization/1", "#1", WARD, HSA, "", "1"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)
ENTRIES = st.lists(ANYTHING | st.fixed_dictionaries({"resource": ANYTHING, "fullUrl": ANYTHING}), max_size=4)


@given(st.fixed_dictionaries({"entry": ANYTHING | ENTRIES}) | ANYTHING, ANYTHING)
def test_no_shape_raises(resource: Any, reference: Any) -> None:
    message = MessageBundle(resource)
    for attribute in ("focus", "sender", "event", "header_id", "bundle_id", "timestamp", "response", "destinations"):
        getattr(message, attribute)
    message.of_type("Task")
    assert len(message.destination_receivers()) == len(message.destinations)
    message.resolve(reference)
    message.hsa_of(reference)
