"""Snapshots from differentials, over a small base. `tests/acceptance/test_snapshots.py` has the great comparison."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.definitions import Definitions
from adapter.definitions.snapshot import Snapshots, generate
from adapter.support.errors import DefinitionsError

Element = dict[str, Any]
HL7 = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://x/profile"


def element(path: str, types: str = "", *, low: int = 0, high: str = "1", **members: Any) -> Element:
    codes = [{"code": code} for code in types.split()]
    return {"id": path, "path": path, "min": low, "max": high, **({"type": codes} if codes else {}), **members}


def definition(name: str, *elements: Element, base: str | None = "Element", **members: Any) -> Element:
    return {
        "resourceType": "StructureDefinition",
        "url": HL7 + name,
        "type": name,
        "kind": "complex-type",
        "derivation": "specialization",
        **({"baseDefinition": HL7 + base} if base else {}),
        "snapshot": {"element": [element(name, high="*"), *elements]},
        **members,
    }


ELE = {"key": "ele-1", "severity": "error", "expression": "hasValue()"}
BASE = [
    definition("Element", element("Element.id", "string"), base=None),
    *(definition(name, element(f"{name}.id", "string")) for name in ("string", "uri", "code", "boolean")),
    definition("BackboneElement", element("BackboneElement.id", "string")),
    definition("Period", element("Period.start", "string"), element("Period.end", "string")),
    definition(
        "Identifier",
        element("Identifier.use", "code"),
        element("Identifier.system", "uri"),
        element("Identifier.value", "string"),
        element("Identifier.period", "Period"),
    ),
    definition(
        "Extension",
        element("Extension.extension", "Extension", high="*"),
        element("Extension.url", "uri", low=1),
        element("Extension.value[x]", "string boolean Identifier"),
    ),
    definition(
        "Thing",
        element("Thing.extension", "Extension", high="*"),
        element("Thing.identifier", "Identifier", high="*", constraint=[ELE]),
        element("Thing.name", "string", low=1),
        element("Thing.value[x]", "string Identifier boolean"),
        element("Thing.part", "BackboneElement", high="*"),
        element("Thing.part.label", "string"),
        element("Thing.part.part", high="*", contentReference="#Thing.part"),
    ),
]
VALUE_SYSTEM = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}


def profile(*differential: Element, url: str = URL, base: str = HL7 + "Thing", **members: Any) -> Element:
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "type": "Thing",
        "kind": "resource",
        "derivation": "constraint",
        "baseDefinition": base,
        "differential": {"element": list(differential)},
        **members,
    }


def made(structure: Element, *others: Element, problems: list[str] | None = None) -> dict[str, Element]:
    """The snapshot's elements by id."""
    known = {each.get("url"): each for each in (*BASE, *others)}
    snapshot = generate(structure, lambda url: known.get(url.partition("|")[0]), problems)["snapshot"]["element"]
    found = {each["id"]: each for each in snapshot}
    assert len(found) == len(snapshot)
    return found


def at(path: str, slice_name: str | None = None, **members: Any) -> Element:
    return {"path": path, **({"sliceName": slice_name} if slice_name else {}), **members}


def test_what_is_given_is_left_as_it_was() -> None:
    structure = profile(at("Thing.name", max="1", short="A name"))
    before = repr((structure, BASE))
    assert made(structure)["Thing.name"]["short"] == "A name"
    assert repr((structure, BASE)) == before


def test_every_element_says_what_it_comes_from() -> None:
    found = made(profile(at("Thing.identifier", min=1, max="3"), at("Thing.identifier.system", min=1)))
    assert found["Thing.identifier"]["base"] == {"path": "Thing.identifier", "min": 0, "max": "*"}
    assert found["Thing.identifier.system"]["base"] == {"path": "Identifier.system", "min": 0, "max": "1"}
    assert [each for each in found if each.startswith("Thing.identifier.")] == [
        f"Thing.identifier.{name}" for name in ("use", "system", "value", "period")
    ]


