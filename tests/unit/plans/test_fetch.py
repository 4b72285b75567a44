"""Plans of COSMIC Link over HTTP from a server on loopback, within its address and with a stated ground only."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.plans import gathering
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.errors import MappingError

from .test_reading import BASE, GROUND, LINK, PERSON

TOKEN = "token-of-cosmic-for-tests"


def page(**members):
    return {"resourceType": "Bundle", "type": "searchset", **members}


class Cosmic(ThreadingHTTPServer):
    """Serves LINK: a search that gives the CarePlan alone, and each other resource by its id."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server_port}/fhir"
        self.asked: list[str] = []
        self.fail: int | None = None
        self.resources = {entry["fullUrl"].removeprefix(f"{BASE}/"): entry["resource"] for entry in LINK["entry"]}


class Handler(BaseHTTPRequestHandler):
    server: Cosmic

    def do_GET(self) -> None:
        path = self.path.removeprefix("/fhir/")
        self.server.asked.append(path)
        name, _, query = path.partition("?")
        found = self.server.resources.get(name)
        if query:
            found = page(entry=[{"resource": self.server.resources["CarePlan/1"]}])
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            status = 401
        else:
            status = self.server.fail or (200 if found else 404)
        body = json.dumps(found or {"resourceType": "OperationOutcome"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/fhir+json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def cosmic() -> Iterator[Cosmic]:
    server = Cosmic()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path, cosmic: Cosmic, migrated: Path):
    def run(subject: str = "7", *words: str, settings: str = f'consent_handled = "{GROUND}"\nkind = "SIP"'):
        (tmp_path / "directory").mkdir(exist_ok=True)
        (tmp_path / "directory" / "directory.yaml").write_text(
            f"""
parties: [{{id: region, kind: region, name: Region}}]
units: []
systems: [{{id: cosmic, kind: ehr, party: region}}]
endpoints: [{{id: cosmic, system: cosmic, channel: fhir, address: "{cosmic.base}", token_file: ../cosmic.token}}]
routes: []
""",
            "utf-8",
        )
        (tmp_path / "cosmic.token").write_text(TOKEN)
        (tmp_path / "pseudonym.key").write_text("a key for tests that is long enough to be one")
        (tmp_path / "adapter.toml").write_text(
            'environment = "test"\n[security]\npseudonym_keys = [{ id = "k1", file = "pseudonym.key" }]\n'
            f'[cosmic_link]\nendpoint = "cosmic"\n{settings}\n',
            "utf-8",
        )
        if not (tmp_path / "adapter.db").exists():
            shutil.copyfile(migrated, tmp_path / "adapter.db")
        database = Database(f"sqlite:///{tmp_path / 'adapter.db'}")
        done = CliRunner().invoke(
            app, ["plans", "fetch", *words, "--config", str(tmp_path / "adapter.toml")], input=f"{subject}\n"
        )
        with database.read() as connection:
            done.audit = connection.execute(tables.audit.select()).mappings().all()
        database.close()
        return done

    return run


def test_the_plan_and_what_it_refers_to_are_fetched_and_the_ground_is_audited(run, cosmic):
    done = run()
    assert done.exit_code == 0, done.output
    kinds = [entry["resource"]["resourceType"] for entry in json.loads(done.stdout)["entry"]]
    assert sorted(kinds) == ["CarePlan", "Organization", "Patient", "PractitionerRole", "QuestionnaireResponse"]
    assert cosmic.asked[0].startswith("CarePlan?subject=7&_profile=https%3A%2F%2Ffhir.cambio.se%2F")
    assert "QuestionnaireResponse/6" in cosmic.asked  # not there: said, not hidden
    (entry,) = done.audit
    assert (entry["action"], entry["reason"]) == ("link-plan-fetch", GROUND)
    told = json.loads(run("7", "--explain", "--json").stdout)["notes"]
    assert ("not said", "CarePlan.supportingInfo[2]") in {(each["outcome"], each["path"]) for each in told}


def test_without_a_ground_nothing_is_asked(run, cosmic):
    done = run(settings="")
    assert (done.exit_code, "consent" in done.stderr) == (1, True)
    assert (cosmic.asked, done.audit) == ([], [])


@pytest.mark.parametrize("subject", [PERSON, f"{PERSON[:8]}-{PERSON[8:]}", PERSON[2:], "", "a/b", "x?y"])
def test_a_persons_number_is_put_in_no_url(subject):
    with pytest.raises(MappingError, match="FHIR id"):
        gathering.gather(lambda _: pytest.fail("nothing is asked"), BASE, subject)


def test_a_server_that_does_not_answer_as_it_should_is_said(run, cosmic):
    for status in (401, 403, 404, 302, 500):
        cosmic.fail = status
        done = run()
        assert done.exception.__class__.__name__ == "UnavailableError"
        assert str(status) in str(done.exception)


@pytest.mark.parametrize("url", ["http://elsewhere.example/fhir/next", f"{BASE}evil/next"])
def test_no_other_address_than_the_servers_is_asked(url):
    with pytest.raises(MappingError, match="another address"):
        gathering.gather(lambda _: page(link=[{"relation": "next", "url": url}]), BASE, "7")


@pytest.mark.parametrize("query", [f"patient.identifier=x%7C{PERSON}", f"a=1&b={PERSON[:8]}-{PERSON[8:]}"])
def test_a_next_page_whose_address_holds_a_persons_number_is_not_asked(query):
    answer = page(link=[{"relation": "next", "url": f"{BASE}/CarePlan?{query}"}])
    with pytest.raises(MappingError, match="holds a person's number") as caught:
        gathering.gather(lambda _: answer, BASE, "7")
    assert PERSON not in str(caught.value)


def test_a_resource_whose_id_is_a_persons_number_is_not_asked_for():
    asked = []
    plan = {"resourceType": "CarePlan", "id": "1", "subject": {"reference": f"Patient/{PERSON}"}}
    gathering.gather(
        lambda url: asked.append(url) or page(entry=[{"resource": plan}]), BASE, "7", "2026-03-01T10:00:00Z"
    )
    assert len(asked) == 1
    assert asked[0].endswith("&_lastUpdated=ge2026-03-01T10%3A00%3A00Z")


def test_pages_without_end_and_references_without_number_are_refused():
    with pytest.raises(MappingError, match="more than 20 pages"):
        gathering.gather(lambda _: page(link=[{"relation": "next", "url": f"{BASE}/next"}]), BASE, "7")
    many = [{"reference": f"Basic/{number}"} for number in range(400)]
    plan = {"resourceType": "CarePlan", "id": "1", "supportingInfo": many}
    with pytest.raises(MappingError, match="more than 300"):
        gathering.gather(lambda url: page(entry=[{"resource": plan}]) if "?" in url else None, BASE, "7")


@pytest.mark.parametrize("answer", [{}, {"resourceType": ["Organization"]}, {"resourceType": "Patient", "id": "3"}])
def test_a_reading_that_is_answered_with_something_else_is_refused(answer):
    plan = {"resourceType": "CarePlan", "id": "1", "author": {"reference": "Organization/3"}}
    with pytest.raises(MappingError, match="of the type"):
        gathering.gather(lambda url: page(entry=[{"resource": plan}]) if "?" in url else answer, BASE, "7")


@pytest.mark.parametrize("found", [{"id": "1"}, {"id": "1", "resourceType": []}])
def test_a_search_that_holds_what_is_no_resource_is_refused(found):
    with pytest.raises(MappingError, match="no resource"):
        gathering.gather(lambda _: page(link=[{"relation": []}], entry=[{"resource": found}]), BASE, "7")


def test_references_to_elsewhere_and_out_of_the_patient_are_not_followed():
    asked = []
    elsewhere = {"reference": "https://elsewhere.example/Organization/1"}
    plan = {"resourceType": "CarePlan", "id": "1", "author": elsewhere, "subject": {"reference": f"{BASE}/Patient/7"}}
    patient = {"resourceType": "Patient", "id": "7", "generalPractitioner": [{"reference": "Practitioner/9"}]}

    def get(url):
        asked.append(url)
        return page(entry=[{"resource": plan}]) if "?" in url else patient

    gathering.gather(get, BASE, "7")
    assert asked[1:] == [f"{BASE}/Patient/7"]
