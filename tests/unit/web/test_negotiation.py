import pytest
from starlette.requests import Request

from adapter.web.negotiation import Format, NotAcceptable, UnsupportedMediaType, accepts, answer_format, content_format

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def request(accept=None, wish=None, content_type=None):
    lines = accept if isinstance(accept, list) else [accept] if accept is not None else []
    headers = [(b"accept", line.encode()) for line in lines]
    if content_type:
        headers.append((b"content-type", content_type.encode()))
    query = b"" if wish is None else b"_format=" + wish.encode()
    return Request({"type": "http", "headers": headers, "query_string": query})


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/fhir+json"),
        ("", "application/fhir+json"),
        ("*/*", "application/fhir+json"),
        ("application/*", "application/fhir+json"),
        ("text/*", "text/xml"),
        ("application/fhir+xml", "application/fhir+xml"),
        ("APPLICATION/FHIR+XML", "application/fhir+xml"),
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("text/xml", "text/xml"),
        ("application/fhir+json;q=0.5, application/fhir+xml;q=0.9", "application/fhir+xml"),
        ("application/fhir+json ; q=0.9 , application/fhir+xml ; Q=0.5", "application/fhir+json"),
        ("application/fhir+xml, */*;q=0.1", "application/fhir+xml"),
        ("application/fhir+json;q=0, */*", "application/json"),
        ("*/*;q=0.9, application/fhir+xml;q=0.2", "application/fhir+json"),
        ("text/html, application/fhir+xml;q=0.01", "application/fhir+xml"),
        ("application/fhir+xml; fhirVersion=4.0", "application/fhir+xml"),
        ("application/fhir+xml; fhirVersion=5.0, application/fhir+json;q=0.1", "application/fhir+json"),
        ("application/fhir+xml;q=high, application/fhir+json;q=0.1", "application/fhir+json"),
        (["text/html", "application/fhir+xml"], "application/fhir+xml"),
        (BROWSER, "application/xml"),
    ],
)
def test_the_best_of_what_the_caller_can_read_is_chosen(accept, media_type):
    assert answer_format(request(accept)).media_type == media_type


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/fhir+turtle",
        "*/*;q=0",
        "application/fhir+json;q=0",
        "application/fhir+json;q=2",
        "application/fhir+json;q=nan",
        "application/fhir+json;q=",
        "application/fhir+json; fhirVersion=3.0",
        "nonsense",
        "/",
        "*/json",
    ],
)
def test_what_we_cannot_write_is_not_acceptable(accept):
    with pytest.raises(NotAcceptable):
        answer_format(request(accept))


@pytest.mark.parametrize(
    ("wish", "media_type"),
    [
        ("json", "application/fhir+json"),
        ("xml", "application/fhir+xml"),
        ("text/xml", "text/xml"),
        ("application/fhir%2Bxml", "application/fhir+xml"),
        ("application/fhir+xml", "application/fhir+xml"),
        ("application/fhir%2Bjson;fhirVersion=4.0", "application/fhir+json"),
    ],
)
def test_format_overrides_accept(wish, media_type):
    assert answer_format(request("text/html", wish)).media_type == media_type


@pytest.mark.parametrize("wish", ["ttl", "", "html", "application/fhir%2Bjson;fhirVersion=5.0"])
def test_an_unknown_format_is_not_acceptable_whatever_accept_says(wish):
    with pytest.raises(NotAcceptable):
        answer_format(request("application/fhir+json", wish))


@pytest.mark.parametrize("accept", [None, "*/*", "application/*"])
def test_a_caller_without_preference_is_answered_as_it_writes(accept):
    assert answer_format(request(accept, content_type="application/fhir+xml")).media_type == "application/fhir+xml"


def test_a_caller_with_preference_is_answered_by_it():
    chosen = answer_format(request("application/fhir+json", content_type="application/fhir+xml"))
    assert chosen.media_type == "application/fhir+json"


@pytest.mark.parametrize(
    ("content_type", "format_"),
    [
        ("application/fhir+json", Format.JSON),
        ("application/json; charset=UTF-8", Format.JSON),
        ('application/fhir+xml; charset="utf-8"; fhirVersion=4.0', Format.XML),
        ("Application/XML", Format.XML),
        ("text/xml;charset=utf8", Format.XML),
    ],
)
def test_bodies_that_we_read(content_type, format_):
    assert content_format(content_type, None) is format_
    assert content_format(content_type, "identity") is format_


@pytest.mark.parametrize(
    ("content_type", "encoding", "words"),
    [
        (None, None, "missing: expected application/fhir"),
        ("", None, "missing"),
        ("text/plain", None, "expected application/fhir"),
        ("application/fhir+json, application/json", None, "not supported"),
        ("application/fhir+json; charset=iso-8859-1", None, "expected utf-8"),
        ("application/fhir+xml; charset=utf-16", None, "expected utf-8"),
        ("application/fhir+json; fhirVersion=5.0", None, "expected 4.0"),
        ("application/fhir+json", "gzip", "uncompressed"),
    ],
)
def test_bodies_that_we_do_not_read(content_type, encoding, words):
    with pytest.raises(UnsupportedMediaType, match=words):
        content_format(content_type, encoding)


@pytest.mark.parametrize(("accept", "readable"), [(None, True), ("text/*", True), ("application/json", False)])
def test_a_partner_that_cannot_read_xml_is_known(accept, readable):
    assert accepts(request(accept), "application/xml", "text/xml") is readable
