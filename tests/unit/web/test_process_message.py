"""What the door of FHIR messages lets in, and how each refusal reads in JSON and in XML."""

import hashlib
import http.client
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from adapter.exchange.submission import Reply
from adapter.fhir import outcomes, xml
from adapter.fhir.outcomes import Issue
from adapter.support.errors import NotFoundError, UnavailableError

MOST = 4096
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REFUSALS = {
    "no token": ({"Authorization": None}, "/fhir/$process-message", 401, "login"),
    "not a bearer": ({"Authorization": "Basic YTpi"}, "/fhir/$process-message", 401, "login"),
    "empty bearer": ({"Authorization": "Bearer"}, "/fhir/$process-message", 401, "login"),
    "unknown token": ({"Authorization": "Bearer da_" + "A" * 43}, "/fhir/$process-message", 401, "login"),
    "media type": ({"Content-Type": "text/plain"}, "/fhir/$process-message", 415, "not-supported"),
    "no media type": ({"Content-Type": None}, "/fhir/$process-message", 415, "not-supported"),
    "charset": ({"Content-Type": "application/json;charset=latin-1"}, "/fhir/$process-message", 415, "not-supported"),
    "compressed": ({"Content-Encoding": "gzip"}, "/fhir/$process-message", 415, "not-supported"),
    "response-url": ({}, "/fhir/$process-message?response-url=http://x", 400, "not-supported"),
    "async of no sense": ({}, "/fhir/$process-message?async=perhaps", 400, "invalid"),
}


def post(site, headers, path="/fhir/$process-message", body=b"{}"):
    named = {"Authorization": f"Bearer {site.token}", "Content-Type": "application/fhir+json"} | headers
    return site.bare.post(path, content=body, headers={name: v for name, v in named.items() if v is not None})


def test_a_message_reaches_the_exchange_as_it_came(site):
    body = b'{ "resourceType" :"Bundle","x":1.50 }'
    site.post(body=body, X_Request_ID="r-1", X_Correlation_ID="c-1", media_type="application/fhir+json; charset=utf-8")
    ((submission, principal),) = site.exchange.received
    assert submission.body == body
    assert (submission.source, submission.request_id, submission.correlation_id) == ("fhir", "r-1", "c-1")
    assert submission.media_type == "application/fhir+json; charset=utf-8"
    assert (principal.party, principal.units) == ("region", {"unit of region on 2026-03-02"})
    assert site.exchange.refused == []


def test_the_caller_is_named_by_label_and_number_of_its_token(site):
    site.post()
    assert re.fullmatch(r"EHR#\d+", site.exchange.received[0][1].name)


@pytest.mark.parametrize("media_type", ["application/fhir+xml", "application/xml", "text/xml; charset=utf-8"])
def test_xml_is_taken_and_answered_in_xml(site, media_type):
    response = site.post(body=b"<Bundle/>", media_type=media_type)
    assert response.headers["content-type"] == "application/fhir+xml; charset=utf-8"
    assert xml.parse(response.content)["resourceType"] == "Bundle"


