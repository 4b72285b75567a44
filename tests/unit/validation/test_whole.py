"""A whole message is held against the profile and the definition of its event."""

import copy
from pathlib import Path

import pytest

from adapter.fhir import json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import EXTENDED_NOTICE, MESSAGE_PROFILE
from adapter.fhir.outcomes import errors
from adapter.mapping import Mapping
from adapter.support.settings import OWN_PACKAGE
from adapter.validation import Validator
from adapter.validation.whole import MessageValidator

ROOT = Path(__file__).resolve().parents[3]
JOURNEYS = sorted(ROOT.glob("fixtures/journeys/*/*.json"))
SAMPLES = [file for file in sorted(ROOT.glob("mappings/lifecare/samples/*.xml")) if "mottagningsbevis" not in file.name]


@pytest.fixture(scope="module")
def validator():
    return MessageValidator(Validator.load(packages=[OWN_PACKAGE]))


@pytest.fixture(scope="module")
def mapping():
    return Mapping.load(ROOT / "mappings" / "lifecare")


@pytest.fixture
def notice():
    return json.parse((ROOT / "example" / "admission-notice.json").read_bytes())


def rules(validator, bundle, *profiles):
    return {issue.rule for issue in errors(validator.issues(MessageBundle(bundle), profiles))}


def found(bundle, kind):
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("file", [*JOURNEYS, ROOT / "example" / "admission-notice.json"], ids=lambda file: file.stem)
def test_what_we_show_others_is_valid_without_a_warning(validator, file):
    issues = validator.issues(MessageBundle(json.parse(file.read_bytes())))
    assert [issue for issue in issues if issue.severity != "information"] == []


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_what_a_record_becomes_is_valid(validator, mapping, file):
    assert rules(validator, mapping.to_fhir(file.read_bytes()).bundle) == set()


class TestProfile:
    def test_is_that_of_the_event(self, validator, notice):
        del found(notice, "Encounter")[0]["extension"]
        issues = errors(validator.issues(MessageBundle(notice)))
        assert {issue.rule for issue in issues} == {"profile-min"}
        assert {issue.profile.rpartition("/")[2].partition("|")[0] for issue in issues} == {"admission-stay"}

    def test_is_not_asked_where_the_message_rules_are_broken(self, validator, notice):
        del found(notice, "Encounter")[0]["extension"]
        notice["entry"][0]["resource"]["focus"] = [{"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}]
        assert rules(validator, notice) == {"msg-focus", "bundle-reference"}

    def test_in_the_version_that_is_claimed(self, validator, notice):
        notice["meta"] = {"profile": [f"{MESSAGE_PROFILE}admission-notice|1.0.0"]}
        assert rules(validator, notice) == set()
        notice["meta"] = {"profile": [f"{MESSAGE_PROFILE}admission-notice|0.1.0"]}
        assert rules(validator, notice) == {"profile-unknown"}

    def test_one_of_another_event_that_is_claimed_takes_no_ones_place(self, validator, notice):
        notice["meta"] = {"profile": [f"{MESSAGE_PROFILE}general-message"]}
        assert MessageBundle(notice).profile == f"{MESSAGE_PROFILE}admission-notice"

    def test_of_an_event_that_no_package_knows_is_left_to_others(self, validator, notice):
        notice["entry"][0]["resource"]["eventCoding"]["code"] = "party"
        assert not validator.knows("party")
        assert rules(validator, notice) == {"code-unknown"}

    def test_asked_for_is_checked_too(self, validator, notice):
        assert rules(validator, notice, f"{MESSAGE_PROFILE}general-message") >= {"profile-min"}


class TestExtendedNotice:
    def test_may_hold_what_the_minimum_may_not(self, validator, notice):
        found(notice, "Encounter")[0]["reasonCode"] = [{"text": "hjärtsvikt"}]
        assert rules(validator, notice) == {"profile-max"}
        notice["meta"] = {"profile": [EXTENDED_NOTICE]}
        assert rules(validator, notice) == set()

    def test_is_of_the_first_notice_alone(self, notice):
        notice["meta"] = {"profile": [EXTENDED_NOTICE]}
        assert MessageBundle(notice).is_extended
        notice["entry"][0]["resource"]["eventCoding"]["code"] = "admission-notice-update"
        assert not MessageBundle(copy.deepcopy(notice)).is_extended


class TestDefinition:
    def test_says_how_many_focus_resources_of_a_type_there_are(self, validator):
        file = next(file for file in JOURNEYS if "planning-information" in file.name)
        message = json.parse(file.read_bytes())
        assert rules(validator, message) == set()
        message["entry"][0]["resource"]["focus"] = [
            {"reference": f"urn:uuid:{resource['id']}"} for resource in found(message, "Encounter")
        ]
        (issue,) = errors(validator.issues(MessageBundle(message)))
        assert (issue.rule, issue.expression) == ("msg-definition", ("MessageHeader.focus",))
        assert "0 focus resources of the type Communication: expected at least 1" in issue.message
