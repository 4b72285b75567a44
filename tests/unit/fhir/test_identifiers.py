"""Swedish identifiers."""

from pathlib import Path

import pytest

from adapter.fhir import identifiers
from adapter.fhir.canonical import HSA, HSA_RIV, PERSONNUMMER, RESERVNUMMER, SAMORDNINGSNUMMER

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def published(name: str) -> list[str]:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name}: Skatteverket's published test numbers are not beside the project")
    return path.read_text().split()


def test_every_published_personnummer_is_one() -> None:
    numbers = published("test-personnummer.txt")
    assert len(numbers) > 20_000
    assert [number for number in numbers if not identifiers.is_personnummer(number)] == []
    assert [number for number in numbers if identifiers.is_samordningsnummer(number)] == []


def test_every_published_samordningsnummer_is_one_and_month_00_and_day_60_among_them() -> None:
    numbers = published("test-samordningsnummer.txt")
    assert any(number[4:6] == "00" for number in numbers)
    assert any(number[6:8] == "60" for number in numbers)
    assert [number for number in numbers if not identifiers.is_samordningsnummer(number)] == []
    assert [number for number in numbers if identifiers.is_personnummer(number)] == []


@pytest.mark.parametrize(
    "value",
    [
        "189001019803",
        "18900101-9802",
        "9001019802",
        "1890010198022",
        "189001019802\n",
        "18900101980x",
        "１８９００１０１９８０２",
        "",
    ],
)
def test_wrong_check_digit_or_form_is_no_personnummer(value: str) -> None:
    assert identifiers.is_personnummer("189001019802")
    assert not identifiers.is_personnummer(value)


@pytest.mark.parametrize("day", ["1899022", "1899130", "1899003", "1899010"])
def test_a_day_outside_the_calendar_is_no_personnummer(day: str) -> None:
    stem = {"1899022": "18990229", "1899130": "18991301", "1899003": "18990031", "1899010": "18990100"}[day]
    assert not any(identifiers.is_personnummer(f"{stem}98{end:02}") for end in range(100))


@pytest.mark.parametrize("stem", ["19140199", "19141361", "19140059", "19140292"])
def test_a_day_outside_the_calendar_is_no_samordningsnummer(stem: str) -> None:
    assert not any(identifiers.is_samordningsnummer(f"{stem}23{end:02}") for end in range(100))


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("SE2321000222-E7A31", True),
        ("SE2321000222-" + "A" * 18, True),
        ("SE2321000222-" + "A" * 19, False),
        ("SE232100022-E7A31", False),
        ("se2321000222-e7a31", False),
        ("SE2321000222-Å", False),
        ("SE2321000222-E7A31\n", False),
    ],
)
def test_hsa_id_form(value: str, right: bool) -> None:
    assert identifiers.is_hsa(value) is right


def test_kommunkod_is_four_digits() -> None:
    assert identifiers.is_kommunkod("0980")
    assert not identifiers.is_kommunkod("980")
    assert not identifiers.is_kommunkod("09800")


def test_of_finds_either_oid_form_of_an_hsa_id() -> None:
    resource = {"identifier": ["x", {"system": HSA_RIV, "value": " SE1-A "}, {"system": HSA, "value": ""}]}
    assert identifiers.of(resource, HSA) == "SE1-A"
    assert identifiers.of(resource, HSA_RIV) == "SE1-A"
    assert identifiers.of(resource, PERSONNUMMER) is None
    assert identifiers.of({"identifier": "x"}, HSA) is None


def test_one_number_reads_the_same_however_it_is_written() -> None:
    patient = {
        "identifier": [
            {"system": PERSONNUMMER, "value": "18900101-9802"},
            {"system": "urn:oid:1.2.752.129.2.1.3.1", "value": " 189001019802"},
            {"system": "urn:oid:1.2.752.129.2.1.3.3", "value": "191401682396"},
            {"system": RESERVNUMMER, "value": "18900101-9802"},
            {"system": PERSONNUMMER, "value": "900101-9802"},
            {"value": "no system"},
            {"system": PERSONNUMMER},
            7,
        ]
    }
    assert identifiers.of_patient(patient) == [
        (PERSONNUMMER, "189001019802"),
        (SAMORDNINGSNUMMER, "191401682396"),
        (RESERVNUMMER, "18900101-9802"),
        (PERSONNUMMER, "900101-9802"),
    ]
