"""Log lines: what they say, and what they can never say."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest

from adapter.support import logging as lines

NUMBER = "199001012385"


@pytest.fixture
def log() -> Iterator[Callable[..., io.StringIO]]:
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def start(form: str = "json", level: str = "info") -> io.StringIO:
        stream = io.StringIO()
        lines.configure(form, level, stream)
        return stream

    yield start
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = before


def test_a_line_is_one_json_object_with_its_fields(log: Callable[..., io.StringIO]) -> None:
    stream = log()
    logging.getLogger("adapter.test").info("accepted", extra={"message_id": 7, "event": "sip", "duration_ms": 1.5})
    entry = json.loads(stream.getvalue())
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "info",
        "logger": "adapter.test",
        "message": "accepted",
        "message_id": 7,
        "event": "sip",
        "duration_ms": 1.5,
    }


@pytest.mark.parametrize("form", ["json", "text"])
def test_fields_that_are_not_allowed_are_dropped(log: Callable[..., io.StringIO], form: str) -> None:
    stream = log(form)
    extra = {"patient": "Anna Andersson", "body": "<x/>", "endpoint": {"name": "Anna Andersson"}}
    logging.getLogger("adapter.test").warning("refused", extra=extra)
    assert "refused" in stream.getvalue()
    assert "Anna" not in stream.getvalue()
    assert "<x/>" not in stream.getvalue()


def test_a_field_that_is_not_one_word_is_not_shown(log: Callable[..., io.StringIO]) -> None:
    stream = log()
    logging.getLogger("adapter.test").warning("refused", extra={"event": "Anna Andersson", "place": "X at a.py:3"})
    entry = json.loads(stream.getvalue())
    assert entry["event"] == "[not shown]"
    assert entry["place"] == "X at a.py:3"


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_shows_type_and_place_but_not_its_words(log: Callable[..., io.StringIO], form: str) -> None:
    stream = log(form)
    try:
        try:
            {}["Anna Andersson"]
        except KeyError as cause:
            raise ValueError(f"no such person: {NUMBER}") from cause
    except ValueError:
        logging.getLogger("adapter.test").exception("failed")
    written = stream.getvalue()
    assert "ValueError from KeyError" in written
    assert "test_logging.py:" in written
    assert "in test_an_exception" in written
    assert "Anna" not in written
    assert NUMBER not in written


@pytest.mark.parametrize("written", ["199001012385", "19900101-2385", "900101-2385", "900101+2385"])
def test_an_identity_number_in_a_message_is_blotted_out(log: Callable[..., io.StringIO], written: str) -> None:
    stream = log()
    logging.getLogger("adapter.test").info("about %s, at last", written)
    assert json.loads(stream.getvalue())["message"] == "about [identity number], at last"


def test_ids_are_not_taken_for_identity_numbers(log: Callable[..., io.StringIO]) -> None:
    stream = log()
    written = "0b4f2f9e-6a53-4a1c-9d2e-199001012385 SE2321000016-1001 1764752400123456"
    logging.getLogger("adapter.test").info(written)
    assert json.loads(stream.getvalue())["message"] == written


def test_a_line_for_people_stays_one_line(log: Callable[..., io.StringIO]) -> None:
    stream = log("text")
    logging.getLogger("adapter.test").info("first\nsecond\x1b[31m", extra={"attempt": 2})
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().endswith("attempt=2\n")


def test_libraries_are_heard_from_warning_up(log: Callable[..., io.StringIO]) -> None:
    stream = log(level="debug")
    for name in ("httpx", "sqlalchemy.engine", "uvicorn.error", "python_multipart.multipart", "anything"):
        logging.getLogger(name).info("GET https://x.example/Patient?identifier=1")
        logging.getLogger(name).debug("values")
    logging.getLogger("uvicorn.access").warning("GET /")
    assert stream.getvalue() == ""
    logging.getLogger("httpx").warning("loud")
    logging.getLogger("adapter.test").debug("quiet")
    assert stream.getvalue().count("\n") == 2


def test_the_level_counts(log: Callable[..., io.StringIO]) -> None:
    stream = log(level="error")
    logging.getLogger("adapter.test").warning("no")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("around", ["{}", "patient-{}", "{}-2", "pnr:{}", "a/{}/b"])
def test_an_identity_number_in_an_id_that_a_caller_made_is_blotted_out(
    log: Callable[..., io.StringIO], around: str
) -> None:
    stream = log()
    logging.getLogger("adapter.test").info("request", extra={"request_id": around.format(NUMBER)})
    assert NUMBER not in stream.getvalue()
    assert "[identity number]" in stream.getvalue()


def test_a_uuid_of_digits_alone_is_no_identity_number(log: Callable[..., io.StringIO]) -> None:
    stream = log()
    name = "19900101-2385-4000-8000-199001012385"
    logging.getLogger("adapter.test").info("request", extra={"request_id": name})
    assert json.loads(stream.getvalue())["request_id"] == name
