"""Verdicts beside those that the official validator's public suite records, with the settings and files of its runs:
`python benchmarks/official_suite.py FOLDER [--list]`.

FOLDER is a checkout of github.com/FHIR/fhir-test-cases. Run is each R4 case whose verdict rests on nothing that is not
there: neither a terminology server, nor packages of others, nor signatures, CDA, logical models, CDS Hooks, match tests
or other formats. Of the manifest are followed: the definitions, the files that relative references lead to, where the
run looked at references (`validateReference`), `assumeValidRestReferences`, `security-checks`, `noHtmlInMarkdown`,
`examples` and `bundle-param`. The cases beside the project, which carry neither settings nor linked files, are counted
again by themselves, each once.
"""

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree
from validator_cases import cases

from adapter.validation import Outcome, Validator

_SERVERS = frozenset(
    {"tx", "tx-advanced", "cdshooks", "shc", "matchetype", "package-versioning", "versions", "xver", "api"}
)
OTHERS = _SERVERS | {"json5", "dsig", "cda", "logical", "scoring"}
"""Modules of the suite that are about something else."""
NEEDS = ("packages", "package-map")
_LINK = re.compile(rb'(?:"reference"\s*:\s*"|<reference value=")([A-Z][A-Za-z]+)/([A-Za-z0-9.-]+)"')


@dataclass(frozen=True)
class Case:
    """One run: a file against R4 alone (`base`) or against a profile."""

    id: str
    file: str
    profile: str | None
    definitions: tuple[bytes, ...]
    settings: dict[str, Any]
    valid: bool


class Suite:
    """The folder `validator` of the suite."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        file = self._folder / name
        return file.read_bytes() if file.is_file() else None

    def cases(self) -> Iterator[Case]:
        """All that are run."""
        manifest = json.loads((self._folder / "manifest.json").read_text(encoding="utf-8"))
        for test in manifest["test-cases"]:
            if _is_run(test) and self.read(test["file"]) is not None:
                yield from self._runs(test)

    def _runs(self, test: dict[str, Any]) -> Iterator[Case]:
        given = self._files(test.get("supporting", []) + test.get("profiles", []))
        base = self._verdict(test.get("java"))
        if base is not None:
            yield Case(f"{test['name']}|base", test["file"], None, given, test, base)
        asked = test.get("profile") or {}
        source = self.read(asked["source"]) if "source" in asked else None
        verdict = self._verdict(asked.get("java"))
        if verdict is not None and source is not None:
            given = (*given, *self._files(asked.get("supporting", [])), source)
            yield Case(f"{test['name']}|profile", test["file"], _url(source), given, test | asked, verdict)

    def _files(self, names: list[str]) -> tuple[bytes, ...]:
        return tuple(content for name in names if (content := self.read(name)) is not None)

    def _verdict(self, said: str | dict[str, Any] | None) -> bool | None:
        """None where none is recorded."""
        if isinstance(said, dict):
            said = said.get("outcome", said)
        if isinstance(said, str):
            content = self.read(f"outcomes/{said}")
            said = json.loads(content) if content is not None else None
        if said is None:
            return None
        if "errorCount" in said:
            return not said["errorCount"]
        return not any(each["severity"] in ("error", "fatal") for each in said.get("issue", []))

    def related(self, content: bytes) -> list[bytes]:
        """The files that relative references lead to, and those that theirs do: each is named by its resource's id."""
        found: dict[bytes, bytes] = {}
        waiting = [content]
        while waiting:
            for type_, name in _LINK.findall(waiting.pop()):
                if name in found:
                    continue
                for ending in ("xml", "json"):
                    other = self.read(f"{name.decode()}.{ending}")
                    if other is not None and type_ in other:
                        found[name] = other
                        waiting.append(other)
        return list(found.values())


def _is_run(test: dict[str, Any]) -> bool:
    return (
        test.get("version") in ("4.0", "4.0.1")
        and test.get("module") not in OTHERS
        and not any(test.get(name) for name in NEEDS)
        and test.get("use-test") is not False
        and test["file"].endswith((".json", ".xml"))
    )


def _url(source: bytes) -> str:
    if source.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return str(etree.fromstring(source).xpath("string(*[local-name() = 'url']/@value)"))
    return str(json.loads(source)["url"])


def outcome(case: Case, suite: Suite) -> Outcome:
    """Ours, with the settings of the official run. Its outcomes were recorded with unknown extensions as errors."""
    settings = case.settings
    also: set[Any] = set()
    if settings.get("security-checks") or settings.get("noHtmlInMarkdown"):
        also.add("markup")
    if settings.get("examples") is False:
        also.add("example-urls")
    follows = settings.get("validateReference", "IGNORE") != "IGNORE"
    if follows:
        also.add("missing-targets")
    content = suite.read(case.file) or b""
    entries = {}
    if "bundle-param" in settings:
        type_, _, place = settings["bundle-param"]["rule"].partition(":")
        entries[type_, int(place)] = settings["bundle-param"]["profile"]
    validator = Validator.load(
        definitions=case.definitions,
        unknown_extensions="error",
        typed_references="error" if settings.get("assumeValidRestReferences") else "warning",
        also=also,
    )
    return validator.validate(
        content,
        profile=case.profile,
        format="xml" if case.file.endswith(".xml") else "json",
        related=suite.related(content) if follows else (),
        entry_profiles=entries,
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", action="store_true", help="name the cases with another verdict")
    arguments = parser.parse_args()
    suite = Suite(arguments.folder / "validator")
    beside = {case["id"]: bool(case["valid"]) for case in cases()}
    count, same, of_them = 0, 0, dict[str, bool]()
    for case in suite.cases():
        found = outcome(case, suite)
        recorded = beside.get(case.id, case.valid)
        agrees = found.valid is recorded
        count, same = count + 1, same + agrees
        if case.id in beside:
            of_them.setdefault(case.id, agrees)
        if arguments.list and not agrees:
            print(f"{case.id}: recorded {'valid' if recorded else 'invalid'}")
    print(f"{count} runs, same verdict {same}, {same / count:.1%}")
    if of_them:
        known = sum(of_them.values())
        print(f"the {len(of_them)} beside the project: {known}, {known / len(of_them):.1%}")


if __name__ == "__main__":
    main()
