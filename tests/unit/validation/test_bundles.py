"""Bundles: links, entries, what must resolve, search results; and references wherever they stand."""

from typing import Any

import pytest

from adapter.validation import Validator, bundles

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://acme.com/StructureDefinition/"
UUID = "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b1"
SERVER = "http://acme.com/fhir/"
PATIENT: dict[str, Any] = {"resourceType": "Patient"}
ORGANIZATION: dict[str, Any] = {"resourceType": "Organization", "name": "o"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}
HEADER: dict[str, Any] = {
    "resourceType": "MessageHeader",
    "eventUri": "http://acme.com/e",
    "source": {"endpoint": "http://acme.com"},
}
COMPOSITION: dict[str, Any] = {
    "resourceType": "Composition",
    "status": "final",
    "type": {"text": "x"},
    "date": "2026",
    "author": [{"display": "x"}],
    "title": "x",
}
DOCUMENT = {"identifier": {"system": "http://acme.com", "value": "1"}, "timestamp": "2026-03-09T10:12:00Z"}
STYLE = {"resourceType": "Binary", "id": "1", "contentType": "text/css"}


def aggregated(name: str, *kinds: str) -> dict[str, Any]:
    subject = {"code": "Reference", "targetProfile": [BASE + "Patient"], "aggregation": [*kinds]}
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "kind": "resource",
        "type": "Observation",
        "baseDefinition": BASE + "Observation",
        "derivation": "constraint",
        "differential": {"element": [{"path": "Observation"}, {"path": "Observation.subject", "type": [subject]}]},
    }


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(
        definitions=[
            aggregated("contained", "contained"),
            aggregated("bundled", "bundled"),
            aggregated("referenced", "referenced"),
        ]
    )


def entries(type_: str, *found: tuple[str | None, dict[str, Any]], **more: Any) -> dict[str, Any]:
    listed = [{"resource": each} | ({"fullUrl": url} if url else {}) for url, each in found]
    return {"resourceType": "Bundle", "type": type_} | ({"entry": listed} if listed else {}) | more


