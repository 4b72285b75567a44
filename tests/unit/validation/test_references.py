"""References alone: their form, where they lead in a resource or Bundle, and the types that may stand there."""

from typing import Any

import pytest

from adapter.fhir.elements import table
from adapter.validation import references
from adapter.validation.groups import Group
from adapter.validation.items import Collectors, Item, resource_type
from adapter.validation.references import Targets
from adapter.validation.run import Frame, Run, expression

UUID = "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b1"
SERVER = "http://acme.com/fhir/"
NONE: frozenset[str] = frozenset()
PATIENT, GROUP = {"resourceType": "Patient", "id": "1"}, {"resourceType": "Group", "id": "1"}
OLD = {"resourceType": "Patient", "id": "3", "meta": {"versionId": "4"}}


def run_in(type_: str | None = None, full_url: str | None = f"{SERVER}Observation/1") -> Run:
    """A resource that contains a Patient; in a Bundle of a type, where one is given."""
    run = Run("X")
    run.frame = Frame({"resourceType": "Observation"}, "Observation", None)
    run.frame.contained = {"p": PATIENT, "n": {"resourceType": "Nothing"}, "x": {}}
    if type_ is not None:
        entries: list[dict[str, Any]] = [{"fullUrl": full_url} if full_url else {}]
        found = (
            (UUID + "1", PATIENT),
            (UUID + "2", GROUP),
            (UUID + "2", GROUP),
            (SERVER + "Patient/1", PATIENT),
            (SERVER + "Patient/3", OLD),
        )
        entries += [{"fullUrl": url, "resource": each} for url, each in (*found, (SERVER + "Task/7", GROUP))]
        run.frame.bundle = Group({"resourceType": "Bundle", "type": type_, "entry": entries})
        run.frame.entry, run.frame.full_url = entries[0], full_url
    return run


def shown(run: Run) -> list[str]:
    return [f"{issue.severity} {issue.rule} {issue.code}" for issue in run.issues]


SHAPE, NO_ID = "warning base-reference structure", "error base-reference structure"
INVALID = "error base-reference-invalid"


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        ({}, ["warning base-reference"]),
        ({"type": "Patient"}, ["warning base-reference"]),
        ({"id": "x"}, ["warning base-reference"]),
        ({"display": "x"}, []),
        ({"_display": {}}, []),
        ({"_reference": {}}, []),
        ({"identifier": {}}, []),
        ({"extension": []}, []),
        ({"reference": 1}, []),
        ({"reference": "Patient/1"}, []),
        ({"reference": ""}, [INVALID]),
        ({"reference": "a b"}, [INVALID]),
        ({"reference": "a\u00a0b"}, [INVALID]),
        ({"reference": "a\tb"}, [INVALID]),
        ({"reference": "a\u200bb"}, []),
        ({"reference": "#"}, ["error base-reference"]),
        ({"reference": "#p"}, []),
        ({"reference": "#q"}, ["error base-reference"]),
        ({"reference": "a/b/c"}, []),
    ],
)
def test_form(value: dict[str, Any], rules: list[str]) -> None:
    run = run_in()
    references.check(value, run, None)
    assert [each.rpartition(" ")[0] for each in shown(run)] == rules


