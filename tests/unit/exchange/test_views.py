import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapter.delivery import breaker
from adapter.discharge.events import EVENTS
from adapter.exchange import redirect
from adapter.exchange.operations import Operations
from adapter.exchange.records import Kin
from adapter.exchange.views import Views
from adapter.security.principals import Principal, Right
from adapter.store import alarms, tables
from adapter.support.clock import to_micros
from adapter.support.errors import AdapterError, ForbiddenError, NotFoundError


@pytest.fixture
def views(database, clock, stored):
    return Views(database, stored.contents, clock)


def holding(party, *rights):
    return Principal(f"token of {party}", party, frozenset(), frozenset(rights))


NOBODY = holding("kommun-z", Right.LIST, Right.CONTENT)


@pytest.fixture
def protected_message(stored):
    """A message about a protected person, held, whose every field could tell where the person is."""
    patient = stored.patient(protected=True)
    message = stored.message(
        patient_id=patient, source="lifecare", principal="token of kommun-a", sender_party="kommun-a"
    )
    delivery = stored.delivery(
        message, patient_id=patient, status="held", held_reason="protected", receiver_party="region-b"
    )
    return message, delivery


class TestMessages:
    def test_newest_first_in_pages_that_meet_without_gap_or_overlap(self, views, stored, operations_principal):
        ids = [stored.message() for _ in range(5)]
        first = views.messages(operations_principal, limit=2)
        second = views.messages(operations_principal, limit=2, before=first.next_before)
        third = views.messages(operations_principal, limit=2, before=second.next_before)
        assert [row.id for page in (first, second, third) for row in page.rows] == ids[::-1]
        assert third.next_before is None

    def test_a_full_last_page_has_no_cursor(self, views, stored, operations_principal):
        stored.message()
        assert views.messages(operations_principal, limit=1).next_before is None

    @pytest.mark.parametrize(("limit", "got"), [(-5, 1), (0, 1), (10_000, 200)])
    def test_the_page_size_is_bounded(self, views, stored, operations_principal, limit, got):
        for _ in range(201):
            stored.message()
        assert len(views.messages(operations_principal, limit=limit).rows) == got

    def test_filters(self, views, stored, operations_principal):
        wanted = stored.message(status="rejected", event="sip", case_id="case-9")
        stored.message(status="rejected", event="sip", case_id="case-8")
        stored.message(status="rejected", case_id="case-9")
        stored.message(event="sip", case_id="case-9")
        page = views.messages(operations_principal, status="rejected", event="sip", case="case-9")
        assert [row.id for row in page.rows] == [wanted]

    def test_deliveries_are_counted_by_status(self, views, stored, operations_principal):
        message = stored.message()
        for status in ("done", "done", "dead"):
            stored.delivery(message, status=status)
        [row] = views.messages(operations_principal).rows
        assert row.deliveries == {"done": 2, "dead": 1}
        assert row.receivers == ("SE2120000001-HOME",)

    def test_a_party_sees_what_it_sent_and_what_is_addressed_to_it(self, views, stored, region, municipality):
        sent = stored.message(sender_party="region")
        stored.delivery(sent, receiver_party="kommun-a")
        stored.delivery(sent, receiver_party="kommun-a")
        other = stored.message(sender_party="region-b")
        stored.delivery(other, receiver_party="kommun-b")
        assert [row.id for row in views.messages(region).rows] == [sent]
        assert [row.id for row in views.messages(municipality).rows] == [sent]
        assert views.messages(NOBODY).rows == ()

    def test_the_one_who_runs_a_shared_system_sees_what_passes_through_it(self, views, stored):
        tool = replace(holding("tool", Right.LIST, Right.CONTENT), carries=frozenset({"kommun-a", "kommun-b"}))
        there = stored.message(bundle_id="b")
        delivery = stored.delivery(there, receiver_party="kommun-a", status="done", attempts=1)
        stored.content(there, "mapped", b"{}", "application/fhir+json", delivery_id=delivery)
        back = stored.message(sender_party="kommun-b")
        stored.delivery(stored.message(), receiver_party="kommun-c")
        assert [row.id for row in views.messages(tool).rows] == [back, there]
        assert views.message(tool, there).contents
        assert views.disclosed_bundle(tool, "b") == {}

    def test_a_party_pages_over_both_ways_in_which_a_message_is_its_own(self, views, stored, municipality):
        ids = []
        for number in range(6):
            if number % 2:
                ids.append(stored.message(sender_party="kommun-a"))
            else:
                ids.append(stored.message())
                stored.delivery(ids[-1])
        first = views.messages(municipality, limit=4)
        second = views.messages(municipality, limit=4, before=first.next_before)
        assert [row.id for row in first.rows + second.rows] == ids[::-1]

    def test_a_receiver_sees_nothing_of_the_other_receivers(self, views, stored, municipality):
        message = stored.message()
        stored.delivery(message, receiver_party="kommun-a", receiver_unit="SE-A", status="done")
        stored.delivery(message, receiver_party="kommun-b", receiver_unit="SE-B", status="dead")
        [row] = views.messages(municipality).rows
        assert (row.receivers, row.deliveries) == (("SE-A",), {"done": 1})
        assert [found.row.receiver_unit for found in views.message(municipality, message).deliveries] == ["SE-A"]

    def test_a_message_held_for_protection_is_not_there_for_the_receiver_until_released(self, views, stored):
        receiver = holding("region-b", Right.LIST)
        message = stored.message(patient_id=stored.patient(protected=True))
        delivery = stored.delivery(message, receiver_party="region-b", status="held", held_reason="protected")
        assert views.messages(receiver).rows == ()
        with pytest.raises(NotFoundError):
            views.message(receiver, message)
        stored.change(tables.delivery, delivery, status="waiting", released_at=stored.now)
        assert [row.id for row in views.messages(receiver).rows] == [message]

    def test_coded_answers_stand_in_the_list(self, views, stored, operations_principal):
        asked = stored.message()
        answer = stored.message(event="acceptance-answer", sender_party="kommun-a", answers_id=asked)
        tasks = [{"identifier": "t1", "status": "rejected"}, {"identifier": "t2", "status": "rejected"}]
        stored.fact(answer, stored.patient(), detail={"tasks": tasks})
        [_, row] = views.messages(operations_principal).rows
        assert [(found.message_id, found.event, found.statuses) for found in row.answers] == [
            (answer, "acceptance-answer", ("rejected",))
        ]

    def test_needs_the_right_to_list(self, views):
        with pytest.raises(ForbiddenError):
            views.messages(holding("region", Right.CONTENT))


