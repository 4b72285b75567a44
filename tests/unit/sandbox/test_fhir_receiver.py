from collections.abc import Iterator

import httpx
import pytest

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox.fhir_receiver import FHIR_JSON, FHIR_XML, FhirReceiver
from adapter.sandbox.journey import shipped_journey
from adapter.sandbox.ledger import Ledger
from adapter.support.clock import SystemClock

NOTICE = shipped_journey("home-with-sip").messages["01-admission-notice"]
CODECS = {FHIR_JSON: fhir_json, FHIR_XML: fhir_xml}


@pytest.fixture
def receiver() -> Iterator[FhirReceiver]:
    simulated = FhirReceiver("SE2321000222-E7A31", "hemlig", Ledger(SystemClock()))
    with simulated.server:
        yield simulated


def post(receiver: FhirReceiver, body: bytes, media_type: str = FHIR_JSON, token: str = "hemlig") -> httpx.Response:
    head = {"Authorization": f"Bearer {token}", "Content-Type": media_type}
    return httpx.post(f"{receiver.base}/$process-message", content=body, headers=head, timeout=60)


@pytest.mark.parametrize("media_type", CODECS)
def test_a_message_is_stored_once_and_acknowledged_in_its_own_format(receiver: FhirReceiver, media_type: str) -> None:
    body = CODECS[media_type].serialize(NOTICE)
    for _ in range(2):
        answer = post(receiver, body, media_type)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == media_type
        acknowledgement = MessageBundle(CODECS[media_type].parse(answer.content))
        assert acknowledgement.response == {"identifier": MessageBundle(NOTICE).header_id, "code": "ok"}
    (stored,) = receiver.ledger.stored
    assert (stored.event, stored.receiver, stored.answers) == ("admission-notice", receiver.unit, None)


def test_an_answer_names_the_message_it_answers(receiver: FhirReceiver) -> None:
    header = NOTICE["entry"][0]["resource"]
    own = {
        "resourceType": "Provenance",
        "target": [{"reference": f"urn:uuid:{header['id']}"}],
        "entity": [{"role": "source", "what": {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:m1"}}}],
    }
    bundle = {**NOTICE, "entry": [NOTICE["entry"][0], {"resource": own}]}
    assert post(receiver, fhir_json.serialize(bundle)).status_code == 200
    assert receiver.ledger.stored[0].answers == "m1"


@pytest.mark.parametrize(
    ("body", "media_type", "token", "status", "code"),
    [
        (b"{}", FHIR_JSON, "annan", 401, "login"),
        (b"{}", "text/plain", "hemlig", 415, "not-supported"),
        (b"{", FHIR_JSON, "hemlig", 400, "structure"),
        (b'{"resourceType": "Bundle"}', FHIR_JSON, "hemlig", 422, "invalid"),
        (b"<Bundle/>", FHIR_XML, "hemlig", 400, "structure"),
    ],
)
def test_what_it_cannot_take_gets_an_outcome(
    receiver: FhirReceiver, body: bytes, media_type: str, token: str, status: int, code: str
) -> None:
    answer = post(receiver, body, media_type, token)
    parse = fhir_xml.parse if media_type == FHIR_XML else fhir_json.parse
    assert (answer.status_code, parse(answer.content)["issue"][0]["code"]) == (status, code)
    assert receiver.ledger.stored == ()


def test_other_content_under_the_same_id_is_a_conflict(receiver: FhirReceiver) -> None:
    post(receiver, fhir_json.serialize(NOTICE))
    answer = post(receiver, fhir_json.serialize({**NOTICE, "timestamp": "2026-03-09T10:12:01.000+01:00"}))
    assert answer.status_code == 409
    assert answer.json()["issue"][0]["code"] == "conflict"
    assert len(receiver.ledger.stored) == 1


def test_there_is_one_operation(receiver: FhirReceiver) -> None:
    assert httpx.get(f"{receiver.base}/metadata", timeout=60).status_code == 404
