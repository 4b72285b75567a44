"""Plans of others, asked for over HTTP about the people whose cases are open, and carried into the case by the one
door: real servers on loopback, the real validator, mappings and worker."""

import copy
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, update
from typer.testing import CliRunner

from adapter import wiring
from adapter.cli.main import app
from adapter.exchange.plans import poller as polling
from adapter.exchange.submission import Reply
from adapter.fhir import canonical
from adapter.plans.cosmic_link import PROFILE
from adapter.plans.riv import contract, soap, wire
from adapter.plans.riv.contract import Answer, Attachment, CarePlan, PersonId, Professional
from adapter.security.principals import Right
from adapter.store import alarms, tables
from adapter.support import settings
from adapter.support.clock import ManualClock, SystemClock, to_micros
from adapter.support.errors import ConfigurationError

EHR, OPEN_CARE, MUNICIPALITY = "SE2321000222-E7A31", "SE2321000222-HC2074", "SE2120002643-MOTT01"
PERSON = "194108109168"
OTHER = {"system": canonical.PERSONNUMMER, "value": "199010042386"}
GROUND = "samtycke inhämtas av hälsocentralen, rutin 2026:4"
KIND = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
LINK = {
    "CarePlan/1": {
        "meta": {"profile": [PROFILE], "versionId": "1", "lastUpdated": "2026-03-01T10:00:00.5+01:00"},
        "status": "active",
        "intent": "plan",
        "title": "Link-plan",
        "subject": {"reference": "Patient/7"},
        "contributor": [{"reference": "PractitionerRole/2"}],
        "supportingInfo": [{"reference": "QuestionnaireResponse/4"}],
    },
    "Patient/7": {"identifier": [{"system": canonical.PERSONNUMMER, "value": PERSON}]},
    "PractitionerRole/2": {"organization": {"reference": "Organization/3"}},
    "Organization/3": {"identifier": [{"system": canonical.HSA, "value": OPEN_CARE}], "name": "Solgården"},
    "QuestionnaireResponse/4": {
        "status": "completed",
        "subject": {"reference": "Patient/7"},
        "item": [{"linkId": "1", "text": "Behov", "answer": [{"valueString": "Hjälp med läkemedel"}]}],
    },
}
MEASURE = {"detail": {"status": "not-started", "description": "Hjälp med läkemedel", "performer": [{}]}}