@pytest.mark.parametrize(
    ("type_", "full_url", "url", "issues"),
    [
        ("collection", f"{SERVER}Observation/1", UUID + "1", []),
        ("collection", f"{SERVER}Observation/1", UUID + "9", []),
        ("collection", f"{SERVER}Observation/1", UUID + "2", ["error bundle-reference-ambiguous forbidden"]),
        ("collection", f"{SERVER}Observation/1", "Patient/1", []),
        ("collection", f"{SERVER}Observation/1", "Patient/3/_history/4", []),
        ("collection", f"{SERVER}Observation/1", "Task/7", ["error base-reference-type required"]),
        ("collection", f"{SERVER}Observation/1", SERVER + "Task/7", []),
        ("collection", f"{SERVER}Observation/1", "Patient", [INVALID]),
        ("collection", f"{SERVER}Observation/1", "Patient/", [INVALID]),
        ("collection", f"{SERVER}Observation/1", "Patient/1/_history/2", []),
        ("collection", f"{SERVER}Observation/1", "Patient/1/_history", [INVALID]),
        ("collection", f"{SERVER}Observation/1", "Patient?x=y", [INVALID]),
        ("collection", f"{SERVER}Observation/1", "Task/7#/x", [INVALID]),
        ("transaction", f"{SERVER}Observation/1", "Patient?x=y", []),
        ("batch", f"{SERVER}Observation/1", "Patient?x=y", []),
        ("batch", f"{SERVER}Observation/1", "Patient?x=", []),
        ("batch", f"{SERVER}Observation/1", "Patient?x", [INVALID]),
        ("batch", f"{SERVER}Observation/1", "aPatient?x=y", [INVALID]),
        ("batch", f"{SERVER}Observation/1", "?x=y", [INVALID]),
        ("batch", f"{SERVER}Observation/1", "#q", ["error base-reference"]),
        ("collection", None, "Patient/1", ["error bundle-fullurl-missing"]),
        ("transaction", None, UUID + "2", ["error bundle-fullurl-missing"]),
        ("batch-response", None, UUID + "2", []),
        ("transaction-response", None, "Patient/1", []),
        ("batch-response", None, "a", []),
    ],
)
def test_in_a_bundle(type_: str, full_url: str | None, url: str, issues: list[str]) -> None:
    run = run_in(type_, full_url)
    references.check({"reference": url}, run, None)
    found = shown(run)
    assert len(found) == len(issues)
    assert all(each.startswith(wanted) for each, wanted in zip(found, issues, strict=True))
    assert run.frame.references == ([(url, None)] if not url.startswith("#") else [])


@pytest.mark.parametrize("url", ["", "a b"])
def test_what_is_no_reference_leads_nowhere_in_a_bundle(url: str) -> None:
    run = run_in("collection")
    references.check({"reference": url}, run, None)
    assert (len(run.issues), run.frame.references) == (1, [])


def test_what_is_of_no_entry_has_no_base() -> None:
    run = run_in("collection")
    run.frame.entry = run.frame.full_url = None
    references.check({"reference": "Patient/1"}, run, None)
    assert [issue.rule for issue in run.issues] == ["bundle-fullurl-missing"]


def test_versions_and_fragments() -> None:
    entry = {"fullUrl": UUID + "1", "resource": PATIENT}
    old = {"fullUrl": UUID + "3", "resource": OLD}
    group = Group({"resourceType": "Bundle", "entry": [entry, old]})
    number = UUID.removeprefix("urn:uuid:")
    for url in ("", "/_history/4", "#x", "#x#y", "/_history/4#x"):
        assert group.resolve(f"{UUID}3{url}", entry) == [OLD]
        assert group.resolve(f"Patient/{number}3{url}", entry) == [OLD]
    assert group.resolve(f"Patient/{number}3/_history/5", entry) == []
    assert group.resolve(f"{UUID}3/_history/5", entry) == []


def test_parameters_are_no_bundle() -> None:
    run = run_in()
    run.frame.bundle = Group({"resourceType": "Parameters", "parameter": []})
    references.check({"reference": "a"}, run, None)
    assert (run.issues, run.frame.references) == ([], [])


@pytest.mark.parametrize(
    ("url", "place", "type_"),
    [
        ("#", "contained", "Observation"),
        ("#p", "contained", "Patient"),
        ("#q", "contained", None),
        ("#n", "contained", "resource of no R4 type"),
        ("#x", "contained", None),
        (UUID + "1", "bundled", "Patient"),
        (UUID + "2", "referenced", None),
        (UUID + "9", "referenced", None),
        ("Patient/1", "bundled", "Patient"),
    ],
)
def test_where_it_leads(url: str, place: str, type_: str | None) -> None:
    found = references.target(url, run_in("collection").frame)
    assert (found.place, found.type) == (place, type_)
    assert (found.resource is not None) is (type_ is not None or url == "#x")


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("http://acme.com/Patient/1", True),
        ("https://acme.com/fhir/Patient/1/_history/2", True),
        ("Patient/1", True),
        ("http://acme.com/Nothing/1", False),
        ("http://acme.com/Patient/1/x", False),
        ("http://acme.com/Patient/1?x", False),
        ("urn:x:Patient/1", False),
        ("Patient", False),
    ],
)
def test_urls_of_servers(url: str, right: bool) -> None:
    assert references.is_rest(url) is right


LEADS, SAYS, TYPE = "leads to a", "the URL is", "Reference.type is"


