"""Health, metrics, the page of operations, and what surrounds every answer."""

import json
import logging
import time
from datetime import timedelta

import pytest
from sqlalchemy import delete, event, insert

from adapter.exchange.submission import Reply
from adapter.store import migrate, tables
from adapter.store.database import Database
from adapter.support.clock import to_micros
from adapter.web import health
from adapter.web.observed import Attempts


@pytest.fixture
def stranger(site):
    return site.bare


def requests_logged(caplog, count):
    """The lines of requests; the last is written after its answer has arrived."""
    until = time.monotonic() + 30
    while len(lines := [each for each in caplog.records if each.getMessage() == "request"]) < count:
        assert time.monotonic() < until, lines
        time.sleep(0.01)
    return lines


class TestHealth:
    def test_alive_and_ready_are_open(self, stranger):
        assert stranger.get("/health/live").json() == {"status": "ok"}
        response = stranger.get("/health/ready")
        assert (response.status_code, response.json()["checks"]) == (200, {"database": "ok", "worker": "ok"})

    def test_a_receiver_that_is_down_leaves_it_ready(self, site, stranger):
        with site.adapter.database.write() as connection:
            connection.execute(insert(tables.endpoint_state).values(endpoint="e", state="open", since=1))
        assert stranger.get("/health/ready").status_code == 200
        with site.adapter.database.write() as connection:
            connection.execute(delete(tables.endpoint_state))

    def test_pending_migrations_make_it_unready(self, stranger, monkeypatch):
        monkeypatch.setattr(migrate, "pending", lambda _: ["0002"])
        response = stranger.get("/health/ready")
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert response.json()["checks"] == {"database": "failed", "worker": "ok"}
        assert stranger.get("/health/live").status_code == 200

    def test_a_database_that_is_away_makes_it_unready(self, site, stranger, monkeypatch, tmp_path):
        away = Database(f"sqlite:///{tmp_path / 'away.db'}")
        (tmp_path / "away.db").unlink()
        (tmp_path / "away.db").mkdir()
        monkeypatch.setattr(site.adapter, "database", away)
        assert stranger.get("/health/ready").status_code == 503
        assert stranger.get("/health/live").status_code == 200
        away.close()

    @pytest.mark.parametrize(("silent_for", "ready"), [(None, False), (5, True), (59, True), (61, False)])
    def test_a_worker_that_runs_here_must_have_polled_recently(self, site, monkeypatch, silent_for, ready):
        now = site.clock.now()
        with site.adapter.database.write() as connection:
            connection.execute(delete(tables.worker_heartbeat))
            if silent_for is not None:
                polled_at = to_micros(now - timedelta(seconds=silent_for))
                row = {"worker": "w", "started_at": 1, "polled_at": polled_at}
                connection.execute(insert(tables.worker_heartbeat).values(row))
        (route,) = [route for route in health.router(site.adapter, "w").routes if route.path == "/health/ready"]
        assert route.endpoint().status_code == (200 if ready else 503)


class TestMetrics:
    def read(self, site):
        response = site.client.get("/metrics")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/plain; version=")
        return response.text

    def test_need_a_token_with_the_right(self, site, stranger):
        assert stranger.get("/metrics").status_code == 401
        headers = {"Authorization": f"Bearer {site.issue('list')}"}
        assert stranger.get("/metrics", headers=headers).status_code == 403

    def test_count_messages_by_event_and_result_and_time_the_accepted(self, site):
        def value(line):
            return next((float(text.split()[-1]) for text in self.read(site).splitlines() if text.startswith(line)), 0)

        accepted = 'adapter_messages_received_total{event="admission-notice",result="accepted"}'
        unknown = 'adapter_messages_received_total{event="unknown",result="rejected"}'
        before = [value(line) for line in (accepted, unknown, "adapter_accept_seconds_count")]
        site.post()
        site.exchange.reply = Reply(422, {"resourceType": "OperationOutcome"}, None, "189001019802", "rejected")
        site.post()
        site.post(media_type="text/plain")
        after = [value(line) for line in (accepted, unknown, "adapter_accept_seconds_count")]
        assert [new - old for old, new in zip(before, after, strict=True)] == [1, 2, 1]
        assert "189001019802" not in self.read(site)

    def test_count_messages_about_test_people(self, site):
        def seen():
            name = "adapter_messages_about_test_people_total "
            return next(float(line.split()[-1]) for line in self.read(site).splitlines() if line.startswith(name))

        before = seen()
        for status, test_person in ((200, True), (422, True), (200, False)):
            site.exchange.reply = Reply(status, {"resourceType": "OperationOutcome"}, test_person=test_person)
            site.post()
        assert seen() - before == 2

    def test_show_what_was_rolled_up_and_this_machine(self, site):
        at = site.clock.now() - timedelta(seconds=5)
        numbers = [
            ("deliveries_waiting", "lifecare", 3),
            ("deliveries_waiting", "protected", 0),
            ("deliveries_held", "protected", 4),
            ("deliveries_oldest", "lifecare", (at - timedelta(seconds=85)).timestamp()),
            ("alarms_standing", "dead-letter", 2),
            ("alerts_waiting", "", 0),
            ("rolled_up", "", at.timestamp()),
        ]
        rows = [{"name": name, "label": label, "value": value, "at": 1} for name, label, value in numbers]
        with site.adapter.database.write() as connection:
            connection.execute(delete(tables.gauge))
            connection.execute(insert(tables.gauge), rows)
        site.adapter.watch.disks["store"] = 4096
        site.adapter.watch.offsets["database"] = timedelta(seconds=-2)
        text = self.read(site)
        for line in (
            'adapter_deliveries_waiting{endpoint="lifecare"} 3.0',
            'adapter_deliveries_held{endpoint="protected"} 4.0',
            'adapter_deliveries_oldest_waiting_seconds{endpoint="lifecare"} 90.0',
            'adapter_deliveries_oldest_waiting_seconds{endpoint="protected"} 0.0',
            'adapter_alarms_standing{kind="dead-letter"} 2.0',
            "adapter_alerts_oldest_waiting_seconds 0.0",
            'adapter_disk_free_bytes{use="store"} 4096.0',
            'adapter_clock_offset_seconds{clock="database"} -2.0',
        ):
            assert line in text

    def test_no_scrape_counts_rows(self, site):
        said = []
        listener = lambda *args: said.append(args[2])  # noqa: E731
        event.listen(site.adapter.database.engine, "before_cursor_execute", listener)
        self.read(site)
        event.remove(site.adapter.database.engine, "before_cursor_execute", listener)
        assert said
        assert not [statement for statement in said if "count(" in statement.lower()]


