"""Files of agreements: every fault with its file and line, and no two that leave open which of them holds."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from adapter.discharge.agreement import STATUTORY, Model, Trigger
from adapter.exchange import agreements
from adapter.support.errors import ConfigurationError

WHOLE = """\
id: vg
version: "2018"
name: Överenskommelse om samverkan vid utskrivning
valid_from: 2018-09-25
basis: förslag 2018, andrahandskälla
municipalities: ["1480", "0980"]
responsibility_days: 7
read_within: 24h
payment:
  model: mean
  individual_over: 7
  dispute_until: 12
  amounts:
    2024: {sek: 11000, citation: beslut 2023-12-01}
enrolment: {least_age: 18}
escalation:
  - {trigger: no-acceptance, after: 24h, to: enhetschef}
citations: {payment: "§ 7"}
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[tuple[str, int | None, str]]:
    with pytest.raises(ConfigurationError) as raised:
        agreements.load(folder)
    return [(each.file.name, each.line, each.reason) for each in raised.value.problems]


def test_an_agreement_is_read_with_everything_it_says(tmp_path: Path) -> None:
    found = agreements.load(write(tmp_path, vg=WHOLE))
    (one,) = found
    assert one.payment.model is Model.MEAN
    assert one.payment.amounts[2024].sek == 11000
    assert one.escalation[0].trigger is Trigger.UNANSWERED
    assert one.read_within == timedelta(hours=24)
    assert one.clause("payment") == "vg 2018: § 7"
    assert found.of("0980", date(2026, 1, 1)) is one
    assert found.of("2482", date(2026, 1, 1)) is STATUTORY
    assert len(found.version) == 64


def test_without_a_folder_the_statute_holds() -> None:
    assert agreements.load(None).of("2482", date(2026, 1, 1)) is STATUTORY


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("version:", "verison:", 2, "verison: no such key; did you mean 'version'?"),
        ("model: mean", "model: medel", 10, "payment.model: is 'medel', expected 'individual', 'mean' or 'both'"),
        ("2018-09-25", "25/9 2018", 4, "valid_from: expected a date, YYYY-MM-DD"),
        ('"0980"', "980", 6, "municipalities.1: expected text in quotes"),
        ("sek: 11000", "sek: -1", 14, "payment.amounts.2024.sek: should be greater than or equal to 0"),
        ("read_within: 24h", "read_within: 24", 8, "read_within: expected a duration in quotes"),
        ('payment: "§ 7"', 'paymant: "§ 7"', 1, "citations: no value is named 'paymant'"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, reason: str) -> None:
    found = problems(write(tmp_path, vg=WHOLE.replace(old, new)))
    assert any(name == "vg.yaml" and at == line and said.startswith(reason) for name, at, said in found), found


def test_a_later_version_takes_the_place_of_an_earlier_one_that_was_open(tmp_path: Path) -> None:
    later = WHOLE.replace('"2018"', '"2026"').replace("2018-09-25", "2026-01-01")
    found = agreements.load(write(tmp_path, a=WHOLE, b=later))
    assert found.of("1480", date(2025, 12, 31)).version == "2018"
    assert found.of("1480", date(2026, 1, 1)).version == "2026"


def test_two_that_leave_open_which_holds_are_refused(tmp_path: Path) -> None:
    other = WHOLE.replace("id: vg", "id: other").replace("2018-09-25", "2020-01-01")
    assert problems(write(tmp_path, a=WHOLE, b=other)) == [
        ("b.yaml", None, "holds for the same municipality on the same day as a.yaml")
    ]
    assert problems(write(tmp_path, a=WHOLE, b=WHOLE)) == [("b.yaml", None, "a.yaml is version 2018 of 'vg' too")]
    for_all = other.replace('municipalities: ["1480", "0980"]\n', "")
    assert len(agreements.load(write(tmp_path, a=WHOLE, b=for_all))) == 2


def test_a_folder_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    assert "no agreement" in problems(tmp_path)[0][2]
    assert "no such folder" in problems(tmp_path / "none")[0][2]


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parents[3] / "example" / "agreements").glob("*.yaml")), ids=lambda file: file.stem
)
def test_each_example_is_an_agreement_and_says_where_it_was_read(file: Path, tmp_path: Path) -> None:
    (one,) = agreements.load(write(tmp_path, **{file.stem: file.read_text(encoding="utf-8")}))
    assert one.id == file.stem
    assert one.basis
