"""YAML: plain data with lines, and what is refused."""

from datetime import date
from pathlib import Path

import pytest

from adapter.support import yaml
from adapter.support.errors import ConfigurationError

FILE = Path("x.yaml")


def refused(raw: bytes) -> list[tuple[int | None, str]]:
    with pytest.raises(ConfigurationError) as caught:
        yaml.parse(raw, FILE)
    return [(problem.line, problem.reason) for problem in caught.value.problems]


def test_values_and_lines() -> None:
    data, lines = yaml.parse(
        "a: yes\nb: [1, true, 1.5, null, ~]\nc:\n  - d: 2025-01-31\n    'e': '0980'\n  - åäö\n".encode(), FILE
    )
    assert data == {"a": "yes", "b": [1, True, 1.5, None, None], "c": [{"d": date(2025, 1, 31), "e": "0980"}, "åäö"]}
    assert lines.of(("b", 3)) == 2
    assert lines.of(("c", 0, "e")) == 5
    assert lines.of(("c", 0, "missing")) == 4
    assert lines.of(("c", 1)) == 6


def test_an_empty_file_has_no_data() -> None:
    assert yaml.parse(b"# nothing\n", FILE)[0] is None


def test_every_problem_is_told_with_its_line() -> None:
    found = refused(
        b"a: 0980\nb: 1\nb: 2\nc: &x 1\nd: *x\ne: !!python/object:os.system ls\n? [k]\n: 1\nf: 2025-02-30\n"
    )
    assert found == [
        (1, '0980 would lose its leading zero: write "0980" with quotes'),
        (3, "the key 'b' is here twice; the first is on line 2"),
        (4, "anchors and aliases (& and *) are not used here: write the value out"),
        (6, "the tag tag:yaml.org,2002:python/object:os.system is not used here"),
        (7, "a key must be text"),
        (9, "'2025-02-30' is not a date as YYYY-MM-DD; text needs quotes"),
    ]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"a: [1", 2),  # where it ends
        (b"a: 1\n---\nb: 2\n", 2),
        (b"a:\n\tb: 1\n", 2),
        (b"a: b: c", 1),
        (b"a: 1\nb: \x00", 2),
        (b"a: 1\nb: \xff", 2),
        (b"a: 1\nb: 'open\n", 3),
    ],
)
def test_bad_syntax_tells_its_line(raw: bytes, line: int) -> None:
    [(found, _)] = refused(raw)
    assert found == line


def test_yaml_1_1_is_not_let_in_by_the_back_door() -> None:
    assert refused(b"%YAML 1.1\n---\na: yes\nb: 1:30\n") != []


@pytest.mark.parametrize("escape", [rb"\UFFFFFFFF", rb"\U00110000", rb"\ud800"])
@pytest.mark.parametrize("place", [b'a: "%s"', b'"%s": 1', b'- "%s"'])
def test_an_escape_that_names_no_character_is_refused(escape: bytes, place: bytes) -> None:
    ((_, reason),) = refused(place % escape)
    assert "an escape names" in reason


def test_size_and_depth_are_bounded() -> None:
    assert refused(b"[" * 5_000)[0][1] == "is nested too deeply"
    assert "is nested too deeply" in refused(b"[" * 60 + b"]" * 60)[0][1]
    assert refused(b"#" * (yaml.MAX_BYTES + 1)) == [(None, f"is larger than {yaml.MAX_BYTES} bytes")]


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    bomb = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 122))
    assert all("anchors" in reason for _, reason in refused(bomb))


def test_what_is_written_is_read_as_the_same() -> None:
    words = [
        "0980",
        "0o17",
        "1e3",
        "1_0",
        "2025-01-31",
        "yes",
        "1:30",
        "null",
        "~",
        "",
        "a: b",
        "åäö",
        "x\ny",
        "#",
        ".5",
    ]
    data = {"text": words, "0980": {"number": [1, 1.5, True, None]}}
    assert yaml.parse(yaml.dump(data).encode(), FILE)[0] == data


def test_tags_and_directives() -> None:
    assert yaml.parse(b"a: !!str 0980\nb: ! 1\nc: !!int '12'\n", FILE)[0] == {"a": "0980", "b": "1", "c": 12}
    assert refused(b"a: !!set {b}\n") == [(1, "the tag tag:yaml.org,2002:set is not used here")]
    assert yaml.parse(b"%YAML 1.2\n---\na: 1\n", FILE)[0] == {"a": 1}
    assert "directives" in refused(b"%TAG ! tag:x,2000:\n---\na: 1\n")[0][1]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        yaml.load(tmp_path / "none.yaml")