class Others(ThreadingHTTPServer):
    """A FHIR server and a producer of GetCarePlans. `asked` are the requests as they came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.resources = copy.deepcopy(LINK)
        self.riv: list[CarePlan] = []
        self.asked: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.refuse: tuple[int, dict[str, str]] | None = None
        self.assertions: list[str] = []
        self.says: tuple[int, bytes, str] | None = None

    def searches(self) -> list[str]:
        return [path for _, path, _, _ in self.asked if path.startswith("/fhir/CarePlan?")]

    def found(self, kind: str, query: str) -> dict[str, object]:
        """A search by identifier (Patient), or by subject (CarePlan), one plan a page."""
        asked = parse_qs(query)
        every = [
            {"resourceType": kind, "id": name.partition("/")[2]} | value
            for name, value in self.resources.items()
            if name.startswith(f"{kind}/")
        ]
        if kind == "Patient":
            wanted = {pair.partition("|")[2] for pair in asked["identifier"][0].split(",")}
            return page([each for each in every if each["identifier"][0]["value"] in wanted])
        since = asked.get("_lastUpdated", ["ge"])[0].removeprefix("ge")
        every = [each for each in every if each["meta"]["lastUpdated"] >= since]
        number = int(asked.get("page", ["0"])[0])
        more = {"relation": "next", "url": f"{self.base}/fhir/CarePlan?page={number + 1}"}
        return page(every[number : number + 1], [more] if len(every) > number + 1 else [])


def page(resources, links=()):
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [*links] or None,
        "entry": [{"resource": each} for each in resources],
    }


class Handler(BaseHTTPRequestHandler):
    server: Others

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes) -> None:
        server = self.server
        server.asked.append(
            (self.command, self.path, body, {name.lower(): value for name, value in self.headers.items()})
        )
        if server.refuse is not None:
            self.send(server.refuse[0], b"{}", "application/json", server.refuse[1])
        elif self.path == "/token":
            server.assertions.append(parse_qs(body.decode())["client_assertion"][0])
            told = {"access_token": f"token-{len(server.assertions)}", "token_type": "Bearer", "expires_in": 300}
            self.send(200, json.dumps(told).encode(), "application/json")
        elif server.assertions and self.headers["Authorization"] != f"Bearer token-{len(server.assertions)}":
            self.send(401, b"{}", "application/json")
        elif server.says is not None:
            self.send(*server.says)
        elif self.path == "/riv":
            asked = wire.read_request(soap.read(body).body)
            plans = tuple(plan for plan in server.riv if plan.patient == asked.patient)
            self.send(200, soap.write(wire.write_answer(Answer("OK", "log", None, plans))), "text/xml; charset=utf-8")
        else:
            name, _, query = self.path.removeprefix("/fhir/").partition("?")
            kind, _, number = name.partition("/")
            found = server.resources.get(name)
            if query or number == "_search":
                found = server.found(kind, query or body.decode())
            elif found is not None:
                found = {"resourceType": kind, "id": number} | found
            self.send(200 if found else 404, json.dumps(found or {}).encode(), "application/fhir+json")

    def send(self, status: int, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        told = {"Content-Type": media_type, "Content-Length": str(len(body))} | (headers or {})
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def others() -> Iterator[Others]:
    server = Others()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Region:
    """The installation with sources, and a clock that tests move."""

    def __init__(self, installation, parts, others: Others) -> None:
        self.installation, self._parts, self.others = installation, parts, others
        self.clock = ManualClock(SystemClock().now())
        self._built: list[wiring.Adapter] = []
        folder = installation.folder
        self.endpoints()
        self._toml = (folder / "adapter.toml").read_text("utf-8")

    def endpoints(self, **more: str) -> None:
        """The endpoints of the sources, as the directory has them; `more` by name."""
        base = self.others.base
        lines = [
            f'  - {{id: {name}, system: ehr, channel: fhir, address: "{base}{path}"{more.get(name, "")}}}'
            for name, path in (("cosmic", "/fhir"), ("riv", "/riv"))
        ]
        (self.installation.folder / "directory" / "plans.yaml").write_text("\n".join(["endpoints:", *lines]), "utf-8")

    def configured(self, *sources: str, more: str = f'consent_handled = "{GROUND}"\nkind = "SIP"') -> wiring.Adapter:
        contracts = {
            "cosmic": 'contract = "cosmic-link"',
            "riv": 'contract = "get-care-plans"\nlogical_address = "SE1"',
        }
        tables_ = [
            f'[[plans.sources]]\nid = "{name}"\nendpoint = "{name}"\n{contracts[name]}\n{more}\n' for name in sources
        ]
        file = self.installation.folder / "adapter.toml"
        file.write_text(self._toml + "\n".join(tables_), "utf-8")
        built = wiring.build(settings.load(file), self.clock)
        built.message_validator, built.mappings = self._parts.message_validator, self._parts.mappings
        self._built.append(built)
        return built

    def close(self) -> None:
        for built in self._built:
            built.close()

    def rows(self, table):
        with self.installation.adapter.database.read() as connection:
            return list(connection.execute(select(table)).mappings())

    def versions(self):
        return [(row["status"], row["kind"], row["event"]) for row in self.rows(tables.plan_version)]

    def gaps(self):
        rows = self.rows(tables.plan_version)
        return [row["kind"] for row in rows if row["status"] == "gap" and row["ended_at"] is None]

    def carried(self):
        return [row for row in self.rows(tables.message) if row["source"].startswith("plans:")]

    def protect(self) -> None:
        with self.installation.adapter.database.write() as connection:
            connection.execute(update(tables.patient).values(protected=True))

    def alarms(self):
        with self.installation.adapter.database.read() as connection:
            return [alarm.kind for alarm in alarms.standing(connection) if alarm.kind.startswith("plan-")]


@pytest.fixture
def region(installation, parts, others, messages) -> Iterator[Region]:
    """A case that is open: the ward has sent its notice, and asks the municipality to take part."""
    assert installation.send(messages("plan sources")[0]).status == 200
    made = Region(installation, parts, others)
    yield made
    made.close()


def message_of(region: Region, row) -> dict:
    with region.installation.adapter.database.read() as connection:
        (kept,) = region.installation.adapter.contents.of_message(connection, row["id"], "translated")
    return json.loads(kept.body)


def of(bundle, kind):
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_a_link_plan_without_measures_comes_as_a_document_and_only_once(region, others):
    adapter = region.configured("cosmic")
    assert adapter.plan_poller.round() == 1
    (row,) = region.carried()
    carried = row["id"]
    assert (row["event"], row["sender_unit"]) == ("general-message", OPEN_CARE)
    assert row["case_id"] == region.rows(tables.case_state)[0]["case_id"]
    message = message_of(region, row)
    (note,) = of(message, "Communication")
    assert note["topic"] == {"text": "Link-plan"}
    assert [piece["contentAttachment"]["contentType"] for piece in note["payload"][1:]] == ["application/pdf"]
    adapter.worker.run_until_idle()
    (delivery,) = [row for row in region.rows(tables.delivery) if row["message_id"] == carried]
    assert (delivery["status"], delivery["mapping"], delivery["receiver_unit"]) == ("done", "lifecare", MUNICIPALITY)

    assert all(PERSON not in unquote(path) for _, path, _, _ in others.asked)
    assert any(PERSON in unquote(body.decode()) for _, path, body, _ in others.asked if path.endswith("_search"))

    region.clock.advance(timedelta(hours=2))
    assert adapter.plan_poller.round() == 1
    assert len(region.carried()) == 1
    asked = [row for row in region.rows(tables.audit) if row["action"] == "plan-ask"]
    assert [(row["object"], row["reason"]) for row in asked] == [("plan-source/cosmic", GROUND)] * 2
    assert all(row["patient_id"] for row in asked)


@pytest.mark.slow
def test_nothing_is_asked_before_it_is_due_and_a_new_care_note_is_a_new_version(region, others):
    adapter = region.configured("cosmic")
    adapter.plan_poller.round()
    count = len(others.asked)
    region.clock.advance(timedelta(minutes=10))
    assert (adapter.plan_poller.round(), len(others.asked)) == (0, count)
    region.clock.advance(timedelta(hours=1))
    others.resources["QuestionnaireResponse/4"]["item"][0]["answer"][0]["valueString"] = "Hjälp med allt"
    adapter.plan_poller.round()
    first, second = region.carried()
    assert second["previous_header_id"] == first["header_id"]


@pytest.mark.slow
def test_a_plan_with_measures_is_a_sip_for_those_who_take_fhir(region, others):
    others.resources["CarePlan/1"]["activity"] = [copy.deepcopy(MEASURE)]
    others.resources["CarePlan/1"]["activity"][0]["detail"]["performer"] = [{"reference": "Organization/3"}]
    receivers = f'receivers = ["{EHR}", "{MUNICIPALITY}"]'
    adapter = region.configured("cosmic", more=f'consent_handled = "{GROUND}"\nkind = "SIP"\n{receivers}')
    adapter.plan_poller.round()
    assert sorted(row["event"] for row in region.carried()) == ["general-message", "sip"]
    sip = message_of(region, next(row for row in region.carried() if row["event"] == "sip"))
    (plan,) = of(sip, "CarePlan")
    assert plan["identifier"][0]["value"].startswith("urn:uuid:")
    assert len(of(sip, "QuestionnaireResponse")) == len(of(sip, "Patient")) == 1
    assert of(sip, "Patient")[0]["name"]
    assert {unit["identifier"][0]["value"] for unit in of(sip, "Organization")} == {OPEN_CARE, EHR}


def test_a_document_of_get_care_plans_lands_in_the_case_with_plan_and_document_reference(region, others):
    at = SystemClock().now()
    who = Professional(at, care_unit=OPEN_CARE, unit=OPEN_CARE, unit_name="Solgården")
    attached = (Attachment("application/pdf", b"%PDF-1.7"),)
    person = PersonId(PERSON, contract.PERSONNUMMER)
    plan = CarePlan("D1", "SE2321000222-EHR", "Vårdplan", person, who, False, attachments=attached, kind="SIP")
    others.riv = [plan, replace(plan, document_id="D2", patient=PersonId("194108109999", contract.PERSONNUMMER))]
    receivers = f'receivers = ["{EHR}", "{MUNICIPALITY}"]'
    adapter = region.configured("riv", more=f'consent_handled = "{GROUND}"\n{receivers}')
    adapter.plan_poller.round()
    adapter.worker.run_until_idle()
    assert [row["event"] for row in region.carried()] == ["general-message"] * 2
    native = next(each for each in (message_of(region, row) for row in region.carried()) if of(each, "CarePlan"))
    (care_plan,), (document,), (note,) = (
        of(native, kind) for kind in ("CarePlan", "DocumentReference", "Communication")
    )
    assert {"goal", "activity"}.isdisjoint(care_plan)
    assert care_plan["supportingInfo"] == [{"reference": f"urn:uuid:{document['id']}"}]
    assert note["about"] == [{"reference": f"urn:uuid:{care_plan['id']}"}]
    (_, _, _, headers), *_ = others.asked
    assert headers["soapaction"] == f'"{contract.ACTION}"'
    assert all(row["status"] == "done" for row in region.rows(tables.delivery) if row["event"] == "general-message")
    region.clock.advance(timedelta(hours=2))
    adapter.plan_poller.round()
    assert len(region.carried()) == 2


@pytest.mark.slow
def test_a_producer_that_faults_or_says_error_is_told_of(region, others):
    adapter = region.configured("riv", more=f'consent_handled = "{GROUND}"')
    others.says = (500, soap.write_fault(soap.Fault("Client", "LogicalAddress")), "text/xml; charset=utf-8")
    adapter.plan_poller.round()
    assert region.alarms() == [polling.REFUSED]
    region.clock.advance(timedelta(minutes=1))
    others.says = (200, soap.write(wire.write_answer(Answer("ERROR", "log", "fel"))), "text/xml")
    adapter.plan_poller.round()
    assert (region.alarms(), region.gaps()) == ([], ["unreadable"])
    region.clock.advance(timedelta(hours=2))
    others.says = (500, b"<html/>", "text/html")
    adapter.plan_poller.round()
    assert (region.alarms(), region.gaps()) == ([], ["unreadable"])
    region.clock.advance(timedelta(hours=2))
    others.says = None
    adapter.plan_poller.round()
    assert region.gaps() == []
    assert all(PERSON not in path for _, path, _, _ in others.asked)


@pytest.mark.slow
def test_whoever_has_a_role_at_no_known_unit_is_told_by_name(region, others):
    others.resources["CarePlan/1"]["activity"] = [copy.deepcopy(MEASURE)]
    others.resources["CarePlan/1"]["activity"][0]["detail"]["performer"] = [{"reference": "Organization/3"}]
    others.resources["CarePlan/1"]["author"] = {"reference": "PractitionerRole/8"}
    others.resources["PractitionerRole/8"] = {
        "practitioner": {"display": "Ada Berg"},
        "organization": {"reference": "Organization/9"},
    }
    others.resources["Organization/9"] = {"name": "Enheten utan HSA-id"}
    more = f'consent_handled = "{GROUND}"\nkind = "SIP"\nreceivers = ["{EHR}"]'
    region.configured("cosmic", more=more).plan_poller.round()
    (row,) = region.carried()
    sip = message_of(region, row)
    assert row["event"] == "sip"
    assert of(sip, "CarePlan")[0]["author"] == {"display": "Ada Berg"}


@pytest.mark.slow
def test_consent_that_was_refused_in_the_case_stops_a_plan(region, others):
    with region.installation.adapter.database.write() as connection:
        (row,) = connection.execute(select(tables.case_state)).mappings()
        state = row["state"] | {"statements": {"sharing_consent": "withdrawn"}}
        connection.execute(update(tables.case_state).values(state=state))
    region.configured("cosmic").plan_poller.round()
    assert (region.carried(), region.gaps()) == ([], ["consent"])


@pytest.mark.slow
def test_without_a_ground_nothing_is_asked_and_it_is_said(region, others):
    adapter = region.configured("cosmic", more="")
    adapter.plan_poller.round()
    assert (others.asked, region.carried(), region.alarms()) == ([], [], [polling.NO_GROUND])
    region.configured("cosmic").plan_poller.round()
    assert (len(region.carried()), region.alarms()) == (1, [])


@pytest.mark.slow
def test_a_plan_of_another_person_is_a_gap_until_the_source_has_mended_it(region, others):
    others.resources["CarePlan/1"]["subject"] = {"display": "någon"}
    adapter = region.configured("cosmic")
    adapter.plan_poller.round()
    assert (region.carried(), region.gaps()) == ([], ["identity"])
    others.resources["CarePlan/1"]["subject"] = {"reference": "Patient/7"}
    region.clock.advance(timedelta(hours=2))
    adapter.plan_poller.round()
    assert (len(region.carried()), region.gaps()) == (1, [])


def test_a_note_about_somebody_else_is_not_told_of_the_person_of_the_case(region, others):
    others.resources["Patient/8"] = {"identifier": [{"system": canonical.PERSONNUMMER, "value": "199010042386"}]}
    others.resources["QuestionnaireResponse/4"]["subject"] = {"reference": "Patient/8"}
    adapter = region.configured("cosmic")
    adapter.plan_poller.round()
    assert (region.carried(), region.gaps()) == ([], ["identity"])


@pytest.mark.parametrize(
    "note",
    [
        {
            "subject": {"reference": "#p"},
            "contained": [{"resourceType": "Patient", "id": "p", "identifier": [OTHER]}],
        },
        {"contained": [{"resourceType": "Patient", "id": "p", "name": [{"family": "Ek"}]}]},
        {"subject": {"identifier": OTHER | {"value": "19901004-2386"}}},
        {"subject": {"reference": "Patient/9"}},
        {"contained": [{"resourceType": "Encounter", "id": "e", "subject": {"display": "någon"}}]},
    ],
    ids=["contained", "contained without a number", "number alone", "not to be read", "contained of a contained"],
)
def test_a_note_that_holds_or_names_somebody_else_is_refused(region, others, note):
    others.resources["QuestionnaireResponse/4"] |= note
    region.configured("cosmic").plan_poller.round()
    assert (region.carried(), region.gaps()) == ([], ["identity"])


def test_a_note_that_holds_the_same_person_is_carried(region, others):
    same = {"resourceType": "Patient", "id": "p", "identifier": [{"system": canonical.PERSONNUMMER, "value": PERSON}]}
    others.resources["QuestionnaireResponse/4"] |= {"subject": {"reference": "#p"}, "contained": [same]}
    region.configured("cosmic").plan_poller.round()
    assert (len(region.carried()), region.gaps()) == (1, [])


def test_a_plan_is_judged_and_named_by_itself_not_by_the_one_that_it_replaces(region, others):
    before = copy.deepcopy(LINK["CarePlan/1"]) | {"status": "entered-in-error", "title": "Före", "meta": {}}
    others.resources["CarePlan/1"]["replaces"] = [{"reference": "CarePlan/0"}]
    others.resources["CarePlan/0"] = before | {"meta": {"lastUpdated": "2020-01-01T10:00:00Z"}}
    adapter = region.configured("cosmic")
    adapter.plan_poller.round()
    (row,) = region.carried()
    (note,) = of(message_of(region, row), "Communication")
    assert (note["topic"], region.gaps()) == ({"text": "Link-plan"}, [])


def test_a_case_that_fails_waits_for_its_next_turn_and_keeps_nobody_from_being_asked_about(region, monkeypatch):
    adapter = region.configured("cosmic")

    def fails(*_: object) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(adapter.plan_sources["cosmic"].asker, "ask", fails)
    adapter.plan_poller.round()
    assert adapter.plan_poller.round() == 0
    (question,) = region.rows(tables.plan_question)
    assert question["next_at"] > to_micros(region.clock.now())
    assert question["asked_at"] is None


@pytest.mark.slow
def test_a_gap_is_tried_again_at_once_under_another_configuration(region, others):
    others.resources["Organization/3"]["identifier"][0]["value"] = "SE2321000222-ELSEWHERE"
    region.configured("cosmic").plan_poller.round()
    assert (region.carried(), region.gaps()) == ([], ["unit"])
    asked = len(others.asked)
    adapter = region.configured("cosmic", more=f'consent_handled = "{GROUND}"\nkind = "SIP"\nsender = "{OPEN_CARE}"')
    adapter.plan_poller.round()
    assert len(others.asked) > asked
    assert (len(region.carried()), region.gaps()) == (1, [])


def test_sparr_and_protection_are_honoured(region, others):
    adapter = region.configured("cosmic")
    operator = region.installation.operator
    unit_blocked = adapter.blocks.set(operator, (canonical.PERSONNUMMER, PERSON), "region", OPEN_CARE, "patientens")
    adapter.plan_poller.round()
    assert (region.carried(), region.gaps()) == ([], ["blocked"])
    adapter.blocks.set(operator, (canonical.PERSONNUMMER, PERSON), "region", None, "patientens begäran")
    region.clock.advance(timedelta(hours=2))
    count = len(others.asked)
    assert (adapter.plan_poller.round(), len(others.asked)) == (0, count)
    assert unit_blocked


@pytest.mark.slow
def test_a_label_that_the_source_has_protects_from_now_on(region, others):
    others.resources["Patient/7"]["meta"] = {
        "security": [{"system": canonical.SECURITY_LABEL, "code": canonical.PROTECTED_IDENTITY}]
    }
    adapter = region.configured("cosmic")
    adapter.plan_poller.round()
    assert all(row["protected"] for row in region.rows(tables.patient))
    held = [row for row in region.rows(tables.delivery) if row["event"] in ("sip", "general-message")]
    assert {row["status"] for row in held} == {"held"}
    region.clock.advance(timedelta(hours=2))
    count = len(others.asked)
    assert (adapter.plan_poller.round(), len(others.asked)) == (0, count)


def test_a_source_that_refuses_rests_and_is_told_of(region, others):
    others.refuse = (401, {})
    adapter = region.configured("cosmic")
    adapter.plan_poller.round()
    assert (len(others.asked), region.alarms()) == (1, [polling.REFUSED])
    adapter.plan_poller.round()
    assert len(others.asked) == 1
    others.refuse = None
    region.clock.advance(timedelta(minutes=1))
    adapter.plan_poller.round()
    assert (len(region.carried()), region.alarms()) == (1, [])


@pytest.mark.slow
def test_a_busy_source_is_left_alone_as_long_as_it_says_and_then_operations_are_told(region, others):
    adapter = region.configured("cosmic")
    adapter.plan_poller.round()
    others.refuse = (429, {"Retry-After": "7200"})
    region.clock.advance(timedelta(hours=2))
    adapter.plan_poller.round()
    count = len(others.asked)
    region.clock.advance(timedelta(minutes=110))
    adapter.plan_poller.round()
    assert (len(others.asked), region.alarms()) == (count, [])
    region.clock.advance(timedelta(minutes=20))
    adapter.plan_poller.round()
    assert (len(others.asked), region.alarms()) == (count + 1, [polling.SILENT])


@pytest.mark.slow
def test_one_process_at_a_time_asks(region, others):
    first, second = region.configured("cosmic").plan_poller, region.configured("cosmic").plan_poller
    entered, go_on = threading.Event(), threading.Event()
    send = Handler.send

    def slow(self, *words):
        entered.set()
        assert go_on.wait(60)
        send(self, *words)

    Handler.send = slow
    try:
        thread = threading.Thread(target=first.round)
        thread.start()
        assert entered.wait(60)
        assert second.round() == 0
        go_on.set()
        thread.join(60)
    finally:
        Handler.send = send
    assert len(region.carried()) == 1


@pytest.mark.slow
def test_pages_are_followed_and_only_updates_asked_for_where_the_source_can_tell(region, others):
    others.resources["CarePlan/2"] = copy.deepcopy(LINK["CarePlan/1"]) | {"title": "Andra planen"}
    more = f'consent_handled = "{GROUND}"\nkind = "SIP"\nonly_updated = true'
    adapter = region.configured("cosmic", more=more)
    adapter.plan_poller.round()
    assert len(region.carried()) == 2
    region.clock.advance(timedelta(hours=2))
    adapter.plan_poller.round()
    assert "_lastUpdated=ge2026-03-01T10:00:00.5+01:00" in unquote(others.searches()[-2])
    assert len(region.carried()) == 2


@pytest.mark.slow
def test_what_was_written_and_not_handed_in_goes_in_as_it_is(region, others, monkeypatch):
    adapter = region.configured("cosmic")
    carrier = adapter.plan_sources["cosmic"].carrier
    monkeypatch.setattr(carrier, "_hand_in", lambda *_: (_ for _ in ()).throw(RuntimeError("the process ends")))
    adapter.plan_poller.round()
    (planned,) = region.rows(tables.plan_version)
    assert (planned["status"], region.carried()) == ("planned", [])
    others.refuse = (503, {})
    region.configured("cosmic").plan_poller.round()
    (row,) = region.carried()
    assert row["header_id"] == planned["header_id"]
    assert region.versions() == [("sent", None, "general-message")]


def test_what_is_not_taken_in_rests_keeps_no_other_waiting_and_is_told_of(region, others, monkeypatch):
    others.resources["CarePlan/2"] = copy.deepcopy(LINK["CarePlan/1"]) | {"title": "Andra planen"}
    adapter = region.configured("cosmic")
    carrier = adapter.plan_sources["cosmic"].carrier
    receive, tried = adapter.exchange.receive_authored, []

    def failing(body, submission, principal):
        if b"Andra planen" in body:
            tried.append(region.clock.now())
            if len(tried) % 2:
                return Reply(500, {})
            raise KeyError("a fault of ours")
        return receive(body, submission, principal)

    with monkeypatch.context() as patched:
        patched.setattr(adapter.exchange, "receive_authored", failing)
        adapter.plan_poller.round()
        assert (len(region.carried()), region.alarms()) == (1, [])
        assert sorted(status for status, _, _ in region.versions()) == ["planned", "sent"]
        for _ in range(12):
            region.clock.advance(timedelta(minutes=1, seconds=1))
            adapter.plan_poller.round()
        assert 3 <= len(tried) <= 6
        assert region.alarms() == [polling.WAITING]
    region.clock.advance(timedelta(hours=1))
    adapter.plan_poller.round()
    assert (len(region.carried()), region.alarms(), carrier.finish()) == (2, [], None)


@pytest.mark.slow
def test_an_answer_that_cannot_be_read_is_a_gap_that_ends_with_the_next_one(region, others):
    others.says = (200, b'{"resourceType": "OperationOutcome"}', "application/fhir+json")
    adapter = region.configured("cosmic")
    adapter.plan_poller.round()
    assert region.gaps() == ["unreadable"]
    others.says = None
    region.clock.advance(timedelta(hours=2))
    adapter.plan_poller.round()
    assert (region.gaps(), len(region.carried())) == ([], 1)


@pytest.mark.slow
def test_tokens_are_fetched_with_a_signed_assertion(region, others):
    key = ec.generate_private_key(ec.SECP384R1())
    file = region.installation.folder / "client.pem"
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(*pem))
    oauth = f'token_url: "{others.base}/token", client_id: adapter, key_file: ../client.pem, algorithm: ES384'
    region.endpoints(cosmic=f", oauth: {{{oauth}}}")
    region.configured("cosmic").plan_poller.round()
    assert len(region.carried()) == 1
    (assertion,) = others.assertions
    said = jwt.decode(assertion, key.public_key(), ["ES384"], audience=f"{others.base}/token")
    assert (said["iss"], said["sub"]) == ("adapter", "adapter")


def command(region, *words: str, typed: str = ""):
    file = region.installation.folder / "adapter.toml"
    return CliRunner().invoke(app, ["plans", *words, "--config", str(file)], input=typed)


@pytest.mark.slow
def test_operations_see_sources_and_gaps_and_settle_them(region, others):
    others.resources["Organization/3"]["identifier"][0]["value"] = "SE2321000222-ELSEWHERE"
    region.configured("cosmic").plan_poller.round()
    listed = command(region, "sources", "--json")
    assert listed.exit_code == 0, listed.exception
    (source,) = json.loads(listed.stdout)["sources"]
    assert (source["state"], source["cases"], source["carried"], source["gaps"]) == ("asked", 1, 0, 1)
    shown = command(region, "gaps", "--json")
    (gap,) = json.loads(shown.stdout)["gaps"]
    assert (shown.exit_code, gap["source"], gap["kind"]) == (1, "cosmic", "unit")
    assert PERSON not in shown.stdout
    attention = region.installation.adapter.views.status(region.installation.operator)
    assert [each.next_command for each in attention if each.kind == "plan-gap"] == [
        "adapter plans gaps --source cosmic"
    ]
    region.protect()
    (hidden,) = json.loads(command(region, "gaps", "--json").stdout)["gaps"]
    assert (hidden["source"], hidden["case_id"]) == (None, None)
    assert command(region, "settle", str(gap["id"]), "--reason", "ringde enheten").exit_code == 0
    assert command(region, "gaps").exit_code == 0
    assert command(region, "settle", str(gap["id"]), "--reason", "igen").exit_code != 0


@pytest.mark.slow
def test_a_person_fetches_a_plan_and_puts_it_into_the_case(region, others, parts, monkeypatch):
    region.configured("cosmic")
    monkeypatch.setattr(wiring.Adapter, "message_validator", parts.message_validator)
    monkeypatch.setattr(wiring.Adapter, "mappings", parts.mappings)
    shown = command(region, "fetch", "--source", "cosmic", typed=f"{PERSON}\n")
    assert [each["resource"]["resourceType"] for each in json.loads(shown.stdout)["entry"]][-1] == "CarePlan"
    assert region.carried() == []
    others.resources["QuestionnaireResponse/4"]["contained"] = [
        {"resourceType": "Patient", "id": "p", "identifier": [OTHER]}
    ]
    refused = command(region, "fetch", "--source", "cosmic", typed=f"{PERSON}\n")
    assert refused.exit_code != 0
    assert "QuestionnaireResponse" not in refused.stdout
    del others.resources["QuestionnaireResponse/4"]["contained"]
    words = ("fetch", "--source", "cosmic", "--into-case", "--reason", "efterfrågad på mötet", "--json")
    done = command(region, *words, typed=f"{PERSON}\n")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"sent": 1, "known": 0, "gaps": [], "waiting": 0})
    assert json.loads(command(region, *words, typed=f"{PERSON}\n").stdout)["known"] == 1
    audited = [row["reason"] for row in region.rows(tables.audit) if row["action"] == "plan-fetch"]
    assert audited == [GROUND, GROUND, "efterfrågad på mötet", "efterfrågad på mötet"]
    assert command(region, "fetch", "--into-case", typed=f"{PERSON}\n").exit_code == 2
    assert command(region, *words, typed="189001019802\n").exit_code != 0


@pytest.mark.slow
def test_sources_that_do_not_fit_the_directory_are_refused_with_their_line(region):
    with pytest.raises(ConfigurationError, match=r"plans\.sources\.0\.sender: is not a unit of region"):
        _ = region.configured("cosmic", more=f'sender = "{MUNICIPALITY}"').plan_sources
    with pytest.raises(ConfigurationError, match=r"plans\.sources\.0\.receivers"):
        _ = region.configured("cosmic", more='receivers = ["SE2321000222-NOBODY"]').plan_sources


@pytest.mark.slow
def test_the_thread_starts_and_stops_at_once(region, others):
    poller = region.configured("cosmic").plan_poller
    others.refuse = (503, {})
    poller.start()
    poller.stop()
    assert region.carried() == []
    region.configured("cosmic", more="").plan_poller.round()
    assert region.alarms() == [polling.NO_GROUND]
    without = region.configured().plan_poller
    without.start()
    without.stop()
    assert region.alarms() == []
    assert Right.SEND in region.configured("cosmic").plan_sources["cosmic"].carrier.principal.rights