class TestProtected:
    TELLING = ("kommun-a", "region-b", "SE2321000016-WARD", "SE2120000001-HOME", "lifecare")

    def everything_shown(self, views, principal, message, delivery):
        yield views.messages(principal)
        yield views.message(principal, message)
        yield views.deliveries(principal)
        yield views.delivery(principal, delivery)
        yield views.status(principal)
        yield views.overview(principal)
        yield views.audit(principal)

    def test_nothing_that_tells_where(self, views, protected_message, stored, operations_principal):
        message, delivery = protected_message
        issues = [{"severity": "warning", "code": "not-found", "message": "unit SE2120000001-HOME", "rule": "r"}]
        stored.change(tables.message, message, issues=issues)
        stored.change(tables.delivery, delivery, reason="kommun-a did not answer")
        stored.attempt(delivery, reason="connection to lifecare refused")
        content = stored.content(message, "received", b"<x/>", "application/xml")
        views.content(operations_principal, content, "release")
        with stored.database.write() as connection:
            row = dict(connection.execute(tables.audit.select()).mappings().one())
            connection.execute(
                tables.audit.insert().values(row | {"id": 99, "party": "kommun-a", "principal": "token of kommun-a"})
            )
        for shown in self.everything_shown(views, operations_principal, message, delivery):
            assert not [word for word in self.TELLING if word in repr(shown)], shown

    def test_rows_say_that_they_are_protected(self, views, protected_message, operations_principal):
        [row] = views.messages(operations_principal).rows
        assert (row.protected, row.sender_party, row.sender_unit, row.receivers) == (True, None, None, ())
        [delivery] = views.deliveries(operations_principal).rows
        assert (delivery.protected, delivery.endpoint, delivery.status) == (True, None, "held")

    def test_a_label_that_comes_later_covers_earlier_messages(self, views, stored, operations_principal):
        patient = stored.patient()
        message = stored.message(patient_id=patient)
        stored.delivery(message, status="done")
        assert views.messages(operations_principal).rows[0].sender_unit == "SE2321000016-WARD"
        stored.change(tables.patient, patient, protected=True)
        [row] = views.messages(operations_principal).rows
        assert (row.protected, row.sender_unit, row.receivers) == (True, None, ())

    def test_asking_by_endpoint_does_not_find_them(self, views, protected_message, operations_principal):
        assert views.deliveries(operations_principal, endpoint="lifecare").rows == ()

    def test_they_are_counted_under_no_endpoint(self, views, protected_message, stored, operations_principal):
        stored.delivery(stored.message(), status="waiting")
        named, unnamed = views.overview(operations_principal)
        assert (named.endpoint, named.waiting, named.held) == ("lifecare", 1, 0)
        assert (unnamed.endpoint, unnamed.waiting, unnamed.held) == (None, 0, 1)

    def test_confidentiality_is_a_warning_and_hides_nothing(self, views, stored, operations_principal):
        stored.message(patient_id=stored.patient(confidential=True))
        [row] = views.messages(operations_principal).rows
        assert (row.confidential, row.protected, row.sender_unit) == (True, False, "SE2321000016-WARD")


