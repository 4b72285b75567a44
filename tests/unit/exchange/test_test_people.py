"""A message about a test person: said so in production, and nobody's business in a test installation."""

import pytest

from adapter.exchange import test_people
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import PERSONNUMMER, RESERVNUMMER, SAMORDNINGSNUMMER
from adapter.support.errors import ConfigurationError
from adapter.support.settings import Settings

TEST, OTHER = "189001019802", "189001029819"


def about(system, value):
    patient = {"resourceType": "Patient", "identifier": [{"system": system, "value": value}]}
    return MessageBundle({"resourceType": "Bundle", "entry": [{"resource": patient}]})


def settings(tmp_path, lines=f"# nobody\n\n{TEST[:8]}-{TEST[8:]}\n190009602381\n", environment="production", **more):
    file = tmp_path / "numbers.txt"
    file.write_text(lines, "utf-8")
    return Settings(
        environment=environment,
        security={"pseudonym_keys": [{"id": "k1", "env": "PSEUDONYM_KEY"}]},
        test_numbers={"files": [file], **more},
    )


@pytest.mark.parametrize(("policy", "severity"), [({}, "error"), ({"in_production": "warn"}, "warning")])
def test_who_is_nobody_is_said_in_production(tmp_path, policy, severity):
    look = test_people.look(settings(tmp_path, **policy))
    for system, value in (
        (PERSONNUMMER, TEST),
        (PERSONNUMMER, f"{TEST[:8]}-{TEST[8:]}"),
        ("urn:oid:1.2.752.129.2.1.3.1", TEST),
        (SAMORDNINGSNUMMER, "190009602381"),
        (RESERVNUMMER, "99TEST000001"),
    ):
        (issue,) = look(about(system, value))
        assert (issue.severity, issue.rule) == (severity, "person-test-number")
        assert value not in issue.message


def test_others_are_let_be(tmp_path):
    look = test_people.look(settings(tmp_path))
    for system, value in (
        (PERSONNUMMER, OTHER),
        (PERSONNUMMER, "x"),
        (PERSONNUMMER, "٣" * 12),
        (PERSONNUMMER, ""),
        ("urn:other", TEST),
        (RESERVNUMMER, TEST),
    ):
        assert look(about(system, value)) == []
    assert look(MessageBundle({"resourceType": "Bundle"})) == []


def test_a_test_installation_warns_of_others_where_it_knows_the_test_numbers(tmp_path):
    look = test_people.look(settings(tmp_path, environment="test"))
    for system, value in ((PERSONNUMMER, TEST), (SAMORDNINGSNUMMER, "190009602381"), (RESERVNUMMER, "99TEST000001")):
        assert look(about(system, value)) == []
    (issue,) = look(about(PERSONNUMMER, OTHER))
    assert (issue.severity, issue.rule) == ("warning", "person-no-test-number")
    assert OTHER not in issue.message


def test_a_test_installation_that_knows_no_test_numbers_looks_at_nothing(tmp_path):
    look = test_people.look(settings(tmp_path, lines="", environment="test"))
    assert look(about(PERSONNUMMER, TEST)) == look(about(PERSONNUMMER, OTHER)) == []


def test_a_file_that_is_none_is_refused_with_its_line_and_without_what_it_says(tmp_path):
    with pytest.raises(ConfigurationError) as raised:
        test_people.look(settings(tmp_path, lines=f"{TEST}\nAda Ek\n"))
    assert (raised.value.problems[0].line, "Ada" in str(raised.value)) == (2, False)