class TestAttempts:
    """Attempts are counted from the rows that workers write, in whatever order these appear."""

    @pytest.fixture
    def adapter(self, database):
        return type("Adapter", (), {"database": database})()

    def test_what_ended_is_counted_once_by_endpoint_and_outcome(self, stored, adapter):
        delivery = stored.delivery(stored.message(), endpoint="lifecare")
        stored.attempt(delivery, 1, outcome="retry")
        attempts = Attempts(adapter)
        stored.attempt(delivery, 2, outcome="retry")
        stored.attempt(delivery, 3, outcome="done")
        attempts.follow()
        attempts.follow()
        assert attempts.counts == {("lifecare", "retry"): 1, ("lifecare", "done"): 1}

    def test_an_attempt_under_way_is_counted_when_it_ends(self, stored, adapter):
        attempts = Attempts(adapter)
        delivery = stored.delivery(stored.message(), endpoint="lifecare")
        under_way = stored.attempt(delivery, 1, outcome=None, ended_at=None)
        attempts.follow()
        assert attempts.counts == {}
        attempts._seen += 5000  # many others came since
        stored.change(tables.attempt, under_way, outcome="done", ended_at=1)
        attempts.follow()
        attempts.follow()
        assert attempts.counts == {("lifecare", "done"): 1}

    def test_a_lower_number_that_appears_later_is_counted_too(self, stored, adapter):
        attempts = Attempts(adapter)
        delivery = stored.delivery(stored.message(), endpoint="lifecare")
        stored.attempt(delivery, 2, id=11, outcome="done")
        attempts.follow()
        stored.attempt(delivery, 1, id=10, outcome="retry")
        attempts.follow()
        assert attempts.counts == {("lifecare", "done"): 1, ("lifecare", "retry"): 1}

    def test_a_protected_person_is_counted_without_the_endpoint(self, stored, adapter):
        attempts = Attempts(adapter)
        patient = stored.patient(protected=True)
        delivery = stored.delivery(stored.message(patient_id=patient), endpoint="lifecare", patient_id=patient)
        stored.attempt(delivery, 1, outcome="done")
        attempts.follow()
        assert attempts.counts == {("protected", "done"): 1}


class TestDocs:
    def test_the_page_lists_every_operation_and_loads_nothing(self, stranger):
        page = stranger.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        for words in ("POST /fhir/$process-message", "GET /fhir/metadata", "POST /partners/lifecare/messages"):
            assert words in page.text
        assert "<script" not in page.text
        assert "http://" not in page.text
        assert "https://" not in page.text

    def test_the_description_is_open_api(self, stranger):
        described = stranger.get("/openapi.json").json()
        assert described["openapi"].startswith("3.")
        assert set(described["paths"]["/fhir/$process-message"]) == {"post"}


class TestEnvelope:
    def test_every_answer_is_marked_not_to_be_kept_or_guessed(self, site, stranger):
        for response in (stranger.get("/health/live"), site.post(), stranger.get("/nothing")):
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["cache-control"] == "no-store"
            assert "strict-transport-security" not in response.headers  # plain HTTP on loopback
            assert "server" not in response.headers

    def test_the_log_has_the_route_and_never_the_path(self, stranger, caplog):
        caplog.set_level(logging.INFO, "adapter.web")
        stranger.get("/fhir/Bundle/189001019802?patient=189001019802")
        stranger.get("/fhir/Patient/189001019802")
        lines = requests_logged(caplog, 2)
        assert [(line.action, line.place, line.http_status) for line in lines] == [
            ("GET", "/fhir/Bundle/{bundle_id}", 401),
            ("GET", "no such path", 404),
        ]
        assert "189001019802" not in json.dumps([record.__dict__ for record in caplog.records], default=str)
