"""What a binding asks of a terminology for each type and strength, and what it says of each answer."""

from typing import Any

import pytest

from adapter.validation import bindings, rules
from adapter.validation.run import Run
from adapter.validation.vocabulary import Answer, Vocabulary

MAXIMUM = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
TOOLS = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional"
VS, MAX, MORE = (f"http://acme.com/{name}" for name in ("vs", "max", "more"))
KNOWN = {(VS, None, "a"), (VS, "", "a"), (VS, "s", "a"), (MAX, "s", "a"), (MORE, "s", "a"), (VS, "s", "b")}


class Terms:
    """Knows a few codes, cannot decide on `?` and `??`, and keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str]] = []

    def member(self, value_set: str, system: str | None, code: str) -> Answer:
        self.asked.append((value_set, system, code))
        if code.startswith("?"):
            return Answer(None, "first" if code == "?" else "second")
        return Answer((value_set, system, code) in KNOWN)


def extensions(*found: dict[str, Any]) -> dict[str, Any]:
    return {"extension": list(found)}


def additional(url: str, purpose: str | None, value_set: str | None = MORE, *more: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"url": each, "valueBoolean": True} for each in more]
    parts += [{"url": "purpose", "valueCode": purpose}] if purpose else []
    parts += [{"url": "valueSet", "valueCanonical": value_set}] if value_set else []
    return {"url": url, "extension": parts}


def bound(strength: str = "required", value_set: str | None = VS, **more: Any) -> dict[str, Any]:
    return {"binding": {"strength": strength} | ({"valueSet": value_set} if value_set else {}) | more}


def said(definition: dict[str, Any], type_: str, value: Any, profile: str = "p") -> list[str]:
    run = Run("X")
    for check in bindings.checks(definition, type_, Terms(), profile):
        check(value, run, None)
    return [f"{issue.severity} {issue.rule}: {issue.message}" for issue in run.issues]


REQUIRED = "error code-required: the code is not in the value set: expected one of " + VS
EXTENSIBLE = "warning code-extensible: the code is not in the value set: expected one of " + VS
PREFERRED = "information code-preferred: the code is not in the value set: expected one of " + VS
AT_MOST = "error code-maximum: the code is not in the value set: expected one of " + MAX
MISSING = "error code-required: there is no code: expected one of " + VS
UNDECIDED = f"code-undecided: not decided whether the code is in {VS}: "
PRIMITIVES = ("code", "string", "uri", "url", "canonical", "id", "markdown", "oid", "uuid")
CODED = ("Coding", "Quantity", "Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity")


@pytest.mark.parametrize("type_", PRIMITIVES)
def test_primitives(type_: str) -> None:
    assert said(bound(), type_, "a") == []
    assert said(bound(), type_, "x") == [REQUIRED]
    assert said(bound(), type_, "?") == [f"warning {UNDECIDED}first"]
    assert said(bound(), type_, None) == []
    assert said(bound(), type_, ["x"]) == []


@pytest.mark.parametrize("type_", CODED)
def test_codings_and_quantities(type_: str) -> None:
    assert said(bound(), type_, {"code": "a", "system": "s"}) == []
    assert said(bound(), type_, {"code": "a"}) == []
    assert said(bound(), type_, {"code": "b"}) == [REQUIRED]
    assert said(bound(), type_, {"code": "x", "system": "s"}) == [REQUIRED]
    assert said(bound(), type_, {"code": "?", "system": "s"}) == [f"warning {UNDECIDED}first"]
    assert said(bound(), type_, {"display": "x"}) == [MISSING]
    assert said(bound(), type_, {"system": "s"}) == []
    assert said(bound(), type_, {"code": 1}) == []
    assert said(bound(), type_, {"code": "x", "system": 1}) == []
    assert said(bound(), type_, {"code": 1, "system": "s"}) == []
    assert said(bound(), type_, "x") == [MISSING]


def concept(*codings: Any) -> dict[str, Any]:
    return {"coding": [each if not isinstance(each, str) else {"system": "s", "code": each} for each in codings]}


@pytest.mark.parametrize(
    ("value", "issues"),
    [
        (concept("a"), []),
        (concept("x", "a"), []),
        (concept("?", "a"), []),
        (concept("x", "y"), [REQUIRED]),
        (concept("x", "?", "??"), [f"warning {UNDECIDED}first"]),
        (concept("??", "?", "x"), [f"warning {UNDECIDED}second"]),
        (concept({"code": "a"}), []),
        (concept({"code": "b"}), [REQUIRED]),
        (concept({"system": "s"}, "a"), []),
        (concept({"system": 1, "code": "x"}, "a"), []),
        (concept({"system": 1, "code": "x"}, "x"), [REQUIRED]),
        (concept({"system": 1, "code": "x"}), [MISSING]),
        (concept({"system": "s"}), [MISSING]),
        (concept({"code": 1}), [MISSING]),
        (concept(1), [MISSING]),
        ({"text": "x"}, [MISSING]),
        ({"coding": {"code": "a"}}, [MISSING]),
        ("a", [MISSING]),
    ],
)
def test_concepts(value: Any, issues: list[str]) -> None:
    assert said(bound(), "CodeableConcept", value) == issues


@pytest.mark.parametrize("type_", ["boolean", "Reference", "Period"])
def test_other_types_are_not_coded(type_: str) -> None:
    assert said(bound(), type_, "x") == []


@pytest.mark.parametrize(
    ("definition", "code", "profile", "issues"),
    [
        (bound("extensible"), "x", "p", [EXTENSIBLE]),
        (bound("extensible"), "x", "", [EXTENSIBLE]),
        (bound("extensible"), "?", "p", [f"warning {UNDECIDED}first"]),
        (bound("extensible"), "?", "", [f"information {UNDECIDED}first"]),
        (bound("required"), "?", "", [f"warning {UNDECIDED}first"]),
        (bound("extensible"), None, "p", [MISSING.replace("error code-required", "warning code-extensible")]),
        (bound("preferred"), "x", "p", [PREFERRED]),
        (bound("preferred"), "x", "", []),
        (bound("preferred"), "?", "p", []),
        (bound("preferred"), None, "p", []),
        (bound("example"), "x", "p", []),
        (bound("required", None), "x", "p", []),
        ({}, "x", "p", []),
        ({"binding": []}, "x", "p", []),
        (bound("extensible", **extensions({"url": MAXIMUM, "valueCanonical": MAX})), "b", "p", [AT_MOST]),
        (bound("preferred", **extensions({"url": MAXIMUM, "valueUri": MAX})), "b", "", [AT_MOST]),
        (bound("example", **extensions({"url": "x"}, {"url": MAXIMUM, "valueUri": MAX})), "b", "", [AT_MOST]),
        (bound("extensible", **extensions({"url": MAXIMUM, "valueUri": MAX})), "a", "p", []),
        (bound("required", **extensions({"url": MAXIMUM, "valueUri": MAX})), "b", "p", []),
        (bound("extensible", **extensions({"url": "x", "valueUri": MAX})), "b", "p", []),
    ],
)
def test_strengths(definition: dict[str, Any], code: str | None, profile: str, issues: list[str]) -> None:
    value = {"text": "x"} if code is None else concept(code)
    assert said(definition, "CodeableConcept", value, profile) == issues


@pytest.mark.parametrize("url", [TOOLS, R5])
def test_additional_bindings(url: str) -> None:
    def found(*bindings_: dict[str, Any]) -> list[str]:
        return [
            each.partition(":")[0] for each in said(bound(**extensions(*bindings_)), "CodeableConcept", concept("b"))
        ]

    assert found(additional(url, "required")) == ["error code-required"]
    assert found(additional(url, "maximum")) == ["error code-required"]
    assert found(additional(url, "extensible")) == ["warning code-extensible"]
    assert found(additional(url, "preferred")) == ["information code-preferred"]
    for other in ("ui", "minimum", "current", None):
        assert found(additional(url, other)) == []
    assert found(additional(url, "required", None)) == []
    assert found(additional(url, "required", MORE, "usage")) == []
    assert found(additional(url, "required", MORE, "any")) == []
    assert found(additional(url, "required", MORE, "shortDoco")) == ["error code-required"]
    assert found({"url": "x", "extension": additional(url, "required")["extension"]}) == []
    both = (additional(url, "required", MORE, "any"), additional(url, "required"))
    assert found({"url": "x"}, *both, {"url": url}, additional(url, "preferred")) == [
        "error code-required",
        "information code-preferred",
    ]


@pytest.mark.parametrize(
    ("type_", "value", "asked"),
    [
        ("code", "a", (VS, None, "a")),
        ("Coding", {"code": "a"}, (VS, "", "a")),
        ("Coding", {"code": "a", "system": "s"}, (VS, "s", "a")),
        ("CodeableConcept", concept("a", "b"), (VS, "s", "a")),
    ],
)
def test_what_is_right_is_asked_once(type_: str, value: Any, asked: tuple[str, str | None, str]) -> None:
    terms, run = Terms(), Run("X")
    (check,) = bindings.checks(bound(), type_, terms)
    for _ in range(3):
        check(value, run, None)
    assert (terms.asked, run.issues) == ([asked], [])


class Packages:
    """A terminology of packages: one code system, one value set; nothing of others."""

    def __init__(self) -> None:
        self.asked = 0

    def member(self, value_set: str, system: str | None, code: str) -> Answer:
        self.asked += 1
        return Answer({"in": True, "out": False}.get(code))

    def known(self, system: str, code: str) -> Answer:
        self.asked += 1
        return Answer({"in": True, "bare": True, "out": False}.get(code))

    def displays(self, system: str, code: str) -> list[str]:
        return ["One  Word", "Other"] if code == "in" else []

    def code_system(self, url: str) -> dict[str, Any] | None:
        self.asked += 1
        return {} if url == "http://acme.com/ValueSet/system" or url == VS + "-and-system" else None

    def value_set(self, url: str) -> dict[str, Any] | None:
        return {} if url in (VS, VS + "-and-system") else None


class Server:
    """A server that decides on what it is told, if it is there."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def member(self, value_set: str, system: str, code: str) -> Answer:
        self.asked.append((value_set, system, code))
        return {"yes": Answer(True, "x"), "no": Answer(False, "x")}.get(code, Answer(None, "the server is away"))