def numbered(type_: str, *resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return entries(type_, *((f"{UUID}{number}", each) for number, each in enumerate(resources)), **more)


def document(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return numbered("document", *resources, **DOCUMENT, **more)


def to(number: int | str) -> dict[str, str]:
    return {"reference": f"{UUID}{number}" if isinstance(number, int) else number}


def linked(relation: str, url: str = "http://acme.com") -> dict[str, Any]:
    return {"relation": relation, "url": url}


def search(*found: tuple[dict[str, Any], str | None], url: str | None = f"{SERVER}Patient?x=1") -> dict[str, Any]:
    bundle = numbered("searchset", *(each for each, _ in found), **({"link": [linked("self", url)]} if url else {}))
    for entry, (_, mode) in zip(bundle.get("entry", []), found, strict=True):
        if mode is not None:
            entry["search"] = {"mode": mode}
    return bundle


def requested(type_: str, resource: dict[str, Any], url: str | None = None) -> dict[str, Any]:
    bundle = entries(type_, (url, resource))
    part = (
        {"response": {"status": "200"}}
        if type_.endswith("response")
        else {"request": {"method": "POST", "url": resource["resourceType"]}}
    )
    bundle["entry"][0] |= part
    return bundle


PAGES = ("first", "previous", "next", "last")


def with_entry(type_: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type_, "entry": [entry]}


def seen(number: int) -> dict[str, Any]:
    return {"other": to(number), "type": "seealso"}


def at(index: int, rest: str = "") -> str:
    return f"entry[{index}]{rest}"


P1 = PATIENT | {"id": "1"}
HELD = OBSERVATION | {"subject": to(0)}
CASES: list[tuple[dict[str, Any], list[str]]] = [
    # links
    (numbered("collection", PATIENT, link=[linked("self"), linked("other"), linked("other")]), []),
    (numbered("collection", PATIENT, link=[linked("self"), linked("self")]), ["link link[1]"]),
    (numbered("collection", PATIENT, link=[linked("first")]), ["link link[0].relation"]),
    (numbered("history", link=[linked("first"), linked("next"), linked("last"), linked("previous")]), []),
    *((numbered("collection", PATIENT, link=[linked(each)]), ["link link[0].relation"]) for each in PAGES),
    *((numbered("searchset", link=[linked("self"), *[linked(each)] * 2]), ["link link[2]"]) for each in PAGES),
    (
        numbered("collection", PATIENT, link=[{"url": "http://acme.com"}, linked("next")]),
        ["base-required link[0]", "link link[1].relation"],
    ),
    (document(COMPOSITION, link=[linked("self")]), []),
    (numbered("history", link=[linked("next"), linked("next")]), ["link link[1]"]),
    (document(COMPOSITION, STYLE, link=[linked("stylesheet", "Binary/1")]), []),
    (document(COMPOSITION, link=[linked("stylesheet", "Binary/1")]), ["stylesheet link[0].url"]),
    (document(COMPOSITION, link=[linked("stylesheet", "https://hl7.org/fhir/fhir.css")]), []),
    (
        document(COMPOSITION, link=[linked("stylesheet", "http://acme.com/a")]),
        ["warning stylesheet-external link[0].url"],
    ),
    (numbered("collection", PATIENT, link=[linked("stylesheet", "http://acme.com/a")]), []),
    # entries
    (entries("collection", (None, PATIENT)), ["fullurl entry[0]"]),
    (entries("collection", ("Patient/1", P1)), ["fullurl entry[0]"]),
    (entries("collection", (f"{SERVER}Patient/1", P1)), []),
    (entries("collection", (f"{SERVER}Patient/1", PATIENT)), ["fullurl-id entry[0]"]),
    (entries("collection", (f"{SERVER}Patient/2", P1)), ["fullurl-id entry[0]"]),
    (entries("collection", (f"{SERVER}other/2", P1)), []),
    (with_entry("batch", {"fullUrl": f"{SERVER}Patient/1", "request": {"method": "DELETE", "url": "Patient/1"}}), []),
    (requested("batch", PATIENT), []),
    (requested("transaction", PATIENT), []),
    (requested("batch-response", PATIENT), []),
    (requested("transaction-response", PATIENT), []),
    # the first entry, and what hangs together with it
    (numbered("message", HEADER), []),
    (numbered("message", PATIENT, HEADER), ["first entry[0]", "information unlinked-message entry[1]"]),
    (document(PATIENT), ["first entry[0]"]),
    (numbered("message", HEADER | {"focus": [to(1)]}, PATIENT), []),
    (numbered("message", HEADER | {"focus": [to(1), to(8)]}, PATIENT), ["reference entry[0].resource.focus[1]"]),
    (
        numbered("message", HEADER, PATIENT | {"managingOrganization": to(2)}, ORGANIZATION),
        ["information unlinked-message entry[1]", "information unlinked-message entry[2]"],
    ),
    (numbered("message", HEADER | {"focus": [to(1)]}, PATIENT | {"managingOrganization": to(2)}, ORGANIZATION), []),
    (numbered("message", HEADER, {"resourceType": "Basic", "code": {"text": "x"}, "subject": to(0)}), []),
    (document(COMPOSITION | {"subject": to(1)}, PATIENT, STYLE), ["unlinked entry[2]"]),
    (document(COMPOSITION | {"subject": to(7)}), ["reference entry[0].resource.subject"]),
    (document(COMPOSITION | {"author": [to(7)]}), ["reference entry[0].resource.author[0]"]),
    (document(COMPOSITION | {"encounter": to(7)}), ["reference entry[0].resource.encounter"]),
    (document(COMPOSITION | {"custodian": to(7)}), ["reference entry[0].resource.custodian"]),
    (
        document(COMPOSITION | {"attester": [{"mode": "legal", "party": to(7)}]}),
        ["reference entry[0].resource.attester[0].party"],
    ),
    (document(COMPOSITION | {"event": [{"detail": [to(7)]}]}), ["reference entry[0].resource.event[0].detail[0]"]),
    (
        document(COMPOSITION | {"section": [{"title": "x", "author": [to(7)], "entry": [to(8)]}]}),
        ["reference entry[0].resource.section[0].author[0]", "reference entry[0].resource.section[0].entry[0]"],
    ),
    (
        document(COMPOSITION | {"section": [{"title": "x", "focus": to(7)}]}),
        ["reference entry[0].resource.section[0].focus"],
    ),
    (
        document(COMPOSITION | {"section": [{"title": "x", "section": [{"title": "y", "entry": [to(7)]}]}]}),
        ["reference entry[0].resource.section[0].section[0].entry[0]"],
    ),
    (document(COMPOSITION | {"relatesTo": [{"code": "replaces", "targetReference": to(7)}]}), []),
    (document(COMPOSITION | {"subject": {"reference": "#p"}, "contained": [PATIENT | {"id": "p"}]}), []),
    (
        numbered("message", HEADER | {"focus": [to("Patient/1")]}, P1),
        ["reference-indirect entry[0].resource.focus[0]", "information unlinked-message entry[1]"],
    ),
    (
        entries("message", (UUID + "0", HEADER | {"focus": [to(1)]}), (UUID + "1", PATIENT), (UUID + "1", P1)),
        [
            "reference-ambiguous entry[0].resource.focus[0]",
            "information unlinked-message entry[1]",
            "information unlinked-message entry[2]",
        ],
    ),
    (numbered("message", HEADER | {"author": to(8)}), []),
    (document(COMPOSITION | {"subject": to("Patient/9")}), ["reference entry[0].resource.subject"]),
    (
        document(COMPOSITION | {"subject": to(1)}, PATIENT | {"link": [seen(2), seen(2), seen(3)]}, P1, P1 | {}),
        [],
    ),
    (
        document(COMPOSITION) | {"entry": [*document(COMPOSITION)["entry"], {"fullUrl": UUID + "9"}]},
        [],
    ),
    # search results
    (search((P1, "match"), (ORGANIZATION | {"id": "o"}, "include"), (OUTCOME, "outcome")), []),
    (search((P1, "match"), url=None), ["warning search-mode "]),
    (search((P1, "match"), (P1, None)), ["warning search-mode "]),
    (search(), []),
    (search((PATIENT, "match")), ["search-entry entry[0].resource"]),
    (search((ORGANIZATION, "include")), ["search-entry entry[0].resource"]),
    (search((PATIENT, None)), ["warning search-entry entry[0].resource", "warning search-mode "]),
    (search((P1, "outcome")), ["search-entry entry[0].resource"]),
    (search((OUTCOME, None)), ["warning search-mode "]),
    (search((OUTCOME | {"id": "x"}, "match")), ["search-type entry[0].resource"]),
    (search((ORGANIZATION | {"id": "o"}, "match")), ["search-type entry[0].resource"]),
    (search((ORGANIZATION | {"id": "o"}, None)), ["warning search-type entry[0].resource", "warning search-mode "]),
    (search((ORGANIZATION | {"id": "o"}, "match"), url=SERVER + "?x=y&_type=Task,Organization"), []),
    (search((ORGANIZATION | {"id": "o"}, "match"), url=SERVER + "?_type=Task"), ["search-type entry[0].resource"]),
    (search((ORGANIZATION | {"id": "o"}, "match"), url=SERVER + "Nothing"), []),
    (search((ORGANIZATION | {"id": "o"}, "match"), url=SERVER + "?x=y&_type=Task"), ["search-type entry[0].resource"]),
    (
        search((P1, "match")) | {"link": [linked("next", SERVER + "Task?x=1"), linked("self", SERVER + "Patient?x=1")]},
        [],
    ),
    (numbered("message", HEADER | {"author": to("http://acme.com/x")}), []),
    (document(COMPOSITION, STYLE, link=[linked("alternate", "Binary/1")]), ["unlinked entry[1]"]),
    (
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [linked("self")],
            "entry": [{"fullUrl": UUID + "1", "search": {"mode": "match"}}],
        },
        ["search-entry entry[0]"],
    ),
    # references
    (
        requested("transaction", PATIENT | {"managingOrganization": to("Organization/1")}),
        ["fullurl-missing entry[0].resource.managingOrganization"],
    ),
    (requested("batch-response", PATIENT | {"managingOrganization": to("Organization/1")}), []),
    (requested("transaction", PATIENT | {"managingOrganization": to("Organization?identifier=1")}, UUID + "0"), []),
    (
        numbered("collection", PATIENT | {"managingOrganization": to("Organization?identifier=1")}),
        ["base-reference-invalid entry[0].resource.managingOrganization"],
    ),
    (
        requested("transaction", PATIENT | {"managingOrganization": to("organization?identifier=1")}, UUID + "0"),
        ["base-reference-invalid entry[0].resource.managingOrganization"],
    ),
    (
        numbered("collection", PATIENT | {"managingOrganization": to("a/b/c")}),
        ["base-reference-invalid entry[0].resource.managingOrganization"],
    ),
    (numbered("collection", PATIENT | {"managingOrganization": to("Organization/1/_history/2")}), []),
    (
        entries(
            "collection",
            (f"{SERVER}Observation/1", OBSERVATION | {"id": "1", "subject": to("Patient/1")}),
            (f"{SERVER}Patient/1", P1),
        ),
        [],
    ),
    (numbered("collection", PATIENT, HELD), []),
    (numbered("collection", ORGANIZATION, HELD), ["base-reference-type entry[1].resource.subject"]),
    (
        entries("collection", (UUID + "0", PATIENT), (UUID + "0", P1), (UUID + "1", HELD)),
        ["reference-ambiguous entry[2].resource.subject"],
    ),
    (numbered("collection", PATIENT, OBSERVATION | {"subject": to(0) | {"type": "Patient"}}), []),
    (
        numbered("collection", PATIENT, OBSERVATION | {"subject": to(0) | {"type": "Group"}}),
        ["base-reference-type entry[1].resource.subject"],
    ),
    (
        numbered("collection", PATIENT, OBSERVATION | {"subject": to(0) | {"type": "Task"}}),
        ["base-reference-type entry[1].resource.subject"],
    ),
    (OBSERVATION | {"subject": to("Group/1") | {"type": "Patient"}}, ["base-reference-type subject"]),
    (OBSERVATION | {"subject": to("Patient/1") | {"type": BASE + "Patient"}}, []),
    (OBSERVATION | {"subject": to("http://acme.com/x") | {"type": "Patient"}}, []),
    (OBSERVATION | {"subject": to("Patient/1")}, []),
    (OBSERVATION | {"subject": to("Task/1")}, ["base-reference-type subject"]),
    (OBSERVATION | {"subject": to("http://acme.com/Task/1/_history/2")}, ["base-reference-type subject"]),
    (OBSERVATION | {"subject": to("http://acme.com/Tusk/1")}, []),
    (OBSERVATION | {"subject": to("http://acme.com/Task/1?x")}, []),
    (OBSERVATION | {"focus": [to("Task/1")]}, []),
    (OBSERVATION | {"subject": to("")}, ["base-empty subject.reference", "base-reference-invalid subject"]),
    (OBSERVATION | {"subject": to("a\u00a0b")}, ["base-reference-invalid subject"]),
    (OBSERVATION | {"subject": to("#")}, ["base-reference subject", "base-reference-type subject"]),
    (OBSERVATION | {"hasMember": [to("#")]}, ["base-reference hasMember[0]"]),
    (
        PATIENT
        | {"link": [{"other": to("#c"), "type": "seealso"}]}
        | {"contained": [PATIENT | {"id": "c", "link": [{"other": to("#"), "type": "seealso"}]}]},
        [],
    ),
    (OBSERVATION | {"subject": {"identifier": {"value": "1"}}}, []),
    (OBSERVATION | {"subject": {"display": "x"}}, []),
    (OBSERVATION | {"subject": {"type": "Patient"}}, ["warning base-reference subject"]),
    (OBSERVATION | {"subject": to("#p"), "contained": [PATIENT | {"id": "p"}]}, []),
    (
        OBSERVATION | {"subject": to("#q"), "contained": [PATIENT | {"id": "p"}]},
        ["base-reference subject", "base-contained-unused contained[0]"],
    ),
]


def shown(issues: list[Any]) -> list[str]:
    return [
        ("" if issue.severity == "error" else f"{issue.severity} ")
        + f"{issue.rule.removeprefix('bundle-')} {issue.expression[0].partition('.')[2]}"
        for issue in issues[1:]
        if issue.rule.startswith(("bundle-", "base-")) and issue.rule not in ("base-invariant", "base-blank")
    ]


@pytest.mark.parametrize(("resource", "issues"), CASES)
def test_bundle(validator: Validator, resource: dict[str, Any], issues: list[str]) -> None:
    found = shown(validator.validate(resource).issues)
    assert set(found) == set(issues)
    assert found.count("reference-ambiguous entry[0].resource.focus[0]") <= 1


@pytest.mark.parametrize(
    ("url", "types"),
    [
        ("http://acme.com/Patient?x=1", {"Patient"}),
        ("http://acme.com/Patient", {"Patient"}),
        ("Patient?a=b?c", {"Patient"}),
        ("http://acme.com/?_type=Patient,Group", {"Patient", "Group"}),
        ("http://acme.com/?x=y&_type=Patient,Nothing&z=Group", {"Patient"}),
        ("http://acme.com/?_type=Patient&_type=Task", {"Patient", "Task"}),
        ("http://acme.com/?not_type=Patient", set()),
        ("http://acme.com/Nothing", set()),
        ("", set()),
    ],
)
def test_what_a_search_was_for(url: str, types: set[str]) -> None:
    assert bundles._searched(url) == types


def test_what_leads_nowhere_by_the_rules_is_told_once_for_each_resource(validator: Validator) -> None:
    twice = PATIENT | {"generalPractitioner": [to("Organization/1")] * 2}
    resources = (HEADER | {"focus": [to(1)]}, twice, ORGANIZATION | {"id": "1"})
    found = shown(validator.validate(numbered("message", *resources)).issues)
    assert found.count("reference-indirect entry[1].resource.generalPractitioner[0]") == 1
    assert not any("generalPractitioner[1]" in each for each in found)


INSIDE = HELD | {"subject": to("#p"), "contained": [PATIENT | {"id": "p"}]}


@pytest.mark.parametrize(
    ("profile", "resource", "issues"),
    [
        ("contained", INSIDE, []),
        ("bundled", INSIDE, ["base-reference-aggregation subject"]),
        ("referenced", INSIDE, ["base-reference-aggregation subject"]),
        ("contained", OBSERVATION | {"subject": to("Patient/1")}, ["base-reference-required subject"]),
        ("bundled", OBSERVATION | {"subject": to("Patient/1")}, ["base-reference-required subject"]),
        ("referenced", OBSERVATION | {"subject": to("Patient/1")}, []),
    ],
)
def test_where_a_target_may_be(validator: Validator, profile: str, resource: dict[str, Any], issues: list[str]) -> None:
    assert shown(validator.validate(resource, profile=URL + profile).issues) == issues


@pytest.mark.parametrize(
    ("profile", "issues"),
    [
        ("contained", ["base-reference-aggregation entry[1].resource.subject"]),
        ("bundled", []),
        ("referenced", []),
    ],
)
def test_where_a_target_may_be_in_a_bundle(validator: Validator, profile: str, issues: list[str]) -> None:
    claiming = HELD | {"meta": {"profile": [URL + profile]}}
    assert shown(validator.validate(numbered("collection", PATIENT, claiming)).issues) == issues
