"""Our snapshots beside those of others: SUSHI (of profiles made for the test, and of our own package), the publisher of
the Swedish base profiles, and FHIR R4 itself.

Every element is compared in what a validator reads of it. Documentation text is not compared, and where another's
snapshot differs from ours for a reason, the reason stands here with the elements that it is about.
"""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapter.definitions import load
from adapter.definitions.packages import read_resources
from adapter.definitions.snapshot import generate
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.support.errors import DefinitionsError, ParseError

Resource = dict[str, Any]
Difference = tuple[str, str, str]
"""Profile id, element id, what differs."""

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
SUSHI = Path(__file__).parent / "data" / "snapshots"
PACKAGE = ROOT / "profiles" / "package"

COMPARED = ("min", "max", "slicing", "sliceName", "contentReference", "isModifier", "mustSupport", "maxLength", "base")
VALUES = ("fixed", "pattern", "minValue", "maxValue", "defaultValue")
MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"


def read(element: Resource) -> Resource:
    """What a validator reads of an element, in a form to be compared."""
    binding = element.get("binding", {})
    widest = [x for x in binding.get("extension", []) if x["url"] == MAX_VALUE_SET]
    values = {key: value for key, value in element.items() if key.startswith(VALUES)}
    slicing = {key: value for key, value in element.get("slicing", {}).items() if key != "description"}
    return {
        **{key: element.get(key) for key in COMPARED},
        **values,
        "isModifier": bool(element.get("isModifier")),
        "slicing": {"ordered": False, **slicing} if slicing else None,
        "type": [{key: value for key, value in each.items() if key != "extension"} for each in element.get("type", [])],
        "binding": (binding.get("strength"), binding.get("valueSet"), [x["valueCanonical"] for x in widest]),
        "constraint": sorted(
            (each["key"], each["severity"], each.get("expression")) for each in element.get("constraint", [])
        ),
    }


