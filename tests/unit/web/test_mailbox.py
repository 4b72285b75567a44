"""The mailbox over HTTP: taken, confirmed, taken again; each hand-out in the audit."""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest

from adapter.delivery import outbox
from adapter.delivery.outbox import NewDelivery
from adapter.delivery.worker import Worker
from adapter.exchange.mailbox import Mailboxes
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.canonical import EVENT
from adapter.store import tables
from adapter.support.clock import to_micros

NUMBERS = count()


class Box:
    """A mailbox of the party `kommun`, and a client with its token."""

    def __init__(self, site, stored):
        self.site, self.stored, self.name = site, stored, f"box-{next(NUMBERS)}"
        endpoint = SimpleNamespace(system="record", pulled=True, timeout=timedelta(minutes=5))
        endpoints = {self.name: endpoint, "door": SimpleNamespace(system="record", pulled=False)}
        directory = SimpleNamespace(endpoints=endpoints, system=lambda _: SimpleNamespace(party="kommun"))
        worker = Worker(stored.database, stored.contents, lambda _: None, site.clock)
        site.adapter.mailboxes = Mailboxes(directory, worker.recorder)
        self.head = {"Authorization": f"Bearer {self.token('kommun', 'mailbox')}"}

    def token(self, party, *rights):
        return self.site.adapter.tokens.issue(party, rights, self.site.clock.now() + timedelta(days=1), "vendor")

    def add(self, header="h-1", *, patient=None, media_type="application/fhir+json", mapped=True):
        at, header = to_micros(self.site.clock.now()), f"{self.name}-{header}"
        patient = patient or self.stored.patient()
        message = self.stored.message(header_id=header, bundle_id=f"b-{header}", patient_id=patient)
        with self.stored.database.write() as connection:
            delivery = outbox.enqueue(
                connection,
                NewDelivery(message, patient, self.name, "kommun", "SE1", "sip", True, media_type, "c", at),
            )
            if mapped:
                body = fhir_json.serialize(_message(header))
                self.stored.contents.add(
                    connection,
                    message_id=message,
                    delivery_id=delivery,
                    stage="mapped",
                    media_type=media_type,
                    body=body,
                    at=at,
                )
        return delivery

    def take(self, query="", **headers):
        return self.site.bare.post(f"/mailbox/{self.name}/take{query}", headers=self.head | headers)

    def confirm(self, entry, body=b"", media_type="application/fhir+json"):
        url = entry["link"][0]["url"]
        assert entry["link"][0]["relation"] == "confirm"
        return self.site.bare.post(url, content=body, headers=self.head | {"Content-Type": media_type})

    def delivery(self, number):
        return next(row for row in self.stored.rows(tables.delivery) if row["id"] == number)

    def entries(self, query=""):
        response = self.take(query)
        assert response.status_code == 200, response.text
        return response.json().get("entry", [])


def _message(header):
    resource = {
        "resourceType": "MessageHeader",
        "id": header,
        "eventCoding": {"system": EVENT, "code": "sip"},
        "source": {"endpoint": "https://region.example/fhir"},
    }
    entry = {"fullUrl": f"urn:uuid:{header}", "resource": resource}
    return {"resourceType": "Bundle", "id": f"b-{header}", "type": "message", "entry": [entry]}


def _acknowledgement(code, entry, answered=None):
    header = {
        "resourceType": "MessageHeader",
        "id": "a",
        "eventCoding": {"system": EVENT, "code": "acknowledgement"},
        "source": {"endpoint": "urn:vendor"},
        "response": {"identifier": answered or entry["resource"]["entry"][0]["resource"]["id"], "code": code},
    }
    return fhir_json.serialize(
        {"resourceType": "Bundle", "type": "message", "entry": [{"fullUrl": "urn:uuid:a", "resource": header}]}
    )


@pytest.fixture
def box(site, stored):
    return Box(site, type(stored)(site.adapter.database, site.clock))


def test_taken_as_they_are_with_a_place_to_confirm_each(box):
    delivery = box.add("h-1")
    response = box.take()
    found = response.json()
    assert (found["resourceType"], found["type"]) == ("Bundle", "collection")
    [entry] = found["entry"]
    assert entry["resource"] == _message(f"{box.name}-h-1")
    assert fhir_json.serialize(entry["resource"]) in response.content
    assert box.take().json().get("entry") is None
    said = box.confirm(entry).json()
    assert said["issue"][0]["severity"] == "information"
    assert (box.delivery(delivery)["status"], box.delivery(delivery)["acknowledgement"]) == ("done", "ok")


def test_xml_where_it_is_asked_for(box):
    box.add("h-1")
    response = box.take(Accept="application/fhir+xml")
    assert response.headers["content-type"].startswith("application/fhir+xml")
    found = fhir_xml.parse(response.content)
    assert found["entry"][0]["resource"] == _message(f"{box.name}-h-1")
    url = found["entry"][0]["link"][0]["url"]
    body = fhir_xml.serialize(fhir_json.parse(_acknowledgement("ok", found["entry"][0])))
    said = box.site.bare.post(url, content=body, headers=box.head | {"Content-Type": "application/fhir+xml"})
    assert (said.status_code, said.headers["content-type"]) == (200, "application/fhir+xml; charset=utf-8")


