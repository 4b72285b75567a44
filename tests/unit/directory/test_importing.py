"""A list of units from elsewhere: what it would change, and that it changes nothing else."""

from datetime import date
from pathlib import Path

import pytest

from adapter.directory import Directory, files, importing
from adapter.support.errors import ConfigurationError

TODAY = date(2025, 6, 1)
HEADER = "hsa,name,kind,party,parent,valid_from,valid_to\n"
NORTH = (
    "SE2321000002-R1,Reception north,municipal-receiving,north,,,\n"
    "SE2321000002-H1,Home care north,municipal,north,SE2321000002-R1,,\n"
    "SE2321000009-M1,Moved,municipal,north,,,2024-12-31\n"
)


@pytest.fixture
def source(tmp_path: Path):
    def source(rows: str) -> Path:
        file = tmp_path / "list.csv"
        file.write_text(HEADER + rows, "utf-8")
        return file

    return source


def kinds(plan: importing.Plan) -> dict[str, str]:
    return {change.unit.hsa: change.kind for change in plan.changes if change.kind != "unchanged"}


def refused(folder: Path, file: Path) -> list[tuple[str, int | None, str]]:
    before = (folder / "units.csv").read_bytes()
    with pytest.raises(ConfigurationError) as caught:
        importing.plan(folder, file, TODAY)
    assert (folder / "units.csv").read_bytes() == before
    return [(problem.file.name, problem.line, problem.reason) for problem in caught.value.problems]


def test_the_same_list_changes_nothing(write, source) -> None:
    plan = importing.plan(write(), source(NORTH), TODAY)
    assert not plan.alters
    assert len(plan.changes) == 10


def test_added_changed_ended(write, source) -> None:
    folder = write()
    rows = NORTH.replace("Home care north", "Hemsjukvård norr").splitlines(keepends=True)
    plan = importing.plan(
        folder,
        source("".join(rows[1:]).replace("SE2321000002-R1", "") + "SE2321000002-N1,New,municipal,north,,,\n"),
        TODAY,
    )
    assert kinds(plan) == {"SE2321000002-R1": "ended", "SE2321000002-H1": "changed", "SE2321000002-N1": "added"}
    fields = {change.unit.hsa: change.fields for change in plan.changes}
    assert fields["SE2321000002-R1"] == (("valid_to", "", "2025-05-31"),)
    assert fields["SE2321000002-H1"] == (
        ("name", "Home care north", "Hemsjukvård norr"),
        ("parent", "SE2321000002-R1", ""),
    )


def test_nothing_is_written_before_apply_and_all_of_it_after(write, source) -> None:
    folder = write()
    before = (folder / "units.csv").read_bytes()
    plan = importing.plan(folder, source(NORTH + "SE2321000002-N1,New,municipal,north,,,\n"), TODAY)
    assert (folder / "units.csv").read_bytes() == before
    plan.apply()
    assert Directory.load(folder).unit("SE2321000002-N1", TODAY).name == "New"
    assert sorted(path.name for path in folder.iterdir()) == [
        "endpoints.yaml", "parties.yaml", "routes.yaml", "systems.yaml", "units.csv"
    ]  # fmt: skip
    again = importing.plan(folder, source(NORTH + "SE2321000002-N1,New,municipal,north,,,\n"), TODAY)
    assert not again.alters
    assert again.content == (folder / "units.csv").read_bytes()


def test_the_order_of_the_list_makes_no_difference(write, source) -> None:
    rows = (NORTH + "SE2321000002-N1,New,municipal,north,,,\n").splitlines(keepends=True)
    folder = write()
    first = importing.plan(folder, source("".join(rows)), TODAY).content
    assert importing.plan(folder, source("".join(reversed(rows))), TODAY).content == first


