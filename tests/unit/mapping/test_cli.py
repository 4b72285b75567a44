"""`adapter map` on real files."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app, main

ROOT = Path(__file__).parents[3]
FIXTURE = str(ROOT / "fixtures" / "journeys" / "home-with-sip" / "01-admission-notice.json")
SAMPLE = str(ROOT / "mappings" / "lifecare" / "samples" / "svar-avvisad.xml")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["map", *arguments, "--system", "lifecare"])
    return result.exit_code, result.stdout


def test_to_record_and_back(tmp_path: Path) -> None:
    status, text = run(FIXTURE, "--destination", "1")
    assert status == 0
    assert text.startswith("<?xml")
    file = tmp_path / "record.xml"
    file.write_text(text)
    status, text = run(str(file))
    assert status == 0
    assert json.loads(text)["resourceType"] == "Bundle"


def test_explain() -> None:
    status, text = run(SAMPLE, "--to", "fhir", "--explain")
    assert status == 0
    assert "parts/envelope.yaml:" in text
    status, text = run(SAMPLE, "--explain", "--json")
    assert json.loads(text)["counts"]["not-mapped"] == 0


def test_what_cannot_be_mapped_is_the_answer_no(tmp_path: Path) -> None:
    bundle = json.loads(Path(FIXTURE).read_text())
    bundle["entry"][0]["resource"]["reason"] = {"text": "hemligt"}
    file = tmp_path / "message.json"
    file.write_text(json.dumps(bundle))
    result = CliRunner().invoke(app, ["map", str(file), "--system", "lifecare", "--destination", "2", "--explain"])
    assert result.exit_code == 1
    assert "MessageHeader).reason.text" in result.stderr
    assert "hemligt" not in result.output
    assert "not-mapped" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((FIXTURE,), "2 destinations"),
        ((FIXTURE, "--destination", "3"), "2 destinations, not 3"),
        (("no-such-file",), "cannot be read"),
        ((FIXTURE, "--destination", "1", "--mappings", "no-such-folder"), "no-such-folder has no mapping 'lifecare'"),
        ((FIXTURE, "--destination", "1", "--system", "lifecore"), "has no mapping 'lifecore': expected lifecare"),
    ],
)
def test_what_could_not_be_run(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["adapter", "map", "--system", "lifecare", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert words in capsys.readouterr().err
