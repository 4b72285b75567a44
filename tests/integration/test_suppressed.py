"""A reviewed suppression in an installation: the message is taken in, and its sender is told what was passed over."""

from datetime import timedelta

from adapter import wiring
from adapter.support import settings
from adapter.support.clock import swedish_day

ENTRY = """
suppressions:
  - rule: base-format
    expression: Organization.telecom.period.start
    reason: the record system writes it until version 8
    reviewed_by: A. Reviewer
    expires: {until}
"""


def wrong(message):
    unit = next(e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == "Organization")
    unit["telecom"] = [{"system": "phone", "value": "0910-000000", "period": {"start": "soon"}}]
    return message


def issues(resource):
    found = resource if resource["resourceType"] == "OperationOutcome" else resource["entry"][1]["resource"]
    return {issue["details"]["coding"][0]["code"]: issue for issue in found["issue"]}


def test_what_is_suppressed_is_told_in_the_acknowledgement(installation, messages):
    message = wrong(messages("a")[1])
    before = installation.adapter.config_version
    refused = installation.send(message)
    assert refused.status == 422
    assert set(issues(refused.resource)) == {"base-format"}

    until = swedish_day(installation.adapter.clock.now()) + timedelta(days=60)
    (installation.folder / "suppressions.yaml").write_text(ENTRY.format(until=until))
    file = installation.folder / "adapter.toml"
    file.write_text(file.read_text() + '[validation]\nsuppressions = "suppressions.yaml"\n')
    installation.adapter.close()
    installation.adapter = wiring.build(settings.load(file), installation.adapter.clock)

    taken = installation.send(message)
    assert taken.status == 200, taken.resource
    issue = issues(taken.resource)["base-format"]
    assert issue["severity"] == "information"
    assert issue["details"]["coding"][1]["code"] == "validation-suppressed"
    assert f"suppressed until {until}, reviewed by A. Reviewer: the record system writes it" in issue["diagnostics"]
    assert installation.adapter.config_version != before