def test_a_failed_write_leaves_the_old_file(write, source, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write()
    before = (folder / "units.csv").read_bytes()
    plan = importing.plan(folder, source("SE2321000002-N1,New,municipal,north,,,\n"), TODAY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        plan.apply()
    assert (folder / "units.csv").read_bytes() == before
    assert len(list(folder.iterdir())) == 5


def test_the_mode_of_the_file_is_kept(write, source) -> None:
    folder = write()
    (folder / "units.csv").chmod(0o640)
    importing.plan(folder, source("SE2321000002-N1,New,municipal,north,,,\n"), TODAY).apply()
    assert (folder / "units.csv").stat().st_mode & 0o777 == 0o640


def test_the_first_import_makes_the_file(write, source) -> None:
    folder = write()
    (folder / "units.csv").rename(folder / "old")
    rows = (folder / "old").read_text().partition("\n")[2]
    plan = importing.plan(folder, source(rows), TODAY)
    assert {change.kind for change in plan.changes} == {"added"}
    plan.apply()
    assert len(Directory.load(folder).units) == 10


class TestPeriods:
    def test_a_later_period_ends_the_earlier_row(self, write, source) -> None:
        rows = NORTH.replace("north,SE2321000002-R1,,", "north,,2025-09-01,")
        plan = importing.plan(write(), source(rows), TODAY)
        found = [
            (change.kind, change.unit.starts, change.unit.valid_to)
            for change in plan.changes
            if change.unit.hsa == "SE2321000002-H1"
        ]
        assert found == [("ended", date.min, date(2025, 8, 31)), ("added", date(2025, 9, 1), None)]

    def test_an_earlier_start_replaces_the_row(self, write, source) -> None:
        island = (
            "SE2321000004-W1,Ward island,inpatient,island,,,\n"
            "SE2321000004-R1,Reception island,municipal-receiving,island,,2023-01-01,\n"
        )
        plan = importing.plan(write(), source(island), TODAY)
        assert [
            (change.kind, change.unit.valid_from) for change in plan.changes if change.unit.hsa == "SE2321000004-R1"
        ] == [
            ("added", date(2023, 1, 1)),
            ("ended", date(2024, 1, 1)),
        ]
        assert plan.content.count(b"SE2321000004-R1") == 1

    def test_a_row_that_had_not_begun_is_left_out(self, write, source) -> None:
        folder = write(
            (
                "SE2321000002-H1,Home care north,municipal,north,SE2321000002-R1,,",
                "SE2321000002-H1,Home,municipal,north,,2026-01-01,",
            )
        )
        plan = importing.plan(folder, source(NORTH.replace("SE2321000002-H1", "SE2321000002-N1")), TODAY)
        assert kinds(plan) == {"SE2321000002-H1": "ended", "SE2321000002-N1": "added"}
        assert b"SE2321000002-H1" not in plan.content

    def test_what_has_ended_stays_as_it_is(self, write, source) -> None:
        plan = importing.plan(write(), source("".join(NORTH.splitlines(keepends=True)[:2])), TODAY)
        assert not plan.alters

    def test_an_end_in_the_list_is_an_end(self, write, source) -> None:
        plan = importing.plan(
            write(), source(NORTH.replace("SE2321000002-R1,,\n", "SE2321000002-R1,,2025-12-31\n")), TODAY
        )
        assert kinds(plan) == {"SE2321000002-H1": "ended"}


class TestRefused:
    def test_each_row_is_told(self, write, source) -> None:
        found = refused(write(), source("A,,municipal,north,,,\nB,B,ward,north,,,\nC,C,municipal,north,,x,\n"))
        assert [(name, line) for name, line, _ in found] == [("list.csv", 2), ("list.csv", 3), ("list.csv", 4)]

    def test_an_unknown_party(self, write, source) -> None:
        found = refused(write(), source(NORTH + "SE2321000002-N1,New,municipal,nort,,,\n"))
        assert found == [("list.csv", 5, "there is no party 'nort' in the directory; did you mean 'north'?")]

    def test_the_same_unit_twice(self, write, source) -> None:
        [(name, line, reason)] = refused(write(), source(NORTH + NORTH.splitlines(keepends=True)[0]))
        assert (name, line) == ("list.csv", 5)
        assert "already on line 2" in reason

    def test_a_unit_that_is_kept_by_hand(self, write, source) -> None:
        folder = write(
            parties=(write() / "parties.yaml").read_text()
            + "units:\n  - {hsa: SE2321000002-Y1, name: Y, kind: municipal, party: north}\n"
        )
        [(name, line, reason)] = refused(folder, source(NORTH + "SE2321000002-Y1,Y,municipal,north,,,\n"))
        assert (name, line) == ("list.csv", 5)
        assert "kept by hand at parties.yaml:9" in reason

    def test_a_route_that_would_lead_nowhere(self, write, source) -> None:
        folder = write(
            ("{to: {party: north}", "{to: {hsa: SE2321000002-F1}"),
            (
                "SE2321000002-H1,Home care north,municipal,north,SE2321000002-R1,,",
                "SE2321000002-F1,F,municipal,north,,2026-01-01,",
            ),
        )
        [(name, line, reason)] = refused(folder, source("".join(NORTH.splitlines(keepends=True)[::2])))
        assert (name, line) == ("routes.yaml", 4)
        assert "there is no unit 'SE2321000002-F1'" in reason

    def test_a_directory_that_is_wrong_already(self, write, source) -> None:
        assert refused(write(("kind: provider", "kind: clinic")), source(NORTH))[0][0] == "parties.yaml"

    def test_another_file_altogether(self, write, tmp_path: Path) -> None:
        (tmp_path / "list.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
        assert "is not UTF-8 text" in refused(write(), tmp_path / "list.csv")[0][2]

    def test_a_file_that_is_not_there(self, write, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            importing.plan(write(), tmp_path / "none.csv", TODAY)


def test_what_is_written_is_read_again(write) -> None:
    units = Directory.load(write()).units
    rows = files.read_units(importing.write(units), Path("units.csv"))
    assert [row.entry for row in rows.units] == list(units)


def test_contacts_that_the_list_does_not_have_stay(write, source) -> None:
    folder = write()
    units = folder / "units.csv"
    lines = units.read_text("utf-8").splitlines()
    lines = [lines[0] + ",phone,contact", *(f"{line},010-000 00 00,the desk" for line in lines[1:])]
    units.write_text("\n".join(lines) + "\n", "utf-8")
    plan = importing.plan(folder, source(NORTH.replace("Home care north", "Hemsjukvård norr")), TODAY)
    assert kinds(plan) == {"SE2321000002-H1": "changed"}
    [change] = [change for change in plan.changes if change.unit.hsa == "SE2321000002-H1"]
    assert (change.unit.phone, change.unit.contact) == ("010-000 00 00", "the desk")
