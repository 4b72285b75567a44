"""The acknowledgement, held against typed models and against what was written with them before."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from fhir.resources.R4B.bundle import Bundle

from adapter.exchange import acknowledge
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue

HEADER = {"resourceType": "MessageHeader", "id": "11111111-1111-4111-8111-111111111111"}
ISSUES = [
    Issue("warning", "processing", "text", ("a.b",), "rule", "profile"),
    Issue("information", "informational", "more"),
    Issue("information", "invariant", "let off", (), "rule-2", suppressed=True),
]
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def accepted(source=None, at=AT, warnings=()):
    header = HEADER if source is None else HEADER | {"source": source}
    message = MessageBundle({"resourceType": "Bundle", "entry": [{"resource": header}]})
    return acknowledge.accepted(message, "https://adapter.example/fhir", at, warnings)


@pytest.mark.parametrize("source", [None, {"endpoint": "https://sender.example"}])
@pytest.mark.parametrize(
    ("at", "written"),
    [
        (AT, "2026-01-02T03:04:05.678901Z"),
        (AT.replace(microsecond=0), "2026-01-02T03:04:05Z"),
        (AT.replace(microsecond=120000, tzinfo=timezone(timedelta(hours=1))), "2026-01-02T03:04:05.120000+01:00"),
    ],
)
@pytest.mark.parametrize("warnings", [(), ISSUES])
def test_it_is_what_typed_models_make_of_it(source, at, written, warnings):
    found = accepted(source, at, warnings)
    assert json.dumps(found) == json.dumps(json.loads(Bundle.model_validate(found).model_dump_json()))
    assert found["timestamp"] == written


@pytest.mark.parametrize("source", ["x", [], {"endpoint": 1}, {}])
def test_a_sender_that_says_no_address_is_not_a_destination(source):
    assert "destination" not in accepted(source)["entry"][0]["resource"]


def test_its_ids_follow_from_the_message():
    assert [accepted()["id"], *(entry["fullUrl"] for entry in accepted(warnings=ISSUES)["entry"])] == [
        "1b169e55-5c6a-59c9-857b-cfdd8cac18e0",
        "urn:uuid:193567a0-dc54-5cb8-b01d-c2f3491f3f37",
        "urn:uuid:bd160725-19fb-515a-b3a3-9a7defab8ca9",
    ]
    assert accepted(warnings=ISSUES)["entry"][0]["resource"]["response"]["details"] == {
        "reference": accepted(warnings=ISSUES)["entry"][1]["fullUrl"]
    }
