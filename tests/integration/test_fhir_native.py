"""A municipal system that speaks FHIR and cannot be called: it takes its messages, and moves its Tasks over REST."""

import shutil
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest
from sqlalchemy import insert, select, update

from adapter import wiring
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.sandbox.fhir_native import FhirNative
from adapter.sandbox.journey import Play, shipped_journey
from adapter.sandbox.ledger import Effect, Ledger
from adapter.store import migrate, tables
from adapter.support import settings
from adapter.support.clock import SystemClock, to_micros
from adapter.support.errors import AdapterError, UnavailableError
from adapter.web.server import Server

TOML = """
environment = "test"
[server]
port = 0
[security]
pseudonym_keys = [{ id = "k1", file = "pseudonym.key" }]
"""
DIRECTORY = """
parties:
  - {id: region, kind: region, name: Region Västerbotten}
  - {id: kommun, kind: municipality, name: Skellefteå kommun, kommunkod: "2482"}
  - {id: annan, kind: municipality, name: Umeå kommun, kommunkod: "2480"}
units:
  - {hsa: SE2321000222-E7A31, name: Medicin 3, kind: inpatient, party: region}
  - {hsa: SE2321000222-HC2074, name: Solgården, kind: open-care, party: region}
  - {hsa: SE2120002643-MOTT01, name: Mottagande enhet, kind: municipal-receiving, party: kommun}
  - {hsa: SE2120002627-MOTT01, name: Mottagande enhet, kind: municipal-receiving, party: annan}
systems:
  - {id: ehr, kind: ehr, party: region}
  - {id: record, kind: care-record, party: kommun}
  - {id: other, kind: care-record, party: annan}
endpoints:
  - {id: ehr, system: ehr, channel: mailbox}
  - {id: open-care, system: ehr, channel: mailbox}
  - {id: record, system: record, channel: mailbox}
  - {id: other, system: other, channel: mailbox}
routes:
  - {to: {hsa: SE2321000222-E7A31}, endpoint: ehr}
  - {to: {hsa: SE2321000222-HC2074}, endpoint: open-care}
  - {to: {party: kommun}, endpoint: record}
  - {to: {party: annan}, endpoint: other}
"""


