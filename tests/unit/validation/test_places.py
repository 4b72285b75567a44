"""Where an extension stands, by every name that its definition's contexts may use; its parts, url and kind."""

from types import SimpleNamespace
from typing import Any

import pytest

from adapter.fhir.elements import table
from adapter.validation.extensions import Extensions
from adapter.validation.run import Frame, Path, Run
from adapter.validation.trees import Node, parse

URL = "http://acme.com/e"
TELECOM: Path = ((None, "telecom"), 0)


class Host:
    """One definition."""

    table = table()

    def __init__(self, *parts: dict[str, Any], modifier: Any = None, **definition: Any) -> None:
        root = {"path": "Extension"} | ({"isModifier": modifier} if modifier is not None else {})
        self.root: Node = parse({"snapshot": {"element": [root, *parts]}})
        self.definition = definition | {"url": URL}
        self.checked = 0

    def extension_profile(self, url: str) -> Any:
        if url != URL:
            return None
        return SimpleNamespace(root=self.root, url=URL, check=self.check), self.definition

    def check(self, item: Any, _run: Run) -> None:
        assert item.type == "Extension"
        self.checked += 1


def told(
    host: Host,
    container: Path = None,
    resource: dict[str, Any] | None = None,
    value: dict[str, Any] | None = None,
    modifier: bool = False,
    structure: str = "Patient",
    unknown: Any = "information",
) -> list[str]:
    run = Run("X")
    resource = resource or {"resourceType": "Patient"}
    run.frame = Frame(resource, resource["resourceType"], None)
    owner: Any = resource
    steps: list[Any] = []
    place = container
    while place is not None:
        place, step = place
        steps.append(step)
    for step in reversed(steps):
        owner = owner[step] if isinstance(step, int) else owner.get(step.partition(".")[0], {})
    path = ((container, "modifierExtension" if modifier else "extension"), 0)
    check = Extensions(host, unknown).check(structure, modifier=modifier)
    check(value or {"url": URL, "valueCode": "x"}, run, path, owner if isinstance(owner, dict) else {})
    return [f"{issue.severity} {issue.rule} {issue.expression[0]}: {issue.message}" for issue in run.issues]


def at(*steps: str | int) -> Path:
    place: Path = None
    for step in steps:
        place = (place, step)
    return place


PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": "x", "period": {"start": "2026"}}],
    "contact": [{"name": {"text": "x"}, "telecom": [{"value": "1"}]}],
}
FAMILY = at("name", 0, "family")
PLACES: list[tuple[Path, list[str], list[str]]] = [
    (
        None,
        [
            "Patient",
            "DomainResource",
            "Resource",
            "Element",
            "Any",
            "http://hl7.org/fhir/StructureDefinition/Patient#Patient",
        ],
        ["Patient.name", "Observation", "HumanName", "BackboneElement", "patient", ""],
    ),
    (
        at("name", 0),
        ["Patient.name", "DomainResource.name", "HumanName", "Element", "Any"],
        ["Patient", "Resource", "DomainResource", "name", "HumanName.name", "Patient.contact.name"],
    ),
    (FAMILY, ["Patient.name.family", "HumanName.family", "string", "Element"], ["Patient.name", "HumanName", "code"]),
    (at("contact", 0), ["Patient.contact", "BackboneElement", "Element"], ["Patient", "Patient.contact.name"]),
    (
        at("contact", 0, "name"),
        ["Patient.contact.name", "HumanName", "BackboneElement.name"],
        ["Patient.name", "BackboneElement", "Patient.contact"],
    ),
    (at("contact", 0, "telecom", 0), ["ContactPoint", "Patient.contact.telecom"], ["Patient.telecom"]),
    (
        at("deceased.ofType(boolean)"),
        ["Patient.deceased[x]", "Patient.deceased", "boolean", "Element"],
        ["Patient.deceasedBoolean", "dateTime", "Patient"],
    ),
    (at("unknown"), ["Element", "Patient.unknown"], ["string", "BackboneElement"]),
]


@pytest.mark.parametrize(("place", "right", "wrong"), PLACES)
def test_contexts(place: Path, right: list[str], wrong: list[str]) -> None:
    def found(*contexts: str) -> list[str]:
        listed = [{"type": "element", "expression": each} for each in contexts]
        return told(Host(context=listed), place, PATIENT)

    words = "the extension stands where its definition does not allow it: expected it on "
    for each in right:
        assert found(each) == [], each
        assert found("Nothing", each) == []
    for each in wrong:
        (issue,) = found(each)
        assert issue.startswith("error base-extension-context X")
        assert issue.endswith(words + each)
    (issue,) = found("Nothing", "Neither")
    assert issue.endswith(words + "Nothing, Neither")


def test_without_a_context_it_may_stand_anywhere() -> None:
    assert told(Host(), at("name", 0), PATIENT) == []
    assert told(Host(context=[]), None, PATIENT) == []
    assert len(told(Host(context=[{"type": "element"}]), None, PATIENT)) == 1


