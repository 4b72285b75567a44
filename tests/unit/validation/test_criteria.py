"""What a slice's discriminators demand of an item, kind by kind, from the slice's definition alone."""

from typing import Any

import pytest

from adapter.fhir.elements import table
from adapter.validation import criteria
from adapter.validation.items import Collectors, Item
from adapter.validation.run import Frame, Run
from adapter.validation.trees import Node, parse

BASE = "http://hl7.org/fhir/StructureDefinition/"
OURS, EXTENSION, NO_TYPE = (f"http://acme.com/{name}" for name in ("ours", "e", "no-type"))
TYPES = {"Patient.telecom": "ContactPoint", "Observation.focus": "Reference", "Bundle.entry": "Bundle.entry"}


class Host:
    """Definitions of a profile and of an extension; what fits is named `ours`."""

    collectors = Collectors(table())

    def tree(self, canonical: str) -> Node | None:
        if canonical == OURS:
            return parse({"snapshot": {"element": [{"path": "Patient"}, {"path": "Patient.gender", "min": 1}]}})
        if canonical == EXTENSION:
            value = {"path": "Extension.value[x]", "fixedCode": "a"}
            return parse({"snapshot": {"element": [{"path": "Extension"}, value]}})
        return None

    def fits(self, item: Item, canonical: str, _run: Run) -> bool:
        return canonical == OURS and item.value.get("id") == "ours"

    def is_member(self, item: Item, value_set: str) -> bool:
        return value_set == "vs" and item.value == "in"


def slice_of(whole: str, *elements: dict[str, Any], **own: Any) -> Node:
    root = whole.partition(".")[0]
    listed = [{"path": root}, {"path": whole}, {"path": whole, "sliceName": "s", **own}, *elements]
    tree = parse({"snapshot": {"element": listed}})
    return tree.children[whole.partition(".")[2]].slices[0]


def verdict(node: Node, value: Any, *discriminators: tuple[str, str], index: int = 0, position: int = 0) -> bool | None:
    found = criteria.predicate(node, [{"type": k, "path": p} for k, p in discriminators], Host(), position)
    if found is None:
        return None
    run = Run("X")
    run.frame = Frame({}, "X", None)
    for each in ("Patient", "Group", "Basic"):
        run.frame.contained[each] = {"resourceType": each, "id": each}
    run.frame.contained["ours"] = {"resourceType": "Patient", "id": "ours"}
    return found(Item(value, TYPES.get(node.path, node.types[0]["code"] if node.types else "string"), None), index, run)


TELECOM = "Patient.telecom"
USE = slice_of(TELECOM, {"path": TELECOM + ".use", "fixedCode": "home"})
PATTERN = slice_of(TELECOM, {"path": TELECOM + ".period", "patternPeriod": {"start": "1"}})
ABOVE = slice_of(TELECOM, patternContactPoint={"use": "home", "period": {"start": "1"}})
EXACTLY = slice_of(TELECOM, fixedContactPoint={"period": {"start": "1"}})
NOT_THERE = slice_of(TELECOM, {"path": TELECOM + ".use", "max": "0"})
THERE = slice_of(TELECOM, {"path": TELECOM + ".use", "min": 1})
PERHAPS = slice_of(TELECOM, {"path": TELECOM + ".use", "min": 0})
UNSAID = slice_of(TELECOM, {"path": TELECOM + ".use"})
BOUND = slice_of(TELECOM, {"path": TELECOM + ".use", "binding": {"strength": "required", "valueSet": "vs"}})
LOOSE = slice_of(TELECOM, {"path": TELECOM + ".use", "binding": {"strength": "extensible", "valueSet": "vs"}})
NO_SET = slice_of(TELECOM, {"path": TELECOM + ".use", "binding": {"strength": "required"}})
BY_EXTENSION = slice_of(
    TELECOM,
    {"path": TELECOM + ".extension"},
    {"path": TELECOM + ".extension", "sliceName": "e", "type": [{"code": "Extension", "profile": [EXTENSION]}]},
    {"path": TELECOM + ".extension.value[x]", "fixedCode": "a"},
)
BY_URL = slice_of(
    TELECOM,
    {"path": TELECOM + ".extension"},
    {"path": TELECOM + ".extension", "sliceName": "other", "type": [{"code": "Extension"}]},
    {"path": TELECOM + ".extension.url", "fixedUri": "http://acme.com/other"},
    {"path": TELECOM + ".extension.value[x]", "fixedCode": "b"},
    {"path": TELECOM + ".extension", "sliceName": "e", "type": [{"code": "Extension"}]},
    {"path": TELECOM + ".extension.url", "fixedUri": EXTENSION},
    {"path": TELECOM + ".extension.value[x]", "fixedCode": "a"},
)
BY_PROFILE_OF = slice_of(
    TELECOM,
    {"path": TELECOM + ".extension"},
    {"path": TELECOM + ".extension", "sliceName": "e", "type": [{"code": "Extension", "profile": [EXTENSION]}]},
)


