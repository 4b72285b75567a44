"""The statutory minimum of an admission notice: nothing beyond it, however deep; more only by a basis of its own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.discharge import minimum
from adapter.discharge.disclosure import disclose
from adapter.fhir import json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import ADDRESS_KIND, EXTENDED_NOTICE, NEED_ASSESSED

EXAMPLE = Path(__file__).parents[3] / "example" / "admission-notice.json"
OTHER = {"url": "https://region.example/fhir/diagnosis", "valueString": "hjärtsvikt"}


@pytest.fixture
def notice():
    return json.parse(EXAMPLE.read_bytes())


def found(bundle, kind):
    return next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)


def places(bundle, **settings):
    return [place for issue in minimum.check(MessageBundle(bundle), **settings) for place in issue.expression]


_NAMES = st.sampled_from(["extension", "_extension", "modifierExtension", "url", "a", "_a"])
_URLS = st.sampled_from([NEED_ASSESSED, OTHER["url"], "", None, 1, [NEED_ASSESSED], {}])
_RESOURCES = st.recursive(
    st.none() | st.text(max_size=2) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_NAMES, inner, max_size=4)
        | st.fixed_dictionaries({"url": _URLS}, optional={"extension": inner, "valueX": inner})
    ),
    max_leaves=20,
).filter(lambda value: isinstance(value, dict))


@given(_RESOURCES)
def test_whatever_place_can_be_named_is_seen_by_a_look(resource):
    if list(minimum._places(resource, "x")):
        assert minimum._has_others(MessageBundle(resource))


def test_the_example_keeps_it(notice):
    assert places(notice) == []


def test_an_extension_counts_wherever_it_hides(notice):
    patient, stay = found(notice, "Patient"), found(notice, "Encounter")
    patient["name"][0]["_given"] = [None, {"extension": [OTHER]}]
    patient["identifier"][0]["extension"] = [OTHER]
    patient["address"][0]["extension"][0]["valueCodeableConcept"]["extension"] = [OTHER]
    stay["_status"] = {"extension": [OTHER]}
    stay["extension"].append(OTHER)
    assert sorted(places(notice)) == [
        "Bundle.entry[1].resource.address[0].extension[0].valueCodeableConcept.extension[0]",
        "Bundle.entry[1].resource.identifier[0].extension[0]",
        "Bundle.entry[1].resource.name[0].given[1].extension[0]",
        "Bundle.entry[2].resource.extension[2]",
        "Bundle.entry[2].resource.status.extension[0]",
    ]


def test_an_extension_on_a_resource_that_has_none_is_told_once(notice):
    found(notice, "Task")["extension"] = [{"url": ADDRESS_KIND, "valueString": "x"}, OTHER]
    assert places(notice) == ["Bundle.entry[3].resource.extension"]


def test_other_events_are_not_bound_by_it(notice):
    found(notice, "Patient")["gender"] = "female"
    found(notice, "MessageHeader")["eventCoding"]["code"] = "general-message"
    assert places(notice) == []


class TestExtended:
    @pytest.fixture
    def extended(self, notice):
        found(notice, "Encounter")["reasonCode"] = [{"text": "hjärtsvikt"}]
        notice["meta"] = {"profile": [EXTENDED_NOTICE]}
        return notice

    def test_is_refused_where_no_basis_is_named(self, extended):
        (issue,) = minimum.check(MessageBundle(extended))
        assert (issue.rule, issue.expression) == ("discharge-extended-basis", ("Bundle.meta.profile",))

    def test_may_hold_more_where_one_is(self, extended):
        assert places(extended, extended=True) == []

    def test_keeps_its_instants_on_the_way(self, notice, extended):
        disclosed, removals = disclose(MessageBundle(extended))
        assert removals == []
        assert NEED_ASSESSED in {each["url"] for each in disclosed.of_type("Encounter")[0]["extension"]}

    def test_a_basis_widens_nothing_for_a_notice_that_does_not_claim_it(self, notice):
        found(notice, "Encounter")["reasonCode"] = [{"text": "hjärtsvikt"}]
        assert places(notice, extended=True) == ["Bundle.entry[2].resource.reasonCode"]


def test_no_more_than_a_thousand_places_are_told(notice):
    found(notice, "Patient")["address"][0]["extension"] = [OTHER] * 1500
    assert len(places(notice)) == 1000


@pytest.mark.parametrize("url", [[NEED_ASSESSED], {}, 1, None])
def test_an_extension_whose_url_is_none_is_beyond_it(notice, url):
    found(notice, "Encounter")["extension"] = [{"url": url}]
    assert places(notice) == ["Bundle.entry[2].resource.extension[0]"]
