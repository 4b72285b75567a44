"""Which plans GetCarePlans answers with, and to whom: what is withheld leaves no sign."""

from datetime import date, timedelta

import pytest

from adapter.exchange.blocks import Blocks
from adapter.fhir import canonical
from adapter.plans.riv.contract import PERSONNUMMER, PersonId, Request
from adapter.security.principals import LOCAL_OPERATOR, Right
from adapter.store import tables
from adapter.support.errors import AdapterError, ForbiddenError, NotFoundError

from .conftest import COERCIVE, HOME, OPEN_CARE, PERSON, REGION_HSA, SOURCE, WARD, caller, resource

TITLE = "SIP inför hemgång"


def retitled(title, **members):
    def change(bundle):
        resource(bundle, "CarePlan").update({"title": title, **members})

    return change


def of_another_plan(title):
    return retitled(title, identifier=[{"system": canonical.URI, "value": "urn:uuid:another"}])


def test_a_plan_is_shown_to_its_sender_and_to_those_whom_it_reached(plans):
    plans.put()
    assert plans.titles("kommun") == plans.titles("region") == [TITLE]
    assert plans.titles("annan") == []


def test_a_plan_on_its_way_is_not_disclosed_yet(plans):
    plans.put(arrived=False)
    assert plans.titles("kommun") == []
    assert plans.titles("region") == [TITLE]


def test_a_system_that_carries_a_party_sees_what_the_party_sees(plans):
    plans.put()
    assert plans.titles("platform", carries=frozenset({"kommun"})) == [TITLE]
    assert plans.titles("platform", carries=frozenset({"annan"})) == []


def test_operations_pull_no_plans_by_seeing_all(plans):
    plans.put()
    asker = caller("operations", frozenset(), Right.CONTENT, Right.ALL_PARTIES)
    answer = plans.service.answer(Request(PersonId(PERSON, PERSONNUMMER)), asker, "log")
    assert (answer.code, answer.plans) == ("OK", ())


def test_content_is_a_right(plans):
    with pytest.raises(ForbiddenError):
        plans.service.answer(Request(PersonId(PERSON, PERSONNUMMER)), caller("region", frozenset(), Right.LIST), "log")


def test_the_header_says_whose_plan_it_is_and_where_spärr_applies(plans):
    plans.put()
    (plan,) = plans.ask().plans
    assert (plan.source_system, plan.kind, plan.approved_for_patient) == (SOURCE, "SIP", False)
    who = plan.professional
    assert (who.care_unit, who.care_giver, who.unit, who.unit_name) == (
        OPEN_CARE,
        REGION_HSA,
        OPEN_CARE,
        "Solgårdens hälsocentral",
    )
    assert who.author_time == plans.stored.clock.now() - timedelta(minutes=1, seconds=1)
    assert plan.care_contact == "59c6eec8-af4c-417a-a887-3fe02852611d"
    assert set(plan.participants) == {OPEN_CARE, HOME, WARD}


def test_the_newest_version_is_shown_under_one_lasting_id(plans):
    plans.put()
    before = plans.ask().plans[0].document_id
    plans.put(retitled("SIP, ändrad"))
    plans.put(of_another_plan("En annan plan"))
    answer = plans.ask()
    assert [plan.title for plan in answer.plans] == ["En annan plan", "SIP, ändrad"]
    assert before == answer.plans[1].document_id != answer.plans[0].document_id


def test_a_contribution_stands_beside_the_plan_that_it_is_to(plans):
    plans.put()
    plans.put(retitled("Kommunens del"), party="kommun", unit=HOME, to=("region",))
    assert plans.titles("region") == ["Kommunens del", TITLE]
    assert len({plan.document_id for plan in plans.ask("region").plans}) == 2


def test_a_correction_replaces_and_its_original_is_withheld_until_it_has_come(plans):
    first = plans.put()
    plans.put(retitled("Rättad"), revises=first, arrived=False)
    assert plans.titles("kommun") == []
    assert plans.titles("region") == ["Rättad"]


def test_a_retracted_plan_is_gone(plans):
    first = plans.put()
    plans.put(event="retraction", revises=first)
    assert plans.titles("kommun") == plans.titles("region") == []


def test_a_draft_is_not_approved_and_leaves_the_approved_version(plans):
    plans.put(retitled("Utkast", status="draft"))
    assert plans.titles("region") == []
    plans.put()
    plans.put(retitled("Utkast till ändring", status="draft"))
    assert plans.titles("region") == [TITLE]


