"""Narratives, codes and members of objects: what R4 and profiles demand of them, kept and broken."""

from typing import Any

import pytest

from adapter.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
CODES = "http://acme.com/codes"
CODE_SYSTEM = {
    "resourceType": "CodeSystem",
    "url": CODES,
    "status": "active",
    "content": "complete",
    "concept": [{"code": each, "display": each.upper()} for each in ("a", "b", "c")],
}
MAXIMUM = BASE + "elementdefinition-maxValueSet"
ADDITIONAL = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"


def value_set(name: str, *codes: str) -> dict[str, Any]:
    include = {"system": CODES, "concept": [{"code": each} for each in codes]}
    return {"resourceType": "ValueSet", "url": f"http://acme.com/{name}", "compose": {"include": [include]}}


def profile(name: str, path: str, type_: str = "Patient", **what: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "kind": "resource",
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": [{"path": type_}, {"path": path, **what}]},
    }


def controlled(name: str, kind: str, code: str) -> dict[str, Any]:
    return profile(name, "Patient.text", extension=[{"url": f"{BASE}narrative-{kind}-control", "valueCode": code}])


def bound(name: str, strength: str, path: str = "Patient.maritalStatus", **more: Any) -> dict[str, Any]:
    type_ = path.partition(".")[0]
    return profile(name, path, type_, binding={"strength": strength, "valueSet": "http://acme.com/ab"} | more)


def additional(purpose: str, *more: dict[str, Any]) -> dict[str, Any]:
    parts = [{"url": "purpose", "valueCode": purpose}, {"url": "valueSet", "valueCanonical": "http://acme.com/a"}]
    return {"extension": [{"url": ADDITIONAL, "extension": [*parts, *more]}]}


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(
        definitions=[
            CODE_SYSTEM,
            value_set("a", "a"),
            value_set("ab", "a", "b"),
            controlled("marked", "source", "error"),
            controlled("marked-hint", "source", "hint"),
            controlled("no-language", "language", "_no"),
            controlled("any-language", "language", "_yes"),
            controlled("its-language", "language", "_resource"),
            controlled("swedish", "language", "sv"),
            bound("required", "required"),
            bound("extensible", "extensible"),
            bound("preferred", "preferred"),
            bound("example", "example"),
            bound("maximum", "extensible", extension=[{"url": MAXIMUM, "valueCanonical": "http://acme.com/a"}]),
            bound("maximum-uri", "preferred", extension=[{"url": MAXIMUM, "valueUri": "http://acme.com/a"}]),
            bound("also", "required", **additional("required")),
            bound("also-at-most", "required", **additional("maximum")),
            bound("also-rather", "required", **additional("extensible")),
            bound("also-somewhere", "required", **additional("required", {"url": "usage", "valueBoolean": True})),
            bound("also-shown", "required", **additional("ui")),
            bound("elsewhere", "required", valueSet="http://acme.com/none"),
            bound("coding", "required", path="Encounter.class"),
            bound("quantity", "required", path="Observation.value[x]") | {"name": "q"},
            bound("string", "required", path="Patient.name.family"),
        ]
    )


def div(inner: str, attributes: str = "", **more: Any) -> dict[str, Any]:
    return PATIENT | {"text": {"status": "generated", "div": f"<div {XHTML}{attributes}>{inner}</div>"}} | more


def status(*codes: str | None, system: str | None = CODES, **more: Any) -> dict[str, Any]:
    codings = [
        {name: value for name, value in (("system", system), ("code", each)) if value is not None} for each in codes
    ]
    return PATIENT | {"maritalStatus": ({"coding": codings} if codings else {"text": "x"}) | more}


def encounter(**coding: Any) -> dict[str, Any]:
    return {"resourceType": "Encounter", "status": "planned", "class": coding}


def named(**members: Any) -> dict[str, Any]:
    return PATIENT | {"name": [members]}


