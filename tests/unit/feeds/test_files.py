"""A feed's file: what is wrong in it is told with its line, at the start."""

from pathlib import Path

import pytest

from adapter.feeds import files
from adapter.support.errors import ConfigurationError

UNITS = {"region": frozenset({"SE1-A", "SE1-B"})}
ADDRESSES = frozenset({"SE2-M", "9901"})
GOOD = """id: vas
party: region
system: VAS
format: hl7v2
protocol: mllp
mllp: {port: 0}
units: {MED12: SE1-A}
need: {units: [MED12], basis: "decision 1"}
receivers:
  - {municipality: "9901", to: [{hsa: SE2-M}]}
"""


def load(folder: Path, text: str):
    (folder / "vas.yaml").write_text(text, encoding="utf-8")
    return files.load(folder, UNITS, ADDRESSES)


def test_a_right_file(tmp_path):
    feeds = load(tmp_path, GOOD)
    assert list(feeds) == ["vas"]
    assert len(feeds.version) == 64


def test_without_a_folder_there_are_no_feeds(tmp_path):
    assert files.load(None, UNITS, ADDRESSES) == {}
    with pytest.raises(ConfigurationError, match="no such folder"):
        files.load(tmp_path / "none", UNITS, ADDRESSES)
    with pytest.raises(ConfigurationError, match="holds no feed"):
        files.load(tmp_path, UNITS, ADDRESSES)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("party: region", "party: none", 2, "no party 'none'"),
        ("{MED12: SE1-A}", "{MED12: SE9-X}", 7, "no unit of region"),
        ("[MED12], basis", "[OTHER], basis", 8, "not among units"),
        (', basis: "decision 1"', "", 8, "basis: is missing"),
        ("hsa: SE2-M", "hsa: SE9-M", 10, "not in the directory"),
        ("hsa: SE2-M", "hsa: SE2-M, kommunkod: '9901'", 10, "either hsa or kommunkod"),
        ("need: {", "nead: {", 8, "did you mean 'need'"),
        ('need: {units: [MED12], basis: "decision 1"}\n', "", 1, "need: is missing"),
        ("{port: 0}", "{port: 0, address: 0.0.0.0}", 6, "goes beyond this machine"),
        ("protocol: mllp", "protocol: http", 6, "is for protocol: mllp"),
        ("mllp: {port: 0}\n", "", 1, "needed there"),
        ("system: VAS", "system: VAS\nadt: {leave_out: [A40]}", 4, "joins persons"),
        ("system: VAS", "system: VAS\nadt: {fields: {stay: visit}}", 4, "expected the form"),
        ("system: VAS", "system: VAS\ntimes: {zone: Mars}", 4, "expected a time zone"),
        ("system: VAS", "system: VAS\nadt: {identifiers: [{authority: X, system: y}]}", 4, "expected person"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, old, new, line, words):
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    told = [(problem.line, problem.reason) for problem in caught.value.problems]
    assert any(words in reason and (found == line or line == 1) for found, reason in told), told


def test_two_feeds_of_one_name(tmp_path):
    (tmp_path / "again.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="another feed 'vas'"):
        load(tmp_path, GOOD)


def test_the_example_is_right():
    folder = Path(__file__).parents[3] / "example" / "feeds"
    units = {"region-fjallvik": frozenset({"SE2329990001-1001", "SE2329990001-1002"})}
    feeds = files.load(folder, units, frozenset({"SE2329990002-1001", "9902"}))
    assert set(feeds) == {"plan", "vas"}