def test_the_acknowledgement_is_in_the_format_asked_for(site):
    assert xml.parse(site.post(Accept="application/fhir+xml").content)["type"] == "message"
    assert site.post(body=b"<x/>", media_type="text/xml", Accept="application/json").json()["type"] == "message"
    assert site.post("/fhir/$process-message?_format=xml").headers["content-type"].startswith("application/fhir+xml")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_an_operation_outcome_in_json(site, issue_of, name):
    headers, path, status, code = REFUSALS[name]
    response = post(site, headers | {"Accept": "application/fhir+json"}, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"
    issue = issue_of(response)
    assert (issue["severity"], issue["code"]) == ("error", code)
    assert issue["details"]["coding"][0]["code"] == f"http-{status}"
    assert issue["details"]["text"]
    assert site.exchange.received == []


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_an_operation_outcome_in_xml(site, name):
    headers, path, status, code = REFUSALS[name]
    response = post(site, headers | {"Accept": "application/fhir+xml"}, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/fhir+xml; charset=utf-8"
    outcome = xml.parse(response.content)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["code"] == code


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_kept_with_size_and_hash_of_what_was_sent(site, name):
    headers, path, status, code = REFUSALS[name]
    body = b'{"resourceType":"Bundle"}'
    response = post(site, headers | {"X-Request-ID": "r-7"}, path, body)
    (kept,) = site.exchange.refused
    assert (kept.status, kept.code, kept.size, kept.source) == (status, code, len(body), "fhir")
    assert kept.sha256 == hashlib.sha256(body).hexdigest()
    assert kept.request_id == "r-7"
    assert (kept.principal is None) == (status == 401)
    assert response.json()["issue"][0]["details"]["text"] == kept.text


def test_401_says_how_to_come_in(site):
    assert post(site, {"Authorization": None}).headers["www-authenticate"].startswith("Bearer ")


def test_two_authorization_headers_are_nobody(site):
    headers = [("Authorization", f"Bearer {site.token}")] * 2
    assert site.bare.post("/fhir/$process-message", headers=headers).status_code == 401


def test_a_token_without_the_right_to_send_is_403_and_kept(site, issue_of):
    response = post(site, {"Authorization": f"Bearer {site.issue('list')}"})
    assert response.status_code == 403
    assert issue_of(response)["code"] == "forbidden"
    assert "send" in issue_of(response)["details"]["text"]
    assert site.exchange.refused[0].principal.party == "region"


def test_an_expired_and_a_revoked_token_are_401(site):
    expired = site.issue("send", days=1)
    revoked = site.issue("send", days=30)
    assert post(site, {"Authorization": f"Bearer {revoked}"}).status_code == 200
    site.adapter.tokens.revoke(site.adapter.tokens.authenticate(revoked).id)
    assert post(site, {"Authorization": f"Bearer {revoked}"}).status_code == 401
    site.clock.advance(timedelta(days=1))
    assert post(site, {"Authorization": f"Bearer {expired}"}).status_code == 401


@pytest.mark.parametrize("path", ["/fhir/$process-message", "/fhir/$process-message?_format=turtle"])
def test_an_answer_that_we_cannot_write_is_406_in_json(site, issue_of, path):
    response = site.post(path, Accept=None if "_format" in path else "text/html")
    assert response.status_code == 406
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert issue_of(response)["code"] == "not-supported"
    assert site.exchange.received == []
    assert site.exchange.refused[0].status == 406


def test_a_token_whose_party_has_left_the_directory_is_403(site, issue_of, monkeypatch):
    def unknown(*_):
        raise NotFoundError("there is no party region")

    monkeypatch.setattr(site.adapter.directory, "units_of", unknown)
    response = site.post()
    assert (response.status_code, issue_of(response)["code"]) == (403, "forbidden")
    assert "directory" in issue_of(response)["details"]["text"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_refused_body_over_the_limit_is_not_read_to_its_end(site, chunked):
    body = b"x" * (4 * MOST)
    response = site.post(body=iter([body]) if chunked else body, media_type="text/plain")
    assert response.status_code == 415
    (kept,) = site.exchange.refused
    assert kept.size > MOST
    if not chunked:  # its declared size is enough: not a byte is read
        assert (kept.size, kept.sha256) == (len(body), hashlib.sha256(b"").hexdigest())


def test_a_refused_body_that_stalls_is_kept_as_empty(site, monkeypatch):
    monkeypatch.setattr("adapter.web.limits.read", _impatient(site))
    answer = raw(site, head(site, "Content-Length: 1000").replace(b"fhir+json", b"fhir+turtle") + b"{")
    assert answer.startswith(b"HTTP/1.1 415")
    assert [kept.size for kept in site.exchange.refused] == [0]


def test_strangers_leave_only_so_many_traces_a_minute(site):
    for _ in range(30):
        assert post(site, {"Authorization": "Bearer da_x"}).status_code == 401
    assert len(site.exchange.refused) == 20
    post(site, {"Content-Type": "text/plain"})
    assert len(site.exchange.refused) == 21  # a known caller is kept all the same
    site.clock.advance(timedelta(minutes=1))
    post(site, {"Authorization": "Bearer da_x"})
    assert len(site.exchange.refused) == 22


def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_413(site, issue_of):
    assert site.post(body=b"x" * MOST).status_code == 200
    response = site.post(body=b"x" * (MOST + 1))
    assert response.status_code == 413
    assert issue_of(response)["code"] == "too-long"
    assert str(MOST) in issue_of(response)["details"]["text"]
    (kept,) = site.exchange.refused
    assert (kept.status, kept.size) == (413, MOST + 1)
    assert kept.sha256 == hashlib.sha256(b"").hexdigest()  # refused by its declared size: not a byte was read


@pytest.mark.parametrize("accept", ["application/fhir+xml", "application/fhir+json"])
def test_a_chunked_body_is_stopped_at_the_limit(site, accept):
    sent = []

    def chunks():
        for _ in range(64):
            sent.append(1)
            yield b"x" * 1024

    response = site.post(body=chunks(), Accept=accept)
    assert response.status_code == 413
    assert response.headers["content-type"].startswith(accept)
    assert site.exchange.received == []
    assert MOST < site.exchange.refused[0].size <= 64 * 1024


def raw(site, request):
    """All that comes back for bytes that no decent client would send."""
    host, port = urlsplit(site.server.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def head(site, *lines):
    return "\r\n".join(
        ["POST /fhir/$process-message HTTP/1.1", "Host: x", f"Authorization: Bearer {site.token}",
         "Content-Type: application/fhir+json", "Connection: close", *lines, "", ""]
    ).encode()  # fmt: skip


def test_a_content_length_that_is_too_small_cuts_the_body_there(site):
    answer = raw(site, head(site, "Content-Length: 2") + b"{}" + b"x" * 100)
    assert answer.startswith(b"HTTP/1.1 200")
    assert [submission.body for submission, _ in site.exchange.received] == [b"{}"]


@pytest.mark.parametrize(
    "lines", [("Content-Length: x",), ("Content-Length: -1",), ("Content-Length: 2", "Transfer-Encoding: chunked")]
)
def test_a_request_whose_length_cannot_be_known_never_reaches_us(site, lines):
    assert raw(site, head(site, *lines) + b"{}").startswith(b"HTTP/1.1 400")
    assert site.exchange.received == []


def test_a_body_that_breaks_off_is_no_message(site):
    host, port = urlsplit(site.server.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head(site, "Content-Length: 1000") + b"{")
    time.sleep(0.2)
    assert site.exchange.received == site.exchange.refused == []
    assert site.post().status_code == 200


def test_a_body_that_stalls_is_408_and_may_be_sent_again(site, monkeypatch):
    monkeypatch.setattr("adapter.web.limits.read", _impatient(site))
    answer = raw(site, head(site, "Content-Length: 1000") + b"{")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"timeout" in answer
    assert site.exchange.refused == []  # it was not refused: it did not come


def _impatient(site):
    from adapter.web import limits

    patient = limits.read
    return lambda request, most: patient(request, most, seconds=0.05)


def test_the_exchange_decides_status_body_and_when_to_come_back(site, issue_of):
    outcome = outcomes.to_fhir([Issue("error", "not-found", "the recipient is not known")])
    site.exchange.reply = Reply(422, outcome)
    response = site.post()
    assert (response.status_code, issue_of(response)["code"]) == (422, "not-found")
    assert "retry-after" not in response.headers
    site.exchange.reply = Reply(425, outcome, retry_after=7)
    response = site.post(Accept="application/fhir+xml")
    assert (response.status_code, response.headers["retry-after"]) == (425, "7")
    assert xml.parse(response.content)["resourceType"] == "OperationOutcome"


def test_a_database_that_is_away_is_503_with_a_time_to_come_back(site, issue_of):
    site.exchange.reply = UnavailableError("the database does not answer", retry_after=12)
    response = site.post()
    assert (response.status_code, response.headers["retry-after"]) == (503, "12")
    assert issue_of(response)["code"] == "transient"


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/fhir+xml"])
def test_a_fault_of_ours_is_500_without_details(site, caplog, accept):
    site.exchange.reply = KeyError("194108109168 secret")
    response = site.post(Accept=accept, X_Request_ID="r-500")
    assert response.status_code == 500
    assert response.headers["content-type"].startswith(accept)
    assert response.headers["x-request-id"] == "r-500"
    assert "secret" not in response.text
    assert "KeyError" not in response.text
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (line.outcome, line.request_id) == ("KeyError", "r-500")
    assert line.place.startswith("conftest.py:")
    assert "194108109168" not in str([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("given", [None, "", "x" * 129, "two words", "å"])
def test_ids_are_made_where_none_can_be_echoed(site, given):
    headers = (
        {} if given is None else {"X-Request-ID": given.encode("latin-1"), "X-Correlation-ID": "å".encode("latin-1")}
    )
    response = post(site, headers)
    assert UUID.fullmatch(response.headers["x-request-id"])
    assert response.headers["x-correlation-id"] == response.headers["x-request-id"]
    assert site.exchange.received[0][0].request_id == response.headers["x-request-id"]


def test_ids_are_echoed_on_success_and_refusal(site):
    ids = {"X-Request-ID": "~" * 128, "X-Correlation-ID": "c!"}
    for headers in (ids, ids | {"Authorization": None}, ids | {"Content-Type": "text/plain"}):
        response = post(site, headers)
        assert response.headers["x-request-id"] == "~" * 128
        assert response.headers["x-correlation-id"] == "c!"


def test_the_event_loop_answers_while_messages_are_worked_on(site):
    release = threading.Event()

    def slow(_submission):
        release.wait(60)
        return None or Reply(200, {"resourceType": "Bundle", "type": "message"})

    site.exchange.reply = slow
    threads = [threading.Thread(target=post, args=(site, {})) for _ in range(10)]
    for thread in threads:
        thread.start()
    try:
        while len(site.exchange.received) < 8:
            time.sleep(0.01)
        assert site.client.get("/health/live").status_code == 200
        assert site.client.get("/fhir/metadata").status_code == 200
        assert len(site.exchange.received) == 8  # as many as there are threads for messages
    finally:
        release.set()
        for thread in threads:
            thread.join()


def test_more_than_can_wait_are_asked_to_come_back(site, issue_of, monkeypatch):
    monkeypatch.setattr("adapter.web.intake._WAITING_PER_THREAD", 0)
    response = site.post()
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert issue_of(response)["code"] == "throttled"
    assert site.exchange.received == site.exchange.refused == []
    monkeypatch.undo()
    assert site.post().status_code == 200


def test_pipelined_and_kept_connections_stay_in_step_after_a_413(site):
    host, port = urlsplit(site.server.url).netloc.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    headers = {"Authorization": f"Bearer {site.token}", "Content-Type": "application/fhir+json"}
    for body, status in ((b"x" * (MOST + 1), 413), (b"{}", 200)):
        connection.request("POST", "/fhir/$process-message", body, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_asynchronous_is_an_empty_202(site):
    site.exchange.reply = lambda submission: Reply(202 if submission.asynchronous else 200, {}, None)
    response = post(site, {}, "/fhir/$process-message?async=true")
    assert (response.status_code, response.content) == (202, b"")


def test_slow_bodies_of_a_token_that_may_do_little_leave_the_partys_messages_their_share(site, monkeypatch):
    monkeypatch.setattr("adapter.web.intake._WAITING_PER_THREAD", 1)  # eight places: four for messages, one for others
    token = site.issue("metrics")
    host = (site.client.base_url.host, site.client.base_url.port)
    head = (
        f"POST /fhir/$validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/fhir+json\r\nContent-Length: 2\r\n\r\n{"
    )
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    with socket.create_connection(host) as slow:
        slow.sendall(head.encode())
        deadline = time.monotonic() + 60
        while site.client.post("/fhir/$validate", content=b"{}", headers=headers).status_code != 503:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with ThreadPoolExecutor(4) as pool:
            assert {each.status_code for each in pool.map(lambda _: site.post(), range(8))} == {200}


def test_one_partys_slow_bodies_leave_places_for_the_others(site, issue_of, monkeypatch):
    monkeypatch.setattr("adapter.web.intake._WAITING_PER_THREAD", 0.25)  # two places at eight threads, one for a party
    host = (site.client.base_url.host, site.client.base_url.port)
    head = (
        f"POST /fhir/$process-message HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {site.token}\r\n"
        "Content-Type: application/fhir+json\r\nContent-Length: 2\r\n\r\n{"
    )
    with socket.create_connection(host) as slow:
        slow.sendall(head.encode())
        deadline = time.monotonic() + 60
        while (response := site.post()).status_code != 503 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert issue_of(response)["code"] == "throttled"
        slow.sendall(b"}")
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
    assert site.post().status_code == 200