NOT_LOADED = Vocabulary(Packages()).member(VS, "s", "?").reason
DEFINED = "http://hl7.org/fhir/ValueSet/defined-types"


def test_a_server_is_asked_of_what_packages_do_not_decide() -> None:
    server = Server()
    terms = Vocabulary(Packages(), server)
    assert [terms.member(VS, "s", each).result for each in ("in", "out", "yes", "no", "?")] == [
        True,
        False,
        True,
        False,
        None,
    ]
    assert server.asked == [(VS, "s", "yes"), (VS, "s", "no"), (VS, "s", "?")]
    assert terms.member(VS, "s", "?").reason == "the server is away"
    assert terms.member(VS, "s", "yes").reason == ""
    for system in (None, ""):
        assert terms.member(VS, system, "yes") == Answer(None, NOT_LOADED)
    assert "loaded" in NOT_LOADED


def test_packages_are_asked_once() -> None:
    packages = Packages()
    terms = Vocabulary(packages)
    for code in ("in", "out", "?"):
        for _ in range(3):
            terms.member(VS, "s", code)
    assert packages.asked == 3


@pytest.mark.parametrize(
    ("value_set", "code", "result"),
    [
        (DEFINED, "http://hl7.org/fhirpath/System.String", True),
        (DEFINED + "|4.0.1", "http://hl7.org/fhirpath/System.String", True),
        (DEFINED, "http://hl7.org/fhirpath/Other", None),
        (DEFINED, "x http://hl7.org/fhirpath/System.", None),
        (DEFINED, "out", False),
        (VS, "http://hl7.org/fhirpath/System.String", None),
        (VS + "|" + DEFINED, "http://hl7.org/fhirpath/System.String", None),
    ],
)
def test_types_of_fhirpath_are_defined_types(value_set: str, code: str, result: bool | None) -> None:
    assert Vocabulary(Packages()).member(value_set, None, code).result is result