class TestMessage:
    def test_timeline_of_a_delivery_that_came_through_late(self, views, stored, clock, operations_principal):
        start = stored.now
        message = stored.message(sent_at=start - 5_000_000, assessed_at=start - 9_000_000)
        delivery = stored.delivery(message, status="done", attempts=2)
        stored.attempt(delivery, 1, outcome="retry", http_status=503)
        clock.advance(timedelta(seconds=30))
        stored.attempt(delivery, 2, outcome="done", http_status=200)
        stored.change(tables.delivery, delivery, delivered_at=stored.now)
        clock.advance(timedelta(minutes=1))
        answer = stored.message(event="read-receipt", sender_party="kommun-a", answers_id=message)
        stored.fact(answer, stored.patient(), event="read-receipt")
        timeline = views.message(operations_principal, message).timeline
        assert [step.kind for step in timeline] == [
            "assessed",
            "sent",
            "received",
            "accepted",
            "attempt",
            "attempt",
            "delivered",
            "answered",
        ]
        assert [step.outcome for step in timeline if step.kind == "attempt"] == ["retry", "done"]
        assert (timeline[-1].message_id, timeline[-1].event) == (answer, "read-receipt")
        assert [step.at for step in timeline] == sorted(step.at for step in timeline)

    def test_held_released_and_dead_are_steps(self, views, stored, clock, operations_principal):
        message = stored.message()
        delivery = stored.delivery(message, status="dead", held_reason="manual")
        clock.advance(timedelta(minutes=1))
        stored.change(tables.delivery, delivery, released_at=stored.now)
        clock.advance(timedelta(minutes=1))
        stored.attempt(delivery, outcome="dead")
        kinds = [step.kind for step in views.message(operations_principal, message).timeline]
        assert kinds == ["received", "accepted", "held", "released", "attempt", "dead"]

    def test_a_rejected_message_tells_its_issues(self, views, stored, operations_principal):
        issue = {"severity": "error", "code": "invalid", "message": "wrong", "expression": ["Task"], "rule": "x"}
        message = stored.message(status="rejected", http_status=422, accepted_at=None, issues=[issue])
        found = views.message(operations_principal, message)
        assert found.issues == (issue,)
        assert [step.kind for step in found.timeline] == ["received", "rejected"]

    def test_the_receivers_words_need_the_right_to_content(self, views, stored, region):
        message = stored.message()
        delivery = stored.delivery(message, status="dead", reason="unit is closed", attempts=1)
        stored.attempt(delivery, outcome="dead", http_status=422, reason="unit is closed")
        found = views.delivery(region, delivery)
        assert (found.words, found.attempts[0].words, found.words_withheld) == (
            "unit is closed",
            "unit is closed",
            False,
        )
        found = views.delivery(holding("region", Right.LIST), delivery)
        assert (found.words, found.attempts[0].words, found.words_withheld) == (None, None, True)

    def test_the_adapters_own_words_do_not(self, views, stored):
        delivery = stored.delivery(stored.message(), reason="connection refused", attempts=1)
        stored.attempt(delivery, reason="connection refused")
        found = views.delivery(holding("region", Right.LIST), delivery)
        assert (found.words, found.attempts[0].words, found.words_withheld) == (
            "connection refused",
            "connection refused",
            False,
        )

    def test_not_there_and_not_yours_are_the_same(self, views, stored):
        message = stored.message()
        delivery = stored.delivery(message)
        with pytest.raises(NotFoundError) as not_yours:
            views.message(NOBODY, message)
        with pytest.raises(NotFoundError) as not_there:
            views.message(NOBODY, message + 1)
        assert str(not_there.value) == str(not_yours.value).replace(str(message), str(message + 1))
        with pytest.raises(NotFoundError):
            views.delivery(NOBODY, delivery)

    def test_content_is_listed_without_its_bytes(self, views, stored, region, municipality):
        message = stored.message()
        mine = stored.delivery(message, status="done", attempts=1)
        other = stored.delivery(message, receiver_party="kommun-b", status="done", attempts=1)
        stored.content(message, "received", b"{}", "application/fhir+json")
        stored.content(message, "mapped", b"<ab/>", "application/xml", delivery_id=mine)
        stored.content(message, "mapped", b"<c/>", "application/xml", delivery_id=other)
        assert [(row.stage, row.size) for row in views.message(region, message).contents] == [
            ("received", 2),
            ("mapped", 5),
            ("mapped", 4),
        ]
        assert [(row.stage, row.delivery_id) for row in views.message(municipality, message).contents] == [
            ("mapped", mine)
        ]


