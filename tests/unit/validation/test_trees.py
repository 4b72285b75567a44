"""Snapshots as trees, paths of discriminators, where references lead in a Bundle, contained resources, vital signs."""

from typing import Any

import pytest

from adapter.fhir.elements import table
from adapter.support.errors import DefinitionsError
from adapter.validation import contained, implied, trees
from adapter.validation.groups import Group, Link, base_of
from adapter.validation.items import Collectors, Item, follow, segments
from adapter.validation.run import Run, expression

UUID = "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b1"
HTTP = "http://acme.com/fhir/"


def structure(*paths: str | tuple[str, str]) -> dict[str, Any]:
    named = [(each, None) if isinstance(each, str) else each for each in paths]
    elements = [{"path": path} | ({"sliceName": name} if name else {}) for path, name in named]
    return {"url": "http://acme.com/p", "snapshot": {"element": elements}}


def shown(node: trees.Node) -> Any:
    """(children by name, slices by name), as deep as they go."""
    return (
        {name: shown(child) for name, child in node.children.items()},
        {each.slice: shown(each) for each in node.slices},
    )


LEAF: Any = ({}, {})


@pytest.mark.parametrize(
    ("paths", "tree"),
    [
        (["A"], LEAF),
        (["A", "A.b", "A.c"], ({"b": LEAF, "c": LEAF}, {})),
        (["A", "A.b", "A.b.c", "A.d"], ({"b": ({"c": LEAF}, {}), "d": LEAF}, {})),
        (["A", "A.b", ("A.b", "x"), "A.b.c"], ({"b": ({}, {"x": ({"c": LEAF}, {})})}, {})),
        (["A", "A.b", ("A.b", "x"), ("A.b", "x/y")], ({"b": ({}, {"x": ({}, {"x/y": LEAF})})}, {})),
        (["A", "A.b", ("A.b", "x"), ("A.b", "xy")], ({"b": ({}, {"x": LEAF, "xy": LEAF})}, {})),
        (["A", "A.b[x]", ("A.bString", "bString")], ({"b[x]": ({}, {"bString": LEAF})}, {})),
        (["A", "A.b[x]", "A.bString"], ({"b[x]": LEAF, "bString": LEAF}, {})),
        (["A", "A.b", ("A.bString", "bString")], ({"b": LEAF, "bString": LEAF}, {})),
        (["A", ("A.b", "x")], ({"b": LEAF}, {})),
    ],
)
def test_a_snapshot_is_a_tree(paths: list[Any], tree: Any) -> None:
    root = trees.parse(structure(*paths))
    assert shown(root) == tree
    assert root.path == "A"
    assert root.parent is None
    assert next(root.all()) is root
    assert len(list(root.all())) == len(paths)
    assert all(below.parent is root for below in root.children.values())


def test_an_element_that_stands_twice_without_a_name_is_what_is_said_last() -> None:
    root = trees.parse(structure("A", "A.b", ("A.b", "x"), "A.b"))
    assert shown(root) == ({"b": LEAF}, {})


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([], "expected a snapshot of 1 to 20000 elements"),
        (["A.b"], "begins with A.b"),
        (["A", "B"], "B does not follow"),
        (["A", "A.b.c"], "A.b.c does not follow"),
        (["A", "A.b", "A.c", "A.c.d.e"], "A.c.d.e does not follow"),
        (["A"] * 20_001, "expected a snapshot of 1 to 20000 elements"),
    ],
)
def test_what_is_no_tree_is_refused(paths: list[str], words: str) -> None:
    with pytest.raises(DefinitionsError, match=words):
        trees.parse(structure(*paths))


def test_the_largest_snapshot_is_taken() -> None:
    assert len(list(trees.parse(structure("A", *(f"A.b{number}" for number in range(19_999)))).all())) == 20_000