@pytest.mark.parametrize(
    ("container", "resource", "right"),
    [
        (at("extension", 0), {"extension": [{"url": "u"}]}, True),
        (at("extension", 1), {"extension": [{"url": "u"}, {"url": "v"}]}, False),
        (at("extension", 0, "value.ofType(Period)"), {"extension": [{"url": "u", "valuePeriod": {}}]}, True),
        (at("extension", 0, "value.ofType(Period)"), {"extension": [{"url": "v", "valuePeriod": {}}]}, False),
        (at("name", 0), {"name": [{"text": "u"}]}, False),
        (at("extension", 0, "extension", 0), {"extension": [{"url": "u", "extension": [{"url": "v"}]}]}, False),
        (None, {"url": "v"}, False),
    ],
)
def test_contexts_of_extensions(container: Path, resource: dict[str, Any], right: bool) -> None:
    host = Host(context=[{"type": "extension", "expression": "u"}])
    assert (told(host, container, {"resourceType": "Patient"} | resource) == []) is right


@pytest.mark.parametrize(
    ("expression", "place", "right"),
    [
        ("Patient", None, True),
        ("Patient.name", None, False),
        ("Patient.name", at("name", 0), True),
        ("Patient.name.where(family = 'y')", at("name", 0), False),
        ("Patient.(", None, True),
    ],
)
def test_contexts_by_path(expression: str, place: Path, right: bool) -> None:
    host = Host(context=[{"type": "fhirpath", "expression": expression}])
    assert (told(host, place, PATIENT) == []) is right


@pytest.mark.parametrize(
    ("invariant", "place", "right"),
    [
        ("name.exists()", None, True),
        ("active.exists()", None, False),
        ("family = 'x'", at("name", 0), True),
        ("family = 'y'", at("name", 0), False),
        ("text.exists()", at("contact", 0, "name"), True),
        ("text.empty()", at("contact", 0, "name"), False),
    ],
)
def test_invariants_of_contexts(invariant: str, place: Path, right: bool) -> None:
    found = told(Host(contextInvariant=["true", invariant]), place, PATIENT)
    assert len(found) == (0 if right else 1)
    assert all(each.endswith(f": the extension may stand here only where {invariant}") for each in found)


def test_where_the_place_is_wrong_its_invariants_are_not_asked() -> None:
    wrong = [{"type": "element", "expression": "Nothing"}]
    assert len(told(Host(context=wrong, contextInvariant=["false"]), None, PATIENT)) == 1


PARTS = [
    {"path": "Extension.extension"},
    {"path": "Extension.extension", "sliceName": "a"},
    {"path": "Extension.extension.url", "fixedUri": "a-url"},
    {"path": "Extension.extension", "sliceName": "b"},
    {"path": "Extension.extension", "sliceName": "c"},
    {"path": "Extension.extension.url"},
]


def test_parts() -> None:
    urls = ["a", "a-url", "b", "c", "http://acme.com/x", "", 1, "z", None]
    parts: list[Any] = [{"url": each} for each in urls]
    found = told(Host(*PARTS), value={"url": URL, "extension": [*parts, "x"]})
    words = "the extension's definition has no part of this url"
    assert found == [f"error base-extension-part X.extension[0].extension[7]: {words}"]
    assert len(told(Host(), value={"url": URL, "extension": [{"url": "a"}]})) == 1
    assert told(Host(), value={"url": URL, "extension": {"url": "a"}}) == []
    assert told(Host(), value={"url": URL}) == []


@pytest.mark.parametrize(
    ("is_modifier", "under_modifier", "words"),
    [
        (True, True, None),
        (False, False, None),
        (None, False, None),
        (True, False, "expected the extension under modifierExtension"),
        (False, True, "expected the extension under extension"),
        (None, True, "expected the extension under extension"),
    ],
)
def test_modifiers(is_modifier: bool | None, under_modifier: bool, words: str | None) -> None:
    host = Host(modifier=is_modifier)
    found = told(host, modifier=under_modifier)
    place = "X.modifierExtension[0]" if under_modifier else "X.extension[0]"
    assert found == ([f"error base-extension-modifier {place}: {words}"] if words else [])
    assert host.checked == 1


@pytest.mark.parametrize(
    ("url", "structure", "issues", "checked"),
    [
        (URL, "Patient", [], 1),
        (URL + "|1", "Patient", ["error base-extension-url X.extension[0].url"], 1),
        ("e", "Patient", ["error base-extension-url X.extension[0].url"], 0),
        ("e", "Extension", [], 0),
        ("", "Patient", [], 0),
        (1, "Patient", [], 0),
        (None, "Patient", [], 0),
        ("http://no.se/x", "Patient", ["information base-extension-unknown X.extension[0]"], 0),
        (
            "http://no.se/x|1",
            "Patient",
            ["error base-extension-url X.extension[0].url", "information base-extension-unknown X.extension[0]"],
            0,
        ),
        ("http://acme.com/x", "Patient", [], 0),
        ("http://example.org/x", "Patient", [], 0),
        ("http://nema.org/x", "Patient", [], 0),
        ("http://hl7.org/fhir/tools/StructureDefinition/x", "Patient", [], 0),
    ],
)
def test_urls(url: Any, structure: str, issues: list[str], checked: int) -> None:
    host = Host()
    found = told(host, value={"url": url, "valueCode": "x"}, structure=structure)
    assert ([each.partition(": ")[0] for each in found], host.checked) == (issues, checked)


def test_how_grave_it_is_that_a_definition_is_not_known() -> None:
    unknown = {"url": "http://no.se/x", "valueCode": "x"}
    assert told(Host(), value=unknown, unknown="error")[0].startswith("error")
    assert told(Host(), value=unknown, modifier=True)[0].startswith("error")