class TestContent:
    def test_is_opened_with_a_reason_that_is_audited(self, views, stored, region):
        patient = stored.patient()
        message = stored.message(patient_id=patient)
        content = stored.content(message, "received", b"{}", "application/fhir+json")
        assert views.content(region, content, "  follow-up of case  ").body == b"{}"
        [entry] = stored.rows(tables.audit)
        assert (entry["action"], entry["object"], entry["reason"]) == (
            "content-view",
            f"content/{content}",
            "follow-up of case",
        )
        assert (entry["patient_id"], entry["principal"]) == (patient, "token of region")
        assert entry["detail"]["message"] == message

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
    def test_without_a_reason_nothing_is_opened(self, views, stored, region, reason):
        content = stored.content(stored.message(), "received", b"{}", "application/fhir+json")
        with pytest.raises(ForbiddenError):
            views.content(region, content, reason)
        assert stored.rows(tables.audit) == []

    def test_needs_the_right_to_content(self, views, stored):
        content = stored.content(stored.message(), "received", b"{}", "application/fhir+json")
        with pytest.raises(ForbiddenError):
            views.content(holding("region", Right.LIST), content, "why")

    @pytest.mark.parametrize(
        ("stage", "attempts", "found"), [("mapped", 1, True), ("mapped", 0, False), ("report", 1, False)]
    )
    def test_a_receiver_opens_what_was_sent_to_it_alone(self, views, stored, municipality, stage, attempts, found):
        message = stored.message()
        delivery = stored.delivery(message, attempts=attempts)
        content = stored.content(message, stage, b"<x/>", "application/xml", delivery_id=delivery)
        if found:
            assert views.content(municipality, content, "why").body == b"<x/>"
        else:
            with pytest.raises(NotFoundError):
                views.content(municipality, content, "why")
            assert stored.rows(tables.audit) == []

    def test_not_there_and_not_yours_are_the_same(self, views, stored):
        content = stored.content(stored.message(), "received", b"{}", "application/fhir+json")
        for content_id in (content, 12345):
            with pytest.raises(NotFoundError, match=f"there is no content {content_id}"):
                views.content(NOBODY, content_id, "why")


