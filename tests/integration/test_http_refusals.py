"""What bad input gets over HTTP, in both formats, from a whole installation; and that nothing of it is lost."""

import copy
import hashlib
import json
from datetime import timedelta

import httpx
import pytest
from lxml import etree
from sqlalchemy import select

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.mapping import Mapping
from adapter.store import tables
from adapter.store.alarms import standing
from adapter.store.database import Database
from adapter.support.paths import shipped
from adapter.web.server import Server

PATH = "/fhir/$process-message"
JSON, XML = "application/fhir+json", "application/fhir+xml"
LIFECARE = "{https://discharge-adapter.example/lifecare/spu/1}"


class Client:
    """Speaks HTTP to the installation as a caller of a party."""

    def __init__(self, installation):
        adapter = installation.adapter
        server = adapter.settings.server.model_copy(update={"port": 0, "max_message_bytes": 200_000})
        adapter.settings = adapter.settings.model_copy(update={"server": server})
        self.adapter = adapter
        self.server = Server(adapter)
        self.server.start()
        self.http = httpx.Client(base_url=self.server.url, timeout=60)

    def token(self, party="region", *rights):
        return self.adapter.tokens.issue(
            party, rights or ("send", "content"), self.adapter.clock.now() + timedelta(days=1), "test"
        )

    def post(self, body, media_type=JSON, *, token=None, path=PATH, **headers):
        named = {"Authorization": f"Bearer {token or self.token()}", "Content-Type": media_type} | headers
        return self.http.post(path, content=body, headers={name: v for name, v in named.items() if v})

    def rows(self):
        with self.adapter.database.read() as connection:
            return connection.execute(select(tables.message).order_by(tables.message.c.id)).all()

    def kept(self):
        """(the newest message's row, its bytes as received)"""
        row = self.rows()[-1]
        with self.adapter.database.read() as connection:
            contents = self.adapter.contents.of_message(connection, row.id, "received")
        return row, [content.body for content in contents]

    def close(self):
        self.http.close()
        self.server.stop()


@pytest.fixture(scope="module")
def mappings():
    return {"lifecare": Mapping.load(shipped("mappings") / "lifecare")}


@pytest.fixture
def client(installation, mappings):
    installation.adapter.mappings = mappings  # compiled once
    client = Client(installation)
    yield client
    client.close()


@pytest.fixture
def message(messages):
    """The admission notice that opens the journey."""
    return messages("refused")[0]


def outcome(response):
    content_type = response.headers["content-type"]
    read = fhir_xml.parse if content_type.startswith(XML) else fhir_json.parse
    found = read(response.content)
    assert found["resourceType"] == "OperationOutcome"
    return found["issue"]


def resource(message, kind):
    return next(entry["resource"] for entry in message["entry"] if entry["resource"]["resourceType"] == kind)


def not_a_message(message):
    message["type"] = "collection"


def header_not_first(message):
    message["entry"].append(message["entry"].pop(0))