def test_slices_start_from_the_element_as_it_is_constrained() -> None:
    found = made(
        profile(
            at("Thing.identifier", min=1, slicing=VALUE_SYSTEM),
            at("Thing.identifier.value", min=1),
            at("Thing.identifier", "a", max="1"),
            at("Thing.identifier.system", fixedUri="urn:a"),
            at("Thing.identifier", "b", min=1),
        )
    )
    assert [each for each in found if each.count(".") == 1 and "identifier" in each] == [
        "Thing.identifier",
        "Thing.identifier:a",
        "Thing.identifier:b",
    ]
    assert (found["Thing.identifier:a"]["min"], found["Thing.identifier:a"]["max"]) == (0, "1")
    assert found["Thing.identifier:b"]["min"] == 1
    assert "slicing" not in found["Thing.identifier:a"]
    assert found["Thing.identifier:a.value"]["min"] == found["Thing.identifier:b.value"]["min"] == 1
    assert found["Thing.identifier:a.system"]["fixedUri"] == "urn:a"
    assert "fixedUri" not in found["Thing.identifier.system"]
    assert found["Thing.identifier:a"]["constraint"] == [{**ELE, "source": HL7 + "Thing"}]


def test_content_below_a_slice_is_found_by_its_id_alone() -> None:
    parent = profile(at("Thing.identifier", slicing=VALUE_SYSTEM), at("Thing.identifier", "a"), url="http://x/parent")
    below = at("Thing.identifier.period.end", id="Thing.identifier:a.period.end", max="0")
    found = made(profile(below, base="http://x/parent"), parent)
    assert found["Thing.identifier:a.period.end"]["max"] == "0"
    assert "Thing.identifier.period.end" not in found


def test_slices_of_slices_stand_after_theirs_and_inherit_from_them() -> None:
    found = made(
        profile(
            at("Thing.identifier", slicing=VALUE_SYSTEM),
            at("Thing.identifier", "a", max="5", slicing={"discriminator": [{"type": "value", "path": "use"}]}),
            at("Thing.identifier.system", min=1),
            at("Thing.identifier", "b"),
            at("Thing.identifier", "a/old", min=1),
        )
    )
    order = [each for each in found if each.startswith("Thing.identifier:") and each.count(".") == 1]
    assert order == ["Thing.identifier:a", "Thing.identifier:a/old", "Thing.identifier:b"]
    assert found["Thing.identifier:a/old"]["max"] == "5"
    assert found["Thing.identifier:a/old.system"]["min"] == 1


@pytest.mark.parametrize(
    "differential",
    [
        [at("Thing.valueString", min=1)],
        [at("Thing.value[x]", "valueString", min=1, type=[{"code": "string"}])],
        [at("Thing.value[x]", id="Thing.value[x]:valueString", sliceName="valueString", min=1)],
        [at("Thing.valueString", "valueString", min=1)],
    ],
)
def test_a_type_of_a_choice_is_a_slice_of_it(differential: list[Element]) -> None:
    found = made(profile(*differential))
    assert found["Thing.value[x]:valueString"]["type"] == [{"code": "string"}]
    assert found["Thing.value[x]:valueString"]["path"] == "Thing.value[x]"
    assert found["Thing.value[x]:valueString"]["min"] == 1
    assert found["Thing.value[x]"]["slicing"]["discriminator"] == [{"type": "type", "path": "$this"}]
    assert len(found["Thing.value[x]"]["type"]) == 3


def test_the_last_type_of_a_choice_is_the_choice_itself() -> None:
    only = at("Thing.value[x]", type=[{"code": "Identifier"}])
    found = made(profile(only, at("Thing.valueIdentifier.system", min=1)))
    assert found["Thing.value[x].system"]["min"] == 1
    assert "slicing" not in found["Thing.value[x]"]