def test_a_nullified_plan_is_absent_with_its_earlier_versions(plans):
    plans.put()
    plans.put(retitled("Fel", status="entered-in-error"))
    assert plans.titles("region") == []


@pytest.mark.parametrize("word", ["refused", "withdrawn"])
@pytest.mark.parametrize("name", ["plan_consent", "sharing_consent"])
def test_a_plan_without_consent_is_shared_no_more(plans, name, word):
    plans.put()
    plans.put(event="general-message", statements={name: word})
    assert plans.titles("kommun") == []


def test_a_plan_of_compulsory_care_does_not_rest_on_consent(plans):
    plans.put(bundle=COERCIVE)
    plans.put(event="general-message", statements={"plan_consent": "withdrawn"})
    assert [plan.kind for plan in plans.ask().plans] == ["SPLPTLRV"]


def test_nothing_is_told_of_a_person_with_skyddad_folkbokföring_not_even_that_there_is_something(plans):
    unknown = plans.ask()
    plans.put()
    plans.stored.change(tables.patient, plans.patient_id, protected=True)
    assert plans.ask("kommun") == plans.ask("region") == unknown
    assert plans.audited()[-1] == ("region", "care-plans/none", plans.patient_id)


def test_sekretessmarkering_stands_first_in_the_document(plans):
    plans.put()
    plans.stored.change(tables.patient, plans.patient_id, confidential=True)
    plans.options = type(plans.options)(SOURCE, "text")
    (attached,) = plans.ask().plans[0].attachments
    assert attached.value.decode().splitlines()[2].startswith("Sekretessmarkering")


@pytest.fixture
def blocks(plans):
    return Blocks(plans.stored.database, plans.directory, plans.pseudonyms, plans.stored.clock)


PERSON_ID = (canonical.PERSONNUMMER, PERSON)


@pytest.mark.parametrize("unit", [None, OPEN_CARE])
def test_a_spärr_hides_what_the_party_or_its_unit_has_documented_from_others(plans, blocks, unit):
    plans.put()
    number = blocks.set(LOCAL_OPERATOR, PERSON_ID, "region", unit, "begäran av patienten")
    assert plans.titles("kommun") == []
    assert plans.titles("platform", carries=frozenset({"region", "kommun"})) == []
    assert plans.titles("region") == [TITLE]
    blocks.lift(LOCAL_OPERATOR, number, "hävd av patienten")
    assert plans.titles("kommun") == [TITLE]


def test_a_spärr_of_another_unit_or_another_persons_hides_nothing(plans, blocks):
    plans.put()
    blocks.set(LOCAL_OPERATOR, PERSON_ID, "region", WARD, "begäran")
    blocks.set(LOCAL_OPERATOR, (canonical.PERSONNUMMER, "189001059808"), "region", None, "begäran")
    assert plans.titles("kommun") == [TITLE]


def test_a_spärr_hides_a_plan_to_which_the_blocked_unit_has_contributed(plans, blocks):
    def contributed(bundle):
        units = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Organization"]
        (ward,) = [entry for entry in units if entry["resource"]["identifier"][0]["value"] == WARD]
        resource(bundle, "CarePlan")["contributor"] = [{"reference": ward["fullUrl"]}]

    plans.put(contributed)
    blocks.set(LOCAL_OPERATOR, PERSON_ID, "region", WARD, "begäran")
    assert plans.titles("kommun") == []


def test_setting_and_lifting_a_spärr_is_audited_and_refused_where_it_cannot_be(plans, blocks):
    number = blocks.set(LOCAL_OPERATOR, PERSON_ID, "region", None, "begäran")
    (listed,) = blocks.list(LOCAL_OPERATOR)
    assert (listed.id, listed.party, listed.lifted_at) == (number, "region", None)
    for wrong, error in (
        (lambda: blocks.set(LOCAL_OPERATOR, PERSON_ID, "nowhere", None, "begäran"), NotFoundError),
        (lambda: blocks.set(LOCAL_OPERATOR, PERSON_ID, "region", HOME, "begäran"), AdapterError),
        (lambda: blocks.set(LOCAL_OPERATOR, PERSON_ID, "region", None, " "), ForbiddenError),
        (lambda: blocks.set(caller("region"), PERSON_ID, "region", None, "begäran"), ForbiddenError),
        (lambda: blocks.lift(LOCAL_OPERATOR, number + 1, "hävd"), NotFoundError),
    ):
        with pytest.raises(error):
            wrong()
    blocks.lift(LOCAL_OPERATOR, number, "hävd")
    with pytest.raises(NotFoundError):
        blocks.lift(LOCAL_OPERATOR, number, "hävd")
    actions = [(row["action"], row["patient_id"], row["reason"]) for row in plans.stored.rows(tables.audit)]
    assert actions == [("block-set", plans.patient_id, "begäran"), ("block-lift", plans.patient_id, "hävd")]
    plans.stored.change(tables.patient, plans.patient_id, protected=True)
    assert [(each.party, each.unit) for each in blocks.list(LOCAL_OPERATOR)] == [(None, None)]


