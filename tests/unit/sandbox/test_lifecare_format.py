from pathlib import Path

import pytest

from adapter.sandbox import lifecare_format as record
from adapter.support.errors import ParseError
from adapter.support.paths import shipped

SAMPLES = shipped("mappings") / "lifecare" / "samples"
OWN_ID = "f13797a8-d2e2-5baa-a236-fc6eedcd5438"
AT = "2026-03-02T11:02:01.000+01:00"


def sample(name: str) -> record.Meddelande:
    return record.parse((SAMPLES / f"{name}.xml").read_bytes())


@pytest.mark.parametrize(
    ("name", "write", "kind"),
    [
        ("inskrivningsmeddelande", record.read_receipt, "kvittens"),
        ("inskrivningsmeddelande", record.acceptance, "svar"),
        ("kallelse", record.acceptance, "svar"),
        ("sip", record.contribution, "sip"),
    ],
)
def test_an_answer_follows_the_schema_and_turns_the_envelope_round(name: str, write: record.Writer, kind: str) -> None:
    asked = sample(name)
    answer = record.parse(write(asked, OWN_ID, AT))
    assert (answer.message_id, answer.kind, answer.answers) == (OWN_ID, kind, asked.message_id)
    sender = asked.find("kuvert/avsandare/hsaId")
    assert sender is not None
    assert answer.receiver == sender.text


def test_an_acceptance_repeats_the_task_and_says_accepterad() -> None:
    asked = sample("inskrivningsmeddelande")
    answer = record.parse(record.acceptance(asked, OWN_ID, AT))
    paths = ("uppgift/uppgiftId", "uppgift/status", "uppgift/andrad")
    texts = [None if (found := answer.find(f"svar/{path}")) is None else found.text for path in paths]
    wanted = asked.find("inskrivningsmeddelande/uppgift/uppgiftId")
    assert wanted is not None
    assert texts == [wanted.text, "accepterad", AT]


def test_what_asks_for_nothing_cannot_be_accepted() -> None:
    with pytest.raises(ParseError, match="uppgift"):
        record.acceptance(sample("planeringsunderlag"), OWN_ID, AT)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not well-formed"),
        (b"<a>", "not well-formed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        (b"<a/>", "schema"),
        (record.acknowledgement(OWN_ID, "mottaget"), "expected the element meddelande"),
    ],
)
def test_what_is_no_message_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        record.parse(body)


def test_acknowledgements_are_written_and_read() -> None:
    for status in ("mottaget", "tillfalligtFel", "avvisat"):
        proof = record.acknowledgement(OWN_ID, status, "därför", "conflict")
        assert record.acknowledgement_status(proof) == status
    assert record.acknowledgement_status(record.acknowledgement(OWN_ID, "kanske")) is None
    assert record.acknowledgement_status(b"<html>") is None
    assert record.acknowledgement_status(Path(SAMPLES / "kvittens.xml").read_bytes()) is None
