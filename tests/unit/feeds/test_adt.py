"""HL7 v2 ADT: what is read, what is refused and how it is answered, and what a hostile sender can cost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.feeds import adt, answers
from adapter.feeds.er7 import MOST_READ, Message
from adapter.feeds.events import GONE, Kind, LeftOut, Postal, Ready, RefusedEvent, StayEvent
from adapter.feeds.model import Feed
from adapter.feeds.times import AmbiguousError, TimeError, instant, moment_or_day
from adapter.fhir.canonical import PERSONNUMMER, RESERVNUMMER, SAMORDNINGSNUMMER

NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)
FEED = {
    "id": "vas",
    "party": "region",
    "system": "VAS",
    "format": "hl7v2",
    "protocol": "http",
    "need": {"field": "ZSV-1", "values": ["J"], "time": "ZSV-2"},
    "receivers": [{"to": [{"kommunkod": "9901"}]}],
    "adt": {
        "leave_out": ["A05"],
        "application": "VAS",
        "ready": {"time": "ZSV-3", "assessor": "ZSV-4"},
        "identifiers": [{"authority": "RES", "system": "reservnummer"}, {"authority": "P", "system": "person"}],
        "addresses": {"registered": ["L", ""], "special": ["M"]},
        "confidential": {"field": "PV1-16", "values": ["S"]},
    },
}
SEGMENTS = {
    "MSH": "MSH|^~\\&|VAS|FJ|ADAPTER|FJ|20260309100100||ADT^A01|C1|T|2.5.1||||||UNICODE UTF-8",
    "EVN": "EVN||20260309100100",
    "PID": "PID|1||196111202989^^^&1.2.752.129.2.1.3.1&ISO||Norén^Kerstin^Maria||||||"
    "Idrottsgatan 1^lgh 2^Älvdala^^93132^SE^L^^990103",
    "PV1": "PV1|1|I|MED12||||||||||||||||V7|||||||||||||||||||||||||20260309080000|",
    "PV2": "PV2|||||||||20260316",
    "ZSV": "ZSV|J|20260309091500|20260315093000+0100|Dr Alm",
}


def feed(**changes):
    return Feed.model_validate(FEED | {"adt": FEED["adt"] | changes})


def message(**changes: str) -> bytes:
    """The segments, with some put in their place; an empty one is left out."""
    return "".join(f"{each}\r" for each in (SEGMENTS | changes).values() if each).encode()


def read(body: bytes, environment: str = "test", **changes):
    return adt.read(body, feed(**changes), environment)


def refused(body: bytes, environment: str = "test") -> RefusedEvent:
    with pytest.raises(RefusedEvent) as caught:
        read(body, environment)
    return caught.value


def test_everything_that_a_message_says_is_read():
    event = read(message())
    assert (event.control_id, event.kind, event.stay, event.unit) == ("C1", Kind.ADMITTED, "V7", "MED12")
    assert event.recorded == datetime(2026, 3, 9, 9, 1, tzinfo=UTC)
    assert event.admitted == "2026-03-09T08:00:00+01:00"
    assert (event.discharged, event.estimated) == (None, "2026-03-16")
    assert (event.needed, event.need_assessed) == (True, "2026-03-09T09:15:00+01:00")
    assert event.ready == Ready("2026-03-15T09:30:00+01:00", "Dr Alm")
    assert event.kommunkod == "9901"
    assert event.person.identifiers == ((PERSONNUMMER, "196111202989"),)
    assert (event.person.family, event.person.given) == ("Norén", ("Kerstin", "Maria"))
    assert event.person.addresses == (Postal(("Idrottsgatan 1", "lgh 2"), "93132", "Älvdala"),)
    assert event.person.labels == frozenset()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("19611120-2989^^^P", (PERSONNUMMER, "196111202989")),
        ("R-77^^^RES", (RESERVNUMMER, "R-77")),
        ("191401682396^^^P", (SAMORDNINGSNUMMER, "191401682396")),
        ("4711^^^LOCAL~196111202989^^^P", (PERSONNUMMER, "196111202989")),
    ],
)
def test_numbers_are_of_the_system_that_their_authority_says(written, found):
    event = read(message(PID=SEGMENTS["PID"].replace("196111202989^^^&1.2.752.129.2.1.3.1&ISO", written)))
    assert event.person.identifiers == (found,)


def test_labels_and_addresses_by_configuration():
    pid = SEGMENTS["PID"].replace("^L^^990103", "^L^^990103~Box 1^^Stockholm^^10000^SE^M~Hotell^^X^^1^SE^C")
    body = message(
        PID=f"{pid}\rPD1||||||||||||Y",
        PV1=SEGMENTS["PV1"].replace("MED12||||||||||||||||V7", "MED12|||||||||||||S|||V7"),
    )
    person = read(body).person
    assert person.labels == {"skyddadFolkbokforing", "sekretessmarkering"}
    assert [address.special for address in person.addresses] == [False, True]


def test_an_empty_field_says_nothing_and_a_null_says_that_it_is_gone():
    event = read(message(PV2='PV2|||||||||""', ZSV='ZSV|||""|'))
    assert (event.estimated, event.ready, event.needed) == (GONE, GONE, None)
    event = read(message(PV2="", ZSV=""))
    assert (event.estimated, event.ready, event.needed) == (None, None, None)


def test_escapes_are_letters_again():
    assert read(message(PID=SEGMENTS["PID"].replace("Norén", "A\\T\\B\\S\\C"))).person.family == "A&B^C"


def test_what_is_not_inpatient_care_or_left_out_on_purpose():
    assert isinstance(read(message(PV1=SEGMENTS["PV1"].replace("|I|", "|E|"))), LeftOut)
    assert isinstance(read(message(MSH=SEGMENTS["MSH"].replace("A01", "A05"))), LeftOut)


@pytest.mark.parametrize(
    ("segment", "old", "new", "code", "place"),
    [
        ("MSH", "ADT^A01", "ADT^A40", "AR|201", "MSH^1^9"),
        ("MSH", "ADT^A01", "ADT^A04", "AR|201", "MSH^1^9"),
        ("MSH", "ADT^A01", "ORU^R01", "AR|200", "MSH^1^9"),
        ("MSH", "|T|", "|P|", "AR|202", "MSH^1^11"),
        ("MSH", "2.5.1", "3.0", "AR|203", "MSH^1^12"),
        ("MSH", "UNICODE UTF-8", "BIG-5", "AR|103", "MSH^1^18"),
        ("MSH", "UNICODE UTF-8", "", "AR|102", "MSH^1^18"),
        ("MSH", "UNICODE UTF-8", "8859/1", "AR|102", "MSH^1^18"),
        ("MSH", "|VAS|", "|OTHER|", "AR|207", "MSH^1^3"),
        ("MSH", "|C1|", "||", "AR|101", "MSH^1^10"),
        ("MSH", "^~\\&", "^~^&", "AR|102", "MSH^1^2"),
        ("PID", "196111202989", "196111202988", "AE|102", "PID^1^3"),
        ("PID", "1.2.752.129.2.1.3.1", "1.2.3", "AE|101", "PID^1^3"),
        ("PID", "Norén", "No\x07rén", "AR|102", "PID"),
        ("PID", "PID|", "XXX|", "AE|100", "PID"),
        ("PV1", "PV1|", "XXX|", "AE|100", "PV1"),
        ("PV1", "V7", "", "AE|101", "PV1^1^19"),
        ("PV1", "20260309080000", "2026030925", "AE|102", "PV1^1^44"),
        ("PV1", "20260309080000", "20260229080000", "AE|102", "PV1^1^44"),
        ("PV1", "20260309080000", "20260329023000", "AE|102", "PV1^1^44"),
        ("EVN", "20260309100100", "yesterday", "AE|102", "EVN^1^2"),
    ],
)
def test_what_is_refused_is_answered_with_where_and_why(segment, old, new, code, place):
    body = message(**{segment: SEGMENTS[segment].replace(old, new, 1)})
    error = refused(body)
    answer = answers.write(answers.header_of(body), error, NOW, "1").decode()
    acknowledgement, number = code.split("|")
    assert f"\rMSA|{acknowledgement}|" in answer
    [line] = [each for each in answer.split("\r") if each.startswith("ERR")]
    assert line.startswith(f"ERR||{place}")
    assert f"|{number}^" in line
    assert "19611120" not in answer


def test_production_takes_production_alone():
    body = message(MSH=SEGMENTS["MSH"].replace("|T|", "|P|"))
    assert read(body, "production").control_id == "C1"
    assert refused(message(), "production").code == "202"


def test_an_answer_turns_the_header_round_and_keeps_its_separators():
    body = message(MSH="MSH#*!?%#VAS#FJ#ADAPTER#FJ#20260309100100##ADT*A01#C1#T#2.3.1###")
    header = answers.header_of(body)
    msh, msa, err, _ = answers.write(header, RefusedEvent("a#b", "102", "PID-3"), NOW, "x1").decode().split("\r")
    assert msh.split("#")[1:6] == ["*!?%", "ADAPTER", "FJ", "VAS", "FJ"]
    assert msh.split("#")[8:12] == ["ACK*A01*ACK", "x1", "T", "2.3.1"]
    assert msa == "MSA#AE#C1#PID-3: a?F?b"
    assert err.split("#")[2] == "PID*1*3*1"


def test_what_is_no_message_is_answered_all_the_same():
    for body in (b"", b"GET / HTTP/1.1", b"MSH", b"\xff" * 100, b"MSH|^~\\&|" + b"|" * 100_000):
        error = refused(body)
        assert error.reject
        assert answers.write(answers.header_of(body), error, NOW, "1").startswith(b"MSH|^~\\&|")


@pytest.mark.parametrize(("environment", "processing"), [("test", "T"), ("production", "P")])
def test_an_answer_to_what_cannot_be_read_is_marked_as_of_this_installation(environment, processing):
    written = answers.write(answers.header_of(b"GET / HTTP/1.1"), refused(b"GET / HTTP/1.1"), NOW, "1", environment)
    assert written.decode().split("\r")[0].split("|")[10] == processing
    said = answers.header_of(message(MSH=SEGMENTS["MSH"].replace("|T|", "|D|")))
    assert answers.write(said, None, NOW, "1", environment).decode().split("|")[10] == "D"


def test_hostile_messages_are_bounded():
    """What is not read costs nothing, and what is read is short: these took half a minute and 400 MB of the library."""
    event = read(message() + b"OBX|1|" + b"a~" * 1_000_000 + b"\r")
    assert event.control_id == "C1"
    assert refused(message(PID=SEGMENTS["PID"] + "~a" * MOST_READ)).place == "PID"
    assert "more than 2000 segments" in refused(message() + b"NTE|1\r" * 5000).words
    assert "more than one message" in refused(message() + message()).words
    many = message(PID=SEGMENTS["PID"].replace("Idrottsgatan", "~" * 10_000))
    assert len(read(many).person.addresses) <= 20


@given(data=st.data())
def test_whatever_comes_is_read_or_refused(data):
    """Bytes put in, taken out and changed anywhere."""
    body = bytearray(message())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 8)))
        body[start:end] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"|", b"^", b"~", b"\\", b"&", b"\r", b'""'])
        )
    found = outcome(bytes(body))
    assert isinstance(found, StayEvent | LeftOut) or answers.write(answers.header_of(bytes(body)), found, NOW, "1")


def outcome(body: bytes) -> StayEvent | LeftOut | RefusedEvent:
    try:
        return read(body)
    except RefusedEvent as error:
        return error


def test_a_charset_of_the_feed_counts_where_the_message_names_none():
    body = message(MSH=SEGMENTS["MSH"].replace("UNICODE UTF-8", "")).decode().encode("iso-8859-1")
    assert read(body, charset="iso-8859-1").person.family == "Norén"
    assert Message(body, "iso-8859-1", frozenset({"PID"})).value("PID-5") == "Norén"


class TestTimes:
    zone = Feed.model_validate(FEED).zone

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("202603091012", "2026-03-09T10:12:00+01:00"),
            ("20260709101203.1234", "2026-07-09T10:12:03+02:00"),
            ("20260309101203-0500", "2026-03-09T10:12:03-05:00"),
        ],
    )
    def test_local_time_gets_the_offset_of_its_day_and_an_offset_counts(self, text, found):
        assert instant(text, self.zone) == found

    def test_the_hour_that_happens_twice(self):
        with pytest.raises(AmbiguousError):
            instant("20261025023000", self.zone)
        assert instant("20261025023000", self.zone, "earlier") == "2026-10-25T02:30:00+02:00"
        assert instant("20261025023000", self.zone, "later") == "2026-10-25T02:30:00+01:00"
        assert instant("20261025023000+0100", self.zone) == "2026-10-25T02:30:00+01:00"

    @pytest.mark.parametrize("text", ["", "2026", "20260309", "20261309101200", "20260309 1012", "2026030910120+0100"])
    def test_what_is_no_instant(self, text):
        with pytest.raises(TimeError):
            instant(text, self.zone)

    def test_a_day_may_do(self):
        assert moment_or_day("20260309", self.zone) == "2026-03-09"
        for text in ("202603", "20260231"):
            with pytest.raises(TimeError):
                moment_or_day(text, self.zone)


def test_the_samples_are_read():
    folder = Path(__file__).parents[3] / "fixtures" / "feeds" / "adt"
    kinds = [read(file.read_bytes()).kind for file in sorted(folder.glob("*.hl7"))]
    assert kinds[0] == Kind.ADMITTED
    assert kinds[-2:] == [Kind.DISCHARGED, Kind.DISCHARGE_CANCELLED]
