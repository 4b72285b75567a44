"""The person's own experience: answers of the questionnaire own-experience, taken in without the person.

No message carries them. They come as QuestionnaireResponses or as CSV, and what is kept of each is the month, the
municipality and the unit that the one who imports them says, and the coded answers: no name, no number, no words.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from adapter.discharge import calendar
from adapter.discharge.follow_up import Row
from adapter.discharge.measures import QUESTIONS
from adapter.fhir import identifiers, instants, json
from adapter.fhir.canonical import CANONICAL, PROTECTED_IDENTITY, SECURITY_LABEL
from adapter.fhir.shapes import obj, objects, text
from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.store.database import Database
from adapter.support.clock import Clock, to_micros
from adapter.support.errors import AdapterError

QUESTIONNAIRE = f"{CANONICAL}/Questionnaire/own-experience"
CODES = frozenset({"yes", "partly", "no", "not-relevant", "do-not-know"})
COLUMNS = ("response", "month", "kommunkod", "unit", *QUESTIONS)
MOST_BYTES = 64 * 1024 * 1024
_ANSWERED = frozenset({"yes", "partly", "no"})
_SYSTEM = f"{CANONICAL}/CodeSystem/experience"
_MONTH, _KOMMUNKOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])"), re.compile(r"([0-9]{4})?")
_NUMBER, _TWELVE = re.compile(r"([0-9]{6}|[0-9]{8})[-+ ]?([0-9]{4})"), 12
_LONGEST = 255
_BATCH = 1000


@dataclass(frozen=True)
class Answers:
    """One set of answers. `response` identifies it to its source; `kommunkod` and `unit` are empty where not said."""

    response: str
    month: str
    kommunkod: str
    unit: str
    answers: dict[str, str]


@dataclass(frozen=True)
class Imported:
    """How many sets of answers were new, and how many were there before."""

    taken: int
    known: int


class Experiences:
    """Takes answers in."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take(self, principal: Principal, given: Iterable[Answers]) -> Imported:
        """Keep those that are new. Needs ALL_PARTIES; audited."""
        principal.require(Right.ALL_PARTIES)
        sets = {_digest(each.response): each for each in given}
        at = to_micros(self._clock.now())
        with self._database.write() as connection:
            known = set[str]()
            digests = sorted(sets)
            for start in range(0, len(digests), _BATCH):
                some = tables.experience.c.response.in_(digests[start : start + _BATCH])
                known |= set(connection.execute(select(tables.experience.c.response).where(some)).scalars())
            new = [
                {
                    "response": digest,
                    "kommunkod": each.kommunkod,
                    "unit": each.unit,
                    "month": each.month,
                    "answers": each.answers,
                    "imported_at": at,
                    "imported_by": principal.name,
                }
                for digest, each in sorted(sets.items())
                if digest not in known
            ]
            if new:
                connection.execute(insert(tables.experience), new)
            audit.record(connection, principal, "experience-import", "follow-up", at, taken=len(new))
        return Imported(len(new), len(known))


def answered(connection: Connection, months: Iterable[str], until: int) -> Iterator[Row]:
    """The kept answers of the months, as rows: *yes* is one, *partly* and *no* are not; other answers do not count."""
    table, last, wanted = tables.experience.c, 0, sorted(set(months))
    while True:
        query = select(tables.experience).where(table.id > last, table.month.in_(wanted), table.imported_at <= until)
        found = connection.execute(query.order_by(table.id).limit(_BATCH)).all()
        for row in found:
            shares = {name: word == "yes" for name, word in row.answers.items() if word in _ANSWERED}
            yield Row(row.kommunkod, row.unit, row.month, shares)
        if not found:
            return
        last = found[-1].id


def read_csv(raw: bytes) -> list[Answers]:
    """Answers from CSV in UTF-8, comma or semicolon, with the COLUMNS as its first line. Raises AdapterError that names
    the line, not what is in it."""
    try:
        words = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AdapterError("the file is not UTF-8") from error
    separator = ";" if ";" in words.partition("\n")[0] else ","
    lines = csv.DictReader(io.StringIO(words), delimiter=separator, strict=True)
    try:
        if tuple(lines.fieldnames or ()) != COLUMNS:
            raise AdapterError(f"line 1: expected the columns {separator.join(COLUMNS)}")
        return [_checked(_of_line(line), f"line {lines.line_num}") for line in lines]
    except csv.Error as error:
        raise AdapterError(f"line {lines.line_num}: this is not CSV") from error


