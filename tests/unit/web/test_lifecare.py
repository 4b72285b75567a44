"""The door of Lifecare: every answer is a mottagningsbevis."""

import pytest

from adapter.exchange.submission import RecordReply
from adapter.support.errors import UnavailableError

PATH = "/partners/lifecare/messages"


@pytest.fixture
def post(site):
    def post(headers=None, body=b"<meddelande/>", path=PATH):
        named = {"Authorization": f"Bearer {site.token}", "Content-Type": "application/xml"} | (headers or {})
        return site.bare.post(path, content=body, headers={name: v for name, v in named.items() if v is not None})

    return post


def test_a_message_reaches_the_exchange_and_its_answer_the_caller(site, post):
    response = post({"Content-Type": "text/xml; charset=utf-8", "X-Request-ID": "r-1"})
    ((submission, principal),) = site.exchange.received
    assert (submission.body, submission.source, submission.request_id) == (b"<meddelande/>", "lifecare", "r-1")
    assert principal.party == "region"
    assert (response.status_code, response.content) == (200, b"<mottagningsbevis/>")
    assert response.headers["content-type"] == "application/xml; charset=utf-8"


def test_the_exchange_decides(site, post):
    site.exchange.reply = RecordReply(425, b"<later/>", "application/xml", 9)
    response = post()
    assert (response.status_code, response.content, response.headers["retry-after"]) == (425, b"<later/>", "9")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer da_x"}, 401),
        ({"Content-Type": "application/fhir+json"}, 415),
        ({"Content-Type": "application/fhir+xml"}, 415),
        ({"Content-Type": "application/xml; charset=utf-16"}, 415),
        ({"Accept": "application/json"}, 406),
    ],
)
def test_a_refusal_at_the_door_is_a_refusing_acknowledgement_and_kept(site, post, headers, status):
    response = post(headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/xml; charset=utf-8"
    assert "<status>fatal-error</status>" in response.text
    (kept,) = site.exchange.refused
    assert (kept.status, kept.source, kept.size) == (status, "lifecare", len(b"<meddelande/>"))
    assert site.exchange.received == []


def test_401_says_how_to_come_in(post):
    assert post({"Authorization": None}).headers["www-authenticate"].startswith("Bearer")


def test_a_token_without_the_right_to_send_is_403(site, post):
    response = post({"Authorization": f"Bearer {site.issue('list')}"})
    assert response.status_code == 403
    assert "fatal-error" in response.text


def test_a_body_over_the_limit_is_413(site, post):
    response = post(body=b"x" * 4097)
    assert response.status_code == 413
    assert "fatal-error" in response.text
    assert site.exchange.refused[0].size == 4097


def test_what_may_be_sent_again_is_said_so(site, post):
    site.exchange.reply = UnavailableError("the database does not answer", retry_after=4)
    response = post()
    assert (response.status_code, response.headers["retry-after"]) == (503, "4")
    assert "<status>transient-error</status>" in response.text
    site.exchange.reply = KeyError("secret")
    response = post()
    assert response.status_code == 500
    assert "transient-error" in response.text
    assert "secret" not in response.text


def test_other_paths_and_methods(site, post):
    assert post(path="/partners/lifecare/nothing").status_code == 404
    assert post(path="/partners/other/messages").status_code == 404
    response = site.client.get(PATH)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert "mottagningsbevis" in response.text