BUNDLE = {"resourceType": "Bundle", "id": "b", "type": "message"}


class TestDisclosedBundle:
    def given(self, stored, stage="received", media_type="application/fhir+json", **values):
        message = stored.message(bundle_id="b", **values)
        delivery = stored.delivery(message, status="done", attempts=1)
        body = json.dumps(BUNDLE | {"language": stage}).encode()
        stored.content(message, stage, body, media_type)
        mapped = json.dumps(BUNDLE | {"language": "mapped"}).encode()
        stored.content(message, "mapped", mapped, "application/fhir+json", delivery_id=delivery)
        return message, delivery

    def test_the_sender_reads_what_it_sent(self, views, stored, region):
        message, _ = self.given(stored)
        bundle = views.disclosed_bundle(region, "b")
        assert bundle is not None
        assert bundle["language"] == "received"
        [entry] = stored.rows(tables.audit)
        assert (entry["action"], entry["object"]) == ("bundle-view", f"message/{message}")

    def test_a_partner_that_sent_a_record_reads_it_as_fhir(self, views, stored, region):
        self.given(stored, "translated", source="lifecare")
        bundle = views.disclosed_bundle(region, "b")
        assert bundle is not None
        assert bundle["language"] == "translated"

    def test_the_receiver_reads_its_own_copy(self, views, stored, municipality):
        self.given(stored)
        bundle = views.disclosed_bundle(municipality, "b")
        assert bundle is not None
        assert bundle["language"] == "mapped"

    @pytest.mark.parametrize("status", ["waiting", "dead", "held", "cancelled"])
    def test_only_what_arrived(self, views, stored, municipality, status):
        _, delivery = self.given(stored)
        stored.change(tables.delivery, delivery, status=status)
        assert views.disclosed_bundle(municipality, "b") is None
        assert stored.rows(tables.audit) == []

    def test_a_record_in_another_format_is_no_bundle(self, views, stored, municipality):
        message = stored.message(bundle_id="r")
        delivery = stored.delivery(message, status="done", attempts=1)
        stored.content(message, "mapped", b"<x/>", "application/xml", delivery_id=delivery)
        assert views.disclosed_bundle(municipality, "r") is None

    def test_of_a_protected_person_only_what_was_released(self, views, stored, municipality, region):
        patient = stored.patient()
        _, delivery = self.given(stored, patient_id=patient)
        stored.change(tables.patient, patient, protected=True)
        assert views.disclosed_bundle(municipality, "b") is None
        assert views.disclosed_bundle(region, "b") is not None
        stored.change(tables.delivery, delivery, released_at=stored.now)
        assert views.disclosed_bundle(municipality, "b") is not None

    @pytest.mark.parametrize("unit", [None, "SE2321000016-WARD"])
    def test_what_a_spärr_covers_is_its_own_partys_alone(self, views, stored, municipality, region, unit):
        patient = stored.patient()
        self.given(stored, patient_id=patient)
        values = {"patient_id": patient, "party": "region", "unit": unit, "created_at": stored.now}
        block = stored.insert(tables.block, **values)
        assert views.disclosed_bundle(municipality, "b") is None
        assert views.disclosed_bundle(region, "b") is not None
        stored.change(tables.block, block, lifted_at=stored.now)
        assert views.disclosed_bundle(municipality, "b") is not None

    def test_nobody_else(self, views, stored):
        self.given(stored)
        assert views.disclosed_bundle(NOBODY, "b") is None
        assert views.disclosed_bundle(NOBODY, "no such") is None

    def test_a_rejected_message_was_not_disclosed(self, views, stored, region):
        self.given(stored, status="rejected")
        assert views.disclosed_bundle(region, "b") is None


