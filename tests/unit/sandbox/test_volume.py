"""Generated messages: the same again, in order, valid, and never many of them in memory."""

import gc
import json
import re
import subprocess
import sys
from collections import defaultdict
from datetime import date, datetime
from itertools import islice, pairwise
from pathlib import Path

import pytest

from adapter.discharge.events import EVENTS
from adapter.fhir import canonical
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import errors
from adapter.sandbox import catalogue
from adapter.sandbox.volume import people, region, shapes
from adapter.sandbox.volume.generator import Generator, Message
from adapter.sandbox.volume.region import Region
from adapter.sandbox.volume.shapes import Shape
from adapter.support.clock import STOCKHOLM
from adapter.support.errors import AdapterError
from adapter.support.settings import OWN_PACKAGE
from adapter.validation import Validator
from adapter.validation.whole import MessageValidator

DATA = Path(__file__).parents[4] / "shared" / "data"
TECHNICAL = {"acknowledgement", "delivery-report"}
NEVER_DERIVED = {"read-receipt", "acceptance-answer", "disagreement-settled"}
MEASURED = """
import re, sys
from pathlib import Path
from adapter.cli.main import app
try:
    app()
finally:
    print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""
UNITS = """
parties:
  - {id: lan, kind: region, name: Region Lan}
  - {id: by, kind: municipality, name: By kommun, kommunkod: "9911"}
units:
  - {hsa: SE0000000901-A, name: A, kind: inpatient, party: lan}
  - {hsa: SE0000000901-B, name: B, kind: open-care, party: lan}
  - {hsa: SE0000000902-C, name: C, kind: municipal-receiving, party: by}