def extended(code: str, url: str = EXTENSION) -> dict[str, Any]:
    return {"extension": [{"url": "http://acme.com/x", "valueCode": "z"}, {"url": url, "valueCode": code}]}


FOUND = f"extension('{EXTENSION}').value"


@pytest.mark.parametrize(
    ("node", "kind", "path", "right", "wrong"),
    [
        (USE, "value", "use", [{"use": "home"}], [{"use": "work"}, {}, {"_use": {"id": "x"}}]),
        (USE, "pattern", "use", [{"use": "home"}], [{"use": "work"}]),
        (PATTERN, "value", "period", [{"period": {"start": "1", "end": "2"}}], [{"period": {"end": "1"}}, {}]),
        (ABOVE, "value", "use", [{"use": "home"}], [{"use": "work"}, {}]),
        (ABOVE, "value", "period.start", [{"period": {"start": "1", "end": "2"}}], [{"period": {"start": "2"}}, {}]),
        (ABOVE, "value", "$this", [{"use": "home", "period": {"start": "1"}}], [{"use": "home"}]),
        (EXACTLY, "value", "period", [{"period": {"start": "1"}}], [{"period": {"start": "1", "end": "2"}}]),
        (NOT_THERE, "exists", "use", [{}], [{"use": "home"}, {"_use": {"id": "x"}}]),
        (THERE, "exists", "use", [{"use": "home"}, {"_use": {"id": "x"}}], [{}]),
        (BOUND, "value", "use", [{"use": "in"}], [{"use": "out"}, {}]),
        (BY_EXTENSION, "value", FOUND, [extended("a")], [extended("b"), {}, extended("a", "http://acme.com/y")]),
        (BY_URL, "value", FOUND, [extended("a")], [extended("b"), {}]),
        (BY_PROFILE_OF, "value", FOUND, [extended("a")], [extended("b"), {}]),
    ],
)
def test_values(node: Node, kind: str, path: str, right: list[Any], wrong: list[Any]) -> None:
    assert [verdict(node, each, (kind, path)) for each in right] == [True] * len(right)
    assert [verdict(node, each, (kind, path)) for each in wrong] == [False] * len(wrong)


@pytest.mark.parametrize(
    ("node", "kind", "path"),
    [
        (UNSAID, "value", "use"),
        (UNSAID, "exists", "use"),
        (PERHAPS, "exists", "use"),
        (LOOSE, "value", "use"),
        (NO_SET, "value", "use"),
        (USE, "value", "rank"),
        (USE, "value", "use.where(x)"),
        (USE, "value", "period.start"),
        (USE, "type", "use"),
        (USE, "profile", "$this"),
        (USE, "value", "resolve()"),
        (ABOVE, "value", "rank"),
        (ABOVE, "profile", "period"),
        (ABOVE, "type", "period"),
        (ABOVE, "exists", "period"),
        (ABOVE, "value", FOUND),
        (ABOVE, "value", "period.resolve()"),
    ],
)
def test_what_says_nothing(node: Node, kind: str, path: str) -> None:
    assert verdict(node, {"use": "home"}, (kind, path)) is None