def test_content_references_are_walked_into() -> None:
    found = made(profile(at("Thing.part.label", min=1), at("Thing.part.part.part.label", maxLength=3)))
    assert found["Thing.part.part.part.label"]["maxLength"] == 3
    assert found["Thing.part.part.label"]["min"] == 0
    assert found["Thing.part.part"]["type"] == [{"code": "BackboneElement"}]
    assert "contentReference" not in found["Thing.part.part"]
    assert found["Thing.part.part.part.part"]["contentReference"] == "#Thing.part"


EXTENSION = profile(
    at("Extension", max="1", short="Of mine"),
    at("Extension.url", fixedUri="http://x/ext"),
    at("Extension.value[x]", type=[{"code": "string"}]),
    url="http://x/ext",
    base=HL7 + "Extension",
    type="Extension",
)


def test_extensions_take_from_their_definition() -> None:
    sliced = at("Thing.extension", "mine", type=[{"code": "Extension", "profile": ["http://x/ext"]}])
    found = made(profile(sliced, at("Thing.extension.value[x]", min=1)), EXTENSION)
    assert found["Thing.extension"]["slicing"]["discriminator"] == [{"type": "value", "path": "url"}]
    assert (found["Thing.extension:mine"]["max"], found["Thing.extension:mine"]["short"]) == ("1", "Of mine")
    assert found["Thing.extension:mine.url"]["fixedUri"] == "http://x/ext"
    assert found["Thing.extension:mine.value[x]"]["type"] == [{"code": "string"}]


def test_an_extension_that_is_not_known_is_still_an_extension() -> None:
    sliced = at("Thing.extension", "mine", type=[{"code": "Extension", "profile": ["http://x/gone"]}])
    assert made(profile(sliced, at("Thing.extension.url", fixedUri="u")))["Thing.extension:mine.url"]["fixedUri"] == "u"


def test_profiles_may_name_each_other() -> None:
    def to(other: str) -> Element:
        return at("Extension.extension", "more", type=[{"code": "Extension", "profile": [other]}])

    one = EXTENSION | {
        "url": "http://x/1",
        "differential": {"element": [to("http://x/2"), at("Extension.extension.url")]},
    }
    two = EXTENSION | {
        "url": "http://x/2",
        "differential": {"element": [to("http://x/1"), at("Extension.extension.url")]},
    }
    assert "Extension.extension:more.url" in made(one, one, two)


def test_a_specialisation_adds_elements() -> None:
    letter = profile(
        at("Letter", min=0, max="*"),
        at("Letter.page", min=1, max="*", type=[{"code": "BackboneElement"}]),
        at("Letter.page.number", min=1, max="1", type=[{"code": "string"}]),
        url="http://x/Letter",
        base=HL7 + "Element",
        type="Letter",
        derivation="specialization",
        kind="logical",
    )
    found = made(letter)
    assert list(found) == ["Letter", "Letter.id", "Letter.page", "Letter.page.id", "Letter.page.number"]
    assert found["Letter.page.number"]["base"] == {"path": "Letter.page.number", "min": 1, "max": "1"}
    derived = profile(at("Letter.page.number", fixedString="1"), base="http://x/Letter", type="Letter")
    assert made(derived, letter)["Letter.page.number"]["fixedString"] == "1"


