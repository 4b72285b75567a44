"""Coverage of a mapping, and what a change of it changes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.cli.mapping_files import shown_by
from adapter.mapping import Mapping, differences
from adapter.mapping import folder as mapping_folder
from adapter.mapping.coverage import measure

RULES = """
  - {fhir: communication.status, record: note/text}
  - {fhir: patient.birthDate, record: person/born}
  - {fhir: patient.gender, record: person/sex, concepts: sex}
  - each: patient.telecom
    named: contact
    record: person/contact
    rules:
      - {fhir: contact.value, record: ., required: true}"""
COMMUNICATION = {"resourceType": "Communication", "id": "c", "status": "completed"}
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1950-02-03", "gender": "male"}
NOTE = "messages/note.yaml"
LIFECARE = Path(__file__).parents[3] / "mappings" / "lifecare"

Message = Callable[..., dict[str, Any]]


@pytest.fixture
def old(folder: Callable[..., Path]) -> Path:
    return folder(RULES, resources="  communication: {type: Communication}")


@pytest.fixture
def new(old: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(old, tmp_path / "new"))


def change(folder: Path, file: str, before: str, after: str) -> None:
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1))


def words(old: Path, new: Path) -> list[str]:
    found = differences.changes(mapping_folder.load(old), mapping_folder.load(new))
    return [f"{change.kind} {change.place} {change.words}" for change in found]


def test_rules_that_did_nothing_are_named_by_direction(old: Path, message: Message) -> None:
    found = measure(Mapping.load(old), [("m", message(PATIENT, COMMUNICATION))])
    group = (old / NOTE).read_text().splitlines().index("  - each: patient.telecom") + 1
    assert found.unused("record") == found.unused("fhir") == [f"{NOTE}:{group}", f"{NOTE}:{group + 4}"]
    assert (found.tried, found.refused) == (1, [])
    rules = len(found.rules["record"])
    assert found.percent == pytest.approx(100 * (rules - 2) / rules)
    complete = measure(
        Mapping.load(old), [("m", message(PATIENT | {"telecom": [{"value": "1"}]}, COMMUNICATION)), ("x", b"<x/>")]
    )
    assert complete.percent == 100
    assert [name for name, _ in complete.refused] == ["x"]


def test_technical_acknowledgements_are_passed_over(old: Path) -> None:
    mapping = Mapping.load(old)
    assert measure(mapping, [("a", mapping.acknowledge("h", "ok"))]).refused == []
    assert differences.effect(mapping, mapping, [("a", mapping.acknowledge("h", "ok"))]).tried == 0


def test_the_same_files_say_the_same_in_any_order(old: Path, new: Path) -> None:
    assert words(old, new) == []
    birth = "  - {fhir: patient.birthDate, record: person/born}\n"
    change(new, NOTE, birth, "")
    change(new, NOTE, "leave_out:", f"{birth}leave_out:")
    assert words(old, new) == []


def test_each_change_in_words(old: Path, new: Path) -> None:
    change(new, NOTE, "record: person/born}", "record: person/births, codec: day}")
    change(
        new,
        NOTE,
        "      - {fhir: contact.value, record: ., required: true}",
        "      - {fhir: contact.value, record: .}",
    )
    change(new, NOTE, "  - {fhir: patient.gender, record: person/sex, concepts: sex}\n", "")
    change(new, NOTE, "leave_out:", "  - {fhir: patient.active, record: person/active}\nleave_out:")
    change(new, "sex.json", '"code": "female"', '"code": "other"')
    change(new, "mapping.yaml", "on_unmapped: refuse", "on_unmapped: warn")
    change(new, "small.xsd", "A lower-case id", "An id")
    found = words(old, new)
    assert {line for line in found if "schema" not in line} == {
        "changed mapping.yaml on_unmapped: is refuse becomes warn",
        "changed mapping.yaml concept map sex: code female kvinna becomes none; code other none becomes kvinna",
        f"changed {NOTE}:17 patient.birthDate <-> person/born becomes patient.birthDate <-> person/births; "
        "codec none becomes day",
        f"changed {NOTE}:22 patient.telecom: contact.value <-> .: required true becomes none",
        f"removed {NOTE}:18 patient.gender <-> person/sex (concepts sex)",
        f"added {NOTE}:23 patient.active <-> person/active",
    }
    assert len([line for line in found if line.startswith("changed small.xsd schema: sha256")]) == 1


def test_what_comes_out_otherwise(old: Path, new: Path, message: Message, record: Callable[..., bytes]) -> None:
    change(new, NOTE, "record: person/born}", "record: person/births}")
    change(new, NOTE, "  - {fhir: patient.gender, record: person/sex, concepts: sex}\n", "")
    change(
        new,
        NOTE,
        "leave_out:",
        "  - {fhir: patient.active, record: person/active}\nleave_out:\n  - {fhir: Patient.gender, reason: so}",
    )
    plain = {"resourceType": "Patient", "id": "p"}
    tries: list[tuple[str, bytes | dict[str, Any]]] = [
        ("born", message(PATIENT, COMMUNICATION)),
        ("active", message(plain | {"active": True}, COMMUNICATION)),
        ("plain", message(plain, COMMUNICATION)),
        ("record", record("<note><text>completed</text></note>", "<person><sex>man</sex></person>")),
    ]
    found = differences.effect(Mapping.load(old), Mapping.load(new), tries)
    assert found.tried == 4
    assert found.different == ["born to the record"]
    assert [name for name, _ in found.accepted] == ["active to the record"]
    assert [name for name, _ in found.refused] == ["record to FHIR"]
    assert found.nodes == {
        ("Bundle.entry.resource.ofType(Patient).gender", "mapped", "left-out"): 1,
        ("Bundle.entry.resource.ofType(Patient).active", "not-mapped", "mapped"): 1,
        ("message/person/sex", "mapped", "not-mapped"): 1,
    }


def test_the_commands(old: Path, new: Path, tmp_path: Path, message: Message) -> None:
    file = tmp_path / "message.json"
    file.write_text(json.dumps(message(PATIENT, COMMUNICATION)))
    arguments = ["mappings", "coverage", str(file), "--mappings", str(tmp_path), "--system", "small"]
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "small: 81.8 % with 1 messages and records")
    assert CliRunner().invoke(app, [*arguments, "--least", "90"]).exit_code == 1
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)["small"]
    assert (told["tried"], told["percent"], len(told["directions"]["record"]["unused"])) == (1, 81.8, 2)
    same = CliRunner().invoke(app, ["mappings", "diff", str(old), str(new), str(file)])
    assert (same.exit_code, same.stdout.splitlines()[0]) == (0, "the files say the same")
    change(new, NOTE, "  - {fhir: patient.gender, record: person/sex, concepts: sex}\n", "")
    other = CliRunner().invoke(app, ["mappings", "diff", str(old), str(new), str(file)])
    assert other.exit_code == 1
    assert "Patient.gender: mapped becomes not-mapped, in 1 of 1\n" in other.stdout
    assert "1 are refused now" in other.stdout
    as_json = json.loads(CliRunner().invoke(app, ["mappings", "diff", str(old), str(new), str(file), "--json"]).stdout)
    assert [change["kind"] for change in as_json["changes"]] == ["removed"]
    assert len(as_json["effect"]["refused"]) == 1


def test_a_file_that_is_neither_record_nor_message(old: Path, tmp_path: Path) -> None:
    for content, expected in (("{}", "no message with a destination"), ("x", "other.json: ")):
        file = tmp_path / "other.json"
        file.write_text(content)
        done = CliRunner().invoke(app, ["mappings", "coverage", str(file), "--mappings", str(tmp_path)])
        assert expected in str(done.exception)


def test_what_is_tried_where_no_file_is_named(old: Path) -> None:
    (old / "samples").mkdir()
    (old / "samples" / "sip.xml").write_text("<x/>")
    found = shown_by(old, LIFECARE)
    assert found[0] == old / "samples" / "sip.xml"
    assert LIFECARE / "samples" / "kvittens.xml" in found
    assert LIFECARE / "samples" / "sip.xml" not in found
    assert {file.parent.name for file in found} > {"home-with-sip", "samples"}


@pytest.mark.slow
def test_the_shipped_mapping_with_all_that_is_shipped() -> None:
    done = CliRunner().invoke(app, ["mappings", "coverage", "--least", "99", "--json"])
    told = json.loads(done.stdout)["lifecare"]
    assert (done.exit_code, told["refused"]) == (0, [])
    assert told["directions"]["fhir"]["unused"] == []
