"""Stays and plans over REST: each party reads what it sent and what was delivered to it, and nothing else."""

from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from adapter.sandbox.journey import Play, shipped_journey
from adapter.store import tables
from adapter.support.clock import to_micros
from adapter.web.server import Server


@contextmanager
def served(installation):
    """The installation's HTTP server; gives callers by party."""
    server, callers = Server(installation.adapter), []
    server.start()

    def caller(party, *rights):
        until = installation.adapter.clock.now() + timedelta(days=1)
        token = installation.adapter.tokens.issue(party, rights or ("content",), until, party)
        made = httpx.Client(base_url=f"{server.url}/fhir", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        callers.append(made)
        return made

    try:
        yield caller
    finally:
        for made in callers:
            made.close()
        server.stop()


@pytest.fixture
def caller(installation):
    with served(installation) as made:
        yield made


@pytest.fixture
def played(installation, messages):
    """A case from its beginning to its end; its messages."""
    sent = messages("played")
    for message in sent:
        sender = message["entry"][0]["resource"]["sender"]
        assert sender is not None
        assert installation.send(message).status == 200
        installation.adapter.worker.run_until_idle()
    return sent


def resources(response):
    assert response.status_code == 200, response.text
    return [entry["resource"] for entry in response.json().get("entry", [])]


def rows(installation, table):
    with installation.adapter.database.read() as connection:
        return list(connection.execute(select(table)).mappings())


def person_of(message):
    [patient] = [each["resource"] for each in message["entry"] if each["resource"]["resourceType"] == "Patient"]
    return patient["identifier"][0]


def one(client, kind):
    [found] = resources(client.get(f"/{kind}"))
    return found


def test_each_party_reads_what_it_sent_and_what_came_to_it(installation, played, caller):
    region, kommun, other = caller("region"), caller("kommun"), caller("annan")
    sent, came = one(region, "Encounter"), one(kommun, "Encounter")
    assert sent["status"] == came["status"] == "finished"
    assert sent["subject"]["identifier"] == person_of(played[0])

    history = region.get(f"/Encounter/{sent['id']}/_history").json()
    notice = history["entry"][-1]["resource"]
    assert (notice["status"], notice["meta"]["versionId"]) == ("in-progress", "1")
    assert "start" in notice["period"]
    disclosed = kommun.get(f"/Encounter/{sent['id']}/_history/1").json()
    assert "period" not in disclosed  # LAW 2:2 names no admission: it was not delivered either
    assert [each["response"]["etag"] for each in history["entry"]] == [
        f'W/"{each["resource"]["meta"]["versionId"]}"' for each in history["entry"]
    ]

    plan = one(kommun, "CarePlan")
    goals = [each for each in plan["contained"] if each["resourceType"] == "Goal"]
    assert [each["reference"] for each in plan["goal"]] == [f"#{each['id']}" for each in goals]
    assert "urn:uuid:" not in str({**plan, "identifier": None})
    assert installation.adapter.validator.validate(plan).valid
    assert installation.adapter.validator.validate(came).valid

    for kind, known in (("Encounter", sent), ("CarePlan", plan)):
        assert resources(other.get(f"/{kind}")) == []
        for path in ("", "/_history", "/_history/1"):
            assert other.get(f"/{kind}/{known['id']}{path}").status_code == 404
    assert kommun.get(f"/CarePlan/{sent['id']}").status_code == 404
    assert kommun.get("/Encounter/x").status_code == 404
    assert kommun.get(f"/Encounter/{sent['id']}/_history/99").status_code == 404
    assert caller("kommun", "list").get(f"/Encounter/{sent['id']}").status_code == 403
    assert caller("kommun", "all-parties", "content").get(f"/Encounter/{sent['id']}").status_code == 200
    assert caller("annan", "all-parties", "content").get(f"/Encounter/{sent['id']}").status_code == 404

    read = kommun.get(f"/Encounter/{sent['id']}")
    assert read.headers["etag"] == f'W/"{came["meta"]["versionId"]}"'
    again = kommun.get(f"/Encounter/{sent['id']}", headers={"If-None-Match": read.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert kommun.get(f"/Encounter/{sent['id']}", headers={"Accept": "application/fhir+xml"}).text.count("<Encounter ")
    seen = [row for row in rows(installation, tables.audit) if row["object"] == f"encounter/{sent['id']}"]
    assert {(row["action"], row["party"]) for row in seen} == {("resource-view", "region"), ("resource-view", "kommun")}
    assert all(row["patient_id"] for row in seen)


def test_search_by_pages_and_never_by_a_person_in_a_url(installation, messages, caller):
    elsewhere = shipped_journey("wrong-recipient")
    third = Play(elsewhere, "c").message(elsewhere.steps[0], installation.adapter.clock.now())
    first, second = messages("a")[0], messages("b")[0]
    for message in (first, second, third):
        assert installation.send(message).status == 200
    installation.adapter.worker.run_until_idle()
    kommun = caller("kommun")
    page = kommun.get("/Encounter", params={"_count": "2", "status": "in-progress"}).json()
    assert len(page["entry"]) == 2
    links = {link["relation"]: link["url"] for link in page["link"]}
    rest = kommun.get(links["next"]).json()
    assert [each["relation"] for each in rest["link"]] == ["self"]
    found = [each["resource"]["id"] for each in [*page["entry"], *rest["entry"]]]
    assert len(found) == len(set(found)) == 3

    person = person_of(first)
    named = {"patient:identifier": f"{person['system']}|{person['value']}"}
    posted = kommun.post("/Encounter/_search", data={**named, "_count": "1"}).json()
    assert [each["resource"]["id"] for each in posted["entry"]] == found[:1]
    assert person["value"] not in str(posted["link"])
    [_, after] = posted["link"]
    assert [each["id"] for each in resources(kommun.get(after["url"]))] == [found[1]]  # the same person's other stay
    nobody = {"patient:identifier": f"{person['system']}|189001019802"}
    assert resources(kommun.post("/Encounter/_search", data=nobody)) == []
    for url in ("/Encounter", "/Encounter/_search"):
        for name in ("patient:identifier", "patient", "subject", "patient.identifier"):
            refused = kommun.request("POST" if "_search" in url else "GET", url, params={name: person["value"]})
            assert refused.status_code == 400
            assert "belongs in no URL" in refused.text
            assert person["value"] not in refused.text

    newest = resources(kommun.get("/Encounter", params={"_id": found[2]}))[0]["meta"]["lastUpdated"]
    assert [each["id"] for each in resources(kommun.get("/Encounter", params={"_lastUpdated": f"ge{newest}"}))][-1] == (
        found[2]
    )
    assert resources(kommun.get("/Encounter", params={"_lastUpdated": "le2020-01-01T00:00:00Z"})) == []
    assert resources(kommun.get("/Encounter", params={"status": "finished,cancelled"})) == []
    assert resources(kommun.get("/Encounter", params={"_count": "0"})) == []
    stay = newest_stay(first)
    for value in (stay["value"], f"{stay['system']}|{stay['value']}"):
        assert [each["id"] for each in resources(kommun.get("/Encounter", params={"identifier": value}))] == found[:1]
    for params in (
        {"name": "x"}, {"_count": "x"}, {"_cursor": "x"}, {"_cursor": "WzAsMV0"}, {"_lastUpdated": "2020"},
        [("_id", "1"), ("_id", "2")], {"_id": ",".join("1" * 101)},
    ):  # fmt: skip
        assert kommun.get("/Encounter", params=params).status_code == 400, params
    assert kommun.post("/Encounter/_search", content=b"{}", headers={"Content-Type": "text/x"}).status_code == 415


def newest_stay(message):
    return next(
        each["resource"]["identifier"][0]
        for each in message["entry"]
        if each["resource"]["resourceType"] == "Encounter"
    )


@pytest.mark.slow
def test_what_a_block_or_a_later_label_covers_is_not_there(installation, messages, caller):
    sent = messages("covered")
    assert installation.send(sent[0]).status == 200
    installation.adapter.worker.run_until_idle()
    region, kommun = caller("region"), caller("kommun")
    known = one(kommun, "Encounter")
    person = person_of(sent[0])
    block = installation.adapter.blocks.set(
        installation.operator, (person["system"], person["value"]), "region", None, "the person asks for it"
    )
    assert kommun.get(f"/Encounter/{known['id']}").status_code == 404
    assert resources(kommun.get("/Encounter")) == []
    assert one(region, "Encounter")["id"] == known["id"]
    installation.adapter.blocks.lift(installation.operator, block, "asked for")
    assert one(kommun, "Encounter") == known
    with installation.adapter.database.write() as connection:
        connection.execute(update(tables.patient).values(protected=True))
    assert kommun.get(f"/Encounter/{known['id']}").status_code == 404
    with installation.adapter.database.write() as connection:
        connection.execute(update(tables.delivery).values(released_at=to_micros(installation.adapter.clock.now())))
    assert one(kommun, "Encounter")["id"] == known["id"]
    with installation.adapter.database.write() as connection:
        connection.execute(tables.content.delete().where(tables.content.c.stage.in_(["received", "mapped"])))
    assert kommun.get(f"/Encounter/{known['id']}").status_code == 410
    assert resources(kommun.get("/Encounter")) == []


@pytest.mark.slow
def test_what_happened_last_stands_whatever_came_last(installation, messages, caller):
    sent = messages("order")
    for message in (sent[5], sent[0], sent[1]):
        assert installation.send(message).status == 200
    region = caller("region")
    assert one(region, "Encounter")["status"] == "finished"
    assert resources(caller("kommun").get("/Encounter")) == []  # nothing has arrived yet
    installation.adapter.worker.run_until_idle()
    came = one(caller("kommun"), "Encounter")
    assert came["status"] == "finished"
    versions = [each["resource"]["status"] for each in region.get(f"/Encounter/{came['id']}/_history").json()["entry"]]
    assert versions == ["finished", "in-progress", "in-progress"]
