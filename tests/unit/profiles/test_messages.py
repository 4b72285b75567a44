"""The messages of the package agree with each other, with the events, and with what the code says of the minimum."""

import re

import pytest

from adapter.discharge import minimum
from adapter.discharge.events import EVENTS
from adapter.fhir import canonical

BASE = f"{canonical.CANONICAL}/StructureDefinition/"
CARRIED = [code for code in EVENTS if code not in ("acknowledgement", "delivery-report")]
MINIMA = {
    "MessageHeader": "header-admission-notice",
    "Provenance": "minimum-provenance",
    "Organization": "minimum-organization",
    "Practitioner": "minimum-practitioner",
    "PractitionerRole": "minimum-practitioner-role",
    "Patient": "minimum-patient",
    "Encounter": "admission-stay",
    "Task": "minimum-task",
}


def profile_of(element):
    return [each.removeprefix(BASE) for each in element["type"][0].get("profile", [])]


@pytest.mark.parametrize("event", EVENTS)
class TestEvent:
    def test_has_header_message_and_definition(self, package, structure, event):
        header, message = structure(f"header-{event}"), structure(f"message-{event}")
        assert header["MessageHeader.event[x]"]["patternCoding"] == {"system": canonical.EVENT, "code": event}
        assert profile_of(message["Bundle.entry:header.resource"]) == [f"header-{event}"]
        definition = package["MessageDefinition", event]
        assert definition["eventCoding"] == {"system": canonical.EVENT, "code": event}
        assert definition["url"] == f"{canonical.MESSAGE_DEFINITION}{event}"

    def test_says_who_sends_it_to_whom(self, package, event):
        roles = {each["code"]["code"] for each in package["MessageDefinition", event]["useContext"]}
        assert roles == {"sender", "receiver"}

    def test_answers_are_defined(self, package, event):
        definition = package["MessageDefinition", event]
        answers = [
            each["message"].removeprefix(canonical.MESSAGE_DEFINITION) for each in definition.get("allowedResponse", [])
        ]
        assert set(answers) <= set(EVENTS)
        assert ("acknowledgement" in answers) == (event != "acknowledgement")
        assert definition["responseRequired"] == ("never" if event == "acknowledgement" else "always")

    def test_focus_is_what_the_header_points_at_and_the_message_holds(self, package, structure, event):
        header, message = structure(f"header-{event}"), structure(f"message-{event}")
        targets = header["MessageHeader.focus"]["type"][0].get("targetProfile", [])
        held = [
            (kind["code"], profile.removeprefix(BASE))
            for key, element in message.items()
            if re.fullmatch(r"Bundle\.entry:[A-Za-z]+\.resource", key)
            for kind in element["type"]
            for profile in kind.get("profile", [])
        ]
        for focus in package["MessageDefinition", event].get("focus", []):
            assert (focus["code"], focus["profile"].removeprefix(BASE)) in held
            if event != "acknowledgement":
                assert f"http://hl7.org/fhir/StructureDefinition/{focus['code']}" in [*targets, *_any(targets, focus)]


def _any(targets, focus):
    """A header that may point at anything may point at this."""
    anything = "http://hl7.org/fhir/StructureDefinition/Resource"
    return [f"http://hl7.org/fhir/StructureDefinition/{focus['code']}"] if targets in ([], [anything]) else []


def test_every_profile_of_a_message_is_of_an_event(package):
    ids = {name.partition("message-")[2] for kind, name in package if name.startswith("message-")}
    others = {"role", "relation", "provenance", "outcome"}
    assert ids - others == {*EVENTS, "admission-notice-extended"}


@pytest.mark.parametrize("event", CARRIED)
def test_every_message_between_parties_is_about_one_person_and_in_the_chain(structure, event):
    message = structure(f"message-{event}")
    assert (message["Bundle.entry:patient"]["min"], message["Bundle.entry:patient"]["max"]) == (1, "1")
    assert message["Bundle.entry:provenance"]["min"] == 1
    keys = {each["key"] for each in message["Bundle"]["constraint"]}
    assert {"bundle-own-provenance", "bundle-activity", "bundle-case"} <= keys


class TestMinimum:
    @pytest.mark.parametrize("event", sorted(minimum.EVENTS))
    def test_is_closed_around_the_same_types_as_the_code(self, structure, event):
        message = structure(f"message-{event}")
        assert message["Bundle.entry"]["slicing"]["rules"] == "closed"
        held = {
            element["type"][0]["code"]: profile_of(element)
            for key, element in message.items()
            if re.fullmatch(r"Bundle\.entry:[A-Za-z]+\.resource", key)
        }
        assert held == {kind: [name] for kind, name in MINIMA.items()} | {"MessageHeader": [f"header-{event}"]}
        assert set(held) == set(minimum.ALLOWED)

    @pytest.mark.parametrize("kind", MINIMA)
    def test_lets_the_same_elements_through_as_the_code(self, structure, kind):
        names = [MINIMA[kind]] + (["header-admission-notice-update"] if kind == "MessageHeader" else [])
        for name in names:
            allowed = {
                key.split(".")[1]
                for key, element in structure(name).items()
                if re.fullmatch(r"[A-Za-z]+\.[A-Za-z\[\]]+", key) and element["max"] != "0"
            }
            written = {"event[x]": "eventCoding", "occurred[x]": "occurredDateTime"}
            assert {written.get(each, each) for each in allowed} == minimum.ALLOWED[kind] | minimum.EVERY - {
                "resourceType"
            }

    def test_lets_the_same_extensions_through_as_the_code(self, structure):
        (rule,) = [
            each
            for each in structure("message-admission-notice")["Bundle"]["constraint"]
            if each["key"] == "minimum-extension"
        ]
        assert set(re.findall(r"url = '([^']+)'", rule["expression"])) == minimum.EXTENSIONS