def test_a_discriminator_without_a_path_says_nothing() -> None:
    assert criteria.predicate(USE, [{"type": "value"}], Host(), 0) is None
    assert criteria.predicate(USE, [{"path": "use"}], Host(), 0) is not None
    assert criteria.predicate(USE, [], Host(), 0) is None


def test_all_discriminators_that_say_something_must_agree() -> None:
    both = slice_of(
        TELECOM, {"path": TELECOM + ".use", "fixedCode": "home"}, {"path": TELECOM + ".system", "fixedCode": "sms"}
    )
    two = (("value", "use"), ("value", "system"))
    assert verdict(both, {"use": "home", "system": "sms"}, *two) is True
    assert verdict(both, {"use": "home", "system": "fax"}, *two) is False
    assert verdict(both, {"use": "work", "system": "sms"}, *two) is False
    assert verdict(USE, {"use": "home", "system": "fax"}, *two) is True


@pytest.mark.parametrize(
    ("greatest", "position", "index", "right"),
    [
        ("1", 0, 0, True),
        ("1", 0, 1, False),
        ("2", 1, 0, False),
        ("2", 1, 1, True),
        ("2", 1, 2, True),
        ("2", 1, 3, False),
        ("*", 3, 1_000_000, True),
        (None, 3, 2, False),
        (None, 3, 3, True),
    ],
)
def test_positions(greatest: str | None, position: int, index: int, right: bool) -> None:
    node = slice_of(TELECOM, **({"max": greatest} if greatest else {}))
    assert verdict(node, {}, ("position", "$this"), index=index, position=position) is right


FOCUS, ENTRY = "Observation.focus", "Bundle.entry"


def led(*targets: str) -> Node:
    return slice_of(FOCUS, type=[{"code": "Reference", "targetProfile": list(targets)}])


@pytest.mark.parametrize(
    ("node", "kind", "right", "wrong"),
    [
        (led(BASE + "Patient"), "type", ["Patient", "ours"], ["Group", "none"]),
        (led(BASE + "Patient", BASE + "Group"), "type", ["Patient", "Group"], ["Basic"]),
        (led(OURS), "type", ["Patient", "ours"], ["Group"]),
        (led(OURS, BASE + "Group"), "type", ["Patient", "Group"], ["Basic"]),
        (led(BASE + "Resource"), "type", ["Patient", "Group"], ["none"]),
        (led(OURS), "profile", ["ours"], ["Patient", "Group", "none"]),
        (led(NO_TYPE, OURS), "profile", ["ours"], ["Patient"]),
    ],
)
def test_targets(node: Node, kind: str, right: list[str], wrong: list[str]) -> None:
    for each in right:
        assert verdict(node, {"reference": f"#{each}"}, (kind, "resolve()")) is True
    for each in wrong:
        assert verdict(node, {"reference": f"#{each}"}, (kind, "resolve()")) is False


def test_targets_that_are_not_said() -> None:
    assert verdict(led(), {"reference": "#Patient"}, ("type", "resolve()")) is None
    assert verdict(led(), {"reference": "#Patient"}, ("profile", "resolve()")) is None


def test_an_element_of_the_target() -> None:
    assert verdict(led(OURS), {"reference": "#Patient"}, ("exists", "resolve().gender")) is False
    assert verdict(led(OURS, NO_TYPE), {"reference": "#Patient"}, ("exists", "resolve().gender")) is None


