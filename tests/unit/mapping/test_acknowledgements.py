"""The technical acknowledgement, written and read."""

from pathlib import Path

import pytest

from adapter.mapping import Mapping

ID = "0b7f7f0c-6f1e-4a52-9a53-7d4a4d7c6a11"


@pytest.mark.parametrize(
    ("code", "reason", "codes"),
    [
        ("ok", "", []),
        ("ok", "Redan mottaget", ["duplicate"]),
        ("transient-error", "Försök igen & igen <snart>", ["transient", "timeout"]),
        ("fatal-error", "kuvert/skickat: expected an instant", ["invalid", "invalid"]),
    ],
)
def test_what_is_written_is_read_back(lifecare: Mapping, code: str, reason: str, codes: list[str]) -> None:
    content = lifecare.acknowledge(ID, code, reason, codes)
    assert lifecare.read_acknowledgement(content) == (code, reason, frozenset(codes))
    assert ID.encode() in content
    assert content == lifecare.acknowledge(ID, code, reason, reversed(codes))


@pytest.mark.parametrize("message_id", [None, "", "not a uuid", "\x00"])
def test_an_id_that_the_format_cannot_carry_is_left_out(lifecare: Mapping, message_id: str | None) -> None:
    content = lifecare.acknowledge(message_id, "fatal-error", "unreadable")
    assert lifecare.read_acknowledgement(content) == ("fatal-error", "unreadable", frozenset())
    assert b"meddelandeId" not in content


def test_words_that_xml_cannot_carry_and_words_without_end(lifecare: Mapping) -> None:
    answer = lifecare.read_acknowledgement(lifecare.acknowledge(ID, "fatal-error", "a\x00b" + "x" * 1_000_000))
    assert answer is not None
    assert answer[1].startswith("abx")
    assert len(answer[1]) == 2000


@pytest.mark.parametrize("content", [b"", b"<html/>", b"{}", b"502 Bad Gateway"])
def test_what_a_proxy_answers_is_no_acknowledgement(lifecare: Mapping, content: bytes) -> None:
    assert lifecare.read_acknowledgement(content) is None


def test_the_samples_are_read(lifecare: Mapping) -> None:
    samples = Path(__file__).parents[3] / "mappings" / "lifecare" / "samples"
    answers = [lifecare.read_acknowledgement(file.read_bytes()) for file in sorted(samples.glob("mottagningsbevis-*"))]
    assert [answer[0] for answer in answers if answer] == ["fatal-error", "ok", "ok", "transient-error"]
