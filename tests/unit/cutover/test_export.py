"""Exports: XML and CSV say the same; a bad case is told by place and reason, without its values; a broken one stops."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from adapter.cutover import convert, export
from adapter.cutover.schema import schema
from adapter.sandbox.exports import Generator, Row, Units, write_csv, write_xml
from adapter.support.errors import ConfigurationError

TAKEN = datetime(2026, 3, 10, 6, tzinfo=UTC)
UNITS = Units("SE0000000101-NLMED1", "SE0000000101-HC01", {"9901": "SE0000000110-MOTT1", "9902": "SE0000000111-MOTT1"})


def rows(count: int = 3) -> list[Row]:
    return Generator("test", UNITS, (), TAKEN).rows(count)


def changed(row: Row, **cells: str) -> Row:
    return replace(row, cells=row.cells | {name.replace("_", "."): value for name, value in cells.items()})


def read(folder: Path, given: list[Row], *, as_csv: bool = False) -> export.Export:
    if as_csv:
        write_csv(folder / "csv", given, "prator", TAKEN)
        return export.read(folder / "csv")
    write_xml(folder / "export.xml", given, "prator", TAKEN)
    return export.read(folder / "export.xml")


def test_xml_and_csv_say_the_same(tmp_path: Path):
    one, other = read(tmp_path, rows(20)), read(tmp_path, rows(20), as_csv=True)
    assert [entry.fault for entry in one.entries] == [None] * 20
    assert [entry.case for entry in one.entries] == [entry.case for entry in other.entries]
    assert (one.system, one.taken, one.whole) == ("prator", "2026-03-10T07:00:00+01:00", True)


def test_the_shipped_samples_are_read_and_are_the_same():
    folder = Path(__file__).parents[3] / "fixtures" / "cutover"
    one, other = export.read(folder / "export.xml"), export.read(folder / "csv")
    assert [entry.fault for entry in one.entries] == [None] * len(one.entries)
    assert [entry.case for entry in one.entries] == [entry.case for entry in other.entries]


def test_every_code_of_the_format_has_ours():
    for kind, codes in convert.CODES.items():
        assert set(codes) == set(schema().types[kind].codes)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"person_personnummer": "19410810-9168"}, "arende/person/personnummer: expected twelve digits"),
        ({"kommun": "24"}, "arende/kommun: expected municipality code"),
        ({"vistelse_inskriven": "2026-03-09 10:00"}, "arende/vistelse/inskriven: expected an instant"),
        ({"utskriven_tid": "2026-03-09T10:00:00+01:00"}, "arende/utskriven: something is missing in it"),
        ({"person_skydd": "hemlig"}, "expected one of skyddadFolkbokforing, sekretessmarkering"),
    ],
)
@pytest.mark.parametrize("as_csv", [False, True])
def test_a_bad_case_is_told_without_its_value(tmp_path: Path, cells: dict[str, str], words: str, as_csv: bool):
    first, second, third = rows()
    found = read(tmp_path, [first, changed(second, **cells), third], as_csv=as_csv)
    bad = found.entries[1]
    assert words in (bad.fault or "")
    assert not any(value in (bad.fault or "") for value in cells.values())
    assert bad.place.startswith("arenden.csv:3" if as_csv else "export.xml:")
    assert [entry.key for entry in found.entries] == ["P-00001", "P-00002", "P-00003"]
    assert [entry.case is None for entry in found.entries] == [False, True, False]


def test_a_key_that_stands_twice_is_counted_twice_and_carried_once(tmp_path: Path):
    first, second, _ = rows()
    found = read(tmp_path, [first, changed(second, nyckel="P-00001")])
    assert found.entries[0].case is not None
    assert "stands at" in (found.entries[1].fault or "")
    assert found.entries[1].key == found.entries[1].place


def test_the_registered_address_of_a_protected_person_is_not_read(tmp_path: Path):
    (row,) = rows(1)
    special = {
        f"person_sarskildPostadress_{name}": value
        for name, value in {
            "rad": "Skatteverket, Förmedlingsuppdrag",
            "postnummer": "10661",
            "ort": "Stockholm",
        }.items()
    }
    found = read(tmp_path, [changed(row, person_skydd="skyddadFolkbokforing", **special)])
    case = found.entries[0].case
    assert case is not None
    assert [address.city for address in case.person.addresses] == ["Stockholm"]
    assert case.protected


def test_parts_that_do_not_fit_together_are_refused(tmp_path: Path):
    row = rows(5)[4]
    row.parts.append((("plan", "insats"), {"text": "Något", "avserMal": "7", "status": "planerad"}))
    assert "there are 1 goals" in (read(tmp_path, [row]).entries[0].fault or "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<export", ":1: "),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><export/>", "document type"),
        (b"<other/>", "expected the element export"),
        ("<export xmlns='{}'/>", "export: something is missing in it"),
    ],
)
def test_what_is_no_export_stops_with_file_and_line(tmp_path: Path, content: bytes | str, words: str):
    raw = content if isinstance(content, bytes) else content.format(schema().namespace).encode()
    (tmp_path / "export.xml").write_bytes(raw)
    with pytest.raises(ConfigurationError) as error:
        export.read(tmp_path / "export.xml")
    assert words in str(error.value)


def test_a_prefix_is_as_good_as_none(tmp_path: Path):
    (row,) = rows(1)
    read(tmp_path, [changed(row, kommun="24")])
    text = (
        (tmp_path / "export.xml").read_text("utf-8").replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?")
    )
    (tmp_path / "export.xml").write_text(text.replace(" xmlns=", " xmlns:c="), encoding="utf-8")
    (entry,) = export.read(tmp_path / "export.xml").entries
    assert (entry.key, entry.fault) == (
        "P-00001",
        "arende/kommun: expected municipality code, four digits; 0980 is Gotland (line 9)",
    )


def test_a_day_that_is_not_in_the_calendar_is_no_export(tmp_path: Path):
    read(tmp_path, rows(1))
    text = (tmp_path / "export.xml").read_text("utf-8")
    (tmp_path / "export.xml").write_text(
        text.replace("2026-03-10T07:00:00+01:00", "2026-02-30T07:00:00+01:00"), "utf-8"
    )
    with pytest.raises(ConfigurationError, match="not in the calendar"):
        export.read(tmp_path / "export.xml")


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("begaran.csv", "nyckel,enhet,status\nX-1,SE0000000110-MOTT1,begard\n", "begaran.csv:2: belongs to no case"),
        ("begaran.csv", "nyckel,enhet,statsu\n", "begaran.csv:1: the column 'statsu' is not known"),
        ("begaran.csv", "nyckel,enhet\nP-00001\n", "begaran.csv:2: has 1 cells; expected 2"),
        ("begaran.csv", b"nyckel\n\xe5\n", "begaran.csv:2: is not UTF-8"),
        ("export.csv", "version,system,uttagen,omfattning\n1,prator,igår,alla\n", "export.csv:2: export/uttagen"),
    ],
)
def test_broken_csv_stops_with_file_and_line(tmp_path: Path, file: str, content: str | bytes, words: str):
    write_csv(tmp_path, rows(), "prator", TAKEN)
    (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as error:
        export.read(tmp_path)
    assert words in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        export.read(tmp_path)


def test_the_columns_are_those_of_the_schema():
    etree.XMLSchema(etree.parse(str(Path(export.__file__).parent / "export.xsd")))
    assert set(export.TABLES) == set(schema().tables("arendeTyp"))


def referred(row: Row, **cells: str) -> Row:
    """The row as a case without a stay in hospital."""
    kept = ("nyckel", "kommun", "person.")
    origin = {
        "remiss.enhet": "SE0000000101-HC01",
        "remiss.skickat": "2026-03-02T10:00:00+01:00",
        "remiss.vag": "primarvard",
        "remiss.orsak": "Svårläkta bensår.",
        "remiss.kriterium": "samordningsbehov|vuxen",
    }
    of_one = [part for part in row.parts if part[0] == ("begaran",)][:1]
    known = {name: value for name, value in row.cells.items() if name.startswith(kept)}
    return replace(row, cells=known | origin | {n.replace("_", "."): v for n, v in cells.items()}, parts=of_one)


def test_a_case_without_a_stay_begins_with_a_referral(tmp_path: Path):
    given = [referred(row) for row in rows(2)]
    one, other = read(tmp_path, given), read(tmp_path, given, as_csv=True)
    assert [entry.fault for entry in one.entries] == [None, None]
    assert [entry.case for entry in one.entries] == [entry.case for entry in other.entries]
    case = one.entries[0].case
    assert case is not None
    assert (case.admission, case.origin.unit) == (None, "SE0000000101-HC01")
    assert case.referral is not None
    assert (case.referral.way_in, case.referral.criteria) == ("primary-care", ("coordination-need", "adult"))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"inskrivningsmeddelande_skickat": "2026-03-02T10:00:00+01:00"}, "inskrivningsmeddelande: expected none"),
        ({"remiss_vag": "slutenvard"}, "arende/remiss/vag: expected one of primarvard, specialiseradOppenvard"),
    ],
)
def test_a_referral_and_a_stay_do_not_mix(tmp_path: Path, cells: dict[str, str], words: str):
    [entry] = read(tmp_path, [referred(rows(1)[0], **cells)]).entries
    assert words in (entry.fault or "")


def test_a_case_begins_with_one_of_the_two_and_a_referral_asks_one_unit(tmp_path: Path):
    row = referred(rows(1)[0])
    without = {name: value for name, value in row.cells.items() if not name.startswith("remiss")}
    [entry] = read(tmp_path, [replace(row, cells=without)]).entries
    assert "vistelse: is missing; a case without a stay in hospital has remiss in its place" in (entry.fault or "")
    other = (row.parts[0][0], row.parts[0][1] | {"enhet": "SE0000000111-MOTT1"})
    [entry] = read(tmp_path, [replace(row, parts=[*row.parts, other])]).entries
    assert "begaran: expected one" in (entry.fault or "")