@pytest.mark.parametrize(("snapshot"), [None, 1, {"element": [{"path": 1}]}, {"element": 1}])
def test_a_snapshot_of_another_shape_is_refused(snapshot: Any) -> None:
    with pytest.raises(DefinitionsError, match="acme"):
        trees.parse({"url": "http://acme.com/p", "snapshot": snapshot})


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("$this", []),
        ("", []),
        ("a.b", [("name", "a"), ("name", "b")]),
        ("$this.a", [("name", "a")]),
        ("value[x].code", [("name", "value[x]"), ("name", "code")]),
        ("resolve()", [("resolve", "")]),
        ("a.resolve().b", [("name", "a"), ("resolve", ""), ("name", "b")]),
        ("value.ofType(Quantity)", [("name", "value"), ("ofType", "Quantity")]),
        ("value.as( FHIR.string ).a", [("name", "value"), ("ofType", "FHIR.string"), ("name", "a")]),
        ("extension('http://a/b').value", [("extension", "http://a/b"), ("name", "value")]),
        ('extension( "u" )', [("extension", "u")]),
        ("extension('u\")", None),
        ("a b", None),
        ("a.where(b)", None),
        (".a", None),
        ("1", None),
        ("a|b", None),
    ],
)
def test_the_parts_of_a_discriminators_path(path: str, parts: Any) -> None:
    assert segments(path) == parts


E1: dict[str, Any] = {"url": "e", "valueCode": "x"}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "valueQuantity": {"value": 1},
    "_status": {"extension": [E1]},
    "category": [{"text": "a"}, {"coding": [{"code": "b"}, {"code": "c"}]}],
    "extension": [{"url": "f"}, E1, "x"],
    "contained": [{"resourceType": "Patient", "id": "p"}, {"resourceType": "X"}, "y"],
    "subject": {"reference": 1},
}


@pytest.mark.parametrize(
    ("path", "items"),
    [
        ("$this", [("", "Observation")]),
        ("value", [(".value.ofType(Quantity)", "Quantity")]),
        ("value[x]", [(".value.ofType(Quantity)", "Quantity")]),
        ("valueQuantity", [(".value.ofType(Quantity)", "Quantity")]),
        ("valueString", []),
        ("value.ofType(Quantity).value", [(".value.ofType(Quantity).value", "decimal")]),
        ("value.ofType(FHIR.Quantity)", [(".value.ofType(Quantity)", "Quantity")]),
        ("value.ofType(string)", []),
        ("status", [(".status", "code")]),
        ("status.extension", [(".status.extension[0]", "Extension")]),
        ("category", [(".category[0]", "CodeableConcept"), (".category[1]", "CodeableConcept")]),
        ("category.coding.code", [(".category[1].coding[0].code", "code"), (".category[1].coding[1].code", "code")]),
        ("extension('e')", [(".extension[1]", "Extension")]),
        ("extension('e').value", [(".extension[1].value.ofType(code)", "code")]),
        ("contained", [(".contained[0]", "Patient"), (".contained[1]", "Resource"), (".contained[2]", "Resource")]),
        ("subject.resolve()", []),
        ("nothing", []),
        ("id", []),
    ],
)
def test_where_a_path_leads(path: str, items: list[tuple[str, str]]) -> None:
    parts = segments(path)
    assert parts is not None
    found = follow(Item(OBSERVATION, "Observation", None), parts, Run("Observation"), Collectors(table()))
    assert [(expression(each.path), each.type) for each in found] == items


@pytest.mark.parametrize(
    ("given", "items"),
    [
        ({"given": ["A", "B"]}, [(0, "A", None), (1, "B", None)]),
        ({"given": ["A", None], "_given": [None, {"id": "x"}]}, [(0, "A", None), (1, None, {"id": "x"})]),
        ({"_given": [None, {"id": "x"}]}, [(1, None, {"id": "x"})]),
        ({"given": ["A"], "_given": ["x", {"id": "x"}]}, [(0, "A", None), (1, None, {"id": "x"})]),
        ({"given": ["A"], "_given": 1}, [(0, "A", None)]),
        ({"given": [None], "_given": [None]}, []),
        ({}, []),
    ],
)
def test_primitives_and_their_siblings_are_items(given: dict[str, Any], items: list[Any]) -> None:
    found = Collectors(table())("HumanName", "given")(given, None)
    assert [(each.path[1], each.value, each.extra) for each in found if each.path] == items


def test_a_structure_is_that_of_the_value() -> None:
    collectors = Collectors(table())
    assert collectors.structure(Item({"resourceType": "Patient"}, "Resource", None)) == "Patient"
    assert collectors.structure(Item({"resourceType": "HumanName"}, "Resource", None)) == "Resource"
    assert collectors.structure(Item({"resourceType": 1}, "Resource", None)) == "Resource"
    assert collectors.structure(Item({}, "HumanName", None)) == "HumanName"
    assert collectors.structure(Item({}, "Nothing", None)) == "Element"
    assert collectors.structure(Item("x", "HumanName", None)) == "Element"
    assert collectors.structure(Item({}, "string", None)) == "Element"