class Caller:
    """Somebody with a token."""

    def __init__(self, place, party, *rights):
        expires_at = place.adapter.clock.now() + timedelta(days=1)
        token = place.adapter.tokens.issue(party, rights, expires_at, f"system of {party}")
        self.http = httpx.Client(base_url=place.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def send(self, message):
        head = {"Content-Type": "application/fhir+json"}
        response = self.http.post("/fhir/$process-message", content=fhir_json.serialize(message), headers=head)
        assert response.status_code == 200, response.text
        return response

    def empty(self, mailbox):
        """Take and confirm until nothing comes."""
        found = []
        while entries := self.http.post(f"/mailbox/{mailbox}/take").json().get("entry"):
            for entry in entries:
                found.append(MessageBundle(fhir_json.parse(fhir_json.serialize(entry["resource"]))))
                assert self.http.post(entry["link"][0]["url"]).status_code == 200
        return found

    def search(self, **form):
        return self.http.post("/fhir/Task/_search", data={name.replace("_", "-"): each for name, each in form.items()})

    def put(self, task, version, **changes):
        body = fhir_json.serialize(task | changes)
        head = {"Content-Type": "application/fhir+json"} | ({"If-Match": f'W/"{version}"'} if version else {})
        return self.http.put(f"/fhir/Task/{task['id']}", content=body, headers=head)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fhir-native")
    (folder / "directory").mkdir()
    (folder / "directory" / "directory.yaml").write_text(DIRECTORY, encoding="utf-8")
    (folder / "pseudonym.key").write_text("a key for tests that is long enough to be one")
    (folder / "adapter.toml").write_text(TOML)
    adapter = wiring.build(settings.load(folder / "adapter.toml"), SystemClock())
    migrate.upgrade(adapter.database)
    server = Server(adapter)
    server.start()
    place = SimpleNamespace(adapter=adapter, url=server.url)
    place.ehr = Caller(place, "region", "send", "content", "mailbox")
    place.record = Caller(place, "kommun", "send", "content", "mailbox")
    place.other = Caller(place, "annan", "send", "content", "mailbox")
    yield place
    for caller in (place.ehr, place.record, place.other):
        caller.http.close()
    server.stop()
    adapter.close()
    shutil.rmtree(folder)


def begun(place, name):
    """A case of its own: the messages of a journey, and what is asked of the municipality in the first, delivered."""
    for caller, mailbox in ((place.record, "record"), (place.ehr, "ehr")):
        caller.empty(mailbox)
    journey = shipped_journey("home-with-sip")
    play, now = Play(journey, name), SystemClock().now()
    sent = [play.message(step, now - timedelta(minutes=9 - number)) for number, step in enumerate(journey.steps[:2])]
    place.ehr.send(sent[0])
    [notice] = place.record.empty("record")
    [asked] = notice.of_type("Task")
    return SimpleNamespace(messages=sent, notice=notice, asked=asked, identifier=asked["identifier"][0]["value"])


@pytest.fixture
def case(place, request):
    return begun(place, request.node.name)


@pytest.fixture(scope="module")
def still(place):
    """A case in which nothing happens any more: for what is only read, or refused."""
    return begun(place, "still")


def found(caller, case):
    response = caller.search(identifier=case.identifier)
    assert response.status_code == 200, response.text
    return [entry["resource"] for entry in response.json().get("entry", [])]


def rule(response):
    [issue] = response.json()["issue"]
    return issue["details"]["coding"][0]["code"]


def test_what_was_asked_is_found_read_and_answered(place, case):
    [task] = found(place.record, case)
    assert (task["status"], task["meta"]["versionId"]) == ("requested", "1")
    assert task["owner"]["identifier"]["value"] == "SE2120002643-MOTT01"
    assert task["for"]["identifier"]["value"] == case.notice.of_type("Patient")[0]["identifier"][0]["value"]
    read = place.record.http.get(f"/fhir/Task/{task['id']}")
    assert (read.json(), read.headers["etag"]) == (task, 'W/"1"')

    answered = place.record.put(task, 1, status="accepted")
    assert answered.status_code == 200, answered.text
    assert (answered.json()["status"], answered.headers["etag"]) == ("accepted", 'W/"2"')

    [answer] = place.ehr.empty("ehr")
    assert answer.event == "acceptance-answer"
    [told] = answer.of_type("Task")
    assert (told["status"], told["identifier"]) == ("accepted", case.asked["identifier"])
    assert answer.hsa_of(answer.header["sender"]) == "SE2120002643-MOTT01"
    assert [hsa for _, hsa, _ in answer.destination_receivers()] == ["SE2321000222-E7A31"]
    assert answer.of_type("Patient")[0]["name"] == case.notice.of_type("Patient")[0]["name"]
    assert answer.of_type("Encounter") == []
    [(_, own)] = answer.own_provenances
    assert own["entity"][0]["what"]["identifier"]["value"] == f"urn:uuid:{case.notice.header_id}"
    assert found(place.ehr, case)[0]["status"] == "accepted"
    with place.adapter.database.read() as connection:
        query = select(tables.case_state.c.state).where(tables.case_state.c.case_id.endswith(_case(case)))
        state = connection.execute(query).scalar_one()
    assert "accepted" in state["tasks"].values()


@pytest.mark.slow
def test_each_version_is_kept_and_read(place, case):
    [task] = found(place.record, case)
    waiting = {
        "businessStatus": _code("task-business-status", "awaiting-information"),
        "statusReason": {"text": "Ordination saknas"},
    }
    assert place.record.put(task, 1, status="received", **waiting).status_code == 200
    assert place.record.put(task, 2, status="in-progress").status_code == 200
    history = place.record.http.get(f"/fhir/Task/{task['id']}/_history").json()
    assert [(each["resource"]["status"], each["response"]["etag"]) for each in history["entry"]] == [
        ("in-progress", 'W/"3"'),
        ("received", 'W/"2"'),
        ("requested", 'W/"1"'),
    ]
    second = place.record.http.get(f"/fhir/Task/{task['id']}/_history/2", headers={"Accept": "application/fhir+xml"})
    assert fhir_xml.parse(second.content)["statusReason"] == waiting["statusReason"]
    assert place.record.http.get(f"/fhir/Task/{task['id']}/_history/4").status_code == 404
    head = {"If-None-Match": 'W/"3"'}
    assert place.record.http.get(f"/fhir/Task/{task['id']}", headers=head).status_code == 304
    # the requester has not fetched them yet: it sees what it asked, and cannot change what it does not know
    [as_asked] = found(place.ehr, case)
    assert as_asked["meta"]["versionId"] == "1"
    assert place.ehr.put(as_asked, 1, status="cancelled").status_code == 412


@pytest.mark.slow
def test_a_rejection_says_why_or_is_refused_by_the_profile(place, case):
    [task] = found(place.record, case)
    refused = place.record.put(task, 1, status="rejected")
    assert (refused.status_code, rule(refused)) == (422, "profile-invariant")
    assert "task-rejected" in refused.text
    assert refused.json()["issue"][0]["expression"] == ["Task"]
    reason = _code("task-status-reason", "wrong-recipient") | {"text": "Folkbokförd i Umeå."}
    assert place.record.put(task, 1, status="rejected", statusReason=reason).status_code == 200
    last = place.record.put(task, 2, status="accepted")
    assert (last.status_code, rule(last)) == (422, "task-transition")
    assert last.json()["issue"][0]["code"] == "business-rule"
    for word in ("owner", "rejected", "accepted", "none"):
        assert word in last.text


@pytest.mark.slow
def test_conditions(place, case):
    [task] = found(place.record, case)
    assert place.record.put(task, None, status="accepted").status_code == 428
    assert place.record.put(task, 2, status="accepted").status_code == 412
    assert place.record.put(task, "x", status="accepted").status_code == 400
    assert place.record.put(task, 1).json() == place.record.http.get(f"/fhir/Task/{task['id']}").json()
    assert place.record.put(task, 1, status="accepted").status_code == 200
    assert rule(place.record.put(task, 1, status="accepted")) == "task-stale"


@pytest.mark.parametrize(
    "change",
    [
        {"owner": {"identifier": {"system": "urn:oid:1.2.752.29.4.19", "value": "SE2120002627-MOTT01"}}},
        {"requester": {"identifier": {"system": "urn:oid:1.2.752.29.4.19", "value": "SE2321000222-HC2074"}}},
        {"for": {"identifier": {"system": "urn:x", "value": "1"}}},
        {"focus": {"display": "another"}},
        {"basedOn": [{"display": "another"}]},
        {"identifier": []},
        {"groupIdentifier": {"system": "urn:x", "value": "1"}},
        {"code": {"text": "another"}},
        {"authoredOn": "2026-01-01"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_was_asked_does_not_change(place, still, change):
    [task] = found(place.record, still)
    refused = place.record.put(task, 1, status="accepted", **change)
    assert (refused.status_code, rule(refused)) == (422, "task-unchanging")
    assert refused.json()["issue"][0]["expression"] == [f"Task.{next(iter(change))}"]


def test_what_is_no_task_or_another(place, still):
    [task] = found(place.record, still)
    assert rule(place.record.put(task, 1, resourceType="Patient")) == "task-type"
    head = {"Content-Type": "application/fhir+json", "If-Match": 'W/"1"'}
    another = place.record.http.put(
        f"/fhir/Task/{task['id']}", content=b'{"resourceType":"Task","id":"0"}', headers=head
    )
    assert rule(another) == "task-id"
    broken = place.record.http.put(f"/fhir/Task/{task['id']}", content=b"{", headers=head)
    assert broken.status_code == 400
    head["Content-Type"] = "text/plain"
    assert place.record.http.put(f"/fhir/Task/{task['id']}", content=b"{", headers=head).status_code == 415


def test_nobody_else_sees_it(place, still):
    [task] = found(place.record, still)
    assert found(place.other, still) == []
    for path in ("", "/_history", "/_history/1"):
        assert place.other.http.get(f"/fhir/Task/{task['id']}{path}").status_code == 404
    assert place.other.put(task, 1, status="accepted").status_code == 404
    assert place.record.http.get("/fhir/Task/0").status_code == 404
    assert place.record.http.get("/fhir/Task/x").status_code == 404


@pytest.mark.slow
def test_what_has_not_reached_it_is_not_there(place, case):
    place.ehr.send(case.messages[1] | {})
    [task] = found(place.record, case)
    assert task["meta"]["versionId"] == "1"


def test_a_block_hides_it(place, still):
    with place.adapter.database.write() as connection:
        patient = connection.execute(
            select(tables.task.c.patient_id).where(tables.task.c.identifier == still.identifier)
        ).scalar_one()
        at = to_micros(place.adapter.clock.now())
        values = {"patient_id": patient, "party": "region", "unit": None, "created_at": at}
        block = connection.execute(insert(tables.block).values(values).returning(tables.block.c.id)).scalar_one()
    assert found(place.record, still) == []
    assert len(found(place.ehr, still)) == 1
    with place.adapter.database.write() as connection:
        connection.execute(update(tables.block).where(tables.block.c.id == block).values(lifted_at=at))


@pytest.mark.slow
def test_the_requester_takes_it_back_once_there_is_an_answer(place, case):
    [task] = found(place.ehr, case)
    early = place.ehr.put(task, 1, status="cancelled")
    assert (early.status_code, rule(early)) == (422, "task-unanswerable")
    assert place.record.put(task, 1, status="accepted").status_code == 200
    place.ehr.empty("ehr")
    assert rule(place.ehr.put(task, 2, status="completed")) == "task-transition"
    assert place.ehr.put(task, 2, status="cancelled").status_code == 200
    [answer] = place.record.empty("record")
    assert [each["status"] for each in answer.of_type("Task")] == ["cancelled"]


@pytest.mark.slow
def test_an_answer_by_message_keeps_the_table_too(place, case):
    [task] = found(place.record, case)
    reason = {"text": "Folkbokförd i Umeå."}
    assert place.record.put(task, 1, status="rejected", statusReason=reason).status_code == 200
    [answer] = place.ehr.empty("ehr")
    again = fhir_json.parse(
        fhir_json.serialize(answer.bundle)
        .replace(answer.header_id.encode(), b"11111111-1111-4111-8111-111111111111")
        .replace(answer.bundle_id.encode(), b"22222222-2222-4222-8222-222222222222")
        .replace(b'"status":"rejected"', b'"status":"accepted"')
    )
    head = {"Content-Type": "application/fhir+json"}
    refused = place.record.http.post("/fhir/$process-message", content=fhir_json.serialize(again), headers=head)
    assert (refused.status_code, rule(refused)) == (422, "task-transition")


def test_search(place, still):
    patient = still.notice.of_type("Patient")[0]["identifier"][0]
    person = {"patient:identifier": f"{patient['system']}|{patient['value']}"}
    for form in (
        {"identifier": f"https://discharge-adapter.example/fhir/sid/task|{still.identifier}"},
        {"group-identifier": _case(still)},
        {"group-identifier": f"https://discharge-adapter.example/fhir/sid/case|{_case(still)}"},
        {"case": _case(still), "group-identifier": _case(still)},
        {"_id": found(place.record, still)[0]["id"]},
        person | {"identifier": still.identifier, "status": "requested,accepted"},
    ):
        response = place.record.http.post("/fhir/Task/_search", data=form)
        assert [each["resource"]["identifier"] for each in response.json()["entry"]] == [still.asked["identifier"]]
    for form in (
        {"case": "another", "group-identifier": _case(still)},
        {"identifier": "https://x.example|" + still.identifier},
        {"status": "rejected", "identifier": still.identifier},
        {"patient:identifier": "http://electronichealth.se/identifier/personnummer|189001019802"},
    ):
        assert "entry" not in place.record.http.post("/fhir/Task/_search", data=form).json()
    for url in ("/fhir/Task", "/fhir/Task/_search"):
        refused = place.record.http.request("POST" if "_search" in url else "GET", url, params=person)
        assert (refused.status_code, patient["value"] in refused.text) == (400, False)


def test_the_next_page_of_a_search_names_nobody(place, still):
    patient = still.notice.of_type("Patient")[0]["identifier"][0]
    person = {"patient:identifier": f"{patient['system']}|{patient['value']}"}
    everything = place.record.http.get("/fhir/Task", params={"_count": "100"}).json()
    ids = [each["resource"]["id"] for each in everything["entry"]]
    page, paged = place.record.http.get("/fhir/Task", params={"_count": "1"}).json(), list[str]()
    while True:
        paged += [each["resource"]["id"] for each in page.get("entry", [])]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        page = place.record.http.get(following[0]).json()
    assert paged == ids == sorted(set(ids), key=int)
    posted = place.record.http.post("/fhir/Task/_search", data={**person, "_count": "1"}).json()
    assert patient["value"] not in str(posted["link"])
    [shown] = [each["resource"] for each in posted["entry"]]
    at = shown["meta"]["lastUpdated"]
    since = place.record.http.get("/fhir/Task", params={"_lastUpdated": f"ge{at}", "_id": shown["id"]}).json()
    assert [each["resource"]["id"] for each in since["entry"]] == [shown["id"]]
    assert "entry" not in place.record.http.get("/fhir/Task", params={"_lastUpdated": "le2020-01-01T00:00:00Z"}).json()


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/fhir/Task/_search?identifier=1", {}, 200),
        ("/fhir/Task/_search?identifier=1", {"identifier": "1"}, 400),
        ("/fhir/Task/_search?_cursor=x", {}, 400),
        ("/fhir/Task/_search", {"_lastUpdated": "2020"}, 400),
        ("/fhir/Task/_search?patient:identifier=a|1", {}, 400),
        ("/fhir/Task/_search", {"owner": "x"}, 400),
        ("/fhir/Task/_search", {"_count": "x"}, 400),
        ("/fhir/Task/_search", {"patient:identifier": "189001019802"}, 400),
        ("/fhir/Task/_search", {"_count": "0"}, 200),
    ],
)
def test_a_search_that_is_not_understood_is_refused(place, path, form, status):
    assert place.record.http.post(path, data=form).status_code == status


def test_a_search_is_a_form(place):
    head = {"Content-Type": "application/fhir+json"}
    assert place.record.http.post("/fhir/Task/_search", content=b"{}", headers=head).status_code == 415
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    assert place.record.http.post("/fhir/Task/_search", content=b"\xff", headers=head).status_code == 400


@pytest.mark.slow
def test_rights(place, case):
    [task] = found(place.record, case)
    reader, sender = Caller(place, "kommun", "content"), Caller(place, "kommun", "send")
    assert reader.put(task, 1, status="accepted").status_code == 403
    assert sender.http.get(f"/fhir/Task/{task['id']}").status_code == 403
    assert sender.search(identifier=case.identifier).status_code == 403
    assert sender.put(task, 1, status="accepted").status_code == 200
    for caller in (reader, sender):
        caller.http.close()


def test_each_view_is_in_the_audit(place, still):
    [task] = found(place.record, still)
    with place.adapter.database.read() as connection:
        query = select(tables.audit).where(tables.audit.c.object == f"task/{task['id']}")
        rows = connection.execute(query).all()
    assert (rows[-1].action, rows[-1].party, rows[-1].detail) == ("task-view", "kommun", {"version": 1})


@pytest.mark.slow
def test_what_is_no_longer_kept_is_gone(place, case):
    [task] = found(place.record, case)
    with place.adapter.database.write() as connection:
        query = (
            select(tables.task_version.c.message_id)
            .join(tables.task, tables.task.c.id == tables.task_version.c.task_id)
            .where(tables.task.c.identifier == case.identifier)
        )
        message = connection.execute(query).scalar_one()
        here = (tables.content.c.message_id == message, tables.content.c.stage == "received")
        connection.execute(tables.content.delete().where(*here))
    assert place.record.http.get(f"/fhir/Task/{task['id']}").status_code == 410
    assert place.record.put(task, 1, status="accepted").status_code == 410
    assert found(place.record, case) == []


def test_the_capability_statement_tells_of_it(place):
    statement = place.record.http.get("/fhir/metadata").json()
    [task] = [each for each in statement["rest"][0]["resource"] if each["type"] == "Task"]
    assert {each["code"] for each in task["interaction"]} == {
        "read", "vread", "update", "history-instance", "search-type"
    }  # fmt: skip
    paths = place.record.http.get("/openapi.json").json()["paths"]
    assert {"/fhir/Task/{task_id}", "/fhir/Task/_search", "/mailbox/{endpoint}/take"} <= paths.keys()


@pytest.mark.slow
def test_a_requester_that_says_the_old_status_again_moves_nothing(place, case):
    [task] = found(place.record, case)
    assert place.record.put(task, 1, status="in-progress").status_code == 200
    later = dict(case.messages[1], timestamp=SystemClock().now().isoformat(timespec="milliseconds"))
    place.ehr.send(later)  # says accepted: it has not seen the answer
    place.record.empty("record")
    [known] = found(place.record, case)
    assert (known["status"], known["meta"]["versionId"]) == ("in-progress", "2")
    assert place.record.put(known, 2, status="completed").status_code == 200


@pytest.fixture
def system(place):
    """The simulated system, whose mailbox is empty and whose ledger is new."""
    place.record.empty("record")
    token = place.record.http.headers["Authorization"].removeprefix("Bearer ")
    system = FhirNative(place.url, "record", token, "SE2120002643-MOTT01", Ledger(SystemClock()))
    yield system
    system.close()


@pytest.mark.slow
def test_the_simulated_system_takes_stores_once_and_answers(place, system):
    place.ehr.empty("ehr")
    play, now = Play(shipped_journey("home-with-sip"), "simulated"), SystemClock().now()
    for number, step in enumerate(shipped_journey("home-with-sip").steps[:2]):
        place.ehr.send(play.message(step, now - timedelta(minutes=9 - number)))
    notice, planning = system.empty()
    assert [notice.event, planning.event] == ["admission-notice", "planning-information"]
    assert [entry.effect for entry in system.ledger.entries] == [Effect.STORED] * 2
    assert system.empty() == []
    [task] = system.move(notice, "in-progress")
    assert task["status"] == "in-progress"
    with pytest.raises(AdapterError, match="may not move a Task from in-progress to rejected"):
        system.move(notice, "rejected", statusReason={"text": "Ingen plats"})
    [answer] = place.ehr.empty("ehr")
    assert answer.event == "acceptance-answer"


@pytest.mark.slow
def test_the_simulated_system_knows_what_comes_again(place, system):
    play, now = Play(shipped_journey("home-with-sip"), "again"), SystemClock().now()
    place.ehr.send(play.message(shipped_journey("home-with-sip").steps[0], now))
    [lost] = place.record.http.post("/mailbox/record/take").json()["entry"]
    header_id = lost["resource"]["entry"][0]["resource"]["id"]
    body = fhir_json.serialize(lost["resource"])
    system.ledger.take(header_id, system.unit, body)  # stored, and then its confirmation was lost
    with place.adapter.database.write() as connection:
        here = tables.delivery.c.status == "running"
        connection.execute(update(tables.delivery).where(here).values(lease_expires_at=0))
    assert system.empty() == []
    assert system.ledger.entries[-1].effect is Effect.REPEATED


def test_the_simulated_system_says_why_it_cannot(place, system):
    stranger = FhirNative(place.url, "record", "da_" + "x" * 43, system.unit, system.ledger)
    with pytest.raises(AdapterError, match="HTTP 401"):
        stranger.empty()
    stranger.close()
    nowhere = FhirNative("http://127.0.0.1:9", "record", "x", system.unit, system.ledger)
    with pytest.raises(UnavailableError):
        nowhere.empty()
    nowhere.close()


def _code(system, code):
    return {"coding": [{"system": f"https://discharge-adapter.example/fhir/CodeSystem/{system}", "code": code}]}


def _case(case):
    return case.asked["groupIdentifier"]["value"]
