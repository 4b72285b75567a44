"""Where the elements of a differential are laid: slices, types of a choice, profiles of types, content of other types,
elements that a specialisation adds."""

from typing import Any

import pytest

from adapter.definitions.snapshot import generate
from adapter.support.errors import DefinitionsError

Element = dict[str, Any]
HL7 = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://x/profile"
FHIR_TYPE = HL7 + "structuredefinition-fhir-type"
ELE = {"key": "ele-1", "severity": "error", "expression": "hasValue()", "source": HL7 + "Element"}


def element(path: str, *types: Any, low: int = 0, high: str = "1", **members: Any) -> Element:
    listed = [{"code": each} if isinstance(each, str) else each for each in types]
    return {"id": path, "path": path, "min": low, "max": high, **({"type": listed} if listed else {}), **members}


def definition(name: str, *elements: Element, base: str | None = "Element", **members: Any) -> Element:
    return {
        "resourceType": "StructureDefinition",
        "url": HL7 + name,
        "type": name,
        **({"baseDefinition": HL7 + base} if base else {}),
        "snapshot": {"element": [element(name, high="*"), *elements]},
        **members,
    }


SYSTEM = {"code": "http://hl7.org/fhirpath/System.String"}
ROOT = element("Element", high="*", constraint=[ELE])
BASE = [
    definition("Element", element("Element.id", SYSTEM), base=None)
    | {"snapshot": {"element": [ROOT, element("Element.id", SYSTEM)]}},
    definition("string", element("string.id", SYSTEM)),
    definition("markdown", element("markdown.id", SYSTEM), base="string"),
    definition("boolean", element("boolean.id", SYSTEM)),
    definition("Quantity", element("Quantity.unit", "string"), element("Quantity.code", "string")),
    definition("Age", element("Age.unit", "string"), element("Age.code", "string"), base="Quantity"),
    definition("Reference", element("Reference.display", "string")),
    definition("BackboneElement", element("BackboneElement.id", SYSTEM)),
    definition(
        "Extension",
        element("Extension.extension", "Extension", high="*"),
        element("Extension.url", SYSTEM | {"extension": [1, {"url": "x"}, {"url": FHIR_TYPE, "valueUrl": "uri"}]}),
        element("Extension.value[x]", "string", "boolean"),
    ),
    definition(
        "Thing",
        element("Thing.id", SYSTEM | {"extension": [{"url": FHIR_TYPE, "valueUri": "string"}]}),
        element("Thing.extension", "Extension", high="*"),
        element("Thing.modifierExtension", "Extension", high="*"),
        element("Thing.name", "string"),
        element("Thing.amount", "Quantity", high="*"),
        element("Thing.value[x]", "string", "Quantity", "boolean"),
        element("Thing.who", "Reference"),
        element("Thing.part", "BackboneElement", high="*"),
        element("Thing.part.label", "string"),
        element("Thing.part.part", high="*", contentReference="#Thing.part"),
        element("Thing.other", high="*", contentReference=HL7 + "Else#Else.part"),
        element("Thing.lost", high="*", contentReference="#Thing.gone"),
    ),
    definition("Else", element("Else.part", "BackboneElement", high="*"), element("Else.part.x", "string")),
]
BY_UNIT = {"discriminator": [{"type": "value", "path": "unit"}], "rules": "open"}
OPEN = {"ordered": False, "rules": "open"}
BY_TYPE = OPEN | {"discriminator": [{"type": "type", "path": "$this"}]}
BY_URL = OPEN | {"discriminator": [{"type": "value", "path": "url"}]}


def at(path: str, slice_name: str | None = None, **members: Any) -> Element:
    return {"path": path, **({"sliceName": slice_name} if slice_name else {}), **members}


def profile(*differential: Element, url: str = URL, base: str = HL7 + "Thing", **members: Any) -> Element:
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "type": "Thing",
        "derivation": "constraint",
        "baseDefinition": base,
        "differential": {"element": [*differential]},
        **members,
    }


def made(structure: Element, *others: Element) -> dict[str, Element]:
    """The snapshot's elements by id."""
    known = {each.get("url"): each for each in (*BASE, *others)}
    found = generate(structure, lambda url: known.get(url.partition("|")[0]))["snapshot"]["element"]
    return {each["id"]: each for each in found}


def of(*differential: Element) -> dict[str, Element]:
    return made(profile(*differential))


def names(found: dict[str, Element], start: str) -> list[str]:
    return [each for each in found if each.startswith(start) and each.count(".") == start.count(".")]


