"""Records are read without trusting them, and a refusal never repeats what stands there."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.mapping import Mapping
from adapter.support.errors import MappingError, ParseError

SAMPLES = Path(__file__).parents[3] / "mappings" / "lifecare" / "samples"
NOTICE = (SAMPLES / "inskrivningsmeddelande.xml").read_bytes()

BOMB = b"""<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa">%s]><meddelande>&z;</meddelande>""" % b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(25)
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not xml",
        b"{}",
        b"<a>",
        b"\xff\xfe<\x00",
        NOTICE[:400],
        BOMB,
        b'<!DOCTYPE m SYSTEM "file:///etc/passwd"><m/>',
        b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><m>&x;</m>',
        b'<!DOCTYPE m [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x">%x;]><m/>',
        b"<m>&undeclared;</m>",
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"<m " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>" + b"<",
        NOTICE + b" " * 5_000_000,
        NOTICE.replace(b"UTF-8", b"ISO-8859-1"),
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
def test_hostile_xml_is_refused_in_bounded_time(lifecare: Mapping, content: bytes) -> None:
    started = time.process_time()
    with pytest.raises(ParseError) as caught:
        lifecare.to_fhir(content)
    assert time.process_time() - started < 30
    assert "root:" not in str(caught.value)
    assert lifecare.read_acknowledgement(content) is None


def test_deep_but_well_formed_is_refused_by_the_schema(lifecare: Mapping) -> None:
    deep = b"<a>" * 200 + b"</a>" * 200
    with pytest.raises(MappingError, match="expected the element meddelande"):
        lifecare.to_fhir(deep)
    assert lifecare.message_id(deep) is None
    inside = NOTICE.replace(b"<version>1</version>", deep)
    with pytest.raises(MappingError, match="does not follow its schema"):
        lifecare.to_fhir(inside)
    assert lifecare.message_id(inside) == lifecare.message_id(NOTICE)


def test_more_elements_than_are_read_are_refused_before_the_schema_is_asked(lifecare: Mapping) -> None:
    flood = NOTICE.replace(b"<version>", b"<a/>" * 120_000 + b"<version>")
    with pytest.raises(ParseError, match=r"more than 100000 elements and attributes: .* \(line \d+\)"):
        lifecare.to_fhir(flood)
    assert lifecare.message_id(flood) is None


FLOODS = {
    "siblings": NOTICE.replace(b"<version>", b"<a/>" * 200_000 + b"<version>"),
    "values": NOTICE.replace(b"<fornamn>", b"<fornamn>M</fornamn>" * 100_000 + b"<fornamn>", 1),
    "attributes": NOTICE.replace(b"<version>", b"<version %s>" % b" ".join(b'a%d=""' % n for n in range(30_000))),
    "text": NOTICE.replace(b"<fornamn>", b"<fornamn>" + b"a" * 4_000_000, 1),
    "references": NOTICE.replace(b"<fornamn>", b"<fornamn>" + b"&amp;" * 800_000, 1),
    "sections": NOTICE.replace(b"<fornamn>", b"<fornamn>" + b"<![CDATA[]]>" * 300_000 + b"</fornamn><x>", 1),
    "comments": b"<!---->" * 500_000 + NOTICE,
    "depth": NOTICE.replace(b"<version>1</version>", b"<a>" * 250 + b"</a>" * 250),
    "50 MB": NOTICE + b" " * 50_000_000,
    "UTF-16": NOTICE.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "UTF-16, undeclared": NOTICE.partition(b"?>")[2].decode().encode("utf-16-be"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-m/+AD4-',
    "DOCTYPE behind comments": b"<!-- x -->" * 1000 + b"<!DOCTYPE m><m/>",
}


@pytest.mark.parametrize("content", FLOODS.values(), ids=FLOODS)
def test_much_of_anything_is_refused_in_bounded_time(lifecare: Mapping, content: bytes) -> None:
    started = time.process_time()
    with pytest.raises((ParseError, MappingError)) as caught:
        lifecare.to_fhir(content)
    assert len(str(caught.value)) < 500
    lifecare.message_id(content)
    assert lifecare.read_acknowledgement(content) is None
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"2026-03-02T10:30:00+01:00</skickat>", b"hemligt</skickat>", "kuvert/skickat .*tidpunktTyp: An instant"),
        (b"2026-03-02T10:30:00+01:00</skickat>", b"2026-03-02T10:30:00</skickat>", "kuvert/skickat .*offset"),
        (b"<status>begard", b"<status>hemligt", "uppgift/status .*one of accepterad, avbruten"),
        (b'typ="personnummer"', b'typ="hemligt"', "patient/personId"),
        (b'typ="personnummer"', b"", "patient/personId"),
        (b"<fornamn>Maj</fornamn>", b"<hemligt>Maj</hemligt>", "not expected here; expected fornamn"),
        (b"<version>1</version>", b"", "meddelandeId .*not expected here; expected version"),
        (b"</kuvert>", b"</kuvert>hemligt", "meddelande"),
        (b"<efternamn>Lindroth</efternamn>", b"<efternamn> </efternamn>", "patient/namn/efternamn"),
        (b"spu/1", b"spu/9", "expected the element meddelande in the namespace"),
        (b"<meddelandeId>", b"<meddelandeId>hemligt", "kuvert/meddelandeId .*UUID"),
        (b"</inskrivningsmeddelande>", b"</inskrivningsmeddelande><sip/>", "not expected here; expected nothing more"),
    ],
)
def test_what_breaks_the_schema_is_told_by_place_and_expectation(
    lifecare: Mapping, old: bytes, new: bytes, words: str
) -> None:
    assert old in NOTICE
    with pytest.raises(MappingError, match=words) as caught:
        lifecare.to_fhir(NOTICE.replace(old, new))
    assert "hemligt" not in str(caught.value)