def differences(published: Resource, ours: Resource) -> set[Difference]:
    theirs = {each["id"]: each for each in published["snapshot"]["element"]}
    made = {each["id"]: each for each in ours["snapshot"]["element"]}
    name = published["id"]
    found = {(name, each, "missing") for each in theirs.keys() - made.keys()}
    found |= {(name, each, "extra") for each in made.keys() - theirs.keys()}
    for element_id in theirs.keys() & made.keys():
        one, other = read(theirs[element_id]), read(made[element_id])
        found |= {(name, element_id, key) for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
    if [each for each in theirs if each in made] != [each for each in made if each in theirs]:
        found.add((name, "", "order"))
    return found


@cache
def core() -> dict[str, Resource]:
    definitions = load(["hl7.fhir.r4.core#4.0.1"])
    found = ((url, definitions.resource(url, "StructureDefinition")) for url in definitions.urls("StructureDefinition"))
    return {url: resource for url, resource in found if resource is not None}


def loader(*others: dict[str, Resource]) -> Any:
    def find(canonical: str) -> Resource | None:
        url = canonical.partition("|")[0]
        return next((each[url] for each in (*others, core()) if url in each), None)

    return find


def without_snapshot(structure: Resource) -> Resource:
    return {key: value for key, value in structure.items() if key != "snapshot"}


@cache
def sushi() -> dict[str, Resource]:
    found = [json.loads(file.read_bytes()) for file in sorted(SUSHI.glob("StructureDefinition-*.json"))]
    return {each["url"]: each for each in found}


RESLICED = "what a slice asks holds for its re-slices too; SUSHI makes them from the unsliced element"
OTHERWISE_THAN_SUSHI: dict[Difference, str] = {
    (profile, f"{path}.identifier:local/{name}.system", "min"): RESLICED
    for profile, path in (
        ("sliced-patient", "Patient"),
        ("child-of-sliced", "Patient"),
        ("envelope", "Bundle.entry:patient.resource"),
    )
    for name in ("old", "usual")
}
OTHERWISE_THAN_SUSHI |= {
    ("letter", f"letter.page.{name}", "extra"): "where an element has more children than its type, all are listed"
    for name in ("id", "extension", "modifierExtension")
}
OTHERWISE_THAN_SUSHI |= {
    ("letter", "letter", "constraint"): "the type Base, which is not in R4, asks nothing",
    ("bound", "Observation.value[x]:valueQuantity", "mustSupport"): "a slice of what must be supported must be too",
}


@pytest.mark.parametrize("url", sorted(sushi()), ids=lambda url: url.rpartition("/")[2])
def test_as_sushi_does(url: str) -> None:
    structure = sushi()[url]
    bare = {each: without_snapshot(other) for each, other in sushi().items()}
    found = differences(structure, generate(bare[url], loader(bare)))
    assert found == {each for each in OTHERWISE_THAN_SUSHI if each[0] == structure["id"]}


def test_our_package_is_as_sushi_makes_it() -> None:
    profiles = {each["url"]: each for each in map(_json, sorted(PACKAGE.glob("StructureDefinition-*.json")))}
    bare = {url: without_snapshot(each) for url, each in profiles.items()}
    found = {d for url, each in profiles.items() for d in differences(each, generate(bare[url], loader(bare)))}
    assert len(profiles) > 80
    assert found == set()


def _json(file: Path) -> Resource:
    resource: Resource = json.loads(file.read_bytes())
    return resource


def test_the_swedish_base_profiles_are_as_published() -> None:
    archive = SHARED / "hl7se.fhir.base-1.1.0.tgz"
    if not archive.is_file():
        pytest.skip(f"{archive.name} is not beside the project")
    profiles = {
        resource["url"]: resource
        for _, resource, _ in read_resources(archive.read_bytes(), archive.name)
        if resource["resourceType"] == "StructureDefinition"
    }
    bare = {url: without_snapshot(each) for url, each in profiles.items()}
    found = {d for url, each in profiles.items() for d in differences(each, generate(bare[url], loader(bare)))}
    assert len(profiles) == 9
    assert found == set()


# The core package was published in 2019, with a publisher whose rules have changed since.
CHOICE = "a type that was named by path (valueQuantity) closed the choice; now it makes a slice of it"
BY_PATH = (
    *("bmi", "bodyheight", "bodytemp", "bodyweight", "bp", "cdshooksguidanceresponse", "cholesterol"),
    *("devicemetricobservation", "hdlcholesterol", "headcircum", "heartrate", "ldlcholesterol", "oxygensat"),
    *("resprate", "triglyceride"),
)
OTHERWISE_THAN_R4: dict[tuple[str, str], str] = {
    (name, what): CHOICE for name in BY_PATH for what in ("slicing", "type")
}
OTHERWISE_THAN_R4 |= {("bp", what): f"{CHOICE}, and content stands below the slice" for what in ("missing", "extra")}
OTHERWISE_THAN_R4 |= {
    (
        name,
        "constraint",
    ): "the profile SimpleQuantity checks its own constraints; they are not copied to where it is used"
    for name in ("cholesterol", "hdlcholesterol", "ldlcholesterol")
}
OTHERWISE_THAN_R4 |= {
    ("catalog", what): "a slice's name on an element that neither repeats nor is sliced names nothing"
    for what in ("missing", "extra")
}
OTHERWISE_THAN_R4 |= {
    ("clinicaldocument", "max"): "how often an extension may occur is taken from its definition",
    ("elementdefinition-de", "missing"): "an extension's children are listed where the differential speaks of them",
    ("provenance-relevant-history", "binding"): "what is said of all elements is said of their slices",
    ("provenance-relevant-history", "contentReference"): "a content reference leads to the element, not to its slice",
}
MALFORMED = {
    "codesystem-history": "slices of an element that it forbids",
    "familymemberhistory-genetic": "slices of an element, and nothing says by what",
}


def test_all_r4_profiles_are_as_published_or_differ_for_a_stated_reason() -> None:
    found: set[tuple[str, str]] = set()
    refused: dict[str, str] = {}
    compared = 0
    for url, structure in core().items():
        if structure.get("derivation") != "constraint" or "snapshot" not in structure:
            continue
        try:
            ours = generate(without_snapshot(structure), loader())
        except DefinitionsError as error:
            refused[url.rpartition("/")[2]] = str(error)
            continue
        compared += 1
        found |= {(name, what) for name, _, what in differences(structure, ours)}
    assert compared > 430
    assert refused.keys() == MALFORMED.keys(), refused
    assert set(found) == OTHERWISE_THAN_R4.keys()


def test_the_cases_of_the_official_validator_all_have_snapshots() -> None:
    cases = SHARED / "validator-cases" / "cases.jsonl.gz"
    if not cases.is_file():
        pytest.skip("validator-cases is not beside the project")
    made = 0
    with gzip.open(cases) as lines:
        for line in lines:
            given = {each["url"]: each for each in map(_definition, json.loads(line)["definitions"]) if each}
            for structure in given.values():
                if structure["resourceType"] == "StructureDefinition":
                    problems: list[str] = []
                    assert generate(structure, loader(given), problems)["snapshot"]["element"]
                    assert len(problems) <= 1, problems
                    made += 1
    assert made > 150


def _definition(written: dict[str, str]) -> Resource | None:
    """A case's definition, None where it is no readable FHIR XML (elements in another order than theirs)."""
    content = written["text"].encode()
    try:
        return fhir_xml.parse(content) if written["format"] == "xml" else fhir_json.parse(content)
    except ParseError:
        return None
