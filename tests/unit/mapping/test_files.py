"""A wrong mapping file is refused when it is loaded, with file, line and reason."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.mapping import Mapping, model
from adapter.support.errors import ConfigurationError

Folder = Callable[..., Path]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{fhir: patient.nam, record: person/born}", "FHIR R4 has no element Patient.nam"),
        ("{fhir: nobody.name, record: person/born}", "'nobody' is not a resource or group"),
        ("{fhir: patient.name, record: person/born}", "is a HumanName; a value rule needs an element with a value"),
        ("{fhir: patient.birthDate, record: person/age}", "Person has no element 'age'"),
        ('{fhir: patient.birthDate, record: "person/@age"}', "Person has no attribute 'age'"),
        ("{fhir: patient.birthDate, record: person}", "'person' has elements, not text"),
        ("{fhir: patient.birthDate, record: person/born, codec: instant}", "needs one of the codecs: day"),
        ("{fhir: patient.birthDate, record: person/born, default: {fhir: spring}}", "the default for .*YYYY-MM-DD"),
        ("{fhir: patient.birthDate, record: person/born, concepts: none}", "no concept map 'none'"),
        ("{fhir: patient.gender, record: person/born, colour: red}", "no such key"),
        ("{fhir: patient.gender}", "record is missing in a value"),
        ("{fhir: patient.gender, record: person/born, refers: header}", "is a code; refers is for a Reference"),
        ("{fhir: communication.subject, refers: nobody}", "'nobody' is not a resource or group of this message"),
        ("{fhir: patient.gender, record: person/born, only: record}", "reason is missing"),
        ("{fhir: 'patient.name.where(use = official).family', record: person/born}", "is not of the form where"),
        ("{fhir: patient.extension(%nothing).value.ofType(code), record: person/born}", "no constant 'nothing'"),
        ("{fhir: 'patient..name', record: person/born}", "cannot be read|has no element"),
        ("{each: patient.contact, named: c, record: person/contact, part: parts/none.yaml}", "there is no parts/none"),
        ("{each: patient.contact, named: c, record: person/contact, part: ../mapping.yaml}", "there is no ../mapping"),
        ("{each: patient.contact, named: c, resource: Goal, record: person/contact, rules: []}", "follows a Reference"),
        ("{fhir: patient.gender, record: person/sex, value: x}", "value is for either fhir or record"),
        ("{each: patient.contact, named: c, record: person/contact}", "a group has either rules or a part"),
        ("{each: patient.contact, named: c, record: person/contact, rules: [{fhir: c.x}]}", r"rules.0.fhir|record is"),
        ("{fhir: patient.photo.data, record: person/born}", "which needs one of the codecs: base64"),
    ],
)
def test_a_wrong_rule_is_told_with_its_line(folder: Folder, rule: str, words: str) -> None:
    path = folder(f"\n  - {rule}", resources="  communication: {type: Communication}")
    line = next(n for n, text in enumerate((path / "messages/note.yaml").read_text().splitlines(), 1) if rule in text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        Mapping.load(path)
    assert [(problem.file.name, problem.line) for problem in caught.value.problems] == [("note.yaml", line)]


def test_all_problems_are_told_at_once(folder: Folder) -> None:
    path = folder("\n  - {fhir: patient.a, record: x}\n  - {fhir: patient.b, record: y}")
    with pytest.raises(ConfigurationError) as caught:
        Mapping.load(path)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("mapping.yaml", "language: 1", "language: 2", "language: "),
        ("mapping.yaml", "root: message", "root: nothing", "no element 'nothing'"),
        ("mapping.yaml", "message_id: id", "message_id: nothing", "has no element 'nothing'"),
        ("mapping.yaml", "sex.json", "none.json", "cannot be read"),
        ("mapping.yaml", "later", "taken", "a word of its own"),
        ("mapping.yaml", "small.xsd", "none.xsd", "is not an XSD"),
        ("mapping.yaml", '"*.id"', '"*.id("', "cannot be read at position"),
        ("sex.json", '"man"', '"kvinna"', "stands twice"),
        ("sex.json", '"equal"', '"wider"', "expected one target"),
        ("sex.json", "{", "[", "is not FHIR JSON"),
        ("small.xsd", '<xs:element name="note" type="Note"/>', '<xs:any namespace="##other"/>', "any is not read here"),
        ("messages/note.yaml", "type: Patient", "type: Person2", "no resource Person2"),
        ("messages/note.yaml", "description: A note.", "description: A note.\ninclude: [parts/x.yaml]", "there is no"),
    ],
)
def test_a_wrong_file_is_told(folder: Folder, file: str, old: str, new: str, words: str) -> None:
    path = folder("\n  - {fhir: patient.gender, record: person/sex, concepts: sex}")
    target = path / file
    assert old in target.read_text()
    target.write_text(target.read_text().replace(old, new))
    with pytest.raises(ConfigurationError, match=words) as caught:
        Mapping.load(path)
    assert (
        caught.value.problems[0].file.name == ("none.json" if new == "none.json" else Path(file).name)
        or new == "none.xsd"
    )


def test_codes_that_the_schema_does_not_allow(folder: Folder) -> None:
    path = folder("\n  - {fhir: patient.gender, record: person/sex, concepts: sex}")
    (path / "sex.json").write_text((path / "sex.json").read_text().replace('"man"', '"herr"'))
    with pytest.raises(ConfigurationError, match="does not allow these codes of sex: herr"):
        Mapping.load(path)


def test_a_body_that_the_schema_does_not_have(folder: Folder) -> None:
    path = folder()
    file = path / "messages" / "note.yaml"
    file.write_text(file.read_text().replace("record: note", "record: nothing"))
    with pytest.raises(ConfigurationError, match="the schema has no element 'nothing' in Message"):
        Mapping.load(path)


def test_the_published_schema_is_that_of_the_files() -> None:
    """Made anew with `python -m adapter.mapping.model > mappings/mapping-language.schema.json`."""
    published = Path(__file__).parents[3] / "mappings" / "mapping-language.schema.json"
    assert json.loads(published.read_text()) == model.json_schema()


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"mapping\.yaml: cannot be read"):
        Mapping.load(tmp_path)


def test_two_files_for_one_event(folder: Folder) -> None:
    path = folder()
    (path / "messages" / "again.yaml").write_text((path / "messages" / "note.yaml").read_text())
    with pytest.raises(ConfigurationError, match="several files have the event general-message"):
        Mapping.load(path)


def test_the_version_changes_with_any_file(folder: Folder) -> None:
    path = folder()
    first = Mapping.load(path).version
    assert first.startswith("3+")
    (path / "messages" / "note.yaml").write_text((path / "messages" / "note.yaml").read_text() + "# a remark\n")
    assert Mapping.load(path).version != first
