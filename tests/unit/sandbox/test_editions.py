"""Journeys made anew: other identifiers and times, the same journey."""

import json
import re
import tarfile
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.sandbox import archives, catalogue
from adapter.sandbox.editions import Format, Journey, Renewal, invalid_body
from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.times import Times, distance
from adapter.support.clock import STOCKHOLM
from adapter.support.errors import AdapterError, NotFoundError

NOW = datetime(2027, 6, 9, 8, 30, 7, tzinfo=UTC)
NAMES = ("home-with-sip", "duplicate", "late-and-out-of-order", "summer-time-ends")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
INSTANT = re.compile(r'"(\d{4}-\d\d-\d\dT[^"]+)"')


def folder(name: str) -> Path:
    return catalogue.journey_folders()[name]


def text(messages: dict[str, Any]) -> str:
    return json.dumps(messages, ensure_ascii=False)


@pytest.mark.parametrize("name", NAMES)
def test_all_times_move_by_one_distance_and_the_last_message_is_sent_now(name: str) -> None:
    original = Journey(folder(name), Renewal("a", NOW, Times.WRITTEN))
    moved = Journey(folder(name), Renewal("a", NOW))
    pairs = zip(INSTANT.findall(text(original.messages)), INSTANT.findall(text(moved.messages)), strict=True)
    distances = {datetime.fromisoformat(after) - datetime.fromisoformat(before) for before, after in pairs}
    assert len(distances) == 1
    assert max(datetime.fromisoformat(each["timestamp"]) for each in moved.messages.values()) == NOW


@pytest.mark.parametrize("name", NAMES)
def test_identifiers_are_new_and_refer_to_each_other_as_before(name: str) -> None:
    written, one, other = (
        Journey(folder(name), Renewal(seed, NOW, Times.WRITTEN)).messages for seed in ("a", "b", "c")
    )
    source = text({file: catalogue.message(folder(name) / f"{file}.json") for file in written})
    for made in (written, one, other):
        assert not set(UUID.findall(source)) & set(UUID.findall(text(made)))
        same = dict(zip(UUID.findall(source), UUID.findall(text(made)), strict=True))
        assert UUID.sub(lambda found, same=same: same[found.group()], source) == text(made)
    assert not set(UUID.findall(text(one))) & set(UUID.findall(text(other)))


def test_the_same_seed_and_instant_give_the_same_files_and_both_formats_the_same_content() -> None:
    def made(seed: str = "a", now: datetime = NOW) -> dict[str, bytes]:
        return dict(Journey(folder("protected"), Renewal(seed, now)).files(tuple(Format)))

    assert made() == made()
    assert set(made()) == {
        "journeys/protected/01-admission-notice.json",
        "journeys/protected/01-admission-notice.xml",
        "journeys/protected/expectations.json",
    }
    as_json, as_xml = (made()[f"journeys/protected/01-admission-notice.{each}"] for each in Format)
    assert fhir_json.parse(as_json) == fhir_xml.parse(as_xml)
    assert made("b") != made() != made(now=NOW + timedelta(seconds=1))


@pytest.mark.parametrize("now", [NOW, NOW + timedelta(days=180), datetime(2026, 3, 8, tzinfo=UTC)])
def test_by_weeks_a_journey_keeps_weekday_and_time_of_day(now: datetime) -> None:
    last = datetime(2026, 3, 13, 13, 10, tzinfo=STOCKHOLM)
    moved = (last.astimezone(UTC) + distance(last, now, Times.WEEKS)).astimezone(STOCKHOLM)
    assert now - timedelta(days=7, hours=1) <= moved <= now
    assert (moved.weekday(), moved.time()) == (last.weekday(), last.time())


def test_duties_are_told_only_for_the_days_that_a_journey_is_written_for() -> None:
    as_written = Journey(folder("home-with-sip"), Renewal("a", NOW, Times.WRITTEN)).expectations()
    moved = Journey(folder("home-with-sip"), Renewal("a", NOW)).expectations()
    assert {"duties", "at"} <= as_written["outcome"].keys()
    assert moved["outcome"] == {
        name: value for name, value in as_written["outcome"].items() if name not in {"duties", "payment", "at"}
    }
    assert moved["messages"][-1]["at"] == NOW.astimezone(STOCKHOLM).isoformat()