@pytest.mark.parametrize(
    ("types", "right", "wrong"),
    [
        (["Patient"], [{"resourceType": "Patient"}], [{"resourceType": "Group"}, {}, {"resourceType": 1}, "x", None]),
        (["Patient", "Group"], [{"resourceType": "Patient"}, {"resourceType": "Group"}], [{"resourceType": "Basic"}]),
        (["Resource"], [{"resourceType": "Patient"}, {}], [None]),
        (["DomainResource"], [], [{"resourceType": "Patient"}]),
    ],
)
def test_resources_of_entries(types: list[str], right: list[Any], wrong: list[Any]) -> None:
    node = slice_of(ENTRY, {"path": ENTRY + ".resource", "type": [{"code": each} for each in types]})
    for each in right:
        assert verdict(node, {"resource": each}, ("type", "resource")) is True
    for each in wrong:
        assert verdict(node, {"resource": each} if each is not None else {}, ("type", "resource")) is False


def test_resources_by_profile() -> None:
    one = slice_of(ENTRY, {"path": ENTRY + ".resource", "type": [{"code": "Patient", "profile": [OURS]}]})
    two = slice_of(ENTRY, {"path": ENTRY + ".resource", "type": [{"code": "Patient", "profile": [NO_TYPE, OURS]}]})
    for node in (one, two):
        assert verdict(node, {"resource": {"resourceType": "Patient", "id": "ours"}}, ("profile", "resource")) is True
        assert verdict(node, {"resource": {"resourceType": "Patient"}}, ("profile", "resource")) is False


def by_types(*types: list[str] | None, member: str = "resource") -> Any:
    found = []
    for each in types:
        if each is None:
            found.append(criteria.predicate(THERE, [{"type": "exists", "path": "use"}], Host(), 0))
        else:
            node = slice_of(ENTRY, {"path": f"{ENTRY}.{member}", "type": [{"code": code} for code in each]})
            found.append(criteria.predicate(node, [{"type": "type", "path": member}], Host(), 0))
    return criteria.by_type(found)


def test_slices_that_only_a_type_tells_apart() -> None:
    assert by_types(["Patient"], ["Group", "Basic"]) == ("resource", {"Patient": 0, "Group": 1, "Basic": 1})
    assert by_types(["Patient"], ["Patient", "Basic"]) is None
    assert by_types(["Patient"], None) is None
    assert by_types() is None
    assert criteria.by_type([None]) is None


VALUE = "Observation.component"


def test_choices_by_any_name() -> None:
    for name in ("value[x]", "valueQuantity"):
        node = slice_of(VALUE, {"path": f"{VALUE}.{name}", "type": [{"code": "Quantity"}], "min": 1})
        node.definition["type"] = [{"code": "Observation.component"}]
        for path in ("value", "value.ofType(Quantity)"):
            assert verdict(node, {"valueQuantity": {"value": 1}}, ("exists", path)) is True
            assert verdict(node, {"valueString": "x"}, ("exists", path)) is (path == "value")
        assert verdict(node, {"valueQuantity": {"value": 1}}, ("type", "value")) is True
        assert verdict(node, {"valueString": "x"}, ("type", "value")) is False
        assert verdict(node, {"valueString": "x"}, ("exists", "val")) is None
        assert verdict(node, {"valueString": "x"}, ("exists", "valueq")) is None


def concept(*codes: str) -> dict[str, Any]:
    return {"coding": [{"code": each} for each in codes]}


def test_of_a_choice_only_slices_say_more_than_the_whole() -> None:
    value = {"path": f"{VALUE}.value[x]", "type": [{"code": "Quantity"}, {"code": "string"}]}
    by_name = {"path": f"{VALUE}.valueQuantity", "type": [{"code": "Quantity"}]}
    for more, is_string in (({}, True), ({"sliceName": "valueQuantity"}, False)):
        node = slice_of(VALUE, value, by_name | more)
        node.definition["type"] = [{"code": "Observation.component"}]
        assert verdict(node, {"valueQuantity": {"value": 1}}, ("type", "value")) is True
        assert verdict(node, {"valueString": "x"}, ("type", "value")) is is_string
        assert verdict(node, {"valueInteger": 1}, ("type", "value")) is False