def _of_line(line: dict[str | None, Any]) -> Answers:
    if None in line or None in line.values():
        return Answers("", "", "", "", {})
    said = {name: line[name].strip() for name in QUESTIONS if line[name].strip()}
    return Answers(
        line["response"].strip(), line["month"].strip(), line["kommunkod"].strip(), line["unit"].strip(), said
    )


def read_fhir(raw: bytes, kommunkod: str = "", unit: str = "") -> list[Answers]:
    """Answers from a QuestionnaireResponse, or a Bundle of such, in JSON; the municipality and unit are the importer's
    word. Of a response labelled skyddad folkbokföring neither is kept. Raises AdapterError and ParseError."""
    resource = json.parse(raw)
    given = [obj(entry.get("resource")) for entry in objects(resource.get("entry"))] or [resource]
    return [
        _checked(_of_response(each, kommunkod, unit), f"response {number}")
        for number, each in enumerate(given, start=1)
    ]


def _of_response(resource: dict[str, Any], kommunkod: str, unit: str) -> Answers:
    asked = (text(resource.get("questionnaire")) or "").partition("|")[0]
    if resource.get("resourceType") != "QuestionnaireResponse" or asked != QUESTIONNAIRE:
        raise AdapterError(f"expected QuestionnaireResponses to {QUESTIONNAIRE}")
    labels = {(each.get("system"), each.get("code")) for each in objects(obj(resource.get("meta")).get("security"))}
    if (SECURITY_LABEL, PROTECTED_IDENTITY) in labels:
        kommunkod = unit = ""
    identifier = obj(resource.get("identifier"))
    name = f"{text(identifier.get('system')) or ''}|{text(identifier.get('value')) or text(resource.get('id')) or ''}"
    return Answers("" if name == "|" else name, _month(resource), kommunkod, unit, dict(_codes(resource)))


def _month(resource: dict[str, Any]) -> str:
    authored: datetime | None = instants.parse(text(resource.get("authored")))
    return "" if authored is None else f"{calendar.local_date(authored):%Y-%m}"


def _codes(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for item in objects(resource.get("item")):
        name = text(item.get("linkId"))
        codings = (obj(answer.get("valueCoding")) for answer in objects(item.get("answer")))
        code = next((text(each.get("code")) for each in codings if each.get("system") == _SYSTEM), None)
        if name in QUESTIONS and code:
            yield name, code


def _checked(found: Answers, place: str) -> Answers:
    problems = {
        "an identifier of the response": 0 < len(found.response) <= _LONGEST,
        "an identifier that is no person's number: its hash could be led back": not _is_persons(found.response),
        "the month as YYYY-MM, or an authored instant with offset": _MONTH.fullmatch(found.month),
        "a kommunkod of four digits, or none": _KOMMUNKOD.fullmatch(found.kommunkod),
        "a unit of at most 64 characters": len(found.unit) <= 64,
        f"answers of {', '.join(sorted(CODES))}": set(found.answers.values()) <= CODES,
    }
    missing = [words for words, holds in problems.items() if not holds]
    if missing:
        raise AdapterError(f"{place}: expected {'; '.join(missing)}")
    return found


def _is_persons(response: str) -> bool:
    """Whether an identifier, after its system, is a personnummer or samordningsnummer, with the century or without."""
    parts = _NUMBER.fullmatch(response.rpartition("|")[2].strip())
    if parts is None:
        return False
    digits = "".join(parts.groups())
    forms = [digits] if len(digits) == _TWELVE else [f"19{digits}", f"20{digits}"]
    return any(identifiers.is_personnummer(form) or identifiers.is_samordningsnummer(form) for form in forms)


def _digest(response: str) -> str:
    return hashlib.sha256(response.encode()).hexdigest()