def test_what_adds_up_and_what_replaces() -> None:
    rules = [{**ELE, "key": "a"}, ELE]
    widest = {"url": HL7 + "elementdefinition-maxValueSet", "valueCanonical": "http://x/max"}
    parent = profile(
        at("Thing.identifier", constraint=rules, condition=["a"], definition="One.", patternIdentifier={"use": "old"}),
        at("Thing.name", binding={"strength": "preferred", "valueSet": "http://x/1", "extension": [widest]}),
        url="http://x/parent",
    )
    child = profile(
        at("Thing.identifier", constraint=[{**ELE, "key": "b"}], condition=["b"], definition="...Two."),
        at("Thing.identifier.period", mustSupport=True),
        at("Thing.name", binding={"strength": "required"}),
        base="http://x/parent",
    )
    found = made(child, parent)
    keys = [(each["key"], each["source"]) for each in found["Thing.identifier"]["constraint"]]
    assert keys == [("ele-1", HL7 + "Thing"), ("a", "http://x/parent"), ("b", URL)]
    assert found["Thing.identifier"]["condition"] == ["a", "b"]
    assert found["Thing.identifier"]["definition"] == "One.\nTwo."
    assert found["Thing.identifier"]["patternIdentifier"] == {"use": "old"}
    assert found["Thing.name"]["binding"] == {"strength": "required", "valueSet": "http://x/1", "extension": [widest]}


MALFORMED: dict[str, tuple[Element, str]] = {
    "no path": (profile({"id": "Thing.name"}), r"differential\.element\[0\]: an element is an object with a path"),
    "no object": (profile("x"), "an element is an object"),  # type: ignore[arg-type]
    "types": (profile(at("Thing.name", type="string")), r"element\[0\] \(Thing\.name\): type is not a list"),
    "differential": (profile() | {"differential": []}, "differential is not an object"),
    "another type": (profile(at("Patient.name")), "expected a path that begins with Thing"),
    "path": (profile(at("Thing..name")), "not an element's path"),
    "deep": (profile(at("Thing" + ".part" * 100)), "not an element's path"),
    "slice name": (profile(at("Thing.name", sliceName=1)), "sliceName is not a text"),  # type: ignore[arg-type]
    "no such element": (profile(at("Thing.nam")), "Thing has no element nam"),
    "no such content": (profile(at("Thing.identifier.valu")), "identifier has no element valu"),
    "no such choice": (profile(at("Thing.valuePeriod")), "no element valuePeriod"),
    "no such slice": (profile(at("Thing.identifier.use", id="Thing.identifier:x.use")), "identifier has no slice x"),
    "sliced by nothing": (profile(at("Thing.identifier", "a")), "nothing says by what"),
    "wider": (profile(at("Thing.name", max="2")), "max 2 is more than the 1 of the base"),
    "less": (profile(at("Thing.name", min=0)), "min 0 is less than the 1 of the base"),
    "none": (profile(at("Thing.name", max="0")), "min 1 is more than max 0"),
    "max": (profile(at("Thing.name", max="many")), "max is neither a number nor"),
    "min": (profile(at("Thing.name", min="1")), "min is not a whole number"),
    "type": (profile(at("Thing.name", type=[{"code": "boolean"}])), "type boolean is not among the base's: string"),
    "no base": (profile() | {"baseDefinition": None}, "names none"),
    "unknown base": (profile(base="http://x/gone"), "the base definition http://x/gone is not known; .*install"),
    "own base": (profile(base=URL), "the chain of base definitions is a circle"),
    "no url": ({"resourceType": "StructureDefinition"}, "with url"),
    "other resource": ({"resourceType": "Patient", "url": "u"}, "this is none"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_definitions_are_refused_with_url_and_element(name: str) -> None:
    structure, words = MALFORMED[name]
    with pytest.raises(DefinitionsError, match=words) as raised:
        made(structure, structure)
    if "url" not in name and "resource" not in name:
        assert str(raised.value).startswith(f"{URL}: ")


def test_what_is_wrong_about_one_element_can_be_told_instead() -> None:
    problems: list[str] = []
    structure = profile(at("Thing.nam"), at("Thing.name", max="*", min=0, short="x"), at("Thing.part", min=1))
    found = made(structure, problems=problems)
    assert (found["Thing.name"]["min"], found["Thing.name"]["max"], found["Thing.name"]["short"]) == (1, "1", "x")
    assert found["Thing.part"]["min"] == 1
    assert [each.partition(": ")[2][:45] for each in problems] == [
        "differential element Thing.nam: Thing has no ",
        "differential element Thing.name: max * is mor",
        "differential element Thing.name: min 0 is les",
    ]


def test_a_long_chain_ends() -> None:
    chain = [profile(url=f"http://x/{number}", base=f"http://x/{number + 1}") for number in range(100)]
    with pytest.raises(DefinitionsError, match="longer than 64"):
        made(chain[0], *chain)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "url", "key"]), inner, max_size=2)
    ),
    max_leaves=5,
)
MEMBERS = ["sliceName", "min", "max", "type", "slicing", "constraint", "binding", "condition", "fixedUri", "definition"]
MEMBERS += ["mapping", "example", "alias", "contentReference", "base", "extension", "id"]
TYPES = [
    [{"code": "string"}],
    [{"code": "Extension", "profile": ["http://x/ext"]}],
    [{"code": "Extension", "profile": [URL]}],
    [{"code": "Identifier", "profile": 1, "extension": [1]}],
    [{"code": "http://hl7.org/fhirpath/System.String", "extension": [1, {"url": 2}]}],
]
PATHS = ["Thing", "Thing.extension", "Thing.extension.value[x]", "Thing.identifier", "Thing.identifier.period.start"]
PATHS += [
    "Thing.value[x]",
    "Thing.valueString",
    "Thing.part.part",
    "Thing.part.part.label",
    "Thing.new",
    "Thing.value[x].x",
]
ELEMENTS = st.builds(
    lambda path, members, types: {"path": path, **members, **({"type": types} if types else {})},
    st.sampled_from(PATHS),
    st.dictionaries(st.sampled_from(MEMBERS), ANYTHING, max_size=3),
    st.none() | st.sampled_from(TYPES),
)


