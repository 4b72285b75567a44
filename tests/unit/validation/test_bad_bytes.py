"""Bytes made to cost or to confuse, at every door: one clear line, within time and memory, never a traceback."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.validation import Validator

Format = Literal["json", "xml"]
DEEP = 40_000


def patient(inner: bytes) -> bytes:
    return b'{"resourceType":"Patient",' + inner + b"}"


def xml(inner: bytes) -> bytes:
    return b'<Patient xmlns="http://hl7.org/fhir">' + inner + b"</Patient>"


def written(**members: Any) -> bytes:
    return json.dumps({"resourceType": "Patient", **members}).encode()


RING = [
    {"resourceType": "Organization", "id": f"o{n}", "name": "x", "partOf": {"reference": f"#o{(n + 1) % 2000}"}}
    for n in range(2000)
]
BAD: dict[str, tuple[Format, bytes, str]] = {
    "arrays": ("json", b"[" * DEEP, "nested deeper"),
    "objects": ("json", b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested deeper"),
    "extensions": ("json", patient(b'"extension":' + b'[{"extension":' * DEEP + b"1" + b"}]" * DEEP), "nested deeper"),
    "elements": ("xml", xml(b'<extension url="x">' * DEEP + b"</extension>" * DEEP), "nested too deep"),
    "narrative": ("json", patient(b'"text":{"div":"' + b"<div>" * DEEP + b'"}'), "not XML"),
    "an integer": ("json", patient(b'"multipleBirthInteger":' + b"9" * 1_000_000), "1000 characters"),
    "a fraction": ("json", patient(b'"multipleBirthInteger":0.' + b"9" * 1_000_000), "1000 characters"),
    "an exponent": ("json", patient(b'"multipleBirthInteger":1e' + b"9" * 1_000_000), "1000 characters"),
    "1e400": ("json", b'{"resourceType":"Observation","valueQuantity":{"value":1e400}}', "too large"),
    "integer in XML": ("xml", xml(b'<multipleBirthInteger value="' + b"9" * 1_000_000 + b'"/>'), "number"),
    "bytes": ("json", patient(b'"id":"\xff"'), "not UTF-8"),
    "overlong": ("json", patient(b'"id":"\xc0\xaf"'), "not UTF-8"),
    "bytes in XML": ("xml", xml(b'<id value="\xff"/>'), "not UTF-8"),
    "surrogate": ("json", patient(b'"id":"\\ud800"'), "half of a character"),
    "surrogate bytes": ("json", patient(b'"id":"\xed\xa0\x80"'), "not UTF-8"),
    "surrogate in XML": ("xml", xml(b'<id value="&#xD800;"/>'), "does not allow"),
    "mark": ("json", b"\xef\xbb\xbf{}", "byte order mark"),
    "UTF-16": ("json", '{"resourceType":"Patient"}'.encode("utf-16"), "UTF-16"),
    "UTF-16 in XML": ("xml", xml(b"").decode().encode("utf-16"), "not UTF-8"),
    "two marks": ("xml", b"\xef\xbb\xbf\xef\xbb\xbf" + xml(b""), "does not begin"),
    "NUL": ("json", patient(b'"id":"\x00"'), "control character"),
    "escaped NUL": ("json", patient(b'"id":"a\\u0000"'), "control character"),
    "NULs": ("json", b"\x00" * 100_000, "not JSON"),
    "NUL in XML": ("xml", xml(b"\x00"), "does not allow"),
    "nothing": ("json", b"", "empty"),
    "nothing in XML": ("xml", b"", "empty"),
    "no object": ("json", b"null", "object"),
    "members": ("json", b"{" + b",".join([b'"a":1'] * 100_000) + b"}", "twice"),
    "unknown members": (
        "json",
        patient(b",".join(b'"k%d":1' % n for n in range(50_000))),
        "no element of this name",
    ),
    "nulls": ("json", patient(b'"name":[' + b",".join([b"null"] * 90_000) + b"]"), "null"),
    "unknown modifiers": (
        "json",
        written(modifierExtension=[{"url": f"http://x.se/{n}", "valueCode": "x"} for n in range(10_000)]),
        "not loaded",
    ),
    "a ring": ("json", written(contained=RING), "no reference leads to"),
    "bomb": (
        "xml",
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + xml(b'<id value="&b;"/>'),
        "DOCTYPE",
    ),
    "attributes": ("xml", b"<Patient" + b"".join(b" a%d='1'" % n for n in range(90_000)) + b"/>", "namespace"),
    "empty objects": ("json", patient(b'"name":[' + b"{}," * 100_000 + b"{}]"), "more than 100000 objects"),
    "empty elements": ("xml", xml(b"<name/>" * 120_000), "more than 100000 elements"),
}


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


@pytest.mark.parametrize("case", BAD)
@pytest.mark.timeout(120)
def test_python(validator: Validator, case: str) -> None:
    format_, content, words = BAD[case]
    outcome = validator.validate(content, format=format_)
    assert not outcome.valid
    told = [issue.message for issue in outcome.issues[1:]]
    assert any(words in message for message in told)
    assert len(told) <= 1001
    assert all("\n" not in message and len(message) < 1100 for message in told)


def test_the_command_line(tmp_path: Path) -> None:
    """All in one run: each file gets its own line, and the status says that some are not valid."""
    files = []
    for number, (format_, content, _) in enumerate(BAD.values()):
        files.append(tmp_path / f"{number}.{format_}")
        files[-1].write_bytes(content)
    ended = CliRunner().invoke(app, ["validate", "--json", *map(str, files)])
    assert ended.exit_code == 1
    verdicts = json.loads(ended.stdout)
    assert [each["valid"] for each in verdicts] == [False] * len(files)
    absent = CliRunner().invoke(app, ["validate", str(tmp_path / "absent.json"), str(tmp_path)])
    assert absent.exit_code == 2
    assert "Traceback" not in absent.output


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "div", "data", "url"])
def test_fifty_megabytes(validator: Validator, form: str) -> None:
    big = "x" * 50_000_000
    content = {
        "text": {"name": [{"text": big}]},
        "div": {"text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{big}<b/></div>'}},
        "data": {"photo": [{"data": big + "!"}]},
        "url": {"implicitRules": big},
    }
    assert not validator.validate(written(**content[form])).valid
