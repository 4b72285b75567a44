"""Nobody real: every number of a person in what ships, in the docs and in the tests is a published test number."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.fhir.identifiers import is_personnummer, is_samordningsnummer
from adapter.sandbox import catalogue
from adapter.sandbox.formats import Format
from adapter.sandbox.volume import people, region, shapes
from adapter.sandbox.volume.generator import Generator
from adapter.sandbox.volume.output import body

PROJECT = Path(__file__).parents[3]
DATA = PROJECT.parent / "shared" / "data"
LISTS = [DATA / "test-personnummer.txt", DATA / "test-samordningsnummer.txt"]
FOLDERS = ("fixtures", "example", "docs", "tests", "mappings", "profiles/input", "adapter", "benchmarks", "scripts")
TEXTS = {".json", ".xml", ".yaml", ".yml", ".md", ".py", ".txt", ".csv", ".toml", ".fsh", ".html", ".ndjson", ""}
PLAIN = re.compile(r"(?<![\w.-])(\d{8})-?(\d{4})(?![\w-]|\.\d)")
SHORT = re.compile(r"(?<![\w.-])(\d{6})[-+](\d{4})(?![\w-])")


@pytest.fixture(scope="module")
def published() -> frozenset[str]:
    """The published numbers, with century and without."""
    if not all(file.exists() for file in LISTS):
        pytest.skip("the published test numbers are not beside the project")
    numbers = {number for file in LISTS for number in file.read_text().split()}
    return frozenset(numbers | {number[2:] for number in numbers})


def persons(text: str) -> Iterator[str]:
    """Whatever is a number of a person by its form and check digit; what lacks the century, for any of them."""
    for day, rest in PLAIN.findall(text):
        if is_personnummer(day + rest) or is_samordningsnummer(day + rest):
            yield day + rest
    for day, rest in SHORT.findall(text):
        if any(is_personnummer(century + day + rest) for century in ("18", "19", "20")):
            yield day + rest


def strangers(text: str, published: frozenset[str]) -> set[str]:
    return set(persons(text)) - published


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        for file in (PROJECT / folder).rglob("*"):
            if file.is_file() and file.suffix in TEXTS and "__pycache__" not in file.parts:
                yield file
    yield from PROJECT.glob("*.md")


def test_the_search_finds_a_number_in_each_form(published: frozenset[str]) -> None:
    number = min(number for number in published if len(number) == 12)
    for form in (number, f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}"):
        assert strangers(f'"value": "{form}"', frozenset()) == {number if len(form) > 11 else number[2:]}
        assert not strangers(f'"value": "{form}"', published)


def test_what_ships_and_what_tests_it_names_nobody_real(published: frozenset[str]) -> None:
    found = {}
    for file in files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if unknown := strangers(text, published):
            found[str(file.relative_to(PROJECT))] = unknown
    assert found == {}


@pytest.mark.parametrize("given", [False, True])
def test_generated_people_have_test_numbers_or_say_that_they_are_invented(
    published: frozenset[str], given: bool
) -> None:
    numbers = tuple(sorted(number for number in published if len(number) == 12)[::400]) if given else ()
    here = region.read()
    patterns = shapes.shapes(catalogue.root() / "journeys", here)
    seen = set()
    for message in Generator("nobody", here, patterns, numbers).stream(60):
        text = body(message, Format.JSON).decode()
        assert not strangers(text, published)
        seen |= set(persons(text))
        for value in re.findall(r'nationelltReservnummer","value":"([^"]+)"', text):
            assert value.startswith("99TEST")
    assert seen <= set(numbers)
    assert bool(seen) is given


def test_a_reserve_number_is_no_number_of_a_person(published: frozenset[str]) -> None:
    someone = people.People("reserve", (), region.read().towns)
    assert not any(re.fullmatch(r"\d{12}", someone.reserve(patient)) for patient in range(1000))
    for folder in catalogue.journey_folders().values():
        for value in re.findall(r'reservnummer: "?([^"\s}]+)', (folder / "journey.yaml").read_text(encoding="utf-8")):
            assert re.search("[A-Z]", value), "letters tell it from the numbers of persons"
