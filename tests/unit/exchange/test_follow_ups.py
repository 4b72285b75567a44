"""Figures from stored facts: who may see them, that they can be computed again, and that a frozen month stays."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from adapter.directory import Directory
from adapter.discharge.suppression import ALL
from adapter.exchange.agreements import Agreements
from adapter.exchange.experiences import COLUMNS, QUESTIONNAIRE, Experiences, read_csv, read_fhir
from adapter.exchange.follow_up_figures import changes, written
from adapter.exchange.follow_ups import FollowUps, Period
from adapter.fhir import json
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.support.clock import ManualClock, to_micros
from adapter.support.errors import AdapterError, ForbiddenError

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
HOMES = {"2482": ("SE2120000001-HOME", "kommun-a"), "2480": ("SE2120000002-HOME", "kommun-b")}


def principal(party: str, *rights: Right) -> Principal:
    return Principal(f"token of {party}", party, frozenset(), frozenset(rights or [Right.LIST]))


OPERATIONS = principal("operations", *Right)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 5, 2, 9, 0, tzinfo=UTC))


@pytest.fixture
def follow_ups(stored: Any, directory: Directory) -> FollowUps:
    return FollowUps(stored.database, directory, Agreements(), stored.clock, 5)


def told(case: str, event: str, at: str, code: str = "2482", **instants: str) -> dict[str, Any]:
    """A fact."""
    micros = to_micros(datetime.fromisoformat(at))
    detail = {"header_id": f"{case}-{event}", "happened_at": micros, "tasks": [], "statements": {}}
    unit, party = HOMES[code]
    return {
        "case_id": case,
        "event": event,
        "sender_party": "region",
        "sender_unit": "SE2321000016-WARD",
        "receivers": [{"unit": unit, "party": party}],
        "instants": instants,
        "detail": detail | dict.fromkeys(("previous", "answers", "revises")),
        "recorded_at": micros,
    }


def keep(stored: Any, facts: list[dict[str, Any]], **patient: Any) -> None:
    """Facts of one person."""
    whose = {"patient_id": stored.patient(**patient), "message_id": stored.message()}
    with stored.database.write() as connection:
        connection.execute(insert(tables.fact), [fact | whose for fact in facts])


def stay(stored: Any, case: str, days: int, code: str = "2482", month: int = 3, **patient: Any) -> None:
    """A stay of somebody who was ready on the 9th, and left so many days later."""
    admitted, left = f"2026-{month:02}-08T06:00:00+00:00", f"2026-{month:02}-{9 + days:02}T10:00:00+00:00"
    facts = [
        told(case, "admission-notice", admitted, code, admission=admitted),
        told(case, "ready-for-discharge", f"2026-{month:02}-09T08:00:00+00:00", code),
        told(case, "discharge-notice", left, code, discharge=left),
    ]
    keep(stored, facts, **patient)


def figure(report: Any, measure: str, unit: str = ALL, column: str = ALL) -> Any:
    found = [each for each in report.figures if (each.measure, each.unit, each.column) == (measure, unit, column)]
    return found[0] if found else None


def test_an_empty_store_has_no_figure(follow_ups: FollowUps) -> None:
    assert follow_ups.report(OPERATIONS, MARCH).figures == ()


def test_the_stays_of_the_period_are_counted_by_unit_and_month(stored: Any, follow_ups: FollowUps) -> None:
    for number in range(6):
        stay(stored, f"a{number}", 2)
        stay(stored, f"b{number}", 4, "2480")
    stay(stored, "other month", 2, month=2)
    found = follow_ups.report(OPERATIONS, MARCH)
    assert (figure(found, "days-after-ready").of, figure(found, "days-after-ready").mean) == (12, 3)
    assert figure(found, "days-after-ready", "2480", "2026-03").mean == 4
    by_sender = follow_ups.report(OPERATIONS, MARCH, "sender")
    assert figure(by_sender, "notice-in-time", "SE2321000016-WARD").of == 12


def test_one_case_is_hidden(stored: Any, follow_ups: FollowUps) -> None:
    stay(stored, "a", 2)
    figures = follow_ups.report(OPERATIONS, MARCH).figures
    assert figures
    assert {(each.hidden, each.of) for each in figures if each.measure == "days-after-ready"} == {(True, None)}


def test_protected_persons_are_in_no_figure(stored: Any, follow_ups: FollowUps) -> None:
    for number in range(6):
        stay(stored, f"a{number}", 2)
        stay(stored, f"hidden{number}", 5, protected=True)
    assert figure(follow_ups.report(OPERATIONS, MARCH), "days-after-ready").of == 6


def test_periods_are_compared_side_by_side(stored: Any, follow_ups: FollowUps) -> None:
    for number in range(5):
        stay(stored, f"a{number}", 4, month=2)
        stay(stored, f"b{number}", 2)
    before = Period(date(2026, 1, 1), date(2026, 2, 1))
    found = follow_ups.compare(OPERATIONS, before, MARCH)
    assert found.columns == ("2026-01..2026-02", "2026-03")
    assert [figure(found, "days-after-ready", "2482", column).mean for column in found.columns] == [4, 2]
    change = next(
        each
        for each in changes(found.figures, found.columns)
        if (each["measure"], each["unit"]) == ("days-after-ready", "2482")
    )
    assert (change["share"], change["mean"], change["median"]) == (None, "-2.00", "-2.00")
    one = follow_ups.report(OPERATIONS, MARCH)
    assert changes(one.figures, one.columns) == []
    with pytest.raises(AdapterError, match="in common"):
        follow_ups.compare(OPERATIONS, before, Period(date(2026, 2, 1), date(2026, 3, 1)))


def test_a_municipality_sees_its_own_and_all_and_a_region_everything(stored: Any, follow_ups: FollowUps) -> None:
    for number in range(6):
        stay(stored, f"a{number}", 2)
        stay(stored, f"b{number}", 4, "2480")
    units = {each.unit for each in follow_ups.report(principal("kommun-a"), MARCH).figures}
    assert units == {"2482", ALL}
    assert {each.unit for each in follow_ups.report(principal("region"), MARCH).figures} == {"2480", "2482", ALL}
    with pytest.raises(ForbiddenError, match="regions and operations"):
        follow_ups.report(principal("kommun-a"), MARCH, "sender")
    with pytest.raises(ForbiddenError, match="'list'"):
        follow_ups.report(principal("region", Right.SEND), MARCH)
    with pytest.raises(ForbiddenError, match="'all-parties'"):
        follow_ups.freeze(principal("region"), MARCH.first, "årets uppföljning")


def test_the_same_question_about_the_same_instant_has_the_same_answer(stored: Any, follow_ups: FollowUps) -> None:
    for number in range(6):
        stay(stored, f"a{number}", 2)
    at = stored.clock.now()
    before = follow_ups.report(OPERATIONS, MARCH, at=at)
    stored.clock.advance(timedelta(days=1))
    facts = [
        told("late", "admission-notice", "2026-03-08T06:00:00+00:00"),
        told("late", "discharge-notice", "2026-05-03T08:00:00+00:00", discharge="2026-03-10T08:00:00+00:00"),
    ]
    keep(stored, facts)
    assert follow_ups.report(OPERATIONS, MARCH, at=at) == before
    assert figure(follow_ups.report(OPERATIONS, MARCH), "disagreement").hidden is False
    assert figure(follow_ups.report(OPERATIONS, MARCH), "disagreement").of == 7
    assert figure(before, "disagreement").of == 6


def test_a_frozen_month_never_changes_and_what_came_later_is_beside_it(stored: Any, follow_ups: FollowUps) -> None:
    for number in range(6):
        stay(stored, f"a{number}", 2)
    stored.clock.advance(datetime(2026, 4, 30, 8, tzinfo=UTC) - stored.clock.now())
    with pytest.raises(AdapterError, match="known from 2026-05-01"):
        follow_ups.freeze(OPERATIONS, MARCH.first, "årets uppföljning")
    stored.clock.advance(timedelta(days=1))
    frozen = follow_ups.freeze(OPERATIONS, MARCH.first, "årets uppföljning")
    assert frozen.since == ()
    with pytest.raises(AdapterError, match="frozen before"):
        follow_ups.freeze(OPERATIONS, MARCH.first, "igen")
    stored.clock.advance(timedelta(days=1))
    stay(stored, "one more", 2)
    small = follow_ups.frozen(OPERATIONS, MARCH.first)
    assert (small.content, small.sha256) == (frozen.content, frozen.sha256)
    assert small.since
    assert all(each["small"] and each["now"] is None for each in small.since)
    for number in range(6):
        stay(stored, f"more{number}", 4)
    large = follow_ups.frozen(OPERATIONS, MARCH.first)
    assert large.content == frozen.content
    (change,) = (
        each
        for each in large.since
        if (each["by"], each["measure"], each["unit"], each["column"])
        == ("municipality", "days-after-ready", "2482", ALL)
    )
    assert (change["then"]["mean"], change["now"]["mean"]) == ("2.00", "2.92")
    own = follow_ups.frozen(principal("kommun-b"), MARCH.first)
    assert {each["unit"] for each in own.content["municipality"]} == {ALL}
    assert own.content["sender"] == []


def test_a_month_that_was_not_frozen_is_none(follow_ups: FollowUps) -> None:
    with pytest.raises(AdapterError, match="is not frozen"):
        follow_ups.frozen(OPERATIONS, MARCH.first)


@pytest.mark.parametrize(("first", "last"), [("2026-03-01", "2026-02-01"), ("2020-01-01", "2026-01-01")])
def test_a_period_has_its_bounds(first: str, last: str) -> None:
    with pytest.raises(AdapterError, match="1 to 36 months"):
        Period(date.fromisoformat(first), date.fromisoformat(last))


def test_numbers_are_written_the_same_anywhere(stored: Any, follow_ups: FollowUps) -> None:
    for number in range(6):
        stay(stored, f"a{number}", 2 + number % 2)
    told = written(figure(follow_ups.report(OPERATIONS, MARCH), "take-home-time"))
    assert (told["of"], told["mean"], told["median"], told["p90"], told["share"]) == (6, "2.50", "2.50", "3.00", None)


# the person's own experience

_LINE = "r1,2026-03,2482,SE2120000001-HOME,yes,partly,no,not-relevant,,do-not-know"


def csv_of(*lines: str) -> bytes:
    return "\n".join((",".join(COLUMNS), *lines)).encode()


def test_answers_come_as_csv_once_and_count(stored: Any, follow_ups: FollowUps) -> None:
    experiences = Experiences(stored.database, stored.clock)
    given = read_csv(csv_of(*(_LINE.replace("r1", f"r{number}") for number in range(6))))
    assert experiences.take(OPERATIONS, given).taken == 6
    again = experiences.take(OPERATIONS, given)
    assert (again.taken, again.known) == (0, 6)
    found = follow_ups.report(OPERATIONS, MARCH)
    shares = {code: figure(found, code, "2482").share for code in ("involved", "understood", "whom-to-contact")}
    assert shares == {"involved": 1, "understood": 0, "whom-to-contact": 0}
    assert figure(found, "help-came").of == 0
    with pytest.raises(ForbiddenError):
        experiences.take(principal("region"), given)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"a,b\n1,2", "line 1: expected the columns"),
        (csv_of("r1,2026-03,2482,x,yes"), "line 2: expected"),
        (csv_of(_LINE, _LINE.replace("2026-03", "2026-13")), "line 3: expected the month"),
        (csv_of(_LINE.replace("2482", "24")), "kommunkod of four digits"),
        (csv_of(_LINE.replace("partly", "hemligt")), "answers of"),
        (csv_of(_LINE.replace("r1", "194108109168")), "no person's number"),
        (csv_of(_LINE.replace("r1", "410810-9168")), "no person's number"),
        (csv_of('r1,"2026'), "not CSV"),
    ],
)
def test_what_is_wrong_is_said_by_its_line_and_not_repeated(raw: bytes, words: str) -> None:
    with pytest.raises(AdapterError, match=words) as caught:
        read_csv(raw)
    assert "hemligt" not in str(caught.value)
    assert "9168" not in str(caught.value)


def response(**more: Any) -> dict[str, Any]:
    coding = {"system": "https://discharge-adapter.example/fhir/CodeSystem/experience", "code": "yes"}
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "r1",
        "questionnaire": QUESTIONNAIRE,
        "status": "completed",
        "subject": {"reference": "Patient/1"},
        "authored": "2026-03-31T23:30:00+01:00",
        "item": [
            {"linkId": "safe", "answer": [{"valueCoding": coding}]},
            {"linkId": "own-words", "answer": [{"valueString": "Tack till Anna"}]},
        ],
    } | more


def test_responses_are_kept_without_the_person_and_the_words(stored: Any) -> None:
    label = {"system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel", "code": "skyddadFolkbokforing"}
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": response()}, {"resource": response(id="r2", meta={"security": [label]})}],
    }
    given = read_fhir(json.serialize(bundle), "2482", "ward")
    assert [(each.month, each.kommunkod, each.unit, each.answers) for each in given] == [
        ("2026-04", "2482", "ward", {"safe": "yes"}),
        ("2026-04", "", "", {"safe": "yes"}),
    ]
    Experiences(stored.database, stored.clock).take(OPERATIONS, given)
    assert "Anna" not in str(stored.rows(tables.experience))
    with pytest.raises(AdapterError, match="expected QuestionnaireResponses"):
        read_fhir(json.serialize(response(questionnaire="x")))
    with pytest.raises(AdapterError, match="response 1: expected the month"):
        read_fhir(json.serialize(response(authored="2026-03-31")))