class TestDeliveries:
    def test_filters_and_pages(self, views, stored, operations_principal):
        message = stored.message()
        ids = [stored.delivery(message, status="dead", endpoint="a", event="sip") for _ in range(3)]
        stored.delivery(message, status="done", endpoint="a", event="sip")
        stored.delivery(message, status="dead", endpoint="b", event="sip")
        stored.delivery(message, status="dead", endpoint="a")
        wanted = {"status": "dead", "endpoint": "a", "event": "sip"}
        first = views.deliveries(operations_principal, **wanted, limit=2)
        second = views.deliveries(operations_principal, **wanted, before=first.next_before)
        assert [row.id for row in first.rows + second.rows] == ids[::-1]
        assert second.next_before is None

    def test_a_party_sees_its_own(self, views, stored, region, municipality):
        delivery = stored.delivery(stored.message())
        stored.delivery(stored.message(sender_party="region-b"), receiver_party="kommun-b")
        assert [row.id for row in views.deliveries(region).rows] == [delivery]
        assert [row.id for row in views.deliveries(municipality).rows] == [delivery]


class TestStatus:
    def kinds(self, views, principal):
        return [found.kind for found in views.status(principal)]

    def test_nothing_needs_a_person_when_all_is_delivered(self, views, stored, operations_principal):
        stored.delivery(stored.message(), status="done")
        assert views.status(operations_principal) == []

    def test_a_dead_letter_since_its_last_attempt(self, views, stored, clock, operations_principal):
        delivery = stored.delivery(stored.message(), status="dead", reason="words of the receiver")
        clock.advance(timedelta(minutes=5))
        ended = clock.now()
        stored.attempt(delivery, outcome="dead", http_status=422)
        [found] = views.status(operations_principal)
        assert (found.kind, found.since, found.severity) == ("dead-letter", ended, "soon")
        assert found.next_command == f"adapter deliveries show {delivery}"
        assert "words of the receiver" not in repr(found)

    def test_a_notice_by_law_comes_first_and_names_its_ground(self, views, stored, operations_principal):
        stored.delivery(stored.message(), status="dead", event="sip", endpoint="cosmic")
        stored.delivery(stored.message(), status="dead", statutory=True)
        first, second = views.status(operations_principal)
        assert (first.event, first.severity, second.severity) == ("admission-notice", "urgent", "soon")
        assert "LAW 2:1" in first.what

    def test_a_late_notice_by_law_comes_before_all_else(self, views, stored, clock, operations_principal):
        with stored.database.write() as connection:
            state = {"endpoint": "cosmic", "state": "tripped", "since": stored.now}
            connection.execute(tables.endpoint_state.insert().values(state))
        later = to_micros(clock.now() + timedelta(hours=6))
        stored.delivery(stored.message(), event="sip", endpoint="cosmic", next_attempt_at=later)
        clock.advance(timedelta(minutes=1))
        stored.delivery(stored.message(), statutory=True, next_attempt_at=later)
        clock.advance(timedelta(hours=5))
        found = [(each.kind, each.severity, each.statutory) for each in views.status(operations_principal)]
        assert found == [("late", "urgent", True), ("endpoint-tripped", "urgent", False), ("late", "soon", False)]

    def test_an_endpoint_is_one_line_with_how_many_of_which_events(self, views, stored, operations_principal):
        for event, statutory in (("sip", False), ("sip", False), ("general-message", False)):
            stored.delivery(stored.message(), status="dead", event=event, statutory=statutory)
        stored.delivery(stored.message(), status="dead", statutory=True)
        stored.delivery(stored.message(), status="dead", event="sip", endpoint="cosmic")
        lifecare, cosmic = views.status(operations_principal)
        assert (lifecare.count, lifecare.event, lifecare.statutory) == (4, None, True)
        assert list(lifecare.events.items()) == [("admission-notice", 1), ("general-message", 1), ("sip", 2)]
        assert lifecare.what == (
            f"4 deliveries, 1 of admission-notice (a notice by law, {EVENTS['admission-notice'].ground}), "
            "1 of general-message and 2 of sip, not delivered to lifecare"
        )
        assert lifecare.next_command == "adapter deliveries list --status dead --endpoint lifecare"
        assert cosmic.what == "1 delivery of sip not delivered to cosmic"

    def test_many_dead_letters_are_one_line_with_a_command_that_lists_them(self, views, stored, operations_principal):
        for _ in range(3):
            stored.delivery(stored.message(), status="dead")
        [found] = views.status(operations_principal)
        assert found.count == 3
        assert (
            found.next_command == "adapter deliveries list --status dead --event admission-notice --endpoint lifecare"
        )

    def test_held_for_protection(self, views, protected_message, operations_principal):
        [found] = views.status(operations_principal)
        assert (found.kind, found.endpoint) == ("held-protected", None)
        assert found.next_command.startswith(f"adapter deliveries release {protected_message[1]} --reason")

    @pytest.mark.parametrize(
        ("state", "severity", "command"),
        [("open", "soon", "show"), ("tripped", "urgent", "show"), ("paused", "soon", "resume")],
    )
    def test_an_endpoint_that_is_not_closed(self, views, stored, operations_principal, state, severity, command):
        with stored.database.write() as connection:
            connection.execute(
                tables.endpoint_state.insert().values(endpoint="lifecare", state=state, since=stored.now)
            )
        [found] = views.status(operations_principal)
        assert (found.kind, found.severity) == (f"endpoint-{state}", severity)
        assert found.next_command == f"adapter endpoints {command} lifecare"

    def test_a_tripped_endpoint_is_told_of_with_what_the_last_probe_saw(self, views, stored, operations_principal):
        with stored.database.write() as connection:
            breaker.register(connection, "lifecare", stored.now)
            breaker.trip(connection, "lifecare", stored.now, cause="401", probe_seconds=1)
            breaker.failed(connection, "lifecare", stored.now, cause="503", open_after=10, probe_seconds=1)
        [found] = views.status(operations_principal)
        assert found.kind == "endpoint-tripped"
        assert "did not let us in" in found.what
        assert found.what.endswith("(seen last: 503)")
        assert "401" not in found.what

    def test_a_worker_that_is_silent_while_something_is_due(self, views, stored, clock, operations_principal):
        with stored.database.write() as connection:
            values = {"worker": "w", "started_at": stored.now, "polled_at": stored.now}
            connection.execute(tables.worker_heartbeat.insert().values(values))
        clock.advance(timedelta(minutes=5))
        assert self.kinds(views, operations_principal) == []
        stored.delivery(stored.message(), next_attempt_at=to_micros(clock.now()) - 90_000_000)
        assert self.kinds(views, operations_principal) == ["worker-silent"]
        with stored.database.write() as connection:
            connection.execute(tables.worker_heartbeat.update().values(polled_at=stored.now))
        assert self.kinds(views, operations_principal) == []

    def test_no_worker_at_all(self, views, stored, clock, operations_principal):
        stored.delivery(stored.message(), next_attempt_at=stored.now)
        clock.advance(timedelta(minutes=2))
        assert self.kinds(views, operations_principal) == ["worker-silent"]

    def test_what_waits_too_long(self, views, stored, clock, operations_principal):
        stored.delivery(stored.message())
        clock.advance(timedelta(hours=5))
        assert self.kinds(views, operations_principal) == ["late"]

    def test_standing_alarms_are_told_with_their_command(self, views, stored, operations_principal):
        with stored.database.write() as connection:
            values = {"reason": "a notice was refused", "command": "adapter messages show 7", "at": stored.now}
            alarms.raise_alarm(connection, kind="statutory-notice-refused", subject="message 7", **values)
        [found] = views.status(operations_principal)
        assert (found.what, found.next_command) == ("a notice was refused", "adapter messages show 7")

    def test_a_party_is_told_of_its_own_messages_and_of_no_installation(self, views, stored, region, municipality):
        stored.delivery(stored.message(), status="dead")
        with stored.database.write() as connection:
            connection.execute(
                tables.endpoint_state.insert().values(endpoint="lifecare", state="open", since=stored.now)
            )
        assert self.kinds(views, region) == ["dead-letter"]
        assert self.kinds(views, municipality) == []


