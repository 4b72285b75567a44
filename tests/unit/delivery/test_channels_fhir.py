"""FHIR $process-message: which answers are the receiver's, and what they say."""

import json

import pytest

from adapter.delivery.channels import build
from adapter.delivery.channels.base import Acknowledgement, ChannelSettings, Code, Outgoing
from adapter.delivery.channels.fhir import read
from adapter.delivery.policy import Kind, classify
from adapter.fhir import xml as fhir_xml

MESSAGE = "0b1f2c1e-0000-4000-8000-000000000001"
OUTGOING = Outgoing(
    delivery_id=7, body=b"{}", media_type="application/fhir+json", idempotency_id=MESSAGE, correlation_id="corr-1"
)


def outcome(*issues: dict) -> dict:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def acknowledgement(code: str = "ok", identifier: str = MESSAGE, *more: dict) -> dict:
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"code": "acknowledgement"},
        "source": {"endpoint": "https://lifecare.example"},
        "response": {"identifier": identifier, "code": code},
    }
    entries = [{"resource": resource} for resource in (header, *more)]
    return {"resourceType": "Bundle", "type": "message", "entry": entries}


def said(resource: object, media_type: str = "application/fhir+json") -> Acknowledgement | None:
    return read(json.dumps(resource).encode(), media_type, MESSAGE)


def error(code: str, words: str = "", severity: str = "error") -> dict:
    return {"severity": severity, "code": code} | ({"diagnostics": words} if words else {})


@pytest.mark.parametrize("code", list(Code))
def test_the_response_code(code: Code):
    assert said(acknowledgement(code)) == Acknowledgement(code)
    assert said(acknowledgement(code, f"urn:uuid:{MESSAGE}")) == Acknowledgement(code)


def test_words_and_codes_come_from_the_outcome():
    issues = [error("not-found", "no such unit"), {"severity": "error", "code": "value", "details": {"text": "bad"}}]
    assert said(acknowledgement("fatal-error", MESSAGE, outcome(*issues))) == Acknowledgement(
        Code.FATAL, "no such unit; bad", frozenset({"not-found", "value"})
    )


@pytest.mark.parametrize(
    "resource",
    [
        acknowledgement("ok", "another-message"),
        acknowledgement("fine"),
        {"resourceType": "Bundle", "type": "message", "entry": []},
        {"resourceType": "Bundle", "type": "message", "entry": "x"},
        {"resourceType": "Bundle", "type": "message", "entry": [{"resource": {"resourceType": "MessageHeader"}}]},
        {"resourceType": "Bundle", "type": "searchset"},
        {"resourceType": "Patient"},
        {"resourceType": ["Bundle"]},
        {"status": "ok"},
        {},
        [],
        "ok",
        None,
    ],
)
def test_what_is_no_answer_to_this_message(resource):
    assert said(resource) is None


@pytest.mark.parametrize("body", [b"", b"<html><body>Bad gateway</body></html>", b"\xff\xfe", b"{", b"[" * 100_000])
@pytest.mark.parametrize("media_type", ["application/fhir+json", "text/html", "application/xml", ""])
def test_garbage_is_no_answer(body, media_type):
    assert read(body, media_type, MESSAGE) is None


@pytest.mark.parametrize(
    ("issues", "code"),
    [
        ([error("business-rule")], Code.FATAL),
        ([error("transient")], Code.TRANSIENT),
        ([error("lock-error"), error("throttled")], Code.TRANSIENT),
        ([error("transient"), error("business-rule")], Code.FATAL),
        ([error("transient", severity="information"), error("business-rule", severity="fatal")], Code.FATAL),
        ([error("informational", severity="information")], Code.OK),
        ([error("informational", severity="warning")], Code.OK),
        ([error("x", severity="made-up")], Code.FATAL),
        ([{"severity": "error"}], Code.FATAL),
        ([], Code.FATAL),
    ],
)
def test_a_bare_operation_outcome(issues, code):
    found = said(outcome(*issues))
    assert found is not None
    assert found.code is code


def test_xml_answers():
    body = fhir_xml.serialize(acknowledgement("ok"))
    assert read(body, "application/fhir+xml; charset=utf-8", MESSAGE) == Acknowledgement(Code.OK)


@pytest.mark.parametrize("path", ["/fhir", "/fhir/", "/fhir/$process-message"])
def test_over_the_wire(receiver, replies, path):
    channel = build(ChannelSettings(id="ehr", channel="fhir", address=receiver.url + path, timeout=60.0, format="xml"))
    body = json.dumps(outcome(error("duplicate", "seen"))).encode()
    receiver.answer = replies(409, body, Content_Type="application/fhir+json")
    answer = channel.send(OUTGOING)
    assert classify(answer).kind is Kind.DONE
    receiver.answer = replies(404, b"<html/>", Content_Type="text/html")
    assert classify(channel.send(OUTGOING)).kind is Kind.TRIP
    receiver.answer = replies(200, b"<html/>", Content_Type="text/html")
    assert classify(channel.send(OUTGOING)).kind is Kind.RETRY
    channel.close()
    (called, headers, sent), *_ = receiver.requests
    assert (called, sent) == ("/fhir/$process-message", b"{}")
    assert headers["accept"] == "application/fhir+xml"
    assert headers["content-type"] == "application/fhir+json"