def told(value: Any) -> list[str]:
    run = Run("X")
    Vocabulary(Packages()).coding(value, run, None)
    return [f"{issue.severity} {issue.rule} {issue.expression[0]}: {issue.message}" for issue in run.issues]


NO_SYSTEM = "error base-system X.system: the URL is that of a value set: expected the code system that the code is of"
UNKNOWN = "error code-unknown X.code: the code system has no such code"
OTHER = "warning code-display X.display: the code system has another display for the code"


@pytest.mark.parametrize(
    ("value", "issues"),
    [
        ({"system": "s", "code": "in"}, []),
        ({"system": "s", "code": "in", "display": "other"}, []),
        ({"system": "s", "code": "in", "display": " ONE word "}, []),
        ({"system": "s", "code": "in", "display": "x"}, [OTHER]),
        ({"system": "s", "code": "in", "display": 1}, []),
        ({"system": "s", "code": "bare", "display": "x"}, []),
        ({"system": "s", "code": "out"}, [UNKNOWN]),
        ({"system": "s", "code": "out", "display": "x"}, [UNKNOWN]),
        ({"system": "s", "code": "?", "display": "x"}, []),
        ({"system": "s", "code": 1}, []),
        ({"system": "s"}, []),
        ({"system": 1, "code": "out"}, []),
        ({"code": "out"}, []),
        ("out", []),
        ({"system": VS, "code": "in"}, [NO_SYSTEM]),
        ({"system": VS}, [NO_SYSTEM]),
        ({"system": VS, "code": "out"}, [NO_SYSTEM, UNKNOWN]),
        ({"system": "http://hl7.org/fhir/ValueSet/x"}, [NO_SYSTEM]),
        ({"system": "http://acme.com/ValueSet/x"}, []),
        ({"system": "http://acme.com/ValueSet/system"}, []),
        ({"system": VS + "-and-system"}, []),
    ],
)
def test_a_coding_by_itself(value: Any, issues: list[str]) -> None:
    assert told(value) == issues


def test_a_coding_is_looked_up_once() -> None:
    packages, run = Packages(), Run("X")
    terms = Vocabulary(packages)
    for _ in range(3):
        for code in ("in", "out", "?"):
            terms.coding({"system": "s", "code": code, "display": "other"}, run, None)
    assert packages.asked == 4  # three codes, one system
    assert [issue.rule for issue in run.issues] == [rules.CODE_UNKNOWN.id] * 3