def test_each_plan_shown_and_each_search_in_vain_is_in_the_audit(plans):
    plans.ask()
    plans.put()
    plans.ask()
    plans.service.answer(Request(PersonId("189001059808", PERSONNUMMER)), caller("kommun"), "log")
    (message,) = [row["id"] for row in plans.stored.rows(tables.message)]
    assert plans.audited() == [
        ("kommun", "care-plans/none", plans.patient_id),
        ("kommun", f"message/{message}", plans.patient_id),
        ("kommun", "care-plans/none", None),
    ]


def test_filters_narrow(plans):
    plans.put()
    day = date(2026, 3, 13)
    for narrower in (
        {"care_units": frozenset({OPEN_CARE})},
        {"source_system": SOURCE},
        {"period": (day, day)},
        {"care_contacts": frozenset({"59c6eec8-af4c-417a-a887-3fe02852611d"}), "source_system": SOURCE},
    ):
        assert plans.titles(**narrower) == [TITLE], narrower
    for narrower in (
        {"care_units": frozenset({HOME})},
        {"source_system": "SE2321000222-ANOTHER"},
        {"period": (day + timedelta(days=1), day + timedelta(days=9))},
        {"period": (day - timedelta(days=9), day - timedelta(days=1))},
        {"care_contacts": frozenset({"another"}), "source_system": SOURCE},
    ):
        assert plans.titles(**narrower) == [], narrower


@pytest.mark.parametrize(
    ("created", "first"),
    [
        ("2026-03-12T23:30:00Z", date(2026, 3, 13)),  # half past midnight in Sweden
        ("2026-03-12", date(2026, 3, 12)),
        (None, date(2026, 3, 2)),  # when it was sent
    ],
)
def test_the_period_is_of_swedish_days_on_which_plans_were_drawn_up(plans, created, first):
    def dated(bundle):
        plan = resource(bundle, "CarePlan")
        plan.pop("created")
        plan.update({"created": created} if created else {})

    plans.put(dated)
    assert plans.titles(period=(first, first)) == [TITLE]
    assert plans.titles(period=(first + timedelta(days=1), date(2027, 1, 1))) == []


@pytest.mark.parametrize(
    ("patient", "narrower", "words"),
    [
        (PersonId("19410810-9168", PERSONNUMMER), {}, "tolv siffror"),
        (PersonId(PERSON, "personnummer"), {}, "OID"),
        (PersonId("", "1.2.3"), {}, "ange id"),
        (PersonId("R1", "1.2.752.97.3.1.3"), {}, "reservnummer"),
        (PersonId(PERSON, PERSONNUMMER), {"care_contacts": frozenset({"x"})}, "careContactId"),
        (PersonId(PERSON, PERSONNUMMER), {"period": (date(2026, 2, 1), date(2026, 1, 1))}, "datePeriod"),
    ],
)
def test_a_request_that_breaks_a_rule_of_the_contract_is_an_error(plans, patient, narrower, words):
    plans.put()
    answer = plans.service.answer(Request(patient, **narrower), caller("kommun"), "log")
    assert (answer.code, answer.plans) == ("ERROR", ())
    assert words in answer.message
    assert plans.audited() == []


def test_a_reserve_number_is_found_under_its_own_oid(plans):
    with plans.stored.database.write() as connection:
        pair = [(canonical.PERSONNUMMER, PERSON), ("urn:oid:1.2.752.97.3.1.3", "R1")]
        plans.pseudonyms.surrogate(connection, pair, plans.stored.now)
    plans.put()
    request = Request(PersonId("R1", "1.2.752.97.3.1.3"), source_system=SOURCE)
    (plan,) = plans.service.answer(request, caller("kommun"), "log").plans
    assert plan.patient == request.patient


def test_what_fits_no_attachment_is_said_and_never_cut(plans):
    def huge(bundle):
        resource(bundle, "CarePlan")["note"] = [{"text": "".join(chr(0x4E00 + n % 20000) for n in range(60_000))}]

    plans.put(huge)
    answer = plans.ask()
    assert answer.code == "INFO"
    assert "för stor" in answer.message
    assert answer.plans[0].attachments == ()