def test_a_pattern_above_says_no_type() -> None:
    node = slice_of(VALUE, {"path": f"{VALUE}.valueQuantity", "patternQuantity": {"code": "g"}})
    node.definition["type"] = [{"code": "Observation.component"}]
    assert verdict(node, {"valueQuantity": {"code": "g"}}, ("value", "value.code")) is True
    assert verdict(node, {"valueQuantity": {"code": "h"}}, ("value", "value.code")) is False
    assert verdict(node, {"valueQuantity": {"code": "g"}}, ("type", "value.code")) is None


def test_extensions_are_told_by_their_url_or_profile() -> None:
    def having(*slices: dict[str, Any]) -> Node:
        whole = {"path": f"{TELECOM}.extension"}
        return slice_of(TELECOM, whole, *slices)

    def named(name: str, *urls: str) -> dict[str, Any]:
        types = [{"code": "Extension", "profile": [each]} for each in urls]
        return {"path": f"{TELECOM}.extension", "sliceName": name, "type": types}

    right = extended("a")
    other = "http://acme.com/other"
    assert verdict(having(named("e", other, EXTENSION)), right, ("value", FOUND)) is None  # of two profiles neither
    value = {"path": f"{TELECOM}.extension.value[x]", "fixedCode": "a"}
    assert verdict(having(named("e", other, EXTENSION), value), right, ("value", FOUND)) is True
    no_url = {"path": f"{TELECOM}.extension.url"}
    assert verdict(having(named("e"), no_url, value), right, ("value", FOUND)) is None
    assert verdict(having(named("e"), no_url | {"fixedUri": other}, value), right, ("value", FOUND)) is None
    assert verdict(having(named("e"), no_url | {"fixedUri": EXTENSION}, value), right, ("value", FOUND)) is True


def test_what_may_not_be_there_is_no_target() -> None:
    node = slice_of(FOCUS, max="0", type=[{"code": "Reference", "targetProfile": [OURS]}])
    assert verdict(node, {"reference": "#Patient"}, ("exists", "resolve()")) is None
    assert verdict(led("http://acme.com/unknown"), {"reference": "#Patient"}, ("exists", "resolve().gender")) is None


def test_several_values_on_the_way() -> None:
    contact, path = "Patient.contact", "relationship.coding.code"
    node = slice_of(contact, {"path": f"{contact}.relationship", "patternCodeableConcept": concept("a")})
    node.definition["type"] = [{"code": contact}]

    def found(*relations: Any) -> bool | None:
        return verdict(node, {"relationship": list(relations)}, ("value", path))

    assert found(concept("a")) is True
    assert found(concept("b", "a")) is True
    assert found({"text": "x"}, concept("b"), concept("b", "a")) is True
    assert found(concept("b"), concept("c")) is False
    assert found({"text": "a"}) is False
    assert found() is False
    assert verdict(node, {}, ("value", path)) is False
    two = slice_of(contact, {"path": f"{contact}.relationship", "patternCodeableConcept": concept("a", "b")})
    assert verdict(two, {}, ("value", path)) is None
    assert verdict(two, {"relationship": concept("a")}, ("value", "relationship")) is False
    two.definition["type"] = [{"code": contact}]
    assert verdict(two, {"relationship": [concept("a", "b")]}, ("value", "relationship")) is True
    assert verdict(two, {"relationship": [concept("a")]}, ("value", "relationship")) is False
    assert verdict(two, {"relationship": [concept("a"), concept("b", "a")]}, ("value", "relationship")) is True


def test_of_a_choice_the_types_that_a_slice_speaks_of_count() -> None:
    choice, within = criteria.Criterion(Node({}, "x.value[x]", None, None)), criteria.Criterion(None, "of a pattern")
    spoken = criteria.Criterion(Node({"sliceName": "valueCode"}, "x.value[x]", None, None))
    assert criteria._typed([choice, within, spoken]) == [spoken]
    assert criteria._typed([choice, within]) == [choice, within]