def test_type_and_body_must_agree(lifecare: Mapping) -> None:
    with pytest.raises(MappingError, match="kuvert/typ names another message"):
        lifecare.to_fhir(NOTICE.replace(b"<typ>inskrivningsmeddelande", b"<typ>sip"))


def test_an_acknowledgement_is_no_message(lifecare: Mapping) -> None:
    with pytest.raises(MappingError, match="expected the element meddelande"):
        lifecare.to_fhir((SAMPLES / "mottagningsbevis-mottaget.xml").read_bytes())


def test_comments_and_instructions_are_not_content(lifecare: Mapping) -> None:
    noisy = NOTICE.replace(b"<efternamn>", b"<!-- c --><?pi x?><efternamn>").replace(b"Lind", b"Li<!-- c -->nd")
    assert lifecare.to_fhir(noisy).bundle == lifecare.to_fhir(NOTICE).bundle


@pytest.mark.parametrize("content", [b"", b"<m/>", BOMB, NOTICE[:300], b"<a><b/></a>"])
def test_message_id_of_what_cannot_be_read(lifecare: Mapping, content: bytes) -> None:
    assert lifecare.message_id(content) is None


def test_message_id_of_a_record_that_breaks_its_schema(lifecare: Mapping) -> None:
    broken = NOTICE.replace(b"<version>1</version>", b"")
    assert lifecare.message_id(broken) == lifecare.message_id(NOTICE) != None  # noqa: E711


def test_text_that_xml_cannot_carry_is_refused(
    small: Callable[..., Mapping], message: Callable[..., dict[str, object]]
) -> None:
    mapping = small(
        "\n  - {fhir: communication.language, record: note/text}", resources="  communication: {type: Communication}"
    )
    with pytest.raises(MappingError, match="a character that XML cannot carry"):
        mapping.to_record(message({"resourceType": "Communication", "id": "c", "language": "a\x00b"}))


@pytest.mark.parametrize("declared", ["outside", "inside"])
def test_a_fault_in_a_record_with_prefixes_is_told_in_words(small: Callable[..., Mapping], declared: str) -> None:
    outside = ' xmlns:b="urn:small"' if declared == "outside" else ""
    inside = ' xmlns:b="urn:small"' if declared == "inside" else ""
    content = f'<a:message xmlns:a="urn:small"{outside}><a:id>h</a:id><b:kind{inside}></b:kind></a:message>'
    with pytest.raises(MappingError, match="the record does not follow its schema: message"):
        small().to_fhir(content.encode())