def patient(number: int, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": f"{number}", **more}


def bundle(*entries: tuple[str | None, dict[str, Any]]) -> dict[str, Any]:
    found = [{"resource": each} | ({"fullUrl": url} if url else {}) for url, each in entries]
    return {"resourceType": "Bundle", "type": "collection", "entry": found, "link": [{"relation": "self"}]}


ONE, TWO = patient(1), patient(2, meta={"versionId": "7"})
SERVED = bundle((HTTP + "Patient/1", ONE), (HTTP + "Patient/2", TWO), ("http://other.se/Patient/1", patient(1)))
SENT = bundle((UUID + "1", patient(3)), (UUID + "2", TWO), ("urn:x:2", ONE))


@pytest.mark.parametrize(
    ("container", "entry", "url", "found"),
    [
        (SERVED, 0, HTTP + "Patient/1", [ONE]),
        (SERVED, 0, HTTP + "Patient/1#a", [ONE]),
        (SERVED, 0, "Patient/2", [TWO]),
        (SERVED, 0, "Patient/2/_history/7", [TWO]),
        (SERVED, 0, "Patient/2/_history/8", []),
        (SERVED, 0, HTTP + "Patient/2/_history/7", [TWO]),
        (SERVED, 2, "Patient/2", []),
        (SERVED, 0, "Patient/3", []),
        (SERVED, 0, "a Patient/1", []),
        (SERVED, None, "Patient/1", []),
        (SENT, 0, UUID + "2", [TWO]),
        (SENT, 0, "Patient/" + UUID.rpartition(":")[2] + "2", [TWO]),
        (SENT, 0, "Patient/" + UUID.rpartition(":")[2] + "2/_history/7", [TWO]),
        (SENT, 0, "Patient/" + UUID.rpartition(":")[2] + "2/_history/8", []),
        (SENT, 2, "Patient/2", [ONE]),
        ({"resourceType": "Parameters", "parameter": [{"part": [{"resource": ONE}]}]}, None, "Patient/1", [ONE]),
        ({"resourceType": "Parameters", "parameter": [{"resource": TWO}]}, None, "Patient/2/_history/7", [TWO]),
        ({"resourceType": "Parameters", "parameter": [{"resource": TWO}]}, None, "Patient/1", []),
        ({"resourceType": "Parameters", "entry": [{"resource": ONE}]}, None, "Patient/1", []),
    ],
)
def test_where_a_reference_leads_in_a_bundle(container: Any, entry: int | None, url: str, found: list[Any]) -> None:
    group = Group(container)
    assert group.resolve(url, None if entry is None else group.entries[entry]) == found


def test_several_of_one_name_are_all_found() -> None:
    group = Group(bundle((UUID + "1", ONE), (UUID + "1", TWO)))
    assert group.resolve(UUID + "1", None) == [ONE, TWO]
    assert (group.type, group.is_bundle, len(group.links)) == ("collection", True, 1)
    odd = Group({"resourceType": "Bundle", "type": 1, "entry": [{"resource": {}, "fullUrl": UUID}]})
    assert (odd.type, odd.resolve(UUID, None)) == ("", [])


@pytest.mark.parametrize(
    ("container", "entry", "url", "link"),
    [
        (SERVED, 0, HTTP + "Patient/1", Link([ONE], named=False)),
        (SERVED, 0, "Patient/1", Link([ONE], named=False)),
        (SENT, 0, "Patient/2", Link([TWO], named=True)),
        (SENT, 0, "Patient/2/_history/9", Link([TWO], named=True)),
        (SENT, 0, "Patient/9", Link([], named=True)),
        (SENT, 0, "no reference", Link([], named=True)),
        (SENT, 0, UUID + "9", Link([], named=False)),
    ],
)
def test_where_a_reference_leads_by_the_stricter_rules(container: Any, entry: int, url: str, link: Link) -> None:
    group = Group(container)
    assert group.link(url, group.entries[entry]) == link


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (HTTP + "Patient/1", HTTP),
        ("https://acme.com/Patient/1", "https://acme.com/"),
        ("Patient/1", ""),
        (HTTP + "Patient/2", None),
        (HTTP + "xPatient/1", None),
        ("ftp://acme.com/Patient/1", None),
        (UUID + "1", None),
        (None, None),
    ],
)
def test_the_base_of_an_entry(url: str | None, base: str | None) -> None:
    assert base_of({"fullUrl": url, "resource": ONE}) == base


def inside(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "contained": [*resources], **more}


