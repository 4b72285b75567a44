"""What is an expression and what is not; errors name the place."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import fhirpath
from adapter.fhirpath import FhirPathError, FhirPathSyntaxError


def evaluate(expression: str) -> list[object]:
    return fhirpath.compile(expression)(None)


@pytest.mark.parametrize(
    ("expression", "line", "column", "words"),
    [
        ("", 1, 1, "expected an expression"),
        ("name.", 1, 6, "expected a name or a function"),
        ("name.where(use = 'x'", 1, 21, "expected )"),
        ("'abc", 1, 1, "not closed: expected '"),
        ("`abc", 1, 1, "not closed: expected `"),
        ("1 +\n  * 2", 2, 3, "expected an expression"),
        ("a b", 1, 3, "expected an operator or the end"),
        ("/* a", 1, 1, "expected */"),
        ("'\\q'", 1, 1, "not an escape"),
        ("@2014-13-01", 1, 1, "no such date"),
        ("@2014-02-29", 1, 1, "no such date"),
        ("@T25:00", 1, 1, "no such date or time"),
        ("@abc", 1, 1, "expected a date or time"),
        ("$that", 1, 1, "$this, $index or $total"),
        ("%", 1, 2, "name of a variable"),
        ("2147483649", 1, 1, "too large"),
        ("#", 1, 1, "unexpected character"),
        ("a is", 1, 5, "expected a name"),
    ],
)
def test_syntax_errors_name_the_place_and_what_was_expected(
    expression: str, line: int, column: int, words: str
) -> None:
    with pytest.raises(FhirPathSyntaxError) as caught:
        fhirpath.compile(expression)
    assert caught.value.position is not None
    assert (caught.value.position.line, caught.value.position.column) == (line, column)
    assert words in caught.value.reason


@pytest.mark.parametrize(
    ("expression", "column", "words"),
    [
        ("name.nosuch()", 6, "no function nosuch()"),
        ("name.where()", 6, "takes 1 arguments, not 0"),
        ("name.first(1)", 6, "takes 0 arguments"),
        ("name is Nosuch", 6, "no type Nosuch"),
        ("name.ofType(string1)", 6, "no type string1"),
        ("name.ofType('x')", 13, "name of a type"),
    ],
)
def test_functions_and_types_are_checked_before_there_is_input(expression: str, column: int, words: str) -> None:
    with pytest.raises(FhirPathError) as caught:
        fhirpath.compile(expression)
    assert caught.value.position is not None
    assert caught.value.position.column == column
    assert words in caught.value.reason


def test_an_error_of_the_evaluation_names_the_innermost_place() -> None:
    with pytest.raises(FhirPathError) as caught:
        evaluate("1 + (2 |\n 3).single()")
    assert caught.value.position is not None
    assert (caught.value.position.line, caught.value.position.column) == (2, 5)
    assert "line 2, column 5" in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2 * 3", [7]),
        ("-2 + 3", [1]),
        ("1 | 2 = 1 | 2", [True]),
        ("1 < 2 = true", [True]),
        ("true or true and false", [True]),
        ("false implies false and false", [True]),
        ("'a' & 'b' + 'c'", ["abc"]),
        ("4 div 2 * 3", [6]),
        ("1 in 1 | 2", [True]),
        ("{} | 1", [1]),
        ("'\\u0041\\n\\'\\`'", ["A\n'`"]),
        ("'\\uD83D\\uDD25'.length()", [1]),
        ("1 // one\n + /* two */ 2", [3]),
        ("%'ucum'", ["http://unitsofmeasure.org"]),
        ("('a').contains('a') and ('a' contains 'a')", [True]),
        ("-2147483648", [-2147483648]),
    ],
)
def test_precedence_and_literals(expression: str, result: list[object]) -> None:
    assert evaluate(expression) == result


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 100_000,
        "(" * 40_000 + "1" + ")" * 40_000,
        "-" * 90_000 + "1",
        "a" + ".b" * 45_000,
        "iif(" * 20_000,
        "a[" * 40_000,
        "1+" * 45_000 + "1",
        "9" * 90_000,
        "1." + "9" * 90_000,
        "'" + "x" * 99_990,
        "x" * 1_000_000,
        "{" * 90_000,
        "%" * 90_000,
        "a is " * 20_000,
        "/*" * 40_000,
    ],
)
@pytest.mark.timeout(120)
def test_hostile_expressions_are_refused_at_once(hostile: str) -> None:
    with pytest.raises(FhirPathSyntaxError):
        fhirpath.compile(hostile)


def test_long_lists_are_wide_and_not_deep() -> None:
    codes = " | ".join(f"'{i}'" for i in range(5000))
    assert evaluate(f"'4999' in ({codes})") == [True]
    assert evaluate(" or ".join(["false"] * 5000 + ["true"])) == [True]
    assert evaluate(" and ".join(["true"] * 5000)) == [True]


_WORDS = """
name where ( ) . , [ ] { } ' 'a' ` | & + - * / < > = != ~ !~ % $this $index $total @2014 @T10 1 2.5 3L is as in and or
xor implies div mod true exists() first() select( iif( 4 days string `x` aggregate( sort( desc
"""
WORDS = _WORDS.split()


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
def test_any_text_is_an_expression_or_our_error(text: str) -> None:
    patient = {"resourceType": "Patient", "name": [{"given": ["a"], "use": "usual"}], "active": True}
    with contextlib.suppress(FhirPathError):
        fhirpath.compile(text)(patient)
