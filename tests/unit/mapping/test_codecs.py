"""Each codec reads back to the letter what it writes, and refuses the rest in words without the value."""

from typing import Any

import pytest

from adapter.mapping.codecs import CODECS, CodecError, default

UUID = "0B7F7F0C-6f1e-4a52-9a53-7d4a4d7c6a11"


@pytest.mark.parametrize(
    ("codec", "value", "text"),
    [
        ("text", " å\r\n<&", " å\r\n<&"),
        ("instant", "2026-03-29T02:30:00.120+01:00", "2026-03-29T02:30:00.120+01:00"),
        ("instant", "2026-03-29T02:30:00Z", "2026-03-29T02:30:00Z"),
        ("day", "2024-02-29", "2024-02-29"),
        ("day-or-instant", "2026-03-09", "2026-03-09"),
        ("day-or-instant", "2026-03-09T10:00:00+01:00", "2026-03-09T10:00:00+01:00"),
        ("boolean", True, "true"),
        ("boolean", False, "false"),
        ("integer", -12, "-12"),
        ("integer", 0, "0"),
        ("uuid", UUID, UUID),
        ("urn-uuid", f"urn:uuid:{UUID}", UUID),
        ("base64", "SGVqIQ==", "SGVqIQ=="),
        ("personal-number", "189001019802", "189001019802"),
        ("personal-number-separated", "189001019802", "18900101-9802"),
        ("boolean-1-0", True, "1"),
        ("boolean-1-0", False, "0"),
        ("boolean-ja-nej", True, "ja"),
        ("boolean-ja-nej", False, "nej"),
        ("local-time", "2026-01-15T10:12:00+01:00", "2026-01-15T10:12:00"),
        ("local-time", "2026-07-15T10:12:00.120+02:00", "2026-07-15T10:12:00.120"),
        ("local-time", "2026-03-29T01:59:59+01:00", "2026-03-29T01:59:59"),
        ("local-time", "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00"),
        ("local-time", "2026-10-25T01:59:59+02:00", "2026-10-25T01:59:59"),
        ("local-time", "2026-10-25T03:00:00+01:00", "2026-10-25T03:00:00"),
    ],
)
def test_there_and_back(codec: str, value: Any, text: str) -> None:
    assert CODECS[codec].to_record(value) == text
    assert CODECS[codec].to_fhir(text) == value


@pytest.mark.parametrize(
    ("codec", "value", "words"),
    [
        ("text", 1234567, "expected text"),
        ("text", "1234567\x07", "XML cannot carry"),
        ("instant", "2026-03-09T10:00:00", "offset"),
        ("instant", "2026-02-30T10:00:00Z", "offset"),
        ("day", "2026-02-30", "YYYY-MM-DD"),
        ("day", "2026-02", "YYYY-MM-DD"),
        ("day-or-instant", "2026-02", "none is assumed"),
        ("boolean", "1234567", "true or false"),
        ("boolean", 1, "true or false"),
        ("integer", True, "whole number"),
        ("integer", "1234567", "whole number"),
        ("uuid", "1234567", "a UUID"),
        ("urn-uuid", UUID, "urn:uuid:"),
        ("urn-uuid", "urn:uuid:1234567", "a UUID"),
        ("base64", "1234567=\n", "base64 without white space"),
        ("base64", "1234567", "base64 without white space"),
        ("personal-number", "18900101-9802", "12 digits"),
        ("personal-number", 189001019802, "12 digits"),
        ("personal-number-separated", "9001019802", "12 digits"),
        ("boolean-ja-nej", "ja", "true or false"),
        ("local-time", "2026-01-15T10:12:00", "none is assumed"),
        ("local-time", "2026-01-15", "none is assumed"),
        ("local-time", "2026-01-15T09:12:00Z", "the offset that Sweden has"),
        ("local-time", "2026-01-15T10:12:00+02:00", "the offset that Sweden has"),
        ("local-time", "2026-03-29T02:30:00+01:00", "passed over when summer time begins"),
        ("local-time", "2026-10-25T02:30:00+02:00", "comes twice when summer time ends"),
        ("local-time", "2026-10-25T02:30:00+01:00", "comes twice when summer time ends"),
        ("local-time", "1878-05-31T10:00:00+01:00", "since 1900"),
    ],
)
def test_refused_without_the_value(codec: str, value: Any, words: str) -> None:
    with pytest.raises(CodecError, match=words) as caught:
        CODECS[codec].to_record(value)
    assert "1234567" not in str(caught.value)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("boolean", "1"),
        ("boolean", "TRUE"),
        ("boolean-1-0", "true"),
        ("boolean-ja-nej", "Ja"),
        ("integer", "007"),
        ("integer", "1.0"),
        ("personal-number-separated", "189001019802"),
        ("personal-number-separated", "18900101+9802"),
        ("local-time", "2026-01-15T10:12:00+01:00"),
        ("local-time", "2026-01-15T10:12"),
        ("local-time", "2026-02-30T10:00:00"),
        ("local-time", "2026-03-29T02:00:00"),
        ("local-time", "2026-10-25T02:59:59"),
    ],
)
def test_a_second_way_to_write_the_same_is_refused(codec: str, text: str) -> None:
    with pytest.raises(CodecError):
        CODECS[codec].to_fhir(text)


def test_the_codec_of_a_type_without_one_must_be_named() -> None:
    assert default("decimal") is None
    found = default("dateTime")
    assert found is not None
    assert found.name == "day-or-instant"