def told(value: Any, *types: str, aggregation: tuple[str, ...] = (), bundle: str | None = "collection") -> list[str]:
    run = run_in(bundle)
    Targets(frozenset(types), (), frozenset(aggregation), "p").check(value, run, None)
    assert {issue.profile for issue in run.issues} <= {"p"}
    return [f"{issue.severity} {issue.rule}: {issue.message}" for issue in run.issues]


def wrong(found: str, *types: str) -> str:
    return f"error base-reference-type: the reference leads to a {found}: expected {' or '.join(types)}"


def implied(found: str, *types: str) -> str:
    return f"error base-reference-type: the URL is that of a {found}: expected {' or '.join(types)}"


NOT_HERE = "error base-reference-type: Reference.type is not a type that may stand here: expected Group or Task"
NOT_ITS = "error base-reference-type: Reference.type is not the type of the resource that the reference leads to"


@pytest.mark.parametrize(
    ("url", "type_", "types", "bundle", "issues"),
    [
        ("#p", None, ("Patient",), None, []),
        ("#p", None, ("Group", "Task"), None, [wrong("Patient", "Group", "Task")]),
        ("#q", None, ("Group",), None, []),
        ("#p", None, (), None, []),
        (UUID + "1", None, ("Group",), "collection", [wrong("Patient", "Group")]),
        (UUID + "9", None, ("Group",), "collection", []),
        ("Patient/1", None, ("Group", "Task"), None, [implied("Patient", "Group", "Task")]),
        ("Patient/2", None, ("Group",), "collection", [implied("Patient", "Group")]),
        ("Group/2", None, ("Group",), "collection", []),
        ("http://acme.com/Patient/2", None, ("Group",), None, [implied("Patient", "Group")]),
        ("http://acme.com/Nothing/2", None, ("Group",), None, []),
        ("http://acme.com/x", None, ("Group",), None, []),
        ("Group/x y/z", None, ("Group",), None, []),
        ("Patient/1", None, (), None, []),
        ("Patient/1", "Patient", (), None, []),
        ("Patient/1", "http://hl7.org/fhir/StructureDefinition/Patient", (), None, []),
        ("Patient/1", "Group", (), None, [NOT_ITS]),
        ("http://acme.com/x", "Group", (), None, []),
        ("urn:x:Patient/1", "Group", (), None, []),
        ("http://acme.com/x", "Patient", ("Group", "Task"), None, [NOT_HERE]),
        ("#p", "Group", (), None, [NOT_ITS]),
        ("#p", "Patient", ("Group", "Task"), None, [NOT_HERE, wrong("Patient", "Group", "Task")]),
        (UUID + "1", "Group", (), "collection", [NOT_ITS]),
        (UUID + "1", "Patient", (), "collection", []),
        ("Group/1", "Group", ("Group", "Task"), None, []),
        ("Group/1", 1, ("Group", "Task"), None, []),
    ],
)
def test_types(url: str, type_: Any, types: tuple[str, ...], bundle: str | None, issues: list[str]) -> None:
    value = {"reference": url} | ({"type": type_} if type_ is not None else {})
    assert told(value, *types, bundle=bundle) == issues


@pytest.mark.parametrize("value", [{"reference": 1}, {}, "x", None, {"type": "Group"}, {"type": 1}])
def test_what_leads_nowhere_has_no_type(value: Any) -> None:
    assert told(value, "Group") == []


@pytest.mark.parametrize("type_", ["Task", "http://hl7.org/fhir/StructureDefinition/Task"])
def test_the_type_that_is_meant_is_one_that_may_stand_here(type_: str) -> None:
    value = {"type": type_, "identifier": {"value": "x"}}
    (words,) = told(value, "Group", "Patient")
    expected = "Reference.type is not a type that may stand here: expected Group or Patient"
    assert words == f"warning base-reference-type: {expected}"
    assert told(value) == told(value, "Task") == []