# Slices


@pytest.mark.parametrize("name", ["extension", "modifierExtension"])
def test_extensions_are_sliced_by_url(name: str) -> None:
    found = of(at(f"Thing.{name}", "a"))
    assert found[f"Thing.{name}"]["slicing"] == BY_URL
    assert (found[f"Thing.{name}:a"]["min"], found[f"Thing.{name}:a"]["max"]) == (0, "*")


def test_the_name_of_a_slice_on_what_does_not_repeat_is_passed_over() -> None:
    found = of(at("Thing.name", "a", short="x"))
    assert names(found, "Thing.name") == ["Thing.name"]
    assert found["Thing.name"]["short"] == "x"
    sliced = of(at("Thing.name", slicing=BY_UNIT), at("Thing.name", "a", short="x"))
    assert names(sliced, "Thing.name") == ["Thing.name", "Thing.name:a"]
    assert "short" not in sliced["Thing.name"]


def test_what_repeats_is_not_sliced_by_nothing() -> None:
    with pytest.raises(DefinitionsError, match="nothing says by what"):
        of(at("Thing.amount", max="2"), at("Thing.amount", "a"))


def test_a_slice_begins_as_the_whole_without_its_slices_and_need_not_be_there() -> None:
    found = of(
        at("Thing.amount", slicing=BY_UNIT, min=1, short="whole"),
        at("Thing.amount", "a", short="a", slicing=BY_UNIT),
        at("Thing.amount", "b"),
        at("Thing.amount", "ab"),
        at("Thing.amount", "a/1", max="2", slicing=BY_UNIT),
        at("Thing.amount", "a/2"),
        at("Thing.amount", "a/1/x"),
    )
    order = ["", ":a", ":a/1", ":a/1/x", ":a/2", ":b", ":ab"]
    assert names(found, "Thing.amount") == [f"Thing.amount{each}" for each in order]
    assert [found[f"Thing.amount{each}"]["min"] for each in order] == [1, 0, 0, 0, 0, 0, 0]
    assert [found[f"Thing.amount{each}"]["short"] for each in order] == ["whole", "a", "a", "a", "a", "whole", "whole"]
    assert found["Thing.amount:a/1/x"]["max"] == "2"
    assert ["slicing" in found[f"Thing.amount{each}"] for each in order] == [True, True, True, *[False] * 4]


def test_a_slice_of_a_slice_that_is_not_said_to_be_sliced_is_refused() -> None:
    with pytest.raises(DefinitionsError, match="nothing says by what"):
        of(at("Thing.amount", slicing=BY_UNIT), at("Thing.amount", "a"), at("Thing.amount", "a/1"))


# Types of a choice


def test_a_type_of_a_choice_has_one_slice_whatever_it_is_called() -> None:
    typed = at("Thing.value[x]", "mine", type=[{"code": "Quantity"}])
    other = at("Thing.value[x]", "other", type=[{"code": "string"}])
    for more in (
        at("Thing.valueQuantity", short="x"),
        at("Thing.valueQuantity", "mine", short="x"),
        at("Thing.value[x]", "mine", short="x"),
        at("Thing.value[x]", "valueQuantity", short="x"),
    ):
        found = of(at("Thing.value[x]", slicing=BY_TYPE), other, typed, more)
        assert names(found, "Thing.value[x]") == [f"Thing.value[x]{each}" for each in ("", ":other", ":mine")]
        assert found["Thing.value[x]:mine"]["short"] == "x"
        assert "short" not in found["Thing.value[x]:other"]


def test_a_slice_of_a_choice_is_of_the_type_in_its_name() -> None:
    for each in (
        at("Thing.value[x]", "valueQuantity"),
        at("Thing.valueQuantity"),
        at("Thing.valueQuantity", "valueQuantity"),
    ):
        found = of(each)
        assert found["Thing.value[x]:valueQuantity"]["type"] == [{"code": "Quantity"}]
        assert found["Thing.value[x]"]["slicing"] == BY_TYPE
    named = of(at("Thing.valueQuantity", "mine"))
    assert named["Thing.value[x]:mine"]["type"] == [{"code": "Quantity"}]
    types = [{"code": "Quantity"}, {"code": "string"}]
    assert of(at("Thing.value[x]", "valueQuantity", type=types))["Thing.value[x]:valueQuantity"]["type"] == types
    free = of(at("Thing.value[x]", slicing=BY_TYPE), at("Thing.value[x]", "free"))
    assert len(free["Thing.value[x]:free"]["type"]) == 3