def test_the_same_bytes_again_when_not_confirmed_in_time_and_from_the_cursor(box):
    box.add("h-1")
    before = box.take()
    assert box.entries() == []
    place = box.take().json()["link"][0]["url"]
    assert place == before.json()["link"][0]["url"]  # who never asked from a cursor takes nothing from another
    place = f"{place.partition('?')[0]}?cursor=0"
    again = box.site.bare.post(place, headers=box.head)
    box.site.clock.advance(timedelta(minutes=5))
    late = box.take()

    def parts(response):
        [entry] = response.json()["entry"]
        return entry["fullUrl"], entry["resource"]

    assert parts(before) == parts(again) == parts(late)
    receipts = [each.json()["entry"][0]["link"][0]["url"] for each in (before, again, late)]
    assert len(set(receipts)) == 3
    stale = box.site.bare.post(receipts[0], headers=box.head)
    assert (stale.status_code, stale.json()["issue"][0]["code"]) == (409, "conflict")
    for _ in range(2):
        assert box.site.bare.post(receipts[2], headers=box.head).status_code == 200
    assert box.site.bare.post(receipts[0], headers=box.head).status_code == 200
    assert [row["outcome"] for row in box.stored.rows(tables.attempt)][-3:] == ["unknown", "unknown", "done"]


def test_what_follows_for_the_same_person_comes_when_the_first_is_confirmed(box):
    person = box.stored.patient()
    box.add("h-1", patient=person)
    box.add("h-2", patient=person)
    [first] = box.entries()
    assert box.entries() == []
    box.confirm(first)
    [second] = box.entries()
    assert [each["resource"]["id"] for each in (first, second)] == [f"b-{box.name}-h-{each}" for each in (1, 2)]


def test_a_transient_error_puts_it_off_and_a_fatal_one_is_a_dead_letter(box):
    first, second = box.add("h-1"), box.add("h-2")
    one, two = box.entries()
    assert "handed out again" in box.confirm(one, _acknowledgement("transient-error", one)).text
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}
    assert "dead letter" in box.confirm(two, fhir_json.serialize(outcome)).text
    assert [box.delivery(each)["status"] for each in (first, second)] == ["waiting", "dead"]
    assert "handed out again" in box.confirm(one).text  # the first word counts
    assert box.entries() == []
    box.site.clock.advance(timedelta(seconds=7))
    [again] = box.entries()
    assert again["resource"] == one["resource"]
    box.confirm(again, _acknowledgement("ok", again))
    assert box.delivery(first)["status"] == "done"


def test_ten_transient_errors_do_not_close_the_mailbox(box):
    for number in range(11):
        box.add(f"h-{number}")
    for entry in box.entries():
        box.confirm(entry, _acknowledgement("transient-error", entry))
    box.site.clock.advance(timedelta(seconds=7))
    assert len(box.entries()) == 11


def test_a_body_that_does_not_acknowledge_the_message_changes_nothing(box):
    delivery = box.add("h-1")
    [entry] = box.entries()
    for body, status in (
        (_acknowledgement("ok", entry, "another"), 422),
        (b"{", 422),
        (b'{"resourceType": "Patient"}', 422),
    ):
        assert box.confirm(entry, body).status_code == status
    assert box.confirm(entry, b"x", "text/plain").status_code == 415
    assert box.confirm(entry, b" " * 5000).status_code == 413
    assert box.delivery(delivery)["status"] == "running"


def test_what_cannot_be_handed_out_is_a_dead_letter(box):
    empty, record = box.add("h-1", mapped=False), box.add("h-2", media_type="application/xml")
    good = box.add("h-3")
    assert len(box.entries()) == 1
    assert [box.delivery(each)["status"] for each in (empty, record, good)] == ["dead", "dead", "running"]


def test_each_hand_out_is_in_the_audit(box):
    delivery = box.add("h-1")
    box.entries()
    box.site.clock.advance(timedelta(minutes=5))
    box.entries()
    found = [row for row in box.stored.rows(tables.audit) if row["object"] == f"delivery/{delivery}"]
    assert [(row["action"], row["party"], row["detail"]) for row in found] == [
        ("mailbox-take", "kommun", {"attempt": 1}),
        ("mailbox-take", "kommun", {"attempt": 2}),
    ]
    assert found[0]["patient_id"] is not None


@pytest.mark.parametrize(
    ("party", "right", "path", "status"),
    [
        ("kommun", "send", "{box}/take", 403),
        ("annan", "mailbox", "{box}/take", 404),
        ("kommun", "mailbox", "door/take", 404),
        ("kommun", "mailbox", "nowhere/take", 404),
        ("annan", "mailbox", "{box}/confirm/{receipt}", 404),
        ("kommun", "mailbox", "door/confirm/{receipt}", 404),
        ("kommun", "send", "{box}/confirm/{receipt}", 403),
        ("kommun", "mailbox", "{box}/confirm/1-0", 404),
        ("kommun", "mailbox", "{box}/confirm/999999999999999999-1", 404),
        ("kommun", "mailbox", "{box}/confirm/nothing", 404),
        ("kommun", "mailbox", "{box}/take?_count=0", 400),
        ("kommun", "mailbox", "{box}/take?_count=x", 400),
        ("kommun", "mailbox", "{box}/take?curser=1", 400),
        ("kommun", "mailbox", "{box}/take?cursor=9999999999999999999", 400),
    ],
)
def test_nobody_else_and_nothing_else(box, party, right, path, status):
    box.add("h-1")
    receipt = box.entries()[0]["link"][0]["url"].rpartition("/")[2]
    head = {"Authorization": f"Bearer {box.token(party, right)}"}
    response = box.site.bare.post(f"/mailbox/{path.format(box=box.name, receipt=receipt)}", headers=head)
    assert response.status_code == status
    assert response.json()["resourceType"] == "OperationOutcome"


def test_without_a_token_and_by_get_there_is_nothing(box):
    assert box.site.bare.post(f"/mailbox/{box.name}/take").status_code == 401
    assert box.site.bare.get(f"/mailbox/{box.name}/take", headers=box.head).status_code == 405
    assert box.take(Accept="text/html").status_code == 406