LANG = ' lang="{0}" xml:lang="{0}"'
SV, EN = f"<div{LANG.format('sv')}>x</div>", f"<div{LANG.format('en')}>y</div>"
GENERATED = '<p class="a generated">x</p>'
DIV = "text.div"
CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    # narratives of R4
    ("", div("x"), []),
    ("", div("x &lt; &#229; <!-- y --> <b>z</b>"), []),
    ("", div(""), [f"base-narrative-empty {DIV}"]),
    ("", div("  "), [f"base-narrative-empty {DIV}"]),
    ("", div("<p/>"), [f"base-narrative-empty {DIV}"]),
    ("", div('<img src="x" alt="y"/>'), []),
    ("", div('<img alt="y"/>'), [f"base-narrative-empty {DIV}"]),
    ("", div("x]]>"), [f"base-narrative {DIV}"]),
    ("", div("x & y"), [f"base-narrative {DIV}"]),
    ("", div("x\u0001"), [f"base-narrative {DIV}"]),
    ("", div('<a href="">x</a>'), [f"base-narrative-content {DIV}"]),
    ("", div('<a name="x">x</a>'), []),
    ("", div('<a href="JavaScript :x">x</a>'), [f"base-narrative-content {DIV}"]),
    ("", div('<a href="vbscript:x">x</a>'), [f"base-narrative-content {DIV}"]),
    ("", div('<a href="urn:x:y">x</a>'), [f"base-narrative-content {DIV}"]),
    ("", div('<a href="cid:x">x</a>'), [f"base-narrative-content {DIV}"]),
    ("", div('<a href="urn">x</a>'), []),
    ("", div('<a href="http://acme.com/javascript:x">x</a>'), []),
    ("", div('<p id="a">x</p><a href="#a">x</a>'), []),
    ("", div('<a name="a">x</a><a href="#a">x</a>'), []),
    ("", div('<a href="#p">x</a>', id="p"), []),
    ("", div('<a href="#n">x</a>', name=[{"id": "n", "text": "x"}]), []),
    ("", div('<a href="#">x</a>'), []),
    ("", div('<a href="#b">x</a>'), [f"base-narrative-content {DIV}"]),
    ("", div('<img src="#b"/>'), [f"base-narrative-content {DIV}"]),
    ("", div('<p id="a">x</p><a href="#a">x</a><a href="#b">x</a>'), [f"base-narrative-content {DIV}"]),
    ("", div('<x:p xmlns:x="urn:x">y</x:p>'), [f"base-narrative-content {DIV}"]),
    ("", div("<table><caption>x</caption><tr><th>x</th></tr></table>"), []),
    ("", div("<table><td>x</td></table>"), [f"base-narrative-content {DIV}"]),
    ("", div("<tr><td>x</td></tr>"), [f"base-narrative-content {DIV}"]),
    ("", div("<table><tbody><tr><td>x</td></tr></tbody></table>"), []),
    ("", div("<table><tbody><td>x</td></tbody></table>"), [f"base-narrative-content {DIV}"]),
    ("", div("<ul><p>x</p></ul>"), [f"base-narrative-content {DIV}"]),
    ("", div("<li>x</li>"), [f"base-narrative-content {DIV}"]),
    ("", div("<dl><dt>x</dt></dl>"), []),
    ("", div("<dd>x</dd>"), [f"base-narrative-content {DIV}"]),
    ("", div("<p>x<p>y</p></p>"), [f"base-narrative-content {DIV}"]),
    ("", div("<p>x<b><ul><li>y</li></ul></b></p>"), [f"base-narrative-content {DIV}"]),
    ("", div("<span><div>x</div></span>"), [f"base-narrative-content {DIV}"]),
    ("", div("<br>x</br>"), []),
    ("", div("<br><b>x</b></br>"), [f"base-narrative-content {DIV}"]),
    ("", div("x", language="sv"), ["warning base-narrative-language text"]),
    ("", div("x", LANG.format("sv"), language="sv"), []),
    ("", div("x", ' lang="sv"', language="sv"), ["warning base-narrative-language text"]),
    ("", div("x", ' lang="sv" xml:lang="en"', language="sv"), ["warning base-narrative-language text"]),
    ("", div("x", LANG.format("en"), language="sv"), ["warning base-narrative-language text"]),
    # narratives of profiles
    ("marked", div(GENERATED), []),
    ("marked", div(GENERATED + "<p>y</p>"), ["profile-narrative text"]),
    ("marked", div(GENERATED + " <p> </p> <!-- y -->"), []),
    ("marked", div("x" + GENERATED), ["profile-narrative text"]),
    ("marked", div(GENERATED + "x"), ["profile-narrative text"]),
    ("marked", div('<p class="original">x</p><p class="boilerplate">x</p>'), []),
    ("marked", div('<p class="x"><b>y</b></p>'), ["profile-narrative text"]),
    ("marked-hint", div("x"), ["information profile-narrative text"]),
    ("no-language", div("x"), []),
    ("no-language", div(SV), ["profile-narrative text"]),
    ("any-language", div(SV), []),
    ("any-language", div("x"), ["profile-narrative text"]),
    ("its-language", div(SV + EN, LANG.format("en"), language="en"), []),
    ("its-language", div(EN, LANG.format("sv"), language="sv"), ["profile-narrative text"]),
    ("its-language", div(EN), ["warning base-narrative-language text"]),
    ("swedish", div(SV + EN), []),
    ("swedish", div(EN), ["profile-narrative text"]),
    ("swedish", div("x"), ["warning base-narrative-language text"]),
    # codes
    ("required", status("a"), []),
    ("required", status("c", "b"), []),
    ("required", status("c"), ["code-required maritalStatus"]),
    ("required", status(), ["code-required maritalStatus"]),
    ("required", status("a", system=None), ["code-required maritalStatus"]),
    ("required", status(None), ["code-required maritalStatus"]),
    ("extensible", status("c"), ["warning code-extensible maritalStatus"]),
    ("extensible", status(), ["warning code-extensible maritalStatus"]),
    ("extensible", status("a"), []),
    ("preferred", status("c"), ["information code-preferred maritalStatus"]),
    ("preferred", status(), []),
    ("example", status("c"), []),
    ("maximum", status("a"), []),
    ("maximum", status("b"), ["code-maximum maritalStatus"]),
    ("maximum-uri", status("b"), ["code-maximum maritalStatus"]),
    ("also", status("a"), []),
    ("also", status("b"), ["code-required maritalStatus"]),
    ("also-at-most", status("b"), ["code-required maritalStatus"]),
    ("also-rather", status("b"), ["warning code-extensible maritalStatus"]),
    ("also-somewhere", status("b"), []),
    ("also-shown", status("b"), []),
    ("elsewhere", status("a"), ["warning code-undecided maritalStatus"]),
    ("coding", encounter(system=CODES, code="a"), []),
    ("coding", encounter(system=CODES, code="c"), ["code-required class"]),
    ("coding", encounter(display="c"), ["code-required class"]),
    ("coding", encounter(system=CODES), []),
    ("string", named(family="a"), []),
    ("string", named(family="c"), ["code-required name[0].family"]),
    ("", status("x"), ["code-unknown maritalStatus.coding[0].code"]),
    ("", status("x", system="http://acme.com/unknown"), []),
    ("", PATIENT | {"maritalStatus": {"coding": [{"system": CODES, "code": "a", "display": "A"}]}}, []),
    (
        "",
        PATIENT | {"maritalStatus": {"coding": [{"system": CODES, "code": "a", "display": "x"}]}},
        ["code-display maritalStatus.coding[0].display"],
    ),
    (
        "",
        PATIENT | {"maritalStatus": {"coding": [{"system": "http://acme.com/ab", "code": "a"}]}},
        ["base-system maritalStatus.coding[0].system"],
    ),
    (
        "",
        PATIENT | {"maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/ValueSet/x"}]}},
        ["base-system maritalStatus.coding[0].system"],
    ),
    # members
    ("", named(_family={"id": "x"}, family="x"), []),
    ("", named(_family={"id": 1}, family="x"), ["base-type name[0].family.id"]),
    ("", named(_family={"id": "x"}), ["base-empty name[0].family"]),
    ("", named(_given=[{"id": "x"}], given=["x"]), []),
    ("", named(_given=[{"id": "x"}], given=[None]), ["base-empty name[0].given[0]"]),
    ("", named(_given=[], given=["x"]), ["base-empty name[0].given"]),
    ("", named(_given={}, given=["x"]), ["base-list name[0].given"]),
    ("", named(_given=[None, {"id": "x"}]), ["base-type name[0].given[0]", "base-empty name[0].given[1]"]),
    ("", named(given=["x", ""], _given=[None, None]), ["base-empty name[0].given[1]"]),
    ("", named(given=None), ["base-type name[0].given"]),
    ("", named(given=[1]), ["base-type name[0].given[0]"]),
    ("", named(given=[["x"]]), ["base-type name[0].given[0]"]),
    ("", named(family=["x"]), ["base-list name[0].family"]),
    ("", named(period=[{"start": "2026"}]), ["base-list name[0].period"]),
    ("", named(period=None), ["base-type name[0].period"]),
    ("", named(period="x"), ["base-type name[0].period"]),
    ("", named(text="x", period={}), ["base-empty name[0].period"]),
    ("", PATIENT | {"name": "x"}, ["base-list name"]),
    ("", PATIENT | {"name": [[]]}, ["base-type name[0]"]),
    (
        "",
        PATIENT | {"photo": [{"data": "QUJD", "contentType": "text/plain", "size": 4}]},
        ["base-attachment-size photo[0]"],
    ),
    ("", PATIENT | {"link": [{}]}, ["base-empty link[0]"]),
    ("", PATIENT | {"text": {"status": "empty", "div": [f"<div {XHTML}>x</div>"]}}, ["base-list text.div"]),
    ("", PATIENT | {"text": {"status": "empty", "div": None}}, ["base-type text.div"]),
    ("", PATIENT | {"contained": {"resourceType": "Patient"}}, ["base-list contained"]),
    ("", PATIENT | {"contained": []}, ["base-empty contained"]),
]


@pytest.mark.parametrize(("name", "resource", "issues"), CASES)
def test_content(validator: Validator, name: str, resource: dict[str, Any], issues: list[str]) -> None:
    outcome = validator.validate(resource, profile=URL + name if name else None)
    found = [
        ("" if issue.severity == "error" else f"{issue.severity} ")
        + f"{issue.rule} {issue.expression[0].partition('.')[2]}"
        for issue in outcome.issues[1:]
        if issue.rule != "base-invariant" and not (issue.rule == "code-extensible" and not issue.profile)
    ]
    assert list(dict.fromkeys(found)) == issues