@pytest.mark.parametrize(
    ("resource", "unused"),
    [
        (inside({"id": "a"}), [0]),
        (inside({"id": "a"}, x={"reference": "#a"}), []),
        (inside({"id": "a"}, x=[{"y": [{"reference": "#a"}]}]), []),
        (inside({"id": "a"}, {"id": "b"}, x="#b"), [0]),
        (inside({"id": "a", "x": "#b"}, {"id": "b"}, x="#a"), []),
        (inside({"id": "a", "x": "#b"}, {"id": "b"}), [0, 1]),
        (inside({"id": "a", "x": "#b"}, {"id": "b", "x": "#a"}), [0, 1]),
        (inside({"id": "a", "x": "#"}, {"id": "b"}), [1]),
        (inside({"id": "a"}, text={"div": '<div><a href = "#a">x</a></div>'}), []),
        (inside({"id": "a"}, text={"div": "<div><a href='#b'>x</a></div>"}), [0]),
        (inside({"id": "a"}, x='<p href="#a">'), [0]),
        (inside({"id": "a"}, x="a"), [0]),
    ],
)
def test_contained_resources_that_nothing_leads_to(resource: dict[str, Any], unused: list[int]) -> None:
    run = Run("Patient")
    contained.check(resource, run, None)
    assert [(issue.rule, issue.expression[0]) for issue in run.issues] == [
        ("base-contained-unused", f"Patient.contained[{index}]") for index in unused
    ]


def test_of_two_contained_with_one_id_the_first_is_meant() -> None:
    assert contained.index(inside({"id": "a", "n": 1}, {"id": "a", "n": 2}, {"n": 3}, {"id": 4})) == {
        "a": {"id": "a", "n": 1}
    }


VITAL = "http://hl7.org/fhir/StructureDefinition/bodytemp"


def fixing(*pairs: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    elements = [
        {"id": f"Observation.code.coding:{name}.{part}", "path": f"Observation.code.coding.{part}", **fixed}
        for name, part, fixed in pairs
    ]
    return {"snapshot": {"element": elements}}


def test_the_codes_that_a_vital_sign_fixes() -> None:
    loaded = {
        VITAL: fixing(
            ("a", "system", {"fixedUri": "s"}),
            ("b", "system", {"fixedUri": "t"}),
            ("a", "code", {"fixedCode": "1"}),
            ("b", "code", {"fixedCode": "2"}),
            ("c", "code", {"fixedCode": "3"}),
            ("d", "system", {"fixedUri": "u"}),
        )
    }
    known = implied.codes(loaded.get)
    assert known == {("s", "1"): VITAL, ("t", "2"): VITAL}


@pytest.mark.parametrize(
    ("coding", "profile"),
    [
        ([{"system": "s", "code": "1"}], "p"),
        ([{"code": "1"}, {"system": "s", "code": "2"}, {"system": "s", "code": "1"}], "p"),
        ([{"system": "t", "code": "9"}, {"system": "s", "code": "1"}], "q"),
        ([{"system": "s"}], None),
        ("x", None),
    ],
)
def test_the_vital_sign_of_an_observation(coding: Any, profile: str | None) -> None:
    known = {("s", "1"): "p", ("t", "9"): "q"}
    assert implied.profile({"code": {"coding": coding}}, known) == profile


ELEMENT = "http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element"


@pytest.mark.parametrize(
    ("url", "profile"),
    [(ELEMENT, ["http://acme.com/p#Bundle.entry:a"]), ("http://acme.com/other", ["http://acme.com/p"])],
)
def test_only_the_extension_for_it_names_an_element_of_a_profile(url: str, profile: list[str]) -> None:
    extra = {"extension": [{"url": url, "valueString": "Bundle.entry:a"}]}
    type_ = {"code": "BackboneElement", "profile": ["http://acme.com/p"], "_profile": [extra]}
    (found,) = trees.Node({"type": [type_]}, "Bundle.entry", None, None).types
    assert found["profile"] == profile


@pytest.mark.parametrize("extras", [None, 5, {}, "x"])
def test_what_is_no_list_names_no_element(extras: object) -> None:
    type_ = {"code": "BackboneElement", "profile": ["http://acme.com/p"], "_profile": extras}
    assert trees.Node({"type": [type_]}, "Bundle.entry", None, None).types == [type_]


def test_what_is_written_where_a_primitive_is_expected_has_no_structure_of_its_own() -> None:
    assert Collectors(table()).structure(Item({"resourceType": "Patient"}, "string", None)) == "Element"