@pytest.mark.parametrize(
    ("url", "aggregation", "bundle", "words"),
    [
        ("#p", ("contained",), None, None),
        ("#p", ("bundled", "referenced"), None, "the target is contained: expected it to be bundled or referenced"),
        (UUID + "1", ("bundled",), "collection", None),
        (UUID + "1", ("referenced",), "collection", None),
        (UUID + "1", ("contained",), "collection", "the target is bundled: expected it to be contained"),
        ("Patient/7", ("referenced",), None, None),
        ("Patient/7", ("referenced", "contained"), "collection", None),
        ("Patient/7", ("contained",), None, "the reference leads nowhere: expected a resource that is contained"),
        ("Patient/7", ("bundled",), "collection", "the reference leads nowhere: expected a resource that is bundled"),
    ],
)
def test_aggregation(url: str, aggregation: tuple[str, ...], bundle: str | None, words: str | None) -> None:
    found = told({"reference": url}, aggregation=aggregation, bundle=bundle)
    assert [each.partition(": ")[2] for each in found] == ([words] if words else [])
    if words and "nowhere" in words:
        assert told({"reference": url}, "Group", aggregation=aggregation, bundle=bundle)[1:] == [
            implied("Patient", "Group")
        ]


def test_a_relative_reference_has_a_type_and_an_id() -> None:
    entry = {"fullUrl": f"{SERVER}Observation/1"}
    group = Group(
        {"resourceType": "Bundle", "entry": [{"fullUrl": f"{SERVER}x/Patient/1", "resource": PATIENT}, entry]}
    )
    assert group.resolve("x/Patient/1", entry) == []
    assert group.resolve(f"{SERVER}x/Patient/1", entry) == [PATIENT]


@pytest.mark.parametrize("stated", ["Nothing", None, 1, [], {}])
def test_a_type_that_r4_has_not_is_not_repeated(stated: Any) -> None:
    assert resource_type({"resourceType": stated}) == "Resource"
    assert resource_type(PATIENT) == "Patient"


def test_links_of_documents_and_messages() -> None:
    entry = {"fullUrl": f"{SERVER}Patient/1", "resource": PATIENT}
    other = {"fullUrl": UUID + "2", "resource": GROUP}
    group = Group({"resourceType": "Bundle", "entry": [entry, other]})
    assert group.link(UUID + "2#x", entry) == ([GROUP], False)
    assert group.link("Patient/1", entry) == ([PATIENT], False)
    assert group.link("Group/1", entry) == ([GROUP], True)
    assert group.link("Group/1/_history/3", entry) == ([GROUP], True)
    assert group.link("x/Group/1", entry) == ([], True)
    assert group.link("?Group/1", entry) == ([], True)
    assert group.link("Patient/1", other) == ([PATIENT], True)


def test_a_value_and_what_extends_it_are_one_item() -> None:
    collect = Collectors(table())("Patient", "deceased[x]")
    (both,) = collect({"deceasedBoolean": True, "_deceasedBoolean": {"id": "x"}}, None)
    assert (both.value, both.extra, both.type) == (True, {"id": "x"}, "boolean")
    (alone,) = collect({"_deceasedBoolean": {"id": "x"}}, None)
    assert (alone.value, alone.extra) == (None, {"id": "x"})
    assert collect({"deceased": True}, None) == []


@pytest.mark.parametrize(
    ("value", "type_", "structure"),
    [
        (PATIENT, "Resource", "Patient"),
        ({"resourceType": []}, "HumanName", "HumanName"),
        ({"resourceType": "Nothing"}, "HumanName", "HumanName"),
        ({}, "Nothing", "Element"),
        ({}, "string", "Element"),
        ("x", "HumanName", "Element"),
    ],
)
def test_the_structure_of_a_value(value: Any, type_: str, structure: str) -> None:
    assert Collectors(table()).structure(Item(value, type_, None)) == structure


def test_the_place_of_the_first_reference_with_a_url() -> None:
    patient = {
        "resourceType": "Patient",
        "unknown": [{"reference": "Organization/o"}],
        "nothing": {"reference": "Organization/o"},
        "contact": [{"name": {"text": "A"}}, {"organization": {"reference": "Organization/o"}}],
        "generalPractitioner": [None, {"reference": "Organization/p"}, {"reference": "Organization/o"}],
        "managingOrganization": {"reference": "Organization/q"},
    }
    frame = Frame(patient, "Patient", ((None, "entry"), 0))

    def place(letter: str) -> str:
        return expression(references.place(frame, f"Organization/{letter}"))

    assert place("o") == ".entry[0].contact[1].organization"
    assert place("p") == ".entry[0].generalPractitioner[1]"
    assert place("q") == ".entry[0].managingOrganization"
    assert place("r") == ".entry[0]"
