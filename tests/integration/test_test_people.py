"""A message about a test person at a production installation, by the one door."""

import json
from types import SimpleNamespace

import pytest

from adapter.exchange import test_people


def production(installation, file, policy):
    numbers = SimpleNamespace(files=[file], in_production=policy)
    installation.adapter.exchange._test_people = test_people.look(
        SimpleNamespace(environment="production", test_numbers=numbers)
    )


@pytest.fixture
def told(installation, messages, tmp_path):
    """Sends the notice of a journey, whose person is a test person, under a policy."""
    message = messages("test people")[0]
    resources = [entry["resource"] for entry in message["entry"]]
    (patient,) = [each for each in resources if each["resourceType"] == "Patient"]
    file = tmp_path / "numbers.txt"
    file.write_text(patient["identifier"][0]["value"] + "\n", "utf-8")

    def send(policy):
        production(installation, file, policy)
        return installation.send(message)

    return send


def test_is_taken_in_with_a_warning(told):
    reply = told("warn")
    assert (reply.status, reply.test_person) == (200, True)
    assert "person-test-number" in json.dumps(reply.resource)


def test_is_refused_where_the_settings_say_so(told):
    reply = told("refuse")
    assert (reply.status, reply.test_person) == (422, True)
    (issue,) = reply.resource["issue"]
    assert issue["details"]["coding"][0]["code"] == "person-test-number"


def test_in_a_test_installation_nothing_is_said(installation, messages):
    reply = installation.send(messages("test people")[0])
    assert (reply.status, reply.test_person) == (200, False)
    assert "person-test-number" not in json.dumps(reply.resource)
