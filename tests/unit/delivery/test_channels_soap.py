"""What goes over the wire in a SOAP call, and how its answer is read. The error contract is in its own test."""

import pytest
from lxml import etree

from adapter.delivery.channels import build
from adapter.delivery.channels.base import ChannelSettings, Outgoing
from adapter.delivery.channels.options import ResultSettings, SoapSettings
from adapter.delivery.policy import Kind, classify

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
RECORD = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- c --><m xmlns="urn:x"><t>åäö  &lt;</t></m>'.encode()
OUTGOING = Outgoing(7, RECORD, "application/xml", "id-1", "corr-1")
EMPTY = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><r/></s:Body></s:Envelope>'


@pytest.fixture
def send(receiver):
    def send(outgoing: Outgoing = OUTGOING, **soap):
        settings = SoapSettings(**({"action": "urn:x:Send"} | soap))
        channel = build(ChannelSettings("a", "soap", f"{receiver.url}/svc", timeout=60.0, soap=settings))
        try:
            return classify(channel.send(outgoing))
        finally:
            channel.close()

    return send


def test_the_record_goes_in_an_envelope(receiver, replies, send):
    receiver.answer = replies(200, EMPTY.encode())
    assert send().kind is Kind.DONE
    ((path, headers, body),) = receiver.requests
    assert (path, headers["soapaction"], headers["content-type"]) == (
        "/svc",
        '"urn:x:Send"',
        "text/xml; charset=utf-8",
    )
    assert headers["idempotency-key"] == "id-1-7"
    root = etree.fromstring(body)
    assert [child.tag for child in root] == [f"{{{SOAP}}}Body"]
    (record,) = root[0]
    assert (record.tag, record[0].text) == ("{urn:x}m", "åäö  <")


def test_a_logical_address_goes_in_the_header_as_riv_ta_asks(receiver, replies, send):
    receiver.answer = replies(200, EMPTY.encode())
    send(logical_address="SE2321000016-A1")
    root = etree.fromstring(receiver.requests[0][2])
    (address,) = root[0]
    assert (address.tag, address.text) == ("{urn:riv:itintegration:registry:1}LogicalAddress", "SE2321000016-A1")


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("<a:r xmlns:a='urn:a'><a:result><a:code> OK </a:code></a:result></a:r>", Kind.DONE, "ok: OK"),
        ("<r><result><code>E7</code><text>no such unit</text></result></r>", Kind.DEAD, "E7 no such unit"),
        ("<r><result><code/></result></r>", Kind.RETRY, "without a readable acknowledgement"),
        ("<r><code>OK</code></r>", Kind.RETRY, "without a readable acknowledgement"),
    ],
)
def test_the_result_is_where_the_settings_say(receiver, replies, send, body, kind, words):
    receiver.answer = replies(200, EMPTY.replace("<r/>", body).encode())
    verdict = send(result=ResultSettings("result/code", ("OK",), "result/text"))
    assert (verdict.kind, words in verdict.reason) == (kind, True), verdict.reason


@pytest.mark.parametrize(
    "answer",
    [
        b"<r/>",
        b"not xml",
        EMPTY.replace(SOAP, "http://www.w3.org/2003/05/soap-envelope").encode(),
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{EMPTY}'.encode(),
        EMPTY.replace("<r/>", "").encode(),
    ],
)
def test_what_is_no_envelope_of_soap_1_1_is_no_answer(receiver, replies, send, answer):
    receiver.answer = replies(200, answer)
    assert send().kind is Kind.RETRY


def test_a_faults_words_are_told(receiver, replies, send):
    told = "<s:Fault><faultcode> s:Client </faultcode><faultstring>the unit is unknown</faultstring></s:Fault>"
    receiver.answer = replies(500, EMPTY.replace("<r/>", told).encode())
    verdict = send()
    assert (verdict.kind, verdict.signature) == (Kind.DEAD, "HTTP 500, fatal-error")
    assert verdict.reason.endswith("SOAP fault Client: the unit is unknown")


@pytest.mark.parametrize("status", [401, 403, 410])
def test_at_the_door_http_has_the_word(receiver, replies, send, status):
    told = "<s:Fault><faultcode>s:Client</faultcode></s:Fault>"
    receiver.answer = replies(status, EMPTY.replace("<r/>", told).encode())
    assert send().kind is Kind.TRIP


def test_a_record_that_is_no_xml_is_a_dead_letter(receiver, send):
    verdict = send(Outgoing(7, b"<m>", "application/xml", "id-1", "c"))
    assert verdict.kind is Kind.DEAD
    assert receiver.requests == []