@pytest.mark.timeout(900)
@given(st.lists(ELEMENTS, max_size=6), st.booleans(), st.sampled_from(["constraint", "specialization"]))
def test_whatever_a_differential_holds_it_gives_a_snapshot_or_a_refusal(
    differential: list[Element], lenient: bool, derivation: str
) -> None:
    structure = profile(*differential, derivation=derivation)
    try:
        found = made(structure, EXTENSION, structure, problems=[] if lenient else None)
    except DefinitionsError as error:
        assert URL in str(error) or "http://x/ext" in str(error)  # noqa: PT017
    else:
        assert "Thing" in found


def test_snapshots_that_are_there_are_kept_and_made_once() -> None:
    asked: list[str] = []
    known = {each["url"]: each for each in (*BASE, profile(at("Thing.name", short="x")))}

    def load(url: str) -> Element | None:
        asked.append(url)
        return known.get(url)

    snapshots = Snapshots(load)
    assert snapshots.structure(HL7 + "Thing") is known[HL7 + "Thing"]
    first = snapshots.structure(URL)
    assert first is not None
    assert snapshots.structure(URL) is first
    assert asked.count(URL) == 1
    assert snapshots.structure("http://x/gone") is None


def test_definitions_name_where_a_malformed_one_comes_from() -> None:
    definitions = Definitions([], [*BASE, profile(at("Thing.nam"), at("Thing.name", short="x"))])
    structure = definitions.structure(URL)
    assert structure is not None
    assert [each["short"] for each in structure["snapshot"]["element"] if each["id"] == "Thing.name"] == ["x"]
    assert len(definitions.problems) == 1
    broken = Definitions([], [profile(base="http://x/gone")])
    with pytest.raises(DefinitionsError, match=f"^among the definitions given: {URL}: the base definition"):
        broken.structure(URL)
    assert broken.structure("http://x/other") is None


def test_a_differential_without_end_is_refused_before_it_is_laid_over_anything() -> None:
    many = [element("Element.id", sliceName=f"s{number}") for number in range(20_001)]
    with pytest.raises(DefinitionsError, match="a differential may have 20000 elements"):
        generate(definition("many", differential={"element": many}), lambda _: None)