def test_what_is_sent_again_is_the_same_to_the_byte_and_arrivals_keep_their_order() -> None:
    journey = Journey(folder("duplicate"), Renewal("a", NOW))
    first, again = journey.plan.steps[:2]
    assert again.repeats == first.file
    assert journey.body(first, Format.XML) == journey.body(again, Format.XML)
    arrivals = [
        each["file"] for each in Journey(folder("late-and-out-of-order"), Renewal("a", NOW)).expectations()["messages"]
    ]
    assert arrivals != sorted(arrivals)


def write_invalid(place: Path, name: str, words: str) -> catalogue.Invalid:
    place.mkdir(exist_ok=True)
    (place / f"{name}.yaml").write_text(words, encoding="utf-8")
    return catalogue.Invalid.load(place / f"{name}.yaml")


def test_an_invalid_message_is_made_anew_with_its_fault() -> None:
    fixture = catalogue.Invalid.load(catalogue.invalid_files()["base-required"])
    assert fixture.rules == ("base-required",)
    assert fixture.sender() == "ehr"
    assert fixture.shows[0].isupper()
    bodies = {
        (seed, format_): invalid_body(fixture, Identifiers(seed), format_) for seed in ("a", "b") for format_ in Format
    }
    assert [made[1] for made in bodies.values()] == [Format.JSON, Format.XML] * 2
    assert fhir_json.parse(bodies["a", Format.JSON][0]) == fhir_xml.parse(bodies["a", Format.XML][0])
    ids = [set(UUID.findall(bodies[seed, Format.JSON][0].decode())) for seed in ("a", "b")]
    assert not ids[0] & ids[1]
    assert [each["rule"] for each in fixture.expectations()["findings"]] == ["base-required"]


def test_bytes_that_are_no_text_stay_but_for_their_identifiers(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b'{"id": "180e887f-70b6-4cc7-8723-a2af4cd42b6b", "x": "\xff\xfe"}')
    fixture = write_invalid(tmp_path, "bad", "file: bad.json\nhttp_status: 400\nfindings: [{rule: not-readable}]\n")
    body, format_ = invalid_body(fixture, Identifiers("a"), Format.XML)
    assert format_ is Format.JSON
    assert re.fullmatch(rb'\{"id": "[0-9a-f-]{36}", "x": "\xff\xfe"\}', body)
    assert b"180e887f" not in body


def test_fixtures_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no fixture 'none'"):
        catalogue.chosen(catalogue.journey_folders(), ["protected", "none"])
    assert list(catalogue.chosen(catalogue.journey_folders(), ["protected", "child"])) == ["protected", "child"]
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(AdapterError, match=r"list\.json cannot be used"):
        catalogue.message(tmp_path / "list.json")


FILES = [("b/two.txt", b"2" * 1000), ("a.txt", b"1")]


@pytest.mark.parametrize("name", ["x.zip", "x.tgz", "x.tar.gz"])
def test_an_archive_has_the_same_bytes_in_any_order_and_any_year(tmp_path: Path, name: str) -> None:
    assert archives.write_archive(tmp_path / name, FILES) == 2
    first = (tmp_path / name).read_bytes()
    assert archives.write_archive(tmp_path / name, reversed(FILES)) == 2
    assert (tmp_path / name).read_bytes() == first
    if name == "x.zip":
        with zipfile.ZipFile(tmp_path / name) as opened:
            assert {each.filename: opened.read(each) for each in opened.infolist()} == dict(FILES)
            assert {date(*each.date_time[:3]) for each in opened.infolist()} == {date(1980, 1, 1)}
    else:
        with tarfile.open(tmp_path / name) as packed:
            assert packed.getnames() == ["a.txt", "b/two.txt"]
            assert {each.mtime for each in packed} == {0}


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"ends in \.zip, \.tgz or \.tar\.gz"):
        archives.write_archive(tmp_path / "x.rar", FILES)
    with pytest.raises(AdapterError, match="cannot be written: No such file or directory"):
        archives.write_archive(tmp_path / "none" / "x.zip", FILES)
    (tmp_path / "x.zip").mkdir()
    with pytest.raises(AdapterError, match="cannot be written"):
        archives.write_archive(tmp_path / "x.zip", FILES)
    assert [file.name for file in tmp_path.iterdir()] == ["x.zip"]
    assert archives.write_folder(tmp_path / "new" / "folder", FILES) == 2
    with pytest.raises(AdapterError, match="is not empty"):
        archives.write_folder(tmp_path / "new", FILES)
    (tmp_path / "file").write_text("")
    with pytest.raises(AdapterError, match="cannot be written"):
        archives.write_folder(tmp_path / "file", FILES)