def test_what_is_below_a_type_of_a_choice_makes_its_slice() -> None:
    found = of(at("Thing.valueQuantity.unit", min=1))
    assert found["Thing.value[x]:valueQuantity.unit"]["min"] == 1
    below = of(at("Thing.value[x].unit", id="Thing.value[x]:valueQuantity.unit", min=1))
    assert below["Thing.value[x]:valueQuantity.unit"]["min"] == 1


def test_the_only_type_of_a_choice_needs_no_slice_unless_it_has_a_name() -> None:
    only = at("Thing.value[x]", type=[{"code": "Quantity"}])
    assert of(only, at("Thing.valueQuantity", short="x"))["Thing.value[x]"]["short"] == "x"
    named = of(only, at("Thing.valueQuantity", "mine", short="x"))
    assert named["Thing.value[x]:mine"]["short"] == "x"
    assert "short" not in named["Thing.value[x]"]


@pytest.mark.parametrize(
    "name", ["valueReference", "value", "valuequantity", "values", "val", "otherQuantity", "amoQuantity"]
)
def test_what_is_no_type_of_the_choice(name: str) -> None:
    with pytest.raises(DefinitionsError, match=f"Thing has no element {name}"):
        of(at(f"Thing.{name}"))


# Types


@pytest.mark.parametrize(
    ("path", "code"),
    [("amount", "Quantity"), ("amount", "Age"), ("name", "string"), ("name", "markdown"), ("id", "string")],
)
def test_a_type_may_be_one_that_specialises_the_bases(path: str, code: str) -> None:
    assert of(at(f"Thing.{path}", type=[{"code": code}]))[f"Thing.{path}"]["type"] == [{"code": code}]


@pytest.mark.parametrize(
    ("path", "code", "allowed"),
    [
        ("amount", "string", "Quantity"),
        ("amount", "Element", "Quantity"),
        ("amount", "Nothing", "Quantity"),
        ("name", "boolean", "string"),
        ("value[x]", "Reference", "Quantity, boolean, string"),
    ],
)
def test_a_type_that_the_base_does_not_allow_is_refused(path: str, code: str, allowed: str) -> None:
    with pytest.raises(DefinitionsError, match=f"type {code} is not among the base's: {allowed}$"):
        of(at(f"Thing.{path}", type=[{"code": code}]))


def test_a_circle_of_types_ends() -> None:
    circle = [definition("One", base="Two"), definition("Two", base="One")]
    with pytest.raises(DefinitionsError, match="type One is not among"):
        made(profile(at("Thing.name", type=[{"code": "One"}])), *circle)


def test_a_type_of_fhirpath_is_the_one_that_its_extension_names() -> None:
    assert of(at("Thing.id", type=[SYSTEM]))["Thing.id"]["type"] == [SYSTEM]
    named = SYSTEM | {"extension": [{"url": FHIR_TYPE, "valueUrl": "markdown"}]}
    assert of(at("Thing.id", type=[named]))["Thing.id"]["type"] == [named]
    for other in ({"url": FHIR_TYPE, "valueUrl": "boolean"}, {"url": FHIR_TYPE, "valueUri": "boolean"}):
        wrong = SYSTEM | {"extension": [1, {"url": "x", "valueUrl": "string"}, other]}
        with pytest.raises(DefinitionsError, match="is not among the base's: string"):
            of(at("Thing.id", type=[wrong]))
    for extension in (1, [], [1], [{"url": "x", "valueUrl": "boolean"}]):
        assert of(at("Thing.id", type=[SYSTEM | {"extension": extension}]))


def test_a_logical_type_is_named_by_its_url() -> None:
    logical = definition("Logical", element("Logical.a", "string")) | {"url": "http://x/Logical"}
    holder = definition("Holder", element("Holder.it", "http://x/Logical"))
    found = made(profile(at("Holder.it.a", min=1), base=HL7 + "Holder", type="Holder"), logical, holder)
    assert found["Holder.it.a"]["min"] == 1


def test_a_type_that_is_not_known_cannot_be_walked_into() -> None:
    holder = definition("Holder", element("Holder.it", "Nothing"))
    with pytest.raises(DefinitionsError, match=f"the type {HL7}Nothing of it is not known"):
        made(profile(at("Holder.it.a"), base=HL7 + "Holder", type="Holder"), holder)


