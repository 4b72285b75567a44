"""What is kept of stays and plans, and to whom it is news."""

import pytest

from adapter.delivery.recording import Finished
from adapter.exchange import disclosures, resource_ledger
from adapter.exchange.resource_ledger import Stated
from adapter.exchange.task_ledger import Occasion, Side
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import EVENT, STAY
from adapter.store import tables
from adapter.store.batch import Batch


def message(event, *resources):
    header = {"resourceType": "MessageHeader", "id": "h", "eventCoding": {"system": EVENT, "code": event}}
    entries = [{"fullUrl": f"urn:uuid:{each.get('id', n)}", "resource": each} for n, each in enumerate(resources)]
    return MessageBundle({"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:h", "resource": header}, *entries]})


STAYS = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "in-progress",
    "identifier": [{"system": STAY, "value": "1"}],
}
PLAN = {
    "resourceType": "CarePlan", "id": "p", "status": "active", "goal": [{"reference": "urn:uuid:g"}],
    "category": [{"text": "plan"}, {"coding": [{"system": "s", "code": "SIP"}]}],
}  # fmt: skip
GOAL = {"resourceType": "Goal", "id": "g", "description": {"text": "home"}}


def test_a_stay_and_a_plan_are_read_and_a_plan_goes_with_its_goals():
    stay, plan = sorted(resource_ledger.read(message("sip", STAYS, PLAN, GOAL)), key=lambda each: each.type)[::-1]
    assert (stay.type, stay.key, stay.status) == ("Encounter", f"{STAY}|1", "in-progress")
    assert (plan.type, plan.key, plan.status) == ("CarePlan", "s#SIP", "active")
    [changed] = [
        each
        for each in resource_ledger.read(message("sip", PLAN, GOAL | {"description": {"text": "stairs"}}))
        if each.type == "CarePlan"
    ]
    assert changed.digest != plan.digest
    [same] = resource_ledger.read(message("sip", PLAN | {"id": "q", "text": {"div": "x"}}, GOAL | {"id": "g"}))
    assert same.digest == plan.digest


@pytest.mark.parametrize("event", ["acceptance-answer", "read-receipt", "unheard-of"])
def test_an_answer_says_nothing_of_a_stay(event):
    assert resource_ledger.read(message(event, STAYS)) == ()


@pytest.mark.parametrize("identifier", [None, "x", [], [{"system": "s"}], [{"value": "v" * 600}], [None]])
def test_what_cannot_be_told_apart_is_not_kept(identifier):
    assert resource_ledger.read(message("sip", STAYS | {"identifier": identifier})) == ()
    assert resource_ledger.read(message("sip", {"resourceType": "CarePlan", "category": identifier})) == ()


@pytest.fixture
def tell(stored):
    """Records what a message of a party says of the stay; returns the message's number."""
    person = stored.patient()

    def record(digest, at, party="region", patient=None, case="case-1"):
        number = stored.message(patient_id=patient or person, sender_party=party)
        side = Side("unit", party)
        occasion = Occasion(number, "admission-notice", side, at, stored.now, case, patient or person)
        with stored.database.write() as connection:
            batch = Batch(connection)
            resource_ledger.record(batch, Stated("Encounter", "stay|1", "in-progress", digest), occasion)
            batch.run()
            disclosures.accepted(connection, number, party, {party}, stored.now)
        return number

    record.person = person
    return record


def arrive(stored, number, party="kommun-a", event="admission-notice", status="done"):
    delivery = stored.delivery(number, receiver_party=party, event=event)
    with stored.database.write() as connection:
        finished = Finished(delivery, number, 1, status, "ok", "", stored.now)
        disclosures.arrived(connection, [finished], lambda each: {each, "operator"})


def arrive_together(stored, *arriving, party="kommun-a"):
    ended = [
        Finished(stored.delivery(number, receiver_party=party), number, person, "done", "ok", "", stored.now)
        for number, person in arriving
    ]
    with stored.database.write() as connection:
        disclosures.arrived(connection, ended, lambda each: {each, "operator"})


def log(stored, party):
    return [row["version"] for row in stored.rows(tables.disclosed) if row["party"] == party]


def test_what_arrives_together_is_logged_as_if_one_came_after_the_other(stored, tell):
    other = stored.patient()
    first, again, third = tell("a", 10), tell("a", 20), tell("b", 30)
    elsewhere = tell("a", 40, patient=other, case="case-2")
    arrive_together(stored, (third, tell.person), (elsewhere, other), (again, tell.person), (first, tell.person))
    logged = [
        (row["version"], row["message_id"]) for row in stored.rows(tables.disclosed) if row["party"] == "kommun-a"
    ]
    assert logged == [(1, first), (3, third), (1, elsewhere)]


def test_what_arrives_together_of_several_persons_is_one_statement(stored, tell, monkeypatch):
    persons = [stored.patient() for _ in range(3)]
    arriving = [(tell("a", 10, patient=each, case=f"case-{each}"), each) for each in persons]
    log_arrived, parts = disclosures._log_arrived, []
    monkeypatch.setattr(disclosures, "_log_arrived", lambda *given: parts.append(given[1]) or log_arrived(*given))
    arrive_together(stored, *arriving)
    assert [len(each) for each in parts] == [3]
    assert log(stored, "kommun-a") == [1, 1, 1]


def test_only_what_is_news_to_a_party_comes_to_it(stored, tell):
    first, second, third = tell("a", 10), tell("a", 20), tell("b", 30)
    assert log(stored, "region") == [1, 3]
    arrive(stored, second)
    assert log(stored, "kommun-a") == [2]  # the first was not for it
    arrive(stored, second)
    arrive(stored, third)
    assert log(stored, "kommun-a") == [2, 3]
    arrive(stored, first)
    assert log(stored, "kommun-a") == [2, 3, 1]  # older than what it knew: it did not know it then
    assert log(stored, "kommun-b") == []


def test_of_a_protected_person_each_version_is_logged_for_each_is_released_by_itself(stored, tell):
    first, second = tell("a", 10), tell("a", 20)
    stored.change(tables.patient, tell.person, protected=True)
    arrive(stored, first)
    arrive(stored, second)
    assert log(stored, "kommun-a") == [1, 2]


def test_what_did_not_arrive_or_is_a_report_tells_nothing(stored, tell):
    number = tell("a", 10)
    arrive(stored, number, status="dead")
    arrive(stored, number, event="delivery-report")
    assert log(stored, "kommun-a") == []


def test_a_stay_is_told_of_by_its_holder_and_of_one_person(stored, tell):
    tell("a", 10)
    tell("b", 20, party="kommun-a")
    tell("c", 30, patient=stored.patient())
    [row] = stored.rows(tables.resource)
    assert (row["party"], row["version"]) == ("region", 1)
    tell("d", 40, case="case-2")
    assert len(stored.rows(tables.resource)) == 2
