"""The acknowledgement of an HL7 v2 message: AA taken, AE wrong in its content, AR not of a kind that is taken.

Original mode; what is wrong stands in ERR, where (ERR-2), as a code of table 0357 (ERR-3) and in words (ERR-8). Before
version 2.4 there are no such fields, so that the words stand in MSA-3 too.
"""

from datetime import datetime

from adapter.feeds import er7
from adapter.feeds.events import RefusedEvent
from adapter.support.clock import STOCKHOLM

MEDIA_TYPE = "x-application/hl7-v2+er7"
_CODES = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}
_PROCESSING = {"production": "P", "test": "T"}
_OLD = ("2.1", "2.2", "2.3")


def write(
    header: dict[int, str], refused: RefusedEvent | None, at: datetime, own_id: str, environment: str = "production"
) -> bytes:
    """The answer to a message with these fields of MSH (raw, none where it had none); UTF-8, said in MSH-18.

    `own_id` is the answer's MSH-10; `environment` says what MSH-11 is where the message did not say it. What is
    repeated of the sender's header is kept to single fields, so that it can add nothing to the answer.
    """
    bar = header.get(1, "|")
    others = (header.get(2, "") + "^~\\&"[len(header.get(2, "")) :])[:4] if header.get(2) else "^~\\&"
    trigger = _part(header.get(9, ""), others[0], 1)
    kind = others[0].join(["ACK", trigger, "ACK"] if trigger else ["ACK"])
    version = header.get(12, "") or "2.5"
    code = "AA" if refused is None else "AR" if refused.reject else "AE"
    sent = at.astimezone(STOCKHOLM).strftime("%Y%m%d%H%M%S%z")
    msh = [
        *("MSH", others, header.get(5, ""), header.get(6, ""), header.get(3, ""), header.get(4, "")),
        *(
            sent,
            "",
            kind,
            own_id,
            header.get(11, "") or _PROCESSING[environment],
            version,
            "",
            "",
            "",
            "",
            "",
            "UNICODE UTF-8",
        ),
    ]
    msa = ["MSA", code, header.get(10, "")]
    segments = [bar.join(msh), bar.join(msa)]
    if refused is not None:
        words = _escaped(f"{refused.place}: {refused.words}" if refused.place else refused.words, bar, others)
        if version.startswith(_OLD):
            segments[1] += f"{bar}{words[:80]}"
        coded = others[0].join([refused.code, _CODES[refused.code], "HL70357"])
        location = others[0].join(_location(refused.place))
        segments.append(bar.join(["ERR", "", location, coded, "E", "", "", "", words]))
    return ("\r".join(segments) + "\r").encode()


def header_of(body: bytes) -> dict[int, str]:
    """The fields of MSH that an answer needs; none where the message does not begin with a header that can be read."""
    try:
        return er7.header(body)
    except RefusedEvent:
        return {}


def _location(place: str) -> list[str]:
    """ERR-2: segment, its number, field, repetition, component."""
    segment, _, field = place.partition("-")
    if len(segment) != 3 or not segment.isalnum() or not segment.isascii():
        return []
    number, _, component = field.partition(".")
    return [segment, "1", *([number, "1"] if number else []), *([component] if component else [])]


def _part(text: str, separator: str, index: int) -> str:
    parts = text.split(separator)
    return parts[index] if len(parts) > index and parts[index].isalnum() else ""


def _escaped(words: str, bar: str, others: str) -> str:
    names = dict(zip((bar, *others), "FSRET", strict=False))
    escape = others[2]
    return "".join(f"{escape}{names[each]}{escape}" if each in names else each for each in words)