def test_several_types_have_what_all_elements_have() -> None:
    assert of(at("Thing.value[x].id", max="0"))["Thing.value[x].id"]["max"] == "0"
    with pytest.raises(DefinitionsError, match="has no element unit"):
        of(at("Thing.value[x].unit"))


# Profiles of types

GRAM = profile(
    at("Quantity", short="Grams", max="3"),
    at("Quantity.unit", min=1),
    url="http://x/gram",
    base=HL7 + "Quantity",
    type="Quantity",
)
OF_GRAM = [{"code": "Quantity", "profile": ["http://x/gram"]}]


def test_the_profile_of_the_only_type_says_what_is_below() -> None:
    found = made(profile(at("Thing.amount", type=OF_GRAM), at("Thing.amount.code", min=1)), GRAM)
    assert (found["Thing.amount"]["short"], found["Thing.amount"]["max"]) == ("Grams", "3")
    assert found["Thing.amount.unit"]["min"] == found["Thing.amount.code"]["min"] == 1


def test_what_was_below_is_made_anew_only_where_nothing_was_said_of_it() -> None:
    plain = profile(at("Thing.amount.unit", short="u"), url="http://x/parent")
    bare = profile(at("Thing.amount.unit"), url="http://x/parent")
    child = profile(at("Thing.amount", type=OF_GRAM), at("Thing.amount.code"), base="http://x/parent")
    assert made(child, plain, GRAM)["Thing.amount.unit"]["min"] == 0
    assert made(child, plain, GRAM)["Thing.amount.unit"]["short"] == "u"
    assert made(child, bare, GRAM)["Thing.amount.unit"]["min"] == 1


def test_the_same_profile_again_says_nothing_new() -> None:
    parent = profile(at("Thing.amount", type=OF_GRAM, short="mine"), url="http://x/parent")
    child = profile(at("Thing.amount", type=OF_GRAM), base="http://x/parent")
    assert made(child, parent, GRAM)["Thing.amount"]["short"] == "mine"


@pytest.mark.parametrize(
    "types",
    [
        [{"code": "Quantity", "profile": ["http://x/gram", "http://x/gone"]}],
        [{"code": "Quantity", "profile": ["http://x/gone"]}],
        [{"code": "Quantity", "profile": []}],
        [{"code": "Quantity", "profile": "http://x/gram"}],
        [{"code": "Quantity", "profile": [1]}],
        [*OF_GRAM, {"code": "Age"}],
    ],
)
def test_several_profiles_or_unknown_ones_say_nothing(types: list[Element]) -> None:
    found = made(profile(at("Thing.amount", type=types)), GRAM)
    assert "short" not in found["Thing.amount"]


@pytest.mark.parametrize("code", ["Reference", "canonical"])
def test_the_profile_of_a_reference_is_about_its_target(code: str) -> None:
    target = GRAM | {"url": "http://x/target"}
    holder = definition("Holder", element("Holder.it", code))
    canonical = definition("canonical", element("canonical.id", SYSTEM))
    types = [{"code": code, "profile": ["http://x/target"]}]
    found = made(profile(at("Holder.it", type=types), base=HL7 + "Holder", type="Holder"), target, holder, canonical)
    assert "short" not in found["Holder.it"]


# Content of other elements


def test_content_of_another_type_is_walked_into() -> None:
    found = of(at("Thing.other.x", min=1), at("Thing.part.part.label", min=1))
    assert found["Thing.other.x"]["min"] == found["Thing.part.part.label"]["min"] == 1
    assert found["Thing.other"]["type"] == [{"code": "BackboneElement"}]
    assert found["Thing.part.label"]["min"] == 0
    assert "contentReference" not in found["Thing.other"]


def test_content_that_is_nowhere_is_refused() -> None:
    with pytest.raises(DefinitionsError, match=r"the content reference #Thing\.gone leads to no element"):
        of(at("Thing.lost.x"))


def test_content_is_looked_for_in_the_definition_itself_where_its_type_is_not_known() -> None:
    own = definition(
        "Own",
        element("Own.a", "BackboneElement"),
        element("Own.a.b", "string"),
        element("Own.c", contentReference="#Own.a"),
    ) | {"url": "http://x/Own"}
    found = made(profile(at("Own.c.b", min=1), base="http://x/Own", type="Own"), own)
    assert found["Own.c.b"]["min"] == 1
    holder = definition("Holder", element("Holder.it", contentReference="http://x/Own#Own.a"))
    other = made(profile(at("Holder.it.b", min=1), base=HL7 + "Holder", type="Holder"), holder, own)
    assert other["Holder.it.b"]["min"] == 1


