"""System values: dates of partial precision, quantities with units, equality, order, arithmetic, boundaries."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import fhirpath
from adapter.fhirpath import FhirPathError, ucum


def evaluate(expression: str) -> str:
    """The items as text, joined; `error` where it cannot be evaluated."""
    try:
        return ", ".join("" if item is None else str(item) for item in fhirpath.compile(expression)(None))
    except FhirPathError:
        return "error"


def check(table: str) -> Any:
    """Lines of `expression => result`."""
    rows = [
        line.split(" => ") if " => " in line else [line.removesuffix(" =>"), ""] for line in table.strip().split("\n")
    ]
    return pytest.mark.parametrize(("expression", "result"), [(a.strip(), b.strip()) for a, b in rows])


@check("""
@2012 = @2012 => True
@2012 = @2013 => False
@2012-01 = @2012 =>
@2012-01-01T10:30:31.0 = @2012-01-01T10:30:31 => True
@2012-01-01T10:30:31.1 = @2012-01-01T10:30:31 => False
@2012-01-01T10:30:31 = @2012-01-01T10:30 =>
@2017-11-05T01:30:00.0-04:00 = @2017-11-05T00:30:00.0-05:00 => True
@2017-11-05T01:30:00.0-04:00 < @2017-11-05T01:15:00.0-05:00 => True
@2018-01-01T16:00:00+12:00 <= @2018-01-01T15:00:00.0+10:00 => True
@2018-03-01T10 > @2018-03-01T10:30 =>
@2018-03-01 < @2018-03-02T10:00:00 => True
@2018-03-01 = @T10:00 => False
@2018-03-01 < @T10:00 => error
@2012-04-15T15:00:00Z = @2012-04-15T10:00:00 =>
@2012-04-15T15:00:00Z < @2012-04-17T10:00:00 => True
@2012-01-01T00:30:00+01:00 = @2011-12-31T23:30:00Z => True
@2012-01 ~ @2012 => False
@2012-01-01T10:30:31.0 ~ @2012-01-01T10:30:31 => True
@1973-12-25 + 7 days => 1974-01-01
@1973-12-25 + 7.9 days => 1974-01-01
@2019-03-01 + 24 months => 2021-03-01
@2026-01-31 + 1 month => 2026-02-28
@2024-02-29 + 1 year => 2025-02-28
@2024-03-31 - 1 month => 2024-02-29
@2014 + 24 months => 2016
@2014 + 23 months => 2015
@2016 + 365 days => 2017
@2026-02 + 5 weeks => 2026-03
@2026-02 + 4 weeks => 2026-02
@2014 - 1 month => 2014
@2026-01-01T13:00:00 + 30 minutes => 2026-01-01T13:30:00
@1973-12-25T00:00:00.000+10:00 + 42.53 seconds => 1973-12-25T00:00:42.530+10:00
@1973-12-25 + 1 'd' => 1973-12-26
@1973-12-25 + 1 'a' => error
@1973-12-25 + 1 'cm' => error
@9999-12-31 + 1 day => error
@0001-01-01 - 1 day => error
@2020-01-01 + 99999999999999 days => error
@T23:30:00 + 1 hour => 00:30:00
@T00:30:00 - 1 hour => 23:30:00
@T01:00:00 + 48 hour => 01:00:00
@T10:00 + 1 day => error
@T10:30 + 90 seconds => 10:31
""")
def test_dates_and_times(expression: str, result: str) -> None:
    assert evaluate(expression) == result


@check("""
1 'cm' = 10.0 'mm' => True
1 'cm' = 1 'm' => False
1 'cm' = 1 's' =>
23 'Cel' = 73.4 '[degF]' => True
1 hour = 3600 's' => True
1 year = 1 'a' =>
1 year ~ 1 'a' => True
1 year = 12 months => True
1 year = 12 'mo' =>
1 year ~ 12 'mo' => True
1 year = 365 days => True
7 days = 1 'wk' => True
1 year > 1 'a' =>
10 seconds > 1 's' => True
6 months > 1 year => False
2.1 'cm' ~ 21 'mm' => True
21 'mm' ~ 2 'cm' => True
1 '[in_i]' ~ 2.5 'cm' => True
4 'g' ~ 4040 'mg' => True
23 = 23 '1' => True
3 'm' + 3 'cm' => 303 'cm'
3 'cm' - 3 'm' => -297 'cm'
2 + 2 'cm' =>
2 + 2 '1' => 4 '1'
1 year + 12 months =>
60 's' + 2 minutes => 180 second
1 'wk' + 2 days => 9 days
3 'd' + 1 'wk' => 10 'd'
12 'cm' * 3 'cm' => 36 'cm2'
10 'm/s' * 10 's' => 100 'm'
3 * 2 'cm' => 6 'cm'
12 days * 45 'm' =>
12 'cm2' / 3 'cm' => 4 'cm'
120 'm' / 60 's' => 2 'm/s'
60 's' / 2 => 30 's'
1 'm' / 0 =>
1 'nosuch' = 1 'nosuch' => True
1 'nosuch' = 1 'cm' =>
10 'Cel' * 2 'm' =>
52 'cm'.toQuantity('m') => 0.52 'm'
24 'm'.toQuantity('kg') =>
1 'a'.toQuantity('d') => 365.25 'd'
182.5 days.toQuantity('a') => 0.5 'a'
2 '[in_i]'.convertsToQuantity('cm') => True
'4 days'.toQuantity() => 4 days
'10 \\'mm[Hg]\\''.toQuantity() => 10 'mm[Hg]'
'4 nosuch'.toQuantity() =>
1 'm'.comparable(20 'cm') => True
1 year.comparable(1 'a') => False
(53 'km').toString() => 53 'km'
(4 days).toString() => 4 days
-(5.5 'mg') => -5.5 'mg'
(5.5 'mg').unit => mg
""")
def test_quantities(expression: str, result: str) -> None:
    assert evaluate(expression) == result


@check("""
{} = {} =>
{} ~ {} => True
1 = 1.0 => True
1.10 ~ 1.1 => True
1.2 / 1.8 ~ 0.67 => True
'a' ~ 'A' => True
'a b' ~ 'a\\tb' => True
(1 | 2 | 3) ~ (3 | 2 | 1) => True
(1 | 2 | 3) = (3 | 2 | 1) => False
1 = 'a' => False
1 < 'a' => error
true = 1 => False
1 | 1.0 => 1
true | 1 => True, 1
2147483647 + 1 =>
2147483647L + 1 => 2147483648
5L is Long => True
1 / 0 =>
5 div 2 => 2
-5 div 2 => -2
-5 mod 2 => -1
5.5 div 0.7 => 7
2.2 mod 1.8 => 0.4
'a' + 1 => error
(1 | 2) + 1 => error
{} + 1 =>
'a' & {} => a
-'a' => error
10.power(1000000) =>
2.power(-1) => 0.5
(-1).sqrt() =>
100000.exp() =>
0.ln() =>
16.log(2) => 4
0.log(2) => error
3.14159.round(3) => 3.142
1.round(-1) => error
(-1.5).round() => -2
""")
def test_equality_and_arithmetic(expression: str, result: str) -> None:
    assert evaluate(expression) == result


@check("""
1.587.lowBoundary() => 1.58650000
1.587.lowBoundary(2) => 1.58
1.587.highBoundary(2) => 1.59
1.587.highBoundary(0) => 2
(-1.587).lowBoundary(2) => -1.59
(-1.587).highBoundary(2) => -1.58
(-1.587).highBoundary(0) => -1
1.587.lowBoundary(40) =>
@2014.lowBoundary(6) => 2014-01
@2014.highBoundary(6) => 2014-12
@2014-02.highBoundary() => 2014-02-28
@2014-01-01T08.lowBoundary(17) => 2014-01-01T08:00:00.000+14:00
@2014-01-01T08:05+01:00.highBoundary(17) => 2014-01-01T08:05:59.999+01:00
@T10:30.highBoundary(9) => 10:30:59.999
@T10:30:12.5.highBoundary(9) => 10:30:12.599
'a'.lowBoundary() => error
1.58700.precision() => 5
@2014-01-05T10:30:00.000.precision() => 17
@T10:30.precision() => 4
@2014-01-05T10:30:00.120+08:45.timezoneOffsetOf() => 8.75
@2014-01-05T10:30:00.120.millisecondOf() => 120
@2014-01-05T10:30:00.120.timeOf() => 10:30:00.120
@2014-01-05T10:30:00.120.dateOf() => 2014-01-05
@2014.monthOf() =>
@2025-01-02.duration(@2025-01-07, 'week') => 0
@2025-01-02.difference(@2025-01-07, 'week') => 1
@2024-12-01.duration(@2025-09-01, 'year') => 0
@2024-12-01.difference(@2025-09-01, 'year') => 1
@2025-09-01.duration(@2024-12-02, 'month') => -8
@2025-01-01.duration(@2025-01-02, 'hour') => error
@2025.duration(@2026, 'day') =>
""")
def test_boundaries_and_parts(expression: str, result: str) -> None:
    assert evaluate(expression) == result


@pytest.mark.parametrize(
    ("code", "other", "factor"),
    [
        ("mm[Hg]", "Pa", 133.322),
        ("mg/dL", "g/L", 0.01),
        ("10*9/L", "10*6/mL", 1),
        ("mmol/L", "umol/mL", 1),
        ("kg.m/s2", "N", 1),
        ("mL/min/{1.73_m2}", "L/h", 0.06),
        ("[lb_av]", "kg", 0.45359237),
        ("cal", "J", 4.184),
        ("g/(kg.d)", "mg/kg/d", 1000),
        ("/min", "Hz", 1 / 60),
        ("%", "1", 0.01),
        ("[iU]/L", "m[iU]/mL", 1),
    ],
)
def test_units_convert(code: str, other: str, factor: float) -> None:
    one, two = ucum.unit(code), ucum.unit(other)
    assert one.dimension == two.dimension
    assert float(one.factor / two.factor) == pytest.approx(factor)


@pytest.mark.parametrize(
    "code", ["", "mgg", "kkg", "m/", "(m", "m)", "m m", "m99999", "[nosuch]", "x" * 1000, "{a", "m0"]
)
def test_what_is_no_unit(code: str) -> None:
    with pytest.raises(ucum.UnitError):
        ucum.unit(code)


@given(st.text(alphabet="mgkL[]{}()/.*10+-s%'", max_size=20))
def test_any_text_is_a_unit_or_our_error(code: str) -> None:
    with contextlib.suppress(ucum.UnitError):
        ucum.unit(code)
