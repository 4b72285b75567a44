"""Swedish days: worked examples of DOMAIN's clock arithmetic and the calendar of 1989:253 and 1930:173."""

from datetime import UTC, date, datetime

import pytest

from adapter.discharge import calendar


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (date(2026, 3, 11), date(2026, 3, 11)),  # a Wednesday
        (date(2026, 3, 14), date(2026, 3, 16)),  # Saturday
        (date(2026, 3, 15), date(2026, 3, 16)),  # Sunday
        (date(2026, 4, 3), date(2026, 4, 7)),  # långfredagen to the Tuesday after Easter
        (date(2026, 6, 19), date(2026, 6, 22)),  # midsommarafton, a Friday
        (date(2026, 12, 24), date(2026, 12, 28)),  # julafton, Thursday; then two holidays and a Sunday
        (date(2026, 12, 31), date(2027, 1, 4)),  # nyårsafton, Thursday; New Year's Day, then the weekend
        (date(2024, 12, 31), date(2025, 1, 2)),
        (date(2028, 2, 29), date(2028, 2, 29)),  # a Tuesday
        (date(2026, 5, 14), date(2026, 5, 15)),  # Kristi himmelsfärdsdag, a Thursday
        (date(2026, 6, 6), date(2026, 6, 8)),  # the national day, a Saturday
        (date(2026, 10, 31), date(2026, 11, 2)),  # alla helgons dag
        (date(2026, 1, 6), date(2026, 1, 7)),  # trettondagen
        (date(2026, 1, 5), date(2026, 1, 5)),  # trettondagsafton is none of the eves
    ],
)
def test_an_act_moves_to_the_next_weekday(day: date, moved: date) -> None:
    assert calendar.weekday_for_act(day) == moved


@pytest.mark.parametrize(
    ("instant", "after"),
    [
        ("2026-03-09T12:00:00+01:00", False),
        ("2026-03-09T12:00:01+01:00", True),
        ("2026-03-09T12:00:00.000001+01:00", True),
        ("2026-03-09T10:59:59+00:00", False),
        ("2026-07-09T10:00:00+00:00", False),
        ("2026-07-09T10:00:01+00:00", True),
        ("2026-07-09T00:00:00+02:00", False),
    ],
)
def test_noon_is_swedish_and_sharp(instant: str, after: bool) -> None:
    assert calendar.after_noon(datetime.fromisoformat(instant)) is after


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 28), 24)])
def test_days_have_the_length_that_summer_time_gives_them(day: date, hours: int) -> None:
    assert (calendar.end_of(day) - calendar.midnight(day)).total_seconds() == hours * 3600


def test_the_local_day_is_that_of_sweden() -> None:
    assert calendar.local_date(datetime(2026, 3, 9, 23, 0, tzinfo=UTC)) == date(2026, 3, 10)
    assert calendar.local_date(datetime(2026, 7, 9, 22, 0, tzinfo=UTC)) == date(2026, 7, 10)


def test_holidays_are_those_of_the_law_without_eves() -> None:
    assert calendar.public_holiday(date(2026, 6, 20))
    assert not calendar.public_holiday(date(2026, 6, 19))
    assert calendar.public_holiday(date(2026, 3, 15))