# Specialisations


def letter(*differential: Element, **members: Any) -> Element:
    made_of = {"url": "http://x/Letter", "type": "http://x/Letter", "derivation": "specialization"}
    return profile(*differential, **(made_of | members))


PAGE = at("Letter.page", min=1, max="*", type=[{"code": "BackboneElement"}])


def test_what_a_specialisation_adds_keeps_what_all_elements_keep() -> None:
    found = made(letter(at("Letter"), PAGE, at("Letter.note", type=[{"code": "string"}]), base=HL7 + "Element"))
    assert list(found) == ["Letter", "Letter.id", "Letter.page", "Letter.note"]
    assert found["Letter.page"]["base"] == {"path": "Letter.page", "min": 1, "max": "*"}
    assert found["Letter.note"]["base"] == {"path": "Letter.note", "min": 0, "max": "*"}
    assert found["Letter.page"]["constraint"] == [ELE]
    assert found["Letter"]["base"] == {"path": "Letter", "min": 0, "max": "*"}


def test_a_specialisation_may_have_no_base_or_that_of_all_types() -> None:
    root = {"base": {"path": "Letter", "min": 0, "max": "*"}, "id": "Letter", "path": "Letter", "min": 0, "max": "*"}
    for base in (None, HL7 + "Base"):
        found = made(letter(at("Letter"), PAGE) | {"baseDefinition": base})
        assert list(found) == ["Letter", "Letter.page"]
        assert found["Letter"] == root
    assert list(made(letter() | {"baseDefinition": None})) == ["Letter"]
    known = definition("Base", element("Base.x", "string"), base=None)
    assert list(made(letter(at("Letter")) | {"baseDefinition": HL7 + "Base"}, known)) == ["Letter", "Letter.x"]
    with pytest.raises(DefinitionsError, match="the base definition http://x/gone is not known"):
        made(letter(at("Letter"), base="http://x/gone"))


def test_without_the_type_of_all_elements_an_added_one_keeps_nothing() -> None:
    known = {each["url"]: each for each in BASE if each["type"] != "Element"}
    structure = letter(at("Letter"), PAGE) | {"baseDefinition": None}
    found = generate(structure, known.get)["snapshot"]["element"]
    assert "constraint" not in found[1]


def test_the_root_need_not_be_written() -> None:
    assert list(made(letter(PAGE, base=HL7 + "Element"))) == ["Letter", "Letter.id", "Letter.page"]


def test_elements_on_the_way_are_not_added() -> None:
    with pytest.raises(DefinitionsError, match="Letter has no element page"):
        made(letter(at("Letter"), at("Letter.page.number"), base=HL7 + "Element"))


def test_a_version_in_a_canonical_is_no_part_of_what_is_being_made() -> None:
    extension = [{"code": "Extension", "profile": ["http://x/1|2"]}]
    one = profile(
        at("Extension.extension", "a", type=extension),
        at("Extension.extension.url", min=1),
        url="http://x/1",
        base=HL7 + "Extension",
        type="Extension",
    )
    assert made(one, one)["Extension.extension:a.url"]["min"] == 1


def test_what_is_no_definition_is_no_base() -> None:
    other = {"resourceType": "ValueSet", "url": "http://x/vs"}
    with pytest.raises(DefinitionsError, match="the base definition http://x/vs is not known"):
        made(profile(base="http://x/vs"), other)


def test_the_source_of_a_constraint_has_no_version() -> None:
    parent = definition("Parent", base=None) | {"url": "http://x/Parent"}
    parent["snapshot"]["element"][0]["constraint"] = [{"key": "p-1", "expression": "true"}]
    found = made(profile(base="http://x/Parent|3", type="Parent"), parent)
    assert found["Parent"]["constraint"][0]["source"] == "http://x/Parent"


@pytest.mark.parametrize(("length", "ends"), [(63, True), (64, False)])
def test_how_long_a_chain_of_definitions_may_be(length: int, ends: bool) -> None:
    chain = [profile(url=f"http://x/{number}", base=f"http://x/{number + 1}") for number in range(length)]
    last = profile(url=f"http://x/{length}")
    if ends:
        assert "Thing" in made(chain[0], *chain, last)
    else:
        with pytest.raises(DefinitionsError, match="longer than 64"):
            made(chain[0], *chain, last)