def focus_unresolved(message):
    resource(message, "MessageHeader")["focus"] = [{"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}]


def unknown_event(message):
    resource(message, "MessageHeader")["eventCoding"]["code"] = "invented"


def unknown_recipient(message):
    for entry in message["entry"]:
        for identifier in entry["resource"].get("identifier", []):
            if identifier["value"].startswith("SE2120002643"):
                identifier["value"] = "SE2120009999-NONE"


def invalid_resource(message):
    del resource(message, "Task")["status"]


SENSELESS = {
    "not a message Bundle": (not_a_message, "Bundle"),
    "MessageHeader not first": (header_not_first, "Bundle"),
    "focus unresolved": (focus_unresolved, "focus"),
    "unknown event": (unknown_event, "eventCoding"),
    "unknown recipient": (unknown_recipient, "destination"),
    "invalid resource": (invalid_resource, "Bundle.entry[3].resource"),
}


@pytest.mark.parametrize("name", SENSELESS)
def test_what_makes_no_sense_is_422_with_its_place_and_kept_as_rejected(client, message, name):
    change, place = SENSELESS[name]
    change(message)
    for media_type, written in ((JSON, fhir_json), (XML, fhir_xml)):
        body = written.serialize(message)
        response = client.post(body, media_type)
        assert response.status_code == 422, response.text
        assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
        issues = outcome(response)
        assert any(place in expression for issue in issues for expression in issue.get("expression", [])), issues
        assert all(issue["details"]["coding"][0]["code"] for issue in issues)
        row, bodies = client.kept()
        assert (row.status, row.http_status, bodies) == ("rejected", 422, [body])
    assert len(client.rows()) == 2


UNREADABLE = {
    "not JSON": (JSON, b"{"),
    "empty": (JSON, b""),
    "NaN": (JSON, b'{"resourceType":"Bundle","total":NaN}'),
    "duplicate keys": (JSON, b'{"resourceType":"Bundle","type":"message","type":"message"}'),
    "not UTF-8": (JSON, b'{"resourceType":"B\xff"}'),
    "nested without end": (JSON, b'{"a":' * 20_000),
    "not XML": (XML, b"<Bundle"),
    "not FHIR": (XML, b"<html/>"),
    "entity": (XML, b'<!DOCTYPE b [<!ENTITY e "x">]><Bundle xmlns="http://hl7.org/fhir"><id value="&e;"/></Bundle>'),
    "DTD": (XML, b'<!DOCTYPE Bundle SYSTEM "http://127.0.0.1:9/x.dtd"><Bundle xmlns="http://hl7.org/fhir"/>'),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_400_in_the_format_asked_for_and_kept(client, name):
    media_type, body = UNREADABLE[name]
    for accept in (JSON, XML):
        response = client.post(body, media_type, Accept=accept)
        assert response.status_code == 400, response.text
        assert response.headers["content-type"].startswith(accept)
        assert outcome(response)[0]["severity"] in ("error", "fatal")
        row, bodies = client.kept()
        assert (row.status, row.http_status, bodies) == ("rejected", 400, [body])
    assert len(client.rows()) == 2


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Authorization": None}, b"{}", 401),
        ({"Authorization": "Bearer da_" + "x" * 43}, b"{}", 401),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Accept": "text/html"}, b"{}", 406),
        ({}, b"x" * 200_001, 413),
    ],
)
def test_who_is_turned_away_at_the_door_leaves_a_trace_without_content(client, headers, body, status):
    response = client.post(body, **headers, **{"X-Request-ID": "door-1"})
    assert response.status_code == status
    assert outcome(response)[0]["severity"] == "error"
    row, bodies = client.kept()
    assert (row.status, row.http_status, row.request_id, bodies) == ("rejected", status, "door-1", [])
    assert row.size == len(body)
    assert row.content_hash == hashlib.sha256(b"" if status == 413 else body).hexdigest()
    assert (row.sender_party is None) == (status == 401)


def test_a_token_of_another_party_is_403_and_leaves_no_content(client, message):
    response = client.post(fhir_json.serialize(message), token=client.token("kommun"))
    assert (response.status_code, outcome(response)[0]["code"]) == (403, "forbidden")
    row, bodies = client.kept()
    assert (row.status, row.http_status, bodies) == ("rejected", 403, [])


def test_the_same_again_is_the_first_answer_and_other_content_is_409(client, message):
    body = fhir_json.serialize(message)
    first, second = client.post(body), client.post(body)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    again = client.post(fhir_xml.serialize(message), XML)
    assert (again.status_code, fhir_xml.parse(again.content)) == (200, fhir_json.parse(first.content))
    assert len(client.rows()) == 1
    other = copy.deepcopy(message)
    resource(other, "Patient")["name"][0]["family"] = "Annan"
    response = client.post(fhir_json.serialize(other))
    assert (response.status_code, outcome(response)[0]["code"]) == (409, "conflict")
    assert [row.status for row in client.rows()] == ["accepted", "rejected"]


def test_a_refused_statutory_notice_is_a_deadline_at_risk(client, message):
    invalid_resource(message)
    assert client.post(fhir_json.serialize(message)).status_code == 422
    with client.adapter.database.read() as connection:
        assert [alarm.kind for alarm in standing(connection)] == ["statutory-notice-refused"]


def test_a_database_that_is_away_is_503_and_the_same_bytes_are_taken_later(client, message, monkeypatch, tmp_path):
    body, token = fhir_json.serialize(message), client.token()
    broken = tmp_path / "broken.db"
    away = Database(f"sqlite:///{broken}")
    broken.unlink()
    broken.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(client.adapter.exchange, "_database", away)
        response = client.post(body, token=token)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        assert outcome(response)[0]["code"] == "transient"
        patch.setattr(client.adapter.tokens, "_database", away)
        assert client.post(body, token=token).status_code == 503
    away.close()
    assert client.post(body, token=token).status_code == 200


def test_a_message_is_read_again_by_its_parties_alone(client, message):
    assert client.post(fhir_json.serialize(message)).status_code == 200
    path = f"/fhir/Bundle/{message['id']}"

    def read(party, *rights):
        return client.http.get(path, headers={"Authorization": f"Bearer {client.token(party, *rights)}"})

    assert read("region", "content").json() == json.loads(fhir_json.serialize(message))
    assert read("annan", "content").status_code == 404
    assert read("kommun", "content").status_code == 404  # not delivered yet
    assert read("region", "send").status_code == 403


class TestLifecare:
    """The same at the door of Lifecare, where every answer is a mottagningsbevis that its schema allows."""

    PATH = "/partners/lifecare/messages"

    @pytest.mark.parametrize(
        ("headers", "body", "status"),
        [
            ({"Authorization": None}, b"<x/>", 401),
            ({"Content-Type": JSON}, b"<x/>", 415),
            ({"Accept": JSON}, b"<x/>", 406),
            ({}, b"<x>" + b"y" * 200_000, 413),
            ({}, b"<x", 400),
            ({}, b'<!DOCTYPE m [<!ENTITY e "x">]><m>&e;</m>', 400),
        ],
    )
    def test_a_refusal_is_a_mottagningsbevis(self, client, headers, body, status):
        response = client.post(body, "application/xml", path=self.PATH, token=client.token("drift"), **headers)
        assert response.status_code == status, response.text
        receipt = etree.fromstring(response.content)
        etree.XMLSchema(etree.parse(shipped("mappings") / "lifecare" / "lifecare.xsd")).assertValid(receipt)
        assert receipt.tag == f"{LIFECARE}mottagningsbevis"
        assert receipt.findtext(f"{LIFECARE}status") == "avvisat"
        assert receipt.findtext(f"{LIFECARE}orsak")
        row, bodies = client.kept()
        assert (row.status, row.http_status, row.source) == ("rejected", status, "lifecare")
        assert bodies == ([body] if status == 400 else [])