class TestOverview:
    def test_counts_and_state(self, views, stored, clock, operations_principal):
        oldest = clock.now()
        for status in ("waiting", "running", "dead", "held", "done"):
            stored.delivery(stored.message(), status=status)
        with stored.database.write() as connection:
            values = {"endpoint": "lifecare", "state": "open", "since": stored.now, "last_success_at": stored.now}
            connection.execute(tables.endpoint_state.insert().values(values))
        quiet, busy = views.overview(operations_principal, ["cosmic"])
        assert (quiet.endpoint, quiet.state, quiet.waiting) == ("cosmic", "closed", 0)
        assert (busy.state, busy.waiting, busy.dead, busy.held) == ("open", 2, 1, 1)
        assert busy.oldest_waiting_at == oldest + timedelta(seconds=1)
        assert busy.last_success_at == clock.now()


class TestAudit:
    def test_a_party_sees_its_own_entries_and_operations_all(self, views, stored, region, operations_principal):
        content = stored.content(stored.message(), "received", b"{}", "application/fhir+json")
        views.content(region, content, "one")
        views.content(operations_principal, content, "two")
        assert [row.reason for row in views.audit(operations_principal).rows] == ["two", "one"]
        assert [row.reason for row in views.audit(region).rows] == ["one"]
        assert views.audit(operations_principal, limit=1).next_before is not None
        assert views.audit(operations_principal, action="delivery-retry").rows == ()