"""


@pytest.fixture(scope="module")
def here() -> Region:
    return region.read()


@pytest.fixture(scope="module")
def every(here: Region) -> list[Shape]:
    return shapes.shapes(catalogue.root() / "journeys", here)


@pytest.fixture(scope="module")
def some(here: Region, every: list[Shape]) -> list[Message]:
    return list(Generator("some", here, every).stream(160))


def numbers(*files: str) -> tuple[str, ...]:
    found = [DATA / file for file in files]
    if not all(file.exists() for file in found):
        pytest.skip("the published test numbers are not beside the project")
    return tuple(number for file in found for number in people.read(file)[:: len(people.read(file)) // 40])


def test_every_journey_has_a_shape_and_every_event_but_the_technical_ones_comes(
    every: list[Shape], some: list[Message]
) -> None:
    assert {shape.name for shape in every} == set(catalogue.journey_folders())
    assert {message.event for message in some} == set(EVENTS) - TECHNICAL


def test_messages_come_in_the_order_of_their_times_and_patients_between_each_other(some: list[Message]) -> None:
    assert [message.at for message in some] == sorted(message.at for message in some)
    assert all(message.bundle["timestamp"] == message.at.isoformat() for message in some)
    open_at_once = sum(a.patient != b.patient for a, b in pairwise(some))
    assert open_at_once > len(some) / 2


def test_a_patient_is_the_same_among_any_number_and_with_the_same_seed_alone(
    here: Region, every: list[Shape], some: list[Message]
) -> None:
    generator = Generator("some", here, every)
    fewer = list(generator.stream(37))
    assert fewer == [message for message in some if message.patient < 37]
    assert [message.bundle for message in fewer] == [message.bundle for message in some if message.patient < 37]
    for patient in (0, 1, 36, 159):
        alone = generator.patient(patient)
        assert [each.bundle for each in alone] == [each.bundle for each in some if each.patient == patient]
    assert next(Generator("other", here, every).stream(1)).bundle != next(generator.stream(1)).bundle


def test_those_whom_a_year_has_no_room_for_come_in_the_next(here: Region, every: list[Shape]) -> None:
    generator = Generator("years", here, every, first=date(2027, 3, 1), per_year=7)
    stream = list(generator.stream(16))
    assert {message.patient for message in stream} == set(range(16))
    begins = [generator.patient(patient)[0].at for patient in range(16)]
    days = [(begin.astimezone(STOCKHOLM).date() - date(2027, 3, 1)).days for begin in begins]
    assert [day // 365 for day in days] == [patient // 7 for patient in range(16)]


def test_the_days_on_which_the_clock_changes_and_new_year_are_among_them(
    here: Region, every: list[Shape], some: list[Message]
) -> None:
    generator = Generator("calendar", here, every)
    days = {generator._base(0, place, 12).astimezone(STOCKHOLM).date() for place in range(4096)}
    assert {date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 31), date(2026, 1, 1)} <= days
    assert {message.at.astimezone(STOCKHOLM).month for message in some} == set(range(1, 13))
    offsets = {message.bundle["timestamp"][-6:] for message in some}
    assert offsets == {"+01:00", "+02:00"}


def test_no_identifier_is_that_of_another_message(some: list[Message]) -> None:
    ids = [MessageBundle(message.bundle).header_id for message in some]
    assert len(set(ids)) == len(some)
    cases = defaultdict(set)
    for message in some:
        cases[case_of(message)].add(message.patient)
    assert all(len(patients) == 1 for patients in cases.values())


def case_of(message: Message) -> str:
    text = json.dumps(message.bundle)
    (case,) = set(re.findall(rf'"system": "{re.escape(canonical.CASE)}", "value": "([^"]+)"', text))
    return case


def test_the_chain_of_each_case_holds(some: list[Message]) -> None:
    """Each message names the last one that all its parties know, or the one that it answers."""
    known: dict[int, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    derived = 0
    for message in some:
        bundle = MessageBundle(message.bundle)
        sender = str(bundle.hsa_of(bundle.header["sender"]))
        parties = frozenset({sender, *(hsa for _, hsa, _ in bundle.destination_receivers())})
        earlier = [header for header, those in known[message.patient] if parties <= those]
        (own,) = [
            each
            for each in bundle.of_type("Provenance")
            if each["target"][0].get("reference", "").endswith(bundle.header_id)
        ]
        named = {each["role"]: each["what"]["identifier"]["value"][9:] for each in own.get("entity", ())}
        if "source" in named:
            assert named["source"] in {header for header, _ in known[message.patient]}
        elif earlier:
            assert named["derivation"] == earlier[-1]
            derived += 1
        else:
            assert "derivation" not in named
        known[message.patient].append((bundle.header_id, parties))
    assert derived > len(some) / 3


@pytest.mark.parametrize("patients", [20, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_every_message_is_valid_against_the_profile_of_its_event(
    here: Region, every: list[Shape], patients: int
) -> None:
    validator = MessageValidator(Validator.load(packages=[OWN_PACKAGE]))
    given = numbers("test-personnummer.txt", "test-samordningsnummer.txt") if (DATA).exists() else ()
    for message in Generator("valid", here, every, given[: patients // 2]).stream(patients):
        assert validator.knows(message.event)
        found = validator.issues(MessageBundle(message.bundle))
        assert not errors(found), (message.patient, message.file)


def test_only_those_who_are_in_care_are_in_memory(here: Region, every: list[Shape]) -> None:
    """Of a thousand and more messages that come over six years."""
    short = [shape for shape in every if shape.name in {"cancellation", "protected", "readmission"}]
    others, most, count = held(), 0, 0
    for count, _ in enumerate(Generator("memory", here, short, per_year=100).stream(600), start=1):
        if count % 250 == 0:
            most = max(most, held() - others)
    assert count > 1000
    assert 0 < most < 50


def held() -> int:
    """How many messages are in memory, those of other tests included."""
    gc.collect()
    return sum(isinstance(each, Message) for each in gc.get_objects())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the most memory of a process")
def test_memory_does_not_grow_with_the_number_of_messages(tmp_path: Path) -> None:
    few, many = memory_of(500, tmp_path), memory_of(2_500, tmp_path)
    assert many < few + 8 * 1024, f"{few} kB for 500 patients, {many} kB for 2 500"


def memory_of(patients: int, folder: Path) -> int:
    """The most memory in kB that a process has while it writes the messages of so many patients."""
    words = ["fixtures", "generate", "--patients", str(patients), "--per-year", "500", "--seed", "memory"]
    words += ["--ndjson", str(folder / f"{patients}.ndjson")]
    run = subprocess.run([sys.executable, "-c", MEASURED, *words], capture_output=True, check=True, timeout=600)
    assert int(run.stderr.split()[0]) > 4 * patients, "messages"
    return int(run.stderr.split()[-1])


def test_people_without_a_test_number_have_a_reserve_number_that_says_so(some: list[Message]) -> None:
    found = {}
    for message in some:
        (patient,) = MessageBundle(message.bundle).of_type("Patient")
        for identifier in patient["identifier"]:
            assert identifier["system"] == canonical.RESERVNUMMER
            assert re.fullmatch(r"99TEST[0-9A-Y]{6}", identifier["value"])
            assert found.setdefault(identifier["value"], message.patient) == message.patient
    assert len(found) == 160


def test_reserve_numbers_do_not_repeat() -> None:
    some_people = people.People("repeat", (), region.read().towns)
    assert len({some_people.reserve(patient) for patient in range(20_000)}) == 20_000


def test_each_number_of_a_file_is_one_persons_and_decides_who_is_a_child(here: Region, every: list[Shape]) -> None:
    given = numbers("test-personnummer.txt", "test-samordningsnummer.txt")
    generator = Generator("numbers", here, every, given)
    children = {shape.name for shape in every if shape.of_child}
    assert children == {"child"}
    seen = set()
    for patient in range(len(given)):
        for message in islice(generator.patient(patient), 1):
            (person,) = MessageBundle(message.bundle).of_type("Patient")
            identifier = person["identifier"][0]
            if identifier["system"] == canonical.RESERVNUMMER:
                continue
            assert identifier["value"] in given
            assert identifier["value"] not in seen
            seen.add(identifier["value"])
            is_coordination = int(identifier["value"][6:8]) >= 60
            assert (identifier["system"] == canonical.SAMORDNINGSNUMMER) is is_coordination
            assert ("guardian" in json.dumps([each.bundle for each in generator.patient(patient)])) is (
                2026 - int(identifier["value"][:4]) < 18
            )
    assert len(seen) > len(given) / 2


def test_a_file_with_something_else_is_refused_and_not_told(tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    for content in (b"199001011234\n", b"", b"\xff\xff", b"hemligt"):
        file.write_bytes(content)
        with pytest.raises(AdapterError, match=r"numbers\.txt cannot be used") as caught:
            people.read(file)
        assert "199001011234" not in str(caught.value)
    with pytest.raises(AdapterError, match="No such file"):
        people.read(tmp_path / "none.txt")


def test_the_units_of_a_directory_of_ones_own(tmp_path: Path, every: list[Shape]) -> None:
    (tmp_path / "directory.yaml").write_text(UNITS, encoding="utf-8")
    own = region.read(tmp_path / "directory.yaml")
    fitting = shapes.shapes(catalogue.root() / "journeys", own)
    names = {shape.name for shape in fitting}
    assert "home-with-sip" in names
    assert not names & {"gotland", "transfer", "placed-elsewhere", "wrong-recipient"}, "these need more units"
    text = json.dumps([message.bundle for message in Generator("own", own, fitting).stream(20)])
    assert set(re.findall(r"SE\d{10}-\w+", text)) == {"SE0000000901-A", "SE0000000901-B", "SE0000000902-C"}


def test_one_organisation_stays_one_and_two_stay_two(here: Region, every: list[Shape]) -> None:
    for shape in every:
        for message in Generator("parties", here, [shape]).patient(0):
            units = {each["identifier"][0]["value"] for each in MessageBundle(message.bundle).of_type("Organization")}
            owners = {unit.split("-")[0] for unit in units}
            assert (len(owners) == 1) is (shape.name == "gotland" or len(units) == 1), shape.name


def test_the_municipality_that_has_placed_someone_is_one_of_the_region(here: Region, every: list[Shape]) -> None:
    (placed,) = [shape for shape in every if shape.name == "placed-elsewhere"]
    text = json.dumps(Generator("placed", here, [placed]).patient(0)[0].bundle)
    assert set(re.findall(rf'"{re.escape(canonical.MUNICIPALITY)}", "value": "(\d+)"', text)) <= {
        "9901",
        "9902",
        "9903",
        "9904",
        "9905",
    }


def test_units_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    file = tmp_path / "directory.yaml"
    file.write_text("parties: []\nunits: []\n")
    with pytest.raises(AdapterError, match="no party with a kommunkod"):
        region.read(file)
    file.write_text("parties: [")
    with pytest.raises(AdapterError, match=r"directory\.yaml:2: is not valid YAML"):
        region.read(file)
    file.write_text('parties: [{id: by, kind: municipality, name: By, kommunkod: "9911"}]\nunits: []\n')
    lonely = region.read(file)
    assert shapes.shapes(catalogue.root() / "journeys", lonely) == []
    with pytest.raises(AdapterError, match="no journey fits the units"):
        Generator("none", lonely, [])


def test_instants_keep_their_order(every: list[Shape], here: Region) -> None:
    """The assessment at 02:40 before the notice at 02:10 of the repeated hour, for one."""
    (shape,) = [shape for shape in every if shape.name == "summer-time-ends"]
    ready = Generator("order", here, [shape]).patient(3)[1].bundle
    (encounter,) = MessageBundle(ready).of_type("Encounter")
    (assessed,) = [each for each in encounter["extension"] if each["url"] == canonical.READY_ASSESSED]
    instant = datetime.fromisoformat(assessed["extension"][0]["valueDateTime"])
    assert datetime.fromisoformat(encounter["period"]["start"]) < instant < datetime.fromisoformat(ready["timestamp"])
