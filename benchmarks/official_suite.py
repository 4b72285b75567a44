"""Verdicts beside those that the official validator's public suite records, with the settings and files of its runs:
`python benchmarks/official_suite.py [FOLDER]`.

The suite is the Maven artefact that benchmarks/official/suite.xml names, or FOLDER, a checkout of
github.com/FHIR/fhir-test-cases. Run is each R4 case whose verdict rests on nothing that is not there: neither a
terminology server, nor packages of others or what was fetched by URL, nor signatures, CDA, logical models, CDS Hooks,
match tests or other formats. Of the manifest are followed: the definitions, the files that relative references lead to,
where the run looked at references (`validateReference`), `assumeValidRestReferences`, `security-checks`,
`noHtmlInMarkdown`, `examples` and `bundle-param`.

The cases beside the project, which carry neither settings nor linked files, are counted again by themselves, with the
settings and files of their runs, and held against the outcomes that they themselves carry: verdict, number of errors,
places.

Each disagreement stands in benchmarks/official/disagreements.yaml with its reason. Exit status 1 where one is not
listed, or one that is listed is none; 2 where the suite is not there, neither in FOLDER nor by Maven.
"""

import argparse
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import maven
from lxml import etree
from parts import machine
from validator_cases import cases, compare, figures

from adapter.support import yaml
from adapter.validation import Outcome, Validator

LISTED = maven.POMS / "disagreements.yaml"
"""Each with `why`, and either `runs`, of another verdict than the suite records, or `given`, of another only than the
case beside the project carries."""

_SERVERS = frozenset(
    {"tx", "tx-advanced", "cdshooks", "shc", "matchetype", "package-versioning", "versions", "xver", "api"}
)
OTHERS = _SERVERS | {"json5", "dsig", "cda", "logical", "scoring"}
"""Modules of the suite that are about something else."""
NEEDS = ("packages", "package-map", "fetch-canonicals")
DEFINITIONS = ("supporting", "supporting5", "profiles")
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


class Files(Protocol):
    """The files of the suite's folder `validator`."""

    def read(self, name: str) -> bytes | None:
        """None where there is none of that name."""


class Folder:
    """Of a checkout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "validator"

    def read(self, name: str) -> bytes | None:
        file = self._folder / name
        return file.read_bytes() if file.is_file() else None


class Archive:
    """Of the Maven artefact."""

    def __init__(self, file: Path) -> None:
        self._archive = zipfile.ZipFile(file)
        self._names = frozenset(self._archive.namelist())

    def read(self, name: str) -> bytes | None:
        path = f"org/hl7/fhir/testcases/validator/{name}"
        return self._archive.read(path) if path in self._names else None


class Suite:
    """The cases of the suite's folder `validator`."""

    def __init__(self, files: Files) -> None:
        self.read = files.read

    def cases(self) -> Iterator[Case]:
        """All that are run."""
        manifest = self.read("manifest.json")
        if manifest is None:
            maven.give_up("there is no validator/manifest.json: expected a checkout of FHIR/fhir-test-cases")
        for test in json.loads(manifest)["test-cases"]:
            if _is_run(test) and self.read(test["file"]) is not None:
                yield from self._runs(test)

    def _runs(self, test: dict[str, Any]) -> Iterator[Case]:
        given = self._files([name for key in DEFINITIONS for name in test.get(key, [])])
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


def _listed(kind: str) -> set[str]:
    return {id_ for each in yaml.load(LISTED)[0] for id_ in each.get(kind, [])}


def _unlike(kind: str, found: set[str]) -> Iterator[str]:
    """What the list and the runs do not agree on."""
    known = _listed(kind)
    yield from (f"{id_}: another verdict, and not listed in {LISTED.name}" for id_ in sorted(found - known))
    yield from (f"{id_}: the same verdict, and listed in {LISTED.name}" for id_ in sorted(known - found))


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="a checkout of the suite")
    folder = parser.parse_args().folder
    files: Files = Folder(folder) if folder else Archive(*maven.fetched("suite.xml", "the official suite"))
    suite = Suite(files)
    print(machine())
    print(
        f"suite: {folder}" if folder else f"suite: org.hl7.fhir.testcases:fhir-test-cases:{maven.version('suite.xml')}"
    )
    beside = {case["id"]: case for case in cases()}
    count, unlike, compared = 0, set(), []
    for case in suite.cases():
        found = outcome(case, suite)
        count += 1
        if found.valid is not case.valid:
            unlike.add(case.id)
        if case.id in beside:
            compared.append(compare(beside[case.id], found))
    print(f"{count} runs: same verdict {count - len(unlike)}, {1 - len(unlike) / count:.1%}")
    wrong = list(_unlike("runs", unlike))
    if compared:
        print("of the cases beside the project, with the settings and files of their runs:")
        for line in figures(compared):
            print(f"  {line}")
        wrong += _unlike("given", {each.id for each in compared if not each.agrees} - unlike)
    else:
        print("the cases given are not beside the project: not compared")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