class TestWhatPeopleDid:
    """When a person held or cancelled is told by the audit: a delivery itself does not keep it."""

    @pytest.fixture
    def operations(self, database, clock):
        return Operations(database, clock, lambda: None, lambda *_: None)

    def test_at_the_instant_at_which_it_was_done(self, views, operations, stored, clock, operations_principal):
        patient = stored.patient()
        message = stored.message(patient_id=patient)
        one, two, other = (stored.delivery(message, patient_id=patient) for _ in range(3))
        clock.advance(timedelta(hours=2))
        operations.hold(operations_principal, one, "the ward calls them")
        clock.advance(timedelta(hours=1))
        operations.cancel(operations_principal, two, "told by telephone")
        found = views.message(operations_principal, message)
        told = {(step.kind, step.delivery_id): step.at for step in found.timeline if step.delivery_id}
        assert told == {("held", one): clock.now() - timedelta(hours=1), ("cancelled", two): clock.now()}
        assert views.delivery(operations_principal, other).row.status == "waiting"

    def test_nothing_is_released_that_was_never_held(self, views, stored, operations_principal):
        message = stored.message()
        stored.delivery(message, released_at=stored.now)
        assert "released" not in [step.kind for step in views.message(operations_principal, message).timeline]


class TestKin:
    def test_what_was_made_of_what(self, views, stored, operations_principal):
        message = stored.message()
        old, new = (stored.delivery(message) for _ in range(2))
        with stored.database.write() as connection:
            redirect.link(connection, new, old, redirect.REDIRECT, stored.now)
        assert views.delivery(operations_principal, old).became == (Kin(new, "redirect"),)
        assert views.delivery(operations_principal, new).made_of == Kin(old, "redirect")
        assert views.delivery(operations_principal, new).became == ()

    def test_a_receiver_is_not_told_of_a_delivery_to_another(self, views, stored):
        message = stored.message()
        old = stored.delivery(message, receiver_party="kommun-z")
        new = stored.delivery(message, receiver_party="kommun-a")
        with stored.database.write() as connection:
            redirect.link(connection, new, old, redirect.REDIRECT, stored.now)
        assert views.delivery(holding("kommun-a", Right.LIST), new).made_of is None


def test_an_action_that_there_is_not_is_no_empty_audit(views, operations_principal):
    with pytest.raises(AdapterError, match=r"action: expected one of .*delivery-cancel"):
        views.audit(operations_principal, action="delivery-cancelled")


@pytest.mark.parametrize("kind", ["messages", "deliveries"])
def test_a_state_that_there_is_not_is_no_empty_list(views, operations_principal, kind):
    with pytest.raises(AdapterError, match=r"status: expected one of (accepted|waiting), "):
        getattr(views, kind)(operations_principal, status="deda")
