"""The functions, the environment they ask, and what keeps them within bounds."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import fhirpath
from adapter.fhirpath import FhirPathError, patterns
from adapter.support.clock import ManualClock

XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def evaluate(expression: str, resource: Any = None, **more: Any) -> list[Any]:
    return fhirpath.compile(expression)(resource, **more)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("(1|2|3).where($this > 1)", [2, 3]),
        ("(1|2|3).select($this * 2)", [2, 4, 6]),
        ("(1|2|3).all($this > 0)", [True]),
        ("{}.all(false)", [True]),
        ("(1|2).exists($this = 2)", [True]),
        ("(1|2|3).first() | (1|2|3).last()", [1, 3]),
        ("(1|2|3).tail()", [2, 3]),
        ("(1|2|3).skip(1).take(1)", [2]),
        ("(1|2|3).take(-1)", []),
        ("(1|2|3)[1]", [2]),
        ("(1|2|3)[9]", []),
        ("(1|2|3)[-1]", []),
        ("(1|2).single()", None),
        ("{}.single()", []),
        ("(1|2|2.0).count()", [2]),
        ("1.combine(1).isDistinct()", [False]),
        ("1.combine(1).distinct()", [1]),
        ("(1|2).subsetOf(1|2|3)", [True]),
        ("(1|2|3).supersetOf(1|2)", [True]),
        ("(1|2).intersect(2|3)", [2]),
        ("1.combine(1).combine(2).exclude(2)", [1, 1]),
        ("(true|false).anyTrue() and (true|false).anyFalse()", [True]),
        ("{}.allTrue()", [True]),
        ("(1).allTrue()", None),
        ("(1|2|3|4).aggregate($this + $total, 0)", [10]),
        ("(1|2).aggregate($index)", [1]),
        ("$total", None),
        ("(1|2|3).sum()", [6]),
        ("(1|2|3).avg() = 2", [True]),
        ("('b'|'a').min()", ["a"]),
        ("(1|'a').max()", None),
        ("{}.sum()", []),
        ("(3|1|2).sort()", [1, 2, 3]),
        ("(3|1|2).sort($this desc)", [3, 2, 1]),
        ("('a'|'c'|'b').sort(-$this)", ["c", "b", "a"]),
        ("(1|'a').sort()", None),
        ("iif(true, 1, 1.single().nosuch)", [1]),
        ("iif({}, 1)", []),
        ("iif(false, 1, 2)", [2]),
        ("{}.iif(true, 'a', 'b')", ["a"]),
        ("(5).iif($this > 3, $this, 0)", [5]),
        ("(1|2).iif(true, 1)", None),
        ("coalesce({}, 2, 3)", [2]),
        ("(1).defineVariable('a', 5).select($this + %a)", [6]),
        ("(1|2).select(defineVariable('a').select(%a * 2))", [2, 4]),
        ("(1).defineVariable('a').defineVariable('a')", None),
        ("defineVariable('context', 1)", None),
        ("(1).select(defineVariable('a')).select(%a)", None),
        ("(1 | 2).repeat(iif($this < 5, $this + 1, {}))", [2, 3, 4, 5]),
        ("'abc'.repeat('x')", ["x"]),
        ("1.not()", [False]),
        ("(1|2).not()", None),
        ("'Abc'.upper() & 'Abc'.lower()", ["ABCabc"]),
        ("'abcabc'.indexOf('c') | 'abcabc'.lastIndexOf('c')", [2, 5]),
        ("'abc'.substring(1)", ["bc"]),
        ("'abc'.substring(1, 1)", ["b"]),
        ("'abc'.substring(3)", []),
        ("'abc'.replace('b', '')", ["ac"]),
        ("'abc'.replace('', 'x')", ["xaxbxcx"]),
        ("'a,b'.split(',')", ["a", "b"]),
        ("('a'|'b').join('-')", ["a-b"]),
        ("'ab'.toChars()", ["a", "b"]),
        ("' a '.trim()", ["a"]),
        ("'abc'.matches('B', 'i')", [True]),
        ("'a\\nb'.matches('^b', 'm')", [True]),
        ("'a'.matches('a', 'q')", None),
        ("'a'.matches('(')", None),
        ("'abc'.matchesFull('ab')", [False]),
        ("'11/30/1972'.replaceMatches('(?<m>\\\\d+)/(?<d>\\\\d+)/', '${d}-$1-')", ["30-11-1972"]),
        ("'a'.replaceMatches('a', '$9')", None),
        ("'test'.encode('base64').decode('base64')", ["test"]),
        ("'ff'.decode('hex')", []),
        ("'a'.encode('nosuch')", None),
        ("'\"<'.escape('html') | '\"'.escape('json')", ["&quot;&lt;", '\\"']),
        ("'&quot;'.unescape('html')", ['"']),
        ("'2015-02'.toDate() = @2015-02", [True]),
        ("'2015-02-30'.convertsToDate()", [False]),
        ("'yes'.toBoolean()", [True]),
        ("'1.5'.toInteger()", []),
        ("'99999999999'.convertsToInteger()", [False]),
        ("'99999999999'.toLong() is Long", [True]),
        ("'T10:30'.toTime() = @T10:30", [True]),
        ("@2014.toDateTime() is DateTime", [True]),
        ("1.0.toString()", ["1.0"]),
        ("(1|2).toString()", None),
        ("1.startsWith('1')", None),
        ("{}.startsWith('1')", []),
        ("'a'.startsWith({})", []),
        ("3.substring(0)", None),
        ("'a'.substring('b')", None),
    ],
)
def test_functions(expression: str, result: list[Any] | None) -> None:
    if result is None:
        with pytest.raises(FhirPathError):
            evaluate(expression)
    else:
        assert evaluate(expression) == result


def test_the_clock_is_given_and_stands_still_during_an_evaluation() -> None:
    clock = ManualClock(datetime(2026, 3, 2, 9, 0, 5, 123_999, tzinfo=UTC))
    assert [str(item) for item in evaluate("now() | today() | timeOfDay()", clock=clock)] == [
        "2026-03-02T09:00:05.123Z",
        "2026-03-02",
        "09:00:05.123",
    ]
    assert evaluate("now() = now()") == [True]


class Surroundings:
    def __init__(self) -> None:
        self.traced: list[tuple[str, list[Any]]] = []

    def resolve(self, reference: str) -> dict[str, Any] | None:
        return {"resourceType": "Practitioner", "id": "x"} if reference == "Practitioner/x" else None

    def member_of(self, value: Any, type_name: str, value_set: str) -> bool | None:
        return None if value_set == "unknown" else (value, type_name) == ("male", "code")

    def conforms_to(self, value: Any, type_name: str, profile: str) -> bool:
        return bool(value.get("active")) and type_name == "Patient"

    def html_issues(self, narrative: str) -> list[str]:
        return ["bad"] if "forbidden" in narrative else []

    def trace(self, name: str, values: list[Any]) -> None:
        self.traced.append((name, values))


PATIENT = {
    "resourceType": "Patient",
    "gender": "male",
    "active": True,
    "generalPractitioner": [{"reference": "Practitioner/x"}, {"reference": "Practitioner/none"}, {"display": "z"}],
    "text": {"status": "generated", "div": XHTML.format("x")},
}


def test_the_environment_answers() -> None:
    surroundings = Surroundings()

    def ask(expression: str) -> list[Any]:
        return evaluate(expression, PATIENT, environment=surroundings)

    assert ask("generalPractitioner.resolve().id") == ["x"]
    assert ask("gender.memberOf('http://v')") == [True]
    assert ask("gender.memberOf('unknown')") == []
    assert ask("conformsTo('http://p')") == [True]
    assert ask("text.div.htmlChecks()") == [True]
    assert ask("gender.trace('g').trace('u', length())") == ["male"]
    assert surroundings.traced == [("g", ["male"]), ("u", [4])]


@pytest.mark.parametrize(
    "expression", ["generalPractitioner.resolve()", "gender.memberOf('http://v')", "conformsTo('http://example.org/p')"]
)
def test_without_an_environment_what_needs_one_is_an_error(expression: str) -> None:
    with pytest.raises(FhirPathError, match="given"):
        evaluate(expression, PATIENT)


def test_what_only_some_environments_answer() -> None:
    class Terminology(Surroundings):
        def subsumes(self, values: list[Any], others: list[Any]) -> list[Any]:
            return [values == others]

    assert evaluate("gender.subsumes(gender)", PATIENT, environment=Terminology()) == [True]
    for expression in ("gender.subsumedBy(gender)", "elementDefinition()", "slice('http://x', 'y')"):
        with pytest.raises(FhirPathError, match="needs definitions or a terminology"):
            evaluate(expression, PATIENT, environment=Terminology())
    assert evaluate("gender.getValue() is System.String and name.getValue().empty()", PATIENT) == [True]


def test_sorting_has_a_place_for_what_is_empty() -> None:
    patient = {"resourceType": "Patient", "name": [{"family": "B"}, {"text": "none"}, {"family": "A"}, {"family": "B"}]}

    def families(expression: str) -> list[Any]:
        return [name.get("family") for name in evaluate(expression, patient)]

    assert families("name.sort(family)") == [None, "A", "B", "B"]
    assert families("name.sort(family desc)") == ["B", "B", "A", None]
    assert families("name.sort(-family)") == [None, "B", "B", "A"]


def test_another_base_type_never_conforms() -> None:
    assert evaluate("conformsTo('http://hl7.org/fhir/StructureDefinition/Observation')", PATIENT) == [False]


def test_references_within_a_bundle_are_followed_in_it() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "1"}},
            {"fullUrl": "http://x/Task/2", "resource": {"resourceType": "Task", "for": {"reference": "urn:uuid:1"}}},
            {"resource": {"resourceType": "Task", "id": "3", "basedOn": [{"reference": "Task/2"}]}},
            {"resource": {"resourceType": "Task", "id": "4", "basedOn": [{"reference": "Task/3"}]}},
        ],
    }
    assert evaluate("entry.resource.ofType(Task).for.resolve().id", bundle) == ["1"]
    assert evaluate("entry[2].resource.basedOn.resolve().for.reference", bundle) == ["urn:uuid:1"]
    assert evaluate("entry[3].resource.basedOn.resolve().id", bundle) == ["3"]


@pytest.mark.parametrize("around", ["Bundle", "Parameters"])
def test_a_contained_resource_is_looked_for_where_the_reference_stands(around: str) -> None:
    def task(name: str) -> dict[str, Any]:
        contained = {"resourceType": "Task", "id": "own", "description": name, "partOf": [{"reference": "#"}]}
        owner = {"reference": "#own"} if name else {"reference": "#none"}
        return {"resourceType": "Task", "id": f"t{name}", "contained": [contained], "partOf": [owner]}

    entries = [{"name": "x", "resource": task(name)} for name in ("a", "b", "")]
    if around == "Bundle":
        entries = [{"resource": each["resource"]} for each in entries]
    content = {"resourceType": around, "entry" if around == "Bundle" else "parameter": entries}
    tasks = "entry.resource" if around == "Bundle" else "parameter.resource"
    assert evaluate(f"{tasks}.partOf.resolve().description", content) == ["a", "b"]
    assert evaluate(f"{tasks}.contained.partOf.resolve().id", content) == ["ta", "tb", "t"]
    assert evaluate(f"{tasks}.all(partOf.resolve().exists())", content) == [False]
    assert evaluate("partOf.resolve().description", task("a")) == ["a"]


@pytest.mark.parametrize(
    ("content", "allowed"),
    [
        ("x", True),
        ("<p>x</p><table><tr><td>y</td></tr></table>", True),
        ('<img src="#a" alt="b"/>', True),
        ("", False),
        ("  ", False),
        ("<script>x</script>", False),
        ('<p onclick="x">x</p>', False),
        ("<p>x", False),
        ("<form>x</form>", False),
        ("&nosuch;", False),
    ],
)
def test_narratives(content: str, allowed: bool) -> None:
    assert evaluate("htmlChecks()", XHTML.format(content), type_name="xhtml") == [allowed]


def test_modifiers_that_are_not_known_stop_the_evaluation() -> None:
    patient = {"resourceType": "Patient", "modifierExtension": [{"url": "http://m", "valueBoolean": True}]}
    assert evaluate("checkModifiers('http://m').exists()", patient) == [True]
    with pytest.raises(FhirPathError, match="modifier"):
        evaluate("checkModifiers('http://other')", patient)


RUNAWAYS = [
    "(a+)+$",
    "(a|a)*b",
    "(a*)*b",
    "([a-z]+)*1",
    "(a|aa)+$",
    "(.*a){20}",
    "a*a*a*a*a*b",
    "(x+x+)+y",
    "((a?){30}){30}b",
]


@pytest.mark.parametrize("pattern", RUNAWAYS)
@pytest.mark.parametrize("function", ["matches", "matchesFull", "replaceMatches"])
@pytest.mark.timeout(120)
def test_patterns_that_explode_take_bounded_time(pattern: str, function: str) -> None:
    refusals: list[str] = []
    argument = ", 'x'" if function == "replaceMatches" else ""
    for text in ("a" * 3000 + "!", "x" * 3000):
        try:
            evaluate(f"%text.{function}(%pattern{argument})", text=text, pattern=pattern)
        except FhirPathError as error:
            refusals.append(str(error))
    assert all("regular expression" in refusal for refusal in refusals)


@pytest.mark.parametrize("pattern", [r"(a+)+\1", r"(?:(?=a)a*)*b", r"(\ba+)*b"])
def test_what_an_automaton_cannot_do_is_refused_in_patterns_that_may_explode(pattern: str) -> None:
    with pytest.raises(FhirPathError, match="unbounded time"):
        evaluate("%text.matches(%pattern)", text="a" * 3000, pattern=pattern)


MANY_WAYS = [
    ("a*b", "a" * 200_000),
    ("a?" * 30 + "a" * 31, "a" * 30),
    ("(a|aa)" * 40 + "$", "a" * 60 + "!"),
    ("(?:x?){1000}" * 5, "x" * 3000 + "!"),
    ("(a|b)*a(a|b){2000}c", "ab" * 50_000),
    ("(a{5000}){5000}", "a" * 200_000),
    ("(" * 300 + "a" + "+)" * 300, "a" * 100),
    ("(?i)(A|B)*c", "ab" * 50_000),
]


@pytest.mark.parametrize(("pattern", "text"), MANY_WAYS)
@pytest.mark.timeout(120)
def test_patterns_without_nested_repetitions_may_explode_too(pattern: str, text: str) -> None:
    said: list[str] = []
    for function in ("matches(%pattern)", "matchesFull(%pattern)", "replaceMatches(%pattern, 'y')"):
        try:
            assert len(evaluate(f"%text.{function}", text=text, pattern=pattern)) == 1
        except FhirPathError as error:
            said.append(str(error))
    assert all("regular expression" in each for each in said)


def test_replacing_does_not_make_a_text_without_end() -> None:
    for by in ("'" + "x" * 90_000 + "'", "'" + "$0" * 40_000 + "'"):
        with pytest.raises(FhirPathError, match="grows beyond"):
            evaluate(f"%text.replaceMatches('.', {by})", text="a" * 100_000)


def test_a_text_beyond_fhirs_limit_is_not_matched() -> None:
    with pytest.raises(FhirPathError, match="is not matched"):
        evaluate("%text.matches('a')", text="a" * 2_000_000)


def test_flags_inside_a_pattern_hold_in_an_automaton_too() -> None:
    assert evaluate("%text.matches('(?i)^(A+)+$')", text="a" * 3000) == [True]
    assert evaluate("%text.matches('^(A+)+$')", text="a" * 3000) == [False]
    assert evaluate("'[a'.matches('[[a]')") == [True]


REGEX = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\w", "\\d", "^", "$"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        inner.map(lambda body: f"({body})*"),
        inner.map(lambda body: f"({body})?"),
        inner.map(lambda body: f"({body}){{1,2}}"),
    ),
    max_leaves=6,
)


@given(REGEX, st.text(alphabet="ab1\n", max_size=6))
def test_the_automaton_agrees_with_the_matcher(source: str, text: str) -> None:
    pattern = patterns.Pattern(source, "")
    for whole in (False, True):
        quick = pattern._compiled.fullmatch(text) if whole else pattern._compiled.search(text)
        if not ("$" in source and text.endswith("\n")):  # Python's $ also matches before a final line break
            assert pattern._automaton(whole=whole).accepts(text) is (quick is not None)


@pytest.mark.parametrize(
    "expression",
    [
        "(1).repeat($this + 1)",
        "(1).repeatAll($this)",
        "('" + "a" * 700 + "').toChars().select('" + "a" * 700 + "'.toChars())",
        "('aaaaaaaaaa')" + ".replace('a', 'aaaaaaaaaa')" * 20,
        "('a')" + ".select($this + $this)" * 60,
    ],
)
def test_loops_and_growth_without_end_are_stopped(expression: str) -> None:
    with pytest.raises(FhirPathError, match=r"without end|grows beyond|select\(\) finds more"):
        evaluate(expression)


@pytest.mark.timeout(120)
def test_large_collections_take_time_in_proportion() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": f"urn:uuid:{i}", "resource": {"resourceType": "Basic", "id": str(i)}} for i in range(5_000)
        ],
    }
    assert evaluate("entry.fullUrl.isDistinct() and descendants().count() > 10000", bundle) == [True]
    assert evaluate("entry.resource.id.distinct().count()", bundle) == [5_000]


def test_what_depends_on_the_resource_alone_is_evaluated_once_for_it() -> None:
    expression = "contained.all(id in %resource.descendants().reference)"
    patient = {"resourceType": "Patient", "contained": [{"resourceType": "Basic", "id": "o"}]}
    assert evaluate(expression, patient) == [False]
    assert evaluate(expression, {**patient, "link": [{"other": {"reference": "o"}}]}) == [True]
    assert evaluate("%resource.name.select(%resource.name.given.join('-'))", {"resourceType": "Patient"}) == []
